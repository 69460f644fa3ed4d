-- name: ahead
-- Directory: how far the clock of a workspace is ahead. No row where it shows the real time.
SELECT ahead
FROM test_clocks
WHERE workspace_id = %(workspace_id)s;

-- name: set
INSERT INTO test_clocks (workspace_id, ahead)
VALUES (%(workspace_id)s, %(ahead)s)
ON CONFLICT (workspace_id) DO UPDATE SET ahead = excluded.ahead;

-- name: remove
-- A row comes back where there was a clock to be stopped.
DELETE FROM test_clocks
WHERE workspace_id = %(workspace_id)s
RETURNING workspace_id;

-- name: put
INSERT INTO trash (workspace_id, kind, thing_id, remove_after)
VALUES (%(workspace_id)s, %(kind)s, %(thing_id)s, %(remove_after)s)
ON CONFLICT (workspace_id, kind, thing_id) DO UPDATE SET remove_after = excluded.remove_after;

-- name: take
-- No row comes back where its time has come, or where it was never here.
DELETE FROM trash
WHERE workspace_id = %(workspace_id)s AND kind = %(kind)s AND thing_id = %(thing_id)s AND remove_after > %(now)s
RETURNING thing_id;

-- name: due
-- Directory: what has to go, in sandboxes by their own clocks.
SELECT workspace_id, kind, thing_id
FROM trash LEFT JOIN test_clocks USING (workspace_id)
WHERE remove_after <= %(now)s + coalesce(ahead, interval '0')
ORDER BY remove_after;

-- name: seal
UPDATE trash
SET remove_after = '-infinity'
WHERE workspace_id = %(workspace_id)s AND kind = %(kind)s AND thing_id = %(thing_id)s AND remove_after <= %(now)s
RETURNING thing_id;

-- name: forget
DELETE FROM trash
WHERE workspace_id = %(workspace_id)s AND kind = %(kind)s AND thing_id = %(thing_id)s;

-- name: add
-- Counts events of this transaction; the row stays locked until it ends, so that no two
-- of them take what is left once. No website is locked after it.
INSERT INTO event_usage (workspace_id, month, events)
VALUES (%(workspace_id)s, %(month)s, %(events)s)
ON CONFLICT (workspace_id, month) DO UPDATE SET events = event_usage.events + excluded.events
RETURNING events;

-- name: note_warning
-- A row comes back for whoever is the first to warn.
INSERT INTO quota_warnings (workspace_id, month, percent, warned_at)
VALUES (%(workspace_id)s, %(month)s, %(percent)s, %(warned_at)s)
ON CONFLICT DO NOTHING
RETURNING percent;

-- name: warnings
SELECT percent, warned_at
FROM quota_warnings
WHERE workspace_id = %(workspace_id)s AND month = %(month)s
ORDER BY percent;

-- name: used
-- How many events the workspace has stored in a month.
SELECT events
FROM event_usage
WHERE workspace_id = %(workspace_id)s AND month = %(month)s;

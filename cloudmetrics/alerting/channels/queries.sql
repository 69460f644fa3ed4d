-- name: list
SELECT channel_id AS id, name, kind, destination, created_at, updated_at
FROM alert_channels
WHERE workspace_id = %(workspace_id)s AND {where}
ORDER BY {order}
LIMIT %(limit)s;

-- name: get
SELECT channel_id AS id, name, kind, destination, created_at, updated_at, sealed
FROM alert_channels
WHERE workspace_id = %(workspace_id)s AND channel_id = %(id)s;

-- name: turns
-- Creations take turns, so that each sees how many channels there are.
SELECT workspace_id FROM workspaces WHERE workspace_id = %(workspace_id)s FOR NO KEY UPDATE;

-- name: count
SELECT count(*) AS channels FROM alert_channels WHERE workspace_id = %(workspace_id)s;

-- name: create
INSERT INTO alert_channels (
    workspace_id, channel_id, name, kind, destination, sealed, created_at, updated_at
)
VALUES (
    %(workspace_id)s, %(id)s, %(name)s, %(kind)s, %(destination)s, %(sealed)s, %(created_at)s, %(updated_at)s
);

-- name: hold
-- Those of some channels that are there. They cannot be deleted before the transaction ends.
SELECT channel_id AS id, kind, destination
FROM alert_channels
WHERE workspace_id = %(workspace_id)s AND channel_id = ANY(%(ids)s)
ORDER BY channel_id
FOR KEY SHARE;

-- name: lock
SELECT channel_id AS id, name, kind, destination, created_at, updated_at
FROM alert_channels
WHERE workspace_id = %(workspace_id)s AND channel_id = %(id)s
FOR UPDATE;

-- name: users
-- How many alerts tell a channel.
SELECT count(*) AS alerts
FROM alerts
WHERE workspace_id = %(workspace_id)s AND channel_ids @> ARRAY[%(id)s::uuid];

-- name: delete
DELETE FROM alert_channels WHERE workspace_id = %(workspace_id)s AND channel_id = %(id)s;

-- name: is_member
-- Whether an address is that of a member of the workspace, or of the one whose sandbox it is.
SELECT EXISTS (
    SELECT
    FROM workspaces AS home
    JOIN user_workspaces AS member ON member.workspace_id IN (home.workspace_id, home.sandbox_of)
    JOIN users AS person USING (user_id)
    WHERE home.workspace_id = %(workspace_id)s AND person.email = %(email)s
) AS found;

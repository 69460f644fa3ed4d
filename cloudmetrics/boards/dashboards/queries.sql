-- name: list
SELECT *
FROM (
    SELECT
        dashboard_id AS id, name, description, website_id, date_range, position, created_at, updated_at,
        deleted_at,
        EXISTS (
            SELECT FROM dashboard_favourites AS favourite
            WHERE favourite.workspace_id = dashboards.workspace_id
              AND favourite.dashboard_id = dashboards.dashboard_id
              AND favourite.owner_id = %(owner_id)s
        ) AS is_favourite
    FROM dashboards
    WHERE workspace_id = %(workspace_id)s
) AS dashboard
WHERE {where}
ORDER BY {order}
LIMIT %(limit)s;

-- name: get
SELECT
    dashboard_id AS id, name, description, website_id, date_range, position, created_at, updated_at, deleted_at,
    EXISTS (
        SELECT FROM dashboard_favourites AS favourite
        WHERE favourite.workspace_id = dashboards.workspace_id
          AND favourite.dashboard_id = dashboards.dashboard_id
          AND favourite.owner_id = %(owner_id)s
    ) AS is_favourite
FROM dashboards
WHERE workspace_id = %(workspace_id)s AND dashboard_id = %(dashboard_id)s AND deleted_at IS NULL;

-- name: lock
-- Whoever changes a dashboard or anything on it waits for whoever came before.
SELECT
    dashboard_id AS id, name, description, website_id, date_range, position, created_at, updated_at, deleted_at,
    EXISTS (
        SELECT FROM dashboard_favourites AS favourite
        WHERE favourite.workspace_id = dashboards.workspace_id
          AND favourite.dashboard_id = dashboards.dashboard_id
          AND favourite.owner_id = %(owner_id)s
    ) AS is_favourite
FROM dashboards
WHERE workspace_id = %(workspace_id)s
  AND dashboard_id = %(dashboard_id)s
  AND (%(or_deleted)s OR deleted_at IS NULL)
FOR UPDATE OF dashboards;

-- name: create
-- No row comes back where the name is taken.
INSERT INTO dashboards (
    workspace_id, dashboard_id, name, description, website_id, date_range, position, created_at, updated_at
)
VALUES (
    %(workspace_id)s, %(dashboard_id)s, %(name)s, %(description)s, %(website_id)s, %(range)s, %(position)s,
    %(now)s, %(now)s
)
ON CONFLICT (workspace_id, name) WHERE deleted_at IS NULL DO NOTHING
RETURNING
    dashboard_id AS id, name, description, website_id, date_range, position, created_at, updated_at, deleted_at,
    false AS is_favourite;

-- name: update
UPDATE dashboards
SET name = %(name)s, description = %(description)s, website_id = %(website_id)s, date_range = %(range)s,
    position = %(position)s, updated_at = %(now)s
WHERE workspace_id = %(workspace_id)s AND dashboard_id = %(dashboard_id)s;

-- name: touch
-- Something on it changed.
UPDATE dashboards
SET updated_at = %(now)s
WHERE workspace_id = %(workspace_id)s AND dashboard_id = %(dashboard_id)s;

-- name: set_deleted
UPDATE dashboards
SET deleted_at = %(deleted_at)s
WHERE workspace_id = %(workspace_id)s AND dashboard_id = %(dashboard_id)s;

-- name: mark
INSERT INTO dashboard_favourites (workspace_id, owner_id, dashboard_id)
VALUES (%(workspace_id)s, %(owner_id)s, %(dashboard_id)s)
ON CONFLICT DO NOTHING;

-- name: unmark
DELETE FROM dashboard_favourites
WHERE workspace_id = %(workspace_id)s AND owner_id = %(owner_id)s AND dashboard_id = %(dashboard_id)s;

-- name: purge
DELETE FROM dashboards
WHERE workspace_id = %(workspace_id)s AND dashboard_id = %(thing_id)s AND deleted_at IS NOT NULL;

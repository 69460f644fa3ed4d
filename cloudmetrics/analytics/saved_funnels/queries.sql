-- name: list
-- Funnels of live websites.
SELECT
    funnel.funnel_id AS id, funnel.website_id, funnel.name, funnel.steps, funnel.window_hours,
    funnel.created_at, funnel.updated_at, funnel.deleted_at
FROM funnels AS funnel
JOIN websites AS site USING (workspace_id, website_id)
WHERE funnel.workspace_id = %(workspace_id)s AND site.deleted_at IS NULL AND {where}
ORDER BY {order}
LIMIT %(limit)s;

-- name: get
SELECT
    funnel.funnel_id AS id, funnel.website_id, funnel.name, funnel.steps, funnel.window_hours,
    funnel.created_at, funnel.updated_at, funnel.deleted_at
FROM funnels AS funnel
JOIN websites AS site USING (workspace_id, website_id)
WHERE funnel.workspace_id = %(workspace_id)s
  AND funnel.funnel_id = %(funnel_id)s
  AND funnel.deleted_at IS NULL
  AND site.deleted_at IS NULL;

-- name: lock
-- Whoever changes a funnel waits for whoever came before.
SELECT
    funnel.funnel_id AS id, funnel.website_id, funnel.name, funnel.steps, funnel.window_hours,
    funnel.created_at, funnel.updated_at, funnel.deleted_at, site.currency
FROM funnels AS funnel
JOIN websites AS site USING (workspace_id, website_id)
WHERE funnel.workspace_id = %(workspace_id)s
  AND funnel.funnel_id = %(funnel_id)s
  AND (%(or_deleted)s OR funnel.deleted_at IS NULL)
  AND site.deleted_at IS NULL
FOR UPDATE OF funnel;

-- name: create
INSERT INTO funnels (
    workspace_id, funnel_id, website_id, name, steps, window_hours, created_at, updated_at
)
VALUES (
    %(workspace_id)s, %(funnel_id)s, %(website_id)s, %(name)s, %(steps)s, %(window_hours)s, %(now)s, %(now)s
);

-- name: update
UPDATE funnels
SET name = %(name)s, steps = %(steps)s, window_hours = %(window_hours)s, updated_at = %(now)s
WHERE workspace_id = %(workspace_id)s AND funnel_id = %(funnel_id)s;

-- name: set_deleted
UPDATE funnels
SET deleted_at = %(deleted_at)s
WHERE workspace_id = %(workspace_id)s AND funnel_id = %(funnel_id)s;

-- name: purge
DELETE FROM funnels
WHERE workspace_id = %(workspace_id)s AND funnel_id = %(thing_id)s AND deleted_at IS NOT NULL;

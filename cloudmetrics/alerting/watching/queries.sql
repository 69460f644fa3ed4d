-- name: websites
-- The live websites of a workspace, with the first day on which anything happened there, after
-- a row for the workspace itself. No row where the workspace is gone, or waits to be removed.
SELECT NULL::uuid AS website_id, timezone, NULL::date AS first_day
FROM workspaces
WHERE workspace_id = %(workspace_id)s AND deleted_at IS NULL
UNION ALL
SELECT site.website_id, site.timezone, first.day
FROM websites AS site
LEFT JOIN LATERAL (
    SELECT day
    FROM daily_totals AS total
    WHERE total.workspace_id = site.workspace_id AND total.website_id = site.website_id
      AND total.edition = site.edition AND total.dimension = 'all' AND total.value = '' AND total.events > 0
    ORDER BY day
    LIMIT 1
) AS first ON true
WHERE site.workspace_id = %(workspace_id)s AND site.deleted_at IS NULL;

-- name: goals
-- Live goals of live websites, by their ids.
SELECT
    goal.goal_id AS id, goal.website_id, goal.name, goal.kind, goal.event_name, goal.path_pattern,
    goal.minimum_revenue, goal.minimum_currency, goal.created_at, goal.updated_at, goal.deleted_at
FROM goals AS goal
JOIN websites AS site USING (workspace_id, website_id)
WHERE goal.workspace_id = %(workspace_id)s
  AND goal.goal_id = ANY(%(goal_ids)s)
  AND goal.deleted_at IS NULL
  AND site.deleted_at IS NULL;

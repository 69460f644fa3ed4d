-- name: list_after
-- Goals of live websites, oldest first, since ids grow with time.
SELECT
    goal.goal_id AS id, goal.website_id, goal.name, goal.kind, goal.event_name, goal.path_pattern,
    goal.minimum_revenue, goal.minimum_currency, goal.created_at, goal.updated_at
FROM goals AS goal
JOIN websites AS site USING (workspace_id, website_id)
WHERE goal.workspace_id = %(workspace_id)s
  AND site.deleted_at IS NULL
  AND goal.goal_id > %(after)s
  AND (%(website_id)s::uuid IS NULL OR goal.website_id = %(website_id)s::uuid)
ORDER BY goal.goal_id
LIMIT %(limit)s;

-- name: get
SELECT
    goal.goal_id AS id, goal.website_id, goal.name, goal.kind, goal.event_name, goal.path_pattern,
    goal.minimum_revenue, goal.minimum_currency, goal.created_at, goal.updated_at
FROM goals AS goal
JOIN websites AS site USING (workspace_id, website_id)
WHERE goal.workspace_id = %(workspace_id)s AND goal.goal_id = %(goal_id)s AND site.deleted_at IS NULL;

-- name: create
INSERT INTO goals (
    workspace_id, goal_id, website_id, name, kind, event_name, path_pattern,
    minimum_revenue, minimum_currency, created_at, updated_at
)
VALUES (
    %(workspace_id)s, %(goal_id)s, %(website_id)s, %(name)s, %(kind)s, %(event_name)s, %(path_pattern)s,
    %(minimum_revenue)s, %(minimum_currency)s, %(now)s, %(now)s
)
RETURNING
    goal_id AS id, website_id, name, kind, event_name, path_pattern,
    minimum_revenue, minimum_currency, created_at, updated_at;

-- name: update
UPDATE goals
SET name = %(name)s, kind = %(kind)s, event_name = %(event_name)s, path_pattern = %(path_pattern)s,
    minimum_revenue = %(minimum_revenue)s, minimum_currency = %(minimum_currency)s, updated_at = %(now)s
WHERE workspace_id = %(workspace_id)s AND goal_id = %(goal_id)s
RETURNING
    goal_id AS id, website_id, name, kind, event_name, path_pattern,
    minimum_revenue, minimum_currency, created_at, updated_at;

-- name: delete
-- A goal of a deleted website is gone already.
DELETE FROM goals
WHERE workspace_id = %(workspace_id)s
  AND goal_id = %(goal_id)s
  AND EXISTS (
      SELECT FROM websites AS site
      WHERE site.workspace_id = goals.workspace_id
        AND site.website_id = goals.website_id
        AND site.deleted_at IS NULL
  )
RETURNING goal_id AS id;

-- name: completions
-- From the raw events: a row for the whole range (day is null), and a row per day.
-- An event earns in the website's currency, so a minimum in another is never met.
WITH dated AS (
    SELECT
        event.visitor_id,
        (event.occurred_at AT TIME ZONE site.timezone)::date AS day,
        event.name = %(event_name)s
            AND (%(path_like)s::text IS NULL OR page_path(event.url) LIKE %(path_like)s::text)
            AND (
                %(minimum_revenue)s::bigint IS NULL
                OR (event.revenue_minor >= %(minimum_revenue)s::bigint AND site.currency = %(currency)s)
            ) AS completed
    FROM websites AS site
    JOIN events AS event USING (workspace_id, website_id)
    WHERE site.workspace_id = %(workspace_id)s
      AND site.website_id = %(website_id)s
      AND site.deleted_at IS NULL
      -- No time zone is a whole day away from UTC. These bounds are for the index; the
      -- exact ones, below, compare days, because a day may begin twice or not at midnight.
      AND event.occurred_at >= (%(start_date)s::date - 1)::timestamp AT TIME ZONE 'UTC'
      AND event.occurred_at < (%(end_date)s::date + 2)::timestamp AT TIME ZONE 'UTC'
)
SELECT
    day,
    count(DISTINCT visitor_id) AS visitors,
    count(DISTINCT visitor_id) FILTER (WHERE completed) AS converted_visitors,
    count(*) FILTER (WHERE completed) AS completions
FROM dated
WHERE day BETWEEN %(start_date)s::date AND %(end_date)s::date
GROUP BY GROUPING SETS ((), (day))
ORDER BY day NULLS FIRST;

-- name: list
-- Goals of live websites.
SELECT
    goal.goal_id AS id, goal.website_id, goal.name, goal.kind, goal.event_name, goal.path_pattern,
    goal.minimum_revenue, goal.minimum_currency, goal.created_at, goal.updated_at,
    goal.deleted_at
FROM goals AS goal
JOIN websites AS site USING (workspace_id, website_id)
WHERE goal.workspace_id = %(workspace_id)s
  AND site.deleted_at IS NULL
  AND {where}
ORDER BY {order}
LIMIT %(limit)s;

-- name: of_websites
-- The oldest goals of each of some websites.
SELECT goal.*
FROM unnest(%(website_ids)s::uuid[]) AS site (website_id)
CROSS JOIN LATERAL (
    SELECT
        goal_id AS id, website_id, name, kind, event_name, path_pattern,
        minimum_revenue, minimum_currency, created_at, updated_at, deleted_at
    FROM goals
    WHERE workspace_id = %(workspace_id)s AND website_id = site.website_id AND deleted_at IS NULL
    ORDER BY goal_id
    LIMIT %(limit)s
) AS goal
ORDER BY goal.id;

-- name: get
SELECT
    goal.goal_id AS id, goal.website_id, goal.name, goal.kind, goal.event_name, goal.path_pattern,
    goal.minimum_revenue, goal.minimum_currency, goal.created_at, goal.updated_at,
    goal.deleted_at
FROM goals AS goal
JOIN websites AS site USING (workspace_id, website_id)
WHERE goal.workspace_id = %(workspace_id)s AND goal.goal_id = %(goal_id)s
  AND goal.deleted_at IS NULL AND site.deleted_at IS NULL;

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
    minimum_revenue, minimum_currency, created_at, updated_at, deleted_at;

-- name: update
UPDATE goals
SET name = %(name)s, kind = %(kind)s, event_name = %(event_name)s, path_pattern = %(path_pattern)s,
    minimum_revenue = %(minimum_revenue)s, minimum_currency = %(minimum_currency)s, updated_at = %(now)s
WHERE workspace_id = %(workspace_id)s AND goal_id = %(goal_id)s AND deleted_at IS NULL
RETURNING
    goal_id AS id, website_id, name, kind, event_name, path_pattern,
    minimum_revenue, minimum_currency, created_at, updated_at, deleted_at;

-- name: set_deleted
-- Deletes or restores a goal; no row comes back where there is nothing to be done. A goal of a
-- deleted website is gone with it.
UPDATE goals
SET deleted_at = %(deleted_at)s
WHERE workspace_id = %(workspace_id)s
  AND goal_id = %(goal_id)s
  AND (deleted_at IS NULL) = (%(deleted_at)s::timestamptz IS NOT NULL)
  AND EXISTS (
      SELECT FROM websites AS site
      WHERE site.workspace_id = goals.workspace_id
        AND site.website_id = goals.website_id
        AND site.deleted_at IS NULL
  )
RETURNING
    goal_id AS id, website_id, name, kind, event_name, path_pattern,
    minimum_revenue, minimum_currency, created_at, updated_at, deleted_at;

-- name: purge
DELETE FROM goals
WHERE workspace_id = %(workspace_id)s AND goal_id = %(goal_id)s AND deleted_at IS NOT NULL;

-- name: completed
-- How often each visitor completed the goal on each day: from the names of the day or its
-- page views, where these tell it, and else from the events. Only one of the three is run,
-- since the conditions on %(reads)s are constants to the planner.
SELECT day, visitor_id, done.events AS completions
FROM site JOIN visitor_day_events AS done USING (workspace_id, website_id, edition)
WHERE %(reads)s = 'NAMES'
  AND done.name = %(event_name)s
  AND day BETWEEN %(start_date)s::date AND %(end_date)s::date
UNION ALL
SELECT day, visitor_id, done.pageviews
FROM site JOIN visitor_days AS done USING (workspace_id, website_id, edition)
WHERE %(reads)s = 'DAYS'
  AND done.pageviews > 0
  AND day BETWEEN %(start_date)s::date AND %(end_date)s::date
UNION ALL
SELECT (event.occurred_at AT TIME ZONE site.timezone)::date AS day, event.visitor_id, count(*)
FROM site JOIN events AS event USING (workspace_id, website_id)
WHERE %(reads)s = 'EVENTS'
  AND event.name = %(event_name)s
  AND (%(page)s::text IS NULL OR event.page = %(page)s::text)
  -- The range is for the index, which a pattern cannot use under row-level security.
  AND (%(page_from)s::text IS NULL OR event.page >= %(page_from)s::text)
  AND (%(page_before)s::text IS NULL OR event.page < %(page_before)s::text)
  AND (%(page_like)s::text IS NULL OR event.page LIKE %(page_like)s::text)
  -- An event earns in the website's currency, so a minimum in another is never met.
  AND (
      %(minimum_revenue)s::bigint IS NULL
      OR (event.revenue_minor >= %(minimum_revenue)s::bigint AND site.currency = %(currency)s)
  )
  -- No time zone is a whole day away from UTC. These bounds are for the index; the exact
  -- ones, below, compare days, because a day may begin twice or not at midnight.
  AND event.occurred_at >= (%(start_date)s::date - 1)::timestamp AT TIME ZONE 'UTC'
  AND event.occurred_at < (%(end_date)s::date + 2)::timestamp AT TIME ZONE 'UTC'
  AND (event.occurred_at AT TIME ZONE site.timezone)::date
      BETWEEN %(start_date)s::date AND %(end_date)s::date
GROUP BY day, event.visitor_id;

-- name: completions
-- A row for the whole range (day is null), and a row per day. The braces stand for `completed`.
WITH site AS (
    SELECT workspace_id, website_id, edition, timezone, currency
    FROM websites
    WHERE workspace_id = %(workspace_id)s AND website_id = %(website_id)s AND deleted_at IS NULL
), completed AS (
    {completed}
), visitor AS (
    SELECT sum(visitors) AS visitors
    FROM site JOIN daily_gaps USING (workspace_id, website_id, edition)
    WHERE dimension = 'all' AND value = ''
      AND day BETWEEN %(start_date)s::date AND %(end_date)s::date
      AND previous_day < %(start_date)s::date
)
SELECT
    NULL::date AS day,
    coalesce((SELECT visitors FROM visitor), 0)::bigint AS visitors,
    count(DISTINCT visitor_id) AS converted_visitors,
    coalesce(sum(completions), 0)::bigint AS completions
FROM completed
UNION ALL
SELECT
    day, total.visitors, coalesce(of_day.converted_visitors, 0), coalesce(of_day.completions, 0)
FROM site JOIN daily_totals AS total USING (workspace_id, website_id, edition)
LEFT JOIN (
    SELECT day, count(*) AS converted_visitors, sum(completions)::bigint AS completions
    FROM completed
    GROUP BY day
) AS of_day USING (day)
WHERE total.dimension = 'all' AND total.value = ''
  AND day BETWEEN %(start_date)s::date AND %(end_date)s::date
ORDER BY day NULLS FIRST;

-- name: completions_by_dimension
-- A row per value, those with most converted visitors first. A completion belongs to the
-- first touch of its day, and a visitor to every value that one of their days had.
WITH site AS (
    SELECT workspace_id, website_id, edition, timezone, currency
    FROM websites
    WHERE workspace_id = %(workspace_id)s AND website_id = %(website_id)s AND deleted_at IS NULL
), completed AS (
    {completed}
), converted AS (
    SELECT
        CASE %(dimension)s
            WHEN 'source' THEN source
            WHEN 'medium' THEN medium
            WHEN 'campaign' THEN campaign
            WHEN 'device' THEN device
            WHEN 'browser' THEN browser
            WHEN 'system' THEN system
            WHEN 'country' THEN country
        END AS value,
        count(DISTINCT visitor_id) AS converted_visitors,
        sum(completions)::bigint AS completions
    FROM completed
    CROSS JOIN site
    JOIN visitor_days USING (workspace_id, website_id, edition, day, visitor_id)
    GROUP BY 1
), seen AS (
    SELECT value, sum(visitors)::bigint AS visitors
    FROM site JOIN daily_gaps USING (workspace_id, website_id, edition)
    WHERE dimension = %(dimension)s
      AND day BETWEEN %(start_date)s::date AND %(end_date)s::date
      AND previous_day < %(start_date)s::date
      AND visitors > 0
    GROUP BY value
)
SELECT
    nullif(value, '') AS value, visitors,
    coalesce(converted_visitors, 0) AS converted_visitors, coalesce(completions, 0) AS completions
FROM seen LEFT JOIN converted USING (value)
ORDER BY converted_visitors DESC, visitors DESC, value
LIMIT %(limit)s;

-- name: by_first_touch
-- From the rollups: what the days of each value earned, and the distinct visitors of them.
SELECT value AS key, nullif(value, '') AS value, sales, revenue, visitors
FROM (
    SELECT value, sum(total.sales)::bigint AS sales, sum(total.revenue) AS revenue
    FROM websites AS site JOIN daily_totals AS total USING (workspace_id, website_id, edition)
    WHERE site.workspace_id = %(workspace_id)s
      AND site.website_id = %(website_id)s
      AND dimension = %(dimension)s
      AND day BETWEEN %(start_date)s::date AND %(end_date)s::date
    GROUP BY value
    HAVING sum(total.visitors) > 0
) AS earned
JOIN (
    SELECT value, sum(gap.visitors)::bigint AS visitors
    FROM websites AS site JOIN daily_gaps AS gap USING (workspace_id, website_id, edition)
    WHERE site.workspace_id = %(workspace_id)s
      AND site.website_id = %(website_id)s
      AND dimension = %(dimension)s
      AND day BETWEEN %(start_date)s::date AND %(end_date)s::date
      AND previous_day < %(start_date)s::date
    GROUP BY value
) AS seen USING (value)
WHERE %(after)s::text IS NULL
   OR (-revenue, value) > (-%(after_revenue)s::numeric, %(after)s::text)
ORDER BY revenue DESC, key
LIMIT %(limit)s;

-- name: by_page
-- What was earned on each page is in the rollup. Who viewed it is counted from the events, by
-- their index and only for the pages that are shown.
SELECT shown.page AS key, shown.page AS value, shown.sales, shown.revenue, viewed.visitors
FROM (
    SELECT workspace_id, website_id, timezone, page, sum(sales)::bigint AS sales, sum(revenue) AS revenue
    FROM websites AS site JOIN page_days USING (workspace_id, website_id, edition)
    WHERE site.workspace_id = %(workspace_id)s
      AND site.website_id = %(website_id)s
      AND day BETWEEN %(start_date)s::date AND %(end_date)s::date
    GROUP BY workspace_id, website_id, timezone, page
    HAVING sum(events) > 0
       AND (
           %(after)s::text IS NULL
           OR (-sum(revenue), page) > (-%(after_revenue)s::numeric, %(after)s::text)
       )
    ORDER BY revenue DESC, page
    LIMIT %(limit)s
) AS shown
CROSS JOIN LATERAL (
    SELECT count(DISTINCT visitor_id) AS visitors
    FROM events
    WHERE workspace_id = shown.workspace_id
      AND website_id = shown.website_id
      AND name = 'pageview'
      AND page = shown.page
      -- No time zone is a whole day away from UTC. These bounds are for the index.
      AND occurred_at >= (%(start_date)s::date - 1)::timestamp AT TIME ZONE 'UTC'
      AND occurred_at < (%(end_date)s::date + 2)::timestamp AT TIME ZONE 'UTC'
      AND (occurred_at AT TIME ZONE shown.timezone)::date BETWEEN %(start_date)s::date AND %(end_date)s::date
) AS viewed
ORDER BY shown.revenue DESC, shown.page;

-- name: of_goal
-- What the events earned that complete a goal, and who completed it.
SELECT
    count(event.revenue_minor) AS sales,
    coalesce(sum(event.revenue_minor), 0) AS revenue,
    count(DISTINCT event.visitor_id) AS visitors
FROM websites AS site JOIN events AS event USING (workspace_id, website_id)
WHERE site.workspace_id = %(workspace_id)s
  AND site.website_id = %(website_id)s
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
  -- These bounds are for the index, too; days are compared exactly.
  AND event.occurred_at >= (%(start_date)s::date - 1)::timestamp AT TIME ZONE 'UTC'
  AND event.occurred_at < (%(end_date)s::date + 2)::timestamp AT TIME ZONE 'UTC'
  AND (event.occurred_at AT TIME ZONE site.timezone)::date
      BETWEEN %(start_date)s::date AND %(end_date)s::date;

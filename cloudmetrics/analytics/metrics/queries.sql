-- name: count
-- All numbers of a range: a row for the whole (day and currency are null), a row per
-- day, and a row per currency. One statement, so that all are of the same moment.
--
-- Everything, or one value of a dimension, comes from the daily totals, and its visitors
-- from the gaps: days add up, but their visitors overlap. Values of several dimensions
-- together (several) only the visitor days themselves can tell. What a question does not
-- need is never run, since its condition is a constant to the planner.
WITH site AS NOT MATERIALIZED (
    SELECT workspace_id, website_id, edition, currency
    FROM websites
    WHERE workspace_id = %(workspace_id)s
      AND deleted_at IS NULL
      AND (%(website_id)s::uuid IS NULL OR website_id = %(website_id)s::uuid)
), kept AS (
    SELECT website_id, visitor_id, currency, day, events, pageviews, sales, revenue
    FROM site JOIN visitor_days USING (workspace_id, website_id, edition)
    WHERE %(several)s
      AND day BETWEEN %(start_date)s::date AND %(end_date)s::date
      AND source = %(source)s::text AND device = %(device)s::text
), total AS (
    SELECT currency, day, visitors, events, pageviews, sales, revenue
    FROM site JOIN daily_totals USING (workspace_id, website_id, edition)
    WHERE NOT %(several)s
      AND dimension = %(dimension)s AND value = %(value)s
      AND day BETWEEN %(start_date)s::date AND %(end_date)s::date
    UNION ALL
    SELECT currency, day, 1, events, pageviews, sales, revenue
    FROM kept
), visitor AS (
    -- As many as there are visitors, which adds up over websites and over gaps.
    SELECT visitors
    FROM site JOIN daily_gaps USING (workspace_id, website_id, edition)
    WHERE NOT %(several)s
      AND dimension = %(dimension)s AND value = %(value)s
      AND day BETWEEN %(start_date)s::date AND %(end_date)s::date
      AND previous_day < %(start_date)s::date
    UNION ALL
    SELECT 1
    FROM kept
    GROUP BY website_id, visitor_id
), converted AS (
    SELECT website_id, visitor_id
    FROM site JOIN visitor_day_events AS goal USING (workspace_id, website_id, edition)
    WHERE goal.name = %(goal)s::text
      AND day BETWEEN %(start_date)s::date AND %(end_date)s::date
      AND (
          (%(source)s::text IS NULL AND %(device)s::text IS NULL)
          OR (workspace_id, website_id, edition, day, visitor_id) IN (
              SELECT workspace_id, website_id, edition, day, visitor_id
              FROM visitor_days
              WHERE day BETWEEN %(start_date)s::date AND %(end_date)s::date
                AND (%(source)s::text IS NULL OR source = %(source)s::text)
                AND (%(device)s::text IS NULL OR device = %(device)s::text)
          )
      )
    UNION
    SELECT website_id, visitor_id
    FROM site JOIN visitor_days USING (workspace_id, website_id, edition)
    WHERE %(goal)s::text = 'pageview' AND pageviews > 0
      AND day BETWEEN %(start_date)s::date AND %(end_date)s::date
      AND (%(source)s::text IS NULL OR source = %(source)s::text)
      AND (%(device)s::text IS NULL OR device = %(device)s::text)
)
SELECT
    day,
    currency,
    CASE GROUPING(day, currency)
        WHEN 3 THEN (SELECT coalesce(sum(visitors), 0) FROM visitor)
        ELSE sum(visitors)
    END::bigint AS visitors,
    CASE WHEN GROUPING(day, currency) = 3 AND %(goal)s::text IS NOT NULL
        THEN (SELECT count(*) FROM converted)
    END AS conversions,
    sum(events)::bigint AS events,
    sum(pageviews)::bigint AS pageviews,
    CASE WHEN sum(sales) > 0 THEN sum(revenue) END AS revenue
FROM total
GROUP BY GROUPING SETS ((), (day), (currency))
ORDER BY day NULLS FIRST, currency NULLS FIRST;

-- name: count_totals
-- All numbers of a range, of everything or of one value of a dimension: a row for the
-- whole (day and currency are null), a row per day, and a row per currency. Days are
-- added up; the visitors of the whole come from the gaps, since days overlap.
WITH site AS (
    SELECT workspace_id, website_id, currency
    FROM websites
    WHERE workspace_id = %(workspace_id)s
      AND deleted_at IS NULL
      AND (%(website_id)s::uuid IS NULL OR website_id = %(website_id)s::uuid)
)
SELECT
    day,
    currency,
    CASE GROUPING(day, currency)
        WHEN 3 THEN (
            SELECT coalesce(sum(visitors), 0)
            FROM site JOIN daily_gaps USING (workspace_id, website_id)
            WHERE dimension = %(dimension)s AND value = %(value)s
              AND day BETWEEN %(start_date)s::date AND %(end_date)s::date
              AND previous_day < %(start_date)s::date
        )
        ELSE sum(visitors)
    END::bigint AS visitors,
    NULL::bigint AS conversions,
    sum(events)::bigint AS events,
    sum(pageviews)::bigint AS pageviews,
    CASE WHEN sum(sales) > 0 THEN sum(revenue) END AS revenue
FROM site JOIN daily_totals USING (workspace_id, website_id)
WHERE dimension = %(dimension)s AND value = %(value)s
  AND day BETWEEN %(start_date)s::date AND %(end_date)s::date
GROUP BY GROUPING SETS ((), (day), (currency))
ORDER BY day NULLS FIRST, currency NULLS FIRST;

-- name: count_visitor_days
-- The same rows, of a goal or of values of several dimensions, which only the visitor
-- days themselves can tell. Each of them is one visitor of its day.
WITH site AS (
    SELECT workspace_id, website_id, currency
    FROM websites
    WHERE workspace_id = %(workspace_id)s
      AND deleted_at IS NULL
      AND (%(website_id)s::uuid IS NULL OR website_id = %(website_id)s::uuid)
), kept AS MATERIALIZED (
    SELECT
        website_id, currency, day, visitor_id, events, pageviews, sales, revenue,
        CASE WHEN %(goal)s::text = 'pageview' THEN pageviews > 0 ELSE name IS NOT NULL END AS converted
    FROM site
    JOIN visitor_days USING (workspace_id, website_id)
    LEFT JOIN (
        SELECT * FROM visitor_day_goals WHERE name = %(goal)s::text
    ) AS reached USING (workspace_id, website_id, day, visitor_id)
    WHERE day BETWEEN %(start_date)s::date AND %(end_date)s::date
      AND (%(source)s::text IS NULL OR source = %(source)s::text)
      AND (%(device)s::text IS NULL OR device = %(device)s::text)
), visitor AS (
    SELECT bool_or(converted) AS converted
    FROM kept
    GROUP BY website_id, visitor_id
)
SELECT
    day,
    currency,
    CASE GROUPING(day, currency)
        WHEN 3 THEN (SELECT count(*) FROM visitor)
        ELSE count(*)
    END AS visitors,
    CASE GROUPING(day, currency)
        WHEN 3 THEN (SELECT count(*) FROM visitor WHERE converted)
    END AS conversions,
    sum(events)::bigint AS events,
    sum(pageviews)::bigint AS pageviews,
    CASE WHEN sum(sales) > 0 THEN sum(revenue) END AS revenue
FROM kept
GROUP BY GROUPING SETS ((), (day), (currency))
ORDER BY day NULLS FIRST, currency NULLS FIRST;

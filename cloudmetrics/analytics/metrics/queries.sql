-- name: count
-- All numbers of a range, from the raw events: a row for the whole (day and
-- currency are null), a row per day, and a row per currency.
WITH site AS (
    SELECT workspace_id, website_id, timezone, currency
    FROM websites
    WHERE workspace_id = %(workspace_id)s
      AND deleted_at IS NULL
      AND (%(website_id)s::uuid IS NULL OR website_id = %(website_id)s::uuid)
), dated AS (
    SELECT
        event.website_id, event.visitor_id, event.event_id, event.name, event.occurred_at,
        event.source, event.device, event.revenue_minor, site.currency,
        (event.occurred_at AT TIME ZONE site.timezone)::date AS day
    FROM site
    JOIN events AS event USING (workspace_id, website_id)
    -- No time zone is a whole day away from UTC. These bounds are for the index; the
    -- exact ones, below, compare days, because a day may begin twice or not at midnight.
    WHERE event.occurred_at >= (%(start_date)s::date - 1)::timestamp AT TIME ZONE 'UTC'
      AND event.occurred_at < (%(end_date)s::date + 2)::timestamp AT TIME ZONE 'UTC'
), visitor_day AS (
    -- One row per visitor of a website and day, with the first touch of that day.
    SELECT
        website_id, visitor_id, day, currency,
        count(*) AS events,
        count(*) FILTER (WHERE name = 'pageview') AS pageviews,
        sum(revenue_minor) AS revenue,
        bool_or(name = %(goal)s) AS converted,
        (array_agg(source ORDER BY occurred_at, event_id))[1] AS first_source,
        (array_agg(device ORDER BY occurred_at, event_id))[1] AS first_device
    FROM dated
    WHERE day BETWEEN %(start_date)s::date AND %(end_date)s::date
    GROUP BY website_id, visitor_id, day, currency
)
SELECT
    day,
    currency,
    count(DISTINCT (website_id, visitor_id)) AS visitors,
    count(DISTINCT (website_id, visitor_id)) FILTER (WHERE converted) AS conversions,
    sum(events)::bigint AS events,
    sum(pageviews)::bigint AS pageviews,
    sum(revenue) AS revenue
FROM visitor_day
WHERE (%(source)s::text IS NULL OR first_source = %(source)s::text)
  AND (%(device)s::text IS NULL OR first_device = %(device)s::text)
GROUP BY GROUPING SETS ((), (day), (currency))
ORDER BY day NULLS FIRST, currency NULLS FIRST;

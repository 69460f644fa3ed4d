-- name: list_after
-- Visitors of a website in the order of their ids, which never changes.
SELECT
    event.visitor_id AS id,
    min(event.occurred_at) AS first_at,
    max(event.occurred_at) AS last_at,
    count(*) FILTER (WHERE event.name = 'pageview') AS pageviews,
    count(*) AS events,
    coalesce(sum(event.revenue_minor), 0)::bigint AS revenue
FROM events AS event
WHERE event.workspace_id = %(workspace_id)s
  AND event.website_id = %(website_id)s
  AND event.visitor_id > %(after)s
GROUP BY event.visitor_id
ORDER BY event.visitor_id
LIMIT %(limit)s;

-- name: get
-- No row comes back where there is no event.
SELECT
    event.visitor_id AS id,
    min(event.occurred_at) AS first_at,
    max(event.occurred_at) AS last_at,
    count(*) FILTER (WHERE event.name = 'pageview') AS pageviews,
    count(*) AS events,
    coalesce(sum(event.revenue_minor), 0)::bigint AS revenue
FROM events AS event
WHERE event.workspace_id = %(workspace_id)s
  AND event.website_id = %(website_id)s
  AND event.visitor_id = %(visitor_id)s
GROUP BY event.visitor_id;

-- name: visits_before
-- Visits of one visitor, newest first. An event begins a visit where it is the first, or
-- comes more than 30 minutes after the one before; a visit is as many beginnings old.
WITH spaced AS (
    SELECT
        event_id, occurred_at, name, url, source, device, country, revenue_minor,
        occurred_at - lag(occurred_at) OVER earlier <= interval '30 minutes' AS goes_on
    FROM events
    WHERE workspace_id = %(workspace_id)s
      AND website_id = %(website_id)s
      AND visitor_id = %(visitor_id)s
    WINDOW earlier AS (ORDER BY occurred_at, event_id)
), numbered AS (
    SELECT
        spaced.*,
        count(*) FILTER (WHERE goes_on IS NOT TRUE) OVER (ORDER BY occurred_at, event_id) AS visit
    FROM spaced
)
SELECT
    min(occurred_at) AS first_at,
    max(occurred_at) AS last_at,
    count(*) FILTER (WHERE name = 'pageview') AS pageviews,
    count(*) AS events,
    coalesce(sum(revenue_minor), 0)::bigint AS revenue,
    (array_agg(url ORDER BY occurred_at, event_id))[1] AS entry_url,
    (array_agg(source ORDER BY occurred_at, event_id))[1] AS source,
    (array_agg(device ORDER BY occurred_at, event_id))[1] AS device,
    (array_agg(country ORDER BY occurred_at, event_id))[1] AS country
FROM numbered
GROUP BY visit
HAVING min(occurred_at) < %(before)s::timestamptz
ORDER BY visit DESC
LIMIT %(limit)s;

-- name: list
-- Events of live websites. Each website gives its own first ones, in the order of its index, so
-- that a page costs the same however many came before it.
SELECT
    event.event_id AS id, event.name, event.occurred_at, event.received_at, event.website_id,
    event.visitor_id, event.url, event.page, event.referrer,
    event.source, event.medium, event.campaign, event.device, event.browser, event.system, event.country,
    event.revenue_minor, site.currency, event.properties
FROM websites AS site
CROSS JOIN LATERAL (
    SELECT events.*
    FROM events
    WHERE events.workspace_id = site.workspace_id
      AND events.website_id = site.website_id
      AND {where}
    ORDER BY {order}
    LIMIT %(limit)s
) AS event
WHERE site.workspace_id = %(workspace_id)s
  AND site.deleted_at IS NULL
  AND (%(website_id)s::uuid IS NULL OR site.website_id = %(website_id)s::uuid)
ORDER BY {order}
LIMIT %(limit)s;

-- name: list_of_visitor
-- Events of one visitor of a live website. They are found at the times of the visitor's visits,
-- which follow each other without overlap, so that a page reads no more visits than it shows.
-- That the inner SELECT has an order and a limit of its own keeps the planner from looking
-- through all events instead: it does not know how short visits are.
SELECT
    event.event_id AS id, event.name, event.occurred_at, event.received_at, event.website_id,
    event.visitor_id, event.url, event.page, event.referrer,
    event.source, event.medium, event.campaign, event.device, event.browser, event.system, event.country,
    event.revenue_minor, site.currency, event.properties
FROM websites AS site
JOIN visits AS visit USING (workspace_id, website_id)
CROSS JOIN LATERAL (
    SELECT events.*
    FROM events
    WHERE events.workspace_id = visit.workspace_id
      AND events.website_id = visit.website_id
      AND events.occurred_at BETWEEN visit.started_at AND visit.ended_at
      AND {where}
    ORDER BY {order}
    LIMIT %(limit)s
) AS event
WHERE site.workspace_id = %(workspace_id)s
  AND site.website_id = %(website_id)s
  AND site.deleted_at IS NULL
  AND visit.visitor_id = %(visitor_id)s
  AND {visits}
ORDER BY {visit_order}, {order}
LIMIT %(limit)s;

-- name: list_after
-- Events of a website from a position on, oldest first, in the order of its index.
SELECT
    event.event_id AS id, event.name, event.occurred_at, event.received_at, event.website_id,
    event.visitor_id, event.url, event.page, event.referrer,
    event.source, event.medium, event.campaign, event.device, event.browser, event.system, event.country,
    event.revenue_minor, site.currency, event.properties
FROM events AS event
JOIN websites AS site USING (workspace_id, website_id)
WHERE event.workspace_id = %(workspace_id)s
  AND event.website_id = %(website_id)s
  AND (event.occurred_at, event.event_id) > (%(after)s::timestamptz, %(after_id)s)
  AND (%(start)s::timestamptz IS NULL OR event.occurred_at >= %(start)s::timestamptz)
  AND (%(end)s::timestamptz IS NULL OR event.occurred_at < %(end)s::timestamptz)
  AND site.deleted_at IS NULL
ORDER BY event.occurred_at, event.event_id
LIMIT %(limit)s;

-- name: get
SELECT
    event.event_id AS id, event.name, event.occurred_at, event.received_at, event.website_id,
    event.visitor_id, event.url, event.page, event.referrer,
    event.source, event.medium, event.campaign, event.device, event.browser, event.system, event.country,
    event.revenue_minor, site.currency, event.properties
FROM events AS event
JOIN websites AS site USING (workspace_id, website_id)
WHERE event.workspace_id = %(workspace_id)s
  AND event.event_id = %(event_id)s
  AND site.deleted_at IS NULL;

-- name: lock_websites
-- The websites of a batch. The lock keeps their currency and time zone as they are, and
-- other batches of the same websites out, until this one is stored and counted: what
-- counting reads must not change meanwhile. All batches take the locks in one order.
SELECT website_id, currency
FROM websites
WHERE workspace_id = %(workspace_id)s AND website_id = ANY(%(website_ids)s::uuid[]) AND deleted_at IS NULL
ORDER BY website_id
FOR NO KEY UPDATE;

-- name: insert
-- Adds those events that are sound and whose id is new, and returns their ids: of several
-- with one id the first one. All batches go in the order of the ids, so that two with
-- common ids wait for each other in one direction only.
INSERT INTO events (
    workspace_id, event_id, website_id, visitor_id, name, occurred_at, received_at, url, page, referrer,
    source, medium, campaign, device, browser, system, country, revenue_minor, properties
)
SELECT
    %(workspace_id)s, event_id, website_id, visitor_id, batch.name, occurred_at, %(received_at)s,
    url, left(page_path(url), 500), referrer,
    -- A page of the website itself is no source.
    coalesce(source, CASE WHEN right('.' || referring_host, length(domain) + 1) <> '.' || domain THEN referring_host END),
    medium, campaign, device, browser, system, country, revenue_minor, properties
FROM ROWS FROM (
    json_to_recordset(%(events)s::json) AS (
        event_id text, website_id uuid, visitor_id text, name text, occurred_at timestamptz, url text,
        referrer text, source text, referring_host text, medium text, campaign text, device text, browser text, system text,
        country text, revenue_minor bigint, currency text, properties jsonb
    )
) WITH ORDINALITY AS batch (
    event_id, website_id, visitor_id, name, occurred_at, url, referrer, source, referring_host,
    medium, campaign, device, browser, system, country, revenue_minor, paid_in, properties, number
)
JOIN websites USING (website_id)
WHERE workspace_id = %(workspace_id)s AND deleted_at IS NULL
  AND coalesce(paid_in = websites.currency, true)
ORDER BY event_id COLLATE "C", number
ON CONFLICT (workspace_id, event_id) DO NOTHING
RETURNING event_id;

-- name: known
-- Which of these ids are stored.
SELECT event_id
FROM events
WHERE workspace_id = %(workspace_id)s AND event_id = ANY(%(event_ids)s);

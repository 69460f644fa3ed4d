-- name: lock_websites
-- The websites of a batch. The lock keeps their currency and time zone as they are, and
-- other batches of the same websites out, until this one is stored and counted: what
-- counting reads must not change meanwhile. All batches take the locks in one order.
SELECT website_id, currency, edition, timezone
FROM websites
WHERE workspace_id = %(workspace_id)s AND website_id = ANY(%(website_ids)s) AND deleted_at IS NULL
ORDER BY website_id
FOR NO KEY UPDATE;

-- name: insert
-- Adds those events whose id is new, and returns their ids. All batches go in the
-- order of the ids, so that two with common ids wait for each other in one direction only.
INSERT INTO events (
    workspace_id, event_id, website_id, visitor_id, name, occurred_at, received_at,
    url, page, referrer, source, device, country, revenue_minor, properties
)
SELECT
    %(workspace_id)s, event_id, website_id, visitor_id, name, occurred_at, %(received_at)s,
    url, left(page_path(url), 500), referrer, source, device, country, revenue_minor, properties
FROM jsonb_to_recordset(%(events)s::jsonb) AS batch (
    event_id text, website_id uuid, visitor_id text, name text, occurred_at timestamptz,
    url text, referrer text, source text, device text, country text, revenue_minor bigint,
    properties jsonb
)
ORDER BY event_id COLLATE "C"
ON CONFLICT (workspace_id, event_id) DO NOTHING
RETURNING event_id;

-- name: known
-- Which of these ids are stored.
SELECT event_id
FROM events
WHERE workspace_id = %(workspace_id)s AND event_id = ANY(%(event_ids)s);

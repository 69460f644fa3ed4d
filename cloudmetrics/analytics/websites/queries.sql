-- name: list_after
-- Live websites, oldest first, since ids grow with time.
SELECT website_id AS id, name, domain, timezone, currency, retention_days, created_at, updated_at
FROM websites
WHERE workspace_id = %(workspace_id)s AND deleted_at IS NULL AND website_id > %(after)s
ORDER BY website_id
LIMIT %(limit)s;

-- name: get
SELECT website_id AS id, name, domain, timezone, currency, retention_days, created_at, updated_at
FROM websites
WHERE workspace_id = %(workspace_id)s AND website_id = %(website_id)s AND deleted_at IS NULL;

-- name: create
-- No row comes back where the domain is taken.
INSERT INTO websites (
    workspace_id, website_id, name, domain, timezone, currency, retention_days, created_at, updated_at
)
VALUES (
    %(workspace_id)s, %(id)s, %(name)s, %(domain)s, %(timezone)s, %(currency)s, %(retention_days)s,
    %(now)s, %(now)s
)
ON CONFLICT (workspace_id, domain) WHERE deleted_at IS NULL DO NOTHING
RETURNING website_id AS id, name, domain, timezone, currency, retention_days, created_at, updated_at;

-- name: lock
-- Waits for batches that are being stored for this website, and keeps new ones out.
SELECT website_id AS id, name, domain, timezone, currency, retention_days, created_at, updated_at, edition
FROM websites
WHERE workspace_id = %(workspace_id)s AND website_id = %(website_id)s AND deleted_at IS NULL
FOR UPDATE;

-- name: has_revenue
SELECT EXISTS (
    SELECT FROM events
    WHERE workspace_id = %(workspace_id)s AND website_id = %(website_id)s AND revenue_minor IS NOT NULL
) AS found;

-- name: update
UPDATE websites
SET name = %(name)s, domain = %(domain)s, timezone = %(timezone)s, currency = %(currency)s,
    retention_days = %(retention_days)s, updated_at = %(now)s
WHERE workspace_id = %(workspace_id)s AND website_id = %(website_id)s AND deleted_at IS NULL
RETURNING website_id AS id, name, domain, timezone, currency, retention_days, created_at, updated_at;

-- name: retain
-- Lets the job that forgets old data find the website.
INSERT INTO retained_websites (workspace_id, website_id)
VALUES (%(workspace_id)s, %(website_id)s)
ON CONFLICT DO NOTHING;

-- name: keep
DELETE FROM retained_websites
WHERE workspace_id = %(workspace_id)s AND website_id = %(website_id)s;

-- name: delete
UPDATE websites
SET deleted_at = %(now)s
WHERE workspace_id = %(workspace_id)s AND website_id = %(website_id)s AND deleted_at IS NULL
RETURNING website_id AS id;

-- name: try_timezone
-- Fails where PostgreSQL does not know the time zone.
SELECT now() AT TIME ZONE %(timezone)s AS there;

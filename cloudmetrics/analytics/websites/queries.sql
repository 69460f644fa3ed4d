-- name: list
-- Websites that live, or can be restored. While the rollups are drawn in another time zone, that is the website's, and
-- the one before still answers.
SELECT
    website_id AS id, name, domain, coalesce(build.timezone, websites.timezone) AS timezone, currency,
    retention_days, created_at, updated_at, deleted_at,
    CASE WHEN build.edition IS NOT NULL THEN websites.timezone END AS answering_timezone,
    progress.share AS rebuilt
FROM websites
LEFT JOIN rollup_builds AS build USING (workspace_id, website_id)
LEFT JOIN LATERAL (
    -- Everything is in one cell per day, so that this adds up few rows.
    SELECT coalesce(
        sum(events) FILTER (WHERE edition = build.edition)
        / nullif(sum(events) FILTER (WHERE edition = websites.edition), 0),
        0
    )::float AS share
    FROM daily_totals
    WHERE workspace_id = build.workspace_id AND website_id = build.website_id
      AND edition IN (build.edition, websites.edition) AND dimension = 'all' AND value = ''
) AS progress ON build.edition IS NOT NULL
WHERE workspace_id = %(workspace_id)s AND purged_at IS NULL AND {where}
ORDER BY {order}
LIMIT %(limit)s;

-- name: get
SELECT
    website_id AS id, name, domain, coalesce(build.timezone, websites.timezone) AS timezone, currency,
    retention_days, created_at, updated_at, deleted_at,
    CASE WHEN build.edition IS NOT NULL THEN websites.timezone END AS answering_timezone,
    progress.share AS rebuilt
FROM websites
LEFT JOIN rollup_builds AS build USING (workspace_id, website_id)
LEFT JOIN LATERAL (
    -- Everything is in one cell per day, so that this adds up few rows.
    SELECT coalesce(
        sum(events) FILTER (WHERE edition = build.edition)
        / nullif(sum(events) FILTER (WHERE edition = websites.edition), 0),
        0
    )::float AS share
    FROM daily_totals
    WHERE workspace_id = build.workspace_id AND website_id = build.website_id
      AND edition IN (build.edition, websites.edition) AND dimension = 'all' AND value = ''
) AS progress ON build.edition IS NOT NULL
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
RETURNING
    website_id AS id, name, domain, timezone, currency, retention_days, created_at, updated_at, deleted_at,
    NULL AS answering_timezone, NULL AS rebuilt;

-- name: lock
-- Waits for batches that are being stored for this website, and keeps new ones out.
SELECT
    currency, retention_days, coalesce(build.timezone, websites.timezone) AS timezone,
    websites.timezone AS answering_timezone
FROM websites LEFT JOIN rollup_builds AS build USING (workspace_id, website_id)
WHERE workspace_id = %(workspace_id)s AND website_id = %(website_id)s AND deleted_at IS NULL
FOR UPDATE OF websites;

-- name: has_revenue
SELECT EXISTS (
    SELECT FROM events
    WHERE workspace_id = %(workspace_id)s AND website_id = %(website_id)s AND revenue_minor IS NOT NULL
) AS found;

-- name: update
UPDATE websites
SET name = %(name)s, domain = %(domain)s, currency = %(currency)s,
    retention_days = %(retention_days)s, updated_at = %(now)s
WHERE workspace_id = %(workspace_id)s AND website_id = %(website_id)s AND deleted_at IS NULL;

-- name: retain
-- Lets the job that forgets old data find the website.
INSERT INTO retained_websites (workspace_id, website_id)
VALUES (%(workspace_id)s, %(website_id)s)
ON CONFLICT DO NOTHING;

-- name: keep
DELETE FROM retained_websites
WHERE workspace_id = %(workspace_id)s AND website_id = %(website_id)s;

-- name: set_deleted
-- Deletes or restores a website; no row comes back where there is nothing to be done.
UPDATE websites
SET deleted_at = %(deleted_at)s
WHERE workspace_id = %(workspace_id)s
  AND website_id = %(website_id)s
  AND purged_at IS NULL
  AND (deleted_at IS NULL) = (%(deleted_at)s::timestamptz IS NOT NULL)
RETURNING name, domain;

-- name: domain
SELECT domain
FROM websites
WHERE workspace_id = %(workspace_id)s AND website_id = %(website_id)s;

-- name: is_stored
-- Whether its data is there, be it deleted or not.
SELECT EXISTS (
    SELECT FROM websites
    WHERE workspace_id = %(workspace_id)s AND website_id = %(website_id)s AND purged_at IS NULL
) AS stored;

-- name: begin_purge
-- Whoever works with its data holds a lock on it, and after this one finds it no more.
UPDATE websites
SET purged_at = coalesce(purged_at, %(now)s)
WHERE workspace_id = %(workspace_id)s AND website_id = %(website_id)s AND deleted_at IS NOT NULL
RETURNING website_id;

-- name: tables_of_websites
-- Tables with rows of websites, partitions left out, and what their foreign keys refer to.
SELECT
    tenant.oid::regclass::text AS name,
    array_remove(array_agg(DISTINCT key.confrelid::regclass::text), NULL) AS refers_to
FROM pg_class AS tenant
JOIN pg_attribute AS space ON space.attrelid = tenant.oid AND space.attname = 'workspace_id'
JOIN pg_attribute AS site ON site.attrelid = tenant.oid AND site.attname = 'website_id'
LEFT JOIN pg_constraint AS key ON key.conrelid = tenant.oid AND key.contype = 'f'
WHERE tenant.relkind IN ('r', 'p')
  AND NOT tenant.relispartition
  AND tenant.relnamespace = 'public'::regnamespace
GROUP BY tenant.oid;

-- name: remove_rows
SELECT remove_website_rows(%(name)s::regclass, %(website_id)s, %(most)s) AS removed;

-- name: try_timezone
-- Fails where PostgreSQL does not know the time zone.
SELECT now() AT TIME ZONE %(timezone)s AS there;

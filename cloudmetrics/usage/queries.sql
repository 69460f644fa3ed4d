-- name: add
-- Adds counts of one workspace, in one order everywhere, so that no two processes wait for each other.
INSERT INTO request_usage (workspace_id, day, operation, credential_id, status, credential_kind, requests)
SELECT %(workspace_id)s, day, operation, credential_id, status, credential_kind, requests
FROM unnest(
    %(days)s::date[], %(operations)s::text[], %(credential_ids)s::uuid[], %(statuses)s::smallint[],
    %(kinds)s::text[], %(requests)s::bigint[]
) AS counted (day, operation, credential_id, status, credential_kind, requests)
ORDER BY day, operation COLLATE "C", credential_id, status
ON CONFLICT (workspace_id, day, operation, credential_id, status)
DO UPDATE SET requests = request_usage.requests + excluded.requests;

-- name: forget
-- What is older than can be asked for.
DELETE FROM request_usage
WHERE workspace_id = %(workspace_id)s AND day < %(before)s;

-- name: requests
-- The requests of some days, added up by each of four things; the largest first, days apart.
WITH counted AS (
    SELECT day, operation, credential_id, credential_kind, status, requests
    FROM request_usage
    WHERE workspace_id = %(workspace_id)s AND day BETWEEN %(start)s AND %(end)s
),

added AS (
    SELECT
        grouping(day, operation, credential_id, status) AS kind,
        day, operation, credential_id, status, min(credential_kind) AS credential_kind,
        sum(requests)::bigint AS requests
    FROM counted
    GROUP BY GROUPING SETS ((day), (operation), (credential_id), (status))
)

SELECT
    added.day, added.operation, added.credential_id, added.status, added.credential_kind, added.requests,
    api_keys.name
FROM added
LEFT JOIN api_keys ON api_keys.workspace_id = %(workspace_id)s AND api_keys.key_id = added.credential_id
ORDER BY added.requests DESC, added.operation, added.status, added.credential_id;

-- name: events
-- Events of each day of their websites, of some days.
SELECT total.day, sum(total.events)::bigint AS events
FROM websites AS site
JOIN daily_totals AS total USING (workspace_id, website_id, edition)
WHERE site.workspace_id = %(workspace_id)s AND site.deleted_at IS NULL
  AND total.dimension = 'all' AND total.value = '' AND total.day BETWEEN %(start)s AND %(end)s
GROUP BY total.day;

-- name: storage
-- Websites and events that are there. What an event takes is measured on a thousand of them.
SELECT
    (
        SELECT count(*) FROM websites WHERE workspace_id = %(workspace_id)s AND deleted_at IS NULL
    ) AS websites,
    (
        SELECT coalesce(sum(total.events), 0)::bigint
        FROM websites AS site
        JOIN daily_totals AS total USING (workspace_id, website_id, edition)
        WHERE site.workspace_id = %(workspace_id)s AND site.deleted_at IS NULL
          AND total.dimension = 'all' AND total.value = ''
    ) AS events,
    (
        SELECT coalesce(avg(pg_column_size(sample)), 0)::double precision
        FROM (SELECT * FROM events WHERE workspace_id = %(workspace_id)s LIMIT 1000) AS sample
    ) AS bytes_per_event;

-- name: retained
-- Websites that have a retention, of all workspaces.
SELECT workspace_id, website_id FROM retained_websites ORDER BY website_id;

-- name: lock
-- The website as batches lock it, and the first day that it keeps; deleted ones have to forget too.
-- Nothing is taken out while another edition of the rollups is being drawn.
SELECT
    edition, timezone,
    (%(now)s::timestamptz AT TIME ZONE timezone)::date - retention_days AS first_kept
FROM websites
WHERE
    workspace_id = %(workspace_id)s AND website_id = %(website_id)s AND retention_days IS NOT NULL
    AND purged_at IS NULL
    AND NOT EXISTS (
        SELECT FROM rollup_builds
        WHERE rollup_builds.workspace_id = websites.workspace_id
          AND rollup_builds.website_id = websites.website_id
    )
FOR NO KEY UPDATE OF websites;

-- name: next_step
-- The oldest event that has to go, and the day before which everything goes in one step, with
-- the moment at which it begins: so many events, but at least a day, and at most all that has
-- to go. No row where nothing has to.
--
-- Where clocks are set back across midnight, a day begins twice, and what lies before it is no
-- one stretch of time. Such a day is passed over: the day before is taken, or the next one,
-- tomorrow.
WITH step AS (
    SELECT first_at, first_day, least(%(first_kept)s::date, greatest(first_day + 1, nth_day)) AS wanted
    FROM (
        SELECT occurred_at AS first_at, (occurred_at AT TIME ZONE %(timezone)s)::date AS first_day
        FROM events
        WHERE workspace_id = %(workspace_id)s AND website_id = %(website_id)s
        ORDER BY occurred_at
        LIMIT 1
    ) AS first
    CROSS JOIN (
        SELECT coalesce(
            (
                SELECT (occurred_at AT TIME ZONE %(timezone)s)::date
                FROM events
                WHERE workspace_id = %(workspace_id)s AND website_id = %(website_id)s
                ORDER BY occurred_at
                OFFSET %(events)s
                LIMIT 1
            ),
            'infinity'
        ) AS nth_day
    ) AS nth
    WHERE first_day < %(first_kept)s::date
)
SELECT first_at, day, begins
FROM step
CROSS JOIN LATERAL (
    SELECT candidate AS day, candidate::timestamp AT TIME ZONE %(timezone)s AS begins
    FROM (VALUES (wanted), (wanted - 1)) AS possible (candidate)
    WHERE candidate > first_day
) AS cut
WHERE (
    SELECT bool_and((((begins + minute * interval '1 minute') AT TIME ZONE %(timezone)s)::date >= day) = (minute >= 0))
    FROM generate_series(-180, 180) AS minute
)
ORDER BY day DESC
LIMIT 1;

-- name: forget_events
-- Events of a part of the time.
DELETE FROM events
WHERE
    workspace_id = %(workspace_id)s AND website_id = %(website_id)s
    AND occurred_at >= %(from)s AND occurred_at < %(to)s;

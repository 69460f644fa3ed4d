-- name: present
-- Editions that have rows, or will have: the first one answers, the last one may be under way.
SELECT edition, 'PRESENT' AS state
FROM websites
WHERE workspace_id = %(workspace_id)s AND website_id = %(website_id)s
UNION ALL
SELECT edition, 'STALE'
FROM stale_editions
WHERE workspace_id = %(workspace_id)s AND website_id = %(website_id)s
UNION ALL
SELECT edition, 'NEXT'
FROM rollup_builds
WHERE workspace_id = %(workspace_id)s AND website_id = %(website_id)s;

-- name: begin
INSERT INTO rollup_builds (workspace_id, website_id, edition, timezone)
VALUES (%(workspace_id)s, %(website_id)s, %(edition)s, %(timezone)s);

-- name: give_up
DELETE FROM rollup_builds
WHERE workspace_id = %(workspace_id)s AND website_id = %(website_id)s
RETURNING edition;

-- name: make_stale
INSERT INTO stale_editions (workspace_id, website_id, edition)
VALUES (%(workspace_id)s, %(website_id)s, %(edition)s);

-- name: lock
-- The edition under way, while no batch is being stored; no row where there is none, or its
-- website was deleted.
SELECT build.edition, build.timezone, websites.edition AS present_edition
FROM websites JOIN rollup_builds AS build USING (workspace_id, website_id)
WHERE workspace_id = %(workspace_id)s AND website_id = %(website_id)s AND deleted_at IS NULL
FOR NO KEY UPDATE OF websites;

-- name: next_events
-- The events that come next, in the order of their time.
SELECT event.event_id, event.occurred_at
FROM rollup_builds AS build
CROSS JOIN LATERAL (
    SELECT event_id, occurred_at
    FROM events
    WHERE workspace_id = build.workspace_id AND website_id = build.website_id
      AND occurred_at >= build.reached_at
      AND (occurred_at, event_id) > (build.reached_at, build.reached_id)
    ORDER BY occurred_at, event_id
    LIMIT %(count)s
) AS event
WHERE build.workspace_id = %(workspace_id)s AND build.website_id = %(website_id)s;

-- name: reach
UPDATE rollup_builds
SET reached_at = %(reached_at)s, reached_id = %(reached_id)s
WHERE workspace_id = %(workspace_id)s AND website_id = %(website_id)s;

-- name: switch
UPDATE websites
SET edition = %(edition)s, timezone = %(timezone)s
WHERE workspace_id = %(workspace_id)s AND website_id = %(website_id)s;

-- name: stale
SELECT edition
FROM stale_editions
WHERE workspace_id = %(workspace_id)s AND website_id = %(website_id)s
ORDER BY edition
LIMIT 1;

-- name: forget_stale
DELETE FROM stale_editions
WHERE workspace_id = %(workspace_id)s AND website_id = %(website_id)s AND edition = %(edition)s;

-- name: first_of_visitor_days
-- This and the next five say what is deleted next, so that each deletion is a short one.
SELECT min(day) AS day
FROM visitor_days
WHERE workspace_id = %(workspace_id)s AND website_id = %(website_id)s AND edition = %(edition)s;

-- name: delete_of_visitor_days
DELETE FROM visitor_days
WHERE workspace_id = %(workspace_id)s AND website_id = %(website_id)s AND edition = %(edition)s
  AND day = %(day)s;

-- name: first_of_page_days
SELECT min(day) AS day
FROM page_days
WHERE workspace_id = %(workspace_id)s AND website_id = %(website_id)s AND edition = %(edition)s;

-- name: delete_of_page_days
DELETE FROM page_days
WHERE workspace_id = %(workspace_id)s AND website_id = %(website_id)s AND edition = %(edition)s
  AND day = %(day)s;

-- name: first_of_visitor_day_events
SELECT name, day
FROM visitor_day_events
WHERE workspace_id = %(workspace_id)s AND website_id = %(website_id)s AND edition = %(edition)s
ORDER BY name, day
LIMIT 1;

-- name: delete_of_visitor_day_events
DELETE FROM visitor_day_events
WHERE workspace_id = %(workspace_id)s AND website_id = %(website_id)s AND edition = %(edition)s
  AND name = %(name)s AND day = %(day)s;

-- name: first_of_daily_totals
SELECT min(dimension) AS dimension
FROM daily_totals
WHERE workspace_id = %(workspace_id)s AND website_id = %(website_id)s AND edition = %(edition)s;

-- name: delete_of_daily_totals
DELETE FROM daily_totals
WHERE workspace_id = %(workspace_id)s AND website_id = %(website_id)s AND edition = %(edition)s
  AND dimension = %(dimension)s;

-- name: first_of_daily_cube
SELECT min(day) AS day
FROM daily_cube
WHERE workspace_id = %(workspace_id)s AND website_id = %(website_id)s AND edition = %(edition)s;

-- name: delete_of_daily_cube
DELETE FROM daily_cube
WHERE workspace_id = %(workspace_id)s AND website_id = %(website_id)s AND edition = %(edition)s
  AND day = %(day)s;

-- name: first_of_daily_gaps
SELECT min(dimension) AS dimension
FROM daily_gaps
WHERE workspace_id = %(workspace_id)s AND website_id = %(website_id)s AND edition = %(edition)s;

-- name: delete_of_daily_gaps
DELETE FROM daily_gaps
WHERE workspace_id = %(workspace_id)s AND website_id = %(website_id)s AND edition = %(edition)s
  AND dimension = %(dimension)s;

-- name: reached
-- A row for each step that anybody completed, from the raw events. The names in braces
-- stand for the queries below, one `step` for each step of the question.
-- Of each step only those are carried on who came to the step before, and at a time from
-- which the way can lead on.
WITH RECURSIVE first AS {whether} MATERIALIZED (
    {first_step}
), beginner AS (
    {beginners}
), second AS (
    SELECT number, visitor_id, occurred_at, event_id
    FROM ({second_step}) AS step
    JOIN beginner USING (visitor_id)
    WHERE occurred_at >= from_at
), follower AS (
    SELECT visitor_id, min(occurred_at) AS from_at
    FROM second
    GROUP BY visitor_id
), led AS (
    -- Time cut into pieces as long as the window: whatever leads to an event of the second step
    -- in time lies in the same piece, or in the one before.
    SELECT visitor_id, piece, array_agg(occurred_at ORDER BY occurred_at) AS times
    FROM (
        SELECT
            visitor_id, occurred_at,
            date_bin(make_interval(hours => %(window_hours)s), occurred_at, 'epoch')
            - make_interval(hours => back * %(window_hours)s) AS piece
        FROM second
        CROSS JOIN (VALUES (0), (1)) AS backwards (back)
    ) AS reached
    GROUP BY visitor_id, piece
), met AS (
    -- A row per step and event that meets its condition. Of the first step, only the latest of
    -- a piece before each event of the second, and all at the same moment, which ids put in order.
    SELECT 1 AS number, visitor_id, max(occurred_at) AS occurred_at, coalesce(tied_id, '') AS event_id
    FROM (
        SELECT
            visitor_id, occurred_at, piece, place,
            CASE WHEN occurred_at = times[place] THEN event_id END AS tied_id
        FROM first
        JOIN led USING (visitor_id)
        CROSS JOIN LATERAL (SELECT width_bucket(occurred_at, times) AS place) AS among
        WHERE piece = date_bin(make_interval(hours => %(window_hours)s), occurred_at, 'epoch')
          AND occurred_at <= times[cardinality(times)]
    ) AS leading_on
    GROUP BY visitor_id, piece, place, tied_id
    UNION ALL
    SELECT number, visitor_id, occurred_at, event_id FROM second
    {further_steps}
), way AS (
    -- Once per step, every row again that still matters: of the step itself, or of a later
    -- one. `began_at` is null unless the event completes the step; then it is the latest
    -- moment at which the way to it can have begun. The latest is enough: whatever an
    -- earlier beginning still reaches in time, the latest one does.
    SELECT
        1 AS step, number, visitor_id, occurred_at, event_id,
        CASE WHEN number = 1 THEN occurred_at END AS began_at,
        NULL::timestamptz AS previous_at
    FROM met
    UNION ALL
    SELECT
        step + 1, number, visitor_id, occurred_at, event_id,
        CASE
            WHEN number = step + 1
                AND occurred_at - max(began_at) OVER earlier <= make_interval(hours => %(window_hours)s)
            THEN max(began_at) OVER earlier
        END,
        max(occurred_at) FILTER (WHERE began_at IS NOT NULL) OVER earlier
    FROM way
    WHERE step < %(last)s AND (began_at IS NOT NULL OR number > step)
    -- Groups leave out the event itself where it stands in several rows, being several steps'.
    WINDOW earlier AS (
        PARTITION BY visitor_id ORDER BY occurred_at, event_id
        GROUPS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    )
), first_completion AS (
    SELECT DISTINCT ON (step, visitor_id) step, occurred_at - previous_at AS took
    FROM way
    WHERE step > 1 AND began_at IS NOT NULL
    ORDER BY step, visitor_id, occurred_at, event_id
)
SELECT 1 AS number, count(*) AS visitors, NULL::double precision AS median_seconds
FROM beginner
UNION ALL
SELECT
    step,
    count(*),
    percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM took)::double precision)
FROM first_completion
GROUP BY step
ORDER BY number;

-- name: beginners
-- Who came to the first step, and when for the first time.
SELECT visitor_id, min(occurred_at) AS from_at
FROM first
GROUP BY visitor_id

-- name: viewers
-- Where the first step is any page view, the days of visitors tell who came to it without
-- a look at the events. The first view of a day is at its first touch, or later.
SELECT visitor_id, min(first_at) AS from_at
FROM ({days}) AS fitting
WHERE pageviews > 0
GROUP BY visitor_id

-- name: further
UNION ALL
SELECT number, visitor_id, occurred_at, event_id
FROM ({step}) AS step
JOIN follower USING (visitor_id)
WHERE occurred_at >= from_at;

-- name: step
-- The events that meet the condition of step {number}. The range of pages is for the index,
-- which a pattern cannot use under row-level security.
SELECT {number} AS number, visitor_id, occurred_at, event_id
FROM events
WHERE workspace_id = %(workspace_id)s
  AND website_id = %(website_id)s
  AND name = %(event_name_{number})s
  AND (%(page_{number})s::text IS NULL OR page = %(page_{number})s::text)
  AND (%(page_from_{number})s::text IS NULL OR page >= %(page_from_{number})s::text)
  AND (%(page_before_{number})s::text IS NULL OR page < %(page_before_{number})s::text)
  AND (%(page_like_{number})s::text IS NULL OR page LIKE %(page_like_{number})s::text)
  AND (%(minimum_revenue_{number})s::bigint IS NULL OR revenue_minor >= %(minimum_revenue_{number})s::bigint)
  -- No time zone is a whole day away from UTC, so only the first and the last two days have
  -- to be looked at closely: a day may begin twice, or not at midnight.
  AND occurred_at >= (%(start_date)s::date - 1)::timestamp AT TIME ZONE 'UTC'
  AND occurred_at < (%(end_date)s::date + 2)::timestamp AT TIME ZONE 'UTC'
  AND (
      (
          occurred_at >= (%(start_date)s::date + 1)::timestamp AT TIME ZONE 'UTC'
          AND occurred_at < %(end_date)s::date::timestamp AT TIME ZONE 'UTC'
      )
      OR (occurred_at AT TIME ZONE (
          SELECT timezone FROM websites WHERE workspace_id = %(workspace_id)s AND website_id = %(website_id)s
      ))::date BETWEEN %(start_date)s::date AND %(end_date)s::date
  );

-- name: on_a_day
-- Of the first step's events, those on a day whose first touch fits.
SELECT number, visitor_id, occurred_at, event_id
FROM ({first_step}) AS begun
JOIN ({days}) AS fitting USING (visitor_id)
WHERE fitting.day = (occurred_at AT TIME ZONE fitting.timezone)::date

-- name: days
-- The days of visitors whose first touch fits.
SELECT day_of.day, day_of.visitor_id, day_of.first_at, day_of.pageviews, site.timezone
FROM websites AS site
JOIN visitor_days AS day_of USING (workspace_id, website_id, edition)
WHERE site.workspace_id = %(workspace_id)s
  AND site.website_id = %(website_id)s
  AND day_of.day BETWEEN %(start_date)s::date AND %(end_date)s::date
  AND (%(source)s::text IS NULL OR day_of.source = %(source)s::text)
  AND (%(medium)s::text IS NULL OR day_of.medium = %(medium)s::text)
  AND (%(campaign)s::text IS NULL OR day_of.campaign = %(campaign)s::text)
  AND (%(device)s::text IS NULL OR day_of.device = %(device)s::text)
  AND (%(browser)s::text IS NULL OR day_of.browser = %(browser)s::text)
  AND (%(system)s::text IS NULL OR day_of.system = %(system)s::text)
  AND (%(country)s::text IS NULL OR day_of.country = %(country)s::text);

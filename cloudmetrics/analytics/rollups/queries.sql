-- name: changes
-- What events that were just stored change in the rollups, as a document per rollup. Only
-- reads: no statement both reads a table and writes it, which a distributed PostgreSQL
-- would run in another order.
--
-- A visitor's day leaves its cells as it was before and enters those of what it is now,
-- so a new first touch, which moves the day to another value, needs no case of its own.
WITH added AS (
    SELECT
        event.website_id, (event.occurred_at AT TIME ZONE website.timezone)::date AS day,
        event.visitor_id, event.event_id, event.name, event.occurred_at, event.revenue_minor,
        coalesce(event.source, '') AS source,
        coalesce(event.device, '') AS device,
        coalesce(event.country, '') AS country
    FROM events AS event
    JOIN websites AS website USING (workspace_id, website_id)
    WHERE event.workspace_id = %(workspace_id)s AND event.event_id = ANY(%(event_ids)s)
), touched AS (
    SELECT
        website_id, day, visitor_id,
        min(occurred_at) AS first_at,
        (array_agg(event_id ORDER BY occurred_at, event_id))[1] AS first_id,
        (array_agg(source ORDER BY occurred_at, event_id))[1] AS source,
        (array_agg(device ORDER BY occurred_at, event_id))[1] AS device,
        (array_agg(country ORDER BY occurred_at, event_id))[1] AS country,
        count(*) AS events,
        count(*) FILTER (WHERE name = 'pageview') AS pageviews,
        count(revenue_minor) AS sales,
        coalesce(sum(revenue_minor), 0) AS revenue
    FROM added
    GROUP BY website_id, day, visitor_id
), before AS MATERIALIZED (
    -- The limit keeps the planner at one look-up per row, however wrong its statistics are.
    SELECT stored.*
    FROM touched
    CROSS JOIN LATERAL (
        SELECT
            website_id, day, visitor_id, first_at, first_id, source, device, country,
            events, pageviews, sales, revenue
        FROM visitor_days
        WHERE workspace_id = %(workspace_id)s AND website_id = touched.website_id
          AND day = touched.day AND visitor_id = touched.visitor_id
        LIMIT 1
    ) AS stored
), after AS MATERIALIZED (
    SELECT
        website_id, day, visitor_id, first.first_at, first.first_id,
        first.source, first.device, first.country,
        touched.events + coalesce(before.events, 0) AS events,
        touched.pageviews + coalesce(before.pageviews, 0) AS pageviews,
        touched.sales + coalesce(before.sales, 0) AS sales,
        touched.revenue + coalesce(before.revenue, 0) AS revenue
    FROM touched
    LEFT JOIN before USING (website_id, day, visitor_id)
    CROSS JOIN LATERAL (
        SELECT touched.first_at, touched.first_id, touched.source, touched.device, touched.country
        WHERE before.first_at IS NULL
           OR (touched.first_at, touched.first_id) < (before.first_at, before.first_id)
        UNION ALL
        SELECT before.first_at, before.first_id, before.source, before.device, before.country
        WHERE (touched.first_at, touched.first_id) > (before.first_at, before.first_id)
    ) AS first
), cells AS MATERIALIZED (
    SELECT website_id, visitor_id, day, dimension, value, sign, events, pageviews, sales, revenue
    FROM (SELECT -1 AS sign, * FROM before UNION ALL SELECT 1 AS sign, * FROM after) AS state
    CROSS JOIN LATERAL (
        VALUES ('all', ''), ('source', source), ('device', device), ('country', country)
    ) AS cell (dimension, value)
), totals AS (
    SELECT
        website_id, dimension, value, day,
        sum(sign) AS visitors,
        sum(sign * events) AS events,
        sum(sign * pageviews) AS pageviews,
        sum(sign * sales) AS sales,
        sum(sign * revenue) AS revenue
    FROM cells
    GROUP BY website_id, dimension, value, day
), shifts AS MATERIALIZED (
    -- The days that a visitor gained under a value (shift 1), or lost (-1).
    SELECT website_id, visitor_id, dimension, value, day, sum(sign) AS shift
    FROM cells
    GROUP BY website_id, visitor_id, dimension, value, day
    HAVING sum(sign) <> 0
), sequence AS MATERIALIZED (
    -- These days and the visitor's nearest others under the value, which is all that
    -- their links depend on. The outermost link of a sequence may be cut short, but so
    -- it is before and after, and falls out.
    SELECT
        website_id, visitor_id, dimension, value, day,
        bool_and(was_there) AS was_there, bool_and(is_there) AS is_there
    FROM (
        SELECT
            website_id, visitor_id, dimension, value, day,
            shift < 0 AS was_there, shift > 0 AS is_there
        FROM shifts
        UNION ALL
        SELECT
            shifts.website_id, shifts.visitor_id, shifts.dimension, shifts.value, near.day,
            true, true
        FROM shifts
        CROSS JOIN LATERAL (
            (
                SELECT day
                FROM visitor_days AS other
                WHERE other.workspace_id = %(workspace_id)s
                  AND other.website_id = shifts.website_id
                  AND other.visitor_id = shifts.visitor_id
                  AND other.day < shifts.day
                  AND shifts.value = CASE shifts.dimension
                      WHEN 'source' THEN source WHEN 'device' THEN device
                      WHEN 'country' THEN country ELSE '' END
                ORDER BY other.day DESC
                LIMIT 1
            ) UNION ALL (
                SELECT day
                FROM visitor_days AS other
                WHERE other.workspace_id = %(workspace_id)s
                  AND other.website_id = shifts.website_id
                  AND other.visitor_id = shifts.visitor_id
                  AND other.day > shifts.day
                  AND shifts.value = CASE shifts.dimension
                      WHEN 'source' THEN source WHEN 'device' THEN device
                      WHEN 'country' THEN country ELSE '' END
                ORDER BY other.day
                LIMIT 1
            )
        ) AS near
    ) AS mixed
    GROUP BY website_id, visitor_id, dimension, value, day
), gaps AS (
    SELECT website_id, dimension, value, day, previous_day, sum(sign) AS visitors
    FROM (
        SELECT
            -1 AS sign, website_id, dimension, value, day,
            coalesce(lag(day) OVER visit, '-infinity') AS previous_day
        FROM sequence
        WHERE was_there
        WINDOW visit AS (PARTITION BY website_id, visitor_id, dimension, value ORDER BY day)
        UNION ALL
        SELECT
            1 AS sign, website_id, dimension, value, day,
            coalesce(lag(day) OVER visit, '-infinity') AS previous_day
        FROM sequence
        WHERE is_there
        WINDOW visit AS (PARTITION BY website_id, visitor_id, dimension, value ORDER BY day)
    ) AS links
    GROUP BY website_id, dimension, value, day, previous_day
    HAVING sum(sign) <> 0
), goals AS (
    SELECT DISTINCT website_id, name, day, visitor_id
    FROM added
    WHERE name <> 'pageview'
)
SELECT
    (SELECT json_agg(after)::text FROM after) AS visitor_days,
    (SELECT json_agg(totals)::text FROM totals) AS totals,
    (SELECT json_agg(gaps)::text FROM gaps) AS gaps,
    (SELECT json_agg(goals)::text FROM goals) AS goals;

-- name: put_visitor_days
INSERT INTO visitor_days (
    workspace_id, website_id, day, visitor_id, first_at, first_id, source, device, country,
    events, pageviews, sales, revenue
)
SELECT
    %(workspace_id)s, website_id, day, visitor_id, first_at, first_id, source, device, country,
    events, pageviews, sales, revenue
FROM json_to_recordset(%(visitor_days)s::json) AS changed (
    website_id uuid, day date, visitor_id text, first_at timestamptz, first_id text,
    source text, device text, country text, events bigint, pageviews bigint, sales bigint,
    revenue numeric
)
ON CONFLICT (workspace_id, website_id, day, visitor_id) DO UPDATE SET
    first_at = EXCLUDED.first_at, first_id = EXCLUDED.first_id, source = EXCLUDED.source,
    device = EXCLUDED.device, country = EXCLUDED.country, events = EXCLUDED.events,
    pageviews = EXCLUDED.pageviews, sales = EXCLUDED.sales, revenue = EXCLUDED.revenue;

-- name: add_totals
INSERT INTO daily_totals (
    workspace_id, website_id, dimension, value, day, visitors, events, pageviews, sales, revenue
)
SELECT
    %(workspace_id)s, website_id, dimension, value, day, visitors, events, pageviews, sales, revenue
FROM json_to_recordset(%(totals)s::json) AS changed (
    website_id uuid, dimension text, value text, day date, visitors bigint, events bigint,
    pageviews bigint, sales bigint, revenue numeric
)
ON CONFLICT (workspace_id, website_id, dimension, value, day) DO UPDATE SET
    visitors = daily_totals.visitors + EXCLUDED.visitors,
    events = daily_totals.events + EXCLUDED.events,
    pageviews = daily_totals.pageviews + EXCLUDED.pageviews,
    sales = daily_totals.sales + EXCLUDED.sales,
    revenue = daily_totals.revenue + EXCLUDED.revenue;

-- name: add_gaps
INSERT INTO daily_gaps (workspace_id, website_id, dimension, value, day, previous_day, visitors)
SELECT %(workspace_id)s, website_id, dimension, value, day, previous_day, visitors
FROM json_to_recordset(%(gaps)s::json) AS changed (
    website_id uuid, dimension text, value text, day date, previous_day date, visitors bigint
)
ON CONFLICT (workspace_id, website_id, dimension, value, day, previous_day) DO UPDATE SET
    visitors = daily_gaps.visitors + EXCLUDED.visitors;

-- name: add_goals
INSERT INTO visitor_day_goals (workspace_id, website_id, name, day, visitor_id)
SELECT %(workspace_id)s, website_id, name, day, visitor_id
FROM json_to_recordset(%(goals)s::json) AS reached (
    website_id uuid, name text, day date, visitor_id text
)
ON CONFLICT (workspace_id, website_id, name, day, visitor_id) DO NOTHING;

-- name: clear_visitor_days
DELETE FROM visitor_days WHERE workspace_id = %(workspace_id)s AND website_id = %(website_id)s;

-- name: clear_goals
DELETE FROM visitor_day_goals WHERE workspace_id = %(workspace_id)s AND website_id = %(website_id)s;

-- name: clear_totals
DELETE FROM daily_totals WHERE workspace_id = %(workspace_id)s AND website_id = %(website_id)s;

-- name: clear_gaps
DELETE FROM daily_gaps WHERE workspace_id = %(workspace_id)s AND website_id = %(website_id)s;

-- name: draw_visitor_days
-- This and the next three are what the rollups mean.
INSERT INTO visitor_days (
    workspace_id, website_id, day, visitor_id, first_at, first_id, source, device, country,
    events, pageviews, sales, revenue
)
SELECT
    workspace_id, website_id, (occurred_at AT TIME ZONE timezone)::date AS day, visitor_id,
    min(occurred_at),
    (array_agg(event_id ORDER BY occurred_at, event_id))[1],
    (array_agg(coalesce(source, '') ORDER BY occurred_at, event_id))[1],
    (array_agg(coalesce(device, '') ORDER BY occurred_at, event_id))[1],
    (array_agg(coalesce(country, '') ORDER BY occurred_at, event_id))[1],
    count(*),
    count(*) FILTER (WHERE event.name = 'pageview'),
    count(revenue_minor),
    coalesce(sum(revenue_minor), 0)
FROM events AS event
JOIN websites AS website USING (workspace_id, website_id)
WHERE workspace_id = %(workspace_id)s AND website_id = %(website_id)s
GROUP BY workspace_id, website_id, day, visitor_id;

-- name: draw_goals
INSERT INTO visitor_day_goals (workspace_id, website_id, name, day, visitor_id)
SELECT DISTINCT
    workspace_id, website_id, event.name, (occurred_at AT TIME ZONE timezone)::date, visitor_id
FROM events AS event
JOIN websites AS website USING (workspace_id, website_id)
WHERE workspace_id = %(workspace_id)s AND website_id = %(website_id)s AND event.name <> 'pageview';

-- name: draw_totals
INSERT INTO daily_totals (
    workspace_id, website_id, dimension, value, day, visitors, events, pageviews, sales, revenue
)
SELECT
    workspace_id, website_id, dimension, value, day,
    count(*), sum(events), sum(pageviews), sum(sales), sum(revenue)
FROM visitor_days
CROSS JOIN LATERAL (
    VALUES ('all', ''), ('source', source), ('device', device), ('country', country)
) AS cell (dimension, value)
WHERE workspace_id = %(workspace_id)s AND website_id = %(website_id)s
GROUP BY workspace_id, website_id, dimension, value, day;

-- name: draw_gaps
INSERT INTO daily_gaps (workspace_id, website_id, dimension, value, day, previous_day, visitors)
SELECT workspace_id, website_id, dimension, value, day, previous_day, count(*)
FROM (
    SELECT
        workspace_id, website_id, dimension, value, day,
        coalesce(lag(day) OVER visit, '-infinity') AS previous_day
    FROM visitor_days
    CROSS JOIN LATERAL (
        VALUES ('all', ''), ('source', source), ('device', device), ('country', country)
    ) AS cell (dimension, value)
    WHERE workspace_id = %(workspace_id)s AND website_id = %(website_id)s
    WINDOW visit AS (
        PARTITION BY workspace_id, website_id, visitor_id, dimension, value ORDER BY day
    )
) AS links
GROUP BY workspace_id, website_id, dimension, value, day, previous_day;

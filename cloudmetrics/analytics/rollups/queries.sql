-- name: changes
-- What events that were just stored change in the rollups, as a document per rollup. Only
-- reads: no statement both reads a table and writes it, which a distributed PostgreSQL
-- would run in another order.
--
-- A visitor's day that is new, or moves to another value because its first touch changes,
-- leaves the old cell of a dimension with all that it has, and enters the new one.
-- Everything else only adds to the cell where it is.
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
), changed AS MATERIALIZED (
    -- The limit keeps the planner at one look-up per row, however wrong its statistics are.
    SELECT
        touched.*,
        stored.source AS old_source, stored.device AS old_device, stored.country AS old_country,
        stored.events AS old_events, stored.pageviews AS old_pageviews,
        stored.sales AS old_sales, stored.revenue AS old_revenue,
        stored.first_at AS old_first_at, stored.first_id AS old_first_id,
        (stored.first_at, stored.first_id) < (touched.first_at, touched.first_id) IS TRUE AS stays
    FROM touched
    LEFT JOIN LATERAL (
        SELECT *
        FROM visitor_days
        WHERE workspace_id = %(workspace_id)s AND website_id = touched.website_id
          AND day = touched.day AND visitor_id = touched.visitor_id
        LIMIT 1
    ) AS stored ON true
), present AS MATERIALIZED (
    SELECT
        website_id, day, visitor_id,
        CASE WHEN stays THEN old_first_at ELSE first_at END AS first_at,
        CASE WHEN stays THEN old_first_id ELSE first_id END AS first_id,
        CASE WHEN stays THEN old_source ELSE source END AS source,
        CASE WHEN stays THEN old_device ELSE device END AS device,
        CASE WHEN stays THEN old_country ELSE country END AS country,
        events + coalesce(old_events, 0) AS events,
        pageviews + coalesce(old_pageviews, 0) AS pageviews,
        sales + coalesce(old_sales, 0) AS sales,
        revenue + coalesce(old_revenue, 0) AS revenue
    FROM changed
), cells AS MATERIALIZED (
    SELECT
        changed.website_id, changed.visitor_id, changed.day, cell.dimension, side.*
    FROM changed
    JOIN present USING (website_id, day, visitor_id)
    CROSS JOIN LATERAL (
        VALUES
            ('all', '', CASE WHEN old_events IS NOT NULL THEN '' END),
            ('source', present.source, old_source),
            ('device', present.device, old_device),
            ('country', present.country, old_country)
    ) AS cell (dimension, value, old_value)
    CROSS JOIN LATERAL (
        SELECT cell.value, 0 AS shift, changed.events, changed.pageviews, changed.sales, changed.revenue
        WHERE cell.value = cell.old_value
        UNION ALL
        SELECT cell.value, 1, present.events, present.pageviews, present.sales, present.revenue
        WHERE cell.value IS DISTINCT FROM cell.old_value
        UNION ALL
        SELECT cell.old_value, -1, -old_events, -old_pageviews, -old_sales, -old_revenue
        WHERE cell.value <> cell.old_value
    ) AS side
), totals AS (
    SELECT
        website_id, dimension, value, day,
        sum(shift) AS visitors,
        sum(events) AS events,
        sum(pageviews) AS pageviews,
        sum(sales) AS sales,
        sum(revenue) AS revenue
    FROM cells
    GROUP BY website_id, dimension, value, day
), shifts AS MATERIALIZED (
    -- The days that a visitor gains under a value (1), or loses (-1).
    SELECT website_id, visitor_id, dimension, value, day, shift
    FROM cells
    WHERE shift <> 0
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
    (SELECT json_agg(present)::text FROM present) AS visitor_days,
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

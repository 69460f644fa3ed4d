-- name: clear_visits
DELETE FROM visits
WHERE workspace_id = %(workspace_id)s AND website_id = %(website_id)s;

-- name: clear_visitor_days
DELETE FROM visitor_days
WHERE workspace_id = %(workspace_id)s AND website_id = %(website_id)s AND edition = %(edition)s;

-- name: clear_visitor_day_events
DELETE FROM visitor_day_events
WHERE workspace_id = %(workspace_id)s AND website_id = %(website_id)s AND edition = %(edition)s;

-- name: clear_daily_totals
DELETE FROM daily_totals
WHERE workspace_id = %(workspace_id)s AND website_id = %(website_id)s AND edition = %(edition)s;

-- name: clear_daily_cube
DELETE FROM daily_cube
WHERE workspace_id = %(workspace_id)s AND website_id = %(website_id)s AND edition = %(edition)s;

-- name: clear_daily_gaps
DELETE FROM daily_gaps
WHERE workspace_id = %(workspace_id)s AND website_id = %(website_id)s AND edition = %(edition)s;

-- name: clear_page_days
DELETE FROM page_days
WHERE workspace_id = %(workspace_id)s AND website_id = %(website_id)s AND edition = %(edition)s;

-- name: draw_visits
-- This and the next six are what the rollups mean.
INSERT INTO visits (
    workspace_id, website_id, visitor_id, started_at, ended_at, first_id, events, pageviews, sales, revenue,
    entry_at, entry_id, entry_page, exit_at, exit_id, exit_page
)
SELECT
    workspace_id, website_id, visitor_id,
    min(occurred_at), max(occurred_at), (array_agg(event_id ORDER BY occurred_at, event_id))[1],
    count(*), count(*) FILTER (WHERE name = 'pageview'), count(revenue_minor), coalesce(sum(revenue_minor), 0),
    min(occurred_at) FILTER (WHERE name = 'pageview'),
    (array_agg(event_id ORDER BY occurred_at, event_id) FILTER (WHERE name = 'pageview'))[1],
    (array_agg(page ORDER BY occurred_at, event_id) FILTER (WHERE name = 'pageview'))[1],
    max(occurred_at) FILTER (WHERE name = 'pageview'),
    (array_agg(event_id ORDER BY occurred_at DESC, event_id DESC) FILTER (WHERE name = 'pageview'))[1],
    (array_agg(page ORDER BY occurred_at DESC, event_id DESC) FILTER (WHERE name = 'pageview'))[1]
FROM (
    SELECT
        spaced.*,
        count(*) FILTER (WHERE NOT goes_on) OVER (
            PARTITION BY visitor_id ORDER BY occurred_at, event_id
        ) AS visit
    FROM (
        SELECT
            workspace_id, website_id, visitor_id, event_id, occurred_at, name, page, revenue_minor,
            (occurred_at - lag(occurred_at) OVER earlier <= interval '30 minutes') IS TRUE AS goes_on
        FROM events
        WHERE workspace_id = %(workspace_id)s AND website_id = %(website_id)s
        WINDOW earlier AS (PARTITION BY visitor_id ORDER BY occurred_at, event_id)
    ) AS spaced
) AS numbered
GROUP BY workspace_id, website_id, visitor_id, visit;

-- name: draw_visitor_days
INSERT INTO visitor_days (
    workspace_id, website_id, edition, day, visitor_id, first_at, first_id,
    source, medium, campaign, device, browser, system, country,
    events, pageviews, sales, revenue, visits, bounces, visit_us
)
SELECT
    workspace_id, website_id, %(edition)s, day, visitor_id, first_at, first_id,
    source, medium, campaign, device, browser, system, country,
    day_of.events, day_of.pageviews, day_of.sales, day_of.revenue,
    coalesce(started.visits, 0), coalesce(started.bounces, 0), coalesce(started.visit_us, 0)
FROM (
    SELECT
        workspace_id, website_id, (occurred_at AT TIME ZONE %(timezone)s)::date AS day, visitor_id,
        min(occurred_at) AS first_at,
        (array_agg(event_id ORDER BY occurred_at, event_id))[1] AS first_id,
        (array_agg(coalesce(source, '') ORDER BY occurred_at, event_id))[1] AS source,
        (array_agg(coalesce(medium, '') ORDER BY occurred_at, event_id))[1] AS medium,
        (array_agg(coalesce(campaign, '') ORDER BY occurred_at, event_id))[1] AS campaign,
        (array_agg(coalesce(device, '') ORDER BY occurred_at, event_id))[1] AS device,
        (array_agg(coalesce(browser, '') ORDER BY occurred_at, event_id))[1] AS browser,
        (array_agg(coalesce(system, '') ORDER BY occurred_at, event_id))[1] AS system,
        (array_agg(coalesce(country, '') ORDER BY occurred_at, event_id))[1] AS country,
        count(*) AS events,
        count(*) FILTER (WHERE name = 'pageview') AS pageviews,
        count(revenue_minor) AS sales,
        coalesce(sum(revenue_minor), 0) AS revenue
    FROM events
    WHERE workspace_id = %(workspace_id)s AND website_id = %(website_id)s
    GROUP BY workspace_id, website_id, day, visitor_id
) AS day_of
LEFT JOIN (
    SELECT
        (started_at AT TIME ZONE %(timezone)s)::date AS day, visitor_id,
        count(*) AS visits,
        count(*) FILTER (WHERE events = 1) AS bounces,
        (sum(extract(epoch FROM ended_at - started_at)) * 1000000)::bigint AS visit_us
    FROM visits
    WHERE workspace_id = %(workspace_id)s AND website_id = %(website_id)s
    GROUP BY day, visitor_id
) AS started USING (day, visitor_id);

-- name: draw_visitor_day_events
INSERT INTO visitor_day_events (
    workspace_id, website_id, edition, name, day, visitor_id, events, sales, revenue
)
SELECT
    workspace_id, website_id, %(edition)s, name, (occurred_at AT TIME ZONE %(timezone)s)::date AS day, visitor_id,
    count(*), count(revenue_minor), coalesce(sum(revenue_minor), 0)
FROM events
WHERE workspace_id = %(workspace_id)s AND website_id = %(website_id)s AND name <> 'pageview'
GROUP BY workspace_id, website_id, name, day, visitor_id;

-- name: draw_page_days
INSERT INTO page_days (
    workspace_id, website_id, edition, day, page, events, pageviews, sales, revenue
)
SELECT
    workspace_id, website_id, %(edition)s, (occurred_at AT TIME ZONE %(timezone)s)::date AS day, page,
    count(*), count(*) FILTER (WHERE name = 'pageview'), count(revenue_minor), coalesce(sum(revenue_minor), 0)
FROM events
WHERE workspace_id = %(workspace_id)s AND website_id = %(website_id)s AND page IS NOT NULL
GROUP BY workspace_id, website_id, day, page;

-- name: draw_daily_totals
INSERT INTO daily_totals (
    workspace_id, website_id, edition, dimension, value, day,
    visitors, events, pageviews, sales, revenue, visits, bounces, visit_us
)
SELECT
    workspace_id, website_id, edition, dimension, value, day,
    count(*), sum(events), sum(pageviews), sum(sales), sum(revenue), sum(visits), sum(bounces), sum(visit_us)
FROM visitor_days
CROSS JOIN LATERAL (
    VALUES
        ('all', ''), ('source', source), ('medium', medium), ('campaign', campaign), ('device', device),
        ('browser', browser), ('system', system), ('country', country)
) AS cell (dimension, value)
WHERE workspace_id = %(workspace_id)s AND website_id = %(website_id)s AND edition = %(edition)s
GROUP BY workspace_id, website_id, edition, dimension, value, day;

-- name: draw_daily_cube
INSERT INTO daily_cube (
    workspace_id, website_id, edition, day, source, medium, campaign, device, browser, system, country,
    visitors, events, pageviews, sales, revenue, visits, bounces, visit_us
)
SELECT
    workspace_id, website_id, edition, day, source, medium, campaign, device, browser, system, country,
    count(*), sum(events), sum(pageviews), sum(sales), sum(revenue), sum(visits), sum(bounces), sum(visit_us)
FROM visitor_days
WHERE workspace_id = %(workspace_id)s AND website_id = %(website_id)s AND edition = %(edition)s
GROUP BY workspace_id, website_id, edition, day, source, medium, campaign, device, browser, system, country;

-- name: draw_daily_gaps
INSERT INTO daily_gaps (
    workspace_id, website_id, edition, dimension, value, day, previous_day, visitors
)
SELECT workspace_id, website_id, edition, dimension, value, day, previous_day, count(*)
FROM (
    SELECT
        workspace_id, website_id, edition, dimension, value, day,
        coalesce(lag(day) OVER visit, '-infinity') AS previous_day
    FROM visitor_days
    CROSS JOIN LATERAL (
        VALUES
            ('all', ''), ('source', source), ('medium', medium), ('campaign', campaign), ('device', device),
            ('browser', browser), ('system', system), ('country', country)
    ) AS cell (dimension, value)
    WHERE workspace_id = %(workspace_id)s AND website_id = %(website_id)s AND edition = %(edition)s
    WINDOW visit AS (PARTITION BY visitor_id, dimension, value ORDER BY day)
) AS links
GROUP BY workspace_id, website_id, edition, dimension, value, day, previous_day;

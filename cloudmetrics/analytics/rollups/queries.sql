-- name: touched
-- Events that were just stored, in each edition of their website's rollups, with all that
-- is kept and may change because of them. `models.State` reads the columns by their order:
--
-- 1. the event; the edition, the day there, and whether it counts there;
-- 2. the visitor's day as it is kept;
-- 3. values of the dimensions, and the visitor's nearest days before and after, of any
--    values and of each one of these. They matter where the day is new, or the event comes
--    before its first touch. In the latter case another row says the same of the values
--    that the day had.
-- 4. a visit that the event touches, the day on which it starts if it counts there, and
--    that day as it is kept, if it is another one. There are two rows of two visits.
SELECT
    event.website_id::text, event.visitor_id, event.event_id, event.name, event.occurred_at, event.page,
    event.revenue_minor, edition.edition, here.day - date 'epoch', here.counts,
    own.first_at, own.first_id,
    own.source, own.medium, own.campaign, own.device, own.browser, own.system, own.country,
    own.events, own.pageviews, own.sales, own.revenue::text, own.visits, own.bounces, own.visit_us,
    touch.*, near.*,
    visit.started_at, visit.ended_at, visit.first_id,
    visit.events, visit.pageviews, visit.sales, visit.revenue::text,
    visit.entry_at, visit.entry_id, visit.entry_page, visit.exit_at, visit.exit_id, visit.exit_page,
    start.day - date 'epoch',
    other_day.first_at, other_day.first_id,
    other_day.source, other_day.medium, other_day.campaign, other_day.device, other_day.browser, other_day.system, other_day.country,
    other_day.events, other_day.pageviews, other_day.sales, other_day.revenue::text, other_day.visits, other_day.bounces, other_day.visit_us
FROM events AS event
CROSS JOIN LATERAL (
    SELECT edition, timezone, timestamptz 'infinity' AS reached_at, '' AS reached_id
    FROM websites
    WHERE workspace_id = event.workspace_id AND website_id = event.website_id
      AND edition = coalesce(%(edition)s::smallint, edition)
    UNION ALL
    SELECT edition, timezone, reached_at, reached_id
    FROM rollup_builds
    WHERE workspace_id = event.workspace_id AND website_id = event.website_id
      AND edition = coalesce(%(edition)s::smallint, edition)
) AS edition
CROSS JOIN LATERAL (
    SELECT
        (event.occurred_at AT TIME ZONE edition.timezone)::date AS day,
        (event.occurred_at, event.event_id) <= (edition.reached_at, edition.reached_id) AS counts
) AS here
LEFT JOIN LATERAL (
    SELECT *
    FROM visitor_days
    WHERE workspace_id = event.workspace_id AND website_id = event.website_id
      AND edition = edition.edition AND day = here.day AND visitor_id = event.visitor_id
    LIMIT 1
) AS own ON true
CROSS JOIN LATERAL (
    SELECT
        true AS is_the_events,
        coalesce(event.source, '') AS source, coalesce(event.medium, '') AS medium,
        coalesce(event.campaign, '') AS campaign, coalesce(event.device, '') AS device,
        coalesce(event.browser, '') AS browser, coalesce(event.system, '') AS system,
        coalesce(event.country, '') AS country
    UNION ALL
    SELECT false, own.source, own.medium, own.campaign, own.device, own.browser, own.system, own.country
    WHERE (event.occurred_at, event.event_id) < (own.first_at, own.first_id)
) AS touch
LEFT JOIN LATERAL (
    SELECT
        max(other.day) FILTER (WHERE other.day < here.day) - date 'epoch',
        max(other.day) FILTER (WHERE other.day < here.day AND other.source = touch.source) - date 'epoch',
        max(other.day) FILTER (WHERE other.day < here.day AND other.medium = touch.medium) - date 'epoch',
        max(other.day) FILTER (WHERE other.day < here.day AND other.campaign = touch.campaign) - date 'epoch',
        max(other.day) FILTER (WHERE other.day < here.day AND other.device = touch.device) - date 'epoch',
        max(other.day) FILTER (WHERE other.day < here.day AND other.browser = touch.browser) - date 'epoch',
        max(other.day) FILTER (WHERE other.day < here.day AND other.system = touch.system) - date 'epoch',
        max(other.day) FILTER (WHERE other.day < here.day AND other.country = touch.country) - date 'epoch',
        min(other.day) FILTER (WHERE other.day > here.day) - date 'epoch',
        min(other.day) FILTER (WHERE other.day > here.day AND other.source = touch.source) - date 'epoch',
        min(other.day) FILTER (WHERE other.day > here.day AND other.medium = touch.medium) - date 'epoch',
        min(other.day) FILTER (WHERE other.day > here.day AND other.campaign = touch.campaign) - date 'epoch',
        min(other.day) FILTER (WHERE other.day > here.day AND other.device = touch.device) - date 'epoch',
        min(other.day) FILTER (WHERE other.day > here.day AND other.browser = touch.browser) - date 'epoch',
        min(other.day) FILTER (WHERE other.day > here.day AND other.system = touch.system) - date 'epoch',
        min(other.day) FILTER (WHERE other.day > here.day AND other.country = touch.country) - date 'epoch'
    FROM visitor_days AS other
    WHERE other.workspace_id = event.workspace_id AND other.website_id = event.website_id
      AND other.edition = edition.edition AND other.visitor_id = event.visitor_id
      AND ((event.occurred_at, event.event_id) < (own.first_at, own.first_id)) IS NOT FALSE
) AS near ON true
LEFT JOIN LATERAL (
    -- Compared as rows, so that only the index by visitors can be in this order.
    SELECT *
    FROM (
        SELECT *
        FROM visits
        WHERE workspace_id = event.workspace_id AND website_id = event.website_id
          AND (visitor_id, started_at) >= (event.visitor_id, '-infinity')
          AND (visitor_id, started_at) <= (event.visitor_id, event.occurred_at)
        ORDER BY visitor_id DESC, started_at DESC
        LIMIT 1
    ) AS before
    WHERE ended_at >= event.occurred_at - interval '30 minutes'
    UNION ALL
    SELECT *
    FROM (
        SELECT *
        FROM visits
        WHERE workspace_id = event.workspace_id AND website_id = event.website_id
          AND (visitor_id, started_at) > (event.visitor_id, event.occurred_at)
          AND (visitor_id, started_at) <= (event.visitor_id, event.occurred_at + interval '30 minutes')
        ORDER BY visitor_id, started_at
        LIMIT 1
    ) AS after
) AS visit ON true
LEFT JOIN LATERAL (
    SELECT (visit.started_at AT TIME ZONE edition.timezone)::date AS day
    WHERE (visit.started_at, visit.first_id) <= (edition.reached_at, edition.reached_id)
) AS start ON true
LEFT JOIN LATERAL (
    SELECT *
    FROM visitor_days
    WHERE workspace_id = event.workspace_id AND website_id = event.website_id
      AND edition = edition.edition AND day = start.day AND start.day <> here.day
      AND visitor_id = event.visitor_id
    LIMIT 1
) AS other_day ON true
WHERE event.workspace_id = %(workspace_id)s AND event.event_id = ANY(%(event_ids)s::text[]);

-- name: put_visitor_days
INSERT INTO visitor_days (
    workspace_id, website_id, edition, day, visitor_id, first_at, first_id,
    source, medium, campaign, device, browser, system, country,
    events, pageviews, sales, revenue, visits, bounces, visit_us
)
SELECT
    %(workspace_id)s, website_id, edition, date 'epoch' + day, visitor_id, first_at, first_id,
    source, medium, campaign, device, browser, system, country,
    events, pageviews, sales, revenue, visits, bounces, visit_us
FROM json_to_recordset(%(rows)s::json) AS changed (
    website_id uuid, edition smallint, day integer, visitor_id text, first_at timestamptz, first_id text,
    source text, medium text, campaign text, device text, browser text, system text, country text,
    events bigint, pageviews bigint, sales bigint, revenue numeric, visits bigint, bounces bigint, visit_us bigint
)
ON CONFLICT (workspace_id, website_id, edition, day, visitor_id) DO UPDATE SET
    first_at = EXCLUDED.first_at, first_id = EXCLUDED.first_id, source = EXCLUDED.source,
    medium = EXCLUDED.medium, campaign = EXCLUDED.campaign, device = EXCLUDED.device,
    browser = EXCLUDED.browser, system = EXCLUDED.system, country = EXCLUDED.country,
    events = EXCLUDED.events, pageviews = EXCLUDED.pageviews, sales = EXCLUDED.sales,
    revenue = EXCLUDED.revenue, visits = EXCLUDED.visits, bounces = EXCLUDED.bounces,
    visit_us = EXCLUDED.visit_us;

-- name: remove_visits
-- Those that became part of another one, which starts earlier.
DELETE FROM visits
USING json_to_recordset(%(rows)s::json) AS merged (website_id uuid, visitor_id text, started_at timestamptz)
WHERE visits.workspace_id = %(workspace_id)s AND visits.website_id = merged.website_id
  AND visits.visitor_id = merged.visitor_id AND visits.started_at = merged.started_at;

-- name: put_visits
INSERT INTO visits (
    workspace_id, website_id, visitor_id, started_at, ended_at, first_id, events, pageviews, sales, revenue,
    entry_at, entry_id, entry_page, exit_at, exit_id, exit_page
)
SELECT
    %(workspace_id)s, website_id, visitor_id, started_at, ended_at, first_id, events, pageviews, sales, revenue,
    entry_at, entry_id, entry_page, exit_at, exit_id, exit_page
FROM json_to_recordset(%(rows)s::json) AS changed (
    website_id uuid, visitor_id text, started_at timestamptz, ended_at timestamptz, first_id text,
    events bigint, pageviews bigint, sales bigint, revenue numeric,
    entry_at timestamptz, entry_id text, entry_page text, exit_at timestamptz, exit_id text, exit_page text
)
ON CONFLICT (workspace_id, website_id, visitor_id, started_at) DO UPDATE SET
    ended_at = EXCLUDED.ended_at, first_id = EXCLUDED.first_id, events = EXCLUDED.events,
    pageviews = EXCLUDED.pageviews, sales = EXCLUDED.sales, revenue = EXCLUDED.revenue,
    entry_at = EXCLUDED.entry_at, entry_id = EXCLUDED.entry_id, entry_page = EXCLUDED.entry_page,
    exit_at = EXCLUDED.exit_at, exit_id = EXCLUDED.exit_id, exit_page = EXCLUDED.exit_page;

-- name: add_visitor_day_events
INSERT INTO visitor_day_events (
    workspace_id, website_id, edition, name, day, visitor_id, events, sales, revenue
)
SELECT %(workspace_id)s, website_id, edition, name, date 'epoch' + day, visitor_id, events, sales, revenue
FROM json_to_recordset(%(rows)s::json) AS added (
    website_id uuid, edition smallint, name text, day integer, visitor_id text,
    events bigint, sales bigint, revenue numeric
)
ON CONFLICT (workspace_id, website_id, edition, name, day, visitor_id) DO UPDATE SET
    events = visitor_day_events.events + EXCLUDED.events,
    sales = visitor_day_events.sales + EXCLUDED.sales,
    revenue = visitor_day_events.revenue + EXCLUDED.revenue;

-- name: add_page_days
INSERT INTO page_days (workspace_id, website_id, edition, day, page, events, pageviews, sales, revenue)
SELECT %(workspace_id)s, website_id, edition, date 'epoch' + day, page, events, pageviews, sales, revenue
FROM json_to_recordset(%(rows)s::json) AS added (
    website_id uuid, edition smallint, day integer, page text,
    events bigint, pageviews bigint, sales bigint, revenue numeric
)
ON CONFLICT (workspace_id, website_id, edition, day, page) DO UPDATE SET
    events = page_days.events + EXCLUDED.events,
    pageviews = page_days.pageviews + EXCLUDED.pageviews,
    sales = page_days.sales + EXCLUDED.sales,
    revenue = page_days.revenue + EXCLUDED.revenue;

-- name: add_daily_totals
INSERT INTO daily_totals (
    workspace_id, website_id, edition, dimension, value, day,
    visitors, events, pageviews, sales, revenue, visits, bounces, visit_us
)
SELECT
    %(workspace_id)s, website_id, edition, dimension, value, date 'epoch' + day,
    visitors, events, pageviews, sales, revenue, visits, bounces, visit_us
FROM json_to_recordset(%(rows)s::json) AS added (
    website_id uuid, edition smallint, dimension text, value text, day integer, visitors bigint,
    events bigint, pageviews bigint, sales bigint, revenue numeric, visits bigint, bounces bigint, visit_us bigint
)
ON CONFLICT (workspace_id, website_id, edition, dimension, value, day) DO UPDATE SET
    visitors = daily_totals.visitors + EXCLUDED.visitors,
    events = daily_totals.events + EXCLUDED.events,
    pageviews = daily_totals.pageviews + EXCLUDED.pageviews,
    sales = daily_totals.sales + EXCLUDED.sales,
    revenue = daily_totals.revenue + EXCLUDED.revenue,
    visits = daily_totals.visits + EXCLUDED.visits,
    bounces = daily_totals.bounces + EXCLUDED.bounces,
    visit_us = daily_totals.visit_us + EXCLUDED.visit_us;

-- name: add_daily_cube
INSERT INTO daily_cube (
    workspace_id, website_id, edition, day, source, medium, campaign, device, browser, system, country,
    visitors, events, pageviews, sales, revenue, visits, bounces, visit_us
)
SELECT
    %(workspace_id)s, website_id, edition, date 'epoch' + day,
    source, medium, campaign, device, browser, system, country,
    visitors, events, pageviews, sales, revenue, visits, bounces, visit_us
FROM json_to_recordset(%(rows)s::json) AS added (
    website_id uuid, edition smallint, day integer,
    source text, medium text, campaign text, device text, browser text, system text, country text, visitors bigint,
    events bigint, pageviews bigint, sales bigint, revenue numeric, visits bigint, bounces bigint, visit_us bigint
)
ON CONFLICT (workspace_id, website_id, edition, day, cell) DO UPDATE SET
    visitors = daily_cube.visitors + EXCLUDED.visitors,
    events = daily_cube.events + EXCLUDED.events,
    pageviews = daily_cube.pageviews + EXCLUDED.pageviews,
    sales = daily_cube.sales + EXCLUDED.sales,
    revenue = daily_cube.revenue + EXCLUDED.revenue,
    visits = daily_cube.visits + EXCLUDED.visits,
    bounces = daily_cube.bounces + EXCLUDED.bounces,
    visit_us = daily_cube.visit_us + EXCLUDED.visit_us;

-- name: add_daily_gaps
-- Without a previous day it is -infinity.
INSERT INTO daily_gaps (workspace_id, website_id, edition, dimension, value, day, previous_day, visitors)
SELECT
    %(workspace_id)s, website_id, edition, dimension, value, date 'epoch' + day,
    coalesce(date 'epoch' + previous_day, '-infinity'), visitors
FROM json_to_recordset(%(rows)s::json) AS added (
    website_id uuid, edition smallint, dimension text, value text, day integer, previous_day integer,
    visitors bigint
)
ON CONFLICT (workspace_id, website_id, edition, dimension, value, day, previous_day) DO UPDATE SET
    visitors = daily_gaps.visitors + EXCLUDED.visitors;

-- 0011_visits_and_dimensions.sql: four more dimensions, visits, pages, and rollups in editions.
-- Not safe beside the previous release, which would store events without counting them in
-- the new tables: stop it first. Takes about 40 s per million events, during which nobody
-- else can read or write.
SET LOCAL lock_timeout = '10s';
SET LOCAL statement_timeout = '6h';

-- An owner who is no superuser is under the policies too, and counts for all tenants here.
-- This also keeps everybody else out until the end.
ALTER TABLE websites NO FORCE ROW LEVEL SECURITY;
ALTER TABLE events NO FORCE ROW LEVEL SECURITY;

ALTER TABLE events
    ADD COLUMN medium   text COLLATE "C",
    ADD COLUMN campaign text COLLATE "C",
    ADD COLUMN browser  text COLLATE "C",
    ADD COLUMN system   text COLLATE "C",
    -- The path of the URL, cut so that it fits into an index.
    ADD COLUMN page     text COLLATE "C";
UPDATE events SET page = left(page_path(url), 500) WHERE url IS NOT NULL;

-- Rollups by days depend on the time zone. Another one is drawn as the next edition, while
-- the present one goes on answering.
ALTER TABLE websites ADD COLUMN edition smallint NOT NULL DEFAULT 1;

CREATE TABLE rollup_builds (
    workspace_id uuid NOT NULL,
    website_id   uuid NOT NULL,
    edition      smallint NOT NULL,
    timezone     text NOT NULL,
    -- All events up to this one, by time and id, are in the new edition.
    reached_at   timestamptz NOT NULL DEFAULT '-infinity',
    reached_id   text COLLATE "C" NOT NULL DEFAULT '',
    PRIMARY KEY (workspace_id, website_id)
);
COMMENT ON TABLE rollup_builds IS 'Editions that are being drawn, and how far they have come.';

DROP TABLE visitor_days, visitor_day_goals, daily_totals, daily_gaps;

-- Events of a visitor with at most 30 minutes from each to the next. First and last are by
-- time, then by id. Entry and exit are the first and the last page view, where there is one.
CREATE TABLE visits (
    workspace_id uuid NOT NULL,
    website_id   uuid NOT NULL,
    visitor_id   text COLLATE "C" NOT NULL,
    started_at   timestamptz NOT NULL,
    ended_at     timestamptz NOT NULL,
    first_id     text COLLATE "C" NOT NULL,
    events       bigint NOT NULL,
    pageviews    bigint NOT NULL,
    sales        bigint NOT NULL,
    revenue      numeric NOT NULL,
    entry_at     timestamptz,
    entry_id     text COLLATE "C",
    entry_page   text COLLATE "C",
    exit_at      timestamptz,
    exit_id      text COLLATE "C",
    exit_page    text COLLATE "C",
    PRIMARY KEY (workspace_id, website_id, visitor_id, started_at)
) WITH (fillfactor = 85);

-- A visitor's day in one website, in its time zone. An absent value of a dimension and an
-- empty one are the same here, since neither can be asked for.
CREATE TABLE visitor_days (
    workspace_id uuid NOT NULL,
    website_id   uuid NOT NULL,
    edition      smallint NOT NULL,
    day          date NOT NULL,
    visitor_id   text COLLATE "C" NOT NULL,
    -- The first touch: the event that comes first by its time, then by its id.
    first_at     timestamptz NOT NULL,
    first_id     text COLLATE "C" NOT NULL,
    source       text COLLATE "C" NOT NULL,
    medium       text COLLATE "C" NOT NULL,
    campaign     text COLLATE "C" NOT NULL,
    device       text COLLATE "C" NOT NULL,
    browser      text COLLATE "C" NOT NULL,
    system       text COLLATE "C" NOT NULL,
    country      text COLLATE "C" NOT NULL,
    events       bigint NOT NULL,
    pageviews    bigint NOT NULL,
    -- Events with revenue: no revenue is something else than revenue that adds up to 0.
    sales        bigint NOT NULL,
    revenue      numeric NOT NULL,
    -- Visits that started on this day, how many of them have one event, and how long all took.
    visits       bigint NOT NULL,
    bounces      bigint NOT NULL,
    visit_us     bigint NOT NULL,
    PRIMARY KEY (workspace_id, website_id, edition, day, visitor_id)
) WITH (fillfactor = 85);

-- What else than page views a visitor's day has, by the name of the events.
CREATE TABLE visitor_day_events (
    workspace_id uuid NOT NULL,
    website_id   uuid NOT NULL,
    edition      smallint NOT NULL,
    name         text COLLATE "C" NOT NULL,
    day          date NOT NULL,
    visitor_id   text COLLATE "C" NOT NULL,
    events       bigint NOT NULL,
    sales        bigint NOT NULL,
    revenue      numeric NOT NULL,
    PRIMARY KEY (workspace_id, website_id, edition, name, day, visitor_id)
);

-- The visitor days of one value of one dimension, added up; dimension `all` has the one value ''.
CREATE TABLE daily_totals (
    workspace_id uuid NOT NULL,
    website_id   uuid NOT NULL,
    edition      smallint NOT NULL,
    dimension    text COLLATE "C" NOT NULL,
    value        text COLLATE "C" NOT NULL,
    day          date NOT NULL,
    visitors     bigint NOT NULL,
    events       bigint NOT NULL,
    pageviews    bigint NOT NULL,
    sales        bigint NOT NULL,
    revenue      numeric NOT NULL,
    visits       bigint NOT NULL,
    bounces      bigint NOT NULL,
    visit_us     bigint NOT NULL,
    PRIMARY KEY (workspace_id, website_id, edition, dimension, value, day)
) WITH (fillfactor = 70);

-- How many visitors of a day were last there on the previous day. Whoever is there in
-- [a, b] has exactly one day in it whose previous day lies before a, or is -infinity.
CREATE TABLE daily_gaps (
    workspace_id uuid NOT NULL,
    website_id   uuid NOT NULL,
    edition      smallint NOT NULL,
    dimension    text COLLATE "C" NOT NULL,
    value        text COLLATE "C" NOT NULL,
    day          date NOT NULL,
    previous_day date NOT NULL,
    visitors     bigint NOT NULL,
    PRIMARY KEY (workspace_id, website_id, edition, dimension, value, day, previous_day)
) WITH (fillfactor = 70);

-- What happened on a page on a day. Events without a URL are on none.
CREATE TABLE page_days (
    workspace_id uuid NOT NULL,
    website_id   uuid NOT NULL,
    edition      smallint NOT NULL,
    day          date NOT NULL,
    page         text COLLATE "C" NOT NULL,
    events       bigint NOT NULL,
    pageviews    bigint NOT NULL,
    sales        bigint NOT NULL,
    revenue      numeric NOT NULL,
    PRIMARY KEY (workspace_id, website_id, edition, day, page)
) WITH (fillfactor = 70);

INSERT INTO visits
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
            PARTITION BY workspace_id, website_id, visitor_id ORDER BY occurred_at, event_id
        ) AS visit
    FROM (
        SELECT
            workspace_id, website_id, visitor_id, event_id, occurred_at, name, page, revenue_minor,
            (occurred_at - lag(occurred_at) OVER earlier <= interval '30 minutes') IS TRUE AS goes_on
        FROM events
        WINDOW earlier AS (PARTITION BY workspace_id, website_id, visitor_id ORDER BY occurred_at, event_id)
    ) AS spaced
) AS numbered
GROUP BY workspace_id, website_id, visitor_id, visit;

INSERT INTO visitor_days
SELECT
    workspace_id, website_id, 1, day, visitor_id, first_at, first_id,
    source, medium, campaign, device, browser, system, country,
    day_of.events, day_of.pageviews, day_of.sales, day_of.revenue,
    coalesce(started.visits, 0), coalesce(started.bounces, 0), coalesce(started.visit_us, 0)
FROM (
    SELECT
        workspace_id, website_id, (occurred_at AT TIME ZONE timezone)::date AS day, visitor_id,
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
        count(*) FILTER (WHERE events.name = 'pageview') AS pageviews,
        count(revenue_minor) AS sales,
        coalesce(sum(revenue_minor), 0) AS revenue
    FROM events JOIN websites USING (workspace_id, website_id)
    GROUP BY workspace_id, website_id, day, visitor_id
) AS day_of
LEFT JOIN (
    SELECT
        workspace_id, website_id, (started_at AT TIME ZONE timezone)::date AS day, visitor_id,
        count(*) AS visits,
        count(*) FILTER (WHERE events = 1) AS bounces,
        (sum(extract(epoch FROM ended_at - started_at)) * 1000000)::bigint AS visit_us
    FROM visits JOIN websites USING (workspace_id, website_id)
    GROUP BY workspace_id, website_id, day, visitor_id
) AS started USING (workspace_id, website_id, day, visitor_id);

INSERT INTO visitor_day_events
SELECT
    workspace_id, website_id, 1, events.name, (occurred_at AT TIME ZONE timezone)::date AS day, visitor_id,
    count(*), count(revenue_minor), coalesce(sum(revenue_minor), 0)
FROM events JOIN websites USING (workspace_id, website_id)
WHERE events.name <> 'pageview'
GROUP BY workspace_id, website_id, events.name, day, visitor_id;

INSERT INTO page_days
SELECT
    workspace_id, website_id, 1, (occurred_at AT TIME ZONE timezone)::date AS day, page,
    count(*), count(*) FILTER (WHERE events.name = 'pageview'), count(revenue_minor), coalesce(sum(revenue_minor), 0)
FROM events JOIN websites USING (workspace_id, website_id)
WHERE page IS NOT NULL
GROUP BY workspace_id, website_id, day, page;

INSERT INTO daily_totals
SELECT
    workspace_id, website_id, 1, dimension, value, day,
    count(*), sum(events), sum(pageviews), sum(sales), sum(revenue), sum(visits), sum(bounces), sum(visit_us)
FROM visitor_days
CROSS JOIN LATERAL (
    VALUES
        ('all', ''), ('source', source), ('medium', medium), ('campaign', campaign), ('device', device),
        ('browser', browser), ('system', system), ('country', country)
) AS cell (dimension, value)
GROUP BY workspace_id, website_id, dimension, value, day;

INSERT INTO daily_gaps
SELECT workspace_id, website_id, 1, dimension, value, day, previous_day, count(*)
FROM (
    SELECT
        workspace_id, website_id, dimension, value, day,
        coalesce(
            lag(day) OVER (
                PARTITION BY workspace_id, website_id, visitor_id, dimension, value ORDER BY day
            ),
            '-infinity'
        ) AS previous_day
    FROM visitor_days
    CROSS JOIN LATERAL (
        VALUES
            ('all', ''), ('source', source), ('medium', medium), ('campaign', campaign), ('device', device),
            ('browser', browser), ('system', system), ('country', country)
    ) AS cell (dimension, value)
) AS linked
GROUP BY workspace_id, website_id, dimension, value, day, previous_day;

-- Finds a visitor's days before and after another one.
CREATE INDEX visitor_days_of_visitor
ON visitor_days (workspace_id, website_id, edition, visitor_id, day);
CREATE INDEX visits_by_time ON visits (workspace_id, website_id, started_at);

ALTER TABLE rollup_builds ADD FOREIGN KEY (workspace_id, website_id) REFERENCES websites;

ALTER TABLE websites FORCE ROW LEVEL SECURITY;
ALTER TABLE events FORCE ROW LEVEL SECURITY;

ALTER TABLE rollup_builds ENABLE ROW LEVEL SECURITY;
ALTER TABLE rollup_builds FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON rollup_builds USING (workspace_id = current_setting('app.workspace_id')::uuid);
ALTER TABLE visits ENABLE ROW LEVEL SECURITY;
ALTER TABLE visits FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON visits USING (workspace_id = current_setting('app.workspace_id')::uuid);
ALTER TABLE visitor_days ENABLE ROW LEVEL SECURITY;
ALTER TABLE visitor_days FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON visitor_days USING (workspace_id = current_setting('app.workspace_id')::uuid);
ALTER TABLE visitor_day_events ENABLE ROW LEVEL SECURITY;
ALTER TABLE visitor_day_events FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON visitor_day_events USING (workspace_id = current_setting('app.workspace_id')::uuid);
ALTER TABLE daily_totals ENABLE ROW LEVEL SECURITY;
ALTER TABLE daily_totals FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON daily_totals USING (workspace_id = current_setting('app.workspace_id')::uuid);
ALTER TABLE daily_gaps ENABLE ROW LEVEL SECURITY;
ALTER TABLE daily_gaps FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON daily_gaps USING (workspace_id = current_setting('app.workspace_id')::uuid);
ALTER TABLE page_days ENABLE ROW LEVEL SECURITY;
ALTER TABLE page_days FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON page_days USING (workspace_id = current_setting('app.workspace_id')::uuid);

GRANT SELECT, INSERT, UPDATE, DELETE
ON rollup_builds, visits, visitor_days, visitor_day_events, daily_totals, daily_gaps, page_days
TO cloudmetrics_api;
-- Whoever is forgotten, and what is older than it may be, goes.
GRANT DELETE ON events TO cloudmetrics_api;

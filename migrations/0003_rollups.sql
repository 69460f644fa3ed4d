-- 0003_rollups.sql: numbers that are kept while events come in, so that no question counts events.
-- Not safe beside the previous release, which would store events without counting them:
-- stop it first. Takes about 15 s per million events, during which nobody else can read or write.
SET LOCAL lock_timeout = '10s';
SET LOCAL statement_timeout = '2h';

-- An owner who is no superuser is under the policies too, and counts for all tenants here.
-- This also keeps everybody else out until the end.
ALTER TABLE websites NO FORCE ROW LEVEL SECURITY;
ALTER TABLE events NO FORCE ROW LEVEL SECURITY;

-- A visitor's day in one website, in its time zone. An absent value of a dimension and an
-- empty one are the same here, since neither can be asked for.
CREATE TABLE visitor_days (
    workspace_id uuid NOT NULL,
    website_id   uuid NOT NULL,
    day          date NOT NULL,
    visitor_id   text COLLATE "C" NOT NULL,
    -- The first touch: the event that comes first by its time, then by its id.
    first_at     timestamptz NOT NULL,
    first_id     text COLLATE "C" NOT NULL,
    source       text COLLATE "C" NOT NULL,
    device       text COLLATE "C" NOT NULL,
    country      text COLLATE "C" NOT NULL,
    events       bigint NOT NULL,
    pageviews    bigint NOT NULL,
    -- Events with revenue: no revenue is something else than revenue that adds up to 0.
    sales        bigint NOT NULL,
    revenue      numeric NOT NULL,
    PRIMARY KEY (workspace_id, website_id, day, visitor_id)
) WITH (fillfactor = 85);

-- Events by which a visitor reached a goal on a day. Page views are counted in visitor_days.
CREATE TABLE visitor_day_goals (
    workspace_id uuid NOT NULL,
    website_id   uuid NOT NULL,
    name         text COLLATE "C" NOT NULL,
    day          date NOT NULL,
    visitor_id   text COLLATE "C" NOT NULL,
    PRIMARY KEY (workspace_id, website_id, name, day, visitor_id)
);

-- The visitor days of one value of one dimension, added up; dimension `all` has the one value ''.
CREATE TABLE daily_totals (
    workspace_id uuid NOT NULL,
    website_id   uuid NOT NULL,
    dimension    text COLLATE "C" NOT NULL,
    value        text COLLATE "C" NOT NULL,
    day          date NOT NULL,
    visitors     bigint NOT NULL,
    events       bigint NOT NULL,
    pageviews    bigint NOT NULL,
    sales        bigint NOT NULL,
    revenue      numeric NOT NULL,
    PRIMARY KEY (workspace_id, website_id, dimension, value, day)
) WITH (fillfactor = 70);

-- How many visitors of a day were last there on the previous day. Whoever is there in
-- [a, b] has exactly one day in it whose previous day lies before a, or is -infinity.
CREATE TABLE daily_gaps (
    workspace_id uuid NOT NULL,
    website_id   uuid NOT NULL,
    dimension    text COLLATE "C" NOT NULL,
    value        text COLLATE "C" NOT NULL,
    day          date NOT NULL,
    previous_day date NOT NULL,
    visitors     bigint NOT NULL,
    PRIMARY KEY (workspace_id, website_id, dimension, value, day, previous_day)
) WITH (fillfactor = 70);

INSERT INTO visitor_days
SELECT
    workspace_id, website_id, (occurred_at AT TIME ZONE timezone)::date AS day, visitor_id,
    min(occurred_at),
    (array_agg(event_id ORDER BY occurred_at, event_id))[1],
    (array_agg(coalesce(source, '') ORDER BY occurred_at, event_id))[1],
    (array_agg(coalesce(device, '') ORDER BY occurred_at, event_id))[1],
    (array_agg(coalesce(country, '') ORDER BY occurred_at, event_id))[1],
    count(*), count(*) FILTER (WHERE events.name = 'pageview'),
    count(revenue_minor), coalesce(sum(revenue_minor), 0)
FROM events JOIN websites USING (workspace_id, website_id)
GROUP BY workspace_id, website_id, day, visitor_id;

INSERT INTO visitor_day_goals
SELECT DISTINCT
    workspace_id, website_id, events.name, (occurred_at AT TIME ZONE timezone)::date, visitor_id
FROM events JOIN websites USING (workspace_id, website_id)
WHERE events.name <> 'pageview';

INSERT INTO daily_totals
SELECT
    workspace_id, website_id, dimension, value, day,
    count(*), sum(events), sum(pageviews), sum(sales), sum(revenue)
FROM visitor_days
CROSS JOIN LATERAL (
    VALUES ('all', ''), ('source', source), ('device', device), ('country', country)
) AS cell (dimension, value)
GROUP BY workspace_id, website_id, dimension, value, day;

INSERT INTO daily_gaps
SELECT workspace_id, website_id, dimension, value, day, previous_day, count(*)
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
        VALUES ('all', ''), ('source', source), ('device', device), ('country', country)
    ) AS cell (dimension, value)
) AS linked
GROUP BY workspace_id, website_id, dimension, value, day, previous_day;

-- Finds a visitor's days before and after another one.
CREATE INDEX visitor_days_of_visitor ON visitor_days (workspace_id, website_id, visitor_id, day);

ALTER TABLE websites FORCE ROW LEVEL SECURITY;
ALTER TABLE events FORCE ROW LEVEL SECURITY;

ALTER TABLE visitor_days ENABLE ROW LEVEL SECURITY;
ALTER TABLE visitor_days FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON visitor_days USING (workspace_id = current_setting('app.workspace_id')::uuid);
ALTER TABLE visitor_day_goals ENABLE ROW LEVEL SECURITY;
ALTER TABLE visitor_day_goals FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON visitor_day_goals USING (workspace_id = current_setting('app.workspace_id')::uuid);
ALTER TABLE daily_totals ENABLE ROW LEVEL SECURITY;
ALTER TABLE daily_totals FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON daily_totals USING (workspace_id = current_setting('app.workspace_id')::uuid);
ALTER TABLE daily_gaps ENABLE ROW LEVEL SECURITY;
ALTER TABLE daily_gaps FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON daily_gaps USING (workspace_id = current_setting('app.workspace_id')::uuid);

-- A changed time zone deletes a website's rollups and draws them anew.
GRANT SELECT, INSERT, UPDATE, DELETE
ON visitor_days, visitor_day_goals, daily_totals, daily_gaps TO cloudmetrics_api;

-- 0089_daily_cube.sql: the days of visitors added up per combination of all seven dimensions.
-- Not safe beside the previous release, which would store events without counting them here:
-- stop it first. Takes about 3 s per million events, during which nobody else can read or
-- write the days of visitors.
SET LOCAL lock_timeout = '10s';
SET LOCAL statement_timeout = '6h';

-- Tells combinations apart. The values themselves may be too long for a row of an index; the
-- length before each makes sure that no two combinations read alike.
CREATE FUNCTION cell_of(VARIADIC parts text[]) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT sha256(convert_to(string_agg(length(part) || ':' || part, '' ORDER BY place), 'UTF8'))
    FROM unnest(parts) WITH ORDINALITY AS given (part, place)
$$;

-- A visitor's day is in exactly one row, so that what adds up is exact for any dimensions, and
-- so are the visitors of a single day.
CREATE TABLE daily_cube (
    workspace_id uuid NOT NULL,
    website_id   uuid NOT NULL,
    edition      smallint NOT NULL,
    day          date NOT NULL,
    source       text COLLATE "C" NOT NULL,
    medium       text COLLATE "C" NOT NULL,
    campaign     text COLLATE "C" NOT NULL,
    device       text COLLATE "C" NOT NULL,
    browser      text COLLATE "C" NOT NULL,
    system       text COLLATE "C" NOT NULL,
    country      text COLLATE "C" NOT NULL,
    visitors     bigint NOT NULL,
    events       bigint NOT NULL,
    pageviews    bigint NOT NULL,
    sales        bigint NOT NULL,
    revenue      numeric NOT NULL,
    visits       bigint NOT NULL,
    bounces      bigint NOT NULL,
    visit_us     bigint NOT NULL,
    cell         bytea NOT NULL GENERATED ALWAYS AS (
        cell_of(source, medium, campaign, device, browser, system, country)
    ) STORED,
    PRIMARY KEY (workspace_id, website_id, edition, day, cell)
) WITH (fillfactor = 70);

-- An owner who is no superuser is under the policies too, and counts for all tenants here.
-- This also keeps everybody else out until the end.
ALTER TABLE visitor_days NO FORCE ROW LEVEL SECURITY;
INSERT INTO daily_cube
SELECT
    workspace_id, website_id, edition, day, source, medium, campaign, device, browser, system, country,
    count(*), sum(events), sum(pageviews), sum(sales), sum(revenue), sum(visits), sum(bounces), sum(visit_us)
FROM visitor_days
GROUP BY workspace_id, website_id, edition, day, source, medium, campaign, device, browser, system, country;
ALTER TABLE visitor_days FORCE ROW LEVEL SECURITY;

CREATE STATISTICS daily_cube_of_website (dependencies) ON workspace_id, website_id, edition FROM daily_cube;

ALTER TABLE daily_cube ENABLE ROW LEVEL SECURITY;
ALTER TABLE daily_cube FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON daily_cube USING (workspace_id = current_setting('app.workspace_id')::uuid);

GRANT SELECT, INSERT, UPDATE, DELETE ON daily_cube TO cloudmetrics_api;

-- 0010_goals.sql: goals of websites.
-- Safe beside the previous release: it only adds a table and a function, and nothing reads them yet.
SET LOCAL lock_timeout = '4s';
SET LOCAL statement_timeout = '5s';

CREATE TABLE goals (
    workspace_id     uuid NOT NULL,
    goal_id          uuid NOT NULL,
    website_id       uuid NOT NULL,
    name             text NOT NULL,
    kind             text NOT NULL,
    event_name       text,
    path_pattern     text,
    -- Minor units of a currency, which stands beside because the website's may change.
    minimum_revenue  bigint,
    minimum_currency text,
    created_at       timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, goal_id),
    CHECK (kind IN ('EVENT', 'PAGE')),
    CHECK ((kind = 'EVENT') = (event_name IS NOT NULL)),
    CHECK ((kind = 'PAGE') = (path_pattern IS NOT NULL)),
    CHECK ((minimum_revenue IS NULL) = (minimum_currency IS NULL))
);

-- What a path pattern is compared with. One form for all queries, so that a goal and
-- a step of a funnel cannot disagree about what the path of a page is.
CREATE FUNCTION page_path(url text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT CASE WHEN url IS NOT NULL THEN
        coalesce(nullif(substring(url FROM '^(?:(?:[A-Za-z][A-Za-z0-9+.-]*:)?//[^/?#]*)?([^?#]*)'), ''), '/')
    END
$$;

ALTER TABLE goals ADD FOREIGN KEY (workspace_id, website_id) REFERENCES websites;

ALTER TABLE goals ENABLE ROW LEVEL SECURITY;
ALTER TABLE goals FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON goals USING (workspace_id = current_setting('app.workspace_id')::uuid);

GRANT SELECT, INSERT, UPDATE, DELETE ON goals TO cloudmetrics_api;

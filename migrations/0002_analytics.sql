-- 0002_analytics.sql: websites and their events.
-- Safe beside any release: it only adds tables, and nothing reads them yet.
SET LOCAL lock_timeout = '4s';
SET LOCAL statement_timeout = '5s';

CREATE TABLE websites (
    workspace_id uuid NOT NULL,
    website_id   uuid NOT NULL,
    name         text NOT NULL,
    domain       text COLLATE "C" NOT NULL CHECK (domain = lower(domain)),
    timezone     text NOT NULL,
    currency     text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL,
    deleted_at   timestamptz,
    PRIMARY KEY (workspace_id, website_id)
);
-- A deleted website gives its domain free.
CREATE UNIQUE INDEX websites_live_domain ON websites (workspace_id, domain) WHERE deleted_at IS NULL;

-- Ingest checks and locks the websites of a batch once, which is why there is no
-- foreign key to them: it would look the website up again for every single event.
CREATE TABLE events (
    workspace_id  uuid NOT NULL,
    -- Ids break ties between events of the same moment, so their order must not
    -- depend on the database's locale.
    event_id      text COLLATE "C" NOT NULL,
    website_id    uuid NOT NULL,
    visitor_id    text COLLATE "C" NOT NULL,
    name          text COLLATE "C" NOT NULL,
    occurred_at   timestamptz NOT NULL,
    received_at   timestamptz NOT NULL,
    url           text,
    referrer      text,
    source        text COLLATE "C",
    device        text COLLATE "C",
    country       text COLLATE "C",
    -- Minor units of the website's currency.
    revenue_minor bigint,
    properties    jsonb,
    PRIMARY KEY (workspace_id, event_id)
);
CREATE INDEX events_by_time ON events (workspace_id, website_id, occurred_at);
-- Says at once whether a website has earned anything, which fixes its currency.
CREATE INDEX events_with_revenue ON events (workspace_id, website_id) WHERE revenue_minor IS NOT NULL;

ALTER TABLE websites ADD FOREIGN KEY (workspace_id) REFERENCES workspaces;

ALTER TABLE websites ENABLE ROW LEVEL SECURITY;
ALTER TABLE websites FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON websites USING (workspace_id = current_setting('app.workspace_id')::uuid);
ALTER TABLE events ENABLE ROW LEVEL SECURITY;
ALTER TABLE events FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON events USING (workspace_id = current_setting('app.workspace_id')::uuid);

GRANT SELECT, INSERT, UPDATE ON websites TO cloudmetrics_api;
GRANT SELECT, INSERT ON events TO cloudmetrics_api;

-- 0070_dashboards.sql: dashboards, the widgets on them, and whose favourites they are.
-- Safe beside the previous release: it only adds tables, and nothing reads them yet.
SET LOCAL lock_timeout = '4s';
SET LOCAL statement_timeout = '5s';

CREATE TABLE dashboards (
    workspace_id uuid NOT NULL,
    dashboard_id uuid NOT NULL,
    name         text NOT NULL,
    description  text,
    -- Whose numbers its widgets show unless they say otherwise. Not a foreign key: a dashboard
    -- outlives its website, and then says in each widget's place that it is gone.
    website_id   uuid,
    date_range   text NOT NULL,
    position     int NOT NULL,
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL,
    -- Set while it waits to be removed, and can be restored.
    deleted_at   timestamptz,
    PRIMARY KEY (workspace_id, dashboard_id)
);
-- A deleted one leaves its name to others.
CREATE UNIQUE INDEX dashboards_name ON dashboards (workspace_id, name) WHERE deleted_at IS NULL;
CREATE INDEX ON dashboards (workspace_id, position, dashboard_id);

CREATE TABLE widgets (
    workspace_id uuid NOT NULL,
    widget_id    uuid NOT NULL,
    dashboard_id uuid NOT NULL,
    kind         text NOT NULL,
    title        text NOT NULL,
    -- In cells of the grid, from its upper left corner.
    x            int NOT NULL CHECK (x >= 0),
    y            int NOT NULL CHECK (y >= 0),
    width        int NOT NULL CHECK (width > 0 AND x + width <= 12),
    height       int NOT NULL CHECK (height > 0),
    -- What its kind holds besides, such as a question, as the contract names it.
    content      jsonb NOT NULL,
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, widget_id)
);
CREATE INDEX ON widgets (workspace_id, dashboard_id);

CREATE TABLE dashboard_favourites (
    workspace_id uuid NOT NULL,
    -- A person, or a key: whoever calls has favourites of their own.
    owner_id     uuid NOT NULL,
    dashboard_id uuid NOT NULL,
    PRIMARY KEY (workspace_id, owner_id, dashboard_id)
);

ALTER TABLE dashboards ADD FOREIGN KEY (workspace_id) REFERENCES workspaces;
ALTER TABLE widgets ADD FOREIGN KEY (workspace_id, dashboard_id) REFERENCES dashboards ON DELETE CASCADE;
ALTER TABLE dashboard_favourites
    ADD FOREIGN KEY (workspace_id, dashboard_id) REFERENCES dashboards ON DELETE CASCADE;

ALTER TABLE dashboards ENABLE ROW LEVEL SECURITY;
ALTER TABLE dashboards FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON dashboards USING (workspace_id = current_setting('app.workspace_id')::uuid);
ALTER TABLE widgets ENABLE ROW LEVEL SECURITY;
ALTER TABLE widgets FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON widgets USING (workspace_id = current_setting('app.workspace_id')::uuid);
ALTER TABLE dashboard_favourites ENABLE ROW LEVEL SECURITY;
ALTER TABLE dashboard_favourites FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON dashboard_favourites USING (workspace_id = current_setting('app.workspace_id')::uuid);

GRANT SELECT, INSERT, UPDATE, DELETE ON dashboards, widgets TO cloudmetrics_api;
GRANT SELECT, INSERT, DELETE ON dashboard_favourites TO cloudmetrics_api;

-- 0071_funnels.sql: funnels that were given a name, so that they can be asked again.
-- Safe beside the previous release: it only adds a table, and nothing reads it yet.
SET LOCAL lock_timeout = '4s';
SET LOCAL statement_timeout = '5s';

CREATE TABLE funnels (
    workspace_id uuid NOT NULL,
    funnel_id    uuid NOT NULL,
    website_id   uuid NOT NULL,
    name         text NOT NULL,
    -- The conditions in their order, as the contract writes them.
    steps        jsonb NOT NULL CHECK (jsonb_typeof(steps) = 'array'),
    window_hours int NOT NULL CHECK (window_hours > 0),
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL,
    -- Set while it waits to be removed, and can be restored.
    deleted_at   timestamptz,
    PRIMARY KEY (workspace_id, funnel_id)
);
CREATE INDEX ON funnels (workspace_id, website_id);

ALTER TABLE funnels ADD FOREIGN KEY (workspace_id, website_id) REFERENCES websites ON DELETE CASCADE;

ALTER TABLE funnels ENABLE ROW LEVEL SECURITY;
ALTER TABLE funnels FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON funnels USING (workspace_id = current_setting('app.workspace_id')::uuid);

GRANT SELECT, INSERT, UPDATE, DELETE ON funnels TO cloudmetrics_api;

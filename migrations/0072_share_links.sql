-- 0072_share_links.sql: links that show a dashboard to whoever has them.
-- Safe beside the previous release: it only adds a table, and nothing reads it yet.
SET LOCAL lock_timeout = '4s';
SET LOCAL statement_timeout = '5s';

CREATE TABLE share_links (
    workspace_id  uuid NOT NULL,
    share_link_id uuid NOT NULL,
    dashboard_id  uuid NOT NULL,
    name          text NOT NULL,
    -- The keyed hash of the token. The token itself says whose it is, so that no directory has to.
    digest        bytea NOT NULL,
    created_by    uuid,
    created_at    timestamptz NOT NULL,
    expires_at    timestamptz NOT NULL,
    revoked_at    timestamptz,
    PRIMARY KEY (workspace_id, share_link_id),
    UNIQUE (workspace_id, digest)
);
CREATE INDEX ON share_links (workspace_id, dashboard_id);

ALTER TABLE share_links ADD FOREIGN KEY (workspace_id, dashboard_id) REFERENCES dashboards ON DELETE CASCADE;

ALTER TABLE share_links ENABLE ROW LEVEL SECURITY;
ALTER TABLE share_links FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON share_links USING (workspace_id = current_setting('app.workspace_id')::uuid);

GRANT SELECT, INSERT, UPDATE ON share_links TO cloudmetrics_api;

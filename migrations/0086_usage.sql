-- 0086_usage.sql: what each workspace uses: its requests, and which warnings about its quotas were given.
-- Safe beside the previous release, which neither reads nor writes these tables.
SET LOCAL lock_timeout = '4s';
SET LOCAL statement_timeout = '5s';

CREATE TABLE request_usage (
    workspace_id    uuid NOT NULL,
    -- In UTC, by the workspace's clock.
    day             date NOT NULL,
    operation       text COLLATE "C" NOT NULL,
    credential_id   uuid NOT NULL,
    status          smallint NOT NULL,
    credential_kind text NOT NULL CHECK (credential_kind IN ('API_KEY', 'OAUTH_TOKEN')),
    requests        bigint NOT NULL,
    PRIMARY KEY (workspace_id, day, operation, credential_id, status)
) WITH (fillfactor = 70);

CREATE TABLE quota_warnings (
    workspace_id uuid NOT NULL,
    -- The first day of the month that the quota is for.
    month        date NOT NULL,
    percent      smallint NOT NULL CHECK (percent IN (80, 100)),
    warned_at    timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, month, percent)
);

ALTER TABLE request_usage ADD FOREIGN KEY (workspace_id) REFERENCES workspaces;
ALTER TABLE quota_warnings ADD FOREIGN KEY (workspace_id) REFERENCES workspaces;

ALTER TABLE request_usage ENABLE ROW LEVEL SECURITY;
ALTER TABLE request_usage FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON request_usage USING (workspace_id = current_setting('app.workspace_id')::uuid);
ALTER TABLE quota_warnings ENABLE ROW LEVEL SECURITY;
ALTER TABLE quota_warnings FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON quota_warnings USING (workspace_id = current_setting('app.workspace_id')::uuid);

GRANT SELECT, INSERT, UPDATE, DELETE ON request_usage TO cloudmetrics_api;
GRANT SELECT, INSERT ON quota_warnings TO cloudmetrics_api;

-- 0051_event_usage.sql: how many events each workspace has stored in a calendar month.
-- Safe beside the previous release, whose events count as nothing; months before this one are not needed.
SET LOCAL lock_timeout = '4s';
SET LOCAL statement_timeout = '5s';

CREATE TABLE event_usage (
    workspace_id uuid NOT NULL,
    -- The first day of the month, in UTC, in which the events were received.
    month        date NOT NULL,
    events       bigint NOT NULL,
    PRIMARY KEY (workspace_id, month)
) WITH (fillfactor = 50);

ALTER TABLE event_usage ADD FOREIGN KEY (workspace_id) REFERENCES workspaces;

ALTER TABLE event_usage ENABLE ROW LEVEL SECURITY;
ALTER TABLE event_usage FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON event_usage USING (workspace_id = current_setting('app.workspace_id')::uuid);

GRANT SELECT, INSERT, UPDATE ON event_usage TO cloudmetrics_api;

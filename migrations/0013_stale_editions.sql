-- 0013_stale_editions.sql: editions of rollups that answer nothing any more, until they are deleted.
-- Safe beside the previous release, which knows one edition only.
SET LOCAL lock_timeout = '4s';
SET LOCAL statement_timeout = '5s';

CREATE TABLE stale_editions (
    workspace_id uuid NOT NULL,
    website_id   uuid NOT NULL,
    edition      smallint NOT NULL,
    PRIMARY KEY (workspace_id, website_id, edition)
);
COMMENT ON TABLE stale_editions IS 'Editions that were replaced, or given up, and still have rows.';

ALTER TABLE stale_editions ADD FOREIGN KEY (workspace_id, website_id) REFERENCES websites;

ALTER TABLE stale_editions ENABLE ROW LEVEL SECURITY;
ALTER TABLE stale_editions FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON stale_editions USING (workspace_id = current_setting('app.workspace_id')::uuid);

GRANT SELECT, INSERT, DELETE ON stale_editions TO cloudmetrics_api;

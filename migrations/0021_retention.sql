-- 0021_retention.sql: websites may say how long their data is kept.
-- Safe beside the previous release, which never reads the column and keeps everything.
SET LOCAL lock_timeout = '4s';
SET LOCAL statement_timeout = '5s';

-- Null keeps everything for ever.
ALTER TABLE websites ADD COLUMN retention_days integer CHECK (retention_days BETWEEN 1 AND 36500);

CREATE TABLE retained_websites (
    workspace_id uuid NOT NULL,
    website_id   uuid NOT NULL,
    PRIMARY KEY (workspace_id, website_id)
);
COMMENT ON TABLE retained_websites IS
'Directory: the websites that have a retention, so that a job finds them before it knows their tenants.';

GRANT SELECT, INSERT, DELETE ON retained_websites TO cloudmetrics_api;

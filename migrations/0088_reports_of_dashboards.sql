-- 0088_reports_of_dashboards.sql: a report can show what a dashboard shows.
-- Safe beside the previous release, which never reads these columns.
SET LOCAL lock_timeout = '4s';
SET LOCAL statement_timeout = '5s';

-- Null where the report has questions of its own. The dashboard may be gone when the report runs.
ALTER TABLE reports ADD COLUMN dashboard_id uuid;
ALTER TABLE report_runs ADD COLUMN dashboard_id uuid;

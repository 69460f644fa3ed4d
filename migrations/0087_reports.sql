-- 0087_reports.sql: reports, their schedules, runs and results.
-- Safe beside the previous release, which neither reads nor writes these tables.
SET LOCAL lock_timeout = '4s';
SET LOCAL statement_timeout = '5s';

CREATE TABLE reports (
    workspace_id uuid NOT NULL,
    report_id    uuid NOT NULL,
    name         text NOT NULL,
    period       text NOT NULL,
    -- Titles and questions, as the contract has them.
    sections     jsonb NOT NULL,
    status       text NOT NULL CHECK (status IN ('ACTIVE', 'PAUSED')),
    -- Null where it is only run by hand.
    cron         text,
    timezone     text NOT NULL,
    recipients   text[] NOT NULL,
    delivery     text NOT NULL CHECK (delivery IN ('ATTACHMENT', 'LINK')),
    -- By the workspace's clock; null while nothing is planned.
    next_run_at  timestamptz,
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, report_id)
);

CREATE TABLE report_dues (
    workspace_id uuid NOT NULL,
    report_id    uuid NOT NULL,
    due_at       timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, report_id)
);
CREATE INDEX ON report_dues (due_at);
COMMENT ON TABLE report_dues IS
'Directory: when reports are due, so that a job finds those of all tenants at once.';

CREATE TABLE report_runs (
    workspace_id  uuid NOT NULL,
    run_id        uuid NOT NULL,
    report_id     uuid NOT NULL,
    cause         text NOT NULL CHECK (cause IN ('SCHEDULE', 'REQUEST')),
    status        text NOT NULL CHECK (status IN ('QUEUED', 'RUNNING', 'SUCCEEDED', 'FAILED')),
    -- What the report was when the run began: it may be changed meanwhile.
    name          text NOT NULL,
    sections      jsonb NOT NULL,
    timezone      text NOT NULL,
    delivery      text NOT NULL,
    start_date    date NOT NULL,
    end_date      date NOT NULL,
    scheduled_for timestamptz,
    attempts      integer NOT NULL DEFAULT 0,
    -- How many rows each section has.
    row_counts    integer[],
    error         text,
    created_at    timestamptz NOT NULL,
    started_at    timestamptz,
    finished_at   timestamptz,
    PRIMARY KEY (workspace_id, run_id)
);
CREATE INDEX ON report_runs (workspace_id, report_id, run_id);

-- A thousand rows of one section, as JSON, compressed.
CREATE TABLE report_rows (
    workspace_id uuid NOT NULL,
    run_id       uuid NOT NULL,
    section      smallint NOT NULL,
    part         integer NOT NULL,
    rows         bytea NOT NULL,
    PRIMARY KEY (workspace_id, run_id, section, part)
);

CREATE TABLE report_files (
    workspace_id uuid NOT NULL,
    run_id       uuid NOT NULL,
    pdf          bytea NOT NULL,
    PRIMARY KEY (workspace_id, run_id)
);

CREATE TABLE report_deliveries (
    workspace_id uuid NOT NULL,
    run_id       uuid NOT NULL,
    recipient    text NOT NULL,
    status       text NOT NULL CHECK (status IN ('PENDING', 'SENT', 'FAILED')),
    attempts     integer NOT NULL DEFAULT 0,
    sent_at      timestamptz,
    PRIMARY KEY (workspace_id, run_id, recipient)
);

ALTER TABLE reports ADD FOREIGN KEY (workspace_id) REFERENCES workspaces;
ALTER TABLE report_runs ADD FOREIGN KEY (workspace_id, report_id) REFERENCES reports ON DELETE CASCADE;
ALTER TABLE report_rows ADD FOREIGN KEY (workspace_id, run_id) REFERENCES report_runs ON DELETE CASCADE;
ALTER TABLE report_files ADD FOREIGN KEY (workspace_id, run_id) REFERENCES report_runs ON DELETE CASCADE;
ALTER TABLE report_deliveries ADD FOREIGN KEY (workspace_id, run_id) REFERENCES report_runs ON DELETE CASCADE;

ALTER TABLE reports ENABLE ROW LEVEL SECURITY;
ALTER TABLE reports FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON reports USING (workspace_id = current_setting('app.workspace_id')::uuid);
ALTER TABLE report_runs ENABLE ROW LEVEL SECURITY;
ALTER TABLE report_runs FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON report_runs USING (workspace_id = current_setting('app.workspace_id')::uuid);
ALTER TABLE report_rows ENABLE ROW LEVEL SECURITY;
ALTER TABLE report_rows FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON report_rows USING (workspace_id = current_setting('app.workspace_id')::uuid);
ALTER TABLE report_files ENABLE ROW LEVEL SECURITY;
ALTER TABLE report_files FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON report_files USING (workspace_id = current_setting('app.workspace_id')::uuid);
ALTER TABLE report_deliveries ENABLE ROW LEVEL SECURITY;
ALTER TABLE report_deliveries FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON report_deliveries USING (workspace_id = current_setting('app.workspace_id')::uuid);

GRANT SELECT, INSERT, UPDATE, DELETE
ON reports, report_dues, report_runs, report_rows, report_files, report_deliveries TO cloudmetrics_api;

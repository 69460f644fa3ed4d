-- 0085_test_clocks.sql: the clock of a sandbox can be moved ahead.
-- Safe beside the previous release, which goes by the real time everywhere.
SET LOCAL lock_timeout = '4s';
SET LOCAL statement_timeout = '5s';

CREATE TABLE test_clocks (
    workspace_id uuid PRIMARY KEY,
    -- How far its clock is ahead of the real one; whoever has no row lives in real time.
    ahead        interval NOT NULL CHECK (ahead > interval '0')
);
COMMENT ON TABLE test_clocks IS
'Directory: the sandboxes that live ahead of time, so that a job finds what is due there before it knows their tenants.';

GRANT SELECT, INSERT, UPDATE, DELETE ON test_clocks TO cloudmetrics_api;

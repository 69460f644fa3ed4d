-- 0094_job_effects.sql: a job can note, in the transaction of its effect, that it had it.
-- Safe beside the previous release: it only adds a table, and nothing reads it yet.
SET LOCAL lock_timeout = '4s';
SET LOCAL statement_timeout = '5s';

CREATE TABLE job_effects (
    job_id bigint PRIMARY KEY REFERENCES procrastinate_jobs ON DELETE CASCADE
);
COMMENT ON TABLE job_effects IS
'Directory: jobs whose effect is there, though their end may not have been written yet. A row goes with its job.';

GRANT SELECT, INSERT ON job_effects TO cloudmetrics_api;

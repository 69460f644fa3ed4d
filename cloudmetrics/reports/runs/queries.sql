-- name: list
SELECT
    run_id AS id, report_id, cause, status, name, sections, timezone, delivery, start_date, end_date,
    scheduled_for, attempts, row_counts, error, created_at, started_at, finished_at
FROM report_runs
WHERE workspace_id = %(workspace_id)s AND report_id = %(report_id)s AND {where}
ORDER BY {order}
LIMIT %(limit)s;

-- name: get
SELECT
    run_id AS id, report_id, cause, status, name, sections, timezone, delivery, start_date, end_date,
    scheduled_for, attempts, row_counts, error, created_at, started_at, finished_at
FROM report_runs
WHERE workspace_id = %(workspace_id)s AND run_id = %(run_id)s;

-- name: lock
-- A run as it is before something is done with it; whoever comes second sees what the first did.
SELECT
    run_id AS id, report_id, cause, status, name, sections, timezone, delivery, start_date, end_date,
    scheduled_for, attempts, row_counts, error, created_at, started_at, finished_at
FROM report_runs
WHERE workspace_id = %(workspace_id)s AND run_id = %(run_id)s
FOR UPDATE;

-- name: deliveries
-- To whom the results of some runs were sent.
SELECT run_id, recipient, status, sent_at
FROM report_deliveries
WHERE workspace_id = %(workspace_id)s AND run_id = ANY(%(run_ids)s)
ORDER BY recipient;

-- name: in_progress
SELECT run_id
FROM report_runs
WHERE workspace_id = %(workspace_id)s AND report_id = %(report_id)s AND status IN ('QUEUED', 'RUNNING')
LIMIT 1;

-- name: create
INSERT INTO report_runs (
    workspace_id, run_id, report_id, cause, status, name, sections, timezone, delivery, start_date, end_date,
    scheduled_for, created_at
)
VALUES (
    %(workspace_id)s, %(id)s, %(report_id)s, %(cause)s, 'QUEUED', %(name)s, %(sections)s::jsonb, %(timezone)s,
    %(delivery)s, %(start)s, %(end)s, %(scheduled_for)s, %(created_at)s
);

-- name: begin
UPDATE report_runs
SET status = 'RUNNING', attempts = attempts + 1, started_at = coalesce(started_at, %(now)s)
WHERE workspace_id = %(workspace_id)s AND run_id = %(run_id)s;

-- name: clear_section
-- What an earlier attempt has left of a section.
DELETE FROM report_rows
WHERE workspace_id = %(workspace_id)s AND run_id = %(run_id)s AND section = %(section)s;

-- name: add_rows
INSERT INTO report_rows (workspace_id, run_id, section, part, rows)
VALUES (%(workspace_id)s, %(run_id)s, %(section)s, %(part)s, %(rows)s);

-- name: rows
-- One part of a section.
SELECT rows
FROM report_rows
WHERE workspace_id = %(workspace_id)s AND run_id = %(run_id)s AND section = %(section)s AND part = %(part)s;

-- name: succeed
UPDATE report_runs
SET status = 'SUCCEEDED', row_counts = %(row_counts)s, error = NULL, finished_at = %(now)s
WHERE workspace_id = %(workspace_id)s AND run_id = %(run_id)s;

-- name: fail
UPDATE report_runs
SET status = 'FAILED', error = %(error)s, finished_at = %(now)s
WHERE workspace_id = %(workspace_id)s AND run_id = %(run_id)s;

-- name: add_file
INSERT INTO report_files (workspace_id, run_id, pdf)
VALUES (%(workspace_id)s, %(run_id)s, %(pdf)s)
ON CONFLICT (workspace_id, run_id) DO UPDATE SET pdf = excluded.pdf;

-- name: file
SELECT pdf
FROM report_files
WHERE workspace_id = %(workspace_id)s AND run_id = %(run_id)s;

-- name: add_delivery
INSERT INTO report_deliveries (workspace_id, run_id, recipient, status)
VALUES (%(workspace_id)s, %(run_id)s, %(recipient)s, 'PENDING');

-- name: try_delivery
-- Counts one more attempt at a mail that is not sent yet.
UPDATE report_deliveries
SET attempts = attempts + 1
WHERE workspace_id = %(workspace_id)s AND run_id = %(run_id)s AND recipient = %(recipient)s
  AND status = 'PENDING'
RETURNING attempts;

-- name: end_delivery
UPDATE report_deliveries
SET status = %(status)s, sent_at = %(sent_at)s
WHERE workspace_id = %(workspace_id)s AND run_id = %(run_id)s AND recipient = %(recipient)s;

-- name: forget_old
-- Of each report's runs that are done, the newest are kept.
DELETE FROM report_runs
WHERE workspace_id = %(workspace_id)s AND report_id = %(report_id)s AND status IN ('SUCCEEDED', 'FAILED')
  AND run_id <= (
      SELECT run_id FROM report_runs
      WHERE workspace_id = %(workspace_id)s AND report_id = %(report_id)s
      ORDER BY run_id DESC
      OFFSET %(kept)s
      LIMIT 1
  );

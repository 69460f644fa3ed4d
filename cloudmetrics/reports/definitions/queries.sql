-- name: list
SELECT
    report_id AS id, name, period, sections, status, cron, timezone, recipients, delivery, next_run_at,
    created_at, updated_at
FROM reports
WHERE workspace_id = %(workspace_id)s AND {where}
ORDER BY {order}
LIMIT %(limit)s;

-- name: get
SELECT
    report_id AS id, name, period, sections, status, cron, timezone, recipients, delivery, next_run_at,
    created_at, updated_at
FROM reports
WHERE workspace_id = %(workspace_id)s AND report_id = %(report_id)s;

-- name: lock
-- Whoever starts, changes or deletes a report has it alone.
SELECT
    report_id AS id, name, period, sections, status, cron, timezone, recipients, delivery, next_run_at,
    created_at, updated_at
FROM reports
WHERE workspace_id = %(workspace_id)s AND report_id = %(report_id)s
FOR UPDATE;

-- name: create
INSERT INTO reports (
    workspace_id, report_id, name, period, sections, status, cron, timezone, recipients, delivery, next_run_at,
    created_at, updated_at
)
VALUES (
    %(workspace_id)s, %(id)s, %(name)s, %(period)s, %(sections)s::jsonb, %(status)s, %(cron)s, %(timezone)s,
    %(recipients)s, %(delivery)s, %(next_run_at)s, %(created_at)s, %(updated_at)s
);

-- name: update
UPDATE reports
SET name = %(name)s, period = %(period)s, sections = %(sections)s::jsonb, status = %(status)s, cron = %(cron)s,
    timezone = %(timezone)s, recipients = %(recipients)s, delivery = %(delivery)s,
    next_run_at = %(next_run_at)s, updated_at = %(updated_at)s
WHERE workspace_id = %(workspace_id)s AND report_id = %(id)s;

-- name: delete
DELETE FROM reports
WHERE workspace_id = %(workspace_id)s AND report_id = %(report_id)s
RETURNING report_id;

-- name: plan
UPDATE reports
SET next_run_at = %(next_run_at)s
WHERE workspace_id = %(workspace_id)s AND report_id = %(report_id)s;

-- name: put_on_the_list
-- Directory: from this moment on the report is due.
INSERT INTO report_dues (workspace_id, report_id, due_at)
VALUES (%(workspace_id)s, %(report_id)s, %(due_at)s)
ON CONFLICT (workspace_id, report_id) DO UPDATE SET due_at = excluded.due_at;

-- name: take_off_the_list
DELETE FROM report_dues
WHERE workspace_id = %(workspace_id)s AND report_id = %(report_id)s;

-- name: due
-- Directory: what is due, the longest first. No clock is behind the real time, so whatever is due
-- by that is due; sandboxes that live ahead of it are few, and looked at one by one.
SELECT workspace_id, report_id
FROM (
    SELECT workspace_id, report_id, due_at
    FROM report_dues
    WHERE due_at <= %(now)s
    UNION
    SELECT workspace_id, report_id, due_at
    FROM test_clocks
    JOIN report_dues USING (workspace_id)
    WHERE due_at <= %(now)s + ahead
) AS due
ORDER BY due_at
LIMIT %(most)s;

-- name: planned
-- All reports of the workspace that have a next time.
SELECT report_id
FROM reports
WHERE workspace_id = %(workspace_id)s AND next_run_at IS NOT NULL
ORDER BY report_id;

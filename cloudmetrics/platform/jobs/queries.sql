-- The queue, in procrastinate's tables. Workers fetch and finish jobs through its own functions.

-- name: defer
-- Adds a job, or moves up the one of the same key that waits already. That one is
-- locked until this transaction ends, so no worker begins it before it can see what
-- this transaction writes. A worker is told at the commit, once, in the very words
-- of the trigger that tells of new jobs.
WITH deferred AS (
    INSERT INTO procrastinate_jobs AS waiting (queue_name, task_name, lock, queueing_lock, args, scheduled_at)
    VALUES ('default', %(name)s, %(key)s, %(key)s, %(arguments)s::jsonb, %(run_at)s)
    ON CONFLICT (queueing_lock) WHERE status = 'todo' DO UPDATE SET
        args = EXCLUDED.args,
        scheduled_at = CASE
            WHEN waiting.scheduled_at IS NOT NULL AND EXCLUDED.scheduled_at IS NOT NULL
                THEN least(waiting.scheduled_at, EXCLUDED.scheduled_at)
        END
    RETURNING id
)
SELECT pg_notify(
    'procrastinate_any_queue_v1', json_build_object('type', 'job_inserted', 'job_id', id)::text
)
FROM deferred;

-- name: put_back
-- A job that failed, or was interrupted, waits again. It gives its key away: another one
-- with this key may be waiting already, and only one can.
UPDATE procrastinate_jobs
SET status = 'todo', attempts = attempts + 1, scheduled_at = %(run_at)s, queueing_lock = NULL
WHERE id = %(job_id)s AND status = 'doing';

-- name: forget_workers
-- Workers that showed no sign of life for so many seconds are taken for dead, and so
-- are those named.
DELETE FROM procrastinate_workers
WHERE last_heartbeat < now() - make_interval(secs => %(seconds)s) OR id = ANY(%(worker_ids)s::bigint[]);

-- name: release
-- Jobs of workers that are gone wait again. One that has ended so many workers is
-- probably what ends them.
UPDATE procrastinate_jobs
SET
    status = CASE
        WHEN attempts + 1 >= %(most_attempts)s THEN 'failed' ELSE 'todo'
    END::procrastinate_job_status,
    attempts = attempts + 1,
    scheduled_at = NULL,
    queueing_lock = NULL
WHERE status = 'doing' AND worker_id IS NULL
RETURNING id, task_name AS name, status::text;

-- name: numbers
-- How the queue stands. A job's age counts from when it could have run.
SELECT
    count(*) FILTER (WHERE status = 'todo' AND is_due) AS waiting,
    count(*) FILTER (WHERE status = 'todo' AND NOT is_due) AS scheduled,
    count(*) FILTER (WHERE status = 'doing') AS running,
    count(*) FILTER (WHERE status = 'failed') AS failed,
    coalesce(
        extract(epoch FROM now() - min(due) FILTER (WHERE status = 'todo' AND is_due)), 0
    )::double precision AS oldest_seconds
FROM (
    SELECT
        status,
        coalesce(scheduled_at, deferred_at) AS due,
        coalesce(scheduled_at, deferred_at) <= now() AS is_due
    FROM procrastinate_jobs
    LEFT JOIN LATERAL (
        SELECT at AS deferred_at FROM procrastinate_events
        WHERE job_id = procrastinate_jobs.id AND type = 'deferred'
    ) AS deferral ON scheduled_at IS NULL
    WHERE status IN ('todo', 'doing', 'failed')
) AS job;

-- name: failed
-- Failed jobs, the latest first.
SELECT
    id, task_name AS name, attempts, args ->> 'workspace_id' AS workspace_id,
    (
        SELECT max(at) FROM procrastinate_events
        WHERE job_id = procrastinate_jobs.id AND type = 'failed'
    ) AS failed_at
FROM procrastinate_jobs
WHERE status = 'failed'
ORDER BY failed_at DESC, id DESC
LIMIT %(limit)s;

-- name: retry_failed
-- Failed jobs, those named or all, begin anew.
WITH retried AS (
    UPDATE procrastinate_jobs
    SET status = 'todo', attempts = 0, scheduled_at = NULL, queueing_lock = NULL
    WHERE status = 'failed' AND (%(job_ids)s::bigint[] IS NULL OR id = ANY(%(job_ids)s::bigint[]))
    RETURNING id
)
SELECT
    id,
    pg_notify(
        'procrastinate_any_queue_v1', json_build_object('type', 'job_inserted', 'job_id', id)::text
    )
FROM retried;

-- name: once
-- No row comes back where an earlier run of the job had its effect.
INSERT INTO job_effects (job_id) VALUES (%(job_id)s) ON CONFLICT DO NOTHING RETURNING job_id;

-- name: forget_failed
-- Failed jobs are not kept for ever, nor what they carry.
DELETE FROM procrastinate_jobs
WHERE
    status IN ('failed', 'cancelled', 'aborted')
    AND NOT EXISTS (
        SELECT FROM procrastinate_events
        WHERE job_id = procrastinate_jobs.id AND at > now() - make_interval(days => %(days)s)
    );

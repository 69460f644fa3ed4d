-- 0076_cost_days_of_parts.sql: a bill says which days it has charges on, so that a question opens no other.
-- Safe beside the previous release as far as reading goes; an import that it begins meanwhile fails on the
-- new columns, and is taken up again by a worker of this one.
SET LOCAL lock_timeout = '4s';
SET LOCAL statement_timeout = '5s';

ALTER TABLE cost_parts ADD COLUMN first_day date, ADD COLUMN last_day date;

UPDATE cost_parts AS part
SET first_day = days.first_day, last_day = days.last_day
FROM (
    SELECT workspace_id, part_id, min(day) AS first_day, max(day) AS last_day
    FROM cost_days
    GROUP BY workspace_id, part_id
) AS days
WHERE part.workspace_id = days.workspace_id AND part.part_id = days.part_id;
-- One without any charge is about no day at all.
UPDATE cost_parts SET first_day = billing_period, last_day = billing_period WHERE first_day IS NULL;

ALTER TABLE cost_parts ALTER COLUMN first_day SET NOT NULL, ALTER COLUMN last_day SET NOT NULL;

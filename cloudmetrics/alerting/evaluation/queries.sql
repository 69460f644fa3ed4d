-- name: due
-- Directory: how many workspaces wait. What is due far ahead was left so before clocks were set back.
SELECT count(*) AS workspaces
FROM alert_workspaces
WHERE due_at <= %(now)s OR due_at > %(horizon)s;

-- name: workspaces
-- Directory: all of them.
SELECT workspace_id FROM alert_workspaces ORDER BY workspace_id;

-- name: claim
-- Directory: takes some workspaces that nobody else is at. Whoever dies over them loses them at %(lease)s.
UPDATE alert_workspaces
SET due_at = %(lease)s
WHERE workspace_id IN (
    SELECT workspace_id
    FROM alert_workspaces
    WHERE due_at <= %(now)s OR due_at > %(horizon)s
    ORDER BY due_at
    LIMIT %(most)s
    FOR UPDATE SKIP LOCKED
)
RETURNING workspace_id;

-- name: done
UPDATE alert_workspaces SET due_at = %(due_at)s WHERE workspace_id = %(workspace_id)s;

-- name: forget
-- The workspace is gone for good. One that waits to be removed may be restored, and goes on then.
DELETE FROM alert_workspaces
WHERE workspace_id = %(workspace_id)s
  AND NOT EXISTS (SELECT FROM workspaces WHERE workspace_id = %(workspace_id)s);

-- name: save
-- The states of several rules, whose locks are held.
UPDATE alert_states AS state
SET evaluated_at = new.evaluated_at, value = new.value, signal = new.signal, details = new.details,
    streak = new.streak, incident_id = new.incident_id, fired_at = new.fired_at, resolved_at = new.resolved_at,
    notified = new.notified, acknowledged_at = new.acknowledged_at, acknowledged_by = new.acknowledged_by,
    problem = new.problem
FROM jsonb_to_recordset(%(states)s::jsonb) AS new (
    alert_id uuid, evaluated_at timestamptz, value double precision, signal double precision, details jsonb,
    streak smallint, incident_id uuid, fired_at timestamptz, resolved_at timestamptz, notified boolean,
    acknowledged_at timestamptz, acknowledged_by jsonb, problem jsonb
)
WHERE state.workspace_id = %(workspace_id)s AND state.alert_id = new.alert_id;

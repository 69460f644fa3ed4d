-- name: rules
-- Rules with how they stand. The braces stand for what chooses among them.
SELECT
    alert.alert_id AS id, alert.name, alert.enabled, alert.condition, alert.fire_after, alert.resolve_after,
    alert.delay_minutes, alert.channel_ids, alert.muted_until, alert.created_at, alert.updated_at,
    state.revision, state.evaluated_at, state.value, state.signal, state.details, state.streak,
    state.incident_id, state.fired_at, state.resolved_at, state.notified, state.acknowledged_at,
    state.acknowledged_by, state.problem
FROM alerts AS alert
JOIN alert_states AS state USING (workspace_id, alert_id)
WHERE alert.workspace_id = %(workspace_id)s AND {chosen};

-- name: status
-- How a rule stands, as an expression. The model says the same, by test.
(
    CASE
        WHEN state.incident_id IS NOT NULL
            AND coalesce(
                state.problem ->> 'code' NOT IN ('WEBSITE_DELETED', 'GOAL_DELETED', 'BUDGET_DELETED'), true
            ) THEN 'FIRING'
        WHEN state.problem ->> 'code' = 'NO_DATA' THEN 'NO_DATA'
        WHEN state.problem IS NOT NULL THEN 'FAILED'
        WHEN state.resolved_at IS NOT NULL THEN 'RESOLVED'
        ELSE 'OK'
    END
);

-- name: announce
-- Directory: from now on the workspace's rules are evaluated, and its old records forgotten. Creations
-- take turns at its row, so that each sees how many rules there are.
INSERT INTO alert_workspaces (workspace_id, due_at)
VALUES (%(workspace_id)s, %(now)s)
ON CONFLICT (workspace_id) DO UPDATE SET due_at = least(alert_workspaces.due_at, excluded.due_at);

-- name: count
SELECT count(*) AS alerts FROM alerts WHERE workspace_id = %(workspace_id)s;

-- name: create
INSERT INTO alerts (
    workspace_id, alert_id, name, enabled, condition, fire_after, resolve_after, delay_minutes, channel_ids,
    created_at, updated_at
)
VALUES (
    %(workspace_id)s, %(id)s, %(name)s, %(enabled)s, %(condition)s::jsonb, %(fire_after)s, %(resolve_after)s,
    %(delay_minutes)s, %(channel_ids)s, %(now)s, %(now)s
);

-- name: create_state
INSERT INTO alert_states (workspace_id, alert_id) VALUES (%(workspace_id)s, %(id)s);

-- name: update
UPDATE alerts
SET name = %(name)s, enabled = %(enabled)s, condition = %(condition)s::jsonb, fire_after = %(fire_after)s,
    resolve_after = %(resolve_after)s, delay_minutes = %(delay_minutes)s, channel_ids = %(channel_ids)s,
    updated_at = %(now)s
WHERE workspace_id = %(workspace_id)s AND alert_id = %(id)s;

-- name: reset_state
-- What was seen of an earlier condition says nothing about a new one.
UPDATE alert_states
SET revision = revision + 1, evaluated_at = NULL, value = NULL, signal = NULL, details = NULL, streak = 0,
    incident_id = NULL, fired_at = NULL, resolved_at = NULL, notified = false, acknowledged_at = NULL,
    acknowledged_by = NULL, problem = NULL
WHERE workspace_id = %(workspace_id)s AND alert_id = %(id)s;

-- name: mute
UPDATE alerts SET muted_until = %(until)s WHERE workspace_id = %(workspace_id)s AND alert_id = %(id)s;

-- name: acknowledge
UPDATE alert_states
SET acknowledged_at = %(now)s, acknowledged_by = %(by)s::jsonb
WHERE workspace_id = %(workspace_id)s AND alert_id = %(id)s;

-- name: delete
-- With its state, its history and what was on its way.
DELETE FROM alerts WHERE workspace_id = %(workspace_id)s AND alert_id = %(id)s RETURNING alert_id AS id;

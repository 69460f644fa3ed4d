-- 0080_alerts.sql: rules that watch numbers, what became of them, and whom they tell.
-- Safe beside the previous release: it only adds tables, and nothing reads them yet.
SET LOCAL lock_timeout = '4s';
SET LOCAL statement_timeout = '5s';

CREATE TABLE alert_workspaces (
    workspace_id uuid PRIMARY KEY,
    -- When its rules are evaluated next; later than that, while somebody is at it.
    due_at       timestamptz NOT NULL
) WITH (fillfactor = 50);
CREATE INDEX ON alert_workspaces (due_at);
COMMENT ON TABLE alert_workspaces IS
'Directory: workspaces with alerts, so that a job finds them before it knows their tenants.';

CREATE TABLE alert_channels (
    workspace_id uuid NOT NULL,
    channel_id   uuid NOT NULL,
    name         text NOT NULL,
    kind         text NOT NULL CHECK (kind IN ('EMAIL', 'SLACK', 'WEBHOOK')),
    -- What may be shown of where it leads: an e-mail address, or the host of a URL.
    destination  text NOT NULL,
    -- Where it leads and the secret that signs, encrypted, since a URL may let anybody in who knows it.
    sealed       bytea NOT NULL,
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, channel_id)
);

CREATE TABLE alerts (
    workspace_id  uuid NOT NULL,
    alert_id      uuid NOT NULL,
    name          text NOT NULL,
    enabled       boolean NOT NULL,
    -- What is watched, and when it is a reason to fire, as the contract writes it.
    condition     jsonb NOT NULL,
    fire_after    smallint NOT NULL,
    resolve_after smallint NOT NULL,
    delay_minutes smallint NOT NULL,
    channel_ids   uuid[] NOT NULL,
    muted_until   timestamptz,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, alert_id)
);

-- Apart from the rules, since it is written every minute.
CREATE TABLE alert_states (
    workspace_id    uuid NOT NULL,
    alert_id        uuid NOT NULL,
    -- Raised with every change of what the rule watches: what was counted for an earlier one is void.
    revision        int NOT NULL DEFAULT 0,
    evaluated_at    timestamptz,
    value           double precision,
    signal          double precision,
    details         jsonb,
    -- In how many evaluations in a row it looked like the other state.
    streak          smallint NOT NULL DEFAULT 0,
    -- The incident that is open, if one is.
    incident_id     uuid,
    fired_at        timestamptz,
    resolved_at     timestamptz,
    notified        boolean NOT NULL DEFAULT false,
    acknowledged_at timestamptz,
    acknowledged_by jsonb,
    problem         jsonb,
    PRIMARY KEY (workspace_id, alert_id)
) WITH (fillfactor = 50);

CREATE TABLE alert_events (
    workspace_id uuid NOT NULL,
    event_id     uuid NOT NULL,
    alert_id     uuid NOT NULL,
    kind         text NOT NULL,
    occurred_at  timestamptz NOT NULL,
    incident_id  uuid,
    value        double precision,
    details      jsonb NOT NULL,
    PRIMARY KEY (workspace_id, event_id)
);
CREATE INDEX ON alert_events (workspace_id, alert_id, event_id);

CREATE TABLE alert_deliveries (
    workspace_id    uuid NOT NULL,
    delivery_id     uuid NOT NULL,
    -- Null for a test of the channel.
    alert_id        uuid,
    incident_id     uuid,
    channel_id      uuid NOT NULL,
    channel_kind    text NOT NULL,
    destination     text NOT NULL,
    status          text NOT NULL CHECK (status IN ('PENDING', 'DELIVERED', 'FAILED')),
    attempts        smallint NOT NULL DEFAULT 0,
    -- What is told, the same in every attempt.
    message         jsonb NOT NULL,
    created_at      timestamptz NOT NULL,
    last_attempt_at timestamptz,
    delivered_at    timestamptz,
    response_status smallint,
    error           text,
    PRIMARY KEY (workspace_id, delivery_id)
);
CREATE INDEX ON alert_deliveries (workspace_id, alert_id, delivery_id);

ALTER TABLE alert_channels ADD FOREIGN KEY (workspace_id) REFERENCES workspaces;
ALTER TABLE alerts ADD FOREIGN KEY (workspace_id) REFERENCES workspaces;
ALTER TABLE alert_states ADD FOREIGN KEY (workspace_id, alert_id) REFERENCES alerts ON DELETE CASCADE;
ALTER TABLE alert_events ADD FOREIGN KEY (workspace_id, alert_id) REFERENCES alerts ON DELETE CASCADE;
ALTER TABLE alert_deliveries ADD FOREIGN KEY (workspace_id, alert_id) REFERENCES alerts ON DELETE CASCADE;

ALTER TABLE alert_channels ENABLE ROW LEVEL SECURITY;
ALTER TABLE alert_channels FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON alert_channels USING (workspace_id = current_setting('app.workspace_id')::uuid);
ALTER TABLE alerts ENABLE ROW LEVEL SECURITY;
ALTER TABLE alerts FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON alerts USING (workspace_id = current_setting('app.workspace_id')::uuid);
ALTER TABLE alert_states ENABLE ROW LEVEL SECURITY;
ALTER TABLE alert_states FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON alert_states USING (workspace_id = current_setting('app.workspace_id')::uuid);
ALTER TABLE alert_events ENABLE ROW LEVEL SECURITY;
ALTER TABLE alert_events FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON alert_events USING (workspace_id = current_setting('app.workspace_id')::uuid);
ALTER TABLE alert_deliveries ENABLE ROW LEVEL SECURITY;
ALTER TABLE alert_deliveries FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON alert_deliveries USING (workspace_id = current_setting('app.workspace_id')::uuid);

GRANT SELECT, INSERT, UPDATE, DELETE
ON alert_workspaces, alert_channels, alerts, alert_states, alert_events, alert_deliveries
TO cloudmetrics_api;

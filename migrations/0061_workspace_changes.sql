-- 0061_workspace_changes.sql: workspaces have versions, so that what did not change need not be read again.
-- Safe beside the previous release as long as that answers nothing by them. But its writes leave versions
-- as they are, so stop it before clients are sent to this one.
SET LOCAL lock_timeout = '4s';
SET LOCAL statement_timeout = '30s';

CREATE TABLE workspace_changes (
    workspace_id uuid NOT NULL,
    change_id    uuid NOT NULL,
    PRIMARY KEY (workspace_id, change_id)
);
COMMENT ON TABLE workspace_changes IS
'The last changes of each workspace. Which of them are there is its version, events aside.';
-- It is rewritten with every change, so that it is read from few pages only if they are cleaned at once.
ALTER TABLE workspace_changes SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

INSERT INTO workspace_changes (workspace_id, change_id)
SELECT workspace_id, gen_random_uuid() FROM workspaces;

ALTER TABLE workspace_changes ENABLE ROW LEVEL SECURITY;
ALTER TABLE workspace_changes FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON workspace_changes USING (workspace_id = current_setting('app.workspace_id')::uuid);

GRANT SELECT, INSERT, DELETE ON workspace_changes TO cloudmetrics_api;

-- name: forget
-- With the commit of a transaction. Whoever commits at the same moment leaves a row as well, so there
-- are few of them at any time.
DELETE FROM workspace_changes WHERE workspace_id = %(workspace_id)s;

-- name: note
-- Nothing where the workspace is gone, or nobody would ever remove the row.
INSERT INTO workspace_changes (workspace_id, change_id)
SELECT workspace_id, %(change_id)s FROM workspaces WHERE workspace_id = %(workspace_id)s;

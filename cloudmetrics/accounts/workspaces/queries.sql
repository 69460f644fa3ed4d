-- name: create
-- One row: a workspace or a sandbox.
INSERT INTO workspaces (workspace_id, name, plan, timezone, currency, sandbox_id, sandbox_of, created_at)
VALUES (%(id)s, %(name)s, %(plan)s, %(timezone)s, %(currency)s, %(sandbox_id)s, %(sandbox_of)s, %(created_at)s);

-- name: get
-- The tenant's own workspace; the policy hides all others.
SELECT workspace_id AS id, name, plan, timezone, currency, created_at, sandbox_id, sandbox_of
FROM workspaces
WHERE workspace_id = %(workspace_id)s;

-- name: create
-- One row: a workspace or a sandbox.
INSERT INTO workspaces (workspace_id, name, plan, timezone, currency, sandbox_id, sandbox_of, created_at)
VALUES (%(id)s, %(name)s, %(plan)s, %(timezone)s, %(currency)s, %(sandbox_id)s, %(sandbox_of)s, %(created_at)s);

-- name: get
-- The tenant's own workspace; the policy hides all others.
SELECT workspace_id AS id, name, plan, timezone, currency, created_at, sandbox_id, sandbox_of
FROM workspaces
WHERE workspace_id = %(workspace_id)s;

-- name: create_user
-- Directory. No row comes back where the address is taken.
INSERT INTO users (user_id, email, created_at)
VALUES (%(id)s, %(email)s, %(created_at)s)
ON CONFLICT (email) DO NOTHING
RETURNING user_id AS id, email, created_at;

-- name: add_member
INSERT INTO memberships (workspace_id, user_id, role, created_at)
VALUES (%(workspace_id)s, %(user_id)s, %(role)s, %(created_at)s);

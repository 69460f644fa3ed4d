-- name: create
-- One row: a workspace or a sandbox.
INSERT INTO workspaces (workspace_id, name, plan, timezone, currency, sandbox_id, sandbox_of, created_at)
VALUES (%(id)s, %(name)s, %(plan)s, %(timezone)s, %(currency)s, %(sandbox_id)s, %(sandbox_of)s, %(created_at)s);

-- name: get
-- The tenant's own workspace; the policy hides all others.
SELECT
    workspace_id AS id, name, plan, timezone, currency, created_at, sandbox_id, sandbox_of,
    cors_origins, allowed_networks, deleted_at
FROM workspaces
WHERE workspace_id = %(workspace_id)s;

-- name: lock
-- Deleting, restoring and changing settings take turns.
SELECT
    workspace_id AS id, name, plan, timezone, currency, created_at, sandbox_id, sandbox_of,
    cors_origins, allowed_networks, deleted_at
FROM workspaces
WHERE workspace_id = %(workspace_id)s
FOR UPDATE;

-- name: update
UPDATE workspaces
SET name = %(name)s, timezone = %(timezone)s, currency = %(currency)s, cors_origins = %(cors_origins)s,
    allowed_networks = %(allowed_networks)s, deleted_at = %(deleted_at)s
WHERE workspace_id = %(id)s;

-- name: put_on_the_list
-- Directory: from this moment on it is removed.
INSERT INTO deleted_workspaces (workspace_id, remove_after)
VALUES (%(workspace_id)s, %(remove_after)s);

-- name: take_off_the_list
-- No row comes back where its time has come, or where it was never on the list.
DELETE FROM deleted_workspaces
WHERE workspace_id = %(workspace_id)s AND remove_after > %(now)s
RETURNING workspace_id;

-- name: due
-- Directory: whose time has come.
SELECT workspace_id
FROM deleted_workspaces
WHERE remove_after <= %(now)s
ORDER BY remove_after;

-- name: tenant_tables
-- Tables with a tenant's rows, partitions left out, and what their foreign keys refer to.
SELECT
    tenant.oid::regclass::text AS name,
    array_remove(array_agg(DISTINCT key.confrelid::regclass::text), NULL) AS refers_to
FROM pg_class AS tenant
JOIN pg_attribute AS attribute ON attribute.attrelid = tenant.oid AND attribute.attname = 'workspace_id'
LEFT JOIN pg_constraint AS key ON key.conrelid = tenant.oid AND key.contype = 'f'
WHERE tenant.relkind IN ('r', 'p')
  AND NOT tenant.relispartition
  AND tenant.relnamespace = 'public'::regnamespace
GROUP BY tenant.oid;

-- name: remove_rows
SELECT remove_tenant_rows(%(name)s::regclass, %(most)s) AS removed;

-- name: forget
-- The last trace of a workspace, once nothing else is left.
DELETE FROM deleted_workspaces
WHERE workspace_id = %(workspace_id)s AND remove_after <= %(now)s;

-- name: create
INSERT INTO api_keys (
    workspace_id, key_id, name, mode, last_four, scopes, created_at, expires_at, allowed_networks, created_by
)
VALUES (
    %(workspace_id)s, %(id)s, %(name)s, %(mode)s, %(last_four)s, %(scopes)s, %(created_at)s, %(expires_at)s,
    %(allowed_networks)s, %(created_by)s
);

-- name: register
-- Directory: from a key's hash to its workspace.
INSERT INTO credentials (digest, workspace_id, key_id)
VALUES (%(digest)s, %(workspace_id)s, %(key_id)s);

-- name: unregister
-- Directory: from now on the key is as unknown as one that never was.
DELETE FROM credentials
WHERE workspace_id = %(workspace_id)s AND key_id = %(key_id)s;

-- name: register_anew
-- Directory: the same key under the hash of a newer secret. Another process may have been quicker.
INSERT INTO credentials (digest, workspace_id, key_id)
VALUES (%(digest)s, %(workspace_id)s, %(key_id)s)
ON CONFLICT (digest) DO NOTHING;

-- name: find
-- Directory: whose key is it, under the newest of the hashes that it has?
SELECT digest, workspace_id, key_id
FROM credentials
WHERE digest = ANY(%(digests)s)
ORDER BY array_position(%(digests)s, digest)
LIMIT 1;

-- name: get_active
-- What the key may do, from where, and how much by its workspace's plan and limits,
-- unless it was revoked or its workspace waits to be removed.
SELECT
    key.workspace_id, key.key_id, key.scopes, key.expires_at, space.plan, space.limits, space.cors_origins,
    key.allowed_networks AS key_networks, space.allowed_networks AS workspace_networks,
    space.sandbox_of IS NOT NULL AS is_sandbox
FROM api_keys AS key
JOIN workspaces AS space USING (workspace_id)
WHERE key.workspace_id = %(workspace_id)s
  AND key.key_id = %(key_id)s
  AND key.revoked_at IS NULL
  AND space.deleted_at IS NULL;

-- name: list
SELECT
    key_id AS id, workspace_id, name, mode, last_four, scopes, created_at, expires_at, allowed_networks,
    created_by, rotated_to, last_used_at, revoked_at
FROM api_keys
WHERE workspace_id = %(workspace_id)s
  AND {where}
ORDER BY {order}
LIMIT %(limit)s;

-- name: get
SELECT
    key_id AS id, workspace_id, name, mode, last_four, scopes, created_at, expires_at, allowed_networks,
    created_by, rotated_to, last_used_at, revoked_at
FROM api_keys
WHERE workspace_id = %(workspace_id)s AND key_id = %(key_id)s;

-- name: lock
-- Of two who change or rotate a key at the same time, the second sees what the first did.
SELECT
    key_id AS id, workspace_id, name, mode, last_four, scopes, created_at, expires_at, allowed_networks,
    created_by, rotated_to, last_used_at, revoked_at
FROM api_keys
WHERE workspace_id = %(workspace_id)s AND key_id = %(key_id)s
FOR UPDATE;

-- name: update
UPDATE api_keys
SET name = %(name)s, scopes = %(scopes)s, expires_at = %(expires_at)s, allowed_networks = %(allowed_networks)s,
    rotated_to = %(rotated_to)s, revoked_at = %(revoked_at)s
WHERE workspace_id = %(workspace_id)s AND key_id = %(id)s;

-- name: touch
-- Keys of one workspace and when each was last used. A process that is late must not turn time back.
UPDATE api_keys AS key
SET last_used_at = greatest(key.last_used_at, used.at)
FROM unnest(%(key_ids)s::uuid[], %(moments)s::timestamptz[]) AS used (key_id, at)
WHERE key.workspace_id = %(workspace_id)s AND key.key_id = used.key_id;

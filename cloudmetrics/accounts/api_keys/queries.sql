-- name: create
INSERT INTO api_keys (workspace_id, key_id, name, mode, last_four, scopes, created_at, expires_at)
VALUES (%(workspace_id)s, %(id)s, %(name)s, %(mode)s, %(last_four)s, %(scopes)s, %(created_at)s, %(expires_at)s);

-- name: register
-- Directory: from a key's hash to its workspace.
INSERT INTO credentials (digest, workspace_id, key_id)
VALUES (%(digest)s, %(workspace_id)s, %(key_id)s);

-- name: find
-- Directory: whose key is it?
SELECT workspace_id, key_id
FROM credentials
WHERE digest = %(digest)s;

-- name: get_active
-- What the key may do, and how much by its workspace's plan and limits, unless it was revoked.
SELECT workspace_id, key_id, scopes, expires_at, plan, limits
FROM api_keys JOIN workspaces USING (workspace_id)
WHERE workspace_id = %(workspace_id)s AND key_id = %(key_id)s AND revoked_at IS NULL;

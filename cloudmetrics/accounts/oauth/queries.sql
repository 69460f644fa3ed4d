-- All of these are directory tables: what a person allows spans workspaces.

-- name: add_code
INSERT INTO oauth_codes (
    digest, grant_id, client_id, user_id, workspace_ids, scopes, redirect_uri, challenge, expires_at
)
VALUES (
    %(digest)s, %(grant_id)s, %(client_id)s, %(user_id)s, %(workspace_ids)s, %(scopes)s, %(redirect_uri)s,
    %(challenge)s, %(expires_at)s
);

-- name: find_code
SELECT
    digest, grant_id, client_id, user_id, workspace_ids, scopes, redirect_uri, challenge,
    used_at IS NOT NULL AS used, expires_at <= %(now)s AS expired
FROM oauth_codes
WHERE digest = ANY(%(digests)s);

-- name: use_code
-- Of several that come with one code at the same time, one gets a row.
UPDATE oauth_codes
SET used_at = %(now)s
WHERE digest = %(digest)s AND used_at IS NULL AND expires_at > %(now)s
RETURNING grant_id;

-- name: add_grant
INSERT INTO oauth_grants (grant_id, client_id, user_id, workspace_ids, scopes, created_at, used_at)
VALUES (
    %(grant_id)s, %(client_id)s, %(user_id)s, %(workspace_ids)s, %(scopes)s, %(now)s, %(now)s
);

-- name: touch_grant
-- No row comes back where the grant was revoked meanwhile.
UPDATE oauth_grants
SET used_at = %(now)s
WHERE grant_id = %(grant_id)s AND revoked_at IS NULL
RETURNING grant_id;

-- name: workspaces_of
SELECT workspace_ids
FROM oauth_grants
WHERE grant_id = %(grant_id)s AND revoked_at IS NULL;

-- name: extend_grant
UPDATE oauth_grants
SET workspace_ids = workspace_ids || %(workspace_id)s::uuid
WHERE grant_id = %(grant_id)s AND NOT %(workspace_id)s = ANY(workspace_ids);

-- name: revoke_grant
-- If a person is named, only one that is theirs.
UPDATE oauth_grants
SET revoked_at = %(now)s
WHERE grant_id = %(grant_id)s AND revoked_at IS NULL
    AND user_id = coalesce(%(user_id)s::uuid, user_id)
RETURNING client_id, user_id, workspace_ids, scopes;

-- name: list_of_user
-- What a person allows at present, last used first. A grant whose client is gone or which has no
-- refresh token any more is worth nothing.
SELECT g.grant_id AS id, c.name AS client_name, g.scopes, g.created_at, g.used_at
FROM oauth_grants AS g
JOIN oauth_clients AS c USING (client_id)
JOIN users AS u USING (user_id)
WHERE g.user_id = %(user_id)s AND g.revoked_at IS NULL AND c.deleted_at IS NULL
    AND g.created_at >= coalesce(u.sessions_after, g.created_at)
    AND EXISTS (
        SELECT FROM oauth_refresh_tokens AS r
        WHERE r.grant_id = g.grant_id AND r.used_at IS NULL AND r.expires_at > %(now)s
    )
ORDER BY g.used_at DESC
LIMIT 100;

-- name: add_refresh_token
INSERT INTO oauth_refresh_tokens (digest, grant_id, expires_at)
VALUES (%(digest)s, %(grant_id)s, %(expires_at)s);

-- name: find_refresh_token
SELECT
    r.digest, r.grant_id, g.client_id, g.user_id, g.workspace_ids, g.scopes,
    r.used_at IS NOT NULL AS used,
    r.expires_at <= %(now)s OR g.revoked_at IS NOT NULL
        OR g.created_at < coalesce(u.sessions_after, g.created_at) AS expired
FROM oauth_refresh_tokens AS r
JOIN oauth_grants AS g USING (grant_id)
JOIN users AS u USING (user_id)
WHERE r.digest = ANY(%(digests)s);

-- name: use_refresh_token
-- Of several that come with one token at the same time, one gets a row.
UPDATE oauth_refresh_tokens
SET used_at = %(now)s
WHERE digest = %(digest)s AND used_at IS NULL AND expires_at > %(now)s
RETURNING grant_id;

-- name: revoke_token
INSERT INTO oauth_revoked_tokens (token_id, expires_at)
VALUES (%(token_id)s, %(expires_at)s)
ON CONFLICT (token_id) DO NOTHING;

-- name: forget_codes
-- A code is remembered for a day, so that a second use is recognised.
DELETE FROM oauth_codes
WHERE expires_at < %(now)s - interval '1 day';

-- name: forget_refresh_tokens
-- Those that would be refused for their age anyway.
DELETE FROM oauth_refresh_tokens
WHERE expires_at < %(now)s;

-- name: forget_grants
-- Those without any refresh token, once their last access token and the memory of their code are gone.
DELETE FROM oauth_grants AS g
WHERE g.used_at < %(now)s - interval '2 days'
    AND NOT EXISTS (SELECT FROM oauth_refresh_tokens AS r WHERE r.grant_id = g.grant_id);

-- name: forget_revoked_tokens
DELETE FROM oauth_revoked_tokens
WHERE expires_at < %(now)s;

-- name: standing_of_grant
-- As one tenant, whose memberships alone can be seen: the role there of the person who allowed it.
-- A new password ends what was allowed before it.
SELECT
    m.role, c.scopes AS client_scopes, w.plan, w.limits, w.allowed_networks, w.cors_origins,
    w.deleted_at IS NOT NULL AS deleted, g.workspace_ids,
    w.sandbox_of IS NOT NULL AS is_sandbox
FROM oauth_grants AS g
JOIN oauth_clients AS c USING (client_id)
JOIN users AS u USING (user_id)
JOIN memberships AS m ON m.workspace_id = %(workspace_id)s AND m.user_id = g.user_id
JOIN workspaces AS w ON w.workspace_id = m.workspace_id
WHERE g.grant_id = %(grant_id)s AND g.revoked_at IS NULL AND c.deleted_at IS NULL
    AND g.created_at >= coalesce(u.sessions_after, g.created_at)
    AND %(workspace_id)s = ANY(g.workspace_ids)
    AND NOT EXISTS (SELECT FROM oauth_revoked_tokens WHERE token_id = %(token_id)s);

-- name: standing_of_consent
-- The same before there is a grant, or whatever becomes of it.
SELECT
    m.role, c.scopes AS client_scopes, w.plan, w.limits, w.allowed_networks, w.cors_origins,
    w.deleted_at IS NOT NULL AS deleted, ARRAY[w.workspace_id] AS workspace_ids,
    w.sandbox_of IS NOT NULL AS is_sandbox
FROM memberships AS m
JOIN workspaces AS w USING (workspace_id)
JOIN oauth_clients AS c ON c.client_id = %(client_id)s AND c.deleted_at IS NULL
WHERE m.workspace_id = %(workspace_id)s AND m.user_id = %(user_id)s;

-- name: standing_of_client
-- A client that acts for its own workspace, which must not wait to be removed.
SELECT
    NULL AS role, c.scopes AS client_scopes, w.plan, w.limits, w.allowed_networks, w.cors_origins,
    w.deleted_at IS NOT NULL AS deleted, ARRAY[w.workspace_id] AS workspace_ids,
    w.sandbox_of IS NOT NULL AS is_sandbox
FROM oauth_clients AS c
JOIN workspaces AS w USING (workspace_id)
WHERE c.client_id = %(client_id)s AND c.workspace_id = %(workspace_id)s AND c.deleted_at IS NULL
    AND 'CLIENT_CREDENTIALS' = ANY(c.grant_types) AND w.deleted_at IS NULL
    AND NOT EXISTS (SELECT FROM oauth_revoked_tokens WHERE token_id = %(token_id)s);

-- name: standing_of_member
-- A person whom an outside issuer names: no client of ours stands between.
SELECT
    m.role, NULL AS client_scopes, w.plan, w.limits, w.allowed_networks, w.cors_origins,
    w.deleted_at IS NOT NULL AS deleted, ARRAY[w.workspace_id] AS workspace_ids,
    w.sandbox_of IS NOT NULL AS is_sandbox
FROM memberships AS m
JOIN workspaces AS w USING (workspace_id)
WHERE m.workspace_id = %(workspace_id)s AND m.user_id = %(user_id)s;

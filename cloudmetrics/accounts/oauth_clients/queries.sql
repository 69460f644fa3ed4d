-- name: create
INSERT INTO oauth_clients (
    client_id, workspace_id, name, kind, grant_types, redirect_uris, scopes, secret_digest, created_at, updated_at
)
VALUES (
    %(id)s, %(workspace_id)s, %(name)s, %(kind)s, %(grant_types)s, %(redirect_uris)s, %(scopes)s,
    %(secret_digest)s, %(created_at)s, %(updated_at)s
);

-- name: list
SELECT client_id AS id, workspace_id, name, kind, grant_types, redirect_uris, scopes, created_at, updated_at
FROM oauth_clients
WHERE workspace_id = %(workspace_id)s AND deleted_at IS NULL AND {where}
ORDER BY {order}
LIMIT %(limit)s;

-- name: get
SELECT client_id AS id, workspace_id, name, kind, grant_types, redirect_uris, scopes, created_at, updated_at
FROM oauth_clients
WHERE workspace_id = %(workspace_id)s AND client_id = %(client_id)s AND deleted_at IS NULL;

-- name: lock
SELECT client_id AS id, workspace_id, name, kind, grant_types, redirect_uris, scopes, created_at, updated_at
FROM oauth_clients
WHERE workspace_id = %(workspace_id)s AND client_id = %(client_id)s AND deleted_at IS NULL
FOR UPDATE;

-- name: update
UPDATE oauth_clients
SET name = %(name)s, grant_types = %(grant_types)s, redirect_uris = %(redirect_uris)s, scopes = %(scopes)s,
    updated_at = %(updated_at)s
WHERE workspace_id = %(workspace_id)s AND client_id = %(id)s;

-- name: rotate_secret
UPDATE oauth_clients
SET secret_digest = %(secret_digest)s, updated_at = %(now)s,
    previous_digest = CASE WHEN %(previous_until)s::timestamptz > %(now)s THEN secret_digest END,
    previous_until = CASE WHEN %(previous_until)s::timestamptz > %(now)s THEN %(previous_until)s::timestamptz END
WHERE workspace_id = %(workspace_id)s AND client_id = %(client_id)s;

-- name: delete
UPDATE oauth_clients
SET deleted_at = %(now)s
WHERE workspace_id = %(workspace_id)s AND client_id = %(client_id)s;

-- name: find
-- Directory: a client of any workspace.
SELECT client_id AS id, workspace_id, name, kind, grant_types, redirect_uris, scopes, created_at, updated_at
FROM oauth_clients
WHERE client_id = %(client_id)s AND deleted_at IS NULL;

-- name: has_secret
-- Directory: whether this is the client's secret, or the one before it that goes on for a while.
SELECT secret_digest
FROM oauth_clients
WHERE client_id = %(client_id)s AND deleted_at IS NULL
    AND (
        secret_digest = ANY(%(digests)s)
        OR previous_digest = ANY(%(digests)s) AND previous_until > %(now)s
    );

-- name: renew_digest
-- The same secret under the hash of a newer secret key, unless it was rotated meanwhile.
UPDATE oauth_clients
SET secret_digest = %(newest)s
WHERE workspace_id = %(workspace_id)s AND client_id = %(client_id)s AND secret_digest = ANY(%(digests)s);

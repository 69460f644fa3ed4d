-- name: create
-- One that was never answered makes way for a new one; one that still can be does not.
INSERT INTO invitations (workspace_id, invitation_id, email, role, invited_by, created_at, expires_at)
VALUES (
    %(workspace_id)s, %(id)s, %(email)s, %(role)s, %(invited_by)s, %(created_at)s, %(expires_at)s
)
ON CONFLICT (workspace_id, email) DO NOTHING
RETURNING invitation_id;

-- name: clear_expired
DELETE FROM invitations
WHERE workspace_id = %(workspace_id)s AND email = %(email)s AND expires_at <= %(now)s;

-- name: list
SELECT invitation_id AS id, email, role, invited_by, created_at, expires_at
FROM invitations
WHERE workspace_id = %(workspace_id)s AND {where}
ORDER BY {order}
LIMIT %(limit)s;

-- name: get
SELECT invitation_id AS id, email, role, invited_by, created_at, expires_at
FROM invitations
WHERE workspace_id = %(workspace_id)s AND invitation_id = %(invitation_id)s;

-- name: lock
SELECT invitation_id AS id, email, role, invited_by, created_at, expires_at
FROM invitations
WHERE workspace_id = %(workspace_id)s AND invitation_id = %(invitation_id)s
FOR UPDATE;

-- name: extend
UPDATE invitations
SET expires_at = %(expires_at)s
WHERE workspace_id = %(workspace_id)s AND invitation_id = %(invitation_id)s;

-- name: remove
-- Of two who accept or revoke it at the same time, one gets a row.
DELETE FROM invitations
WHERE workspace_id = %(workspace_id)s AND invitation_id = %(invitation_id)s
RETURNING invitation_id;

-- name: forget_tokens
-- Directory: links that were sent before lead nowhere from now on.
DELETE FROM invitation_tokens
WHERE workspace_id = %(workspace_id)s AND invitation_id = %(invitation_id)s;

-- name: add_token
INSERT INTO invitation_tokens (digest, workspace_id, invitation_id)
VALUES (%(digest)s, %(workspace_id)s, %(invitation_id)s);

-- name: find_token
-- Directory: where does a link lead?
SELECT workspace_id, invitation_id
FROM invitation_tokens
WHERE digest = ANY (%(digests)s);

-- name: offer
-- As the tenant. A workspace that waits to be removed takes nobody in.
SELECT
    invitation.workspace_id, space.name AS workspace_name, invitation.email, invitation.role, person.user_id
FROM invitations AS invitation
JOIN workspaces AS space USING (workspace_id)
LEFT JOIN users AS person ON person.email = invitation.email
WHERE invitation.workspace_id = %(workspace_id)s
  AND invitation.invitation_id = %(invitation_id)s
  AND invitation.expires_at > %(now)s
  AND space.deleted_at IS NULL;

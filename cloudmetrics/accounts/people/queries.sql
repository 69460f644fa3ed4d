-- name: create
-- Directory. No row comes back where the address is taken.
INSERT INTO users (user_id, email, created_at)
VALUES (%(id)s, %(email)s, %(created_at)s)
ON CONFLICT (email) DO NOTHING
RETURNING user_id AS id, email, created_at;

-- name: get
SELECT user_id AS id, email, created_at, sessions_after
FROM users
WHERE user_id = %(user_id)s;

-- name: find_account
-- All that signing in needs, in one question, whether there is such an account or not.
SELECT
    person.user_id AS id, person.email, person.created_at, person.sessions_after, person.password_hash,
    factor.secret, factor.last_step
FROM users AS person
LEFT JOIN second_factors AS factor ON factor.user_id = person.user_id AND factor.confirmed_at IS NOT NULL
WHERE person.email = %(email)s OR person.user_id = %(user_id)s;

-- name: rehash
-- Only while the hash is still the one that was checked: a new password must not be undone.
UPDATE users
SET password_hash = %(new_hash)s
WHERE user_id = %(user_id)s AND password_hash = %(old_hash)s;

-- name: set_password
-- Whoever was signed in with the old password no longer is.
UPDATE users
SET password_hash = %(password_hash)s, sessions_after = %(now)s
WHERE user_id = %(user_id)s
RETURNING user_id AS id, email, created_at, sessions_after;

-- name: create_token
INSERT INTO user_tokens (digest, user_id, expires_at)
VALUES (%(digest)s, %(user_id)s, %(expires_at)s);

-- name: peek_token
SELECT person.user_id AS id, person.email, person.created_at, person.sessions_after
FROM user_tokens AS token
JOIN users AS person USING (user_id)
WHERE token.digest = ANY (%(digests)s) AND token.expires_at > %(now)s;

-- name: use_token
-- Of two who bring it at the same time, one gets a row.
DELETE FROM user_tokens
WHERE digest = ANY (%(digests)s) AND expires_at > %(now)s
RETURNING user_id;

-- name: forget_tokens
-- The person's other tokens, and whatever has expired.
DELETE FROM user_tokens
WHERE user_id = %(user_id)s OR expires_at <= %(now)s;

-- name: begin_factor
-- No row comes back where a confirmed factor stands in the way.
INSERT INTO second_factors (user_id, secret, last_step)
VALUES (%(user_id)s, %(secret)s, 0)
ON CONFLICT (user_id) DO UPDATE SET secret = excluded.secret, last_step = 0
WHERE second_factors.confirmed_at IS NULL
RETURNING user_id;

-- name: has_factor
SELECT user_id
FROM second_factors
WHERE user_id = %(user_id)s AND confirmed_at IS NOT NULL;

-- name: pending_factor
SELECT secret, last_step
FROM second_factors
WHERE user_id = %(user_id)s AND confirmed_at IS NULL
FOR UPDATE;

-- name: confirm_factor
UPDATE second_factors
SET confirmed_at = %(now)s, last_step = %(step)s
WHERE user_id = %(user_id)s;

-- name: use_step
-- A code is accepted once: of two at the same time, one gets a row.
UPDATE second_factors
SET last_step = %(step)s
WHERE user_id = %(user_id)s AND last_step < %(step)s
RETURNING user_id;

-- name: add_recovery_code
INSERT INTO recovery_codes (user_id, digest)
VALUES (%(user_id)s, %(digest)s);

-- name: use_recovery_code
DELETE FROM recovery_codes
WHERE user_id = %(user_id)s AND digest = ANY (%(digests)s)
RETURNING user_id;

-- name: remove_factor
DELETE FROM second_factors
WHERE user_id = %(user_id)s
RETURNING user_id;

-- name: workspaces_of
-- Directory: where the person is a member.
SELECT workspace_id
FROM user_workspaces
WHERE user_id = %(user_id)s
ORDER BY workspace_id;

-- name: membership
-- As the tenant.
SELECT member.workspace_id, space.name, member.role, space.deleted_at
FROM memberships AS member
JOIN workspaces AS space USING (workspace_id)
WHERE member.workspace_id = %(workspace_id)s AND member.user_id = %(user_id)s;

-- name: join_directory
INSERT INTO user_workspaces (user_id, workspace_id)
VALUES (%(user_id)s, %(workspace_id)s)
ON CONFLICT DO NOTHING;

-- name: join
INSERT INTO memberships (workspace_id, user_id, role, created_at)
VALUES (%(workspace_id)s, %(user_id)s, %(role)s, %(created_at)s)
ON CONFLICT DO NOTHING
RETURNING user_id;

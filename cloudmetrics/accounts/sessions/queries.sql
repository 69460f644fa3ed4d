-- name: create
INSERT INTO browser_sessions (digest, user_id, created_at, expires_at)
VALUES (%(digest)s, %(user_id)s, %(now)s, %(expires_at)s);

-- name: forget_expired
DELETE FROM browser_sessions
WHERE expires_at < %(now)s;

-- name: find
-- Whoever has set another password meanwhile has signed out everywhere.
SELECT person.user_id AS id, person.email, person.created_at, person.sessions_after
FROM browser_sessions AS session
JOIN users AS person USING (user_id)
WHERE session.digest = ANY(%(digests)s) AND session.expires_at > %(now)s
    AND (person.sessions_after IS NULL OR session.created_at >= person.sessions_after);

-- name: delete
DELETE FROM browser_sessions
WHERE digest = ANY(%(digests)s);

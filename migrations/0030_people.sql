-- 0030_people.sql: people sign in, and what is done in a workspace is written down.
-- Safe beside the previous release, which neither reads nor writes what is added. It could make an
-- owner meanwhile who is missing in user_workspaces; it makes owners only by `make owner`.
SET LOCAL lock_timeout = '4s';
SET LOCAL statement_timeout = '60s';

ALTER TABLE users
    -- argon2id with its parameters; null until the person has set a password.
    ADD COLUMN password_hash text,
    -- Sessions and tokens that began before this moment are over.
    ADD COLUMN sessions_after timestamptz;

CREATE TABLE user_tokens (
    digest     bytea PRIMARY KEY,
    user_id    uuid NOT NULL REFERENCES users,
    expires_at timestamptz NOT NULL
);
CREATE INDEX ON user_tokens (user_id);
COMMENT ON TABLE user_tokens IS 'Directory: keyed hashes of one-time tokens, each of which sets a password.';

CREATE TABLE second_factors (
    user_id      uuid PRIMARY KEY REFERENCES users,
    -- Encrypted: a copy of the database alone makes no codes.
    secret       bytea NOT NULL,
    -- Null until a first code has shown that the person has the secret.
    confirmed_at timestamptz,
    -- The 30 seconds of the last code that was accepted; none before or of it is accepted again.
    last_step    bigint NOT NULL
);
COMMENT ON TABLE second_factors IS 'Directory: the TOTP secrets of people.';

CREATE TABLE recovery_codes (
    user_id uuid NOT NULL REFERENCES second_factors ON DELETE CASCADE,
    digest  bytea NOT NULL,
    PRIMARY KEY (user_id, digest)
);
COMMENT ON TABLE recovery_codes IS 'Directory: keyed hashes of codes for those who lost their second factor.';

CREATE TABLE user_workspaces (
    user_id      uuid NOT NULL REFERENCES users,
    workspace_id uuid NOT NULL,
    PRIMARY KEY (user_id, workspace_id)
);
COMMENT ON TABLE user_workspaces IS 'Directory: where a person is a member. Role and all else stand in memberships.';

CREATE TABLE audit_log (
    workspace_id    uuid NOT NULL,
    entry_id        uuid NOT NULL,
    recorded_at     timestamptz NOT NULL,
    action          text COLLATE "C" NOT NULL,
    -- Who: a person, a credential, both, or neither where the service acted on its own account.
    user_id         uuid,
    credential_kind text COLLATE "C",
    credential_id   uuid,
    address         text,
    subject_kind    text COLLATE "C" NOT NULL,
    subject_id      uuid,
    details         jsonb NOT NULL,
    request_id      text,
    PRIMARY KEY (workspace_id, entry_id)
);

-- An owner of the database who is no superuser is under this policy too.
ALTER TABLE memberships NO FORCE ROW LEVEL SECURITY;
INSERT INTO user_workspaces (user_id, workspace_id) SELECT user_id, workspace_id FROM memberships;
ALTER TABLE memberships FORCE ROW LEVEL SECURITY;

ALTER TABLE audit_log ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_log FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON audit_log USING (workspace_id = current_setting('app.workspace_id')::uuid);

GRANT UPDATE ON users TO cloudmetrics_api;
GRANT SELECT, INSERT, UPDATE, DELETE ON user_tokens, second_factors, recovery_codes TO cloudmetrics_api;
GRANT SELECT, INSERT, DELETE ON user_workspaces TO cloudmetrics_api;
GRANT DELETE ON memberships TO cloudmetrics_api;
-- What was written down stays as it is: nobody who serves requests may change or remove it.
GRANT SELECT, INSERT ON audit_log TO cloudmetrics_api;

-- 0040_oauth.sql: OAuth clients, and what people allowed them.
-- Safe beside the previous release: it only adds tables, and nothing reads them yet.
--
-- All of them are directory tables. A client is looked up before anybody knows
-- whose it is, and what a person allows spans the person's workspaces. Secrets,
-- codes and tokens are kept as keyed hashes only.
SET LOCAL lock_timeout = '4s';
SET LOCAL statement_timeout = '5s';

CREATE TABLE oauth_clients (
    client_id        uuid PRIMARY KEY,
    workspace_id     uuid NOT NULL,
    name             text NOT NULL,
    kind             text NOT NULL CHECK (kind IN ('PUBLIC', 'CONFIDENTIAL')),
    grant_types      text[] NOT NULL,
    redirect_uris    text[] NOT NULL,
    scopes           text[] NOT NULL,
    secret_digest    bytea,
    -- The secret before this one goes on for as long as whoever rotated it chose.
    previous_digest  bytea,
    previous_until   timestamptz,
    created_at       timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL,
    deleted_at       timestamptz,
    CHECK ((kind = 'CONFIDENTIAL') = (secret_digest IS NOT NULL)),
    CHECK ((previous_digest IS NULL) = (previous_until IS NULL))
);
COMMENT ON TABLE oauth_clients IS 'Directory: programs that may ask people for access, or act for their own workspace.';
CREATE INDEX ON oauth_clients (workspace_id, client_id) WHERE deleted_at IS NULL;

CREATE TABLE oauth_grants (
    grant_id      uuid PRIMARY KEY,
    client_id     uuid NOT NULL,
    user_id       uuid NOT NULL,
    -- Where the client may act; in the first of them, where a request names none.
    workspace_ids uuid[] NOT NULL CHECK (cardinality(workspace_ids) > 0),
    scopes        text[] NOT NULL,
    created_at    timestamptz NOT NULL,
    used_at       timestamptz NOT NULL,
    revoked_at    timestamptz
);
COMMENT ON TABLE oauth_grants IS 'Directory: what a person allowed a client, the family that its tokens belong to.';
CREATE INDEX ON oauth_grants (user_id) WHERE revoked_at IS NULL;

CREATE TABLE oauth_codes (
    digest        bytea PRIMARY KEY,
    -- The grant that the code turns into; there is none until then.
    grant_id      uuid NOT NULL,
    client_id     uuid NOT NULL,
    user_id       uuid NOT NULL,
    workspace_ids uuid[] NOT NULL,
    scopes        text[] NOT NULL,
    redirect_uri  text NOT NULL,
    challenge     text NOT NULL,
    expires_at    timestamptz NOT NULL,
    used_at       timestamptz
);
COMMENT ON TABLE oauth_codes IS 'Directory: authorization codes. Used ones stay a day, so that a second use is recognised.';
CREATE INDEX ON oauth_codes (expires_at);

CREATE TABLE oauth_refresh_tokens (
    digest     bytea PRIMARY KEY,
    grant_id   uuid NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at    timestamptz
);
COMMENT ON TABLE oauth_refresh_tokens IS 'Directory: refresh tokens. Used ones stay until they expire, so that a second use is recognised.';
CREATE INDEX ON oauth_refresh_tokens (grant_id);
CREATE INDEX ON oauth_refresh_tokens (expires_at);

CREATE TABLE oauth_revoked_tokens (
    token_id   uuid PRIMARY KEY,
    expires_at timestamptz NOT NULL
);
COMMENT ON TABLE oauth_revoked_tokens IS 'Directory: access tokens that ended before their time, until they would have expired anyway.';
CREATE INDEX ON oauth_revoked_tokens (expires_at);

-- What was a workspace's or a person's goes with it.
ALTER TABLE oauth_clients ADD FOREIGN KEY (workspace_id) REFERENCES workspaces ON DELETE CASCADE;
ALTER TABLE oauth_grants ADD FOREIGN KEY (client_id) REFERENCES oauth_clients ON DELETE CASCADE;
ALTER TABLE oauth_grants ADD FOREIGN KEY (user_id) REFERENCES users ON DELETE CASCADE;
ALTER TABLE oauth_codes ADD FOREIGN KEY (client_id) REFERENCES oauth_clients ON DELETE CASCADE;
ALTER TABLE oauth_codes ADD FOREIGN KEY (user_id) REFERENCES users ON DELETE CASCADE;
ALTER TABLE oauth_refresh_tokens ADD FOREIGN KEY (grant_id) REFERENCES oauth_grants ON DELETE CASCADE;

-- Everybody may look a client up; only its own workspace changes it.
ALTER TABLE oauth_clients ENABLE ROW LEVEL SECURITY;
ALTER TABLE oauth_clients FORCE ROW LEVEL SECURITY;
CREATE POLICY directory ON oauth_clients FOR SELECT USING (true);
CREATE POLICY tenant_inserts ON oauth_clients FOR INSERT
    WITH CHECK (workspace_id = current_setting('app.workspace_id')::uuid);
CREATE POLICY tenant_updates ON oauth_clients FOR UPDATE
    USING (workspace_id = current_setting('app.workspace_id')::uuid);
-- The API deletes none; this is for the removal of a whole workspace.
CREATE POLICY tenant_deletes ON oauth_clients FOR DELETE
    USING (workspace_id = current_setting('app.workspace_id')::uuid);

GRANT SELECT, INSERT, UPDATE ON oauth_clients TO cloudmetrics_api;
GRANT SELECT, INSERT, UPDATE, DELETE ON oauth_grants, oauth_codes, oauth_refresh_tokens TO cloudmetrics_api;
GRANT SELECT, INSERT, DELETE ON oauth_revoked_tokens TO cloudmetrics_api;

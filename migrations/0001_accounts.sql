-- 0001_accounts.sql: workspaces, the people in them, and their API keys.
-- Safe beside any release: it only adds tables, and nothing reads them yet.
--
-- Every tenant table has a key that begins with workspace_id and is fenced by a
-- policy. Directory tables (users, credentials) are looked up before the tenant
-- is known, so they hold nothing that a tenant would mind.
SET LOCAL lock_timeout = '4s';
SET LOCAL statement_timeout = '5s';

CREATE TABLE users (
    user_id    uuid PRIMARY KEY,
    -- In lower case; the service sees to it, since it knows more alphabets than this collation.
    email      text COLLATE "C" NOT NULL UNIQUE,
    created_at timestamptz NOT NULL
);
COMMENT ON TABLE users IS 'Directory: people, who may belong to several workspaces.';

CREATE TABLE credentials (
    digest       bytea PRIMARY KEY,
    workspace_id uuid NOT NULL,
    key_id       uuid NOT NULL
);
COMMENT ON TABLE credentials IS 'Directory: the keyed hash of an API key, and whose key it is.';

CREATE TABLE workspaces (
    -- Connections that name no tenant carry the nil UUID, so it must own nothing.
    workspace_id uuid PRIMARY KEY CHECK (workspace_id <> '00000000-0000-0000-0000-000000000000'),
    name         text NOT NULL,
    plan         text NOT NULL CHECK (plan IN ('FREE', 'PRO', 'STARTER', 'GROWTH', 'ENTERPRISE')),
    timezone     text NOT NULL,
    currency     text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    -- A workspace and its sandbox name each other; a row is one or the other.
    sandbox_id   uuid,
    sandbox_of   uuid,
    created_at   timestamptz NOT NULL,
    CHECK (num_nonnulls(sandbox_id, sandbox_of) = 1)
);

CREATE TABLE memberships (
    workspace_id uuid NOT NULL,
    user_id      uuid NOT NULL,
    role         text NOT NULL CHECK (role IN ('OWNER', 'ADMIN', 'EDITOR', 'VIEWER')),
    created_at   timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, user_id)
);

CREATE TABLE api_keys (
    workspace_id uuid NOT NULL,
    key_id       uuid NOT NULL,
    name         text NOT NULL,
    mode         text NOT NULL CHECK (mode IN ('live', 'test')),
    last_four    text NOT NULL,
    scopes       text[] NOT NULL,
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz,
    revoked_at   timestamptz,
    PRIMARY KEY (workspace_id, key_id)
);

ALTER TABLE memberships ADD FOREIGN KEY (workspace_id) REFERENCES workspaces;
ALTER TABLE memberships ADD FOREIGN KEY (user_id) REFERENCES users;
ALTER TABLE api_keys ADD FOREIGN KEY (workspace_id) REFERENCES workspaces;

-- The bare current_setting() is the only form that a distributed PostgreSQL pushes down.
ALTER TABLE workspaces ENABLE ROW LEVEL SECURITY;
ALTER TABLE workspaces FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON workspaces USING (workspace_id = current_setting('app.workspace_id')::uuid);
ALTER TABLE memberships ENABLE ROW LEVEL SECURITY;
ALTER TABLE memberships FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON memberships USING (workspace_id = current_setting('app.workspace_id')::uuid);
ALTER TABLE api_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE api_keys FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON api_keys USING (workspace_id = current_setting('app.workspace_id')::uuid);

GRANT SELECT, INSERT ON users, credentials TO cloudmetrics_api;
GRANT SELECT, INSERT, UPDATE ON workspaces, memberships, api_keys TO cloudmetrics_api;

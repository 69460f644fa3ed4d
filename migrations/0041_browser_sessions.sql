-- 0041_browser_sessions.sql: who is signed in, in which browser, on the pages under /oauth.
-- Safe beside the previous release: it only adds a table, and nothing reads it yet.
SET LOCAL lock_timeout = '4s';
SET LOCAL statement_timeout = '5s';

CREATE TABLE browser_sessions (
    digest     bytea PRIMARY KEY,
    user_id    uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
COMMENT ON TABLE browser_sessions IS 'Directory: keyed hashes of the cookies of people who signed in.';
CREATE INDEX ON browser_sessions (user_id);
CREATE INDEX ON browser_sessions (expires_at);

GRANT SELECT, INSERT, DELETE ON browser_sessions TO cloudmetrics_api;

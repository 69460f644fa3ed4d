-- 0060_kept_answers.sql: the answers of writes that were made repeatable.
-- Safe beside the previous release: it only adds a table, and nothing reads it yet.
SET LOCAL lock_timeout = '4s';
SET LOCAL statement_timeout = '5s';

CREATE TABLE kept_answers (
    workspace_id uuid NOT NULL,
    -- The person, or the credential of a program, who chose the key.
    holder_id    uuid NOT NULL,
    key_digest   bytea NOT NULL,
    -- Sealed: what was asked, in short, and the answer, which may show a secret.
    answer       bytea NOT NULL,
    answered_at  timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, holder_id, key_digest)
);
CREATE INDEX ON kept_answers (answered_at);

ALTER TABLE kept_answers ENABLE ROW LEVEL SECURITY;
ALTER TABLE kept_answers FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON kept_answers USING (workspace_id = current_setting('app.workspace_id')::uuid);
-- The job that forgets works for nobody, and sees of all tenants only what is a day old.
CREATE POLICY old_to_see ON kept_answers FOR SELECT USING (
    current_setting('app.workspace_id') = '00000000-0000-0000-0000-000000000000'
    AND answered_at < now() - interval '24 hours'
);
CREATE POLICY old_to_forget ON kept_answers FOR DELETE USING (
    current_setting('app.workspace_id') = '00000000-0000-0000-0000-000000000000'
    AND answered_at < now() - interval '24 hours'
);

GRANT SELECT, INSERT, DELETE ON kept_answers TO cloudmetrics_api;

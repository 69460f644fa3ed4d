-- 0031_api_keys.sql: keys that rotate, expire, are bound to networks, and end at once.
-- Safe beside the previous release, which neither reads nor writes what is added.
SET LOCAL lock_timeout = '4s';
SET LOCAL statement_timeout = '60s';

ALTER TABLE api_keys
    -- Networks in CIDR notation from which the key may be used; none means from anywhere.
    ADD COLUMN allowed_networks text[] NOT NULL DEFAULT '{}',
    ADD COLUMN created_by uuid,
    -- The key that took this one's place.
    ADD COLUMN rotated_to uuid,
    ADD COLUMN last_used_at timestamptz;

CREATE INDEX ON credentials (workspace_id, key_id);

CREATE TABLE access_changes (
    change_id  uuid PRIMARY KEY,
    -- A key, a workspace or whatever else access depends on: all that is known of it is to be asked anew.
    subject_id uuid NOT NULL,
    changed_at timestamptz NOT NULL
);
CREATE INDEX ON access_changes (changed_at);
COMMENT ON TABLE access_changes IS 'Directory: what every process has to forget, for some minutes.';

GRANT SELECT, INSERT, DELETE ON access_changes TO cloudmetrics_api;
GRANT DELETE ON credentials TO cloudmetrics_api;

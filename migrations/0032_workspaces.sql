-- 0032_workspaces.sql: settings, invitations, and workspaces that wait to be removed.
-- Safe beside the previous release, which neither reads nor writes what is added.
SET LOCAL lock_timeout = '4s';
SET LOCAL statement_timeout = '5s';

ALTER TABLE workspaces
    -- Networks in CIDR notation from which its credentials may be used; none means from anywhere.
    ADD COLUMN allowed_networks text[] NOT NULL DEFAULT '{}',
    -- Set while it waits to be removed; nothing but its people's tokens opens it then.
    ADD COLUMN deleted_at timestamptz;

CREATE TABLE deleted_workspaces (
    workspace_id uuid PRIMARY KEY,
    remove_after timestamptz NOT NULL
);
COMMENT ON TABLE deleted_workspaces IS 'Directory: workspaces that wait to be removed, and until when.';

CREATE TABLE invitations (
    workspace_id  uuid NOT NULL,
    invitation_id uuid NOT NULL,
    -- In lower case, as in users.
    email         text COLLATE "C" NOT NULL,
    role          text NOT NULL CHECK (role IN ('OWNER', 'ADMIN', 'EDITOR', 'VIEWER')),
    invited_by    uuid,
    created_at    timestamptz NOT NULL,
    expires_at    timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, invitation_id),
    UNIQUE (workspace_id, email)
);

CREATE TABLE invitation_tokens (
    digest        bytea PRIMARY KEY,
    workspace_id  uuid NOT NULL,
    invitation_id uuid NOT NULL
);
CREATE INDEX ON invitation_tokens (workspace_id, invitation_id);
COMMENT ON TABLE invitation_tokens IS 'Directory: keyed hashes of the tokens in invitations, and where each leads.';

-- Removes up to `most` rows of one table of the tenant that the transaction names, if that
-- tenant's time has come, and says how many it were. It works as the owner of the tables,
-- since the role that serves may not even remove all kinds of rows: the audit log is one.
CREATE FUNCTION remove_tenant_rows(of_table regclass, most int) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    tenant uuid := current_setting('app.workspace_id')::uuid;
    removed bigint;
BEGIN
    IF NOT EXISTS (
        SELECT FROM deleted_workspaces WHERE workspace_id = tenant AND remove_after <= clock_timestamp()
    ) THEN
        RAISE EXCEPTION 'this workspace does not wait to be removed' USING ERRCODE = 'insufficient_privilege';
    END IF;
    EXECUTE format(
        'DELETE FROM %1$s WHERE workspace_id = $1 AND (tableoid, ctid) IN ('
        '    SELECT tableoid, ctid FROM %1$s WHERE workspace_id = $1 LIMIT $2)',
        of_table
    ) USING tenant, most;
    GET DIAGNOSTICS removed = ROW_COUNT;
    RETURN removed;
END
$$;
REVOKE EXECUTE ON FUNCTION remove_tenant_rows FROM PUBLIC;

ALTER TABLE invitations ADD FOREIGN KEY (workspace_id) REFERENCES workspaces;

ALTER TABLE invitations ENABLE ROW LEVEL SECURITY;
ALTER TABLE invitations FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON invitations USING (workspace_id = current_setting('app.workspace_id')::uuid);

GRANT EXECUTE ON FUNCTION remove_tenant_rows TO cloudmetrics_api;
GRANT SELECT, INSERT, UPDATE, DELETE ON invitations TO cloudmetrics_api;
GRANT SELECT, INSERT, DELETE ON invitation_tokens, deleted_workspaces TO cloudmetrics_api;

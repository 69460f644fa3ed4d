-- 0067_trash.sql: what is deleted can be restored for a while, and then goes for good.
-- Not safe beside the previous release, which would delete goals at once, and show deleted
-- ones: stop it first. It takes no time. Websites that were deleted before get 30 days from now.
SET LOCAL lock_timeout = '4s';
SET LOCAL statement_timeout = '30s';

-- An owner who is no superuser is under the policies too, and looks at all tenants here.
ALTER TABLE websites NO FORCE ROW LEVEL SECURITY;

-- Set while it waits to be removed, and can be restored.
ALTER TABLE goals ADD COLUMN deleted_at timestamptz;
-- Set when its time had come: from then on less and less of it is there, and it can't come back.
ALTER TABLE websites ADD COLUMN purged_at timestamptz;

CREATE TABLE trash (
    workspace_id uuid NOT NULL,
    kind         text NOT NULL,
    thing_id     uuid NOT NULL,
    -- By the workspace's clock.
    remove_after timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, kind, thing_id)
);
CREATE INDEX ON trash (remove_after);
COMMENT ON TABLE trash IS
'Directory: what was deleted and waits to be removed, so that a job finds it before it knows its tenant.';

INSERT INTO trash (workspace_id, kind, thing_id, remove_after)
SELECT workspace_id, 'WEBSITE', website_id, now() + interval '30 days' FROM websites WHERE deleted_at IS NOT NULL;

-- Removes up to `most` rows that one table has of a website whose time has come, and says how
-- many it were. It works as the owner of the tables, since the role that serves may not remove
-- all of them.
CREATE FUNCTION remove_website_rows(of_table regclass, website uuid, most int) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    tenant uuid := current_setting('app.workspace_id')::uuid;
    removed bigint;
BEGIN
    IF NOT EXISTS (
        SELECT FROM websites WHERE workspace_id = tenant AND website_id = website AND purged_at IS NOT NULL
    ) THEN
        RAISE EXCEPTION 'this website does not wait to be removed' USING ERRCODE = 'insufficient_privilege';
    END IF;
    EXECUTE format(
        'DELETE FROM %1$s WHERE workspace_id = $1 AND website_id = $2 AND (tableoid, ctid) IN ('
        '    SELECT tableoid, ctid FROM %1$s WHERE workspace_id = $1 AND website_id = $2 LIMIT $3)',
        of_table
    ) USING tenant, website, most;
    GET DIAGNOSTICS removed = ROW_COUNT;
    RETURN removed;
END
$$;
REVOKE EXECUTE ON FUNCTION remove_website_rows FROM PUBLIC;

ALTER TABLE websites FORCE ROW LEVEL SECURITY;

GRANT EXECUTE ON FUNCTION remove_website_rows TO cloudmetrics_api;
GRANT SELECT, INSERT, UPDATE, DELETE ON trash TO cloudmetrics_api;

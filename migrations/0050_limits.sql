-- 0050_limits.sql: a workspace may have limits of its own, and origins whose pages may call.
-- Safe beside the previous release, which never reads these columns; both have a default.
SET LOCAL lock_timeout = '4s';
SET LOCAL statement_timeout = '5s';

ALTER TABLE workspaces
    -- Numbers that stand in place of the plan's, as cloudmetrics/accounts/plans.py reads them.
    ADD COLUMN limits jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(limits) = 'object'),
    ADD COLUMN IF NOT EXISTS cors_origins text[] NOT NULL DEFAULT '{}';

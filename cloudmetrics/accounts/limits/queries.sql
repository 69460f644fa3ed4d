-- name: change
-- Limits of one workspace or sandbox: those of `granted` are set, those of `withdrawn` removed.
UPDATE workspaces
SET limits = (limits || %(granted)s::jsonb) - %(withdrawn)s::text[]
WHERE workspace_id = %(workspace_id)s
RETURNING sandbox_id, limits;

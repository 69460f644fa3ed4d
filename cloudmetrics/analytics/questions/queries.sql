-- name: has_property
-- Ends at the first event that has it. Only for a property that nobody ever had are all
-- events read, which is why there is a time limit.
SELECT EXISTS (
    SELECT
    FROM websites AS site
    JOIN events AS event USING (workspace_id, website_id)
    WHERE site.workspace_id = %(workspace_id)s
      AND site.deleted_at IS NULL
      AND (%(website_id)s::uuid IS NULL OR site.website_id = %(website_id)s::uuid)
      AND event.properties ? %(name)s
) AS found;

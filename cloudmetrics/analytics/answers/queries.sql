-- name: state
-- One row about the live websites of a question, however many they are, with the time zone
-- and the currency that hold where no website is named.
SELECT
    workspace.timezone, workspace.currency,
    site.websites, site.only_timezone, site.only_currency, site.currencies, site.digest
FROM workspaces AS workspace
CROSS JOIN LATERAL (
    SELECT
        count(*) AS websites,
        min(timezone) AS only_timezone,
        min(currency) AS only_currency,
        array_agg(DISTINCT currency ORDER BY currency) AS currencies,
        md5(string_agg(concat_ws(' ', website_id, version, edition, timezone, currency), ',' ORDER BY website_id))
            AS digest
    FROM websites
    WHERE workspace_id = %(workspace_id)s
      AND deleted_at IS NULL
      AND (%(website_id)s::uuid IS NULL OR website_id = %(website_id)s::uuid)
) AS site
WHERE workspace.workspace_id = %(workspace_id)s;

-- name: touch
-- In the transaction that changes the data of these websites, whose locks are held already.
UPDATE websites
SET version = version + 1
WHERE workspace_id = %(workspace_id)s AND website_id = ANY(%(website_ids)s);

-- name: list
-- Allocations to live websites.
SELECT
    allocation.allocation_id AS id, allocation.tag_key, allocation.tag_value, allocation.website_id,
    allocation.created_at
FROM cost_allocations AS allocation
JOIN websites AS site USING (workspace_id, website_id)
WHERE allocation.workspace_id = %(workspace_id)s AND site.deleted_at IS NULL AND {where}
ORDER BY {order}
LIMIT %(limit)s;

-- name: get
SELECT
    allocation.allocation_id AS id, allocation.tag_key, allocation.tag_value, allocation.website_id,
    allocation.created_at
FROM cost_allocations AS allocation
JOIN websites AS site USING (workspace_id, website_id)
WHERE allocation.workspace_id = %(workspace_id)s
  AND allocation.allocation_id = %(allocation_id)s
  AND site.deleted_at IS NULL;

-- name: free_of_deleted
-- What belonged to a website that is deleted belongs to nobody.
DELETE FROM cost_allocations AS allocation
USING websites AS site
WHERE allocation.workspace_id = %(workspace_id)s
  AND allocation.tag_key = %(tag_key)s
  AND allocation.tag_value = %(tag_value)s
  AND site.workspace_id = allocation.workspace_id
  AND site.website_id = allocation.website_id
  AND site.deleted_at IS NOT NULL;

-- name: create
-- No row comes back where the value is taken.
INSERT INTO cost_allocations (workspace_id, allocation_id, tag_key, tag_value, website_id, created_at)
VALUES (%(workspace_id)s, %(allocation_id)s, %(tag_key)s, %(tag_value)s, %(website_id)s, %(now)s)
ON CONFLICT (workspace_id, tag_key, tag_value) DO NOTHING
RETURNING allocation_id AS id, tag_key, tag_value, website_id, created_at;

-- name: delete
DELETE FROM cost_allocations
WHERE workspace_id = %(workspace_id)s AND allocation_id = %(allocation_id)s
RETURNING allocation_id AS id, tag_key, tag_value, website_id, created_at;

-- name: costs_of_website
-- What the charges cost that belong to a website, by day or by longer parts. Each belongs to one
-- website at most: the one of the oldest allocation that fits any of its tags.
WITH bills AS MATERIALIZED (
    SELECT part_id
    FROM cost_parts
    WHERE workspace_id = %(workspace_id)s
      AND state = 'CURRENT'
      AND first_day <= %(end_date)s::date
      AND last_day >= %(start_date)s::date
),
owned AS MATERIALIZED (
    SELECT series.part_id, series.series_id, series.currency
    FROM cost_series AS series
    WHERE series.workspace_id = %(workspace_id)s
      AND series.part_id = ANY (ARRAY(SELECT part_id FROM bills))
      AND (
          SELECT allocation.website_id
          FROM cost_allocations AS allocation
          JOIN websites AS site USING (workspace_id, website_id)
          WHERE allocation.workspace_id = series.workspace_id
            AND series.tags ->> allocation.tag_key = allocation.tag_value
            AND site.deleted_at IS NULL
          ORDER BY allocation.allocation_id
          LIMIT 1
      ) = %(website_id)s
)
SELECT cell.day, owned.currency, sum(cell.billed) AS amount
FROM cost_days AS cell
JOIN owned USING (part_id, series_id)
WHERE cell.workspace_id = %(workspace_id)s
  AND cell.part_id = ANY (ARRAY(SELECT part_id FROM bills))
  AND cell.day BETWEEN %(start_date)s::date AND %(end_date)s::date
GROUP BY cell.day, owned.currency;

-- name: begin
-- A run begins, and whatever an earlier one of the same import left is its no more.
UPDATE cost_imports
SET status = 'RUNNING', run_id = %(run_id)s, started_at = coalesce(started_at, %(now)s),
    pieces_read = 0, rows_read = 0, rows_loaded = 0, rows_rejected = 0, errors = '[]'
WHERE workspace_id = %(workspace_id)s AND import_id = %(import_id)s AND status IN ('PENDING', 'RUNNING')
RETURNING *;

-- name: advance
-- Tells how far a run got, and whether it is still the one that may write: no row comes back where it is not.
UPDATE cost_imports
SET pieces_read = %(pieces_read)s, rows_read = %(rows_read)s, rows_loaded = %(rows_loaded)s,
    rows_rejected = %(rows_rejected)s, errors = %(errors)s, focus_version = %(focus_version)s
WHERE workspace_id = %(workspace_id)s
  AND import_id = %(import_id)s
  AND run_id = %(run_id)s
  AND status = 'RUNNING'
RETURNING import_id;

-- name: add_parts
INSERT INTO cost_parts (
    workspace_id, part_id, import_id, run_id, provider, billing_account, billing_period,
    charges, first_day, last_day, state
)
SELECT
    %(workspace_id)s, part_id, %(import_id)s, %(run_id)s, provider, billing_account, billing_period,
    charges, first_day, last_day, 'LOADING'
FROM unnest(
    %(part_ids)s::uuid[], %(providers)s::text[], %(accounts)s::text[], %(periods)s::date[],
    %(charges)s::bigint[], %(first_days)s::date[], %(last_days)s::date[]
) AS part (part_id, provider, billing_account, billing_period, charges, first_day, last_day)
ON CONFLICT (workspace_id, part_id) DO UPDATE SET
    charges = cost_parts.charges + excluded.charges,
    first_day = least(cost_parts.first_day, excluded.first_day),
    last_day = greatest(cost_parts.last_day, excluded.last_day);

-- name: add_series
-- The columns are those of dimensions.OF_SERIES.
INSERT INTO cost_series (
    workspace_id, part_id, series_id, currency, account, publisher, service, category, region, charge_category,
    pricing_category, resource_type, resource, sku, tags
)
SELECT
    %(workspace_id)s, part_id, series_id, currency, account, publisher, service, category, region,
    charge_category, pricing_category, resource_type, resource, sku, tags
FROM unnest(
    %(part_ids)s::uuid[], %(series_ids)s::uuid[], %(currencies)s::text[], %(account)s::text[],
    %(publisher)s::text[], %(service)s::text[], %(category)s::text[], %(region)s::text[],
    %(charge_category)s::text[], %(pricing_category)s::text[], %(resource_type)s::text[],
    %(resource)s::text[], %(sku)s::text[], %(tags)s::jsonb[]
) AS series (
    part_id, series_id, currency, account, publisher, service, category, region, charge_category,
    pricing_category, resource_type, resource, sku, tags
)
ON CONFLICT (workspace_id, part_id, series_id) DO NOTHING;

-- name: add_days
INSERT INTO cost_days (
    workspace_id, part_id, day, series_id, batch, billed, effective, listed, contracted
)
SELECT %(workspace_id)s, part_id, day, series_id, %(batch)s, billed, effective, listed, contracted
FROM unnest(
    %(part_ids)s::uuid[], %(days)s::date[], %(series_ids)s::uuid[],
    %(billed)s::numeric[], %(effective)s::numeric[], %(listed)s::numeric[], %(contracted)s::numeric[]
) AS day (part_id, day, series_id, billed, effective, listed, contracted);

-- name: add_totals
INSERT INTO cost_totals (
    workspace_id, part_id, dimension, day, number, value, currency, billed, effective, listed, contracted
)
SELECT
    %(workspace_id)s, part_id, dimension, day, %(first)s + number, value, currency,
    billed, effective, listed, contracted
FROM unnest(
    %(part_ids)s::uuid[], %(dimensions)s::text[], %(days)s::date[], %(values)s::text[], %(currencies)s::text[],
    %(billed)s::numeric[], %(effective)s::numeric[], %(listed)s::numeric[], %(contracted)s::numeric[]
) WITH ORDINALITY AS total (
    part_id, dimension, day, value, currency, billed, effective, listed, contracted, number
);

-- name: lock
-- Imports of a workspace take effect one after the other.
SELECT pg_advisory_xact_lock(hashtextextended(%(workspace_id)s::text, 75));

-- name: retire
-- What the run replaces. What a later import brought stays, even if that one was the faster.
UPDATE cost_parts AS old
SET state = 'GONE'
FROM cost_parts AS new
WHERE old.workspace_id = %(workspace_id)s
  AND new.workspace_id = old.workspace_id
  AND new.run_id = %(run_id)s
  AND new.import_id = %(import_id)s
  AND new.state = 'LOADING'
  AND old.state = 'CURRENT'
  AND old.import_id < new.import_id
  AND (old.provider, old.billing_account, old.billing_period)
    = (new.provider, new.billing_account, new.billing_period);

-- name: establish
-- What the run brought counts from now on, but for what a later import brought already.
UPDATE cost_parts AS new
SET state = CASE
    WHEN EXISTS (
        SELECT FROM cost_parts AS other
        WHERE other.workspace_id = new.workspace_id
          AND other.state = 'CURRENT'
          AND (other.provider, other.billing_account, other.billing_period)
            = (new.provider, new.billing_account, new.billing_period)
    ) THEN 'GONE'
    ELSE 'CURRENT'
END
WHERE new.workspace_id = %(workspace_id)s
  AND new.import_id = %(import_id)s
  AND new.run_id = %(run_id)s
  AND new.state = 'LOADING';

-- name: finish
UPDATE cost_imports
SET status = %(status)s, failure = %(failure)s, finished_at = %(now)s
WHERE workspace_id = %(workspace_id)s
  AND import_id = %(import_id)s
  AND run_id = %(run_id)s
  AND status = 'RUNNING'
RETURNING import_id;

-- name: leftover
-- A part that counts no more, or never will: what replaced it came, or its run was given up.
SELECT part.part_id
FROM cost_parts AS part
JOIN cost_imports AS import USING (workspace_id, import_id)
WHERE part.workspace_id = %(workspace_id)s
  AND (
      part.state = 'GONE'
      OR (part.state = 'LOADING' AND (import.status <> 'RUNNING' OR import.run_id <> part.run_id))
  )
LIMIT 1;

-- name: delete_days
WITH gone AS (
    DELETE FROM cost_days
    WHERE workspace_id = %(workspace_id)s
      AND part_id = %(part_id)s
      AND ctid = ANY (ARRAY(
          SELECT ctid FROM cost_days
          WHERE workspace_id = %(workspace_id)s AND part_id = %(part_id)s
          LIMIT %(most)s
      ))
    RETURNING part_id
)
SELECT count(*) AS number FROM gone;

-- name: delete_totals
WITH gone AS (
    DELETE FROM cost_totals
    WHERE workspace_id = %(workspace_id)s
      AND part_id = %(part_id)s
      AND ctid = ANY (ARRAY(
          SELECT ctid FROM cost_totals
          WHERE workspace_id = %(workspace_id)s AND part_id = %(part_id)s
          LIMIT %(most)s
      ))
    RETURNING part_id
)
SELECT count(*) AS number FROM gone;

-- name: delete_series
WITH gone AS (
    DELETE FROM cost_series
    WHERE workspace_id = %(workspace_id)s
      AND part_id = %(part_id)s
      AND ctid = ANY (ARRAY(
          SELECT ctid FROM cost_series
          WHERE workspace_id = %(workspace_id)s AND part_id = %(part_id)s
          LIMIT %(most)s
      ))
    RETURNING part_id
)
SELECT count(*) AS number FROM gone;

-- name: delete_part
DELETE FROM cost_parts
WHERE workspace_id = %(workspace_id)s AND part_id = %(part_id)s;

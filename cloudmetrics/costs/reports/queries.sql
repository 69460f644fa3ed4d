-- The parts of these statements in braces are chosen from fixed texts; values are always bound.

-- name: bills
-- The parts that count, of the bills that have charges in the days of a question. A list rather
-- than a join, so that it is an index that finds what belongs to them.
SELECT part_id
FROM cost_parts
WHERE workspace_id = %(workspace_id)s
  AND state = 'CURRENT'
  AND first_day <= %(end_date)s::date
  AND last_day >= %(first_day)s::date

-- name: from_totals
-- Costs that were added up by one dimension, or by none, while they were loaded.
FROM cost_totals AS cell
JOIN cost_parts AS part USING (workspace_id, part_id)
WHERE cell.workspace_id = %(workspace_id)s
  AND cell.part_id = ANY (ARRAY({bills}))
  AND cell.dimension = %(source)s
  AND cell.day BETWEEN %(first_day)s::date AND %(end_date)s::date

-- name: from_days
-- Costs that nobody added up that way: each day of each series.
FROM cost_days AS cell
JOIN cost_parts AS part USING (workspace_id, part_id)
JOIN cost_series AS series USING (workspace_id, part_id, series_id)
WHERE cell.workspace_id = %(workspace_id)s
  AND cell.part_id = ANY (ARRAY({bills}))
  AND cell.day BETWEEN %(first_day)s::date AND %(end_date)s::date

-- name: from_series
-- The same, where nothing is asked of single series: added up by series first. There are fewer of these
-- than days, and their keys are shorter than most values.
FROM (
    SELECT
        workspace_id, part_id, series_id,
        sum({cost}) FILTER (WHERE cell.day >= %(start_date)s::date) AS amount,
        sum({cost}) FILTER (WHERE cell.day < %(start_date)s::date) AS previous
    FROM cost_days AS cell
    WHERE cell.workspace_id = %(workspace_id)s
      AND cell.part_id = ANY (ARRAY({bills}))
      AND cell.day BETWEEN %(first_day)s::date AND %(end_date)s::date
    GROUP BY workspace_id, part_id, series_id
) AS cell
JOIN cost_parts AS part USING (workspace_id, part_id)
JOIN cost_series AS series USING (workspace_id, part_id, series_id)
WHERE cell.workspace_id = %(workspace_id)s

-- name: by_day
-- What each part of a range cost, in each currency.
SELECT {bucket} AS day, {currency} AS currency, sum({cost}) AS amount
{source}
GROUP BY 1, 2;

-- name: by_value
-- What each value cost, then and before.
SELECT
    {value} AS value, {currency} AS currency,
    coalesce(sum({cost}) FILTER (WHERE cell.day >= %(start_date)s::date), 0) AS amount,
    coalesce(sum({cost}) FILTER (WHERE cell.day < %(start_date)s::date), 0) AS previous
{source}
GROUP BY 1, 2

-- name: by_value_of_series
-- The same from what each series cost.
SELECT
    {value} AS value, {currency} AS currency,
    coalesce(sum(cell.amount), 0) AS amount, coalesce(sum(cell.previous), 0) AS previous
{source}
GROUP BY 1, 2

-- name: with_untagged
-- Charges without a tag are no value of it: they are what is left of all.
WITH tagged AS MATERIALIZED ({tagged}), whole AS ({all})
SELECT value, currency, amount, previous FROM tagged
UNION ALL
SELECT '', currency, sum(amount), sum(previous)
FROM (
    SELECT currency, amount, previous FROM whole
    UNION ALL
    SELECT currency, -amount, -previous FROM tagged
) AS difference
GROUP BY currency
HAVING sum(amount) <> 0 OR sum(previous) <> 0

-- name: top
-- The values that cost most in each currency, and the others as one row, whose rank is null.
SELECT
    currency,
    CASE WHEN rank <= %(top)s THEN rank END AS rank,
    CASE WHEN rank <= %(top)s THEN value END AS value,
    count(*) AS values, sum(amount) AS amount, sum(previous) AS previous
FROM (
    SELECT *, row_number() OVER (PARTITION BY currency ORDER BY amount DESC, previous DESC, value) AS rank
    FROM ({by_value}) AS by_value
) AS ranked
GROUP BY 1, 2, 3
ORDER BY 1, 2 NULLS LAST, 3;

-- name: known_until
-- The first and the last day with charges of bills that count.
SELECT min(cell.day) AS first, max(cell.day) AS last
{source};

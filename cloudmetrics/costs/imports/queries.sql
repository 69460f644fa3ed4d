-- name: unfinished
-- How many imports wait or run.
SELECT count(*) AS number
FROM cost_imports
WHERE workspace_id = %(workspace_id)s AND status IN ('PENDING', 'RUNNING');

-- name: keep_piece
INSERT INTO cost_import_pieces (workspace_id, import_id, number, content)
VALUES (%(workspace_id)s, %(import_id)s, %(number)s, %(content)s);

-- name: piece
SELECT content
FROM cost_import_pieces
WHERE workspace_id = %(workspace_id)s AND import_id = %(import_id)s AND number = %(number)s;

-- name: discard_pieces
-- Some pieces of a file that nobody is going to read: its upload broke off, or its import is over.
WITH gone AS (
    DELETE FROM cost_import_pieces
    WHERE workspace_id = %(workspace_id)s
      AND import_id = %(import_id)s
      AND number IN (
          SELECT number FROM cost_import_pieces
          WHERE workspace_id = %(workspace_id)s AND import_id = %(import_id)s
          LIMIT 50
      )
      AND NOT EXISTS (
          SELECT FROM cost_imports
          WHERE workspace_id = %(workspace_id)s
            AND import_id = %(import_id)s
            AND status IN ('PENDING', 'RUNNING')
      )
    RETURNING number
)
SELECT count(*) AS number FROM gone;

-- name: create
INSERT INTO cost_imports (workspace_id, import_id, status, on_error, bytes, pieces, created_at)
VALUES (%(workspace_id)s, %(import_id)s, 'PENDING', %(on_error)s, %(bytes)s, %(pieces)s, %(now)s)
RETURNING *;

-- name: get
-- With the bills that count as it brought them.
SELECT import.*, bills.bills
FROM cost_imports AS import
CROSS JOIN LATERAL (
    SELECT coalesce(
        jsonb_agg(
            jsonb_build_array(provider, billing_account, billing_period, charges)
            ORDER BY provider, billing_account, billing_period
        ),
        '[]'
    ) AS bills
    FROM cost_parts
    WHERE workspace_id = import.workspace_id AND import_id = import.import_id AND state = 'CURRENT'
) AS bills
WHERE import.workspace_id = %(workspace_id)s AND import.import_id = %(import_id)s;

-- name: list
SELECT import.*, bills.bills
FROM cost_imports AS import
CROSS JOIN LATERAL (
    SELECT coalesce(
        jsonb_agg(
            jsonb_build_array(provider, billing_account, billing_period, charges)
            ORDER BY provider, billing_account, billing_period
        ),
        '[]'
    ) AS bills
    FROM cost_parts
    WHERE workspace_id = import.workspace_id AND import_id = import.import_id AND state = 'CURRENT'
) AS bills
WHERE import.workspace_id = %(workspace_id)s AND {where}
ORDER BY {order}
LIMIT %(limit)s;

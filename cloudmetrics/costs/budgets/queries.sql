-- name: list
SELECT budget_id AS id, name, amount_minor, currency, cost, filters, created_at, updated_at
FROM cost_budgets
WHERE workspace_id = %(workspace_id)s AND {where}
ORDER BY {order}
LIMIT %(limit)s;

-- name: get
SELECT budget_id AS id, name, amount_minor, currency, cost, filters, created_at, updated_at
FROM cost_budgets
WHERE workspace_id = %(workspace_id)s AND budget_id = %(budget_id)s;

-- name: create
INSERT INTO cost_budgets (
    workspace_id, budget_id, name, amount_minor, currency, cost, filters, created_at, updated_at
)
VALUES (
    %(workspace_id)s, %(budget_id)s, %(name)s, %(amount_minor)s, %(currency)s, %(cost)s, %(filters)s,
    %(now)s, %(now)s
)
RETURNING budget_id AS id, name, amount_minor, currency, cost, filters, created_at, updated_at;

-- name: update
UPDATE cost_budgets
SET name = %(name)s, amount_minor = %(amount_minor)s, currency = %(currency)s, cost = %(cost)s,
    filters = %(filters)s, updated_at = %(now)s
WHERE workspace_id = %(workspace_id)s AND budget_id = %(budget_id)s
RETURNING budget_id AS id, name, amount_minor, currency, cost, filters, created_at, updated_at;

-- name: delete
DELETE FROM cost_budgets
WHERE workspace_id = %(workspace_id)s AND budget_id = %(budget_id)s
RETURNING budget_id AS id, name, amount_minor, currency, cost, filters, created_at, updated_at;

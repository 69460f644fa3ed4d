-- 0077_budgets_and_allocations.sql: what a month may cost, and which tags belong to which website.
-- Safe beside any release: it only adds tables, and nothing reads them yet.
SET LOCAL lock_timeout = '4s';
SET LOCAL statement_timeout = '5s';

CREATE TABLE cost_budgets (
    workspace_id uuid NOT NULL,
    budget_id    uuid NOT NULL,
    name         text NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    currency     text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    cost         text NOT NULL CHECK (cost IN ('BILLED', 'EFFECTIVE', 'LIST', 'CONTRACTED')),
    -- Which charges count: dimension → value, as cloudmetrics/costs/dimensions.py names them.
    filters      jsonb NOT NULL CHECK (jsonb_typeof(filters) = 'object'),
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, budget_id)
);

CREATE TABLE cost_allocations (
    workspace_id  uuid NOT NULL,
    allocation_id uuid NOT NULL,
    tag_key       text COLLATE "C" NOT NULL,
    tag_value     text COLLATE "C" NOT NULL,
    website_id    uuid NOT NULL,
    created_at    timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, allocation_id),
    UNIQUE (workspace_id, tag_key, tag_value)
);

ALTER TABLE cost_budgets ADD FOREIGN KEY (workspace_id) REFERENCES workspaces;
ALTER TABLE cost_allocations ADD FOREIGN KEY (workspace_id, website_id) REFERENCES websites;

ALTER TABLE cost_budgets ENABLE ROW LEVEL SECURITY;
ALTER TABLE cost_budgets FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON cost_budgets USING (workspace_id = current_setting('app.workspace_id')::uuid);
ALTER TABLE cost_allocations ENABLE ROW LEVEL SECURITY;
ALTER TABLE cost_allocations FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON cost_allocations USING (workspace_id = current_setting('app.workspace_id')::uuid);

GRANT SELECT, INSERT, UPDATE, DELETE ON cost_budgets, cost_allocations TO cloudmetrics_api;

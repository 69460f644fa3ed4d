-- 0075_costs.sql: bills that are brought in, and the daily costs that are drawn from them.
-- Safe beside any release: it only adds tables, and nothing reads them yet.
SET LOCAL lock_timeout = '4s';
SET LOCAL statement_timeout = '5s';

CREATE TABLE cost_imports (
    workspace_id   uuid NOT NULL,
    import_id      uuid NOT NULL,
    status         text NOT NULL CHECK (status IN ('PENDING', 'RUNNING', 'SUCCEEDED', 'FAILED')),
    on_error       text NOT NULL CHECK (on_error IN ('SKIP', 'ABORT')),
    -- How large the file is as it was sent, in how many pieces it is kept, and how many were read so far.
    bytes          bigint NOT NULL,
    pieces         int NOT NULL,
    pieces_read    int NOT NULL DEFAULT 0,
    rows_read      bigint NOT NULL DEFAULT 0,
    rows_loaded    bigint NOT NULL DEFAULT 0,
    rows_rejected  bigint NOT NULL DEFAULT 0,
    -- The first rejected rows, each with its line, column, code and message.
    errors         jsonb NOT NULL DEFAULT '[]',
    failure        jsonb,
    focus_version  text,
    -- Which run of the job may write: a worker that was given up for dead finds another one here.
    run_id         uuid,
    created_at     timestamptz NOT NULL,
    started_at     timestamptz,
    finished_at    timestamptz,
    PRIMARY KEY (workspace_id, import_id),
    CHECK ((status = 'FAILED') = (failure IS NOT NULL))
);

CREATE TABLE cost_import_pieces (
    workspace_id uuid NOT NULL,
    import_id    uuid NOT NULL,
    number       int NOT NULL,
    content      bytea NOT NULL,
    PRIMARY KEY (workspace_id, import_id, number)
);
-- Each is packed already, by the sender or by us.
ALTER TABLE cost_import_pieces ALTER COLUMN content SET STORAGE EXTERNAL;

-- What one run of an import brought of one provider's bill to one billing account for one period.
CREATE TABLE cost_parts (
    workspace_id    uuid NOT NULL,
    part_id         uuid NOT NULL,
    import_id       uuid NOT NULL,
    run_id          uuid NOT NULL,
    provider        text COLLATE "C" NOT NULL,
    billing_account text COLLATE "C" NOT NULL,
    billing_period  date NOT NULL,
    charges         bigint NOT NULL,
    -- Only CURRENT parts count. GONE ones wait to be deleted.
    state           text NOT NULL CHECK (state IN ('LOADING', 'CURRENT', 'GONE')),
    PRIMARY KEY (workspace_id, part_id)
);
-- However many imports there are, a bill counts once.
CREATE UNIQUE INDEX cost_parts_current ON cost_parts (workspace_id, provider, billing_account, billing_period)
WHERE state = 'CURRENT';
CREATE INDEX cost_parts_of_import ON cost_parts (workspace_id, import_id);

-- Charges that differ in nothing but their time and their amounts.
CREATE TABLE cost_series (
    workspace_id     uuid NOT NULL,
    part_id          uuid NOT NULL,
    series_id        uuid NOT NULL,
    currency         text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    account          text COLLATE "C" NOT NULL,
    publisher        text COLLATE "C" NOT NULL,
    service          text COLLATE "C" NOT NULL,
    category         text COLLATE "C" NOT NULL,
    region           text COLLATE "C" NOT NULL,
    charge_category  text COLLATE "C" NOT NULL,
    pricing_category text COLLATE "C" NOT NULL,
    resource_type    text COLLATE "C" NOT NULL,
    resource         text COLLATE "C" NOT NULL,
    sku              text COLLATE "C" NOT NULL,
    tags             jsonb NOT NULL,
    PRIMARY KEY (workspace_id, part_id, series_id)
);

-- A day of a series may have several rows, one per batch: what is asked is their sum.
CREATE TABLE cost_days (
    workspace_id uuid NOT NULL,
    part_id      uuid NOT NULL,
    day          date NOT NULL,
    series_id    uuid NOT NULL,
    batch        int NOT NULL,
    billed       numeric NOT NULL,
    effective    numeric NOT NULL,
    listed       numeric NOT NULL,
    contracted   numeric NOT NULL,
    PRIMARY KEY (workspace_id, part_id, day, series_id, batch)
);

-- The same added up by one dimension, so that most questions read little: '' is an absent value.
CREATE TABLE cost_totals (
    workspace_id uuid NOT NULL,
    part_id      uuid NOT NULL,
    dimension    text COLLATE "C" NOT NULL,
    day          date NOT NULL,
    number       int NOT NULL,
    value        text COLLATE "C" NOT NULL,
    currency     text NOT NULL,
    billed       numeric NOT NULL,
    effective    numeric NOT NULL,
    listed       numeric NOT NULL,
    contracted   numeric NOT NULL,
    PRIMARY KEY (workspace_id, part_id, dimension, day, number)
);

ALTER TABLE cost_imports ADD FOREIGN KEY (workspace_id) REFERENCES workspaces;
ALTER TABLE cost_import_pieces ADD FOREIGN KEY (workspace_id) REFERENCES workspaces;
ALTER TABLE cost_parts ADD FOREIGN KEY (workspace_id, import_id) REFERENCES cost_imports;
-- What hangs on a part is written and deleted by batches, after and before the part itself, so that
-- foreign keys would only look the same part up again for each of a million rows.

ALTER TABLE cost_imports ENABLE ROW LEVEL SECURITY;
ALTER TABLE cost_imports FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON cost_imports USING (workspace_id = current_setting('app.workspace_id')::uuid);
ALTER TABLE cost_import_pieces ENABLE ROW LEVEL SECURITY;
ALTER TABLE cost_import_pieces FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON cost_import_pieces USING (workspace_id = current_setting('app.workspace_id')::uuid);
ALTER TABLE cost_parts ENABLE ROW LEVEL SECURITY;
ALTER TABLE cost_parts FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON cost_parts USING (workspace_id = current_setting('app.workspace_id')::uuid);
ALTER TABLE cost_series ENABLE ROW LEVEL SECURITY;
ALTER TABLE cost_series FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON cost_series USING (workspace_id = current_setting('app.workspace_id')::uuid);
ALTER TABLE cost_days ENABLE ROW LEVEL SECURITY;
ALTER TABLE cost_days FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON cost_days USING (workspace_id = current_setting('app.workspace_id')::uuid);
ALTER TABLE cost_totals ENABLE ROW LEVEL SECURITY;
ALTER TABLE cost_totals FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON cost_totals USING (workspace_id = current_setting('app.workspace_id')::uuid);

GRANT SELECT, INSERT, UPDATE, DELETE
ON cost_imports, cost_import_pieces, cost_parts, cost_series, cost_days, cost_totals
TO cloudmetrics_api;

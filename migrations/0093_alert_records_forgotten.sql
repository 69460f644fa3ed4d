-- 0093_alert_records_forgotten.sql: old history and deliveries of alerts are found by their time, to be deleted;
-- deliveries by their channel too, to be shown.
-- Safe beside the previous release, which writes and reads as before. Building the indexes takes
-- about a second per million rows, during which no alert fires.
SET LOCAL lock_timeout = '4s';
SET LOCAL statement_timeout = '10min';

CREATE INDEX alert_events_by_time ON alert_events (workspace_id, occurred_at);
CREATE INDEX alert_deliveries_by_time ON alert_deliveries (workspace_id, created_at);
CREATE INDEX alert_deliveries_by_channel ON alert_deliveries (workspace_id, channel_id, delivery_id);

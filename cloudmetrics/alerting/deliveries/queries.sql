-- name: create
INSERT INTO alert_deliveries (
    workspace_id, delivery_id, alert_id, incident_id, channel_id, channel_kind, destination, status, message,
    created_at
)
VALUES (
    %(workspace_id)s, %(id)s, %(alert_id)s, %(incident_id)s, %(channel_id)s, %(channel_kind)s,
    %(destination)s, 'PENDING', %(message)s::jsonb, %(created_at)s
);

-- name: get
SELECT
    delivery_id AS id, alert_id, incident_id, channel_id, channel_kind, destination, status, attempts, message,
    created_at, last_attempt_at, delivered_at, response_status, error
FROM alert_deliveries
WHERE workspace_id = %(workspace_id)s AND delivery_id = %(id)s;

-- name: list
-- What was told. The braces stand for whether it is of an alert or of a channel.
SELECT
    delivery_id AS id, alert_id, incident_id, channel_id, channel_kind, destination, status, attempts, message,
    created_at, last_attempt_at, delivered_at, response_status, error
FROM alert_deliveries
WHERE workspace_id = %(workspace_id)s AND {of} = %(of)s AND {where}
ORDER BY {order}
LIMIT %(limit)s;

-- name: note_attempt
UPDATE alert_deliveries
SET status = %(status)s, attempts = attempts + 1, last_attempt_at = %(now)s,
    delivered_at = CASE WHEN %(status)s = 'DELIVERED' THEN %(now)s::timestamptz END,
    response_status = %(response_status)s, error = %(error)s
WHERE workspace_id = %(workspace_id)s AND delivery_id = %(id)s AND status = 'PENDING';

-- name: lock
-- The status of a delivery about an alert, which nobody else changes until the transaction ends.
SELECT status, channel_id
FROM alert_deliveries
WHERE workspace_id = %(workspace_id)s AND alert_id = %(alert_id)s AND delivery_id = %(id)s
FOR UPDATE;

-- name: send_again
UPDATE alert_deliveries
SET status = 'PENDING'
WHERE workspace_id = %(workspace_id)s AND delivery_id = %(id)s
RETURNING
    delivery_id AS id, alert_id, incident_id, channel_id, channel_kind, destination, status, attempts, message,
    created_at, last_attempt_at, delivered_at, response_status, error;

-- name: forget
-- Some of what was told before a moment, and is not on its way any more.
DELETE FROM alert_deliveries
WHERE workspace_id = %(workspace_id)s
  AND delivery_id IN (
      SELECT delivery_id FROM alert_deliveries
      WHERE workspace_id = %(workspace_id)s AND created_at < %(before)s AND status <> 'PENDING'
      LIMIT %(most)s
  )
RETURNING delivery_id;

-- name: record
INSERT INTO alert_events (
    workspace_id, event_id, alert_id, kind, occurred_at, incident_id, value, details
)
VALUES (
    %(workspace_id)s, %(id)s, %(alert_id)s, %(kind)s, %(occurred_at)s, %(incident_id)s, %(value)s,
    %(details)s::jsonb
);

-- name: list
-- What became of one alert.
SELECT event_id AS id, alert_id, kind, occurred_at, incident_id, value, details
FROM alert_events
WHERE workspace_id = %(workspace_id)s AND alert_id = %(alert_id)s AND {where}
ORDER BY {order}
LIMIT %(limit)s;

-- name: forget
-- Some of what happened before a moment.
DELETE FROM alert_events
WHERE workspace_id = %(workspace_id)s
  AND event_id IN (
      SELECT event_id FROM alert_events
      WHERE workspace_id = %(workspace_id)s AND occurred_at < %(before)s
      LIMIT %(most)s
  )
RETURNING event_id;

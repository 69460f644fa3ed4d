-- name: all_of
-- As one reads them: by rows, and from left to right.
SELECT widget_id AS id, dashboard_id, kind, title, x, y, width, height, content, created_at, updated_at
FROM widgets
WHERE workspace_id = %(workspace_id)s AND dashboard_id = %(dashboard_id)s
ORDER BY y, x, widget_id;

-- name: list
SELECT widget_id AS id, dashboard_id, kind, title, x, y, width, height, content, created_at, updated_at
FROM widgets
WHERE workspace_id = %(workspace_id)s AND dashboard_id = %(dashboard_id)s AND {where}
ORDER BY {order}
LIMIT %(limit)s;

-- name: of_dashboards
SELECT widget_id AS id, dashboard_id, kind, title, x, y, width, height, content, created_at, updated_at
FROM widgets
WHERE workspace_id = %(workspace_id)s AND dashboard_id = ANY (%(dashboard_ids)s)
ORDER BY y, x, widget_id;

-- name: insert
INSERT INTO widgets (
    workspace_id, widget_id, dashboard_id, kind, title, x, y, width, height, content, created_at, updated_at
)
VALUES (
    %(workspace_id)s, %(widget_id)s, %(dashboard_id)s, %(kind)s, %(title)s, %(x)s, %(y)s, %(width)s, %(height)s,
    %(content)s, %(created_at)s, %(updated_at)s
);

-- name: update
UPDATE widgets
SET kind = %(kind)s, title = %(title)s, x = %(x)s, y = %(y)s, width = %(width)s, height = %(height)s,
    content = %(content)s, updated_at = %(updated_at)s
WHERE workspace_id = %(workspace_id)s AND widget_id = %(widget_id)s
RETURNING content;

-- name: delete
DELETE FROM widgets
WHERE workspace_id = %(workspace_id)s AND widget_id = %(widget_id)s;

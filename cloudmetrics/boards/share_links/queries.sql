-- name: list
SELECT share_link_id AS id, dashboard_id, name, created_by, created_at, expires_at, revoked_at
FROM share_links
WHERE workspace_id = %(workspace_id)s AND dashboard_id = %(dashboard_id)s AND {where}
ORDER BY {order}
LIMIT %(limit)s;

-- name: get
SELECT share_link_id AS id, dashboard_id, name, created_by, created_at, expires_at, revoked_at
FROM share_links
WHERE workspace_id = %(workspace_id)s AND dashboard_id = %(dashboard_id)s AND share_link_id = %(share_link_id)s;

-- name: create
INSERT INTO share_links (
    workspace_id, share_link_id, dashboard_id, name, digest, created_by, created_at, expires_at
)
VALUES (
    %(workspace_id)s, %(share_link_id)s, %(dashboard_id)s, %(name)s, %(digest)s, %(created_by)s, %(created_at)s,
    %(expires_at)s
);

-- name: revoke
UPDATE share_links
SET revoked_at = %(now)s
WHERE workspace_id = %(workspace_id)s AND share_link_id = %(share_link_id)s AND revoked_at IS NULL
RETURNING share_link_id AS id;

-- name: find
-- The link that a token opens: neither it, nor its dashboard, nor its workspace has ended.
SELECT link.share_link_id, coalesce(clock.ahead, '0') AS ahead, link.expires_at
FROM share_links AS link
JOIN dashboards AS board USING (workspace_id, dashboard_id)
JOIN workspaces AS space USING (workspace_id)
LEFT JOIN test_clocks AS clock USING (workspace_id)
WHERE link.workspace_id = %(workspace_id)s
  AND link.digest = ANY (%(digests)s)
  AND link.revoked_at IS NULL
  AND board.deleted_at IS NULL
  AND space.deleted_at IS NULL;

-- name: dashboard
SELECT dashboard_id
FROM share_links
WHERE workspace_id = %(workspace_id)s AND share_link_id = %(share_link_id)s;

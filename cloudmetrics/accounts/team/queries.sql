-- name: list
SELECT member.user_id AS id, person.email, member.role, member.created_at AS joined_at
FROM memberships AS member
JOIN users AS person USING (user_id)
WHERE member.workspace_id = %(workspace_id)s AND {where}
ORDER BY {order}
LIMIT %(limit)s;

-- name: get
SELECT member.user_id AS id, person.email, member.role, member.created_at AS joined_at
FROM memberships AS member
JOIN users AS person USING (user_id)
WHERE member.workspace_id = %(workspace_id)s AND member.user_id = %(user_id)s;

-- name: find
SELECT member.user_id AS id, person.email, member.role, member.created_at AS joined_at
FROM memberships AS member
JOIN users AS person USING (user_id)
WHERE member.workspace_id = %(workspace_id)s AND person.email = %(email)s;

-- name: lock_owners
-- In one order, so that owners who leave at the same time take turns, and the last sees that it is.
SELECT user_id
FROM memberships
WHERE workspace_id = %(workspace_id)s AND role = 'OWNER'
ORDER BY user_id
FOR UPDATE;

-- name: owners
SELECT person.email
FROM memberships AS member
JOIN users AS person USING (user_id)
WHERE member.workspace_id = %(workspace_id)s AND member.role = 'OWNER'
ORDER BY person.email;

-- name: lock
SELECT member.user_id AS id, person.email, member.role, member.created_at AS joined_at
FROM memberships AS member
JOIN users AS person USING (user_id)
WHERE member.workspace_id = %(workspace_id)s AND member.user_id = %(user_id)s
FOR UPDATE OF member;

-- name: change_role
UPDATE memberships
SET role = %(role)s
WHERE workspace_id = %(workspace_id)s AND user_id = %(user_id)s;

-- name: remove
DELETE FROM memberships
WHERE workspace_id = %(workspace_id)s AND user_id = %(user_id)s;

-- name: remove_from_directory
DELETE FROM user_workspaces
WHERE workspace_id = %(workspace_id)s AND user_id = %(user_id)s;

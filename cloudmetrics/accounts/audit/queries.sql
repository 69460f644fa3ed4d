-- name: record
INSERT INTO audit_log (
    workspace_id, entry_id, recorded_at, action, user_id, credential_kind, credential_id, address,
    subject_kind, subject_id, details, request_id
)
VALUES (
    %(workspace_id)s, %(id)s, %(recorded_at)s, %(action)s, %(user_id)s, %(credential_kind)s, %(credential_id)s,
    %(address)s, %(subject_kind)s, %(subject_id)s, %(details)s::jsonb, %(request_id)s
);

-- name: list
SELECT
    entry_id AS id, recorded_at, action, user_id, credential_kind, credential_id, address,
    subject_kind, subject_id, details, request_id
FROM audit_log
WHERE workspace_id = %(workspace_id)s AND {where}
ORDER BY {order}
LIMIT %(limit)s;

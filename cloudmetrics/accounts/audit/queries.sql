-- name: record
INSERT INTO audit_log (
    workspace_id, entry_id, recorded_at, action, user_id, credential_kind, credential_id, address,
    subject_kind, subject_id, details, request_id
)
VALUES (
    %(workspace_id)s, %(id)s, %(recorded_at)s, %(action)s, %(user_id)s, %(credential_kind)s, %(credential_id)s,
    %(address)s, %(subject_kind)s, %(subject_id)s, %(details)s::jsonb, %(request_id)s
);

-- name: list_before
-- Newest first, since ids grow with time.
SELECT
    entry_id AS id, recorded_at, action, user_id, credential_kind, credential_id, address,
    subject_kind, subject_id, details, request_id
FROM audit_log
WHERE workspace_id = %(workspace_id)s
  AND entry_id < %(before)s
  AND (%(action)s::text IS NULL OR action = %(action)s::text)
  AND (%(user_id)s::uuid IS NULL OR user_id = %(user_id)s::uuid)
  AND (%(credential_id)s::uuid IS NULL OR credential_id = %(credential_id)s::uuid)
  AND (%(subject_id)s::uuid IS NULL OR subject_id = %(subject_id)s::uuid)
  AND (%(since)s::timestamptz IS NULL OR recorded_at >= %(since)s::timestamptz)
  AND (%(until)s::timestamptz IS NULL OR recorded_at < %(until)s::timestamptz)
ORDER BY entry_id DESC
LIMIT %(limit)s;

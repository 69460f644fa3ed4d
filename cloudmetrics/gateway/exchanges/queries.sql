-- name: lock
-- Whether nobody else works on the same key. It ends with the transaction, however that ends.
SELECT pg_try_advisory_xact_lock(%(lock)s::bigint) AS is_free;

-- name: find
-- After the lock: whoever held it before has stored its answer, or has done nothing.
SELECT answer
FROM kept_answers
WHERE workspace_id = %(workspace_id)s AND holder_id = %(holder_id)s AND key_digest = %(digest)s;

-- name: keep
INSERT INTO kept_answers (workspace_id, holder_id, key_digest, answer, answered_at)
VALUES (%(workspace_id)s, %(holder_id)s, %(digest)s, %(answer)s, %(now)s);

-- name: forget
-- Without a tenant, which sees of all kept answers only those that are old enough to go.
DELETE FROM kept_answers
WHERE (workspace_id, holder_id, key_digest) IN (
    SELECT workspace_id, holder_id, key_digest FROM kept_answers
    WHERE answered_at < %(before)s
    LIMIT %(most)s
)
RETURNING workspace_id;

-- name: version
-- What it was after the same commits is the same text, and differs after any other. Null where nothing
-- was noted, and while rollups are drawn anew: websites show how far that is, and events move it on.
SELECT md5(string_agg(change_id::text, ' ' ORDER BY change_id)) AS version
FROM workspace_changes
WHERE workspace_id = %(workspace_id)s
  AND NOT EXISTS (SELECT FROM rollup_builds WHERE workspace_id = %(workspace_id)s);

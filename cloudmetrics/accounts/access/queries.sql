-- name: note
INSERT INTO access_changes (change_id, subject_id, changed_at)
VALUES (%(change_id)s, %(subject_id)s, %(now)s);

-- name: forget
-- Processes remember nothing as old as this.
DELETE FROM access_changes
WHERE changed_at < %(before)s;

-- name: recent
SELECT change_id, subject_id
FROM access_changes
WHERE changed_at >= %(since)s;

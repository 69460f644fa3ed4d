-- 0066_audit_log_indexes.sql: the audit log is read in the order of time, all of it or by who, what and to what.
-- Safe beside any release, which writes as before. Takes about 5 s per million entries, during
-- which nothing that is written to the log can be done.
SET LOCAL lock_timeout = '4s';
SET LOCAL statement_timeout = '10min';

CREATE INDEX audit_log_by_time ON audit_log (workspace_id, recorded_at, entry_id);
CREATE INDEX audit_log_by_action ON audit_log (workspace_id, action, recorded_at, entry_id);
CREATE INDEX audit_log_by_user ON audit_log (workspace_id, user_id, recorded_at, entry_id);
CREATE INDEX audit_log_by_credential ON audit_log (workspace_id, credential_id, recorded_at, entry_id);
CREATE INDEX audit_log_by_subject ON audit_log (workspace_id, subject_id, recorded_at, entry_id);

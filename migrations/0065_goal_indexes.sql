-- 0065_goal_indexes.sql: goals can be listed in several orders, and by website.
-- Safe beside any release: it only adds indexes, to a table that is small enough to be locked for it.
SET LOCAL lock_timeout = '4s';
SET LOCAL statement_timeout = '15s';

-- Each ends with the key, which decides between goals that are alike in what they are sorted by.
CREATE INDEX goals_by_creation ON goals (workspace_id, created_at, goal_id);
CREATE INDEX goals_by_change ON goals (workspace_id, updated_at, goal_id);
CREATE INDEX goals_by_name ON goals (workspace_id, name COLLATE "C", goal_id);
CREATE INDEX goals_of_website ON goals (workspace_id, website_id, goal_id);

-- 0015_website_versions.sql: each website counts the changes of its data.
-- Safe beside any release that counts them: a release that does not would leave old answers
-- standing, so stop it first. Takes no time, since the default is not written into any row.
SET LOCAL lock_timeout = '4s';
SET LOCAL statement_timeout = '5s';

-- Goes up in the same transaction as every change of the website's events or rollups, so an
-- answer that was given at a version is right for as long as the version is the same.
ALTER TABLE websites ADD COLUMN version bigint NOT NULL DEFAULT 0;
-- Leaves room for the next versions of a row beside it, which then need no new index entries.
ALTER TABLE websites SET (fillfactor = 50);

-- 0015_website_versions.sql: each website counts the changes of its data; what belongs together is known.
-- Safe beside any release that counts them: a release that does not would leave old answers
-- standing, so stop it first. Takes no time, since the default is not written into any row.
SET LOCAL lock_timeout = '4s';
SET LOCAL statement_timeout = '5s';

-- Goes up in the same transaction as every change of the website's events or rollups, so an
-- answer that was given at a version is right for as long as the version is the same.
ALTER TABLE websites ADD COLUMN version bigint NOT NULL DEFAULT 0;
-- Leaves room for the next versions of a row beside it, which then need no new index entries.
ALTER TABLE websites SET (fillfactor = 50);

-- A website lies in one workspace and has one edition that matters. Without knowing that,
-- PostgreSQL multiplies their shares and expects a tenth of the rows that there are. It takes
-- effect with the next ANALYZE, which comes by itself.
CREATE STATISTICS visitor_days_of_website (dependencies) ON workspace_id, website_id, edition FROM visitor_days;
CREATE STATISTICS visitor_day_events_of_website (dependencies)
ON workspace_id, website_id, edition FROM visitor_day_events;
CREATE STATISTICS page_days_of_website (dependencies) ON workspace_id, website_id, edition FROM page_days;
CREATE STATISTICS daily_totals_of_website (dependencies) ON workspace_id, website_id, edition FROM daily_totals;
CREATE STATISTICS daily_gaps_of_website (dependencies) ON workspace_id, website_id, edition FROM daily_gaps;
CREATE STATISTICS visits_of_website (dependencies) ON workspace_id, website_id FROM visits;
CREATE STATISTICS events_of_website (dependencies) ON workspace_id, website_id FROM events;

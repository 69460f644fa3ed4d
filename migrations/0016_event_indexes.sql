-- 0016_event_indexes.sql: events are found by page, by name, and, at the times of somebody's visits, by visitor.
-- Safe beside the previous release, which never names an index. Takes about 15 s per million
-- events, during which nobody can write events, but all can read.
SET LOCAL lock_timeout = '10s';
SET LOCAL statement_timeout = '2h';

-- For page goals and steps of funnels. What comes after INCLUDE is what they count, so that
-- they read the index only, which is many times faster than fetching events one by one.
CREATE INDEX events_of_page ON events (workspace_id, website_id, page, occurred_at)
INCLUDE (visitor_id, event_id, revenue_minor)
WHERE name = 'pageview';

-- For everything else that is named; it holds few events, since most are page views.
CREATE INDEX events_of_name ON events (workspace_id, website_id, name, occurred_at)
INCLUDE (visitor_id, event_id, revenue_minor)
WHERE name <> 'pageview';

-- In the order of time new events go to its end, where they cost next to nothing. With whose
-- they are it finds the events of a visit without looking at those of others.
DROP INDEX events_by_time;
CREATE INDEX events_by_time ON events (workspace_id, website_id, occurred_at) INCLUDE (visitor_id, event_id);

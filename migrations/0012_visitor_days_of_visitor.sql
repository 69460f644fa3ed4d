-- 0012_visitor_days_of_visitor.sql: finds a visitor's nearest day with the same source, or the
-- same of another dimension, in the index alone.
-- Safe beside the previous release, which reads the same index. Takes some 5 s per million
-- visitor days, during which events wait.
SET LOCAL lock_timeout = '10s';
SET LOCAL statement_timeout = '1h';

DROP INDEX visitor_days_of_visitor;
CREATE INDEX visitor_days_of_visitor
ON visitor_days (workspace_id, website_id, edition, visitor_id, day)
INCLUDE (source, medium, campaign, device, browser, system, country);

-- name: now
-- One row with all of it, from the events of the last half hour, which their index finds.
WITH site AS NOT MATERIALIZED (
    SELECT workspace_id, website_id, edition, timezone
    FROM websites
    WHERE workspace_id = %(workspace_id)s
      AND deleted_at IS NULL
      AND (%(website_id)s::uuid IS NULL OR website_id = %(website_id)s::uuid)
), recent AS MATERIALIZED (
    SELECT
        website_id, visitor_id, occurred_at, page, event.name = 'pageview' AS viewed,
        occurred_at > %(present)s::timestamptz AS present
    FROM site JOIN events AS event USING (workspace_id, website_id)
    WHERE occurred_at >= %(start)s::timestamptz AND occurred_at <= %(now)s::timestamptz
), person AS MATERIALIZED (
    SELECT website_id, visitor_id, max(occurred_at) AS last_at
    FROM recent
    WHERE present
    GROUP BY website_id, visitor_id
), minute AS (
    SELECT
        date_trunc('minute', occurred_at) AS started_at,
        count(DISTINCT (website_id, visitor_id)) AS visitors,
        count(*) FILTER (WHERE viewed) AS pageviews
    FROM recent
    GROUP BY 1
), viewed AS (
    SELECT page, count(DISTINCT (website_id, visitor_id)) AS visitors
    FROM recent
    WHERE present AND viewed AND page IS NOT NULL
    GROUP BY page
    ORDER BY visitors DESC, page
    LIMIT %(most)s
), touched AS (
    -- The first touch of the day of their last event.
    SELECT touch.source, count(*) AS visitors
    FROM person
    JOIN site USING (website_id)
    JOIN visitor_days AS touch
        ON touch.workspace_id = site.workspace_id
        AND touch.website_id = site.website_id
        AND touch.edition = site.edition
        AND touch.day = (person.last_at AT TIME ZONE site.timezone)::date
        AND touch.visitor_id = person.visitor_id
    GROUP BY touch.source
    ORDER BY visitors DESC, touch.source
    LIMIT %(most)s
)
SELECT
    (SELECT count(*) FROM person) AS visitors,
    (SELECT jsonb_agg(jsonb_build_array(extract(epoch FROM started_at), visitors, pageviews)) FROM minute)
        AS minutes,
    (SELECT jsonb_agg(jsonb_build_array(page, visitors) ORDER BY visitors DESC, page) FROM viewed) AS pages,
    (SELECT jsonb_agg(jsonb_build_array(source, visitors) ORDER BY visitors DESC, source) FROM touched)
        AS sources;

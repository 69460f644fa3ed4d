-- name: list_after
-- Visitors of a website in the order of their ids, which never changes: those who have a
-- day that fits, with all that they ever did. The days come in the order of the ids, so
-- that a page ends where it is full. Money is compared with the whole.
SELECT chosen.visitor_id AS id, whole.*
FROM (
    SELECT DISTINCT day_of.workspace_id, day_of.website_id, day_of.visitor_id
    FROM visitor_days AS day_of
    WHERE day_of.workspace_id = %(workspace_id)s
      AND day_of.website_id = %(website_id)s
      AND day_of.edition = (
          SELECT edition
          FROM websites
          WHERE workspace_id = %(workspace_id)s AND website_id = %(website_id)s
      )
      AND day_of.visitor_id > %(after)s
      AND (%(start_date)s::date IS NULL OR day_of.day >= %(start_date)s::date)
      AND (%(end_date)s::date IS NULL OR day_of.day <= %(end_date)s::date)
      AND (%(source)s::text IS NULL OR day_of.source = %(source)s::text)
      AND (%(medium)s::text IS NULL OR day_of.medium = %(medium)s::text)
      AND (%(campaign)s::text IS NULL OR day_of.campaign = %(campaign)s::text)
      AND (%(device)s::text IS NULL OR day_of.device = %(device)s::text)
      AND (%(browser)s::text IS NULL OR day_of.browser = %(browser)s::text)
      AND (%(system)s::text IS NULL OR day_of.system = %(system)s::text)
      AND (%(country)s::text IS NULL OR day_of.country = %(country)s::text)
      AND (
          %(event_name)s::text IS NULL
          OR (%(event_name)s::text = 'pageview' AND day_of.pageviews > 0)
          OR EXISTS (
              SELECT FROM visitor_day_events AS done
              WHERE done.workspace_id = day_of.workspace_id AND done.website_id = day_of.website_id
                AND done.edition = day_of.edition AND done.name = %(event_name)s::text
                AND done.day = day_of.day AND done.visitor_id = day_of.visitor_id
          )
      )
    ORDER BY day_of.visitor_id
    -- Where money does not matter, everybody who is chosen is shown; no more are looked for.
    LIMIT CASE WHEN %(minimum_revenue)s::bigint IS NULL THEN %(limit)s END
) AS chosen
CROSS JOIN LATERAL (
    SELECT
        min(started_at) AS first_at, max(ended_at) AS last_at, count(*) AS visits,
        sum(pageviews)::bigint AS pageviews, sum(events)::bigint AS events, sum(revenue)::bigint AS revenue
    FROM visits
    WHERE workspace_id = chosen.workspace_id
      AND website_id = chosen.website_id
      AND visitor_id = chosen.visitor_id
) AS whole
WHERE %(minimum_revenue)s::bigint IS NULL OR whole.revenue >= %(minimum_revenue)s::bigint
ORDER BY chosen.visitor_id
LIMIT %(limit)s;

-- name: get
-- No row comes back where there is no visit, and so no event.
SELECT
    visitor_id AS id, min(started_at) AS first_at, max(ended_at) AS last_at, count(*) AS visits,
    sum(pageviews)::bigint AS pageviews, sum(events)::bigint AS events, sum(revenue)::bigint AS revenue
FROM visits
WHERE workspace_id = %(workspace_id)s
  AND website_id = %(website_id)s
  AND visitor_id = %(visitor_id)s
GROUP BY visitor_id;

-- name: visits_before
-- Visits of one visitor, newest first, with what came with the first event of each.
SELECT
    visit.started_at AS first_at, visit.ended_at AS last_at, visit.pageviews, visit.events,
    visit.revenue::bigint AS revenue, visit.entry_page, visit.exit_page, first.url AS entry_url,
    first.source, first.medium, first.campaign, first.device, first.browser, first.system, first.country
FROM (
    SELECT *
    FROM visits
    WHERE workspace_id = %(workspace_id)s
      AND website_id = %(website_id)s
      AND visitor_id = %(visitor_id)s
      AND started_at < %(before)s::timestamptz
    ORDER BY started_at DESC
    LIMIT %(limit)s
) AS visit
JOIN events AS first ON first.workspace_id = visit.workspace_id AND first.event_id = visit.first_id
ORDER BY visit.started_at DESC;

-- name: days
-- Days of one visitor, oldest first, with the first touch of each. As text, since the first
-- moment of the year 1 is in some places still a day of the year before.
SELECT
    day_of.day::text AS day, day_of.source, day_of.medium, day_of.campaign, day_of.device, day_of.browser,
    day_of.system, day_of.country, day_of.visits, day_of.pageviews,
    day_of.events, day_of.revenue::bigint AS revenue
FROM websites AS site
JOIN visitor_days AS day_of USING (workspace_id, website_id, edition)
WHERE site.workspace_id = %(workspace_id)s
  AND site.website_id = %(website_id)s
  AND day_of.visitor_id = %(visitor_id)s
  AND day_of.day > %(after)s::date
ORDER BY day_of.day
LIMIT %(limit)s;

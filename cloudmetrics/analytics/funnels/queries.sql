-- name: reached
-- A row for each step that anybody completed, from the raw events.
WITH RECURSIVE condition AS (
    SELECT number, event_name, path_like, minimum_revenue
    FROM jsonb_to_recordset(%(steps)s::jsonb) AS step (
        number int, event_name text, path_like text, minimum_revenue bigint
    )
), met AS (
    -- The events that meet the condition of any step, with the numbers of these steps.
    SELECT
        event.visitor_id, event.occurred_at, event.event_id,
        array_agg(condition.number) AS numbers, max(condition.number) AS last_number
    FROM websites AS site
    JOIN events AS event USING (workspace_id, website_id)
    JOIN condition ON event.name = condition.event_name
        AND (condition.path_like IS NULL OR page_path(event.url) LIKE condition.path_like)
        AND (condition.minimum_revenue IS NULL OR event.revenue_minor >= condition.minimum_revenue)
    WHERE site.workspace_id = %(workspace_id)s
      AND site.website_id = %(website_id)s
      AND site.deleted_at IS NULL
      -- No time zone is a whole day away from UTC. These bounds are for the index; the
      -- exact ones, below, compare days, because a day may begin twice or not at midnight.
      AND event.occurred_at >= (%(start_date)s::date - 1)::timestamp AT TIME ZONE 'UTC'
      AND event.occurred_at < (%(end_date)s::date + 2)::timestamp AT TIME ZONE 'UTC'
      AND (event.occurred_at AT TIME ZONE site.timezone)::date
          BETWEEN %(start_date)s::date AND %(end_date)s::date
    GROUP BY event.visitor_id, event.occurred_at, event.event_id
), way AS (
    -- Once per step, every event again that still matters: that completed the step before,
    -- or meets the condition of this one or of a later one. `began_at` is null unless the
    -- event completes the step; then it is the latest moment at which the way to it can
    -- have begun. The latest is enough: whatever an earlier beginning still reaches in
    -- time, the latest one does.
    SELECT
        1 AS number, visitor_id, occurred_at, event_id, numbers, last_number,
        CASE WHEN 1 = ANY (numbers) THEN occurred_at END AS began_at,
        NULL::timestamptz AS previous_at
    FROM met
    UNION ALL
    SELECT
        number + 1, visitor_id, occurred_at, event_id, numbers, last_number,
        CASE
            WHEN number + 1 = ANY (numbers)
                AND occurred_at - max(began_at) OVER earlier <= make_interval(hours => %(window_hours)s)
            THEN max(began_at) OVER earlier
        END,
        max(occurred_at) FILTER (WHERE began_at IS NOT NULL) OVER earlier
    FROM way
    WHERE number < %(last)s AND (began_at IS NOT NULL OR last_number > number)
    WINDOW earlier AS (
        PARTITION BY visitor_id ORDER BY occurred_at, event_id
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    )
), first_completion AS (
    SELECT DISTINCT ON (number, visitor_id) number, occurred_at - previous_at AS took
    FROM way
    WHERE began_at IS NOT NULL
    ORDER BY number, visitor_id, occurred_at, event_id
)
SELECT
    number,
    count(*) AS visitors,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM took)::double precision) AS median_seconds
FROM first_completion
GROUP BY number
ORDER BY number;

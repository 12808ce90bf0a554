-- The queries of a replay, for both DuckDB and Spark SQL.
--
-- A line of an access log is split at its quotation marks: `lines` has the pieces f1, f2, … of each
-- line and its whole text, raw. f2, f4, f6 … are the quoted fields, and f1, f3, f5 … the text between
-- them. A statement begins with its name. Statements or values replace names in braces before it
-- runs.

-- name: regular
-- Whether a line has the documented form (docs/protocol.md, "Access log"). Python parses every other
-- line. An escaped quotation mark shifts the following pieces, so all gaps are checked. The `$` of
-- Spark also matches before a line end of Unicode at the end of a piece, so LIKE checks the end.
f1 LIKE '% - - [%] ' AND f3 LIKE '% '
AND regexp_like(f1, '^[^ ]+ - - .(0[1-9]|[12][0-9]|3[01])/(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)/[12][0-9]{3}:([01][0-9]|2[0-3]):[0-5][0-9]:[0-6][0-9] [+-](0[0-9]|1[0-4])(00|15|30|45). $')
AND regexp_like(f3, '^ [0-9]{3} ([0-9]{1,15}|-) ([0-9]{1,15}|-) $')
AND f5 = ' ' AND f7 = ' ' AND f9 = ' ' AND f11 = ' '
AND f13 = ' ' AND f15 = ' ' AND f17 = ' ' AND f19 = ' '
AND f21 LIKE ' % % ' AND f23 LIKE ' % ' AND f25 LIKE ' % '
AND f27 = ' ' AND f29 = ' ' AND f31 = ' ' AND f33 = ' ' AND (f35 IS NULL OR f35 = '' OR f35 = ' ')
AND f34 <> ''

-- name: kind
-- Five letters: the signing of the request, its method, its scope, its outcome, and the destination of
-- the response: the Internet, a CDN, or the internal network (P-93). The first case is a shortcut for
-- most requests.
CASE
  WHEN f14 = '-' AND f34 = '-' AND f20 <> '-' AND (f3 LIKE ' 2%' OR f3 LIKE ' 3%')
    AND f26 <> 'cdn' AND NOT f8 LIKE '%-internal.%'
    AND f2 LIKE 'GET %' AND NOT f2 LIKE '%ignature=%'
  THEN 'NGOSI'
  ELSE {letters}
END

-- name: letters
concat(
  CASE
    WHEN f2 LIKE '%ignature=%'
      AND regexp_extract(f2, '[?&](Signature|x-oss-signature)=', 1) <> '' THEN 'U'
    WHEN f14 = '-' AND f34 = '-' THEN 'N'
    WHEN f16 = 'PostObject' THEN 'F'
    ELSE 'H'
  END,
  CASE
    WHEN f2 LIKE 'GET %' THEN 'G'
    WHEN f2 LIKE 'HEAD %' THEN 'H'
    WHEN f2 LIKE 'OPTIONS %' THEN 'O'
    ELSE 'P'
  END,
  CASE WHEN f20 <> '-' THEN 'O' WHEN f18 <> '-' THEN 'B' ELSE 'S' END,
  CASE
    WHEN f3 LIKE ' 2%' OR f3 LIKE ' 3%' THEN 'S'
    WHEN f3 LIKE ' 403 %' AND f22 = 'AccessDenied' THEN 'D'
    ELSE 'F'
  END,
  CASE
    WHEN f26 = 'cdn' THEN 'C'
    WHEN f8 LIKE '%-internal.%' AND split_part(f8, ':', 1) LIKE '%-internal.aliyuncs.com' THEN 'N'
    ELSE 'I'
  END
)

-- name: family
-- The kind of a User-Agent.
CASE
  WHEN r.agent = '-' THEN 'no User-Agent'
  WHEN r.agent LIKE '%bot%' OR r.agent LIKE '%Bot%' OR r.agent LIKE '%pider%' OR r.agent LIKE '%rawler%' THEN 'robots'
  WHEN r.agent NOT LIKE 'Mozilla/%' THEN 'programs'
  WHEN r.agent LIKE '%MicroMessenger%' THEN 'WeChat'
  WHEN r.agent LIKE '%Edg%' THEN 'Edge'
  WHEN r.agent LIKE '%Firefox/%' THEN 'Firefox'
  WHEN r.agent LIKE '%Chrome/%' OR r.agent LIKE '%CriOS/%' THEN 'Chrome'
  WHEN r.agent LIKE '%Safari/%' THEN 'Safari'
  ELSE 'other browsers'
END

-- name: cut_query
CASE WHEN instr(f4, '?') > 0 THEN concat(split_part(f4, '?', 1), '?') ELSE f4 END

-- name: cut_path
-- The path of a mini program begins with its appid, which alone tells it apart (R-44).
regexp_extract(f4, '^(https://servicewechat[.]com/[^/?#]*/|([^/?#]*://)?[^/?#]*[/?#]?)', 0)

-- name: cut_nothing
f4

-- name: foreign
-- Whether no entry can match a Referer, because the Referer lacks the texts that entries need.
{text} LIKE 'http%://%' AND NOT regexp_like({text}, '{needed}')

-- name: stamp
-- The time of a line as text that sorts.
concat(
  substr(f1, -21, 4),
  CASE substr(f1, -25, 3)
    WHEN 'Jan' THEN '01' WHEN 'Feb' THEN '02' WHEN 'Mar' THEN '03' WHEN 'Apr' THEN '04'
    WHEN 'May' THEN '05' WHEN 'Jun' THEN '06' WHEN 'Jul' THEN '07' WHEN 'Aug' THEN '08'
    WHEN 'Sep' THEN '09' WHEN 'Oct' THEN '10' WHEN 'Nov' THEN '11' ELSE '12'
  END,
  substr(f1, -28, 2),
  ' ',
  substr(f1, -16, 8)
)

-- name: clock
-- The hour of a line and its time zone, and the quarter of the hour if the zone needs it.
concat(
  substr(f1, -28, 15),
  CASE
    WHEN f1 LIKE '%00] ' OR substr(f1, -13, 2) < '15' THEN '00'
    WHEN substr(f1, -13, 2) < '30' THEN '15'
    WHEN substr(f1, -13, 2) < '45' THEN '30'
    ELSE '45'
  END,
  substr(f1, -8, 6)
)

-- name: requests
-- The lines counted four times: by Referer, hour, folder, and User-Agent. Lines that are not selected
-- have the kind '-', and lines without the documented form '!'. A Referer that no entry matches is cut
-- to its origin. The counts by hour, folder and User-Agent use one `party` for all such Referers.
SELECT
  kind, referer, party, clock, prefix, bucket, agent,
  count(*) AS requests,
  cast(sum(bytes) AS bigint) AS bytes
FROM (
  SELECT *, CASE WHEN is_foreign THEN {stranger} ELSE referer END AS party
  FROM (
    SELECT
      kind, {foreign} AS is_foreign,
      CASE WHEN kind < 'A' THEN '' ELSE {referer} END AS referer,
      CASE WHEN kind < 'A' THEN '' ELSE {clock} END AS clock,
      CASE WHEN kind < 'A' THEN '' ELSE substr(f20, 1, instr(f20, '/')) END AS prefix,
      CASE WHEN kind < 'A' THEN '' ELSE f18 END AS bucket,
      CASE WHEN kind < 'A' THEN '' ELSE f6 END AS agent,
      CASE
        WHEN kind < 'A' THEN 0 ELSE coalesce(try_cast(split_part(f3, ' ', 3) AS bigint), 0)
      END AS bytes
    FROM (
      SELECT
        *,
        CASE WHEN {regular} THEN CASE WHEN {selected} THEN {kind} ELSE '-' END ELSE '!' END AS kind
      FROM lines
    ) AS line
  ) AS fact
) AS assigned
GROUP BY GROUPING SETS (
  (kind, referer), (kind, party, clock), (kind, party, prefix, bucket), (kind, party, agent)
)

-- name: requests_of
-- The lines of one bucket, from the counts of several; other lines are not selected.
SELECT
  CASE
    WHEN substr(kind, 6) = {bucket} THEN substr(kind, 1, 5)
    WHEN kind < 'A' THEN kind
    ELSE '-'
  END AS kind,
  referer, party, clock, prefix, bucket, agent, requests, bytes
FROM all_requests

-- name: odd
SELECT raw, count(*) AS requests
FROM (SELECT raw, CASE WHEN {regular} THEN 1 ELSE 0 END AS regular FROM lines) AS line
WHERE regular = 0
GROUP BY raw
ORDER BY raw

-- name: seen
-- The buckets of all lines, those with most lines first.
SELECT bucket, count(*) AS requests
FROM (SELECT f18 AS bucket, CASE WHEN {regular} THEN 1 ELSE 0 END AS regular FROM lines) AS line
WHERE regular = 1 AND bucket <> '-'
GROUP BY bucket
ORDER BY requests DESC, bucket
LIMIT {top}

-- name: counts
SELECT
  CASE WHEN kind < 'A' THEN kind ELSE 'A' END AS kind, cast(sum(requests) AS bigint) AS requests
FROM requests
WHERE referer IS NOT NULL
GROUP BY 1

-- name: buckets
SELECT bucket, cast(sum(requests) AS bigint) AS requests
FROM requests
WHERE bucket IS NOT NULL AND kind >= 'A' AND bucket <> '-'
GROUP BY bucket
ORDER BY requests DESC, bucket
LIMIT {top}

-- name: groups
-- Parties are judged too, but add no requests.
SELECT
  referer, kind,
  cast(sum(requests) AS bigint) AS requests,
  cast(sum(bytes) AS bigint) AS bytes,
  {foreign} AS is_foreign
FROM (
  SELECT referer, kind, requests, bytes FROM requests WHERE referer IS NOT NULL
  UNION ALL
  SELECT party AS referer, kind, 0 AS requests, 0 AS bytes FROM requests WHERE clock IS NOT NULL
) AS one
WHERE kind >= 'A'
GROUP BY referer, kind

-- name: totals
-- Unchanged requests are still allowed or still denied, or failed for another reason.
SELECT
  verdict, assumed, why, substr(kind, 5, 1) AS network, own,
  CASE
    WHEN verdict <> 'unchanged' THEN ''
    WHEN kind LIKE '___F_' THEN 'failed'
    WHEN kind LIKE '___S_' AND allowed = 1 THEN 'allowed'
    ELSE 'denied'
  END AS still,
  cast(sum(requests) AS bigint) AS requests,
  cast(sum(bytes) AS bigint) AS bytes
FROM verdicts
WHERE requests > 0
GROUP BY 1, 2, 3, 4, 5, 6

-- name: entries
SELECT
  entry,
  allowed,
  cast(sum(requests) AS bigint) AS requests,
  cast(sum({traffic}) AS bigint) AS bytes
FROM verdicts
WHERE entry <> ''
GROUP BY entry, allowed

-- name: hosts
-- The first hosts of the sites of the rules, and the first other hosts.
SELECT {columns}, place FROM (
  SELECT *, row_number() OVER (PARTITION BY own {order}) AS place FROM (
    SELECT host AS value, max(own) AS own, {measures}
    FROM (
      SELECT host, verdict, requests, {traffic} AS bytes, own FROM verdicts
      WHERE checked = 1 AND requests > 0
    ) AS one
    GROUP BY host
  ) AS host
) AS placed
WHERE place <= {top}

-- name: ranked
SELECT * FROM ranked
{order}

-- name: examples
-- The revoked groups of the first hosts in the table.
SELECT host, origin, kind, min(referer) AS referer
FROM verdicts
WHERE verdict = 'revoked' AND requests > 0
  AND host IN (SELECT value FROM ranked WHERE place <= {top})
GROUP BY host, origin, kind
ORDER BY host, origin, kind

-- name: cells
-- Each row has only one of prefix, clock and family.
SELECT
  verdict, bare, prefix, clock, family,
  cast(sum(requests) AS bigint) AS requests,
  cast(sum(bytes) AS bigint) AS bytes
FROM (
  SELECT
    v.verdict, v.bare, r.prefix, r.clock,
    CASE WHEN r.agent IS NOT NULL THEN {family} END AS family,
    r.requests,
    CASE WHEN r.kind LIKE '____I' THEN r.bytes ELSE 0 END AS bytes
  FROM requests AS r
  JOIN verdicts AS v ON r.party = v.referer AND r.kind = v.kind
) AS one
GROUP BY 1, 2, 3, 4, 5

-- name: prefixes
SELECT * FROM (
  SELECT prefix AS value, {measures} FROM cells WHERE prefix IS NOT NULL GROUP BY prefix
) AS prefix
{order}
LIMIT {top}

-- name: clocks
SELECT clock AS value, {measures} FROM cells WHERE clock IS NOT NULL GROUP BY clock ORDER BY clock

-- name: families
SELECT * FROM (
  SELECT family AS value, {measures} FROM cells WHERE family IS NOT NULL GROUP BY family
) AS family
{order}
LIMIT {top}

-- name: bare
-- The kinds of User-Agent with requests without a Referer that are served before and after.
SELECT * FROM (
  SELECT
    family,
    cast(sum(requests) AS bigint) AS requests,
    cast(sum(bytes) AS bigint) AS bytes
  FROM cells
  WHERE bare = 1 AND family IS NOT NULL
  GROUP BY family
) AS family
ORDER BY bytes DESC, requests DESC, family

-- name: traffic
-- The bytes that are billed as traffic out to the Internet (P-93).
CASE WHEN kind LIKE '____I' THEN bytes ELSE 0 END

-- name: measure
cast(sum(CASE WHEN verdict = '{verdict}' THEN {what} ELSE 0 END) AS bigint) AS {verdict}_{what}

-- name: order
ORDER BY
  revoked_bytes DESC, revoked_requests DESC, gained_bytes DESC, gained_requests DESC,
  unchanged_bytes DESC, unchanged_requests DESC, value

-- name: recorded
-- The requests by Referer and kind; the Referers after the first that no entry can match are one.
SELECT
  CASE WHEN is_foreign AND place > {top} THEN {stranger} ELSE referer END AS referer,
  kind,
  cast(sum(requests) AS bigint) AS requests,
  cast(sum(bytes) AS bigint) AS bytes
FROM (
  SELECT
    *, row_number() OVER (PARTITION BY is_foreign ORDER BY requests DESC, referer, kind) AS place
  FROM ({groups}) AS one
) AS placed
WHERE requests > 0
GROUP BY 1, 2

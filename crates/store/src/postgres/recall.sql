-- Everything that one verdict needs, in one statement. One row shape for all parts:
--   part, place of the question, thread, four texts, four numbers.
-- LATERAL with LIMIT keeps the planner to the written order: from the question to the row, by an index, whatever the
-- statistics say. Parts: 1 totals of subjects, 2 their frequent values, 3 exact traits, 4 windows, 5 matching messages,
-- 6 totals of the best threads, 7 their frequent values. The scores are those of src/recall.rs.
WITH asked AS MATERIALIZED (
  SELECT q.place, w.name, t.*
  FROM unnest($1::bigint[]) WITH ORDINALITY q (subject, place)
  CROSS JOIN LATERAL (SELECT * FROM total WHERE subject = q.subject ORDER BY aspect LIMIT $16::bigint) t
  CROSS JOIN LATERAL (SELECT name FROM word WHERE id = t.aspect LIMIT 1) w
),
found AS MATERIALIZED (
  SELECT 1::bigint AS why, q.place, 0::bigint AS overlap, m.*, 3000000 - (q.place - 1) AS score
  FROM unnest($10::bigint[]) WITH ORDINALITY q (key, place)
  CROSS JOIN LATERAL (
    SELECT record, thread, at, sender, participants, ''::text AS hashes FROM message
    WHERE message_id = q.key AND learnt = 1 ORDER BY id DESC LIMIT $17::bigint) m
  UNION ALL
  SELECT 2, 1, c.overlap, m.*, 2000000 + c.overlap
  FROM (
    SELECT s.message, count(*) AS overlap
    FROM unnest($12::bigint[]) q (key)
    CROSS JOIN LATERAL (
      SELECT message FROM shingle WHERE hash = q.key ORDER BY message DESC LIMIT $18::bigint) s
    GROUP BY s.message ORDER BY overlap DESC, s.message DESC LIMIT $19::bigint) c
  CROSS JOIN LATERAL (
    SELECT record, thread, at, sender, participants, encode(substr(lesson, 1, $23::integer), 'hex')
    FROM message WHERE id = c.message AND learnt = 1 LIMIT 1) m
  UNION ALL
  SELECT 3, q.place, 0, m.*, 1000000 - (q.place - 1)
  FROM unnest($11::bigint[]) WITH ORDINALITY q (key, place)
  CROSS JOIN LATERAL (
    SELECT record, thread, at, sender, participants, '' FROM message
    WHERE subject_key = q.key AND learnt = 1 ORDER BY at DESC, id DESC LIMIT $20::bigint) m
  UNION ALL
  SELECT 4, q.place, 0, m.*, 2500000 - (q.place - 1)
  FROM unnest($25::bigint[]) WITH ORDINALITY q (key, place)
  CROSS JOIN LATERAL (
    SELECT message FROM alias WHERE key = q.key ORDER BY message DESC LIMIT $26::bigint) a
  CROSS JOIN LATERAL (
    SELECT record, thread, at, sender, participants, '' FROM message
    WHERE id = a.message AND learnt = 1 LIMIT 1) m
),
best AS MATERIALIZED (
  SELECT thread FROM found GROUP BY thread ORDER BY max(score) DESC, max(at) DESC, thread LIMIT $13::bigint
),
joined AS MATERIALIZED (
  SELECT b.thread, w.name, t.*
  FROM best b
  CROSS JOIN LATERAL (SELECT * FROM total WHERE subject = b.thread ORDER BY aspect LIMIT $16::bigint) t
  CROSS JOIN LATERAL (SELECT name FROM word WHERE id = t.aspect LIMIT 1) w
)
SELECT 1::bigint AS part, place, 0::bigint AS thread, name AS a, '' AS b, '' AS c, '' AS d,
  count AS n1, first_at AS n2, last_at AS n3, distinct_values AS n4
FROM asked
UNION ALL
SELECT 2, k.place, 0, k.name, v.value, '', '', v.count, v.first_at, v.last_at, 0
FROM asked k
CROSS JOIN LATERAL (
  (SELECT value, count, first_at, last_at FROM trait
    WHERE subject = k.subject AND aspect = k.aspect AND rank > 1 ORDER BY rank DESC, value LIMIT $14::bigint)
  UNION
  (SELECT value, count, first_at, last_at FROM trait
    WHERE subject = k.subject AND aspect = k.aspect ORDER BY value LIMIT $21::bigint)) v
UNION ALL
SELECT 3, q.place, 0, '', '', '', '', t.count, t.first_at, t.last_at, 0
FROM unnest($2::bigint[], $3::text[], $4::text[]) WITH ORDINALITY q (subject, aspect, value, place)
CROSS JOIN LATERAL (SELECT id FROM word WHERE name = q.aspect LIMIT 1) a
CROSS JOIN LATERAL (
  SELECT count, first_at, last_at FROM trait
  WHERE subject = q.subject AND aspect = a.id AND value = q.value LIMIT 1) t
UNION ALL
SELECT 4, q.place, 0, '', '', '', '', w.n, w.distinct_values, w.new, 0
FROM unnest($5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $24::text[])
  WITH ORDINALITY q (subject, kind, since, until, aspect, place)
LEFT JOIN LATERAL (SELECT id FROM word WHERE name = q.aspect LIMIT 1) a ON true
CROSS JOIN LATERAL (
  SELECT coalesce(sum(n), 0)::bigint AS n, count(*) AS distinct_values, count(*) FILTER (WHERE NOT EXISTS (
    SELECT 1 FROM trait t WHERE t.subject = q.subject AND t.aspect = a.id AND t.value = g.value
    AND t.first_at < q.since)) AS new
  FROM (
    SELECT value, count(*) AS n FROM (
      SELECT value FROM tick WHERE subject = q.subject AND kind = q.kind AND at >= q.since AND at < q.until
      ORDER BY at DESC LIMIT $9::bigint) newest
    GROUP BY value) g) w
UNION ALL
SELECT 5, place, thread, record, sender, participants, hashes, why, at, overlap, 0
FROM found
UNION ALL
SELECT 6, 0, thread, name, '', '', '', count, first_at, last_at, distinct_values
FROM joined
UNION ALL
SELECT 7, 0, k.thread, k.name, v.value, '', '', v.count, v.first_at, v.last_at, 0
FROM joined k
CROSS JOIN LATERAL (
  (SELECT value, count, first_at, last_at FROM trait
    WHERE subject = k.subject AND aspect = k.aspect AND rank > 1 ORDER BY rank DESC, value LIMIT $15::bigint)
  UNION
  (SELECT value, count, first_at, last_at FROM trait
    WHERE subject = k.subject AND aspect = k.aspect ORDER BY value LIMIT $22::bigint)) v

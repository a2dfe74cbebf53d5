-- Schema 1. Subjects, message ids, threads and kinds of ticks are keyed hashes (src/text.rs), aspects are numbers of
-- `word`; times are seconds since 1970, none is 0. SQLite stores the numbers 0 and 1 in no bytes at all: what was seen once costs
-- its key and two times.
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE word (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
-- Those that the store itself uses (src/lesson.rs).
INSERT INTO word (id, name) VALUES (1, 'sender'), (2, 'participant'), (3, 'opinion');

CREATE TABLE message (
  id INTEGER PRIMARY KEY,
  record TEXT NOT NULL UNIQUE,
  at INTEGER NOT NULL,
  message_id INTEGER,
  subject_key INTEGER,
  thread INTEGER NOT NULL,
  thread_at INTEGER NOT NULL,
  learnt INTEGER NOT NULL,
  opinion INTEGER NOT NULL,
  sender TEXT NOT NULL,
  participants TEXT NOT NULL,
  lesson BLOB NOT NULL
) STRICT;
CREATE INDEX message_by_id ON message (message_id) WHERE message_id IS NOT NULL;
CREATE INDEX message_by_subject ON message (subject_key, at) WHERE subject_key IS NOT NULL;
CREATE INDEX message_by_at ON message (at);

CREATE TABLE trait (
  subject INTEGER NOT NULL,
  aspect INTEGER NOT NULL,
  value TEXT NOT NULL,
  count INTEGER NOT NULL,
  first_at INTEGER NOT NULL,
  last_at INTEGER NOT NULL,
  before_at INTEGER NOT NULL,
  rank INTEGER NOT NULL,
  PRIMARY KEY (subject, aspect, value)
) STRICT, WITHOUT ROWID;
CREATE INDEX trait_by_rank ON trait (subject, aspect, rank DESC) WHERE rank > 1;

CREATE TABLE total (
  subject INTEGER NOT NULL,
  aspect INTEGER NOT NULL,
  count INTEGER NOT NULL,
  distinct_values INTEGER NOT NULL,
  first_at INTEGER NOT NULL,
  last_at INTEGER NOT NULL,
  before_at INTEGER NOT NULL,
  PRIMARY KEY (subject, aspect)
) STRICT, WITHOUT ROWID;

CREATE TABLE tick (
  subject INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  at INTEGER NOT NULL,
  message INTEGER NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (subject, kind, at, message, value)
) STRICT, WITHOUT ROWID;

CREATE TABLE shingle (
  hash INTEGER NOT NULL,
  message INTEGER NOT NULL,
  PRIMARY KEY (hash, message)
) STRICT, WITHOUT ROWID;

CREATE TABLE opinion (
  id INTEGER PRIMARY KEY,
  record TEXT NOT NULL,
  at INTEGER NOT NULL,
  opinion INTEGER NOT NULL,
  by_whom TEXT NOT NULL
) STRICT;
CREATE INDEX opinion_by_record ON opinion (record);

CREATE TABLE object (
  address TEXT NOT NULL,
  class TEXT NOT NULL,
  at INTEGER NOT NULL,
  size INTEGER NOT NULL,
  PRIMARY KEY (address, class)
) STRICT, WITHOUT ROWID;
CREATE INDEX object_by_class ON object (class, at);

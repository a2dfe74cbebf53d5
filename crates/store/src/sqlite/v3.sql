-- Schema 3: what is held, who asked for it, what forbids to let it go, what was done, and what is still to be done
-- outside of the database. Lists in a text stand one a line, with a line end before the first and behind the last.
CREATE TABLE held (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  record TEXT NOT NULL UNIQUE,
  key TEXT NOT NULL,
  at INTEGER NOT NULL,
  class INTEGER NOT NULL,
  direction TEXT NOT NULL,
  campaign TEXT NOT NULL,
  claimed TEXT NOT NULL,
  senders TEXT NOT NULL,
  rules TEXT NOT NULL,
  address TEXT NOT NULL,
  recipients INTEGER NOT NULL,
  waiting INTEGER NOT NULL,
  text TEXT NOT NULL,
  data TEXT NOT NULL
) STRICT;
CREATE INDEX held_by_at ON held (at, id);
CREATE INDEX held_by_class ON held (class, at);
CREATE INDEX held_by_key ON held (key, at);
CREATE INDEX held_by_address ON held (address);

CREATE TABLE held_for (
  held INTEGER NOT NULL,
  place INTEGER NOT NULL,
  at INTEGER NOT NULL,
  address TEXT NOT NULL,
  key TEXT NOT NULL,
  groups TEXT NOT NULL,
  state INTEGER NOT NULL,
  by_whom TEXT NOT NULL,
  since INTEGER NOT NULL,
  PRIMARY KEY (held, place)
) STRICT, WITHOUT ROWID;
CREATE INDEX held_for_key ON held_for (key, at, held);

CREATE TABLE request (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  held INTEGER NOT NULL,
  record TEXT NOT NULL,
  recipient TEXT NOT NULL,
  key TEXT NOT NULL,
  at INTEGER NOT NULL,
  by_whom TEXT NOT NULL,
  words TEXT NOT NULL,
  answer INTEGER NOT NULL,
  answer_at INTEGER NOT NULL,
  answer_by TEXT NOT NULL,
  answer_words TEXT NOT NULL
) STRICT;
CREATE INDEX request_by_held ON request (held, key);
CREATE INDEX request_open ON request (id) WHERE answer = 0;

CREATE TABLE lockdown (
  id TEXT PRIMARY KEY,
  number INTEGER NOT NULL,
  kind TEXT NOT NULL,
  value TEXT NOT NULL,
  reason TEXT NOT NULL,
  by_whom TEXT NOT NULL,
  since INTEGER NOT NULL,
  until INTEGER,
  first_by TEXT,
  first_at INTEGER,
  second_by TEXT,
  second_at INTEGER,
  expired INTEGER,
  open INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX lockdown_open ON lockdown (open) WHERE open = 1;
CREATE UNIQUE INDEX lockdown_by_number ON lockdown (number);

CREATE TABLE lockdown_record (
  record TEXT NOT NULL,
  lockdown TEXT NOT NULL,
  PRIMARY KEY (record, lockdown)
) STRICT, WITHOUT ROWID;
CREATE INDEX lockdown_record_by_lockdown ON lockdown_record (lockdown);

CREATE TABLE audit (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  who TEXT NOT NULL,
  what TEXT NOT NULL,
  on_what TEXT NOT NULL,
  refused INTEGER NOT NULL,
  data TEXT NOT NULL
) STRICT;
CREATE INDEX audit_by_on ON audit (on_what, id);
CREATE INDEX audit_by_at ON audit (at);

CREATE TABLE effect (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  key TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  record TEXT NOT NULL,
  payload TEXT NOT NULL,
  at INTEGER NOT NULL,
  tries INTEGER NOT NULL,
  next_at INTEGER NOT NULL,
  state INTEGER NOT NULL,
  node TEXT NOT NULL,
  error TEXT NOT NULL
) STRICT;
CREATE INDEX effect_due ON effect (next_at, id) WHERE state = 0;
CREATE INDEX effect_by_record ON effect (record) WHERE state = 0;
CREATE INDEX effect_ended ON effect (state, at) WHERE state > 0;

-- Schema 3: what is held, who asked for it, what forbids to let it go, what was done, and what is still to be done
-- outside of the database. Lists in a text stand one a line, with a line end before the first and behind the last.
CREATE TABLE held (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  record text COLLATE "C" NOT NULL UNIQUE,
  key text COLLATE "C" NOT NULL,
  at bigint NOT NULL,
  class bigint NOT NULL,
  direction text COLLATE "C" NOT NULL,
  campaign text COLLATE "C" NOT NULL,
  claimed text COLLATE "C" NOT NULL,
  senders text COLLATE "C" NOT NULL,
  rules text COLLATE "C" NOT NULL,
  address text COLLATE "C" NOT NULL,
  recipients bigint NOT NULL,
  waiting bigint NOT NULL,
  text text COLLATE "C" NOT NULL,
  data text COLLATE "C" NOT NULL
);
CREATE INDEX held_by_at ON held (at, id);
CREATE INDEX held_by_class ON held (class, at);
CREATE INDEX held_by_key ON held (key, at);
CREATE INDEX held_by_address ON held (address);

CREATE TABLE held_for (
  held bigint NOT NULL,
  place bigint NOT NULL,
  at bigint NOT NULL,
  address text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,
  groups text COLLATE "C" NOT NULL,
  state bigint NOT NULL,
  by_whom text COLLATE "C" NOT NULL,
  since bigint NOT NULL,
  PRIMARY KEY (held, place)
);
CREATE INDEX held_for_key ON held_for (key, at, held);

CREATE TABLE request (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  held bigint NOT NULL,
  record text COLLATE "C" NOT NULL,
  recipient text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,
  at bigint NOT NULL,
  by_whom text COLLATE "C" NOT NULL,
  words text COLLATE "C" NOT NULL,
  answer bigint NOT NULL,
  answer_at bigint NOT NULL,
  answer_by text COLLATE "C" NOT NULL,
  answer_words text COLLATE "C" NOT NULL
);
CREATE INDEX request_by_held ON request (held, key);
CREATE INDEX request_open ON request (id) WHERE answer = 0;

CREATE TABLE lockdown (
  id text COLLATE "C" PRIMARY KEY,
  number bigint NOT NULL,
  kind text COLLATE "C" NOT NULL,
  value text COLLATE "C" NOT NULL,
  reason text COLLATE "C" NOT NULL,
  by_whom text COLLATE "C" NOT NULL,
  since bigint NOT NULL,
  until bigint,
  first_by text COLLATE "C",
  first_at bigint,
  second_by text COLLATE "C",
  second_at bigint,
  expired bigint,
  open bigint NOT NULL
);
CREATE INDEX lockdown_open ON lockdown (open) WHERE open = 1;
CREATE UNIQUE INDEX lockdown_by_number ON lockdown (number);

CREATE TABLE lockdown_record (
  record text COLLATE "C" NOT NULL,
  lockdown text COLLATE "C" NOT NULL,
  PRIMARY KEY (record, lockdown)
);
CREATE INDEX lockdown_record_by_lockdown ON lockdown_record (lockdown);

CREATE TABLE audit (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at bigint NOT NULL,
  who text COLLATE "C" NOT NULL,
  what text COLLATE "C" NOT NULL,
  on_what text COLLATE "C" NOT NULL,
  refused bigint NOT NULL,
  data text COLLATE "C" NOT NULL
);
CREATE INDEX audit_by_on ON audit (on_what, id);
CREATE INDEX audit_by_at ON audit (at);

CREATE TABLE effect (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  key text COLLATE "C" NOT NULL UNIQUE,
  kind text COLLATE "C" NOT NULL,
  record text COLLATE "C" NOT NULL,
  payload text COLLATE "C" NOT NULL,
  at bigint NOT NULL,
  tries bigint NOT NULL,
  next_at bigint NOT NULL,
  state bigint NOT NULL,
  node text COLLATE "C" NOT NULL,
  error text COLLATE "C" NOT NULL
);
CREATE INDEX effect_due ON effect (next_at, id) WHERE state = 0;
CREATE INDEX effect_by_record ON effect (record) WHERE state = 0;
CREATE INDEX effect_ended ON effect (state, at) WHERE state > 0;

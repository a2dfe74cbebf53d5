-- Schema 1, in the schema `sekisho` of the database. Subjects, message ids and threads are keyed hashes (src/text.rs);
-- times are seconds since 1970. Texts are compared by bytes: an index stays right when the collations of the system change.
CREATE TABLE message (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  record text COLLATE "C" NOT NULL UNIQUE,
  at bigint NOT NULL,
  message_id bigint,
  subject_key bigint,
  thread bigint NOT NULL,
  thread_at bigint NOT NULL,
  learnt bigint NOT NULL,
  opinion bigint NOT NULL,
  sender text COLLATE "C" NOT NULL,
  participants text COLLATE "C" NOT NULL,
  lesson bytea NOT NULL
) WITH (fillfactor = 95);
CREATE INDEX message_by_id ON message (message_id) WHERE message_id IS NOT NULL;
CREATE INDEX message_by_subject ON message (subject_key, at) WHERE subject_key IS NOT NULL;
CREATE INDEX message_by_at ON message (at);

CREATE TABLE trait (
  subject bigint NOT NULL,
  aspect text COLLATE "C" NOT NULL,
  value text COLLATE "C" NOT NULL,
  count bigint NOT NULL,
  first_at bigint NOT NULL,
  last_at bigint NOT NULL,
  before_at bigint NOT NULL,
  rank bigint NOT NULL,
  PRIMARY KEY (subject, aspect, value)
) WITH (fillfactor = 80);
CREATE INDEX trait_by_rank ON trait (subject, aspect, rank DESC, value) WHERE rank > 1;

CREATE TABLE total (
  subject bigint NOT NULL,
  aspect text COLLATE "C" NOT NULL,
  count bigint NOT NULL,
  distinct_values bigint NOT NULL,
  first_at bigint NOT NULL,
  last_at bigint NOT NULL,
  before_at bigint NOT NULL,
  PRIMARY KEY (subject, aspect)
) WITH (fillfactor = 80);

CREATE TABLE tick (
  subject bigint NOT NULL,
  kind text COLLATE "C" NOT NULL,
  at bigint NOT NULL,
  message bigint NOT NULL,
  value text COLLATE "C" NOT NULL,
  PRIMARY KEY (subject, kind, at, message, value)
);

CREATE TABLE shingle (
  hash bigint NOT NULL,
  message bigint NOT NULL,
  PRIMARY KEY (hash, message)
);

CREATE TABLE opinion (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  record text COLLATE "C" NOT NULL,
  at bigint NOT NULL,
  opinion bigint NOT NULL,
  by_whom text COLLATE "C" NOT NULL
);
CREATE INDEX opinion_by_record ON opinion (record);

CREATE TABLE object (
  address text COLLATE "C" NOT NULL,
  class text COLLATE "C" NOT NULL,
  at bigint NOT NULL,
  size bigint NOT NULL,
  PRIMARY KEY (address, class)
);
CREATE INDEX object_by_class ON object (class, at);

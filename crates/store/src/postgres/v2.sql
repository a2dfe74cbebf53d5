-- Schema 2: other names of conversations, keyed hashes like message ids (src/text.rs), of messages that are learnt.
CREATE TABLE alias (
  key bigint NOT NULL,
  message bigint NOT NULL,
  PRIMARY KEY (key, message)
);

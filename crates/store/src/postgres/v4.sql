-- Schema 4: who has been told of what. Of held_for 1: its recipient was told, or need not be. Of request 1: those who
-- answer were told; 2: whoever asked knows the answer.
ALTER TABLE held_for ADD COLUMN told bigint NOT NULL DEFAULT 0;
CREATE INDEX held_for_untold ON held_for (at, key) WHERE told = 0;
ALTER TABLE request ADD COLUMN told bigint NOT NULL DEFAULT 0;
CREATE INDEX request_untold ON request (id) WHERE told < 2;

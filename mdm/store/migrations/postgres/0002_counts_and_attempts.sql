-- What the first months taught.

ALTER TABLE ingest_runs ADD COLUMN
    rows_held_back BIGINT NOT NULL DEFAULT 0; -- keys missing from a snapshot that stay, for a row without a readable key may be any of them

-- Ended golden records are few among many, and looked through by every resolution.
CREATE INDEX golden_records_ended ON golden_records (entity, id) WHERE state <> 'live';

-- Attempts to sign in are counted for every name, also those that nobody has.
CREATE TABLE sign_in_attempts (         -- attempts since the last right password
    name_hash TEXT NOT NULL PRIMARY KEY, -- SHA-256 of the name, hex: what is typed there may be a password
    attempts BIGINT NOT NULL,          -- how many
    forgotten_us BIGINT NOT NULL       -- when they are forgotten; of too many, the end of the lock
);
ALTER TABLE users DROP COLUMN failures;
ALTER TABLE users DROP COLUMN locked_until_us;

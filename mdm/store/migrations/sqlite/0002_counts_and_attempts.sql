-- Counts that pages ask for, attempts to sign in, and indexes that were missing.

ALTER TABLE ingest_runs ADD COLUMN
    rows_held_back INTEGER NOT NULL DEFAULT 0; -- keys missing from a snapshot that stay, for a row without a readable key may be any of them

-- Ended golden records are few among many, and looked through by every resolution.
CREATE INDEX golden_records_ended ON golden_records (entity, id) WHERE state <> 'live';

-- Attempts to sign in are counted for every name, also those that nobody has.
CREATE TABLE sign_in_attempts (         -- attempts since the last right password
    name_hash TEXT NOT NULL PRIMARY KEY, -- SHA-256 of the name, hex: what is typed there may be a password
    attempts INTEGER NOT NULL,          -- how many
    forgotten_us INTEGER NOT NULL       -- when they are forgotten; of too many, the end of the lock
) STRICT;
ALTER TABLE users DROP COLUMN failures;
ALTER TABLE users DROP COLUMN locked_until_us;

-- Every page that names sources shows how much they hold: counted as it comes in, not by reading every row.
ALTER TABLE source_systems ADD COLUMN
    live_count INTEGER NOT NULL DEFAULT 0; -- source records that are not retired
ALTER TABLE source_systems ADD COLUMN
    retired_count INTEGER NOT NULL DEFAULT 0; -- source records that are
UPDATE source_systems SET
live_count = (SELECT count(*) FROM source_records r WHERE r.source_system_id = source_systems.id AND r.retired_us IS NULL),
retired_count = (SELECT count(*) FROM source_records r WHERE r.source_system_id = source_systems.id AND r.retired_us IS NOT NULL);

CREATE INDEX constraints_by_task ON constraints (steward_task_id);

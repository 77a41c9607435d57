-- What the first months taught.

ALTER TABLE ingest_runs ADD COLUMN
    rows_held_back INTEGER NOT NULL DEFAULT 0; -- keys missing from a snapshot that stay, for a row without a readable key may be any of them

-- Ended golden records are few among many, and looked through by every resolution.
CREATE INDEX golden_records_ended ON golden_records (entity, id) WHERE state <> 'live';

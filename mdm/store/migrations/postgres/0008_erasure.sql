-- Erasure under a recorded order, and legal holds that forbid it.

CREATE TABLE erasures (                   -- golden records erased under an order: a ledger
    id BIGINT NOT NULL PRIMARY KEY,      -- ascending
    entity TEXT NOT NULL,                 -- the entity type
    golden_id BIGINT NOT NULL,           -- the golden record
    order_text TEXT NOT NULL,             -- under which order
    erased_by TEXT NOT NULL,              -- the actor, as in the audit trail
    erased_us BIGINT NOT NULL,           -- when the hub forgot the values
    source_record_count BIGINT NOT NULL, -- source records whose values went, in all their versions
    landing_us BIGINT,                   -- when the landed files were without the rows; null until then
    lake_us BIGINT                       -- when the lake held nothing of it any more; null until then
);

CREATE TABLE erased_source_records (               -- what is left of erased source records beside ids, counts and hashes
    source_record_id BIGINT NOT NULL PRIMARY KEY, -- the row
    erasure_id BIGINT NOT NULL,                   -- the erasure
    source_system_id BIGINT NOT NULL,             -- whose row it was
    key_hash TEXT NOT NULL                         -- HMAC-SHA256 of source system and key under the key `erasure`, hex: a register that still lists it brings nothing back
);
CREATE UNIQUE INDEX erased_source_records_by_key ON erased_source_records (source_system_id, key_hash);

CREATE TABLE erased_rows_seen (                 -- rows of erased source records that a register still sent, and that were left out
    ingest_run_id BIGINT NOT NULL PRIMARY KEY, -- the run
    row_count BIGINT NOT NULL                  -- how many
);

CREATE TABLE legal_holds (           -- what may not be erased, and why: a ledger, ended by a mark
    id BIGINT NOT NULL PRIMARY KEY, -- ascending
    entity TEXT NOT NULL,            -- the entity type
    authority TEXT NOT NULL,         -- whose hold it is, such as a court
    reason TEXT NOT NULL,            -- why, such as the case
    placed_by TEXT NOT NULL,         -- the actor, as in the audit trail
    placed_us BIGINT NOT NULL,      -- when
    removed_by TEXT,                 -- who removed it
    removed_us BIGINT               -- when; null while it holds
);

CREATE TABLE legal_hold_members (      -- what the golden record held when the hold was placed
    legal_hold_id BIGINT NOT NULL,    -- the hold
    source_record_id BIGINT NOT NULL, -- a source record
    PRIMARY KEY (legal_hold_id, source_record_id)
);
CREATE INDEX legal_hold_members_by_source ON legal_hold_members (source_record_id);

-- Versions of code systems that the deployment published itself: proposed by one person who curates masters, published by a second.

CREATE TABLE code_versions (              -- proposals and what became of each: a ledger
    id BIGINT NOT NULL PRIMARY KEY,       -- ascending, in the order in which they were proposed
    system TEXT NOT NULL,                 -- the code system
    version TEXT NOT NULL,                -- its version: never another one once it was published
    effective_from TEXT,                  -- the first day on which it is in force, YYYY-MM-DD; null: ever since
    sidecar TEXT NOT NULL,                -- what it says about itself, TOML
    packed_csv TEXT NOT NULL,             -- its table: gzip-compressed CSV in base 64
    sha256 TEXT NOT NULL,                 -- over the lengths and bytes of sidecar and table, hex
    concepts BIGINT NOT NULL,             -- how many concepts it has
    previous TEXT,                        -- the version that it was compared with; null: it was the first of its system
    added BIGINT NOT NULL,                -- concepts that the one before lacks
    changed BIGINT NOT NULL,              -- concepts that say something else, those that were retired among them
    retired BIGINT NOT NULL,              -- concepts that were active before and are retired
    removed BIGINT NOT NULL,              -- concepts that only the one before has
    state TEXT NOT NULL,                  -- proposed, published, refused or withdrawn
    proposed_by TEXT NOT NULL,            -- a user who curates masters
    proposed_us BIGINT NOT NULL,          -- when
    proposed_reason TEXT NOT NULL,        -- why, in words
    decided_by TEXT,                      -- who published or refused it, another user; of a withdrawn one its proposer; null while it waits
    decided_us BIGINT,                    -- when
    decided_reason TEXT                   -- why, in words; null where none were given
);
-- What was refused or withdrawn was never in force: its name is free again.
CREATE UNIQUE INDEX code_versions_once ON code_versions (system, version) WHERE state IN ('proposed', 'published');

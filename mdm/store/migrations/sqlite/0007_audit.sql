-- One audit chain for each writer, and signed checkpoints over the heads of all of them.

ALTER TABLE audit_events ADD COLUMN
    chain INTEGER NOT NULL DEFAULT 1; -- the chain it stands in; 1 is the hub's own writer, and was the only one
ALTER TABLE audit_events ADD COLUMN
    number INTEGER NOT NULL DEFAULT 0; -- its number in its chain, from 1 without gaps; `position` is only the order in which all were stored
UPDATE audit_events SET number = position;
CREATE UNIQUE INDEX audit_events_by_chain ON audit_events (chain, number);
CREATE INDEX audit_events_by_actor ON audit_events (actor, at_us);

CREATE TABLE audit_chains (                 -- a writer's chain and its head: the last entry that it committed
    id INTEGER NOT NULL PRIMARY KEY,        -- from 1
    writer TEXT NOT NULL CHECK (writer IN ('changes', 'reads')), -- the hub's changes in their own transactions; or a process's reads
    number INTEGER NOT NULL,                -- the number of its last entry; 0 before its first
    hash TEXT NOT NULL,                     -- the hash of that entry; before its first, what the first is chained to
    held_by TEXT,                           -- a random word of the process that appends reads to it; null for changes
    held_until_us INTEGER NOT NULL DEFAULT 0 -- from then on another process may take it over
) STRICT;
INSERT INTO audit_chains (id, writer, number, hash)
SELECT 1, 'changes', coalesce(max(position), 0), coalesce((SELECT hash FROM audit_events ORDER BY position DESC LIMIT 1), '')
FROM audit_events;

CREATE TABLE audit_checkpoints (            -- what all chains had come to, signed; each chained to the one before
    id INTEGER NOT NULL PRIMARY KEY,        -- from 1, without gaps
    at_us INTEGER NOT NULL,                 -- when
    heads TEXT NOT NULL,                    -- JSON: [chain, number of its last entry, hash of that entry], by chain
    previous_hash TEXT NOT NULL,            -- the hash of the checkpoint before; empty for the first
    hash TEXT NOT NULL,                     -- SHA-256 over all of the above, hex
    signed_by TEXT NOT NULL,                -- the public key that tells the signature, hex
    signature TEXT NOT NULL                 -- Ed25519 over the hash, hex
) STRICT;

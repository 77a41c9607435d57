-- The vault's own trail, and which key store wraps the data keys.

ALTER TABLE data_keys ADD COLUMN
    kek_store TEXT NOT NULL DEFAULT 'file'; -- the kind of key store whose `vault-kek` wraps it: `file` or `pkcs11`

CREATE TABLE vault_events (              -- what was asked of the vault and done to it, beside what the hub records; never a number
    number INTEGER NOT NULL PRIMARY KEY, -- ascending from 1, without gaps
    at_us INTEGER NOT NULL,              -- when, by the vault's clock
    actor TEXT NOT NULL,                 -- a user's or key's name, or `system:hub`
    action TEXT NOT NULL,                -- what was done, or refused
    subject TEXT NOT NULL,               -- to what: a domain, a reference, a request, the vault's keys
    purpose TEXT,                        -- why, for questions that a person asks
    detail TEXT NOT NULL,                -- more, JSON: which client was connected, how many
    previous_hash TEXT NOT NULL,         -- the hash of the event before; empty for the first
    hash TEXT NOT NULL                   -- of all the other columns, each with its length
) STRICT;

-- A number that goes is looked for among the references of every domain.
CREATE INDEX aadhaar_references_by_number ON aadhaar_references (aadhaar_id);

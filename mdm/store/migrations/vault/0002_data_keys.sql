-- Numbers are sealed under data keys, and those are wrapped under a key of the key store that has versions.
-- A number is taken out by two people.

CREATE TABLE data_keys (             -- keys that seal numbers, themselves wrapped; gone when nothing is sealed under them any more
    id INTEGER NOT NULL PRIMARY KEY, -- ascending, from 1
    kek_version INTEGER NOT NULL,    -- the version of the key `vault-kek` that wraps it
    wrapped BLOB NOT NULL,           -- nonce and AES-256-GCM ciphertext, bound to the id and the version
    sealed_count INTEGER NOT NULL,   -- how often it sealed: it is bounded
    created_us INTEGER NOT NULL,     -- when it was made
    retired_us INTEGER               -- since when its numbers are to be sealed under another one; null while it may seal
) STRICT;

-- In vaults from before data keys every number was sealed under the key `vault-aes`, bound to its index: those read 0 until the
-- vault is opened, which seals them anew.
ALTER TABLE aadhaar_numbers ADD COLUMN
    data_key_id INTEGER NOT NULL DEFAULT 0; -- what `sealed` is sealed under; the ciphertext is bound to it and to the number's id

CREATE TABLE reveal_requests (       -- asked by one person, decided by another, answered once
    id INTEGER NOT NULL PRIMARY KEY, -- ascending
    domain TEXT NOT NULL,            -- the domain of the reference
    reference TEXT NOT NULL,         -- whose number is asked for
    reason TEXT NOT NULL,            -- the asker's words
    requested_by INTEGER NOT NULL,   -- the user of the hub who asks
    requested_us INTEGER NOT NULL,   -- when; it lapses when nobody decides in time
    decision TEXT CHECK (decision IN ('approved', 'refused')), -- what the other one said; null while nobody did
    decided_by INTEGER,              -- the user of the hub who decided; never the asker
    decided_us INTEGER,              -- when; an approval lapses when it is not used in time
    answered_us INTEGER              -- when the number was given out; null while it was not
) STRICT;

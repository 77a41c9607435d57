-- The vault: the only place where Aadhaar numbers are. A file of its own, always SQLite.

CREATE TABLE vault_checks (         -- values by which a wrong key is noticed before it does harm
    name TEXT NOT NULL PRIMARY KEY, -- what is checked
    value TEXT NOT NULL             -- what the right key makes of a fixed text, hex
) STRICT;

CREATE TABLE aadhaar_numbers (       -- one row a number
    id INTEGER NOT NULL PRIMARY KEY, -- given out by the vault
    index_hmac BLOB NOT NULL UNIQUE, -- HMAC-SHA256 of the number under the key `vault-hmac`
    sealed BLOB NOT NULL             -- nonce and AES-256-GCM ciphertext under the key `vault-aes`
) STRICT;

CREATE TABLE aadhaar_references (    -- what stands for a number in one department's domain
    domain TEXT NOT NULL,            -- the domain
    aadhaar_id INTEGER NOT NULL REFERENCES aadhaar_numbers (id), -- the number
    reference TEXT NOT NULL,         -- random letters
    created_us INTEGER NOT NULL,     -- when it was given out
    PRIMARY KEY (domain, aadhaar_id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX aadhaar_references_by_reference ON aadhaar_references (reference);

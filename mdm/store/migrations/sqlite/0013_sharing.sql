-- Who may link registers and read them: agreements of departments, receipts of citizens' consent.

CREATE TABLE agreements (              -- what departments let others do with their registers: a ledger, ended by a mark
    id INTEGER NOT NULL PRIMARY KEY,   -- ascending
    register TEXT NOT NULL,            -- the source system
    party_kind TEXT NOT NULL,          -- linked_with: a register; read_by: a department
    party TEXT NOT NULL,               -- its name or code
    purposes TEXT NOT NULL,            -- for what, a JSON list of words; one that is not known, or none, and it has no force
    covers TEXT NOT NULL,              -- which attributes: a JSON list of all, names, and class: words; read like purposes
    reference TEXT NOT NULL,           -- the paper that says so
    from_us INTEGER NOT NULL,          -- since when it has force
    until_us INTEGER,                  -- until when; null until it is ended
    proposed_by TEXT NOT NULL,         -- a user of the owner
    proposed_us INTEGER NOT NULL,      -- when
    approved_by TEXT,                  -- another user of the owner; null while it waits
    approved_us INTEGER,               -- when
    ended_by TEXT,                     -- who ended it
    ended_us INTEGER                   -- from this moment it has no force
) STRICT;

CREATE TABLE consents (                -- receipts of citizens' consent: a ledger, ended by a mark
    id INTEGER NOT NULL PRIMARY KEY,   -- ascending
    source_record_id INTEGER NOT NULL, -- whose; it follows the source record through merges and splits
    purpose TEXT NOT NULL,             -- for what
    covers TEXT NOT NULL,              -- which attributes: a JSON list of all, names, and class: words; what is not known covers nothing
    how TEXT NOT NULL,                 -- how it was given, such as a form and its number
    given_us INTEGER NOT NULL,         -- when
    until_us INTEGER,                  -- until when; null until it is withdrawn
    recorded_by TEXT NOT NULL,         -- the actor, as in the audit trail
    recorded_us INTEGER NOT NULL,      -- when
    withdrawn_by TEXT,                 -- who recorded that it was withdrawn
    withdrawn_us INTEGER               -- from this moment it does not stand
) STRICT;
CREATE INDEX consents_by_source ON consents (source_record_id);
CREATE INDEX consents_by_purpose ON consents (purpose) WHERE withdrawn_us IS NULL;

ALTER TABLE users ADD COLUMN
    department TEXT;                   -- the code of the department whose the user is; null: nobody's in particular

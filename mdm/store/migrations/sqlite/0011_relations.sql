-- Relations that source records state, and how they were declared when they did.

CREATE TABLE relation_types (            -- relations that an entity model declares: a ledger, ended by a mark
    id INTEGER NOT NULL PRIMARY KEY,     -- ascending
    entity TEXT NOT NULL,                -- the entity type whose source records state it
    name TEXT NOT NULL,                  -- its name in the model
    declared TEXT NOT NULL,              -- the declaration, JSON
    declared_us INTEGER NOT NULL,        -- since when it is declared so
    ended_us INTEGER                     -- when it was declared otherwise, or no more; null while it holds
) STRICT;

CREATE TABLE relations (                 -- what each version of a source record states of a relation; it holds as long as the version
    source_record_id INTEGER NOT NULL,   -- the source record
    version INTEGER NOT NULL,            -- the version that states it
    relation_type_id INTEGER NOT NULL,   -- the relation
    side TEXT NOT NULL CHECK (side IN ('from', 'to')), -- it names the other end, or can be named by this value
    target TEXT NOT NULL,                -- the value: a code, `source_system:key`, or what both ends state
    valid_from_day INTEGER,              -- its first day, in days since 1970-01-01; null where nobody says so
    valid_to_day INTEGER,                -- the first day after it; null where nobody says so
    PRIMARY KEY (source_record_id, version, relation_type_id, side)
) STRICT, WITHOUT ROWID;
CREATE INDEX relations_by_target ON relations (relation_type_id, side, target, source_record_id);

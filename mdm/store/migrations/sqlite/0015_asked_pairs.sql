-- Rows of writers who are confined to some districts join no golden record outside these by rule alone: a steward is asked.

CREATE TABLE asked_pairs (                -- pairs that only a steward joins, however sure the rules are: a ledger
    source_record_id INTEGER NOT NULL,    -- a row whose writer was confined
    other_id INTEGER NOT NULL,            -- a source record that it would have stood with, outside the writer's scope
    entity TEXT NOT NULL,                 -- their entity type
    asked_us INTEGER NOT NULL,            -- since when
    PRIMARY KEY (source_record_id, other_id)
) STRICT;
CREATE INDEX asked_pairs_by_entity ON asked_pairs (entity);

ALTER TABLE unresolved_source_records ADD COLUMN
    confined_to TEXT; -- what the row's writer may read, JSON; null where its writer may read everything, or none wrote it

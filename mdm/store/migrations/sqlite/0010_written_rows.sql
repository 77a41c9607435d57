-- Rows that departments write one by one, whose department a key belongs to, and what departments answer to corrections.

ALTER TABLE ingest_runs ADD COLUMN
    arrived_by TEXT NOT NULL DEFAULT 'file' CHECK (arrived_by IN ('file', 'call')); -- a file, or rows that a program wrote one by one

ALTER TABLE api_keys ADD COLUMN
    department TEXT; -- the code of the department whose the key is; null: nobody's in particular

CREATE INDEX steward_tasks_by_right ON steward_tasks (right_id);

CREATE TABLE department_answers (          -- what departments said of golden records that hold a row of theirs: evidence, which decides nothing
    id INTEGER NOT NULL PRIMARY KEY,       -- ascending
    source_record_id INTEGER NOT NULL,     -- the department's own row
    says TEXT NOT NULL CHECK (says IN ('accepts', 'rejects', 'differs')), -- it will mend its register, it will not, or its row is of somebody else
    attribute TEXT,                        -- the attribute that differs; null where the row is of somebody else
    golden_id INTEGER NOT NULL,            -- the golden record that it is about
    golden_version INTEGER NOT NULL,       -- the version of it that was answered to
    reason TEXT,                           -- the department's words
    answered_by TEXT NOT NULL,             -- the actor, as in the audit trail
    answered_us INTEGER NOT NULL,          -- when
    seen_by INTEGER,                       -- the steward who took note of it
    seen_us INTEGER                        -- when
) STRICT;
CREATE INDEX department_answers_by_source ON department_answers (source_record_id, attribute, id);
CREATE INDEX department_answers_waiting ON department_answers (id) WHERE seen_us IS NULL AND says <> 'accepts';

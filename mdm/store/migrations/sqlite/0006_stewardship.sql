-- Tasks that stewards hold, put off, hand on and propose to decide, in the order of what hangs on their answers; field checks.

ALTER TABLE source_systems ADD COLUMN
    stakes TEXT NOT NULL DEFAULT 'ordinary' CHECK (stakes IN ('ordinary', 'benefit')); -- whether somebody's benefit hangs on it

ALTER TABLE constraints ADD COLUMN
    field_check_id INTEGER; -- the answered field check that the decision names; null where there was none

CREATE TABLE steward_tasks_new (          -- doubtful pairs; one row a pair ever doubted
    id INTEGER NOT NULL PRIMARY KEY,      -- ascending
    entity TEXT NOT NULL,                 -- the entity type
    left_id INTEGER NOT NULL,             -- the smaller source record
    right_id INTEGER NOT NULL,            -- the larger source record
    weight_bits REAL NOT NULL,            -- match weight
    probability REAL NOT NULL,            -- match probability
    priority REAL NOT NULL,               -- what hangs on the answer, by the formula of `Impact` as the task was last written
    opened_us INTEGER NOT NULL,           -- when it was last opened
    state TEXT NOT NULL CHECK (state IN ('open', 'claimed', 'deferred', 'escalated', 'proposed', 'decided', 'lapsed')), -- where it stands
    held_by INTEGER,                      -- the user who claimed or deferred it, or proposes its decision
    held_us INTEGER,                      -- when
    until_us INTEGER,                     -- from when on a claimed or deferred task waits again
    deferred_reason TEXT,                 -- the steward's words, while deferred
    escalated_by INTEGER,                 -- the user who escalated it; stays until it is handed back or lapses
    escalated_us INTEGER,                 -- when
    escalated_to TEXT,                    -- the role that it waits for
    escalated_reason TEXT,                -- the steward's words
    decided_by INTEGER,                   -- the user, when decided
    decided_us INTEGER,                   -- when
    decision TEXT,                        -- match or no_match, decided or proposed
    CONSTRAINT held_tasks CHECK ((state IN ('claimed', 'deferred', 'proposed')) = (held_by IS NOT NULL)
        AND (state IN ('claimed', 'deferred')) = (until_us IS NOT NULL) AND (held_by IS NULL) = (held_us IS NULL)),
    CONSTRAINT deferred_tasks CHECK ((state = 'deferred') = (deferred_reason IS NOT NULL)),
    CONSTRAINT escalated_tasks CHECK ((state <> 'escalated' OR escalated_to IS NOT NULL)
        AND (state NOT IN ('open', 'lapsed') OR escalated_to IS NULL) AND (escalated_to IS NULL) = (escalated_by IS NULL)
        AND (escalated_to IS NULL) = (escalated_us IS NULL) AND (escalated_to IS NULL) = (escalated_reason IS NULL)),
    CONSTRAINT decided_tasks CHECK ((state IN ('proposed', 'decided')) = (decision IS NOT NULL)
        AND (state = 'decided') = (decided_by IS NOT NULL) AND (decided_by IS NULL) = (decided_us IS NULL))
) STRICT;
-- Until a resolution writes them anew, tasks stand in the order of their doubt.
INSERT INTO steward_tasks_new (id, entity, left_id, right_id, weight_bits, probability, priority, opened_us, state, decided_by, decided_us, decision)
SELECT id, entity, left_id, right_id, weight_bits, probability, 0.2 + 3.2 * probability * (1 - probability), opened_us, state,
decided_by, decided_us, decision FROM steward_tasks;
DROP TABLE steward_tasks;
ALTER TABLE steward_tasks_new RENAME TO steward_tasks;
CREATE UNIQUE INDEX steward_tasks_by_pair ON steward_tasks (left_id, right_id);
CREATE INDEX steward_tasks_queue ON steward_tasks (state, priority DESC, id);
CREATE INDEX steward_tasks_held ON steward_tasks (until_us) WHERE until_us IS NOT NULL;

CREATE TABLE field_checks (               -- what officers are asked to find out on the spot, and what they found: a ledger
    id INTEGER NOT NULL PRIMARY KEY,      -- ascending
    steward_task_id INTEGER NOT NULL,     -- the task it is about
    question TEXT NOT NULL,               -- the steward's words
    office TEXT NOT NULL,                 -- which office is asked
    asked_by INTEGER NOT NULL,            -- the user
    asked_us INTEGER NOT NULL,            -- when
    finding TEXT CHECK (finding IN ('same', 'different', 'not_found')), -- what was found; null until it is answered
    found_by TEXT,                        -- the officer who looked
    found_on TEXT,                        -- the day in India on which the officer looked, ISO 8601
    note TEXT,                            -- the officer's words
    ended_by INTEGER,                     -- the user who wrote the answer down, or withdrew the question
    ended_us INTEGER,                     -- when; null while it waits for its answer
    CONSTRAINT answered_checks CHECK ((finding IS NULL) = (found_by IS NULL) AND (finding IS NULL) = (found_on IS NULL)
        AND (finding IS NULL) = (note IS NULL) AND (finding IS NULL OR ended_us IS NOT NULL) AND (ended_us IS NULL) = (ended_by IS NULL))
) STRICT;
CREATE INDEX field_checks_by_task ON field_checks (steward_task_id, id);

CREATE TABLE proposals (                  -- what one steward wants and a second one has to approve: a ledger
    id INTEGER NOT NULL PRIMARY KEY,      -- ascending
    entity TEXT NOT NULL,                 -- the entity type
    steward_task_id INTEGER,              -- the task to be decided; null for a value
    decision TEXT CHECK (decision IN ('match', 'no_match')), -- how the task is to be decided
    field_check_id INTEGER,               -- the answered field check that the decision names
    golden_id INTEGER,                    -- the golden record of which a value is to be stated; null for a decision
    attribute TEXT,                       -- the attribute
    value TEXT,                           -- the value in the standard form of its kind
    expires_us INTEGER,                   -- from when on the value would no longer hold; null for never
    policy TEXT NOT NULL,                 -- why the deployment wants a second steward
    reason TEXT NOT NULL,                 -- the steward's words
    proposed_by INTEGER NOT NULL,         -- the user
    proposed_us INTEGER NOT NULL,         -- when
    outcome TEXT CHECK (outcome IN ('approved', 'rejected', 'withdrawn', 'lapsed')), -- how it ended; null while it waits
    ended_by INTEGER,                     -- the user who approved, rejected or withdrew it; null when it lapsed
    ended_us INTEGER,                     -- when it ended
    ended_reason TEXT,                    -- the words of who turned it down
    CONSTRAINT proposed_acts CHECK ((steward_task_id IS NULL) = (decision IS NULL) AND (steward_task_id IS NULL) = (golden_id IS NOT NULL)
        AND (golden_id IS NULL) = (attribute IS NULL) AND (golden_id IS NULL) = (value IS NULL)),
    CONSTRAINT ended_proposals CHECK ((outcome IS NULL) = (ended_us IS NULL))
) STRICT;
CREATE UNIQUE INDEX proposals_of_tasks ON proposals (steward_task_id) WHERE outcome IS NULL;
CREATE INDEX proposals_of_golden ON proposals (golden_id) WHERE outcome IS NULL;
CREATE INDEX proposals_open ON proposals (id) WHERE outcome IS NULL;

CREATE TABLE decision_batches (           -- decisions that a steward made at once: a ledger, undone by a mark
    id INTEGER NOT NULL PRIMARY KEY,      -- ascending
    decision TEXT NOT NULL CHECK (decision IN ('match', 'no_match')), -- of each task
    reason TEXT NOT NULL,                 -- the steward's words
    decided_by INTEGER NOT NULL,          -- the user
    decided_us INTEGER NOT NULL,          -- when
    undone_by INTEGER,                    -- the user who undid what still held of them at once
    undone_us INTEGER                     -- when; null where nobody did
) STRICT;
ALTER TABLE constraints ADD COLUMN
    batch_id INTEGER; -- the decisions at once that it is one of; null where it was made by itself
CREATE INDEX constraints_by_batch ON constraints (batch_id) WHERE batch_id IS NOT NULL;

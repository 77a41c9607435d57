-- Tasks that stewards hold, put off, hand on and propose to decide, in the order of what hangs on their answers; field checks.

ALTER TABLE source_systems ADD COLUMN
    stakes TEXT NOT NULL DEFAULT 'ordinary' CHECK (stakes IN ('ordinary', 'benefit')); -- whether somebody's benefit hangs on it

ALTER TABLE constraints ADD COLUMN
    field_check_id BIGINT; -- the answered field check that the decision names; null where there was none

ALTER TABLE steward_tasks ADD COLUMN
    priority DOUBLE PRECISION; -- what hangs on the answer, by the formula of `Impact` as the task was last written
-- Until a resolution writes them anew, tasks stand in the order of their doubt.
UPDATE steward_tasks SET priority = 0.2 + 3.2 * probability * (1 - probability);
ALTER TABLE steward_tasks ALTER COLUMN priority SET NOT NULL;
ALTER TABLE steward_tasks ADD COLUMN
    held_by BIGINT; -- the user who claimed or deferred it, or proposes its decision
ALTER TABLE steward_tasks ADD COLUMN
    held_us BIGINT; -- when
ALTER TABLE steward_tasks ADD COLUMN
    until_us BIGINT; -- from when on a claimed or deferred task waits again
ALTER TABLE steward_tasks ADD COLUMN
    deferred_reason TEXT; -- the steward's words, while deferred
ALTER TABLE steward_tasks ADD COLUMN
    escalated_by BIGINT; -- the user who escalated it; stays until it is handed back or lapses
ALTER TABLE steward_tasks ADD COLUMN
    escalated_us BIGINT; -- when
ALTER TABLE steward_tasks ADD COLUMN
    escalated_to TEXT; -- the role that it waits for
ALTER TABLE steward_tasks ADD COLUMN
    escalated_reason TEXT; -- the steward's words
ALTER TABLE steward_tasks DROP CONSTRAINT steward_tasks_state_check;
ALTER TABLE steward_tasks ADD CONSTRAINT steward_tasks_state_check
CHECK (state IN ('open', 'claimed', 'deferred', 'escalated', 'proposed', 'decided', 'lapsed'));
ALTER TABLE steward_tasks ADD CONSTRAINT held_tasks CHECK ((state IN ('claimed', 'deferred', 'proposed')) = (held_by IS NOT NULL)
    AND (state IN ('claimed', 'deferred')) = (until_us IS NOT NULL) AND (held_by IS NULL) = (held_us IS NULL));
ALTER TABLE steward_tasks ADD CONSTRAINT deferred_tasks CHECK ((state = 'deferred') = (deferred_reason IS NOT NULL));
ALTER TABLE steward_tasks ADD CONSTRAINT escalated_tasks CHECK ((state <> 'escalated' OR escalated_to IS NOT NULL)
    AND (state NOT IN ('open', 'lapsed') OR escalated_to IS NULL) AND (escalated_to IS NULL) = (escalated_by IS NULL)
    AND (escalated_to IS NULL) = (escalated_us IS NULL) AND (escalated_to IS NULL) = (escalated_reason IS NULL));
ALTER TABLE steward_tasks ADD CONSTRAINT decided_tasks CHECK ((state IN ('proposed', 'decided')) = (decision IS NOT NULL)
    AND (state = 'decided') = (decided_by IS NOT NULL) AND (decided_by IS NULL) = (decided_us IS NULL));
DROP INDEX steward_tasks_queue;
CREATE INDEX steward_tasks_queue ON steward_tasks (state, priority DESC, id);
CREATE INDEX steward_tasks_held ON steward_tasks (until_us) WHERE until_us IS NOT NULL;

CREATE TABLE field_checks (               -- what officers are asked to find out on the spot, and what they found: a ledger
    id BIGINT NOT NULL PRIMARY KEY,       -- ascending
    steward_task_id BIGINT NOT NULL,      -- the task it is about
    question TEXT NOT NULL,               -- the steward's words
    office TEXT NOT NULL,                 -- which office is asked
    asked_by BIGINT NOT NULL,             -- the user
    asked_us BIGINT NOT NULL,             -- when
    finding TEXT CHECK (finding IN ('same', 'different', 'not_found')), -- what was found; null until it is answered
    found_by TEXT,                        -- the officer who looked
    found_on TEXT,                        -- the day in India on which the officer looked, ISO 8601
    note TEXT,                            -- the officer's words
    ended_by BIGINT,                      -- the user who wrote the answer down, or withdrew the question
    ended_us BIGINT,                      -- when; null while it waits for its answer
    CONSTRAINT answered_checks CHECK ((finding IS NULL) = (found_by IS NULL) AND (finding IS NULL) = (found_on IS NULL)
        AND (finding IS NULL) = (note IS NULL) AND (finding IS NULL OR ended_us IS NOT NULL) AND (ended_us IS NULL) = (ended_by IS NULL))
);
CREATE INDEX field_checks_by_task ON field_checks (steward_task_id, id);

CREATE TABLE proposals (                  -- what one steward wants and a second one has to approve: a ledger
    id BIGINT NOT NULL PRIMARY KEY,       -- ascending
    entity TEXT NOT NULL,                 -- the entity type
    steward_task_id BIGINT,               -- the task to be decided; null for a value
    decision TEXT CHECK (decision IN ('match', 'no_match')), -- how the task is to be decided
    field_check_id BIGINT,                -- the answered field check that the decision names
    golden_id BIGINT,                     -- the golden record of which a value is to be stated; null for a decision
    attribute TEXT,                       -- the attribute
    value TEXT,                           -- the value in the standard form of its kind
    expires_us BIGINT,                    -- from when on the value would no longer hold; null for never
    policy TEXT NOT NULL,                 -- why the deployment wants a second steward
    reason TEXT NOT NULL,                 -- the steward's words
    proposed_by BIGINT NOT NULL,          -- the user
    proposed_us BIGINT NOT NULL,          -- when
    outcome TEXT CHECK (outcome IN ('approved', 'rejected', 'withdrawn', 'lapsed')), -- how it ended; null while it waits
    ended_by BIGINT,                      -- the user who approved, rejected or withdrew it; null when it lapsed
    ended_us BIGINT,                      -- when it ended
    ended_reason TEXT,                    -- the words of who turned it down
    CONSTRAINT proposed_acts CHECK ((steward_task_id IS NULL) = (decision IS NULL) AND (steward_task_id IS NULL) = (golden_id IS NOT NULL)
        AND (golden_id IS NULL) = (attribute IS NULL) AND (golden_id IS NULL) = (value IS NULL)),
    CONSTRAINT ended_proposals CHECK ((outcome IS NULL) = (ended_us IS NULL))
);
CREATE UNIQUE INDEX proposals_of_tasks ON proposals (steward_task_id) WHERE outcome IS NULL;
CREATE INDEX proposals_of_golden ON proposals (golden_id) WHERE outcome IS NULL;
CREATE INDEX proposals_open ON proposals (id) WHERE outcome IS NULL;

CREATE TABLE decision_batches (           -- decisions that a steward made at once: a ledger, undone by a mark
    id BIGINT NOT NULL PRIMARY KEY,      -- ascending
    decision TEXT NOT NULL CHECK (decision IN ('match', 'no_match')), -- of each task
    reason TEXT NOT NULL,                 -- the steward's words
    decided_by BIGINT NOT NULL,          -- the user
    decided_us BIGINT NOT NULL,          -- when
    undone_by BIGINT,                    -- the user who undid what still held of them at once
    undone_us BIGINT                     -- when; null where nobody did
);
ALTER TABLE constraints ADD COLUMN
    batch_id BIGINT; -- the decisions at once that it is one of; null where it was made by itself
CREATE INDEX constraints_by_batch ON constraints (batch_id) WHERE batch_id IS NOT NULL;

-- What a second steward agrees to may also be that something is taken back; what of an erasure the vault still holds.

CREATE TABLE proposals_new (              -- what one steward wants and a second one has to approve: a ledger
    id INTEGER NOT NULL PRIMARY KEY,      -- ascending
    entity TEXT NOT NULL,                 -- the entity type
    act TEXT NOT NULL CHECK (act IN ('decide', 'state_value', 'undo', 'withdraw_confirmation', 'withdraw_value')), -- what is to be done
    steward_task_id INTEGER,              -- the task to be decided, or whose decision is to be undone
    decision TEXT CHECK (decision IN ('match', 'no_match')), -- how the task is to be decided
    field_check_id INTEGER,               -- the answered field check that the decision names
    golden_id INTEGER,                    -- the golden record of which a value is to be stated, or a value or confirmation withdrawn
    attribute TEXT,                       -- the attribute of the value
    value TEXT,                           -- the value to be stated, in the standard form of its kind
    expires_us INTEGER,                   -- from when on the value would no longer hold; null for never
    override_id INTEGER,                  -- the stated value to be withdrawn
    policy TEXT NOT NULL,                 -- why the deployment wants a second steward
    reason TEXT NOT NULL,                 -- the steward's words; empty where none are asked for
    proposed_by INTEGER NOT NULL,         -- the user
    proposed_us INTEGER NOT NULL,         -- when
    outcome TEXT CHECK (outcome IN ('approved', 'rejected', 'withdrawn', 'lapsed')), -- how it ended; null while it waits
    ended_by INTEGER,                     -- the user who approved, rejected or withdrew it; null when it lapsed
    ended_us INTEGER,                     -- when it ended
    ended_reason TEXT,                    -- the words of who turned it down
    CONSTRAINT proposed_acts CHECK ((act IN ('decide', 'undo')) = (steward_task_id IS NOT NULL) AND (act = 'decide') = (decision IS NOT NULL)
        AND (steward_task_id IS NULL) = (golden_id IS NOT NULL) AND (act IN ('state_value', 'withdraw_value')) = (attribute IS NOT NULL)
        AND (act = 'state_value') = (value IS NOT NULL) AND (act = 'withdraw_value') = (override_id IS NOT NULL)),
    CONSTRAINT ended_proposals CHECK ((outcome IS NULL) = (ended_us IS NULL))
) STRICT;
INSERT INTO proposals_new (id, entity, act, steward_task_id, decision, field_check_id, golden_id, attribute, value, expires_us, policy, reason,
proposed_by, proposed_us, outcome, ended_by, ended_us, ended_reason)
SELECT id, entity, CASE WHEN steward_task_id IS NULL THEN 'state_value' ELSE 'decide' END, steward_task_id, decision, field_check_id, golden_id,
attribute, value, expires_us, policy, reason, proposed_by, proposed_us, outcome, ended_by, ended_us, ended_reason FROM proposals;
DROP TABLE proposals;
ALTER TABLE proposals_new RENAME TO proposals;
CREATE UNIQUE INDEX proposals_of_tasks ON proposals (steward_task_id) WHERE outcome IS NULL;
CREATE INDEX proposals_of_golden ON proposals (golden_id) WHERE outcome IS NULL;
CREATE INDEX proposals_open ON proposals (id) WHERE outcome IS NULL;

ALTER TABLE erasures ADD COLUMN
    vault_references TEXT; -- references of the vault whose numbers are still to be taken out, a JSON list; null once they are out

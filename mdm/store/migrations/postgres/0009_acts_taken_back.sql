-- What a second steward agrees to may also be that something is taken back; what of an erasure the vault still holds.

ALTER TABLE proposals ADD COLUMN
    act TEXT CHECK (act IN ('decide', 'state_value', 'undo', 'withdraw_confirmation', 'withdraw_value')); -- what is to be done
UPDATE proposals SET act = CASE WHEN steward_task_id IS NULL THEN 'state_value' ELSE 'decide' END;
ALTER TABLE proposals ALTER COLUMN act SET NOT NULL;
ALTER TABLE proposals ADD COLUMN
    override_id BIGINT; -- the stated value to be withdrawn
ALTER TABLE proposals DROP CONSTRAINT proposed_acts;
ALTER TABLE proposals ADD CONSTRAINT proposed_acts
CHECK ((act IN ('decide', 'undo')) = (steward_task_id IS NOT NULL) AND (act = 'decide') = (decision IS NOT NULL)
    AND (steward_task_id IS NULL) = (golden_id IS NOT NULL) AND (act IN ('state_value', 'withdraw_value')) = (attribute IS NOT NULL)
    AND (act = 'state_value') = (value IS NOT NULL) AND (act = 'withdraw_value') = (override_id IS NOT NULL));

ALTER TABLE erasures ADD COLUMN
    vault_references TEXT; -- references of the vault whose numbers are still to be taken out, a JSON list; null once they are out

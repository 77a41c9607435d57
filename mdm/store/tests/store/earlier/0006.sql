-- A task in a steward's hand with a field check, a proposal, decisions made at once.
UPDATE steward_tasks SET state = 'claimed', held_by = 1, held_us = 6700, until_us = 9000000000000000 WHERE id = 2;
INSERT INTO field_checks (id, steward_task_id, question, office, asked_by, asked_us) VALUES (1, 2, 'do both live there?', 'tehsil', 1, 6750);
INSERT INTO proposals (id, entity, golden_id, attribute, value, policy, reason, proposed_by, proposed_us)
VALUES (1, 'citizen', 4, 'full_name', 'Name Four', 'a stated value of citizen.full_name', 'seen', 1, 6800);
INSERT INTO decision_batches (id, decision, reason, decided_by, decided_us) VALUES (1, 'match', 'all seen', 1, 6850);
UPDATE hub_clock SET last_us = 6850;

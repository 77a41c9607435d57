-- A row of a writer confined to a district, and whom a steward is asked about.
INSERT INTO asked_pairs (source_record_id, other_id, entity, asked_us) VALUES (4, 1, 'citizen', 7830);
UPDATE hub_clock SET last_us = 7830;

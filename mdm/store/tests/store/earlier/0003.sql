-- A confirmation and a stated value, which wait for the next resolution.
INSERT INTO confirmations (id, entity, constraint_id, reason, confirmed_by, confirmed_us) VALUES (2, 'citizen', NULL, 'seen', 1, 6100);
INSERT INTO confirmation_members (confirmation_id, source_record_id) VALUES (2, 3);
INSERT INTO overrides (id, entity, attribute, value, reason, stated_by, stated_us) VALUES (1, 'citizen', 'mobile', '9876543210', 'seen', 1, 6200);
INSERT INTO override_members (override_id, place, source_record_id) VALUES (1, 0, 4);
INSERT INTO unresolved_source_records (source_record_id, entity, marked_us) VALUES (3, 'citizen', 6100), (4, 'citizen', 6200);
UPDATE hub_clock SET last_us = 6200;

-- A confirmation and a stated value, which wait for the next resolution.
INSERT INTO confirmations (id, entity, constraint_id, reason, confirmed_by, confirmed_us) VALUES (2, 'citizen', NULL, 'seen', 1, 6100);
INSERT INTO confirmation_members (confirmation_id, source_record_id) VALUES (2, 3);
INSERT INTO overrides (id, entity, attribute, value, reason, stated_by, stated_us) VALUES (1, 'citizen', 'mobile', '9876543210', 'seen', 1, 6200);
INSERT INTO override_members (override_id, place, source_record_id) VALUES (1, 0, 4);
INSERT INTO unresolved_source_records (source_record_id, entity, marked_us) VALUES (3, 'citizen', 6100), (4, 'citizen', 6200);
INSERT INTO audit_events (position, at_us, actor, action, subject, purpose, detail, previous_hash, hash) VALUES
(4, 6100, 'deepa', 'golden_record_confirmed', 'golden record 3', NULL, '{}', 'c1ca2e15389edfc558740ff6825190dc31aaa49f84a8e1dc64ed67a832e2e415', '26dd74aa7feb3aab9875ae1f0755351f83d9409a56417d4e5dc22346b94f215d'),
(5, 6200, 'deepa', 'value_overridden', 'override 1', NULL, '{}', '26dd74aa7feb3aab9875ae1f0755351f83d9409a56417d4e5dc22346b94f215d', 'ad1361d8f5bbf5d74368ddf35f8ffa3758cd3cf083b7624157e973cd248cbdc4');
UPDATE hub_clock SET last_us = 6200;

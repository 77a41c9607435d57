-- A source record that was erased with the golden record it made, and a hold on another.
INSERT INTO source_records (id, source_system_id, source_key, version, content_hash, stated, updated_us, recorded_from_us, ingest_run_id, retired_us)
VALUES (5, 1, 'erased:abc', 1, 12345, '{}', NULL, 1000, 1, 7500);
UPDATE ingest_runs SET rows_read = 6, rows_new = 5 WHERE id = 1;
UPDATE source_systems SET retired_count = 1 WHERE id = 1;
INSERT INTO golden_records (id, entity, state, version) VALUES (5, 'citizen', 'emptied', 1);
INSERT INTO golden_versions (golden_id, version, recorded_from_us, recorded_to_us, status, chosen, rule_set_version)
VALUES (5, 1, 7400, 7500, 'active', '{}', 1);
INSERT INTO crosswalks (source_record_id, recorded_from_us, golden_id, recorded_to_us) VALUES (5, 7400, 5, 7500);
INSERT INTO feed_events (position, at_us, entity, golden_id, change, version)
VALUES (9, 7400, 'citizen', 5, 'created', 1), (10, 7500, 'citizen', 5, 'emptied', 1);
INSERT INTO erasures (id, entity, golden_id, order_text, erased_by, erased_us, source_record_count, landing_us, lake_us)
VALUES (1, 'citizen', 5, 'order 7 of the officer', 'system:command line', 7500, 1, 7600, 7700);
INSERT INTO erased_source_records (source_record_id, erasure_id, source_system_id, key_hash) VALUES (5, 1, 1, 'abc');
INSERT INTO legal_holds (id, entity, authority, reason, placed_by, placed_us) VALUES (1, 'citizen', 'a court', 'case 1', 'deepa', 7800);
INSERT INTO legal_hold_members (legal_hold_id, source_record_id) VALUES (1, 4);
INSERT INTO audit_events (chain, number, at_us, actor, action, subject, purpose, detail, previous_hash, hash)
VALUES (1, 6, 7800, 'deepa', 'hold_placed', 'golden record 4', NULL, '{"hold":1}', 'ad1361d8f5bbf5d74368ddf35f8ffa3758cd3cf083b7624157e973cd248cbdc4', '89774b808b9c6f2e8d9d3b8c8d6f1541e357ef66c1128f19198bdfcfd8349f07');
UPDATE audit_chains SET number = 6, hash = '89774b808b9c6f2e8d9d3b8c8d6f1541e357ef66c1128f19198bdfcfd8349f07' WHERE id = 1;
UPDATE hub_clock SET last_us = 7800;

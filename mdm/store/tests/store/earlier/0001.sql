-- A hub as the first tables held it: four source records of one register, two of them joined by a steward, one corrected, one pair in
-- doubt. Times are small numbers, so that a reader sees their order.
UPDATE hub_clock SET last_us = 6000;
INSERT INTO settings (name, value) VALUES ('made_up', '1');
INSERT INTO source_systems (id, name, title, department, rows_are, rows_of, trust, retire_share_max)
VALUES (1, 'food', '{"en":"food"}', 'food', 'entity', 'citizen', 0.5, 0.5);
INSERT INTO ingest_runs (id, source_system_id, file_name, content_hash, file_bytes, load, recorded_us, rows_read, rows_new, rows_changed,
rows_unchanged, rows_retired, rows_rejected) VALUES
(1, 1, 'first.csv', 'hash of first.csv', 100, 'snapshot', 1000, 5, 4, 0, 0, 0, 1),
(2, 1, 'second.csv', 'hash of second.csv', 50, 'delta', 5000, 1, 0, 1, 0, 0, 0);
INSERT INTO source_records (id, source_system_id, source_key, version, content_hash, stated, updated_us, recorded_from_us, ingest_run_id,
retired_us) VALUES
(1, 1, 'a', 1, -8411459158527110677, '{"district":"41","full_name":"Name 1"}', NULL, 1000, 1, NULL),
(2, 1, 'b', 1, 2721030790123713361, '{"district":"41","full_name":"Name 2"}', NULL, 1000, 1, NULL),
(3, 1, 'c', 1, -4388359427827000543, '{"district":"41","full_name":"Name 3"}', NULL, 1000, 1, NULL),
(4, 1, 'd', 1, -3882524745116481952, '{"district":"41","full_name":"Name 4"}', NULL, 1000, 1, NULL);
UPDATE source_records SET version = 2, content_hash = 7513135182847944397, stated = '{"district":"41","full_name":"Name 9"}', recorded_from_us = 5000,
ingest_run_id = 2 WHERE id = 3;
INSERT INTO source_record_versions (source_record_id, version, stated, updated_us, recorded_from_us, recorded_to_us, ingest_run_id)
VALUES (3, 1, '{"district":"41","full_name":"Name 3"}', NULL, 1000, 5000, 1);
INSERT INTO quarantined_rows (id, ingest_run_id, line, source_key, rule, source_column, masked, reason)
VALUES (1, 1, 6, 'e', 'value_kind', 'DOB', '**', 'no such day; correct it');
INSERT INTO left_out_values (ingest_run_id, attribute, rule, value_count) VALUES (1, 'mobile', 'value_kind', 2);
INSERT INTO rule_sets (entity, version, body, created_us) VALUES ('citizen', 1, '{"prior":0.5}', 1500);
INSERT INTO golden_records (id, entity, state, version, redirect_to) VALUES
(1, 'citizen', 'live', 2, NULL), (2, 'citizen', 'redirected', 1, 1), (3, 'citizen', 'live', 2, NULL), (4, 'citizen', 'live', 1, NULL);
INSERT INTO golden_versions (golden_id, version, recorded_from_us, recorded_to_us, status, chosen, rule_set_version) VALUES
(1, 1, 2000, 4000, 'active', '{"district":["41",1,1,"t",1,1],"full_name":["Name 1",1,1,"t",1,1]}', 1),
(1, 2, 4000, NULL, 'active', '{"district":["41",1,1,"t",2,2],"full_name":["Name 1",1,1,"t",1,2]}', 1),
(2, 1, 2000, 4000, 'active', '{"district":["41",2,1,"t",1,1],"full_name":["Name 2",2,1,"t",1,1]}', 1),
(3, 1, 2000, 6000, 'active', '{"district":["41",3,1,"t",1,1],"full_name":["Name 3",3,1,"t",1,1]}', 1),
(3, 2, 6000, NULL, 'active', '{"district":["41",3,2,"t",1,1],"full_name":["Name 9",3,2,"t",1,1]}', 1),
(4, 1, 2000, NULL, 'active', '{"district":["41",4,1,"t",1,1],"full_name":["Name 4",4,1,"t",1,1]}', 1);
INSERT INTO crosswalks (source_record_id, recorded_from_us, golden_id, recorded_to_us) VALUES
(1, 2000, 1, NULL), (2, 2000, 2, 4000), (2, 4000, 1, NULL), (3, 2000, 3, NULL), (4, 2000, 4, NULL);
INSERT INTO feed_events (position, at_us, entity, golden_id, change, version, other_golden_id) VALUES
(1, 2000, 'citizen', 1, 'created', 1, NULL), (2, 2000, 'citizen', 2, 'created', 1, NULL),
(3, 2000, 'citizen', 3, 'created', 1, NULL), (4, 2000, 'citizen', 4, 'created', 1, NULL),
(5, 4000, 'citizen', 2, 'merged_into', 1, 1), (6, 4000, 'citizen', 1, 'updated', 2, NULL),
(7, 6000, 'citizen', 3, 'updated', 2, NULL);
INSERT INTO constraints (id, entity, left_id, right_id, kind, steward_task_id, reason, decided_by, decided_us)
VALUES (1, 'citizen', 1, 2, 'must_link', 1, 'one person: seen both', 1, 3000);
INSERT INTO steward_tasks (id, entity, left_id, right_id, weight_bits, probability, opened_us, state, decided_by, decided_us, decision)
VALUES (1, 'citizen', 1, 2, 9.5, 0.9, 2000, 'decided', 1, 3000, 'match'),
(2, 'citizen', 3, 4, 8.1, 0.8, 2000, 'open', NULL, NULL, NULL);
INSERT INTO users (id, name, password_hash, roles, districts, failures, created_us)
VALUES (1, 'deepa', '$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', '["steward"]', '["41"]', 2, 1100);
INSERT INTO sessions (token_hash, user_id, created_us, expires_us) VALUES ('ab', 1, 1200, 9000000000000000);
INSERT INTO api_keys (id, prefix, secret_hash, name, roles, districts, created_us)
VALUES (1, 'kanak_abcdefgh', 'cd', 'food', '["department"]', NULL, 1300);
INSERT INTO audit_events (position, at_us, actor, action, subject, purpose, detail, previous_hash, hash) VALUES
(1, 1100, 'system:command line', 'user_created', 'user 1', NULL, '{}', '', 'e23413bc63ce9d0abf82c62afd2dab9c7b1602f3b4b9fb77cc2695a3a8a7339c'),
(2, 3000, 'deepa', 'decided', 'steward task 1', NULL, '{"decision":"match"}', 'e23413bc63ce9d0abf82c62afd2dab9c7b1602f3b4b9fb77cc2695a3a8a7339c', '83e5730197079937f56abb0cddd69cb8ebafc9157a0245fe89ec5fc2660b6a0c'),
(3, 3100, 'system:command line', 'api_key_created', 'api key 1', NULL, '{}', '83e5730197079937f56abb0cddd69cb8ebafc9157a0245fe89ec5fc2660b6a0c', 'c1ca2e15389edfc558740ff6825190dc31aaa49f84a8e1dc64ed67a832e2e415');

-- A publication in the feed, and a subscriber that did not take an event.
INSERT INTO feed_events (position, at_us, change, published)
VALUES (8, 6400, 'rules_published', '{"kind":"rules","name":"citizen","version":"2"}');
INSERT INTO editions (kind, name, version, stamp, items) VALUES ('model_published', 'citizen', '1', 'stamp', '');
INSERT INTO webhooks (id, name, url, entities, api_key_id, purpose, detail, salt, position, attempts, due_us, created_us)
VALUES (1, 'welfare', 'https://welfare.example/hook', '["citizen"]', 1, 'service_delivery', 'changes', '00', 4, 0, 0, 6500);
INSERT INTO webhook_dead_letters (webhook_id, position, problem, failed_us) VALUES (1, 3, 'the receiver answers 422', 6600);
UPDATE hub_clock SET last_us = 6600;

-- Rules published with their hash.
INSERT INTO rule_sets (entity, version, body, created_us, body_hash)
VALUES ('citizen', 2, '{"prior":0.25}', 6300, 'ce401f7fed0678a5e48b1e8cc68543ec89104f38cc79181ec04ad065ecfccb2d');
UPDATE hub_clock SET last_us = 6300;

-- A relation that citizens' source records state, each version as it does.
INSERT INTO relation_types (id, entity, name, declared, declared_us)
VALUES (1, 'citizen', 'lives_in', '{"name":"lives_in","title":{"en":"Lives in"},"inverse":{"en":"Home of"},"attribute":"district","end":{"code":{"system":"lgd-district"}},"valid_from":null,"valid_to":null,"attributes":[],"class":"internal"}', 7810);
INSERT INTO relations (source_record_id, version, relation_type_id, side, target) VALUES
(1, 1, 1, 'from', '41'), (2, 1, 1, 'from', '41'), (3, 1, 1, 'from', '41'), (3, 2, 1, 'from', '41'), (4, 1, 1, 'from', '41');
UPDATE hub_clock SET last_us = 7810;

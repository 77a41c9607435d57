-- A process's reads in a chain of their own.
INSERT INTO audit_chains (id, writer, number, hash, held_by, held_until_us) VALUES (2, 'reads', 1, '5ea1902f6e7d04a3ba0b0968a6c163fdf9bfce9b7b4ac87e2a9a799997d05747', 'word', 7200);
INSERT INTO audit_events (chain, number, at_us, actor, action, subject, purpose, detail, previous_hash, hash)
VALUES (2, 1, 7100, 'key:food', 'read', 'golden record 1', 'service_delivery', '{"basis":"register"}', 'db6044a73655e7f740fbeb524e590ae81e823bee485b45326080c5377b1ecd2c', '5ea1902f6e7d04a3ba0b0968a6c163fdf9bfce9b7b4ac87e2a9a799997d05747');

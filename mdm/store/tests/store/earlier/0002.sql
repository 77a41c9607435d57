-- Attempts to sign in were counted by name; runs told what they held back.
INSERT INTO sign_in_attempts (name_hash, attempts, forgotten_us) VALUES ('ef', 3, 9000000000000000);
UPDATE ingest_runs SET rows_held_back = 1 WHERE id = 1;

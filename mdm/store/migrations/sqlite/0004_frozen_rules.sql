-- A rule set never changes once published; its hash shows whether it did.

ALTER TABLE rule_sets ADD COLUMN
    body_hash TEXT; -- SHA-256 of `body` as it reads back, hex; null where it was published before hubs kept one

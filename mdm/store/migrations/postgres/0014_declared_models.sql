-- What entity models said of stored values at every time, and overrides that go on under another name.

CREATE TABLE declared_models (            -- what each entity model said of stored values, and since when: a ledger
    entity TEXT NOT NULL,                 -- the entity type
    number BIGINT NOT NULL,              -- from 1: counts what was declared anew
    version BIGINT NOT NULL,             -- the model's version: that of the last migration it came by; 1 before any
    body TEXT NOT NULL,                   -- attributes, survivorship, status rules and trust in registers, JSON
    migrations TEXT NOT NULL,             -- the migrations that led to it from the one before, JSON; an empty list where none was needed
    recorded_us BIGINT NOT NULL,         -- since when the hub answers by it
    PRIMARY KEY (entity, number)
);

ALTER TABLE overrides ADD COLUMN
    restated_as BIGINT; -- the override that says the same since a migration of the model ended this one; null where nothing did

-- Which golden records had ended in one at some time.
CREATE INDEX feed_events_merged ON feed_events (other_golden_id) WHERE change = 'merged_into';

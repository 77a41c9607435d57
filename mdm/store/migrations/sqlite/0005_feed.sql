-- The change feed tells what was published as well, and is delivered to subscribers.

CREATE TABLE feed_entries (               -- what happened to golden records, and what was published, in commit order
    position INTEGER NOT NULL PRIMARY KEY, -- from 1, without gaps
    at_us INTEGER NOT NULL,               -- when it was committed
    entity TEXT,                          -- the entity type of a golden record
    golden_id INTEGER,                    -- the golden record
    change TEXT NOT NULL,                 -- of a golden record created, updated, merged_into, split_from, restored or emptied; else rules_published, codes_published or model_published
    version INTEGER,                      -- the golden record's version afterwards
    other_golden_id INTEGER,              -- the other one of a merge or split
    published TEXT,                     -- what was published, JSON; null for a golden record
    CHECK ((golden_id IS NULL) = (published IS NOT NULL) AND (golden_id IS NULL OR (entity IS NOT NULL AND version IS NOT NULL)))
) STRICT;
INSERT INTO feed_entries (position, at_us, entity, golden_id, change, version, other_golden_id)
SELECT position, at_us, entity, golden_id, change, version, other_golden_id FROM feed_events ORDER BY position;
DROP TABLE feed_events;
ALTER TABLE feed_entries RENAME TO feed_events;
CREATE INDEX feed_events_by_golden ON feed_events (golden_id) WHERE golden_id IS NOT NULL;

CREATE TABLE editions (                   -- what was published last of each code system and entity model
    kind TEXT NOT NULL,                   -- codes_published or model_published
    name TEXT NOT NULL,                   -- the code system or entity type
    version TEXT NOT NULL,                -- its version
    stamp TEXT NOT NULL,                  -- tells editions apart without their items
    items TEXT NOT NULL,                  -- hashes of its items, base 64: eight bytes of each one's name and four of what it says
    PRIMARY KEY (kind, name)
) STRICT;

CREATE TABLE webhooks (                   -- subscriptions; a removed one stays for its dead letters and the audit trail
    id INTEGER NOT NULL PRIMARY KEY,      -- given out by the hub
    name TEXT NOT NULL,                   -- unique among those that are not removed
    url TEXT NOT NULL,                    -- where messages are posted
    entities TEXT,                        -- JSON list of the entity types it is about; null for all
    api_key_id INTEGER NOT NULL REFERENCES api_keys (id), -- the key whose access decides what it tells
    purpose TEXT NOT NULL,                -- why its receiver reads
    detail TEXT NOT NULL CHECK (detail IN ('changes', 'values')), -- whether messages hold values
    salt TEXT NOT NULL,                   -- random, hex: with a key outside the hub it makes the signing secret
    position INTEGER NOT NULL,            -- up to where the feed was delivered: written after the receiver's 2xx
    attempts INTEGER NOT NULL,            -- failed ones of the next message
    due_us INTEGER NOT NULL,              -- the next attempt is not made before
    failing_since_us INTEGER,             -- the first failure since the last success; null while all goes well
    problem TEXT,                         -- what the last failure was; never values of people
    paused_us INTEGER,                    -- when it was paused; nothing is sent until a person resumes it
    created_us INTEGER NOT NULL,          -- when it was made
    removed_us INTEGER                    -- when it was removed
) STRICT;
CREATE UNIQUE INDEX webhooks_by_name ON webhooks (name) WHERE removed_us IS NULL;

CREATE TABLE webhook_dead_letters (       -- events that a receiver did not take, kept to be sent again by hand
    webhook_id INTEGER NOT NULL REFERENCES webhooks (id), -- the subscription
    position INTEGER NOT NULL,            -- the event
    problem TEXT NOT NULL,                -- what the last failure was
    failed_us INTEGER NOT NULL,           -- when it was given up
    redelivered_us INTEGER,               -- when the receiver took it after all
    PRIMARY KEY (webhook_id, position)
) STRICT;

-- Webhooks: subscriptions to the change feed that are delivered to a URL, and what could not be delivered.

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

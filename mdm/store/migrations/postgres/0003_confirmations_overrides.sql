-- Golden records that stewards confirmed, and values that they stated themselves.

CREATE TABLE confirmations (              -- golden records that a steward confirmed: a ledger, withdrawn by a mark
    id BIGINT NOT NULL PRIMARY KEY,      -- ascending
    entity TEXT NOT NULL,                 -- the entity type
    constraint_id BIGINT,                -- the must-link that confirmed it; null when a steward confirmed it by itself
    reason TEXT NOT NULL,                 -- the steward's words
    confirmed_by BIGINT NOT NULL,        -- the user
    confirmed_us BIGINT NOT NULL,        -- when
    withdrawn_by BIGINT,                 -- the user who withdrew it, or undid the must-link
    withdrawn_us BIGINT                  -- when; null while it holds
);
CREATE INDEX confirmations_holding ON confirmations (entity, id) WHERE withdrawn_us IS NULL;
CREATE INDEX confirmations_by_constraint ON confirmations (constraint_id);

CREATE TABLE confirmation_members (       -- what the golden record held when it was confirmed
    confirmation_id BIGINT NOT NULL,     -- the confirmation
    source_record_id BIGINT NOT NULL,    -- a source record
    PRIMARY KEY (confirmation_id, source_record_id)
);
CREATE INDEX confirmation_members_by_source ON confirmation_members (source_record_id);

-- Must-links that hold confirm what both golden records held when they were decided.
INSERT INTO confirmations (id, entity, constraint_id, reason, confirmed_by, confirmed_us)
SELECT id, entity, id, reason, decided_by, decided_us FROM constraints WHERE kind = 'must_link' AND undone_us IS NULL;
INSERT INTO confirmation_members (confirmation_id, source_record_id)
SELECT c.id, c.left_id FROM constraints c WHERE c.kind = 'must_link' AND c.undone_us IS NULL
UNION
SELECT c.id, c.right_id FROM constraints c WHERE c.kind = 'must_link' AND c.undone_us IS NULL
UNION
SELECT c.id, m.source_record_id FROM constraints c
JOIN crosswalks e ON e.source_record_id IN (c.left_id, c.right_id)
AND e.recorded_from_us <= c.decided_us AND (e.recorded_to_us IS NULL OR e.recorded_to_us > c.decided_us)
JOIN crosswalks m ON m.golden_id = e.golden_id
AND m.recorded_from_us <= c.decided_us AND (m.recorded_to_us IS NULL OR m.recorded_to_us > c.decided_us)
WHERE c.kind = 'must_link' AND c.undone_us IS NULL;
-- Rules may have joined such two since: the next resolution looks at all of them.
INSERT INTO unresolved_source_records (source_record_id, entity, marked_us)
SELECT DISTINCT m.source_record_id, c.entity, h.last_us FROM confirmation_members m
JOIN confirmations c ON c.id = m.confirmation_id CROSS JOIN hub_clock h
WHERE m.source_record_id NOT IN (SELECT u.source_record_id FROM unresolved_source_records u);

CREATE TABLE overrides (                  -- values that a steward stated: a ledger, ended by a mark
    id BIGINT NOT NULL PRIMARY KEY,      -- ascending
    entity TEXT NOT NULL,                 -- the entity type
    attribute TEXT NOT NULL,              -- the attribute
    value TEXT NOT NULL,                  -- the value in the standard form of its kind
    reason TEXT NOT NULL,                 -- the steward's words
    stated_by BIGINT NOT NULL,           -- the user
    stated_us BIGINT NOT NULL,           -- when
    expires_us BIGINT,                   -- from when on it is due to end; null for never
    ended_by BIGINT,                     -- the user who withdrew it; null when it expired
    ended_us BIGINT                      -- when it ended; null while it holds
);
CREATE INDEX overrides_holding ON overrides (entity, id) WHERE ended_us IS NULL;

CREATE TABLE override_members (           -- what the golden record held when the value was stated
    override_id BIGINT NOT NULL,         -- the override
    place BIGINT NOT NULL,               -- from 0: the golden record that holds the first live one takes the value
    source_record_id BIGINT NOT NULL,    -- a source record
    PRIMARY KEY (override_id, place)
);
CREATE INDEX override_members_by_source ON override_members (source_record_id);

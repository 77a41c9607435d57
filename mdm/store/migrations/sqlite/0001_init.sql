-- The hub. Times are UTC microseconds (`_us`), periods half-open; ids are integers given out by the one writer.

CREATE TABLE hub_clock (                            -- one row: the last recorded time; taking it is taking the writer's turn
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1), -- always 1
    last_us INTEGER NOT NULL                        -- every later transaction is recorded after it
) STRICT;
INSERT INTO hub_clock (id, last_us) VALUES (1, 0);

CREATE TABLE settings (             -- what an administrator set
    name TEXT NOT NULL PRIMARY KEY, -- the setting
    value TEXT NOT NULL             -- its value
) STRICT;

CREATE TABLE source_systems (            -- the departments' registers
    id INTEGER NOT NULL PRIMARY KEY,     -- given out by the hub
    name TEXT NOT NULL UNIQUE,           -- as declared, unique in a deployment
    title TEXT NOT NULL,                 -- titles by language, JSON
    department TEXT NOT NULL,            -- the owner's code
    rows_are TEXT NOT NULL CHECK (rows_are IN ('entity', 'event')), -- what its rows are
    rows_of TEXT NOT NULL,               -- the entity type or the kind of event
    trust REAL NOT NULL,                 -- 0 to 1
    retire_share_max REAL NOT NULL       -- a snapshot that retires more waits for a person
) STRICT;

CREATE TABLE ingest_runs (                -- finished executions of reading one file; an unfinished one leaves no row
    id INTEGER NOT NULL PRIMARY KEY,      -- ascending in commit order
    source_system_id INTEGER NOT NULL REFERENCES source_systems (id), -- whose file
    file_name TEXT NOT NULL,              -- the file, without its folder
    content_hash TEXT NOT NULL,           -- keyed hash of its bytes
    file_bytes INTEGER NOT NULL,          -- its size
    load TEXT NOT NULL CHECK (load IN ('snapshot', 'delta')), -- the whole register or what changed
    recorded_us INTEGER NOT NULL,         -- when the hub learned it
    rows_read INTEGER NOT NULL,           -- accepted and rejected rows
    rows_new INTEGER NOT NULL,            -- keys never seen
    rows_changed INTEGER NOT NULL,        -- keys with other values than before, or back after a retirement
    rows_unchanged INTEGER NOT NULL,      -- keys with the same values
    rows_retired INTEGER NOT NULL,        -- keys missing from a snapshot
    rows_rejected INTEGER NOT NULL        -- rows in quarantine
) STRICT;
CREATE INDEX ingest_runs_by_source ON ingest_runs (source_system_id, id);

CREATE TABLE source_records (             -- the current version of each row of each source
    id INTEGER NOT NULL PRIMARY KEY,      -- the row over all its versions
    source_system_id INTEGER NOT NULL REFERENCES source_systems (id), -- whose row
    source_key TEXT NOT NULL,             -- the department's own key
    version INTEGER NOT NULL,             -- from 1
    content_hash INTEGER NOT NULL,        -- first 64 bits of the SHA-256 of `stated`: equal means unchanged
    stated TEXT NOT NULL,                 -- values, JSON: attribute to standard or [standard, raw]
    updated_us INTEGER,                   -- when the department last changed it, where it says so
    recorded_from_us INTEGER NOT NULL,    -- when the hub learned this version
    ingest_run_id INTEGER NOT NULL,       -- the run that brought it
    retired_us INTEGER                    -- when it went missing from a snapshot; null while live
) STRICT;
CREATE UNIQUE INDEX source_records_by_key ON source_records (source_system_id, source_key);

CREATE TABLE source_record_versions (     -- earlier versions
    source_record_id INTEGER NOT NULL,    -- the row
    version INTEGER NOT NULL,             -- from 1
    stated TEXT NOT NULL,                 -- values, JSON
    updated_us INTEGER,                   -- when the department changed it
    recorded_from_us INTEGER NOT NULL,    -- when the hub learned it
    recorded_to_us INTEGER NOT NULL,      -- when the next version, or a retirement, ended it
    ingest_run_id INTEGER NOT NULL,       -- the run that brought it
    PRIMARY KEY (source_record_id, version)
) STRICT;

CREATE TABLE unresolved_source_records (  -- new, changed, retired or decided about since the last resolution; emptied by it
    source_record_id INTEGER NOT NULL PRIMARY KEY, -- the row
    entity TEXT NOT NULL,                 -- its entity type
    marked_us INTEGER NOT NULL            -- when it was marked last
) STRICT;

CREATE TABLE quarantined_rows (           -- refused rows, with masked values only
    id INTEGER NOT NULL PRIMARY KEY,      -- ascending
    ingest_run_id INTEGER NOT NULL REFERENCES ingest_runs (id), -- the run
    line INTEGER NOT NULL,                -- where it stands in the file, from 1
    source_key TEXT,                      -- its key, where it has one that is not sensitive
    rule TEXT NOT NULL,                   -- the rule it broke
    source_column TEXT,                   -- the source column
    masked TEXT,                          -- the value, masked
    reason TEXT NOT NULL                  -- what is wrong and what to do
) STRICT;
CREATE INDEX quarantined_rows_by_run ON quarantined_rows (ingest_run_id, rule);

CREATE TABLE left_out_values (            -- values left out of rows that went on
    ingest_run_id INTEGER NOT NULL REFERENCES ingest_runs (id), -- the run
    attribute TEXT NOT NULL,              -- the attribute
    rule TEXT NOT NULL,                   -- the rule it broke
    value_count INTEGER NOT NULL,         -- how many
    PRIMARY KEY (ingest_run_id, attribute, rule)
) STRICT, WITHOUT ROWID;

CREATE TABLE rule_sets (                  -- frozen rules of each entity type
    entity TEXT NOT NULL,                 -- the entity type
    version INTEGER NOT NULL,             -- from 1
    body TEXT NOT NULL,                   -- weights, frequencies, thresholds, JSON
    created_us INTEGER NOT NULL,          -- when it was published
    PRIMARY KEY (entity, version)
) STRICT;

CREATE TABLE golden_records (             -- one row an id ever given
    id INTEGER NOT NULL PRIMARY KEY,      -- its lasting id
    entity TEXT NOT NULL,                 -- the entity type
    state TEXT NOT NULL CHECK (state IN ('live', 'redirected', 'emptied')), -- whether it has members, ended in another, or lost its last
    version INTEGER NOT NULL,             -- its latest version
    redirect_to INTEGER                   -- the golden record it was merged into
) STRICT;
CREATE INDEX golden_records_by_entity ON golden_records (entity, id);
CREATE INDEX golden_records_redirected ON golden_records (redirect_to) WHERE redirect_to IS NOT NULL;

CREATE TABLE golden_versions (            -- what each golden record was, and when
    golden_id INTEGER NOT NULL,           -- the golden record
    version INTEGER NOT NULL,             -- from 1
    recorded_from_us INTEGER NOT NULL,    -- when the hub came to hold it
    recorded_to_us INTEGER,               -- when it ceased to; null on the current one
    status TEXT NOT NULL,                 -- by the entity model's rules
    chosen TEXT NOT NULL,                 -- JSON: attribute to [value, source record, its version, strategy, agreeing, stated]
    rule_set_version INTEGER NOT NULL     -- the rules under which it was resolved
) STRICT;
CREATE UNIQUE INDEX golden_versions_by_golden ON golden_versions (golden_id, version);

CREATE TABLE crosswalks (                 -- which golden record a source record belongs to, and when
    source_record_id INTEGER NOT NULL,    -- the source record
    recorded_from_us INTEGER NOT NULL,    -- since when
    golden_id INTEGER NOT NULL,           -- the golden record
    recorded_to_us INTEGER,               -- until when; null while it holds
    PRIMARY KEY (source_record_id, recorded_from_us)
) STRICT, WITHOUT ROWID;
CREATE INDEX crosswalks_by_golden ON crosswalks (golden_id);

CREATE TABLE feed_events (                -- what happened to golden records, in commit order
    position INTEGER NOT NULL PRIMARY KEY, -- from 1, without gaps
    at_us INTEGER NOT NULL,               -- when it was committed
    entity TEXT NOT NULL,                 -- the entity type
    golden_id INTEGER NOT NULL,           -- the golden record
    change TEXT NOT NULL,                 -- created, updated, merged_into, split_from, restored or emptied
    version INTEGER NOT NULL,             -- its version afterwards
    other_golden_id INTEGER               -- the other one of a merge or split
) STRICT;
CREATE INDEX feed_events_by_golden ON feed_events (golden_id);

-- Words to search golden records by; rowid is the golden id. Nothing but the index is kept.
CREATE VIRTUAL TABLE golden_search USING fts5 (
    words, -- label and key attributes, tokenized by us
    content = '', contentless_delete = 1, detail = none,
    tokenize = 'ascii'
);

CREATE TABLE constraints (                -- stewards' decisions: a ledger, undone by a mark
    id INTEGER NOT NULL PRIMARY KEY,      -- ascending
    entity TEXT NOT NULL,                 -- the entity type
    left_id INTEGER NOT NULL,             -- the smaller source record
    right_id INTEGER NOT NULL,            -- the larger source record
    kind TEXT NOT NULL CHECK (kind IN ('must_link', 'cannot_link')), -- what must hold
    steward_task_id INTEGER NOT NULL,     -- the task it decided
    reason TEXT NOT NULL,                 -- the steward's words
    decided_by INTEGER NOT NULL,          -- the user
    decided_us INTEGER NOT NULL,          -- when
    undone_by INTEGER,                    -- the user who undid it
    undone_us INTEGER                     -- when; null while it holds
) STRICT;
CREATE INDEX constraints_holding ON constraints (entity) WHERE undone_us IS NULL;

CREATE TABLE steward_tasks (              -- doubtful pairs; one row a pair ever doubted
    id INTEGER NOT NULL PRIMARY KEY,      -- ascending
    entity TEXT NOT NULL,                 -- the entity type
    left_id INTEGER NOT NULL,             -- the smaller source record
    right_id INTEGER NOT NULL,            -- the larger source record
    weight_bits REAL NOT NULL,            -- match weight
    probability REAL NOT NULL,            -- match probability
    opened_us INTEGER NOT NULL,           -- when it was last opened
    state TEXT NOT NULL CHECK (state IN ('open', 'decided', 'lapsed')), -- where it stands
    decided_by INTEGER,                   -- the user, when decided
    decided_us INTEGER,                   -- when
    decision TEXT                         -- match or no_match
) STRICT;
CREATE UNIQUE INDEX steward_tasks_by_pair ON steward_tasks (left_id, right_id);
CREATE INDEX steward_tasks_queue ON steward_tasks (state, probability DESC, id);

CREATE TABLE users (                      -- people who sign in
    id INTEGER NOT NULL PRIMARY KEY,      -- given out by the hub
    name TEXT NOT NULL UNIQUE,            -- the sign-in name
    password_hash TEXT NOT NULL,          -- argon2id, PHC string
    roles TEXT NOT NULL,                  -- JSON list of words
    districts TEXT,                       -- JSON list of LGD codes; null for the whole state
    failures INTEGER NOT NULL,            -- wrong passwords since the last right one
    locked_until_us INTEGER,              -- no sign-in before
    disabled_us INTEGER,                  -- when an administrator disabled it
    created_us INTEGER NOT NULL           -- when it was made
) STRICT;

CREATE TABLE sessions (                   -- signed-in browsers
    token_hash TEXT NOT NULL PRIMARY KEY, -- SHA-256 of the token, hex
    user_id INTEGER NOT NULL REFERENCES users (id), -- who
    created_us INTEGER NOT NULL,          -- since when
    expires_us INTEGER NOT NULL           -- until when
) STRICT;

CREATE TABLE api_keys (                   -- programs that call
    id INTEGER NOT NULL PRIMARY KEY,      -- given out by the hub
    prefix TEXT NOT NULL UNIQUE,          -- the first part, shown in lists
    secret_hash TEXT NOT NULL,            -- SHA-256 of the whole key, hex
    name TEXT NOT NULL,                   -- whose it is
    roles TEXT NOT NULL,                  -- JSON list of words
    districts TEXT,                       -- JSON list of LGD codes; null for the whole state
    created_us INTEGER NOT NULL,          -- when it was made
    expires_us INTEGER,                   -- until when; null for ever
    disabled_us INTEGER                   -- when it was disabled
) STRICT;

CREATE TABLE audit_events (               -- who did what, chained by hash
    position INTEGER NOT NULL PRIMARY KEY, -- from 1, without gaps
    at_us INTEGER NOT NULL,               -- when
    actor TEXT NOT NULL,                  -- a user name, a key's name or system:job
    action TEXT NOT NULL,                 -- read, reveal, decide ...
    subject TEXT NOT NULL,                -- what it was done to, by id
    purpose TEXT,                         -- why, for reads of personal data
    detail TEXT NOT NULL,                 -- more, JSON; never values of people
    previous_hash TEXT NOT NULL,          -- the hash before it; empty for the first
    hash TEXT NOT NULL                    -- SHA-256 over all of the above, hex
) STRICT;

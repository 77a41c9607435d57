-- What is done by itself at set times, and each time that it was.

CREATE TABLE schedules (                 -- one row a schedule
    name TEXT NOT NULL PRIMARY KEY,      -- its name
    job TEXT NOT NULL,                   -- what is done: ingest, resolve, refresh, compaction or freshness
    every_us BIGINT NOT NULL,             -- how long an interval is; 0: it ends when somebody finds that there is work
    offset_us BIGINT NOT NULL,           -- how long after midnight, UTC, the first interval of a day begins
    catch_up TEXT NOT NULL,              -- what becomes of missed intervals: once (one run for all), each (one run for each)
    retries_max BIGINT NOT NULL,         -- how often a run that failed is tried again
    begins_us BIGINT NOT NULL,           -- from when intervals are made
    paused_us BIGINT,                    -- since when no interval is made; null while it goes on
    paused_by TEXT                       -- who paused it
);

CREATE TABLE runs (                      -- one row an interval for which a schedule was, or is to be, carried out
    id BIGINT NOT NULL PRIMARY KEY,      -- ascending, in the order in which they were made
    schedule TEXT NOT NULL REFERENCES schedules (name), -- of which schedule
    place TEXT NOT NULL,                 -- the data folder whose lake it is about; empty: the hub
    from_us BIGINT NOT NULL,             -- the interval begins
    to_us BIGINT NOT NULL,               -- it ends: what came before is covered
    state TEXT NOT NULL,                 -- waiting, running, done or failed
    attempt BIGINT NOT NULL,             -- how often it was begun
    due_us BIGINT NOT NULL,              -- not begun before
    worker TEXT,                         -- who begun it last
    leased_until_us BIGINT,              -- until when it is that worker's, by the database's own clock; null once it ended
    started_us BIGINT,                   -- when it was begun last
    ended_us BIGINT,                     -- when it ended last, well or not
    message TEXT                         -- what it did, or what went wrong last
);
CREATE UNIQUE INDEX runs_once ON runs (schedule, place, from_us);
CREATE INDEX runs_open ON runs (schedule, place, from_us) WHERE state IN ('waiting', 'running');

-- Which of several processes on this hub does the work that one alone may do.

CREATE TABLE leases (               -- one row a lease that was ever taken
    name TEXT NOT NULL PRIMARY KEY, -- which work
    holder TEXT NOT NULL,           -- a random word of the process that took it last
    epoch INTEGER NOT NULL,         -- how often it was taken: what is written under an earlier one is refused
    until_us INTEGER NOT NULL       -- until when it is held, by the database's own clock; 0 when it was given back
) STRICT;

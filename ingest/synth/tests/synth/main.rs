//! What the made-up state is held to, over the files that it writes.

mod sources;

//! What the made-up state is held to, over the files that it writes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops here")]

mod events;
mod files;
mod identifiers;
mod made;
mod memory;
mod people;
mod reading;
mod refused;
mod sources;

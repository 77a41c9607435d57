//! The pipeline end to end, with the real binary on real files: a made-up state in, golden records and a warehouse out.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test stops where it cannot go on, and says what it measured or skipped"
)]

mod bench_codes;
mod broken_input;
mod crashes;
mod demo;
mod faults;
mod fhir;
mod house;
mod linkage;
mod other_engines;
mod postgres;
mod restored;
mod served;
mod several_servers;
mod state;
mod trace;
mod vaults;

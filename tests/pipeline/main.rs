//! The pipeline end to end, with the real binary on real files: a made-up state in, golden records and a warehouse out.

mod broken_input;
mod demo;
mod linkage;
mod other_engines;
mod state;

#![doc = include_str!("../README.md")]

pub mod matching;
pub mod model_guess;
pub mod splink_import;
pub mod standardize;
pub mod survivorship;

/// Sets how many threads matching uses, from here on and for the whole process. Has an effect before the first use only; without
/// it, all cores are used. More than [`THREADS_MAX`] are not made.
pub fn set_threads(threads: usize) {
    // A second call finds the pool there already: the first one's number stands.
    drop(rayon::ThreadPoolBuilder::new().num_threads(threads.clamp(1, THREADS_MAX)).build_global());
}

/// More threads only wait for each other.
pub const THREADS_MAX: usize = 256;

//! Telling how far long work is, without knowing who listens.

/// Someone who wants to know how far the work is. Called from several threads.
pub trait Progress: Sync {
    /// A stage begins that will take `total` steps.
    fn stage(&self, name: &str, total: u64);
    /// `steps` more of the stage are done.
    fn advance(&self, steps: u64);
}

/// Nobody listens.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn stage(&self, _name: &str, _total: u64) {}

    fn advance(&self, _steps: u64) {}
}

//! Keys of the key store that jobs work with.

use kanak_store::{Key, key_store};

use crate::deployment::Deployment;

/// The key under which files are sealed in the landing.
///
/// # Errors
/// When the key folder cannot be read or written.
pub fn landing_key(deployment: &Deployment) -> anyhow::Result<[u8; 32]> {
    Ok(*deployment.keys.get_key(key_store::LANDING)?.bytes())
}

/// The key under which keys of erased rows are known again.
///
/// # Errors
/// When the key folder cannot be read or written.
pub fn erasure_key(deployment: &Deployment) -> anyhow::Result<Key> {
    Ok(deployment.keys.get_key(key_store::ERASURE)?)
}

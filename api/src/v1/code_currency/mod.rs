//! `/v1/code-currency`: how current the code systems are. Public, no key needed.

pub mod list;

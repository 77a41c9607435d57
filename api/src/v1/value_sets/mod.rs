//! `/v1/value-sets`: which codes may stand in a field. Public, no key needed.

pub mod expand;
pub mod get;
pub mod list;
pub mod validate;
pub mod validate_many;
pub mod view;

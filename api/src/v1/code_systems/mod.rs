//! `/v1/code-systems`: public, no key needed; only who names a code is told to those who may see them.
//!
//! Each answer is of one version of a code system, the current one where none is named, as it stood on a day, where one is. An answer of a
//! named version never changes and says so to caches; every answer has an `ETag`,
//! a strong one unless it is compressed. A query takes the parameters that are described and no others.

pub mod answered;
pub mod asked;
pub mod at;
pub mod batch;
pub mod batch_arrow;
pub mod children;
pub mod csv;
pub mod diff;
pub mod get;
pub mod judges;
pub mod lineage;
pub mod list;
pub mod lookup;
pub mod lookup_many;
pub mod only;
pub mod relations;
pub mod search;
pub mod subsumes;
pub mod validate_many;
pub mod versions;
pub mod view;
pub mod write;

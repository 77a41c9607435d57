//! `/v1/holidays`: the days on which offices do not work. Public, no key needed.

pub mod list;
pub mod view;

//! kanak.

//! kanak-store.

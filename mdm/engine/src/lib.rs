//! kanak-engine.

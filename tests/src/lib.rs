//! kanak-tests.

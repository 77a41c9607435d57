//! kanak-codes.

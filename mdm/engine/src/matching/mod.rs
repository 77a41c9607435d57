//! Finding the source records that speak of the same one.

//! Pure cleaning of single values, by kind.

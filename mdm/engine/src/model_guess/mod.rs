//! A guess at the entity model of a file that comes without one.

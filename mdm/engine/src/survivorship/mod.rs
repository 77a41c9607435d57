//! How a golden value is chosen among the values that a cluster states.

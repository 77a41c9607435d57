//! kanak-dashboards.

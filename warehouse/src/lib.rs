//! kanak-warehouse.

//! kanak-ingest.

//! Files in, checked rows out; and what broken files give.

#![expect(clippy::unwrap_used, reason = "a test may stop where it stands")]
#![expect(clippy::format_collect, clippy::format_push_string, reason = "inputs are small and should read plainly")]

mod broken;
mod columns;
mod events;
mod formats;
mod landing;
mod noise;
mod other_rows;
mod profile;
mod rows;
mod sources;
mod support;

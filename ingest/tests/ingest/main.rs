//! Files in, checked rows out; and what broken files give.

mod broken;
mod columns;
mod events;
mod formats;
mod landing;
mod noise;
mod profile;
mod rows;
mod sources;
mod support;

//! Files in, checked rows out; and what broken files give.

mod landing;

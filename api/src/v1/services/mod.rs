//! `/v1/services`: what the state promises of a service, and by when it is due. Public, no key needed.

pub mod charter;
pub mod due;
pub mod due_view;
pub mod view;

#![doc = include_str!("../README.md")]

pub mod actions;
pub mod assets;
pub mod component;
mod error;
pub mod format;
mod names;
mod nav;
pub mod pages;
mod rows;
pub mod samples;
pub mod session;
mod shell;
mod values;
mod words;

pub use crate::actions::{ActionError, ExplanationRow, ExplanationView, StewardActions};
pub use crate::error::PageError;
pub use crate::session::SignedIn;
pub use crate::shell::{Freshness, Shell};


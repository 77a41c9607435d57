#![doc = include_str!("../README.md")]

pub mod actions;
pub mod assets;
mod audit;
pub mod component;
mod cut;
mod document;
mod error;
mod explanation_page;
pub mod format;
mod language;
mod link_evidence;
pub mod linkage_report;
mod names;
mod nav;
pub mod pages;
pub mod proposals;
mod reading;
mod relation_table;
mod router;
mod rows;
mod rules_in_force;
pub mod samples;
pub mod session;
mod shell;
mod state;
mod values;
mod words;

pub use crate::actions::{ActionError, ExplanationRow, ExplanationView, GoldenAct, StewardActions, TaskAct, Verdict};
pub use crate::document::Document;
pub use crate::error::PageError;
pub use crate::explanation_page::{GoldenFigures, LinkFigures, golden_page, pair_page};
pub use crate::linkage_report::LinkageReport;
pub use crate::router::router;
pub use crate::session::SignedIn;
pub use crate::shell::{Freshness, Shell};
pub use crate::state::DashboardState;

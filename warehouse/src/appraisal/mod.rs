//! Appraisal of officers' work: what their cases came to, beside what those cases let expect.
//!
//! Programme targets go to an office, from there to posts and to whoever held them; cases go to the officer whom they name. Each case is
//! judged once, on the day on which it was decided or, undecided, on the day on which it fell due. What is expected of it is what
//! all offices made of cases of its kind (service, district, load), so that an officer with hard cases is not held against one with
//! easy ones. Differences are shrunk by how little they rest on (empirical Bayes), and below a minimum of cases there is no score.
//!
//! Everything here but [`collect()`] is a pure function of [`Inputs`] and [`AppraisalConfig`]: the same two make the same report, byte
//! for byte. Figures are evidence for the work-output part of an appraisal, beside a person's mark.

mod attribution;
mod collect;
mod config;
mod expected;
mod inputs;
mod report;
mod shrink;

pub use self::{
    collect::collect,
    config::{AppraisalConfig, Cadre, Indicator, Post, Settings},
    inputs::{Case, CaseKind, Inputs, Period, Posting, Target, TargetOfOffice},
    report::{Appraisal, CaseLine, Figure, OfficerSheet, Outcome, Report, Score, Spread, Struck, Unscored, ValueLine},
};

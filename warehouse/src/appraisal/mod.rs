//! Appraisal of officers' work: what their cases came to, beside what those cases let expect.
//!
//! Programme targets go to an office, from there to posts and to whoever held them; cases go to the officer whom they name. Each case is
//! judged once, on the day on which it was decided or, undecided, on the day on which it fell due. What is expected of it is what
//! all offices made of cases of its kind (service, district, load), so that an officer with hard cases is not held against one with
//! easy ones. Differences are shrunk by how little they rest on (empirical Bayes), and below a minimum of cases there is no score.
//!
//! Reckoning is a pure function of [`Inputs`] and [`AppraisalConfig`]: the same two make the same report, byte for byte. [`collect()`]
//! reads them out of the warehouse, [`Appraisals`] keeps them frozen and takes objections. Figures are evidence for the work-output part of an appraisal, beside a person's mark.

mod attribution;
mod collect;
mod config;
mod contests;
mod expected;
mod inputs;
mod kept;
mod report;
mod shrink;
mod typst;

pub use self::{
    collect::{ReadFrom, collect},
    config::{AppraisalConfig, Cadre, Indicator, Post, Settings},
    contests::{Contest, Entry, NewContest, NewDecision, Verdict, What},
    inputs::{Case, CaseKind, Inputs, Period, Posting, Target, TargetOfOffice},
    kept::{AppraisalError, Appraisals, Frozen, Manifest, ManifestFile, Sheet},
    report::{Appraisal, CaseLine, Figure, OfficerSheet, Outcome, Report, Score, Spread, Struck, Unscored, ValueLine},
    typst::typst_sheet,
};

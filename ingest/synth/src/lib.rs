#![doc = include_str!("../README.md")]

mod asset;
mod business;
mod chance;
mod citizen;
mod citizens;
mod employee;
mod error;
mod events;
mod extract;
mod layout;
mod names;
mod numbers;
mod people;
mod places;
mod policy_rule;
mod public_body;
mod rates;
pub mod ratios;
mod row;
mod scheme;
mod script;
mod sink;
mod spelling;

use std::path::PathBuf;

use chrono::NaiveDate;
use kanak_codes::Codes;
use serde::Serialize;

pub use crate::error::SynthError;
pub use crate::extract::MadeFile;
pub use crate::rates::{RATES, Rate};

use crate::events::Offices;
use crate::extract::Folder;
use crate::names::Names;
use crate::people::World;
use crate::places::Places;

/// What to make, and where.
#[derive(Debug, Clone)]
pub struct Options {
    /// Citizen source records: rows in the ten citizen registers together, those that ingest must refuse included.
    pub records: u64,
    /// The same seed makes the same files.
    pub seed: u64,
    /// The folder to write into. It is made; files in it that have the names of extracts are replaced.
    pub out: PathBuf,
    /// The day on which the departments send their extracts. Nothing in them is later.
    pub end: NaiveDate,
    /// Also `truth/citizen_flat.csv`: what the citizen registers state under one header, for other matchers.
    pub flat: bool,
}

/// How far a stage is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Progress {
    /// `employees`, `businesses`, `schemes` or `citizens`.
    pub stage: &'static str,
    /// Rows written.
    pub done: u64,
    /// Rows wanted.
    pub total: u64,
}

/// What was made.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Made {
    /// Every file, extracts and truth.
    pub files: Vec<MadeFile>,
    /// The errors that were put in.
    pub rates: Vec<Rate>,
}

/// About how many citizen source records a household has.
const RECORDS_PER_HOUSEHOLD: u64 = 10;
/// Rows between two reports of progress.
const TELL_EVERY_ROWS: u64 = 2_048;
/// Bank branches of the state that salaries and benefits are paid to: every ninth, at most so many.
const BRANCHES_MAX: usize = 500;

/// Makes the extracts of a made-up state, and the truth about them.
///
/// Memory does not grow with `records`: households, businesses and employees are made one after the other and written at
/// once.
///
/// # Errors
/// [`SynthError`] when a file cannot be written, or when a code system lacks what is needed.
pub fn generate(options: &Options, progress: &mut dyn FnMut(Progress)) -> Result<Made, SynthError> {
    let &Options { records, seed, end, .. } = options;
    let codes = Codes::builtin()?;
    let names = Names::read();
    let places = Places::draw_all(&codes, &names, records, seed)?;
    let world = World { seed, end, names, places, households: (records / RECORDS_PER_HOUSEHOLD).max(1) };
    let branches = read_branches(&codes)?;
    let mut offices = Offices::read(&codes, seed)?;
    let mut folder = Folder::create(&options.out, end, seed)?;
    employee::write_employees(
        &world,
        records,
        &branches,
        &mut offices,
        &mut folder,
        &mut teller("employees", progress),
    )?;
    business::write_businesses(&codes, &world, records, &offices, &mut folder, &mut teller("businesses", progress))?;
    scheme::write_schemes(&codes, &world, &mut folder)?;
    events::write_targets(&codes, &world, &mut folder)?;
    progress(Progress { stage: "schemes", done: ratios::SCHEMES, total: ratios::SCHEMES });
    let flat = if options.flat { Some(folder.listing("citizen_flat.csv", citizens::FLAT_HEADER)?) } else { None };
    let tell = &mut teller("citizens", progress);
    citizens::write_citizens(&codes, &world, records, &branches, &offices, flat, &mut folder, tell)?;
    // After the citizens, whose files are the same with and without these.
    public_body::write_public_bodies(&codes, &world, &mut folder)?;
    asset::write_assets(&world, &mut folder)?;
    policy_rule::write_policy_rules(&world, &mut folder)?;
    Ok(Made { files: folder.close()?, rates: RATES.to_vec() })
}

/// Tells of a stage now and then, and when it is done.
fn teller<'p>(stage: &'static str, progress: &'p mut dyn FnMut(Progress)) -> impl FnMut(u64, u64) + 'p {
    let mut next = 0;
    move |done, total| {
        if done >= next || done >= total {
            progress(Progress { stage, done: done.min(total), total });
            next = done + TELL_EVERY_ROWS;
        }
    }
}

fn read_branches(codes: &Codes) -> Result<Vec<String>, SynthError> {
    let here = codes.get_system("ifsc")?.concepts().filter(|branch| branch.property("state") == Some("PUNJAB"));
    let branches: Vec<String> = here.step_by(9).take(BRANCHES_MAX).map(|branch| branch.code().to_owned()).collect();
    if branches.is_empty() {
        return Err(SynthError::CodesLack { system: "ifsc", what: "branch in Punjab" });
    }
    Ok(branches)
}

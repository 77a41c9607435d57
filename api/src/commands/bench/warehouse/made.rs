//! The made-up events: service applications and grievances over the real codes, skewed as cases are, over three years.

use std::collections::BTreeMap;

use anyhow::ensure;
use chrono::{Datelike as _, NaiveDate};
use kanak_codes::{Codes, Status};
use kanak_model::Timestamp;

use super::chance::{Chance, Skewed};

/// The instant at which the state is looked at: 1 October 2026, 11:30 in India.
pub(super) const NOW: Timestamp = Timestamp(1_790_834_400_000_000);
/// One grievance for so many applications.
pub(super) const APPLICATIONS_A_GRIEVANCE: u64 = 4;
/// Officers of an office.
const OFFICERS: usize = 12;
/// How far back events go.
const DAYS: f64 = 3.0 * 365.0;
const MINUTE_US: i64 = 60_000_000;
const DAY_US: i64 = 24 * 60 * MINUTE_US;
/// Nine in the morning in India on the day before [`NOW`]'s.
const LAST_MORNING_US: i64 = NOW.0 - 150 * MINUTE_US - DAY_US;

const CHANNELS: [&str; 4] = ["sewa_kendra", "portal", "mobile", "office"];
const REASONS: [&str; 4] = ["document missing", "not eligible", "duplicate application", "fee not paid"];
const HOLDS: [&str; 3] = ["applicant to reply", "field report", "other department"];

/// An office and what its code says of it.
pub(super) struct Office {
    pub(super) code: String,
    pub(super) department: String,
    pub(super) district: String,
}

/// A service or complaint type.
pub(super) struct Matter {
    pub(super) code: String,
    pub(super) department: String,
    /// Working days or hours within which it is to be dealt with.
    limit: f64,
    fee_paise: Option<i64>,
}

/// The codes that events are made of.
pub(super) struct State {
    seed: u64,
    /// Golden records of citizens: one applicant in twenty is none of them.
    pub(super) golden: u64,
    pub(super) districts: Vec<String>,
    pub(super) offices: Vec<Office>,
    pub(super) services: Vec<Matter>,
    pub(super) complaint_types: Vec<Matter>,
    centres: BTreeMap<String, Vec<String>>,
    by_district: Vec<Vec<usize>>,
    often_district: Skewed,
    often_service: Skewed,
    often_complaint: Skewed,
    often_channel: Skewed,
    often_rating: Skewed,
}

/// One application, in the words of its event model.
pub(super) struct Application {
    pub(super) number: u64,
    pub(super) service: usize,
    pub(super) office: usize,
    pub(super) centre: Option<String>,
    pub(super) channel: &'static str,
    pub(super) applicant: u64,
    pub(super) officer: usize,
    pub(super) applied_us: i64,
    pub(super) disposed_us: Option<i64>,
    pub(super) outcome: &'static str,
    pub(super) reason: Option<&'static str>,
    pub(super) held: Option<(i64, &'static str)>,
    pub(super) fee_paise: Option<i64>,
}

/// One grievance, in the words of its event model.
pub(super) struct Grievance {
    pub(super) number: u64,
    pub(super) complaint_type: usize,
    pub(super) office: usize,
    pub(super) channel: &'static str,
    pub(super) complainant: u64,
    pub(super) officer: usize,
    pub(super) filed_us: i64,
    pub(super) assigned_us: Option<i64>,
    pub(super) closed_us: Option<i64>,
    pub(super) outcome: &'static str,
    pub(super) times_reopened: i64,
    pub(super) times_escalated: i64,
    pub(super) rating: Option<i64>,
}

impl State {
    /// The state of a seed with so many golden records of citizens.
    pub(super) fn new(codes: &Codes, seed: u64, golden: u64) -> anyhow::Result<Self> {
        let mut offices = Vec::new();
        for concept in codes.get_system("office")?.concepts() {
            if let (Some(district), Some(department)) = (concept.property("district"), concept.property("department")) {
                let (district, department) = (district.to_owned(), department.to_owned());
                offices.push(Office { code: concept.code().to_owned(), department, district });
            }
        }
        let mut districts: Vec<String> = offices.iter().map(|office| office.district.clone()).collect();
        districts.sort();
        districts.dedup();
        let of_district = |district: &String| -> Vec<usize> {
            let places = offices.iter().enumerate().filter(|(_, office)| office.district == *district);
            places.map(|(place, _)| place).collect()
        };
        let by_district: Vec<Vec<usize>> = districts.iter().map(of_district).collect();
        let mut centres: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for concept in codes.get_system("centre")?.concepts() {
            if let Some(district) = concept.property("district") {
                centres.entry(district.to_owned()).or_default().push(concept.code().to_owned());
            }
        }
        let services = matters(codes, "service", "working_day_limit", 30.0)?;
        let complaint_types = matters(codes, "complaint-type", "sla_hours", 504.0)?;
        ensure!(!offices.is_empty() && !services.is_empty(), "there are no codes of offices and services");
        ensure!(!complaint_types.is_empty(), "there are no codes of complaint types");
        Ok(Self {
            seed,
            golden,
            often_district: Skewed::new(districts.len()),
            often_service: Skewed::new(services.len()),
            often_complaint: Skewed::new(complaint_types.len()),
            often_channel: Skewed::new(CHANNELS.len()),
            often_rating: Skewed::new(5),
            districts,
            offices,
            services,
            complaint_types,
            centres,
            by_district,
        })
    }

    /// Officers: those of an office have numbers that follow each other.
    pub(super) fn officers(&self) -> usize {
        self.offices.len() * OFFICERS
    }

    /// The office of an officer.
    pub(super) fn office_of(&self, officer: usize) -> &Office {
        &self.offices[officer / OFFICERS]
    }

    /// One application. The same number is the same application each time.
    pub(super) fn application(&self, number: u64) -> Application {
        let chance = &mut Chance::new(self.seed, 2 * number);
        let service = self.often_service.pick(chance);
        let matter = &self.services[service];
        let office = self.office(&matter.department, chance);
        let applied_us = begin(chance);
        let held = chance.happens(0.06).then(|| (1 + chance.below(20) as i64, HOLDS[chance.below(HOLDS.len())]));
        let taken = exponential(matter.limit * 0.8, chance) + held.map_or(0.0, |(days, _)| days as f64);
        let ended_us = applied_us + (taken * DAY_US as f64) as i64;
        let channel = CHANNELS[self.often_channel.pick(chance)];
        let disposed_us = (ended_us < NOW.0 && !chance.happens(0.02)).then_some(ended_us);
        let outcome = outcome(disposed_us, ["pending", "delivered", "rejected"], 0.08, chance);
        let has_reason = outcome == "rejected" && !chance.happens(0.1);
        let centres = self.centres.get(&self.offices[office].district);
        let centre = if channel == "sewa_kendra" { centres.and_then(|codes| chance.one_of(codes)) } else { None };
        Application {
            number,
            service,
            office,
            centre: centre.cloned(),
            channel,
            applicant: self.citizen(chance),
            officer: office * OFFICERS + chance.below(OFFICERS),
            applied_us,
            disposed_us,
            outcome,
            reason: has_reason.then(|| REASONS[chance.below(REASONS.len())]),
            held,
            fee_paise: matter.fee_paise,
        }
    }

    /// One grievance. The same number is the same grievance each time.
    pub(super) fn grievance(&self, number: u64) -> Grievance {
        let chance = &mut Chance::new(self.seed, 2 * number + 1);
        let complaint_type = self.often_complaint.pick(chance);
        let matter = &self.complaint_types[complaint_type];
        let office = self.office(&matter.department, chance);
        let filed_us = begin(chance);
        let assigned_us = filed_us + (exponential(1.5, chance) * DAY_US as f64) as i64;
        let ended_us = assigned_us + (exponential(matter.limit / 24.0, chance) * DAY_US as f64) as i64;
        let is_assigned = assigned_us < NOW.0 && !chance.happens(0.01);
        let closed_us = (is_assigned && ended_us < NOW.0 && !chance.happens(0.03)).then_some(ended_us);
        let outcome = outcome(closed_us, ["open", "resolved", "rejected"], 0.15, chance);
        let rating = (closed_us.is_some() && chance.happens(0.4)).then(|| 1 + self.often_rating.pick(chance) as i64);
        Grievance {
            number,
            complaint_type,
            office,
            channel: CHANNELS[self.often_channel.pick(chance)],
            complainant: self.citizen(chance),
            officer: office * OFFICERS + chance.below(OFFICERS),
            filed_us,
            assigned_us: is_assigned.then_some(assigned_us),
            closed_us,
            outcome,
            times_reopened: i64::from(closed_us.is_some() && chance.happens(0.07)),
            times_escalated: i64::from(chance.happens(0.05)),
            rating,
        }
    }

    /// An office of some district, of the department where it has one there.
    fn office(&self, department: &str, chance: &mut Chance) -> usize {
        let there = &self.by_district[self.often_district.pick(chance)];
        let own: Vec<usize> =
            there.iter().copied().filter(|place| self.offices[*place].department == department).collect();
        let choices = if own.is_empty() { there } else { &own };
        choices[chance.below(choices.len())]
    }

    fn citizen(&self, chance: &mut Chance) -> u64 {
        chance.below((self.golden + self.golden / 20).max(1) as usize) as u64
    }
}

/// The codes of a system that are still given out, with the limit and the fee that they state.
fn matters(codes: &Codes, system: &str, limit: &str, without: f64) -> anyhow::Result<Vec<Matter>> {
    let concepts = codes.get_system(system)?.concepts().filter(|concept| concept.status() == Status::Active);
    let matter = |concept: kanak_codes::Concept<'_>| Matter {
        code: concept.code().to_owned(),
        department: concept.property("department").unwrap_or_default().to_owned(),
        limit: concept.property(limit).and_then(|days| days.parse().ok()).unwrap_or(without),
        fee_paise: concept.property("fee_paise").and_then(|paise| paise.parse().ok()),
    };
    Ok(concepts.map(matter).collect())
}

/// An instant in the hours in which offices are open; more of them of late.
fn begin(chance: &mut Chance) -> i64 {
    let days_back = (DAYS * chance.share().powf(1.2)) as i64;
    LAST_MORNING_US - days_back * DAY_US + chance.below(8 * 60) as i64 * MINUTE_US
}

/// How it stands with a case: waiting, granted or refused, which happens so often.
fn outcome(
    ended_us: Option<i64>,
    [waiting, granted, refused]: [&'static str; 3],
    often_refused: f64,
    chance: &mut Chance,
) -> &'static str {
    if ended_us.is_none() {
        return waiting;
    }
    if chance.happens(often_refused) { refused } else { granted }
}

/// So much on average, mostly less, at times far more.
fn exponential(mean: f64, chance: &mut Chance) -> f64 {
    -mean * (1.0 - chance.share()).ln()
}

/// The first day of the month in India.
pub(super) fn month(instant_us: i64) -> NaiveDate {
    let day = Timestamp(instant_us).day_ist();
    day.with_day(1).unwrap_or(day)
}

/// The financial year in India: `2025-26`.
pub(super) fn financial_year(instant_us: i64) -> String {
    let day = Timestamp(instant_us).day_ist();
    let year = day.year() - i32::from(day.month() < 4);
    format!("{year}-{:02}", (year + 1) % 100)
}

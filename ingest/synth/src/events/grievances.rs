//! Grievances, from filing to closing.

use chrono::{NaiveDateTime, TimeDelta};
use kanak_codes::Codes;

use super::Known;
use super::days::draw_time;
use super::offices::Offices;
use crate::chance::{Chance, Weighted};
use crate::error::SynthError;
use crate::extract::{Extract, Folder};
use crate::layout::{FileFormat, Holds, Layout};
use crate::numbers;
use crate::people::World;
use crate::rates;
use crate::row::Row;

/// Writes grievances.
pub(crate) struct Grievances {
    extract: Extract,
    kinds: Weighted<(String, String)>,
    row: Row,
}

/// Hours from filing to closing at (share of closed requests). Measured over the 9,630 closed ones of 10,000 service
/// requests of San Francisco 2008-2018 (`SF311`, DataSF, PDDL); negative ones were left out.
const HOURS_TO_CLOSE: [(f64, f64); 17] = [
    (0.00, 0.02),
    (0.01, 0.12),
    (0.05, 0.85),
    (0.10, 2.13),
    (0.20, 14.95),
    (0.25, 21.17),
    (0.30, 30.66),
    (0.40, 69.76),
    (0.50, 135.07),
    (0.60, 199.01),
    (0.70, 457.93),
    (0.75, 763.82),
    (0.80, 1_452.88),
    (0.85, 3_196.11),
    (0.90, 7_431.60),
    (0.95, 18_560.75),
    (1.00, 35_402.59),
];

const COLUMNS: [&str; 15] = [
    "grievanceNo",
    "complaintType",
    "officeCode",
    "district",
    "channel",
    "electorRef",
    "assignedTo",
    "filedAt",
    "assignedAt",
    "closedAt",
    "status",
    "timesReopened",
    "timesEscalated",
    "rating",
    "description",
];
/// As San Francisco's requests come in: by telephone 49 %, on the web 41 %, from an app 8 %.
const CHANNELS: [&str; 10] = ["phone", "phone", "phone", "phone", "phone", "web", "web", "web", "web", "app"];
const TROUBLES: [&str; 8] = [
    "Nobody has come for many days",
    "The same thing happened last month",
    "Please look into this at the earliest",
    "I applied and have no answer",
    "The work was left half done",
    "Staff asked me to come again and again",
    "The whole street suffers from this",
    "Status is shown as closed but nothing was done",
];

impl Grievances {
    /// Begins the extract.
    pub(crate) fn begin(codes: &Codes, folder: &Folder) -> Result<Self, SynthError> {
        let layout = Layout::new("grievances", FileFormat::Ndjson, &COLUMNS, &["grievanceNo"])
            .with_event(&["officeCode"], Some("filedAt"))
            .holding(Holds::Number, &["timesReopened", "timesEscalated", "rating"]);
        let kinds: Vec<_> = codes
            .get_system("complaint-type")?
            .concepts()
            .filter(|kind| kind.property("defect").is_none())
            .zip(1_u32..)
            .map(|(kind, rank)| {
                ((kind.code().to_owned(), kind.display().to_owned()), 1.0 / f64::from(rank * 17 % 47 + 4))
            })
            .collect();
        if kinds.is_empty() {
            return Err(SynthError::CodesLack { system: "complaint-type", what: "kind of complaint" });
        }
        Ok(Self { extract: folder.extract(layout)?, kinds: Weighted::new(kinds), row: Row::default() })
    }

    /// Writes one grievance. `room` is how many rows are wanted yet.
    pub(crate) fn write(
        &mut self,
        known: &Known,
        room: u64,
        world: &World,
        offices: &Offices,
        folder: &mut Folder,
        chance: &mut Chance,
    ) -> Result<(), SynthError> {
        let short =
            chance.pick(&["LOC", "LOC", "LOC", "LOC", "LOC", "LOC", "LOC", "REV", "FCS", "HLT", "POL", "SOC", "EDU"]);
        let office = offices.find(short, known.place, world);
        let district = &world.places.districts[world.places.places[known.place].district];
        let filed = draw_time(world.end, chance);
        let assigned = filed + TimeDelta::minutes((chance.unit() * chance.unit() * 5_000.0 * office.pace) as i64);
        let open_minutes = hours_to_close(chance.unit()) * 60.0 * office.pace * office.pace;
        let closed = (filed + TimeDelta::minutes(open_minutes as i64)).max(assigned + TimeDelta::minutes(5));
        let end = world.end.and_time(chrono::NaiveTime::MIN);
        let is_open = closed >= end;
        let days_open = (closed.min(end) - filed).num_days();
        let (kind, words) = self.kinds.draw(chance);
        let (kind, words) = if short == "LOC" { (kind.as_str(), words.as_str()) } else { ("", "Delay at the office") };
        let row = &mut self.row;
        row.clear();
        row.put_fmt(format_args!("GRV/{}/{:08}", filed.format("%Y"), self.extract.rows() + 1));
        row.put(kind);
        row.put(&office.code);
        row.put(&district.name);
        row.put(chance.pick(&CHANNELS));
        row.put(known.election.as_deref().unwrap_or_default());
        row.put(if chance.share(0.96) { office.draw_officer(chance) } else { "" });
        put_time(row, Some(filed));
        put_time(row, Some(assigned).filter(|assigned| *assigned < end));
        put_time(row, Some(closed).filter(|_| !is_open));
        row.put(if is_open {
            "open"
        } else {
            chance.pick(&["resolved", "resolved", "resolved", "resolved", "resolved", "rejected"])
        });
        row.put_fmt(format_args!("{}", if !is_open && chance.share(0.06) { chance.between(1, 2) } else { 0 }));
        // Above the officer after 21 days, above the office after 60.
        row.put_fmt(format_args!("{}", u8::from(days_open > 21) + u8::from(days_open > 60)));
        if !is_open && chance.share(0.4) {
            let rating = 4.6 - days_open.min(60) as f64 / 25.0 + chance.around_zero();
            row.put_fmt(format_args!("{}", rating.clamp(1.0, 5.0) as u8));
        } else {
            row.put("");
        }
        row.put_with(|out| write_description(out, words, known, world, chance));
        self.extract.write(&self.row, room, folder).map(drop)
    }

    /// Rows so far.
    pub(crate) fn rows(&self) -> u64 {
        self.extract.rows()
    }

    /// Ends the extract.
    pub(crate) fn finish(self, folder: &mut Folder) -> Result<(), SynthError> {
        folder.finish(self.extract)
    }
}

/// The hours at a share of closed grievances, between the measured ones on a logarithmic scale.
fn hours_to_close(share: f64) -> f64 {
    let above = HOURS_TO_CLOSE.partition_point(|(at, _)| *at <= share).clamp(1, HOURS_TO_CLOSE.len() - 1);
    let ((low_share, low), (high_share, high)) = (HOURS_TO_CLOSE[above - 1], HOURS_TO_CLOSE[above]);
    let part = (share - low_share) / (high_share - low_share);
    (low.ln() + part * (high.ln() - low.ln())).exp()
}

fn put_time(row: &mut Row, time: Option<NaiveDateTime>) {
    match time {
        Some(time) => row.put_fmt(format_args!("{}+05:30", time.format("%Y-%m-%dT%H:%M:%S"))),
        None => row.put(""),
    }
}

/// Free text, in which people leave their numbers.
fn write_description(out: &mut String, words: &str, known: &Known, world: &World, chance: &mut Chance) {
    use std::fmt::Write as _;
    let place = &world.places.places[known.place].name;
    write!(out, "{words}, {place}. {}.", chance.pick(&TROUBLES)).expect("writing to a string cannot fail");
    if !chance.hits(rates::NUMBER_IN_TEXT) {
        return;
    }
    let aadhaar = numbers::aadhaar(known.entity, world.seed).filter(|_| chance.share(0.4));
    match (aadhaar, known.phone) {
        (Some(number), _) => {
            out.push_str(" My Aadhaar is ");
            crate::citizen::write_aadhaar(out, &number, chance);
        }
        (None, phone) => {
            out.push_str(" Call me on ");
            out.push_str(&numbers::mobile(phone.unwrap_or(known.entity * 2), world.seed));
        }
    }
    out.push('.');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_to_close_has_the_measured_quantiles() {
        for (share, hours) in HOURS_TO_CLOSE {
            assert!((hours_to_close(share) / hours - 1.0).abs() < 1e-9, "{share}");
        }
        assert!(HOURS_TO_CLOSE.windows(2).all(|pair| hours_to_close(f64::midpoint(pair[0].0, pair[1].0)) > pair[0].1));
    }
}

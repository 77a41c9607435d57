//! Applications for notified services, through Sewa Kendras and online.

use chrono::Days;
use kanak_codes::Codes;

use super::Known;
use super::days::{add_working_days, at_office_hours, draw_time};
use super::offices::{Offices, short_name};
use crate::chance::{Chance, Weighted};
use crate::error::SynthError;
use crate::extract::{Extract, Folder};
use crate::layout::{Layout, text};
use crate::people::World;
use crate::row::Row;

/// Writes applications.
pub(crate) struct Applications {
    extract: Extract,
    services: Weighted<Service>,
    /// By district and tehsil.
    centres: Vec<Vec<Vec<String>>>,
    row: Row,
}

struct Service {
    code: String,
    short: &'static str,
    limit: u32,
    fee_rupees: f64,
}

const COLUMNS: [&str; 15] = [
    "APPLICATION_NO",
    "SERVICE_CODE",
    "CENTRE_CODE",
    "OFFICE_CODE",
    "DISTRICT",
    "CHANNEL",
    "RATION_CARD_MEMBER",
    "OFFICER_ID",
    "APPLIED_AT",
    "DISPOSED_AT",
    "STATUS",
    "REJECTION_REASON",
    "FEE_RS",
    "HOLD_REASON",
    "HOLD_DAYS",
];
const REJECTIONS: [&str; 6] = [
    "Documents incomplete",
    "Not eligible under the rules",
    "Applicant did not appear for verification",
    "Address could not be verified",
    "Duplicate application",
    "Fee not paid",
];
/// Why the clock stood still.
const HOLDS: [&str; 4] =
    ["Waiting for documents of applicant", "Field verification", "Objection received", "Court order awaited"];

impl Applications {
    /// Begins the extract.
    pub(crate) fn begin(codes: &Codes, world: &World, folder: &Folder) -> Result<Self, SynthError> {
        let layout = Layout::new("service_applications", text(','), &COLUMNS, &["APPLICATION_NO"])
            .with_event(&["SERVICE_CODE", "OFFICE_CODE"], Some("APPLIED_AT"));
        let services: Vec<(Service, f64)> = codes
            .get_system("service")?
            .concepts()
            .zip(1_u32..)
            .map(|(service, rank)| {
                let number = |name| service.property(name).and_then(|text| text.parse::<f64>().ok());
                let made = Service {
                    code: service.code().to_owned(),
                    short: short_name(service.property("department").unwrap_or_default()),
                    limit: number("working_day_limit").unwrap_or(21.0) as u32,
                    fee_rupees: number("fee_paise").unwrap_or(0.0) / 100.0,
                };
                // A few services are most of the work; which ones does not follow the order of the list.
                (made, 1.0 / f64::from(rank * 53 % 181 + 6))
            })
            .collect();
        if services.is_empty() {
            return Err(SynthError::CodesLack { system: "service", what: "service" });
        }
        let system = codes.get_system("centre")?;
        let centres = world.places.districts.iter().map(|district| {
            let of_tehsil = |(code, ..): &(String, String, String)| {
                system.children(code).map(|centre| centre.code().to_owned()).collect()
            };
            district.tehsils.iter().map(of_tehsil).collect()
        });
        let centres = centres.collect();
        Ok(Self { extract: folder.extract(layout)?, services: Weighted::new(services), centres, row: Row::default() })
    }

    /// Writes one application; `None` when the applicant gave no ration card. `room` is how many rows are wanted yet.
    pub(crate) fn write(
        &mut self,
        known: &Known,
        room: u64,
        world: &World,
        offices: &Offices,
        folder: &mut Folder,
        chance: &mut Chance,
    ) -> Result<(), SynthError> {
        let service = self.services.draw(chance);
        let office = offices.find(service.short, known.place, world);
        let place = &world.places.places[known.place];
        let district = &world.places.districts[place.district];
        let applied = draw_time(world.end, chance);
        let hold_days = if chance.share(0.08) { chance.between(1, 15) } else { 0 };
        let late_share = (0.025 + 0.16 * (office.pace - 0.95)).clamp(0.01, 0.25);
        let limit = f64::from(service.limit);
        let working_days = if chance.share(late_share) {
            limit + 1.0 + (limit * 1.2 + 4.0) * chance.unit() * chance.unit()
        } else {
            limit * (0.1 + 0.9 * chance.unit().powf(1.0 / office.pace))
        };
        let day = add_working_days(applied.date(), working_days as u32) + Days::new(hold_days as u64);
        let disposed = at_office_hours(day, chance).max(applied + chrono::TimeDelta::minutes(20));
        let outcome = if disposed.date() >= world.end {
            "pending"
        } else if chance.share(0.045 + 0.02 * office.pace) {
            "rejected"
        } else {
            "delivered"
        };
        let channel = chance.pick(&["centre", "centre", "centre", "centre", "centre", "centre", "online", "home"]);
        let centres = &self.centres[place.district][place.tehsil];
        let row = &mut self.row;
        row.clear();
        row.put_fmt(format_args!("SA{}{:09}", applied.format("%y"), self.extract.rows() + 1));
        row.put(&service.code);
        row.put(if channel == "online" || centres.is_empty() { "" } else { &centres[chance.below(centres.len())] });
        row.put(&office.code);
        row.put(&district.name);
        row.put(channel);
        row.put(known.food.as_deref().unwrap_or_default());
        row.put(office.draw_officer(chance));
        row.put_fmt(format_args!("{}", applied.format("%Y-%m-%d %H:%M:%S")));
        if outcome == "pending" {
            row.put("");
        } else {
            row.put_fmt(format_args!("{}", disposed.format("%Y-%m-%d %H:%M:%S")));
        }
        row.put(outcome);
        row.put(if outcome == "rejected" && chance.share(0.93) { chance.pick(&REJECTIONS) } else { "" });
        row.put_fmt(format_args!("{:.2}", service.fee_rupees));
        row.put(if hold_days > 0 { chance.pick(&HOLDS) } else { "" });
        row.put_fmt(format_args!("{hold_days}"));
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

//! Benefit payments: monthly pensions, and other benefits now and then. Some are paid after a death.

use chrono::{Datelike, Months, NaiveDate};
use kanak_codes::Codes;

use super::days::{at_office_hours, first_day};
use crate::chance::Chance;
use crate::error::SynthError;
use crate::extract::{Extract, Folder};
use crate::layout::{FileFormat, Holds, Layout};
use crate::people::World;
use crate::rates;
use crate::row::Row;

/// Writes payments.
pub(crate) struct Benefits {
    extract: Extract,
    schemes: Vec<Scheme>,
    branches: Vec<String>,
    row: Row,
}

struct Scheme {
    code: String,
    kind: String,
    rupees: i64,
}

/// Who is paid.
#[derive(Debug, Clone)]
pub(crate) struct Beneficiary {
    /// Key in the register of social security.
    pub(crate) key: String,
    pub(crate) place: usize,
    pub(crate) age: i32,
    pub(crate) is_disabled: bool,
    pub(crate) is_woman: bool,
    pub(crate) died: Option<NaiveDate>,
}

const COLUMNS: [&str; 8] =
    ["payment_ref", "scheme_code", "beneficiary_id", "district", "amount_rs", "paid_at", "bank_ifsc", "payment_status"];

/// Rupees of a payment where the scheme states none.
const RUPEES_OTHERWISE: i64 = 5_000;

impl Benefits {
    /// Begins the extract.
    pub(crate) fn begin(codes: &Codes, branches: &[String], folder: &Folder) -> Result<Self, SynthError> {
        let layout = Layout::new("benefit_payments", FileFormat::Parquet, &COLUMNS, &["payment_ref"])
            .with_event(&["scheme_code"], Some("paid_at"))
            .holding(Holds::Number, &["amount_rs"]);
        let schemes: Vec<Scheme> = codes
            .get_system("scheme")?
            .concepts()
            .map(|scheme| Scheme {
                code: scheme.code().to_owned(),
                kind: scheme.property("category").unwrap_or_default().to_owned(),
                rupees: scheme
                    .property("monthly_amount_paise")
                    .and_then(|paise| paise.parse::<i64>().ok())
                    .map_or(RUPEES_OTHERWISE, |paise| paise / 100),
            })
            .collect();
        if schemes.is_empty() {
            return Err(SynthError::CodesLack { system: "scheme", what: "scheme" });
        }
        Ok(Self { extract: folder.extract(layout)?, schemes, branches: branches.to_vec(), row: Row::default() })
    }

    /// Writes the payments to one person, at most `room` of them.
    pub(crate) fn write_series(
        &mut self,
        person: &Beneficiary,
        room: u64,
        world: &World,
        folder: &mut Folder,
        chance: &mut Chance,
    ) -> Result<(), SynthError> {
        let wanted = if person.is_disabled {
            "pension / disability"
        } else if person.age >= 60 && person.is_woman && chance.share(0.3) {
            "pension / widow"
        } else if person.age >= 60 {
            "pension / senior"
        } else {
            ""
        };
        let pension = self.schemes.iter().position(|scheme| scheme.kind == wanted);
        let (scheme, every) = match pension {
            Some(at) => (at, 1),
            None => (chance.below(self.schemes.len()), chance.between(3, 12) as u32),
        };
        let first = first_day(world.end) + Months::new(chance.below(36) as u32);
        let after_death = if chance.hits(rates::PAID_AFTER_DEATH) { chance.between(1, 6) as u32 } else { 0 };
        let last = person.died.map_or(world.end, |died| (died + Months::new(after_death)).min(world.end));
        let branch = chance.below(self.branches.len().max(1));
        let mut month = first.with_day(5).unwrap_or(first);
        let mut left = room;
        while month < last && left > 0 {
            let before = self.extract.rows();
            self.write(person, scheme, month, branch, left, world, folder, chance)?;
            left -= (self.extract.rows() - before).min(left);
            month = month + Months::new(every);
        }
        Ok(())
    }

    #[expect(clippy::too_many_arguments, reason = "one payment depends on all of these")]
    fn write(
        &mut self,
        person: &Beneficiary,
        scheme: usize,
        month: NaiveDate,
        branch: usize,
        room: u64,
        world: &World,
        folder: &mut Folder,
        chance: &mut Chance,
    ) -> Result<(), SynthError> {
        let district = &world.places.districts[world.places.places[person.place].district];
        let scheme = &self.schemes[scheme];
        let day = month.with_day(chance.between(3, 12) as u32).unwrap_or(month);
        let paid = at_office_hours(day.min(world.end.pred_opt().unwrap_or(day)), chance);
        let row = &mut self.row;
        row.clear();
        row.put_fmt(format_args!("DBT{}{:010}", month.year(), self.extract.rows() + 1));
        row.put(&scheme.code);
        row.put(&person.key);
        row.put(&district.name);
        row.put_fmt(format_args!("{}", scheme.rupees));
        row.put_fmt(format_args!("{}", paid.format("%Y-%m-%d %H:%M:%S")));
        row.put(self.branches.get(branch).map_or("", String::as_str));
        row.put(if chance.share(0.985) { "paid" } else { "returned" });
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

//! What a register states of one person: texts as a clerk wrote them, before they take the form of the register.

use chrono::{Datelike, NaiveDate};

use crate::names::Sex;
use crate::row::Row;

/// One person as one register has them. Used again for the next row.
#[derive(Debug, Default)]
pub(crate) struct Stated {
    /// The parts of the register's own key.
    pub(crate) keys: [String; 3],
    pub(crate) full_name: String,
    pub(crate) father_name: String,
    pub(crate) spouse_name: String,
    pub(crate) mother_name: String,
    pub(crate) sex: Option<Sex>,
    pub(crate) birth: Birth,
    pub(crate) mobile: String,
    pub(crate) aadhaar: String,
    /// Whether the Aadhaar number was mistyped.
    pub(crate) aadhaar_is_broken: bool,
    pub(crate) epic: String,
    pub(crate) pan: String,
    pub(crate) ration_card: String,
    pub(crate) house: String,
    pub(crate) address: String,
    pub(crate) village: String,
    pub(crate) tehsil: String,
    pub(crate) district: String,
    /// The district that the words stand for.
    pub(crate) district_code: String,
    pub(crate) pin: String,
    pub(crate) died: Option<NaiveDate>,
    /// The day of what a civil register registers.
    pub(crate) registered: Option<NaiveDate>,
    pub(crate) updated: Option<NaiveDate>,
}

/// A birth date as stated.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Birth {
    #[default]
    Missing,
    Year(i32),
    Day(NaiveDate),
    /// A date that does not exist: 31 February of a year.
    Impossible(i32),
}

/// The order in which a register writes a date, and what stands between its parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DateForm {
    /// 31/12/1985
    DaySlash,
    /// 31-12-1985
    DayDash,
    /// 31.12.1985
    DayDot,
    /// 12/31/1985
    MonthSlash,
    /// 1985-12-31
    Iso,
}

impl DateForm {
    /// Puts each day into a field of its own; an empty one where there is none.
    pub(crate) fn put_days(self, row: &mut Row, days: &[Option<NaiveDate>]) {
        for day in days {
            row.put_with(|out| {
                if let Some(day) = day {
                    self.write_day(out, *day);
                }
            });
        }
    }

    /// A date in this form.
    pub(crate) fn write(self, out: &mut String, year: i32, month: u32, day: u32) {
        use std::fmt::Write as _;
        let written = match self {
            Self::DaySlash => write!(out, "{day:02}/{month:02}/{year:04}"),
            Self::DayDash => write!(out, "{day:02}-{month:02}-{year:04}"),
            Self::DayDot => write!(out, "{day:02}.{month:02}.{year:04}"),
            Self::MonthSlash => write!(out, "{month:02}/{day:02}/{year:04}"),
            Self::Iso => write!(out, "{year:04}-{month:02}-{day:02}"),
        };
        written.expect("writing to a string cannot fail");
    }

    /// A day in this form.
    pub(crate) fn write_day(self, out: &mut String, day: NaiveDate) {
        self.write(out, day.year(), day.month(), day.day());
    }

    /// A birth in this form. A year stands alone.
    pub(crate) fn write_birth(self, out: &mut String, birth: Birth) {
        match birth {
            Birth::Missing => {}
            Birth::Year(year) => out.push_str(&year.to_string()),
            Birth::Day(day) => self.write_day(out, day),
            Birth::Impossible(year) if year % 2 == 0 => self.write(out, year, 2, 31),
            Birth::Impossible(_) => self.write(out, 0, 0, 0),
        }
    }
}

impl Stated {
    /// Forgets the last row.
    pub(crate) fn clear(&mut self) {
        let Self { keys, full_name, father_name, spouse_name, mother_name, mobile, aadhaar, epic, pan, .. } = self;
        for text in
            keys.iter_mut().chain([full_name, father_name, spouse_name, mother_name, mobile, aadhaar, epic, pan])
        {
            text.clear();
        }
        let Self { ration_card, house, address, village, tehsil, district, district_code, pin, .. } = self;
        for text in [ration_card, house, address, village, tehsil, district, district_code, pin] {
            text.clear();
        }
        self.sex = None;
        self.birth = Birth::Missing;
        self.aadhaar_is_broken = false;
        (self.died, self.registered, self.updated) = (None, None, None);
    }
}

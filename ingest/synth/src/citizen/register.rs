//! What a citizen register is: its form, its columns, and the habits of those who keep it.

use super::stated::{DateForm, Stated};
use crate::layout::{FileFormat, Layout};
use crate::names::Sex;
use crate::row::Row;

/// One citizen register.
#[derive(Debug)]
pub(crate) struct Register {
    pub(crate) source: &'static str,
    pub(crate) format: FileFormat,
    /// Its columns and what they hold.
    pub(crate) columns: &'static [(&'static str, Field)],
    pub(crate) key: &'static [&'static str],
    /// How its keys are made.
    pub(crate) keys: Keys,
    pub(crate) habits: Habits,
}

/// What a column holds.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Field {
    /// A part of the register's own key.
    Key(usize),
    FullName,
    FatherName,
    SpouseName,
    MotherName,
    Sex(SexWords),
    Birth(DateForm),
    Mobile,
    Aadhaar,
    Epic,
    Pan,
    RationCard,
    House,
    Address,
    Village,
    Tehsil,
    District,
    Pin,
    Died(DateForm),
    Registered(DateForm),
    Updated,
    /// The same word in every row.
    Always(&'static str),
}

/// How a register writes a sex: (female, male).
#[derive(Debug, Clone, Copy)]
pub(crate) struct SexWords(pub(crate) &'static str, pub(crate) &'static str);

/// How a register makes the key of a row.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Keys {
    /// Ration card of the household, number of the member.
    RationCard,
    /// Constituency, part and serial number of the roll.
    Roll,
    /// A prefix and a number.
    Number(&'static str),
    /// Number of the marriage, party (bride or groom).
    Marriage,
}

/// How a register is kept. Shares are of its rows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Habits {
    pub(crate) case: Case,
    /// Names and places in Gurmukhi.
    pub(crate) gurmukhi: f64,
    /// Names and places in Devanagari.
    pub(crate) devanagari: f64,
    pub(crate) relations: Relations,
    pub(crate) mother: f64,
    /// A birth date at all.
    pub(crate) birth: f64,
    /// Multiplies the rates of vague birth dates.
    pub(crate) birth_vagueness: f64,
    /// Whether a year can stand alone.
    pub(crate) year_alone: YearAlone,
    pub(crate) mobile: f64,
    pub(crate) aadhaar: f64,
    /// Notes the voter card of those who have one.
    pub(crate) epic: f64,
    /// Notes the ration card.
    pub(crate) ration_card: f64,
    /// Notes the PAN.
    pub(crate) pan: f64,
    pub(crate) pin: f64,
    /// Married women whose row dates from before they married.
    pub(crate) before_marriage: f64,
}

/// How names are capitalized.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Case {
    Upper,
    Title,
}

/// Which relations a form asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Relations {
    Father,
    /// One field for either.
    FatherOrHusband,
    /// A field for each.
    FatherAndSpouse,
}

/// What a register does with a birth of which only the year is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum YearAlone {
    Kept,
    FirstOfJanuary,
}

impl Register {
    /// Its layout.
    pub(crate) fn layout(&self) -> Layout {
        let columns: Vec<&'static str> = self.columns.iter().map(|(name, _)| *name).collect();
        let name = self.columns.iter().find(|(_, field)| matches!(field, Field::FullName)).map(|(name, _)| *name);
        Layout::new(self.source, self.format, &columns, self.key).with_name(name.unwrap_or_default())
    }

    /// Puts a statement into its columns.
    pub(crate) fn write_row(&self, stated: &Stated, row: &mut Row) {
        row.clear();
        for (_, field) in self.columns {
            match field {
                Field::Key(at) => row.put(&stated.keys[*at]),
                Field::FullName => row.put(&stated.full_name),
                Field::FatherName => row.put(&stated.father_name),
                Field::SpouseName => row.put(&stated.spouse_name),
                Field::MotherName => row.put(&stated.mother_name),
                Field::Sex(SexWords(female, male)) => row.put(match stated.sex {
                    Some(Sex::Female) => female,
                    Some(Sex::Male) => male,
                    None => "",
                }),
                Field::Birth(form) => row.put_with(|out| form.write_birth(out, stated.birth)),
                Field::Mobile => row.put(&stated.mobile),
                Field::Aadhaar => row.put(&stated.aadhaar),
                Field::Epic => row.put(&stated.epic),
                Field::Pan => row.put(&stated.pan),
                Field::RationCard => row.put(&stated.ration_card),
                Field::House => row.put(&stated.house),
                Field::Address => row.put(&stated.address),
                Field::Village => row.put(&stated.village),
                Field::Tehsil => row.put(&stated.tehsil),
                Field::District => row.put(&stated.district),
                Field::Pin => row.put(&stated.pin),
                Field::Died(form) => put_day(row, *form, stated.died),
                Field::Registered(form) => put_day(row, *form, stated.registered),
                Field::Updated => put_day(row, DateForm::Iso, stated.updated),
                Field::Always(word) => row.put(word),
            }
        }
    }
}

fn put_day(row: &mut Row, form: DateForm, day: Option<chrono::NaiveDate>) {
    row.put_with(|out| {
        if let Some(day) = day {
            form.write_day(out, day);
        }
    });
}

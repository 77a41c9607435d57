//! Employees in the HRMS and in treasury payroll, with their postings. They are people of the households.

use chrono::{Datelike, Days, NaiveDate};

use crate::chance::{Chance, Purpose};
use crate::citizen::{Case, DateForm, Hand, Part, write_aadhaar, write_mobile, write_name};
use crate::error::SynthError;
use crate::events::Offices;
use crate::extract::{Extract, Folder, Listing};
use crate::layout::{Layout, text};
use crate::names::Sex;
use crate::numbers;
use crate::people::{Person, World};
use crate::rates;
use crate::ratios::{self, EMPLOYEE_PER_CITIZEN_RECORD};
use crate::row::Row;

const HRMS: [&str; 16] = [
    "EMP_ID",
    "EMP_NAME",
    "FATHER_NAME",
    "SEX",
    "DOB",
    "AADHAAR_NO",
    "PAN_NO",
    "MOBILE_NO",
    "DESIGNATION",
    "OFFICE_CODE",
    "REPORTING_OFFICER",
    "DISTRICT",
    "JOINING_DATE",
    "RETIREMENT_DATE",
    "EMP_STATUS",
    "LAST_MODIFIED",
];
const PAYROLL: [&str; 14] = [
    "PAYEE_ID",
    "EMP_CODE",
    "NAME",
    "FATHER_HUSBAND",
    "DOB",
    "PAN",
    "MOBILE",
    "DESIG",
    "DDO_OFFICE",
    "DIST",
    "IFSC",
    "BASIC_PAY",
    "DOJ",
    "UPDATED_ON",
];

/// Years of service end on the last day of the month of this birthday.
const RETIREMENT_AGE: i32 = 58;
/// Households between two that are looked at for an employee.
const HOUSEHOLD_STEP: u64 = 3;

/// Designations by the short name of the office.
const DESIGNATIONS: [(&str, &[&str]); 8] = [
    ("REV", &["Tehsildar", "Naib Tehsildar", "Kanungo", "Patwari", "Senior Assistant", "Clerk", "Steno Typist"]),
    ("HLT", &["Medical Officer", "Staff Nurse", "Pharmacist", "ANM", "Lab Technician", "Clerk"]),
    ("LOC", &["Executive Officer", "Junior Engineer", "Sanitary Inspector", "Clerk", "Superintendent", "Sewerman"]),
    ("POL", &["Sub Inspector", "Assistant Sub Inspector", "Head Constable", "Constable", "Senior Constable"]),
    ("TRN", &["Regional Transport Officer", "Motor Vehicle Inspector", "Clerk", "Data Entry Operator"]),
    ("SOC", &["District Social Security Officer", "CDPO", "Supervisor", "Clerk"]),
    ("FCS", &["Inspector Food and Supplies", "Assistant Food Supply Officer", "Clerk", "District Controller"]),
    ("EDU", &["Lecturer", "Master", "ETT Teacher", "Head Teacher", "Principal", "Clerk", "Lab Attendant"]),
];

struct Employee<'p> {
    entity: u64,
    person: &'p Person,
    office: usize,
    designation: &'static str,
    joined: NaiveDate,
    retired: Option<NaiveDate>,
}

struct Registers {
    hrms: Extract,
    payroll: Extract,
    truth: Listing,
    row: Row,
}

/// Writes the registers of employees and posts officers to offices.
pub(crate) fn write_employees(
    world: &World,
    records: u64,
    branches: &[String],
    offices: &mut Offices,
    folder: &mut Folder,
    tell: &mut dyn FnMut(u64, u64),
) -> Result<(), SynthError> {
    let mut registers = Registers {
        hrms: folder.extract(Layout::new("hrms", text(','), &HRMS, &["EMP_ID"]).with_name("EMP_NAME"))?,
        payroll: folder
            .extract(Layout::new("treasury_payroll", text('|'), &PAYROLL, &["PAYEE_ID"]).with_name("NAME"))?,
        truth: folder.truth("employee")?,
        row: Row::default(),
    };
    let wanted = ratios::rows(EMPLOYEE_PER_CITIZEN_RECORD, records);
    // In a small state some offices stay without anybody, so that others have a head and somebody who reports to them.
    let opened = (offices.list.len() as u64).min(wanted * 2 / 5);
    let mut entity = 0;
    for step in 0.. {
        let rows = registers.rows();
        if rows >= wanted {
            break;
        }
        let household = world.household(step * HOUSEHOLD_STEP);
        let mut chance = Chance::new(world.seed, Purpose::Employee, step);
        let is_of_age = |person: &&Person| (22..62).contains(&person.age_on(world.end)) && person.died.is_none();
        let Some(person) = household.members.iter().find(is_of_age) else { continue };
        entity += 1;
        let employee = draw_employee(entity, person, household.place, world, offices, opened, &mut chance);
        registers.write(&employee, wanted - rows, world, branches, offices, folder, &mut chance)?;
        tell(registers.rows(), wanted);
    }
    folder.finish(registers.hrms)?;
    folder.finish(registers.payroll)?;
    folder.finish_listing(registers.truth, "employee")
}

fn draw_employee<'p>(
    entity: u64,
    person: &'p Person,
    place: usize,
    world: &World,
    offices: &Offices,
    opened: u64,
    chance: &mut Chance,
) -> Employee<'p> {
    // The first ones open the offices; later ones work near where they live.
    let opens = |number: u64| numbers::scatter(number, offices.list.len() as u64, 1) as usize;
    let office = if entity <= opened {
        opens(entity)
    } else {
        let district = &world.places.districts[world.places.places[place].district].code;
        (0..40)
            .map(|_| opens(1 + chance.below(opened as usize) as u64))
            .find(|at| offices.list[*at].district_code == *district)
            .unwrap_or_else(|| opens(1))
    };
    let short = offices.list[office].code.split('-').nth(1).unwrap_or_default();
    let designations =
        DESIGNATIONS.iter().find(|(name, _)| *name == short).map_or(DESIGNATIONS[0].1, |(_, words)| *words);
    let joined = person.born + Days::new(chance.between(21 * 365, 30 * 365) as u64);
    let joined = joined.min(world.end - Days::new(40));
    let month_end = last_of_month(person.born.year() + RETIREMENT_AGE, person.born.month());
    Employee {
        entity,
        person,
        office,
        designation: chance.pick(designations),
        joined,
        retired: Some(month_end).filter(|day| *day < world.end),
    }
}

fn last_of_month(year: i32, month: u32) -> NaiveDate {
    let next =
        if month == 12 { NaiveDate::from_ymd_opt(year + 1, 1, 1) } else { NaiveDate::from_ymd_opt(year, month + 1, 1) };
    next.and_then(|day| day.pred_opt()).unwrap_or(NaiveDate::MAX)
}

impl Registers {
    fn rows(&self) -> u64 {
        self.hrms.rows() + self.payroll.rows()
    }

    #[expect(clippy::too_many_arguments, reason = "an employee's rows depend on all of these")]
    fn write(
        &mut self,
        employee: &Employee<'_>,
        room: u64,
        world: &World,
        branches: &[String],
        offices: &mut Offices,
        folder: &mut Folder,
        chance: &mut Chance,
    ) -> Result<(), SynthError> {
        let limit = self.rows() + room;
        let code = format!("PB{:07}", numbers::scatter(employee.entity, 10_000_000, world.seed));
        // A few stand twice in the HRMS: under the old office and the new.
        let rows_in_hrms = if chance.hits(rates::DUPLICATE_ROW) { 2 } else { 1 };
        for copy in 0..rows_in_hrms {
            if self.rows() == limit {
                return Ok(());
            }
            self.put_hrms(employee, &code, copy, world, offices, chance);
            if self.hrms.write(&self.row, limit - self.rows(), folder)? {
                self.truth.write(format_args!("hrms,{},{}", self.hrms.key(), employee.entity))?;
                if employee.retired.is_none() {
                    offices.post(employee.office, self.hrms.key());
                }
            }
        }
        if chance.share(0.85) && self.rows() < limit {
            self.put_payroll(employee, &code, world, branches, offices, chance);
            if self.payroll.write(&self.row, limit - self.rows(), folder)? {
                self.truth.write(format_args!("treasury_payroll,{},{}", self.payroll.key(), employee.entity))?;
            }
        }
        Ok(())
    }

    fn put_hrms(
        &mut self,
        employee: &Employee<'_>,
        code: &str,
        copy: usize,
        world: &World,
        offices: &Offices,
        chance: &mut Chance,
    ) {
        let person = employee.person;
        let office = if copy == 0 { employee.office } else { (employee.office + 7) % offices.list.len() };
        let row = &mut self.row;
        row.clear();
        if copy == 0 {
            row.put(code);
        } else {
            row.put_fmt(format_args!("{code}T"));
        }
        put_name(row, person, Case::Upper, chance);
        put_father(row, person, Case::Upper, chance);
        row.put(if person.sex == Sex::Female { "F" } else { "M" });
        row.put_with(|out| DateForm::DaySlash.write_day(out, person.born));
        let aadhaar = numbers::aadhaar(person.entity, world.seed).filter(|_| chance.share(0.4));
        row.put_with(|out| {
            if let Some(number) = aadhaar {
                write_aadhaar(out, &number, chance);
            }
        });
        put_pan(row, person, 0.35, world, chance);
        put_mobile(row, person, 0.8, world, chance);
        row.put(employee.designation);
        row.put(&offices.list[office].code);
        // The first who was posted there heads the office.
        row.put(offices.list[office].officers.first().map_or("", String::as_str));
        put_district(row, &offices.list[office].district_code, world);
        row.put_with(|out| DateForm::DaySlash.write_day(out, employee.joined));
        row.put_with(|out| {
            if let Some(day) = employee.retired {
                DateForm::DaySlash.write_day(out, day);
            }
        });
        row.put(if employee.retired.is_some() { "RETIRED" } else { "IN SERVICE" });
        put_updated(row, world, chance);
    }

    fn put_payroll(
        &mut self,
        employee: &Employee<'_>,
        code: &str,
        world: &World,
        branches: &[String],
        offices: &Offices,
        chance: &mut Chance,
    ) {
        let person = employee.person;
        let office = &offices.list[employee.office];
        let row = &mut self.row;
        row.clear();
        row.put_fmt(format_args!("TP{:08}", numbers::scatter(self.payroll.rows(), 100_000_000, world.seed)));
        // Treasuries paid people before the HRMS numbered them.
        if chance.share(0.55) && !chance.hits(rates::CODE_MISSING) {
            row.put(code);
        } else {
            row.put_fmt(format_args!("T{:06}", numbers::scatter(employee.entity, 1_000_000, 5)));
        }
        put_name(row, person, Case::Title, chance);
        put_father(row, person, Case::Title, chance);
        row.put_with(|out| DateForm::DayDash.write_day(out, person.born));
        put_pan(row, person, 0.9, world, chance);
        put_mobile(row, person, 0.6, world, chance);
        row.put(employee.designation);
        row.put(&office.code);
        put_district(row, &office.district_code, world);
        row.put(if branches.is_empty() { "" } else { &branches[chance.below(branches.len())] });
        row.put_fmt(format_args!("{}", chance.between(18_000, 90_000)));
        let joined = if chance.share(0.1) { employee.joined + Days::new(1) } else { employee.joined };
        row.put_with(|out| DateForm::DayDash.write_day(out, joined));
        put_updated(row, world, chance);
    }
}

fn put_name(row: &mut Row, person: &Person, case: Case, chance: &mut Chance) {
    let part = Part::Own { uses_surname: person.uses_surname, sex: person.sex };
    row.put_with(|out| write_name(out, &person.name, part, Hand::latin(case), chance));
}

fn put_father(row: &mut Row, person: &Person, case: Case, chance: &mut Chance) {
    let is_missing = chance.hits(rates::RELATION_MISSING);
    row.put_with(|out| {
        if !is_missing {
            write_name(out, &person.father, Part::Relation, Hand::latin(case), chance);
        }
    });
}

fn put_pan(row: &mut Row, person: &Person, share: f64, world: &World, chance: &mut Chance) {
    if chance.share(share) {
        row.put(&numbers::pan(person.entity, 'P', person.name.surname, world.seed));
    } else {
        row.put("");
    }
}

fn put_mobile(row: &mut Row, person: &Person, share: f64, world: &World, chance: &mut Chance) {
    if !chance.share(share) {
        row.put("");
        return;
    }
    let phone = person.entity * 2 + u64::from(chance.hits(rates::MOBILE_STALE));
    let number = numbers::mobile(phone, world.seed);
    row.put_with(|out| write_mobile(out, &number, chance));
}

fn put_district(row: &mut Row, code: &str, world: &World) {
    let district = world.places.districts.iter().find(|district| district.code == code);
    row.put(district.map_or("", |district| &district.name));
}

fn put_updated(row: &mut Row, world: &World, chance: &mut Chance) {
    let day = world.end - Days::new(chance.between(1, 900) as u64);
    row.put_with(|out| DateForm::Iso.write_day(out, day));
}

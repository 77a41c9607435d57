//! The two registers of schemes: Finance's workbook and the departments' own list, with names spelled differently.

use chrono::Days;
use kanak_codes::Codes;

use crate::chance::{Chance, Purpose};
use crate::citizen::DateForm;
use crate::error::SynthError;
use crate::extract::Folder;
use crate::layout::{FileFormat, Holds, Layout, text};
use crate::people::World;
use crate::row::Row;

const FINANCE: [&str; 7] =
    ["Scheme No", "Name of Scheme", "Scheme Code", "Department", "Yearly Budget (Rs)", "Started", "Ended"];
const DEPARTMENTS: [&str; 7] =
    ["SCHEME_ID", "SCHEME_TITLE", "SCHEME_CODE", "DEPT_NAME", "CATEGORY", "LAUNCH_DATE", "CLOSURE_DATE"];

/// How departments write what Finance writes otherwise.
const OTHERWISE: [(&str, &str); 12] = [
    ("Scheme", "Schem"),
    ("Yojana", "Yojna"),
    ("Bima", "Beema"),
    ("Electricity", "Bijli"),
    ("Punjab", "PB"),
    (" & ", " and "),
    ("Pension Scheme", "Pension"),
    ("Scholarship", "Scholership"),
    ("Atta-Dal", "Atta Dal"),
    ("Vidhwa (Widow)", "Widow"),
    ("Loan", "Rin"),
    ("Self Employment", "Self-Employment"),
];

/// Writes both registers.
pub(crate) fn write_schemes(codes: &Codes, world: &World, folder: &mut Folder) -> Result<(), SynthError> {
    // Small and read by people: no row of these is spoilt.
    let finance = Layout::new("finance_schemes", FileFormat::Xlsx, &FINANCE, &["Scheme No"])
        .holding(Holds::Number, &["Yearly Budget (Rs)"])
        .holding(Holds::Day, &["Started", "Ended"]);
    let departments = Layout::new("department_schemes", text(','), &DEPARTMENTS, &["SCHEME_ID"]);
    let mut finance = folder.extract(finance)?;
    let mut departments = folder.extract(departments)?;
    let mut truth = folder.truth("scheme")?;
    let mut row = Row::default();
    for (scheme, entity) in codes.get_system("scheme")?.concepts().zip(1_u64..) {
        let mut chance = Chance::new(world.seed, Purpose::Schemes, entity);
        let started = world.end - Days::new(chance.between(500, 5_000) as u64);
        let ended = chance.share(0.1).then(|| world.end - Days::new(chance.between(10, 400) as u64));
        let department = scheme.property("department_as_stated").unwrap_or_default();
        row.clear();
        row.put_fmt(format_args!("FD-{entity:03}"));
        row.put(scheme.display());
        row.put(if chance.share(0.8) { scheme.code() } else { "" });
        row.put(department);
        row.put_fmt(format_args!("{}", chance.between(5, 900) * 1_000_000));
        DateForm::Iso.put_days(&mut row, &[Some(started), ended]);
        finance.write(&row, 1, folder)?;
        truth.write(format_args!("finance_schemes,{},{entity}", finance.key()))?;
        row.clear();
        row.put_fmt(format_args!("DS/{:04}", entity * 37 % 1_000));
        row.put(&written_otherwise(scheme.display(), &mut chance));
        row.put(if chance.share(0.6) { scheme.code() } else { "" });
        row.put(&department.to_uppercase());
        row.put(scheme.property("category").unwrap_or_default());
        DateForm::DaySlash.put_days(&mut row, &[Some(started), ended]);
        departments.write(&row, 1, folder)?;
        truth.write(format_args!("department_schemes,{},{entity}", departments.key()))?;
    }
    folder.finish(finance)?;
    folder.finish(departments)?;
    folder.finish_listing(truth, "scheme")
}

fn written_otherwise(name: &str, chance: &mut Chance) -> String {
    let fitting: Vec<_> = OTHERWISE.iter().filter(|(one, _)| name.contains(one)).collect();
    let mut other = name.to_owned();
    if !fitting.is_empty() && chance.share(0.8) {
        let (one, otherwise) = fitting[chance.below(fitting.len())];
        other = other.replacen(one, otherwise, 1);
    }
    if chance.share(0.4) { other.to_uppercase() } else { other }
}

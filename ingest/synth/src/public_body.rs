//! The two registers of public bodies: Finance's list of undertakings and the register of companies and societies. The bodies
//! are made up; departments and districts are real.

use chrono::{Days, NaiveDate};
use kanak_codes::Codes;

use crate::chance::{Chance, Purpose};
use crate::citizen::DateForm;
use crate::error::SynthError;
use crate::extract::Folder;
use crate::layout::{Layout, text};
use crate::numbers;
use crate::people::World;
use crate::ratios;
use crate::row::Row;

const UNDERTAKINGS: [&str; 9] =
    ["UNDERTAKING_NO", "NAME", "FORM", "CIN", "PAN", "ADMIN_DEPT", "HQ_DISTRICT", "ESTABLISHED_ON", "WOUND_UP_ON"];
const COMPANIES: [&str; 8] =
    ["REG_NO", "ENTITY_NAME", "CIN_NO", "GSTIN", "DEPT_CODE", "DISTRICT", "INCORPORATED", "STRUCK_OFF"];

const REGIONS: [&str; 4] = ["Malwa", "Majha", "Doaba", "Puadh"];
/// What a body is for, and the department that administers it.
const PURPOSES: [(&str, &str); 10] = [
    ("Agro Industries", "LGD-237"),
    ("Warehousing", "LGD-1339"),
    ("Tourism Development", "LGD-1351"),
    ("Small Industries", "LGD-415"),
    ("Seeds", "LGD-237"),
    ("Water Resources", "LGD-404"),
    ("Forest Development", "LGD-401"),
    ("Road Transport", "LGD-1352"),
    ("Health Systems", "LGD-402"),
    ("Housing", "LGD-1341"),
];
/// How the name ends, and the form as the register says it.
const FORMS: [(&str, &str); 4] = [
    ("Corporation Limited", "company"),
    ("Development Board", "board"),
    ("Authority", "authority"),
    ("Cooperative Federation", "cooperative"),
];
/// How the register of companies writes what Finance writes otherwise.
const OTHERWISE: [(&str, &str); 4] = [
    ("Corporation Limited", "Corpn Ltd"),
    ("Development", "Devt"),
    ("Authority", "Auth"),
    ("Cooperative", "Co-operative"),
];

/// A public body of the made-up state.
struct Body {
    name: String,
    form: &'static str,
    department: &'static str,
    district: usize,
    established: NaiveDate,
    dissolved: Option<NaiveDate>,
    cin: String,
    pan: String,
}

/// The number of a body in Finance's list, from 1 to [`ratios::PUBLIC_BODIES`].
pub(crate) fn undertaking_number(entity: u64) -> String {
    format!("PU-{entity:03}")
}

/// Writes both registers.
pub(crate) fn write_public_bodies(codes: &Codes, world: &World, folder: &mut Folder) -> Result<(), SynthError> {
    // Small and read by people: each row stands in it once.
    let undertakings = Layout::new("public_undertakings", text(','), &UNDERTAKINGS, &["UNDERTAKING_NO"]);
    let companies = Layout::new("company_register", text('|'), &COMPANIES, &["REG_NO"]);
    let mut undertakings = folder.extract(undertakings)?;
    let mut companies = folder.extract(companies)?;
    let mut truth = folder.truth("public_body")?;
    let mut row = Row::default();
    for entity in 1..=ratios::PUBLIC_BODIES {
        let mut chance = Chance::new(world.seed, Purpose::PublicBodies, entity);
        let body = draw(entity, world, &mut chance);
        let district = &world.places.districts[body.district].name;
        let department = codes.get_system("department")?.lookup(body.department);
        let department = department.ok_or(SynthError::CodesLack { system: "department", what: "department" })?.code();
        row.clear();
        row.put(&undertaking_number(entity));
        row.put(&body.name);
        row.put(body.form);
        row.put(if body.form == "company" { &body.cin } else { "" });
        row.put(&body.pan);
        row.put(department);
        row.put(district);
        DateForm::Iso.put_days(&mut row, &[Some(body.established), body.dissolved]);
        if undertakings.write(&row, 1, folder)? {
            truth.write(format_args!("public_undertakings,{},{entity}", undertakings.key()))?;
        }
        row.clear();
        row.put_fmt(format_args!("RC/{:05}", numbers::scatter(entity, 100_000, 3)));
        row.put(&written_otherwise(&body.name, &mut chance));
        row.put(if body.form == "company" && chance.share(0.9) { &body.cin } else { "" });
        row.put_with(|out| {
            if chance.share(0.8) {
                out.push_str(&numbers::gstin(&body.pan));
            }
        });
        row.put(if chance.share(0.7) { department } else { "" });
        row.put(district);
        DateForm::DaySlash.put_days(&mut row, &[Some(body.established), body.dissolved]);
        if companies.write(&row, 1, folder)? {
            truth.write(format_args!("company_register,{},{entity}", companies.key()))?;
        }
    }
    folder.finish(undertakings)?;
    folder.finish(companies)?;
    folder.finish_listing(truth, "public_body")
}

fn draw(entity: u64, world: &World, chance: &mut Chance) -> Body {
    let at = (entity - 1) as usize;
    // Each body has a region, a purpose and a form that no other has together.
    let (purpose, department) = PURPOSES[at % PURPOSES.len()];
    let region = REGIONS[at / PURPOSES.len() % REGIONS.len()];
    let (ending, form) = FORMS[(at + at / PURPOSES.len()) % FORMS.len()];
    let name = format!("{region} {purpose} {ending}");
    let established = world.end - Days::new(chance.between(2_000, 20_000) as u64);
    let dissolved = chance.share(0.1).then(|| world.end - Days::new(chance.between(30, 1_500) as u64));
    let year = established.format("%Y");
    Body {
        cin: format!("U{:05}PB{year}SGC{:06}", 1_111 * (at % 9 + 1), numbers::scatter(entity, 1_000_000, 11)),
        // Out of a range that no person and no business has.
        pan: numbers::pan(entity + (1 << 32), 'C', &name, world.seed),
        name,
        form,
        department,
        district: chance.below(world.places.districts.len()),
        established,
        dissolved,
    }
}

fn written_otherwise(name: &str, chance: &mut Chance) -> String {
    let mut other = name.to_owned();
    for (one, otherwise) in OTHERWISE {
        if chance.share(0.5) {
            other = other.replace(one, otherwise);
        }
    }
    other.to_uppercase()
}

//! The two registers of assets: Finance's asset register and the inventory of public works, which knows some by code and all
//! by what and where they are.

use chrono::{Days, NaiveDate};

use crate::chance::{Chance, Purpose};
use crate::citizen::DateForm;
use crate::error::SynthError;
use crate::extract::Folder;
use crate::layout::{Layout, text};
use crate::numbers;
use crate::people::World;
use crate::public_body::undertaking_number;
use crate::ratios;
use crate::row::Row;

const REGISTER: [&str; 10] = [
    "ASSET_CODE",
    "DESCRIPTION",
    "KIND",
    "OWNER_NO",
    "DEPT_CODE",
    "VILLAGE",
    "DISTRICT",
    "BOOK_VALUE_RS",
    "ACQUIRED_ON",
    "DISPOSED_ON",
];
const INVENTORY: [&str; 7] =
    ["INVENTORY_NO", "ASSET_CODE", "ITEM", "LOCALITY", "DISTRICT", "VALUE_RS", "TAKEN_INTO_USE"];

/// What there is, with its kind and the department that would hold it.
const THINGS: [(&str, &str, &str); 8] = [
    ("Rest House", "building", "LGD-235"),
    ("Office Building", "building", "LGD-235"),
    ("Grain Godown", "building", "LGD-1339"),
    ("Veterinary Hospital", "building", "LGD-236"),
    ("Tube Well", "plant", "LGD-404"),
    ("Road Roller", "plant", "LGD-235"),
    ("Nursery Land", "land", "LGD-401"),
    ("Ambulance", "vehicle", "LGD-402"),
];
/// How the inventory calls what the register calls otherwise.
const OTHERWISE: [(&str, &str); 4] =
    [("Building", "Bldg"), ("Hospital", "Hosp."), ("Tube Well", "Tubewell"), ("Godown", "Go-down")];

/// Writes both registers.
pub(crate) fn write_assets(world: &World, folder: &mut Folder) -> Result<(), SynthError> {
    let mut register = folder.extract(Layout::new("asset_register", text(','), &REGISTER, &["ASSET_CODE"]))?;
    let mut inventory = folder.extract(Layout::new("works_inventory", text(';'), &INVENTORY, &["INVENTORY_NO"]))?;
    let mut truth = folder.truth("asset")?;
    let mut row = Row::default();
    for entity in 1..=ratios::ASSETS {
        let mut chance = Chance::new(world.seed, Purpose::Assets, entity);
        let (what, kind, department) = chance.pick(&THINGS);
        let place = &world.places.places[world.places.draw(&mut chance)];
        let district = &world.places.districts[place.district].name;
        let code = format!("AS{:06}", numbers::scatter(entity, 1_000_000, 7));
        let description = format!("{what} No {} at {}", entity % 40 + 1, place.name);
        let acquired = world.end - Days::new(chance.between(400, 12_000) as u64);
        let disposed: Option<NaiveDate> =
            chance.share(0.1).then(|| world.end - Days::new(chance.between(10, 390) as u64));
        let value = chance.between(2, 900) * 50_000;
        // Two in five belong to a public body, the others to a department.
        let owner = chance.share(0.4).then(|| chance.between(1, ratios::PUBLIC_BODIES.cast_signed()) as u64);
        row.clear();
        row.put(&code);
        row.put(&description);
        row.put(kind);
        row.put(&owner.map(undertaking_number).unwrap_or_default());
        row.put(if owner.is_none() { department } else { "" });
        row.put(&place.name);
        row.put(district);
        row.put_fmt(format_args!("{value}"));
        DateForm::Iso.put_days(&mut row, &[Some(acquired), disposed]);
        if register.write(&row, 1, folder)? {
            truth.write(format_args!("asset_register,{},{entity}", register.key()))?;
        }
        // Public works does not look after everything.
        if !chance.share(0.8) {
            continue;
        }
        row.clear();
        row.put_fmt(format_args!("PW-{:05}", numbers::scatter(entity, 100_000, 13)));
        row.put(if chance.share(0.7) { &code } else { "" });
        row.put(&written_otherwise(&description, &mut chance));
        row.put(&place.name);
        row.put(district);
        row.put_fmt(format_args!("{value}"));
        DateForm::DaySlash.put_days(&mut row, &[Some(acquired)]);
        if inventory.write(&row, 1, folder)? {
            truth.write(format_args!("works_inventory,{},{entity}", inventory.key()))?;
        }
    }
    folder.finish(register)?;
    folder.finish(inventory)?;
    folder.finish_listing(truth, "asset")
}

fn written_otherwise(description: &str, chance: &mut Chance) -> String {
    let mut other = description.to_owned();
    for (one, otherwise) in OTHERWISE {
        if chance.share(0.6) {
            other = other.replace(one, otherwise);
        }
    }
    if chance.share(0.5) { other.to_uppercase() } else { other }
}

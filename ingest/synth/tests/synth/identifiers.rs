//! Numbers hold by their own rules, or are broken on purpose and seldom.

use kanak_codes::identifiers::CheckedKind;
use kanak_codes::{Codes, identifiers};
use kanak_model::builtin::{entity_models, event_models};
use kanak_model::kind::Kind;
use kanak_model::source_system::RowsAre;

use crate::made::path_of;
use crate::reading::read;
use crate::sources::declared;

/// Every value of every attribute of some kinds: (source, kind, code system, value).
fn values(wanted: &[Kind]) -> Vec<(String, Kind, Option<String>, String)> {
    let mut found = Vec::new();
    let (entities, events) = (entity_models().unwrap(), event_models().unwrap());
    for source in declared() {
        let attributes = match &source.rows {
            RowsAre::Entity(name) => &entities.iter().find(|model| model.name == *name).unwrap().attributes,
            RowsAre::Event(name) => &events.iter().find(|model| model.name == *name).unwrap().attributes,
        };
        let mapped: Vec<_> = source
            .columns
            .iter()
            .filter_map(|column| {
                attributes.iter().find(|attribute| attribute.name == column.to).map(|one| (column, one))
            })
            .filter(|(_, attribute)| wanted.contains(&attribute.kind))
            .collect();
        let Some(file) = read(&source, &path_of(&source.name)).filter(|_| !mapped.is_empty()) else { continue };
        for fields in file.rows.into_iter().filter_map(|row| row.fields.ok()) {
            for (column, attribute) in &mapped {
                if let Some(value) = fields.get(&column.from.0[0]).filter(|value| !value.is_empty()) {
                    found.push((source.name.clone(), attribute.kind, attribute.system.clone(), value.clone()));
                }
            }
        }
    }
    found
}

#[test]
fn every_number_of_its_kind_is_valid_but_for_the_errors_that_are_told() {
    let checked = [
        (Kind::Aadhaar, CheckedKind::Aadhaar, 0.010..0.028),
        (Kind::Mobile, CheckedKind::Mobile, 0.0..0.0001),
        (Kind::Pan, CheckedKind::Pan, 0.0..0.0001),
        (Kind::Gstin, CheckedKind::Gstin, 0.0..0.0001),
        (Kind::Epic, CheckedKind::Epic, 0.0..0.0001),
        (Kind::Udyam, CheckedKind::Udyam, 0.0..0.0001),
    ];
    let all = values(&checked.clone().map(|(kind, ..)| kind));
    for (kind, rule, broken_share) in checked {
        let of_kind: Vec<_> = all.iter().filter(|(_, other, ..)| *other == kind).collect();
        let broken =
            of_kind.iter().filter(|(.., value)| rule.check(value).is_err()).count() as f64 / of_kind.len() as f64;
        assert!(of_kind.len() > 100, "{kind:?}: {}", of_kind.len());
        assert!(broken_share.contains(&broken), "{kind:?}: {broken}");
    }
}

#[test]
fn every_code_is_in_its_system_and_every_district_is_known_but_for_refused_rows() {
    let codes = Codes::builtin().unwrap();
    for (source, kind, system, value) in values(&[Kind::Code, Kind::Ifsc, Kind::District, Kind::Pin]) {
        let known = match (kind, system) {
            (Kind::Code, Some(system)) => {
                codes.get_system(&system).unwrap().lookup(&value).is_some() || value == "ZZ-999"
            }
            (Kind::District, _) => codes.find_district(&value).is_some(),
            (Kind::Ifsc, _) => codes.get_system("ifsc").unwrap().lookup(&value).is_some(),
            _ => identifiers::Pin::parse(&value).is_ok(),
        };
        assert!(known, "{source}: {kind:?} {value}");
    }
}

#[test]
fn about_three_in_ten_citizen_rows_have_an_aadhaar_number() {
    let rows: usize = crate::made::truth("citizen.csv").len();
    let with = crate::made::truth("citizen_flat.csv").iter().filter(|line| !line[9].is_empty()).count();
    let share = with as f64 / rows as f64;
    assert!((0.22..0.38).contains(&share), "{share}");
}

//! Truth and refused rows: together they are exactly what the files hold.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use kanak_codes::Codes;
use kanak_model::builtin::{entity_models, event_models};
use kanak_model::entity_model::{Attribute, OnInvalid};
use kanak_model::kind::Kind;
use kanak_model::source_system::{RowsAre, SourceSystem};

use crate::made::{path_of, state, truth};
use crate::reading::{key_of, read};
use crate::sources::declared;

/// A row that must be refused: line and rule.
type Refused = BTreeSet<(u64, String)>;

/// What ingest would do with a file: the keys that it takes, and the rows that it refuses.
fn judge(source: &SourceSystem, codes: &Codes) -> Option<(BTreeSet<String>, Refused)> {
    let attributes: Vec<Attribute> = match &source.rows {
        RowsAre::Entity(name) => entity_models().unwrap().into_iter().find(|model| model.name == *name)?.attributes,
        RowsAre::Event(name) => event_models().unwrap().into_iter().find(|model| model.name == *name)?.attributes,
    };
    let file = read(source, &path_of(&source.name))?;
    let (mut taken, mut refused) = (BTreeSet::new(), Refused::new());
    for row in file.rows {
        let Ok(fields) = row.fields else {
            refused.insert((row.line, "field_count".to_owned()));
            continue;
        };
        let broken = attributes.iter().find_map(|attribute| {
            let column = source.columns.iter().find(|column| column.to == attribute.name)?;
            let value = fields.get(&column.from.0[0]).map_or("", String::as_str);
            match (attribute.kind, attribute.on_invalid) {
                _ if value.is_empty() => attribute.required.then_some("required"),
                (Kind::Code, OnInvalid::Reject) => {
                    let system = codes.get_system(attribute.system.as_deref().unwrap()).unwrap();
                    system.lookup(value).is_none().then_some("code")
                }
                (Kind::Timestamp, OnInvalid::Reject) => (!is_time(value)).then_some("kind"),
                _ => None,
            }
        });
        let key = key_of(source, &fields);
        if let Some(rule) = broken {
            refused.insert((row.line, rule.to_owned()));
        } else if !taken.insert(key) {
            refused.insert((row.line, "key_duplicate".to_owned()));
        }
    }
    Some((taken, refused))
}

fn is_time(text: &str) -> bool {
    ["%Y-%m-%d %H:%M:%S", "%d/%m/%Y %H:%M", "%Y-%m-%dT%H:%M:%S+05:30"]
        .iter()
        .any(|form| chrono::NaiveDateTime::parse_from_str(text, form).is_ok())
}

#[test]
fn truth_has_exactly_the_keys_that_can_be_loaded_and_refused_exactly_the_other_rows() {
    let codes = Codes::builtin().unwrap();
    let mut known: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for entity in ["citizen", "business", "employee", "scheme", "public_body", "asset", "policy_rule"] {
        for line in truth(&format!("{entity}.csv")) {
            let [source, id, number] = line.as_slice() else { panic!("{line:?}") };
            assert!(number.parse::<u64>().unwrap() > 0);
            assert!(known.entry(source.clone()).or_default().insert(id.clone()), "{source} {id} stands twice");
        }
    }
    let mut listed: BTreeMap<String, Refused> = BTreeMap::new();
    for line in truth("refused.csv") {
        let [source, _, number, _, rule] = line.as_slice() else { panic!("{line:?}") };
        listed.entry(source.clone()).or_default().insert((number.parse().unwrap(), rule.clone()));
    }
    let mut judged = 0;
    for source in declared() {
        let made = state().1.files.iter().find(|file| file.path == path_of(&source.name)).unwrap();
        let refused = listed.remove(&source.name).unwrap_or_default();
        assert_eq!(made.refused, refused.len() as u64, "{}", source.name);
        if matches!(source.rows, RowsAre::Entity(_)) {
            assert_eq!(known[&source.name].len() as u64 + made.refused, made.rows, "{}", source.name);
        }
        let Some((taken, found)) = judge(&source, &codes) else { continue };
        judged += 1;
        assert_eq!(found, refused, "{}", source.name);
        if matches!(source.rows, RowsAre::Entity(_)) {
            assert_eq!(taken, known[&source.name], "{}", source.name);
        }
    }
    // All but the two workbooks.
    assert_eq!(judged, 27);
    assert!(listed.is_empty());
}

#[test]
fn between_half_and_one_percent_of_rows_must_be_refused_for_five_reasons() {
    let files = &state().1.files;
    let (rows, refused): (u64, u64) = files
        .iter()
        .filter(|file| !file.path.to_string_lossy().contains("truth"))
        .fold((0, 0), |(rows, refused), file| (rows + file.rows, refused + file.refused));
    let share = refused as f64 / rows as f64;
    assert!((0.005..0.01).contains(&share), "{share}");
    let rules: HashSet<String> = truth("refused.csv").into_iter().map(|line| line[4].clone()).collect();
    assert_eq!(rules.len(), 5, "{rules:?}");
}

#[test]
fn the_flat_list_has_the_rows_of_the_truth_and_no_aadhaar_number() {
    let keys =
        |lines: Vec<Vec<String>>| lines.into_iter().map(|line| (line[0].clone(), line[1].clone())).collect::<Vec<_>>();
    let flat = truth("citizen_flat.csv");
    assert!(flat.iter().all(|line| line.len() == 16 && (line[9].is_empty() || line[9].starts_with("ref-"))));
    assert_eq!(keys(flat), keys(truth("citizen.csv")));
}

#[test]
fn the_flat_list_names_the_spouse_that_ingest_takes_from_the_other_row_of_a_marriage() {
    let source = declared().into_iter().find(|source| source.name == "civil_marriages").unwrap();
    let mapping = source.columns.iter().find(|column| column.to == "spouse_name").unwrap();
    let other = mapping.where_empty.as_ref().unwrap();
    let mut parties: BTreeMap<String, BTreeMap<String, BTreeMap<String, String>>> = BTreeMap::new();
    for fields in read(&source, &path_of(&source.name)).unwrap().rows.into_iter().filter_map(|row| row.fields.ok()) {
        parties.entry(fields[&other.of_other_with_same].clone()).or_default().insert(key_of(&source, &fields), fields);
    }
    let (mut own, mut taken) = (0, 0);
    for line in truth("citizen_flat.csv").into_iter().filter(|line| line[0] == source.name) {
        let (key, spouse, number) = (&line[1], &line[4], &line[15]);
        assert!(key.starts_with(&format!("{number}/")), "{line:?}");
        let rows = &parties[number];
        let stated = &rows[key][&mapping.from.0[0]];
        let others: Vec<_> = rows.iter().filter(|(other, _)| *other != key).collect();
        let expected = match (stated.as_str(), others.as_slice()) {
            ("", [(_, fields)]) => &fields[&other.take],
            _ => stated,
        };
        assert_eq!(spouse, expected, "{line:?}");
        own += u64::from(!stated.is_empty());
        taken += u64::from(stated.is_empty() && !spouse.is_empty());
    }
    assert!(own > 50 && taken > 200, "{own} state it, {taken} take it");
    assert!(truth("citizen_flat.csv").iter().all(|line| line[15].is_empty() || line[0] == source.name));
}

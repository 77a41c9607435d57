//! Masters of DIGIT as rows made of code systems.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use kanak_codes::{AsOf, Codes, CodesError, Concept, Day, Language, Status};
use kanak_model::toml_text::TomlText;
use serde::Deserialize;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use crate::fhir::named::is_inactive;
use crate::v1::code_systems::view::status_word;

const DECLARED: &str = include_str!("masters.toml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Declared {
    master: Vec<Master>,
}

/// The tenant of the state. Its cities are the tenants below it, such as `pb.amritsar`.
pub const STATE: &str = "pb";

/// Whether a tenant is the state or one below it. None of them has rows of its own: all are answered with those of the state.
pub fn is_of_state(tenant: &str) -> bool {
    tenant.strip_prefix(STATE).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// A master and the code system that it is made of.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Master {
    /// The module that it belongs to.
    pub module: String,
    /// Its name in the module.
    pub name: String,
    /// The code system.
    pub system: String,
    #[serde(default, rename = "where")]
    properties: BTreeMap<String, String>,
    /// What a row that the code system lacks says besides, by column, when the master is read back.
    #[serde(default)]
    new: BTreeMap<String, String>,
    /// Rows that stand in no code system, by the names of their fields.
    #[serde(default)]
    before: Vec<BTreeMap<String, String>>,
    /// Its fields, in their order.
    pub(super) field: Vec<Field>,
}

/// A field of a master.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) from: String,
    #[serde(default)]
    pub(super) kind: Kind,
    #[serde(default)]
    pub(super) without: String,
    pub(super) language: Option<Language>,
    /// A column into which it is read back as well.
    pub(super) also: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    #[default]
    Text,
    Number,
    Flag,
    Tenant,
}

/// A row of a master.
#[derive(Debug)]
pub struct Row {
    /// The value of its first field; of two rows with one, the second has its code added.
    pub unique_identifier: String,
    /// Whether its code may still be given.
    pub is_active: bool,
    /// Its fields.
    pub data: Value,
}

/// Every master.
pub fn all() -> &'static [Master] {
    static MASTERS: OnceLock<Vec<Master>> = OnceLock::new();
    MASTERS.get_or_init(|| {
        let declared: Declared =
            TomlText::new("masters.toml", DECLARED).parse().expect("the masters read; a test reads them");
        declared.master
    })
}

/// The master that is made of a code system; where a name is given, only the one of that name.
pub fn find_of_system(system: &str, name: Option<&str>) -> Option<&'static Master> {
    let is_named = |master: &&Master| name.is_none_or(|name| name == master.name || name == master.schema_code());
    all().iter().filter(|master| master.system == system).find(is_named)
}

/// The master of a name in a module.
pub fn find(module: &str, name: &str) -> Option<&'static Master> {
    all().iter().find(|master| master.module == module && master.name == name)
}

impl Master {
    /// How DIGIT's second version calls it.
    pub fn schema_code(&self) -> String {
        format!("{}.{}", self.module, self.name)
    }

    /// Its rows on a day: first those that stand in no code system, then the others in the order of the table. Without a day, all that the
    /// current version has, whenever they were valid.
    ///
    /// # Errors
    /// [`CodesError::UnknownSystem`] where its code system is not served.
    pub fn rows(&self, codes: &Codes, day: Option<Day>) -> Result<Vec<Row>, CodesError> {
        let as_of = codes.as_of(&self.system, None, day)?;
        let before = self.before.iter().map(|texts| self.row_of(texts));
        Ok(before.chain(self.rows_of(as_of).into_iter().map(|(_, row)| row)).collect())
    }

    /// The rows that are made of concepts, each with its concept, in the order of the table.
    pub(super) fn rows_of<'c>(&self, as_of: AsOf<'c>) -> Vec<(Concept<'c>, Row)> {
        let fits = |concept: &Concept<'_>| {
            self.properties.iter().all(|(name, value)| concept.property(name) == Some(value.as_str()))
        };
        let mut known: BTreeSet<String> = self.identifiers_before().map(str::to_owned).collect();
        let mut rows = Vec::new();
        for concept in as_of.concepts().filter(fits) {
            let is_active = match as_of.day() {
                Some(day) => !is_inactive(concept, day),
                None => concept.status() == Status::Active,
            };
            let status = if is_active { Status::Active } else { Status::Retired };
            let mut data = Map::new();
            for field in &self.field {
                place(&mut data, &field.name, field.value(concept, status));
            }
            let own = self.field.first().map(|field| field.name.clone()).unwrap_or_default();
            let mut unique_identifier = data.get(&own).and_then(Value::as_str).unwrap_or_default().to_owned();
            if !known.insert(unique_identifier.clone()) {
                unique_identifier = format!("{unique_identifier}-{}", concept.code());
                data.insert(own, unique_identifier.clone().into());
                known.insert(unique_identifier.clone());
            }
            rows.push((concept, Row { unique_identifier, is_active, data: Value::Object(data) }));
        }
        rows
    }

    /// The identifiers of the rows that stand in no code system.
    pub(super) fn identifiers_before(&self) -> impl Iterator<Item = &str> {
        let own = self.field.first().map_or("", |field| field.name.as_str());
        self.before.iter().filter_map(move |texts| texts.get(own)).map(String::as_str)
    }

    /// What a row that the code system lacks says besides its fields, by column.
    pub(super) fn columns_of_new(&self) -> impl Iterator<Item = (&str, &str)> {
        self.properties.iter().chain(&self.new).map(|(column, value)| (column.as_str(), value.as_str()))
    }

    /// A row that stands in no code system; a field without a text is null.
    fn row_of(&self, texts: &BTreeMap<String, String>) -> Row {
        let mut data = Map::new();
        for field in &self.field {
            let value = texts.get(&field.name).map_or(Value::Null, |text| Value::from(text.as_str()));
            place(&mut data, &field.name, value);
        }
        let own = self.field.first().and_then(|field| texts.get(&field.name));
        Row { unique_identifier: own.cloned().unwrap_or_default(), is_active: true, data: Value::Object(data) }
    }

    /// The id of a row: the same wherever and whenever it is asked for.
    pub fn id_of(&self, row: &Row) -> String {
        let digest = Sha256::digest(format!("{}:{}", self.schema_code(), row.unique_identifier));
        let hex: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
    }
}

impl Field {
    /// The column of a table that it comes from.
    pub(super) fn column(&self) -> &str {
        match (self.from.as_str(), self.language) {
            ("display", Some(Language::Pa)) => "display_pa",
            ("display", Some(Language::Hi)) => "display_hi",
            (from, _) => from,
        }
    }

    /// What it says of a concept that has this status on the day that is asked about.
    fn value(&self, concept: Concept<'_>, status: Status) -> Value {
        let text = match (self.from.as_str(), self.language) {
            ("code", _) => Some(concept.code()),
            ("display", None) => Some(concept.display()),
            ("display", Some(language)) => concept.designation(language),
            ("parent", _) => concept.parent(),
            ("status", _) => Some(status_word(status)),
            (property, _) => concept.property(property),
        };
        let Some(text) = text else { return Value::Null };
        let text = text.strip_prefix(self.without.as_str()).unwrap_or(text);
        match self.kind {
            Kind::Text => text.into(),
            Kind::Number => text.parse::<i64>().map_or(Value::Null, Value::from),
            Kind::Flag => matches!(text, "active" | "true").into(),
            Kind::Tenant => {
                let letters = text.chars().filter(char::is_ascii_alphanumeric);
                format!("{STATE}.{}", letters.collect::<String>().to_ascii_lowercase()).into()
            }
        }
    }
}

/// Puts a value where a name leads, through objects.
fn place(data: &mut Map<String, Value>, name: &str, value: Value) {
    match name.split_once('.') {
        None => drop(data.insert(name.to_owned(), value)),
        Some((first, rest)) => {
            let within = data.entry(first).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(within) = within {
                place(within, rest, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_master_has_rows_with_identifiers_that_differ() {
        let codes = Codes::builtin().unwrap();
        for master in all() {
            let rows = master.rows(&codes, None).unwrap();
            let ids: BTreeSet<&str> = rows.iter().map(|row| row.unique_identifier.as_str()).collect();
            assert!(rows.len() > 10 && ids.len() == rows.len() && !ids.contains(""), "{}", master.schema_code());
        }
    }

    #[test]
    fn rows_are_as_the_municipal_masters_have_them() {
        let codes = Codes::builtin().unwrap();
        let row = |module: &str, name: &str, id: &str| {
            let rows = find(module, name).unwrap().rows(&codes, None).unwrap();
            rows.into_iter().find(|row| row.unique_identifier == id).unwrap().data
        };
        let light = row("RAINMAKER-PGR", "ServiceDefs", "StreetLightNotWorking");
        assert_eq!(
            (&light["department"], &light["slaHours"], &light["active"]),
            (&"DEPT_1".into(), &96.into(), &true.into())
        );
        assert_eq!(row("common-masters", "Department", "DEPT_1")["name"], "Street Lights");
        assert_eq!(row("tenant", "tenants", "pb.amritsar")["city"]["districtCode"], "27");
        let state = row("tenant", "tenants", STATE);
        assert_eq!((&state["name"], &state["city"]["districtCode"]), (&"Punjab".into(), &Value::Null));
    }

    #[test]
    fn rows_are_those_of_the_day_that_is_asked_about() {
        let about = "name = \"designation\"\ntitle_en = \"T\"\ntitle_pa = \"T\"\ntitle_hi = \"T\"\nversion = \"new\"\nsource = \"s\"\nlicence = \"l\"\nsource_date = \"2026\"\neffective_from = \"2020-01-01\"\n";
        let list = "code,display,parent,status,description,valid_from,valid_until,replaced_by\n\
                    A,Old,,retired,,,2021-05-14,B\nB,New,,,,2021-05-14,,\n";
        let sidecar = kanak_codes::Sidecar::parse_draft("about", about).unwrap();
        let imported = kanak_codes::import_csv(sidecar, list.as_bytes()).unwrap();
        let today = Day::parse("2026-11-28").unwrap();
        let codes = Codes::builtin().unwrap().with(vec![imported.part()]).unwrap().on(today);
        let rows = |day: Option<&str>| -> Vec<(String, bool, Value)> {
            let rows = find("common-masters", "Designation").unwrap().rows(&codes, day.and_then(Day::parse)).unwrap();
            rows.into_iter().map(|row| (row.unique_identifier, row.is_active, row.data["active"].clone())).collect()
        };
        let row = |code: &str, is_active: bool| (code.to_owned(), is_active, Value::from(is_active));
        assert_eq!(rows(Some("2019-07-01")), [row("A", true)], "what is retired today was given then");
        assert_eq!(rows(Some("2021-05-14")), [row("B", true)]);
        assert_eq!(rows(None), [row("A", false), row("B", true)]);
    }

    #[test]
    fn every_text_of_a_row_without_a_code_has_its_field() {
        for master in all() {
            let names: BTreeSet<&str> = master.field.iter().map(|field| field.name.as_str()).collect();
            for name in master.before.iter().flat_map(BTreeMap::keys) {
                assert!(names.contains(name.as_str()), "{} has no field {name}", master.schema_code());
            }
        }
    }

    #[test]
    fn tenants_of_the_state_are_the_state_and_those_below_it() {
        assert!(["pb", "pb.amritsar", "pb.amritsar.ward1"].into_iter().all(is_of_state));
        assert!(!["", "mh", "mh.pune", "pbx", "pbx.amritsar", " pb"].into_iter().any(is_of_state));
    }
}

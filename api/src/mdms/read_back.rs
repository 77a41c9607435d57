//! A master as it was answered here, or as a city sends it, read back into the code system that it is made of.
//!
//! A master shows a part of a code system: some of its rows and some of their columns, codes without their prefix. What it does not show
//! stays as the version before has it; a row that it lacks is removed.

use std::collections::{BTreeMap, BTreeSet};

use kanak_codes::{CodeSystem, CodesError, Concept, DigitObject, Imported, Language, Sidecar, Status, import_rows};
use serde_json::{Map, Value};

use super::masters::{self, Field, Kind, Master, Row};
use crate::server::problem::beginning;

/// The columns of a table that are no properties.
const OWN_COLUMNS: [&str; 6] = ["code", "display", "display_pa", "display_hi", "parent", "status"];
const CODE: usize = 0;
const STATUS: usize = 5;

/// As much of a text from the file is repeated in a message.
const REPEATED_CHARS_MAX: usize = 40;
/// So many keys that are left out are named.
const KEYS_NAMED_MAX: usize = 8;

/// Makes the whole table of the objects of a master and of what a version of its code system says besides.
///
/// # Errors
/// [`CodesError::Import`] with the object at fault, or as [`import_rows`].
pub fn read_back(
    master: &Master,
    base: &CodeSystem,
    sidecar: Sidecar,
    objects: &[DigitObject],
) -> Result<Imported, CodesError> {
    let shown = master.rows_of(base.as_of(None));
    let mut reading = Reading::of(master, base, &shown);
    for object in objects {
        reading.take(object)?;
    }
    let Reading { by_code: shown_codes, columns, mut taken, added, left_out, .. } = reading;
    let mut rows = Vec::with_capacity(base.len());
    for concept in base.concepts() {
        match taken.remove(concept.code()) {
            Some(row) => rows.push(row),
            None if shown_codes.contains_key(concept.code()) => {}
            None => {
                let place = format!("`{}` of version `{}`", concept.code(), base.version());
                rows.push((place, cells_of(concept, &columns)));
            }
        }
    }
    rows.extend(added);
    let mut imported = import_rows(sidecar, &columns, rows)?;
    let others = base.len() - shown.len();
    if others > 0 {
        imported.notes.push(format!(
            "the master `{}` shows {} codes of version `{}`; the other {others} stay as they are",
            master.schema_code(),
            shown.len(),
            base.version()
        ));
    }
    if !left_out.is_empty() {
        let named: Vec<&str> = left_out.iter().take(KEYS_NAMED_MAX).map(String::as_str).collect();
        imported.notes.push(format!(
            "left out, for the master `{}` has no such field: {}",
            master.schema_code(),
            named.join(", ")
        ));
    }
    Ok(imported)
}

struct Reading<'a> {
    master: &'a Master,
    shown: &'a [(Concept<'a>, Row)],
    by_code: BTreeMap<&'a str, usize>,
    by_identifier: BTreeMap<&'a str, usize>,
    columns: Vec<String>,
    /// By code: place and cells of the rows that the code system has.
    taken: BTreeMap<&'a str, (String, Vec<String>)>,
    added: Vec<(String, Vec<String>)>,
    /// Keys that are no field.
    left_out: BTreeSet<String>,
}

impl<'a> Reading<'a> {
    fn of(master: &'a Master, base: &'a CodeSystem, shown: &'a [(Concept<'a>, Row)]) -> Self {
        let mut columns: Vec<String> = OWN_COLUMNS.map(str::to_owned).to_vec();
        let of_fields = master.field.iter().flat_map(|field| [Some(field.column()), field.also.as_deref()]).flatten();
        let further = of_fields.chain(master.columns_of_new().map(|(column, _)| column));
        for name in base.property_names().chain(further) {
            if !columns.iter().any(|known| known == name) {
                columns.push(name.to_owned());
            }
        }
        let by_code = shown.iter().enumerate().map(|(at, (concept, _))| (concept.code(), at)).collect();
        let by_identifier =
            shown.iter().enumerate().map(|(at, (_, row))| (row.unique_identifier.as_str(), at)).collect();
        Self {
            master,
            shown,
            by_code,
            by_identifier,
            columns,
            taken: BTreeMap::new(),
            added: Vec::new(),
            left_out: BTreeSet::new(),
        }
    }

    fn take(&mut self, object: &DigitObject) -> Result<(), CodesError> {
        let (master, shown) = (self.master, self.shown);
        let schema = master.schema_code();
        if let Some(other) = object.schema.as_deref().filter(|other| *other != schema)
            && masters::all().iter().any(|master| master.schema_code() == other)
        {
            return Err(fail(
                object,
                format!("it is of the master `{other}`, and `{schema}` is read; send one of them"),
            ));
        }
        let own = master.field.first().map_or("", |field| field.name.as_str());
        let identifier = at(&object.fields, own).and_then(Value::as_str).or(object.identifier.as_deref());
        let identifier = identifier.unwrap_or_default().trim();
        if master.identifiers_before().any(|known| known == identifier) {
            return Ok(());
        }
        let known_keys = |key: &str| master.field.iter().any(|field| field.name.split('.').next() == Some(key));
        let others = object.fields.keys().filter(|key| !known_keys(key));
        self.left_out.extend(others.map(|key| format!("`{}`", beginning(key, REPEATED_CHARS_MAX))));
        let code = self.code_of(object, identifier)?;
        let found = self.find(&code, identifier, object);
        let (concept, row) = match found {
            Some(place) => {
                let (concept, row) = &shown[place];
                (Some(*concept), Some(row))
            }
            None => (None, None),
        };
        let mut cells = match concept {
            Some(concept) => cells_of(concept, &self.columns),
            None => self.cells_of_new(code),
        };
        let mut states_status = false;
        for field in &master.field {
            if let Some(value) = at(&object.fields, &field.name) {
                self.put(&mut cells, field, value, (row, object))?;
                states_status |= field.from == "status";
            }
        }
        if let Some(is_active) = object.is_active {
            // Either of the two says that it is not in use.
            let was_active = row.is_none_or(|row| row.is_active);
            if !is_active && was_active {
                "retired".clone_into(&mut cells[STATUS]);
            } else if is_active && !was_active && !states_status {
                "active".clone_into(&mut cells[STATUS]);
            }
        }
        let Some(concept) = concept else {
            self.added.push((object.place.clone(), cells));
            return Ok(());
        };
        if let Some((first, _)) = self.taken.insert(concept.code(), (object.place.clone(), cells)) {
            let shown = beginning(concept.code(), REPEATED_CHARS_MAX);
            return Err(fail(object, format!("the code `{shown}` stands at {first} already; keep one of them")));
        }
        Ok(())
    }

    /// The code of an object as the code system writes it; empty where none is stated.
    fn code_of(&self, object: &DigitObject, identifier: &str) -> Result<String, CodesError> {
        let Some(field) = self.master.field.iter().find(|field| field.from == "code" && field.kind == Kind::Text)
        else {
            return Ok(String::new());
        };
        let stated = at(&object.fields, &field.name).map(|value| text_of(value, field, object)).transpose()?;
        // In the second version the identifier may stand for it.
        let is_first = self.master.field.first().is_some_and(|first| first.name == field.name);
        let stated = stated.filter(|text| !text.is_empty());
        let code = stated.or_else(|| is_first.then(|| identifier.to_owned())).unwrap_or_default();
        Ok(with_prefix(&code, &field.without))
    }

    /// The row that the code system has for an object.
    fn find(&self, code: &str, identifier: &str, object: &DigitObject) -> Option<usize> {
        if let Some(found) = self.by_code.get(code) {
            return Some(*found);
        }
        // An identifier is not always the code: of two that are alike without their prefix, the second has its code added.
        let found = *self.by_identifier.get(identifier)?;
        let data = self.shown[found].1.data.as_object()?;
        let is_code = |field: &&Field| field.from == "code" && field.kind == Kind::Text;
        let field = self.master.field.iter().find(is_code)?;
        let stated = at(&object.fields, &field.name);
        (stated.is_none() || stated == at(data, &field.name)).then_some(found)
    }

    fn cells_of_new(&self, code: String) -> Vec<String> {
        let mut cells = vec![String::new(); self.columns.len()];
        cells[CODE] = code;
        for (column, value) in self.master.columns_of_new() {
            value.clone_into(&mut cells[self.column(column)]);
        }
        cells
    }

    fn column(&self, name: &str) -> usize {
        self.columns.iter().position(|column| column == name).expect("every column of the master is one of the table")
    }

    /// Puts the value of a field where it comes from. One that is just as it would be answered changes nothing.
    fn put(
        &self,
        cells: &mut [String],
        field: &Field,
        value: &Value,
        (row, object): (Option<&Row>, &DigitObject),
    ) -> Result<(), CodesError> {
        let answered = row.and_then(|row| at(row.data.as_object()?, &field.name));
        let is_made_of_others = field.kind == Kind::Tenant || field.from == "code";
        let says_nothing = field.kind == Kind::Flag && value.is_null();
        if answered == Some(value) || is_made_of_others || says_nothing {
            return Ok(());
        }
        let text = match field.kind {
            Kind::Flag => {
                let flag = value.as_bool().ok_or_else(|| {
                    fail(object, format!("`{}` is neither true nor false; write one of them", field.name))
                })?;
                let words = if field.from == "status" { ["retired", "active"] } else { ["false", "true"] };
                words[usize::from(flag)].to_owned()
            }
            _ => with_prefix(&text_of(value, field, object)?, &field.without),
        };
        for column in [Some(field.column()), field.also.as_deref()].into_iter().flatten() {
            text.clone_into(&mut cells[self.column(column)]);
        }
        Ok(())
    }
}

/// The cells of a concept, in the order of the columns.
fn cells_of(concept: Concept<'_>, columns: &[String]) -> Vec<String> {
    let cell = |column: &String| {
        let text = match column.as_str() {
            "code" => Some(concept.code()),
            "display" => Some(concept.display()),
            "display_pa" => concept.designation(Language::Pa),
            "display_hi" => concept.designation(Language::Hi),
            "parent" => concept.parent(),
            "status" => (concept.status() == Status::Retired).then_some("retired"),
            property => concept.property(property),
        };
        text.unwrap_or_default().to_owned()
    };
    columns.iter().map(cell).collect()
}

/// A value that is a text, a number or null, as a text.
fn text_of(value: &Value, field: &Field, object: &DigitObject) -> Result<String, CodesError> {
    match value {
        Value::Null => Ok(String::new()),
        Value::String(text) => Ok(text.trim().to_owned()),
        Value::Number(number) => Ok(number.to_string()),
        _ => Err(fail(object, format!("`{}` is neither a text nor a number; write one of them", field.name))),
    }
}

/// A code with what is left out at its beginning; nothing stays nothing.
fn with_prefix(text: &str, without: &str) -> String {
    if text.is_empty() || text.starts_with(without) { text.to_owned() } else { format!("{without}{text}") }
}

/// The value that a name leads to, through objects.
fn at<'v>(fields: &'v Map<String, Value>, name: &str) -> Option<&'v Value> {
    match name.split_once('.') {
        None => fields.get(name),
        Some((first, rest)) => at(fields.get(first)?.as_object()?, rest),
    }
}

fn fail(object: &DigitObject, problem: String) -> CodesError {
    CodesError::Import { place: object.place.clone(), problem }
}

#[cfg(test)]
mod tests {
    use kanak_codes::{Codes, diff, digit_objects};
    use serde_json::json;

    use super::*;

    /// The master of a code system as the second version answers it.
    fn answered(master: &Master, codes: &Codes) -> Vec<Value> {
        let rows = master.rows(codes, None).unwrap().into_iter();
        rows.map(|row| {
            json!({ "schemaCode": master.schema_code(), "uniqueIdentifier": row.unique_identifier, "data": row.data, "isActive": row.is_active })
        })
        .collect()
    }

    fn read(master: &Master, codes: &Codes, file: &Value) -> Result<Imported, CodesError> {
        let base = codes.get_system(&master.system).unwrap();
        let sidecar = Sidecar { version: "2".to_owned(), ..base.sidecar().clone() };
        read_back(master, base, sidecar, &digit_objects(None, file.to_string().as_bytes())?)
    }

    #[test]
    fn a_master_that_is_read_back_changes_nothing() {
        let codes = Codes::builtin().unwrap();
        for master in masters::all() {
            let base = codes.get_system(&master.system).unwrap();
            let second = json!({ "mdms": answered(master, &codes) });
            let data: Vec<Value> = master.rows(&codes, None).unwrap().into_iter().map(|row| row.data).collect();
            let first = json!({ "MdmsRes": { (master.module.as_str()): { (master.name.as_str()): data } } });
            for file in [second, first] {
                let imported = read(master, &codes, &file).unwrap();
                let found = diff(base, &imported.system);
                assert!(found.is_empty(), "{}: {found:?}", master.schema_code());
                assert_eq!(imported.system.len(), base.len());
            }
        }
    }

    #[test]
    fn what_a_master_changes_adds_and_lacks_is_changed_added_and_removed() {
        let codes = Codes::builtin().unwrap();
        let master = masters::find_of_system("complaint-type", None).unwrap();
        let base = codes.get_system("complaint-type").unwrap();
        let mut rows = answered(master, &codes);
        let gone = rows.remove(0)["uniqueIdentifier"].as_str().unwrap().to_owned();
        rows[0]["data"]["slaHours"] = json!(12);
        rows[0]["data"]["department"] = json!("DEPT_2");
        rows[1]["isActive"] = json!(false);
        rows.push(json!({ "uniqueIdentifier": "NewOne", "data": {
            "serviceCode": "NewOne", "name": "A new one", "department": "DEPT_3", "active": true, "order": 7 } }));
        let imported = read(master, &codes, &json!({ "mdms": rows })).unwrap();
        let found = diff(base, &imported.system);
        assert_eq!(found.removed.iter().map(kanak_codes::Concept::code).collect::<Vec<_>>(), [gone]);
        let changed: Vec<Vec<(&str, &str)>> = found
            .changed
            .iter()
            .map(|change| change.fields.iter().map(|field| (field.field, field.after)).collect())
            .collect();
        let department = [("parent", "MC-DEPT_2"), ("department", "MC-DEPT_2"), ("sla_hours", "12")];
        assert_eq!(changed, [department.to_vec(), vec![("status", "retired")]]);
        let [added] = found.added.as_slice() else { panic!("{found:?}") };
        assert_eq!((added.code(), added.parent(), added.display()), ("NewOne", Some("MC-DEPT_3"), "A new one"));
        assert!(imported.notes.iter().any(|note| note.contains("`order`")), "{:?}", imported.notes);
    }

    #[test]
    fn rows_of_a_register_that_the_master_does_not_show_stay() {
        let codes = Codes::builtin().unwrap();
        let master = masters::find_of_system("department", Some("Department")).unwrap();
        let file = json!([{ "code": "DEPT_1", "name": "Street Lights", "active": true }, { "code": "DEPT_99", "name": "New" }]);
        let imported = read(master, &codes, &file).unwrap();
        let system = &imported.system;
        assert!(system.lookup("LGD-237").is_some() && system.lookup("MC-DEPT_2").is_none());
        let new = system.lookup("MC-DEPT_99").unwrap();
        assert_eq!((new.property("register"), new.property("kind")), (Some("municipal"), Some("branch")));
        assert!(imported.notes.iter().any(|note| note.contains("stay as they are")), "{:?}", imported.notes);
        assert!(masters::find_of_system("department", Some("Designation")).is_none());
    }

    #[test]
    fn what_does_not_read_is_refused_with_its_object() {
        let codes = Codes::builtin().unwrap();
        let master = masters::find_of_system("department", None).unwrap();
        let refuses = |file: Value, words: &str| {
            let error = read(master, &codes, &file).unwrap_err().to_string();
            assert!(error.starts_with("object 2: ") && error.contains(words), "{error}");
        };
        let first = json!({ "code": "DEPT_1", "name": "Street Lights", "active": true });
        refuses(json!([first, first]), "stands at object 1 already");
        refuses(json!([first, { "name": "No code" }]), "no code");
        refuses(json!([first, { "code": "DEPT_2", "active": "yes" }]), "`active` is neither true nor false");
        refuses(json!([first, { "code": "DEPT_2", "name": ["x"] }]), "`name` is neither a text nor a number");
        let other = json!({ "schemaCode": "tenant.tenants", "uniqueIdentifier": "pb", "data": { "code": "pb" } });
        refuses(json!([first, other]), "`tenant.tenants`");
    }
}

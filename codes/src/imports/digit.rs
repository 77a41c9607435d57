//! Masters of DIGIT's MDMS, as files, as the answer of a search, or as the rows of its second version.

use serde_json::{Map, Value};

use super::{CODE, DISPLAY, Draft, Imported, PARENT, STATUS, fail, read_json, shorten};
use crate::{error::CodesError, sidecar::Sidecar};

/// Reads a master of DIGIT's MDMS in JSON: a list of objects with `code`, `name` and `active`, alone or under its name
/// (`{"tenantId": "pb", "moduleName": "common-masters", "Department": [...]}`, `{"MdmsRes": {...}}`), or rows of its second version
/// (`{"mdms": [{"uniqueIdentifier", "data", "isActive"}]}`). Where a file has several masters, `master` says which. What else an
/// object holds becomes properties, `slaHours` as `sla_hours`, lists parted by `|`, objects as their JSON.
///
/// # Errors
/// [`CodesError::Import`] with the object at fault, [`CodesError::Sidecar`] or [`CodesError::Table`].
pub fn import_digit(mut sidecar: Sidecar, master: Option<&str>, bytes: &[u8]) -> Result<Imported, CodesError> {
    let file = read_json(bytes)?;
    let rows = find_master(&file, master)?;
    let mut draft = Draft::new();
    let mut has_parents = false;
    for (row, place) in rows.iter().zip((1..).map(|number| format!("object {number}"))) {
        let (outer, fields) = parts_of(row, &place)?;
        let cells = read_fields(&mut draft, &place, outer, fields)?;
        has_parents |= cells.iter().any(|(at, cell)| *at == PARENT && !cell.is_empty());
        draft.push(place, cells)?;
    }
    if has_parents && sidecar.parent_system.is_none() {
        sidecar.parent_system = Some(sidecar.name.clone());
    }
    draft.finish(sidecar)
}

/// An object of a master, as it stands in a file.
#[derive(Debug, Clone, PartialEq)]
pub struct DigitObject {
    /// Where it stands, for errors: `object 3`.
    pub place: String,
    /// Its fields.
    pub fields: Map<String, Value>,
    /// In the second version of MDMS, of which master it is: `common-masters.Department`.
    pub schema: Option<String>,
    /// In the second version, its identifier in the master.
    pub identifier: Option<String>,
    /// In the second version, whether it is in use.
    pub is_active: Option<bool>,
}

/// The objects of a master in any of the forms that [`import_digit`] reads.
///
/// # Errors
/// [`CodesError::Import`] with the object at fault, or that says which masters there are.
pub fn digit_objects(master: Option<&str>, bytes: &[u8]) -> Result<Vec<DigitObject>, CodesError> {
    let file = read_json(bytes)?;
    let object = |(row, number): (&Value, usize)| -> Result<DigitObject, CodesError> {
        let place = format!("object {number}");
        let (outer, fields) = parts_of(row, &place)?;
        let is_wrapped = !std::ptr::eq(outer, fields);
        let text = |key: &str| outer.get(key).filter(|_| is_wrapped).and_then(Value::as_str).map(str::to_owned);
        let is_active = outer.get("isActive").filter(|_| is_wrapped).and_then(Value::as_bool);
        let (schema, identifier) = (text("schemaCode"), text("uniqueIdentifier"));
        Ok(DigitObject { place, fields: fields.clone(), schema, identifier, is_active })
    };
    find_master(&file, master)?.iter().zip(1..).map(object).collect()
}

/// The fields of an object.
type Fields = Map<String, Value>;

/// What stands around an object, and its own fields; both are the same where nothing does.
fn parts_of<'v>(row: &'v Value, place: &str) -> Result<(&'v Fields, &'v Fields), CodesError> {
    let Some(fields) = row.as_object() else {
        return Err(fail(place, "it is no object; a master is a list of objects".to_owned()));
    };
    Ok(match fields.get("data").and_then(Value::as_object) {
        Some(data) if fields.contains_key("uniqueIdentifier") || fields.contains_key("schemaCode") => (fields, data),
        _ => (fields, fields),
    })
}

const CODE_KEYS: [&str; 2] = ["code", "serviceCode"];
const NAME_KEYS: [&str; 3] = ["name", "serviceName", "title"];
const ACTIVE_KEYS: [&str; 2] = ["active", "isActive"];

fn read_fields(
    draft: &mut Draft,
    place: &str,
    outer: &Map<String, Value>,
    fields: &Map<String, Value>,
) -> Result<Vec<(usize, String)>, CodesError> {
    let first = |keys: &[&'static str]| keys.iter().find(|key| fields.get(**key).is_some_and(is_scalar)).copied();
    let (code_key, name_key) = (first(&CODE_KEYS), first(&NAME_KEYS));
    let code = match (code_key, outer.get("uniqueIdentifier")) {
        (Some(key), _) => cell(&fields[key]),
        (None, Some(identifier)) => cell(identifier),
        (None, None) => String::new(),
    };
    let name = name_key.map_or_else(String::new, |key| cell(&fields[key]));
    let is_inactive =
        ACTIVE_KEYS.iter().any(|key| [outer, fields].iter().any(|of| of.get(*key) == Some(&Value::Bool(false))));
    let mut cells = vec![(DISPLAY, if name.is_empty() { code.clone() } else { name }), (CODE, code)];
    if is_inactive {
        cells.push((STATUS, "retired".to_owned()));
    }
    for (key, value) in fields {
        let key = key.as_str();
        if Some(key) == code_key || Some(key) == name_key || ACTIVE_KEYS.contains(&key) {
            continue;
        }
        let value = cell(value);
        if value.is_empty() {
            continue;
        }
        let name = match snake_case(key) {
            name if ["code", "display", "display_pa", "display_hi", "status"].contains(&name.as_str()) => {
                format!("digit_{name}")
            }
            name => name,
        };
        let at = draft.column(place, &name)?;
        if cells.iter().any(|(known, _)| *known == at) {
            return Err(fail(place, format!("two of its keys are `{name}`; keep one of them")));
        }
        cells.push((at, value));
    }
    Ok(cells)
}

/// The list of objects in a file.
fn find_master<'v>(file: &'v Value, master: Option<&str>) -> Result<&'v [Value], CodesError> {
    if let Value::Array(rows) = file {
        return Ok(rows);
    }
    // `{"MdmsRes": {"module": {"Master": [...]}}}`: down as far as there are only objects.
    let mut masters: Vec<(&str, &[Value])> = Vec::new();
    let mut waiting = vec![(file, 0)];
    while let Some((value, depth)) = waiting.pop() {
        for (key, value) in value.as_object().into_iter().flatten() {
            match value {
                Value::Array(rows) if rows.first().is_none_or(Value::is_object) => masters.push((key, rows)),
                Value::Object(_) if depth < 2 && key != "ResponseInfo" => waiting.push((value, depth + 1)),
                _ => {}
            }
        }
    }
    let is_asked_for = |name: &str| master.is_none_or(|master| master == name);
    let known = masters.iter().map(|(name, _)| shorten(name)).collect::<Vec<_>>().join(", ");
    match &*masters.into_iter().filter(|(name, _)| is_asked_for(name)).collect::<Vec<_>>() {
        [(_, rows)] => Ok(rows),
        [] if known.is_empty() => Err(fail("the file", "it has no list of objects; send a master of MDMS".to_owned())),
        _ => Err(fail("the file", format!("say which master to read; it has {known}"))),
    }
}

fn is_scalar(value: &Value) -> bool {
    matches!(value, Value::String(_) | Value::Number(_))
}

/// A value as a cell: lists of plain values parted by `|`, objects as their JSON.
fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.trim().to_owned(),
        Value::Array(values) if values.iter().all(|value| !value.is_array() && !value.is_object()) => {
            values.iter().map(cell).collect::<Vec<_>>().join("|")
        }
        other => other.to_string(),
    }
}

/// `slaHours` as `sla_hours`.
fn snake_case(key: &str) -> String {
    let mut name = String::new();
    for character in key.chars() {
        if character.is_ascii_uppercase() && !name.is_empty() && !name.ends_with('_') {
            name.push('_');
        }
        name.push(if character == '.' { '_' } else { character.to_ascii_lowercase() });
    }
    name
}

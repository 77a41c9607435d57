//! HL7 FHIR CodeSystem resources, R4 and R5.

use serde_json::Value;

use super::{CODE, DISPLAY, DISPLAY_HI, DISPLAY_PA, Draft, Imported, PARENT, STATUS, fail, read_json, shorten};
use crate::{day::Day, declared, error::CodesError, language::Language, sidecar::Sidecar};

/// Reads a FHIR CodeSystem in JSON. What the sidecar leaves empty is taken from the resource: name, title, version, source
/// (`publisher`), licence (`copyright`), date. Concepts within concepts make a hierarchy, as does the property `parent`.
/// `inactive` and `status` say what is retired; `effectiveDate`, `retirementDate` and `replacedBy` become `valid_from`,
/// `valid_until` and `replaced_by`.
///
/// # Errors
/// [`CodesError::Import`] with the concept at fault, [`CodesError::Sidecar`] or [`CodesError::Table`].
pub fn import_fhir(mut sidecar: Sidecar, bytes: &[u8]) -> Result<Imported, CodesError> {
    let resource = read_json(bytes)?;
    let kind = text(&resource, "resourceType");
    if kind != "CodeSystem" {
        return Err(fail("the file", format!("`resourceType` is `{}`; send a CodeSystem", shorten(kind))));
    }
    if let content @ ("not-present" | "example" | "fragment" | "supplement") = text(&resource, "content") {
        let problem =
            format!("its `content` is `{content}`; send the whole code system, which has `content: complete`");
        return Err(fail("the file", problem));
    }
    let mut reading = Reading { draft: Draft::new(), count: 0, has_parents: false };
    reading.concepts(&resource, "")?;
    let Reading { mut draft, has_parents, .. } = reading;

    fill_in(&mut sidecar, &resource);
    if has_parents && sidecar.parent_system.is_none() {
        sidecar.parent_system = Some(sidecar.name.clone());
    }
    if resource.get("caseSensitive") == Some(&Value::Bool(false)) {
        let has_small = draft.rows.iter().any(|row| row.cells[CODE].bytes().any(|byte| byte.is_ascii_lowercase()));
        sidecar.case_insensitive = !has_small;
        if has_small {
            draft
                .notes
                .push("the resource ignores case, but has codes with small letters; case matters here".to_owned());
        }
    }
    draft.finish(sidecar)
}

fn fill_in(sidecar: &mut Sidecar, resource: &Value) {
    let fill = |into: &mut String, keys: &[&str]| {
        if into.trim().is_empty() {
            let found = keys.iter().map(|key| text(resource, key)).find(|text| !text.trim().is_empty());
            found.unwrap_or_default().clone_into(into);
        }
    };
    fill(&mut sidecar.title_en, &["title", "name", "id"]);
    fill(&mut sidecar.version, &["version"]);
    fill(&mut sidecar.source, &["publisher", "url"]);
    fill(&mut sidecar.licence, &["copyright"]);
    fill(&mut sidecar.source_date, &["date"]);
    if sidecar.licence.is_empty() {
        "none stated".clone_into(&mut sidecar.licence);
    }
    if sidecar.name.is_empty() {
        fill(&mut sidecar.name, &["id", "name"]);
        sidecar.name = to_name(&sidecar.name);
    }
}

/// `AdministrativeGender` and `administrative gender` as `administrative-gender`.
fn to_name(text: &str) -> String {
    let mut name = String::new();
    for character in text.chars() {
        let begins_a_word = !character.is_ascii_alphanumeric() || character.is_ascii_uppercase();
        if begins_a_word && !name.is_empty() && !name.ends_with('-') {
            name.push('-');
        }
        if character.is_ascii_alphanumeric() {
            name.push(character.to_ascii_lowercase());
        }
    }
    name.truncate(64);
    let name = name.trim_end_matches('-').to_owned();
    debug_assert!(name.is_empty() || declared::is_name(&name), "{name}");
    name
}

struct Reading {
    draft: Draft,
    count: usize,
    has_parents: bool,
}

impl Reading {
    /// Reads the concepts of a resource or of a concept.
    fn concepts(&mut self, within: &Value, parent: &str) -> Result<(), CodesError> {
        let Some(concepts) = within.get("concept") else { return Ok(()) };
        let Some(concepts) = concepts.as_array() else {
            return Err(fail(&format!("concept {}", self.count + 1), "`concept` is no list".to_owned()));
        };
        for concept in concepts {
            self.count += 1;
            self.concept(concept, parent)?;
        }
        Ok(())
    }

    fn concept(&mut self, concept: &Value, parent: &str) -> Result<(), CodesError> {
        let place = format!("concept {}", self.count);
        let code = text(concept, "code").trim();
        let display = text(concept, "display").trim();
        if display.is_empty() && !code.is_empty() {
            self.note(
                format!("concepts without a display, such as `{}`, are shown by their code", shorten(code)),
                "concepts without a display",
            );
        }
        let mut cells = vec![
            (CODE, code.to_owned()),
            (DISPLAY, if display.is_empty() { code } else { display }.to_owned()),
            (PARENT, parent.to_owned()),
        ];
        let definition = text(concept, "definition").trim();
        if !definition.is_empty() {
            cells.push((self.draft.column(&place, "definition")?, definition.to_owned()));
        }
        self.designations(concept, &mut cells);
        self.properties(concept, &place, &mut cells)?;
        self.has_parents |= cells.iter().any(|(at, cell)| *at == PARENT && !cell.is_empty());
        self.draft.push(place, cells)?;
        self.concepts(concept, code)
    }

    fn designations(&mut self, concept: &Value, cells: &mut Vec<(usize, String)>) {
        for designation in list(concept, "designation") {
            let (tag, value) = (text(designation, "language"), text(designation, "value").trim());
            match Language::find_by_tag(tag) {
                Some(Language::Pa) if is_free(cells, DISPLAY_PA) => cells.push((DISPLAY_PA, value.to_owned())),
                Some(Language::Hi) if is_free(cells, DISPLAY_HI) => cells.push((DISPLAY_HI, value.to_owned())),
                _ => self.note(
                    "further designations, in other languages or for other uses, are left out".to_owned(),
                    "further designations",
                ),
            }
        }
    }

    fn properties(&mut self, concept: &Value, place: &str, cells: &mut Vec<(usize, String)>) -> Result<(), CodesError> {
        for property in list(concept, "property") {
            let name = text(property, "code");
            let value = property_value(property).ok_or_else(|| {
                fail(place, format!("the property `{}` has no value that can be read", shorten(name)))
            })?;
            let at = match name {
                "parent" => PARENT,
                "child" => continue,
                "inactive" | "notSelectable" | "status" => {
                    if name != "notSelectable" && ["true", "retired", "inactive"].contains(&value.as_str()) {
                        cells.push((STATUS, "retired".to_owned()));
                    }
                    continue;
                }
                "effectiveDate" => self.draft.column(place, "valid_from")?,
                "retirementDate" | "deprecationDate" => self.draft.column(place, "valid_until")?,
                "replacedBy" | "replaced-by" => self.draft.column(place, "replaced_by")?,
                "code" | "display" | "display_pa" | "display_hi" => {
                    self.draft.column(place, &format!("property_{name}"))?
                }
                other => self.draft.column(place, other)?,
            };
            match cells.iter_mut().find(|(known, _)| *known == at) {
                Some((PARENT, first)) if first.is_empty() => *first = value,
                Some((PARENT, first)) if *first != value => self.note(
                    "concepts with several parents keep the first; declare the others as a further hierarchy"
                        .to_owned(),
                    "concepts with several parents",
                ),
                Some((PARENT, _)) => {}
                Some((_, values)) => {
                    values.push('|');
                    values.push_str(&value);
                }
                None => cells.push((at, value)),
            }
        }
        Ok(())
    }

    /// Says something once, however many concepts it is true of.
    fn note(&mut self, note: String, beginning: &str) {
        if !self.draft.notes.iter().any(|known| known.starts_with(beginning)) {
            self.draft.notes.push(note);
        }
    }
}

fn is_free(cells: &[(usize, String)], at: usize) -> bool {
    cells.iter().all(|(known, _)| *known != at)
}

/// A `value[x]` as a cell: of a time only its day, when it has one.
fn property_value(property: &Value) -> Option<String> {
    let fields = property.as_object()?;
    let (kind, value) = fields.iter().find(|(key, _)| key.starts_with("value") && !key.starts_with('_'))?;
    match (kind.as_str(), value) {
        ("valueCoding", coding) => Some(coding.get("code")?.as_str()?.trim().to_owned()),
        ("valueDateTime", Value::String(time)) => {
            let day = time.get(..10).filter(|day| Day::parse(day).is_some());
            Some(day.unwrap_or(time).to_owned())
        }
        (_, Value::String(text)) => Some(text.trim().to_owned()),
        (_, Value::Number(number)) => Some(number.to_string()),
        (_, Value::Bool(flag)) => Some(flag.to_string()),
        _ => None,
    }
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

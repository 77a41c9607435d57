//! Finding what a canonical URL or a name stands for, and describing it as a resource.

use kanak_codes::{
    AsOf, CodeSystem, Codes, Concept, ConceptMap, Day, Language, OneOrMore, Relationship, Rule, Status, ValueSet,
};
use serde_json::{Map, Value, json};

use crate::server::problem::Problem;
use crate::v1::code_systems::answered::Keep;
use crate::v1::code_systems::view::{status_word, url_of};

/// What a URL ends with that stands for all codes of a code system.
const ALL_CODES: &str = "?fhir_vs";

/// The name and perhaps the version in a canonical URL of a kind (`code-system`, `value-set`, `concept-map`), or in a name as it is.
pub fn name_in<'u>(kind: &str, url: &'u str) -> (&'u str, Option<&'u str>) {
    let url = url.trim();
    let name =
        url.strip_prefix("urn:kanak:").and_then(|rest| rest.strip_prefix(kind)?.strip_prefix(':')).unwrap_or(url);
    match name.split_once('|') {
        Some((name, version)) => (name, Some(version).filter(|version| !version.is_empty())),
        None => (name, None),
    }
}

/// The code system of a canonical URL or a name, as of a day. A version in the URL goes before the other.
///
/// # Errors
/// 400 where none is named; 404 where it is not there.
pub fn find_system<'c>(
    codes: &'c Codes,
    url: Option<&str>,
    version: Option<&str>,
    day: Option<Day>,
) -> Result<AsOf<'c>, Problem> {
    let missing = || Problem::bad_request("no code system is named; send `system`, its canonical URL or its name");
    let (name, own_version) = name_in("code-system", url.ok_or_else(missing)?);
    Ok(codes.as_of(name, own_version.or(version), day)?)
}

/// How long an answer about a version of a code system may be kept: for good where the version is named, and the day with it or nothing of
/// the version hangs on the day any more.
pub fn keep_of(as_of: AsOf<'_>, is_named: bool, asked_day: Option<Day>, today: Day) -> Keep {
    if is_named && (asked_day.is_some() || is_settled(as_of.system(), today)) { Keep::ForGood } else { Keep::AWhile }
}

/// Whether no code of a version begins or ends after a day: on any later one it is what it is on this.
fn is_settled(system: &CodeSystem, day: Day) -> bool {
    let is_past = |bound: Option<Day>| bound.is_none_or(|bound| bound <= day);
    let is_past = |concept: Concept<'_>| is_past(concept.validity().from) && is_past(concept.validity().until);
    !system.keeps_history() || system.concepts().all(is_past)
}

/// The code system whose codes, all of them, a value set's URL stands for, and the version in the URL.
pub fn all_codes_of(url: &str) -> Option<(&str, Option<&str>)> {
    let url = url.trim();
    match url.split_once(ALL_CODES) {
        Some((system, "" | "|")) => Some((system, None)),
        Some((system, rest)) if rest.starts_with('|') => Some((system, rest.strip_prefix('|'))),
        _ => url.starts_with("urn:kanak:code-system:").then_some((url, None)),
    }
}

/// The value set of a canonical URL or a name. A version in the URL goes before the other.
///
/// # Errors
/// 404 where it is not there, or not in that version.
pub fn find_value_set<'c>(codes: &'c Codes, url: &str, version: Option<&str>) -> Result<&'c ValueSet, Problem> {
    let (name, own_version) = name_in("value-set", url);
    let set = codes.get_value_set(name)?;
    check_version(("value set", set.name()), own_version.or(version), set.version())?;
    Ok(set)
}

/// The concept map of a canonical URL or a name. A version in the URL goes before the other.
///
/// # Errors
/// 404 where it is not there, or not in that version.
pub fn find_concept_map<'c>(codes: &'c Codes, url: &str, version: Option<&str>) -> Result<&'c ConceptMap, Problem> {
    let (name, own_version) = name_in("concept-map", url);
    let map = codes.get_concept_map(name)?;
    check_version(("concept map", map.name()), own_version.or(version), map.version())?;
    Ok(map)
}

/// Of value sets and concept maps one version is there at a time.
fn check_version((kind, name): (&str, &str), asked: Option<&str>, there: &str) -> Result<(), Problem> {
    match asked.filter(|asked| *asked != there) {
        Some(asked) => Err(Problem::not_found(format!("{kind} `{name}` has no version `{asked}`; there is {there}"))),
        None => Ok(()),
    }
}

/// The name of the code system that came with a code, where it is another than that of a canonical URL or a name.
pub fn other_system<'u>(asked: &str, sent: Option<&'u str>) -> Option<&'u str> {
    let sent = name_in("code-system", sent?).0;
    (sent != name_in("code-system", asked).0).then_some(sent)
}

/// What is said of a code of another system than the one that is asked about.
pub fn wrong_system(code: &str, sent: &str, asked: &str) -> String {
    let asked = name_in("code-system", asked).0;
    format!(
        "`{code}` came as a code of `{sent}`, and `{asked}` is asked about; send a code of `{asked}`, or ask `{sent}`"
    )
}

/// Whether a code may no longer, or not yet, be given on a day. Until when it may, dates say where the table has them.
pub fn is_inactive(concept: Concept<'_>, day: Day) -> bool {
    let validity = concept.validity();
    !validity.holds_on(day) || (concept.status() == Status::Retired && validity.until.is_none())
}

/// The canonical URL of a code system.
pub fn url_of_system(name: &str) -> String {
    url_of("code-system", name)
}

/// The id of a version of a code system: its name, and for another than the current one its version as well.
pub fn id_of(codes: &Codes, system: &CodeSystem) -> String {
    let is_current = codes.system(system.name()).is_some_and(|current| current.version() == system.version());
    if is_current {
        return system.name().to_owned();
    }
    let id = format!("{}.{}", system.name(), system.version());
    id.chars().map(|letter| if matches!(letter, '_' | '+') { '-' } else { letter }).take(64).collect()
}

/// Every version of every code system, the current one of each first.
pub fn all_systems(codes: &Codes) -> impl Iterator<Item = &CodeSystem> {
    codes.systems().flat_map(move |current| {
        let others = codes.versions(current.name()).filter(move |other| other.version() != current.version());
        std::iter::once(current).chain(others)
    })
}

/// A name as a program may have it: `lgd-district` is `LgdDistrict`.
pub fn computable(name: &str) -> String {
    name.split('-')
        .map(|part| part[..part.len().min(1)].to_ascii_uppercase() + part.get(1..).unwrap_or_default())
        .collect()
}

/// What all three kinds of resource say of themselves. What is not stated is left out.
fn described(kind: &str, texts: &[(&str, &str)], made_up: bool) -> Map<String, Value> {
    let mut resource = Map::new();
    resource.insert("resourceType".to_owned(), kind.into());
    for (name, text) in texts.iter().filter(|(_, text)| !text.trim().is_empty()) {
        resource.insert((*name).to_owned(), (*text).into());
    }
    resource.insert("experimental".to_owned(), made_up.into());
    resource
}

/// A date as FHIR takes it, of a day, a month or a year; empty where it is none.
fn date(text: &str) -> &str {
    let whole = match text.len() {
        4 => format!("{text}-01-01"),
        7 => format!("{text}-01"),
        _ => text.to_owned(),
    };
    if Day::parse(&whole).is_some() { text } else { "" }
}

/// What a code system is called in resources: `active` for the current version, `retired` for one before it, `draft` for one to come.
pub fn status_of(codes: &Codes, system: &CodeSystem) -> &'static str {
    let place = |version: &str| codes.versions(system.name()).position(|known| known.version() == version);
    let current = codes.system(system.name()).and_then(|current| place(current.version()));
    match place(system.version()).cmp(&current) {
        std::cmp::Ordering::Less => "retired",
        std::cmp::Ordering::Equal => "active",
        std::cmp::Ordering::Greater => "draft",
    }
}

/// A code system without its concepts, which `$lookup` and `$expand` tell.
pub fn code_system(codes: &Codes, system: &CodeSystem) -> Value {
    let url = url_of_system(system.name());
    let texts: [(&str, &str); 13] = [
        ("id", &id_of(codes, system)),
        ("url", &url),
        ("version", system.version()),
        ("name", &computable(system.name())),
        ("title", system.title()),
        ("status", status_of(codes, system)),
        ("date", date(system.source_date())),
        ("publisher", system.source()),
        ("description", system.notes()),
        ("copyright", system.licence()),
        ("valueSet", &format!("{url}{ALL_CODES}")),
        ("hierarchyMeaning", if system.is_hierarchical() { "is-a" } else { "" }),
        ("content", "not-present"),
    ];
    let mut resource = described("CodeSystem", &texts, system.is_made_up());
    resource.insert("caseSensitive".to_owned(), (!system.ignores_case()).into());
    resource.insert("count".to_owned(), system.len().into());
    let properties = system.declared_properties();
    resource.insert("filter".to_owned(), filters_of(system, &properties).into());
    resource.insert("property".to_owned(), properties_of(system, &properties).into());
    Value::Object(resource)
}

/// What `$lookup` tells of a concept beside its names.
fn properties_of(system: &CodeSystem, properties: &[String]) -> Vec<Value> {
    let property = |code: &str, kind: &str| json!({ "code": code, "type": kind });
    let mut told = vec![property("inactive", "boolean")];
    if system.parent_system().is_some() {
        told.push(property("parent", "code"));
    }
    if system.is_hierarchical() {
        told.push(property("child", "code"));
    }
    told.extend(properties.iter().map(|name| property(name, "string")));
    told
}

/// What rules of value sets choose concepts by.
fn filters_of(system: &CodeSystem, properties: &[String]) -> Vec<Value> {
    let filter =
        |code: &str, operators: &[&str], value: &str| json!({ "code": code, "operator": operators, "value": value });
    let mut told =
        vec![filter("code", &["in"], "codes, parted by commas"), filter("status", &["="], "active or retired")];
    if system.is_hierarchical() {
        told.push(filter("concept", &["is-a"], "a code"));
        told.push(filter("parent", &["=", "is-a"], "a code"));
    } else if system.parent_system().is_some() {
        told.push(filter("parent", &["="], "a code of the system of the parents"));
    }
    let further = &system.sidecar().hierarchies;
    told.extend(properties.iter().map(|name| {
        let operators: &[&str] = if further.contains(name) { &["=", "in", "is-a"] } else { &["=", "in"] };
        filter(name, operators, "a value, or several that are parted by commas")
    }));
    told
}

/// A value set with its rules.
pub fn value_set(set: &ValueSet) -> Value {
    let texts: [(&str, &str); 10] = [
        ("id", set.name()),
        ("url", &url_of("value-set", set.name())),
        ("version", set.version()),
        ("name", &computable(set.name())),
        ("title", set.title_in(Language::En)),
        ("status", "active"),
        ("date", date(set.source_date())),
        ("publisher", set.source()),
        ("description", set.notes()),
        ("copyright", set.licence()),
    ];
    let mut resource = described("ValueSet", &texts, set.is_made_up());
    let rules = |rules: &[Rule]| rules.iter().map(rule).collect::<Vec<_>>();
    let mut compose = json!({ "include": rules(set.includes()) });
    if !set.excludes().is_empty() {
        compose["exclude"] = rules(set.excludes()).into();
    }
    resource.insert("compose".to_owned(), compose);
    Value::Object(resource)
}

fn rule(rule: &Rule) -> Value {
    let mut filters = Vec::new();
    let mut filter = |property: &str, op: &str, value: &str| {
        filters.push(json!({ "property": property, "op": op, "value": value }));
    };
    if let Some(code) = &rule.is_a {
        filter(rule.hierarchy.as_deref().unwrap_or("concept"), "is-a", code);
    }
    if let Some(code) = &rule.parent {
        filter("parent", "=", code);
    }
    if let Some(status) = rule.status {
        filter("status", "=", status_word(status));
    }
    for (name, values) in &rule.properties {
        match values {
            OneOrMore::One(value) => filter(name, "=", value),
            OneOrMore::More(values) => filter(name, "in", &values.join(",")),
        }
    }
    let lists_only = filters.is_empty();
    if !rule.codes.is_empty() && !lists_only {
        filters.push(json!({ "property": "code", "op": "in", "value": rule.codes.join(",") }));
    }
    let mut included = Map::new();
    if let Some(system) = &rule.system {
        included.insert("system".to_owned(), url_of_system(system).into());
    }
    if !rule.codes.is_empty() && lists_only {
        let listed: Vec<Value> = rule.codes.iter().map(|code| json!({ "code": code })).collect();
        included.insert("concept".to_owned(), listed.into());
    }
    if !filters.is_empty() {
        included.insert("filter".to_owned(), filters.into());
    }
    if let Some(set) = &rule.value_set {
        included.insert("valueSet".to_owned(), json!([url_of("value-set", set)]));
    }
    Value::Object(included)
}

/// More rows of a map than these are told by `$translate` alone.
const ROWS_SHOWN_MAX: usize = 10_000;

/// A concept map, with its rows where they are not too many.
pub fn concept_map(map: &ConceptMap) -> Value {
    let texts: [(&str, &str); 10] = [
        ("id", map.name()),
        ("url", &url_of("concept-map", map.name())),
        ("version", map.version()),
        ("name", &computable(map.name())),
        ("title", map.title_in(Language::En)),
        ("status", "active"),
        ("date", date(map.source_date())),
        ("publisher", map.source()),
        ("description", map.notes()),
        ("copyright", map.licence()),
    ];
    let mut resource = described("ConceptMap", &texts, map.is_made_up());
    if map.len() <= ROWS_SHOWN_MAX {
        let mut elements: Vec<Value> = Vec::new();
        for mapping in map.mappings() {
            let mut target = json!({ "equivalence": equivalence(mapping.relationship, mapping.to_code) });
            for (name, text) in [("code", mapping.to_code), ("comment", mapping.comment)] {
                if !text.is_empty() {
                    target[name] = text.into();
                }
            }
            match elements.last_mut().filter(|element| element["code"] == mapping.from_code) {
                Some(element) => element["target"].as_array_mut().expect("an element has targets").push(target),
                None => elements.push(json!({ "code": mapping.from_code, "target": [target] })),
            }
        }
        let (source, target) = (url_of_system(map.source_system()), url_of_system(map.target_system()));
        resource.insert("group".to_owned(), json!([{ "source": source, "target": target, "element": elements }]));
    }
    Value::Object(resource)
}

/// A relationship in the words of R4, which say what the target is to the source.
pub fn equivalence(relationship: Relationship, to_code: &str) -> &'static str {
    match relationship {
        Relationship::Equivalent => "equivalent",
        Relationship::SourceIsNarrowerThanTarget => "wider",
        Relationship::SourceIsBroaderThanTarget => "narrower",
        Relationship::RelatedTo => "relatedto",
        Relationship::NotRelatedTo if to_code.is_empty() => "unmatched",
        Relationship::NotRelatedTo => "disjoint",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_canonical_url_and_a_name_lead_to_the_same() {
        assert_eq!(name_in("code-system", "urn:kanak:code-system:nic|2008"), ("nic", Some("2008")));
        assert_eq!(name_in("code-system", "nic"), ("nic", None));
        assert_eq!(name_in("value-set", "urn:kanak:code-system:nic"), ("urn:kanak:code-system:nic", None));
        let nic = "urn:kanak:code-system:nic";
        assert_eq!(all_codes_of("urn:kanak:code-system:nic?fhir_vs"), Some((nic, None)));
        assert_eq!(all_codes_of("urn:kanak:code-system:nic?fhir_vs|2008"), Some((nic, Some("2008"))));
        assert_eq!(all_codes_of(nic), Some((nic, None)));
        assert_eq!(all_codes_of("districts-punjab"), None);
        assert_eq!(computable("lgd-district"), "LgdDistrict");
        assert_eq!((date("2021-07"), date("2022-03-11"), date("unknown")), ("2021-07", "2022-03-11", ""));
    }
}

//! Wire types of code systems: what the API answers and `kanak codes --json` prints.

use std::collections::{BTreeMap, BTreeSet};

use kanak_codes::{
    AsOf, CodeSystem, Codes, Concept, Day, Diff, Language, LineageStep, Relationship, SearchHit, Status, Subsumption,
    Validation, diff,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::server::problem::Problem;

/// A code system with its origin.
#[derive(Serialize, ToSchema)]
pub struct CodeSystemView {
    /// Its name in URLs.
    name: String,
    /// Its canonical URL, by which FHIR clients know it.
    url: String,
    /// Its title in English.
    title: String,
    /// Its titles by language tag.
    titles: BTreeMap<&'static str, String>,
    /// Which edition this is.
    version: String,
    /// The first day on which this version is the one in force; absent when it has been ever since.
    #[serde(skip_serializing_if = "Option::is_none")]
    effective_from: Option<String>,
    /// Where it comes from.
    source: String,
    /// The date of the source, as precise as it is known; absent where nobody states it.
    #[serde(skip_serializing_if = "Option::is_none")]
    source_date: Option<String>,
    /// Under which licence.
    licence: String,
    /// Whether all or part of it is made up.
    made_up: bool,
    /// How many concepts it has.
    concepts: usize,
    /// How many the publisher counts, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    official_count: Option<usize>,
    /// The code system to which the parents of its codes belong; its own name for a hierarchy.
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_system: Option<String>,
    /// Whether codes are asked for in any case.
    ignores_case: bool,
    /// What to know before relying on it.
    notes: String,
}

impl From<&CodeSystem> for CodeSystemView {
    fn from(system: &CodeSystem) -> Self {
        Self {
            name: system.name().to_owned(),
            url: url_of("code-system", system.name()),
            title: system.title().to_owned(),
            titles: titles(|language| system.title_in(language)),
            version: system.version().to_owned(),
            effective_from: system.effective_from().map(|day| day.to_string()),
            source: system.source().to_owned(),
            source_date: system.stated_source_date().map(str::to_owned),
            licence: system.licence().to_owned(),
            made_up: system.is_made_up(),
            concepts: system.len(),
            official_count: system.official_count(),
            parent_system: system.parent_system().map(str::to_owned),
            ignores_case: system.ignores_case(),
            notes: system.notes().to_owned(),
        }
    }
}

/// The canonical URL of a code system, value set or concept map: `urn:kanak:`, what it is, and its name.
pub fn url_of(kind: &str, name: &str) -> String {
    format!("urn:kanak:{kind}:{name}")
}

/// Titles by language tag.
pub fn titles<'t>(title_in: impl Fn(Language) -> &'t str) -> BTreeMap<&'static str, String> {
    Language::ALL.into_iter().map(|language| (language.tag(), title_in(language).to_owned())).collect()
}

/// One concept.
#[derive(Serialize, ToSchema)]
pub struct ConceptView {
    /// The code system's name.
    system: String,
    /// The version of it that answers.
    version: String,
    /// The code.
    code: String,
    /// The display in the language asked for, or the English one.
    display: String,
    /// Displays by language tag.
    designations: BTreeMap<&'static str, String>,
    /// The code above it.
    #[serde(skip_serializing_if = "Option::is_none")]
    parent: Option<String>,
    /// `active` or `retired`.
    status: &'static str,
    /// What else is known of it; `valid_from`, `valid_until` and `replaced_by` among them.
    properties: BTreeMap<String, String>,
    /// The alias by which a search found it, an old name or another spelling; absent where its own names or code did.
    #[serde(skip_serializing_if = "Option::is_none")]
    matched_alias: Option<String>,
}

impl ConceptView {
    /// A concept of a system as of a day, its display in a language.
    pub fn new<'c>(as_of: AsOf<'c>, concept: Concept<'c>, language: Language) -> Self {
        let system = as_of.system();
        Self {
            system: system.name().to_owned(),
            version: system.version().to_owned(),
            code: concept.code().to_owned(),
            display: concept.display_in(language).to_owned(),
            designations: Language::ALL
                .into_iter()
                .filter_map(|language| Some((language.tag(), concept.designation(language)?.to_owned())))
                .collect(),
            parent: as_of.parent(concept).map(str::to_owned),
            status: status_word(concept.status()),
            properties: as_of.properties(concept).map(|(name, value)| (name.to_owned(), value.into_owned())).collect(),
            matched_alias: None,
        }
    }

    /// The same, as it was found by a search.
    #[must_use]
    pub fn found(self, hit: SearchHit<'_>) -> Self {
        Self { matched_alias: hit.alias.map(str::to_owned), ..self }
    }
}

/// The word for a concept's status.
pub fn status_word(status: Status) -> &'static str {
    match status {
        Status::Active => "active",
        Status::Retired => "retired",
    }
}

/// Why a code is not valid, and what was perhaps meant; `None` of a valid one.
pub fn words_of(validation: &Validation<'_>) -> Option<String> {
    match validation {
        Validation::Valid(_) => None,
        Validation::Invalid { reason, suggestions } if suggestions.is_empty() => Some(reason.to_string()),
        Validation::Invalid { reason, suggestions } => {
            let meant: Vec<&str> = suggestions.iter().map(Concept::code).collect();
            Some(format!("{reason}; perhaps {} was meant", meant.join(" or ")))
        }
    }
}

/// What to know of a valid code that may no longer be given.
pub fn words_of_retired(concept: Concept<'_>) -> String {
    let instead: Vec<&str> = concept.replaced_by().collect();
    if instead.is_empty() {
        return format!("`{}` is retired: it is kept for old records and not given to new ones", concept.code());
    }
    format!("`{}` is retired: give {} to new records", concept.code(), instead.join(" or "))
}

/// What a code of a batch turned out to be.
#[derive(Serialize, ToSchema)]
pub struct JudgedView {
    /// The code as it was sent.
    pub code: String,
    /// Whether it is valid, and its display, if one was sent, is one of its names.
    pub valid: bool,
    /// The display it should have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display: Option<String>,
    /// `retired` of a valid code that is not to be used any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<&'static str>,
    /// Why it is not valid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A code with its display.
#[derive(Serialize, ToSchema)]
pub struct CodeView {
    code: String,
    display: String,
}

impl From<Concept<'_>> for CodeView {
    fn from(concept: Concept<'_>) -> Self {
        Self { code: concept.code().to_owned(), display: concept.display().to_owned() }
    }
}

/// How two codes stand to each other.
#[derive(Serialize, ToSchema)]
pub struct SubsumptionView {
    /// The code system.
    pub system: String,
    /// Its version.
    pub version: String,
    /// The first code.
    pub a: String,
    /// The second code.
    pub b: String,
    /// `equivalent`, `subsumes`, `subsumed-by` or `not-subsumed`.
    #[schema(value_type = String)]
    pub outcome: Subsumption,
}

/// What became of a code, and where it came from.
#[derive(Serialize, ToSchema)]
pub struct LineageView {
    code: String,
    display: String,
    /// Where it came from, nearest first.
    predecessors: Vec<StepView>,
    /// What came out of it, nearest first.
    successors: Vec<StepView>,
    /// The codes that stand on the day for what the code stood for; absent where no day was asked about.
    #[serde(skip_serializing_if = "Option::is_none")]
    standing: Option<Vec<CodeView>>,
}

/// A step from one code to another.
#[derive(Serialize, ToSchema)]
pub struct StepView {
    from_code: String,
    to_code: String,
    /// The display of `to_code`; absent where the system does not have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    display: Option<String>,
    /// The day of the change, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    on: Option<String>,
    /// How `to_code` stands to `from_code`, in the words of FHIR.
    relationship: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    comment: String,
    /// How many steps from the code that was asked about, from 1.
    distance: usize,
}

impl From<LineageStep<'_>> for StepView {
    fn from(step: LineageStep<'_>) -> Self {
        Self {
            from_code: step.from_code,
            to_code: step.to_code,
            display: step.concept.map(|concept| concept.display().to_owned()),
            on: step.on.map(|day| day.to_string()),
            relationship: Relationship::word(step.relationship),
            comment: step.comment.to_owned(),
            distance: step.distance,
        }
    }
}

impl LineageView {
    /// The lineage of a code, and with a day what stands for it then; `None` for a code that the system never had.
    ///
    /// # Errors
    /// 404 for an unknown system.
    pub fn find(codes: &Codes, system: &str, code: &str, day: Option<Day>) -> Result<Option<Self>, Problem> {
        let Some(lineage) = codes.lineage(system, code, day)? else { return Ok(None) };
        let standing = day.map(|day| codes.standing_for(system, code, day)).transpose()?;
        Ok(Some(Self {
            code: lineage.concept.code().to_owned(),
            display: lineage.concept.display().to_owned(),
            predecessors: lineage.predecessors.into_iter().map(StepView::from).collect(),
            successors: lineage.successors.into_iter().map(StepView::from).collect(),
            standing: standing.map(|concepts| concepts.into_iter().map(CodeView::from).collect()),
        }))
    }
}

/// What changed from one version to another.
#[derive(Serialize, ToSchema)]
pub struct DiffView {
    system: String,
    from: String,
    to: String,
    /// How many codes of each kind there are.
    counts: DiffCounts,
    /// Codes that only the new version has.
    added: Vec<CodeView>,
    /// Codes that both have and that are not the same, with what differs.
    changed: Vec<ChangeView>,
    /// Codes that were active and are retired.
    retired: Vec<CodeView>,
    /// Codes that only the old version has.
    removed: Vec<CodeView>,
}

/// How many codes of each kind.
#[derive(Serialize, ToSchema)]
pub struct DiffCounts {
    added: usize,
    changed: usize,
    retired: usize,
    removed: usize,
}

/// A code that changed.
#[derive(Serialize, ToSchema)]
pub struct ChangeView {
    code: String,
    display: String,
    fields: Vec<FieldChangeView>,
}

/// A value before and after; empty where there was or is none.
#[derive(Serialize, ToSchema)]
pub struct FieldChangeView {
    field: String,
    before: String,
    after: String,
}

impl DiffView {
    /// The difference of two versions of a system, at most `limit` codes of each kind.
    pub fn new(old: &CodeSystem, new: &CodeSystem, limit: usize) -> Self {
        let Diff { added, changed, retired, removed } = diff(old, new);
        let shown = |concepts: &[Concept<'_>]| concepts.iter().take(limit).map(|one| CodeView::from(*one)).collect();
        let field = |field: &kanak_codes::FieldChange<'_>| FieldChangeView {
            field: field.field.to_owned(),
            before: field.before.to_owned(),
            after: field.after.to_owned(),
        };
        let change = |change: &kanak_codes::Change<'_>| ChangeView {
            code: change.concept.code().to_owned(),
            display: change.concept.display().to_owned(),
            fields: change.fields.iter().map(field).collect(),
        };
        Self {
            system: new.name().to_owned(),
            from: old.version().to_owned(),
            to: new.version().to_owned(),
            counts: DiffCounts {
                added: added.len(),
                changed: changed.len(),
                retired: retired.len(),
                removed: removed.len(),
            },
            added: shown(&added),
            changed: changed.iter().take(limit).map(change).collect(),
            retired: shown(&retired),
            removed: shown(&removed),
        }
    }

    /// How many were added, changed, retired and removed, and each code with its kind.
    pub fn rows(&self) -> Vec<Vec<String>> {
        let row = |kind: &str, code: &CodeView| vec![kind.to_owned(), code.code.clone(), code.display.clone()];
        let mut rows: Vec<Vec<String>> = self.added.iter().map(|code| row("added", code)).collect();
        for change in &self.changed {
            let fields =
                change.fields.iter().map(|field| format!("{}: {} -> {}", field.field, field.before, field.after));
            rows.push(vec!["changed".to_owned(), change.code.clone(), fields.collect::<Vec<_>>().join("; ")]);
        }
        rows.extend(self.retired.iter().map(|code| row("retired", code)));
        rows.extend(self.removed.iter().map(|code| row("removed", code)));
        rows
    }
}

impl LineageView {
    /// Each step as a row: before or after, from, to, display, day, relationship.
    pub fn rows(&self) -> Vec<Vec<String>> {
        let row = |when: &str, step: &StepView| {
            let text = |text: &Option<String>| text.clone().unwrap_or_default();
            vec![
                when.to_owned(),
                step.from_code.clone(),
                step.to_code.clone(),
                text(&step.display),
                text(&step.on),
                step.relationship.to_owned(),
            ]
        };
        let before = self.predecessors.iter().map(|step| row("before", step));
        let after = self.successors.iter().map(|step| row("after", step));
        let standing = self.standing.iter().flatten();
        let standing = standing.map(|code| {
            let none = String::new;
            vec!["standing".to_owned(), self.code.clone(), code.code.clone(), code.display.clone(), none(), none()]
        });
        before.chain(after).chain(standing).collect()
    }
}

/// The district in which a point lies.
#[derive(Serialize, ToSchema)]
pub struct DistrictAtView {
    /// The district by the outlines.
    district: CodeView,
    /// Districts that were split off it since the outlines were drawn: the point may lie in one of these, today or on the day.
    or_since: Vec<CodeView>,
    /// Asked as of a day: other districts that may have held the point then, because `district` was made out of several, or because it is not
    /// known to the day when it was made.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    or_before: Vec<CodeView>,
}

impl DistrictAtView {
    /// The district in which a point of so many degrees of latitude and longitude lies; with a day, the one in which it lay then.
    ///
    /// # Errors
    /// 400 for what is no point on Earth; 404 outside all outlines, and in the outline of a district that the list lacks.
    pub fn find(codes: &Codes, (latitude, longitude): (f64, f64), day: Option<Day>) -> Result<Self, Problem> {
        if !((-90.0..=90.0).contains(&latitude) && (-180.0..=180.0).contains(&longitude)) {
            return Err(Problem::bad_request(
                "no point on Earth; `lat` is from -90 to 90 degrees and `lon` from -180 to 180",
            ));
        }
        let found = codes.find_district_at(latitude, longitude)?;
        let districts = codes.get_system("lgd-district")?;
        let Some(found) = found else {
            return Err(Problem::not_found(match codes.find_unlisted_outline_at(latitude, longitude)? {
                None => "outside the districts that have outlines".to_owned(),
                Some(name) => format!(
                    "in the outline of {name}, and version `{}` of `lgd-district` has no district of that name",
                    districts.version()
                ),
            }));
        };
        let view = |code: &str| match districts.lookup(code) {
            Some(concept) => CodeView::from(concept),
            None => CodeView { code: code.to_owned(), display: String::new() },
        };
        let outlined = std::iter::once(found.code).chain(found.or_since.iter().map(String::as_str));
        let held: Vec<&str> = match day {
            None => outlined.collect(),
            Some(day) => outlined.flat_map(|code| held_on(codes, code, day)).collect(),
        };
        // Where the outline's own district was not there yet, that out of which it was made comes first.
        let district = held.first().copied().unwrap_or(found.code);
        let others: BTreeSet<&str> = held.into_iter().filter(|code| *code != district).collect();
        let is_since = |code: &&str| found.or_since.iter().any(|since| since == *code);
        let (or_since, or_before): (Vec<&str>, Vec<&str>) = others.into_iter().partition(is_since);
        let views = |codes: Vec<&str>| codes.into_iter().map(view).collect::<Vec<CodeView>>();
        Ok(Self { district: view(district), or_since: views(or_since), or_before: views(or_before) })
    }

    /// The districts as rows of code and display.
    pub fn rows(&self) -> Vec<Vec<String>> {
        let row = |what: &str, code: &CodeView| vec![what.to_owned(), code.code.clone(), code.display.clone()];
        let since = self.or_since.iter().map(|code| row("or, split off since", code));
        let before = self.or_before.iter().map(|code| row("or, before a split", code));
        std::iter::once(row("in", &self.district)).chain(since).chain(before).collect()
    }
}

/// The districts that held the land of one on a day, itself first where it is among them.
fn held_on<'c>(codes: &'c Codes, code: &str, day: Day) -> Vec<&'c str> {
    let mut held = codes.district_on(code, day).map_or_else(Vec::new, |on| on.codes().to_vec());
    held.sort_by_key(|one| *one != code);
    held
}

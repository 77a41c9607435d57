//! Splink's settings as an entity model.
//!
//! [`import`] reads the JSON that Splink 3, 4 and 5 write (`save_model_to_json`). Columns become attributes whose kinds are
//! guessed from their names and from the functions that read them; blocking rules become keys; comparisons become
//! comparisons of attributes, in one group where Splink compares several columns at once. Levels are not carried over: how
//! values are graded follows from their kind, and what each grade weighs is learnt from the data. Whatever of the settings
//! has no equal is a [`Note`] that names its place in the JSON.

mod blocking;
mod columns;
mod comparison;
mod settings;
mod sql;

use std::fmt::{self, Write as _};

use kanak_model::entity_model::{Comparison, EntityModel, Matching, Thresholds};
use kanak_model::kind::Kind;

use self::columns::{Columns, Named, find};
use self::comparison::{Understood, understand};
pub use self::settings::ImportError;
use self::settings::Settings;
use crate::matching::COMPARISONS_MAX;
use crate::model_guess::{self, Meaning};

/// A model made of Splink's settings, and what of them it does not hold.
#[derive(Debug, Clone, PartialEq)]
pub struct Imported {
    /// The model: it compiles.
    pub model: EntityModel,
    /// What could not be carried over, in the order of the settings.
    pub notes: Vec<Note>,
}

/// Something that could not be carried over as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Its place in the JSON: `comparisons[2].comparison_levels[3]`.
    pub path: String,
    /// What it is.
    pub lost: String,
    /// Why.
    pub because: String,
    /// What was done instead.
    pub instead: String,
}

type Notes = Vec<Note>;

impl Note {
    fn new(path: &str, lost: String, because: &str, instead: String) -> Self {
        Self { path: path.to_owned(), lost, because: because.to_owned(), instead }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}; {}", self.path, self.lost, self.because, self.instead)
    }
}

impl Imported {
    /// The model as TOML, under the notes as comments.
    pub fn to_toml(&self) -> String {
        let mut text = String::from("# Made of the settings of a Splink model. What could not be carried over:\n");
        for note in &self.notes {
            let line = note.to_string();
            let line: Vec<&str> = line.split_whitespace().collect();
            writeln!(text, "# - {}", line.join(" ")).expect("a string takes all text");
        }
        format!("{text}\n{}", model_guess::to_toml(&self.model))
    }
}

/// Makes a model of Splink's settings, given as JSON text.
///
/// # Errors
/// An [`ImportError`] that names the place in the JSON and the remedy.
pub fn import(json: &str) -> Result<Imported, ImportError> {
    let settings = settings::read(json)?;
    let mut notes = general(&settings);
    let mut columns = Columns::default();
    let understood: Vec<Understood> =
        settings.comparisons.iter().map(|comparison| understand(comparison, &mut columns, &mut notes)).collect();
    let mut named = name(&settings, columns, &understood);
    let comparison = comparisons(&understood, &named, &mut notes);
    if comparison.is_empty() {
        let why: Vec<String> = notes.iter().filter(|note| note.path.contains('[')).map(Note::to_string).collect();
        return Err(ImportError::NothingLeft { count: settings.comparisons.len(), notes: why.join("; ") });
    }
    let mut blocking = blocking::convert(&settings.blocking, &named, &mut notes);
    if blocking.is_empty() {
        let attributes: Vec<String> = named.iter().map(|column| column.attribute.clone()).collect();
        let meanings: Vec<Meaning> = named.iter().map(|column| column.meaning).collect();
        blocking = model_guess::matching_of(&attributes, &meanings).blocking;
        let because = "none of the settings' rules is left, and without one no pair is compared";
        let instead = format!("{} rules are guessed from what the columns mean", blocking.len());
        notes.push(Note::new("blocking_rules_to_generate_predictions", "blocking".to_owned(), because, instead));
    }
    // A column that only a rule left out names is no attribute.
    named.retain(|column| {
        let is_key = blocking.iter().flat_map(|rule| &rule.keys).any(|key| key.attribute == column.attribute);
        let is_compared = comparison.iter().any(|comparison| comparison.attribute == column.attribute);
        is_key || is_compared || settings.retained.iter().any(|header| header.eq_ignore_ascii_case(&column.header))
    });
    notes.extend(kinds(&named));
    let matching = Matching { blocking, comparison, thresholds: THRESHOLDS };
    let headers = named.iter().map(|column| (column.attribute.as_str(), column.header.as_str(), column.kind));
    let meanings: Vec<Meaning> = named.iter().map(|column| column.meaning).collect();
    Ok(Imported { model: model_guess::model_of(headers, &meanings, matching), notes })
}

const THRESHOLDS: Thresholds = Thresholds { matched: 0.9, review: 0.5 };

/// What is said of settings as a whole.
fn general(settings: &Settings) -> Notes {
    let mut notes = Notes::new();
    let mut note = |path: &str, lost: &str, because: &str, instead: &str| {
        notes.push(Note::new(path, lost.to_owned(), because, instead.to_owned()));
    };
    if let Some(id) = &settings.unique_id {
        let instead = format!("name it when matching: `kanak match --id {id}`, or as the key of a source");
        note("unique_id_column_name", "the id", "a model does not say which column is the id", &instead);
    }
    if settings.link_type.as_deref().is_some_and(|link_type| link_type != "dedupe_only") {
        let source = settings.source_dataset.as_deref().unwrap_or("source_dataset");
        let instead =
            format!("give a file for each, or `--source {source}`; `link_only` also compares within a source");
        note("link_type", "the link type", "Kanak compares all source records, of one source and of several", &instead);
    }
    if settings.prior.is_some() {
        let path = "probability_two_random_records_match";
        note(path, "the prior", "Kanak estimates it from the data", "nothing is to be done");
    }
    let trained =
        settings.comparisons.iter().flat_map(|comparison| &comparison.levels).filter(|level| level.is_trained);
    let trained = trained.count();
    if trained > 0 {
        let lost = format!("m and u of {trained} levels");
        let because = "they belong to Splink's levels; Kanak learns its own from the data";
        note(
            "comparisons",
            &lost,
            because,
            "nothing is to be done: each run trains, and `report.json` lists the weights",
        );
    }
    let instead =
        format!("match {:?} and review {:?} are put; change them in the model", THRESHOLDS.matched, THRESHOLDS.review);
    note("thresholds", "where a match begins", "Splink is told when it predicts, not in its settings", &instead);
    for key in &settings.unread {
        note(key, "this setting", "nothing is known of it", "it is left out");
    }
    notes
}

/// All columns that become attributes: what is compared, what blocks, what is retained.
fn name(settings: &Settings, mut columns: Columns, understood: &[Understood]) -> Vec<Named> {
    for rule in &settings.blocking {
        sql::words(&rule.sql).columns.iter().for_each(|header| columns.add(header));
        rule.exploded.iter().for_each(|header| columns.is_list(header));
    }
    settings.retained.iter().for_each(|header| columns.add(header));
    let compared = understood.iter().flat_map(|one| one.columns.iter().map(|(header, _)| header.clone()));
    let blocked = settings.blocking.iter().flat_map(|rule| sql::words(&rule.sql).columns);
    let kept: Vec<String> = compared.chain(blocked).chain(settings.retained.iter().cloned()).collect();
    let special = [&settings.unique_id, &settings.source_dataset];
    columns.name(|header| {
        let is = |other: &str| other.eq_ignore_ascii_case(header);
        kept.iter().any(|other| is(other)) && !special.into_iter().flatten().any(|other| is(other))
    })
}

fn kinds(named: &[Named]) -> Notes {
    let guessed: Vec<String> =
        named.iter().map(|column| format!("{} `{}`", column.attribute, column.kind.name())).collect();
    let because = "Splink knows columns of any kind, Kanak says what they mean";
    let instead = format!("they are guessed from names and functions, for you to correct: {}", guessed.join(", "));
    let mut notes = vec![Note::new("comparisons", "kinds".to_owned(), because, instead)];
    for column in named.iter().filter(|column| column.attribute != column.header) {
        let instead = format!("it is called `{}`; a file's header is read the same way", column.attribute);
        let because = "names of attributes are lower case letters, digits and `_`";
        notes.push(Note::new("comparisons", format!("the name `{}`", column.header), because, instead));
    }
    notes
}

fn comparisons(understood: &[Understood], named: &[Named], notes: &mut Notes) -> Vec<Comparison> {
    let mut made: Vec<Comparison> = Vec::new();
    let mut plain: Vec<&str> = Vec::new();
    for one in understood {
        let before = made.len();
        for (header, counts) in &one.columns {
            let Some(column) = find(named, header) else { continue };
            if let Some(earlier) = made.iter_mut().find(|comparison| comparison.attribute == column.attribute) {
                let instead = "it is compared once".to_owned();
                notes.push(Note::new(
                    &one.path,
                    format!("a further comparison of `{header}`"),
                    "an attribute has one",
                    instead,
                ));
                earlier.term_frequency = Some(*counts || earlier.term_frequency == Some(true));
                continue;
            }
            let crossed = one.crosswise.as_ref().and_then(|(a, b)| match header {
                header if header == a => Some(b),
                header if header == b => Some(a),
                _ => None,
            });
            let crosswise = crossed.and_then(|other| find(named, other)).filter(|_| column.kind == Kind::PersonName);
            let crosswise =
                crosswise.filter(|other| other.kind == Kind::PersonName).map(|other| other.attribute.clone());
            let (attribute, term_frequency) = (column.attribute.clone(), Some(*counts));
            made.push(Comparison { attribute, crosswise, group: None, term_frequency });
            if !counts {
                plain.push(&column.attribute);
            }
        }
        say_levels(one, named, notes);
        group(one, &mut made[before..], notes);
        say_crosswise(one, &made[before..], notes);
        if one.columns.is_empty() {
            let instead = "the comparison is left out".to_owned();
            notes.push(Note::new(&one.path, format!("`{}`", one.name), "no level of it is left", instead));
        }
    }
    if made.len() > COMPARISONS_MAX {
        let lost = format!("{} comparisons", made.len());
        let room = format!("the first {COMPARISONS_MAX} are kept");
        notes.push(Note::new("comparisons", lost, "a model has no room for more", room));
        made.truncate(COMPARISONS_MAX);
    }
    if !plain.is_empty() {
        let because = "Splink adjusts for rare values only where it is told to";
        let instead = format!(
            "`term_frequency = false` is put to {}; without that line Kanak follows the kind",
            plain.join(", ")
        );
        notes.push(Note::new("comparisons", "term frequencies".to_owned(), because, instead));
    }
    made
}

/// Several columns in one comparison carry correlated evidence, unless they are two names that may be exchanged.
fn group(one: &Understood, made: &mut [Comparison], notes: &mut Notes) {
    if made.len() < 2 || one.crosswise.is_some() {
        return;
    }
    let name = model_guess::attribute_names(&[&one.name]).remove(0);
    let attributes: Vec<String> = made.iter().map(|comparison| format!("`{}`", comparison.attribute)).collect();
    let because = "a comparison is of one attribute";
    let instead =
        format!("{} are compared in one group, `{name}`, whose evidence counts once", attributes.join(" and "));
    notes.push(Note::new(&one.path, "levels over several columns".to_owned(), because, instead));
    for comparison in made {
        comparison.group = Some(name.clone());
    }
}

fn say_levels(one: &Understood, named: &[Named], notes: &mut Notes) {
    if one.replaced.is_empty() {
        return;
    }
    let labels: Vec<String> = one.replaced.iter().map(|label| format!("`{label}`")).collect();
    let kinds = one.columns.iter().filter_map(|(header, _)| find(named, header));
    let mut graded: Vec<String> = Vec::new();
    for column in kinds {
        let text = format!("`{}` ({})", column.kind.name(), columns::levels_of(column.kind));
        if !graded.contains(&text) {
            graded.push(text);
        }
    }
    let instead = format!("those of {}", graded.join(" and "));
    notes.push(Note::new(
        &one.path,
        format!("the levels {}", labels.join(", ")),
        "levels follow from the kind",
        instead,
    ));
}

fn say_crosswise(one: &Understood, made: &[Comparison], notes: &mut Notes) {
    let Some((a, b)) = &one.crosswise else { return };
    if made.iter().all(|comparison| comparison.crosswise.is_none()) {
        let instead = "each is compared with itself only".to_owned();
        notes.push(Note::new(
            &one.path,
            format!("`{a}` and `{b}` exchanged"),
            "only names of people are compared crosswise",
            instead,
        ));
    }
}

#[cfg(test)]
mod tests;

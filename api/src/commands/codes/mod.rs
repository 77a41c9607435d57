//! `kanak codes`: look codes up, judge, search, list, translate and compare them.

mod related;
mod rules;
mod stewards;

use anyhow::{anyhow, bail};
use kanak_codes::identifiers::CheckedKind;
use kanak_codes::{
    AsOf, Codes, CodesError, Concept, Direction, DisplayCheck, Holidays, Language, SearchHit, Status, Validation,
};
use serde_json::{Value, json};

use crate::cli::{CodesCommand, EditionArgs};
use crate::output::{Output, grouped};
use crate::server::problem::Problem;
use crate::v1::code_systems::judges::wrong_display;
use crate::v1::code_systems::view::{CodeSystemView, ConceptView, status_word, words_of, words_of_retired};

pub use rules::with_facts_read;

/// Runs a `codes` command by these code systems and holidays.
///
/// # Errors
/// When the system is unknown, the code is not found, or a code is not valid.
pub fn run(command: &CodesCommand, codes: &Codes, holidays: &Holidays, output: &Output) -> anyhow::Result<()> {
    match command {
        CodesCommand::List => list(codes, output)?,
        CodesCommand::Lookup { system, code, edition } => lookup(edition.find(codes, system)?, code, output)?,
        CodesCommand::Validate { system, codes: wanted, display, edition } => {
            validate(codes, system, (wanted, display.as_deref()), edition, output)?;
        }
        CodesCommand::Search { system, text, limit, edition } => {
            search(edition.find(codes, system)?, &text.join(" "), *limit, output)?;
        }
        CodesCommand::Expand { name: None, .. } => related::list_value_sets(codes, output)?,
        CodesCommand::Expand { name: Some(name), filter, offset, count, as_of } => {
            let page =
                kanak_codes::Expand { filter, offset: *offset, count: *count, as_of: *as_of, language: Language::En };
            related::expand(codes, name, &page, output)?;
        }
        CodesCommand::Translate { map: Some(map), code: Some(code), reverse, as_of } => {
            let direction = if *reverse { Direction::Reverse } else { Direction::Forward };
            related::translate(codes, (map, code), direction, *as_of, output)?;
        }
        CodesCommand::Translate { .. } => related::list_concept_maps(codes, output)?,
        CodesCommand::Subsumes { system, a, b, hierarchy, edition } => {
            related::subsumes(edition.find(codes, system)?, (a, b), hierarchy.as_deref(), output)?;
        }
        CodesCommand::Diff { system, from, to, limit } => {
            related::compare(codes, system, (from, to.as_deref()), *limit, output)?;
        }
        CodesCommand::Children { system, code, edition } => {
            let as_of = edition.find(codes, system)?;
            show_concepts(as_of, &as_of.children(code).collect::<Vec<_>>(), output, || {
                format!("no code of {system} has the parent `{code}`")
            })?;
        }
        CodesCommand::Lineage { system, code, as_of } => related::lineage(codes, system, code, *as_of, output)?,
        CodesCommand::Currency => stewards::currency(codes, output)?,
        CodesCommand::Defects { system } => stewards::defects(codes, system.as_deref(), output)?,
        CodesCommand::Charter { code, as_of } => rules::charter(codes, code, *as_of, output)?,
        CodesCommand::Due { code, received, district } => {
            rules::due(codes, holidays, code, (*received, district.as_deref()), output)?;
        }
        CodesCommand::Holidays { year, district } => {
            rules::holidays(codes, holidays, *year, district.as_deref(), output)?;
        }
        CodesCommand::Scheme { code, stated, as_of, facts: _ } => {
            rules::scheme(code, stated.as_deref(), *as_of, output)?;
        }
        CodesCommand::At { latitude, longitude, as_of } => {
            stewards::at(codes, (*latitude, *longitude), *as_of, output)?;
        }
    }
    Ok(())
}

impl EditionArgs {
    fn find<'c>(&self, codes: &'c Codes, system: &str) -> Result<AsOf<'c>, CodesError> {
        codes.as_of(system, self.version.as_deref(), self.as_of)
    }
}

/// What the API refuses with, for a person at a terminal.
fn refused(problem: Problem) -> anyhow::Error {
    anyhow!(problem.detail.unwrap_or(problem.title))
}

fn list(codes: &Codes, output: &Output) -> anyhow::Result<()> {
    if output.json {
        let systems: Vec<CodeSystemView> = codes.systems().map(CodeSystemView::from).collect();
        return output.document(&systems);
    }
    let rows: Vec<Vec<String>> = codes
        .systems()
        .map(|s| {
            let made_up = if s.is_made_up() { "made up" } else { "" };
            vec![s.name().into(), grouped(s.len() as i64), s.version().into(), s.title().into(), made_up.into()]
        })
        .collect();
    output.table(&["system", "concepts", "version", "title", ""], &rows);
    Ok(())
}

fn lookup(as_of: AsOf<'_>, code: &str, output: &Output) -> anyhow::Result<()> {
    let found = as_of.system();
    let Some(concept) = as_of.lookup(code) else {
        bail!(
            "{}",
            words_of(&as_of.validate(code)).unwrap_or_else(|| format!("`{code}` is not a code of {}", found.name()))
        );
    };
    if output.json {
        return output.document(&ConceptView::new(as_of, concept, Language::En));
    }
    let mut rows = vec![
        vec!["code".to_owned(), concept.code().to_owned()],
        vec!["display".to_owned(), concept.display().to_owned()],
    ];
    for language in [Language::Pa, Language::Hi] {
        if let Some(words) = concept.designation(language) {
            rows.push(vec![format!("display ({})", language.tag()), words.to_owned()]);
        }
    }
    rows.push(vec!["status".to_owned(), status_word(concept.status()).to_owned()]);
    if let Some(parent) = as_of.parent(concept) {
        rows.push(vec!["parent".to_owned(), parent.to_owned()]);
    }
    rows.extend(as_of.properties(concept).map(|(name, value)| vec![name.to_owned(), value.into_owned()]));
    rows.push(vec!["system".to_owned(), format!("{} {} ({})", found.name(), found.version(), found.source())]);
    output.table(&["what", "value"], &rows);
    Ok(())
}

/// What a code turned out to be.
struct Judged {
    /// Why it is not valid.
    reason: Option<String>,
    /// What to know of a valid code that may no longer be given.
    retired: Option<String>,
}

impl Judged {
    fn of(validation: &Validation<'_>) -> Self {
        let retired = validation.concept().filter(|concept| concept.status() == Status::Retired);
        Self { reason: words_of(validation), retired: retired.map(words_of_retired) }
    }

    /// The same of a code that came with a name.
    fn with_display(validation: &Validation<'_>, display: Option<&str>) -> Self {
        let judged = Self::of(validation);
        let check = validation.concept().zip(display).map(|(concept, name)| concept.check_display(name, Language::En));
        match check {
            Some(DisplayCheck::Wrong { right }) if judged.reason.is_none() => {
                Self { reason: Some(wrong_display(right)), ..judged }
            }
            _ => judged,
        }
    }
}

/// Judges a code, with the name that came with it: of a code system, of a value set, or of a checked kind.
fn judge(
    codes: &Codes,
    system: &str,
    (code, display): (&str, Option<&str>),
    edition: &EditionArgs,
) -> anyhow::Result<Judged> {
    if let Some(kind) = CheckedKind::parse_name(system) {
        if display.is_some() {
            bail!("`{system}` is a checked kind, whose values have no names; leave --display out");
        }
        // An identifier of a person is never echoed, not even a wrong one.
        return Ok(Judged { reason: kind.check(code).err().map(|error| error.to_string()), retired: None });
    }
    if codes.system(system).is_none() && codes.get_value_set(system).is_ok() {
        if edition.version.is_some() {
            bail!("`{system}` is a value set; --version is for code systems");
        }
        return Ok(Judged::with_display(&codes.validate_in(system, None, code, edition.as_of)?, display));
    }
    Ok(Judged::with_display(&edition.find(codes, system)?.validate(code), display))
}

fn validate(
    codes: &Codes,
    system: &str,
    (wanted, display): (&[String], Option<&str>),
    edition: &EditionArgs,
    output: &Output,
) -> anyhow::Result<()> {
    if display.is_some() && wanted.len() > 1 {
        bail!("--display is the name of one code, and {} were given; ask one by one", wanted.len());
    }
    let mut results = Vec::with_capacity(wanted.len());
    for code in wanted {
        results.push((code, judge(codes, system, (code, display), edition)?));
    }
    let hidden = CheckedKind::parse_name(system).is_some();
    let shown = |code: &str| if hidden { kanak_model::quality::mask(code) } else { code.to_owned() };
    let bad = results.iter().filter(|(_, judged)| judged.reason.is_some()).count();
    if output.json {
        let row = |(code, judged): &(&String, Judged)| {
            let mut row = json!({ "code": shown(code), "valid": judged.reason.is_none(), "reason": judged.reason });
            if let Some(retired) = &judged.retired {
                row["status"] = status_word(Status::Retired).into();
                row["message"] = retired.as_str().into();
            }
            row
        };
        output.document(&results.iter().map(row).collect::<Vec<Value>>())?;
    } else {
        for (code, judged) in &results {
            match (&judged.reason, &judged.retired) {
                (Some(reason), _) => output.line(format!("{}  not valid: {reason}", shown(code))),
                (None, Some(retired)) => output.line(format!("{}  valid, and retired: {retired}", shown(code))),
                (None, None) => output.line(format!("{}  valid", shown(code))),
            }
        }
    }
    if bad == 0 {
        return Ok(());
    }
    bail!("{bad} of {} not valid", results.len())
}

fn search(as_of: AsOf<'_>, text: &str, limit: usize, output: &Output) -> anyhow::Result<()> {
    // Some hits may not be valid on the day.
    let weighed = if as_of.day().is_some() { limit.saturating_mul(5) } else { limit };
    let hits = as_of.system().search(text, weighed).into_iter();
    let found: Vec<SearchHit<'_>> = hits.filter(|hit| as_of.holds(hit.concept)).take(limit).collect();
    if output.json {
        let view = |hit: &SearchHit<'_>| ConceptView::new(as_of, hit.concept, Language::En).found(*hit);
        return output.document(&found.iter().map(view).collect::<Vec<_>>());
    }
    if found.iter().any(|hit| hit.alias.is_some()) {
        let row = |hit: &SearchHit<'_>| {
            let alias = hit.alias.unwrap_or_default().to_owned();
            vec![hit.concept.code().to_owned(), hit.concept.display().to_owned(), alias]
        };
        output.table(&["code", "display", "also known as"], &found.iter().map(row).collect::<Vec<_>>());
        return Ok(());
    }
    let concepts: Vec<Concept<'_>> = found.iter().map(|hit| hit.concept).collect();
    let system = as_of.system().name();
    show_concepts(as_of, &concepts, output, || {
        format!("nothing in {system} is like `{text}`; try fewer or other words")
    })
}

/// Shows concepts of a code system, or says why there is none.
fn show_concepts(
    as_of: AsOf<'_>,
    concepts: &[Concept<'_>],
    output: &Output,
    none: impl FnOnce() -> String,
) -> anyhow::Result<()> {
    if output.json {
        let view = |concept: &Concept<'_>| ConceptView::new(as_of, *concept, Language::En);
        return output.document(&concepts.iter().map(view).collect::<Vec<_>>());
    }
    if concepts.is_empty() {
        bail!("{}", none());
    }
    let row = |concept: &Concept<'_>| vec![concept.code().to_owned(), concept.display().to_owned()];
    output.table(&["code", "display"], &concepts.iter().map(row).collect::<Vec<_>>());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::Printed;

    #[test]
    fn a_retired_code_is_valid_and_said_to_be_retired() {
        let codes = Codes::builtin().unwrap();
        let complaints = codes.get_system("complaint-type").unwrap();
        let of = |status| complaints.concepts().find(|concept| concept.status() == status).unwrap().code().to_owned();
        let (active, retired) = (of(Status::Active), of(Status::Retired));
        let judged = |code: &str| judge(&codes, "complaint-type", (code, None), &EditionArgs::default()).unwrap();
        assert!(judged(&retired).reason.is_none() && judged(&retired).retired.unwrap().contains(&retired));
        assert!(judged(&active).reason.is_none() && judged(&active).retired.is_none());

        let (asker, mut printed) = tokio::sync::mpsc::unbounded_channel();
        let output = Output::to_asker(true, false, asker);
        validate(&codes, "complaint-type", (&[active, retired], None), &EditionArgs::default(), &output).unwrap();
        let mut text = String::new();
        while let Ok(Printed::Out(line)) = printed.try_recv() {
            text.push_str(&line);
        }
        let rows: Value = serde_json::from_str(&text).unwrap();
        assert_eq!((rows[0].get("status"), &rows[1]["status"]), (None, &"retired".into()), "{rows}");
        assert_eq!((&rows[0]["valid"], &rows[1]["valid"]), (&true.into(), &true.into()), "{rows}");
    }

    #[test]
    fn a_code_with_a_name_that_is_none_of_its_own_is_not_valid() {
        let codes = Codes::builtin().unwrap();
        let reason = |system: &str, code: &str, name: &str| {
            judge(&codes, system, (code, Some(name)), &EditionArgs::default()).map(|judged| judged.reason)
        };
        for name in ["Malerkotla", "ਮਲੇਰਕੋਟਲਾ"] {
            assert_eq!(reason("lgd-district", "737", name).unwrap(), None, "{name}");
        }
        for system in ["lgd-district", "districts-punjab"] {
            assert!(reason(system, "737", "Sangrur").unwrap().unwrap().contains("`MALERKOTLA`"), "{system}");
        }
        assert!(
            reason("lgd-district", "000", "Sangrur").unwrap().unwrap().contains("unknown"),
            "what is no code has no name"
        );
        assert!(reason("pan", "ABCDE1234F", "Asha").unwrap_err().to_string().contains("leave --display out"));
        let (asker, _printed) = tokio::sync::mpsc::unbounded_channel();
        let two = ["27".to_owned(), "28".to_owned()];
        let output = Output::to_asker(true, false, asker);
        let error =
            validate(&codes, "lgd-district", (&two, Some("Amritsar")), &EditionArgs::default(), &output).unwrap_err();
        assert!(error.to_string().contains("one by one"), "{error}");
    }
}

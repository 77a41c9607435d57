//! `kanak codes`: look up, validate and search codes.

use std::process::ExitCode;

use anyhow::bail;
use kanak_codes::identifiers::CheckedKind;
use kanak_codes::{Codes, Concept, Language, Validation};
use serde_json::{Value, json};

use crate::cli::CodesCommand;
use crate::output::{Output, grouped};
use crate::v1::code_systems::view::{CodeSystemView, ConceptView, status_word};

/// Runs a `codes` command.
///
/// # Errors
/// When the system is unknown, the code is not found, or a code is not valid.
pub fn run(command: &CodesCommand, output: &Output) -> anyhow::Result<ExitCode> {
    let codes = Codes::builtin()?;
    match command {
        CodesCommand::List => list(&codes, output)?,
        CodesCommand::Lookup { system, code } => lookup(&codes, system, code, output)?,
        CodesCommand::Validate { system, codes: wanted } => return validate(&codes, system, wanted, output),
        CodesCommand::Search { system, text, limit } => search(&codes, system, &text.join(" "), *limit, output)?,
    }
    Ok(ExitCode::SUCCESS)
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

fn lookup(codes: &Codes, system: &str, code: &str, output: &Output) -> anyhow::Result<()> {
    let found = codes.get_system(system)?;
    let Some(concept) = found.lookup(code) else {
        bail!(
            "{}",
            found.validate(code).reason_words().unwrap_or_else(|| format!("`{code}` is not a code of {system}"))
        );
    };
    if output.json {
        return output.document(&ConceptView::new(found, concept));
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
    if let Some(parent) = concept.parent() {
        rows.push(vec!["parent".to_owned(), parent.to_owned()]);
    }
    rows.extend(concept.properties().map(|(name, value)| vec![name.to_owned(), value.to_owned()]));
    rows.push(vec!["system".to_owned(), format!("{} {} ({})", found.name(), found.version(), found.source())]);
    output.table(&["what", "value"], &rows);
    Ok(())
}

trait ReasonWords {
    fn reason_words(&self) -> Option<String>;
}

impl ReasonWords for Validation<'_> {
    fn reason_words(&self) -> Option<String> {
        match self {
            Validation::Valid(_) => None,
            Validation::Invalid { reason, suggestions } if suggestions.is_empty() => Some(reason.to_string()),
            Validation::Invalid { reason, suggestions } => {
                let meant: Vec<&str> = suggestions.iter().map(Concept::code).collect();
                Some(format!("{reason}; perhaps {} was meant", meant.join(" or ")))
            }
        }
    }
}

fn validate(codes: &Codes, system: &str, wanted: &[String], output: &Output) -> anyhow::Result<ExitCode> {
    let mut results = Vec::with_capacity(wanted.len());
    for code in wanted {
        let reason = match CheckedKind::parse_name(system) {
            // An identifier of a person is never echoed, not even a wrong one.
            Some(kind) => kind.check(code).err().map(|error| error.to_string()),
            None => codes.validate(system, code)?.reason_words(),
        };
        results.push((code, reason));
    }
    let hidden = CheckedKind::parse_name(system).is_some();
    let shown = |code: &str| if hidden { kanak_model::quality::mask(code) } else { code.to_owned() };
    let good = results.iter().all(|(_, reason)| reason.is_none());
    if output.json {
        let rows: Vec<Value> = results
            .iter()
            .map(|(code, reason)| json!({ "code": shown(code), "valid": reason.is_none(), "reason": reason }))
            .collect();
        output.document(&rows)?;
    } else {
        for (code, reason) in &results {
            match reason {
                None => output.line(format!("{}  valid", shown(code))),
                Some(reason) => output.line(format!("{}  not valid: {reason}", shown(code))),
            }
        }
    }
    if good {
        return Ok(ExitCode::SUCCESS);
    }
    let bad = results.iter().filter(|(_, reason)| reason.is_some()).count();
    bail!("{bad} of {} not valid", results.len())
}

fn search(codes: &Codes, system: &str, text: &str, limit: usize, output: &Output) -> anyhow::Result<()> {
    let found = codes.get_system(system)?;
    let hits = found.search(text, limit);
    if output.json {
        let rows: Vec<ConceptView> = hits.into_iter().map(|hit| ConceptView::new(found, hit.concept)).collect();
        return output.document(&rows);
    }
    if hits.is_empty() {
        bail!("nothing in {system} is like `{text}`; try fewer or other words");
    }
    let rows: Vec<Vec<String>> =
        hits.iter().map(|hit| vec![hit.concept.code().to_owned(), hit.concept.display().to_owned()]).collect();
    output.table(&["code", "display"], &rows);
    Ok(())
}

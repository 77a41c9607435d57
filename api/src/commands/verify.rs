//! `kanak verify`: every invariant that one hub can show, each named.

use anyhow::bail;
use serde_json::json;

use crate::deployment::Deployment;
use crate::jobs::verify::{Check, Outcome, verify};
use crate::output::Output;

/// Runs the command.
///
/// # Errors
/// When a check finds something wrong. One that cannot be judged yet is no error: the summary says what to run.
pub async fn run(deployment: &Deployment, output: &Output) -> anyhow::Result<()> {
    let checks = verify(deployment, output).await?;
    if output.json {
        output.document(&checks.iter().map(to_json).collect::<Vec<_>>())?;
    } else {
        let rows: Vec<Vec<String>> = checks
            .iter()
            .map(|check| {
                let word = match check.outcome {
                    Outcome::Holds => "holds",
                    Outcome::NotYet => "not yet",
                    Outcome::Broken => "BROKEN",
                };
                vec![word.to_owned(), check.name.clone(), check.what.clone(), check.detail.clone()]
            })
            .collect();
        output.table(&["", "invariant", "what", "seen"], &rows);
    }
    match summary(&checks) {
        Ok(words) => output.note(words),
        Err(words) => bail!(words),
    }
    Ok(())
}

fn to_json(check: &Check) -> serde_json::Value {
    json!({ "name": check.name, "what": check.what, "outcome": check.outcome.word(),
            "passed": check.outcome == Outcome::Holds, "detail": check.detail })
}

/// The whole in a sentence; an error when something is broken.
fn summary(checks: &[Check]) -> Result<String, String> {
    let names = |outcome: Outcome| -> Vec<&str> {
        checks.iter().filter(|check| check.outcome == outcome).map(|check| check.name.as_str()).collect()
    };
    let (broken, waiting) = (names(Outcome::Broken), names(Outcome::NotYet));
    if !broken.is_empty() {
        return Err(format!("{} of {} checks are broken: {}", broken.len(), checks.len(), broken.join(", ")));
    }
    if waiting.is_empty() {
        return Ok(format!("{} checks, all hold", checks.len()));
    }
    Ok(format!(
        "{} of {} checks hold; {} cannot be judged yet ({}): run what they name, then verify once more",
        checks.len() - waiting.len(),
        checks.len(),
        waiting.len(),
        waiting.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, outcome: Outcome) -> Check {
        Check { name: name.to_owned(), what: String::new(), outcome, detail: String::new() }
    }

    #[test]
    fn what_cannot_be_judged_yet_neither_holds_nor_is_broken() {
        let (good, waiting, bad) =
            (check("a", Outcome::Holds), check("b", Outcome::NotYet), check("c", Outcome::Broken));
        assert_eq!(summary(std::slice::from_ref(&good)).unwrap(), "1 checks, all hold");
        let words = summary(&[good.clone(), waiting.clone()]).unwrap();
        assert!(words.starts_with("1 of 2 checks hold; 1 cannot be judged yet (b)"), "{words}");
        assert!(summary(&[good, waiting.clone(), bad]).unwrap_err().contains("1 of 3 checks are broken: c"));
        assert_eq!(to_json(&waiting)["passed"], false);
    }
}

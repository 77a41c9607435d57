//! The rules of the state: charters of services, due days, schemes.

use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, anyhow};
use kanak_codes::{Codes, Day, Holidays};
use kanak_model::{Clock as _, SystemClock};

use super::refused;
use crate::cli::CodesCommand;
use crate::codes_at_hand::day_of;
use crate::output::{Output, grouped};
use crate::v1::holidays::view::{CalendarView, ListedHoliday};
use crate::v1::schemes::view::{ClauseView, EligibilityView, SchemeView, find_scheme, read_facts};
use crate::v1::services::due_view::DueView;
use crate::v1::services::view::CharterView;

/// The same command with the facts in it that its file holds, so that it means the same in a process with another standard input.
///
/// # Errors
/// When the file cannot be read.
pub fn with_facts_read(command: CodesCommand) -> anyhow::Result<CodesCommand> {
    let CodesCommand::Scheme { code, facts: Some(file), as_of, .. } = command else { return Ok(command) };
    let text = if file == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).context("the facts on standard input cannot be read")?;
        text
    } else {
        std::fs::read_to_string(&file).with_context(|| format!("{} cannot be read", file.display()))?
    };
    Ok(CodesCommand::Scheme { code, facts: Some(file), stated: Some(text), as_of })
}

fn today() -> Day {
    day_of(SystemClock.now())
}

pub(super) fn charter(codes: &Codes, code: &str, as_of: Option<Day>, output: &Output) -> anyhow::Result<()> {
    let view = CharterView::find(codes, code, as_of.unwrap_or_else(today)).map_err(refused)?;
    if output.json {
        return output.document(&view);
    }
    output.table(&["what", "value", "from"], &view.rows());
    Ok(())
}

pub(super) fn due(
    codes: &Codes,
    holidays: &Holidays,
    code: &str,
    (received, district): (Day, Option<&str>),
    output: &Output,
) -> anyhow::Result<()> {
    let view = DueView::find(codes, holidays, code, received, district).map_err(refused)?;
    if output.json {
        return output.document(&view);
    }
    output.line(format!("{}: received on {}, due on {}", view.service, view.received, view.due));
    let made_up = if view.made_up { ", a made-up limit" } else { "" };
    let (limit, weekly) = (grouped(i64::from(view.limit.working_days)), grouped(view.weekly_days_off as i64));
    output.note(format!(
        "{limit} working days{made_up}; {weekly} weekly days off and {} holidays did not count",
        grouped(view.holidays.len() as i64)
    ));
    for holiday in &view.holidays {
        let unconfirmed = holiday.unconfirmed.as_deref().map(|why| format!(" ({why})")).unwrap_or_default();
        output.note(format!("{} {}{unconfirmed}", holiday.on, holiday.name));
    }
    Ok(())
}

pub(super) fn holidays(
    codes: &Codes,
    holidays: &Holidays,
    year: Option<i32>,
    district: Option<&str>,
    output: &Output,
) -> anyhow::Result<()> {
    let year = year.or_else(|| i32::try_from(today().ymd().0).ok()).unwrap_or_default();
    let view = CalendarView::find(codes, holidays, year, district).map_err(refused)?;
    if output.json {
        return output.document(&view);
    }
    let row = |holiday: &ListedHoliday| {
        let made_up = if holiday.made_up { "not notified" } else { "" };
        let texts = [&*holiday.on, &*holiday.name, &*holiday.kind, made_up, &*holiday.source];
        texts.map(str::to_owned).to_vec()
    };
    output.table(&["on", "holiday", "kind", "", "source"], &view.holidays.iter().map(row).collect::<Vec<_>>());
    output.note(format!("{} working days in {year}", grouped(i64::from(view.working_days))));
    Ok(())
}

pub(super) fn scheme(code: &str, stated: Option<&str>, as_of: Option<Day>, output: &Output) -> anyhow::Result<()> {
    let (scheme, day) = (find_scheme(code).map_err(refused)?, as_of.unwrap_or_else(today));
    let Some(stated) = stated else { return show(&SchemeView::new(scheme, day), output) };
    // What is wrong with a text about somebody is told by its place alone.
    let stated = serde_json::from_str(stated).map_err(|error| {
        anyhow!(
            "the facts are no JSON object (line {}, column {}); write {{\"age\": 60}}",
            error.line(),
            error.column()
        )
    })?;
    let facts = read_facts(scheme, stated).map_err(refused)?;
    let view = EligibilityView::judge(scheme, &facts, day).map_err(refused)?;
    if output.json {
        return output.document(&view);
    }
    output.line(format!("{} on {}: {}", view.scheme, view.as_of, view.outcome.replace('_', " ")));
    let row = |clause: &ClauseView| {
        vec![clause.fact.clone(), clause.text().to_owned(), clause.outcome.unwrap_or_default().to_owned()]
    };
    output.table(&["fact", "clause", "outcome"], &view.clauses.iter().map(row).collect::<Vec<_>>());
    output.note("advice to a person who decides; a fact that nobody stated fails nothing");
    Ok(())
}

fn show(view: &SchemeView, output: &Output) -> anyhow::Result<()> {
    if output.json {
        return output.document(view);
    }
    let in_force = if view.in_force { "" } else { ", not in force" };
    output.line(format!("{} {} on {}{in_force}", view.code, view.title, view.as_of));
    let row = |clause: &ClauseView| {
        let since = clause.valid_from.clone().unwrap_or_default();
        vec![clause.fact.clone(), clause.text().to_owned(), since]
    };
    output.table(&["fact", "clause", "since"], &view.clauses.iter().map(row).collect::<Vec<_>>());
    output.note(view.source.clone());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::codes::run;
    use crate::output::Printed;

    /// What a command prints on standard output as JSON.
    fn printed(command: CodesCommand) -> anyhow::Result<serde_json::Value> {
        let (asker, mut printed) = tokio::sync::mpsc::unbounded_channel();
        let output = Output::to_asker(true, false, asker);
        run(&with_facts_read(command)?, &Codes::builtin()?, &Holidays::builtin(), &output)?;
        let mut text = String::new();
        while let Ok(line) = printed.try_recv() {
            if let Printed::Out(line) = line {
                text.push_str(&line);
            }
        }
        Ok(serde_json::from_str(&text)?)
    }

    fn pension(facts: &str) -> anyhow::Result<serde_json::Value> {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("facts.json");
        std::fs::write(&file, facts).unwrap();
        let as_of = Day::parse("2024-01-01");
        printed(CodesCommand::Scheme { code: "SCH-05".to_owned(), facts: Some(file), stated: None, as_of })
    }

    #[test]
    fn the_command_line_says_what_the_api_says() {
        let charter = CodesCommand::Charter { code: "SVC-002".to_owned(), as_of: Day::parse("2012-06-01") };
        assert_eq!(printed(charter).unwrap()["working_days"], 21);
        let received = Day::parse("2026-01-23").unwrap();
        let due = CodesCommand::Due { code: "SVC-001".to_owned(), received, district: Some("27".to_owned()) };
        assert_eq!(printed(due).unwrap()["due"], "2026-01-27");
        let year = printed(CodesCommand::Holidays { year: Some(2026), district: None }).unwrap();
        let nanak = year["holidays"].as_array().unwrap().iter().find(|one| one["on"] == "2026-11-24").unwrap();
        assert_eq!((&nanak["name"], &nanak["made_up"]), (&"Birthday of Guru Nanak Dev".into(), &false.into()));
        assert_eq!(pension(r#"{"age": 57}"#).unwrap()["outcome"], "not_eligible");
        let rules = CodesCommand::Scheme { code: "SCH-05".to_owned(), facts: None, stated: None, as_of: None };
        assert_eq!(printed(rules).unwrap()["facts"]["age"], "a whole number");
    }

    #[test]
    fn facts_that_do_not_read_are_refused_without_repeating_them() {
        for (facts, says) in [
            (r#"{"age": "sixty"}"#, "`age` is to be a whole number"),
            (r#"{"aeg": 60}"#, "no fact `aeg`"),
            ("sixty", "no JSON object (line 1, column 1)"),
        ] {
            let refused = pension(facts).unwrap_err().to_string();
            assert!(refused.contains(says) && !refused.contains("sixty"), "{refused}");
        }
        let absent = CodesCommand::Scheme {
            code: "SCH-05".to_owned(),
            facts: Some("/nowhere/facts.json".into()),
            stated: None,
            as_of: None,
        };
        assert!(printed(absent).unwrap_err().to_string().contains("/nowhere/facts.json"));
    }
}

//! `kanak appraise`: officers' work beside what their cases let expect, frozen; objections to it.

use std::path::Path;

use anyhow::{Context as _, anyhow};
use kanak_dashboards::session::find_language;
use kanak_warehouse::appraisal::{
    Contest, Entry, Frozen, OfficerSheet, Outcome, Period, Report, Sheet, Struck, Unscored, Verdict, What, typst_sheet,
};
use serde_json::{Value, json};

use crate::cli::{AppraiseCommand, AppraiseReportArgs};
use crate::deployment::Deployment;
use crate::jobs::appraisal::{check_person, contest, decide, freeze};
use crate::output::{Output, grouped};

/// Runs a command.
///
/// # Errors
/// When there is no such appraisal, officer or objection, or it is not as it was frozen.
pub async fn run(command: &AppraiseCommand, deployment: &Deployment, output: &Output) -> anyhow::Result<()> {
    let appraisals = deployment.warehouse.appraisals();
    match command {
        AppraiseCommand::Freeze { period, cadre } => {
            let period: Period = period.parse().map_err(|why: String| anyhow!(why))?;
            let frozen = Box::pin(freeze(deployment, period, cadre.as_deref())).await?;
            print_frozen(&frozen, output)
        }
        AppraiseCommand::List => {
            let all = appraisals.list()?;
            if output.json {
                let all: Vec<Value> =
                    all.iter().map(|(id, manifest)| json!({ "id": id, "manifest": manifest })).collect();
                return output.document(&all);
            }
            let rows: Vec<Vec<String>> = all
                .into_iter()
                .map(|(id, manifest)| {
                    let cadre = manifest.cadre.unwrap_or_else(|| "all".to_owned());
                    vec![id, manifest.period.to_string(), cadre, manifest.read.as_of.to_string()]
                })
                .collect();
            output.table(&["appraisal", "period", "cadre", "as known"], &rows);
            Ok(())
        }
        AppraiseCommand::Report(args) => report(args, deployment, output).await,
        AppraiseCommand::Contest { id, case, officer, by, reason } => {
            check_person(deployment, by).await?;
            let entry = contest(deployment, id, (officer, case), (by, reason)).await?;
            if output.json {
                return output.document(&entry);
            }
            output.line(format!(
                "objection {} waits for somebody else: kanak appraise decide {id} {0} accepted|rejected --by USER --reason TEXT",
                entry.number
            ));
            Ok(())
        }
        AppraiseCommand::Decide { id, objection, verdict, by, reason } => {
            check_person(deployment, by).await?;
            let verdict = if verdict == "accepted" { Verdict::Accepted } else { Verdict::Rejected };
            let entry = decide(deployment, id, (*objection, verdict), (by, reason)).await?;
            if output.json {
                return output.document(&entry);
            }
            print_decision(&entry, output);
            Ok(())
        }
        AppraiseCommand::Contests { id } => {
            let contests = appraisals.contests(id)?;
            if output.json {
                let all = contests.iter().map(|one| json!({ "objection": one.entry, "decision": one.decision }));
                return output.document(&all.collect::<Vec<_>>());
            }
            let rows: Vec<Vec<String>> = contests.iter().map(contest_row).collect();
            output.table(&["objection", "officer", "case", "by", "why", "stands"], &rows);
            Ok(())
        }
    }
}

/// Reckons the report anew from what was frozen, and shows it or one officer's sheet.
async fn report(args: &AppraiseReportArgs, deployment: &Deployment, output: &Output) -> anyhow::Result<()> {
    let appraisals = deployment.warehouse.appraisals();
    let (all, id) = (appraisals.clone(), args.id.clone());
    let read = tokio::task::spawn_blocking(move || {
        let frozen = all.get(&id)?;
        frozen.reckon_again()?;
        Ok::<Frozen, kanak_warehouse::appraisal::AppraisalError>(frozen)
    });
    let frozen = read.await??;
    let struck = if args.corrected { appraisals.struck(&args.id)? } else { Struck::new() };
    let Some(officer) = &args.officer else {
        let bytes = if args.corrected {
            let report = frozen.appraisal().report(frozen.manifest.cadre.as_deref(), &struck);
            serde_json::to_vec_pretty(&report)?
        } else {
            frozen.report().to_vec()
        };
        if let Some(file) = &args.out {
            return write(file, &bytes, output);
        }
        let report: Report = serde_json::from_slice(&bytes)?;
        if output.json {
            return output.document(&report);
        }
        print_report(&report, output);
        return Ok(());
    };
    let no_sheet = || format!("appraisal `{}` has no sheet of officer `{officer}`", args.id);
    let appraisal = frozen.appraisal();
    let sheet = Sheet {
        sheet: appraisal.officer(officer, &struck).with_context(no_sheet)?,
        cases: appraisal.cases(officer, &struck),
    };
    if let Some(file) = &args.typst {
        let language =
            find_language(&args.language).with_context(|| format!("unknown language `{}`", args.language))?;
        let text = typst_sheet(&args.id, &frozen.manifest, &sheet, language);
        return write(file, text.as_bytes(), output);
    }
    if let Some(file) = &args.out {
        return write(file, &serde_json::to_vec_pretty(&sheet)?, output);
    }
    if output.json {
        return output.document(&sheet);
    }
    print_sheet(&sheet, output);
    Ok(())
}

fn write(file: &Path, bytes: &[u8], output: &Output) -> anyhow::Result<()> {
    std::fs::write(file, bytes).with_context(|| format!("cannot write {}", file.display()))?;
    output.note(format!("{} bytes to {}", grouped(bytes.len() as u64), file.display()));
    Ok(())
}

fn print_frozen(frozen: &Frozen, output: &Output) -> anyhow::Result<()> {
    let report: Report = serde_json::from_slice(frozen.report())?;
    if output.json {
        return output.document(&json!({
            "id": frozen.id, "period": report.period, "cases": report.cases, "officers": report.officers.len(),
            "scored": report.officers.iter().filter(|sheet| sheet.outcome.score().is_some()).count(),
        }));
    }
    output.line(&frozen.id);
    output.note(format!(
        "{} cases of {} frozen; {} officers. Nothing that comes later changes it: kanak appraise report {}",
        grouped(report.cases),
        report.period,
        grouped(report.officers.len() as u64),
        frozen.id
    ));
    Ok(())
}

fn print_report(report: &Report, output: &Output) {
    let rows: Vec<Vec<String>> = report.officers.iter().map(sheet_row).collect();
    output.table(
        &[
            "officer",
            "cadre",
            "designation",
            "office",
            "applications",
            "grievances",
            "inherited",
            "points",
            "95 of 100",
        ],
        &rows,
    );
    output.note(format!(
        "{}, in the order of their keys. Points above (+) or below (-) what the cases let expect; evidence beside a person's mark",
        report.period
    ));
}

fn sheet_row(sheet: &OfficerSheet) -> Vec<String> {
    let (points, within) = match sheet.outcome {
        Outcome::Score(score) => (format!("{:+.2}", score.points), format!("{:+.2} to {:+.2}", score.from, score.to)),
        Outcome::Unscored(why) => (String::new(), why_not(why).to_owned()),
    };
    vec![
        sheet.officer.clone(),
        sheet.cadre.clone(),
        sheet.designation.clone(),
        sheet.office.clone(),
        format!("{:.1}", sheet.applications),
        format!("{:.1}", sheet.grievances),
        sheet.inherited.to_string(),
        points,
        within,
    ]
}

fn why_not(why: Unscored) -> &'static str {
    match why {
        Unscored::TooFewCases => "too few cases",
        Unscored::NothingWeighed => "nothing that has a weight",
    }
}

fn print_sheet(sheet: &Sheet, output: &Output) {
    let part = |number: f64| format!("{:.1} %", 100.0 * number);
    let rows: Vec<Vec<String>> = sheet
        .sheet
        .figures
        .iter()
        .map(|figure| {
            vec![
                figure.indicator.word().to_owned(),
                format!("{:.1}", figure.cases),
                part(figure.observed),
                part(figure.expected),
                format!("{:+.2}", 100.0 * figure.shrunk),
                part(figure.weight),
            ]
        })
        .collect();
    output.table(&["indicator", "cases", "observed", "expected", "difference kept", "weight"], &rows);
    let day = |day: Option<kanak_codes::Day>| day.map_or_else(String::new, |day| day.to_string());
    let rows: Vec<Vec<String>> = sheet
        .cases
        .iter()
        .map(|line| {
            let stands = match (line.is_inherited, line.is_struck) {
                (true, _) => "inherited",
                (false, true) => "struck",
                (false, false) => "",
            };
            let told = line.values.iter().map(|value| {
                let expected = value.expected.map_or_else(String::new, |expected| format!(" of {expected:.2}"));
                format!("{} {:.2}{expected}", value.indicator.word(), value.value)
            });
            vec![
                line.case.clone(),
                line.service.clone(),
                day(line.received_on),
                day(line.due_on),
                day(line.decided_on),
                format!("{:.2}", line.share),
                stands.to_owned(),
                told.collect::<Vec<_>>().join(", "),
            ]
        })
        .collect();
    output.table(&["case", "service", "received", "due", "decided", "share", "stands", "value of expected"], &rows);
    let row = sheet_row(&sheet.sheet);
    output.line(format!("{} {}: {} {}", row[0], row[2], row[7], row[8]));
}

fn print_decision(entry: &Entry, output: &Output) {
    if let What::Decision { contest, verdict, before, after } = &entry.what {
        let points = |sheet: &OfficerSheet| sheet_row(sheet).split_off(7).join(" ");
        let word = match verdict {
            Verdict::Accepted => "accepted: the case no longer counts",
            Verdict::Rejected => "rejected: the case counts",
        };
        output.line(format!("objection {contest} is {word}"));
        output.line(format!("with the case {}, without it {}", points(before), points(after)));
    }
}

fn contest_row(contest: &Contest) -> Vec<String> {
    let (officer, case) = contest.about();
    let stands = match contest.decision.as_ref().map(|entry| (&entry.what, &entry.by)) {
        Some((What::Decision { verdict: Verdict::Accepted, .. }, by)) => format!("accepted by {by}"),
        Some((_, by)) => format!("rejected by {by}"),
        None => "waits".to_owned(),
    };
    let entry = &contest.entry;
    vec![
        entry.number.to_string(),
        officer.to_owned(),
        case.to_owned(),
        entry.by.clone(),
        entry.reason.replace(['\n', '\t'], " "),
        stands,
    ]
}

//! Officers' work beside what their cases let expect, on offices whose truth is known.

use std::collections::BTreeMap;

use kanak_codes::Day;
use kanak_model::Language;
use kanak_warehouse::appraisal::{
    Appraisal, AppraisalConfig, AppraisalError, Appraisals, Case, CaseKind, Entry, Figure, Frozen, Indicator, Inputs,
    NewContest, NewDecision, OfficerSheet, Outcome, Posting, ReadFrom, Struck, Target, TargetOfOffice, Unscored,
    Verdict, What, collect, typst_sheet,
};

use crate::support::*;

/// Services and the part of their cases that is decided in time by an officer like any other.
const SERVICES: [(&str, f64); 4] = [("easy", 0.9), ("plain", 0.75), ("harder", 0.5), ("hard", 0.3)];
const OFFICERS: usize = 24;

fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

fn config() -> AppraisalConfig {
    AppraisalConfig::parse("appraisal.toml", AppraisalConfig::BUILTIN).unwrap()
}

fn officer(at: usize) -> String {
    format!("K-{at:06}")
}

/// How much oftener an officer decides in time than others would: from -0.09 to +0.09.
fn skill(at: usize) -> f64 {
    (at as f64 / (OFFICERS - 1) as f64 - 0.5) * 0.18
}

fn application(id: String, officer: Option<String>, service: &str, is_in_time: bool) -> Case {
    Case {
        id,
        kind: CaseKind::Application,
        service: service.to_owned(),
        district: "27".to_owned(),
        office: "O".to_owned(),
        officer,
        received_on: day("2025-06-02"),
        assigned_on: None,
        due_on: Some(day("2025-06-20")),
        decided_on: Some(day(if is_in_time { "2025-06-10" } else { "2025-07-10" })),
        judged_on: day(if is_in_time { "2025-06-10" } else { "2025-06-20" }),
        is_in_time: Some(is_in_time),
        is_reopened: None,
        is_appealed: None,
        rating: None,
        checks: 3,
        checks_passed: 3,
    }
}

/// So many cases of each service for one officer, of which exactly the officer's part is in time.
fn cases_of(at: usize, mix: [usize; 4]) -> Vec<Case> {
    let mut cases = Vec::new();
    for ((service, base), number) in SERVICES.iter().zip(mix) {
        let in_time = (number as f64 * (base + skill(at))).round() as usize;
        cases.extend(
            (0..number)
                .map(|nth| application(format!("t:{at}-{service}-{nth}"), Some(officer(at)), service, nth < in_time)),
        );
    }
    cases
}

fn inputs(cases: Vec<Case>) -> Inputs {
    Inputs { period: "2025-26".parse().unwrap(), cases, postings: Vec::new(), targets: Vec::new() }.sorted()
}

fn sheet(inputs: &Inputs, officer: &str) -> OfficerSheet {
    Appraisal::new(&config(), inputs).officer(officer, &Struck::new()).unwrap()
}

fn figure(sheet: &OfficerSheet, indicator: Indicator) -> &Figure {
    sheet.figures.iter().find(|figure| figure.indicator == indicator).unwrap()
}

fn points(sheet: &OfficerSheet) -> f64 {
    sheet.outcome.score().unwrap().points
}

/// Officers from the lowest score to the highest.
fn ranked(inputs: &Inputs) -> Vec<String> {
    let report = Appraisal::new(&config(), inputs).report(None, &Struck::new());
    let mut officers: Vec<(f64, String)> =
        report.officers.iter().map(|sheet| (points(sheet), sheet.officer.clone())).collect();
    officers.sort_by(|left, right| left.0.total_cmp(&right.0));
    officers.into_iter().map(|(_, officer)| officer).collect()
}

/// All officers with as many cases of each service, but for those named.
fn state(others: &BTreeMap<usize, [usize; 4]>) -> Inputs {
    let mix = |at: usize| others.get(&at).copied().unwrap_or([100; 4]);
    inputs((0..OFFICERS).flat_map(|at| cases_of(at, mix(at))).collect())
}

#[test]
fn the_order_of_scores_is_the_order_of_what_officers_truly_make_of_cases() {
    let truth: Vec<String> = (0..OFFICERS).map(officer).collect();
    assert_eq!(ranked(&state(&BTreeMap::new())), truth);
}

#[test]
fn hard_cases_moved_from_one_to_another_move_what_is_expected_of_them_and_not_their_rank() {
    let (even, moved) =
        (state(&BTreeMap::new()), state(&BTreeMap::from([(8, [190, 100, 100, 10]), (15, [10, 100, 100, 190])])));
    let expected = |inputs: &Inputs, at: usize| figure(&sheet(inputs, &officer(at)), Indicator::Timeliness).expected;
    assert!(expected(&moved, 8) > expected(&even, 8) + 0.1);
    assert!(expected(&moved, 15) < expected(&even, 15) - 0.1);
    for at in (0..OFFICERS).filter(|at| ![8, 15].contains(at)) {
        assert!((expected(&moved, at) - expected(&even, at)).abs() < 0.005, "nobody else is asked for other work");
    }
    assert_eq!(ranked(&moved), ranked(&even));
    // Without regard to the kinds of cases the better officer with the hard ones would be the worse.
    let observed = |at: usize| figure(&sheet(&moved, &officer(at)), Indicator::Timeliness).observed;
    assert!(observed(15) < observed(8));
    assert!(points(&sheet(&moved, &officer(15))) > points(&sheet(&moved, &officer(8))));
}

#[test]
fn the_same_cases_make_the_same_score_whoever_has_them() {
    let (mut first, second) = (cases_of(3, [40, 20, 10, 90]), cases_of(20, [90, 10, 20, 40]));
    // A twin of officer 3: the same cases under other numbers.
    let twin = first.iter().map(|case| Case {
        id: format!("{}-twin", case.id),
        officer: Some("K-twin".into()),
        ..case.clone()
    });
    let twin: Vec<Case> = twin.collect();
    first.extend(twin);
    let rest: Vec<Case> = (4..16).flat_map(|at| cases_of(at, [50; 4])).collect();
    let before = inputs([first.clone(), second.clone(), rest.clone()].concat());
    assert_eq!(sheet(&before, &officer(3)).outcome, sheet(&before, "K-twin").outcome);
    let swapped = |cases: Vec<Case>| {
        cases.into_iter().map(|mut case| {
            let other = match case.officer.as_deref() {
                Some("K-000003") => officer(20),
                Some("K-000020") => officer(3),
                held => held.unwrap().to_owned(),
            };
            case.officer = Some(other);
            case
        })
    };
    let after = inputs(swapped([first, second, rest].concat()).collect());
    assert_eq!(sheet(&after, &officer(20)).outcome, sheet(&before, &officer(3)).outcome);
    assert_eq!(sheet(&after, &officer(3)).outcome, sheet(&before, &officer(20)).outcome);
}

#[test]
fn below_the_minimum_there_is_no_score_and_with_few_cases_a_small_one() {
    let few = |number: usize| {
        let mut cases: Vec<Case> = (0..OFFICERS).flat_map(|at| cases_of(at, [50; 4])).collect();
        cases.extend((0..number).map(|nth| application(format!("t:new-{nth}"), Some("K-new".into()), "hard", true)));
        sheet(&inputs(cases), "K-new")
    };
    assert_eq!(few(29).outcome, Outcome::Unscored(Unscored::TooFewCases));
    assert!(!few(29).figures.is_empty(), "the figures are shown all the same");
    let (thirty, many) = (few(30).outcome.score().unwrap(), few(300).outcome.score().unwrap());
    assert!(0.0 < thirty.points && thirty.points < many.points);
    assert!(thirty.to - thirty.from > many.to - many.from);
}

#[test]
fn inherited_cases_count_for_nothing_and_are_told() {
    let mut all: Vec<Case> = (0..OFFICERS).flat_map(|at| cases_of(at, [50; 4])).collect();
    let clean = inputs(all.clone());
    let late = |nth: u32| Case {
        received_on: day("2025-04-20"),
        ..application(format!("t:old-{nth}"), Some(officer(5)), "easy", false)
    };
    all.extend((0..40).map(late));
    // It came to the officer the day after it was due.
    all.push(Case {
        assigned_on: Some(day("2025-06-21")),
        ..application("t:passed-on".into(), Some(officer(5)), "easy", false)
    });
    let mut burdened = inputs(all);
    burdened.postings.push(Posting {
        officer: officer(5),
        office: "O".to_owned(),
        designation: "Clerk".to_owned(),
        district: "27".to_owned(),
        from: Some(day("2025-05-01")),
        to: None,
    });
    let (before, after) = (sheet(&clean, &officer(5)), sheet(&burdened, &officer(5)));
    assert_eq!((after.inherited, before.inherited), (41, 0));
    assert_eq!((after.figures, after.outcome), (before.figures, before.outcome));
    let lines = Appraisal::new(&config(), &burdened).cases(&officer(5), &Struck::new());
    assert_eq!(lines.iter().filter(|line| line.is_inherited).count(), 41);
}

#[test]
fn joint_holders_share_what_names_nobody_by_the_days_they_held_the_post() {
    let posting = |officer: &str, to: Option<&str>| Posting {
        officer: officer.to_owned(),
        office: "O".to_owned(),
        designation: "District Controller".to_owned(),
        district: "27".to_owned(),
        from: None,
        to: to.map(day),
    };
    // Open from 2 to 10 June: the first held the post on all nine days, the second on three.
    let mut inputs = inputs(vec![application("t:1".into(), None, "easy", true)]);
    inputs.postings = vec![posting("K-1", None), posting("K-2", Some("2025-06-05"))];
    let target = Target { id: "t:9".into(), scheme: "SCH".into(), district: "27".into(), target: 10, achieved: 5 };
    inputs.targets = vec![TargetOfOffice { target, office: "O".into() }];
    let config = config();
    let appraisal = Appraisal::new(&config, &inputs);
    let shares = |officer: &str| -> BTreeMap<String, f64> {
        appraisal.cases(officer, &Struck::new()).into_iter().map(|line| (line.case, line.share)).collect()
    };
    let (first, second) = (shares("K-1"), shares("K-2"));
    assert_close(Some(first["t:1"]), Some(0.75), "the first's part of the case");
    assert_close(Some(second["t:1"]), Some(0.25), "the second's");
    // 365 and 65 days of a year.
    assert!((first["t:9"] - 365.0 / 430.0).abs() < 1e-6 && (second["t:9"] - 65.0 / 430.0).abs() < 1e-6);
    assert_eq!(appraisal.report(None, &Struck::new()).of_nobody, 0);
}

#[test]
fn differences_of_all_officers_from_what_is_expected_add_up_to_nothing() {
    let inputs = state(&BTreeMap::from([(2, [10, 30, 5, 200]), (9, [300, 1, 2, 40])]));
    let report = Appraisal::new(&config(), &inputs).report(None, &Struck::new());
    let off = |sheet: &OfficerSheet| {
        let figure = figure(sheet, Indicator::Timeliness);
        figure.cases * (figure.observed - figure.expected)
    };
    let all: f64 = report.officers.iter().map(off).sum();
    assert!(all.abs() < 0.02, "{all}");
}

#[test]
fn the_order_in_which_rows_come_changes_no_byte_and_a_struck_case_changes_one_sheet_alone() {
    let (config, first) = (config(), state(&BTreeMap::new()));
    let mut rows = first.cases.clone();
    rows.reverse();
    rows.rotate_left(1_000);
    let second = inputs(rows);
    let text =
        |inputs: &Inputs| serde_json::to_string(&Appraisal::new(&config, inputs).report(None, &Struck::new())).unwrap();
    assert_eq!(text(&first), text(&second));
    let appraisal = Appraisal::new(&config, &first);
    let struck = Struck::from([(officer(4), "t:4-hard-99".to_owned())]);
    let (before, after) = (appraisal.report(None, &Struck::new()), appraisal.report(None, &struck));
    let changed: Vec<String> = before
        .officers
        .iter()
        .zip(&after.officers)
        .filter(|(before, after)| before != after)
        .map(|(before, _)| before.officer.clone())
        .collect();
    assert_eq!(changed, [officer(4)]);
    assert!(points(&after.officers[4]) > points(&before.officers[4]), "a late case less");
}

#[tokio::test]
async fn cases_are_read_once_each_in_the_period_in_which_they_were_decided_or_fell_due() {
    let lake = Lake::new();
    let application = |no: &str, applied: &str, disposed: &str, outcome: &str| {
        event([
            ("application_no", no),
            ("service", "SVC-001"),
            ("office", "OFF-REV-D27"),
            ("officer", "hrms:1"),
            ("applied_at", applied),
            ("disposed_at", disposed),
            ("outcome", outcome),
        ])
    };
    let events = [
        application("IN-TIME", "2026-01-05T06:00:00Z", "2026-01-06T06:00:00Z", "delivered"),
        // One working day from Friday the 27th of March: due on the 30th, in the old year, and decided in the new one. The 31st is Mahavir
        // Jayanti: what came in on the 30th is due in the new year.
        application("LATE", "2026-03-27T06:00:00Z", "2026-04-20T06:00:00Z", "delivered"),
        application("NEXT-YEAR", "2026-03-30T06:00:00Z", "2026-04-20T06:00:00Z", "delivered"),
        application("NEVER", "2026-01-05T06:00:00Z", "", "pending"),
    ];
    lake.append("service_application", 1, &events).await;
    let grievance = event([
        ("grievance_no", "G-1"),
        ("office", "OFF-REV-D27"),
        ("officer", "hrms:1"),
        ("filed_at", "2026-01-05T06:00:00Z"),
        ("assigned_at", "2026-01-06T06:00:00Z"),
        ("closed_at", "2026-01-07T06:00:00Z"),
        ("outcome", "resolved"),
        ("times_reopened", "1"),
        ("rating", "4"),
    ]);
    lake.append("grievance", 1, &[grievance]).await;
    lake.link(&[("employee", "hrms:1", 21)]).await;
    let values = [("office", "OFF-REV-D27"), ("designation", "Tehsildar"), ("joined_on", "2015-07-01")];
    lake.golden("employee", vec![golden_version(21, "active", &values)]).await;
    lake.build().await;
    let (inputs, read) = collect(&lake.warehouse, "2025-26".parse().unwrap()).await.unwrap();
    assert_eq!(read.as_of, now());
    let told: Vec<_> =
        inputs.cases.iter().map(|case| (case.id.as_str(), case.is_in_time, case.judged_on.to_string())).collect();
    assert_eq!(
        told,
        [
            ("test:G-1", Some(true), "2026-01-07".to_owned()),
            ("test:IN-TIME", Some(true), "2026-01-06".to_owned()),
            ("test:LATE", Some(false), "2026-03-30".to_owned()),
            ("test:NEVER", Some(false), "2026-01-06".to_owned()),
        ]
    );
    assert_eq!(inputs.cases[0].is_reopened, Some(true));
    let key = kanak_model::GoldenId(21).to_string();
    assert!(inputs.cases.iter().all(|case| case.officer.as_ref() == Some(&key)));
    assert_eq!(inputs.postings.len(), 1);
    assert_eq!((inputs.postings[0].officer.clone(), inputs.postings[0].from), (key, Some(day("2015-07-01"))));
    let (next, _) = collect(&lake.warehouse, "2026-27".parse().unwrap()).await.unwrap();
    assert_eq!(next.cases.iter().map(|case| case.id.as_str()).collect::<Vec<_>>(), ["test:NEXT-YEAR"]);
}

/// Appraisals in a folder that goes with it, one of them frozen.
fn frozen(inputs: &Inputs) -> (tempfile::TempDir, Appraisals, Frozen) {
    let folder = tempfile::tempdir().unwrap();
    let all = Appraisals::at(folder.path().join("appraisals"));
    let frozen = freeze(&all, inputs, None).unwrap();
    (folder, all, frozen)
}

fn freeze(all: &Appraisals, inputs: &Inputs, cadre: Option<&str>) -> Result<Frozen, AppraisalError> {
    let read = ReadFrom { release: 7, as_of: now() };
    all.freeze(inputs, read, ("appraisal.toml", AppraisalConfig::BUILTIN), cadre)
}

#[test]
fn a_frozen_appraisal_is_reckoned_again_to_the_byte_and_a_changed_file_is_told() {
    let inputs = state(&BTreeMap::new());
    let (folder, all, first) = frozen(&inputs);
    first.reckon_again().unwrap();
    assert_eq!(freeze(&all, &inputs, None).unwrap().id, first.id, "the same is one");
    let staff = freeze(&all, &inputs, Some("heads_of_office")).unwrap();
    assert_ne!(staff.id, first.id);
    assert!(all.report(&staff.id).unwrap().officers.is_empty());
    assert_eq!(all.list().unwrap().len(), 2);
    let again = all.get(&first.id).unwrap();
    assert_eq!(again.report(), first.report());
    let sheet = all.sheet(&first.id, &officer(3)).unwrap();
    assert_eq!(sheet.sheet, all.report(&first.id).unwrap().officers[3]);
    assert_eq!(sheet.cases.len(), 400);
    let place = folder.path().join("appraisals").join(&first.id);
    for file in ["cases.jsonl", "settings.toml", "report.json", "manifest.json", "officers/K-000003.json"] {
        let path = place.join(file);
        let kept = std::fs::read(&path).unwrap();
        let mut flipped = kept.clone();
        flipped[kept.len() / 2] ^= 1;
        std::fs::write(&path, flipped).unwrap();
        let told = all.get(&first.id).unwrap_err().to_string();
        assert!(told.contains(file) && told.contains("backup"), "{told}");
        std::fs::write(&path, kept).unwrap();
    }
    all.get(&first.id).unwrap();
    for id in ["A-none", "../appraisals", "A-2025-26-../..", ""] {
        assert!(matches!(all.get(id), Err(AppraisalError::NotFound(_))), "{id}");
    }
}

#[test]
fn what_cannot_be_frozen_is_refused_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let all = Appraisals::at(folder.path().join("appraisals"));
    let unknown = freeze(&all, &state(&BTreeMap::new()), Some("kings")).unwrap_err().to_string();
    assert!(unknown.contains("`kings`") && unknown.contains("`staff`"), "{unknown}");
    let running = Inputs { period: "2026-27".parse().unwrap(), ..inputs(Vec::new()) };
    let early = freeze(&all, &running, None).unwrap_err().to_string();
    assert!(early.contains("2027-03-31") && early.contains("2026-10-01"), "{early}");
    assert!(all.list().unwrap().is_empty());
}

#[test]
fn an_objection_is_decided_by_somebody_else_and_the_difference_is_kept() {
    let (folder, all, first) = frozen(&state(&BTreeMap::new()));
    let id = &first.id;
    let officer = officer(4);
    let contest = |case: &str, reason: &str| {
        all.contest(id, NewContest { officer: &officer, case, reason, by: "asha", at: now() })
    };
    let told = |refused: Result<Entry, AppraisalError>| refused.unwrap_err().to_string();
    assert!(told(contest("t:5-hard-99", "not mine")).contains("not on the officer's sheet"));
    assert!(told(contest("t:4-hard-99", "  ")).contains("say why"));
    let objection = contest("t:4-hard-99", "it was with the court").unwrap();
    assert!(told(contest("t:4-hard-99", "again")).contains("objection to it already"));
    let decide = |contest, by: &str, verdict| {
        all.decide(id, NewDecision { contest, verdict, reason: "seen in the file", by, at: now() })
    };
    assert!(told(decide(objection.number, "asha", Verdict::Accepted)).contains("who objected cannot decide"));
    assert!(told(decide(9, "bina", Verdict::Accepted)).contains("none of this number"));
    let decided = decide(objection.number, "bina", Verdict::Accepted).unwrap();
    assert!(told(decide(objection.number, "bina", Verdict::Rejected)).contains("decided already"));
    let What::Decision { before, after, .. } = decided.what else { panic!("it is a decision") };
    assert_eq!(*before, all.sheet(id, &officer).unwrap().sheet);
    assert_eq!((before.struck, after.struck), (0, 1));
    assert!(points(&after) > points(&before), "a late case less");
    // A rejected one keeps what it would have come to and strikes nothing.
    let second = contest("t:4-hard-98", "I was ill").unwrap();
    let What::Decision { before, .. } = decide(second.number, "bina", Verdict::Rejected).unwrap().what else {
        panic!("it is a decision")
    };
    assert_eq!(before, after, "it goes on from what was accepted");
    let struck = Struck::from([(officer.clone(), "t:4-hard-99".to_owned())]);
    assert_eq!(all.struck(id).unwrap(), struck);
    assert_eq!(all.get(id).unwrap().report(), first.report(), "what is frozen stays");
    all.get(id).unwrap().reckon_again().unwrap();
    // A line that is changed afterwards is found by the next.
    let path = folder.path().join("appraisals").join(id).join("contests.jsonl");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replacen("with the court", "with the clerk", 1)).unwrap();
    assert!(matches!(all.contests(id), Err(AppraisalError::Changed { .. })));
}

#[test]
fn a_sheet_is_written_for_typst_in_three_scripts_with_every_case() {
    let (_folder, all, first) = frozen(&state(&BTreeMap::new()));
    let sheet = all.sheet(&first.id, &officer(4)).unwrap();
    for (language, word) in [(Language::En, "Observed"), (Language::Pa, "ਅਧਿਕਾਰੀ"), (Language::Hi, "अधिकारी")]
    {
        let text = typst_sheet(&first.id, &first.manifest, &sheet, language);
        assert!(text.contains(word) && text.contains(&first.id), "{text}");
        assert_eq!(text.matches("t:4-").count(), 400);
        assert_eq!(text, typst_sheet(&first.id, &first.manifest, &sheet, language));
    }
}

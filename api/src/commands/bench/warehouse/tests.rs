//! What is measured is right: the answers of a small state against a count by hand.

use std::collections::{BTreeMap, BTreeSet};

use kanak_model::Access;
use serde_json::{Map, Value};
use tempfile::TempDir;

use super::adhoc::STATEMENTS;
use super::changes::{self, Changes};
use super::dashboard::{Question, ask, questions};
use super::load::Loaded;
use super::made::{APPLICATIONS_A_GRIEVANCE, Application, Grievance, State, financial_year, month};
use super::statements;
use crate::output::Output;

const GOLDEN: u64 = 3_000;

async fn load(folder: &TempDir, rows: u64) -> Loaded {
    let lake = folder.path().canonicalize().unwrap().join("lake");
    Box::pin(Loaded::load(&lake, rows, GOLDEN, 1, &Output::captured().0)).await.unwrap()
}

/// What a metric counts of a case: its part of the numerator and, where there is one, of the denominator.
type Counted = (f64, Option<f64>);
/// By the values of the dimensions that a question cuts by.
type Cut = BTreeMap<Vec<String>, Counted>;

fn of_application(metric: &str, case: &Application) -> Option<Counted> {
    let is_without_reason = case.outcome == "rejected" && case.reason.is_none();
    let is_disposed = case.disposed_us.is_some() && case.outcome != "pending" && !is_without_reason;
    Some(match metric {
        "applications_received" => (1.0, None),
        "applications_pending" => (f64::from(u8::from(!is_disposed)), None),
        "rejections_without_reason" => (f64::from(u8::from(is_without_reason)), None),
        _ => return None,
    })
}

fn of_grievance(metric: &str, case: &Grievance) -> Option<Counted> {
    let is_closed = case.closed_us.is_some() && case.outcome != "open";
    Some(match metric {
        "grievances_filed" => (1.0, None),
        "grievances_open" => (f64::from(u8::from(!is_closed)), None),
        "grievances_reopened" => (f64::from(u8::from(case.times_reopened > 0)), Some(1.0)),
        "grievance_rating" => (case.rating.unwrap_or(0) as f64, Some(f64::from(u8::from(case.rating.is_some())))),
        _ => return None,
    })
}

/// The value of a dimension of a case that is about `matter` (its own name, its code, its department); `None` for a dimension that is
/// not counted by hand.
fn value(state: &State, office: usize, begun_us: i64, matter: [&str; 4], name: &str) -> Option<String> {
    let [matter_name, department_name, code, department] = matter;
    let office = &state.offices[office];
    Some(match name {
        "district" => office.district.clone(),
        "office" => office.code.clone(),
        "office_department" => office.department.clone(),
        "month" => month(begun_us).to_string(),
        "financial_year" => financial_year(begun_us),
        _ if name == matter_name => code.to_owned(),
        _ if name == department_name => department.to_owned(),
        _ => return None,
    })
}

/// Adds a case to a cut, unless it is filtered out. `None` where it cannot be told.
fn add(cut: &mut Cut, question: &Question<'_>, counted: Counted, value: impl Fn(&str) -> Option<String>) -> Option<()> {
    for (name, wanted) in &question.cut.filters {
        if value(name)? != *wanted {
            return Some(());
        }
    }
    let key = question.cut.group_by.iter().map(|name| value(name)).collect::<Option<Vec<String>>>()?;
    let sum = cut.entry(key).or_insert((0.0, counted.1.map(|_| 0.0)));
    sum.0 += counted.0;
    sum.1 = sum.1.zip(counted.1).map(|(sum, more)| sum + more);
    Some(())
}

/// The answer to a question, counted by hand; `None` where that is not done.
fn count(loaded: &Loaded, question: &Question<'_>) -> Option<Cut> {
    let state = &loaded.state;
    let metric = question.metric.name.as_str();
    let mut cut = Cut::new();
    of_application(metric, &state.application(0)).or(of_grievance(metric, &state.grievance(0)))?;
    for case in (0..loaded.rows).map(|number| state.application(number)) {
        let Some(counted) = of_application(metric, &case) else { break };
        let matter = &state.services[case.service];
        let matter = ["service", "service_department", &matter.code, &matter.department];
        add(&mut cut, question, counted, |name| value(state, case.office, case.applied_us, matter, name))?;
    }
    for case in (0..loaded.rows / APPLICATIONS_A_GRIEVANCE).map(|number| state.grievance(number)) {
        let Some(counted) = of_grievance(metric, &case) else { break };
        let matter = &state.complaint_types[case.complaint_type];
        let matter = ["complaint_type", "complaint_department", &matter.code, &matter.department];
        add(&mut cut, question, counted, |name| value(state, case.office, case.filed_us, matter, name))?;
    }
    Some(cut)
}

/// The figure of a cut's row.
fn figure((numerator, denominator): Counted) -> Option<f64> {
    match denominator {
        None => Some(numerator),
        Some(denominator) => (denominator > 0.0).then(|| numerator / denominator),
    }
}

fn key_of(row: &Map<String, Value>, dimensions: &[String]) -> Vec<String> {
    let word = |name: &String| match &row[name] {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    dimensions.iter().map(word).collect()
}

fn rounded(figure: Option<f64>) -> Option<i64> {
    figure.map(|figure| (figure * 1e9).round() as i64)
}

#[tokio::test]
async fn questions_of_dashboards_are_answered_as_a_count_by_hand_answers_them() {
    let folder = tempfile::tempdir().unwrap();
    // So few that no cut has more rows than the warehouse gives.
    let loaded = load(&folder, 8_000).await;
    let access = Access::operation("test");
    let asked = questions(&loaded.warehouse, &access, &loaded.state, 500, 1).unwrap();
    assert_eq!(asked.len(), 500);
    let (mut checked, mut cut_short) = (0, 0);
    for question in &asked {
        let told = ask(&loaded.warehouse, &access, question).await.unwrap();
        assert!(!told.is_truncated, "{}", question.metric.name);
        let answer = told.rows;
        let Some(counted) = count(&loaded, question) else { continue };
        let figure_of = |row: &Map<String, Value>| rounded(row["value"].as_f64());
        let what = format!("{} {:?}", question.metric.name, question.cut);
        if let Some(top) = question.top {
            // Among equals the one is as good as the other.
            let mut expected: Vec<Option<i64>> = counted.into_values().map(|sums| rounded(figure(sums))).collect();
            expected.sort_unstable_by(|a, b| b.cmp(a));
            expected.truncate(top);
            assert_eq!(answer.iter().map(figure_of).collect::<Vec<_>>(), expected, "{what}");
            cut_short += 1;
        } else {
            let answer: BTreeMap<_, _> =
                answer.iter().map(|row| (key_of(row, &question.cut.group_by), figure_of(row))).collect();
            let expected: BTreeMap<_, _> =
                counted.into_iter().map(|(key, sums)| (key, rounded(figure(sums)))).collect();
            assert_eq!(answer, expected, "{what}");
        }
        checked += 1;
    }
    assert!(checked >= 60 && cut_short >= 10, "{checked} were counted by hand, {cut_short} of them cut short");
}

#[tokio::test]
async fn every_statement_is_answered_and_some_as_a_count_by_hand_answers_them() {
    let folder = tempfile::tempdir().unwrap();
    let loaded = load(&folder, 20_000).await;
    let access = Access::operation("test");
    let mut answers = BTreeMap::new();
    for statement in &STATEMENTS {
        let answer = statements::ask(&loaded.warehouse, &access, statement).await.unwrap();
        let rows = statements::rows_of(&answer);
        assert!(!rows.is_empty(), "{} has no rows", statement.name);
        assert!(answers.insert(statement.name, rows).is_none(), "{} is there twice", statement.name);
    }
    let cases: Vec<Application> = (0..loaded.rows).map(|number| loaded.state.application(number)).collect();
    let known = cases.iter().map(|case| case.applicant).filter(|applicant| *applicant < GOLDEN);
    assert_eq!(answers["count_distinct"], [[Value::from(known.collect::<BTreeSet<_>>().len())]]);
    let fees: i64 = cases.iter().filter_map(|case| case.fee_paise).sum();
    assert_eq!(answers["count_and_sum"], [[Value::from(cases.len()), Value::from(fees)]]);
    let mut reasons: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for case in &cases {
        if let Some(reason) = case.reason.filter(|reason| reason.contains("document")) {
            *reasons.entry((reason, case.channel)).or_default() += 1;
        }
    }
    let told: BTreeMap<(&str, &str), u64> = answers["words_of_a_reason"]
        .iter()
        .map(|row| ((row[0].as_str().unwrap(), row[1].as_str().unwrap()), row[2].as_u64().unwrap()))
        .collect();
    assert_eq!(told, reasons);
}

#[tokio::test]
async fn a_batch_of_changes_is_seen_and_cases_follow_who_was_merged() {
    let folder = tempfile::tempdir().unwrap();
    let loaded = load(&folder, 2_000).await;
    let access = Access::operation("test");
    let (output, mut printed) = Output::captured();
    let first = loaded.warehouse.release().unwrap();
    Box::pin(changes::measure(&loaded, &access, 300, &output)).await.unwrap();
    let line: Value = serde_json::from_str(printed().trim()).unwrap();
    assert_eq!((&line["changes"], &line["merges"]), (&Value::from(300), &Value::from(30)));
    let (files, facts) = changes::fact_files_rewritten(&first, &loaded.warehouse.release().unwrap());
    assert_eq!((&line["fact_files_rewritten"], &line["facts_rewritten"]), (&Value::from(files), &Value::from(facts)));
    let changes = Changes::new(GOLDEN, 300);
    let applicants = (0..loaded.rows).map(|number| loaded.state.application(number).applicant);
    let golden: BTreeSet<u64> = applicants.filter(|key| *key < GOLDEN).map(|key| changes.golden_of(key)).collect();
    let distinct = STATEMENTS.iter().find(|statement| statement.name == "count_distinct").unwrap();
    let answer = statements::ask(&loaded.warehouse, &access, distinct).await.unwrap();
    assert_eq!(statements::rows_of(&answer), [[Value::from(golden.len())]]);
}

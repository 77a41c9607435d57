//! Frozen appraisals: the list, one report, and one officer's sheet down to the cases.
//!
//! Officers stand in the order of their golden keys, not of their points. Cases are facts about single citizens, though no citizen is
//! named: they are shown to whoever may see such facts as a steward.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use kanak_codes::{Codes, Day};
use kanak_model::{Access, Caller, Class, Language, Purpose};
use kanak_warehouse::appraisal::{
    AppraisalError, CaseLine, Contest, Figure, Manifest, OfficerSheet, Outcome, Report, Sheet, Unscored, Verdict, What,
};

use super::{figures_page, show_page};
use crate::component::{Cell, Chart, ChartKind, ChartUnit, Head, Table};
use crate::error::PageError;
use crate::samples::Sampler;
use crate::session::{Signed, percent_encode};
use crate::shell::Shell;
use crate::state::DashboardState;
use crate::{audit, format, names, words};

/// One step: the list, a report or a sheet.
#[derive(Template)]
#[template(path = "pages/appraisals.html")]
pub(crate) struct AppraisalsPage {
    shell: Shell,
    /// The way here: address and title; the last has no address.
    crumbs: Vec<(Option<String>, String)>,
    heading: String,
    facts: Vec<(String, String)>,
    chart: Option<Chart>,
    main: Table,
    /// Objections; on a sheet alone.
    contests: Option<Table>,
    note: &'static str,
}

const LIST_NOTE: &str = "Each is a copy of what was known when it was frozen: nothing that came later changes it.";
const REPORT_NOTE: &str = "Points above (+) or below (−) what the officer's cases let expect, with what 95 of 100 such scores lie \
     within. They are evidence for the work-output part of an appraisal, beside a person's mark. Officers stand in the order of their \
     keys, not of their points.";
const SHEET_NOTE: &str = "Expected is what all offices made of cases of the same kind: service, district and load. Inherited cases do \
     not count. The officer may object to any case; what an accepted objection changed is kept, and the frozen sheet stays as it is.";
const CASES_HIDDEN: &str = "The cases behind these figures are shown to stewards.";

/// `GET /appraisals`
pub(crate) async fn list(State(state): State<DashboardState>, signed: Signed) -> Result<Response, PageError> {
    let (_, shell) = figures_page(&state, &signed, "appraisals")?;
    let all = state.warehouse.appraisals().list().map_err(page_error)?;
    show_page(&AppraisalsPage::of_list(shell, &all))
}

/// `GET /appraisals/{id}`
pub(crate) async fn report(
    State(state): State<DashboardState>,
    Path(id): Path<String>,
    signed: Signed,
) -> Result<Response, PageError> {
    let (access, shell) = figures_page(&state, &signed, "appraisals")?;
    let mut report = state.warehouse.appraisals().report(&id).map_err(page_error)?;
    report.officers.retain(|sheet| is_within(access.caller(), sheet));
    audit::record(&state, &access, "read appraisal", [&id]).await?;
    show_page(&AppraisalsPage::of_report(shell, &state.codes(), &id, &report))
}

/// `GET /appraisals/{id}/officers/{officer}`
pub(crate) async fn officer(
    State(state): State<DashboardState>,
    Path((id, officer)): Path<(String, String)>,
    signed: Signed,
) -> Result<Response, PageError> {
    let (access, shell) = figures_page(&state, &signed, "appraisals")?;
    let all = state.warehouse.appraisals();
    let mut sheet = all.sheet(&id, &officer).map_err(page_error)?;
    if !is_within(access.caller(), &sheet.sheet) {
        return Err(PageError::NotFound { what: "sheet of officer", name: officer });
    }
    let mut contests = all.contests(&id).map_err(page_error)?;
    contests.retain(|contest| contest.about().0 == officer);
    let sees_cases = signed.access(Purpose::Stewardship).ok().filter(|access| access.shows(Class::Personal));
    if sees_cases.is_none() {
        sheet.cases.clear();
    }
    let access: Access = sees_cases.unwrap_or(access);
    audit::record(&state, &access, "read appraisal", [format!("{id} {officer}")]).await?;
    show_page(&AppraisalsPage::of_sheet(shell, &state.codes(), &id, &sheet, &contests))
}

fn page_error(error: AppraisalError) -> PageError {
    match error {
        AppraisalError::NotFound(name) => PageError::NotFound { what: "appraisal", name },
        AppraisalError::NoSheet { officer, .. } => PageError::NotFound { what: "sheet of officer", name: officer },
        other => PageError::inside(other),
    }
}

/// Whether an officer's office lies in a visitor's districts.
fn is_within(caller: &Caller, sheet: &OfficerSheet) -> bool {
    caller.districts.as_ref().is_none_or(|districts| districts.contains(&sheet.district))
}

impl AppraisalsPage {
    fn of_list(shell: Shell, all: &[(String, Manifest)]) -> Self {
        let language = shell.language();
        let row = |(id, manifest): &(String, Manifest)| {
            vec![
                Cell::text(id).link(format!("/appraisals/{}", percent_encode(id))),
                Cell::text(manifest.period.to_string()),
                Cell::text(manifest.cadre.as_deref().map_or_else(|| "all".to_owned(), format::sentence)),
                Cell::text(format::instant(manifest.read.as_of)),
            ]
        };
        let main = Table {
            caption: "Frozen appraisals, with the time as of which facts were known.".to_owned(),
            heads: ["appraisal", "period", "cadre", "known_at"].map(|name| Head::word(language, name)).into(),
            rows: all.iter().map(row).collect(),
            total: None,
            empty: "Nothing is frozen; `kanak appraise freeze --period 2025-26` freezes a year that is over."
                .to_owned(),
        };
        let heading = "Frozen appraisals".to_owned();
        let crumbs = vec![(None, shell.title.clone())];
        Self { shell, crumbs, heading, facts: Vec::new(), chart: None, main, contests: None, note: LIST_NOTE }
    }

    fn of_report(shell: Shell, codes: &Codes, id: &str, report: &Report) -> Self {
        let language = shell.language();
        let crumbs = vec![(Some("/appraisals".to_owned()), shell.title.clone()), (None, id.to_owned())];
        let facts = vec![
            (words::word(language, "head.period").to_owned(), report.period.to_string()),
            (words::word(language, "head.cases").to_owned(), format::whole(count(report.cases))),
        ];
        let main = officers(codes, language, id, report);
        let heading = report.period.to_string();
        Self { shell, crumbs, heading, facts, chart: None, main, contests: None, note: REPORT_NOTE }
    }

    fn of_sheet(shell: Shell, codes: &Codes, id: &str, sheet: &Sheet, contests: &[Contest]) -> Self {
        let language = shell.language();
        let of = &sheet.sheet;
        let report = format!("/appraisals/{}", percent_encode(id));
        let crumbs = vec![
            (Some("/appraisals".to_owned()), shell.title.clone()),
            (Some(report), id.to_owned()),
            (None, of.officer.clone()),
        ];
        let word = |name: &str| words::word(language, &format!("head.{name}")).to_owned();
        let (points, within) = points(of);
        let facts = vec![
            (word("points"), if within.is_empty() { points } else { format!("{points} ({within})") }),
            (word("designation"), names::code_name(codes, "designation", &of.designation, language)),
            (word("office"), names::code_name(codes, "office", &of.office, language)),
            (word("applications"), format::decimal(of.applications, 1)),
            (word("grievances"), format::decimal(of.grievances, 1)),
            (word("inherited"), format::whole(count(of.inherited))),
        ];
        Self {
            crumbs,
            heading: of.officer.clone(),
            facts,
            chart: Some(figures(language, &of.figures)),
            main: cases(language, &sheet.cases),
            contests: Some(objections(language, contests)),
            note: SHEET_NOTE,
            shell: shell.with_charts(),
        }
    }

    pub(crate) fn sample(sampler: &Sampler) -> Self {
        Self::of_list(sampler.shell("appraisals"), &[])
    }

    /// The sample of a report.
    pub(crate) fn sample_report(sampler: &Sampler) -> Self {
        let officers = (1..=4).map(|at: u32| made_up_sheet(sampler, at).sheet).collect();
        let period = "2025-26".parse().expect("it is written as a financial year is");
        let report =
            Report { method: 1, settings: 1, period, cases: 12_345, of_nobody: 0, spreads: Vec::new(), officers };
        Self::of_report(sampler.shell("appraisals"), &sampler.codes, "A-2025-26-0123456789abcdef", &report)
    }

    /// The sample of an officer's sheet.
    pub(crate) fn sample_sheet(sampler: &Sampler) -> Self {
        let sheet = made_up_sheet(sampler, 1);
        Self::of_sheet(sampler.shell("appraisals"), &sampler.codes, "A-2025-26-0123456789abcdef", &sheet, &[])
    }
}

/// A made-up sheet of the officer with this number; the fourth has too few cases.
fn made_up_sheet(sampler: &Sampler, at: u32) -> Sheet {
    use kanak_warehouse::appraisal::{Indicator, Score, ValueLine};
    let score = Score { points: 2.5 - f64::from(at), from: 0.5 - f64::from(at), to: 4.5 - f64::from(at) };
    let figure = |indicator, observed, weight| Figure {
        indicator,
        cases: 120.0,
        observed,
        expected: 0.8,
        shrunk: observed - 0.8,
        weight,
    };
    let case = CaseLine {
        case: format!("service_applications:{}", sampler.word),
        kind: "application".to_owned(),
        service: "SVC-001".to_owned(),
        office: "OFF-REV-D27".to_owned(),
        received_on: Day::from_ymd(2025, 6, 2),
        due_on: Day::from_ymd(2025, 6, 3),
        decided_on: None,
        share: 0.5,
        is_inherited: at == 1,
        is_struck: false,
        values: vec![ValueLine { indicator: Indicator::Timeliness, value: 0.0, expected: Some(0.8), level: Some(0) }],
    };
    let sheet = OfficerSheet {
        officer: format!("K-00000{at}-{at}"),
        cadre: "staff".to_owned(),
        designation: sampler.word.to_owned(),
        office: "OFF-REV-D27".to_owned(),
        district: "27".to_owned(),
        applications: 100.5,
        grievances: 19.5,
        inherited: 7,
        struck: 0,
        figures: vec![figure(Indicator::Timeliness, 0.9, 0.6), figure(Indicator::Reopened, 0.1, 0.4)],
        outcome: if at == 4 { Outcome::Unscored(Unscored::TooFewCases) } else { Outcome::Score(score) },
    };
    Sheet { sheet, cases: vec![case] }
}

fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The points with their sign and what they lie within; or why there are none.
fn points(sheet: &OfficerSheet) -> (String, String) {
    match sheet.outcome {
        Outcome::Score(score) => (format!("{:+.2}", score.points), format!("{:+.2} to {:+.2}", score.from, score.to)),
        Outcome::Unscored(Unscored::TooFewCases) => ("too few cases".to_owned(), String::new()),
        Outcome::Unscored(Unscored::NothingWeighed) => ("nothing that has a weight".to_owned(), String::new()),
    }
}

fn officers(codes: &Codes, language: Language, id: &str, report: &Report) -> Table {
    let row = |sheet: &OfficerSheet| {
        let href = format!("/appraisals/{}/officers/{}", percent_encode(id), percent_encode(&sheet.officer));
        let (points, within) = points(sheet);
        let score = Cell { value: sheet.outcome.score().map(|score| score.points), ..Cell::text(points) };
        vec![
            Cell::text(&sheet.officer).link(href),
            Cell::text(names::code_name(codes, "designation", &sheet.designation, language)),
            Cell::text(names::code_name(codes, "office", &sheet.office, language)),
            Cell::decimal(Some(sheet.applications), 1),
            Cell::decimal(Some(sheet.grievances), 1),
            Cell::count(sheet.inherited),
            if within.is_empty() { score } else { score.under(within) },
        ]
    };
    Table {
        caption: "Officers by golden key: cases that count, cases that were inherited, and points above or below what was expected."
            .to_owned(),
        heads: vec![
            Head::word(language, "officer"),
            Head::word(language, "designation"),
            Head::word(language, "office"),
            Head::count(language, "applications"),
            Head::count(language, "grievances"),
            Head::count(language, "inherited"),
            Head::count(language, "points"),
        ],
        rows: report.officers.iter().map(row).collect(),
        total: None,
        empty: "No officer of your districts has a case in it.".to_owned(),
    }
}

fn figures(language: Language, figures: &[Figure]) -> Chart {
    let row = |figure: &Figure| {
        vec![
            Cell::text(format::sentence(figure.indicator.word())),
            Cell::percent(Some(figure.observed)),
            Cell::percent(Some(figure.expected)),
            Cell::decimal(Some(figure.cases), 1),
            Cell::percent(Some(figure.weight)),
        ]
    };
    Chart {
        language,
        title: "What the officer's cases came to, beside what cases of their kinds let expect".to_owned(),
        kind: ChartKind::Bars,
        unit: ChartUnit::Percent,
        table: Table {
            caption: "Each indicator over the cases that tell it: observed, expected, and its weight in the points."
                .to_owned(),
            heads: vec![
                Head::word(language, "indicator"),
                Head::count(language, "observed"),
                Head::count(language, "expected"),
                Head::count(language, "cases").undrawn(),
                Head::count(language, "weight").undrawn(),
            ],
            rows: figures.iter().map(row).collect(),
            total: None,
            empty: "No case tells anything.".to_owned(),
        },
    }
}

fn cases(language: Language, cases: &[CaseLine]) -> Table {
    let day = |day: Option<Day>| Cell::maybe(day.map(|day| day.to_string()));
    let row = |line: &CaseLine| {
        let stands = match (line.is_inherited, line.is_struck) {
            (true, _) => Some("inherited"),
            (false, true) => Some("struck"),
            (false, false) => None,
        };
        let told = line.values.iter().map(|value| {
            let expected =
                value.expected.map_or_else(String::new, |expected| format!(" of {}", format::percent(expected)));
            format!("{} {}{expected}", format::spaced(value.indicator.word()), format::percent(value.value))
        });
        vec![
            Cell::text(&line.case),
            Cell::text(&line.service),
            day(line.received_on),
            day(line.due_on),
            day(line.decided_on),
            Cell::decimal(Some(line.share), 2),
            Cell::maybe(stands),
            Cell::text(told.collect::<Vec<_>>().join(", ")),
        ]
    };
    Table {
        caption: "Every case behind the figures, with the officer's share of it, and its value of what was expected."
            .to_owned(),
        heads: vec![
            Head::word(language, "case"),
            Head::word(language, "service"),
            Head::word(language, "received"),
            Head::word(language, "due"),
            Head::word(language, "decided"),
            Head::count(language, "share").undrawn(),
            Head::word(language, "stands"),
            Head::word(language, "observed"),
        ],
        rows: cases.iter().map(row).collect(),
        total: None,
        empty: CASES_HIDDEN.to_owned(),
    }
}

fn objections(language: Language, contests: &[Contest]) -> Table {
    let row = |contest: &Contest| {
        let stands = match contest.decision.as_ref().map(|entry| &entry.what) {
            Some(What::Decision { verdict, before, after, .. }) => {
                let word = if *verdict == Verdict::Accepted { "accepted" } else { "rejected" };
                format!("{word}: {} with it, {} without", points(before).0, points(after).0)
            }
            _ => "waits".to_owned(),
        };
        vec![Cell::text(contest.about().1), Cell::text(&contest.entry.reason), Cell::text(stands)]
    };
    Table {
        caption: "Objections to cases of this sheet, and what they came to.".to_owned(),
        heads: ["case", "why", "stands"].map(|name| Head::word(language, name)).into(),
        rows: contests.iter().map(row).collect(),
        total: None,
        empty: "Nobody has objected to a case.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn officers_stand_by_key_with_points_and_one_with_few_cases_has_none() {
        let page = AppraisalsPage::sample_report(&Sampler::new(Language::En, "word"));
        let keys: Vec<&str> = page.main.rows.iter().map(|row| row[0].text.as_str()).collect();
        assert_eq!(keys, ["K-000001-1", "K-000002-2", "K-000003-3", "K-000004-4"]);
        let points: Vec<&str> = page.main.rows.iter().map(|row| row[6].text.as_str()).collect();
        assert_eq!(points, ["+1.50", "+0.50", "-0.50", "too few cases"]);
        let href = "/appraisals/A-2025-26-0123456789abcdef/officers/K-000001-1";
        assert_eq!(page.main.rows[0][0].href.as_deref(), Some(href));
    }

    #[test]
    fn a_sheet_shows_observed_beside_expected_and_what_is_inherited() {
        let page = AppraisalsPage::sample_sheet(&Sampler::new(Language::En, "word"));
        let chart = page.chart.unwrap();
        assert_eq!(chart.table.rows.len(), 2);
        assert_eq!(page.main.rows[0][6].text, "inherited");
        assert_eq!(page.crumbs.len(), 3);
    }
}

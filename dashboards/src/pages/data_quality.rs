//! What was taken in and what was refused: by source, by rule, row by row with values masked.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use kanak_model::access::Filter;
use kanak_model::quality::{LeftOut, QualityRule, RejectedRow};
use kanak_model::source_system::Load;
use kanak_model::{IngestRunId, Language, Purpose, SourceSystemId, Timestamp};
use kanak_store::{IngestRunSummary, IngestSummary, QuarantineCount, QuarantinedRow, SourceSystemRow, WrittenDay};
use serde::Deserialize;
use serde_json::json;

use super::show_page;
use crate::audit;
use crate::component::{Bar, Cell, FilterList, Filters, Head, Pager, Table, Trail};
use crate::error::PageError;
use crate::rows::{Row, Rows};
use crate::samples::Sampler;
use crate::session::{Signed, percent_encode};
use crate::shell::Shell;
use crate::state::DashboardState;
use crate::{format, names, reading};

/// The page.
#[derive(Template)]
#[template(path = "pages/data_quality.html")]
pub(crate) struct DataQualityPage {
    shell: Shell,
    filters: Filters,
    by_source: Table,
    by_rule: Table,
    left_out: Table,
    quarantined: Quarantine,
    runs: Table,
    /// What programs wrote one by one; nothing where none did.
    written: Option<Table>,
}

/// Refused rows, for those who may see them.
enum Quarantine {
    Rows { table: Box<Table>, pager: Pager },
    Denied(String),
}

/// What is looked at.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    /// A source system's id.
    #[serde(default)]
    source: String,
    /// A rule's word.
    #[serde(default)]
    rule: String,
    /// The last quarantined row of each page before this one.
    #[serde(default)]
    trail: String,
}

/// What the page is made of.
struct Parts {
    /// Every source, with its title.
    sources: Vec<SourceSystemRow>,
    /// The rows of `mart_data_quality_by_source`.
    by_source: Rows,
    by_rule: Vec<QuarantineCount>,
    left_out: Vec<(String, LeftOut)>,
    /// The rows of this page and whether there are more; or why this visitor sees none.
    quarantined: Result<(Vec<QuarantinedRow>, More), String>,
    runs: Vec<IngestRunSummary>,
    written: Vec<WrittenDay>,
}

/// Whether a listing goes on after this page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum More {
    Yes,
    No,
}

const ROWS_SHOWN: u32 = 50;
const RUNS_SHOWN: u32 = 30;
/// Rows written one by one are told of so many days, and on so many lines.
const WRITTEN_DAYS: i64 = 30;
const WRITTEN_SHOWN: u32 = 60;
const BY_SOURCE: &str = "SELECT * FROM mart_data_quality_by_source";
const RULES: [QualityRule; 11] = [
    QualityRule::FieldCount,
    QualityRule::Encoding,
    QualityRule::Unreadable,
    QualityRule::KeyMissing,
    QualityRule::KeyDuplicate,
    QualityRule::Required,
    QualityRule::Kind,
    QualityRule::Code,
    QualityRule::Checksum,
    QualityRule::Range,
    QualityRule::Filler,
];

/// `GET /data-quality`
pub(crate) async fn show(
    State(state): State<DashboardState>,
    Query(asked): Query<Asked>,
    signed: Signed,
) -> Result<Response, PageError> {
    let access = signed.access(Purpose::Statistics)?;
    let source = asked.source.parse().ok().map(SourceSystemId);
    let rule = RULES.into_iter().find(|rule| rule.word() == asked.rule);
    let store = &state.store;
    let sources = store.list_source_systems().await.map_err(PageError::inside)?;
    let by_source = match reading::query(&state, &access, BY_SOURCE).await {
        Err(PageError::NoFigures) => Rows::default(),
        other => other?,
    };
    let quarantined = list_quarantined(&state, &signed, source, rule, &asked.trail).await?;
    let counts = store.count_quarantined(&access).await.map_err(PageError::inside)?;
    let since = Timestamp(state.clock.now().0 - WRITTEN_DAYS * 86_400_000_000);
    let parts = Parts {
        sources,
        by_source,
        by_rule: counts.into_iter().filter(|count| source.is_none_or(|source| source == count.source_system)).collect(),
        left_out: store.list_left_out(source).await.map_err(PageError::inside)?,
        quarantined,
        runs: store.list_file_runs(source, RUNS_SHOWN).await.map_err(PageError::inside)?,
        written: store.list_written_days(source, since, WRITTEN_SHOWN).await.map_err(PageError::inside)?,
    };
    let shell = Shell::new("data_quality", &signed.visit, state.made_up).fresh(reading::freshness(&state));
    show_page(&DataQualityPage::build(shell, &asked, &parts))
}

/// A page of refused rows for stewards of the whole state. A refused row has no district that could be relied on, so
/// that one who is confined to districts sees none.
async fn list_quarantined(
    state: &DashboardState,
    signed: &Signed,
    source: Option<SourceSystemId>,
    rule: Option<QualityRule>,
    trail: &str,
) -> Result<Result<(Vec<QuarantinedRow>, More), String>, PageError> {
    let access = match signed.access(Purpose::Stewardship) {
        Ok(access) => access,
        Err(PageError::Denied(denied)) => return Ok(Err(denied.to_string())),
        Err(other) => return Err(other),
    };
    if *access.filter() != Filter::Everything {
        return Ok(Err(CONFINED.to_owned()));
    }
    let before = Trail(trail).cursor().and_then(|cursor| cursor.parse().ok());
    let rows = state.store.list_quarantined_rows(&access, source, rule, before, ROWS_SHOWN + 1).await;
    let mut rows = rows.map_err(PageError::inside)?;
    let more = if rows.len() > ROWS_SHOWN as usize { More::Yes } else { More::No };
    rows.truncate(ROWS_SHOWN as usize);
    let read = rows.first().zip(rows.last()).map(|(newest, oldest)| audited_as(oldest.id, newest.id));
    audit::record(state, &access, "list quarantine", read).await?;
    Ok(Ok((rows, more)))
}

const CONFINED: &str = "a row that was refused has no district to go by, and you work for some districts only; the counts \
     above are for everyone";

/// What the audit trail calls a page of refused rows.
fn audited_as(oldest: i64, newest: i64) -> String {
    format!("quarantined rows {oldest} to {newest}")
}

impl DataQualityPage {
    fn build(shell: Shell, asked: &Asked, parts: &Parts) -> Self {
        let language = shell.language();
        let registers = Registers { sources: &parts.sources, language };
        let lists = vec![
            FilterList {
                name: "source",
                label: shell.t("word.source").to_owned(),
                all: shell.t("word.every_source").to_owned(),
                choices: parts
                    .sources
                    .iter()
                    .map(|one| (one.id.to_string(), one.title.get(language).to_owned()))
                    .collect(),
                chosen: asked.source.clone(),
            },
            FilterList {
                name: "rule",
                label: shell.t("word.rule").to_owned(),
                all: shell.t("word.every_rule").to_owned(),
                choices: RULES.map(|rule| (rule.word().to_owned(), rule_words(rule).to_owned())).to_vec(),
                chosen: asked.rule.clone(),
            },
        ];
        let quarantined = match &parts.quarantined {
            Err(reason) => Quarantine::Denied(reason.clone()),
            Ok((rows, more)) => {
                let address = format!(
                    "/data-quality?source={}&rule={}",
                    percent_encode(&asked.source),
                    percent_encode(&asked.rule)
                );
                let last = rows.last().filter(|_| *more == More::Yes).map(|row| row.id.to_string());
                let pager = Trail(&asked.trail).pager(&shell, &address, last.as_deref());
                Quarantine::Rows { table: Box::new(quarantine_table(language, rows)), pager }
            }
        };
        Self {
            filters: Filters::new("/data-quality", &shell, lists),
            by_source: source_table(registers, &parts.by_source),
            by_rule: rule_table(registers, &parts.by_rule),
            left_out: left_out_table(registers, &parts.left_out),
            quarantined,
            runs: run_table(registers, &parts.runs),
            written: (!parts.written.is_empty()).then(|| written_table(registers, &parts.written)),
            shell,
        }
    }

    pub(crate) fn sample(sampler: &Sampler) -> Self {
        let row = |id| QuarantinedRow {
            id,
            run: IngestRunId(7),
            source: "health_insurance".to_owned(),
            file_name: sampler.word.to_owned(),
            row: RejectedRow {
                line: 4_118,
                key: Some(sampler.word.to_owned()),
                rule: QualityRule::Checksum,
                column: Some(sampler.word.to_owned()),
                masked: Some("2**********6".to_owned()),
                reason: sampler.word.to_owned(),
            },
        };
        let count = |rule, count| QuarantineCount {
            source_system: SourceSystemId(1),
            source: "health_insurance".to_owned(),
            rule,
            count,
        };
        let run = IngestRunSummary {
            id: IngestRunId(7),
            source_system: SourceSystemId(1),
            source: "health_insurance".to_owned(),
            file_name: sampler.word.to_owned(),
            content_hash: "ab12".to_owned(),
            bytes: 12_345_678,
            load: Load::Snapshot,
            arrived_by: kanak_store::ArrivedBy::File,
            recorded: crate::samples::NOW,
            summary: IngestSummary {
                run: IngestRunId(7),
                rows: 14_320,
                new: 14_000,
                changed: 12,
                unchanged: 0,
                retired: 0,
                held_back: 0,
                rejected: 308,
            },
        };
        let left_out =
            |attribute: &str, count| LeftOut { attribute: attribute.to_owned(), rule: QualityRule::Kind, count };
        let parts = Parts {
            sources: vec![super::sources::sample_source(sampler)],
            by_source: sampler.rows(
                [
                    "source_system",
                    "entity",
                    "rows_read",
                    "rows_accepted",
                    "rows_rejected",
                    "values_left_out",
                    "rejected_of_read",
                ],
                (1..=6_i32).map(|at| {
                    [
                        json!(format!("register_{at}")),
                        json!(sampler.word),
                        json!(14_320 * at),
                        json!(14_000 * at),
                        json!(320 * at),
                        json!(90 * at),
                        json!(f64::from(at) * 0.011),
                    ]
                }),
            ),
            by_rule: vec![count(QualityRule::Checksum, 212), count(QualityRule::KeyDuplicate, 96)],
            left_out: vec![
                ("health_insurance".to_owned(), left_out("mobile", 3_118)),
                ("election".to_owned(), left_out("date_of_birth", 812)),
            ],
            quarantined: Ok(((1..=50).rev().map(row).collect(), More::Yes)),
            runs: vec![run],
            written: vec![WrittenDay {
                source: "land_revenue".to_owned(),
                latest: crate::samples::NOW,
                rows: 214,
                new: 96,
                changed: 88,
                unchanged: 19,
                retired: 4,
                rejected: 7,
            }],
        };
        Self::build(sampler.shell("data_quality"), &Asked::default(), &parts)
    }

    /// The sample of a visitor who may see counts only.
    pub(crate) fn sample_denied(sampler: &Sampler) -> Self {
        let parts = Parts {
            sources: Vec::new(),
            by_source: Rows::default(),
            by_rule: Vec::new(),
            left_out: Vec::new(),
            quarantined: Err(sampler.word.to_owned()),
            runs: Vec::new(),
            written: Vec::new(),
        };
        Self::build(sampler.shell("data_quality"), &Asked::default(), &parts)
    }
}

/// What a rule asks of a row.
fn rule_words(rule: QualityRule) -> &'static str {
    match rule {
        QualityRule::FieldCount => "too many or too few fields",
        QualityRule::Encoding => "not in the declared encoding",
        QualityRule::Unreadable => "cannot be read",
        QualityRule::KeyMissing => "no key",
        QualityRule::KeyDuplicate => "the same key twice",
        QualityRule::Required => "a required value is missing",
        QualityRule::Kind => "a value does not fit its kind",
        QualityRule::Code => "a code that is not in its list",
        QualityRule::Checksum => "a check digit does not fit",
        QualityRule::Range => "a date that is not possible",
        QualityRule::Filler => "a value typed to get past a form",
    }
}

/// The registers by the names that every page calls them by.
#[derive(Clone, Copy)]
struct Registers<'a> {
    sources: &'a [SourceSystemRow],
    language: Language,
}

impl Registers<'_> {
    /// A register, by its name in the deployment.
    fn cell(self, name: &str) -> Cell {
        Cell::text(names::register(self.sources, name, self.language))
    }
}

fn source_table(registers: Registers<'_>, rows: &Rows) -> Table {
    let language = registers.language;
    let row = |row: Row<'_>| {
        let share = row.number("rejected_of_read").map(|share| 1.0 - share);
        vec![
            registers.cell(row.text("source_system")).under(format::spaced(row.text("entity"))),
            Cell::whole(row.count("rows_read")),
            Cell::whole(row.count("rows_accepted")),
            Cell::whole(row.count("rows_rejected")),
            Cell::whole(row.count("values_left_out")),
            Cell { bar: share.map(Bar::share), ..Cell::percent(share) },
        ]
    };
    Table {
        caption: "Of each source's latest file: rows read, accepted and refused, values left out of accepted rows, and the share of rows accepted."
            .to_owned(),
        heads: vec![
            Head::word(language, "source"),
            Head::count(language, "rows_read"),
            Head::count(language, "accepted"),
            Head::count(language, "refused"),
            Head::count(language, "values_left_out"),
            Head::count(language, "accepted_share"),
        ],
        rows: rows.iter().map(row).collect(),
        total: None,
        empty: "No figures yet.".to_owned(),
    }
}

fn rule_table(registers: Registers<'_>, counts: &[QuarantineCount]) -> Table {
    let language = registers.language;
    let most = counts.iter().map(|one| one.count).max().unwrap_or(1).max(1);
    let row = |one: &QuarantineCount| {
        let count = Cell::count(one.count);
        vec![
            registers.cell(&one.source),
            Cell::text(rule_words(one.rule)).under(one.rule.word()),
            count.bar(Bar::share(one.count as f64 / most as f64)),
        ]
    };
    Table {
        caption: "Rows of each source's latest file that were refused, by the first rule that they broke.".to_owned(),
        heads: vec![Head::word(language, "source"), Head::word(language, "rule"), Head::count(language, "rows")],
        rows: counts.iter().map(row).collect(),
        total: None,
        empty: "No row was refused.".to_owned(),
    }
}

fn left_out_table(registers: Registers<'_>, left_out: &[(String, LeftOut)]) -> Table {
    let language = registers.language;
    let row = |(source, one): &(String, LeftOut)| {
        vec![
            registers.cell(source),
            Cell::text(format::sentence(&one.attribute)),
            Cell::text(rule_words(one.rule)).under(one.rule.word()),
            Cell::count(one.count),
        ]
    };
    Table {
        caption: "Of each source's latest file: values that were left out of rows that went on. The register's own words stay sealed in the landing."
            .to_owned(),
        heads: vec![Head::word(language, "source"), Head::word(language, "attribute"), Head::word(language, "why"), Head::count(language, "values")],
        rows: left_out.iter().map(row).collect(),
        total: None,
        empty: "No value was left out.".to_owned(),
    }
}

fn quarantine_table(language: Language, rows: &[QuarantinedRow]) -> Table {
    let row = |one: &QuarantinedRow| {
        vec![
            Cell::text(&one.file_name).under(format!(
                "run {}, line {}",
                one.run,
                format::whole(i64::try_from(one.row.line).unwrap_or(i64::MAX))
            )),
            Cell::maybe(one.row.key.as_deref()),
            Cell::text(&one.row.reason).under(rule_words(one.row.rule)),
            Cell::maybe(one.row.column.as_deref()),
            Cell::maybe(one.row.masked.as_deref()),
        ]
    };
    Table {
        caption: "Refused rows of each source's latest file and of what was written one by one since, newest first, with line and \
                  reason. Values are masked, keys are not. A row goes from here once the register states it anew without the fault, in a \
                  later file or by itself."
            .to_owned(),
        heads: vec![
            Head::word(language, "file"),
            Head::word(language, "key"),
            Head::word(language, "what_is_wrong"),
            Head::word(language, "column"),
            Head::word(language, "value_masked"),
        ],
        rows: rows.iter().map(row).collect(),
        total: None,
        empty: "No row in quarantine.".to_owned(),
    }
}

fn run_table(registers: Registers<'_>, runs: &[IngestRunSummary]) -> Table {
    let language = registers.language;
    let row = |run: &IngestRunSummary| {
        let load = match run.load {
            Load::Snapshot => "whole register",
            Load::Delta => "changes only",
        };
        let what = [
            Cell::text(format!("Run {}", run.id)).under(format::instant(run.recorded)),
            registers.cell(&run.source).under(&run.file_name),
            Cell::text(load),
        ];
        let IngestSummary { rows, new, changed, unchanged, retired, rejected, .. } = run.summary;
        what.into_iter().chain([rows, new, changed, unchanged, retired, rejected].map(Cell::count)).collect()
    };
    Table {
        caption: format!(
            "The latest {RUNS_SHOWN} files taken in, and what each did. Rows that programs wrote one by one are told by day."
        ),
        heads: heads_of_rows(language, &["run", "source", "file_holds"]),
        rows: runs.iter().map(row).collect(),
        total: None,
        empty: "No file has been taken in yet.".to_owned(),
    }
}

/// The heads of these words, and then those of what became of rows that were taken in.
fn heads_of_rows(language: Language, what: &[&str]) -> Vec<Head> {
    let counts = ["rows", "new", "changed", "unchanged", "retired", "refused"];
    let heads = what.iter().map(|word| Head::word(language, word));
    heads.chain(counts.map(|word| Head::count(language, word))).collect()
}

fn written_table(registers: Registers<'_>, days: &[WrittenDay]) -> Table {
    let language = registers.language;
    let row = |day: &WrittenDay| {
        let what = [Cell::text(format::day(day.latest.day_ist())), registers.cell(&day.source)];
        let counts = [day.rows, day.new, day.changed, day.unchanged, day.retired, day.rejected];
        what.into_iter().chain(counts.map(Cell::count)).collect()
    };
    Table {
        caption: format!(
            "Rows that programs wrote one by one in the last {WRITTEN_DAYS} days, by register and day in India, the latest first."
        ),
        heads: heads_of_rows(language, &["day", "source"]),
        rows: days.iter().map(row).collect(),
        total: None,
        empty: "No row was written.".to_owned(),
    }
}

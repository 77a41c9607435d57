//! The report: for each officer the figures, what their cases let expect, the score, and every case behind them.

use std::collections::{BTreeMap, BTreeSet};

use kanak_codes::Day;
use serde::{Deserialize, Serialize};

use super::attribution::{Held, Holders};
use super::config::{AppraisalConfig, Cadre, Indicator};
use super::expected::{Expectations, Expected, LEVELS};
use super::inputs::{Case, Inputs, Period, TargetOfOffice};
use super::shrink::{Tally, variance_between};

/// The way of reckoning that this version knows. Raised where the same inputs come to another report.
const METHOD: u32 = 1;
/// Standard deviations to either side of what 95 of 100 lie within.
const NINETY_FIVE: f64 = 1.96;

/// A report on a period.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The way of reckoning.
    pub method: u32,
    /// The version of the settings.
    pub settings: u32,
    /// The period.
    pub period: Period,
    /// Its cases, of all officers.
    pub cases: u64,
    /// Cases that name no officer and for whose office nobody answers.
    pub of_nobody: u64,
    /// How far officers truly differ in each indicator.
    pub spreads: Vec<Spread>,
    /// The officers by golden key.
    pub officers: Vec<OfficerSheet>,
}

/// How far officers truly differ in an indicator, chance taken away.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// The indicator.
    pub indicator: Indicator,
    /// Standard deviation, parts of a whole.
    pub deviation: f64,
    /// How many officers it was learned from.
    pub officers: u64,
}

/// One officer's figures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OfficerSheet {
    /// The officer's golden key.
    pub officer: String,
    /// The cadre.
    pub cadre: String,
    /// The designation of most days of the period; empty where none is known.
    pub designation: String,
    /// The office of those days; empty where none is known.
    pub office: String,
    /// The LGD code of that office's district; empty where it has none.
    pub district: String,
    /// Applications that count, by the officer's share of each.
    pub applications: f64,
    /// Grievances that count, likewise.
    pub grievances: f64,
    /// Cases that do not count, because they came in before the posting or came to the officer overdue.
    pub inherited: u64,
    /// Cases that do not count, because the officer's objection to them was accepted.
    pub struck: u64,
    /// A line for each indicator that some case tells.
    pub figures: Vec<Figure>,
    /// The score, or why there is none.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// What a sheet comes to.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// A score.
    Score(Score),
    /// None, and why.
    Unscored(Unscored),
}

impl Outcome {
    /// The score, where there is one.
    pub fn score(self) -> Option<Score> {
        match self {
            Self::Score(score) => Some(score),
            Self::Unscored(_) => None,
        }
    }
}

/// An indicator's figures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// The indicator.
    pub indicator: Indicator,
    /// The cases that tell it, by the officer's share of each.
    pub cases: f64,
    /// Their mean, 0 to 1.
    pub observed: f64,
    /// What cases of their kinds let expect, 0 to 1.
    pub expected: f64,
    /// Observed less expected, drawn towards nothing by how little it rests on.
    pub shrunk: f64,
    /// Its part of the score, 0 to 1.
    pub weight: f64,
}

/// Points above (+) or below (-) what the officer's cases let expect, in hundredths of the whole, weighed over indicators and with the sign
/// turned where less is better.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// The points.
    pub points: f64,
    /// 95 of 100 such scores lie above this.
    pub from: f64,
    /// And below this.
    pub to: f64,
}

/// Why an officer has no score.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unscored {
    /// There are fewer cases than the settings ask for.
    TooFewCases,
    /// No case tells an indicator that has a weight in the cadre.
    NothingWeighed,
}

/// One case of an officer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CaseLine {
    /// Source system and number.
    pub case: String,
    /// `application`, `grievance` or `target`.
    pub kind: String,
    /// Service, complaint type or scheme.
    pub service: String,
    /// The office.
    pub office: String,
    /// When it came in; a target has no days.
    pub received_on: Option<Day>,
    /// The last day in time.
    pub due_on: Option<Day>,
    /// When it was decided.
    pub decided_on: Option<Day>,
    /// The officer's share of it, 0 to 1.
    pub share: f64,
    /// Whether it is inherited.
    pub is_inherited: bool,
    /// Whether it was struck after an objection.
    pub is_struck: bool,
    /// What it tells.
    pub values: Vec<ValueLine>,
}

/// What a case tells of an indicator.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ValueLine {
    /// The indicator.
    pub indicator: Indicator,
    /// 0 to 1.
    pub value: f64,
    /// What was expected; `None` where nothing of its sort counts.
    pub expected: Option<f64>,
    /// Against how coarse a kind, from 0 (service, district, load) to 3 (everything of its sort).
    pub level: Option<u64>,
}

/// Officer and case: what no longer counts after an objection was accepted.
pub type Struck = BTreeSet<(String, String)>;

/// A case or a target, with whose it is and what it tells.
struct Subject<'a> {
    line: Line<'a>,
    held: Vec<Held<'a>>,
    kinds: [String; LEVELS],
    values: Vec<(Indicator, f64)>,
}

#[derive(Clone, Copy)]
enum Line<'a> {
    Case(&'a Case),
    Target(&'a TargetOfOffice),
}

/// Inputs put in order: what is expected of each case, and how far officers differ.
pub struct Appraisal<'a> {
    config: &'a AppraisalConfig,
    inputs: &'a Inputs,
    subjects: Vec<Subject<'a>>,
    /// For each officer the subjects, and which of their holders.
    by_officer: BTreeMap<&'a str, Vec<(usize, usize)>>,
    expectations: Expectations<'a>,
    spreads: BTreeMap<Indicator, (f64, u64)>,
}

impl<'a> Appraisal<'a> {
    /// Reckons with inputs that are [`Inputs::sorted`].
    pub fn new(config: &'a AppraisalConfig, inputs: &'a Inputs) -> Self {
        let subjects = subjects(config, inputs);
        let mut by_officer: BTreeMap<&str, Vec<(usize, usize)>> = BTreeMap::new();
        let mut expectations = Expectations::new(&config.appraisal);
        for (at, subject) in subjects.iter().enumerate() {
            for (nth, one) in subject.held.iter().enumerate() {
                by_officer.entry(one.officer).or_default().push((at, nth));
            }
            for (indicator, value) in &subject.values {
                expectations.add(&subject.kinds, *indicator, *value, &subject.held);
            }
        }
        let mut made = Self { config, inputs, subjects, by_officer, expectations, spreads: BTreeMap::new() };
        made.spreads = made.learn_spreads();
        made
    }

    fn learn_spreads(&self) -> BTreeMap<Indicator, (f64, u64)> {
        let mut tallies: BTreeMap<Indicator, Vec<Tally>> = BTreeMap::new();
        for officer in self.by_officer.keys() {
            for (indicator, tally) in self.tally(officer, &Struck::new()).0 {
                // Who has hardly a case tells nothing of how far officers differ.
                if tally.cases >= 5.0 {
                    tallies.entry(indicator).or_default().push(tally);
                }
            }
        }
        let learn = |indicator: Indicator| {
            let of = tallies.get(&indicator).map_or(&[][..], Vec::as_slice);
            (indicator, (variance_between(of, &self.config.appraisal), of.len() as u64))
        };
        Indicator::ALL.into_iter().map(learn).collect()
    }

    /// An officer's sums, with what counts: applications, grievances, inherited, struck.
    fn tally(&self, officer: &str, struck: &Struck) -> (BTreeMap<Indicator, Tally>, Counts) {
        let (mut tallies, mut counts) = (BTreeMap::<Indicator, Tally>::new(), Counts::default());
        for (subject, held) in self.subjects_of(officer) {
            if held.is_inherited {
                counts.inherited += 1;
                continue;
            }
            if is_struck(struck, officer, subject) {
                counts.struck += 1;
                continue;
            }
            match subject.line {
                Line::Case(case) if case.kind == super::CaseKind::Application => counts.applications += held.share,
                Line::Case(_) => counts.grievances += held.share,
                Line::Target(_) => {}
            }
            for (indicator, value) in &subject.values {
                if let Some(Expected { value: expected, variance, .. }) =
                    self.expectations.find(&subject.kinds, *indicator)
                {
                    tallies.entry(*indicator).or_default().add(held.share, *value, expected, variance);
                }
            }
        }
        (tallies, counts)
    }

    fn subjects_of(&self, officer: &str) -> impl Iterator<Item = (&Subject<'a>, &Held<'a>)> {
        let places = self.by_officer.get(officer).map_or(&[][..], Vec::as_slice);
        places.iter().map(|(at, nth)| (&self.subjects[*at], &self.subjects[*at].held[*nth]))
    }

    /// The report on all officers, or those of one cadre; what is expected is of all offices either way.
    pub fn report(&self, cadre: Option<&str>, struck: &Struck) -> Report {
        let sheets = self.by_officer.keys().filter_map(|officer| self.officer(officer, struck));
        let spread = |(indicator, (variance, officers)): (&Indicator, &(f64, u64))| Spread {
            indicator: *indicator,
            deviation: rounded(variance.sqrt()),
            officers: *officers,
        };
        Report {
            method: METHOD,
            settings: self.config.appraisal.version,
            period: self.inputs.period,
            cases: self.inputs.cases.len() as u64,
            of_nobody: self
                .subjects
                .iter()
                .filter(|one| matches!(one.line, Line::Case(_)) && one.held.is_empty())
                .count() as u64,
            spreads: self.spreads.iter().map(spread).collect(),
            officers: sheets.filter(|sheet| cadre.is_none_or(|cadre| sheet.cadre == cadre)).collect(),
        }
    }

    /// One officer's sheet; `None` where nothing is the officer's.
    pub fn officer(&self, officer: &str, struck: &Struck) -> Option<OfficerSheet> {
        self.by_officer.get(officer)?;
        let (tallies, counts) = self.tally(officer, struck);
        let (first, last) = (self.inputs.period.first(), self.inputs.period.last());
        let postings = self.inputs.postings.iter().filter(|posting| posting.officer == officer);
        let posting = postings.max_by_key(|posting| (posting.days_within(first, last), posting.from));
        let designation = posting.map_or("", |posting| &posting.designation);
        let cadre = self.config.cadre_of(designation);
        let weigh = Weighing::new(cadre, &tallies);
        let figures = tallies.iter().map(|(indicator, tally)| Figure {
            indicator: *indicator,
            cases: rounded(tally.cases),
            observed: rounded(tally.observed / tally.cases),
            expected: rounded(tally.expected / tally.cases),
            shrunk: rounded(tally.shrunk(self.spreads[indicator].0).0),
            weight: rounded(weigh.part(*indicator)),
        });
        Some(OfficerSheet {
            officer: officer.to_owned(),
            cadre: cadre.name.clone(),
            designation: designation.to_owned(),
            office: posting.map_or("", |posting| &posting.office).to_owned(),
            district: posting.map_or("", |posting| &posting.district).to_owned(),
            applications: rounded(counts.applications),
            grievances: rounded(counts.grievances),
            inherited: counts.inherited,
            struck: counts.struck,
            figures: figures.collect(),
            outcome: self.outcome(&weigh, &tallies, counts),
        })
    }

    fn outcome(&self, weigh: &Weighing<'_>, tallies: &BTreeMap<Indicator, Tally>, counts: Counts) -> Outcome {
        if counts.applications + counts.grievances < f64::from(self.config.appraisal.minimum_cases) {
            return Outcome::Unscored(Unscored::TooFewCases);
        }
        if weigh.all <= 0.0 {
            return Outcome::Unscored(Unscored::NothingWeighed);
        }
        let (mut points, mut variance) = (0.0, 0.0);
        for (indicator, tally) in tallies {
            let part = weigh.part(*indicator);
            let (shrunk, uncertain) = tally.shrunk(self.spreads[indicator].0);
            points += part * indicator.sign() * shrunk;
            variance += part * part * uncertain;
        }
        let off = NINETY_FIVE * variance.sqrt();
        let hundredths = |number: f64| rounded(100.0 * number);
        Outcome::Score(Score {
            points: hundredths(points),
            from: hundredths(points - off),
            to: hundredths(points + off),
        })
    }

    /// Every case behind an officer's figures, those that do not count too.
    pub fn cases(&self, officer: &str, struck: &Struck) -> Vec<CaseLine> {
        let value = |subject: &Subject<'_>, (indicator, value): &(Indicator, f64)| {
            let expected = self.expectations.find(&subject.kinds, *indicator);
            ValueLine {
                indicator: *indicator,
                value: rounded(*value),
                expected: expected.map(|one| rounded(one.value)),
                level: expected.map(|one| one.level as u64),
            }
        };
        let line = |(subject, held): (&Subject<'_>, &Held<'_>)| {
            let (service, office) = subject.line.service_and_office();
            let case = subject.line.case();
            CaseLine {
                case: subject.line.id().to_owned(),
                kind: case.map_or("target", |case| case.kind.word()).to_owned(),
                service: service.to_owned(),
                office: office.to_owned(),
                received_on: case.map(|case| case.received_on),
                due_on: case.and_then(|case| case.due_on),
                decided_on: case.and_then(|case| case.decided_on),
                share: rounded(held.share),
                is_inherited: held.is_inherited,
                is_struck: is_struck(struck, officer, subject),
                values: subject.values.iter().map(|one| value(subject, one)).collect(),
            }
        };
        self.subjects_of(officer).map(line).collect()
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    applications: f64,
    grievances: f64,
    inherited: u64,
    struck: u64,
}

/// The weights of a cadre, over the indicators that some case tells.
struct Weighing<'c> {
    cadre: &'c Cadre,
    all: f64,
}

impl<'c> Weighing<'c> {
    fn new(cadre: &'c Cadre, tallies: &BTreeMap<Indicator, Tally>) -> Self {
        let all = tallies.keys().filter_map(|indicator| cadre.weights.get(indicator)).sum();
        Self { cadre, all }
    }

    fn part(&self, indicator: Indicator) -> f64 {
        if self.all > 0.0 { self.cadre.weights.get(&indicator).copied().unwrap_or_default() / self.all } else { 0.0 }
    }
}

impl<'a> Line<'a> {
    fn id(self) -> &'a str {
        match self {
            Self::Case(case) => &case.id,
            Self::Target(target) => &target.target.id,
        }
    }

    fn case(self) -> Option<&'a Case> {
        match self {
            Self::Case(case) => Some(case),
            Self::Target(_) => None,
        }
    }

    fn service_and_office(self) -> (&'a str, &'a str) {
        match self {
            Self::Case(case) => (&case.service, &case.office),
            Self::Target(target) => (&target.target.scheme, &target.office),
        }
    }
}

fn is_struck(struck: &Struck, officer: &str, subject: &Subject<'_>) -> bool {
    struck.contains(&(officer.to_owned(), subject.line.id().to_owned()))
}

/// Six digits behind the point, and no minus before nothing.
fn rounded(number: f64) -> f64 {
    (number * 1e6).round() / 1e6 + 0.0
}

fn subjects<'a>(config: &'a AppraisalConfig, inputs: &'a Inputs) -> Vec<Subject<'a>> {
    let holders = Holders::new(config, inputs);
    let loads = loads(config, &inputs.cases);
    let cases = inputs.cases.iter().map(|case| {
        let band = loads.get(&(case.office.as_str(), month(case.received_on))).copied().unwrap_or_default();
        let (kind, service) = (case.kind.word(), &case.service);
        Subject {
            line: Line::Case(case),
            held: holders.of_case(case),
            kinds: [
                format!("0|{kind}|{service}|{}|{band}", case.district),
                format!("1|{kind}|{service}|{band}"),
                format!("2|{kind}|{service}"),
                format!("3|{kind}"),
            ],
            values: values(case),
        }
    });
    let targets = inputs.targets.iter().map(|one| {
        let (scheme, district) = (&one.target.scheme, &one.target.district);
        let kind = |level: u8| format!("{level}|target|{scheme}");
        Subject {
            line: Line::Target(one),
            held: holders.of_target(one),
            kinds: [format!("0|target|{scheme}|{district}"), kind(1), kind(2), "3|target".to_owned()],
            values: vec![(
                Indicator::SchemeAchievement,
                (one.target.achieved as f64 / one.target.target as f64).clamp(0.0, 1.0),
            )],
        }
    });
    cases.chain(targets).collect()
}

/// What a case tells.
fn values(case: &Case) -> Vec<(Indicator, f64)> {
    let flag = |flag: Option<bool>| flag.map(|flag| if flag { 1.0 } else { 0.0 });
    let rating = case.rating.filter(|rating| (1..=5).contains(rating)).map(|rating| (rating as f64 - 1.0) / 4.0);
    let quality = (case.checks > 0).then(|| case.checks_passed as f64 / case.checks as f64);
    let told = [
        (Indicator::Timeliness, flag(case.is_in_time)),
        (Indicator::Reopened, flag(case.is_reopened)),
        (Indicator::Appealed, flag(case.is_appealed)),
        (Indicator::Satisfaction, rating),
        (Indicator::DataQuality, quality),
    ];
    told.into_iter().filter_map(|(indicator, value)| Some((indicator, value?))).collect()
}

/// Year and month.
type Month = (i64, i32);

fn month(day: Day) -> Month {
    let (year, month, _) = day.ymd();
    (year, month)
}

/// How busy each office was in each month: which band its cases an officer fall in, from 0.
fn loads<'a>(config: &AppraisalConfig, cases: &'a [Case]) -> BTreeMap<(&'a str, Month), usize> {
    let mut all: BTreeMap<(&str, Month), (f64, BTreeSet<&str>)> = BTreeMap::new();
    for case in cases {
        let (received, officers) = all.entry((case.office.as_str(), month(case.received_on))).or_default();
        *received += 1.0;
        officers.extend(case.officer.as_deref());
    }
    let bands = &config.appraisal.load_bands;
    let band = |(received, officers): (f64, BTreeSet<&str>)| {
        let load = received / officers.len().max(1) as f64;
        bands.iter().filter(|band| load >= **band).count()
    };
    all.into_iter().map(|(place, load)| (place, band(load))).collect()
}

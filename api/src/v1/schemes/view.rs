//! Wire types of schemes: what the API answers and `kanak codes scheme` prints.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use kanak_codes::{
    Clause, ClauseOutcome, Condition, Day, Eligibility, Fact, Facts, Language, Scheme, Schemes, UnknownFact, WrongFact,
};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::server::problem::{Problem, beginning};

/// A scheme with its rules on a day.
#[derive(Serialize, ToSchema)]
pub struct SchemeView {
    /// Its code in the code system `scheme`.
    pub code: String,
    /// Its English name.
    pub title: String,
    /// The version of the rules.
    pub version: String,
    /// Where the rules come from.
    pub source: String,
    /// Whether the rules are made up.
    pub made_up: bool,
    /// The first day of the scheme.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<String>,
    /// The first day after its last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<String>,
    /// The day.
    pub as_of: String,
    /// Whether the scheme is there on the day.
    pub in_force: bool,
    /// The clauses that hold on the day; whoever meets each of them is eligible.
    pub clauses: Vec<ClauseView>,
    /// The facts that it takes, of clauses of other days too, and what each is to be.
    pub facts: BTreeMap<String, &'static str>,
}

/// One condition on one fact: one of `at_least`, `at_most`, `one_of` and `is`.
#[derive(Serialize, ToSchema)]
pub struct ClauseView {
    /// The name of the fact.
    pub fact: String,
    /// A number of at least this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_least: Option<i64>,
    /// A number of at most this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_most: Option<i64>,
    /// One of these texts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub one_of: Option<Vec<String>>,
    /// This truth value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is: Option<bool>,
    /// What it says by language tag, as the end of "the applicant ...".
    pub texts: BTreeMap<&'static str, String>,
    /// The first day on which it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<String>,
    /// The first day on which it no longer does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<String>,
    /// `met`, `failing`, or `missing` where nobody stated the fact; absent where no facts were held against it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<&'static str>,
}

/// What the rules of a scheme say of some facts.
#[derive(Serialize, ToSchema)]
pub struct EligibilityView {
    /// The code of the scheme.
    pub scheme: String,
    /// The version of the rules.
    pub version: String,
    /// Whether the rules are made up.
    pub made_up: bool,
    /// The day by whose rules it was judged.
    pub as_of: String,
    /// `eligible`, `not_eligible` (a clause is known not to be met), `unknown` (none fails, facts are missing) or `not_in_force`.
    pub outcome: &'static str,
    /// The clauses of the day, each with its outcome.
    pub clauses: Vec<ClauseView>,
    /// The facts that clauses ask for and nobody stated.
    pub missing: Vec<String>,
}

/// The scheme of a code.
///
/// # Errors
/// 404 where there is none.
pub fn find_scheme(code: &str) -> Result<&'static Scheme, Problem> {
    let missing = || {
        Problem::not_found(format!("there is no scheme `{}`; /v1/schemes lists those there are", beginning(code, 40)))
    };
    Schemes::builtin()?.find(code).ok_or_else(missing)
}

/// Facts as JSON states them.
///
/// # Errors
/// 422 for a fact that no clause of the scheme asks for, and for a value that is no fact. No value is repeated.
pub fn read_facts(scheme: &Scheme, stated: Map<String, Value>) -> Result<Facts, Problem> {
    let mut facts = Facts::default();
    for (name, value) in stated {
        let fact = match value {
            Value::Bool(flag) => Some(Fact::Flag(flag)),
            Value::String(text) => Some(Fact::Text(text)),
            Value::Number(number) => number.as_i64().map(Fact::Number),
            _ => None,
        };
        let refused = || {
            let name = beginning(&name, 40);
            let kinds = "a whole number, a text, true or false; leave out what is not known";
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, format!("the fact `{name}` is to be {kinds}"))
        };
        facts.set(&name, fact.ok_or_else(refused)?);
    }
    scheme.refuse_unknown(&facts)?;
    Ok(facts)
}

impl From<UnknownFact> for Problem {
    fn from(unknown: UnknownFact) -> Self {
        let unknown = UnknownFact { fact: beginning(&unknown.fact, 40), ..unknown };
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, unknown.to_string())
    }
}

impl From<WrongFact> for Problem {
    fn from(wrong: WrongFact) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, wrong.to_string())
    }
}

impl SchemeView {
    /// A scheme as it stands on a day.
    pub fn new(scheme: &Scheme, day: Day) -> Self {
        let in_force = scheme.validity.holds_on(day);
        let clauses = scheme.clauses_on(day).filter(|_| in_force);
        Self {
            code: scheme.code.clone(),
            title: scheme.title.clone(),
            version: scheme.version.clone(),
            source: scheme.source.clone(),
            made_up: scheme.is_made_up,
            valid_from: scheme.validity.from.map(|day| day.to_string()),
            valid_until: scheme.validity.until.map(|day| day.to_string()),
            as_of: day.to_string(),
            in_force,
            clauses: clauses.map(|clause| ClauseView::new(clause, None)).collect(),
            facts: scheme.facts().map(|(name, clause)| (name.to_owned(), clause.expects())).collect(),
        }
    }
}

impl ClauseView {
    fn new(clause: &Clause, outcome: Option<ClauseOutcome>) -> Self {
        let mut view = Self {
            fact: clause.fact.clone(),
            at_least: None,
            at_most: None,
            one_of: None,
            is: None,
            texts: Language::ALL.map(|language| (language.tag(), clause.text(language).to_owned())).into(),
            valid_from: clause.validity.from.map(|day| day.to_string()),
            valid_until: clause.validity.until.map(|day| day.to_string()),
            outcome: outcome.map(|outcome| match outcome {
                ClauseOutcome::Met => "met",
                ClauseOutcome::Failing => "failing",
                ClauseOutcome::Missing => "missing",
            }),
        };
        match &clause.condition {
            Condition::AtLeast(bound) => view.at_least = Some(*bound),
            Condition::AtMost(bound) => view.at_most = Some(*bound),
            Condition::OneOf(texts) => view.one_of = Some(texts.clone()),
            Condition::Is(flag) => view.is = Some(*flag),
        }
        view
    }

    /// What it says, in English.
    pub fn text(&self) -> &str {
        self.texts.get("en").map_or("", String::as_str)
    }
}

impl EligibilityView {
    /// What the rules of a day say of some facts.
    ///
    /// # Errors
    /// 422 for a fact of another kind than a clause asks for.
    pub fn judge(scheme: &Scheme, facts: &Facts, day: Day) -> Result<Self, Problem> {
        let judged = scheme.judge(facts, day)?;
        let in_force = judged != Eligibility::NotInForce;
        let clauses = scheme.clauses_on(day).filter(|_| in_force);
        let clauses = clauses.map(|clause| -> Result<ClauseView, WrongFact> {
            Ok(ClauseView::new(clause, Some(clause.hold_against(facts)?)))
        });
        let (outcome, missing) = match judged {
            Eligibility::Eligible => ("eligible", Vec::new()),
            Eligibility::NotEligible { missing, .. } => ("not_eligible", missing),
            Eligibility::Unknown { missing } => ("unknown", missing),
            Eligibility::NotInForce => ("not_in_force", Vec::new()),
        };
        Ok(Self {
            scheme: scheme.code.clone(),
            version: scheme.version.clone(),
            made_up: scheme.is_made_up,
            as_of: day.to_string(),
            outcome,
            clauses: clauses.collect::<Result<_, WrongFact>>()?,
            missing: missing.into_iter().map(str::to_owned).collect(),
        })
    }
}

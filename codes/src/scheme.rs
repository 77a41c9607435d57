//! Schemes as dated rules: who may have a benefit, and which clause says no.
//!
//! What comes out is advice to a person who decides. A fact that is not known fails nothing.

use std::{collections::BTreeMap, sync::OnceLock};

use serde::Deserialize;

use crate::{codes::SCHEMES, concept::Validity, day::Day, declared, error::CodesError, language::Language};

/// The rules of every scheme, by code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schemes(Vec<Scheme>);

/// The rules of one scheme: whoever meets each clause that holds on the day is eligible.
///
/// ```
/// use kanak_codes::{Eligibility, Facts, Schemes};
/// let pension = Schemes::builtin()?.find("SCH-05").unwrap();
/// let mut facts = Facts::default();
/// facts.set("residence_state", "3").set("age", 57).set("annual_income_paise", 20_000_00);
/// let day = "2024-01-01".parse().unwrap();
/// let Eligibility::NotEligible { failing, missing } = pension.judge(&facts, day)? else { panic!() };
/// assert_eq!(failing[0].text(kanak_codes::Language::En), "is at least 58 years old");
/// assert_eq!(missing, ["land_marlas"]);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scheme {
    /// Its code in the system `scheme`.
    pub code: String,
    /// Its English name.
    pub title: String,
    /// The version of the rules.
    pub version: String,
    /// Where the rules come from.
    pub source: String,
    /// Whether the rules are invented.
    pub is_made_up: bool,
    /// When the scheme is there at all.
    pub validity: Validity,
    /// Its clauses, in the order in which they are told.
    pub clauses: Vec<Clause>,
}

/// One condition on one fact, while it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clause {
    /// The name of the fact, such as `age`.
    pub fact: String,
    /// What must be so of it.
    pub condition: Condition,
    /// When the clause holds.
    pub validity: Validity,
    /// English, Punjabi, Hindi, in the order of [`Language::ALL`].
    texts: [String; 3],
}

/// What must be so of a fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// A number of at least this.
    AtLeast(i64),
    /// A number of at most this.
    AtMost(i64),
    /// One of these texts.
    OneOf(Vec<String>),
    /// This truth value.
    Is(bool),
}

/// What is known of a person, business or household: whole numbers (ages in years, money in paise, land in marlas, 160 to the
/// acre), texts (codes, `female`) and truth values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// A whole number.
    Number(i64),
    /// A text, compared letter by letter.
    Text(String),
    /// Yes or no.
    Flag(bool),
}

/// Facts by name. What is not in it is not known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts(BTreeMap<String, Fact>);

/// What the rules say of some facts on a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Eligibility<'a> {
    /// Every clause is met.
    Eligible,
    /// At least one clause is known not to be met.
    NotEligible {
        /// These, in the order of the scheme.
        failing: Vec<&'a Clause>,
        /// Facts that other clauses ask for and nobody has stated.
        missing: Vec<&'a str>,
    },
    /// No clause fails, but facts are missing.
    Unknown {
        /// Their names, in the order of the scheme.
        missing: Vec<&'a str>,
    },
    /// The scheme was not there on that day.
    NotInForce,
}

/// How a clause stands to some facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClauseOutcome {
    /// It is met.
    Met,
    /// It is known not to be met.
    Failing,
    /// Nobody has stated its fact.
    Missing,
}

/// A fact that no clause of a scheme asks for. Whoever states the facts must act.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{scheme}` asks for no fact `{fact}`; it asks for {known}")]
pub struct UnknownFact {
    /// The code of the scheme.
    pub scheme: String,
    /// The name as it was stated.
    pub fact: String,
    /// The names that it asks for, joined by commas.
    pub known: String,
}

/// A fact of a kind that a clause cannot be held against. Whoever states the facts must act.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the fact `{fact}` is to be {expected}")]
pub struct WrongFact {
    /// The name of the fact. What it was stated to be is not repeated.
    pub fact: String,
    /// What it must be.
    pub expected: &'static str,
}

impl From<i64> for Fact {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<bool> for Fact {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<&str> for Fact {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl Facts {
    /// States a fact, in place of what was stated before.
    pub fn set(&mut self, name: &str, fact: impl Into<Fact>) -> &mut Self {
        self.0.insert(name.to_owned(), fact.into());
        self
    }

    /// A fact; `None` when it is not known.
    pub fn get(&self, name: &str) -> Option<&Fact> {
        self.0.get(name)
    }

    /// The names of those that are known, in their order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

impl Schemes {
    /// The schemes in this binary, `data/schemes/*.toml`.
    ///
    /// # Errors
    /// [`CodesError::Sidecar`] when one was built in that does not read.
    pub fn builtin() -> Result<&'static Self, CodesError> {
        static BUILTIN: OnceLock<Result<Schemes, CodesError>> = OnceLock::new();
        let read = || {
            let mut schemes =
                SCHEMES.iter().map(|(name, text)| Scheme::parse(name, text)).collect::<Result<Vec<_>, _>>()?;
            schemes.sort_by(|a, b| a.code.cmp(&b.code));
            Ok(Self(schemes))
        };
        BUILTIN.get_or_init(read).as_ref().map_err(Clone::clone)
    }

    /// The scheme of a code.
    pub fn find(&self, code: &str) -> Option<&Scheme> {
        let at = self.0.binary_search_by(|scheme| scheme.code.as_str().cmp(code.trim())).ok()?;
        Some(&self.0[at])
    }

    /// Every scheme, by code.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Scheme> {
        self.0.iter()
    }
}

impl Scheme {
    /// Reads the rules of a scheme from TOML, as `data/README.md` describes them. `file` is how errors name it.
    ///
    /// # Errors
    /// [`CodesError::Sidecar`] naming the file, the line and what is wrong.
    pub fn parse(file: &str, text: &str) -> Result<Self, CodesError> {
        let fail = |at: usize, problem: String| CodesError::Sidecar {
            file: file.to_owned(),
            line: text[..at].matches('\n').count() + 1,
            problem,
        };
        let read: SchemeFile = declared::read(file, text)?;
        if read.clause.is_empty() {
            return Err(fail(0, "a scheme has at least one `[[clause]]`".to_owned()));
        }
        let validity = period(read.valid_from, read.valid_until).map_err(|problem| fail(0, problem))?;
        let clauses = read.clause.into_iter().map(|clause| {
            let start = clause.span().start;
            Clause::read(clause.into_inner()).map_err(|problem| fail(start, problem))
        });
        Ok(Self {
            clauses: clauses.collect::<Result<_, _>>()?,
            code: read.scheme,
            title: read.title_en,
            version: read.version,
            source: read.source,
            is_made_up: read.made_up,
            validity,
        })
    }

    /// What the rules of a day say of some facts.
    ///
    /// # Errors
    /// [`WrongFact`] for a fact that is, say, a text where a number is asked for. The answer to the rest is not given then.
    pub fn judge(&self, facts: &Facts, day: Day) -> Result<Eligibility<'_>, WrongFact> {
        if !self.validity.holds_on(day) {
            return Ok(Eligibility::NotInForce);
        }
        let (mut failing, mut missing) = (Vec::new(), Vec::new());
        for clause in self.clauses_on(day) {
            match clause.hold_against(facts)? {
                ClauseOutcome::Missing if missing.contains(&clause.fact.as_str()) => {}
                ClauseOutcome::Missing => missing.push(clause.fact.as_str()),
                ClauseOutcome::Met => {}
                ClauseOutcome::Failing => failing.push(clause),
            }
        }
        Ok(match (failing.is_empty(), missing.is_empty()) {
            (true, true) => Eligibility::Eligible,
            (true, false) => Eligibility::Unknown { missing },
            (false, _) => Eligibility::NotEligible { failing, missing },
        })
    }

    /// The facts that its clauses ask for, of whatever day, each with the first clause that does; in the order of the scheme.
    pub fn facts(&self) -> impl Iterator<Item = (&str, &Clause)> {
        let asked = self
            .clauses
            .iter()
            .enumerate()
            .filter(move |(place, clause)| !self.clauses[..*place].iter().any(|before| before.fact == clause.fact));
        asked.map(|(_, clause)| (clause.fact.as_str(), clause))
    }

    /// Refuses facts that no clause asks for, of whatever day: most likely they are misspelt.
    ///
    /// # Errors
    /// [`UnknownFact`] naming the first of them.
    pub fn refuse_unknown(&self, facts: &Facts) -> Result<(), UnknownFact> {
        let is_unknown = |name: &&str| !self.clauses.iter().any(|clause| clause.fact == *name);
        match facts.names().find(is_unknown) {
            None => Ok(()),
            Some(fact) => Err(UnknownFact {
                scheme: self.code.clone(),
                fact: fact.to_owned(),
                known: self.facts().map(|(name, _)| format!("`{name}`")).collect::<Vec<_>>().join(", "),
            }),
        }
    }

    /// The clauses that hold on a day.
    pub fn clauses_on(&self, day: Day) -> impl Iterator<Item = &Clause> {
        self.clauses.iter().filter(move |clause| clause.validity.holds_on(day))
    }
}

impl Clause {
    /// What the clause says, as the end of "the applicant ...".
    pub fn text(&self, language: Language) -> &str {
        &self.texts[language as usize]
    }

    /// How the clause stands to some facts.
    ///
    /// # Errors
    /// [`WrongFact`] for a fact of another kind than the clause asks for.
    pub fn hold_against(&self, facts: &Facts) -> Result<ClauseOutcome, WrongFact> {
        let Some(fact) = facts.get(&self.fact) else { return Ok(ClauseOutcome::Missing) };
        Ok(if self.is_met_by(fact)? { ClauseOutcome::Met } else { ClauseOutcome::Failing })
    }

    /// What its fact is to be, in words.
    pub fn expects(&self) -> &'static str {
        match self.condition {
            Condition::AtLeast(_) | Condition::AtMost(_) => "a whole number",
            Condition::OneOf(_) => "a text",
            Condition::Is(_) => "true or false",
        }
    }

    fn is_met_by(&self, fact: &Fact) -> Result<bool, WrongFact> {
        match (&self.condition, fact) {
            (Condition::AtLeast(bound), Fact::Number(number)) => Ok(number >= bound),
            (Condition::AtMost(bound), Fact::Number(number)) => Ok(number <= bound),
            (Condition::OneOf(texts), Fact::Text(text)) => Ok(texts.contains(text)),
            (Condition::Is(wanted), Fact::Flag(flag)) => Ok(wanted == flag),
            _ => Err(WrongFact { fact: self.fact.clone(), expected: self.expects() }),
        }
    }

    fn read(read: ClauseFile) -> Result<Self, String> {
        let conditions = [
            read.at_least.map(Condition::AtLeast),
            read.at_most.map(Condition::AtMost),
            read.equals.map(|text| Condition::OneOf(vec![text])),
            read.one_of.map(Condition::OneOf),
            read.is.map(Condition::Is),
        ];
        let mut conditions = conditions.into_iter().flatten();
        let (Some(condition), None) = (conditions.next(), conditions.next()) else {
            return Err(format!(
                "the clause on `{}` has exactly one of at_least, at_most, equals, one_of, is; part it into several clauses",
                read.fact
            ));
        };
        let texts = [read.text_en, read.text_pa, read.text_hi];
        if texts.iter().any(|text| text.trim().is_empty()) {
            return Err(format!("the clause on `{}` is told in English, Punjabi and Hindi", read.fact));
        }
        let validity = period(read.valid_from, read.valid_until)?;
        Ok(Self { fact: read.fact, condition, validity, texts })
    }
}

/// A stretch of days that does not end before it begins.
fn period(from: Option<Day>, until: Option<Day>) -> Result<Validity, String> {
    match (from, until) {
        (Some(from), Some(until)) if until <= from => Err(format!("it ends on {until}, before or as it begins")),
        _ => Ok(Validity { from, until }),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SchemeFile {
    scheme: String,
    title_en: String,
    version: String,
    source: String,
    #[serde(rename = "licence")]
    _licence: String,
    #[serde(rename = "source_date")]
    _source_date: String,
    made_up: bool,
    valid_from: Option<Day>,
    valid_until: Option<Day>,
    #[serde(default)]
    clause: Vec<toml::Spanned<ClauseFile>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClauseFile {
    fact: String,
    at_least: Option<i64>,
    at_most: Option<i64>,
    equals: Option<String>,
    one_of: Option<Vec<String>>,
    is: Option<bool>,
    text_en: String,
    text_pa: String,
    text_hi: String,
    valid_from: Option<Day>,
    valid_until: Option<Day>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HEAD: &str = "scheme = \"X\"\ntitle_en = \"X\"\nversion = \"1\"\nsource = \"s\"\nlicence = \"l\"\nsource_date = \"2026\"\nmade_up = true\n";
    const TEXTS: &str = "text_en = \"a\"\ntext_pa = \"b\"\ntext_hi = \"c\"\n";

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    fn scheme(clauses: &[&str]) -> Scheme {
        let clauses: String = clauses.iter().map(|clause| format!("[[clause]]\n{TEXTS}{clause}\n")).collect();
        Scheme::parse("x.toml", &format!("{HEAD}{clauses}")).unwrap()
    }

    #[track_caller]
    fn refuses(rest: &str, words: &str) {
        let error = Scheme::parse("x.toml", &format!("{HEAD}{rest}")).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }

    #[test]
    fn a_scheme_that_does_not_read_is_refused_with_its_line() {
        refuses("", "at least one");
        refuses(
            &format!("[[clause]]\nfact = \"age\"\n{TEXTS}"),
            "x.toml line 8: the clause on `age` has exactly one of",
        );
        refuses(&format!("[[clause]]\nfact = \"age\"\nat_least = 1\nat_most = 2\n{TEXTS}"), "exactly one of");
        refuses(
            &format!("[[clause]]\nfact = \"age\"\nat_leest = 1\n{TEXTS}"),
            "x.toml line 10: unknown field `at_leest`",
        );
        refuses(
            "[[clause]]\nfact = \"age\"\nat_least = 1\ntext_en = \"a\"\ntext_pa = \"\"\ntext_hi = \"c\"\n",
            "Punjabi",
        );
        refuses(
            &format!("[[clause]]\nfact = \"age\"\nat_least = 1\nvalid_from = \"2020\"\n{TEXTS}"),
            "`2020` is not a day",
        );
    }

    #[test]
    fn a_fact_that_is_not_known_fails_nothing() {
        let scheme = scheme(&[
            "fact = \"age\"\nat_least = 60",
            "fact = \"age\"\nat_most = 90",
            "fact = \"is_widow\"\nis = true",
        ]);
        let judge = |facts: &Facts| scheme.judge(facts, day("2024-01-01"));
        assert_eq!(judge(&Facts::default()), Ok(Eligibility::Unknown { missing: vec!["age", "is_widow"] }));
        assert_eq!(judge(Facts::default().set("age", 60)), Ok(Eligibility::Unknown { missing: vec!["is_widow"] }));
        assert_eq!(judge(Facts::default().set("age", 60).set("is_widow", true)), Ok(Eligibility::Eligible));
        let failing = vec![&scheme.clauses[2]];
        let missing = vec!["age"];
        assert_eq!(judge(Facts::default().set("is_widow", false)), Ok(Eligibility::NotEligible { failing, missing }));
    }

    #[test]
    fn a_fact_of_the_wrong_kind_is_named_and_not_repeated() {
        let scheme = scheme(&["fact = \"age\"\nat_least = 60"]);
        let error = scheme.judge(Facts::default().set("age", "sixty"), day("2024-01-01")).unwrap_err().to_string();
        assert_eq!(error, "the fact `age` is to be a whole number");
    }

    #[test]
    fn a_fact_that_no_clause_asks_for_is_named_with_those_that_are_and_one_of_a_former_clause_is_none() {
        let scheme = scheme(&[
            "fact = \"age\"\nat_least = 60\nvalid_until = \"2016-04-01\"",
            "fact = \"is_widow\"\nis = true",
            "fact = \"age\"\nat_most = 90",
        ]);
        assert_eq!(scheme.facts().map(|(name, _)| name).collect::<Vec<_>>(), ["age", "is_widow"]);
        assert_eq!(scheme.refuse_unknown(Facts::default().set("age", 60).set("is_widow", true)), Ok(()));
        let error = scheme.refuse_unknown(Facts::default().set("age", 60).set("aeg", 60)).unwrap_err();
        assert_eq!(error.to_string(), "`X` asks for no fact `aeg`; it asks for `age`, `is_widow`");
    }

    #[test]
    fn one_of_several_districts_is_enough_and_a_bound_is_met_by_itself() {
        let scheme = scheme(&[
            "fact = \"residence_district\"\none_of = [\"27\", \"609\"]",
            "fact = \"land_marlas\"\nat_most = 800",
        ]);
        let judge = |district: &str, land: i64| {
            let mut facts = Facts::default();
            facts.set("residence_district", district).set("land_marlas", land);
            scheme.judge(&facts, day("2024-01-01")).map(|judged| judged == Eligibility::Eligible)
        };
        assert_eq!((judge("609", 800), judge("609", 801), judge("28", 0)), (Ok(true), Ok(false), Ok(false)));
    }

    #[test]
    fn the_clause_of_the_day_is_the_one_that_counts() {
        let scheme = scheme(&[
            "fact = \"age\"\nat_least = 65\nvalid_until = \"2016-04-01\"",
            "fact = \"age\"\nat_least = 58\nvalid_from = \"2016-04-01\"",
        ]);
        let mut facts = Facts::default();
        facts.set("age", 60);
        assert!(matches!(scheme.judge(&facts, day("2016-03-31")), Ok(Eligibility::NotEligible { .. })));
        assert_eq!(scheme.judge(&facts, day("2016-04-01")), Ok(Eligibility::Eligible));
    }

    #[test]
    fn every_built_in_scheme_reads_and_is_marked_made_up() {
        let schemes = Schemes::builtin().unwrap();
        assert!(schemes.iter().len() > 0 && schemes.iter().all(|scheme| scheme.is_made_up));
        for scheme in schemes.iter() {
            let begun = scheme.validity.from.unwrap();
            let facts = Facts::default();
            assert_eq!(scheme.judge(&facts, begun.plus_days(-1)), Ok(Eligibility::NotInForce));
            assert!(matches!(scheme.judge(&facts, begun), Ok(Eligibility::Unknown { .. })), "{}", scheme.code);
        }
    }

    proptest! {
        /// Learning one more fact never turns a refusal or an eligibility round.
        #[test]
        fn more_facts_never_undo_an_answer(age in 0i64..100, income in 0i64..100, asked in 0usize..2) {
            let scheme = scheme(&["fact = \"age\"\nat_least = 58", "fact = \"income\"\nat_most = 60"]);
            let mut some = Facts::default();
            let mut all = Facts::default();
            all.set("age", age).set("income", income);
            if asked == 0 { some.set("age", age); } else { some.set("income", income); }
            let eligible = age >= 58 && income <= 60;
            let judged = scheme.judge(&all, day("2024-01-01")).unwrap();
            prop_assert_eq!(judged == Eligibility::Eligible, eligible);
            if matches!(scheme.judge(&some, day("2024-01-01")).unwrap(), Eligibility::NotEligible { .. }) {
                prop_assert!(!eligible);
            }
        }
    }
}

//! Rule sets: everything that decides a pair, frozen, so that a decision replays years later.

use kanak_model::entity_model::Thresholds;
use kanak_model::id::SourceRecordId;
use kanak_model::kind::Kind;
use kanak_model::match_pair::Decision;
use kanak_model::sharing::AgreedLinks;
use kanak_model::source_record::Values;
use serde::{Deserialize, Serialize};

use super::bound::Bound;
use super::columns::{Columns, Rank};
use super::frequency::Frequencies;
use super::levels::Method;
use super::moved::Moved;
use super::rules::MatchRules;
use super::second_pass::SecondPass;

/// Trained rules of one entity: plain data that holds no value of any source record, only hashes of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RuleSet {
    /// The model's rules.
    pub rules: MatchRules,
    /// One entry a comparison, in the order of the rules.
    pub comparisons: Vec<ComparisonWeights>,
    /// How many of all pairs are the same one, and how many are relatives.
    pub prior: Prior,
    /// Those who moved house; rule sets of earlier versions have none, and count each difference of a home by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved: Option<Moved>,
    /// What a second pass decides by, once a first one gave clusters; rule sets of earlier versions have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second_pass: Option<SecondPass>,
    /// Keys of the oversized blocks that further keys refine, ascending.
    pub refined: Vec<u64>,
    /// Source records it was trained on.
    pub trained_on: u64,
    /// How many of the pairs it was trained on were decided by stewards.
    #[serde(default)]
    pub answers: u64,
    /// How values were read when it was trained: see [`reading`](super::reading).
    #[serde(default)]
    pub reading: String,
    /// The seed of its samples.
    pub seed: u64,
    /// A mark of what else decides golden values (survivorship, trust), as its publisher made it: when that changes, a new
    /// version is due. Matching does not read it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub declared: String,
    /// Which registers may stand together in one golden record; `None` where they need no agreement. Others are not compared, and
    /// nothing joins them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreed: Option<AgreedLinks>,
}

/// Shares of all pairs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Prior {
    /// Pairs of the same one.
    pub matched: f64,
    /// Pairs of relatives: different ones that share a family, an owner, an address.
    pub related: f64,
}

impl Prior {
    /// The prior odds of a match, in bits.
    pub fn bits(self) -> f64 {
        (self.matched / (1.0 - self.matched)).log2()
    }

    /// The odds of relatives against unrelated ones.
    pub fn related_odds(self) -> f64 {
        self.related / (1.0 - self.matched - self.related).max(f64::MIN_POSITIVE)
    }
}

/// What one comparison weighs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ComparisonWeights {
    /// The attribute compared.
    pub attribute: String,
    /// The attribute compared crosswise with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crosswise: Option<String>,
    /// Its group of correlated evidence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// The kind of the attribute.
    pub kind: Kind,
    /// How values are graded.
    pub method: Method,
    /// One entry a level of the method.
    pub levels: Vec<LevelWeight>,
    /// How often values occur.
    pub frequencies: Frequencies,
}

/// What one level weighs: log2(m / u) bits; where `rare` holds, u is the frequency of what both agree on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LevelWeight {
    /// What it is called.
    pub name: String,
    /// Share among pairs of the same one.
    pub m: f64,
    /// Share among unrelated pairs.
    pub u: f64,
    /// Share among relatives.
    pub related: Related,
    /// Share among pairs of the same one who moved house, where that is another than `m`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved: Option<f64>,
    /// Whether an agreement on a rare value weighs more.
    pub rare: bool,
}

/// A level's share among relatives.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Related(pub f64);

/// A weighed pair with its parts.
#[derive(Debug, Clone, PartialEq)]
pub struct Weighed {
    /// log2 of the Bayes factor: the sum of the parts.
    pub weight_bits: f64,
    /// Match probability, 0..=1, with the prior in.
    pub probability: f64,
    /// What the thresholds say.
    pub decision: Decision,
    /// One entry a comparison, in order.
    pub parts: Vec<Part>,
    /// What the chance that they moved house gives back of what the home says.
    pub moved_bits: f64,
    /// What the chance that they are relatives takes off; 0 or less.
    pub relatives_bits: f64,
}

/// What one comparison contributed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Part {
    /// The level, by its place in the comparison; `None` where a value is missing.
    pub level: Option<u8>,
    /// What counts of it, in bits: correlated evidence is counted once.
    pub weight_bits: f64,
}

/// What a source record states, and where.
#[derive(Debug, Clone, Copy)]
pub struct Statement<'a> {
    /// The name of its register; empty where that is not known.
    pub register: &'a str,
    /// Its values.
    pub values: &'a Values,
}

impl<'a> Statement<'a> {
    /// A statement in a register.
    pub fn of(register: &'a str, values: &'a Values) -> Self {
        Self { register, values }
    }
}

impl RuleSet {
    /// Weighs two source records: to the bit what [`super::match_batch`] makes of them under these rules.
    pub fn weigh(&self, left: Statement<'_>, right: Statement<'_>) -> Weighed {
        let columns = self.columns_of(left, right);
        Bound::of(self, &columns).weigher().weigh_in_parts(0, 1)
    }

    /// Two source records as columns: rows 0 and 1.
    pub(crate) fn columns_of(&self, left: Statement<'_>, right: Statement<'_>) -> Columns {
        let mut builder = self.rules.columns();
        builder.push(SourceRecordId(0), Rank::of(left.register, ""), left.values);
        builder.push(SourceRecordId(1), Rank::of(right.register, ""), right.values);
        builder.finish()
    }

    /// The decision at a probability.
    pub fn decide(&self, probability: f64) -> Decision {
        let Thresholds { matched, review } = self.rules.thresholds;
        if probability >= matched {
            Decision::Match
        } else if probability >= review {
            Decision::Review
        } else {
            Decision::NoMatch
        }
    }
}

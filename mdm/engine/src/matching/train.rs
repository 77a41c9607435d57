//! Training: from rules and columns to a rule set, without labels or with stewards' decisions.

use kanak_model::entity_model::Comparison;
use kanak_model::kind::Kind;
use kanak_model::match_pair::ConstraintKind;
use rayon::prelude::*;

use super::blocking::Candidates;
use super::bound::Bound;
use super::cluster::RowConstraint;
use super::columns::Columns;
use super::em::{self, Answer, MovedShares, Seen, Shares};
use super::frequency::Frequencies;
use super::levels::{self, Level, Method, name};
use super::moved::{self, Moved};
use super::patterns::Patterns;
use super::rule_set::{ComparisonWeights, LevelWeight, Prior, Related, RuleSet};
use super::rules::{MatchRules, SAME_REGISTER};
use super::weights::Groups;
use super::words::reading;

/// Trains what weighs pairs, on candidate pairs of blocks that are refined wherever they are oversized, and on what stewards
/// decided of them.
pub(crate) fn train_on(
    rules: &MatchRules,
    columns: &Columns,
    candidates: &Candidates,
    decided: &[RowConstraint],
    seed: u64,
) -> RuleSet {
    let mut shares: Vec<Shares> = rules.comparisons.iter().map(|one| believed(rules, one)).collect();
    let mut rule_set = RuleSet {
        rules: rules.clone(),
        comparisons: rules
            .comparisons
            .par_iter()
            .zip(&shares)
            .map(|(one, shares)| weights(rules, columns, one, shares))
            .collect(),
        prior: Prior { matched: 0.01, related: 0.0 },
        moved: None,
        second_pass: None,
        refined: candidates.refined(),
        trained_on: columns.len() as u64,
        answers: decided.len() as u64,
        reading: reading(),
        seed,
        declared: String::new(),
        agreed: None,
    };
    let rows = columns.len() as u64;
    let possible = candidates.possible();
    let bound = Bound::of(&rule_set, columns);
    let (patterns, pairs) = Patterns::of_candidates(candidates, &bound, seed);
    let others = Patterns::of_others(candidates, &bound, rows, (possible as f64 - pairs).max(0.0), seed);
    let home = moved::home(rules);
    let groups = Groups::of(rules.comparisons.iter().map(|one| (one.group.as_deref(), home.contains(&one.attribute))));
    let relatives = if has_relatives(rules) { RELATIVES_PER_MATCH } else { 0.0 };
    let answers = answers(decided, &bound);
    let seen = Seen { candidates: &patterns, others: &others, possible: possible as f64, answers: &answers };
    let (prior, moved) = em::train(&mut shares, &groups, &seen, relatives);
    rule_set.moved = (!home.is_empty()).then(|| Moved { share: written(moved), home });
    rule_set.prior = Prior { matched: written(prior.matched), related: written(prior.related) };
    for (weights, shares) in rule_set.comparisons.iter_mut().zip(&shares) {
        for (at, level) in weights.levels.iter_mut().enumerate() {
            level.m = written(shares.m[at]);
            level.u = written(shares.u[at]);
            level.related = Related(written(shares.related[at]));
            level.moved = shares.moved.as_ref().map(|moved| written(moved.shares[at]));
        }
    }
    rule_set
}

/// The patterns of what stewards decided.
fn answers(decided: &[RowConstraint], bound: &Bound<'_>) -> Vec<Answer> {
    let weigher = bound.weigher();
    let of = |one: &RowConstraint| Answer {
        pattern: weigher.pattern(one.left, one.right),
        is_same: one.kind == ConstraintKind::MustLink,
    };
    decided.iter().map(of).collect()
}

/// A share to nine figures: as many as every reader of JSON reads back to the same bit.
fn written(share: f64) -> f64 {
    format!("{share:.8e}").parse().expect("a number reads back from its own words")
}

/// Where registers tell of families or owners, so many pairs of relatives are believed to stand beside each pair of the same
/// one.
const RELATIVES_PER_MATCH: f64 = 1.5;

/// Whether the rules compare something that relatives share: a parent's, spouse's or owner's name, a phone.
fn has_relatives(rules: &MatchRules) -> bool {
    rules.comparisons.iter().any(|one| {
        let kind = rules.kind_of(&one.attribute);
        let is_own = one.attribute == rules.label || one.crosswise.as_ref() == Some(&rules.label);
        kind == Kind::Mobile || (kind == Kind::PersonName && !is_own)
    })
}

fn method_of(rules: &MatchRules, comparison: &Comparison) -> Method {
    if comparison.attribute == SAME_REGISTER {
        return Method::Register;
    }
    Method::of_comparison(rules.kind_of(&comparison.attribute), comparison.crosswise.as_deref())
}

/// What is believed of a comparison before training.
fn believed(rules: &MatchRules, comparison: &Comparison) -> Shares {
    let kind = rules.kind_of(&comparison.attribute);
    let method = method_of(rules, comparison);
    let levels = method.levels();
    let (different, u_min) = levels::defaults_for(kind);
    let mut m: Vec<f64> = levels.iter().map(|level| level.m).collect();
    let different = different.filter(|_| method != Method::Register);
    if let (Some(different), Some(last)) = (different, m.last().copied()) {
        let stretch = (1.0 - different) / (1.0 - last);
        for share in &mut m {
            *share *= stretch;
        }
        if let Some(last) = m.last_mut() {
            *last = different;
        }
    }
    let u: Vec<f64> = levels.iter().map(|level| level.u).collect();
    // Of a woman who moved, the relative she states changes too.
    let moved = rules
        .is_of_changing_relative(comparison)
        .then(|| MovedShares::of(usize::from(name::DIFFERENT_OF_WOMAN), moved::OTHER_RELATIVE, &m));
    let is_register = method == Method::Register;
    // Relatives die on days of their own.
    let related = if is_register || method == Method::Death {
        u.clone()
    } else {
        related(levels, &m, kind, comparison, &rules.label)
    };
    Shares { levels, m, u, related, moved, u_min, related_as_unrelated: is_register }
}

/// What is believed of relatives: they share parents, phones and homes, and differ in name, birthday and number.
fn related(levels: &[Level], m: &[f64], kind: Kind, comparison: &Comparison, label: &str) -> Vec<f64> {
    let is_label = comparison.attribute == label;
    match Method::of(kind) {
        Method::Name if is_label => {
            vec![0.01, 0.005, 0.01, 0.02, 0.01, 0.01, 0.01, 0.25, 0.005, 0.66, 0.01]
        }
        Method::Name => vec![0.35, 0.08, 0.03, 0.01, 0.04, 0.01, 0.01, 0.03, 0.02, 0.31, 0.11],
        Method::Words if is_label => vec![0.005, 0.003, 0.002, 0.01, 0.14, 0.84],
        // Who lives in one home states it as one person does.
        Method::Address => vec![0.56, 0.09, 0.06, 0.06, 0.04, 0.02, 0.01, 0.03, 0.01, 0.12],
        Method::PartialDate => vec![0.015, 0.005, 0.004, 0.02, 0.02, 0.02, 0.03, 0.19, 0.25, 0.446],
        _ => match kind {
            Kind::Aadhaar | Kind::Epic | Kind::Gstin | Kind::Udyam | Kind::Pan => vec_of(levels, 0.01),
            Kind::Sex => vec_of(levels, 0.5),
            Kind::Mobile | Kind::Email => vec_of(levels, 0.5),
            // A number that stands in a group of shared evidence is a household's or an owner's; any other is one's own.
            Kind::Identifier if comparison.group.is_some() => vec_of(levels, 0.5),
            Kind::Identifier => vec_of(levels, 0.01),
            _ => m.to_vec(),
        },
    }
}

/// `same` for the first level, the rest for the last, a little for those between.
fn vec_of(levels: &[Level], same: f64) -> Vec<f64> {
    let between = 0.005;
    let mut shares = vec![between; levels.len()];
    let rest = 1.0 - same - between * (levels.len() - 2) as f64;
    if let Some(first) = shares.first_mut() {
        *first = same;
    }
    if let Some(last) = shares.last_mut() {
        *last = rest;
    }
    shares
}

fn weights(rules: &MatchRules, columns: &Columns, comparison: &Comparison, shares: &Shares) -> ComparisonWeights {
    let kind = rules.kind_of(&comparison.attribute);
    let rare = comparison.term_frequency.unwrap_or_else(|| levels::rare_counts(kind));
    let counted = columns.find(&comparison.attribute).filter(|_| rare);
    // Of no other name than a relative's does a marriage tell why it differs so.
    let is_other_relative = |at| shares.moved.is_some() && at == usize::from(name::DIFFERENT_OF_WOMAN);
    let levels = shares.levels.iter().enumerate().map(|(at, level)| LevelWeight {
        name: if is_other_relative(at) { name::FATHER_AND_HUSBAND } else { level.name }.to_owned(),
        m: shares.m[at],
        u: shares.u[at],
        related: Related(shares.related[at]),
        moved: None,
        rare: rare && level.rare,
    });
    ComparisonWeights {
        attribute: comparison.attribute.clone(),
        crosswise: comparison.crosswise.clone(),
        group: comparison.group.clone(),
        kind,
        method: method_of(rules, comparison),
        levels: levels.collect(),
        frequencies: counted.map(|column| Frequencies::count(columns, column)).unwrap_or_default(),
    }
}

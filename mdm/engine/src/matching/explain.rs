//! Why two source records are, or are not, held to be the same one.

use kanak_model::entity_model::{EntityModel, Thresholds};
use kanak_model::id::SourceRecordId;
use kanak_model::match_pair::Decision;
use kanak_model::source_record::{Stated, Values};
use serde::Serialize;

use super::bound::Bound;
use super::columns::{Columns, MISSING, Rank};
use super::plan::plan;
use super::rule_set::{RuleSet, Statement, Weighed};
use super::rules::SAME_REGISTER;

/// The waterfall of one pair: the prior, then what each comparison adds or takes off.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// One row a comparison, in the order of the model, and one each for the chances of having moved and of being relatives
    /// where those count.
    pub rows: Vec<ExplanationRow>,
    /// The prior odds of a match, in bits.
    pub prior_bits: f64,
    /// The prior and all rows.
    pub total_bits: f64,
    /// The match probability that this means, 0..=1.
    pub probability: f64,
    /// What the thresholds say.
    pub decision: Decision,
    /// The probabilities at which decisions begin.
    pub thresholds: Thresholds,
    /// The same in a sentence.
    pub sentence: String,
}

/// What one comparison found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExplanationRow {
    /// The attribute's name.
    pub attribute: String,
    /// The attribute's title in English.
    pub title: String,
    /// The left source record's words; empty where it states nothing.
    pub left: String,
    /// The right source record's words.
    pub right: String,
    /// The comparison level.
    pub level: String,
    /// What it adds to the match weight, in bits: correlated evidence is counted once.
    pub weight_bits: f64,
    /// The prior and all rows up to and with this one, in bits: the last row's is the total.
    pub running_bits: f64,
}

/// Explains the weight of a pair. The rows add up, in order, to the weight that matching uses.
pub fn explain_pair(rule_set: &RuleSet, model: &EntityModel, left: Statement<'_>, right: Statement<'_>) -> Explanation {
    explain_weighed(rule_set, model, left, right, &rule_set.weigh(left, right))
}

fn explain_weighed(
    rule_set: &RuleSet,
    model: &EntityModel,
    left: Statement<'_>,
    right: Statement<'_>,
    weighed: &Weighed,
) -> Explanation {
    let mut rows: Vec<ExplanationRow> = rule_set
        .comparisons
        .iter()
        .zip(&weighed.parts)
        .map(|(comparison, part)| {
            let words = |of: Statement<'_>| {
                if comparison.attribute == SAME_REGISTER {
                    return of.register.to_owned();
                }
                words_of(of.values, &comparison.attribute, comparison.crosswise.as_deref())
            };
            let level = part.level.map_or("not stated on both sides", |level| &comparison.levels[level as usize].name);
            ExplanationRow {
                attribute: comparison.attribute.clone(),
                title: title_of(model, &comparison.attribute),
                left: words(left),
                right: words(right),
                level: level.to_owned(),
                weight_bits: part.weight_bits,
                running_bits: 0.0,
            }
        })
        .collect();
    // Where the home agrees, it is less than a tenth of a bit.
    if weighed.moved_bits != 0.0 {
        rows.push(ExplanationRow {
            attribute: "moved".to_owned(),
            title: "Moved house".to_owned(),
            left: String::new(),
            right: String::new(),
            level: "may have moved, which changes all that tells of a home at once".to_owned(),
            weight_bits: weighed.moved_bits,
            running_bits: 0.0,
        });
    }
    if weighed.relatives_bits < 0.0 {
        rows.push(ExplanationRow {
            attribute: "relatives".to_owned(),
            title: "Relatives".to_owned(),
            left: String::new(),
            right: String::new(),
            level: "may be relatives who share a home or an owner".to_owned(),
            weight_bits: weighed.relatives_bits,
            running_bits: 0.0,
        });
    }
    let prior_bits = rule_set.prior.bits();
    let mut running_bits = prior_bits;
    for row in &mut rows {
        running_bits += row.weight_bits;
        row.running_bits = running_bits;
    }
    Explanation {
        sentence: sentence(&rows, weighed.decision, weighed.probability),
        total_bits: weighed.weight_bits + prior_bits,
        probability: weighed.probability,
        decision: weighed.decision,
        thresholds: rule_set.rules.thresholds,
        prior_bits,
        rows,
    }
}

/// What columns hold of a source record, in the standard form in which matching compares it: what [`explain_pair`] takes where
/// there is no hub to ask. `None` for an id that is not among them.
pub fn values_of(columns: &Columns, id: SourceRecordId) -> Option<Values> {
    let row = columns.row(id)? as usize;
    let mut values = Values::new();
    for column in columns.columns.iter().filter(|column| column.field.name != SAME_REGISTER) {
        let code = column.codes[row];
        if code != MISSING {
            let standard = String::from(column.values[code as usize].clone());
            values.insert(column.field.name.clone(), Stated { standard, raw: None });
        }
    }
    Some(values)
}

/// The blocking rules that bring two source records together, as the model writes them; none where the pair would only be found
/// through others. Blocks that were too large and had to be refined are taken as they were not.
pub fn blocking_of_pair(rule_set: &RuleSet, left: Statement<'_>, right: Statement<'_>) -> Vec<String> {
    let stats = plan(&rule_set.rules, &rule_set.columns_of(left, right));
    stats.into_iter().filter(|rule| rule.pairs > 0).map(|rule| rule.rule).collect()
}

/// A link that holds a cluster together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClusterLink {
    /// The place of one member among those that were given.
    pub left: usize,
    /// The place of the other.
    pub right: usize,
    /// The waterfall of the pair.
    pub explanation: Explanation,
}

/// Explains a cluster by the links that hold it together: of all its pairs the strongest that connect all members, a maximum
/// spanning tree, strongest first. A weak link in it is where the cluster would part.
///
/// Each link is explained as a pair; what only groups tell together, and what the second pass added, is not in it.
pub fn explain_cluster(rule_set: &RuleSet, model: &EntityModel, members: &[Statement<'_>]) -> Vec<ClusterLink> {
    let mut builder = rule_set.rules.columns();
    for (at, member) in members.iter().enumerate() {
        builder.push(SourceRecordId(at as i64), Rank::of(member.register, &at.to_string()), member.values);
    }
    let columns = builder.finish();
    let bound = Bound::of(rule_set, &columns);
    let weigher = bound.weigher();
    let row = |at: usize| columns.row(SourceRecordId(at as i64)).expect("each member is a row");
    let weight_bits = |left: usize, right: usize| weigher.weight_bits(row(left), row(right));
    // The strongest link of each member outside to those inside.
    let mut strongest: Vec<(f64, usize)> = (0..members.len()).map(|at| (weight_bits(0, at), 0)).collect();
    let mut outside: Vec<usize> = (1..members.len()).collect();
    let mut links = Vec::with_capacity(outside.len());
    while let Some(next) = outside.iter().copied().reduce(|a, b| if strongest[b].0 > strongest[a].0 { b } else { a }) {
        outside.retain(|at| *at != next);
        let (left, right) = (strongest[next].1.min(next), strongest[next].1.max(next));
        let weighed = weigher.weigh_in_parts(row(left), row(right));
        let explanation = explain_weighed(rule_set, model, members[left], members[right], &weighed);
        links.push(ClusterLink { left, right, explanation });
        for at in &outside {
            let bits = weight_bits(next, *at);
            if bits > strongest[*at].0 {
                strongest[*at] = (bits, next);
            }
        }
    }
    links.sort_by(|a, b| b.explanation.total_bits.total_cmp(&a.explanation.total_bits));
    links
}

fn title_of(model: &EntityModel, attribute: &str) -> String {
    if attribute == SAME_REGISTER {
        return "Register".to_owned();
    }
    model.find_attribute(attribute).map_or_else(|| attribute.to_owned(), |attribute| attribute.title().en)
}

fn words_of(values: &Values, attribute: &str, crosswise: Option<&str>) -> String {
    let words = |attribute: &str| values.find_stated(attribute).map(|stated| stated.words().to_owned());
    let other = crosswise.and_then(words).unwrap_or_default();
    match words(attribute) {
        Some(own) if other.is_empty() => own,
        Some(own) => format!("{own} / {other}"),
        None if other.is_empty() => String::new(),
        None => format!("- / {other}"),
    }
}

fn sentence(rows: &[ExplanationRow], decision: Decision, probability: f64) -> String {
    let list = |sign: f64| {
        let mut found: Vec<&ExplanationRow> = rows.iter().filter(|row| row.weight_bits * sign >= 0.5).collect();
        found.sort_by(|a, b| (b.weight_bits * sign).total_cmp(&(a.weight_bits * sign)));
        let words: Vec<String> = found
            .iter()
            .take(4)
            .map(|row| format!("{} ({}, {:+.1} bits)", row.title.to_lowercase(), row.level, row.weight_bits))
            .collect();
        if words.is_empty() { "nothing".to_owned() } else { words.join(", ") }
    };
    let verdict = match decision {
        Decision::Match => "By themselves they are held to be the same",
        Decision::Review => "By themselves they are doubtful",
        Decision::NoMatch => "By themselves they are not held to be the same",
    };
    format!("{verdict}: match probability {}. For: {}. Against: {}.", percent(probability), list(1.0), list(-1.0))
}

/// A probability in percent that never rounds to certainty.
fn percent(probability: f64) -> String {
    match probability {
        p if p >= 0.9999 => "above 99.99 %".to_owned(),
        p if p < 0.0001 => "below 0.01 %".to_owned(),
        p => format!("{:.2} %", p * 100.0),
    }
}

#[cfg(test)]
mod tests {
    use kanak_model::builtin::ENTITY_MODELS;

    use super::*;
    use crate::matching::{MatchRules, Silent, train_and_match};

    /// Three people in two registers.
    fn people() -> (EntityModel, RuleSet, Columns) {
        let (file, text) = ENTITY_MODELS[0];
        let model = EntityModel::parse(file, text).unwrap();
        let rules = MatchRules::compile(&model).unwrap();
        let mut builder = Columns::builder(&model);
        let stated = [
            ("food", "Gurpreet Singh", "Balwinder Singh", "1985-03-01"),
            ("roll", "Gurprit Singh", "Balwinder Singh", "1985-03-01"),
            ("roll", "Asha Rani", "Ramesh Kumar", "1990-07-12"),
        ];
        for (at, (register, name, father, born)) in stated.into_iter().enumerate() {
            let mut values = Values::new();
            for (attribute, value) in [("full_name", name), ("father_name", father), ("date_of_birth", born)] {
                values.insert(attribute, Stated { standard: value.to_owned(), raw: None });
            }
            builder.push(SourceRecordId(at as i64), Rank::of(register, &at.to_string()), &values);
        }
        let columns = builder.finish();
        let (rule_set, _) = train_and_match(&rules, &columns, 1, &[], None, &Silent);
        (model, rule_set, columns)
    }

    #[test]
    fn running_totals_begin_at_the_prior_and_end_at_the_total() {
        let (model, rule_set, columns) = people();
        let (left, right) = (values_of(&columns, SourceRecordId(0)), values_of(&columns, SourceRecordId(1)));
        let (left, right) = (left.unwrap(), right.unwrap());
        let told = explain_pair(&rule_set, &model, Statement::of("food", &left), Statement::of("roll", &right));
        let mut running = told.prior_bits;
        for row in &told.rows {
            running += row.weight_bits;
            assert!((running - row.running_bits).abs() < 1e-9, "{row:?}");
        }
        assert!((running - told.total_bits).abs() < 1e-9, "{told:?}");
        assert!((told.probability - 1.0 / (1.0 + (-told.total_bits).exp2())).abs() < 1e-9);
        assert_eq!(told.thresholds, rule_set.rules.thresholds);
    }

    #[test]
    fn what_columns_hold_explains_a_pair_to_the_bit() {
        let (model, rule_set, columns) = people();
        let values = [0, 1].map(|id| values_of(&columns, SourceRecordId(id)).unwrap());
        assert_eq!(values[0].find("full_name"), Some("Gurpreet Singh"));
        let [left, right] = [Statement::of("food", &values[0]), Statement::of("roll", &values[1])];
        let told = explain_pair(&rule_set, &model, left, right);
        let bound = Bound::of(&rule_set, &columns);
        let row = |id| columns.row(SourceRecordId(id)).unwrap();
        let weight_bits = bound.weigher().weight_bits(row(0), row(1));
        assert!((told.total_bits - told.prior_bits - weight_bits).abs() < 1e-9);
        assert!(values_of(&columns, SourceRecordId(9)).is_none());
    }

    #[test]
    fn the_rules_that_bring_a_pair_together_are_named() {
        let (_, rule_set, columns) = people();
        let values = [0, 1, 2].map(|id| values_of(&columns, SourceRecordId(id)).unwrap());
        let [one, same, other] = [0, 1, 2].map(|at: usize| Statement::of("", &values[at]));
        assert!(!blocking_of_pair(&rule_set, one, same).is_empty());
        assert!(blocking_of_pair(&rule_set, one, other).is_empty());
    }
}

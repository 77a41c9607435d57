//! The waterfall of a pair: from what is held of any pair, comparison by comparison, to what is held of this one. One drawing for
//! pages, reports and files.

use kanak_model::entity_model::Thresholds;

use super::bar_rows::{BarRow, BarRows, Layout, Span};
use super::drawing::{Drawn, Opened, Rule, cut};
use super::{Cell, Head, Table};
use crate::actions::{ExplanationRow, ExplanationView};
use crate::format;

/// What a waterfall is drawn from.
#[derive(Debug, Clone)]
pub struct Waterfall<'a> {
    /// What the picture is called in its page; no other has it.
    pub id: String,
    /// How the pair was weighed.
    pub explanation: &'a ExplanationView,
    /// Where decisions begin, where that is known.
    pub thresholds: Option<Thresholds>,
    /// What the two source records are called.
    pub names: [String; 2],
}

const PRIOR: &str = "Before looking";
const TOTAL: &str = "In all";

impl Waterfall<'_> {
    /// Draws it over its table.
    pub fn draw(&self) -> Drawn {
        let one = self.explanation;
        let (weight, total) = (format::bits(one.match_weight_bits()), format::bits(one.total_bits));
        let [left, right] = &self.names;
        let chart = BarRows {
            id: self.id.clone(),
            title: format!("{left} and {right}: match weight {weight} bits, {total} with what is held of any pair"),
            description: self.description(),
            layout: Layout::Above,
            rows: self.rows(),
            rules: self.thresholds.map(rules).unwrap_or_default(),
            holds: Vec::new(),
        };
        Drawn {
            drawing: chart.draw(),
            legend: vec![
                ("for", "speaks for a match".to_owned()),
                ("against", "speaks against it".to_owned()),
                ("total", "where it begins and ends".to_owned()),
            ],
            table: self.table(),
            opened: Opened::AtOnce,
        }
    }

    fn description(&self) -> String {
        let one = self.explanation;
        format!(
            "A waterfall from {} bits before looking, over {} comparisons of {} bits together, the match weight, to {} bits in all: \
             match probability {}. {}",
            format::bits(one.prior_bits),
            one.rows.len(),
            format::bits(one.match_weight_bits()),
            format::bits(one.total_bits),
            format::probability(one.probability),
            one.sentence
        )
    }

    fn rows(&self) -> Vec<BarRow> {
        let one = self.explanation;
        let first = BarRow {
            label: PRIOR.to_owned(),
            sub: "how rare a match is among all pairs".to_owned(),
            figure: format::bits(one.prior_bits),
            lanes: vec![Span { from: 0.0, to: one.prior_bits, class: "total" }],
            ..BarRow::default()
        };
        let steps = self.running().map(|(row, from, to)| BarRow {
            label: row.attribute.clone(),
            sub: told(row),
            figure: format!("{} → {}", format::bits(row.weight_bits), format::bits(to)),
            lanes: vec![Span { from, to, class: look(row.weight_bits) }],
            joined: true,
            ..BarRow::default()
        });
        let last = BarRow {
            label: TOTAL.to_owned(),
            sub: self.told_of_all(),
            figure: format::bits(one.total_bits),
            lanes: vec![Span { from: 0.0, to: one.total_bits, class: "total" }],
            ..BarRow::default()
        };
        std::iter::once(first).chain(steps).chain([last]).collect()
    }

    fn told_of_all(&self) -> String {
        let (weight, probability) = (self.explanation.match_weight_bits(), self.explanation.probability);
        format!("match weight {}, match probability {}", format::bits(weight), format::probability(probability))
    }

    /// Each row with the sum before and after it.
    fn running(&self) -> impl Iterator<Item = (&ExplanationRow, f64, f64)> {
        self.explanation.rows.iter().scan(self.explanation.prior_bits, |sum, row| {
            let from = *sum;
            *sum += row.weight_bits;
            Some((row, from, *sum))
        })
    }

    fn table(&self) -> Table {
        let one = self.explanation;
        let value = |value: &Option<String>| Cell::maybe(value.as_deref().filter(|value| !value.is_empty()));
        let bits = |bits: f64| Cell { value: Some(bits), ..Cell::text(format::bits(bits)) };
        let end = |name: &str, level: String, weight_bits: f64, running_bits: f64| {
            let nothing = Cell::text("");
            vec![Cell::text(name), nothing.clone(), nothing, Cell::text(level), bits(weight_bits), bits(running_bits)]
        };
        let steps = self.running().map(|(row, _, to)| {
            let [left, right] = [value(&row.left), value(&row.right)];
            vec![Cell::text(&row.attribute), left, right, Cell::text(&row.level), bits(row.weight_bits), bits(to)]
        });
        let prior = end(PRIOR, "how rare a match is".to_owned(), one.prior_bits, one.prior_bits);
        let total = end(TOTAL, self.told_of_all(), one.match_weight_bits(), one.total_bits);
        Table {
            caption: "Bits that each comparison adds, together the match weight, and the sum up to it, which begins before looking. \
                      +1 bit doubles the odds of a match, −1 bit halves them."
                .to_owned(),
            heads: vec![
                Head::text("Comparison"),
                Head::text(&self.names[0]),
                Head::text(&self.names[1]),
                Head::text("Level"),
                Head::number("Bits"),
                Head::number("Sum"),
            ],
            rows: std::iter::once(prior).chain(steps).collect(),
            total: Some(total),
            empty: "The rules compared nothing.".to_owned(),
        }
    }
}

/// The look of a step: what says nothing looks like neither side.
fn look(weight_bits: f64) -> &'static str {
    match weight_bits {
        bits if bits < 0.0 => "against",
        bits if bits > 0.0 => "for",
        _ => "faint",
    }
}

/// The level and the values that gave it, short enough for two lines.
fn told(row: &ExplanationRow) -> String {
    let value =
        |value: &Option<String>| value.as_deref().map_or_else(|| format::NONE.to_owned(), |value| cut(value, 34));
    match (&row.left, &row.right) {
        (None, None) => row.level.clone(),
        (left, right) => format!("{}: {} | {}", row.level, value(left), value(right)),
    }
}

/// Thresholds as lines, at the bits that their probabilities mean.
pub(crate) fn rules(thresholds: Thresholds) -> Vec<Rule> {
    let rule = |class: &'static str, at: f64| {
        // Short enough for half a telephone.
        let label = format!("{class} from {} bits", format::bits(at));
        Rule { at, label, class }
    };
    let [matched, review] = thresholds.bits();
    [rule("match", matched), rule("review", review)].into_iter().filter(|rule| rule.at.is_finite()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::drawing::assert_well_formed;
    use super::*;
    use kanak_model::match_pair::Decision;

    fn explanation(words: &str) -> ExplanationView {
        let row = |attribute: &str, weight_bits| ExplanationRow {
            attribute: attribute.to_owned(),
            left: Some(words.to_owned()),
            right: None,
            level: "sounds alike".to_owned(),
            weight_bits,
        };
        ExplanationView {
            rows: vec![row("Name", 7.9), row("Mobile", -1.7)],
            prior_bits: -4.0,
            total_bits: 2.2,
            probability: 0.82,
            decision: Decision::Review,
            sentence: words.to_owned(),
        }
    }

    fn draw(words: &str) -> Drawn {
        let one = explanation(words);
        let thresholds = Some(Thresholds { matched: 0.99, review: 0.5 });
        Waterfall { id: "w".to_owned(), explanation: &one, thresholds, names: ["a:1", words].map(str::to_owned) }.draw()
    }

    #[test]
    fn each_bar_begins_where_the_one_before_ended_and_the_last_sum_is_the_total() {
        let drawn = draw("Asha");
        let sums: Vec<&str> = drawn.table.rows.iter().map(|row| row[5].text.as_str()).collect();
        assert_eq!(sums, ["-4.0", "+3.9", "+2.2"]);
        let total: Vec<&str> = drawn.table.total.as_ref().unwrap().iter().map(|cell| cell.text.as_str()).collect();
        assert_eq!(total[4..], ["+6.2", "+2.2"], "the match weight, and all with the prior");
        assert_eq!((total[0], total[3]), ("In all", "match weight +6.2, match probability 82.0\u{a0}%"));
        let svg = drawn.drawing.to_string();
        assert!(svg.contains("+7.9 → +3.9") && svg.contains("-1.7 → +2.2"), "{svg}");
        assert!(svg.contains("match from +6.6 bits") && svg.contains("review from 0.0 bits"), "{svg}");
        assert_eq!(svg.matches("class=\"join\"").count(), 2 * 2, "a piece at each end of what joins two bars");
    }

    #[test]
    fn values_are_escaped_and_the_picture_is_well_formed() {
        let html = draw("<script>alert('x')</script>\"&").to_string();
        assert!(!html.contains("<script>"), "{html}");
        assert_well_formed(&html);
    }
}

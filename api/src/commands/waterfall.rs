//! The waterfall of a pair in characters.

use kanak_dashboards::format::{bits, probability};
use kanak_engine::matching::Explanation;

use crate::output::Output;

/// So many characters a bar may take.
const WIDTH: usize = 36;
const ZERO: char = '│';
const MATCH: char = '┃';
const REVIEW: char = '┆';

/// Prints how the weight of a pair adds up.
pub(super) fn print(left: &str, right: &str, explanation: &Explanation, output: &Output) {
    output.line(&explanation.sentence);
    output.line("");
    output.table(&["comparison", "bits", "sum", "", "level", left, right], &rows(explanation));
    output.line("");
    let [matched, review] = explanation.thresholds.bits().map(bits);
    output.line(format!(
        "{REVIEW} review from {review} bits, {MATCH} match from {matched} bits, {ZERO} even odds; █ speaks for, ░ against"
    ));
    let told = probability(explanation.probability).replace('\u{a0}', " ");
    output.line(format!("match probability {told}: {}", explanation.decision.word().replace('_', " ")));
}

/// One row for the prior, each comparison and the total.
fn rows(explanation: &Explanation) -> Vec<Vec<String>> {
    let axis = Axis::of(explanation);
    let end = |name: &str, level: &str, bits_of: f64, sum: f64| {
        let bar = axis.bar(0.0, sum, '▓');
        vec![name.to_owned(), bits(bits_of), bits(sum), bar, level.to_owned(), String::new(), String::new()]
    };
    let mut rows = vec![end("before looking", "", explanation.prior_bits, explanation.prior_bits)];
    for row in &explanation.rows {
        let from = row.running_bits - row.weight_bits;
        let fill = match row.weight_bits {
            bits if bits < 0.0 => '░',
            bits if bits > 0.0 => '█',
            _ => '·',
        };
        rows.push(vec![
            row.attribute.clone(),
            bits(row.weight_bits),
            bits(row.running_bits),
            axis.bar(from, row.running_bits, fill),
            row.level.clone(),
            row.left.clone(),
            row.right.clone(),
        ]);
    }
    let total = explanation.total_bits;
    rows.push(end("in all", "", total - explanation.prior_bits, total));
    rows
}

/// From bits to characters.
struct Axis {
    low: f64,
    high: f64,
    /// Match and review, in bits.
    thresholds: [f64; 2],
}

impl Axis {
    fn of(explanation: &Explanation) -> Self {
        let thresholds = explanation.thresholds.bits();
        let sums = explanation.rows.iter().map(|row| row.running_bits).chain([0.0, explanation.prior_bits]);
        let all = sums.chain(thresholds).filter(|bits| bits.is_finite());
        let (low, high) = all.fold((0.0_f64, 0.0_f64), |(low, high), at| (low.min(at), high.max(at)));
        Self { low, high: high.max(low + 1.0), thresholds }
    }

    fn place(&self, bits: f64) -> usize {
        let share = ((bits - self.low) / (self.high - self.low)).clamp(0.0, 1.0);
        (share * (WIDTH - 1) as f64).round() as usize
    }

    fn bar(&self, from: f64, to: f64, fill: char) -> String {
        let [matched, review] = self.thresholds;
        let mut bar = vec![' '; WIDTH];
        for (at, mark) in [(0.0, ZERO), (review, REVIEW), (matched, MATCH)] {
            bar[self.place(at)] = mark;
        }
        let (begin, end) = (self.place(from.min(to)), self.place(from.max(to)));
        bar[begin..=end].fill(fill);
        bar.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kanak_engine::matching::ExplanationRow;
    use kanak_model::entity_model::Thresholds;
    use kanak_model::match_pair::Decision;

    fn explanation() -> Explanation {
        let row = |attribute: &str, weight_bits, running_bits| ExplanationRow {
            attribute: attribute.to_owned(),
            title: attribute.to_owned(),
            left: "Asha".to_owned(),
            right: "Asha Rani".to_owned(),
            level: "same".to_owned(),
            weight_bits,
            running_bits,
        };
        Explanation {
            rows: vec![row("name", 30.0, 20.0), row("mobile", -5.0, 15.0)],
            prior_bits: -10.0,
            total_bits: 15.0,
            probability: 0.99,
            decision: Decision::Match,
            thresholds: Thresholds { matched: 0.8, review: 0.5 },
            sentence: String::new(),
        }
    }

    #[test]
    fn bars_begin_where_the_sum_before_them_stood() {
        let rows = rows(&explanation());
        let sums: Vec<&str> = rows.iter().map(|row| row[2].as_str()).collect();
        assert_eq!(sums, ["-10.0", "+20.0", "+15.0", "+15.0"]);
        assert!(rows.iter().all(|row| row[3].chars().count() == WIDTH));
        let name: Vec<char> = rows[1][3].chars().collect();
        assert!(name.iter().all(|c| *c == '█'), "from one end to the other: {name:?}");
        let mobile = &rows[2][3];
        assert!(mobile.ends_with('░') && mobile.contains(MATCH), "{mobile}");
    }
}

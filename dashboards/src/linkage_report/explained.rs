//! Pairs that were asked about, each with its waterfall.

use super::{ExplainedPair, LinkageReport};
use crate::actions::ExplanationView;
use crate::component::Waterfall;
use crate::document::Section;

pub(super) fn section(report: &LinkageReport) -> Section {
    let section = Section::new("explained", "Pairs explained");
    if report.explained.is_empty() {
        return section;
    }
    let section = section.warning("This part shows values of source records: handle the file as you handle them.");
    report.explained.iter().enumerate().fold(section, |section, (at, pair)| {
        let view = ExplanationView::from(&pair.explanation);
        let names = [pair.left.clone(), pair.right.clone()];
        let thresholds = Some(pair.explanation.thresholds);
        let waterfall = Waterfall { id: format!("pair-{}", at + 1), explanation: &view, thresholds, names };
        section
            .heading(format!("{} and {}", pair.left, pair.right))
            .words(&pair.explanation.sentence)
            .words(became(pair))
            .picture(waterfall.draw())
    })
}

/// What became of the pair in the run.
fn became(pair: &ExplainedPair) -> String {
    let met = match pair.blocking.as_slice() {
        [] => "No blocking rule brings the two together: by itself the pair is not compared.".to_owned(),
        rules => format!("Brought together by {}.", rules.join("; ")),
    };
    let ended = if pair.is_linked { "They ended in one cluster." } else { "They ended in two clusters." };
    format!("{met} {ended} The weight is that of the pair alone; what only their groups tell together is not in it.")
}

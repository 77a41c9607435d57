//! What the figures do not tell.

use super::LinkageReport;
use crate::document::{Block, Section};

pub(super) fn section(report: &LinkageReport) -> Section {
    let mut limits = vec![
        "A match probability is right on average, where the rules fit the data: it says nothing certain of any one pair.",
        "The comparisons are held to be independent of each other given the class of a pair, but for those in one group of evidence. Where \
         they are not, weights are too extreme.",
        "m and the prior are trained on these files without labels. In a file of few matches, or of matches unlike those of the kinds \
         that Kanak knows, what was believed beforehand prevails.",
        "A pair that no blocking rule brings together was not compared, whatever its weight.",
        "Clusters come of more than single pairs: groups are held against each other, and a second pass weighs who lives with whom. \
         Figures by threshold are of single pairs and hold for clusters only roughly.",
        "Completeness and unlinkable source records are of what is stated, not of whether it is true.",
    ];
    if report.truth.is_none() {
        limits.push(
            "No truth was given: nothing here was measured against one, and errors by group of people cannot be told.",
        );
    } else {
        limits.push(
            "A truth that misses pairs makes precision look worse than it is; one that was made by a matcher shares its errors.",
        );
    }
    if report.estimates.is_some() {
        limits.push(
            "Intervals tell what chance and unsure probabilities leave open, under the assumptions that stand beside them. They do not \
             hold where those fail.",
        );
    }
    Section::new("limits", "What the figures do not tell")
        .block(Block::List(limits.into_iter().map(str::to_owned).collect()))
}

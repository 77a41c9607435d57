//! Why two source records do or do not match, and what holds a golden record together: pages in a file.

use kanak_engine::matching::Explanation;
use kanak_model::Timestamp;

use crate::actions::ExplanationView;
use crate::component::{Cell, Head, Table, Waterfall};
use crate::document::{Block, Document, Section};
use crate::format;

const PERSONAL: &str = "This page shows values of source records: handle the file as you handle them.";

/// What is shown of a golden record.
#[derive(Debug, Clone)]
pub struct GoldenFigures {
    /// What it is: its entity, id, version and rule set.
    pub lead: String,
    /// Attribute, value, how it was chosen, how many state it, where it was taken from.
    pub values: Vec<[String; 5]>,
    /// The titles of what source records state.
    pub attributes: Vec<String>,
    /// Each source record's name and what it states, in the order of `attributes`.
    pub source_records: Vec<(String, Vec<String>)>,
    /// The links that hold it together, strongest first.
    pub links: Vec<LinkFigures>,
}

/// A link between two source records.
#[derive(Debug, Clone)]
pub struct LinkFigures {
    /// What the left one is called.
    pub left: String,
    /// What the right one is called.
    pub right: String,
    /// Its waterfall.
    pub explanation: Explanation,
}

/// The page of a pair.
pub fn pair_page(link: &LinkFigures, at: Timestamp) -> String {
    let told = &link.explanation;
    let section = waterfall(Section::new("pair", "Waterfall").words(&told.sentence), link, "waterfall");
    let title = format!("{} and {}", link.left, link.right);
    let lead = format!("Match probability {}: {}.", format::probability(told.probability), told.decision.word());
    Document::new(title, lead, vec![warning(), section], made(at)).html()
}

/// The page of a golden record.
pub fn golden_page(golden: &GoldenFigures, at: Timestamp) -> String {
    let links =
        golden.links.iter().enumerate().fold(Section::new("waterfalls", "Link by link"), |section, (at, link)| {
            let section =
                section.heading(format!("{} and {}", link.left, link.right)).words(&link.explanation.sentence);
            waterfall(section, link, &format!("link-{}", at + 1))
        });
    let values = Section::new("values", "What it holds").table(values(golden));
    let members = Section::new("source-records", "Source records").table(source_records(golden));
    let sections = vec![warning(), values, members, together(golden), links];
    Document::new("Golden record", golden.lead.clone(), sections, made(at)).html()
}

fn warning() -> Section {
    Section::new("personal", "Personal data").warning(PERSONAL)
}

fn made(at: Timestamp) -> String {
    format!("Made by Kanak {} on {}.", env!("CARGO_PKG_VERSION"), format::instant(at))
}

fn waterfall(section: Section, link: &LinkFigures, id: &str) -> Section {
    let view = ExplanationView::from(&link.explanation);
    let names = [link.left.clone(), link.right.clone()];
    let thresholds = Some(link.explanation.thresholds);
    section.picture(Waterfall { id: id.to_owned(), explanation: &view, thresholds, names }.draw())
}

/// How the cluster holds together: its links, and where it would part.
fn together(golden: &GoldenFigures) -> Section {
    let section = Section::new("together", "How it holds together");
    if golden.links.is_empty() && golden.source_records.len() > 1 {
        return section.words("Links are weighed by the rules in force now, and not told of the past.");
    }
    if golden.links.is_empty() {
        return section.words("A single source record: nothing holds it together, and nothing has to.");
    }
    let row = |link: &LinkFigures| {
        let told = &link.explanation;
        vec![
            Cell::text(&link.left),
            Cell::text(&link.right),
            Cell::text(format::bits(told.total_bits)),
            Cell::text(format::probability(told.probability)),
            Cell::text(format::spaced(told.decision.word())),
        ]
    };
    let words = "Of all pairs of its source records the strongest that connect all of them, strongest first. Each is weighed alone: \
                 what only groups tell together, what a second pass added and what a steward decided is not in it, so that a link \
                 may stand here that would be no match by itself.";
    let table = Table {
        caption: "The links that hold it together.".to_owned(),
        heads: vec![
            Head::text("Source record"),
            Head::text("And"),
            Head::number("Bits in all"),
            Head::number("Probability"),
            Head::text("By itself"),
        ],
        rows: golden.links.iter().map(row).collect(),
        total: None,
        empty: String::new(),
    };
    section.words(words).block(Block::Table(table)).words(parts(golden))
}

/// Where the cluster would part if its weakest link went.
fn parts(golden: &GoldenFigures) -> String {
    let Some((weakest, others)) = golden.links.split_last() else { return String::new() };
    let mut side = vec![weakest.left.as_str()];
    // A tree has fewer links than members, so that as many rounds reach all of one side.
    for _ in others {
        for link in others {
            match (side.contains(&link.left.as_str()), side.contains(&link.right.as_str())) {
                (true, false) => side.push(&link.right),
                (false, true) => side.push(&link.left),
                _ => {}
            }
        }
    }
    let all = golden.links.iter().flat_map(|link| [link.left.as_str(), link.right.as_str()]);
    let mut other: Vec<&str> = all.filter(|name| !side.contains(name)).collect();
    other.sort_unstable();
    other.dedup();
    format!(
        "Its weakest link is {} with {}, at {} bits ({}): without it {} would part from {}.",
        weakest.left,
        weakest.right,
        format::bits(weakest.explanation.total_bits),
        format::probability(weakest.explanation.probability),
        side.join(", "),
        other.join(", ")
    )
}

fn values(golden: &GoldenFigures) -> Table {
    let heads = ["Attribute", "Value", "Chosen as", "Stated by", "Taken from"];
    Table {
        caption: "Its values, with how each was chosen.".to_owned(),
        heads: heads.map(Head::text).to_vec(),
        rows: golden.values.iter().map(|row| row.iter().map(Cell::text).collect()).collect(),
        total: None,
        empty: "No value.".to_owned(),
    }
}

fn source_records(golden: &GoldenFigures) -> Table {
    let row = |(name, stated): &(String, Vec<String>)| {
        let cells = stated.iter().map(|text| Cell::maybe((!text.is_empty()).then_some(text)));
        std::iter::once(Cell::text(name)).chain(cells).collect()
    };
    Table {
        caption: "What each of its source records states.".to_owned(),
        heads: std::iter::once("Source record")
            .chain(golden.attributes.iter().map(String::as_str))
            .map(Head::text)
            .collect(),
        rows: golden.source_records.iter().map(row).collect(),
        total: None,
        empty: "No source record.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kanak_engine::matching::ExplanationRow;
    use kanak_model::entity_model::Thresholds;
    use kanak_model::match_pair::Decision;

    fn link(left: &str, right: &str, total_bits: f64) -> LinkFigures {
        let row = ExplanationRow {
            attribute: "full_name".to_owned(),
            title: "Name".to_owned(),
            left: "<b>Asha".to_owned(),
            right: String::new(),
            level: "same".to_owned(),
            weight_bits: total_bits + 10.0,
            running_bits: total_bits,
        };
        let explanation = Explanation {
            rows: vec![row],
            prior_bits: -10.0,
            total_bits,
            probability: 0.9,
            decision: Decision::Match,
            thresholds: Thresholds { matched: 0.8, review: 0.6 },
            sentence: "They are <i>held</i> to be the same".to_owned(),
        };
        LinkFigures { left: left.to_owned(), right: right.to_owned(), explanation }
    }

    #[test]
    fn a_golden_page_says_where_the_record_would_part() {
        let golden = GoldenFigures {
            lead: "Citizen".to_owned(),
            values: Vec::new(),
            attributes: Vec::new(),
            source_records: Vec::new(),
            links: vec![link("a:1", "b:2", 20.0), link("c:3", "d:4", 9.0), link("b:2", "c:3", 2.0)],
        };
        let html = golden_page(&golden, Timestamp(0));
        assert!(html.contains("without it b:2, a:1 would part from c:3, d:4"), "{html}");
        assert_eq!(html.matches("class=\"drawing\" role=\"img\"").count(), 3);
        assert!(!html.contains("<b>Asha") && !html.contains("<i>"), "{html}");
    }

    #[test]
    fn a_pair_page_tells_its_probability_and_holds_its_table() {
        let html = pair_page(&link("a:1", "b:2", 3.2), Timestamp(0));
        assert!(html.contains("90.0\u{a0}%") && html.contains("+13.2 → +3.2") && html.contains("<table>"), "{html}");
    }
}

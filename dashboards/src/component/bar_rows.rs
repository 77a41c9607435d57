//! Lying bars, a row each: steps of a waterfall, match weights, shares.

use super::drawing::{Anchor, Drawing, Mark, Place, Rule, Scale, cut, in_words, wrap};

/// Lying bars under each other on one axis.
#[derive(Debug, Clone)]
pub(crate) struct BarRows {
    /// What the picture is called in its page; no other has it.
    pub(crate) id: String,
    /// What it shows.
    pub(crate) title: String,
    /// What can be seen in it.
    pub(crate) description: String,
    /// Where words stand.
    pub(crate) layout: Layout,
    /// The rows from above.
    pub(crate) rows: Vec<BarRow>,
    /// Lines across all rows.
    pub(crate) rules: Vec<Rule>,
    /// Numbers that the axis holds beside those of the bars.
    pub(crate) holds: Vec<f64>,
}

/// Where the words of a row stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// Above its bars, which have the whole width: few rows with much to say.
    Above,
    /// Beside its bars: many rows with short words.
    Beside,
}

/// One row.
#[derive(Debug, Clone, Default)]
pub(crate) struct BarRow {
    /// A heading above this row and those that follow.
    pub(crate) heading: Option<String>,
    /// What the row is.
    pub(crate) label: String,
    /// More of it, in a second and third line; only above the bars.
    pub(crate) sub: String,
    /// Its number in words.
    pub(crate) figure: String,
    /// Its bars, each in a lane of its own.
    pub(crate) lanes: Vec<Span>,
    /// Whether the row's first bar begins where the one before ended.
    pub(crate) joined: bool,
}

/// One bar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Span {
    pub(crate) from: f64,
    pub(crate) to: f64,
    /// Its look.
    pub(crate) class: &'static str,
}

/// Pixels.
const LINE: f64 = 16.0;
const HEADING: f64 = 26.0;
/// Where bars stand when words stand beside them, in hundredths.
const BESIDE: (f64, f64) = (46.0, 84.0);
const CHARACTERS_BESIDE: usize = 25;
const CHARACTERS_ABOVE: usize = 33;
const CHARACTERS_SUB: usize = 46;
const SUB_LINES: usize = 2;
/// So far a line along a bar reaches beyond it, up and down: words begin there.
const STUB: f64 = 3.0;

impl BarRows {
    /// Draws it.
    pub(crate) fn draw(self) -> Drawing {
        let ends = self.rows.iter().flat_map(|row| &row.lanes).flat_map(|span| [span.from, span.to]);
        let all = ends.chain(self.holds.iter().copied()).chain(self.rules.iter().map(|rule| rule.at));
        let (low, high) = all.fold((0.0_f64, 0.0_f64), |(low, high), at| (low.min(at), high.max(at)));
        let places = if self.layout == Layout::Beside { BESIDE } else { (0.0, 100.0) };
        let scale = Scale::new((low, high), places);
        let top = self.rules.len() as f64 * LINE + if self.rules.is_empty() { 0.0 } else { 4.0 };
        let (mut marks, mut joins, mut bands) = (Vec::new(), Vec::new(), Vec::new());
        let mut y = top;
        let mut ended: Option<(f64, f64)> = None;
        for row in &self.rows {
            if let Some(heading) = &row.heading {
                marks.push(words((0.0, y + HEADING - 8.0), Anchor::Start, "label", cut(heading, 46)));
                y += HEADING;
            }
            let bars_at = y + self.lines_above(row);
            self.write(row, y, &mut marks);
            if let (true, Some((at, since))) = (row.joined, ended) {
                joins.extend(self.join(Place(scale.place(at)), since, bars_at));
            }
            let lane = self.lane();
            for (at, span) in row.lanes.iter().enumerate() {
                let (x, width) = scale.span(span.from, span.to);
                let tip = format!("{}: {}", row.label, row.figure);
                let y = Place(bars_at + at as f64 * lane);
                marks.push(Mark::Rect { x, y, width, height: Place(lane - 1.0), class: span.class, tip });
            }
            let lanes = row.lanes.len().max(1) as f64;
            ended = row.lanes.first().map(|span| (span.to, bars_at + lane - 1.0));
            bands.push((bars_at - STUB, bars_at + lanes * lane - 1.0 + STUB));
            y = bars_at + lanes * lane + if self.layout == Layout::Beside { 4.0 } else { 9.0 };
        }
        // Beside words, lines may run from one end to the other; under words they would run through them.
        let bands = if self.layout == Layout::Beside { vec![(top, y)] } else { bands };
        let mut under = self.axis(scale, (low, high), &bands);
        under.append(&mut joins);
        under.append(&mut marks);
        Drawing { id: self.id, title: self.title, description: self.description, height: Place(y + 2.0), marks: under }
    }

    fn lane(&self) -> f64 {
        match (self.layout, self.rows.iter().map(|row| row.lanes.len()).max()) {
            (Layout::Above, _) => 13.0,
            (Layout::Beside, Some(2..)) => 8.0,
            (Layout::Beside, _) => 14.0,
        }
    }

    fn lines_above(&self, row: &BarRow) -> f64 {
        match self.layout {
            Layout::Beside => 0.0,
            Layout::Above => LINE + 2.0 + wrap(&row.sub, CHARACTERS_SUB, SUB_LINES).len() as f64 * 14.0,
        }
    }

    /// The words of a row whose upper edge is at `y`.
    fn write(&self, row: &BarRow, y: f64, marks: &mut Vec<Mark>) {
        if self.layout == Layout::Beside {
            let middle = y + row.lanes.len().max(1) as f64 * self.lane() / 2.0 + 3.5;
            marks.push(words((0.0, middle), Anchor::Start, "words", cut(&row.label, CHARACTERS_BESIDE)));
            marks.push(words((100.0, middle), Anchor::End, "figure", row.figure.clone()));
            return;
        }
        marks.push(words((0.0, y + 12.0), Anchor::Start, "label", cut(&row.label, CHARACTERS_ABOVE)));
        marks.push(words((100.0, y + 12.0), Anchor::End, "figure", row.figure.clone()));
        for (line, text) in wrap(&row.sub, CHARACTERS_SUB, SUB_LINES).into_iter().enumerate() {
            marks.push(words((0.0, y + 26.0 + line as f64 * 14.0), Anchor::Start, "words", text));
        }
    }

    /// From where a bar ended to where the next begins, or as much of it as no words stand in the way of.
    fn join(&self, x: Place, from: f64, to: f64) -> Vec<Mark> {
        let line = |from: f64, to: f64| Mark::Line { from: (x, Place(from)), to: (x, Place(to)), class: "join" };
        match self.layout {
            Layout::Beside => vec![line(from, to)],
            Layout::Above => vec![line(from, from + STUB), line(to - STUB, to)],
        }
    }

    /// Zero and the rules along the bars, with what these say at the top.
    fn axis(&self, scale: Scale, (low, high): (f64, f64), bands: &[(f64, f64)]) -> Vec<Mark> {
        let down = |x: f64, class: &'static str| {
            let line = move |(from, to): &(f64, f64)| {
                let x = Place(x);
                Mark::Line { from: (x, Place(*from)), to: (x, Place(*to)), class }
            };
            bands.iter().map(line)
        };
        let mut marks = Vec::new();
        if low < 0.0 || high > 0.0 {
            marks.extend(down(scale.place(0.0), "zero"));
        }
        let (anchor, rules) = in_words(&self.rules, scale);
        let foot = self.rules.len() as f64 * LINE;
        for (line, (rule, x)) in rules.into_iter().enumerate() {
            let y = (line + 1) as f64 * LINE;
            marks.push(words((x, y - 4.0), anchor, "words", rule.label.clone()));
            marks.push(Mark::Line { from: (Place(x), Place(y)), to: (Place(x), Place(foot + 2.0)), class: rule.class });
            marks.extend(down(x, rule.class));
        }
        marks
    }
}

pub(super) fn words((x, y): (f64, f64), anchor: Anchor, class: &'static str, text: String) -> Mark {
    Mark::Words { at: (Place(x), Place(y)), anchor, class, text }
}

#[cfg(test)]
mod tests {
    use super::super::drawing::assert_well_formed;
    use super::*;

    #[test]
    fn no_line_runs_through_the_words_above_bars() {
        let row = |label: &str, from, to| BarRow {
            label: label.to_owned(),
            sub: "what it is".to_owned(),
            lanes: vec![Span { from, to, class: "for" }],
            joined: true,
            ..BarRow::default()
        };
        let chart = BarRows {
            id: "c".to_owned(),
            title: "t".to_owned(),
            description: "d".to_owned(),
            layout: Layout::Above,
            rows: vec![row("first", 0.0, 3.0), row("second", 3.0, 5.0)],
            rules: vec![Rule { at: 4.0, label: "match".to_owned(), class: "match" }],
            holds: Vec::new(),
        };
        let marks = chart.draw().marks;
        let lines: Vec<(f64, f64)> = marks
            .iter()
            .filter_map(|mark| match mark {
                Mark::Line { from, to, .. } => Some((from.1.0, to.1.0)),
                _ => None,
            })
            .collect();
        let base_lines = marks.iter().filter_map(|mark| match mark {
            Mark::Words { at, .. } => Some(at.1.0),
            _ => None,
        });
        assert!(lines.len() > 4, "{lines:?}");
        for base in base_lines {
            let crossed = lines.iter().find(|(from, to)| *from < base - 1.0 && base - 6.0 < *to);
            assert_eq!(crossed, None, "words at {base}");
        }
    }

    #[test]
    fn bars_on_both_sides_of_zero_share_one_axis() {
        let row = |label: &str, to| BarRow {
            label: label.to_owned(),
            lanes: vec![Span { from: 0.0, to, class: "for" }],
            ..BarRow::default()
        };
        let rows = vec![row("up", 6.0), row("down", -2.0)];
        let chart = BarRows {
            id: "c".to_owned(),
            title: "t".to_owned(),
            description: "d".to_owned(),
            layout: Layout::Above,
            rows,
            rules: vec![Rule { at: 4.0, label: "match".to_owned(), class: "match" }],
            holds: Vec::new(),
        };
        let svg = chart.draw().to_string();
        assert!(svg.contains("x=\"25.00%\"") && svg.contains("width=\"75.00%\""), "{svg}");
        assert!(svg.contains("x=\"0.00%\" y") && svg.contains("width=\"25.00%\""), "{svg}");
        assert!(svg.contains("x1=\"75.00%\""), "the rule: {svg}");
        assert_well_formed(&svg);
    }
}

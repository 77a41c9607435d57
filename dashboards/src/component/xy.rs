//! Columns and lines over a number: histograms, curves, calibration.

use super::bar_rows::words;
use super::drawing::{Anchor, Drawing, Mark, Place, Rule, Scale, in_words, ticks};

/// A picture with a number across and another one up.
#[derive(Debug, Clone)]
pub(crate) struct Xy {
    /// What the picture is called in its page; no other has it.
    pub(crate) id: String,
    /// What it shows.
    pub(crate) title: String,
    /// What can be seen in it.
    pub(crate) description: String,
    pub(crate) across: Axis,
    pub(crate) up: Axis,
    pub(crate) columns: Vec<Column>,
    pub(crate) curves: Vec<Curve>,
    /// Lines from top to bottom.
    pub(crate) rules: Vec<Rule>,
}

/// An axis: its ends, what it counts, and how its numbers are written.
#[derive(Debug, Clone)]
pub(crate) struct Axis {
    pub(crate) ends: (f64, f64),
    pub(crate) title: String,
    pub(crate) write: fn(f64) -> String,
}

/// A column between two numbers; its parts stand on each other.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    pub(crate) between: (f64, f64),
    /// Heights with their looks, from below.
    pub(crate) parts: Vec<(f64, &'static str)>,
    /// What it stands for.
    pub(crate) tip: String,
}

/// Points in order, joined by lines.
#[derive(Debug, Clone)]
pub(crate) struct Curve {
    /// The look of its lines: `line-1`, `line-2` or `line-3`.
    pub(crate) class: &'static str,
    /// The look of its points; none are drawn without.
    pub(crate) dots: Option<&'static str>,
    pub(crate) points: Vec<(f64, f64)>,
}

/// Pixels.
const HEIGHT: f64 = 220.0;
const LINE: f64 = 16.0;

impl Xy {
    /// Draws it.
    pub(crate) fn draw(self) -> Drawing {
        let top = (self.rules.len() + 2) as f64 * LINE + 2.0;
        let bottom = top + HEIGHT;
        let across = Scale::new(self.across.ends, (0.0, 100.0));
        let up = Scale::new(self.up.ends, (bottom, top));
        let mut marks = self.grid(across, up, (top, bottom));
        for column in &self.columns {
            let mut below = 0.0;
            for (height, class) in &column.parts {
                let (x, width) = across.span(column.between.0, column.between.1);
                let (low, high) = (up.place(below), up.place(below + height));
                below += height;
                if *height > 0.0 {
                    let width = Place((width.0 - 0.25).max(0.3));
                    let height = Place((low - high).max(1.0));
                    marks.push(Mark::Rect { x, y: Place(high), width, height, class, tip: column.tip.clone() });
                }
            }
        }
        for curve in &self.curves {
            let place = |point: &(f64, f64)| (Place(across.place(point.0)), Place(up.place(point.1)));
            for two in curve.points.windows(2) {
                marks.push(Mark::Line { from: place(&two[0]), to: place(&two[1]), class: curve.class });
            }
            let dots = curve.dots.into_iter().flat_map(|class| curve.points.iter().map(move |point| (class, point)));
            marks.extend(dots.map(|(class, point)| {
                let tip = format!("{}, {}", (self.across.write)(point.0), (self.up.write)(point.1));
                Mark::Dot { at: place(point), class, tip }
            }));
        }
        self.label(across, up, (top, bottom), &mut marks);
        Drawing {
            id: self.id,
            title: self.title,
            description: self.description,
            height: Place(bottom + 2.0 * LINE + 6.0),
            marks,
        }
    }

    fn grid(&self, across: Scale, up: Scale, (top, bottom): (f64, f64)) -> Vec<Mark> {
        let level = |at: f64| {
            let y = Place(up.place(at));
            Mark::Line { from: (Place(0.0), y), to: (Place(100.0), y), class: "grid" }
        };
        let mut marks: Vec<Mark> = self.up_ticks().into_iter().map(level).collect();
        let foot = Place(bottom);
        marks.push(Mark::Line { from: (Place(0.0), foot), to: (Place(100.0), foot), class: "zero" });
        for (line, (rule, x)) in in_words(&self.rules, across).1.into_iter().enumerate() {
            let (x, from) = (Place(x), self.words_at(line, top) + 5.0);
            marks.push(Mark::Line { from: (x, Place(from)), to: (x, foot), class: rule.class });
        }
        marks
    }

    /// The base line of what a rule says, counted from the uppermost.
    fn words_at(&self, line: usize, top: f64) -> f64 {
        top - 17.0 - (self.rules.len() - 1 - line) as f64 * LINE
    }

    fn up_ticks(&self) -> Vec<f64> {
        ticks(self.up.ends.0, self.up.ends.1, 4.0)
    }

    /// Words come last, above all shapes.
    fn label(&self, across: Scale, up: Scale, (top, bottom): (f64, f64), marks: &mut Vec<Mark>) {
        marks.push(words((0.0, 11.0), Anchor::Start, "label", self.up.title.clone()));
        let (anchor, rules) = in_words(&self.rules, across);
        for (line, (rule, x)) in rules.into_iter().enumerate() {
            marks.push(words((x, self.words_at(line, top)), anchor, "words", rule.label.clone()));
        }
        for at in self.up_ticks() {
            marks.push(words((0.0, up.place(at) - 3.0), Anchor::Start, "tick", (self.up.write)(at)));
        }
        for at in ticks(self.across.ends.0, self.across.ends.1, 6.0) {
            let x = across.place(at);
            marks.push(words((x, bottom + 14.0), Anchor::inside(x), "tick", (self.across.write)(at)));
        }
        marks.push(words((100.0, bottom + 30.0), Anchor::End, "words", self.across.title.clone()));
    }
}

#[cfg(test)]
mod tests {
    use super::super::drawing::assert_well_formed;
    use super::*;

    fn whole(number: f64) -> String {
        format!("{number:.0}")
    }

    #[test]
    fn columns_stand_on_each_other_and_curves_join_their_points() {
        let axis = |ends, title: &str| Axis { ends, title: title.to_owned(), write: whole };
        let chart = Xy {
            id: "c".to_owned(),
            title: "t".to_owned(),
            description: "d".to_owned(),
            across: axis((0.0, 10.0), "bits"),
            up: axis((0.0, 100.0), "pairs"),
            columns: vec![Column {
                between: (0.0, 5.0),
                parts: vec![(50.0, "solid"), (25.0, "hollow")],
                tip: "x".into(),
            }],
            curves: vec![Curve { class: "line-1", dots: Some("dot"), points: vec![(0.0, 0.0), (10.0, 100.0)] }],
            rules: vec![Rule { at: 2.0, label: "review".to_owned(), class: "review" }],
        };
        let svg = chart.draw().to_string();
        let top = 3.0 * LINE + 2.0;
        assert!(svg.contains(&format!("y=\"{:.2}\" width=\"49.75%\" height=\"110.00\"", top + 110.0)), "{svg}");
        assert!(svg.contains(&format!("y=\"{:.2}\" width=\"49.75%\" height=\"55.00\"", top + 55.0)), "{svg}");
        assert_eq!(svg.matches("<circle").count(), 2);
        assert_well_formed(&svg);
    }
}

//! A picture drawn on the server: shapes whose places across are hundredths of its width, so that it fits a telephone and a
//! sheet of paper alike and its words keep their size.

use std::fmt;

use askama::Template;

use super::Table;

/// A picture with a title and a description that are read out in its place.
#[derive(Debug, Clone, Template)]
#[template(path = "components/drawing.html")]
pub struct Drawing {
    /// What it is called in its page; no other has it.
    pub id: String,
    /// What it shows.
    pub title: String,
    /// What can be seen in it, in a sentence or two.
    pub description: String,
    /// Its height in pixels.
    pub height: Place,
    /// Its shapes, the lowest first.
    pub marks: Vec<Mark>,
}

/// A place or a length with two digits after the point: hundredths of the width across, pixels down.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Place(pub f64);

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = if self.0.is_finite() { self.0 } else { 0.0 };
        write!(f, "{number:.2}")
    }
}

/// A shape. Its class is its look; what a look means is said in words beside it.
#[derive(Debug, Clone, PartialEq)]
pub enum Mark {
    /// A rectangle; its tip is shown to whoever points at it.
    Rect {
        /// Its left edge.
        x: Place,
        /// Its upper edge.
        y: Place,
        /// How wide it is.
        width: Place,
        /// How high it is.
        height: Place,
        /// Its look.
        class: &'static str,
        /// What it stands for; may be empty.
        tip: String,
    },
    /// A straight line.
    Line {
        /// Where it begins, across and down.
        from: (Place, Place),
        /// Where it ends.
        to: (Place, Place),
        /// Its look.
        class: &'static str,
    },
    /// A round mark.
    Dot {
        /// Across and down.
        at: (Place, Place),
        /// Its look.
        class: &'static str,
        /// What it stands for; may be empty.
        tip: String,
    },
    /// Words.
    Words {
        /// Across and down, of their base line.
        at: (Place, Place),
        /// Which end of them stands there.
        anchor: Anchor,
        /// Their look.
        class: &'static str,
        /// The words.
        text: String,
    },
}

/// Which end of some words stands at their place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// Their beginning.
    Start,
    /// Their middle.
    Middle,
    /// Their end.
    End,
}

impl Anchor {
    /// SVG's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Middle => "middle",
            Self::End => "end",
        }
    }

    /// The anchor that keeps words inside the picture, by where they stand across.
    pub(crate) fn inside(x: f64) -> Self {
        match x {
            x if x < 12.0 => Self::Start,
            x if x > 88.0 => Self::End,
            _ => Self::Middle,
        }
    }
}

/// A line across all rows or columns, such as a threshold.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Where it stands on the axis.
    pub at: f64,
    /// What it says.
    pub label: String,
    /// Its look: `match` or `review`.
    pub class: &'static str,
}

/// Lines with what they say, from the uppermost words down, each with its place across: no line runs through the words of another.
/// Words stand to the right of their lines on the left half of the picture, and to the left of them on its right half.
pub(crate) fn in_words(rules: &[Rule], scale: Scale) -> (Anchor, Vec<(&Rule, f64)>) {
    let mut placed: Vec<(&Rule, f64)> = rules.iter().map(|rule| (rule, scale.place(rule.at))).collect();
    placed.sort_by(|a, b| a.1.total_cmp(&b.1));
    let is_left = placed.iter().map(|(_, x)| x).sum::<f64>() <= 50.0 * placed.len() as f64;
    if is_left {
        return (Anchor::Start, placed);
    }
    placed.reverse();
    (Anchor::End, placed)
}

/// A picture with its figures in a table under it.
#[derive(Debug, Clone, Template)]
#[template(path = "components/drawn.html")]
pub struct Drawn {
    /// The picture.
    pub drawing: Drawing,
    /// Looks and what they mean.
    pub legend: Vec<(&'static str, String)>,
    /// The same figures.
    pub table: Table,
    /// Whether the table is seen without a click.
    pub opened: Opened,
}

/// Whether a table under a picture is seen at first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opened {
    /// It is.
    AtOnce,
    /// It opens with a click, and in print.
    OnDemand,
}

impl Opened {
    fn is_at_once(self) -> bool {
        self == Self::AtOnce
    }
}

/// From numbers to places across.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scale {
    low: f64,
    high: f64,
    /// The places of both.
    from: f64,
    to: f64,
}

impl Scale {
    /// `low` stands at `from`, `high` at `to`.
    pub(crate) fn new((low, high): (f64, f64), (from, to): (f64, f64)) -> Self {
        Self { low, high: if high > low { high } else { low + 1.0 }, from, to }
    }

    /// Where a number stands; one off the axis at its end.
    pub(crate) fn place(self, number: f64) -> f64 {
        let share = ((number - self.low) / (self.high - self.low)).clamp(0.0, 1.0);
        self.from + share * (self.to - self.from)
    }

    /// A rectangle between two numbers, at least as wide as can be seen.
    pub(crate) fn span(self, a: f64, b: f64) -> (Place, Place) {
        let (left, right) = (self.place(a.min(b)), self.place(a.max(b)));
        (Place(left), Place((right - left).max(0.3)))
    }
}

/// Round numbers between two others: about `count` of them, 1, 2 or 5 times a power of ten apart.
pub(crate) fn ticks(low: f64, high: f64, count: f64) -> Vec<f64> {
    let rough = (high - low) / count;
    if rough <= 0.0 || !rough.is_finite() {
        return vec![low];
    }
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|times| times * power).find(|step| *step >= rough * 0.999);
    let step = step.unwrap_or(rough);
    let first = (low / step).ceil() as i64;
    let last = ((high / step) + 1e-9).floor() as i64;
    (first..=last).map(|at| at as f64 * step).collect()
}

/// Words cut to so many characters, with a mark where something is left out.
pub(crate) fn cut(text: &str, characters_max: usize) -> String {
    if text.chars().count() <= characters_max {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(characters_max.saturating_sub(1)).collect();
    short.push('…');
    short
}

/// Words in lines of so many characters, broken between words where that can be; the last line is cut where more is left.
pub(crate) fn wrap(text: &str, characters_max: usize, lines_max: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let room = |line: &String| line.chars().count() + 1 + word.chars().count() <= characters_max;
        match lines.last_mut() {
            Some(line) if room(line) => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    if lines.len() > lines_max {
        let rest = lines.split_off(lines_max).join(" ");
        if let Some(last) = lines.last_mut() {
            last.push(' ');
            last.push_str(&rest);
        }
    }
    lines.into_iter().map(|line| cut(&line, characters_max)).collect()
}

/// Whether a text is markup in which every element that opens closes, for tests.
#[cfg(test)]
pub(crate) fn assert_well_formed(svg: &str) {
    let mut open: Vec<&str> = Vec::new();
    for tag in svg.split('<').skip(1) {
        let (inside, _) = tag.split_once('>').unwrap_or_else(|| panic!("a tag does not end: {tag}"));
        assert_eq!(inside.matches('"').count() % 2, 0, "{inside}");
        let name = inside.split([' ', '/']).find(|word| !word.is_empty()).unwrap();
        if inside.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "in {svg}");
        } else if !inside.ends_with('/') && !["meta", "!doctype"].contains(&name) {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{open:?} stay open");
    for part in svg.split('&').skip(1) {
        let entity = part.split(';').next().unwrap();
        assert!(entity.len() < 8 && !entity.contains(' '), "a bare &: {part}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_between_the_ends() {
        assert_eq!(ticks(0.0, 10.0, 5.0), [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]);
        assert_eq!(ticks(-7.0, 12.0, 4.0), [-5.0, 0.0, 5.0, 10.0]);
        assert_eq!(ticks(3.0, 3.0, 4.0), [3.0]);
    }

    #[test]
    fn a_scale_keeps_what_lies_outside_at_its_ends() {
        let scale = Scale::new((0.0, 10.0), (20.0, 100.0));
        assert!((scale.place(5.0) - 60.0).abs() < 1e-9 && (scale.place(-4.0) - 20.0).abs() < 1e-9);
        assert_eq!(scale.span(5.0, 0.0), (Place(20.0), Place(40.0)));
        assert_eq!(Place(f64::NAN).to_string(), "0.00");
    }

    #[test]
    fn no_line_runs_through_the_words_of_another() {
        let rule = |at: f64| Rule { at, label: at.to_string(), class: "match" };
        let words = |rules: &[Rule]| {
            let (anchor, placed) = in_words(rules, Scale::new((0.0, 100.0), (0.0, 100.0)));
            (anchor, placed.iter().map(|(_, x)| *x).collect::<Vec<_>>())
        };
        assert_eq!(words(&[rule(40.0), rule(30.0)]), (Anchor::Start, vec![30.0, 40.0]));
        assert_eq!(words(&[rule(80.0), rule(90.0)]), (Anchor::End, vec![90.0, 80.0]));
        assert_eq!(words(&[rule(60.0), rule(45.0)]), (Anchor::End, vec![60.0, 45.0]));
    }

    #[test]
    fn words_of_any_script_are_cut_between_characters() {
        assert_eq!(cut("ਗੁਰਪ੍ਰੀਤ", 4).chars().count(), 4);
        assert_eq!(cut("Asha", 4), "Asha");
    }

    #[test]
    fn words_are_broken_between_words_and_the_last_line_is_cut() {
        assert_eq!(wrap("one two three four", 8, 2), ["one two", "three f…"]);
        assert_eq!(wrap("abcdefghij", 5, 2), ["abcd…"]);
        assert!(wrap("", 5, 2).is_empty());
    }

    #[test]
    fn a_drawing_escapes_its_words_and_is_well_formed() {
        let words = "<b>\"&'";
        let mark = Mark::Words {
            at: (Place(0.0), Place(10.0)),
            anchor: Anchor::Start,
            class: "label",
            text: words.to_owned(),
        };
        let rect = Mark::Rect {
            x: Place(0.0),
            y: Place(0.0),
            width: Place(5.0),
            height: Place(5.0),
            class: "for",
            tip: words.to_owned(),
        };
        let drawing = Drawing {
            id: "one".to_owned(),
            title: words.to_owned(),
            description: words.to_owned(),
            height: Place(20.0),
            marks: vec![rect, mark],
        };
        let svg = drawing.to_string();
        assert!(!svg.contains("<b>") && svg.contains("role=\"img\""), "{svg}");
        assert_well_formed(&svg);
    }
}

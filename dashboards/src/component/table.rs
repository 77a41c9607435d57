//! A table with a caption, heads that stay in sight and cells that may link, mark or carry a bar.

use askama::Template;
use kanak_model::Language;

use crate::{format, words};

/// A table. The first cell of a row names the row.
#[derive(Debug, Clone, Template)]
#[template(path = "components/table.html")]
pub struct Table {
    /// What the table shows, as a sentence: what is counted, over which time.
    pub caption: String,
    /// The heads of its columns.
    pub heads: Vec<Head>,
    /// Its rows; each has a cell for every head.
    pub rows: Vec<Vec<Cell>>,
    /// A last row with totals.
    pub total: Option<Vec<Cell>>,
    /// What is said when there is no row.
    pub empty: String,
}

impl Table {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "templates pass what they have by reference")]
    fn is_number(&self, column: &usize) -> bool {
        self.heads.get(*column).is_some_and(|head| head.is_number)
    }
}

/// The head of a column.
#[derive(Debug, Clone)]
pub struct Head {
    /// Its title.
    pub title: String,
    /// Whether its cells are numbers and stand to the right.
    pub is_number: bool,
    /// Whether a chart over this table draws it.
    pub is_drawn: bool,
    /// The language of its title, when it is not the text's around it.
    pub lang: Option<&'static str>,
}

impl Head {
    /// A column of words.
    pub fn text(title: impl Into<String>) -> Self {
        Self { title: title.into(), is_number: false, is_drawn: false, lang: None }
    }

    /// A column of numbers.
    pub fn number(title: impl Into<String>) -> Self {
        Self { title: title.into(), is_number: true, is_drawn: true, lang: None }
    }

    /// A column of words under a title in the page's language: `district` for the word `head.district`.
    pub(crate) fn word(language: Language, name: &str) -> Self {
        let key = format!("head.{name}");
        let lang = (language != Language::En).then(|| words::tag(language));
        Self { lang, ..Self::text(words::word(language, &key)) }
    }

    /// A column of numbers under a title in the page's language.
    pub(crate) fn count(language: Language, name: &str) -> Self {
        Self { is_number: true, is_drawn: true, ..Self::word(language, name) }
    }

    /// The same column, left out of the chart over the table.
    #[must_use]
    pub fn undrawn(mut self) -> Self {
        self.is_drawn = false;
        self
    }
}

/// How something should be taken. Its words say the same: colour alone tells nobody anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// As it should be.
    Good,
    /// Worth a look.
    Warn,
    /// Not as it should be.
    Bad,
    /// Chosen, golden.
    Gold,
    /// Neither.
    Plain,
}

impl Tone {
    /// The style's class.
    pub fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Warn => "warn",
            Self::Bad => "bad",
            Self::Gold => "gold",
            Self::Plain => "plain",
        }
    }
}

/// A horizontal bar in a cell: how long it is, in hundredths of the cell.
#[derive(Debug, Clone, PartialEq)]
pub struct Bar {
    /// How long it is.
    pub length: String,
}

impl Bar {
    /// A bar from the left edge; `share` of one is the whole cell.
    pub fn share(share: f64) -> Self {
        Self { length: hundredths(share.clamp(0.0, 1.0)) }
    }
}

fn hundredths(share: f64) -> String {
    format!("{:.2}", share * 100.0)
}

/// One cell.
#[derive(Debug, Clone, Default)]
pub struct Cell {
    /// Its words.
    pub text: String,
    /// A second, quieter line.
    pub sub: Option<String>,
    /// Where its words lead.
    pub href: Option<String>,
    /// The number behind its words, for charts.
    pub value: Option<f64>,
    /// Shown as a mark of this tone.
    pub badge: Option<Tone>,
    /// A bar under its words.
    pub bar: Option<Bar>,
    /// A class on the cell: `chosen`, `differs`.
    pub class: Option<&'static str>,
    /// A word that says what the class means: `chosen`, `differs`.
    pub mark: Option<&'static str>,
    /// The language of its words, where it is not the page's.
    pub lang: Option<&'static str>,
    /// A box to choose the row by, for the form `several` of the page: its value, sent as `task`.
    pub choice: Option<i64>,
}

impl Cell {
    /// Words.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// Words, or a dash where there are none.
    pub fn maybe(text: Option<impl Into<String>>) -> Self {
        text.map_or_else(|| Self::text(format::NONE), Self::text)
    }

    /// A whole number.
    pub fn whole(number: i64) -> Self {
        Self { text: format::whole(number), value: Some(number as f64), ..Self::default() }
    }

    /// How many.
    pub fn count(number: u64) -> Self {
        Self::whole(i64::try_from(number).unwrap_or(i64::MAX))
    }

    /// A number with a place after the point, where there is one.
    pub fn decimal(number: Option<f64>, decimals: usize) -> Self {
        number.map_or_else(Self::none, |number| Self {
            text: format::decimal(number, decimals),
            value: Some(number),
            ..Self::default()
        })
    }

    /// A share of one as a percentage, where there is one; its value is in hundredths.
    pub fn percent(share: Option<f64>) -> Self {
        share.map_or_else(Self::none, |share| Self {
            text: format::percent(share),
            value: Some(share * 100.0),
            ..Self::default()
        })
    }

    /// Paise as rupees; its value is in rupees.
    pub fn rupees(paise: i64) -> Self {
        Self { text: format::rupees(paise), value: Some(paise as f64 / 100.0), ..Self::default() }
    }

    /// Nothing.
    pub fn none() -> Self {
        Self::text(format::NONE)
    }

    /// A mark.
    pub fn badge(tone: Tone, text: impl Into<String>) -> Self {
        Self { badge: Some(tone), ..Self::text(text) }
    }

    /// The same cell with a second line.
    #[must_use]
    pub fn under(mut self, sub: impl Into<String>) -> Self {
        self.sub = Some(sub.into());
        self
    }

    /// The same cell as a link.
    #[must_use]
    pub fn link(mut self, href: impl Into<String>) -> Self {
        self.href = Some(href.into());
        self
    }

    /// The same cell with a bar.
    #[must_use]
    pub fn bar(mut self, bar: Bar) -> Self {
        self.bar = Some(bar);
        self
    }

    /// The same cell with a class.
    #[must_use]
    pub fn class(mut self, class: &'static str) -> Self {
        self.class = Some(class);
        self
    }

    /// The same cell shaded as `chosen` or `differs`, and saying so.
    #[must_use]
    pub fn marked(mut self, class: &'static str) -> Self {
        self.class = Some(class);
        self.mark = Some(class);
        self
    }

    /// The same cell with a box to choose the row by, where there is a value.
    #[must_use]
    pub fn chosen_by(mut self, value: Option<i64>) -> Self {
        self.choice = value;
        self
    }

    /// The same cell in another language.
    #[must_use]
    pub fn lang(mut self, lang: &'static str) -> Self {
        self.lang = Some(lang);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_escapes_what_it_is_given_and_marks_rows_and_heads() {
        let table = Table {
            caption: "A <b> caption".to_owned(),
            heads: vec![Head::text("Service"), Head::number("Received")],
            rows: vec![vec![Cell::text("<script>").link("/a?b=\"c"), Cell::whole(123_456)]],
            total: None,
            empty: "none".to_owned(),
        };
        let html = table.to_string();
        assert!(!html.contains("<script>") && !html.contains("<b>") && !html.contains("b=\"c"), "{html}");
        assert!(html.contains("<th scope=\"row\""), "{html}");
        assert!(html.contains("1,23,456") && html.contains("data-value=\"123456\""), "{html}");
    }

    #[test]
    fn a_bar_is_never_longer_than_its_cell() {
        assert_eq!((Bar::share(0.25).length.as_str(), Bar::share(7.0).length.as_str()), ("25.00", "100.00"));
    }
}

//! A page that stands alone in a file: its style is in it, it needs no script and no server, and it prints.

use std::fmt;

use askama::Template;
use askama::filters::HtmlSafe;

use crate::component::{Drawn, Figures, Table};

/// A page in a file.
#[derive(Debug, Clone, Template)]
#[template(path = "document.html")]
pub struct Document {
    /// Its title.
    pub title: String,
    /// What it is about, in a sentence.
    pub lead: String,
    /// Its parts in order.
    pub sections: Vec<Section>,
    /// What made it, and when.
    pub made: String,
    /// The style of all pages.
    pub style: Style,
}

/// A part of a page.
#[derive(Debug, Clone)]
pub struct Section {
    /// Its name in addresses; no other has it.
    pub id: &'static str,
    /// Its title.
    pub title: String,
    /// What it holds, in order.
    pub blocks: Vec<Block>,
}

/// What a part holds.
#[derive(Debug, Clone)]
pub enum Block {
    /// A paragraph.
    Words(String),
    /// A paragraph that warns.
    Warning(String),
    /// A heading within the part.
    Heading(String),
    /// Sentences in a list.
    List(Vec<String>),
    /// Headline figures.
    Figures(Figures),
    /// A table.
    Table(Table),
    /// A picture over its table.
    Picture(Box<Drawn>),
}

/// The style of all pages, embedded.
#[derive(Debug, Clone, Copy)]
pub struct Style;

impl fmt::Display for Style {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(include_str!("../assets/app.css"))
    }
}

// It is ours, embedded at compile time, and closes no element (a test looks).
impl HtmlSafe for Style {}

impl Document {
    /// A page of sections.
    pub fn new(title: impl Into<String>, lead: impl Into<String>, sections: Vec<Section>, made: String) -> Self {
        let (title, lead) = (title.into(), lead.into());
        let sections = sections.into_iter().filter(|section| !section.blocks.is_empty()).collect();
        Self { title, lead, sections, made, style: Style }
    }

    /// The page as text.
    pub fn html(&self) -> String {
        // Writing into a string cannot fail, and the template has no other way to.
        self.render().unwrap_or_default()
    }
}

impl Section {
    /// A part without anything in it yet.
    pub(crate) fn new(id: &'static str, title: &str) -> Self {
        Self { id, title: title.to_owned(), blocks: Vec::new() }
    }

    pub(crate) fn words(mut self, words: impl Into<String>) -> Self {
        self.blocks.push(Block::Words(words.into()));
        self
    }

    pub(crate) fn warning(mut self, words: impl Into<String>) -> Self {
        self.blocks.push(Block::Warning(words.into()));
        self
    }

    pub(crate) fn heading(mut self, words: impl Into<String>) -> Self {
        self.blocks.push(Block::Heading(words.into()));
        self
    }

    pub(crate) fn table(mut self, table: Table) -> Self {
        self.blocks.push(Block::Table(table));
        self
    }

    pub(crate) fn picture(mut self, picture: Drawn) -> Self {
        self.blocks.push(Block::Picture(Box::new(picture)));
        self
    }

    pub(crate) fn block(mut self, block: Block) -> Self {
        self.blocks.push(block);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_its_style_and_nothing_from_elsewhere_and_lets_no_markup_through() {
        let words = "<script>alert('x')</script>\"><b>";
        let section = Section::new("one", words).words(words).warning(words).heading(words);
        let section = section.block(Block::List(vec![words.to_owned()]));
        let empty = Section::new("two", "nothing in it");
        let html = Document::new(words, words, vec![section, empty], words.to_owned()).html();
        assert!(html.starts_with("<!doctype html>"), "it was rendered");
        assert!(!html.contains("<script") && !html.contains("\"><b>"), "{html}");
        assert!(html.contains("--series-1:") && html.matches("</style>").count() == 1);
        assert!(!html.contains("src=") && !html.contains("nothing in it") && !html.contains("url("));
    }
}

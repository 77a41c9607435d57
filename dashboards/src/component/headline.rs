//! Headline figures: a value with its unit, and what it means.

use askama::Template;

/// Groups of headline figures.
#[derive(Debug, Clone, Template)]
#[template(path = "components/figures.html")]
pub struct Figures {
    /// The groups, in order.
    pub groups: Vec<FigureGroup>,
    /// The language of the titles.
    pub tag: &'static str,
}

/// Headline figures that belong together.
#[derive(Debug, Clone)]
pub struct FigureGroup {
    /// What they are about.
    pub title: String,
    /// The figures.
    pub figures: Vec<Figure>,
}

/// One headline figure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    /// The metric's name in the warehouse, which tests and links refer to.
    pub name: String,
    /// Its title.
    pub title: String,
    /// The number as shown.
    pub value: String,
    /// What follows it: `days`, `crore`.
    pub unit: String,
    /// The number as the warehouse holds it.
    pub exact: String,
    /// What it counts, as a sentence.
    pub meaning: String,
}

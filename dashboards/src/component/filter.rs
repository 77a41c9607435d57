//! Filters over the figures of a page: lists that apply themselves, or by their button.

use askama::Template;

use crate::shell::Shell;

/// A form of lists that narrows a page down.
#[derive(Debug, Clone, Template)]
#[template(path = "components/filters.html")]
pub struct Filters {
    /// The page's own path.
    pub action: &'static str,
    /// The lists.
    pub lists: Vec<FilterList>,
    /// The word on the button.
    pub button: String,
    /// The language of labels and button.
    pub tag: &'static str,
}

impl Filters {
    /// Lists that narrow down the page at `action`.
    pub(crate) fn new(action: &'static str, shell: &Shell, lists: Vec<FilterList>) -> Self {
        Self { action, lists, button: shell.t("word.show").to_owned(), tag: shell.tag() }
    }
}

/// One list.
#[derive(Debug, Clone)]
pub struct FilterList {
    /// Its name in the address.
    pub name: &'static str,
    /// Its label.
    pub label: String,
    /// What stands for no choice.
    pub all: String,
    /// The choices: value and title.
    pub choices: Vec<(String, String)>,
    /// The value chosen; empty for none.
    pub chosen: String,
}

impl FilterList {
    fn is_chosen(&self, value: &str) -> bool {
        self.chosen == value
    }
}

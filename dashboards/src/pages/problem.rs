//! The page for what cannot be shown: what happened, in plain words, and what helps.

use askama::Template;

use crate::session::{Visit, Wants};
use crate::shell::Shell;

#[derive(Template)]
#[template(path = "pages/problem.html")]
struct Problem<'a> {
    shell: Shell,
    status: u16,
    title: &'a str,
    detail: &'a str,
}

/// The page of an error: a title, a sentence that says what would help, and the way back.
pub fn render(status: u16, title: &str, detail: &str) -> String {
    let visit =
        Visit { signed_in: None, language: kanak_model::Language::En, here: "/".to_owned(), wants: Wants::Page };
    let mut shell = Shell::new("problem", &visit, false);
    title.clone_into(&mut shell.title);
    shell.sections.clear();
    let page = Problem { shell, status, title, detail };
    page.render().unwrap_or_else(|_| format!("{status}"))
}

//! Signing in.

use askama::Template;
use kanak_model::Language;

use crate::session::{Visit, Wants, local_path};
use crate::shell::Shell;

#[derive(Template)]
#[template(path = "pages/sign_in.html")]
struct SignIn<'a> {
    shell: Shell,
    csrf: &'a str,
    message: Option<&'a str>,
    next: &'a str,
}

/// The sign-in page in a language; see [`crate::session::LANGUAGE_COOKIE`]. `next` is where the visitor wanted to go; one
/// that leaves the site is dropped. The form posts `user_name`, `password`, `csrf` and `next` to `/sign-in`.
pub fn render(language: Language, csrf: &str, message: Option<&str>, next: &str) -> String {
    let visit = Visit { signed_in: None, language, here: "/sign-in".to_owned(), wants: Wants::Page };
    let mut shell = Shell::new("sign_in", &visit, false);
    shell.sections.clear();
    let page = SignIn { shell, csrf, message, next: local_path(next) };
    page.render().unwrap_or_default()
}

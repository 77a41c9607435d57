//! The page for what cannot be shown: what happened, in plain words, and what helps.

use askama::Template;
use axum::http::{Method, StatusCode, Uri};
use axum::response::{Html, IntoResponse as _, Response};
use kanak_engine::standardize::redact;

use crate::nav;
use crate::samples::Sampler;
use crate::session::{Visit, Wants};
use crate::shell::Shell;

#[derive(Template)]
#[template(path = "pages/problem.html")]
struct Problem<'a> {
    shell: Shell,
    status: u16,
    title: &'a str,
    detail: &'a str,
    /// What was asked for, where nothing there answers it.
    asked: Option<&'a str>,
    /// Where to go from here: address and words.
    back: (&'a str, &'a str),
}

/// The page of an error: a title, a sentence that says what would help, and the way back.
pub fn render(status: u16, title: &str, detail: &str) -> String {
    let visit =
        Visit { signed_in: None, language: kanak_model::Language::En, here: "/".to_owned(), wants: Wants::Page };
    let mut shell = Shell::new("problem", &visit, false);
    title.clone_into(&mut shell.title);
    shell.sections.clear();
    let back = ("/", shell.t("word.first_page"));
    let page = Problem { shell, status, title, detail, asked: None, back };
    page.render().unwrap_or_else(|_| format!("{status}"))
}

/// Answers an address at which nothing stands.
pub(crate) async fn no_page(visit: Visit, uri: Uri) -> Response {
    let page = render_unanswered(StatusCode::NOT_FOUND, visit, uri.path(), "/");
    (StatusCode::NOT_FOUND, Html(page)).into_response()
}

/// Answers a method that an address does not take, such as opening one to which a form is sent: the way back is the
/// page of the form.
pub async fn wrong_method(visit: Visit, method: Method, uri: Uri) -> Response {
    let (asked, back) = (format!("{method} {}", uri.path()), nav::page_of_form(uri.path()));
    let page = render_unanswered(StatusCode::METHOD_NOT_ALLOWED, visit, &asked, &back);
    (StatusCode::METHOD_NOT_ALLOWED, Html(page)).into_response()
}

fn render_unanswered(status: StatusCode, mut visit: Visit, asked: &str, back: &str) -> String {
    // What a page repeats of its address repeats no Aadhaar number.
    let (asked, back) = (redact(asked), redact(back));
    visit.here = redact(&visit.here).into_owned();
    let mut shell = Shell::new("problem", &visit, false);
    let (title, detail, back_words) = if status == StatusCode::METHOD_NOT_ALLOWED {
        ("problem.wrong_method", "problem.wrong_method_more", "word.back_to_page")
    } else {
        ("problem.no_page", "problem.no_page_more", "word.first_page")
    };
    let (title, detail) = (shell.t(title), shell.t(detail));
    let back = (&*back, shell.t(back_words));
    title.clone_into(&mut shell.title);
    let page = Problem { shell, status: status.as_u16(), title, detail, asked: Some(&asked), back };
    page.render().unwrap_or_else(|_| status.to_string())
}

/// The sample of an address that takes no such request.
pub(crate) fn sample(sampler: &Sampler) -> String {
    let here = format!("/{}", sampler.word);
    render_unanswered(StatusCode::METHOD_NOT_ALLOWED, sampler.visit(here), sampler.word, "/steward-tasks/318")
}

//! Every page, filled with made-up rows: what one test checks and what a designer looks at, without a hub.

use kanak_codes::Codes;
use kanak_model::{Caller, Language, Timestamp};
use serde_json::{Value, json};

use crate::SignedIn;
use crate::rows::Rows;
use crate::session::{Visit, Wants};
use crate::shell::{Freshness, Shell};

/// The instant of every made-up page.
pub(crate) const NOW: Timestamp = Timestamp(1_795_422_900_000_000);

/// What a page is rendered with.
pub(crate) struct Sampler {
    /// Real code systems.
    pub(crate) codes: Codes,
    /// A text that stands wherever a person or department could have written one.
    pub(crate) word: &'static str,
    language: Language,
}

/// The pages of [`all`], each with the name of its file.
pub type Rendered = Vec<(&'static str, String)>;

/// Every page. `word` stands in it wherever a person or a department could have written something.
///
/// # Errors
/// When a template cannot be rendered or the embedded code systems cannot be read.
pub fn all(language: Language, word: &'static str) -> Result<Rendered, Box<dyn std::error::Error>> {
    let sampler = Sampler::new(language, word);
    let mut pages = crate::pages::samples(&sampler)?;
    pages.push(("sign_in", crate::pages::sign_in::render(language, "token", Some(word), "/overview")));
    pages.push(("problem", crate::pages::problem::render(404, word, word)));
    pages.push(("wrong_method", crate::pages::problem::sample(&sampler)));
    Ok(pages)
}

impl Sampler {
    /// Samples in a language, with `word` wherever someone could have written one.
    pub(crate) fn new(language: Language, word: &'static str) -> Self {
        Self { codes: Codes::builtin().expect("a test of the codes reads each sidecar"), word, language }
    }

    /// Someone with every role.
    pub(crate) fn caller(&self) -> Caller {
        Caller {
            user: None,
            name: "harleen".to_owned(),
            roles: kanak_model::Role::ALL.into_iter().collect(),
            districts: None,
        }
    }

    /// The frame of a page as a signed-in visitor sees it.
    pub(crate) fn shell(&self, page: &str) -> Shell {
        let fresh = Freshness { release: 42, feed_position: 1_23_456, at: NOW };
        Shell::new(page, &self.visit(format!("/{page}")), true).fresh(Some(fresh)).with_charts()
    }

    /// A signed-in visitor's request for the page at `here`.
    pub(crate) fn visit(&self, here: String) -> Visit {
        let user = SignedIn {
            caller: self.caller(),
            user_name: self.word.to_owned(),
            csrf: "token".to_owned(),
            language: self.language,
            terms: std::sync::Arc::default(),
        };
        Visit { signed_in: Some(user), language: self.language, here, wants: Wants::Page }
    }

    /// Rows with these columns.
    pub(crate) fn rows<const N: usize>(&self, columns: [&str; N], rows: impl IntoIterator<Item = [Value; N]>) -> Rows {
        Rows::new(columns.map(str::to_owned).to_vec(), rows.into_iter().map(Vec::from).collect())
    }

    /// Each district of the state with a number from 0 to 1 that differs from district to district.
    pub(crate) fn districts(&self) -> Vec<(String, f64)> {
        let districts = self.codes.system("lgd-district").into_iter().flat_map(|system| system.children("3"));
        districts.enumerate().map(|(at, concept)| (concept.code().to_owned(), wave(at))).collect()
    }

    /// Twelve months, each with a number from 0 to 1.
    pub(crate) fn months(&self) -> Vec<(Value, f64)> {
        (0..12)
            .map(|at| (json!(if at == 0 { "2025-12".to_owned() } else { format!("2026-{at:02}") }), wave(at)))
            .collect()
    }
}

/// A number from 0 to 1, the same for the same `at` on every run.
pub(crate) fn wave(at: usize) -> f64 {
    (at as f64 * 2.399).sin().mul_add(0.5, 0.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &str = "<script>alert('x')</script>\"><b>";

    fn count(html: &str, needle: &str) -> usize {
        html.matches(needle).count()
    }

    #[test]
    fn every_page_escapes_what_people_wrote_and_keeps_the_rules_of_markup() {
        for language in [Language::En, Language::Pa, Language::Hi] {
            for (name, html) in all(language, HOSTILE).unwrap() {
                assert!(!html.contains("<script>alert") && !html.contains("\"><b>"), "{name} lets markup through");
                assert_eq!(count(&html, "<h1"), 1, "{name} has one first heading");
                assert!(html.starts_with("<!doctype html>\n<html lang=\""), "{name} states its language");
                assert_eq!(count(&html, "<table"), count(&html, "<caption"), "{name}: every table has a caption");
                assert_eq!(count(&html, "<thead"), count(&html, "<table"), "{name}: every table has heads");
                assert!(!html.contains(" style=") && !html.contains("<style"), "{name} has no inline style");
                assert!(!html.contains(" onclick") && !html.contains("javascript:"), "{name} has no inline script");
                assert_eq!(count(&html, "<script"), count(&html, "<script src=\"/assets/"), "{name}: scripts are ours");
                for unwritten in [">head.", ">title.", ">word.", ">page.", ">section."] {
                    assert!(!html.contains(unwritten), "{name} names a word that nobody wrote: {unwritten}");
                }
                assert!(html.contains("class=\"skip\" href=\"#content\"") && html.contains("id=\"content\""), "{name}");
                check_forms(name, &html);
                check_ids(name, &html);
            }
        }
    }

    #[test]
    fn titles_heads_and_filters_follow_the_language_and_the_sentences_around_them_say_that_they_are_english() {
        let pages = all(Language::Pa, "word").unwrap();
        let page = |name: &str| &pages.iter().find(|(page, _)| *page == name).unwrap().1;
        for (name, heads) in [
            ("overview", ["ਮਹੀਨਾ</th>", "ਜ਼ਿਲ੍ਹੇ</h2>"]),
            ("service_delivery", ["ਮਿਆਦ ਅੰਦਰ</th>", "ਸਾਰਾ ਰਾਜ</option>"]),
            ("grievances", ["ਦਰਜ</th>", "ਵਿਭਾਗ</h2>"]),
            ("steward_tasks", ["ਮੇਲ ਦੀ ਸੰਭਾਵਨਾ</th>", "ਅਗਲਾ ਪੰਨਾ</a>"]),
            ("users", ["ਵਰਤੋਂਕਾਰ ਜੋੜੋ</h2>", "ਭੂਮਿਕਾਵਾਂ</legend>"]),
        ] {
            let html = page(name);
            assert!(html.contains("<html lang=\"pa\">") && html.contains("<div class=\"wrap\" lang=\"en\">"), "{name}");
            for head in heads {
                assert!(html.contains(head), "{name} lacks {head}");
            }
        }
        assert!(page("overview").contains(" lang=\"pa\">ਮਹੀਨਾ</th>"), "a head says its language");
    }

    /// Every field has a label of its id, every form that posts sends the token.
    fn check_forms(name: &str, html: &str) {
        for tag in html.split('<').filter(|tag| ["input", "select", "textarea"].iter().any(|t| tag.starts_with(t))) {
            if tag.contains("type=\"hidden\"") {
                continue;
            }
            let id = attribute(tag, "id").unwrap_or_else(|| panic!("{name}: a field without id: {tag}"));
            assert!(html.contains(&format!("<label for=\"{id}\"")), "{name}: no label for {id}");
        }
        for form in html.split("<form").skip(1) {
            let form = form.split("</form>").next().unwrap();
            if form.contains("method=\"post\"") {
                assert!(form.contains("name=\"csrf\" value=\"token\""), "{name}: a form without its token");
            }
        }
    }

    fn check_ids(name: &str, html: &str) {
        let mut ids: Vec<&str> = html.split('<').filter_map(|tag| attribute(tag, "id")).collect();
        let all = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(all, ids.len(), "{name} uses an id twice");
        for tag in html.split('<') {
            if let Some(target) = attribute(tag, "aria-labelledby") {
                assert!(ids.contains(&target), "{name}: labelled by {target}, which is not there");
            }
        }
    }

    fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
        let tag = tag.split('>').next()?;
        tag.split(&format!(" {name}=\"")).nth(1)?.split('"').next()
    }

    #[test]
    fn templates_never_switch_escaping_off() {
        let mut folders = vec![std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/templates"))];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let text = std::fs::read_to_string(&path).unwrap();
                    assert!(!text.contains("|safe") && !text.contains("| safe"), "{}", path.display());
                }
            }
        }
    }
}

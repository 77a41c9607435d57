//! One code system: searched as one types, or read through. Open to all.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, header};
use axum::response::Response;
use kanak_codes::{CodeSystem, Codes, Concept, Diff, Language, Status, diff};
use serde::Deserialize;

use super::show_page;
use crate::component::{Cell, Head, Table};
use crate::error::PageError;
use crate::samples::Sampler;
use crate::session::{Visit, percent_encode};
use crate::shell::Shell;
use crate::state::DashboardState;
use crate::{format, names};

/// One code system.
#[derive(Template)]
#[template(path = "pages/code_system.html")]
pub(crate) struct CodeSystemPage {
    shell: Shell,
    name: String,
    title: String,
    facts: Vec<(&'static str, String)>,
    notes: String,
    q: String,
    /// The concepts shown, in words: `1 to 50 of 763`.
    range: String,
    concepts: Table,
    previous: Option<String>,
    next: Option<String>,
    /// The versions that the shown one may be compared with, and whether it is.
    versions: Vec<(String, bool)>,
    /// What changed since the version that is compared with.
    changes: Option<Changes>,
    /// HTML of a field that offers these codes, to be copied.
    drop_down: String,
}

/// What changed since another version.
struct Changes {
    /// In words: how many codes of each kind.
    counts: String,
    table: Table,
}

/// What is asked of a code system.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    /// What is searched for.
    #[serde(default)]
    q: String,
    /// Only concepts under this code.
    #[serde(default)]
    parent: String,
    /// How many concepts to skip.
    #[serde(default)]
    skip: usize,
    /// The version that the current one is compared with.
    #[serde(default)]
    from: String,
}

/// A drop-down lists so many codes; more are looked up as one types.
const LISTED_MAX: usize = 300;

const PAGE: usize = 50;

/// `GET /code-systems/{system}`
pub(crate) async fn show(
    State(state): State<DashboardState>,
    Path(name): Path<String>,
    Query(asked): Query<Asked>,
    visit: Visit,
    headers: HeaderMap,
) -> Result<Response, PageError> {
    let not_found = || PageError::NotFound { what: "code system", name: name.clone() };
    let codes = state.codes();
    let system = codes.system(&name).ok_or_else(not_found)?;
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).filter(|host| is_plain(host));
    let shell = Shell::new("code_system", &visit, state.made_up);
    show_page(&CodeSystemPage::build(shell, &codes, system, asked, host.unwrap_or_default()))
}

/// Whether a host can stand in a script as it is.
fn is_plain(host: &str) -> bool {
    host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte))
}

impl CodeSystemPage {
    fn build(mut shell: Shell, codes: &Codes, system: &CodeSystem, asked: Asked, host: &str) -> Self {
        let language = names::of(shell.language());
        let title = system.title_in(language).to_owned();
        shell.title.clone_from(&title);
        let q = asked.q.trim().to_owned();
        let (shown, total): (Vec<Concept<'_>>, usize) = if !q.is_empty() {
            let hits: Vec<_> = system.search(&q, PAGE).into_iter().map(|hit| hit.concept).collect();
            let found = hits.len();
            (hits, found)
        } else if !asked.parent.is_empty() {
            let children = system.children(&asked.parent);
            let total = children.len();
            (children.skip(asked.skip).take(PAGE).collect(), total)
        } else {
            (system.concepts().skip(asked.skip).take(PAGE).collect(), system.len())
        };
        let link = |skip: usize| {
            format!("/code-systems/{}?parent={}&skip={skip}", system.name(), percent_encode(&asked.parent))
        };
        let browsing = q.is_empty();
        let facts = vec![
            ("Source", system.source().to_owned()),
            ("Licence", system.licence().to_owned()),
            (
                "Version",
                format!(
                    "{}, source of {}",
                    system.version(),
                    system.stated_source_date().unwrap_or("a date not known")
                ),
            ),
            ("Concepts", format::whole(system.len() as i64)),
        ];
        let others = codes.versions(system.name()).filter(|other| other.version() != system.version());
        let versions = others.map(|other| (other.version().to_owned(), other.version() == asked.from));
        let compared = codes.system_version(system.name(), &asked.from);
        Self {
            versions: versions.collect(),
            changes: compared.map(|old| Changes::between(old, system)),
            drop_down: drop_down(system, &asked.parent, language, host),
            name: system.name().to_owned(),
            range: range_words(&q, asked.skip, shown.len(), total),
            concepts: concept_table(codes, system, shell.language(), &shown),
            previous: (browsing && asked.skip > 0).then(|| link(asked.skip.saturating_sub(PAGE))),
            next: (browsing && asked.skip + shown.len() < total).then(|| link(asked.skip + PAGE)),
            notes: system.notes().to_owned(),
            facts,
            title,
            q,
            shell,
        }
    }

    pub(crate) fn sample(sampler: &Sampler) -> Self {
        let system = sampler.codes.system("lgd-district").expect("districts are built in");
        let asked = Asked { parent: "3".to_owned(), from: system.version().to_owned(), ..Asked::default() };
        Self::build(sampler.shell("code_system"), &sampler.codes, system, asked, "hub.example")
    }

    /// The sample of a search.
    pub(crate) fn sample_search(sampler: &Sampler) -> Self {
        let system = sampler.codes.system("complaint-type").expect("complaint types are built in");
        let asked = Asked { q: sampler.word.to_owned(), ..Asked::default() };
        Self::build(sampler.shell("code_system"), &sampler.codes, system, asked, "hub.example")
    }
}

impl Changes {
    fn between(old: &CodeSystem, new: &CodeSystem) -> Self {
        let Diff { added, changed, retired, removed } = diff(old, new);
        let number = |count: usize| format::whole(count as i64);
        let counts = format!(
            "Since version {}: {} added, {} changed, {} of them retired, {} gone.",
            old.version(),
            number(added.len()),
            number(changed.len()),
            number(retired.len()),
            number(removed.len())
        );
        let whole = |what: &'static str| {
            move |concept: &Concept<'_>| {
                vec![Cell::text(what), Cell::text(concept.code()), Cell::text(concept.display())]
            }
        };
        let change = |change: &kanak_codes::Change<'_>| {
            let fields = change.fields.iter();
            let fields =
                fields.map(|field| format!("{}: {} → {}", format::spaced(field.field), field.before, field.after));
            let fields: Vec<String> = fields.collect();
            vec![Cell::text("changed"), Cell::text(change.concept.code()), Cell::text(fields.join("; "))]
        };
        let rows =
            added.iter().map(whole("added")).chain(changed.iter().map(change)).chain(removed.iter().map(whole("gone")));
        let table = Table {
            caption: "Codes that differ, a page of them at most; the API tells all.".to_owned(),
            heads: vec![Head::text("what"), Head::text("code"), Head::text("name, or what changed")],
            rows: rows.take(PAGE).collect(),
            total: None,
            empty: "No code differs.".to_owned(),
        };
        Self { counts, table }
    }
}

/// HTML of a field that offers the active codes under a parent, or all of them: a list of few, a search among many.
fn drop_down(system: &CodeSystem, parent: &str, language: Language, host: &str) -> String {
    let name = system.name();
    let under: Vec<Concept<'_>> =
        if parent.is_empty() { Vec::new() } else { system.children(parent).take(LISTED_MAX + 1).collect() };
    let listed: Vec<Concept<'_>> =
        if under.is_empty() { system.concepts().take(LISTED_MAX + 1).collect() } else { under };
    if listed.len() <= LISTED_MAX {
        let active = listed.iter().filter(|concept| concept.status() == Status::Active);
        let option = |concept: &Concept<'_>| {
            format!("<option value=\"{}\">{}</option>\n", escape(concept.code()), escape(concept.display_in(language)))
        };
        return format!("<select name=\"{name}\">\n{}</select>\n", active.map(option).collect::<String>());
    }
    let site = if host.is_empty() { String::new() } else { format!("//{host}") };
    format!(
        "<input name=\"{name}\" list=\"{name}-codes\" autocomplete=\"off\">\n<datalist id=\"{name}-codes\"></datalist>\n<script>\n\
         document.querySelector('input[list={name}-codes]').addEventListener('input', async (event) => {{\n  \
         const words = encodeURIComponent(event.target.value);\n  \
         const answer = await fetch(`{site}/v1/code-systems/{name}/codes?limit=20&language={}&search=${{words}}`);\n  \
         const options = (await answer.json()).map((found) => new Option(found.display, found.code));\n  \
         document.getElementById('{name}-codes').replaceChildren(...options);\n}});\n</script>\n",
        language.tag()
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn range_words(q: &str, skip: usize, shown: usize, total: usize) -> String {
    let number = |number: usize| format::whole(number as i64);
    match (q.is_empty(), shown) {
        (false, 0) => format!("Nothing begins with or holds “{q}”, even with one slip of the finger."),
        (false, shown) if shown == PAGE => format!("The best {} for “{q}”.", number(PAGE)),
        (false, shown) => format!("{} for “{q}”.", number(shown)),
        (true, 0) => "No concept here.".to_owned(),
        (true, shown) => format!("{} to {} of {}.", number(skip + 1), number(skip + shown), number(total)),
    }
}

fn concept_table(codes: &Codes, system: &CodeSystem, language: kanak_model::Language, shown: &[Concept<'_>]) -> Table {
    let own = names::of(language);
    let row = |concept: &Concept<'_>| {
        let properties: Vec<String> = concept
            .properties()
            .filter(|(name, _)| *name != "label")
            .map(|(name, value)| format!("{}: {value}", format::spaced(name)))
            .collect();
        let name = concept.designation(own).unwrap_or_else(|| concept.display());
        let local = [Language::Pa, Language::Hi].into_iter().filter_map(|one| concept.designation(one));
        let local: Vec<&str> = local.filter(|other| *other != name).collect();
        let sub = (!local.is_empty()).then(|| local.join(" · "));
        let parent = concept.parent().map_or_else(Cell::none, |code| parent_cell(codes, system, code, own));
        let retired = if concept.status() == Status::Retired { Some("retired") } else { None };
        vec![
            Cell { mark: retired, ..Cell::text(concept.code()) },
            Cell { sub, ..Cell::text(name) },
            parent,
            Cell { text: properties.join("; "), class: Some("small quiet"), ..Cell::default() },
        ]
    };
    Table {
        caption: "Codes with their names, the code above each, and what else is known of them.".to_owned(),
        heads: vec![
            Head::word(language, "code"),
            Head::word(language, "name"),
            Head::word(language, "under"),
            Head::word(language, "more"),
        ],
        rows: shown.iter().map(row).collect(),
        total: None,
        empty: "No code to show.".to_owned(),
    }
}

fn parent_cell(codes: &Codes, system: &CodeSystem, code: &str, language: Language) -> Cell {
    let above = system.parent_system().and_then(|name| codes.system(name)?.lookup(code));
    let name = above.map_or(code, |concept| concept.designation(language).unwrap_or_else(|| concept.display()));
    Cell::text(name).link(format!("/code-systems/{}?parent={}", system.name(), percent_encode(code))).under(code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kanak_model::Language as PageLanguage;

    fn page(system: &str, asked: Asked) -> CodeSystemPage {
        let sampler = Sampler::new(PageLanguage::En, "x");
        let system = sampler.codes.system(system).unwrap();
        CodeSystemPage::build(sampler.shell("code_system"), &sampler.codes, system, asked, "hub.example")
    }

    #[test]
    fn browsing_goes_forth_and_back_and_ends() {
        let first = page("lgd-district", Asked::default());
        assert_eq!((first.concepts.rows.len(), first.previous.is_none()), (PAGE, true));
        assert!(first.next.unwrap().ends_with("skip=50"));
        let last = page("lgd-district", Asked { skip: 750, ..Asked::default() });
        assert_eq!((last.concepts.rows.len(), last.next), (13, None));
        let beyond = page("lgd-district", Asked { skip: usize::MAX / 2, ..Asked::default() });
        assert!(beyond.concepts.rows.is_empty());
    }

    #[test]
    fn few_codes_are_listed_in_a_drop_down_and_many_are_looked_up() {
        let few = page("lgd-district", Asked { parent: "3".to_owned(), ..Asked::default() });
        assert!(
            few.drop_down.contains("<option value=\"27\">") && !few.drop_down.contains("fetch"),
            "{}",
            few.drop_down
        );
        let many = page("ifsc", Asked::default());
        assert!(many.drop_down.contains("fetch(`//hub.example/v1/code-systems/ifsc/codes?"), "{}", many.drop_down);
        assert!(is_plain("hub.example:8080") && !is_plain("a`b") && !is_plain("a\"b"));
    }

    #[test]
    fn a_version_is_compared_with_the_current_one() {
        let sampler = Sampler::new(PageLanguage::En, "x");
        let current = sampler.codes.system("lgd-district").unwrap();
        let sidecar = current.sidecar_text().replace(
            &format!("version = \"{}\"", current.version()),
            "version = \"next\"\neffective_from = \"2999-01-01\"",
        );
        let part = kanak_codes::Part::System { sidecar, packed_csv: current.packed_csv().to_vec() };
        let codes = sampler.codes.with(vec![part]).unwrap();
        let asked = Asked { from: current.version().to_owned(), ..Asked::default() };
        let shown = codes.system("lgd-district").unwrap();
        let page = CodeSystemPage::build(sampler.shell("code_system"), &codes, shown, asked, "");
        assert_eq!(page.versions, [(current.version().to_owned(), true)]);
        let changes = page.changes.unwrap();
        assert!(changes.table.rows.is_empty() && changes.counts.contains("0 added"), "{}", changes.counts);
    }

    #[test]
    fn a_search_finds_with_a_slip_and_says_when_it_does_not() {
        let found = page("lgd-district", Asked { q: " Ludhiena ".to_owned(), ..Asked::default() });
        assert!(found.concepts.rows[0][1].text.to_uppercase().contains("LUDHIANA"), "{:?}", found.concepts.rows[0]);
        let none = page("lgd-district", Asked { q: "qqqqqqqq".to_owned(), ..Asked::default() });
        assert!(none.concepts.rows.is_empty() && none.range.contains("Nothing"));
    }
}

//! What surrounds every page: title, navigation, language, who is signed in, freshness.

use kanak_model::{Language, Timestamp};

use crate::session::{Visit, percent_encode};
use crate::{assets, format, nav, words};

/// How fresh the figures of a page are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Freshness {
    /// The warehouse release that answered.
    pub release: i64,
    /// The last change of the hub that is in it.
    pub feed_position: i64,
    /// When the release was made.
    pub at: Timestamp,
}

impl Freshness {
    /// The release's number in words.
    pub fn release_text(&self) -> String {
        format::whole(self.release)
    }

    /// The feed position in words.
    pub fn feed_text(&self) -> String {
        format::whole(self.feed_position)
    }

    /// When it was made, India's time.
    pub fn at_text(&self) -> String {
        format::instant(self.at)
    }
}

/// A link of the navigation.
#[derive(Debug, Clone)]
pub struct NavLink {
    /// Where it leads.
    pub href: String,
    /// Its title in the page's language.
    pub title: String,
    /// `page` or `true` where it is the one that is open.
    pub current: Option<&'static str>,
    /// The language of the title.
    pub tag: &'static str,
}

/// Who is signed in, as the head of the page shows it.
#[derive(Debug, Clone)]
pub struct UserBox {
    /// The name.
    pub name: String,
    /// The token for the sign-out form and every other form of the page.
    pub csrf: String,
}

/// The frame around a page's content.
#[derive(Debug, Clone)]
pub struct Shell {
    /// The page's own title, in the page's language.
    pub title: String,
    /// The sections.
    pub sections: Vec<NavLink>,
    /// The pages of the section that is open.
    pub pages: Vec<NavLink>,
    /// The language switch.
    pub languages: Vec<NavLink>,
    /// Who is signed in.
    pub user: Option<UserBox>,
    /// Whether the state is made up: a banner says so.
    pub made_up: bool,
    /// How fresh the figures are, on pages with figures.
    pub fresh: Option<Freshness>,
    /// Whether the page has charts.
    pub has_charts: bool,
    language: Language,
}

impl Shell {
    /// The frame of `page`, as seen by `visit`.
    pub fn new(page: &str, visit: &Visit, made_up: bool) -> Self {
        let language = visit.language;
        let home = nav::home_of(page);
        let visitor = visit.signed_in.as_ref();
        let open = nav::SECTIONS.iter().find(|section| section.pages.iter().any(|page| page.name == home));
        let sections = nav::SECTIONS.iter().filter_map(|section| {
            let first = section.pages.iter().find(|page| page.is_for(visitor))?;
            let is_open = open.is_some_and(|open| open.key == section.key);
            Some(link(first.href, words::word(language, section.key), is_open.then_some("true"), language))
        });
        let pages = open.into_iter().flat_map(|section| section.pages).filter(|page| page.is_for(visitor)).map(|one| {
            let current = (one.name == home).then_some(if page == home { "page" } else { "true" });
            link(one.href, words::word(language, &format!("page.{}", one.name)), current, language)
        });
        let languages = words::LANGUAGES.iter().map(|(other, name)| {
            let href = format!("/language/{}?next={}", words::tag(*other), percent_encode(&visit.here));
            link(&href, name, (*other == language).then_some("true"), *other)
        });
        Self {
            title: words::word(language, &format!("page.{page}")).to_owned(),
            sections: sections.collect(),
            pages: pages.collect(),
            languages: languages.collect(),
            user: visitor.map(|user| UserBox { name: user.user_name.clone(), csrf: user.csrf.clone() }),
            made_up,
            fresh: None,
            has_charts: false,
            language,
        }
    }

    /// The same frame with the freshness of its figures.
    #[must_use]
    pub fn fresh(mut self, fresh: Option<Freshness>) -> Self {
        self.fresh = fresh;
        self
    }

    /// The same frame with the script that draws charts.
    #[must_use]
    pub fn with_charts(mut self) -> Self {
        self.has_charts = true;
        self
    }

    /// A word in the page's language.
    pub fn t<'a>(&self, key: &'a str) -> &'a str {
        words::word(self.language, key)
    }

    /// The language's tag.
    pub fn tag(&self) -> &'static str {
        words::tag(self.language)
    }

    /// The page's language.
    pub fn language(&self) -> Language {
        self.language
    }

    /// The URL of an embedded file.
    pub fn asset(&self, name: &str) -> &'static str {
        assets::url(name)
    }

    /// The token for forms; empty where nobody is signed in, which no form accepts.
    pub fn csrf(&self) -> &str {
        self.user.as_ref().map_or("", |user| &user.csrf)
    }
}

fn link(href: &str, title: &str, current: Option<&'static str>, language: Language) -> NavLink {
    NavLink { href: href.to_owned(), title: title.to_owned(), current, tag: words::tag(language) }
}

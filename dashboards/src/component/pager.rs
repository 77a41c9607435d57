//! Links from page to page of a listing that goes on after a cursor. They are plain links: no JavaScript, and the
//! browser's own way back works too.

use askama::Template;

use crate::shell::Shell;

/// The links to the pages before and after this one.
#[derive(Debug, Clone, Template)]
#[template(path = "components/pager.html")]
pub struct Pager {
    /// The language of the words on the links.
    pub tag: &'static str,
    /// What the links are: read out before them.
    pub label: String,
    /// Word and address of the first page, when this is not it.
    pub first: Option<(String, String)>,
    /// Word and address of the page before.
    pub back: Option<(String, String)>,
    /// Word and address of the next page.
    pub on: Option<(String, String)>,
}

/// The cursors behind which the pages up to this one begin, as they stand in its address: the last one is this page's
/// own. A cursor is a word without a comma.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Trail<'a>(pub(crate) &'a str);

/// So many pages can be gone back one by one; beyond them there is the first page.
const TRAIL_MAX: usize = 40;

impl Trail<'_> {
    /// Behind which cursor this page begins; none on the first page.
    pub(crate) fn cursor(&self) -> Option<&str> {
        self.0.rsplit(',').next().filter(|cursor| !cursor.is_empty())
    }

    /// The links of this page. `address` has a question mark already; `last` is the cursor of the page's last row,
    /// where there are more.
    pub(crate) fn pager(&self, shell: &Shell, address: &str, last: Option<&str>) -> Pager {
        let cursors: Vec<&str> = self.0.split(',').filter(|cursor| !cursor.is_empty()).collect();
        let link = |key: &str, trail: &[&str]| {
            let trail = crate::session::percent_encode(&trail.join(","));
            let href = if trail.is_empty() { address.to_owned() } else { format!("{address}&trail={trail}") };
            (shell.t(key).to_owned(), href)
        };
        let on = last.map(|last| {
            let from = (cursors.len() + 1).saturating_sub(TRAIL_MAX);
            let further: Vec<&str> = cursors[from.min(cursors.len())..].iter().copied().chain([last]).collect();
            link("word.next", &further)
        });
        let before = cursors.split_last().map(|(_, before)| before);
        Pager {
            tag: shell.tag(),
            label: shell.t("word.more_rows").to_owned(),
            first: before.map(|_| link("word.first", &[])),
            back: before.map(|before| link("word.previous", before)),
            on,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::Sampler;
    use kanak_model::Language;

    fn links(trail: &str, last: Option<&str>) -> [Option<String>; 3] {
        let shell = Sampler::new(Language::En, "word").shell("steward_tasks");
        let pager = Trail(trail).pager(&shell, "/x?a=b", last);
        [pager.first, pager.back, pager.on].map(|link| Some(link?.1))
    }

    #[test]
    fn the_way_on_is_the_way_back() {
        assert_eq!(links("", None), [None, None, None]);
        assert_eq!(links("", Some("9")), [None, None, Some("/x?a=b&trail=9".to_owned())]);
        let [first, back, on] = links("9,7", Some("5"));
        assert_eq!((first.as_deref(), back.as_deref()), (Some("/x?a=b"), Some("/x?a=b&trail=9")));
        assert_eq!(on.as_deref(), Some("/x?a=b&trail=9%2C7%2C5"));
        assert_eq!((Trail("9,7").cursor(), Trail("").cursor()), (Some("7"), None));
    }

    #[test]
    fn a_long_way_does_not_make_a_long_address() {
        let long = vec!["1"; 500].join(",");
        let [_, _, on] = links(&long, Some("2"));
        assert_eq!(on.unwrap().matches("%2C").count(), TRAIL_MAX - 1);
    }
}

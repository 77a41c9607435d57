//! Where pages stand: sections, each with its pages, and who may open them. A new page is one line here and one in the
//! router.

use kanak_model::{Access, Purpose, Role};

use crate::session::SignedIn;

/// A section of the navigation: its word and its pages.
pub(crate) struct Section {
    pub(crate) key: &'static str,
    pub(crate) pages: &'static [NavPage],
}

/// A page: its word (`overview`), its path (`/overview`) and whom it is for.
pub(crate) struct NavPage {
    pub(crate) name: &'static str,
    pub(crate) href: &'static str,
    readers: Readers,
}

/// Whom a page is for. The page itself decides again: this only spares visitors links that lead nowhere.
#[derive(Clone, Copy)]
enum Readers {
    /// Everyone, signed in or not.
    All,
    /// Everyone who has signed in.
    Signed,
    /// Those who may read for one of these purposes.
    Purposes(&'static [Purpose]),
    /// Those who have a role.
    Role(Role),
}

impl NavPage {
    /// Whether the navigation shows the page. Whoever has not signed in sees what many could open.
    pub(crate) fn is_for(&self, visitor: Option<&SignedIn>) -> bool {
        match (self.readers, visitor) {
            (Readers::All, _) | (Readers::Signed | Readers::Purposes(_), None) => true,
            (Readers::Signed, Some(_)) => true,
            (Readers::Purposes(purposes), Some(visitor)) => {
                purposes.iter().any(|purpose| Access::decide(&visitor.caller, *purpose).is_ok())
            }
            (Readers::Role(role), visitor) => visitor.is_some_and(|visitor| visitor.caller.has(role)),
        }
    }
}

const FIGURES: Readers = Readers::Purposes(&[Purpose::Statistics]);
const PEOPLE: Readers = Readers::Purposes(&[Purpose::Stewardship, Purpose::ServiceDelivery]);
const STEWARDS: Readers = Readers::Purposes(&[Purpose::Stewardship]);
const SQL: Readers = Readers::Purposes(&[Purpose::Statistics, Purpose::Stewardship, Purpose::ServiceDelivery]);

const fn page(name: &'static str, href: &'static str, readers: Readers) -> NavPage {
    NavPage { name, href, readers }
}

/// The navigation, in the order of the head of the page.
pub(crate) const SECTIONS: [Section; 5] = [
    Section {
        key: "section.figures",
        pages: &[
            page("overview", "/overview", FIGURES),
            page("service_delivery", "/service-delivery", FIGURES),
            page("grievances", "/grievances", FIGURES),
            page("offices", "/offices", FIGURES),
            page("appraisals", "/appraisals", FIGURES),
            page("revenue", "/revenue", FIGURES),
            page("benefits", "/benefits", FIGURES),
        ],
    },
    Section {
        key: "section.records",
        pages: &[
            page("golden_records", "/golden-records", PEOPLE),
            page("steward_tasks", "/steward-tasks", STEWARDS),
            page("proposals", "/proposals", STEWARDS),
        ],
    },
    Section {
        key: "section.quality",
        pages: &[
            page("data_quality", "/data-quality", FIGURES),
            page("match_quality", "/match-quality", FIGURES),
            page("sources", "/sources", Readers::Signed),
        ],
    },
    Section {
        key: "section.reference",
        pages: &[
            page("code_systems", "/code-systems", Readers::All),
            page("definitions", "/definitions", Readers::All),
            page("sql_console", "/sql-console", SQL),
        ],
    },
    Section {
        key: "section.administration",
        pages: &[
            page("users", "/users", Readers::Role(Role::Administrator)),
            page("audit", "/audit", Readers::Role(Role::Auditor)),
        ],
    },
];

/// The page that someone who has signed in sees first: the first that is theirs. An auditor's is the audit trail.
pub(crate) fn first_page(visitor: &SignedIn) -> &'static str {
    let own =
        |page: &&NavPage| matches!(page.readers, Readers::Purposes(_) | Readers::Role(_)) && page.is_for(Some(visitor));
    SECTIONS.iter().flat_map(|section| section.pages).find(own).map_or("/account", |page| page.href)
}

/// The page in the navigation under which a page is found: a golden record under golden records.
pub(crate) fn home_of(page: &str) -> &str {
    match page {
        "golden_record" => "golden_records",
        "steward_task" => "steward_tasks",
        "code_system" | "code_relations" => "code_systems",
        other => other,
    }
}

/// The address of the page on which the form that is sent to `path` stands. Forms of a golden record and of a steward task
/// stand on its page, all others on the page with which their path begins; of the form that signs out, every page has one.
pub(crate) fn page_of_form(path: &str) -> String {
    let mut parts = path.trim_start_matches('/').split('/');
    match (parts.next().unwrap_or_default(), parts.next()) {
        ("sign-out", _) => "/".to_owned(),
        ("golden-records", Some(id)) => format!("/golden-records/{id}?purpose={}", Purpose::Stewardship.word()),
        ("steward-tasks", Some(id)) if id != "decisions" => format!("/steward-tasks/{id}"),
        (page, _) => format!("/{page}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kanak_model::{Caller, Language};

    fn visitor(roles: &[Role]) -> SignedIn {
        let roles = roles.iter().copied().collect();
        let caller = Caller { user: None, name: "harleen".to_owned(), roles, districts: None };
        SignedIn {
            caller,
            user_name: "harleen".to_owned(),
            csrf: "token".to_owned(),
            language: Language::En,
            terms: std::sync::Arc::default(),
        }
    }

    #[test]
    fn each_role_begins_at_a_page_of_its_own() {
        for (role, first) in [
            (Role::Administrator, "/overview"),
            (Role::Steward, "/overview"),
            (Role::Analyst, "/overview"),
            (Role::Department, "/golden-records"),
            (Role::Auditor, "/audit"),
        ] {
            assert_eq!(first_page(&visitor(&[role])), first, "{role:?}");
        }
        assert_eq!(first_page(&visitor(&[])), "/account");
    }

    #[test]
    fn the_audit_trail_and_users_show_for_their_roles_alone() {
        let shows = |path: &str, visitor: Option<&SignedIn>| {
            let pages = SECTIONS.iter().flat_map(|section| section.pages);
            pages.filter(|page| page.is_for(visitor)).any(|page| page.href == path)
        };
        let (auditor, steward) = (visitor(&[Role::Auditor]), visitor(&[Role::Steward]));
        assert!(shows("/audit", Some(&auditor)) && !shows("/users", Some(&auditor)));
        assert!(!shows("/audit", Some(&steward)) && !shows("/audit", None) && !shows("/users", None));
        assert!(shows("/code-systems", None) && !shows("/steward-tasks", Some(&auditor)));
    }

    #[test]
    fn a_form_stands_on_the_page_of_what_it_changes() {
        for (path, page) in [
            ("/steward-tasks/1/field-check/answer", "/steward-tasks/1"),
            ("/steward-tasks/decisions/5/undo", "/steward-tasks"),
            ("/golden-records/K-000001-1/override", "/golden-records/K-000001-1?purpose=stewardship"),
            ("/golden-records", "/golden-records"),
            ("/proposals/5/rejection", "/proposals"),
            ("/users/3/password", "/users"),
            ("/sign-out", "/"),
            ("//elsewhere.example/x", "/elsewhere.example"),
        ] {
            assert_eq!(page_of_form(path), page, "{path}");
        }
    }
}

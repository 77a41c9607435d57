//! Where pages stand: four sections, each with its pages. A new page is one line here and one in the router.

/// A section of the navigation: its word and its pages, each a word (`overview`) and a path (`/overview`).
pub(crate) struct Section {
    pub(crate) key: &'static str,
    pub(crate) pages: &'static [(&'static str, &'static str)],
}

/// The navigation, in the order of the head of the page.
pub(crate) const SECTIONS: [Section; 4] = [
    Section {
        key: "section.figures",
        pages: &[
            ("overview", "/overview"),
            ("service_delivery", "/service-delivery"),
            ("grievances", "/grievances"),
            ("offices", "/offices"),
            ("revenue", "/revenue"),
            ("benefits", "/benefits"),
        ],
    },
    Section {
        key: "section.records",
        pages: &[("golden_records", "/golden-records"), ("steward_tasks", "/steward-tasks")],
    },
    Section {
        key: "section.quality",
        pages: &[("data_quality", "/data-quality"), ("match_quality", "/match-quality"), ("sources", "/sources")],
    },
    Section {
        key: "section.reference",
        pages: &[("code_systems", "/code-systems"), ("definitions", "/definitions"), ("sql_console", "/sql-console")],
    },
];

/// The page in the navigation under which a page is found: a golden record under golden records.
pub(crate) fn home_of(page: &str) -> &str {
    match page {
        "golden_record" => "golden_records",
        "steward_task" => "steward_tasks",
        "code_system" => "code_systems",
        other => other,
    }
}

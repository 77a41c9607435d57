//! What is wrong in the sources, for the stewards who have it put right.

use rustc_hash::FxHashMap;
use serde::Serialize;

use crate::{
    codes::Codes,
    concept::{Concept, Status},
    system::CodeSystem,
    text::squeeze,
};

/// One thing wrong with one code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Defect {
    /// The code system.
    pub system: String,
    /// The code; of a missing parent, the code that is missing.
    pub code: String,
    /// What is wrong.
    pub what: String,
    /// What a steward can do about it.
    pub remedy: String,
}

/// Registers of the state whose names are to be unique.
const UNIQUE_NAMES: [&str; 2] = ["department", "designation"];

impl Codes {
    /// Every known defect of every code system, by system and code: rows that say so themselves (property `defect`), parents that
    /// nobody defines, names that stand twice in a register, PINs without a district, and branches of a nameless bank.
    pub fn defects(&self) -> Vec<Defect> {
        let mut defects = Vec::new();
        for system in self.systems() {
            defects.extend(system.concepts().filter_map(|concept| stated(system, concept)));
            defects.extend(system.known_orphans().iter().map(|code| orphan(system, code)));
            if UNIQUE_NAMES.contains(&system.name()) {
                defects.extend(same_names(system));
            }
            defects.extend(system.concepts().filter_map(|concept| missing(system, concept)));
        }
        defects.sort_by(|a, b| (&a.system, &a.code, &a.what).cmp(&(&b.system, &b.code, &b.what)));
        defects
    }
}

fn defect(system: &CodeSystem, code: &str, what: impl Into<String>, remedy: impl Into<String>) -> Defect {
    Defect { system: system.name().to_owned(), code: code.to_owned(), what: what.into(), remedy: remedy.into() }
}

/// What a row says of itself.
fn stated(system: &CodeSystem, concept: Concept<'_>) -> Option<Defect> {
    let what = concept.property("defect")?;
    let remedy = concept.property("remedy").unwrap_or("ask the publisher of the list to put it right");
    Some(defect(system, concept.code(), what, remedy))
}

/// A parent that is referred to and not defined.
fn orphan(system: &CodeSystem, code: &str) -> Defect {
    let parents = system.parent_system().unwrap_or_default();
    let count = system.children(code).len();
    let what = format!("the parent of {count} codes is not in {parents}");
    defect(
        system,
        code,
        what,
        format!("define the parent in {parents}, retired if it is no more, or give its codes another one"),
    )
}

/// Active codes that bear the name of another one.
fn same_names(system: &CodeSystem) -> Vec<Defect> {
    let mut by_name: FxHashMap<String, Vec<&str>> = FxHashMap::default();
    for concept in system.concepts().filter(|concept| concept.status() == Status::Active) {
        by_name.entry(squeeze(concept.display())).or_default().push(concept.code());
    }
    let several = by_name.values().filter(|codes| codes.len() > 1);
    let each = several.flat_map(|codes| codes.iter().map(move |code| (*code, codes)));
    each.map(|(code, codes)| {
        let others: Vec<&str> = codes.iter().copied().filter(|other| *other != code).collect();
        let what = format!("the same name stands under {}", others.join(", "));
        defect(system, code, what, "agree on one code and retire the others with replaced_by")
    })
    .collect()
}

/// A row without what every row of its kind has.
fn missing(system: &CodeSystem, concept: Concept<'_>) -> Option<Defect> {
    let (what, remedy) = match system.name() {
        "pin" if concept.property("districts").is_none() => {
            ("the directory names no district for this PIN", "ask the postal circle which district its offices lie in")
        }
        "pin" if concept.property("district_codes").is_none() => (
            "its district is not in the local government directory under that name",
            "add the spelling to the list of aliases",
        ),
        "ifsc" if concept.property("bank").is_none() => {
            ("the branch has no name of a bank", "take the name from the Reserve Bank's list of banks")
        }
        _ => return None,
    };
    Some(defect(system, concept.code(), what, remedy))
}

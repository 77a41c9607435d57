//! What changed from one version of a code system to another.

use crate::{
    concept::{Concept, Status},
    language::Language,
    system::CodeSystem,
};

/// The concepts that differ between two versions, each list in the order of the table it comes from.
#[derive(Debug, Clone, PartialEq)]
pub struct Diff<'a> {
    /// Concepts that only the new version has.
    pub added: Vec<Concept<'a>>,
    /// Concepts that both have and that are not the same; those that were retired among them.
    pub changed: Vec<Change<'a>>,
    /// Concepts, as in the new version, that were active in the old one and are retired in the new.
    pub retired: Vec<Concept<'a>>,
    /// Concepts that only the old version has.
    pub removed: Vec<Concept<'a>>,
}

/// A concept that both versions have.
#[derive(Debug, Clone, PartialEq)]
pub struct Change<'a> {
    /// As the new version has it.
    pub concept: Concept<'a>,
    /// What differs, in the order of the columns; at least one.
    pub fields: Vec<FieldChange<'a>>,
}

/// A value before and after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldChange<'a> {
    /// The column: `display`, `display_pa`, `display_hi`, `parent`, `status` or a property.
    pub field: &'a str,
    /// The value in the old version; empty when it had none.
    pub before: &'a str,
    /// The value in the new version; empty when it has none.
    pub after: &'a str,
}

impl<'a> Diff<'a> {
    /// The changes that retire no concept: with [`added`](Self::added), [`retired`](Self::retired) and
    /// [`removed`](Self::removed) they count every concept that differs once.
    pub fn changed_not_retired(&self) -> impl Iterator<Item = &Change<'a>> {
        self.changed.iter().filter(|change| !change.retires())
    }

    /// The changes that retire a concept, in the order of [`retired`](Self::retired).
    pub fn retirements(&self) -> impl Iterator<Item = &Change<'a>> {
        self.changed.iter().filter(|change| change.retires())
    }

    /// Whether the two versions have the same concepts with the same values.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.changed.is_empty() && self.removed.is_empty()
    }
}

impl Change<'_> {
    fn retires(&self) -> bool {
        self.fields.iter().any(|field| field.field == "status" && field.after == word(Status::Retired))
    }
}

/// What changed from an old version to a new one. Codes are compared as the systems write them.
pub fn diff<'a>(old: &'a CodeSystem, new: &'a CodeSystem) -> Diff<'a> {
    let mut diff = Diff { added: Vec::new(), changed: Vec::new(), retired: Vec::new(), removed: Vec::new() };
    let mut properties: Vec<&str> = new.property_names().collect();
    properties.extend(old.property_names().filter(|name| new.find_property(name).is_none()));
    let columns: Vec<_> =
        properties.iter().map(|name| (*name, old.find_property(name), new.find_property(name))).collect();
    for after in new.concepts() {
        let Some(before) = old.find_exactly(after.code()) else {
            diff.added.push(after);
            continue;
        };
        let mut fields = Vec::new();
        let mut compare = |field, before: Option<&'a str>, after: Option<&'a str>| {
            if before != after {
                fields.push(FieldChange {
                    field,
                    before: before.unwrap_or_default(),
                    after: after.unwrap_or_default(),
                });
            }
        };
        for (field, language) in [("display", Language::En), ("display_pa", Language::Pa), ("display_hi", Language::Hi)]
        {
            compare(field, before.designation(language), after.designation(language));
        }
        compare("parent", before.parent(), after.parent());
        compare("status", Some(word(before.status())), Some(word(after.status())));
        for (name, of_old, of_new) in &columns {
            compare(name, of_old.and_then(|column| column.of(before)), of_new.and_then(|column| column.of(after)));
        }
        if (before.status(), after.status()) == (Status::Active, Status::Retired) {
            diff.retired.push(after);
        }
        if !fields.is_empty() {
            diff.changed.push(Change { concept: after, fields });
        }
    }
    diff.removed = old.concepts().filter(|before| new.find_exactly(before.code()).is_none()).collect();
    diff
}

impl CodeSystem {
    /// The concept of a code in just these letters.
    fn find_exactly(&self, code: &str) -> Option<Concept<'_>> {
        self.lookup(code).filter(|concept| concept.code() == code)
    }
}

fn word(status: Status) -> &'static str {
    match status {
        Status::Active => "active",
        Status::Retired => "retired",
    }
}

//! The crate from outside: the tables against their files, lookup, versions, hierarchies, value sets, maps, imports, search,
//! places, rules, identifiers.
#![expect(clippy::unwrap_used, reason = "a test may stop where it stands")]

mod as_of;
mod concept_maps;
mod diff;
mod fuzz;
mod hierarchies;
mod hostile;
mod identifiers;
mod imports;
mod lineage;
mod lookup;
mod made;
mod places;
mod redact;
mod references;
mod rules;
mod search;
mod tables;
mod value_sets;
mod versions;

//! Columns that a run does not use, or not between files, and why.

use std::collections::HashMap;

use kanak_dashboards::linkage_report::{UnusedColumn, UnusedReason};
use kanak_model::EntityModel;

use super::table::Table;

/// The columns of all files, but for ids and sources, that matching does not read, and those that only one of several files has.
pub(super) fn unused_columns(table: &Table, entity: &EntityModel) -> Vec<UnusedColumn> {
    let files: Vec<_> = table.attributes(entity).collect();
    let mut stated_by: HashMap<&str, usize> = HashMap::new();
    for name in files.iter().flat_map(|(_, columns)| columns).map(|(_, name)| *name) {
        *stated_by.entry(name).or_default() += 1;
    }
    let reason = |name: &str| {
        if entity.find_attribute(name).is_none() {
            Some(UnusedReason::NotRecognised)
        } else if !is_read(entity, name) {
            Some(UnusedReason::NotCompared)
        } else {
            (files.len() > 1 && stated_by[name] == 1).then_some(UnusedReason::NoPartner)
        }
    };
    let of_file = |(file, columns): &(&std::path::Path, Vec<(&str, &str)>)| -> Vec<UnusedColumn> {
        let unused = |(column, name): &(&str, &str)| {
            let (file, column) = (file.display().to_string(), (*column).to_owned());
            reason(name).map(|reason| UnusedColumn { file, column, reason })
        };
        columns.iter().filter_map(unused).collect()
    };
    files.iter().flat_map(of_file).collect()
}

/// Whether matching reads an attribute.
fn is_read(entity: &EntityModel, name: &str) -> bool {
    let matching = &entity.matching;
    let is_compared = matching
        .comparison
        .iter()
        .any(|comparison| comparison.attribute == name || comparison.crosswise.as_deref() == Some(name));
    let is_key = matching.blocking.iter().flat_map(|rule| &rule.keys).any(|key| key.attribute == name);
    is_compared || is_key || entity.label == name
}

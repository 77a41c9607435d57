//! What became of values that were seen before: registers say `Ludhiana` a million times.

use kanak_engine::standardize::{Hint, Outcome, Standardizer};
use kanak_model::kind::Kind;
use rustc_hash::FxHashMap;

use crate::plan::PlannedColumn;

/// Values that are remembered for each column; the frequent ones come early.
const VALUES_MAX: usize = 20_000;
/// Longer values hardly come twice.
const VALUE_BYTES_MAX: usize = 100;

/// The outcomes of one file's values, column by column. Each thread has its own.
#[derive(Default)]
pub(crate) struct Memo {
    columns: Vec<FxHashMap<String, Outcome>>,
    key: String,
}

impl Memo {
    /// Standardizes a value of column number `place` of the plan, or remembers how it went before.
    pub(crate) fn standardize(
        &mut self,
        standardizer: &Standardizer,
        place: usize,
        column: &PlannedColumn<'_>,
        hint: &Hint<'_>,
        raw: &str,
    ) -> Outcome {
        let attribute = column.attribute;
        if !comes_again(attribute.kind) || raw.len() > VALUE_BYTES_MAX {
            return standardizer.standardize(attribute, hint, raw);
        }
        self.columns.resize_with(self.columns.len().max(place + 1), FxHashMap::default);
        self.key.clear();
        // Of all that the hint says, only the district changes within a column.
        if attribute.kind == Kind::SubDistrict {
            self.key.push_str(hint.district.unwrap_or_default());
            self.key.push('\0');
        }
        self.key.push_str(raw);
        let seen = &mut self.columns[place];
        if let Some(outcome) = seen.get(&self.key) {
            return outcome.clone();
        }
        let outcome = standardizer.standardize(attribute, hint, raw);
        if seen.len() < VALUES_MAX {
            seen.insert(self.key.clone(), outcome.clone());
        }
        outcome
    }
}

/// Whether many rows have the same value of such a kind.
fn comes_again(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::PersonName
            | Kind::PlaceName
            | Kind::District
            | Kind::SubDistrict
            | Kind::Pin
            | Kind::Sex
            | Kind::Flag
            | Kind::Code
            | Kind::Ifsc
    )
}

//! Whether the twelve-digit numbers of a column are Aadhaar numbers or an office's own, of which one in ten passes as an
//! Aadhaar number by chance.

use kanak_engine::standardize::{TwelveDigits, has_aadhaar_shape, holds_aadhaar};
use kanak_model::kind::Kind;

use crate::check::{joined, key_of};
use crate::plan::Plan;
use crate::raw_row::RawRow;

/// What the numbers of one file are, judged by its first rows and held to for the rest.
#[derive(Debug, Default)]
pub(crate) struct Judged {
    pub(crate) key: TwelveDigits,
    /// By place in the plan.
    columns: Vec<TwelveDigits>,
}

impl Judged {
    /// Judges the key and the columns of identifiers and source keys.
    pub(crate) fn of(plan: &Plan<'_>, rows: &[RawRow]) -> Self {
        let key = judge(rows.iter().filter_map(|row| key_of(plan, row)));
        let columns = plan.columns.iter().map(|column| match column.attribute.kind {
            Kind::Identifier | Kind::SourceKey => judge(rows.iter().map(|row| joined(row, column))),
            _ => TwelveDigits::Aadhaar,
        });
        Self { key, columns: columns.collect() }
    }

    /// What the numbers of the column at a place of the plan are.
    pub(crate) fn column(&self, place: usize) -> TwelveDigits {
        self.columns.get(place).copied().unwrap_or_default()
    }
}

fn judge<T: AsRef<str>>(values: impl Iterator<Item = T>) -> TwelveDigits {
    let (mut shaped, mut passing) = (0, 0);
    for value in values {
        let value = value.as_ref().trim();
        if has_aadhaar_shape(value) {
            shaped += 1;
            passing += u32::from(holds_aadhaar(value));
        }
    }
    verdict(shaped, passing)
}

/// The verdict on so many numbers of the shape, of which so many pass. By chance a tenth does, give or take three standard
/// deviations and one; of Aadhaar numbers nearly all do. Fewer than three numbers tell nothing and are taken for the worse.
fn verdict(shaped: u32, passing: u32) -> TwelveDigits {
    const CHANCE: f64 = 0.1;
    let count = f64::from(shaped);
    let by_chance_max = CHANCE * count + 3.0 * (CHANCE * (1.0 - CHANCE) * count).sqrt() + 1.0;
    if shaped >= 3 && passing * 3 <= shaped && f64::from(passing) <= by_chance_max {
        TwelveDigits::OfficeNumber
    } else {
        TwelveDigits::Aadhaar
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenth_is_chance_and_more_is_not() {
        for (shaped, passing) in [(3, 0), (3, 1), (20, 2), (20, 5), (5_000, 500), (5_000, 560)] {
            assert_eq!(verdict(shaped, passing), TwelveDigits::OfficeNumber, "{passing} of {shaped}");
        }
        for (shaped, passing) in [(0, 0), (1, 0), (1, 1), (2, 1), (3, 2), (3, 3), (20, 8), (5_000, 650), (5_000, 4_900)]
        {
            assert_eq!(verdict(shaped, passing), TwelveDigits::Aadhaar, "{passing} of {shaped}");
        }
    }
}

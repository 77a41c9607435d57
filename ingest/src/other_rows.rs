//! What the other row of a pair states: where bride and groom stand in two rows of one marriage, each row names one of them.
//!
//! All rows of a file are gone through before any is checked, so that neither their order nor their distance matters.

use std::collections::hash_map::Entry;
use std::hash::{DefaultHasher, Hasher as _};

use kanak_model::SourceSystem;
use rustc_hash::FxHashMap;

use crate::check::key_of;
use crate::connector::{self, RowRead};
use crate::error::IngestError;
use crate::input::Input;
use crate::plan::{Plan, PlannedOther, Rows};
use crate::raw_row::RawRow;

/// Longer words are of no use to another row and are not kept, in bytes.
const WORDS_BYTES_MAX: usize = 200;

/// The values of one file that its rows may take from each other.
#[derive(Debug, Default)]
pub(crate) struct OtherRows(Vec<Pairing>);

/// One pair of columns: the rows of the file by a hash of what they share.
#[derive(Debug)]
struct Pairing {
    columns: PlannedOther,
    groups: FxHashMap<[u64; 2], Group>,
}

/// The rows that share a text.
#[derive(Debug)]
enum Group {
    One(Party),
    Two(Party, Party),
    /// More than two, or one of them has no key: nobody can say which is the other.
    Several,
}

/// The rows of one key: one, unless the file repeats it.
#[derive(Debug)]
struct Party {
    key: u64,
    words: Words,
}

/// What a row states in the column that another may take.
#[derive(Debug, PartialEq, Eq)]
enum Words {
    Missing,
    Stated(Box<str>),
    /// Rows of one key state different words.
    Differing,
}

impl OtherRows {
    /// Reads through a file whose source says that rows take values from each other; does nothing for others. Rows whose key is
    /// `unheard` are passed over, as if they were not there.
    ///
    /// # Errors
    /// When the file as a whole cannot be used.
    pub(crate) fn gather(
        source: &SourceSystem,
        rows: Rows<'_>,
        input: &Input<'_>,
        unheard: &dyn Fn(&str) -> bool,
    ) -> Result<Self, IngestError> {
        let mut others = Self::default();
        if source.columns.iter().all(|column| column.where_empty.is_none()) {
            return Ok(others);
        }
        let mut reader = connector::open(input, &source.format)?;
        let plan = Plan::new(&input.name(), source, rows, &mut *reader)?;
        for columns in plan.columns.iter().filter_map(|column| column.where_empty) {
            if others.find_pairing(columns).is_none() {
                others.0.push(Pairing { columns, groups: FxHashMap::default() });
            }
        }
        reader.read_rows(&mut |read| {
            if let RowRead::Row(row) = read {
                let key = key_of(&plan, row);
                // A row that is not heard makes no pair either: what is left of its pair is found as it will be without it.
                if !key.as_deref().is_some_and(unheard) {
                    others.note(row, key.as_deref());
                }
            }
            Ok(())
        })?;
        Ok(others)
    }

    /// What the other row of this one's pair states, where there is exactly one other and it states something.
    pub(crate) fn find(&self, columns: PlannedOther, row: &RawRow, key: &str) -> Option<&str> {
        let shared = row.get(columns.same).trim();
        if shared.is_empty() {
            return None;
        }
        let Group::Two(first, second) = self.find_pairing(columns)?.groups.get(&hash_of(shared))? else { return None };
        let [key, _] = hash_of(key);
        let other = if first.key == key { second } else { first };
        match &other.words {
            Words::Stated(words) => Some(words),
            Words::Missing | Words::Differing => None,
        }
    }

    fn find_pairing(&self, columns: PlannedOther) -> Option<&Pairing> {
        self.0.iter().find(|pairing| pairing.columns == columns)
    }

    fn note(&mut self, row: &RawRow, key: Option<&str>) {
        for Pairing { columns, groups } in &mut self.0 {
            let shared = row.get(columns.same).trim();
            if shared.is_empty() {
                continue;
            }
            let party = key.map(|key| Party { key: hash_of(key)[0], words: Words::of(row.get(columns.take)) });
            match groups.entry(hash_of(shared)) {
                Entry::Occupied(mut group) => group.get_mut().note(party),
                Entry::Vacant(place) => {
                    place.insert(party.map_or(Group::Several, Group::One));
                }
            }
        }
    }
}

impl Group {
    /// Takes a row in. Which row came first makes no difference.
    fn note(&mut self, party: Option<Party>) {
        let Some(party) = party else {
            *self = Self::Several;
            return;
        };
        match self {
            Self::One(one) | Self::Two(one, _) if one.key == party.key => one.words.add(party.words),
            Self::Two(_, two) if two.key == party.key => two.words.add(party.words),
            Self::One(_) => {
                if let Self::One(one) = std::mem::replace(self, Self::Several) {
                    *self = Self::Two(one, party);
                }
            }
            Self::Two(..) | Self::Several => *self = Self::Several,
        }
    }
}

impl Words {
    fn of(text: &str) -> Self {
        let text = text.trim();
        if text.is_empty() || text.len() > WORDS_BYTES_MAX { Self::Missing } else { Self::Stated(text.into()) }
    }

    fn add(&mut self, more: Self) {
        match (&*self, more) {
            (_, Self::Missing) => {}
            (Self::Missing, more) => *self = more,
            (Self::Stated(words), Self::Stated(more)) if *words == more => {}
            _ => *self = Self::Differing,
        }
    }
}

/// A hash of 128 bits, the same in every run.
pub(crate) fn hash_of(text: &str) -> [u64; 2] {
    [1, 2].map(|seed: u8| {
        let mut hasher = DefaultHasher::new();
        hasher.write_u8(seed);
        hasher.write(text.as_bytes());
        hasher.finish()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every order of some numbers.
    fn orders(numbers: &[usize]) -> Vec<Vec<usize>> {
        if numbers.is_empty() {
            return vec![Vec::new()];
        }
        let with_first = |at: usize| {
            let mut rest = numbers.to_vec();
            let first = rest.remove(at);
            orders(&rest).into_iter().map(move |rest| [vec![first], rest].concat())
        };
        (0..numbers.len()).flat_map(with_first).collect()
    }

    /// What the rows of key `a` find, for (key, words) in every order.
    #[track_caller]
    fn check(rows: &[(&str, &str)], expected: Option<&str>) {
        for order in orders(&(0..rows.len()).collect::<Vec<_>>()) {
            let columns = PlannedOther { take: 1, same: 0 };
            let mut others = OtherRows(vec![Pairing { columns, groups: FxHashMap::default() }]);
            let row = |words: &str| {
                let mut row = RawRow::default();
                row.set(0, " M/1 ");
                row.set(1, words);
                row
            };
            for at in &order {
                let (key, words) = rows[*at];
                others.note(&row(words), (!key.is_empty()).then_some(key));
            }
            assert_eq!(others.find(columns, &row(""), "a"), expected, "{rows:?} in the order {order:?}");
        }
    }

    #[test]
    fn one_other_row_answers_in_any_order_and_none_or_several_do_not() {
        check(&[("a", "Asha")], None);
        check(&[("a", "Asha"), ("b", " Bir Singh ")], Some("Bir Singh"));
        check(&[("a", "Asha"), ("b", "")], None);
        check(&[("a", "Asha"), ("b", "Bir"), ("c", "Chand")], None);
        check(&[("a", "Asha"), ("b", "Bir"), ("c", "Bir")], None);
        check(&[("a", "Asha"), ("b", "Bir"), ("", "Chand")], None);
        check(&[("a", "Asha"), ("b", &"x".repeat(WORDS_BYTES_MAX + 1))], None);
    }

    #[test]
    fn a_key_that_stands_twice_is_one_row_and_must_not_contradict_itself() {
        check(&[("a", "Asha"), ("b", "Bir"), ("b", "Bir")], Some("Bir"));
        check(&[("a", "Asha"), ("a", ""), ("b", "Bir"), ("b", "")], Some("Bir"));
        check(&[("a", "Asha"), ("b", "Bir"), ("b", "Chand"), ("b", "Bir")], None);
        check(&[("a", "Asha"), ("a", "Anu"), ("a", "Asha")], None);
    }
}

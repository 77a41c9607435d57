//! Some rows of an index as columns of their own, without reading what they state anew.

use rustc_hash::FxHashMap;

use super::super::columns::{Column, Columns, MISSING, is_place, nearness_of};
use super::super::lexicon::Lexicon;
use super::Index;
use super::asked::Attribute;

impl Index {
    /// The columns of some rows, each named once: the same that [`super::super::columns::ColumnsBuilder`] makes of their source records.
    pub(crate) fn columns_of(&self, rows: &[u32]) -> Columns {
        let mut rows = rows.to_vec();
        let label = self.blocking.label();
        let place = self.attributes.iter().position(|attribute| is_place(attribute.field.kind)).or(label);
        let near = |row: u32, at: Option<usize>| at.map(|at| self.attributes[at].nearness(self.row(row)[at], self));
        // Where nothing names the entity, ranks alone decide.
        rows.sort_by_cached_key(|row| {
            let near = label.map(|_| (near(*row, label), near(*row, place)));
            (near, self.places[*row as usize], self.ids[*row as usize])
        });
        let mut lexicon = Lexicon::default();
        let of_lane = |(lane, attribute): (usize, &Attribute)| {
            let codes: Vec<u32> = rows.iter().map(|row| self.row(*row)[lane]).collect();
            attribute.column_of(codes, &self.lexicon, &mut lexicon)
        };
        let mut columns: Vec<Column> = self.attributes.iter().enumerate().map(of_lane).collect();
        for column in &mut columns {
            column.features.find_joined(&lexicon);
        }
        let ids: Vec<_> = rows.iter().map(|row| self.ids[*row as usize]).collect();
        let places = rows.iter().map(|row| self.places[*row as usize]).collect();
        let mut by_id: Vec<u32> = (0..ids.len() as u32).collect();
        by_id.sort_unstable_by_key(|row| ids[*row as usize]);
        let mut columns = Columns { ids, by_id, places, columns, lexicon };
        if let Some((sex, name)) = self.sex_from_name {
            columns.read_sex_from_name(sex, name);
        }
        columns
    }
}

impl Attribute {
    /// The column of rows that have these codes here.
    fn column_of(&self, mut codes: Vec<u32>, from: &Lexicon, into: &mut Lexicon) -> Column {
        let mut held: Vec<u32> = codes.iter().copied().filter(|code| *code != MISSING).collect();
        held.sort_unstable();
        held.dedup();
        held.sort_by_key(|code| self.texts.text(*code));
        let place: FxHashMap<u32, u32> = held.iter().enumerate().map(|(new, old)| (*old, new as u32)).collect();
        for code in codes.iter_mut().filter(|code| **code != MISSING) {
            *code = place[&*code];
        }
        let values: Vec<Box<str>> = held.iter().map(|code| self.texts.text(*code).into()).collect();
        let features = self.features_of(&held, from, into);
        Column { field: self.field.clone(), codes, values, features }
    }

    fn nearness(&self, code: u32, index: &Index) -> u32 {
        self.find(code).map_or(u32::MAX, |value| nearness_of(value, &index.lexicon))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kanak_model::builtin::ENTITY_MODELS;
    use kanak_model::entity_model::EntityModel;
    use kanak_model::id::SourceRecordId;
    use kanak_model::source_record::{Stated, Values};

    use super::super::super::columns::Rank;
    use super::super::super::rules::MatchRules;
    use super::super::super::train;
    use super::*;

    const NAMES: [&str; 6] = ["Gur Preet Singh Sidhu", "Gurpreet Sidhu", "Harjit Kaur", "Asha Devi", "ਗੁਰਪ੍ਰੀਤ ਸਿੰਘ", ""];
    const ADDRESSES: [&str; 4] =
        ["H No 12-B, Street 4, Model Town, Ludhiana 141002", "12/b model town", "VPO Raikot", ""];
    const BORN: [&str; 4] = ["1985-03-04", "1985", "1985-03", ""];
    const REGISTERS: [&str; 3] = ["food", "roll", ""];

    type Row = (SourceRecordId, Rank, Values);

    /// Statements of few people, some of whom state little.
    fn row(at: usize) -> Row {
        let mixed = at.wrapping_mul(0x9e37_79b9) >> 7;
        let stated = [
            ("full_name", NAMES[mixed % 6]),
            ("father_name", NAMES[mixed / 6 % 6]),
            ("address", ADDRESSES[mixed / 11 % 4]),
            ("village", ["Raikot", "Rai Kot", ""][mixed / 5 % 3]),
            ("date_of_birth", BORN[mixed / 7 % 4]),
            ("mobile", ["9814012345", "9814012346", ""][mixed / 13 % 3]),
        ];
        let stated = stated.into_iter().filter(|(_, value)| !value.is_empty());
        let values = stated.map(|(name, value)| (name.to_owned(), Stated::new(value, value))).collect();
        (SourceRecordId(at as i64), Rank::of(REGISTERS[mixed % 3], &format!("key {mixed}")), values)
    }

    fn columns<'r>(rules: &MatchRules, rows: impl Iterator<Item = &'r Row>) -> Columns {
        let mut builder = rules.columns();
        for (id, rank, values) in rows {
            builder.push(*id, *rank, values);
        }
        builder.finish()
    }

    #[test]
    fn columns_from_memory_are_those_of_the_source_records() {
        let rows: Vec<Row> = (0..160).map(row).collect();
        for (file, text) in ENTITY_MODELS {
            let rules = MatchRules::compile(&EntityModel::parse(file, text).unwrap()).unwrap();
            let rule_set = Arc::new(train(&rules, &columns(&rules, rows.iter()), 7));
            let mut index = Index::of(Arc::clone(&rule_set), columns(&rules, rows[..120].iter()));
            for (id, rank, values) in rows[100..].iter().rev() {
                index.insert_ranked(*id, *rank, values);
            }
            for step in [1, 3, 50, 400] {
                let some: Vec<&Row> = rows.iter().step_by(step).collect();
                let of_index: Vec<u32> = some.iter().rev().map(|(id, ..)| index.find(*id).unwrap()).collect();
                let (found, expected) = (index.columns_of(&of_index), columns(&rules, some.into_iter()));
                assert_eq!(format!("{found:?}"), format!("{expected:?}"), "each {step}th of {file}");
            }
            let (nothing, expected) = (index.columns_of(&[]), columns(&rules, std::iter::empty()));
            assert_eq!(format!("{nothing:?}"), format!("{expected:?}"));
        }
    }
}

//! Source records as columns of value codes, ready for matching.
//!
//! Each attribute is a column that holds, for each row, the code of its value; each distinct value stands there once, with
//! all that is computed from it. Values stand in their own order, and rows by the sounds of name and place, so that pairs that
//! are compared lie near each other in memory; rows of one sound stand in the order of their ranks, which follow from source
//! and key alone. So nothing depends on the order of arrival, and of some rows alone each stands before the same others.

use kanak_codes::identifiers::Gstin;
use kanak_model::entity_model::EntityModel;
use kanak_model::id::SourceRecordId;
use kanak_model::kind::Kind;
use kanak_model::source_record::Values;
use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::features::Features;
use super::hash;
use super::levels::{Texts, Value};
use super::lexicon::Lexicon;
use super::rules::{Field, SAME_REGISTER, fields_of};
use crate::standardize::name::Sex;

/// The code of a missing value.
pub(crate) const MISSING: u32 = u32::MAX;

/// Where a source record stands among others, from its source's name and its key: the same in every hub and in any order of
/// arrival, and in no other relation to what it says. Ids are given in the order of arrival, so that nothing may hang on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rank {
    place: u64,
    /// The hash of the register's name; 0 where it has none.
    register: u64,
}

impl Rank {
    /// The rank of a source record.
    pub fn of(source: &str, key: &str) -> Self {
        let register = if source.is_empty() { 0 } else { hash::of_text(source) };
        Self { place: hash::join(hash::of_text(source), hash::of_text(key)), register }
    }

    /// The place among others.
    pub(crate) fn place(self) -> u64 {
        self.place
    }

    /// The register as it stands in the column of registers; `None` where there is none.
    pub(crate) fn register_text(self) -> Option<String> {
        (self.register != 0).then(|| register_text(self.register))
    }
}

/// The values of one attribute.
#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) field: Field,
    /// Row to value code.
    pub(crate) codes: Vec<u32>,
    /// The distinct values, ascending.
    pub(crate) values: Vec<Box<str>>,
    pub(crate) features: Features,
}

impl Column {
    /// The value with a code.
    pub(crate) fn value(&self, code: u32) -> Value<'_> {
        Value { features: &self.features, texts: Texts::Of(&self.values), code }
    }
}

/// Source records as columns.
#[derive(Debug)]
pub struct Columns {
    /// Row to id.
    pub(crate) ids: Vec<SourceRecordId>,
    /// The rows, by ascending id.
    pub(crate) by_id: Vec<u32>,
    /// Row to the place of its rank.
    pub(crate) places: Vec<u64>,
    pub(crate) columns: Vec<Column>,
    pub(crate) lexicon: Lexicon,
}

/// Collects source records into [`Columns`].
#[derive(Debug)]
pub struct ColumnsBuilder {
    ids: Vec<SourceRecordId>,
    ranks: Vec<Rank>,
    columns: Vec<Growing>,
    /// The column that names the entity.
    label: Option<usize>,
    /// Where a missing sex is read from: (sex column, name column).
    sex_from_name: Option<(usize, usize)>,
    /// Where a missing PAN is read from: (PAN column, column of tax numbers).
    pan_from_gstin: Option<(usize, usize)>,
}

/// A column on its way: values are numbered as they come.
#[derive(Debug)]
pub(crate) struct Growing {
    field: Field,
    codes: Vec<u32>,
    known: FxHashMap<Box<str>, u32>,
}

impl Growing {
    pub(crate) fn of(field: Field) -> Self {
        Self { field, codes: Vec::new(), known: FxHashMap::default() }
    }

    /// Adds rows without a value.
    pub(crate) fn push_missing(&mut self, rows: usize) {
        self.codes.resize(self.codes.len() + rows, MISSING);
    }

    /// Adds a row with a value whose code is known.
    pub(crate) fn push_code(&mut self, code: u32) {
        self.codes.push(code);
    }

    fn push(&mut self, value: Option<&str>) {
        let code = match value.filter(|value| !value.is_empty()) {
            None => MISSING,
            Some(value) => self.code(value),
        };
        self.codes.push(code);
    }

    /// The code of a value, new or known.
    pub(crate) fn code(&mut self, value: &str) -> u32 {
        if let Some(code) = self.known.get(value) {
            return *code;
        }
        let code = self.known.len() as u32;
        self.known.insert(value.into(), code);
        code
    }

    /// Rows in the given order, values in their own; no features yet.
    fn finish(self, order: &[u32]) -> Column {
        let mut values: Vec<(Box<str>, u32)> = self.known.into_iter().collect();
        values.sort_unstable();
        let mut place = vec![0_u32; values.len()];
        for (new, (_, old)) in values.iter().enumerate() {
            place[*old as usize] = new as u32;
        }
        let new_code = |row: &u32| match self.codes[*row as usize] {
            MISSING => MISSING,
            old => place[old as usize],
        };
        let codes = order.iter().map(new_code).collect();
        let values: Vec<Box<str>> = values.into_iter().map(|(value, _)| value).collect();
        Column { field: self.field, codes, values, features: Features::Plain }
    }
}

impl Columns {
    /// Starts collecting source records of an entity: only what its matching reads is kept.
    pub fn builder(model: &EntityModel) -> ColumnsBuilder {
        Self::builder_for(&fields_of(model), &model.label)
    }

    pub(crate) fn builder_for(fields: &[Field], label: &str) -> ColumnsBuilder {
        let place = |wanted: &dyn Fn(&Field) -> bool| fields.iter().position(wanted);
        let sex = place(&|field| field.kind == Kind::Sex);
        let name = place(&|field| field.name == label && field.kind == Kind::PersonName);
        let columns = fields.iter().map(|field| Growing::of(field.clone())).collect();
        let label = place(&|field| field.name == label);
        let pan_from_gstin = pan_from_gstin(fields);
        ColumnsBuilder {
            ids: Vec::new(),
            ranks: Vec::new(),
            columns,
            label,
            sex_from_name: sex.zip(name),
            pan_from_gstin,
        }
    }

    /// How many source records there are.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The ids of the rows, in their order.
    pub fn ids(&self) -> &[SourceRecordId] {
        &self.ids
    }

    pub(crate) fn row(&self, id: SourceRecordId) -> Option<u32> {
        let place = self.by_id.binary_search_by_key(&id, |row| self.ids[*row as usize]).ok()?;
        Some(self.by_id[place])
    }

    /// The ids of a pair of rows, the smaller first.
    pub(crate) fn pair(&self, left: u32, right: u32) -> (SourceRecordId, SourceRecordId) {
        let (a, b) = (self.ids[left as usize], self.ids[right as usize]);
        (a.min(b), a.max(b))
    }

    pub(crate) fn find(&self, attribute: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.field.name == attribute)
    }
}

impl ColumnsBuilder {
    /// Adds a source record. Of an id that comes twice the later one stays.
    pub fn push(&mut self, id: SourceRecordId, rank: Rank, values: &Values) {
        self.push_with(id, rank, |attribute| values.find(attribute));
    }

    /// Adds a source record whose values are found by attribute.
    pub(crate) fn push_with<'v>(&mut self, id: SourceRecordId, rank: Rank, find: impl Fn(&str) -> Option<&'v str>) {
        self.push_row(id, rank);
        for column in &mut self.columns {
            let value = find(&column.field.name);
            column.push(value);
        }
    }

    /// Adds a source record whose values come with [`Self::set_columns`].
    pub(crate) fn push_row(&mut self, id: SourceRecordId, rank: Rank) {
        self.ids.push(id);
        self.ranks.push(rank);
    }

    /// Sets the values of all rows at once, in the order in which the rows were added.
    pub(crate) fn set_columns(&mut self, columns: Vec<Growing>) {
        self.columns = columns;
    }

    /// The columns, ready for matching.
    pub fn finish(mut self) -> Columns {
        if let Some((pan, gstin)) = self.pan_from_gstin {
            read_pan_from_gstin(&mut self.columns, pan, gstin);
        }
        let mut order: Vec<u32> = (0..self.ids.len() as u32).collect();
        order.sort_by_key(|row| (self.ids[*row as usize], std::cmp::Reverse(*row)));
        order.dedup_by_key(|row| self.ids[*row as usize]);
        order.sort_by_key(|row| (self.ranks[*row as usize], self.ids[*row as usize]));
        let mut columns: Vec<Column> = self.columns.into_par_iter().map(|column| column.finish(&order)).collect();
        columns.push(registers(order.iter().map(|row| self.ranks[*row as usize].register).collect()));
        let mut lexicon = Lexicon::default();
        for column in &mut columns {
            column.features = Features::of(column.field.kind, &column.values, &mut lexicon);
        }
        columns.par_iter_mut().for_each(|column| column.features.find_joined(&lexicon));
        if let Some(label) = self.label {
            let near = nearness(&columns, &lexicon, label);
            let mut rows: Vec<u32> = (0..order.len() as u32).collect();
            rows.sort_by_key(|row| near[*row as usize]);
            order = rows.iter().map(|row| order[*row as usize]).collect();
            columns.par_iter_mut().for_each(|column| {
                column.codes = rows.iter().map(|row| column.codes[*row as usize]).collect();
            });
        }
        let ids: Vec<SourceRecordId> = order.iter().map(|row| self.ids[*row as usize]).collect();
        let mut by_id: Vec<u32> = (0..ids.len() as u32).collect();
        by_id.sort_unstable_by_key(|row| ids[*row as usize]);
        let places = order.iter().map(|row| self.ranks[*row as usize].place).collect();
        let mut columns = Columns { ids, by_id, places, columns, lexicon };
        if let Some((sex, name)) = self.sex_from_name {
            columns.read_sex_from_name(sex, name);
        }
        columns
    }
}

/// The places of the PAN and of the tax number that contains it, where a record has one of each.
pub(crate) fn pan_from_gstin(fields: &[Field]) -> Option<(usize, usize)> {
    let only = |kind: Kind| {
        let mut found = fields.iter().enumerate().filter(|(_, field)| field.kind == kind).map(|(at, _)| at);
        found.next().filter(|_| found.next().is_none())
    };
    only(Kind::Pan).zip(only(Kind::Gstin))
}

/// The PAN within a tax number.
pub(crate) fn pan_in(gstin: &str) -> Option<&str> {
    let parsed = Gstin::parse(gstin).ok()?;
    (parsed.as_str() == gstin).then(|| &gstin[2..12])
}

/// Where no PAN is stated, the tax number gives it, so that one register's PAN meets another's tax number. Both stand for one
/// fact: a model puts them into one group.
fn read_pan_from_gstin(columns: &mut [Growing], pan: usize, gstin: usize) {
    let mut pans: Vec<Option<Box<str>>> = vec![None; columns[gstin].known.len()];
    for (text, code) in &columns[gstin].known {
        pans[*code as usize] = pan_in(text).map(Into::into);
    }
    for row in 0..columns[pan].codes.len() {
        let stated = columns[gstin].codes[row];
        if columns[pan].codes[row] == MISSING
            && stated != MISSING
            && let Some(text) = &pans[stated as usize]
        {
            columns[pan].codes[row] = columns[pan].code(text);
        }
    }
}

fn register_text(hash: u64) -> String {
    format!("{hash:016x}")
}

/// The register of each row as a column: whether two source records stand in one is evidence too.
fn registers(hashes: Vec<u64>) -> Column {
    let mut known: Vec<u64> = hashes.clone();
    known.sort_unstable();
    known.dedup();
    known.retain(|hash| *hash != 0);
    let code = |hash: &u64| known.binary_search(hash).map_or(MISSING, |place| place as u32);
    Column {
        field: Field { name: SAME_REGISTER.to_owned(), kind: Kind::Code },
        codes: hashes.iter().map(code).collect(),
        values: known.iter().map(|hash| register_text(*hash).into_boxed_str()).collect(),
        features: Features::Plain,
    }
}

/// By row: what rows are brought near each other by. First the sound of the name, then the place: most pairs that are compared
/// agree on both. By hashes, so that two rows stand in one order whatever other rows there are.
fn nearness(columns: &[Column], lexicon: &Lexicon, label: usize) -> Vec<u64> {
    let by_value = |column: &Column| -> Vec<u32> {
        (0..column.values.len() as u32).map(|code| nearness_of(column.value(code), lexicon)).collect()
    };
    let name = &columns[label];
    let place = columns.iter().find(|column| is_place(column.field.kind)).unwrap_or(name);
    let (names, places) = (by_value(name), by_value(place));
    let of = |values: &[u32], code: u32| values.get(code as usize).copied().unwrap_or(u32::MAX);
    let rows = name.codes.iter().zip(&place.codes);
    rows.map(|(name, place)| u64::from(of(&names, *name)) << 32 | u64::from(of(&places, *place))).collect()
}

/// Whether rows are brought near each other by what is stated of this kind.
pub(crate) fn is_place(kind: Kind) -> bool {
    matches!(kind, Kind::PlaceName | Kind::Pin | Kind::Address)
}

/// What values are brought near each other by: the sound of the first word, or the text.
pub(crate) fn nearness_of(value: Value<'_>, lexicon: &Lexicon) -> u32 {
    let sound = value.features.words().and_then(|words| words.first_sound(value.code));
    (sound.map_or_else(|| hash::of_text(value.text()), |sound| lexicon.sound_hash(sound)) >> 32) as u32
}

impl Columns {
    /// Where no sex is stated, a name that implies one by custom (Singh, Kaur) gives it, so that both are counted once.
    pub(crate) fn read_sex_from_name(&mut self, sex: usize, name: usize) {
        let Some(words) = self.columns[name].features.words() else { return };
        let implied: Vec<Option<&'static str>> = self.columns[name]
            .codes
            .iter()
            .map(|code| words.sexes.get(*code as usize).copied().flatten().map(Sex::code))
            .collect();
        let column = &mut self.columns[sex];
        for code in ["F", "M"] {
            if let Err(place) = column.values.binary_search_by(|value| (**value).cmp(code)) {
                column.values.insert(place, code.into());
                for held in column.codes.iter_mut().filter(|held| **held != MISSING && **held >= place as u32) {
                    *held += 1;
                }
            }
        }
        let code_of =
            |wanted: &str| column.values.binary_search_by(|value| (**value).cmp(wanted)).map_or(MISSING, |p| p as u32);
        let (female, male) = (code_of("F"), code_of("M"));
        for (held, implied) in column.codes.iter_mut().zip(implied) {
            if *held == MISSING {
                *held = match implied {
                    Some("F") => female,
                    Some("M") => male,
                    _ => MISSING,
                };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kanak_model::builtin::ENTITY_MODELS;
    use kanak_model::source_record::Stated;

    fn ranked(place: u64) -> Rank {
        Rank { place, register: 0 }
    }

    fn citizen() -> EntityModel {
        EntityModel::parse("citizen.toml", ENTITY_MODELS[0].1).unwrap()
    }

    fn values(pairs: &[(&str, &str)]) -> Values {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), Stated::new(*value, value))).collect()
    }

    #[test]
    fn rows_and_values_have_their_own_order_whatever_the_order_of_arrival() {
        let rows = [
            (2, values(&[("full_name", "Harjit Kaur"), ("sex", "F")])),
            (1, values(&[("full_name", "Gurpreet Singh")])),
            (3, values(&[("full_name", "Gurpreet Singh"), ("mobile", "")])),
        ];
        let build = |order: [usize; 3]| {
            let mut builder = Columns::builder(&citizen());
            for at in order {
                builder.push(SourceRecordId(rows[at].0), ranked(rows[at].0 as u64), &rows[at].1);
            }
            builder.finish()
        };
        let (one, other) = (build([0, 1, 2]), build([2, 0, 1]));
        assert_eq!(one.ids(), other.ids());
        let name = one.find("full_name").unwrap();
        assert_eq!(one.ids(), [1, 3, 2].map(SourceRecordId), "what sounds alike stands together, by rank");
        assert_eq!(name.codes, [0, 0, 1]);
        assert_eq!(name.codes, other.find("full_name").unwrap().codes);
        assert_eq!(one.find("mobile").unwrap().codes, [MISSING; 3]);
    }

    #[test]
    fn rows_stand_by_rank_and_are_found_by_id() {
        let mut builder = Columns::builder(&citizen());
        for (id, rank) in [(1, 30), (2, 10), (3, 20)] {
            builder.push(SourceRecordId(id), ranked(rank), &values(&[("full_name", "Asha")]));
        }
        let columns = builder.finish();
        assert_eq!(columns.ids(), [2, 3, 1].map(SourceRecordId));
        assert_eq!([1, 2, 3, 4].map(|id| columns.row(SourceRecordId(id))), [Some(2), Some(0), Some(1), None]);
        assert_eq!(columns.pair(0, 2), (SourceRecordId(1), SourceRecordId(2)));
    }

    #[test]
    fn a_missing_sex_is_read_from_singh_and_kaur() {
        let mut builder = Columns::builder(&citizen());
        for (id, name, sex) in
            [(1, "Gurpreet Singh", ""), (2, "Gurpreet Kaur", ""), (3, "Gurpreet", "X"), (4, "Noor", "")]
        {
            builder.push(SourceRecordId(id), ranked(id as u64), &values(&[("full_name", name), ("sex", sex)]));
        }
        let columns = builder.finish();
        let sex = columns.find("sex").unwrap();
        let read: Vec<&str> =
            sex.codes.iter().map(|code| sex.values.get(*code as usize).map_or("", |value| value)).collect();
        assert_eq!(read, ["M", "F", "X", ""]);
    }
    #[test]
    fn of_an_id_that_comes_twice_the_later_stays() {
        let mut builder = Columns::builder(&citizen());
        builder.push(SourceRecordId(1), ranked(1), &values(&[("full_name", "Old")]));
        builder.push(SourceRecordId(1), ranked(1), &values(&[("full_name", "New")]));
        let columns = builder.finish();
        assert_eq!(columns.len(), 1);
        let name = columns.find("full_name").unwrap();
        assert_eq!(&*name.values[name.codes[0] as usize], "New");
    }
}

//! Search before create: golden records in memory, and the ones a query may speak of, in the blink of an eye.
//!
//! A query goes the way of a batch. Its keys under the blocking rules lead to the rows that share one, and those are weighed:
//! to the bit as [`RuleSet::weigh`] weighs them. So what is found here is what a batch would find, and the same rule set decides
//! both.
//!
//! Values stand once each, with what is computed from them; a row is a run of their codes. Rows that are inserted go into a tail
//! beside the table of keys, and rows that are removed stay in it as dead ones, until [`Index::rebuild`] makes one table of all.

mod asked;
mod blocks;
mod incremental;
mod kept;
mod partners;
mod postings;
mod some;
mod weigh;

use std::sync::Arc;

use kanak_model::id::SourceRecordId;
use kanak_model::kind::Kind;
use kanak_model::source_record::Values;
use rustc_hash::FxHashMap;

use super::agreed::Agreed;
use super::columns::{Columns, MISSING, Rank, pan_from_gstin, pan_in};
use super::keys::Entry;
use super::lexicon::Lexicon;
use super::rule_set::RuleSet;
use super::rules::SAME_REGISTER;
use asked::{Asked, Attribute, implied_sex};
use blocks::{Blocking, Given};
pub use incremental::{Around, Incremental};
pub(crate) use kept::{Kept, make_room};
use postings::Postings;
use weigh::Scales;

/// At most so many rows are weighed for one query. Small blocks come first, since they tell most.
pub const CANDIDATES_MAX: usize = 4096;

/// Golden records, ready to be searched under one rule set.
#[derive(Debug)]
pub struct Index {
    rule_set: Arc<RuleSet>,
    attributes: Vec<Attribute>,
    lexicon: Arc<Lexicon>,
    /// Row by row, the code of the value of each attribute.
    codes: Vec<u32>,
    /// Row to id.
    ids: Vec<SourceRecordId>,
    /// Row to the place of its rank.
    places: Vec<u64>,
    /// The rows of the table, by ascending id.
    by_id: Vec<u32>,
    /// The living rows of the tail.
    tail: FxHashMap<SourceRecordId, u32>,
    /// Which rows are dead, bit by bit.
    dead: Vec<u64>,
    dead_rows: usize,
    blocking: Blocking,
    /// By key of a rule, and by name borne: rows.
    blocks: Postings,
    /// By key of a part of a name: codes of names.
    names: Postings,
    scales: Scales,
    /// Where a missing sex is read from: the places of the sex and of the name.
    sex_from_name: Option<(usize, usize)>,
    /// Where a missing PAN is read from: the attributes of the PAN and of the tax number.
    pan_from_gstin: Option<(String, String)>,
    /// Which registers may stand together, where they need an agreement; and the place of the register.
    agreed: Option<(Agreed, usize)>,
}

/// A golden record that a query may speak of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Found {
    /// Its id.
    pub id: SourceRecordId,
    /// Match weight in bits, without the prior.
    pub weight_bits: f64,
    /// Match probability, 0..=1, with the prior in.
    pub probability: f64,
}

/// What a search found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Searched {
    /// The heaviest, first; of the same weight, the lower id first.
    pub found: Vec<Found>,
    /// How many golden records were weighed.
    pub compared: usize,
    /// How many entries of too large blocks were not looked at. A golden record stands in several blocks and is counted in each.
    pub passed_over: usize,
}

impl Index {
    /// Makes an index of golden records.
    pub fn of(rule_set: Arc<RuleSet>, columns: Columns) -> Self {
        let blocking = Blocking::of(&rule_set, &columns);
        let mut scales = Scales::of(&rule_set, &columns);
        let place = |kind: Kind| columns.columns.iter().position(|column| column.field.kind == kind);
        let label = blocking.label().filter(|at| columns.columns[*at].field.kind == Kind::PersonName);
        let sex_from_name = place(Kind::Sex).zip(label);
        let register = columns.columns.iter().position(|column| column.field.name == SAME_REGISTER);
        let agreed = rule_set.agreed.as_ref().map(Agreed::of).zip(register);
        let fields = &rule_set.rules.fields;
        let pan_from_gstin =
            pan_from_gstin(fields).map(|(pan, gstin)| (fields[pan].name.clone(), fields[gstin].name.clone()));
        let Columns { ids, by_id, places, columns, mut lexicon } = columns;
        let lanes = columns.len();
        let mut codes = vec![MISSING; ids.len() * lanes];
        let mut attributes = Vec::with_capacity(lanes);
        for (lane, column) in columns.into_iter().enumerate() {
            for (slot, code) in codes.iter_mut().skip(lane).step_by(lanes).zip(&column.codes) {
                *slot = *code;
            }
            attributes.push(Attribute::of(column, &mut lexicon));
        }
        scales.hear(&rule_set, &lexicon);
        let dead = vec![0; ids.len().div_ceil(64)];
        let mut index = Self {
            rule_set,
            attributes,
            lexicon: Arc::new(lexicon),
            codes,
            ids,
            places,
            by_id,
            tail: FxHashMap::default(),
            dead,
            dead_rows: 0,
            blocking,
            blocks: Postings::default(),
            names: Postings::default(),
            scales,
            sex_from_name,
            pan_from_gstin,
            agreed,
        };
        index.blocks = Postings::of(index.block_entries());
        index.names = Postings::of(index.name_entries());
        index
    }

    /// How many golden records it holds.
    pub fn len(&self) -> usize {
        self.ids.len() - self.dead_rows
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many rows stand in the tail or are dead: what searches pay for until all are read anew.
    pub fn unsettled(&self) -> usize {
        self.ids.len() - self.by_id.len() + self.dead_rows
    }

    /// The golden records that a statement may speak of, the heaviest first, at most `limit`; `register` is empty where it is not
    /// known. Whatever shares a block with it is weighed, up to [`CANDIDATES_MAX`].
    ///
    /// A statement that shares no block with anyone, as a bare name does, is looked up by its name too; and so is one of which nobody who
    /// shares a block is doubtful or better, where it states little: what is wrong in it may be all that it shares with anyone.
    pub fn search(&self, values: &Values, register: &str, limit: usize) -> Searched {
        let register = Rank::of(register, "").register_text();
        let mut asked = Asked::of(&self.attributes, &self.lexicon, |attribute| {
            if attribute == SAME_REGISTER {
                register.as_deref()
            } else {
                stated(self.pan_from_gstin.as_ref(), values, attribute)
            }
        });
        let stated = asked.stated();
        if let Some((sex, name)) = self.sex_from_name {
            asked.read_sex_from_name(&self.attributes, sex, name);
        }
        let mut given = Given::default();
        let mut keys = Vec::new();
        self.blocking.give(&asked.lexicon, |at| asked.find(&self.attributes, at), &mut given);
        self.blocking.blocks(&given, &mut keys);
        let mut blocks: Vec<[&[u32]; 2]> = keys.iter().map(|key| self.blocks.find(*key)).collect();
        blocks.sort_by_key(|[table, tail]| table.len() + tail.len());
        let (mut rows, passed_over) = gather(&blocks);
        rows.retain(|row| !self.is_dead(*row));
        let found = self.weigh(&asked, &rows, limit, passed_over);
        let review = self.rule_set.rules.thresholds.review;
        if found.found.first().is_some_and(|best| best.probability >= review) {
            return found;
        }
        // Who states much shares a block with the one it speaks of, but for one in hundreds.
        if stated > SPARSE_MAX && !rows.is_empty() {
            return found;
        }
        let enough = if stated <= 1 { limit.max(BEARERS_MIN) } else { CANDIDATES_MAX };
        let (bearers, more) = self.find_bearers(&asked, enough);
        rows.extend(bearers);
        rows.sort_unstable();
        rows.dedup();
        self.weigh(&asked, &rows, limit, passed_over + more)
    }

    /// Looks a query up by its name: whoever shares its given name or surname, by sound. Names that share both come first; the
    /// bearers of the likest are given until there are enough, with the count of what was passed over.
    fn find_bearers(&self, asked: &Asked<'_>, enough: usize) -> (Vec<u32>, usize) {
        let nothing = (Vec::new(), 0);
        let mut passed_over = 0;
        let Some(at) = self.blocking.label() else { return nothing };
        let Some(name) = asked.find(&self.attributes, at) else { return nothing };
        let parts: Vec<Vec<u32>> = self
            .blocking
            .names(&asked.lexicon, name)
            .iter()
            .map(|keys| {
                let mut names: Vec<u32> =
                    keys.iter().flat_map(|key| self.names.find(*key)).flatten().copied().collect();
                names.sort_unstable();
                names.dedup();
                names
            })
            .collect();
        let mut names: Vec<u32> = Vec::new();
        if let [given, surname] = parts.as_slice() {
            names.extend(given.iter().filter(|name| surname.binary_search(*name).is_ok()));
        }
        let both = names.len();
        let more: Vec<u32> =
            parts.iter().flatten().filter(|name| names[..both].binary_search(name).is_err()).copied().collect();
        names.extend(more);
        // The name itself is among those that are compared, however many there are.
        if let Some(place) = asked.known(at).and_then(|known| names.iter().position(|name| *name == known)) {
            names.swap(0, place);
        }
        passed_over += names.len().saturating_sub(CANDIDATES_MAX);
        names.truncate(CANDIDATES_MAX);
        let weigher = self.scales.weigher(&self.rule_set, &self.attributes, asked);
        let mut ranked: Vec<(f64, u32)> = names.iter().map(|name| (weigher.name_bits(at, *name), *name)).collect();
        ranked.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let mut rows: Vec<u32> = Vec::new();
        for (at, (_, name)) in ranked.iter().enumerate() {
            if rows.len() >= enough {
                passed_over += ranked.len() - at;
                break;
            }
            let bearers = self.blocks.find(Blocking::bearers(*name));
            let living = bearers.into_iter().flatten().copied().filter(|row| !self.is_dead(*row));
            let before = rows.len();
            rows.extend(living);
            let over = rows.len().saturating_sub(CANDIDATES_MAX.max(before));
            passed_over += over;
            rows.truncate(rows.len() - over);
        }
        (rows, passed_over)
    }

    fn weigh(&self, asked: &Asked<'_>, rows: &[u32], limit: usize, passed_over: usize) -> Searched {
        let weigher = self.scales.weigher(&self.rule_set, &self.attributes, asked);
        let weighed = |row: &u32| {
            let weight_bits = weigher.weight_bits(self.row(*row));
            Found { id: self.ids[*row as usize], weight_bits, probability: self.scales.probability(weight_bits) }
        };
        let mut found: Vec<Found> = rows.iter().map(weighed).collect();
        found.sort_unstable_by(|a, b| b.weight_bits.total_cmp(&a.weight_bits).then(a.id.cmp(&b.id)));
        found.truncate(limit);
        Searched { found, compared: rows.len(), passed_over }
    }

    /// Adds a golden record. One that is held under this id already is replaced.
    pub fn insert(&mut self, id: SourceRecordId, register: &str, values: &Values) {
        self.insert_ranked(id, Rank::of(register, ""), values);
    }

    /// The same, of a source record that is to be matched as well: its rank says of which register it is, and where it stands.
    pub(crate) fn insert_ranked(&mut self, id: SourceRecordId, rank: Rank, values: &Values) {
        self.remove(id);
        let row = self.ids.len() as u32;
        let register = rank.register_text();
        let lexicon = Arc::make_mut(&mut self.lexicon);
        let mut codes = Vec::with_capacity(self.attributes.len());
        for attribute in &mut self.attributes {
            let name = attribute.field.name.as_str();
            let text = if name == SAME_REGISTER {
                register.as_deref()
            } else {
                stated(self.pan_from_gstin.as_ref(), values, name)
            };
            codes.push(match text.filter(|text| !text.is_empty()) {
                Some(text) => attribute.intern(text, lexicon),
                None => MISSING,
            });
        }
        if let Some((sex, name)) = self.sex_from_name
            && codes[sex] == MISSING
            && let Some(code) = self.attributes[name].find(codes[name]).and_then(implied_sex)
        {
            codes[sex] = self.attributes[sex].intern(code, lexicon);
        }
        self.scales.hear(&self.rule_set, &self.lexicon);
        make_room(&mut self.codes, codes.len());
        self.codes.extend_from_slice(&codes);
        make_room(&mut self.ids, 1);
        self.ids.push(id);
        make_room(&mut self.places, 1);
        self.places.push(rank.place());
        self.dead.resize(self.ids.len().div_ceil(64), 0);
        self.tail.insert(id, row);
        let mut keys = Vec::new();
        self.blocks_of(row, &mut Given::default(), &mut keys);
        for key in keys {
            self.blocks.push(key, row);
        }
        if let Some(at) = self.blocking.label()
            && let Some(name) = self.attributes[at].find(codes[at])
        {
            let bearers = Blocking::bearers(codes[at]);
            let is_first = self.blocks.find(bearers).iter().all(|rows| rows.is_empty());
            let keys = if is_first { self.blocking.names(&self.lexicon, name) } else { Vec::new() };
            for key in keys.into_iter().flatten() {
                self.names.push(key, codes[at]);
            }
            self.blocks.push(bearers, row);
        }
    }

    /// Takes a golden record out; whether it was there.
    pub fn remove(&mut self, id: SourceRecordId) -> bool {
        let row = self.find(id);
        if let Some(row) = row {
            self.tail.remove(&id);
            self.dead[row as usize / 64] |= 1 << (row % 64);
            self.dead_rows += 1;
        }
        row.is_some()
    }

    /// The living row of a golden record.
    fn find(&self, id: SourceRecordId) -> Option<u32> {
        self.tail.get(&id).copied().or_else(|| {
            let place = self.by_id.binary_search_by_key(&id, |row| self.ids[*row as usize]).ok()?;
            Some(self.by_id[place]).filter(|row| !self.is_dead(*row))
        })
    }

    /// The living rows whose weight with a row reaches `floor`: of all that share a block with it, however many there are. `compared`
    /// hears how many those are before any of them is weighed, and says whether they shall be.
    fn partners(&self, row: u32, floor: f64, compared: impl FnOnce(usize) -> bool) -> Vec<u32> {
        let mut keys = Vec::new();
        self.blocks_of(row, &mut Given::default(), &mut keys);
        let mut rows: Vec<u32> = keys.iter().flat_map(|key| self.blocks.find(*key)).flatten().copied().collect();
        rows.sort_unstable();
        rows.dedup();
        rows.retain(|other| *other != row && !self.is_dead(*other) && self.may_stand_together(row, *other));
        if !compared(rows.len()) {
            return Vec::new();
        }
        let asked = Asked::of_row(self.row(row), &self.lexicon);
        let weigher = self.scales.weigher(&self.rule_set, &self.attributes, &asked);
        rows.retain(|other| weigher.weight_bits(self.row(*other)) >= floor);
        rows
    }

    /// Whether the registers of two rows may stand together in one golden record.
    fn may_stand_together(&self, one: u32, other: u32) -> bool {
        let Some((agreed, at)) = &self.agreed else { return true };
        let register = |row: u32| self.attributes[*at].find(self.row(row)[*at]);
        register(one).zip(register(other)).is_some_and(|(one, other)| agreed.allows(one.text(), other.text()))
    }

    /// Bytes held, of everything but the rule set.
    pub fn bytes(&self) -> usize {
        let of_attributes: usize = self.attributes.iter().map(Attribute::bytes).sum();
        let of_ids = self.ids.capacity() * size_of::<SourceRecordId>() + self.by_id.capacity() * size_of::<u32>();
        let of_tail = self.tail.capacity() * (size_of::<(SourceRecordId, u32)>() + 1);
        let of_rows = self.codes.capacity() * size_of::<u32>()
            + (self.places.capacity() + self.dead.capacity()) * size_of::<u64>();
        let of_blocks = self.blocks.bytes() + self.blocking.bytes() + self.names.bytes();
        of_attributes + of_ids + of_tail + of_rows + of_blocks + self.lexicon.bytes() + self.scales.bytes()
    }

    fn row(&self, row: u32) -> &[u32] {
        let lanes = self.attributes.len();
        &self.codes[row as usize * lanes..(row as usize + 1) * lanes]
    }

    fn is_dead(&self, row: u32) -> bool {
        self.dead[row as usize / 64] >> (row % 64) & 1 == 1
    }

    fn blocks_of(&self, row: u32, given: &mut Given, keys: &mut Vec<u64>) {
        let codes = self.row(row);
        self.blocking.give(&self.lexicon, |at| self.attributes[at].find(codes[at]), given);
        self.blocking.blocks(given, keys);
    }

    /// Each row under the keys of its blocks and under its name.
    fn block_entries(&self) -> Vec<Entry> {
        let mut entries = Vec::new();
        let (mut given, mut keys) = (Given::default(), Vec::new());
        let label = self.blocking.label();
        for row in 0..self.ids.len() as u32 {
            self.blocks_of(row, &mut given, &mut keys);
            entries.extend(keys.iter().map(|key| Entry::of(*key, row)));
            let name = label.map_or(MISSING, |at| self.row(row)[at]);
            entries.extend((name != MISSING).then(|| Entry::of(Blocking::bearers(name), row)));
        }
        entries
    }

    /// Each name under the keys of its parts.
    fn name_entries(&self) -> Vec<Entry> {
        let Some(attribute) = self.blocking.label().map(|at| &self.attributes[at]) else { return Vec::new() };
        let keys_of = |code: u32| {
            let keys = self.blocking.names(&self.lexicon, attribute.value(code));
            keys.into_iter().flatten().map(move |key| Entry::of(key, code))
        };
        (0..attribute.texts.len() as u32).flat_map(keys_of).collect()
    }
}

/// What a statement says of an attribute; where it says nothing of a PAN, the one within its tax number. An empty PAN says that there is
/// none to be read.
fn stated<'v>(pan_from_gstin: Option<&(String, String)>, values: &'v Values, attribute: &str) -> Option<&'v str> {
    values.find(attribute).or_else(|| {
        let (_, gstin) = pan_from_gstin.filter(|(pan, _)| pan == attribute)?;
        pan_in(values.find(gstin)?)
    })
}

/// So many bearers of the likest names are weighed where a bare name is asked for, since nothing else tells them apart.
const BEARERS_MIN: usize = 64;
/// A statement of more attributes than these is looked up by its name only where nobody shares a block with it.
const SPARSE_MAX: usize = 4;

/// The rows of blocks, each once, ascending, and how many entries were passed over.
fn gather(blocks: &[[&[u32]; 2]]) -> (Vec<u32>, usize) {
    let mut rows = Vec::new();
    let mut passed_over = 0;
    for block in blocks {
        for part in block {
            if rows.len() + part.len() > CANDIDATES_MAX {
                rows.sort_unstable();
                rows.dedup();
            }
            let taken = part.len().min(CANDIDATES_MAX.saturating_sub(rows.len()));
            rows.extend_from_slice(&part[..taken]);
            passed_over += part.len() - taken;
        }
    }
    rows.sort_unstable();
    rows.dedup();
    (rows, passed_over)
}

//! Blocking keys: what each value gives for one key of a rule, as lasting hashes.

use kanak_model::entity_model::{BlockingKey, BlockingRule, KeyFunction, KeyPart};
use kanak_model::kind::Kind;
use rayon::prelude::*;

use super::columns::{Column, Columns, MISSING};
use super::features::{DateParts, Features, Item};
use super::hash;
use super::levels::{Method, Value};
use super::lexicon::Lexicon;
use super::rules::{MatchRules, SAME_REGISTER};
use super::words::Role;
use crate::standardize::phonetic;

/// For each value, no key, one, or several (ascending): offsets into one list.
#[derive(Debug, Default)]
pub(crate) struct RowKeys {
    offsets: Vec<u32>,
    keys: Vec<u64>,
}

impl RowKeys {
    pub(crate) fn of(&self, row: u32) -> &[u64] {
        let row = row as usize;
        &self.keys[self.offsets[row] as usize..self.offsets[row + 1] as usize]
    }

    /// Collects keys row by row.
    pub(crate) fn collect(rows: usize, mut keys_of: impl FnMut(u32, &mut Vec<u64>)) -> Self {
        let mut all = Self { offsets: Vec::with_capacity(rows + 1), keys: Vec::with_capacity(rows) };
        all.offsets.push(0);
        let mut buffer = Vec::new();
        for row in 0..rows as u32 {
            buffer.clear();
            keys_of(row, &mut buffer);
            buffer.sort_unstable();
            buffer.dedup();
            all.keys.extend_from_slice(&buffer);
            all.offsets.push(all.keys.len() as u32);
        }
        all
    }
}

/// One key of a rule, computed for every distinct value of its column.
#[derive(Debug)]
pub(crate) struct ValueKeys<'c> {
    key: BlockingKey,
    column: &'c Column,
    by_value: RowKeys,
}

impl ValueKeys<'_> {
    /// The keys that a row gives.
    pub(crate) fn of(&self, row: u32) -> &[u64] {
        match self.column.codes[row as usize] {
            MISSING => &[],
            code => self.by_value.of(code),
        }
    }
}

/// The keys that rules block by and refine by, each computed once.
#[derive(Debug)]
pub(crate) struct AllKeys<'c>(Vec<ValueKeys<'c>>);

impl<'c> AllKeys<'c> {
    /// Computes the keys of all rules and those by which their oversized blocks are refined.
    pub(crate) fn of(rules: &MatchRules, columns: &'c Columns) -> Self {
        let mut wanted: Vec<BlockingKey> = Vec::new();
        let named = rules.blocking.iter().flat_map(|rule| rule.keys.iter().cloned());
        for key in named.chain(refining(rules, columns)) {
            if !wanted.contains(&key) {
                wanted.push(key);
            }
        }
        let keys = wanted.into_par_iter().filter_map(|key| {
            let column = columns.find(&key.attribute)?;
            let by_value = of_values(column, &columns.lexicon, &key);
            Some(ValueKeys { key, column, by_value })
        });
        Self(keys.collect())
    }

    /// The distinct keys of the rules, to ask on which of them two rows agree.
    pub(crate) fn agreements(&self, rules: &MatchRules) -> Agreements<'_> {
        let distinct = distinct(rules);
        let bit = |key: &BlockingKey| distinct.iter().position(|known| *known == key).map_or(0, |at| 1 << at);
        Agreements {
            keys: distinct.iter().map(|key| self.find(key)).collect(),
            rules: rules.blocking.iter().map(|rule| rule.keys.iter().fold(0, |bits, key| bits | bit(key))).collect(),
        }
    }

    fn find(&self, key: &BlockingKey) -> Option<&ValueKeys<'c>> {
        self.0.iter().find(|known| known.key == *key)
    }

    /// The keys of a whole rule, with their rows: one for each combination of its keys' values; none where one is missing.
    pub(crate) fn of_rule(&self, rule: &BlockingRule, place: usize, rows: usize) -> Vec<Entry> {
        let parts: Option<Vec<&ValueKeys<'_>>> = rule.keys.iter().map(|key| self.find(key)).collect();
        let Some(parts) = parts else { return Vec::new() };
        let start = start(place);
        let mut entries = Vec::new();
        let mut combined = Vec::new();
        for row in 0..rows as u32 {
            combine(start, parts.iter().map(|part| part.of(row)), &mut combined);
            entries.extend(combined.iter().map(|key| Entry::of(*key, row)));
        }
        entries
    }

    /// The keys by which an oversized block of a rule may be refined: what the comparisons read and the rule does not.
    pub(crate) fn further(&self, rules: &MatchRules, columns: &Columns, rule: &BlockingRule) -> Vec<&ValueKeys<'c>> {
        further(rules, columns, rule).filter_map(|key| self.find(&key)).collect()
    }
}

/// The distinct keys of some rules, with a bit for each.
#[derive(Debug)]
pub(crate) struct Agreements<'k> {
    /// One entry a key; `None` where its attribute has no column.
    keys: Vec<Option<&'k ValueKeys<'k>>>,
    /// By rule, the bits of the keys it needs.
    pub(crate) rules: Vec<u64>,
}

impl Agreements<'_> {
    /// The bits of the keys on which two rows agree.
    pub(crate) fn of(&self, left: u32, right: u32) -> u64 {
        let agrees = |keys: Option<&ValueKeys<'_>>| {
            keys.is_some_and(|keys| keys.of(left).iter().any(|one| keys.of(right).contains(one)))
        };
        self.keys.iter().enumerate().fold(0, |bits, (at, keys)| bits | u64::from(agrees(*keys)) << at)
    }
}

/// What the keys of the rule at a place begin with.
pub(crate) fn start(place: usize) -> u64 {
    hash::mix(place as u64 + 1)
}

/// One key for each combination of what the parts of a rule give; none where one gives nothing.
pub(crate) fn combine<'k>(start: u64, parts: impl Iterator<Item = &'k [u64]>, combined: &mut Vec<u64>) {
    combined.clear();
    combined.push(start);
    for part in parts {
        let [first, more @ ..] = part else {
            combined.clear();
            return;
        };
        let before = combined.len();
        for other in more {
            for at in 0..before {
                combined.push(hash::join(combined[at], *other));
            }
        }
        combined[..before].iter_mut().for_each(|key| *key = hash::join(*key, *first));
    }
}

/// The distinct keys of all rules, at most as many as a word has bits.
fn distinct(rules: &MatchRules) -> Vec<&BlockingKey> {
    let mut all: Vec<&BlockingKey> = Vec::new();
    for key in rules.blocking.iter().flat_map(|rule| &rule.keys) {
        if !all.contains(&key) && all.len() < 64 {
            all.push(key);
        }
    }
    all
}

/// A row with one of its keys in a word of the machine: rows of one key stand together when entries are sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Entry(u64);

impl Entry {
    /// So many bits hold the row; the others are the key's.
    pub(crate) const ROW_BITS: u32 = 28;
    /// So many rows have numbers.
    pub(crate) const ROWS_MAX: usize = 1 << Self::ROW_BITS;

    /// Of the key its highest bits count. Two keys that share them share a block, which costs a comparison and nothing else.
    pub(crate) fn of(key: u64, row: u32) -> Self {
        Self(key >> Self::ROW_BITS << Self::ROW_BITS | u64::from(row))
    }

    pub(crate) fn key(self) -> u64 {
        self.0 >> Self::ROW_BITS << Self::ROW_BITS
    }

    pub(crate) fn row(self) -> u32 {
        (self.0 & ((1 << Self::ROW_BITS) - 1)) as u32
    }
}

/// The keys by which an oversized block of a rule may be refined: what the comparisons read and the rule does not.
pub(crate) fn further<'a>(
    rules: &'a MatchRules,
    columns: &'a Columns,
    rule: &'a BlockingRule,
) -> impl Iterator<Item = BlockingKey> + 'a {
    let used = |key: &BlockingKey| rule.keys.iter().any(|own| own.attribute == key.attribute && own.part == key.part);
    refining(rules, columns).filter(move |key| !used(key)).take(FURTHER_MAX)
}

/// So many further keys part an oversized block, the first of the model. A row stands in as many parts as there are ways to choose a few
/// of them, and rows that are all equal stand in all of these together.
const FURTHER_MAX: usize = 16;

/// What oversized blocks may be refined by: of every comparison what it reads, except where it has hardly any values.
fn refining<'a>(rules: &'a MatchRules, columns: &'a Columns) -> impl Iterator<Item = BlockingKey> + 'a {
    let mut seen: Vec<&str> = Vec::new();
    let attributes =
        rules.comparisons.iter().map(|comparison| comparison.attribute.as_str()).filter(move |attribute| {
            let is_new = !seen.contains(attribute);
            seen.push(attribute);
            is_new
        });
    attributes.flat_map(|attribute| {
        let key = |part, function| BlockingKey { attribute: attribute.to_owned(), part, function };
        let sounds = Some(KeyFunction::Sounds);
        let column = columns.find(attribute).filter(|_| attribute != SAME_REGISTER);
        match column.map(|column| (column.field.kind, Method::of(column.field.kind))) {
            None | Some((Kind::Sex | Kind::Flag, _)) => Vec::new(),
            Some((_, Method::Name)) => vec![key(Some(KeyPart::Given), sounds), key(Some(KeyPart::Surname), sounds)],
            Some((_, Method::Words | Method::Address)) => vec![key(None, sounds)],
            Some(_) => vec![key(None, None)],
        }
    })
}

/// The keys that each distinct value of a column gives.
fn of_values(column: &Column, lexicon: &Lexicon, key: &BlockingKey) -> RowKeys {
    RowKeys::collect(column.values.len(), |code, out| of_value(column.value(code), lexicon, key, out))
}

/// Adds the keys that a value gives.
pub(crate) fn of_value(value: Value<'_>, lexicon: &Lexicon, key: &BlockingKey, out: &mut Vec<u64>) {
    let code = value.code;
    match value.features {
        Features::Words(words) => match (key.part, key.function) {
            (None, Some(KeyFunction::First3)) => out.extend(first3(value.text())),
            (None, function) if !words.items(code).is_empty() => {
                let sets = words.sets(code);
                out.push(if function.is_some() { sets.sounds } else { sets.words });
            }
            (None, _) => {}
            (Some(part), function) => {
                let items = words.items(code);
                if part == KeyPart::Given && function == Some(KeyFunction::Sounds) && words.is_apart(code) {
                    // Whether anyone has it as one word must not count: he may come tomorrow.
                    let joined = [lexicon.text(items[0].word), lexicon.text(items[1].word)].concat();
                    out.extend(phonetic::blocking_keys(&joined).iter().map(|key| hash::of_text(key)));
                }
                for item in chosen(items, part, lexicon) {
                    match function {
                        Some(KeyFunction::Sounds) => out.extend_from_slice(lexicon.blocking_keys(item.word)),
                        Some(KeyFunction::First3) => out.extend(first3(lexicon.text(item.word))),
                        None => out.push(lexicon.hash(item.word)),
                    }
                }
            }
        },
        Features::Dates(dates) => out.extend(of_date(dates[code as usize], key.part)),
        Features::Plain if key.function == Some(KeyFunction::First3) => out.extend(first3(value.text())),
        Features::Plain => out.push(hash::of_text(value.text())),
    }
}

/// The words that a part of a name or address stands for.
fn chosen<'a>(items: &'a [Item], part: KeyPart, lexicon: &'a Lexicon) -> impl Iterator<Item = &'a Item> {
    let has_digit = |item: &Item| lexicon.text(item.word).bytes().any(|byte| byte.is_ascii_digit());
    let given = items
        .iter()
        .find(|item| item.role() == Role::Given)
        .or_else(|| items.iter().find(|item| item.role() == Role::Plain));
    let house = items.iter().position(has_digit);
    items
        .iter()
        .enumerate()
        .filter(move |(at, item)| match part {
            KeyPart::Given => given.is_some_and(|given| std::ptr::eq(given, *item)),
            KeyPart::Surname => item.role() == Role::Family,
            KeyPart::Any => item.role() != Role::Initial,
            KeyPart::House => house == Some(*at),
            KeyPart::Place => !has_digit(item) && item.role() == Role::Plain,
            KeyPart::Year | KeyPart::Month | KeyPart::Day => false,
        })
        .map(|(_, item)| item)
}

fn first3(text: &str) -> Option<u64> {
    let end = text.char_indices().nth(2).map(|(at, last)| at + last.len_utf8())?;
    Some(hash::of_text(&text[..end].to_lowercase()))
}

fn of_date(date: DateParts, part: Option<KeyPart>) -> Option<u64> {
    let number = |number: u32| hash::mix(u64::from(number) + 1) | 1;
    match part {
        Some(KeyPart::Year) => (date.year > 0).then(|| number(date.year as u32)),
        Some(KeyPart::Month) => (date.month > 0).then(|| number(u32::from(date.month))),
        Some(KeyPart::Day) => (date.day > 0).then(|| number(u32::from(date.day))),
        _ => {
            let day = date.digits.iter().fold(0, |all, digit| all * 10 + u32::from(digit.saturating_sub(b'0')));
            (date.digits[7] != 0).then(|| number(day))
        }
    }
}

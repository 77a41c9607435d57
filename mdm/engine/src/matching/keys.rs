//! Blocking keys: what each value gives for one key of a rule, as lasting hashes.

use kanak_model::entity_model::{BlockingKey, BlockingRule, KeyFunction, KeyPart};
use kanak_model::kind::Kind;

use super::columns::{Column, Columns, MISSING};
use super::features::{DateParts, Features, Item};
use super::hash;
use super::levels::Method;
use super::lexicon::Lexicon;
use super::words::Role;

/// For each row, no key, one, or several (ascending): offsets into one list.
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

    /// All (key, row) entries.
    pub(crate) fn entries(&self) -> Vec<(u64, u32)> {
        let rows = self.offsets.len().saturating_sub(1) as u32;
        (0..rows).flat_map(|row| self.of(row).iter().map(move |key| (*key, row))).collect()
    }
}

/// The keys of a whole rule: one for each combination of its keys' values; none where one is missing.
pub(crate) fn of_rule(columns: &Columns, rule: &BlockingRule, place: usize) -> RowKeys {
    let parts: Vec<(Option<&Column>, RowKeys)> = rule
        .keys
        .iter()
        .map(|key| {
            let column = columns.find(&key.attribute);
            (column, column.map(|column| of_values(column, &columns.lexicon, key)).unwrap_or_default())
        })
        .collect();
    let mut combined = Vec::new();
    RowKeys::collect(columns.len(), |row, out| {
        combined.clear();
        combined.push(hash::mix(place as u64 + 1));
        for (column, keys) in &parts {
            let code = column.map_or(MISSING, |column| column.codes[row as usize]);
            let found = if code == MISSING { &[] } else { keys.of(code) };
            let [first, more @ ..] = found else {
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
        out.extend_from_slice(&combined);
    })
}

/// The keys by which an oversized block may be refined: what the comparisons read and the rule does not.
pub(crate) fn further(columns: &Columns, rule: &BlockingRule, attributes: &[String]) -> Vec<RowKeys> {
    let mut keys = Vec::new();
    for attribute in attributes {
        let Some(column) = columns.find(attribute) else { continue };
        let method = Method::of(column.field.kind);
        if matches!(column.field.kind, Kind::Sex | Kind::Flag) {
            continue;
        }
        let key = |part, function| BlockingKey { attribute: attribute.clone(), part, function };
        let sounds = Some(KeyFunction::Sounds);
        let wanted = match method {
            Method::Name => vec![key(Some(KeyPart::Given), sounds), key(Some(KeyPart::Surname), sounds)],
            Method::Words => vec![key(None, sounds)],
            _ => vec![key(None, None)],
        };
        let used =
            |key: &BlockingKey| rule.keys.iter().any(|own| own.attribute == key.attribute && own.part == key.part);
        keys.extend(wanted.into_iter().filter(|key| !used(key)));
    }
    keys.iter()
        .filter_map(|key| {
            let column = columns.find(&key.attribute)?;
            let by_value = of_values(column, &columns.lexicon, key);
            Some(RowKeys::collect(columns.len(), |row, out| match column.codes[row as usize] {
                MISSING => {}
                code => out.extend_from_slice(by_value.of(code)),
            }))
        })
        .collect()
}

/// The keys that each distinct value of a column gives.
fn of_values(column: &Column, lexicon: &Lexicon, key: &BlockingKey) -> RowKeys {
    let method = Method::of(column.field.kind);
    RowKeys::collect(column.values.len(), |code, out| {
        let value = &column.values[code as usize];
        match (&column.features, method) {
            (Features::Words(words), _) => match (key.part, key.function) {
                (None, Some(KeyFunction::First3)) => out.extend(first3(value)),
                (None, function) if !words.items(code).is_empty() => {
                    let sets = words.sets(code);
                    out.push(if function.is_some() { sets.sounds } else { sets.words });
                }
                (None, _) => {}
                (Some(part), function) => {
                    let apart = words.sets(code).first_two;
                    if part == KeyPart::Given && function == Some(KeyFunction::Sounds) && apart != 0 {
                        out.push(apart);
                    }
                    out.extend(chosen(words.items(code), part, lexicon).filter_map(|item| match function {
                        Some(KeyFunction::Sounds) => Some(lexicon.sound_hash(item.sound)),
                        Some(KeyFunction::First3) => first3(lexicon.text(item.word)),
                        None => Some(lexicon.hash(item.word)),
                    }));
                }
            },
            (Features::Dates(dates), _) => out.extend(of_date(dates[code as usize], key.part)),
            (Features::Plain, _) if key.function == Some(KeyFunction::First3) => out.extend(first3(value)),
            (Features::Plain, _) => out.push(hash::of_text(value)),
        }
    })
}

/// The words that a part of a name or address stands for.
fn chosen<'a>(items: &'a [Item], part: KeyPart, lexicon: &'a Lexicon) -> impl Iterator<Item = &'a Item> {
    let has_digit = |item: &Item| lexicon.text(item.word).bytes().any(|byte| byte.is_ascii_digit());
    let given = items
        .iter()
        .find(|item| item.role == Role::Given)
        .or_else(|| items.iter().find(|item| item.role == Role::Plain));
    let house = items.iter().position(has_digit);
    items
        .iter()
        .enumerate()
        .filter(move |(at, item)| match part {
            KeyPart::Given => given.is_some_and(|given| std::ptr::eq(given, *item)),
            KeyPart::Surname => item.role == Role::Family,
            KeyPart::Any => item.role != Role::Initial,
            KeyPart::House => house == Some(*at),
            KeyPart::Place => !has_digit(item) && item.role == Role::Plain,
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

//! Splink's blocking rules as Kanak's: conjunctions of keys that both source records have alike.

use kanak_model::entity_model::{BlockingKey, BlockingRule, KeyFunction, KeyPart};
use kanak_model::kind::Kind;

use super::columns::{Named, find};
use super::settings::Blocking;
use super::sql::{Sql, parse};
use super::{Note, Notes};
use crate::matching::BLOCKING_RULES_MAX;

/// More rules than these are not made of one with `OR` in it.
const ALTERNATIVES_MAX: usize = 16;

pub(super) fn convert(rules: &[Blocking], columns: &[Named], notes: &mut Notes) -> Vec<BlockingRule> {
    let mut converted: Vec<BlockingRule> = Vec::new();
    for rule in rules {
        if rule.is_salted {
            let instead = "the rule is carried over without it".to_owned();
            notes.push(Note::new(
                &rule.path,
                "salting_partitions".to_owned(),
                "blocks are shared out among threads anyway",
                instead,
            ));
        }
        let Some(sql) = parse(&rule.sql) else {
            drop_rule(rule, "this SQL has none of the shapes that are known", notes);
            continue;
        };
        let alternatives = alternatives(&sql);
        if alternatives.len() > ALTERNATIVES_MAX {
            drop_rule(rule, "it has too many alternatives", notes);
            continue;
        }
        for parts in alternatives {
            match (Converter { rule, columns, notes }).rule(&parts) {
                Ok(rule) if converted.contains(&rule) => {}
                Ok(rule) => converted.push(rule),
                Err(because) => drop_rule(rule, because, notes),
            }
        }
    }
    if converted.len() > BLOCKING_RULES_MAX {
        let (path, lost) = ("blocking_rules_to_generate_predictions", format!("{} rules", converted.len()));
        notes.push(Note::new(path, lost, "a model has room for 64", "the first 64 are kept".to_owned()));
        converted.truncate(BLOCKING_RULES_MAX);
    }
    converted
}

fn drop_rule(rule: &Blocking, because: &str, notes: &mut Notes) {
    let instead = "the rule is left out; pairs that no other rule brings together are not compared".to_owned();
    notes.push(Note::new(&rule.path, format!("`{}`", rule.sql), because, instead));
}

/// The conjunctions of which at least one must hold: `(a OR b) AND c` as `a AND c` and `b AND c`.
fn alternatives(sql: &Sql) -> Vec<Vec<&Sql>> {
    match sql {
        Sql::Or(parts) => parts.iter().flat_map(alternatives).take(ALTERNATIVES_MAX + 1).collect(),
        Sql::And(parts) => parts.iter().fold(vec![Vec::new()], |all, part| {
            let further = alternatives(part);
            let joined =
                all.iter().flat_map(|before| further.iter().map(move |more| [before.as_slice(), more].concat()));
            joined.take(ALTERNATIVES_MAX + 1).collect()
        }),
        other => vec![vec![other]],
    }
}

struct Converter<'a, 'n> {
    rule: &'a Blocking,
    columns: &'a [Named],
    notes: &'n mut Notes,
}

impl Converter<'_, '_> {
    /// One conjunction. What is no key is left out as long as another one is left: the rule then lets more pairs through.
    fn rule(&mut self, parts: &[&Sql]) -> Result<BlockingRule, &'static str> {
        let mut keys: Vec<BlockingKey> = Vec::new();
        let mut refused: Vec<&'static str> = Vec::new();
        for part in parts {
            match self.keys(part) {
                Ok(some) => keys.extend(some),
                Err(because) => refused.push(because),
            }
        }
        let mut once: Vec<BlockingKey> = Vec::new();
        for key in keys {
            if !once.contains(&key) {
                once.push(key);
            }
        }
        match refused.first() {
            Some(because) if once.is_empty() => return Err(because),
            Some(because) => {
                let kept: Vec<String> = once.iter().cloned().map(String::from).collect();
                let instead = format!("more pairs are compared: all that agree on {}", kept.join(" and "));
                self.note(format!("{} of the conditions of `{}`", refused.len(), self.rule.sql), because, instead);
            }
            None => {}
        }
        Ok(BlockingRule { keys: once })
    }

    fn note(&mut self, lost: String, because: &str, instead: String) {
        self.notes.push(Note::new(&self.rule.path, lost, because, instead));
    }

    fn keys(&mut self, part: &Sql) -> Result<Vec<BlockingKey>, &'static str> {
        let Sql::Binary { operator, left, right } = part else {
            return Err("only what both source records have alike can bring them together");
        };
        if operator != "=" {
            return Err("only what both source records have alike can bring them together");
        }
        if !left.mirrors(right) {
            let crossed = left.column().is_some() && right.column().is_some();
            return Err(if crossed {
                "a key is of one attribute, not of two crosswise"
            } else {
                "a condition on one source record alone is no key"
            });
        }
        self.key(left.bare())
    }

    fn key(&mut self, value: &Sql) -> Result<Vec<BlockingKey>, &'static str> {
        match value {
            Sql::Column { name, .. } => {
                let column = self.find(name)?;
                let is_exploded = self.rule.exploded.iter().any(|exploded| exploded.eq_ignore_ascii_case(name));
                if !is_exploded {
                    return Ok(vec![key(column, None, None)]);
                }
                let key = if column.kind == Kind::Text {
                    key(column, Some(KeyPart::Any), None)
                } else {
                    key(column, None, None)
                };
                let instead = format!("`{}` agrees when a word does", String::from(key.clone()));
                self.note(format!("the list `{name}`"), "a value is one text, not a list", instead);
                Ok(vec![key])
            }
            Sql::Binary { operator, left, right } if operator == "||" => {
                let mut keys = self.key(left.bare())?;
                keys.extend(self.key(right.bare())?);
                Ok(keys)
            }
            // The separator of a concatenation.
            Sql::Text(_) => Ok(Vec::new()),
            Sql::Call { name, arguments } => self.call(name, arguments),
            _ => Err("the expression is none that a key can be"),
        }
    }

    fn find(&self, name: &str) -> Result<&Named, &'static str> {
        find(self.columns, name).ok_or("its column is left out")
    }

    fn call(&mut self, name: &str, arguments: &[Sql]) -> Result<Vec<BlockingKey>, &'static str> {
        let numbers: Vec<usize> = arguments
            .iter()
            .filter_map(|argument| if let Sql::Number(number) = argument { Some(*number as usize) } else { None })
            .collect();
        match (name, arguments, numbers.as_slice()) {
            ("substr" | "substring", [text, ..], [from, length]) => self.piece(text, *from, *length),
            ("left", [text, _], [length]) => self.piece(text, 1, *length),
            ("concat" | "concat_ws", arguments, _) => {
                let keys: Result<Vec<_>, _> = arguments.iter().map(|argument| self.key(argument.bare())).collect();
                Ok(keys?.concat())
            }
            ("coalesce" | "ifnull", [first, ..], _) => self.key(first.bare()),
            ("year" | "month" | "day", [date], _) => self.part_of_date(name, date),
            ("extract", [part], _) => self.key(part),
            ("date_part" | "datepart", [Sql::Text(part), date], _) => self.part_of_date(&part.to_lowercase(), date),
            ("soundex" | "metaphone" | "double_metaphone" | "dmetaphone" | "dmetaphone_alt", [text], _) => {
                let Some((_, header)) = text.column() else { return Err("a key is of a column, not of an expression") };
                let by_sound = key(self.find(header)?, None, Some(KeyFunction::Sounds));
                let instead = format!("`{}`, which knows three scripts", String::from(by_sound.clone()));
                self.note(format!("`{name}`"), "Kanak has one phonetic key of its own", instead);
                Ok(vec![by_sound])
            }
            ("regexp_extract", [text, ..], _) => self.piece_by_pattern(text),
            _ => Err("a key has none of this function; `sounds`, `first3` and parts of dates and names are there"),
        }
    }

    /// The first letters of a text, or a part of a date written year first.
    fn piece(&mut self, text: &Sql, from: usize, length: usize) -> Result<Vec<BlockingKey>, &'static str> {
        let Some((_, header)) = text.column() else { return Err("a key is of a column, not of an expression") };
        let column = self.find(header)?;
        let part = |part: KeyPart| key(column, Some(part), None);
        if matches!(column.kind, Kind::Date | Kind::Timestamp) {
            return match (from, length) {
                (0 | 1, 4) => Ok(vec![part(KeyPart::Year)]),
                (0 | 1, 7) => Ok(vec![part(KeyPart::Year), part(KeyPart::Month)]),
                (0 | 1, 10..) => Ok(vec![key(column, None, None)]),
                (6, 2) => Ok(vec![part(KeyPart::Month)]),
                (9, 2) => Ok(vec![part(KeyPart::Day)]),
                _ => Err("these letters are no part of a date"),
            };
        }
        let first3 = key(column, None, Some(KeyFunction::First3));
        if (from, length) != (1, 3) && (from, length) != (0, 3) {
            if from > 1 {
                return Err("a key is the beginning of a text, not its middle");
            }
            let effect = if length > 3 { "more pairs are compared" } else { "fewer pairs are compared" };
            let instead = format!("`{}`: {effect}", String::from(first3.clone()));
            self.note(format!("the first {length} letters of `{header}`"), "a key has the first three", instead);
        }
        Ok(vec![first3])
    }

    fn piece_by_pattern(&mut self, text: &Sql) -> Result<Vec<BlockingKey>, &'static str> {
        let Some((_, header)) = text.column() else { return Err("a key is of a column, not of an expression") };
        let column = self.find(header)?;
        if matches!(column.kind, Kind::Date | Kind::Timestamp) {
            return Err("a key has parts of dates, no patterns");
        }
        let first3 = key(column, None, Some(KeyFunction::First3));
        let instead = format!("`{}`", String::from(first3.clone()));
        self.note(format!("the pattern on `{header}`"), "a key has no patterns", instead);
        Ok(vec![first3])
    }

    fn part_of_date(&self, part: &str, date: &Sql) -> Result<Vec<BlockingKey>, &'static str> {
        let Some((_, header)) = without_format(date).column() else {
            return Err("a key is of a column, not of an expression");
        };
        let column = self.find(header)?;
        let part = match part {
            "year" => KeyPart::Year,
            "month" => KeyPart::Month,
            "day" => KeyPart::Day,
            _ => return Err("a date has the parts `year`, `month` and `day`"),
        };
        if matches!(column.kind, Kind::Date | Kind::Timestamp) {
            Ok(vec![key(column, Some(part), None)])
        } else {
            Err("its column is not taken for a date; make it one in the model and add the key")
        }
    }
}

/// `strptime(dob, '%Y-%m-%d')` as `dob`: dates are read by their kind.
fn without_format(date: &Sql) -> &Sql {
    match date.bare() {
        Sql::Call { name, arguments }
            if name.contains("strptime") || name.starts_with("to_") || name.contains("date") =>
        {
            arguments.first().map_or(date, Sql::bare)
        }
        other => other,
    }
}

fn key(column: &Named, part: Option<KeyPart>, function: Option<KeyFunction>) -> BlockingKey {
    BlockingKey { attribute: column.attribute.clone(), part, function }
}

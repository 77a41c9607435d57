//! One row against its model: standardized values, or the first reason why it cannot go on.

use std::borrow::Cow;

use chrono::{DateTime, NaiveDate};
use kanak_codes::identifiers::Aadhaar;
use kanak_engine::standardize::address::split_pin;
use kanak_engine::standardize::business::parse_business_name;
use kanak_engine::standardize::{
    Hint, Outcome, Relative, Standardizer, TwelveDigits, holds_aadhaar, is_filler, redact, split_relation,
};
use kanak_model::Timestamp;
use kanak_model::entity_model::{Attribute, OnInvalid};
use kanak_model::kind::Kind;
use kanak_model::quality::{QualityRule, RejectedRow, mask};
use kanak_model::source_record::{Stated, Values};
use kanak_model::source_system::DateOrder;
use rustc_hash::FxHashMap;

use crate::checked::{CheckedRow, Secret};
use crate::memo::Memo;
use crate::other_rows::OtherRows;
use crate::plan::{Plan, PlannedColumn};
use crate::raw_row::RawRow;
use crate::twelve_digits::Judged;

/// What a row is checked with.
#[derive(Clone, Copy)]
pub(crate) struct Checker<'a> {
    pub(crate) plan: &'a Plan<'a>,
    pub(crate) others: &'a OtherRows,
    pub(crate) standardizer: &'a Standardizer,
    pub(crate) today: NaiveDate,
}

/// How many values were left out of rows that went on, by attribute and rule.
pub(crate) type LeftOutCounts<'a> = FxHashMap<(&'a str, QualityRule), u64>;

/// What is counted of rows that went on.
#[derive(Default)]
pub(crate) struct Tally<'a> {
    pub(crate) left_out: LeftOutCounts<'a>,
    /// Values that came from the other row of a pair.
    pub(crate) from_other_rows: u64,
}

impl Tally<'_> {
    /// Adds what another thread counted.
    pub(crate) fn add(&mut self, other: Self) {
        for (what, count) in other.left_out {
            *self.left_out.entry(what).or_default() += count;
        }
        self.from_other_rows += other.from_other_rows;
    }
}

impl<'a> Checker<'a> {
    /// Checks one row. What is counted is counted only when the row goes on.
    pub(crate) fn check(
        self,
        judged: &Judged,
        row: &RawRow,
        memo: &mut Memo,
        tally: &mut Tally<'a>,
    ) -> Result<CheckedRow, RejectedRow> {
        let key = self.key(judged, row).map_err(|(rule, key, reason)| RejectedRow {
            line: row.line,
            key: None,
            rule,
            column: Some(self.plan.key_names.clone()),
            masked: key.map(|key| mask(&key)),
            reason: reason.to_owned(),
        })?;
        let mut checked = CheckedRow { line: row.line, key, values: Values::new(), updated: None, secrets: Vec::new() };
        let mut bad: Vec<(&'a Attribute, Fault)> = Vec::new();
        let mut fillers: Vec<&'a Attribute> = Vec::new();
        let mut named = Vec::new();
        let mut district = None;
        for (place, column) in self.plan.columns.iter().enumerate() {
            let attribute = column.attribute;
            if has(&checked, attribute) {
                continue;
            }
            let raw = joined(row, column);
            let raw = raw.trim();
            if raw.is_empty() {
                continue;
            }
            let twelve_digits = judged.column(place);
            let hint = Hint {
                date_order: column.mapping.date_order,
                district: district.as_deref(),
                source: column.mapping.source.as_deref(),
                today: self.today,
                twelve_digits,
            };
            match memo.standardize(self.standardizer, place, column, &hint, translated(raw, column)) {
                Outcome::Missing => {
                    if is_filler(attribute.kind, translated(raw, column)) {
                        fillers.push(attribute);
                    }
                }
                Outcome::Bad { rule, reason } => {
                    let fault = Fault { rule, reason, columns: column.mapping.from.0.join("`, `"), masked: mask(raw) };
                    if attribute.on_invalid == OnInvalid::Reject {
                        return Err(fault.reject(row, checked.key));
                    }
                    bad.push((attribute, fault));
                }
                Outcome::Good(number) if attribute.kind == Kind::Aadhaar => {
                    if let Ok(aadhaar) = Aadhaar::parse(&number) {
                        checked.secrets.push(Secret { attribute: attribute.name.clone(), aadhaar });
                    }
                }
                Outcome::Good(standard) => {
                    if attribute.kind == Kind::District {
                        district = Some(standard.clone());
                    }
                    if let Some(other) = named_beside(attribute.kind, raw, &standard) {
                        // `W/o Bir Singh` in a column for fathers names a husband and no father.
                        let is_other_relative =
                            other.attribute != attribute.name && RELATIVES.contains(&attribute.name.as_str());
                        named.push(other);
                        if is_other_relative {
                            continue;
                        }
                    }
                    let words = match twelve_digits {
                        TwelveDigits::Aadhaar => redact(raw),
                        TwelveDigits::OfficeNumber => Cow::Borrowed(raw),
                    };
                    checked.values.insert(attribute.name.clone(), Stated::new(standard, &words));
                }
            }
        }
        self.add_named(&mut checked, &named);
        let is_bad = |attribute: &Attribute| bad.iter().any(|(bad, _)| bad.name == attribute.name);
        let from_other_row = self.add_from_other_row(&mut checked, row, is_bad, district.as_deref(), memo);
        for attribute in &self.plan.required {
            if !has(&checked, attribute) {
                let fault = bad.into_iter().find(|(bad, _)| bad.name == attribute.name).map(|(_, fault)| fault);
                return Err(fault.unwrap_or_else(|| self.required(attribute)).reject(row, checked.key));
            }
        }
        checked.updated = self.updated(row, &mut tally.left_out);
        let fillers = fillers.into_iter().map(|attribute| (attribute, QualityRule::Filler));
        for (attribute, rule) in bad.iter().map(|(attribute, fault)| (*attribute, fault.rule)).chain(fillers) {
            if !has(&checked, attribute) {
                *tally.left_out.entry((&attribute.name, rule)).or_default() += 1;
            }
        }
        tally.from_other_rows += from_other_row;
        Ok(checked)
    }

    /// The row's key; or the rule it breaks, the key where there is one, and the reason.
    fn key(self, judged: &Judged, row: &RawRow) -> Result<String, (QualityRule, Option<String>, &'static str)> {
        let Some(key) = key_of(self.plan, row) else {
            return Err((QualityRule::KeyMissing, None, "the row has no key; give it one at the source"));
        };
        if judged.key == TwelveDigits::Aadhaar && looks_like_aadhaar(&key) {
            let reason =
                "the key passes as an Aadhaar number, which must not name a row; use the department's own number";
            return Err((QualityRule::Kind, Some(key), reason));
        }
        Ok(key)
    }

    /// Fills what other fields name besides their own, where it has no column of its own or nothing in it.
    fn add_named(self, checked: &mut CheckedRow, named: &[Named]) {
        for Named { attribute, kind, words } in named {
            let Some(attribute) = self.plan.rows.find_attribute(attribute) else { continue };
            if attribute.kind != *kind || has(checked, attribute) {
                continue;
            }
            if let Outcome::Good(standard) = self.standardizer.standardize(attribute, &self.plain_hint(), words) {
                checked.values.insert(attribute.name.clone(), Stated::new(standard, &redact(words)));
            }
        }
    }

    /// Fills what the row leaves empty and the other row of its pair states. Says how many values it filled.
    fn add_from_other_row(
        self,
        checked: &mut CheckedRow,
        row: &RawRow,
        is_bad: impl Fn(&Attribute) -> bool,
        district: Option<&str>,
        memo: &mut Memo,
    ) -> u64 {
        let mut filled = 0;
        for (place, column) in self.plan.columns.iter().enumerate() {
            let attribute = column.attribute;
            let Some(other) = column.where_empty else { continue };
            if has(checked, attribute) || is_bad(attribute) {
                continue;
            }
            let Some(words) = self.others.find(other, row, &checked.key) else { continue };
            let mapping = column.mapping;
            let (date_order, source) = (mapping.date_order, mapping.source.as_deref());
            let hint = Hint { date_order, source, district, ..self.plain_hint() };
            // Whom the words name besides is a relative of the other row's person.
            if let Outcome::Good(standard) =
                memo.standardize(self.standardizer, place, column, &hint, translated(words, column))
            {
                checked.values.insert(attribute.name.clone(), Stated::new(standard, &redact(words)));
                filled += 1;
            }
        }
        filled
    }

    /// What is known of a value that stands in no column of its own.
    fn plain_hint(self) -> Hint<'static> {
        Hint {
            date_order: DateOrder::default(),
            district: None,
            source: None,
            today: self.today,
            twelve_digits: TwelveDigits::Aadhaar,
        }
    }

    fn required(self, attribute: &Attribute) -> Fault {
        let mapped = self.plan.columns.iter().find(|column| column.attribute.name == attribute.name);
        let columns = mapped.map(|column| column.mapping.from.0.join("`, `")).unwrap_or_default();
        let reason = if mapped.is_some() {
            format!("`{}` has no value and every row needs one; fill it in at the source", attribute.name)
        } else {
            format!(
                "`{}` is required and no column is mapped to it; map one in the source's declaration",
                attribute.name
            )
        };
        Fault { rule: QualityRule::Required, reason, columns, masked: String::new() }
    }

    /// When the department changed the row. A day that is still to come is no such day: it would outweigh all that departments say until
    /// then.
    fn updated(self, row: &RawRow, left_out: &mut LeftOutCounts<'a>) -> Option<Timestamp> {
        let (column, date_order) = self.plan.updated?;
        let hint = Hint { date_order, ..self.plain_hint() };
        let rule = match self.standardizer.standardize(&self.plan.instant, &hint, row.get(column)) {
            Outcome::Missing => return None,
            Outcome::Good(text) => {
                let updated = parse_instant(&text);
                if updated.is_none_or(|updated| updated.day_ist() <= self.today) {
                    return updated;
                }
                QualityRule::Range
            }
            Outcome::Bad { rule, .. } => rule,
        };
        *left_out.entry(("updated", rule)).or_default() += 1;
        None
    }
}

/// Why a value does not do.
struct Fault {
    rule: QualityRule,
    reason: String,
    columns: String,
    masked: String,
}

impl Fault {
    fn reject(self, row: &RawRow, key: String) -> RejectedRow {
        let some = |text: String| (!text.is_empty()).then_some(text);
        RejectedRow {
            line: row.line,
            key: Some(key),
            rule: self.rule,
            column: some(self.columns),
            masked: some(self.masked),
            reason: self.reason,
        }
    }
}

fn has(checked: &CheckedRow, attribute: &Attribute) -> bool {
    checked.values.find(&attribute.name).is_some()
        || checked.secrets.iter().any(|secret| secret.attribute == attribute.name)
}

/// The parts of a row's key joined by `/`; none when one is empty.
pub(crate) fn key_of(plan: &Plan<'_>, row: &RawRow) -> Option<String> {
    let mut key = String::new();
    for (at, column) in plan.key.iter().enumerate() {
        let part = row.get(*column).trim();
        if part.is_empty() {
            return None;
        }
        if at > 0 {
            key.push('/');
        }
        key.push_str(part);
    }
    Some(key)
}

/// The words of an attribute: its columns joined by a space, or its fixed value.
pub(crate) fn joined<'r>(row: &'r RawRow, column: &'r PlannedColumn<'_>) -> Cow<'r, str> {
    if let Some(fixed) = &column.mapping.value {
        return Cow::Borrowed(fixed);
    }
    match column.from.as_slice() {
        [one] => Cow::Borrowed(row.get(*one)),
        several => {
            let parts = several.iter().map(|place| row.get(*place).trim()).filter(|part| !part.is_empty());
            Cow::Owned(parts.collect::<Vec<_>>().join(" "))
        }
    }
}

/// The source's own code in the hub's words, where the source declares it.
fn translated<'r>(raw: &'r str, column: &'r PlannedColumn<'_>) -> &'r str {
    let values = &column.mapping.values;
    if values.is_empty() {
        return raw;
    }
    let exact = values.get(raw);
    exact
        .or_else(|| values.iter().find(|(code, _)| code.eq_ignore_ascii_case(raw)).map(|(_, word)| word))
        .map_or(raw, String::as_str)
}

/// The attributes of relatives' names that a name field may fill.
const RELATIVES: [&str; 3] = ["father_name", "mother_name", "spouse_name"];

/// What a field names besides its own value.
struct Named {
    /// The attribute that it is a value of, where the model has one.
    attribute: &'static str,
    /// The kind that this attribute must have.
    kind: Kind,
    words: String,
}

/// What a field of this kind names besides: a relative beside a person, a proprietor beside a firm, a PIN in an address.
fn named_beside(kind: Kind, raw: &str, standard: &str) -> Option<Named> {
    match kind {
        Kind::PersonName => relative(raw, standard),
        Kind::BusinessName => {
            // Nearly no name has any of these, and reading one again costs.
            let lower = raw.to_lowercase();
            if !["prop", "owner", "ਮਾਲਕ", "प्रो"].iter().any(|word| lower.contains(word)) {
                return None;
            }
            let words = parse_business_name(raw).proprietor?;
            Some(Named { attribute: "owner_name", kind: Kind::PersonName, words })
        }
        Kind::Address | Kind::PlaceName => {
            // Six digits of an Aadhaar number are no PIN.
            let raw = redact(raw);
            if raw.chars().filter(|c| c.is_numeric()).count() < 6 {
                return None;
            }
            Some(Named { attribute: "pin", kind: Kind::Pin, words: split_pin(&raw)? })
        }
        _ => None,
    }
}

/// The relative that a name field names beside the person, and the attribute for it.
fn relative(raw: &str, standard: &str) -> Option<Named> {
    // A field whose words all went into the name names nobody else; that is nearly every field.
    if !raw.contains('/') && raw.split_whitespace().count() <= standard.split_whitespace().count() {
        return None;
    }
    let (relation, words) = split_relation(raw)?;
    let attribute = match relation.relative(&words) {
        Relative::Father => "father_name",
        Relative::Mother => "mother_name",
        Relative::Spouse => "spouse_name",
        Relative::Child | Relative::Guardian => return None,
    };
    Some(Named { attribute, kind: Kind::PersonName, words })
}

/// Whether a key passes as an Aadhaar number, or holds one.
pub(crate) fn looks_like_aadhaar(key: &str) -> bool {
    holds_aadhaar(key)
}

/// Reads the standard form of an instant.
pub(crate) fn parse_instant(text: &str) -> Option<Timestamp> {
    DateTime::parse_from_rfc3339(text).ok().map(|instant| Timestamp(instant.timestamp_micros()))
}

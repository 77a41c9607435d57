//! Columns straight from Arrow batches of raw text, for matching files that never enter a hub.
//!
//! Standardizing here is lenient: what does not fit its kind stays as it is written, folded to one case, because even a
//! date with a mistyped month tells something, and so does one whose century is only likely. Nothing is refused.

use arrow::array::{Array, ArrayRef, LargeStringArray, RecordBatch, StringArray, StringViewArray};
use kanak_model::entity_model::EntityModel;
use kanak_model::id::SourceRecordId;
use kanak_model::kind::Kind;
use kanak_model::source_system::DateOrder;
use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::columns::{Columns, Growing, MISSING, Rank};
use super::rules::{Field, fields_of};
use crate::standardize::date::{digits_of_no_day, parse_date_of_any_century};
use crate::standardize::missing::is_missing;
use crate::standardize::{script, sex};

/// Batches that cannot become columns. The caller must act.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// A column is not text.
    #[error("column `{column}` is {found}; give all columns as text")]
    NotText {
        /// The column.
        column: String,
        /// Its type.
        found: String,
    },
    /// None of the model's attributes is a column.
    #[error("none of the attributes that `{entity}` is matched by is a column; it needs some of {wanted}")]
    NothingToRead {
        /// The entity.
        entity: String,
        /// The attributes.
        wanted: String,
    },
}

impl Columns {
    /// Reads raw text columns named like the model's attributes. A row's id is its number from 0, over all batches in order,
    /// and `rank` gives its rank by that number; attributes without a column are missing everywhere.
    ///
    /// # Errors
    /// [`BatchError::NotText`] for a column that is not text, [`BatchError::NothingToRead`] when no attribute has a column.
    pub fn from_batches(
        model: &EntityModel,
        batches: &[RecordBatch],
        rank: impl Fn(usize) -> Rank,
    ) -> Result<Self, BatchError> {
        let fields = fields_of(model);
        let has = |field: &Field| batches.iter().any(|batch| batch.column_by_name(&field.name).is_some());
        if !batches.is_empty() && !fields.iter().any(has) {
            let wanted: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
            return Err(BatchError::NothingToRead { entity: model.name.clone(), wanted: wanted.join(", ") });
        }
        let columns: Vec<Growing> =
            fields.par_iter().map(|field| read_column(field, batches)).collect::<Result<_, _>>()?;
        let mut builder = Self::builder(model);
        let mut row = 0;
        for batch in batches {
            for _ in 0..batch.num_rows() {
                builder.push_row(SourceRecordId(row as i64), rank(row));
                row += 1;
            }
        }
        builder.set_columns(columns);
        Ok(builder.finish())
    }
}

/// Reads one attribute of all batches. Each distinct text of a batch is made standard once.
fn read_column(field: &Field, batches: &[RecordBatch]) -> Result<Growing, BatchError> {
    let mut column = Growing::of(field.clone());
    for batch in batches {
        let Some(array) = batch.column_by_name(&field.name) else {
            column.push_missing(batch.num_rows());
            continue;
        };
        let texts = Texts::of(&field.name, array)?;
        let order = date_order(field, &texts, array.len());
        let mut known: FxHashMap<&str, u32> = FxHashMap::default();
        for row in 0..batch.num_rows() {
            let code = match texts.find(row) {
                None => MISSING,
                Some(text) => *known
                    .entry(text)
                    .or_insert_with(|| clean(field.kind, order, text).map_or(MISSING, |cleaned| column.code(&cleaned))),
            };
            column.push_code(code);
        }
    }
    Ok(column)
}

/// A column of text, whatever its width.
enum Texts<'a> {
    Short(&'a StringArray),
    Long(&'a LargeStringArray),
    View(&'a StringViewArray),
}

impl<'a> Texts<'a> {
    fn of(name: &str, array: &'a ArrayRef) -> Result<Self, BatchError> {
        let any = array.as_any();
        let found = any.downcast_ref().map(Self::Short).or_else(|| any.downcast_ref().map(Self::Long));
        found
            .or_else(|| any.downcast_ref().map(Self::View))
            .ok_or_else(|| BatchError::NotText { column: name.to_owned(), found: array.data_type().to_string() })
    }

    fn find(&self, row: usize) -> Option<&'a str> {
        match self {
            Self::Short(texts) => texts.is_valid(row).then(|| texts.value(row)),
            Self::Long(texts) => texts.is_valid(row).then(|| texts.value(row)),
            Self::View(texts) => texts.is_valid(row).then(|| texts.value(row)),
        }
    }
}

/// Month before day, where some value of one file's column can only be read so and fewer only the other way: each file has
/// its own habit.
fn date_order(field: &Field, texts: &Texts<'_>, rows: usize) -> DateOrder {
    if field.kind != Kind::Date {
        return DateOrder::Dmy;
    }
    let (mut days_first, mut months_first) = (0, 0);
    for text in (0..rows.min(10_000)).filter_map(|row| texts.find(row)) {
        let text = script::fold(text);
        let is_day_first = parse_date_of_any_century(&text, DateOrder::Dmy).is_ok();
        let is_month_first = parse_date_of_any_century(&text, DateOrder::Mdy).is_ok();
        days_first += u32::from(is_day_first && !is_month_first);
        months_first += u32::from(is_month_first && !is_day_first);
    }
    if months_first > days_first { DateOrder::Mdy } else { DateOrder::Dmy }
}

/// The nearest thing to the standard form; `None` for what stands for nothing.
fn clean(kind: Kind, order: DateOrder, raw: &str) -> Option<String> {
    let text = script::fold(raw);
    if is_missing(kind, &text) {
        return None;
    }
    let bare = || text.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
    let cleaned = match kind {
        Kind::Date => match parse_date_of_any_century(&text, order) {
            Ok(date) => date.to_string(),
            Err(_) => digits_of_no_day(&text, order).unwrap_or_else(bare),
        },
        Kind::Sex => sex::Sex::find(&text).map_or_else(|| text.to_uppercase(), |sex| sex.code().to_owned()),
        Kind::Mobile => {
            let digits: String = text.chars().filter(char::is_ascii_digit).collect();
            digits[digits.len().saturating_sub(10)..].to_owned()
        }
        Kind::PersonName => text.to_string(),
        Kind::Email => text.to_lowercase(),
        Kind::Aadhaar
        | Kind::Pan
        | Kind::Gstin
        | Kind::Epic
        | Kind::Udyam
        | Kind::Ifsc
        | Kind::Pin
        | Kind::Identifier => bare().to_uppercase(),
        _ => text.to_lowercase(),
    };
    (!cleaned.is_empty()).then_some(cleaned)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::Int64Array;
    use kanak_model::builtin::ENTITY_MODELS;

    use super::*;

    fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
        RecordBatch::try_from_iter(columns).unwrap()
    }

    fn by_number(row: usize) -> Rank {
        Rank::of("", &row.to_string())
    }

    fn texts(values: &[Option<&str>]) -> ArrayRef {
        Arc::new(StringArray::from(values.to_vec()))
    }

    #[test]
    fn raw_words_come_near_their_standard_form_and_nothing_is_refused() {
        let model = EntityModel::parse("citizen.toml", ENTITY_MODELS[0].1).unwrap();
        let born = [Some("12/25/1985"), Some("19856109"), Some("02/31/1985"), None];
        let batches = [
            batch(vec![
                ("full_name", texts(&[Some("GURPREET  SINGH"), None, Some("-"), Some("Harjit")])),
                ("date_of_birth", texts(&born)),
            ]),
            batch(vec![("full_name", texts(&[Some("Late")]))]),
        ];
        let columns = Columns::from_batches(&model, &batches, by_number).unwrap();
        assert_eq!(columns.len(), 5);
        let born = columns.find("date_of_birth").unwrap();
        let read = |id: i64| {
            let row = columns.row(SourceRecordId(id)).unwrap();
            born.values.get(born.codes[row as usize] as usize).map_or("", |value| value)
        };
        assert_eq!([0, 1, 2, 3, 4].map(read), ["1985-12-25", "19856109", "19850231", "", ""]);
    }

    #[test]
    fn each_file_has_its_own_order_of_day_and_month() {
        let model = EntityModel::parse("citizen.toml", ENTITY_MODELS[0].1).unwrap();
        let born = |values: &[Option<&str>]| batch(vec![("date_of_birth", texts(values))]);
        let batches =
            [born(&[Some("12/25/1985"), Some("03/04/1985")]), born(&[Some("25/12/1985"), Some("03/04/1985")])];
        let columns = Columns::from_batches(&model, &batches, by_number).unwrap();
        let born = columns.find("date_of_birth").unwrap();
        let read = |id: i64| &*born.values[born.codes[columns.row(SourceRecordId(id)).unwrap() as usize] as usize];
        assert_eq!([1, 3].map(read), ["1985-03-04", "1985-04-03"]);
    }

    #[test]
    fn years_of_two_digits_are_read_in_the_order_of_their_file() {
        let model = EntityModel::parse("citizen.toml", ENTITY_MODELS[0].1).unwrap();
        let born = |values: &[Option<&str>]| batch(vec![("date_of_birth", texts(values))]);
        let batches = [born(&[Some("12/25/85"), Some("03/04/05")]), born(&[Some("25.12.85"), Some("٠٣.٠٤.٠٥")])];
        let columns = Columns::from_batches(&model, &batches, by_number).unwrap();
        let born = columns.find("date_of_birth").unwrap();
        let read = |id: i64| &*born.values[born.codes[columns.row(SourceRecordId(id)).unwrap() as usize] as usize];
        assert_eq!([0, 1, 2, 3].map(read), ["1985-12-25", "2005-03-04", "1985-12-25", "2005-04-03"]);
    }

    #[test]
    fn what_is_not_text_or_not_there_is_said_so() {
        let model = EntityModel::parse("citizen.toml", ENTITY_MODELS[0].1).unwrap();
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![1]));
        let error = Columns::from_batches(&model, &[batch(vec![("mobile", numbers.clone())])], by_number).unwrap_err();
        assert!(error.to_string().contains("`mobile` is Int64"), "{error}");
        let error = Columns::from_batches(&model, &[batch(vec![("x", numbers)])], by_number).unwrap_err();
        assert!(matches!(error, BatchError::NothingToRead { .. }));
        assert_eq!(Columns::from_batches(&model, &[], by_number).unwrap().len(), 0);
    }
}

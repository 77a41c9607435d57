//! Columns straight from Arrow batches of raw text, for matching files that never enter a hub.
//!
//! Standardizing here is lenient: what does not fit its kind stays as it is written, folded to one case, because even a
//! date with a mistyped month tells something. Nothing is refused.

use arrow::array::{Array, ArrayRef, LargeStringArray, RecordBatch, StringArray, StringViewArray};
use kanak_model::entity_model::EntityModel;
use kanak_model::id::{SourceRecordId, SourceSystemId};
use kanak_model::kind::Kind;
use kanak_model::source_system::DateOrder;
use rayon::prelude::*;

use super::columns::Columns;
use super::rules::{Field, fields_of};
use crate::standardize::date::parse_date;
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
    /// Reads raw text columns named like the model's attributes. A row's id is its number from 0, over all batches in order;
    /// attributes without a column are missing everywhere.
    ///
    /// # Errors
    /// [`BatchError::NotText`] for a column that is not text, [`BatchError::NothingToRead`] when no attribute has a column.
    pub fn from_batches(model: &EntityModel, batches: &[(SourceSystemId, RecordBatch)]) -> Result<Self, BatchError> {
        let fields = fields_of(model);
        let has = |field: &Field| batches.iter().any(|(_, batch)| batch.column_by_name(&field.name).is_some());
        if !batches.is_empty() && !fields.iter().any(has) {
            let wanted: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
            return Err(BatchError::NothingToRead { entity: model.name.clone(), wanted: wanted.join(", ") });
        }
        let orders: Vec<DateOrder> = fields.iter().map(|field| date_order(field, batches)).collect();
        let mut builder = Self::builder(model);
        let mut id = 0;
        for (source, batch) in batches {
            let cleaned: Vec<Vec<Option<String>>> = fields
                .par_iter()
                .zip(&orders)
                .map(|(field, order)| clean_column(field, *order, batch))
                .collect::<Result<_, _>>()?;
            for row in 0..batch.num_rows() {
                builder.push_with(SourceRecordId(id), *source, |attribute| {
                    let at = fields.iter().position(|field| field.name == attribute)?;
                    cleaned[at].get(row)?.as_deref()
                });
                id += 1;
            }
        }
        Ok(builder.finish())
    }
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

fn clean_column(field: &Field, order: DateOrder, batch: &RecordBatch) -> Result<Vec<Option<String>>, BatchError> {
    let Some(array) = batch.column_by_name(&field.name) else { return Ok(Vec::new()) };
    let texts = Texts::of(&field.name, array)?;
    Ok((0..batch.num_rows()).map(|row| clean(field.kind, order, texts.find(row)?)).collect())
}

/// Month before day, where some value of the column can only be read so and none only the other way.
fn date_order(field: &Field, batches: &[(SourceSystemId, RecordBatch)]) -> DateOrder {
    if field.kind != Kind::Date {
        return DateOrder::Dmy;
    }
    let arrays = batches.iter().filter_map(|(_, batch)| batch.column_by_name(&field.name));
    let (mut days_first, mut months_first) = (0, 0);
    for array in arrays {
        let Ok(texts) = Texts::of(&field.name, array) else { continue };
        for text in (0..array.len().min(10_000)).filter_map(|row| texts.find(row)) {
            let is_day_first = parse_date(text, DateOrder::Dmy).is_ok();
            let is_month_first = parse_date(text, DateOrder::Mdy).is_ok();
            days_first += u32::from(is_day_first && !is_month_first);
            months_first += u32::from(is_month_first && !is_day_first);
        }
    }
    if months_first > days_first { DateOrder::Mdy } else { DateOrder::Dmy }
}

/// The nearest thing to the standard form; `None` for what stands for nothing.
fn clean(kind: Kind, order: DateOrder, raw: &str) -> Option<String> {
    let text = script::fold(raw);
    if is_nothing(&text) {
        return None;
    }
    let bare = || text.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
    let cleaned = match kind {
        Kind::Date => parse_date(&text, order).map_or_else(|_| bare(), |date| date.to_string()),
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

fn is_nothing(text: &str) -> bool {
    !text.chars().any(char::is_alphanumeric)
        || matches!(text.to_ascii_lowercase().as_str(), "null" | "na" | "n/a" | "nan" | "none" | "nil" | "unknown")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::Int64Array;
    use kanak_model::builtin::ENTITY_MODELS;

    use super::*;

    fn batch(columns: Vec<(&str, ArrayRef)>) -> (SourceSystemId, RecordBatch) {
        (SourceSystemId(1), RecordBatch::try_from_iter(columns).unwrap())
    }

    fn texts(values: &[Option<&str>]) -> ArrayRef {
        Arc::new(StringArray::from(values.to_vec()))
    }

    #[test]
    fn raw_words_come_near_their_standard_form_and_nothing_is_refused() {
        let model = EntityModel::parse("citizen.toml", ENTITY_MODELS[0].1).unwrap();
        let born = [Some("12/25/1985"), Some("19856109"), Some("n/a"), None];
        let batches = [
            batch(vec![
                ("full_name", texts(&[Some("GURPREET  SINGH"), None, Some("-"), Some("Harjit")])),
                ("date_of_birth", texts(&born)),
            ]),
            batch(vec![("full_name", texts(&[Some("Late")]))]),
        ];
        let columns = Columns::from_batches(&model, &batches).unwrap();
        assert_eq!(columns.len(), 5);
        let born = columns.find("date_of_birth").unwrap();
        let read: Vec<&str> = born.codes.iter().map(|code| born.values.get(*code as usize).map_or("", |v| v)).collect();
        assert_eq!(read, ["1985-12-25", "19856109", "", "", ""]);
    }

    #[test]
    fn what_is_not_text_or_not_there_is_said_so() {
        let model = EntityModel::parse("citizen.toml", ENTITY_MODELS[0].1).unwrap();
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![1]));
        let error = Columns::from_batches(&model, &[batch(vec![("mobile", numbers.clone())])]).unwrap_err();
        assert!(error.to_string().contains("`mobile` is Int64"), "{error}");
        let error = Columns::from_batches(&model, &[batch(vec![("x", numbers)])]).unwrap_err();
        assert!(matches!(error, BatchError::NothingToRead { .. }));
        assert_eq!(Columns::from_batches(&model, &[]).unwrap().len(), 0);
    }
}

//! Checked events as typed Arrow columns.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanBuilder, Int64Builder, RecordBatch, StringBuilder, TimestampMicrosecondBuilder};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use kanak_model::EventModel;
use kanak_model::kind::Physical;

use crate::check::parse_instant;
use crate::checked::CheckedRow;
use crate::error::IngestError;

/// The columns of an event: its attributes in the order of the model, then `source_system`, `source_key` and
/// `source_line`.
pub fn event_schema(model: &EventModel) -> SchemaRef {
    let attributes = model.attributes.iter().map(|attribute| {
        let data_type = match attribute.kind.physical() {
            Physical::Text | Physical::Day => DataType::Utf8,
            Physical::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Physical::Integer => DataType::Int64,
            Physical::Flag => DataType::Boolean,
        };
        Field::new(&attribute.name, data_type, true)
    });
    let origin = [
        Field::new("source_system", DataType::Utf8, false),
        Field::new("source_key", DataType::Utf8, false),
        Field::new("source_line", DataType::Int64, false),
    ];
    Arc::new(Schema::new(attributes.chain(origin).collect::<Vec<_>>()))
}

/// Gathers checked events of one source into a record batch.
pub struct EventBatchBuilder {
    event: String,
    schema: SchemaRef,
    source_system: String,
    attributes: Vec<(String, Column)>,
    source_key: StringBuilder,
    source_line: Int64Builder,
    rows: usize,
}

enum Column {
    Text(StringBuilder),
    Timestamp(TimestampMicrosecondBuilder),
    Integer(Int64Builder),
    Flag(BooleanBuilder),
}

impl EventBatchBuilder {
    /// An empty batch of `model`'s events from one source.
    pub fn new(model: &EventModel, source_system: &str) -> Self {
        let column = |physical| match physical {
            Physical::Text | Physical::Day => Column::Text(StringBuilder::new()),
            Physical::Timestamp => Column::Timestamp(TimestampMicrosecondBuilder::new().with_timezone("UTC")),
            Physical::Integer => Column::Integer(Int64Builder::new()),
            Physical::Flag => Column::Flag(BooleanBuilder::new()),
        };
        let attributes = model.attributes.iter();
        Self {
            event: model.name.clone(),
            schema: event_schema(model),
            source_system: source_system.to_owned(),
            attributes: attributes.map(|one| (one.name.clone(), column(one.kind.physical()))).collect(),
            source_key: StringBuilder::new(),
            source_line: Int64Builder::new(),
            rows: 0,
        }
    }

    /// How many rows were put in since the last batch.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether none was.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// The batch of these rows, and of those put in before.
    ///
    /// # Errors
    /// As for [`EventBatchBuilder::push`].
    pub fn build(&mut self, rows: &[CheckedRow]) -> Result<RecordBatch, IngestError> {
        rows.iter().try_for_each(|row| self.push(row))?;
        Ok(self.finish())
    }

    /// Adds one event. Secrets must have been filled before: what is still secret is not in the batch.
    ///
    /// # Errors
    /// When a value is not in the standard form of its kind. Then nothing of the row is added.
    pub fn push(&mut self, row: &CheckedRow) -> Result<(), IngestError> {
        let fits = |(name, column): &(String, Column)| row.values.find(name).is_none_or(|value| column.takes(value));
        if let Some((name, _)) = self.attributes.iter().find(|attribute| !fits(attribute)) {
            return Err(IngestError::Broken {
                file: format!("{} of {}", self.event, self.source_system),
                line: Some(row.line),
                problem: format!("the value of `{name}` is not in standard form"),
                remedy: "read the file anew: values must come from the standardizer".into(),
            });
        }
        for (name, column) in &mut self.attributes {
            column.append(row.values.find(name));
        }
        self.source_key.append_value(&row.key);
        self.source_line.append_value(row.line as i64);
        self.rows += 1;
        Ok(())
    }

    /// The batch of what was put in; the builder is empty again.
    ///
    /// # Panics
    /// Never: each column is built for its field and gets one value a row.
    pub fn finish(&mut self) -> RecordBatch {
        let mut columns: Vec<ArrayRef> = self.attributes.iter_mut().map(|(_, column)| column.finish()).collect();
        let mut source_system = StringBuilder::with_capacity(self.rows, self.rows * self.source_system.len());
        for _ in 0..self.rows {
            source_system.append_value(&self.source_system);
        }
        columns.push(Arc::new(source_system.finish()));
        columns.push(Arc::new(self.source_key.finish()));
        columns.push(Arc::new(self.source_line.finish()));
        self.rows = 0;
        RecordBatch::try_new(Arc::clone(&self.schema), columns)
            .expect("each column is built for its field, one value a row")
    }
}

impl Column {
    fn takes(&self, value: &str) -> bool {
        match self {
            Self::Text(_) => true,
            Self::Timestamp(_) => parse_instant(value).is_some(),
            Self::Integer(_) => value.parse::<i64>().is_ok(),
            Self::Flag(_) => value.parse::<bool>().is_ok(),
        }
    }

    fn append(&mut self, value: Option<&str>) {
        match self {
            Self::Text(builder) => builder.append_option(value),
            Self::Timestamp(builder) => builder.append_option(value.and_then(parse_instant).map(|instant| instant.0)),
            Self::Integer(builder) => builder.append_option(value.and_then(|value| value.parse().ok())),
            Self::Flag(builder) => builder.append_option(value.and_then(|value| value.parse().ok())),
        }
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Text(builder) => Arc::new(builder.finish()),
            Self::Timestamp(builder) => Arc::new(builder.finish()),
            Self::Integer(builder) => Arc::new(builder.finish()),
            Self::Flag(builder) => Arc::new(builder.finish()),
        }
    }
}

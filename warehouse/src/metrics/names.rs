//! The columns of an answer.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use crate::metrics::cut::Cut;
use crate::metrics::period::TimeGrain;

/// A column of a measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// What was counted or summed.
    Numerator,
    /// What it is divided by; null where the value is the numerator.
    Denominator,
    /// The figure.
    Value,
    /// The numerator of the period that it is set beside; null where nothing was counted in it.
    ComparedNumerator,
    /// The denominator of that period.
    ComparedDenominator,
    /// The figure of that period.
    ComparedValue,
    /// By how much the value is more than that of the other period.
    Change,
    /// Whether a version of the definition began within the period, or since the one it is set beside began.
    DefinitionChanged,
    /// Whether the figure is withheld because a cell is small.
    IsWithheld,
    /// Whether that of the other period is.
    ComparedIsWithheld,
}

const PLAIN: [Part; 5] = [Part::Numerator, Part::Denominator, Part::Value, Part::DefinitionChanged, Part::IsWithheld];
const COMPARED: [Part; 10] = [
    Part::Numerator,
    Part::Denominator,
    Part::Value,
    Part::ComparedNumerator,
    Part::ComparedDenominator,
    Part::ComparedValue,
    Part::Change,
    Part::DefinitionChanged,
    Part::IsWithheld,
    Part::ComparedIsWithheld,
];

impl Part {
    /// The word in answers.
    pub fn word(self) -> &'static str {
        match self {
            Self::Numerator => "numerator",
            Self::Denominator => "denominator",
            Self::Value => "value",
            Self::ComparedNumerator => "compared_numerator",
            Self::ComparedDenominator => "compared_denominator",
            Self::ComparedValue => "compared_value",
            Self::Change => "change",
            Self::DefinitionChanged => "definition_changed",
            Self::IsWithheld => "is_withheld",
            Self::ComparedIsWithheld => "compared_is_withheld",
        }
    }

    fn data_type(self) -> DataType {
        match self {
            Self::DefinitionChanged | Self::IsWithheld | Self::ComparedIsWithheld => DataType::Boolean,
            _ => DataType::Float64,
        }
    }
}

/// Whether a period is not over on the day of the release; null where the cut is of no period.
pub(crate) const IS_OPEN_PERIOD: &str = "is_open_period";

impl Cut {
    /// The columns of each measure.
    pub(crate) fn parts(&self) -> &'static [Part] {
        if self.shift.is_some() { &COMPARED } else { &PLAIN }
    }

    /// The column of a measure's part: the part's own name where there is one measure, and else the value is named for its
    /// measure, the others for both.
    pub(crate) fn column(&self, measure: usize, part: Part) -> String {
        let name = &self.measures[measure].name;
        match part {
            _ if self.measures.len() == 1 => part.word().to_owned(),
            Part::Value => name.clone(),
            _ => format!("{name}_{}", part.word()),
        }
    }

    /// The names of the columns by which rows are told apart.
    pub(crate) fn keys(&self) -> Vec<&str> {
        self.by.iter().map(String::as_str).chain(self.grain.map(TimeGrain::word)).collect()
    }

    /// The columns of the answer.
    pub(crate) fn schema(&self) -> SchemaRef {
        let mut fields: Vec<Field> = self.by.iter().map(|name| Field::new(name, DataType::Utf8, true)).collect();
        if let Some(grain) = self.grain {
            let kind = if grain == TimeGrain::Month { DataType::Date32 } else { DataType::Utf8 };
            fields.push(Field::new(grain.word(), kind, true));
        }
        fields.push(Field::new(IS_OPEN_PERIOD, DataType::Boolean, true));
        for measure in 0..self.measures.len() {
            let parts = self.parts().iter();
            fields.extend(parts.map(|part| Field::new(self.column(measure, *part), part.data_type(), true)));
        }
        Arc::new(Schema::new(fields))
    }
}

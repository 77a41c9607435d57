//! The thin compiler from [`Access`] to SQL, and the masking of what it does not show.

use kanak_model::access::Filter;
use kanak_model::golden_record::GoldenValues;
use kanak_model::quality::mask;
use kanak_model::source_record::{Stated, Values};
use kanak_model::{Access, Class, EntityModel};

use crate::dialect::{Engine, JsonColumn, attribute_path, attribute_text, json};

/// A condition on rows and what is bound to its parameters, in order.
pub(crate) struct Condition {
    /// SQL that is true for the rows that may be read.
    pub(crate) sql: String,
    /// Texts for its parameters.
    pub(crate) bind: Vec<String>,
}

/// Compiles a filter; its parameters are numbered from `first`.
pub(crate) fn compile(filter: &Filter, engine: Engine, column: JsonColumn, first: usize) -> Condition {
    match filter {
        Filter::Everything => Condition { sql: "1 = 1".to_owned(), bind: Vec::new() },
        Filter::Nothing => Condition { sql: "1 = 0".to_owned(), bind: Vec::new() },
        // A name that no model can have: what is unknown denies.
        Filter::AttributeIn { attribute, .. } if attribute.contains(['"', '\\', '\0']) => {
            Condition { sql: "1 = 0".to_owned(), bind: Vec::new() }
        }
        Filter::AttributeIn { attribute, values } => {
            let text = attribute_text(engine, column, &format!("${first}"));
            let second = first + 1;
            Condition {
                sql: format!("(({text}) IN (SELECT word FROM {{texts ${second}}} AS scope))"),
                bind: vec![attribute_path(engine, attribute), json(values)],
            }
        }
        Filter::All(filters) => {
            let mut all = Condition { sql: "1 = 1".to_owned(), bind: Vec::new() };
            for filter in filters {
                let one = compile(filter, engine, column, first + all.bind.len());
                all.sql = format!("{} AND {}", all.sql, one.sql);
                all.bind.extend(one.bind);
            }
            all
        }
    }
}

/// How a value of one attribute is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    Clear,
    Masked,
    LeftOut,
}

/// An attribute that the model does not know is left out. Who may see personal values sees a mask of sensitive ones.
fn shown(access: &Access, model: &EntityModel, attribute: &str) -> Shown {
    match model.find_attribute(attribute).map(|attribute| attribute.class) {
        Some(class) if access.shows(class) => Shown::Clear,
        Some(Class::Sensitive) if access.shows(Class::Personal) => Shown::Masked,
        _ => Shown::LeftOut,
    }
}

/// Golden values as the caller may see them.
pub(crate) fn show_golden(access: &Access, model: &EntityModel, mut values: GoldenValues) -> GoldenValues {
    values.retain(|name, value| match shown(access, model, name) {
        Shown::Clear => true,
        Shown::Masked => {
            value.value = mask(&value.value);
            true
        }
        Shown::LeftOut => false,
    });
    values
}

/// A source record's values as the caller may see them.
pub(crate) fn show_stated(access: &Access, model: &EntityModel, values: &Values) -> Values {
    values
        .iter()
        .filter_map(|(name, stated)| {
            let stated = match shown(access, model, name) {
                Shown::Clear => stated.clone(),
                Shown::Masked => Stated { standard: mask(&stated.standard), raw: None },
                Shown::LeftOut => return None,
            };
            Some((name.to_owned(), stated))
        })
        .collect()
}

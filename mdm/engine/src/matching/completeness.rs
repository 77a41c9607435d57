//! How much source records state: what is missing decides what matching can tell.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::columns::{Column, Columns, MISSING};
use super::rules::SAME_REGISTER;

/// How often an attribute is stated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Completeness {
    /// The attribute.
    pub attribute: String,
    /// Source records that state it.
    pub stated: u64,
    /// Distinct values.
    pub distinct: u64,
}

/// One entry an attribute that matching reads, in the order of the model.
pub fn completeness(columns: &Columns) -> Vec<Completeness> {
    let of_column = |column: &Column| Completeness {
        attribute: column.field.name.clone(),
        stated: column.codes.iter().filter(|code| **code != MISSING).count() as u64,
        distinct: column.values.len() as u64,
    };
    columns.columns.par_iter().filter(|column| column.field.name != SAME_REGISTER).map(of_column).collect()
}

/// What source records state of an attribute, in standard form and by ascending id; empty where they do not. `None` for an
/// attribute that matching does not read.
pub fn texts_of<'c>(columns: &'c Columns, attribute: &str) -> Option<Vec<&'c str>> {
    let column = columns.find(attribute)?;
    let text = |row: &u32| match column.codes[*row as usize] {
        MISSING => "",
        code => &column.values[code as usize],
    };
    Some(columns.by_id.iter().map(text).collect())
}

#[cfg(test)]
mod tests {
    use kanak_model::EntityModel;
    use kanak_model::builtin::ENTITY_MODELS;
    use kanak_model::id::SourceRecordId;
    use kanak_model::source_record::{Stated, Values};

    use super::*;
    use crate::matching::Rank;

    #[test]
    fn what_is_stated_is_told_and_counted_by_attribute() {
        let (file, text) = ENTITY_MODELS[0];
        let model = EntityModel::parse(file, text).unwrap();
        let mut builder = Columns::builder(&model);
        for (at, name) in ["Asha", "Asha", ""].into_iter().enumerate() {
            let mut values = Values::new();
            if !name.is_empty() {
                values.insert("full_name", Stated { standard: name.to_owned(), raw: None });
            }
            builder.push(SourceRecordId(at as i64), Rank::of("", &at.to_string()), &values);
        }
        let columns = builder.finish();
        assert_eq!(texts_of(&columns, "full_name"), Some(vec!["Asha", "Asha", ""]));
        assert_eq!(texts_of(&columns, "nothing"), None);
        let found = completeness(&columns);
        let name = found.iter().find(|one| one.attribute == "full_name").unwrap();
        assert_eq!((name.stated, name.distinct), (2, 1));
        let born = found.iter().find(|one| one.attribute == "date_of_birth").unwrap();
        assert_eq!((born.stated, born.distinct), (0, 0));
    }
}

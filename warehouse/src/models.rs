//! The SQL models of `models/facts` and `models/marts`: each file one table, headed by what it is and what it reads.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::WarehouseError;
use crate::metrics::{Metric, overview_model};
use crate::release::Folder;

include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

/// One table that is made by a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SqlModel {
    /// `fct_grievances`: the table.
    pub(crate) name: String,
    /// What a row is, in a sentence.
    pub(crate) description: String,
    /// The columns that tell rows apart, in words.
    pub(crate) grain: String,
    /// Where its table lies: `-- Folder: restricted` in the header of one whose rows speak of single persons.
    pub(crate) folder: Folder,
    /// The columns by which rows are sorted.
    pub(crate) sorted_by: Vec<String>,
    /// The tables it reads; the query sees no others.
    pub(crate) reads: BTreeSet<String>,
    /// The query.
    pub(crate) sql: String,
}

impl SqlModel {
    /// Reads a model file.
    ///
    /// # Errors
    /// [`WarehouseError::Model`] naming the file and the header line that is missing.
    pub(crate) fn parse(file: &str, text: &str) -> Result<Self, WarehouseError> {
        let fail = |message: String| WarehouseError::Model { model: file.to_owned(), message };
        let header: Vec<&str> = text.lines().map_while(|line| line.strip_prefix("--")).map(str::trim).collect();
        let first = header.first().copied().unwrap_or_default();
        let (name, description) = first
            .split_once(':')
            .ok_or_else(|| fail("the first line must read `-- <table>: <what a row is>`".to_owned()))?;
        if !file.ends_with(&format!("{name}.sql")) {
            return Err(fail(format!("it names the table `{name}`; a file is named for its table")));
        }
        let field = |label: &str| -> Vec<&str> {
            header.iter().filter_map(|line| line.strip_prefix(label)).map(str::trim).collect()
        };
        let list = |label: &str| -> Vec<String> {
            let words = field(label).into_iter().flat_map(|line| line.split(','));
            words.map(|word| word.trim().to_owned()).filter(|word| !word.is_empty()).collect()
        };
        let required = |label: &str| match field(label).first() {
            Some(value) => Ok((*value).to_owned()),
            None => Err(fail(format!("its header has no line `-- {label}`"))),
        };
        let grain = required("Grain:")?;
        required("Reads:")?;
        let folder = match field("Folder:").first() {
            None | Some(&"open") => Folder::Open,
            Some(&"restricted") => Folder::Restricted,
            Some(other) => return Err(fail(format!("unknown folder `{other}`; use `open` or `restricted`"))),
        };
        Ok(Self {
            name: name.trim().to_owned(),
            description: description.trim().to_owned(),
            grain,
            folder,
            sorted_by: list("Sorted:"),
            reads: list("Reads:").into_iter().collect(),
            sql: text.to_owned(),
        })
    }
}

/// All models, each after those it reads.
pub(crate) fn builtin_models(metrics: &[Metric]) -> Result<Vec<SqlModel>, WarehouseError> {
    let mut models =
        SQL_MODELS.iter().map(|(file, text)| SqlModel::parse(file, text)).collect::<Result<Vec<_>, _>>()?;
    models.push(overview_model(metrics));
    in_order(models)
}

/// Puts each model after those it reads; otherwise by name.
pub(crate) fn in_order(models: Vec<SqlModel>) -> Result<Vec<SqlModel>, WarehouseError> {
    let mut waiting: BTreeMap<String, SqlModel> = BTreeMap::new();
    for model in models {
        if let Some(twice) = waiting.insert(model.name.clone(), model) {
            return Err(WarehouseError::Model { model: twice.name, message: "there are two files for it".to_owned() });
        }
    }
    let mut ordered = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let ready: Vec<String> = waiting
            .values()
            .filter(|model| !model.reads.iter().any(|read| waiting.contains_key(read)))
            .map(|model| model.name.clone())
            .collect();
        if ready.is_empty() {
            let names: Vec<&str> = waiting.keys().map(String::as_str).collect();
            let message = format!("it reads, over others, itself; look at {}", names.join(", "));
            return Err(WarehouseError::Model { model: names[0].to_owned(), message });
        }
        ordered.extend(ready.iter().filter_map(|name| waiting.remove(name)));
    }
    Ok(ordered)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::builtin_metrics;

    fn model(name: &str, reads: &[&str]) -> SqlModel {
        let text = format!("-- {name}: a row.\n-- Grain: x\n-- Reads: {}\nSELECT 1", reads.join(", "));
        SqlModel::parse(&format!("models/{name}.sql"), &text).unwrap()
    }

    #[test]
    fn a_model_comes_after_those_it_reads() {
        let names = |models: Vec<SqlModel>| in_order(models).unwrap().into_iter().map(|m| m.name).collect::<Vec<_>>();
        let models = vec![model("a", &["b"]), model("b", &["c", "outside"]), model("c", &[])];
        assert_eq!(names(models), ["c", "b", "a"]);
    }

    #[test]
    fn models_that_read_each_other_are_refused() {
        let error = in_order(vec![model("a", &["b"]), model("b", &["a"])]).unwrap_err();
        assert!(error.to_string().contains("a, b"), "{error}");
    }

    #[test]
    fn a_header_without_grain_or_with_another_name_is_refused() {
        for text in ["-- t: row.\n-- Reads: a\n", "-- other: row.\n-- Grain: x\n-- Reads: a\n", "SELECT 1"] {
            assert!(SqlModel::parse("models/t.sql", text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_model_says_in_which_folder_it_lies() {
        let parse =
            |line: &str| SqlModel::parse("models/t.sql", &format!("-- t: row.\n-- Grain: x\n{line}-- Reads: a\n"));
        assert_eq!(parse("").unwrap().folder, Folder::Open);
        assert_eq!(parse("-- Folder: restricted\n").unwrap().folder, Folder::Restricted);
        assert!(parse("-- Folder: secret\n").unwrap_err().to_string().contains("`restricted`"));
    }

    #[test]
    fn facts_that_carry_a_citizens_golden_id_are_restricted() {
        for model in builtin_models(&builtin_metrics().unwrap()).unwrap() {
            let names_one = ["applicant", "beneficiary", "complainant"]
                .iter()
                .any(|who| model.name.starts_with("fct_") && model.sql.contains(&format!("{who}_golden_id")));
            assert_eq!(model.folder == Folder::Restricted, names_one, "{}", model.name);
        }
    }

    #[test]
    fn the_builtin_models_read_and_are_in_order() {
        let models = builtin_models(&builtin_metrics().unwrap()).unwrap();
        let place = |name: &str| models.iter().position(|model| model.name == name).unwrap();
        assert!(place("fct_grievances") < place("mart_grievance_ageing"));
        assert!(place("mart_service_delivery") < place("mart_overview"));
        for model in &models {
            let query: String = model.sql.lines().filter(|line| !line.starts_with("--")).collect();
            for read in &model.reads {
                assert!(query.contains(read.as_str()), "{} says that it reads {read}", model.name);
            }
        }
    }
}

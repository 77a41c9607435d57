//! Splink's JSON, read as far as a model needs it; every mistake names its place in the JSON and the remedy.

use serde_json::{Map, Value};

/// Settings that cannot be imported. Whoever wrote the file must act.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// The text is no JSON.
    #[error(
        "the file is no JSON ({error}); write it with `linker.misc.save_model_to_json(\"settings.json\")`, or `linker.save_model_to_json` in Splink 3"
    )]
    NotJson {
        /// What the reader of JSON says, with line and column.
        error: String,
    },
    /// Something is missing or of another type than Splink writes.
    #[error("`{path}`: {problem}; {remedy}")]
    Shape {
        /// The place in the JSON: `comparisons[2].comparison_levels`.
        path: String,
        /// What is wrong there.
        problem: String,
        /// What to do.
        remedy: String,
    },
    /// No comparison is left that Kanak could make.
    #[error(
        "`comparisons`: none of the {count} can be carried over ({notes}); start from `kanak model suggest FILE` instead"
    )]
    NothingLeft {
        /// How many there are.
        count: usize,
        /// Why each was left out.
        notes: String,
    },
}

pub(super) struct Settings {
    pub(super) link_type: Option<String>,
    pub(super) unique_id: Option<String>,
    pub(super) source_dataset: Option<String>,
    pub(super) prior: Option<f64>,
    pub(super) retained: Vec<String>,
    pub(super) blocking: Vec<Blocking>,
    pub(super) comparisons: Vec<SplinkComparison>,
    /// Keys that nothing is made of and that change what Splink finds.
    pub(super) unread: Vec<String>,
}

pub(super) struct Blocking {
    pub(super) path: String,
    pub(super) sql: String,
    pub(super) is_salted: bool,
    pub(super) exploded: Vec<String>,
}

pub(super) struct SplinkComparison {
    pub(super) path: String,
    pub(super) name: String,
    pub(super) levels: Vec<SplinkLevel>,
}

pub(super) struct SplinkLevel {
    pub(super) path: String,
    pub(super) sql: String,
    pub(super) label: String,
    pub(super) is_null: bool,
    pub(super) is_trained: bool,
    pub(super) term_frequency: Option<String>,
    /// Settings of the term frequency that are not the usual ones, such as `tf_adjustment_weight 0.5`.
    pub(super) unusual: Vec<String>,
}

/// Keys that say how Splink computes or prints, not what it finds; or that are read below.
const KNOWN: &[&str] = &[
    "link_type",
    "unique_id_column_name",
    "source_dataset_column_name",
    "probability_two_random_records_match",
    "additional_columns_to_retain",
    "blocking_rules_to_generate_predictions",
    "comparisons",
    "em_convergence",
    "max_iterations",
    "retain_matching_columns",
    "retain_intermediate_calculation_columns",
    "bayes_factor_column_prefix",
    "match_weight_column_prefix",
    "term_frequency_adjustment_column_prefix",
    "comparison_vector_value_column_prefix",
    "linker_uid",
    "sql_dialect",
];

const SAVE: &str = "write the file anew with `save_model_to_json`";

pub(super) fn read(text: &str) -> Result<Settings, ImportError> {
    let value: Value = serde_json::from_str(text).map_err(|error| ImportError::NotJson { error: error.to_string() })?;
    let root = Object::of(&value, "the file".to_owned(), "settings are an object with `comparisons`")?;
    if root.map.contains_key("comparison_columns") {
        let remedy = "load them into Splink 3 or later and save them from there";
        return Err(shape("comparison_columns", "these are settings of Splink 2", remedy));
    }
    let comparisons = root.list("comparisons")?.ok_or_else(|| shape("comparisons", "it is missing", SAVE))?;
    if comparisons.is_empty() {
        return Err(shape("comparisons", "there is none", "a model needs at least one: add one for each column"));
    }
    let comparisons = comparisons.iter().enumerate().map(|(at, value)| comparison(value, format!("comparisons[{at}]")));
    let name = "blocking_rules_to_generate_predictions";
    let rules = root.list(name)?.unwrap_or_default();
    let blocking = rules.iter().enumerate().map(|(at, value)| blocking(value, format!("{name}[{at}]")));
    Ok(Settings {
        link_type: root.text("link_type")?.map(str::to_owned),
        unique_id: root.text("unique_id_column_name")?.map(str::to_owned),
        source_dataset: root.text("source_dataset_column_name")?.map(str::to_owned),
        prior: root.number("probability_two_random_records_match")?,
        retained: root.texts("additional_columns_to_retain")?,
        blocking: blocking.collect::<Result<_, _>>()?,
        comparisons: comparisons.collect::<Result<_, _>>()?,
        unread: root.map.keys().filter(|key| !KNOWN.contains(&key.as_str())).cloned().collect(),
    })
}

fn blocking(value: &Value, path: String) -> Result<Blocking, ImportError> {
    if let Value::String(sql) = value {
        return Ok(Blocking { path, sql: sql.clone(), is_salted: false, exploded: Vec::new() });
    }
    let rule = Object::of(value, path, "a blocking rule is SQL, or an object with `blocking_rule`")?;
    let sql = rule.text("blocking_rule")?;
    Ok(Blocking {
        sql: sql.ok_or_else(|| rule.missing("blocking_rule"))?.to_owned(),
        is_salted: rule.number("salting_partitions")?.is_some_and(|parts| parts > 1.0),
        exploded: rule.texts("arrays_to_explode")?,
        path: rule.path,
    })
}

fn comparison(value: &Value, path: String) -> Result<SplinkComparison, ImportError> {
    let object = Object::of(value, path, "a comparison is an object with `comparison_levels`")?;
    let levels = object.list("comparison_levels")?.ok_or_else(|| object.missing("comparison_levels"))?;
    let levels =
        levels.iter().enumerate().map(|(at, value)| level(value, object.at(&format!("comparison_levels[{at}]"))));
    let levels: Vec<SplinkLevel> = levels.collect::<Result<_, _>>()?;
    let name = object.text("output_column_name")?.or(object.text("column_name")?);
    Ok(SplinkComparison { name: name.unwrap_or_default().to_owned(), levels, path: object.path })
}

fn level(value: &Value, path: String) -> Result<SplinkLevel, ImportError> {
    let object = Object::of(value, path, "a level is an object with `sql_condition`")?;
    let sql = object.text("sql_condition")?.ok_or_else(|| object.missing("sql_condition"))?.trim().to_owned();
    let weight = object.number("tf_adjustment_weight")?.filter(|weight| (weight - 1.0).abs() > 1e-9);
    let floor = object.number("tf_minimum_u_value")?.filter(|floor| *floor > 0.0);
    let unusual = [("tf_adjustment_weight", weight), ("tf_minimum_u_value", floor)];
    let fixed = ["fix_m_probability", "fix_u_probability"];
    let fixed = fixed.into_iter().filter(|name| object.map.get(*name) == Some(&Value::Bool(true)));
    let unusual = unusual.into_iter().filter_map(|(name, value)| Some(format!("{name} {}", value?)));
    Ok(SplinkLevel {
        label: object.text("label_for_charts")?.unwrap_or(&sql).to_owned(),
        is_null: object.map.get("is_null_level") == Some(&Value::Bool(true)),
        is_trained: object.number("m_probability")?.is_some() || object.number("u_probability")?.is_some(),
        term_frequency: object.text("tf_adjustment_column")?.map(str::to_owned),
        unusual: unusual.chain(fixed.map(str::to_owned)).collect(),
        sql,
        path: object.path,
    })
}

fn shape(path: &str, problem: &str, remedy: &str) -> ImportError {
    ImportError::Shape { path: path.to_owned(), problem: problem.to_owned(), remedy: remedy.to_owned() }
}

struct Object<'a> {
    map: &'a Map<String, Value>,
    path: String,
}

impl<'a> Object<'a> {
    fn of(value: &'a Value, path: String, wanted: &str) -> Result<Self, ImportError> {
        match value {
            Value::Object(map) => Ok(Self { map, path }),
            other => Err(shape(&path, &format!("{} stands here", type_of(other)), wanted)),
        }
    }

    fn at(&self, name: &str) -> String {
        if self.path == "the file" { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    fn missing(&self, name: &str) -> ImportError {
        shape(&self.at(name), "it is missing", SAVE)
    }

    fn get(&self, name: &str) -> Option<&'a Value> {
        self.map.get(name).filter(|value| !value.is_null())
    }

    fn wrong(&self, name: &str, wanted: &str, found: &Value) -> ImportError {
        shape(&self.at(name), &format!("{} stands here", type_of(found)), &format!("write {wanted}"))
    }

    fn text(&self, name: &str) -> Result<Option<&'a str>, ImportError> {
        let Some(value) = self.get(name) else { return Ok(None) };
        value.as_str().map(Some).ok_or_else(|| self.wrong(name, "a text", value))
    }

    /// A number; Splink also writes the text `level not observed in training dataset` where one should stand.
    fn number(&self, name: &str) -> Result<Option<f64>, ImportError> {
        let Some(value) = self.get(name) else { return Ok(None) };
        match value {
            Value::String(text) if text.contains("not observed") => Ok(None),
            _ => value.as_f64().map(Some).ok_or_else(|| self.wrong(name, "a number", value)),
        }
    }

    fn list(&self, name: &str) -> Result<Option<&'a [Value]>, ImportError> {
        let Some(value) = self.get(name) else { return Ok(None) };
        value.as_array().map(|list| Some(list.as_slice())).ok_or_else(|| self.wrong(name, "a list", value))
    }

    fn texts(&self, name: &str) -> Result<Vec<String>, ImportError> {
        let list = self.list(name)?.unwrap_or_default();
        let text = |value: &Value| value.as_str().map(str::to_owned).ok_or_else(|| self.wrong(name, "texts", value));
        list.iter().map(text).collect()
    }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

//! Source systems: where a department's register is and how its columns become attributes, read from one TOML file.

use serde::{Deserialize, Serialize};
use toml::Spanned;

use crate::text::Titles;
use crate::toml_text::{ModelError, TomlText};

/// One register of one department, as declared in `sources/*.toml`.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceSystem {
    /// `food_civil_supplies`; unique in a deployment.
    pub name: String,
    /// The title on pages.
    pub title: Titles,
    /// The department that owns the register, by its code.
    pub department: String,
    /// What its rows are.
    pub rows: RowsAre,
    /// File names in the inbox that belong to it; `*` stands for any characters.
    pub files: Vec<String>,
    /// How the files are read.
    pub format: Format,
    /// Whether a file holds the whole register or what changed.
    pub load: Load,
    /// A snapshot that would retire more than this share of the source waits for a person.
    pub retire_share_max: f64,
    /// The source columns that together are the key of a row; joined by `/` when several.
    pub key: Vec<String>,
    /// The source column that says when the row was last changed there. Another time is a change of the row: a column
    /// that says when the file was written makes every row new with every file, and is left undeclared.
    pub updated: Option<String>,
    /// The order in which that column writes dates; none when a mapping of the column says it, or India's order holds.
    pub updated_date_order: Option<DateOrder>,
    /// Trust from 0 to 1, where an attribute names none of its own.
    pub trust: f64,
    /// Whether somebody's benefit hangs on it: stewards are asked about its source records earlier.
    pub stakes: Stakes,
    /// How columns become attributes. A source column that is named nowhere is ignored and counted.
    pub columns: Vec<ColumnMapping>,
}

/// What a source's rows are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowsAre {
    /// Source records of this entity type.
    Entity(String),
    /// Events of this kind.
    Event(String),
}

/// What hangs on a register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stakes {
    /// Nobody loses a benefit by a mistake in it.
    #[default]
    Ordinary,
    /// A benefit is given or ended by it.
    Benefit,
}

impl Stakes {
    /// The word in tables and declarations.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ordinary => "ordinary",
            Self::Benefit => "benefit",
        }
    }
}

/// Whether a file holds the whole register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Load {
    /// The whole register: what is missing from it was retired.
    #[default]
    Snapshot,
    /// New and changed rows only.
    Delta,
}

/// A file format with what is needed to read it. Any of them may be gzipped (`.gz`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Format {
    /// Separated text with a header line.
    Csv {
        /// One character; `\t` for a tab.
        #[serde(default = "comma")]
        separator: char,
        /// `utf-8`, `utf-16le`, `windows-1252` ... (WHATWG labels).
        #[serde(default = "utf8")]
        encoding: String,
    },
    /// One JSON object a line.
    Ndjson,
    /// An Excel workbook; the first sheet unless one is named. First row is the header.
    Xlsx {
        /// The sheet's name.
        #[serde(default)]
        sheet: Option<String>,
    },
    /// Apache Parquet.
    Parquet,
}

fn comma() -> char {
    ','
}

fn utf8() -> String {
    "utf-8".to_owned()
}

/// One source column, or a fixed value, becomes one attribute.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnMapping {
    /// Source columns; several are joined by a space.
    #[serde(default)]
    pub from: OneOrMany,
    /// A value that every row has, instead of `from`.
    #[serde(default)]
    pub value: Option<String>,
    /// The attribute.
    pub to: String,
    /// Trust from 0 to 1 of this source for this attribute.
    #[serde(default)]
    pub trust: Option<f64>,
    /// For dates and instants: the order in which this source writes them.
    #[serde(default)]
    pub date_order: DateOrder,
    /// For kind `source_key`: the source system whose key it is.
    #[serde(default)]
    pub source: Option<String>,
    /// The source's own codes and what they stand for.
    #[serde(default)]
    pub values: std::collections::BTreeMap<String, String>,
    /// Where a row may find the value when it leaves the columns of `from` empty.
    #[serde(default)]
    pub where_empty: Option<OtherRow>,
}

/// The other row of a pair, as where bride and groom stand in two rows of one marriage: what one row leaves out, the other may
/// state about itself.
///
/// Two rows of a file are a pair when they have the same text in one column and no third row of the file has it. Where no other
/// row has it, or more than one, there is no answer and the value stays empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OtherRow {
    /// The source column of the other row that has the value.
    pub take: String,
    /// The source column whose text both rows share.
    pub of_other_with_same: String,
}

impl OtherRow {
    /// What is wrong with it on a column for `to` of a source with this key, in words with the remedy.
    fn fault(&self, column: &ColumnMapping, key: &[String]) -> Option<String> {
        let Self { take, of_other_with_same: same } = self;
        let to = &column.to;
        if column.value.is_some() {
            return Some(format!(
                "column for `{to}` has a fixed `value`, which is never empty; `where_empty` goes with `from`"
            ));
        }
        if take.trim().is_empty() || same.trim().is_empty() {
            return Some(format!(
                "`where_empty` of the column for `{to}` names two columns of the source: `take` and `of_other_with_same`"
            ));
        }
        if take == same {
            return Some(format!(
                "`where_empty` of the column for `{to}` takes `{take}` of the row with the same `{take}`, which tells nothing; \
                 `take` names another column"
            ));
        }
        (key == [same.as_str()]).then(|| {
            format!(
                "`{same}` alone is the `key`, so no other row has the same; `of_other_with_same` names a column that two rows \
                 share"
            )
        })
    }
}

/// One word or a list of them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "RawOneOrMany")]
pub struct OneOrMany(pub Vec<String>);

#[derive(Deserialize)]
#[serde(untagged)]
enum RawOneOrMany {
    One(String),
    Many(Vec<String>),
}

impl From<RawOneOrMany> for OneOrMany {
    fn from(raw: RawOneOrMany) -> Self {
        match raw {
            RawOneOrMany::One(one) => Self(vec![one]),
            RawOneOrMany::Many(many) => Self(many),
        }
    }
}

/// The order of day, month and year in a source's dates. ISO dates are always understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DateOrder {
    /// Day, month, year: what India writes.
    #[default]
    Dmy,
    /// Month, day, year.
    Mdy,
    /// Year, month, day.
    Ymd,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    source: Spanned<RawSource>,
    #[serde(default)]
    column: Vec<Spanned<ColumnMapping>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSource {
    name: String,
    title: Titles,
    department: String,
    entity: Option<String>,
    event: Option<String>,
    files: OneOrMany,
    format: Format,
    #[serde(default)]
    load: Load,
    #[serde(default = "fifth")]
    retire_share_max: f64,
    key: OneOrMany,
    updated: Option<String>,
    updated_date_order: Option<DateOrder>,
    #[serde(default = "half")]
    trust: f64,
    #[serde(default)]
    stakes: Stakes,
}

fn fifth() -> f64 {
    0.2
}

fn half() -> f64 {
    0.5
}

impl SourceSystem {
    /// Reads a source's declaration.
    ///
    /// # Errors
    /// A [`ModelError`] that names the file, the line and what is wrong.
    pub fn parse(file: &str, text: &str) -> Result<Self, ModelError> {
        let toml = TomlText::new(file, text);
        let raw: RawFile = toml.parse()?;
        let span = raw.source.span();
        let source = raw.source.into_inner();
        let rows = match (source.entity, source.event) {
            (Some(entity), None) => RowsAre::Entity(entity),
            (None, Some(event)) => RowsAre::Event(event),
            _ => return Err(toml.error_at(span, "a source has either `entity = ..` or `event = ..`")),
        };
        if source.key.0.is_empty() || source.files.0.is_empty() {
            return Err(toml.error_at(span, "a source needs at least one `key` column and one of `files`"));
        }
        if source.updated.is_none() && source.updated_date_order.is_some() {
            return Err(toml.error_at(span, "`updated_date_order` goes with `updated`, which names the column"));
        }
        for share in [source.trust, source.retire_share_max] {
            if !(0.0..=1.0).contains(&share) {
                return Err(toml.error_at(span, format!("{share} is not between 0 and 1")));
            }
        }
        let mut columns = Vec::with_capacity(raw.column.len());
        for spanned in raw.column {
            let span = spanned.span();
            let column = spanned.into_inner();
            if column.from.0.is_empty() != column.value.is_some() {
                return Err(toml.error_at(span, format!("column for `{}` needs either `from` or `value`", column.to)));
            }
            if let Some(fault) = column.where_empty.as_ref().and_then(|other| other.fault(&column, &source.key.0)) {
                return Err(toml.error_at(span, fault));
            }
            columns.push(column);
        }
        if columns.is_empty() {
            return Err(toml.error_at(span, "a source needs at least one [[column]]"));
        }
        Ok(Self {
            name: source.name,
            title: source.title,
            department: source.department,
            rows,
            files: source.files.0,
            format: source.format,
            load: source.load,
            retire_share_max: source.retire_share_max,
            key: source.key.0,
            updated: source.updated,
            updated_date_order: source.updated_date_order,
            trust: source.trust,
            stakes: source.stakes,
            columns,
        })
    }

    /// How far this source is trusted for one attribute, 0 to 1.
    pub fn trust_for(&self, attribute: &str) -> f64 {
        self.columns.iter().find(|column| column.to == attribute).and_then(|column| column.trust).unwrap_or(self.trust)
    }
}

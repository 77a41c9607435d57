//! How the columns of one file become the attributes of one model.

use kanak_model::entity_model::Attribute;
use kanak_model::kind::{Class, Kind};
use kanak_model::source_system::{ColumnMapping, DateOrder, SourceSystem};
use kanak_model::toml_text::choices;
use kanak_model::{EntityModel, EventModel};

use crate::connector::SourceReader;
use crate::error::IngestError;
use crate::header;
use crate::nearest::nearest;

/// What the rows of a file are: the model that their attributes come from.
#[derive(Debug, Clone, Copy)]
pub enum Rows<'a> {
    /// Source records of this entity.
    Entity(&'a EntityModel),
    /// Events of this kind.
    Event(&'a EventModel),
}

impl<'a> Rows<'a> {
    /// The attributes of the model.
    pub fn attributes(self) -> &'a [Attribute] {
        match self {
            Self::Entity(model) => &model.attributes,
            Self::Event(model) => &model.attributes,
        }
    }

    /// The name of the model.
    pub fn name(self) -> &'a str {
        match self {
            Self::Entity(model) => &model.name,
            Self::Event(model) => &model.name,
        }
    }

    /// The attribute of this name.
    pub fn find_attribute(self, name: &str) -> Option<&'a Attribute> {
        self.attributes().iter().find(|attribute| attribute.name == name)
    }
}

impl<'a> From<&'a EntityModel> for Rows<'a> {
    fn from(model: &'a EntityModel) -> Self {
        Self::Entity(model)
    }
}

impl<'a> From<&'a EventModel> for Rows<'a> {
    fn from(model: &'a EventModel) -> Self {
        Self::Event(model)
    }
}

/// The mapping of one source, resolved against the columns of one file.
pub(crate) struct Plan<'a> {
    /// The places of the key columns.
    pub(crate) key: Vec<usize>,
    /// The names of the key columns, for messages.
    pub(crate) key_names: String,
    /// Where the row says when it was changed, and in which order its dates are written.
    pub(crate) updated: Option<(usize, DateOrder)>,
    /// The attribute that stands for [`Plan::updated`] when it is parsed.
    pub(crate) instant: Attribute,
    /// The mapped columns. Districts stand first: they tell sub-districts apart.
    pub(crate) columns: Vec<PlannedColumn<'a>>,
    /// The attributes of the model, to find relatives' names by.
    pub(crate) rows: Rows<'a>,
    /// Attributes that every row must have, as places in the model.
    pub(crate) required: Vec<&'a Attribute>,
    /// Columns that nothing is taken from.
    pub(crate) ignored: Vec<String>,
    /// Mapped columns that the first rows do not have.
    pub(crate) missing: Vec<String>,
}

/// One attribute and where its value comes from.
pub(crate) struct PlannedColumn<'a> {
    pub(crate) mapping: &'a ColumnMapping,
    pub(crate) attribute: &'a Attribute,
    pub(crate) from: Vec<usize>,
    /// Where the other row of a pair has the value, if the source says so.
    pub(crate) where_empty: Option<PlannedOther>,
}

/// The places of the columns of a [`kanak_model::source_system::OtherRow`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PlannedOther {
    pub(crate) take: usize,
    pub(crate) same: usize,
}

impl<'a> Plan<'a> {
    /// Finds every mapped column in the file.
    ///
    /// # Errors
    /// When a mapped column is not there, or an attribute is not in the model.
    pub(crate) fn new(
        file: &str,
        source: &'a SourceSystem,
        rows: Rows<'a>,
        reader: &mut dyn SourceReader,
    ) -> Result<Self, IngestError> {
        let mut finder = Finder::new(file, source, reader)?;
        let mut key = Vec::with_capacity(source.key.len());
        for name in &source.key {
            key.push(finder.place(name, Needed::Always)?);
        }
        let mut updated = None;
        if let Some(name) = &source.updated {
            let mapped = source.columns.iter().find(|mapping| mapping.from.0.iter().any(|from| from == name));
            let order = source.updated_date_order.or(mapped.map(|mapping| mapping.date_order)).unwrap_or_default();
            updated = Some((finder.place(name, Needed::Sometimes)?, order));
        }
        let mut columns = Vec::with_capacity(source.columns.len());
        for mapping in &source.columns {
            let attribute = rows.find_attribute(&mapping.to).ok_or_else(|| unknown_attribute(file, mapping, rows))?;
            let needed = if attribute.required { Needed::Always } else { Needed::Sometimes };
            let from = mapping.from.0.iter().map(|name| finder.place(name, needed)).collect::<Result<_, _>>()?;
            let where_empty = match &mapping.where_empty {
                Some(other) => Some(PlannedOther {
                    take: finder.place(&other.take, Needed::Sometimes)?,
                    same: finder.place(&other.of_other_with_same, Needed::Sometimes)?,
                }),
                None => None,
            };
            columns.push(PlannedColumn { mapping, attribute, from, where_empty });
        }
        columns.sort_by_key(|column| column.attribute.kind != Kind::District);
        let required = rows.attributes().iter().filter(|attribute| attribute.required).collect();
        let missing = std::mem::take(&mut finder.missing);
        let used = |name: &String| mapped(source).any(|mapped| mapped == name);
        let ignored = reader.columns().iter().filter(|name| !name.is_empty() && !used(name)).cloned().collect();
        Ok(Self {
            key,
            key_names: source.key.join("`, `"),
            updated,
            instant: instant(),
            columns,
            rows,
            required,
            ignored,
            missing,
        })
    }
}

fn unknown_attribute(file: &str, mapping: &ColumnMapping, rows: Rows<'_>) -> IngestError {
    IngestError::Broken {
        file: file.to_owned(),
        line: None,
        problem: format!("its source maps a column to `{}`, which `{}` does not have", mapping.to, rows.name()),
        remedy: format!("it has {}", choices(rows.attributes().iter().map(|attribute| attribute.name.as_str()))),
    }
}

fn instant() -> Attribute {
    Attribute {
        name: "updated".into(),
        kind: Kind::Timestamp,
        class: Class::Internal,
        system: None,
        entity: None,
        required: false,
        on_invalid: kanak_model::entity_model::OnInvalid::LeaveOut,
        title: None,
    }
}

/// Whether rows may leave a column out where the format allows it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Needed {
    Always,
    Sometimes,
}

struct Finder<'a> {
    file: &'a str,
    source: &'a SourceSystem,
    reader: &'a mut dyn SourceReader,
    missing: Vec<String>,
}

impl<'a> Finder<'a> {
    fn new(file: &'a str, source: &'a SourceSystem, reader: &'a mut dyn SourceReader) -> Result<Self, IngestError> {
        let finder = Self { file, source, reader, missing: Vec::new() };
        let columns = finder.reader.columns();
        for (at, name) in columns.iter().enumerate() {
            if !name.is_empty() && columns[..at].contains(name) {
                finder.refuse_data(finder.source.key.first().map_or("", String::as_str))?;
                return Err(IngestError::Broken {
                    file: file.to_owned(),
                    line: finder.reader.header_line(),
                    problem: format!("two columns are called `{name}`"),
                    remedy: "rename one of them and send the file again".into(),
                });
            }
        }
        Ok(finder)
    }

    /// Refuses, without repeating them, names of columns that may be a person's row: the source knows none of them, or one
    /// looks like data.
    fn refuse_data(&self, column: &str) -> Result<(), IngestError> {
        let columns = self.reader.columns();
        let is_known = |name: &String| mapped(self.source).any(|mapped| mapped.eq_ignore_ascii_case(name));
        let why = if columns.iter().any(|name| header::looks_like_data(name)) {
            "the first line looks like data, not like column names"
        } else if !columns.iter().any(is_known) {
            "its source knows none of the file's columns"
        } else {
            return Ok(());
        };
        Err(IngestError::NoHeader {
            file: self.file.to_owned(),
            line: self.reader.header_line(),
            column: column.to_owned(),
            count: columns.len(),
            why,
        })
    }

    fn place(&mut self, name: &str, needed: Needed) -> Result<usize, IngestError> {
        if let Some(place) = self.reader.columns().iter().position(|column| column == name) {
            return Ok(place);
        }
        if needed == Needed::Sometimes
            && let Some(place) = self.reader.add_column(name)
        {
            self.missing.push(name.to_owned());
            return Ok(place);
        }
        self.refuse_data(name)?;
        let columns = self.reader.columns();
        let named = || columns.iter().map(String::as_str).filter(|column| !column.is_empty());
        let nearest = nearest(name, named()).map(|near| format!("; the nearest is `{near}`")).unwrap_or_default();
        let shown: Vec<String> = named().take(60).map(|column| format!("`{column}`")).collect();
        Err(IngestError::MissingColumn {
            file: self.file.to_owned(),
            line: self.reader.header_line(),
            column: name.to_owned(),
            columns: shown.join(", "),
            nearest,
        })
    }
}

/// The columns that a source takes something from.
fn mapped(source: &SourceSystem) -> impl Iterator<Item = &str> {
    let columns = source.columns.iter().flat_map(|mapping| {
        let others = mapping.where_empty.iter().flat_map(|other| [&other.take, &other.of_other_with_same]);
        mapping.from.0.iter().chain(others)
    });
    source.key.iter().chain(&source.updated).chain(columns).map(String::as_str)
}

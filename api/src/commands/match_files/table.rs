//! The rows of all inputs, each with its source and id.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use arrow::array::{Array as _, AsArray as _, StringArray, UInt64Array};
use arrow::record_batch::RecordBatch;
use kanak_engine::model_guess::{self, Guess};
use kanak_engine::standardize::redact;
use kanak_model::EntityModel;
use kanak_model::quality::RejectedRow;

use crate::cli::MatchArgs;
use crate::output::Output;

/// All inputs. Rows are numbered from 0 over all of them.
pub(super) struct Table {
    inputs: Vec<Input>,
    /// The distinct sources, in the order of their first row.
    sources: Vec<String>,
    /// Row to its source's place.
    source_of: Vec<u32>,
    /// The columns that say nothing of what rows speak of: the id and the source.
    left_out: Vec<String>,
    /// What the columns of all inputs are taken for.
    guess: Guess,
}

/// One file.
struct Input {
    file: PathBuf,
    batch: RecordBatch,
    /// The number over all inputs of its first row.
    first_row: usize,
    ids: Ids,
    rejected: Vec<RejectedRow>,
}

/// What the rows of a file are called.
enum Ids {
    Column(StringArray),
    /// Their numbers in the file from 1, rows that could not be read included.
    Numbers(Vec<u64>),
}

impl Ids {
    fn get(&self, row: usize) -> Cow<'_, str> {
        match self {
            Self::Column(texts) => Cow::Borrowed(texts.value(row)),
            Self::Numbers(numbers) => Cow::Owned(numbers[row].to_string()),
        }
    }
}

impl Table {
    /// Reads all inputs.
    ///
    /// # Errors
    /// When a file cannot be read, a column is missing, a row has no id, or a source has an id twice.
    pub(super) fn read(args: &MatchArgs) -> anyhow::Result<Self> {
        let left_out = args.id.iter().chain(&args.source).cloned().collect();
        // Of no table yet.
        let guess = model_guess::guess_tables(&[]);
        let mut table = Self { inputs: Vec::new(), sources: Vec::new(), source_of: Vec::new(), left_out, guess };
        let mut places: HashMap<String, u32> = HashMap::new();
        for file in &args.input {
            let read = kanak_ingest::read_columns(file)?;
            let batch = read.batch;
            let ids = match &args.id {
                Some(name) => Ids::Column(column_of(&batch, name, file)?.clone()),
                None => Ids::Numbers(numbers(&read.lines, &read.rejected)),
            };
            if let (Ids::Column(texts), Some(name)) = (&ids, &args.id)
                && let Some(row) = (0..texts.len()).find(|row| texts.is_null(*row))
            {
                bail!("{}: line {} has no id in column `{name}`", file.display(), read.lines.value(row));
            }
            let named = args.source.as_deref().map(|name| column_of(&batch, name, file)).transpose()?;
            let name = if args.input.len() > 1 { stem(file) } else { String::new() };
            for row in 0..batch.num_rows() {
                let source =
                    named.map_or(name.as_str(), |texts| if texts.is_null(row) { "" } else { texts.value(row) });
                let place = match places.get(source) {
                    Some(place) => *place,
                    None => {
                        let place = table.sources.len() as u32;
                        table.sources.push(source.to_owned());
                        places.insert(source.to_owned(), place);
                        place
                    }
                };
                table.source_of.push(place);
            }
            let first_row = table.source_of.len() - batch.num_rows();
            table.inputs.push(Input { file: file.clone(), batch, first_row, ids, rejected: read.rejected });
        }
        if table.is_empty() {
            let files: Vec<String> = args.input.iter().map(|file| file.display().to_string()).collect();
            bail!("there is no row to match in {}", files.join(", "));
        }
        table.check_ids()?;
        table.guess = table.guess_tables()?;
        Ok(table)
    }

    /// No source has an id twice, in whichever files.
    fn check_ids(&self) -> anyhow::Result<()> {
        let mut seen: HashSet<(u32, Cow<'_, str>)> = HashSet::with_capacity(self.len());
        for row in 0..self.len() {
            if !seen.insert((self.source_of[row], self.id(row))) {
                let (id, file) = (self.id(row), self.input(row).file.display());
                let id = redact(&id);
                bail!("{file}: the id `{id}` stands twice in one source; ids must be unique in a source");
            }
        }
        Ok(())
    }

    /// How many rows there are.
    pub(super) fn len(&self) -> usize {
        self.source_of.len()
    }

    fn is_empty(&self) -> bool {
        self.source_of.is_empty()
    }

    fn input(&self, row: usize) -> &Input {
        &self.inputs[self.inputs.partition_point(|input| input.first_row <= row) - 1]
    }

    /// The source of a row; empty when one file was given without a source column.
    pub(super) fn source(&self, row: usize) -> &str {
        &self.sources[self.source_of[row] as usize]
    }

    /// The id of a row in its source.
    pub(super) fn id(&self, row: usize) -> Cow<'_, str> {
        let input = self.input(row);
        input.ids.get(row - input.first_row)
    }

    /// `source:id`, or `id` where there is no source.
    pub(super) fn label(&self, row: usize) -> Cow<'_, str> {
        match self.source(row) {
            "" => self.id(row),
            source => Cow::Owned(format!("{source}:{}", self.id(row))),
        }
    }

    /// How many files there are.
    pub(super) fn files(&self) -> usize {
        self.inputs.len()
    }

    /// Each file with its rows and those that could not be read.
    pub(super) fn counts(&self) -> impl Iterator<Item = (&Path, usize, usize)> {
        self.inputs.iter().map(|input| (input.file.as_path(), input.batch.num_rows(), input.rejected.len()))
    }

    /// Which file a row stands in, from 0.
    pub(super) fn file_of(&self, row: usize) -> usize {
        self.inputs.partition_point(|input| input.first_row <= row) - 1
    }

    /// Lets go of what the rows state, once it is in columns for matching: names and ids stay.
    ///
    /// # Errors
    /// Never: a batch without columns keeps its number of rows.
    pub(super) fn forget_values(&mut self) -> anyhow::Result<()> {
        for input in &mut self.inputs {
            input.batch = input.batch.project(&[])?;
        }
        Ok(())
    }

    /// The rows that could not be read, by file.
    pub(super) fn rejected(&self) -> impl Iterator<Item = (&Path, &RejectedRow)> {
        self.inputs.iter().flat_map(|input| input.rejected.iter().map(|row| (input.file.as_path(), row)))
    }

    /// An entity model guessed from all inputs; tells which columns of different headers are taken for one attribute.
    pub(super) fn guess(&self, output: &Output) -> EntityModel {
        for (input, names) in self.inputs.iter().zip(&self.guess.names) {
            let header = self.header(input);
            for ((own, plain), name) in header.iter().zip(model_guess::attribute_names(&header)).zip(names) {
                if plain != *name {
                    output.note(format!("{}: column `{own}` is taken for `{name}`", input.file.display()));
                }
            }
        }
        self.guess.model.clone()
    }

    fn guess_tables(&self) -> anyhow::Result<Guess> {
        let mut tables = Vec::with_capacity(self.inputs.len());
        for input in &self.inputs {
            tables.push(columns_of(&input.batch, &self.header(input))?);
        }
        Ok(model_guess::guess_tables(&tables))
    }

    /// The headers of an input that say something of what its rows speak of: not the id nor the source.
    fn header<'t>(&self, input: &'t Input) -> Vec<&'t str> {
        let all = input.batch.schema_ref().fields().iter().map(|field| field.name().as_str());
        all.filter(|name| !self.left_out.iter().any(|left_out| left_out == name)).collect()
    }

    /// The inputs with their columns named as the model's attributes are: as they are where the model names them so, else as
    /// a guess would name them.
    ///
    /// # Errors
    /// Never: the columns of a file have one length.
    pub(super) fn named(&self, entity: &EntityModel) -> anyhow::Result<Vec<RecordBatch>> {
        let mut named = Vec::with_capacity(self.inputs.len());
        for (input, guessed) in self.inputs.iter().zip(&self.guess.names) {
            let guessed: HashMap<&str, &String> = self.header(input).into_iter().zip(guessed).collect();
            let columns = input.batch.schema_ref().fields().iter().zip(input.batch.columns()).map(|(field, column)| {
                let own = field.name();
                let guessed = guessed.get(own.as_str()).filter(|_| entity.find_attribute(own).is_none());
                (guessed.map_or(own, |name| *name).clone(), Arc::clone(column), true)
            });
            named.push(RecordBatch::try_from_iter_with_nullable(columns)?);
        }
        Ok(named)
    }
}

/// Guesses an entity model from the headers and first rows of a table.
///
/// # Errors
/// When a column is not text.
pub fn guess(table: &RecordBatch) -> anyhow::Result<EntityModel> {
    let header: Vec<&str> = table.schema_ref().fields().iter().map(|field| field.name().as_str()).collect();
    Ok(model_guess::guess_tables(&[columns_of(table, &header)?]).model)
}

/// Headers with the first values of their columns.
fn columns_of<'t>(table: &'t RecordBatch, header: &[&'t str]) -> anyhow::Result<Vec<(&'t str, Vec<&'t str>)>> {
    let mut columns = Vec::with_capacity(header.len());
    for name in header {
        let texts = table[*name].as_string_opt::<i32>().context("a column is not text")?;
        columns.push((*name, texts.iter().take(GUESS_ROWS).map(Option::unwrap_or_default).collect()));
    }
    Ok(columns)
}

/// How many rows of each file a guess looks at.
const GUESS_ROWS: usize = 5_000;

fn column_of<'a>(batch: &'a RecordBatch, wanted: &str, file: &Path) -> anyhow::Result<&'a StringArray> {
    let found = batch.column_by_name(wanted).with_context(|| {
        let known: Vec<String> = batch.schema().fields().iter().map(|field| format!("`{}`", field.name())).collect();
        format!("{} has no column `{wanted}`; it has {}", file.display(), known.join(", "))
    })?;
    found.as_string_opt::<i32>().with_context(|| format!("column `{wanted}` of {} is not text", file.display()))
}

/// The numbers of the rows that could be read, among all rows of the file.
fn numbers(lines: &UInt64Array, rejected: &[RejectedRow]) -> Vec<u64> {
    let mut before = 0;
    let number = |(place, line): (usize, &u64)| {
        while rejected.get(before).is_some_and(|row| row.line < *line) {
            before += 1;
        }
        (place + before) as u64 + 1
    };
    lines.values().iter().enumerate().map(number).collect()
}

fn stem(file: &Path) -> String {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    name.split('.').next().unwrap_or_default().to_owned()
}

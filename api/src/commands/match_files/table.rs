//! The rows of all inputs, each with its source and id.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::iter;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use arrow::array::{Array as _, AsArray as _, StringArray, UInt64Array};
use arrow::record_batch::RecordBatch;
use kanak_engine::model_guess::{self, Guess};
use kanak_engine::standardize::redact;
use kanak_ingest::nearest;
use kanak_model::EntityModel;
use kanak_model::quality::RejectedRow;

use super::sources::source_names;
use super::whole_numbers::read_whole_numbers;
use crate::cli::MatchArgs;
use crate::output::Output;

/// All inputs. Rows are numbered from 0 over all of them.
pub(super) struct Table {
    inputs: Vec<Input>,
    /// The distinct sources, in the order of their first row.
    sources: Vec<String>,
    /// Row to its source's place.
    source_of: Vec<u32>,
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
    /// The columns that say nothing of what rows speak of: the id and the source.
    left_out: Vec<String>,
    /// The columns whose whole numbers were written as `141001.0`.
    whole_numbers: Vec<String>,
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

impl Input {
    /// Reads a file, and the column of it that names the source, where there is one. Its rows are numbered from 0.
    fn read(file: &Path, id: Option<&str>, source: Option<&str>) -> anyhow::Result<(Self, Option<StringArray>)> {
        let read = kanak_ingest::read_columns(file)?;
        let ids = match id {
            Some(name) => Ids::Column(column_of(&read.batch, name, file)?.clone()),
            None => Ids::Numbers(numbers(&read.lines, &read.rejected)),
        };
        if let (Ids::Column(texts), Some(name)) = (&ids, id)
            && let Some(row) = (0..texts.len()).find(|row| texts.is_null(*row))
        {
            bail!("{}: line {} has no id in column `{name}`", file.display(), read.lines.value(row));
        }
        let named = source.map(|name| column_of(&read.batch, name, file)).transpose()?.cloned();
        let left_out: Vec<String> = id.into_iter().chain(source).map(str::to_owned).collect();
        let (batch, whole_numbers) = read_whole_numbers(&read.batch, &left_out);
        let (file, rejected) = (file.to_path_buf(), read.rejected);
        Ok((Self { file, batch, first_row: 0, ids, left_out, whole_numbers, rejected }, named))
    }

    /// The headers that say something of what rows speak of: not the id nor the source.
    fn header(&self) -> Vec<&str> {
        let all = self.batch.schema_ref().fields().iter().map(|field| field.name().as_str());
        all.filter(|name| !self.left_out.iter().any(|left_out| left_out == name)).collect()
    }
}

impl Table {
    /// Reads all inputs.
    ///
    /// # Errors
    /// When a file cannot be read or is given twice, a column is missing, a row has no id, or a source has an id twice.
    pub(super) fn read(args: &MatchArgs) -> anyhow::Result<Self> {
        let ids = id_columns(args)?;
        let names = match (&args.source, args.input.len()) {
            (None, 2..) => source_names(&args.input)?,
            _ => vec![String::new(); args.input.len()],
        };
        // Of no table yet.
        let guess = model_guess::guess_tables(&[]);
        let mut table = Self { inputs: Vec::new(), sources: Vec::new(), source_of: Vec::new(), guess };
        let mut places: HashMap<String, u32> = HashMap::new();
        for ((file, id), name) in args.input.iter().zip(ids).zip(&names) {
            let (input, named) = Input::read(file, id, args.source.as_deref())?;
            for row in 0..input.batch.num_rows() {
                let named = named.as_ref().map(|texts| if texts.is_null(row) { "" } else { texts.value(row) });
                let place = table.place_of_source(named.unwrap_or(name), &mut places);
                table.source_of.push(place);
            }
            let first_row = table.source_of.len() - input.batch.num_rows();
            table.inputs.push(Input { first_row, ..input });
        }
        if table.is_empty() {
            let files: Vec<String> = args.input.iter().map(|file| file.display().to_string()).collect();
            bail!("there is no row to match in {}", files.join(", "));
        }
        table.check_ids()?;
        table.guess = table.guess_tables()?;
        Ok(table)
    }

    fn place_of_source(&mut self, source: &str, places: &mut HashMap<String, u32>) -> u32 {
        if let Some(place) = places.get(source) {
            return *place;
        }
        let place = self.sources.len() as u32;
        self.sources.push(source.to_owned());
        places.insert(source.to_owned(), place);
        place
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
        &self.inputs[self.file_of(row)]
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

    /// How many sources have a name: none where one file was given without a source column.
    pub(super) fn named_sources(&self) -> usize {
        self.sources.iter().filter(|source| !source.is_empty()).count()
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

    /// The number of a row in its file, from 0.
    pub(super) fn row_in_file(&self, row: usize) -> usize {
        row - self.input(row).first_row
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

    /// The columns whose whole numbers were written as `141001.0`, by file.
    pub(super) fn whole_numbers(&self) -> impl Iterator<Item = (&Path, &[String])> {
        let all = self.inputs.iter().map(|input| (input.file.as_path(), input.whole_numbers.as_slice()));
        all.filter(|(_, columns)| !columns.is_empty())
    }

    /// An entity model guessed from all inputs; tells which columns of different headers are taken for one attribute.
    pub(super) fn guess(&self, output: &Output) -> EntityModel {
        for (input, names) in self.inputs.iter().zip(&self.guess.names) {
            let header = input.header();
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
            tables.push(columns_of(&input.batch, &input.header())?);
        }
        Ok(model_guess::guess_tables(&tables))
    }

    /// By file, each column but those of ids and sources, with the attribute that it states: the one of its name where the model has
    /// one, else the one that a guess takes it for.
    pub(super) fn attributes<'t>(
        &'t self,
        entity: &EntityModel,
    ) -> impl Iterator<Item = (&'t Path, Vec<(&'t str, &'t str)>)> {
        self.inputs.iter().zip(&self.guess.names).map(|(input, guessed)| {
            let named = |(own, guessed): (&'t str, &'t String)| match entity.find_attribute(own) {
                Some(_) => (own, own),
                None => (own, guessed.as_str()),
            };
            (input.file.as_path(), input.header().into_iter().zip(guessed).map(named).collect())
        })
    }

    /// The inputs with their columns named as the model's attributes are; those of ids and sources have their own names.
    ///
    /// # Errors
    /// Never: the columns of a file have one length.
    pub(super) fn named(&self, entity: &EntityModel) -> anyhow::Result<Vec<RecordBatch>> {
        let mut named = Vec::with_capacity(self.inputs.len());
        for (input, (_, attributes)) in self.inputs.iter().zip(self.attributes(entity)) {
            let attributes: HashMap<&str, &str> = attributes.into_iter().collect();
            let columns = input.batch.schema_ref().fields().iter().zip(input.batch.columns()).map(|(field, column)| {
                let own = field.name().as_str();
                (attributes.get(own).copied().unwrap_or(own), Arc::clone(column), true)
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
    let (table, _) = read_whole_numbers(table, &[]);
    let header: Vec<&str> = table.schema_ref().fields().iter().map(|field| field.name().as_str()).collect();
    Ok(model_guess::guess_tables(&[columns_of(&table, &header)?]).model)
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

/// For each file, the column that holds its ids.
///
/// # Errors
/// When there are neither one for all files nor one for each.
fn id_columns(args: &MatchArgs) -> anyhow::Result<Vec<Option<&str>>> {
    let (files, given) = (args.input.len(), args.id.len());
    match args.id.as_slice() {
        [] => Ok(vec![None; files]),
        [all] => Ok(iter::repeat_n(Some(all.as_str()), files).collect()),
        each if given == files => Ok(each.iter().map(|id| Some(id.as_str())).collect()),
        _ => bail!(
            "--id is given {given} times for {files} files; give it once for all, or once for each in their order"
        ),
    }
}

fn column_of<'a>(batch: &'a RecordBatch, wanted: &str, file: &Path) -> anyhow::Result<&'a StringArray> {
    let found = batch.column_by_name(wanted).with_context(|| {
        let header: Vec<&str> = batch.schema_ref().fields().iter().map(|field| field.name().as_str()).collect();
        let near = nearest(wanted, header.iter().copied()).map(|near| format!("; did you mean `{near}`"));
        let known: Vec<String> = header.iter().map(|name| format!("`{name}`")).collect();
        let near = near.unwrap_or_default();
        format!("{} has no column `{wanted}`{near}; it has {}", file.display(), known.join(", "))
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

//! Lists from outside, made into a sidecar and a table. Whatever bytes come, the answer is a code system or an error that names
//! the row and what to do about it; nothing is taken in by halves.

mod csv;
mod digit;
mod fhir;

use std::io::Write as _;

use flate2::{Compression, write::GzEncoder};
use rustc_hash::{FxHashMap, FxHashSet};

pub use self::{
    csv::import_csv,
    digit::{DigitObject, digit_objects, import_digit},
    fhir::import_fhir,
};
use crate::{codes::Part, day::Day, error::CodesError, shape, sidecar::Sidecar, system::CodeSystem};

/// A file of more bytes is refused unread.
pub const IMPORT_BYTES_MAX: usize = 64 << 20;
/// A list of more concepts is refused.
pub const IMPORT_ROWS_MAX: usize = 1_000_000;
/// A longer code is refused.
pub const CODE_BYTES_MAX: usize = 200;
/// A longer name or value is refused.
pub const CELL_BYTES_MAX: usize = 64 << 10;
/// A list with more columns is refused.
const COLUMNS_MAX: usize = 200;

/// A list that has been read, checked and made into a code system, and is not published yet.
#[derive(Debug)]
pub struct Imported {
    /// The code system, to be looked at and compared with the version that is there.
    pub system: CodeSystem,
    /// What was left out or filled in on the way, in words for whoever imports.
    pub notes: Vec<String>,
}

impl Imported {
    /// What to publish.
    pub fn part(&self) -> Part {
        Part::System { sidecar: self.system.sidecar_text(), packed_csv: self.system.packed_csv().to_vec() }
    }
}

/// Makes a code system of rows that were put together elsewhere: the columns of a CSV as [`import_csv`] reads them, and of each row
/// where it comes from, for errors, and its cells.
///
/// # Errors
/// As [`import_csv`], with the place of the row.
pub fn import_rows(
    sidecar: Sidecar,
    columns: &[String],
    rows: impl IntoIterator<Item = (String, Vec<String>)>,
) -> Result<Imported, CodesError> {
    let mut draft = Draft::new();
    let places = columns.iter().map(|name| draft.column("the columns", name)).collect::<Result<Vec<_>, _>>()?;
    for (place, cells) in rows {
        draft.push(place, places.iter().copied().zip(cells).collect())?;
    }
    draft.finish(sidecar)
}

/// Rows on their way into a table. Every row has a cell for each column; the first six are those of [`FIRST_COLUMNS`].
#[derive(Debug)]
struct Draft {
    columns: Vec<String>,
    rows: Vec<Row>,
    notes: Vec<String>,
}

#[derive(Debug)]
struct Row {
    /// Where it stands in the file, for errors: `line 3`, `concept 3`.
    place: String,
    cells: Vec<String>,
}

const FIRST_COLUMNS: [&str; 6] = ["code", "display", "display_pa", "display_hi", "parent", "status"];
const CODE: usize = 0;
const DISPLAY: usize = 1;
const DISPLAY_PA: usize = 2;
const DISPLAY_HI: usize = 3;
const PARENT: usize = 4;
const STATUS: usize = 5;

impl Draft {
    fn new() -> Self {
        Self { columns: FIRST_COLUMNS.map(str::to_owned).to_vec(), rows: Vec::new(), notes: Vec::new() }
    }

    /// The column of a property, made when there is none yet.
    fn column(&mut self, place: &str, name: &str) -> Result<usize, CodesError> {
        if let Some(at) = self.columns.iter().position(|column| column == name) {
            return Ok(at);
        }
        let of_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        if !(1..=64).contains(&name.len()) || !name.bytes().all(of_name) {
            let shown = shorten(name);
            return Err(fail(
                place,
                format!("a property cannot be named `{shown}`; use letters, digits, `_` and `-`, at most 64"),
            ));
        }
        if self.columns.len() == COLUMNS_MAX {
            return Err(fail(place, format!("more than {COLUMNS_MAX} properties; leave out what nobody looks up")));
        }
        self.columns.push(name.to_owned());
        Ok(self.columns.len() - 1)
    }

    fn push(&mut self, place: String, cells: Vec<(usize, String)>) -> Result<(), CodesError> {
        if self.rows.len() == IMPORT_ROWS_MAX {
            return Err(fail(&place, format!("more than {IMPORT_ROWS_MAX} concepts; part the list")));
        }
        let mut row = Row { place, cells: vec![String::new(); self.columns.len()] };
        for (at, cell) in cells {
            row.cells[at] = cell;
        }
        self.rows.push(row);
        Ok(())
    }

    /// Checks all rows and makes a code system of them.
    fn finish(mut self, mut sidecar: Sidecar) -> Result<Imported, CodesError> {
        if self.rows.is_empty() {
            return Err(fail("the file", "it has no concept; a code system has one at least".to_owned()));
        }
        for row in &mut self.rows {
            row.cells.resize(self.columns.len(), String::new());
        }
        check_titles(&sidecar)?;
        self.check_cells(&sidecar)?;
        self.check_days()?;
        self.check_references(&sidecar)?;
        self.refuse_circles_of_successors()?;
        self.name_in_all_languages(&mut sidecar);
        sidecar.concepts = self.rows.len();
        let system = CodeSystem::from_parts(&sidecar.to_text(), self.pack())?;
        Ok(Imported { system, notes: self.notes })
    }

    fn check_cells(&self, sidecar: &Sidecar) -> Result<(), CodesError> {
        for Row { place, cells } in &self.rows {
            let code = &cells[CODE];
            let fail = |problem| Err(fail(place, problem));
            if code.is_empty() {
                return fail("it has no code; give it one, or leave out the row".to_owned());
            }
            if code.len() > CODE_BYTES_MAX {
                return fail(format!(
                    "its code has {} bytes, and at most {CODE_BYTES_MAX} are taken: `{}`",
                    code.len(),
                    shorten(code)
                ));
            }
            if code.trim() != code || code.contains('|') {
                return fail(format!("`{}` cannot be a code; leave out spaces around it and `|`", shorten(code)));
            }
            if !sidecar.shapes.is_empty() && !sidecar.shapes.iter().any(|shape| shape::fits(shape, code)) {
                return fail(format!(
                    "`{}` does not look like {}; correct it, or the shapes",
                    shorten(code),
                    sidecar.shapes.join(" or ")
                ));
            }
            if sidecar.case_insensitive && code.bytes().any(|byte| byte.is_ascii_lowercase()) {
                return fail(format!(
                    "the code `{}` has small letters, and `case_insensitive` says that codes stand in capitals",
                    shorten(code)
                ));
            }
            if cells[DISPLAY].is_empty() {
                return fail(format!("`{}` has no display; give it an English name", shorten(code)));
            }
            for (column, cell) in self.columns.iter().zip(cells) {
                if cell.len() > CELL_BYTES_MAX {
                    return fail(format!(
                        "`{column}` of `{}` has {} bytes, and at most {CELL_BYTES_MAX} are taken",
                        shorten(code),
                        cell.len()
                    ));
                }
                // Names of some published lists go over several lines.
                let is_taken = |character: char| "\n\t".contains(character) && column != "code";
                let is_bad = |character: &char| is_unseen(*character) && !is_taken(*character);
                if let Some(bad) = cell.chars().find(is_bad) {
                    return fail(format!(
                        "`{column}` of `{}` has a control character, {}; leave it out",
                        shorten(code),
                        bad.escape_unicode()
                    ));
                }
            }
        }
        Ok(())
    }

    /// Every day can be read, and a code is not valid until before it began.
    fn check_days(&self) -> Result<(), CodesError> {
        let column = |name: &str| self.columns.iter().position(|column| column == name);
        let (from, until) = (column("valid_from"), column("valid_until"));
        for Row { place, cells } in &self.rows {
            let code = &cells[CODE];
            let read = |at: Option<usize>| match at.map_or("", |at| &*cells[at]) {
                "" => Ok(None),
                text => Day::parse(text).map(Some).ok_or_else(|| {
                    let name = at.map_or("", |at| &*self.columns[at]);
                    let shown = shorten(text);
                    fail(place, format!("{name} `{shown}` of `{code}` is not a day; write YYYY-MM-DD, or nothing"))
                }),
            };
            if let (Some(from), Some(until)) = (read(from)?, read(until)?)
                && until <= from
            {
                let problem = format!(
                    "valid_until {until} of `{code}` is not after valid_from {from}; it is the first day on which the code is \
                     no longer valid"
                );
                return Err(fail(place, problem));
            }
        }
        Ok(())
    }

    /// No code twice, and every code that a row names is one of the list.
    fn check_references(&self, sidecar: &Sidecar) -> Result<(), CodesError> {
        let mut places: FxHashMap<&str, &str> = FxHashMap::default();
        for Row { place, cells } in &self.rows {
            if let Some(first) = places.insert(&cells[CODE], place) {
                return Err(fail(
                    place,
                    format!("the code `{}` stands at {first} already; keep one of them", cells[CODE]),
                ));
            }
        }
        let orphans: FxHashSet<&str> = sidecar.known_orphans.iter().map(String::as_str).collect();
        let is_hierarchical = sidecar.parent_system.as_ref() == Some(&sidecar.name);
        let trees = sidecar.hierarchies.iter().map(String::as_str).chain(is_hierarchical.then_some("parent"));
        let trees: Vec<usize> =
            trees.filter_map(|name| self.columns.iter().position(|column| column == name)).collect();
        let replaced_by = self.columns.iter().position(|column| column == "replaced_by");
        for Row { place, cells } in &self.rows {
            for &at in &trees {
                let parent = &*cells[at];
                if !parent.is_empty() && !places.contains_key(parent) && !orphans.contains(parent) {
                    let problem = format!(
                        "{} of `{}` is `{}`, which the list does not have; add it, or name it among `known_orphans`",
                        self.columns[at],
                        cells[CODE],
                        shorten(parent)
                    );
                    return Err(fail(place, problem));
                }
            }
            let successors = replaced_by.map_or("", |at| &cells[at]).split('|').map(str::trim);
            for successor in successors.filter(|successor| !successor.is_empty()) {
                if !places.contains_key(successor) || successor == cells[CODE] {
                    let problem = format!(
                        "`{}` is replaced by `{}`, which is no other code of the list",
                        cells[CODE],
                        shorten(successor)
                    );
                    return Err(fail(place, problem));
                }
            }
            if sidecar.parent_system.is_none() && !cells[PARENT].is_empty() {
                let problem = format!(
                    "`{}` has a parent, and `parent_system` does not say of which code system; state `parent_system = \"{}\"`, or \
                     another one, in the sidecar (a file given with `--sidecar`)",
                    cells[CODE], sidecar.name
                );
                return Err(fail(place, problem));
            }
        }
        Ok(())
    }

    /// Refuses codes that are replaced by each other, so that none of them is what to give instead.
    fn refuse_circles_of_successors(&self) -> Result<(), CodesError> {
        let Some(column) = self.columns.iter().position(|column| column == "replaced_by") else { return Ok(()) };
        let replaced = self.rows.iter().filter(|row| !row.cells[column].is_empty());
        let replaced: FxHashMap<&str, &Row> = replaced.map(|row| (&*row.cells[CODE], row)).collect();
        let successors = |code: &str| {
            let codes = replaced.get(code).map_or("", |row| &*row.cells[column]);
            codes.split('|').map(str::trim).filter(|successor| !successor.is_empty())
        };
        // From each code as deep as it goes; `path` is the way there, each step with the successors that are left to follow.
        let mut is_done: FxHashSet<&str> = FxHashSet::default();
        for row in &self.rows {
            let first = &*row.cells[CODE];
            if !replaced.contains_key(first) || is_done.contains(first) {
                continue;
            }
            let mut on_path: FxHashSet<&str> = [first].into_iter().collect();
            let mut path = vec![(first, successors(first))];
            while let Some((code, left)) = path.last_mut() {
                let code = *code;
                let Some(next) = left.next() else {
                    is_done.insert(code);
                    on_path.remove(code);
                    path.pop();
                    continue;
                };
                if on_path.contains(next) {
                    let place = replaced.get(next).map_or(&*row.place, |row| &*row.place);
                    return Err(circle_of_successors(&path, next, place));
                }
                if !is_done.contains(next) && replaced.contains_key(next) {
                    on_path.insert(next);
                    path.push((next, successors(next)));
                }
            }
        }
        Ok(())
    }

    fn name_in_all_languages(&mut self, sidecar: &mut Sidecar) {
        let title_en = sidecar.title_en.clone();
        for (title, language) in [(&mut sidecar.title_pa, "Punjabi"), (&mut sidecar.title_hi, "Hindi")] {
            if title.trim().is_empty() && !title_en.trim().is_empty() {
                title.clone_from(&title_en);
                self.notes.push(format!("no title in {language} is stated; the English one stands in for it"));
            }
        }
    }

    /// The table as gzip-compressed CSV. The same rows make the same bytes.
    fn pack(&self) -> Vec<u8> {
        let is_used = |at: &usize| {
            ![DISPLAY_PA, DISPLAY_HI].contains(at) || self.rows.iter().any(|row| !row.cells[*at].is_empty())
        };
        let used: Vec<usize> = (0..self.columns.len()).filter(is_used).collect();
        let mut writer = ::csv::Writer::from_writer(Vec::new());
        let written = "a table is written to memory, every row with as many cells";
        writer.write_record(used.iter().map(|&at| &self.columns[at])).expect(written);
        for row in &self.rows {
            writer.write_record(used.iter().map(|&at| &row.cells[at])).expect(written);
        }
        let mut packer = GzEncoder::new(Vec::new(), Compression::default());
        packer.write_all(&writer.into_inner().expect(written)).expect(written);
        packer.finish().expect(written)
    }
}

/// What is wrong with a way from code to successor that comes back to `again`, which stands at `place`.
fn circle_of_successors<T>(path: &[(&str, T)], again: &str, place: &str) -> CodesError {
    const NAMED_MAX: usize = 8;
    let circle: Vec<&str> = path.iter().map(|(code, _)| *code).skip_while(|code| *code != again).collect();
    let mut named = circle.iter().take(NAMED_MAX).map(|code| shorten(code)).collect::<Vec<_>>().join(", ");
    if circle.len() > NAMED_MAX {
        named.push_str(", ...");
    }
    let again = shorten(again);
    fail(
        place,
        format!("`replaced_by` goes round in a circle: {named}, {again}; end it by leaving one of them without"),
    )
}

/// Refuses titles and the like that would show as something else than they say.
fn check_titles(sidecar: &Sidecar) -> Result<(), CodesError> {
    let shown = [
        ("title_en", &sidecar.title_en),
        ("title_pa", &sidecar.title_pa),
        ("title_hi", &sidecar.title_hi),
        ("source", &sidecar.source),
    ];
    for (key, text) in shown {
        if let Some(bad) = text.chars().find(|character| is_unseen(*character) && !"\r\n\t".contains(*character)) {
            let problem = format!("`{key}` has a control character, {}; leave it out", bad.escape_unicode());
            return Err(fail("the sidecar", problem));
        }
    }
    Ok(())
}

/// Whether a character is not seen and changes how others are: control characters, and those that turn the direction of what
/// follows, so that a text shows in another order than it has. Joiners, which Indian scripts need, are none of these.
fn is_unseen(character: char) -> bool {
    character.is_control() || matches!(character, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

fn fail(place: &str, problem: String) -> CodesError {
    CodesError::Import { place: place.to_owned(), problem }
}

/// So much of a text as an error shows, with what cannot be seen written out.
fn shorten(text: &str) -> String {
    const SHOWN: usize = 40;
    let mut shown: String = text
        .chars()
        .take(SHOWN)
        .flat_map(|character| {
            let escaped = is_unseen(character).then(|| character.escape_default());
            let plain = (!is_unseen(character)).then_some(character);
            escaped.into_iter().flatten().chain(plain)
        })
        .collect();
    if text.chars().nth(SHOWN).is_some() {
        shown.push_str("...");
    }
    shown
}

/// Bytes as text, short of a byte order mark.
fn read_text(bytes: &[u8]) -> Result<&str, CodesError> {
    if bytes.len() > IMPORT_BYTES_MAX {
        return Err(fail(
            "the file",
            format!("it has {} bytes, and at most {IMPORT_BYTES_MAX} are taken; part it", bytes.len()),
        ));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let line = bytes[..error.valid_up_to()].split(|&byte| byte == b'\n').count();
        fail(&format!("line {line}"), "it is not UTF-8; save the file as UTF-8".to_owned())
    })?;
    Ok(text.strip_prefix('\u{FEFF}').unwrap_or(text))
}

/// The text as JSON.
fn read_json(bytes: &[u8]) -> Result<serde_json::Value, CodesError> {
    serde_json::from_str(read_text(bytes)?).map_err(|error| {
        let problem = if error.to_string().contains("recursion limit") {
            "it is nested too deeply; name parents by a property instead".to_owned()
        } else {
            format!("it is not JSON that can be read: {error}")
        };
        fail(&format!("line {}", error.line()), problem)
    })
}

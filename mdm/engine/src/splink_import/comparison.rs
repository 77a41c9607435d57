//! Splink's comparisons: which columns each reads, and what of its levels an attribute's own levels stand for.

use super::columns::Columns;
use super::settings::{SplinkComparison, SplinkLevel};
use super::sql::{Side, Sql, Words, parse, words};
use super::{Note, Notes};

/// What functions say about the columns that they read.
const DATES: &[&str] = &[
    "date_diff",
    "datediff",
    "epoch",
    "strptime",
    "try_strptime",
    "to_timestamp",
    "unix_timestamp",
    "to_date",
    "try_to_date",
    "try_to_timestamp",
    "try_parse_date",
    "try_parse_timestamp",
    "date_part",
    "extract",
    "age",
    "julianday",
    "months_between",
];
const LIKENESS: &[&str] = &[
    "jaro_winkler_similarity",
    "jaro_winkler",
    "jaro_similarity",
    "jaro_sim",
    "levenshtein",
    "damerau_levenshtein",
    "jaccard",
    "hamming",
    "editdist3",
    "jaro_winkler_sim",
    "levenshtein_less_equal",
    "mismatches",
];
const POINTS: &[&str] = &["acos", "asin", "haversine", "radians", "st_distance", "sin", "cos"];
const VECTORS: &[&str] =
    &["array_cosine_similarity", "list_cosine_similarity", "cosine_similarity", "list_dot_product", "array_distance"];
const LISTS: &[&str] = &[
    "list_intersect",
    "array_intersect",
    "list_has_any",
    "list_has_all",
    "array_length",
    "cardinality",
    "list_max",
    "list_transform",
    "array_max",
    "arrays_overlap",
    "array_contains_all",
    "size",
];

/// A comparison as far as it was understood.
pub(super) struct Understood {
    pub(super) path: String,
    pub(super) name: String,
    /// The columns that it compares, each with whether a rare value counts for more.
    pub(super) columns: Vec<(String, bool)>,
    /// Two columns whose values may have been exchanged.
    pub(super) crosswise: Option<(String, String)>,
    /// Levels that an attribute's own levels stand for.
    pub(super) replaced: Vec<String>,
}

/// What a level is.
#[derive(Debug, PartialEq)]
enum Shape {
    /// Missing values and everything else: Kanak has both in every comparison.
    Built,
    /// The same value, or several together.
    Same,
    /// Two columns exchanged.
    Reversed(String, String),
    /// Nearly the same in a way that an attribute's own levels know.
    Graded,
    /// Coordinates or vectors: nothing can be made of its columns.
    Lost { lost: &'static str, because: &'static str },
    /// Something else.
    Unknown { because: &'static str },
}

pub(super) fn understand(comparison: &SplinkComparison, columns: &mut Columns, notes: &mut Notes) -> Understood {
    let shapes: Vec<Shape> = comparison.levels.iter().map(shape).collect();
    let mut kept: Vec<String> = Vec::new();
    let mut only_same: Vec<String> = Vec::new();
    let mut frequent: Vec<String> = Vec::new();
    let mut understood = Understood {
        path: comparison.path.clone(),
        name: comparison.name.clone(),
        columns: Vec::new(),
        crosswise: None,
        replaced: Vec::new(),
    };
    for (level, shape) in comparison.levels.iter().zip(&shapes) {
        let found = words(&level.sql);
        hint(columns, &found, level);
        let is_read = !level.is_null && !matches!(shape, Shape::Lost { .. } | Shape::Built);
        for name in found.columns.iter().filter(|_| is_read) {
            let is_single = *shape == Shape::Same && found.columns.len() == 1;
            if !kept.contains(name) {
                kept.push(name.clone());
                only_same.push(name.clone());
            }
            if !is_single {
                only_same.retain(|other| other != name);
            }
        }
        frequent.extend(level.term_frequency.clone());
        tell(level, shape, &found, notes, &mut understood);
    }
    if let Some((a, b)) = understood.crosswise.clone() {
        columns.is_name(&a);
        columns.is_name(&b);
        let repeated: Vec<String> = only_same.into_iter().filter(|name| *name != a && *name != b).collect();
        for name in &repeated {
            let both = format!("`{a}` and `{b}` are compared instead");
            notes.push(Note::new(
                &comparison.path,
                format!("column `{name}`"),
                "it repeats others of this comparison",
                both,
            ));
            if frequent.contains(name) {
                frequent.extend([a.clone(), b.clone()]);
            }
        }
        kept.retain(|name| !repeated.contains(name));
    }
    understood.columns =
        kept.into_iter().map(|name| (frequent.contains(&name), name)).map(|(tf, name)| (name, tf)).collect();
    understood
}

/// What the functions of a level say about its columns.
fn hint(columns: &mut Columns, found: &Words, level: &SplinkLevel) {
    let has = |list: &[&str]| found.functions.iter().any(|name| list.contains(&name.as_str()));
    let is_near = found.functions.iter().any(|name| name == "abs") && has(DATES);
    for name in &found.columns {
        columns.add(name);
        if is_near || (has(DATES) && level.is_null) {
            columns.is_date(name, found.names_hours);
        }
        if has(LISTS) {
            columns.is_list(name);
        }
    }
}

fn tell(level: &SplinkLevel, shape: &Shape, found: &Words, notes: &mut Notes, understood: &mut Understood) {
    let named = |names: &[String]| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    match shape {
        Shape::Built | Shape::Same => {}
        Shape::Reversed(a, b) => understood.crosswise = Some((a.clone(), b.clone())),
        Shape::Graded => understood.replaced.push(level.label.clone()),
        Shape::Lost { lost, because } => {
            let instead =
                format!("the level is left out, and {} with it unless another level reads it", named(&found.columns));
            notes.push(Note::new(&level.path, (*lost).to_owned(), because, instead));
        }
        Shape::Unknown { because } => {
            let instead = match found.columns.as_slice() {
                [] => "the level is left out".to_owned(),
                some => format!("the level is left out; {} is graded as its kind is", named(some)),
            };
            notes.push(Note::new(&level.path, format!("`{}`", shortened(&level.sql)), because, instead));
        }
    }
    if !level.unusual.is_empty() {
        let instead = "rare values count in full, and training is free".to_owned();
        notes.push(Note::new(&level.path, level.unusual.join(", "), "Kanak has no such setting of a level", instead));
    }
}

fn shortened(sql: &str) -> String {
    let words: Vec<&str> = sql.split_whitespace().collect();
    let text = words.join(" ");
    match text.char_indices().nth(120) {
        Some((end, _)) => format!("{} ...", &text[..end]),
        None => text,
    }
}

fn shape(level: &SplinkLevel) -> Shape {
    if level.sql.eq_ignore_ascii_case("else") {
        return Shape::Built;
    }
    let found = words(&level.sql);
    let has = |list: &[&str]| found.functions.iter().any(|name| list.contains(&name.as_str()));
    let parsed = parse(&level.sql);
    if level.is_null {
        return match &parsed {
            Some(sql) if is_missing(sql) => Shape::Built,
            _ => Shape::Unknown { because: "only a missing value counts as missing" },
        };
    }
    if has(POINTS) {
        let because = "Kanak has no coordinates";
        return Shape::Lost { lost: "a distance between points", because };
    }
    if has(VECTORS) {
        return Shape::Lost { lost: "a likeness of vectors", because: "Kanak compares what people can read" };
    }
    if has(LISTS) {
        return Shape::Unknown { because: "a value is one text, not a list" };
    }
    let Some(sql) = parsed else {
        return Shape::Unknown { because: "this SQL has none of the shapes that are known" };
    };
    if let Some((a, b)) = reversed(&sql) {
        return Shape::Reversed(a, b);
    }
    of(&sql)
}

/// Values that are missing, on one side or the other, of one column or several.
fn is_missing(sql: &Sql) -> bool {
    match sql {
        Sql::And(parts) | Sql::Or(parts) => parts.iter().all(is_missing),
        // What cannot be read as a date, or does not fit a pattern, is left out by the kind's own check.
        Sql::IsNull(_) => true,
        Sql::Binary { operator, left, right } => {
            operator == "=" && left.column().is_some() && **right == Sql::Text(String::new())
        }
        _ => false,
    }
}

/// `a_l = b_r`, perhaps with `b_l = a_r`.
fn reversed(sql: &Sql) -> Option<(String, String)> {
    let mut crossed = None;
    for part in sql.conjuncts() {
        let Sql::Binary { operator, left, right } = part else { return None };
        let ((side, a), (other, b)) = (left.column()?, right.column()?);
        if operator != "=" || side == other || side == Side::Neither || other == Side::Neither || a == b {
            return None;
        }
        crossed.get_or_insert((a.to_owned(), b.to_owned()));
    }
    crossed
}

fn of(sql: &Sql) -> Shape {
    match sql {
        Sql::And(parts) | Sql::Or(parts) => {
            let mut shapes: Vec<Shape> = parts.iter().map(of).collect();
            match shapes.iter().position(|shape| matches!(shape, Shape::Unknown { .. })) {
                Some(unknown) => shapes.swap_remove(unknown),
                None if shapes.iter().all(|shape| *shape == Shape::Same) => Shape::Same,
                None => Shape::Graded,
            }
        }
        Sql::Binary { operator, left, right } => compared(operator, left, right),
        _ => Shape::Unknown { because: "this SQL has none of the shapes that are known" },
    }
}

fn compared(operator: &str, left: &Sql, right: &Sql) -> Shape {
    if operator == "=" && left.mirrors(right) {
        return if left.column().is_some() { Shape::Same } else { Shape::Graded };
    }
    let threshold = matches!(right, Sql::Number(_));
    match left {
        Sql::Call { name, arguments } if threshold && LIKENESS.contains(&name.as_str()) && arguments.len() >= 2 => {
            if arguments[0].mirrors(&arguments[1]) {
                Shape::Graded
            } else {
                Shape::Unknown { because: "Kanak compares an attribute with itself, and names crosswise by one rule" }
            }
        }
        Sql::Call { name, arguments } if threshold && name == "abs" => match &arguments[..] {
            [Sql::Binary { operator, left, right }] if operator == "-" && left.mirrors(right) => of_difference(left),
            [Sql::Call { name, arguments }] if DATES.contains(&name.as_str()) && is_mirrored(arguments) => {
                Shape::Graded
            }
            _ => Shape::Unknown { because: "this SQL has none of the shapes that are known" },
        },
        _ if matches!(right, Sql::Text(_)) || matches!(left, Sql::Text(_)) => {
            Shape::Unknown { because: "no level is for one value alone; a rare value counts for more by itself" }
        }
        _ => Shape::Unknown { because: "this SQL has none of the shapes that are known" },
    }
}

/// Whether the last two arguments are the same of both sides: `date_diff('day', a_l, a_r)`.
fn is_mirrored(arguments: &[Sql]) -> bool {
    matches!(arguments, [.., left, right] if left.mirrors(right))
}

/// A difference of dates is graded; one of numbers is not.
fn of_difference(left: &Sql) -> Shape {
    match left.bare() {
        Sql::Call { name, .. } if DATES.contains(&name.as_str()) => Shape::Graded,
        _ => Shape::Unknown { because: "numbers are the same or not; there is no difference in between" },
    }
}

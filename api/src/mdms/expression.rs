//! Conditions on a row, as they stand in a filter between `[?(` and `)]`.

use std::cmp::Ordering;

use serde_json::{Number, Value};

use super::pattern::{Letters, PATTERNS_MAX, Pattern};
use super::reader::Reader;

/// As deep may parentheses and `!` stand in each other.
const DEPTH_MAX: usize = 20;

/// A condition. A field that is null is as one that is not there.
#[derive(Debug, Clone)]
pub(super) enum Expression {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    Exists(Path),
    Compares { path: Path, how: How, with: Operand },
    IsIn { path: Path, list: Operand },
    Fits { path: Path, pattern: Pattern },
}

/// Names that lead to a value.
type Path = Vec<String>;

/// What a value is compared with.
#[derive(Debug, Clone)]
pub(super) enum Operand {
    Path(Path),
    Value(Value),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    Same,
    Less,
    LessOrSame,
    More,
    MoreOrSame,
}

impl Expression {
    /// Reads a condition: `!` binds closest, then `&&`, then `||`.
    ///
    /// # Errors
    /// What of it is not understood.
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, String> {
        any(reader, 0)
    }

    /// Whether it holds for a row.
    pub(super) fn holds(&self, row: &Value) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.holds(row)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(row)),
            Self::Not(part) => !part.holds(row),
            Self::Exists(path) => !at(row, path).is_null(),
            Self::Compares { path, how, with } => how.holds(at(row, path), with.of(row)),
            Self::IsIn { path, list } => {
                let value = at(row, path);
                list.of(row).as_array().is_some_and(|list| list.iter().any(|one| is_same(value, one)))
            }
            Self::Fits { path, pattern } => pattern.fits(at(row, path)),
        }
    }

    /// How many patterns it holds.
    pub(super) fn patterns(&self) -> usize {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().map(Self::patterns).sum(),
            Self::Not(part) => part.patterns(),
            Self::Fits { .. } => 1,
            Self::Exists(_) | Self::Compares { .. } | Self::IsIn { .. } => 0,
        }
    }
}

impl Operand {
    fn of<'v>(&'v self, row: &'v Value) -> &'v Value {
        match self {
            Self::Path(path) => at(row, path),
            Self::Value(value) => value,
        }
    }
}

impl How {
    fn holds(self, left: &Value, right: &Value) -> bool {
        match self {
            Self::Same => is_same(left, right),
            Self::Less => order(left, right).is_some_and(Ordering::is_lt),
            Self::LessOrSame => order(left, right).is_some_and(Ordering::is_le),
            Self::More => order(left, right).is_some_and(Ordering::is_gt),
            Self::MoreOrSame => order(left, right).is_some_and(Ordering::is_ge),
        }
    }
}

/// The value that names lead to; null where there is none.
fn at<'v>(row: &'v Value, path: &[String]) -> &'v Value {
    path.iter().fold(row, |value, name| &value[name.as_str()])
}

/// Numbers are the same by what they count, and a number is the same as the text of its digits.
fn is_same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::String(text), Value::Number(number)) | (Value::Number(number), Value::String(text)) => {
            *text == number.to_string()
        }
        (Value::Number(_), Value::Number(_)) => order(left, right) == Some(Ordering::Equal),
        _ => left == right,
    }
}

/// Only two numbers or two texts have an order.
fn order(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::String(left), Value::String(right)) => Some(left.cmp(right)),
        (Value::Number(left), Value::Number(right)) => match (left.as_i64(), right.as_i64()) {
            (Some(left), Some(right)) => Some(left.cmp(&right)),
            _ => left.as_f64()?.partial_cmp(&right.as_f64()?),
        },
        _ => None,
    }
}

fn any(reader: &mut Reader<'_>, depth: usize) -> Result<Expression, String> {
    let mut parts = vec![all(reader, depth)?];
    while reader.take("||") {
        parts.push(all(reader, depth)?);
    }
    Ok(Expression::Any(parts))
}

fn all(reader: &mut Reader<'_>, depth: usize) -> Result<Expression, String> {
    let mut parts = vec![one(reader, depth)?];
    while reader.take("&&") {
        parts.push(one(reader, depth)?);
    }
    Ok(Expression::All(parts))
}

fn one(reader: &mut Reader<'_>, depth: usize) -> Result<Expression, String> {
    if depth > DEPTH_MAX {
        return Err(format!("has parentheses or `!` deeper than {DEPTH_MAX}"));
    }
    if reader.take("!") {
        return one(reader, depth + 1).map(not);
    }
    if reader.take("(") {
        let inner = any(reader, depth + 1)?;
        return if reader.take(")") { Ok(inner) } else { Err("has parentheses that do not close".to_owned()) };
    }
    let path = path(reader)?;
    let compares = |path: Path, how: How, with: Operand| Expression::Compares { path, how, with };
    if reader.take("==") {
        return Ok(compares(path, How::Same, operand(reader)?));
    }
    if reader.take("!=") {
        return Ok(not(compares(path, How::Same, operand(reader)?)));
    }
    if reader.take("=~") {
        return Ok(Expression::Fits { path, pattern: pattern(reader)? });
    }
    // The longer sign first: `<` begins `<=`.
    let signs = [("<=", How::LessOrSame), (">=", How::MoreOrSame), ("<", How::Less), (">", How::More)];
    for (sign, how) in signs {
        if reader.take(sign) {
            return Ok(compares(path, how, operand(reader)?));
        }
    }
    if reader.take("in") || reader.take("IN") {
        return Ok(Expression::IsIn { path, list: list(reader)? });
    }
    if reader.take("nin") || reader.take("NIN") {
        return Ok(not(Expression::IsIn { path, list: list(reader)? }));
    }
    Ok(Expression::Exists(path))
}

fn not(part: Expression) -> Expression {
    Expression::Not(Box::new(part))
}

/// `@.city.code` or `@['city']['code']`.
fn path(reader: &mut Reader<'_>) -> Result<Path, String> {
    let wrong = "has a condition that does not begin with a field such as `@.active`";
    if !reader.take("@") {
        return Err(wrong.to_owned());
    }
    let mut names = Path::new();
    loop {
        if reader.take(".") {
            names.push(reader.take_name().ok_or(wrong)?.to_owned());
        } else if reader.take("[") {
            names.push(reader.take_quoted().ok_or(wrong)?);
            if !reader.take("]") {
                return Err(wrong.to_owned());
            }
        } else if names.is_empty() {
            return Err(wrong.to_owned());
        } else {
            return Ok(names);
        }
    }
}

fn pattern(reader: &mut Reader<'_>) -> Result<Pattern, String> {
    reader.patterns += 1;
    if reader.patterns > PATTERNS_MAX {
        return Err(format!("has more than {PATTERNS_MAX} patterns"));
    }
    match reader.take_pattern().ok_or("has a pattern that does not stand between slashes")? {
        (text, "") => Pattern::whole(text, Letters::Differ),
        (text, "i") => Pattern::whole(text, Letters::AreOne),
        (_, _) => Err("has another letter than `i` behind a pattern".to_owned()),
    }
}

/// A list of values, or a field that holds one.
fn list(reader: &mut Reader<'_>) -> Result<Operand, String> {
    if reader.starts("@") {
        return Ok(Operand::Path(path(reader)?));
    }
    if !reader.take("[") {
        return Err("has no list behind `in`".to_owned());
    }
    let mut values = Vec::<Value>::new();
    if reader.take("]") {
        return Ok(Operand::Value(values.into()));
    }
    loop {
        values.push(value(reader)?);
        if reader.take("]") {
            return Ok(Operand::Value(values.into()));
        }
        if !reader.take(",") {
            return Err("has a list that does not close".to_owned());
        }
    }
}

fn operand(reader: &mut Reader<'_>) -> Result<Operand, String> {
    if reader.starts("@") { path(reader).map(Operand::Path) } else { value(reader).map(Operand::Value) }
}

fn value(reader: &mut Reader<'_>) -> Result<Value, String> {
    let wrong = "has a value that is neither a text in quotes nor a number, `true`, `false` or `null`";
    if reader.starts("'") || reader.starts("\"") {
        return Ok(reader.take_quoted().ok_or(wrong)?.into());
    }
    for (word, value) in [("true", Value::Bool(true)), ("false", Value::Bool(false)), ("null", Value::Null)] {
        if reader.take(word) {
            return Ok(value);
        }
    }
    let digits = reader.take_number().ok_or(wrong)?;
    let number = match digits.parse::<i64>() {
        Ok(whole) => Some(Number::from(whole)),
        Err(_) => digits.parse::<f64>().ok().and_then(Number::from_f64),
    };
    Ok(number.ok_or(wrong)?.into())
}

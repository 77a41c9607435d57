//! The SQL of Splink's conditions, as far as its well-known shapes go.
//!
//! [`parse`] gives nothing for what it does not understand (`CASE`, lambdas ...); [`words`] finds columns and functions in any
//! text.

/// Which of the two source records a column is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Left,
    Right,
    Neither,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Sql {
    Column { side: Side, name: String },
    Text(String),
    Number(f64),
    Call { name: String, arguments: Vec<Sql> },
    Binary { operator: String, left: Box<Sql>, right: Box<Sql> },
    And(Vec<Sql>),
    Or(Vec<Sql>),
    Not(Box<Sql>),
    IsNull(Box<Sql>),
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word { text: String, quoted: bool },
    Text(String),
    Number(f64),
    Symbol(&'static str),
}

/// Longer ones first.
const SYMBOLS: &[&str] = &[
    "<=", ">=", "<>", "!=", "||", "::", "->", "==", "=", "<", ">", "(", ")", "[", "]", "{", "}", ",", ".", "+", "-",
    "*", "/", "%", ":", ";", "?", "&", "|",
];

/// How deep expressions may stand in one another.
const DEPTH_MAX: usize = 60;

/// How many words and signs a condition may have: chains of operators nest too.
const TOKENS_MAX: usize = 2_000;

/// Stands for what no symbol is known for; nothing is parsed over it.
const UNKNOWN: &str = "";

fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let end_where = |ends: fn(char) -> bool| rest.find(ends).unwrap_or(rest.len());
        let (token, taken) = if matches!(first, '"' | '`' | '\'') {
            match rest[1..].find(first) {
                Some(end) if first == '\'' => (Token::Text(rest[1..=end].to_owned()), end + 2),
                Some(end) => (Token::Word { text: rest[1..=end].to_owned(), quoted: true }, end + 2),
                None => (Token::Symbol(UNKNOWN), rest.len()),
            }
        } else if first.is_alphabetic() || first == '_' {
            let end = end_where(|c| !c.is_alphanumeric() && c != '_');
            (Token::Word { text: rest[..end].to_owned(), quoted: false }, end)
        } else if first.is_ascii_digit() {
            let end = end_where(|c| !c.is_ascii_alphanumeric() && c != '.');
            (rest[..end].parse().map_or(Token::Symbol(UNKNOWN), Token::Number), end)
        } else {
            match SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol)) {
                Some(symbol) => (Token::Symbol(symbol), symbol.len()),
                None => (Token::Symbol(UNKNOWN), first.len_utf8()),
            }
        };
        tokens.push(token);
        rest = rest[taken..].trim_start();
    }
    tokens
}

/// The columns (without the side) and the functions (in lower case) that a text names, each once, in their order.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Words {
    pub(super) columns: Vec<String>,
    pub(super) functions: Vec<String>,
    /// Whether a text between quotes holds hours, as formats of timestamps do.
    pub(super) names_hours: bool,
}

pub(super) fn words(text: &str) -> Words {
    let mut found = Words::default();
    let tokens = tokens(text);
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Text(text) => found.names_hours |= text.contains("%H") || text.contains("HH:"),
            Token::Word { text, quoted } => {
                let calls = !quoted && tokens.get(at + 1) == Some(&Token::Symbol("("));
                let of_side = at >= 2 && tokens[at - 1] == Token::Symbol(".") && side_of(&tokens[at - 2]).is_some();
                let column = if of_side { Some(text.as_str()) } else { without_side(text).map(|(_, name)| name) };
                if calls {
                    push_new(&mut found.functions, text.to_ascii_lowercase());
                } else if let Some(column) = column {
                    push_new(&mut found.columns, column.to_owned());
                }
            }
            _ => {}
        }
    }
    found
}

fn push_new(list: &mut Vec<String>, text: String) {
    if !list.contains(&text) {
        list.push(text);
    }
}

fn side_of(token: &Token) -> Option<Side> {
    match token {
        Token::Word { text, .. } if text.eq_ignore_ascii_case("l") => Some(Side::Left),
        Token::Word { text, .. } if text.eq_ignore_ascii_case("r") => Some(Side::Right),
        _ => None,
    }
}

fn without_side(name: &str) -> Option<(Side, &str)> {
    let sided = [("_l", Side::Left), ("_r", Side::Right)];
    let found = sided.into_iter().find_map(|(end, side)| Some((side, name.strip_suffix(end)?)));
    found.filter(|(_, name)| !name.is_empty())
}

/// Reads a condition; nothing for what is not understood.
pub(super) fn parse(text: &str) -> Option<Sql> {
    let tokens = tokens(text);
    if tokens.len() > TOKENS_MAX {
        return None;
    }
    let mut parser = Parser { tokens, at: 0, depth: 0 };
    let sql = parser.or()?;
    (parser.at == parser.tokens.len()).then_some(sql)
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

impl Parser {
    fn symbol(&mut self, wanted: &str) -> bool {
        let found = matches!(self.tokens.get(self.at), Some(Token::Symbol(symbol)) if *symbol == wanted);
        self.at += usize::from(found);
        found
    }

    fn word(&mut self, wanted: &str) -> bool {
        let found = matches!(self.tokens.get(self.at), Some(Token::Word { text, quoted: false }) if text.eq_ignore_ascii_case(wanted));
        self.at += usize::from(found);
        found
    }

    fn or(&mut self) -> Option<Sql> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return None;
        }
        let mut parts = vec![self.and()?];
        while self.word("or") {
            parts.push(self.and()?);
        }
        self.depth -= 1;
        Some(if parts.len() == 1 { parts.remove(0) } else { Sql::Or(parts) })
    }

    fn and(&mut self) -> Option<Sql> {
        let mut parts = vec![self.not()?];
        while self.word("and") {
            parts.push(self.not()?);
        }
        Some(if parts.len() == 1 { parts.remove(0) } else { Sql::And(parts) })
    }

    fn not(&mut self) -> Option<Sql> {
        if self.word("not") { Some(Sql::Not(Box::new(self.compared()?))) } else { self.compared() }
    }

    fn compared(&mut self) -> Option<Sql> {
        let left = self.sum()?;
        if self.word("is") {
            let negated = self.word("not");
            let is_null = self.word("null").then(|| Sql::IsNull(Box::new(left)))?;
            return Some(if negated { Sql::Not(Box::new(is_null)) } else { is_null });
        }
        let operators =
            [("=", "="), ("==", "="), ("<>", "<>"), ("!=", "<>"), ("<=", "<="), (">=", ">="), ("<", "<"), (">", ">")];
        match operators.into_iter().find(|(symbol, _)| self.symbol(symbol)) {
            Some((_, operator)) => Some(binary(operator, left, self.sum()?)),
            None => Some(left),
        }
    }

    fn sum(&mut self) -> Option<Sql> {
        let mut left = self.product()?;
        while let Some(operator) = ["+", "-", "||"].into_iter().find(|symbol| self.symbol(symbol)) {
            left = binary(operator, left, self.product()?);
        }
        Some(left)
    }

    fn product(&mut self) -> Option<Sql> {
        let mut left = self.single()?;
        while let Some(operator) = ["*", "/"].into_iter().find(|symbol| self.symbol(symbol)) {
            left = binary(operator, left, self.single()?);
        }
        Some(left)
    }

    /// One value, with what stands behind it: `::date`, `[1]`.
    fn single(&mut self) -> Option<Sql> {
        let mut value = self.bare()?;
        loop {
            if self.symbol("::") {
                self.at += 1;
                value = call("cast", vec![value]);
            } else if self.symbol("[") {
                let index = self.or()?;
                self.symbol("]").then_some(())?;
                value = call("element", vec![value, index]);
            } else {
                return Some(value);
            }
        }
    }

    fn bare(&mut self) -> Option<Sql> {
        if self.symbol("(") {
            let inner = self.or()?;
            return self.symbol(")").then_some(inner);
        }
        if self.symbol("-") {
            return match self.bare()? {
                Sql::Number(number) => Some(Sql::Number(-number)),
                _ => None,
            };
        }
        let token = self.tokens.get(self.at)?.clone();
        self.at += 1;
        match token {
            Token::Number(number) => Some(Sql::Number(number)),
            Token::Text(text) => Some(Sql::Text(text)),
            Token::Symbol(_) => None,
            Token::Word { text, quoted: false } if self.symbol("(") => self.call(&text.to_ascii_lowercase()),
            Token::Word { text, quoted: false }
                if ["case", "select", "null"].contains(&text.to_ascii_lowercase().as_str()) =>
            {
                None
            }
            word @ Token::Word { .. } => self.column(&word),
        }
    }

    fn column(&mut self, first: &Token) -> Option<Sql> {
        let Token::Word { text, .. } = first else { return None };
        if !self.symbol(".") {
            let (side, name) = without_side(text).unwrap_or((Side::Neither, text));
            return Some(Sql::Column { side, name: name.to_owned() });
        }
        let side = side_of(first)?;
        let Some(Token::Word { text, .. }) = self.tokens.get(self.at).cloned() else { return None };
        self.at += 1;
        Some(Sql::Column { side, name: text })
    }

    /// A call, behind its bracket.
    fn call(&mut self, name: &str) -> Option<Sql> {
        let mut arguments = Vec::new();
        while !self.symbol(")") {
            arguments.push(self.or()?);
            if self.word("as") {
                self.at += 1; // a type: cast(x as date)
            } else if self.word("from") {
                // extract(year from x)
                let Some(Sql::Column { name, .. }) = arguments.pop() else { return None };
                arguments.push(call(&name.to_ascii_lowercase(), vec![self.or()?]));
            }
            let more = self.symbol(",");
            if !more {
                self.symbol(")").then_some(())?;
                break;
            }
        }
        Some(call(if name == "try_cast" { "cast" } else { name }, arguments))
    }
}

fn call(name: &str, arguments: Vec<Sql>) -> Sql {
    Sql::Call { name: name.to_owned(), arguments }
}

fn binary(operator: &str, left: Sql, right: Sql) -> Sql {
    Sql::Binary { operator: operator.to_owned(), left: Box::new(left), right: Box::new(right) }
}

impl Sql {
    /// The parts of a conjunction; itself, where it is none.
    pub(super) fn conjuncts(&self) -> &[Sql] {
        match self {
            Self::And(parts) => parts,
            other => std::slice::from_ref(other),
        }
    }

    /// A value without what the standard form does by itself: letter case, outer spaces, types, an empty text for nothing.
    pub(super) fn bare(&self) -> &Sql {
        match self {
            Self::Call { name, arguments } if ["lower", "upper", "trim", "cast"].contains(&name.as_str()) => {
                arguments.first().map_or(self, Self::bare)
            }
            Self::Call { name, arguments }
                if name == "nullif" && arguments.get(1) == Some(&Self::Text(String::new())) =>
            {
                arguments[0].bare()
            }
            other => other,
        }
    }

    /// The column of a value that is nothing but a column.
    pub(super) fn column(&self) -> Option<(Side, &str)> {
        match self.bare() {
            Self::Column { side, name } => Some((*side, name)),
            _ => None,
        }
    }

    /// Whether both are the same expression, one of the left and the other of the right source record.
    pub(super) fn mirrors(&self, other: &Sql) -> bool {
        match (self.bare(), other.bare()) {
            (Self::Column { side: a, name: left }, Self::Column { side: b, name: right }) => {
                a != b && *a != Side::Neither && *b != Side::Neither && left.eq_ignore_ascii_case(right)
            }
            (Self::Call { name: a, arguments: left }, Self::Call { name: b, arguments: right }) => {
                let same = |(left, right): (&Sql, &Sql)| left == right || left.mirrors(right);
                a == b && left.len() == right.len() && left.iter().zip(right).all(same)
            }
            (Self::Binary { operator: a, left, right }, Self::Binary { operator: b, left: left2, right: right2 }) => {
                a == b && (left == left2 || left.mirrors(left2)) && (right == right2 || right.mirrors(right2))
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(side: Side, name: &str) -> Sql {
        Sql::Column { side, name: name.to_owned() }
    }

    #[test]
    fn both_ways_of_naming_a_side_are_read() {
        for text in [
            "l.\"first name\" = r.\"first name\"",
            "\"first name_l\" = \"first name_r\"",
            "`first name_l`==(`first name_r`)",
        ] {
            let expected = binary("=", column(Side::Left, "first name"), column(Side::Right, "first name"));
            assert_eq!(parse(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn functions_casts_and_extract_are_read() {
        let dated = call("year", vec![call("cast", vec![column(Side::Left, "dob")])]);
        assert_eq!(parse("year(cast(dob_l as date))"), Some(dated.clone()));
        assert_eq!(parse("YEAR(l.dob::date)"), Some(dated));
        let extracted = call("extract", vec![call("year", vec![column(Side::Right, "dob")])]);
        assert_eq!(parse("extract(year from r.dob)"), Some(extracted));
    }

    #[test]
    fn what_is_not_understood_gives_nothing_but_its_words() {
        for text in [
            "case when a_l = a_r then 1 end = 1",
            "list_max(x -> x) > 1",
            "a_l = ",
            "'open",
            "((((a_l = a_r)",
            "a_l ~ a_r",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(parse(&format!("{}a_l{}", "(".repeat(5_000), ")".repeat(5_000))), None);
        for chain in ["a_l + ", "- ", "a_l::date || "] {
            assert_eq!(parse(&format!("{}1", chain.repeat(100_000))), None, "{chain}");
        }
        let found = words("list_max(list_transform(\"names_l\", x -> jaro_winkler_similarity(x, l.surname))) >= 0.9");
        assert_eq!(found.columns, ["names", "surname"]);
        assert_eq!(found.functions, ["list_max", "list_transform", "jaro_winkler_similarity"]);
    }

    #[test]
    fn the_same_of_both_sides_mirrors() {
        let mirrored = |text: &str| match parse(text) {
            Some(Sql::Binary { left, right, .. }) => left.mirrors(&right),
            other => panic!("{text}: {other:?}"),
        };
        assert!(mirrored("substr(lower(l.a), 1, 3) = substr(r.a, 1, 3)"));
        assert!(mirrored("l.a || l.b = r.a || r.b"));
        assert!(!mirrored("l.a = r.b"));
        assert!(!mirrored("l.a = l.a"));
        assert!(!mirrored("substr(l.a, 1, 3) = substr(r.a, 1, 2)"));
    }
}

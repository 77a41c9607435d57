//! The sidecar of a code system: what it is, where it comes from, and how its codes look.
//!
//! Sidecars are TOML, of which they use three shapes only: `key = "text"`, `key = true`, `key = ["text", ...]`, one a
//! line. Anything else is refused with its line, so a sidecar that is read here is read the same by any TOML parser.

use crate::error::CodesError;

/// What a sidecar states. Every code system has one, and [`Sidecar::parse`] refuses one that leaves out its
/// source, licence, date or version.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Sidecar {
    pub(crate) name: String,
    /// English, Punjabi, Hindi, in the order of `Language::ALL`.
    pub(crate) titles: [String; 3],
    pub(crate) version: String,
    pub(crate) source: String,
    pub(crate) licence: String,
    pub(crate) source_date: String,
    pub(crate) is_made_up: bool,
    /// Codes are stored in upper case and asked for in any.
    pub(crate) folds_case: bool,
    /// Patterns of `crate::shape`; none means that any text may be a code.
    pub(crate) shapes: Vec<String>,
    /// The code system whose codes the parent column holds; its own name for a hierarchy.
    pub(crate) parent_system: Option<String>,
    /// Parent codes that are known to be missing.
    pub(crate) known_orphans: Vec<String>,
    /// Properties that are searched beside code and display.
    pub(crate) searched: Vec<String>,
    pub(crate) notes: String,
    /// How many concepts the table must have.
    pub(crate) concepts: usize,
}

/// A value of the TOML subset.
enum Value<'a> {
    Text(&'a str),
    Flag(bool),
    List(Vec<&'a str>),
}

impl Sidecar {
    /// Reads a sidecar. `file` is how errors name it.
    pub(crate) fn parse(file: &str, text: &str) -> Result<Self, CodesError> {
        let mut sidecar = Self::default();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            sidecar.read_line(line).map_err(|problem| CodesError::Sidecar {
                file: file.to_owned(),
                line: index + 1,
                problem,
            })?;
        }
        let required = [
            ("name", &sidecar.name),
            ("title_en", &sidecar.titles[0]),
            ("title_pa", &sidecar.titles[1]),
            ("title_hi", &sidecar.titles[2]),
            ("version", &sidecar.version),
            ("source", &sidecar.source),
            ("licence", &sidecar.licence),
            ("source_date", &sidecar.source_date),
        ];
        match required.iter().find(|(_, value)| value.trim().is_empty()) {
            Some((key, _)) => Err(CodesError::Sidecar {
                file: file.to_owned(),
                line: text.lines().count(),
                problem: format!("`{key}` is missing or empty; say it, or say `none stated`"),
            }),
            None => Ok(sidecar),
        }
    }

    fn read_line(&mut self, line: &str) -> Result<(), String> {
        let (key, value) = line.split_once('=').ok_or("expected `key = value`")?;
        match (key.trim(), parse_value(value.trim())?) {
            ("name", Value::Text(text)) => text.clone_into(&mut self.name),
            ("title_en", Value::Text(text)) => text.clone_into(&mut self.titles[0]),
            ("title_pa", Value::Text(text)) => text.clone_into(&mut self.titles[1]),
            ("title_hi", Value::Text(text)) => text.clone_into(&mut self.titles[2]),
            ("version", Value::Text(text)) => text.clone_into(&mut self.version),
            ("source", Value::Text(text)) => text.clone_into(&mut self.source),
            ("licence", Value::Text(text)) => text.clone_into(&mut self.licence),
            ("source_date", Value::Text(text)) => text.clone_into(&mut self.source_date),
            ("made_up", Value::Flag(flag)) => self.is_made_up = flag,
            ("case_insensitive", Value::Flag(flag)) => self.folds_case = flag,
            ("shapes", Value::List(list)) => self.shapes = owned(&list),
            ("parent_system", Value::Text(text)) => self.parent_system = Some(text.to_owned()),
            ("known_orphans", Value::List(list)) => self.known_orphans = owned(&list),
            ("searched", Value::List(list)) => self.searched = owned(&list),
            ("notes", Value::Text(text)) => text.clone_into(&mut self.notes),
            ("concepts", Value::Text(text)) => {
                self.concepts = text.parse().map_err(|_| format!("`concepts` is not a count: `{text}`"))?;
            }
            (key, _) => return Err(format!("`{key}` is not a key of a sidecar, or not of that type")),
        }
        Ok(())
    }
}

fn owned(list: &[&str]) -> Vec<String> {
    list.iter().map(|&text| text.to_owned()).collect()
}

fn parse_value(value: &str) -> Result<Value<'_>, String> {
    if let Some(flag) = ["false", "true"].iter().position(|&word| word == value) {
        return Ok(Value::Flag(flag == 1));
    }
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(Value::Text(value));
    }
    if let Some(inner) = value.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return parse_list(inner).map(Value::List);
    }
    let (text, rest) = parse_text(value)?;
    if rest.is_empty() { Ok(Value::Text(text)) } else { Err(format!("unexpected `{rest}` after the text")) }
}

fn parse_list(mut rest: &str) -> Result<Vec<&str>, String> {
    let mut list = Vec::new();
    rest = rest.trim();
    while !rest.is_empty() {
        let (text, after) = parse_text(rest)?;
        list.push(text);
        rest = match after.strip_prefix(',') {
            Some(next) => next.trim_start(),
            None if after.is_empty() => after,
            None => return Err(format!("expected `,` before `{after}`")),
        };
    }
    Ok(list)
}

/// One quoted text at the start of `value`, and what follows it.
fn parse_text(value: &str) -> Result<(&str, &str), String> {
    let inner = value.strip_prefix('"').ok_or("expected text in double quotes, true, false or a list of texts")?;
    let (text, rest) = inner.split_once('"').ok_or("the closing quote is missing")?;
    if text.contains('\\') {
        Err("escapes are not read; write the character itself".to_owned())
    } else {
        Ok((text, rest.trim()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "# a comment\nname = \"pin\"\ntitle_en = \"PINs\"\ntitle_pa = \"ਪਿੰਨ\"\ntitle_hi = \"पिन\"\nversion = \"1\"\n\
        source = \"India Post\"\nlicence = \"GODL-India\"\nsource_date = \"2026-11\"\nmade_up = false\nshapes = [\"999999\", \"9\"]\n\
        known_orphans = []\nconcepts = 3\n";

    #[track_caller]
    fn refuses(text: &str, words: &str) {
        let message = Sidecar::parse("x.toml", text).unwrap_err().to_string();
        assert!(message.contains(words), "{message}");
    }

    #[test]
    fn a_full_sidecar_reads() {
        let sidecar = Sidecar::parse("x.toml", GOOD).unwrap();
        assert_eq!(sidecar.titles[1], "ਪਿੰਨ");
        assert_eq!(sidecar.shapes, ["999999", "9"]);
        assert_eq!((sidecar.concepts, sidecar.known_orphans.len(), sidecar.is_made_up), (3, 0, false));
    }

    #[test]
    fn a_sidecar_without_a_licence_line_is_refused() {
        refuses(&GOOD.replace("licence = \"GODL-India\"\n", ""), "`licence` is missing");
        refuses(&GOOD.replace("GODL-India", " "), "`licence` is missing");
    }

    #[test]
    fn what_is_not_understood_is_refused_with_its_line() {
        refuses("name = \"x\"\nlicense = \"MIT\"", "x.toml line 2: `license` is not a key");
        refuses("name = \"x", "closing quote");
        refuses("name = \"a\" \"b\"", "after the text");
        refuses("shapes = [\"a\" \"b\"]", "expected `,`");
        refuses("made_up = \"yes\"", "not of that type");
        refuses("name = \"a\\n\"", "escapes");
        refuses("[table]", "key = value");
    }
}

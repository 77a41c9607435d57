//! Days on which offices do not work: one dated list for all who count working days.

use std::collections::BTreeMap;

use crate::error::CodesError;

const BUILTIN: &str = include_str!("../data/calendars/holidays.csv");

/// A list of holidays: some on one day of one year, some on the same day of each year.
///
/// ```
/// let holidays = kanak_codes::Holidays::builtin();
/// assert_eq!(holidays.find("2026-01-26"), Some("Republic Day"));
/// assert_eq!(holidays.find("2026-01-27"), None);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holidays {
    /// `YYYY-MM-DD` or `MM-DD`, and the name.
    names: BTreeMap<String, String>,
}

impl Holidays {
    /// The list in this binary, `data/calendars/holidays.csv`.
    pub fn builtin() -> Self {
        Self::parse("holidays.csv", BUILTIN).expect("the built-in list reads; a test reads it")
    }

    /// Reads a list: a header, then `on,name,kind,made_up,source`, `on` being `YYYY-MM-DD` or, for each year, `MM-DD`.
    /// Lines that begin with `#` say something about it.
    ///
    /// # Errors
    /// [`CodesError::Sidecar`] naming the file, the line and what would be right.
    pub fn parse(file: &str, text: &str) -> Result<Self, CodesError> {
        let mut names = BTreeMap::new();
        let lines = text.lines().zip(1..).filter(|(line, _)| !line.starts_with('#') && !line.trim().is_empty());
        for (row, line) in lines.skip(1) {
            let fail = |problem: &str| CodesError::Sidecar { file: file.to_owned(), line, problem: problem.to_owned() };
            let mut fields = row.split(',').map(str::trim);
            let on = fields.next().unwrap_or_default();
            if !is_day(on) {
                return Err(fail("a holiday begins with its day, `2026-11-08`, or `01-26` for each year"));
            }
            let name = fields.next().filter(|name| !name.is_empty());
            let name = name.ok_or_else(|| fail("a holiday has a name after its day"))?;
            if names.insert(on.to_owned(), name.to_owned()).is_some() {
                return Err(fail("this day stands here twice; keep one line"));
            }
        }
        Ok(Self { names })
    }

    /// The name of the holiday that a day, written `YYYY-MM-DD`, is.
    pub fn find(&self, day: &str) -> Option<&str> {
        let of_each_year = day.split_once('-').map(|(_, month_day)| month_day);
        let name = self.names.get(day).or_else(|| self.names.get(of_each_year?));
        name.map(String::as_str)
    }
}

/// Whether a text is `MM-DD` or `YYYY-MM-DD` with a month and a day that a year may have.
fn is_day(text: &str) -> bool {
    let month_day = match text.len() {
        5 => text,
        10 if text.as_bytes()[..4].iter().all(u8::is_ascii_digit) => match text[4..].strip_prefix('-') {
            Some(month_day) => month_day,
            None => return false,
        },
        _ => return false,
    };
    let Some((month, day)) = month_day.split_once('-') else { return false };
    let number = |digits: &str| digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
    number(month) && number(day) && ("01"..="12").contains(&month) && ("01"..="31").contains(&day)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "on,name,kind,made_up,source\n";

    #[test]
    fn a_day_of_one_year_is_none_of_the_next_and_a_day_of_each_year_is_one_of_all() {
        let list = format!("# about it\n{HEAD}2026-11-08,Diwali,state,true,x\n01-26,Republic Day,national,false,x\n");
        let holidays = Holidays::parse("h.csv", &list).unwrap();
        for (day, expected) in [
            ("2026-11-08", Some("Diwali")),
            ("2027-11-08", None),
            ("2026-01-26", Some("Republic Day")),
            ("1999-01-26", Some("Republic Day")),
            ("2026-01-27", None),
        ] {
            assert_eq!(holidays.find(day), expected, "{day}");
        }
    }

    #[test]
    fn a_line_that_is_no_holiday_is_named() {
        for line in ["26-01-2026,x", "13-01,x", "01-32,x", "2026/01/26,x", "01-26", "01-26,,x", "ਜਨਵ,x"] {
            let error = Holidays::parse("h.csv", &format!("{HEAD}{line}\n")).unwrap_err().to_string();
            assert!(error.starts_with("h.csv line 2:"), "{line}: {error}");
        }
        assert!(Holidays::parse("h.csv", &format!("{HEAD}01-26,a\n01-26,b\n")).is_err());
    }

    #[test]
    fn the_built_in_list_reads() {
        assert_eq!(Holidays::builtin().names.len(), 6);
    }
}

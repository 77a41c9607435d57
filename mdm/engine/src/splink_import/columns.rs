//! The columns that settings name, and what kinds of attribute they become.

use kanak_model::kind::Kind;

use crate::model_guess::{Meaning, attribute_names, meaning_of_header};

/// All columns, in the order in which they were first named.
#[derive(Default)]
pub(super) struct Columns {
    headers: Vec<String>,
    hints: Vec<Hints>,
}

/// What the SQL says about a column.
#[derive(Default, Clone, Copy)]
struct Hints {
    /// Dates or instants are reckoned with.
    date: Option<Kind>,
    /// A value is a list.
    is_list: bool,
    /// It is exchanged with another name.
    is_name: bool,
}

/// A column with what became of it.
pub(super) struct Named {
    pub(super) header: String,
    pub(super) attribute: String,
    pub(super) meaning: Meaning,
    pub(super) kind: Kind,
}

impl Columns {
    fn hints(&mut self, header: &str) -> &mut Hints {
        let at = self.place(header);
        &mut self.hints[at]
    }

    /// Adds a column, unless it is there; SQL does not tell upper from lower case.
    pub(super) fn add(&mut self, header: &str) {
        self.place(header);
    }

    fn place(&mut self, header: &str) -> usize {
        if let Some(at) = self.headers.iter().position(|known| known.eq_ignore_ascii_case(header)) {
            return at;
        }
        self.headers.push(header.to_owned());
        self.hints.push(Hints::default());
        self.headers.len() - 1
    }

    pub(super) fn is_date(&mut self, header: &str, has_hours: bool) {
        self.hints(header).date = Some(if has_hours { Kind::Timestamp } else { Kind::Date });
    }

    pub(super) fn is_list(&mut self, header: &str) {
        self.hints(header).is_list = true;
    }

    pub(super) fn is_name(&mut self, header: &str) {
        self.hints(header).is_name = true;
    }

    /// Names and kinds of all columns for which `is_kept` holds.
    pub(super) fn name(self, is_kept: impl Fn(&str) -> bool) -> Vec<Named> {
        let kept: Vec<(String, Hints)> =
            self.headers.into_iter().zip(self.hints).filter(|(header, _)| is_kept(header)).collect();
        let headers: Vec<&str> = kept.iter().map(|(header, _)| header.as_str()).collect();
        let names = attribute_names(&headers);
        let named = kept.iter().zip(names).map(|((header, hints), attribute)| {
            let (meaning, kind) = meaning(header, *hints);
            Named { header: header.clone(), attribute, meaning, kind }
        });
        named.collect()
    }
}

pub(super) fn find<'a>(columns: &'a [Named], header: &str) -> Option<&'a Named> {
    columns.iter().find(|column| column.header.eq_ignore_ascii_case(header))
}

/// By the functions that read it, else by its name: no value is there to look at.
fn meaning(header: &str, hints: Hints) -> (Meaning, Kind) {
    let words: Vec<String> =
        header.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase).collect();
    let has = |wanted: &[&str]| words.iter().any(|word| wanted.contains(&word.as_str()));
    let found = meaning_of_header(header);
    if let Some(date) = hints.date {
        let birth = if found == Meaning::BirthDate { found } else { Meaning::OtherDate };
        return (birth, date);
    }
    if hints.is_list {
        return (Meaning::Text, Kind::Text);
    }
    let found = match found {
        // The place of a birth is no date.
        Meaning::BirthDate if has(&["birth"]) && !has(&["date", "day", "dt", "year"]) => {
            let others: Vec<&str> = words.iter().map(String::as_str).filter(|word| *word != "birth").collect();
            meaning_of_header(&others.join(" "))
        }
        Meaning::BusinessName | Meaning::FullName if has(&["number", "no", "id", "code", "ref"]) => {
            Meaning::PersonNumber
        }
        Meaning::Text if has(&["sex", "gender"]) => Meaning::Sex,
        Meaning::Text if has(&["date", "dt"]) => Meaning::OtherDate,
        Meaning::Text if hints.is_name => Meaning::FullName,
        Meaning::Phone if has(&["mobile", "mob"]) => Meaning::Mobile,
        other => other,
    };
    let is_pin = found == Meaning::PostalCode && has(&["pin", "pincode"]);
    (found, if is_pin { Kind::Pin } else { found.kind(&[]) })
}

/// How Kanak grades two values of a kind, in words.
pub(super) fn levels_of(kind: Kind) -> &'static str {
    match kind {
        Kind::PersonName => {
            "same name, same by sound, one slip apart, alike, one within the other, initials fit, different"
        }
        Kind::BusinessName | Kind::Address | Kind::PlaceName | Kind::Text => {
            "same, same by sound or order, one slip apart, one within the other, some words in common, different"
        }
        Kind::Date | Kind::Timestamp => {
            "same day, day and month swapped or one digit off, same year, up to three years off, different, a generation apart"
        }
        Kind::Pin => "same, one slip apart, same first three digits, different",
        Kind::Aadhaar | Kind::Sex | Kind::District | Kind::SubDistrict | Kind::Code => "same, different",
        Kind::Integer | Kind::Money | Kind::Flag => "same, different",
        _ => "same, one slip apart, different",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(header: &str, expected: Kind) {
        assert_eq!(meaning(header, Hints::default()).1, expected, "{header}");
    }

    #[test]
    fn a_name_alone_tells_most_kinds() {
        check("first_name", Kind::PersonName);
        check("dob", Kind::Date);
        check("birth_place", Kind::PlaceName);
        check("birth_year", Kind::Date);
        check("postcode_fake", Kind::Identifier);
        check("pincode", Kind::Pin);
        check("gender", Kind::Sex);
        check("company_name", Kind::BusinessName);
        check("company_number", Kind::Identifier);
        check("occupation", Kind::Text);
        check("mobile_no", Kind::Mobile);
    }

    #[test]
    fn functions_tell_more_than_a_name() {
        let dated = Hints { date: Some(Kind::Date), ..Hints::default() };
        assert_eq!(meaning("joined", dated).1, Kind::Date);
        let timed = Hints { date: Some(Kind::Timestamp), ..Hints::default() };
        assert_eq!(meaning("seen", timed).1, Kind::Timestamp);
        let listed = Hints { is_list: true, ..Hints::default() };
        assert_eq!(meaning("names", listed).1, Kind::Text);
    }
}

//! Labels of source records for evaluation: script, sex, age band and name type, from the values alone.
//!
//! They are computed where [`super::groups`] needs them and forgotten after it.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::standardize::name::{Marker, Sex, parse_person_name};
use crate::standardize::script;

/// The script of a name, by its first letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Script {
    /// Latin letters.
    Latin,
    /// Gurmukhi letters.
    Gurmukhi,
    /// Devanagari letters.
    Devanagari,
    /// Letters of another script.
    Other,
    /// No letter at all.
    None,
}

/// What a name is made of, as far as it decides how much it tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NameType {
    /// One name and nothing else: Gurpreet.
    Single,
    /// A given name and Singh or Kaur, without a surname: Gurpreet Kaur.
    PunjabWithoutSurname,
    /// With Singh or Kaur, and a surname: Gurpreet Kaur Sidhu.
    PunjabWithSurname,
    /// A second name that is common outside Punjab (Kumar, Devi, Bai, Begum ..), with a surname or without: mostly names of
    /// those who came from other states, or whose parents did.
    Migrant,
    /// Two written names or more and no second name borne by custom.
    Plain,
    /// Hardly a name: initials, a second name alone, a newborn without a name, nothing.
    Incomplete,
}

/// Age in whole years at a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgeBand {
    /// 0 to 5.
    Under6,
    /// 6 to 17.
    From6To17,
    /// 18 to 39.
    From18To39,
    /// 40 to 59.
    From40To59,
    /// 60 and above.
    From60,
    /// No year of birth is known, or it lies ahead.
    Unknown,
}

/// The sex that a source record states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SexLabel {
    /// `F`.
    Female,
    /// `M`.
    Male,
    /// `X`.
    Other,
    /// Not stated.
    Unknown,
}

/// The script of a name, in the source's own words or the standard form.
///
/// ```
/// use kanak_engine::matching::group_labels::{Script, script_of};
/// assert_eq!(script_of("ਗੁਰਪ੍ਰੀਤ ਕੌਰ"), Script::Gurmukhi);
/// assert_eq!(script_of("12"), Script::None);
/// ```
pub fn script_of(name: &str) -> Script {
    match name.chars().find(|character| script::is_letter(*character)) {
        None => Script::None,
        Some('\u{0900}'..='\u{097F}') => Script::Devanagari,
        Some('\u{0A00}'..='\u{0A7F}') => Script::Gurmukhi,
        Some(first) if script::is_latin(first.encode_utf8(&mut [0; 4])) => Script::Latin,
        Some(_) => Script::Other,
    }
}

/// What a name is made of.
///
/// ```
/// use kanak_engine::matching::group_labels::{NameType, name_type_of};
/// assert_eq!(name_type_of("Smt. Gurpreet Kaur W/o Harbhajan Singh"), NameType::PunjabWithoutSurname);
/// ```
pub fn name_type_of(name: &str) -> NameType {
    let read = parse_person_name(name);
    let is_punjab = |marker: &Marker| matches!(marker, Marker::Singh | Marker::Kaur);
    let names = read.full_tokens().saturating_sub(read.markers.len());
    let is_name = |given: &String| read.full_tokens() > 1 || Marker::find(given).is_none();
    if read.is_baby_of() || names == 0 || !read.given.as_ref().is_some_and(is_name) {
        NameType::Incomplete
    } else if read.markers.iter().any(is_punjab) {
        if read.surname.is_some() { NameType::PunjabWithSurname } else { NameType::PunjabWithoutSurname }
    } else if !read.markers.is_empty() {
        NameType::Migrant
    } else if names == 1 {
        NameType::Single
    } else {
        NameType::Plain
    }
}

/// The age band at a day, from a date of birth in standard form (`1985-03-01`, `1985-03` or `1985`). Where only the year is
/// known, the birthday is held to be past.
pub fn age_band_of(date_of_birth: &str, day: NaiveDate) -> AgeBand {
    use chrono::Datelike as _;
    let mut parts = date_of_birth.splitn(3, '-').map(|part| part.parse::<i32>().ok());
    let Some(Some(year)) = parts.next() else { return AgeBand::Unknown };
    let month = parts.next().flatten().unwrap_or(1);
    let of_month = parts.next().flatten().unwrap_or(1);
    let is_ahead = (month, of_month) > (day.month() as i32, day.day() as i32);
    match day.year() - year - i32::from(is_ahead) {
        0..=5 => AgeBand::Under6,
        6..=17 => AgeBand::From6To17,
        18..=39 => AgeBand::From18To39,
        40..=59 => AgeBand::From40To59,
        60.. => AgeBand::From60,
        _ => AgeBand::Unknown,
    }
}

/// The sex stated in standard form (`F`, `M`, `X`) or in a source's own word.
pub fn sex_of(stated: &str) -> SexLabel {
    match Sex::find(stated) {
        Some(Sex::Female) => SexLabel::Female,
        Some(Sex::Male) => SexLabel::Male,
        Some(Sex::Other) => SexLabel::Other,
        None => SexLabel::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_apart_by_what_they_are_made_of() {
        #[track_caller]
        fn check(name: &str, expected: NameType) {
            assert_eq!(name_type_of(name), expected, "{name}");
        }
        check("Gurpreet", NameType::Single);
        check("Gurpreet Singh", NameType::PunjabWithoutSurname);
        check("ਗੁਰਪ੍ਰੀਤ ਕੌਰ ਸਿੱਧੂ", NameType::PunjabWithSurname);
        check("Sunita Devi", NameType::Migrant);
        check("Ramesh Kumar Yadav", NameType::Migrant);
        check("Priya Sharma", NameType::Plain);
        check("Singh", NameType::Incomplete);
        check("", NameType::Incomplete);
        check("Baby of Gurmeet Kaur", NameType::Incomplete);
    }

    #[test]
    fn an_age_turns_on_the_birthday() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        assert_eq!(age_band_of("1966-11-28", day("2026-11-27")), AgeBand::From40To59);
        assert_eq!(age_band_of("1966-11-27", day("2026-11-27")), AgeBand::From60);
        assert_eq!(age_band_of("1966", day("2026-11-27")), AgeBand::From60);
        assert_eq!(age_band_of("2027", day("2026-11-27")), AgeBand::Unknown);
        assert_eq!(age_band_of("", day("2026-11-27")), AgeBand::Unknown);
    }

    #[test]
    fn scripts_go_by_the_first_letter() {
        assert_eq!(script_of("Gurpreet"), Script::Latin);
        assert_eq!(script_of("गुरप्रीत"), Script::Devanagari);
        assert_eq!(script_of("- தமிழ்"), Script::Other);
    }
}

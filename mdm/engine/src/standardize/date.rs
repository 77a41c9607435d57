//! Dates, as registers write them.

use std::borrow::Cow;

use chrono::Datelike;
use kanak_model::PartialDate;
use kanak_model::quality::QualityRule;
use kanak_model::source_system::DateOrder;

use super::{Hint, Outcome};

/// Why a text is not a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateFault {
    /// Not of any form of a date.
    Form,
    /// The year has two digits.
    TwoDigitYear,
    /// There is no such month; perhaps the order of the source is declared wrongly.
    Month,
    /// The month has no such day.
    Day,
}

impl DateFault {
    pub(super) fn outcome(self) -> Outcome {
        let reason = match self {
            Self::Form => "not a date; write it as 1985-03-01 or 01/03/1985, or only the year",
            Self::TwoDigitYear => "the year has two digits and may mean either century; write all four",
            Self::Month => "there is no such month; does the source write day, month and year in the declared order?",
            Self::Day => "the month has no such day; correct it at the source",
        };
        Outcome::bad(QualityRule::Kind, reason)
    }
}

/// Reads a date known to the day, the month or only the year. A time after it is left out; a day or month of zero is unknown.
///
/// # Errors
/// The [`DateFault`] that tells what is wrong.
///
/// ```
/// use kanak_engine::standardize::date::parse_date;
/// use kanak_model::source_system::DateOrder;
/// assert_eq!(parse_date("1-Mar-1985", DateOrder::Dmy).unwrap().to_string(), "1985-03-01");
/// assert_eq!(parse_date("03/1985", DateOrder::Dmy).unwrap().to_string(), "1985-03");
/// ```
pub fn parse_date(text: &str, order: DateOrder) -> Result<PartialDate, DateFault> {
    read(text, order, Years::Written)
}

/// The same for comparing: a year of two digits is taken for the one that is likelier in registers of the living, where day and
/// month stand beside it. `85` is 1985, and `05` is 2005.
///
/// # Errors
/// As [`parse_date`].
///
/// ```
/// use kanak_engine::standardize::date::parse_date_of_any_century;
/// use kanak_model::source_system::DateOrder;
/// assert_eq!(parse_date_of_any_century("25.12.85", DateOrder::Dmy).unwrap().to_string(), "1985-12-25");
/// ```
pub fn parse_date_of_any_century(text: &str, order: DateOrder) -> Result<PartialDate, DateFault> {
    read(text, order, Years::OfAnyCentury)
}

/// The eight digits of year, month and day of what is written as a date and is no calendar day, for comparing: a slip in one of
/// them leaves the others.
///
/// ```
/// use kanak_engine::standardize::date::digits_of_no_day;
/// use kanak_model::source_system::DateOrder;
/// assert_eq!(digits_of_no_day("31/02/1985", DateOrder::Dmy).as_deref(), Some("19850231"));
/// assert_eq!(digits_of_no_day("village", DateOrder::Dmy), None);
/// ```
pub fn digits_of_no_day(text: &str, order: DateOrder) -> Option<String> {
    let Parts { year, month, day } = take_apart(text, order, Years::OfAnyCentury).ok()?;
    let month = if is_digits(month) { month.parse().ok()? } else { month_of(month)? };
    let is_written = is_digits(&year) && year.len() == 4 && month < 100 && is_digits(day) && day.len() <= 2;
    is_written.then(|| format!("{year}{month:02}{day:0>2}"))
}

/// Which years are read.
#[derive(Clone, Copy)]
enum Years {
    /// Those of four digits.
    Written,
    /// Those of two digits too.
    OfAnyCentury,
}

/// Years of two digits below this are of this century, the others of the last.
const FIRST_OF_LAST_CENTURY: u32 = 30;

impl Years {
    /// The four digits of a year in a date of three parts.
    fn complete(self, year: &str) -> Cow<'_, str> {
        match (self, year.parse::<u32>()) {
            (Self::OfAnyCentury, Ok(short)) if year.len() == 2 => {
                Cow::Owned((if short < FIRST_OF_LAST_CENTURY { 2000 } else { 1900 } + short).to_string())
            }
            _ => Cow::Borrowed(year),
        }
    }
}

fn read(text: &str, order: DateOrder, years: Years) -> Result<PartialDate, DateFault> {
    let Parts { year, month, day } = take_apart(text, order, years)?;
    build(&year, month, day)
}

/// A date as it is written; `0` for a month or a day that is not there.
struct Parts<'t> {
    year: Cow<'t, str>,
    month: &'t str,
    day: &'t str,
}

fn take_apart(text: &str, order: DateOrder, years: Years) -> Result<Parts<'_>, DateFault> {
    let mut parts: [&str; 3] = [""; 3];
    let mut count = 0;
    for part in pieces(date_of(text)) {
        if count == 3 {
            return Err(DateFault::Form);
        }
        parts[count] = part;
        count += 1;
    }
    let [first, second, third] = parts;
    let (year, month, day) = match count {
        1 => one_piece(first)?,
        2 if first.len() == 4 => (first, second, "0"),
        2 => (second, first, "0"),
        3 if is_digits(first) && first.len() == 4 => (first, second, third),
        // March 1, 1985
        3 if !is_digits(first) => (third, first, second),
        3 => match order {
            DateOrder::Mdy if is_digits(second) => (third, first, second),
            DateOrder::Ymd if third.len() != 4 => (first, second, third),
            _ => (third, second, first),
        },
        _ => return Err(DateFault::Form),
    };
    let year = if count == 3 { years.complete(year) } else { Cow::Borrowed(year) };
    Ok(Parts { year, month, day })
}

/// The part of a text before its time of day: `1985-03-01T00:00:00`, `1985-03-01 00:00`, `01/03/1985 10:30 AM`.
pub(super) fn date_of(text: &str) -> &str {
    let Some(colon) = text.find(':') else { return text.trim_end_matches(['Z', 'T']) };
    text[..colon].rfind([' ', 'T']).map_or(text, |end| &text[..end])
}

/// The runs of digits and of letters in a text, whatever parts them; `1st` is 1, and the `de` of Spanish dates is none.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let parts = |c: char| {
        matches!(c, '-' | '/' | '.' | ' ' | ',' | '\\' | '_' | '年' | '月' | '日' | '년' | '월' | '일' | '،' | '、')
    };
    text.split(parts).filter(|part| !part.is_empty() && !is_of(part)).map(|part| {
        part.find(|c: char| !c.is_ascii_digit())
            .filter(|at| *at > 0 && is_ordinal(&part[*at..]))
            .map_or(part, |at| &part[..at])
    })
}

fn is_of(text: &str) -> bool {
    ["de", "del"].iter().any(|word| text.eq_ignore_ascii_case(word))
}

fn is_ordinal(text: &str) -> bool {
    ["st", "nd", "rd", "th", "er", "º", "°"].iter().any(|ending| text.eq_ignore_ascii_case(ending))
}

/// `1985`, `19850301`, `01031985` or `01Mar1985`, as year, month and day.
fn one_piece(word: &str) -> Result<(&str, &str, &str), DateFault> {
    if !is_digits(word) {
        let month = word.find(|c: char| !c.is_ascii_digit()).unwrap_or(0);
        let year = word[month..].find(|c: char| c.is_ascii_digit()).map(|at| at + month);
        return match year {
            Some(year) if month > 0 => Ok((&word[year..], &word[month..year], &word[..month])),
            _ => Err(DateFault::Form),
        };
    }
    match word.len() {
        4 => Ok((word, "0", "0")),
        8 => {
            let year_first = (&word[..4], &word[4..6], &word[6..]);
            let year_last = (&word[4..], &word[2..4], &word[..2]);
            let is_year = |year: &str| year.parse().is_ok_and(|year| (1850..=2150).contains(&year));
            let is_day = |(year, month, day): (&str, &str, &str)| is_year(year) && build(year, month, day).is_ok();
            let is_year_last = !is_day(year_first) && (is_day(year_last) || !is_year(&word[..4]));
            Ok(if is_year_last { year_last } else { year_first })
        }
        6 => Err(DateFault::TwoDigitYear),
        _ => Err(DateFault::Form),
    }
}

pub(super) fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

fn build(year: &str, month: &str, day: &str) -> Result<PartialDate, DateFault> {
    if !is_digits(year) || !is_digits(day) || day.len() > 2 {
        return Err(DateFault::Form);
    }
    if year.len() <= 2 {
        return Err(DateFault::TwoDigitYear);
    }
    if year.len() != 4 {
        return Err(DateFault::Form);
    }
    let month = if is_digits(month) {
        month.parse().map_err(|_| DateFault::Month)?
    } else {
        month_of(month).ok_or(DateFault::Form)?
    };
    let day: u32 = day.parse().map_err(|_| DateFault::Form)?;
    if month > 12 {
        return Err(DateFault::Month);
    }
    let text = match (month, day) {
        (0, _) => year.to_owned(),
        (_, 0) => format!("{year}-{month:02}"),
        _ => format!("{year}-{month:02}-{day:02}"),
    };
    text.parse().map_err(|_| DateFault::Day)
}

/// The number of a month by its name in the languages of India's registers and of Western Europe; English names by their first
/// three letters or more, others in full or by a short form that means one month only.
fn month_of(word: &str) -> Option<u32> {
    const ENGLISH: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    // German, French, Spanish, Portuguese, Italian and Dutch, without accents, where English does not begin so.
    const WESTERN: [&str; 12] = [
        "janner jaenner janvier janv enero ene janeiro gennaio gen januari",
        "fevrier fevr fev febrero fevereiro febbraio februari",
        "marz maerz mrz mars marzo marco maart mrt",
        "avril avr abril abr aprile",
        "mai mayo maio maggio mag mei",
        "juni juin junio junho giugno giu",
        "juli juillet juil julio julho luglio lug",
        "aout agosto ago augustus",
        "septembre septiembre setiembre setembro set settembre sett",
        "oktober okt octobre octubre outubro out ottobre ott",
        "novembre noviembre novembro",
        "dezember dez decembre diciembre dic dezembro dicembre",
    ];
    const NATIVE: [(&str, u32); 26] = [
        ("ਜਨਵਰੀ", 1),
        ("ਫਰਵਰੀ", 2),
        ("ਮਾਰਚ", 3),
        ("ਅਪ੍ਰੈਲ", 4),
        ("ਮਈ", 5),
        ("ਜੂਨ", 6),
        ("ਜੁਲਾਈ", 7),
        ("ਅਗਸਤ", 8),
        ("ਸਤੰਬਰ", 9),
        ("ਅਕਤੂਬਰ", 10),
        ("ਨਵੰਬਰ", 11),
        ("ਦਸੰਬਰ", 12),
        ("जनवरी", 1),
        ("फरवरी", 2),
        ("मार्च", 3),
        ("अप्रैल", 4),
        ("मई", 5),
        ("जून", 6),
        ("जुलाई", 7),
        ("अगस्त", 8),
        ("सितंबर", 9),
        ("सितम्बर", 9),
        ("अक्टूबर", 10),
        ("अक्तूबर", 10),
        ("नवंबर", 11),
        ("दिसंबर", 12),
    ];
    let bare = super::script::bare(word);
    let plain = super::script::comparable(word);
    if plain.is_ascii() {
        let is_english =
            |name: &str| plain.len() >= 3 && name.starts_with(&plain) || plain == "sept" && name == "september";
        let at = ENGLISH
            .iter()
            .position(|name| is_english(name))
            .or_else(|| WESTERN.iter().position(|names| names.split(' ').any(|name| name == plain)))?;
        return u32::try_from(at + 1).ok();
    }
    NATIVE.iter().find(|(name, _)| super::script::bare(name) == bare).map(|(_, month)| *month)
}

/// The standard form of a date, within what is possible: not before 1900, births and deaths not after today, anything else
/// not more than a century ahead.
pub(super) fn standardize_date(attribute: &str, hint: &Hint<'_>, text: &str) -> Outcome {
    let date = match parse_date(text, hint.date_order) {
        Ok(date) => date,
        Err(fault) => return fault.outcome(),
    };
    if date.year() < 1900 {
        return Outcome::bad(QualityRule::Range, "the date is before 1900; correct the year at the source");
    }
    let lived = ["birth", "dob", "born", "death", "died"].iter().any(|word| attribute.contains(word));
    if lived && date.first_day() > hint.today {
        return Outcome::bad(QualityRule::Range, "the date lies in the future; nobody is born or dies after today");
    }
    if date.year() > hint.today.year() + 100 {
        return Outcome::bad(
            QualityRule::Range,
            "the date is more than a century ahead; correct the year at the source",
        );
    }
    Outcome::Good(date.to_string())
}

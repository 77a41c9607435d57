//! Words that registers write where they know nothing.

use kanak_model::kind::Kind;

/// No word for nothing is longer, in bytes.
const LONGEST: usize = 40;

/// Whether a folded text stands for nothing. A zero is a number, a code and a flag, and nothing elsewhere.
pub(crate) fn is_missing(kind: Kind, text: &str) -> bool {
    if !text.chars().any(char::is_alphanumeric) && !text.contains('@') {
        return !(kind == Kind::Flag && matches!(text, "✓" | "✔"));
    }
    let counts = matches!(kind, Kind::Integer | Kind::Money | Kind::Flag | Kind::Code);
    if !counts && text.len() <= LONGEST && all_digits(text, |digit| digit == '0') {
        return true;
    }
    if text.len() <= LONGEST && is_word_for_nothing(text) && !is_name_of_several_words(kind, text) {
        return true;
    }
    is_filler(kind, text) || matches!(kind, Kind::Date | Kind::Timestamp) && is_filler_date(text)
}

/// Whether a folded text is one that is typed to get past a form.
pub(super) fn is_filler(kind: Kind, text: &str) -> bool {
    match kind {
        Kind::Mobile | Kind::Aadhaar | Kind::Pin | Kind::Identifier | Kind::Epic | Kind::Pan => {
            is_filler_number(kind, text)
        }
        Kind::Email => is_filler_email(text),
        _ => false,
    }
}

/// Whether every digit passes and nothing but separators stands between.
fn all_digits(text: &str, passes: impl Fn(char) -> bool) -> bool {
    text.chars().filter(|c| !matches!(c, ' ' | '-' | '/' | '.' | ':')).all(|c| c.is_ascii_digit() && passes(c))
}

/// Whether a text is a name whose words only run together to a short word for nothing: Ni L is not missing, nor is Na N or
/// Nu Ll. Single letters alone are no name: `n. a.`.
fn is_name_of_several_words(kind: Kind, text: &str) -> bool {
    const SHORT: [&str; 8] = ["null", "na", "nan", "nil", "none", "unk", "xxx", "xxxx"];
    let is_name = matches!(kind, Kind::PersonName | Kind::BusinessName | Kind::PlaceName);
    let words = || text.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty());
    let run_together: String = words().flat_map(str::chars).map(|c| c.to_ascii_lowercase()).collect();
    is_name && words().count() > 1 && words().any(|word| word.len() > 1) && SHORT.contains(&run_together.as_str())
}

fn is_word_for_nothing(text: &str) -> bool {
    if text.is_ascii() {
        let mut word = [0_u8; LONGEST];
        let mut len = 0;
        for byte in text.bytes().filter(u8::is_ascii_alphabetic) {
            word[len] = byte.to_ascii_lowercase();
            len += 1;
        }
        let has_digit = text.bytes().any(|b| b.is_ascii_digit());
        return !has_digit
            && matches!(
                &word[..len],
                b"null"
                    | b"na"
                    | b"nan"
                    | b"nil"
                    | b"none"
                    | b"notknown"
                    | b"unknown"
                    | b"unk"
                    | b"notavailable"
                    | b"notapplicable"
                    | b"notgiven"
                    | b"nodata"
                    | b"dontknow"
                    | b"notmentioned"
                    | b"notstated"
                    | b"xxx"
                    | b"xxxx"
                    | b"tobefilled"
                    | b"blank"
                    | b"undefined"
                    | b"notprovided"
                    | b"patanahi"
            );
    }
    matches!(
        text,
        "ਪਤਾ ਨਹੀਂ"
            | "ਨਹੀਂ ਪਤਾ"
            | "ਅਗਿਆਤ"
            | "ਕੋਈ ਨਹੀਂ"
            | "पता नहीं"
            | "नहीं पता"
            | "अज्ञात"
            | "कोई नहीं"
            | "ज्ञात नहीं"
    )
}

/// One digit over and over, or the digits in a row: what is typed to get past a required field.
fn is_filler_number(kind: Kind, text: &str) -> bool {
    let mut digits = text.chars().filter(|c| !matches!(c, ' ' | '-'));
    let Some(first) = digits.next() else { return false };
    let length = digits.clone().count() + 1;
    let repeated = first.is_ascii_digit() && digits.all(|c| c == first);
    let long = if kind == Kind::Pin { length == 6 } else { length >= 8 };
    repeated && long
        || kind == Kind::Mobile && matches!(text, "1234567890" | "9876543210" | "0123456789" | "9898989898")
}

/// The dates that systems write for none: the first day of their calendar, or the last.
fn is_filler_date(text: &str) -> bool {
    let day = text.split([' ', 'T']).next().unwrap_or(text);
    let mut parts = [0_u32; 3];
    let mut count = 0;
    for part in day.split(['-', '/', '.']) {
        let Ok(number) = part.parse() else { return false };
        if count == 3 {
            return false;
        }
        parts[count] = number;
        count += 1;
    }
    match (count, parts) {
        (3, [1, 1, year] | [year, 1, 1]) => matches!(year, 1 | 1900),
        (3, [30 | 31, 12, 1899] | [1899, 12, 30 | 31] | [31, 12, 9999] | [9999, 12, 31]) => true,
        (1, [number, ..]) => matches!(number, 9999 | 19_000_101 | 99_991_231 | 1_011_900),
        _ => false,
    }
}

fn is_filler_email(text: &str) -> bool {
    [
        "na@na.com",
        "abc@abc.com",
        "abc@gmail.com",
        "no@email.com",
        "noemail@gmail.com",
        "na@gmail.com",
        "test@test.com",
        "xyz@gmail.com",
    ]
    .iter()
    .any(|filler| text.eq_ignore_ascii_case(filler))
}

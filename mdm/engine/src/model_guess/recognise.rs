//! What a column means, by the words of its header and the shape of its values.

use kanak_codes::identifiers;
use kanak_model::kind::Kind;
use kanak_model::source_system::DateOrder;

use super::words;
use crate::standardize::date::parse_date;
use crate::standardize::sex::Sex;

/// What a column is taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is what it says")]
pub enum Meaning {
    RowNumber,
    FullName,
    GivenName,
    MiddleName,
    Surname,
    FatherName,
    MotherName,
    SpouseName,
    OwnerName,
    BusinessName,
    BirthDate,
    OtherDate,
    Sex,
    Mobile,
    Phone,
    Email,
    Aadhaar,
    Pan,
    Gstin,
    Epic,
    Udyam,
    PersonNumber,
    HouseholdNumber,
    HouseNumber,
    Street,
    Address,
    Locality,
    City,
    District,
    State,
    PostalCode,
    Number,
    Text,
}

/// At most so many values are looked at.
const LOOKED_AT: usize = 2_000;

impl Meaning {
    /// The kind of a column that means this.
    pub fn kind(self, values: &[&str]) -> Kind {
        match self {
            Self::FullName | Self::GivenName | Self::MiddleName | Self::Surname => Kind::PersonName,
            Self::FatherName | Self::MotherName | Self::SpouseName | Self::OwnerName => Kind::PersonName,
            Self::BusinessName => Kind::BusinessName,
            Self::BirthDate | Self::OtherDate => Kind::Date,
            Self::Sex => Kind::Sex,
            Self::Mobile => Kind::Mobile,
            Self::Email => Kind::Email,
            Self::Aadhaar => Kind::Aadhaar,
            Self::Pan => Kind::Pan,
            Self::Gstin => Kind::Gstin,
            Self::Epic => Kind::Epic,
            Self::Udyam => Kind::Udyam,
            Self::Street | Self::Address => Kind::Address,
            Self::Locality | Self::City => Kind::PlaceName,
            Self::PostalCode if share(values, |value| identifiers::Pin::parse(value).is_ok()) > 0.8 => Kind::Pin,
            Self::RowNumber | Self::Phone | Self::PersonNumber | Self::HouseholdNumber | Self::HouseNumber => {
                Kind::Identifier
            }
            Self::PostalCode | Self::Number => Kind::Identifier,
            Self::District | Self::State | Self::Text => Kind::Text,
        }
    }
}

/// What one column means on its own.
pub(super) fn meaning(header: &str, values: &[&str]) -> Meaning {
    let words = words_of(header);
    let has = |wanted: &[&str]| words.iter().any(|word| wanted.contains(&word.as_str()));
    let joined = words.concat();
    let is = |wanted: &[&str]| wanted.contains(&joined.as_str());
    let is_date = share(values, is_date) > 0.7;
    if is(&[
        "id", "recid", "recordid", "uniqueid", "rowid", "row", "index", "uid", "key", "sourceid", "serial", "srno",
        "sno", "no",
    ]) {
        return Meaning::RowNumber;
    }
    if has(words::EMAIL) || share(values, |value| value.contains('@') && value.contains('.')) > 0.5 {
        return Meaning::Email;
    }
    let is_birth = has(words::BIRTH) || words::BIRTH_IN.iter().any(|part| joined.contains(part));
    if is_birth && !has(words::PLACE_OF) && (values.is_empty() || share(values, is_old_date) > 0.3) {
        return Meaning::BirthDate;
    }
    if let Some(meaning) = identifier(&words, &joined, values) {
        return meaning;
    }
    if has(words::SEX) && share(values, |value| Sex::find(value).is_some()) > 0.7 {
        return Meaning::Sex;
    }
    if is_date && (has(&["date", "on", "dt", "day"]) || !has(&["no", "number", "id", "code", "amount"])) {
        return if has(&["date"]) && has(&["b", "of"]) { Meaning::BirthDate } else { Meaning::OtherDate };
    }
    if let Some(meaning) = name(&words, &joined, values) {
        return meaning;
    }
    if let Some(meaning) = place(&words, &joined, values) {
        return meaning;
    }
    by_shape(values)
}

fn identifier(words: &[String], joined: &str, values: &[&str]) -> Option<Meaning> {
    let has = |wanted: &[&str]| words.iter().any(|word| wanted.contains(&word.as_str()));
    let fits = |fit: &dyn Fn(&str) -> bool| values.is_empty() || share(values, fit) > 0.6;
    let digits = |value: &str| value.chars().filter(char::is_ascii_digit).count();
    if has(&["aadhaar", "aadhar", "uidai"]) {
        return Some(Meaning::Aadhaar);
    }
    if has(&["gstin", "gst"]) || share(values, |value| identifiers::Gstin::parse(value).is_ok()) > 0.6 {
        return Some(Meaning::Gstin);
    }
    if (has(&["pan"]) && fits(&|value| value.len() == 10))
        || share(values, |value| identifiers::Pan::parse(value).is_ok()) > 0.6
    {
        return Some(Meaning::Pan);
    }
    if has(&["epic", "voter"]) {
        return Some(Meaning::Epic);
    }
    if has(&["udyam"]) {
        return Some(Meaning::Udyam);
    }
    if (has(words::PHONE) || words::PHONE_IN.iter().any(|part| joined.contains(part)))
        && fits(&|value| digits(value) >= 6)
    {
        let indian = share(values, |value| identifiers::Mobile::parse(value).is_ok()) > 0.7;
        return Some(if indian { Meaning::Mobile } else { Meaning::Phone });
    }
    if has(&["ration", "household", "family"]) && has(&["card", "id", "no", "number"]) {
        return Some(Meaning::HouseholdNumber);
    }
    let is_number = || fits(&|value| digits(value) >= 4);
    if is_number() && (has(words::PERSON_NUMBER) || words::PERSON_NUMBER_IN.iter().any(|part| joined.contains(part))) {
        return Some(Meaning::PersonNumber);
    }
    if has(words::POSTAL_CODE) || words::POSTAL_CODE_IN.iter().any(|part| joined.contains(part)) {
        return Some(Meaning::PostalCode);
    }
    None
}

fn name(words: &[String], joined: &str, values: &[&str]) -> Option<Meaning> {
    let has = |wanted: &[&str]| words.iter().any(|word| wanted.contains(&word.as_str()));
    if share(values, |value| value.chars().any(char::is_alphabetic)) < 0.5 && !values.is_empty() {
        return None;
    }
    let meant = [
        (Meaning::FatherName, words::FATHER),
        (Meaning::MotherName, words::MOTHER),
        (Meaning::SpouseName, words::SPOUSE),
        (Meaning::OwnerName, words::OWNER),
        (Meaning::Surname, words::SURNAME),
        (Meaning::GivenName, words::GIVEN_NAME),
        (Meaning::MiddleName, words::MIDDLE_NAME),
    ];
    if let Some(meaning) = first_meant(&meant, words, joined) {
        return Some(meaning);
    }
    if has(words::BUSINESS) && !has(&["type", "category", "code", "date"]) {
        return Some(Meaning::BusinessName);
    }
    if has(&[
        "state", "city", "town", "village", "street", "district", "country", "bank", "branch", "scheme", "user", "file",
    ]) {
        return None;
    }
    (has(words::FULL_NAME) || words::FULL_NAME.contains(&joined)).then_some(Meaning::FullName)
}

/// The first meaning of which the header has a word, alone or as all its words joined.
fn first_meant(meant: &[(Meaning, &[&str])], words: &[String], joined: &str) -> Option<Meaning> {
    let is_meant = |known: &[&str]| known.contains(&joined) || words.iter().any(|word| known.contains(&word.as_str()));
    meant.iter().find(|(_, known)| is_meant(known)).map(|(meaning, _)| *meaning)
}

fn place(words: &[String], joined: &str, values: &[&str]) -> Option<Meaning> {
    let has = |wanted: &[&str]| words.iter().any(|word| wanted.contains(&word.as_str()));
    let of_a_house =
        has(&["house", "street", "door", "h", "flat", "unit", "apartment"]) && has(&["no", "number", "num"]);
    let meant = [
        (Meaning::HouseNumber, words::HOUSE_NUMBER),
        (Meaning::Locality, words::LOCALITY),
        (Meaning::City, words::CITY),
        (Meaning::District, words::DISTRICT),
        (Meaning::State, words::STATE),
        (Meaning::Street, words::STREET),
        (Meaning::Address, words::ADDRESS),
    ];
    let found = if of_a_house { Meaning::HouseNumber } else { first_meant(&meant, words, joined)? };
    let numbers = share(values, |value| value.chars().all(|c| c.is_ascii_digit())) > 0.9;
    Some(if numbers && !matches!(found, Meaning::HouseNumber) { Meaning::Number } else { found })
}

fn by_shape(values: &[&str]) -> Meaning {
    let number = |value: &str| value.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | '-' | '+' | ' '));
    if share(values, |value| identifiers::Mobile::parse(value).is_ok()) > 0.8 {
        Meaning::Mobile
    } else if share(values, number) > 0.9 || share(values, is_code) > 0.9 {
        Meaning::Number
    } else {
        Meaning::Text
    }
}

/// A number with letters in it, as insurers and offices give: A123456780, PB-10/2019/00417.
fn is_code(value: &str) -> bool {
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let of_a_code = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '/' | '.');
    digits >= 4 && digits * 2 >= value.len() && value.chars().all(of_a_code)
}

/// Looks at all columns together: a column that is different in every row numbers the rows if its header says so.
pub(super) fn settle(mut meanings: Vec<Meaning>, headers: &[&str], columns: &[Vec<&str>]) -> Vec<Meaning> {
    // Beside a surname, `fname` is the first name.
    let is_first =
        |at: &usize| meanings[*at] == Meaning::FatherName && headers[*at].to_lowercase().starts_with("fname");
    if meanings.contains(&Meaning::Surname)
        && !meanings.contains(&Meaning::GivenName)
        && let Some(at) = (0..meanings.len()).find(is_first)
    {
        meanings[at] = Meaning::GivenName;
    }
    let full = meanings.iter().position(|meaning| *meaning == Meaning::FullName);
    let parts = meanings.contains(&Meaning::GivenName) || meanings.contains(&Meaning::Surname);
    if let Some(at) = full
        && parts
        && meanings.contains(&Meaning::BusinessName)
    {
        meanings[at] = Meaning::Text;
    }
    // The one date of a table of people is nearly always the birthday.
    let people = parts || full.is_some();
    let dates: Vec<usize> = (0..meanings.len()).filter(|at| meanings[*at] == Meaning::OtherDate).collect();
    if people
        && !meanings.contains(&Meaning::BirthDate)
        && let [only] = dates.as_slice()
    {
        meanings[*only] = Meaning::BirthDate;
    }
    for (meaning, values) in meanings.iter_mut().zip(columns) {
        let distinct: std::collections::HashSet<&&str> = values.iter().collect();
        if *meaning == Meaning::Number && values.len() > 20 && distinct.len() == values.len() {
            *meaning = Meaning::RowNumber;
        }
    }
    meanings
}

/// The words of a header: `DateOfBirth`, `date_of_birth` and `Date of Birth` alike, numbers left out.
fn words_of(header: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    for c in header.chars() {
        let starts = !c.is_alphabetic() || (c.is_uppercase() && before.is_lowercase());
        if starts {
            words.push(String::new());
        }
        if c.is_alphabetic() || (!c.is_ascii() && !c.is_whitespace()) {
            words.last_mut().expect("there is always a word").extend(c.to_lowercase().map(without_mark));
        }
        before = c;
    }
    words.retain(|word| !word.is_empty());
    words
}

/// A Latin letter without its mark; any other as it is.
fn without_mark(letter: char) -> char {
    match letter {
        'à'..='å' | 'ā' | 'ă' | 'ą' => 'a',
        'ç' | 'ć' | 'č' => 'c',
        'è'..='ë' | 'ē' | 'ę' | 'ě' => 'e',
        'ì'..='ï' | 'ī' | 'ı' => 'i',
        'ñ' | 'ń' | 'ň' => 'n',
        'ò'..='ö' | 'ō' | 'ő' | 'ø' => 'o',
        'ù'..='ü' | 'ū' | 'ů' | 'ű' => 'u',
        'ś' | 'š' | 'ş' => 's',
        'ź' | 'ż' | 'ž' => 'z',
        'ł' => 'l',
        'ř' => 'r',
        'ý' => 'y',
        'ğ' => 'g',
        other => other,
    }
}

/// A date of any year: what a column of birthdays holds, whatever the century.
fn is_old_date(value: &str) -> bool {
    value.len() >= 6 && (parse_date(value, DateOrder::Dmy).is_ok() || parse_date(value, DateOrder::Mdy).is_ok())
}

fn is_date(value: &str) -> bool {
    let good = |order| parse_date(value, order).is_ok_and(|date| (1850..2100).contains(&date.year()));
    value.len() >= 6 && (good(DateOrder::Dmy) || good(DateOrder::Mdy))
}

/// The share of the values that are there for which `fits` holds; 0 without values.
fn share(values: &[&str], fits: impl Fn(&str) -> bool) -> f64 {
    let mut present = 0_u32;
    let mut good = 0_u32;
    for value in values.iter().map(|value| value.trim()).filter(|value| !value.is_empty()).take(LOOKED_AT) {
        present += 1;
        good += u32::from(fits(value));
    }
    if present == 0 { 0.0 } else { f64::from(good) / f64::from(present) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(header: &str, values: &[&str], expected: Meaning) {
        assert_eq!(meaning(header, values), expected, "{header}");
    }

    #[test]
    fn columns_are_recognised_by_header_and_values() {
        check("rec_id", &["rec-1"], Meaning::RowNumber);
        check("First Name", &["Robert"], Meaning::GivenName);
        check("lastName", &["Allen"], Meaning::Surname);
        check("dob", &["1971-06-24"], Meaning::BirthDate);
        check("DATE_OF_BIRTH", &["19561309", "19560409", "19560410", "19560411"], Meaning::BirthDate);
        check("soc_sec_id", &["1804974"], Meaning::PersonNumber);
        check("postcode", &["2119"], Meaning::PostalCode);
        check("address_1", &["wallaby place"], Meaning::Address);
        check("street_number", &["7"], Meaning::HouseNumber);
        check("suburb", &["cleveland"], Meaning::Locality);
        check("father's name", &["Harbhajan Singh"], Meaning::FatherName);
        check("phone_number", &["02 61234567"], Meaning::Phone);
        check("Mobile No", &["9814012345"], Meaning::Mobile);
        check("x", &["a@b.in"], Meaning::Email);
        check("anything", &["12", "15.5"], Meaning::Number);
        check("anything", &["A123456780", "C998012345"], Meaning::Number);
        check("anything", &["B12 road", "house1234"], Meaning::Text);
        check("KVNR", &["A123456780"], Meaning::PersonNumber);
        check("ਨਾਮ", &["ਗੁਰਪ੍ਰੀਤ"], Meaning::FullName);
        check("Geburtsdatum", &["24.06.1971"], Meaning::BirthDate);
        check("dob", &["1671-06-24"], Meaning::BirthDate);
        check("Prénom", &["Élodie"], Meaning::GivenName);
        check("nom", &["Dupont"], Meaning::Surname);
        check("Straße", &["Hauptstr. 7"], Meaning::Street);
        check("telefone", &["+55 11 91234-5678"], Meaning::Phone);
        check("CPF", &["123.456.789-09"], Meaning::PersonNumber);
        check("氏名", &["田中 太郎"], Meaning::FullName);
        check("郵便番号", &["100-0001"], Meaning::PostalCode);
        check("lieu de naissance", &["Lyon"], Meaning::Text);
    }
}

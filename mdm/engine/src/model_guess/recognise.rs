//! What a column means, by the words of its header and the shape of its values.

use kanak_codes::identifiers;
use kanak_model::kind::Kind;
use kanak_model::source_system::DateOrder;

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
    let words = words(header);
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
    if has(&["email", "mail"]) || share(values, |value| value.contains('@') && value.contains('.')) > 0.5 {
        return Meaning::Email;
    }
    if has(&["dob", "birth", "birthdate", "dateofbirth", "born", "bday", "birthday"]) && (is_date || values.is_empty())
    {
        return Meaning::BirthDate;
    }
    if let Some(meaning) = identifier(&words, &joined, values) {
        return meaning;
    }
    if has(&["sex", "gender"]) && share(values, |value| Sex::find(value).is_some()) > 0.7 {
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
    if has(&["mobile", "phone", "tel", "telephone", "contact", "cell", "mob", "phoneno", "mobileno"])
        && fits(&|value| digits(value) >= 6)
    {
        let indian = share(values, |value| identifiers::Mobile::parse(value).is_ok()) > 0.7;
        return Some(if indian { Meaning::Mobile } else { Meaning::Phone });
    }
    if has(&["ration", "household", "family"]) && has(&["card", "id", "no", "number"]) {
        return Some(Meaning::HouseholdNumber);
    }
    let known = ["ssn", "nino", "nhs", "passport", "licence", "license", "medicare", "tfn", "abha", "uan", "cin"];
    let social = joined.contains("socsec") || joined.contains("socialsecurity") || joined.contains("nationalid");
    if social || has(&known) {
        return Some(Meaning::PersonNumber);
    }
    if has(&["zip", "zipcode", "postcode", "pincode", "pin", "postal", "postalcode", "plz"]) {
        return Some(Meaning::PostalCode);
    }
    None
}

fn name(words: &[String], joined: &str, values: &[&str]) -> Option<Meaning> {
    let has = |wanted: &[&str]| words.iter().any(|word| wanted.contains(&word.as_str()));
    if share(values, |value| value.chars().any(char::is_alphabetic)) < 0.5 && !values.is_empty() {
        return None;
    }
    if has(&["father", "fathers", "fname"]) {
        return Some(Meaning::FatherName);
    }
    if has(&["mother", "mothers"]) {
        return Some(Meaning::MotherName);
    }
    if has(&["spouse", "husband", "wife"]) {
        return Some(Meaning::SpouseName);
    }
    if has(&["owner", "proprietor", "director", "partner"]) {
        return Some(Meaning::OwnerName);
    }
    if has(&["surname", "lastname", "last", "family", "lname", "sname"]) || joined == "familyname" {
        return Some(Meaning::Surname);
    }
    if has(&["given", "first", "firstname", "forename", "givenname", "fore"]) {
        return Some(Meaning::GivenName);
    }
    if has(&["middle", "middlename"]) {
        return Some(Meaning::MiddleName);
    }
    if has(&[
        "business",
        "firm",
        "company",
        "shop",
        "trade",
        "organisation",
        "organization",
        "org",
        "establishment",
        "enterprise",
    ]) && !has(&["type", "category", "code", "date"])
    {
        return Some(Meaning::BusinessName);
    }
    if has(&[
        "state", "city", "town", "village", "street", "district", "country", "bank", "branch", "scheme", "user", "file",
    ]) {
        return None;
    }
    let full =
        has(&["name", "fullname", "applicant", "beneficiary", "holder", "citizen", "employee", "person", "ਨਾਮ", "नाम"]);
    full.then_some(Meaning::FullName)
}

fn place(words: &[String], joined: &str, values: &[&str]) -> Option<Meaning> {
    let has = |wanted: &[&str]| words.iter().any(|word| wanted.contains(&word.as_str()));
    let found = if (has(&["house", "street", "door", "h", "flat"]) && has(&["no", "number", "num"])) || joined == "hno"
    {
        Meaning::HouseNumber
    } else if has(&["village", "locality", "suburb", "mohalla", "colony", "area", "place"]) {
        Meaning::Locality
    } else if has(&["city", "town", "municipality"]) {
        Meaning::City
    } else if has(&["district", "distt", "county", "tehsil", "taluk", "block"]) {
        Meaning::District
    } else if has(&["state", "province", "region", "country"]) {
        Meaning::State
    } else if has(&["street", "road", "lane"]) {
        Meaning::Street
    } else if has(&["address", "addr", "add"]) {
        Meaning::Address
    } else {
        return None;
    };
    let numbers = share(values, |value| value.chars().all(|c| c.is_ascii_digit())) > 0.9;
    Some(if numbers && !matches!(found, Meaning::HouseNumber) { Meaning::Number } else { found })
}

fn by_shape(values: &[&str]) -> Meaning {
    let number = |value: &str| value.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | '-' | '+' | ' '));
    if share(values, |value| identifiers::Mobile::parse(value).is_ok()) > 0.8 {
        Meaning::Mobile
    } else if share(values, number) > 0.9 {
        Meaning::Number
    } else {
        Meaning::Text
    }
}

/// Looks at all columns together: a column that is different in every row numbers the rows if its header says so.
pub(super) fn settle(mut meanings: Vec<Meaning>, columns: &[Vec<&str>]) -> Vec<Meaning> {
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
fn words(header: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    for c in header.chars() {
        let starts = !c.is_alphabetic() || (c.is_uppercase() && before.is_lowercase());
        if starts {
            words.push(String::new());
        }
        if c.is_alphabetic() || (!c.is_ascii() && !c.is_whitespace()) {
            words.last_mut().expect("there is always a word").extend(c.to_lowercase());
        }
        before = c;
    }
    words.retain(|word| !word.is_empty());
    words
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
        check("ਨਾਮ", &["ਗੁਰਪ੍ਰੀਤ"], Meaning::FullName);
    }
}

//! Values of masters as a person reads them.

use kanak_codes::Codes;
use kanak_model::entity_model::Attribute;
use kanak_model::{Kind, Language, PartialDate, Timestamp};

use crate::{format, names};

/// A value in the standard form of its attribute's kind, as words.
pub(crate) fn show(attribute: &Attribute, value: &str, codes: &Codes, language: Language) -> String {
    let with_code = |system: &str| {
        let name = names::code_name(codes, system, value, language);
        if name == value { name } else { format!("{name} ({value})") }
    };
    match attribute.kind {
        Kind::District => names::district(codes, value, language),
        Kind::SubDistrict => with_code("lgd-subdistrict"),
        Kind::Ifsc => with_code("ifsc"),
        Kind::Code => attribute.system.as_deref().map_or_else(|| value.to_owned(), with_code),
        Kind::Money => value.parse().map_or_else(|_| value.to_owned(), format::rupees),
        Kind::Integer => value.parse().map_or_else(|_| value.to_owned(), format::whole),
        Kind::Date => show_date(value),
        Kind::Timestamp => show_instant(value),
        Kind::Sex => sex(value).to_owned(),
        Kind::Flag => if value == "true" { "yes" } else { "no" }.to_owned(),
        Kind::Aadhaar => format!("reference {value}"),
        _ => value.to_owned(),
    }
}

fn show_date(value: &str) -> String {
    let Ok(date) = value.parse::<PartialDate>() else { return value.to_owned() };
    match (date.to_day(), date.month()) {
        (Some(day), _) => format::day(day),
        (None, Some(_)) => format!("{}, day not known", format::month(value)),
        (None, None) => format!("{value}, day not known"),
    }
}

fn show_instant(value: &str) -> String {
    chrono::DateTime::parse_from_rfc3339(value)
        .map_or_else(|_| value.to_owned(), |at| format::instant(Timestamp(at.timestamp_micros())))
}

fn sex(value: &str) -> &str {
    match value {
        "F" => "female",
        "M" => "male",
        "X" => "other",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kanak_model::builtin;

    #[track_caller]
    fn check(attribute: &str, value: &str, expected: &str) {
        let models = builtin::entity_models().unwrap();
        let attribute = models[0].attributes.iter().find(|one| one.name == attribute).unwrap();
        let codes = Codes::builtin().unwrap();
        assert_eq!(show(attribute, value, &codes, Language::En), expected);
    }

    #[test]
    fn values_are_shown_in_words() {
        check("district", "27", "Amritsar");
        check("district", "no such", "no such");
        check("date_of_birth", "1985-03-01", "1 Mar 1985");
        check("date_of_birth", "1985", "1985, day not known");
        check("date_of_birth", "1985-03", "Mar 1985, day not known");
        check("sex", "F", "female");
        check("full_name", "Gurpreet Singh", "Gurpreet Singh");
    }

    #[test]
    fn a_district_has_its_name_in_the_page_s_language() {
        let codes = Codes::builtin().unwrap();
        assert_eq!(names::district(&codes, "27", Language::Pa), "ਅੰਮ੍ਰਿਤਸਰ");
        assert_eq!(names::district(&codes, "", Language::Pa), "not stated");
    }
}

mod dates;
mod names;
mod properties;

use kanak_model::kind::Class;

use super::*;

fn attribute(name: &str, kind: Kind, system: Option<&str>) -> Attribute {
    Attribute {
        name: name.to_owned(),
        kind,
        class: Class::Internal,
        system: system.map(str::to_owned),
        entity: None,
        required: false,
        on_invalid: kanak_model::entity_model::OnInvalid::LeaveOut,
        title: None,
    }
}

fn hint<'a>() -> Hint<'a> {
    let today = NaiveDate::from_ymd_opt(2026, 11, 10).unwrap();
    Hint { date_order: DateOrder::Dmy, district: None, source: None, today, twelve_digits: TwelveDigits::Aadhaar }
}

fn standardizer() -> Standardizer {
    Standardizer::new(&Codes::builtin().unwrap())
}

fn run(kind: Kind, raw: &str) -> Outcome {
    standardizer().standardize(&attribute("value", kind, None), &hint(), raw)
}

#[track_caller]
fn good(kind: Kind, raw: &str, expected: &str) {
    assert_eq!(run(kind, raw), Outcome::Good(expected.to_owned()), "{raw}");
    assert_eq!(
        run(kind, expected).good().as_deref(),
        Some(expected),
        "the standard form of {raw} changes when cleaned again"
    );
}

/// As [`good`], for kinds whose standard form is of another unit (paise) and cannot be cleaned again.
#[track_caller]
fn turns_into(kind: Kind, raw: &str, expected: &str) {
    assert_eq!(run(kind, raw), Outcome::Good(expected.to_owned()), "{raw}");
}

#[track_caller]
fn bad(kind: Kind, raw: &str, rule: QualityRule) {
    match run(kind, raw) {
        Outcome::Bad { rule: broken, reason } => {
            assert_eq!(broken, rule, "{raw}: {reason}");
            assert!(!reason.contains(raw), "the reason repeats the value: {reason}");
        }
        other => panic!("{raw} gave {other:?}"),
    }
}

#[track_caller]
fn missing(kind: Kind, raw: &str) {
    assert_eq!(run(kind, raw), Outcome::Missing, "{raw}");
}

const KINDS: [Kind; 25] = [
    Kind::PersonName,
    Kind::BusinessName,
    Kind::Date,
    Kind::Timestamp,
    Kind::Sex,
    Kind::Mobile,
    Kind::Email,
    Kind::Aadhaar,
    Kind::Pan,
    Kind::Gstin,
    Kind::Epic,
    Kind::Udyam,
    Kind::Ifsc,
    Kind::Address,
    Kind::PlaceName,
    Kind::District,
    Kind::SubDistrict,
    Kind::Pin,
    Kind::Identifier,
    Kind::Code,
    Kind::SourceKey,
    Kind::Integer,
    Kind::Money,
    Kind::Flag,
    Kind::Text,
];

#[test]
fn words_for_nothing_are_missing_in_every_kind() {
    let words = [
        "",
        "  ",
        "NULL",
        "na",
        "N/A",
        "n.a.",
        "-",
        "--",
        ".",
        "NIL",
        "none",
        "Not Known",
        "NOT AVAILABLE",
        "ਪਤਾ ਨਹੀਂ",
        "\u{200B}",
        "#N/A",
        "(null)",
    ];
    for kind in KINDS {
        for word in words {
            missing(kind, word);
        }
    }
}

#[test]
fn a_word_for_nothing_is_a_name_when_it_is_one_of_several() {
    for name in ["Ni L", "Na N", "Jennifer Null", "Na Li", "Nil Kumar"] {
        good(Kind::PersonName, name, name);
    }
    for nothing in ["Na", "N. A.", "Not Known", "Sh. NIL"] {
        missing(Kind::PersonName, nothing);
    }
    missing(Kind::Text, "Ni L");
}

#[test]
fn zeros_are_nothing_where_they_are_no_number() {
    for kind in [Kind::Identifier, Kind::Mobile, Kind::PersonName, Kind::Date, Kind::Pin, Kind::Text] {
        missing(kind, "0000");
    }
    good(Kind::Integer, "0000", "0");
    turns_into(Kind::Money, "0", "0");
    good(Kind::Flag, "0", "false");
}

#[test]
fn fillers_typed_to_get_past_a_form_are_missing() {
    for mobile in ["9999999999", "0000000000", "8888888888", "1234567890", "9876543210"] {
        missing(Kind::Mobile, mobile);
        assert!(is_filler(Kind::Mobile, mobile), "{mobile}");
    }
    for nothing in ["", "-", "NA", "9876501234"] {
        assert!(!is_filler(Kind::Mobile, nothing), "{nothing}");
    }
    for date in [
        "01-01-1900",
        "1900-01-01",
        "00/00/0000",
        "0000-00-00",
        "1899-12-30",
        "31/12/9999",
        "01/01/0001",
        "1900-01-01 00:00:00",
    ] {
        missing(Kind::Date, date);
    }
    missing(Kind::Aadhaar, "999999999999");
    missing(Kind::Pin, "999999");
    missing(Kind::Email, "na@na.com");
}

#[test]
fn sex_in_three_languages_and_codes() {
    for raw in ["F", "female", "Woman", "2", "ਔਰਤ", "ਇਸਤਰੀ", "महिला", "स्त्री"] {
        good(Kind::Sex, raw, "F");
    }
    for raw in ["M", "MALE", "1", "ਮਰਦ", "ਪੁਰਸ਼", "ਪੁਰਸ਼", "पुरुष"] {
        good(Kind::Sex, raw, "M");
    }
    for raw in ["X", "T", "Transgender", "3", "ਹੋਰ", "अन्य"] {
        good(Kind::Sex, raw, "X");
    }
    bad(Kind::Sex, "Q", QualityRule::Kind);
}

#[test]
fn checked_identifiers_take_their_canonical_form() {
    good(Kind::Mobile, "+91 98140-12345", "9814012345");
    good(Kind::Mobile, "09814012345.0", "9814012345");
    good(Kind::Mobile, "9814012345 / 9814054321", "9814012345");
    good(Kind::Mobile, "੯੮੧੪੦੧੨੩੪੫", "9814012345");
    bad(Kind::Mobile, "0161-240123", QualityRule::Kind);
    bad(Kind::Mobile, "9.81401E+09", QualityRule::Kind);
    good(Kind::Aadhaar, "2341 2341 2346", "234123412346");
    bad(Kind::Aadhaar, "2341 2341 2347", QualityRule::Checksum);
    bad(Kind::Aadhaar, "XXXX XXXX 2346", QualityRule::Kind);
    good(Kind::Pan, "aaapl 1234 c", "AAAPL1234C");
    good(Kind::Gstin, "03aaapl1234c1zo", "03AAAPL1234C1ZO");
    bad(Kind::Gstin, "03AAAPL1234C1ZP", QualityRule::Checksum);
    good(Kind::Epic, "WKH 1186253", "WKH1186253");
    bad(Kind::Epic, "WKH1186263", QualityRule::Checksum);
    good(Kind::Udyam, "udyam-pb-12-0001234", "UDYAM-PB-12-0001234");
    good(Kind::Udyam, "UDYAMPB120001234", "UDYAM-PB-12-0001234");
    good(Kind::Ifsc, "sbin0000300", "SBIN0000300");
    good(Kind::Pin, "PIN: 141 001", "141001");
    good(Kind::Pin, "141001.0", "141001");
    bad(Kind::Pin, "14100", QualityRule::Kind);
    good(Kind::Email, " Gurpreet.Singh@Example.ORG ", "gurpreet.singh@example.org");
    for email in ["gurpreet", "a@b", "a@@b.in", "a b@c.in", "a@.in", "a@b..in", "gurpreet at example.org"] {
        bad(Kind::Email, email, QualityRule::Kind);
    }
}

#[test]
fn places_are_found_by_name_old_name_and_code() {
    for raw in [
        "Ludhiana",
        "LUDHIANA",
        "Distt. Ludhiana",
        "District Ludhiana, Punjab",
        "Ludhiana District",
        "36",
        "ਲੁਧਿਆਣਾ",
        "ਜ਼ਿਲ੍ਹਾ ਲੁਧਿਆਣਾ",
    ] {
        good(Kind::District, raw, "36");
    }
    good(Kind::District, "Ropar", "42");
    good(Kind::District, "Mohali", "608");
    bad(Kind::District, "Atlantis", QualityRule::Code);
    good(Kind::District, "036", "36");
    bad(Kind::District, "03", QualityRule::Code);
    turns_into(Kind::District, "LGD 3", "3");
    turns_into(Kind::District, "lgd:36", "36");
    let clean = standardizer();
    let tehsil = attribute("sub_district", Kind::SubDistrict, None);
    let in_district = |district, raw| clean.standardize(&tehsil, &Hint { district, ..hint() }, raw).good();
    let here = in_district(Some("34"), "Phillaur");
    assert!(here.is_some());
    assert_eq!(in_district(None, "Tehsil Phillaur"), here, "one district alone has it");
    assert_eq!(in_district(Some("27"), "PHILLAUR"), here, "the row's district is wrong or new");
    assert_eq!(in_district(Some("34"), here.as_deref().unwrap()), here);
    assert_eq!(in_district(None, here.as_deref().unwrap()), here);
    assert_eq!(in_district(Some("27"), here.as_deref().unwrap()), None, "a code of another district");
    let codes = Codes::builtin().unwrap();
    let elsewhere =
        codes.system("lgd-subdistrict").unwrap().concepts().find(|place| place.parent() == Some("3")).unwrap();
    assert_eq!(in_district(None, elsewhere.code()), None, "a code of another state");
    assert!(matches!(clean.standardize(&tehsil, &hint(), "Atlantis"), Outcome::Bad { rule: QualityRule::Code, .. }));
}

#[test]
fn places_arrive_at_their_code_in_any_script_and_spelling() {
    for (code, names) in [
        (
            "40",
            &[
                "Nawanshahr",
                "Nawan Shehar",
                "Navanshahr",
                "SBS NAGAR",
                "S B S Nagar",
                "Distt. Shahid Bhagat Singh Nagar",
                "ਨਵਾਂਸ਼ਹਿਰ",
                "नवांशहर",
            ][..],
        ),
        ("42", &["Ropar", "Roopnagar", "Rupnager", "ਰੋਪੜ", "रूपनगर"]),
        (
            "608",
            &["Mohali", "Muhali", "SAS Nagar", "S.A.S Nagar (Mohali)", "Sahibjada Ajit Singh Nagar", "ਮੋਹਾਲੀ", "मोहाली"],
        ),
        ("31", &["Ferozepur", "Firozpur", "Pherozpur", "Firojpur", "ਫਿਰੋਜ਼ਪੁਰ", "फिरोजपुर"]),
        ("28", &["Bathinda", "Bhatinda", "Batthinda", "ਬਠਿੰਡਾ", "बठिण्डा"]),
        ("39", &["Muktsar", "Mukatsar", "Mukatsar Sahib", "Sri Mukatsar Sahib", "ਮੁਕਤਸਰ", "मुक्तसर"]),
        ("737", &["Malerkotla", "Maler Kotla", "Malerkotala", "ਮਾਲੇਰਕੋਟਲਾ", "मलेरकोटला"]),
        ("609", &["Tarn Taran", "Taran Taran", "TarnTaran", "ਤਰਨਤਾਰਨ", "तरनतारन"]),
        ("33", &["Hoshiarpur", "Hoshiyarpur", "Husiarpur", "ਹੁਸਿਆਰਪੁਰ", "होशियारपुर"]),
    ] {
        for name in names {
            good(Kind::District, name, code);
        }
    }
    let clean = standardizer();
    let tehsil = attribute("sub_district", Kind::SubDistrict, None);
    let in_district = |district, raw| clean.standardize(&tehsil, &Hint { district, ..hint() }, raw).good();
    for (district, code, names) in [
        ("609", "260", &["Patti", "PATTI", "Teh. Patti", "ਪੱਟੀ", "पट्टी"][..]),
        ("42", "264", &["Ropar", "Rupnagar", "ਰੂਪਨਗਰ", "रूपनगर"]),
        ("31", "6011", &["Guru Harsahai", "Guruharsahai", "ਗੁਰੂਹਰਸਹਾਏ", "गुरुहरसहाय"]),
        ("34", "211", &["Phillaur", "Filaur", "Phillour", "ਫਿਲੌਰ", "फिल्लौर"]),
        ("32", "204", &["Dera Baba Nanak", "Dera Babanank", "डेरा बाबा नानक"]),
    ] {
        for name in names {
            assert_eq!(in_district(Some(district), name).as_deref(), Some(code), "{name}");
        }
    }
    bad(Kind::District, "Moge", QualityRule::Code);
}

#[test]
fn codes_and_the_titles_of_small_systems_are_found() {
    let clean = standardizer();
    let codes = Codes::builtin().unwrap();
    let department = attribute("department", Kind::Code, Some("department"));
    let concept = codes.system("department").unwrap().concepts().next().unwrap();
    let by = |raw: &str| clean.standardize(&department, &hint(), raw);
    assert_eq!(by(concept.code()), Outcome::Good(concept.code().to_owned()));
    assert_eq!(by(&concept.display().to_uppercase()), Outcome::Good(concept.code().to_owned()));
    assert!(matches!(by("No such department"), Outcome::Bad { rule: QualityRule::Code, .. }));
    let branch = attribute("branch", Kind::Code, Some("ifsc"));
    let refused = clean.standardize(&branch, &hint(), "ABCD");
    assert!(
        matches!(refused, Outcome::Bad { rule: QualityRule::Code, reason } if reason.contains("kanak codes search ifsc"))
    );
}

#[test]
fn amounts_become_paise_and_numbers_lose_their_grouping() {
    for (raw, paise) in [
        ("1,20,000.50", "12000050"),
        ("₹ 500", "50000"),
        ("Rs. 500/-", "50000"),
        ("120,000", "12000000"),
        ("500.5", "50050"),
        ("(500)", "-50000"),
        ("-0.05", "-5"),
        ("1.2 lakh", "12000000"),
        ("2 crore", "2000000000"),
        ("੫੦੦", "50000"),
        (".5", "50"),
        ("500.000", "50000"),
    ] {
        turns_into(Kind::Money, raw, paise);
    }
    for raw in ["1,2,3", "5.005", "five", "1.234,56", "12,00", "-"] {
        assert!(!matches!(run(Kind::Money, raw), Outcome::Good(_)), "{raw}");
    }
    bad(Kind::Money, "99999999999999999999", QualityRule::Range);
    good(Kind::Integer, "1,20,000", "120000");
    good(Kind::Integer, "-7.0", "-7");
    good(Kind::Integer, "੧੨", "12");
    bad(Kind::Integer, "7.5", QualityRule::Kind);
    bad(Kind::Integer, "99999999999999999999", QualityRule::Range);
    for (raw, flag) in [("Yes", "true"), ("N", "false"), ("ਹਾਂ", "true"), ("नहीं", "false"), ("1", "true")]
    {
        good(Kind::Flag, raw, flag);
    }
    bad(Kind::Flag, "maybe", QualityRule::Kind);
}

#[test]
fn identifiers_and_keys_are_tight_and_name_their_source() {
    good(Kind::Identifier, " rc / 03-0012 345 ", "RC/03-0012345");
    good(Kind::Identifier, "30000123.0", "30000123");
    bad(Kind::Identifier, "3.00001E+11", QualityRule::Kind);
    let clean = standardizer();
    let key = attribute("beneficiary", Kind::SourceKey, None);
    let from = |source, raw| clean.standardize(&key, &Hint { source, ..hint() }, raw);
    assert_eq!(from(Some("food"), "Rc 12"), Outcome::Good("food:Rc 12".to_owned()));
    assert_eq!(from(Some("food"), "food:Rc 12"), Outcome::Good("food:Rc 12".to_owned()));
    assert!(matches!(from(None, "12"), Outcome::Bad { rule: QualityRule::Kind, .. }));
    assert!(matches!(from(Some("food"), "2341 2341 2346"), Outcome::Bad { .. }));
}

#[test]
fn a_column_of_office_numbers_keeps_those_that_pass_by_chance() {
    let clean = standardizer();
    let office = Hint { twelve_digits: TwelveDigits::OfficeNumber, source: Some("food"), ..hint() };
    let by = |kind, raw| clean.standardize(&attribute("card", kind, None), &office, raw);
    assert_eq!(by(Kind::Identifier, "234123412346"), Outcome::Good("234123412346".to_owned()));
    assert_eq!(by(Kind::SourceKey, "234123412346"), Outcome::Good("food:234123412346".to_owned()));
    assert_eq!(by(Kind::Text, "234123412346"), Outcome::Good(REDACTED.to_owned()), "free text is no column of numbers");
    for shaped in ["234123412346", "234123412340", "2341 2341 2340", "RC/234123412340"] {
        assert!(has_aadhaar_shape(shaped), "{shaped}");
    }
    for other in ["134123412346", "23412341234", "TR234123412346", "2341234123461"] {
        assert!(!has_aadhaar_shape(other), "{other}");
    }
}

#[test]
fn no_free_text_lets_an_aadhaar_number_through() {
    good(Kind::Text, "UID 2341 2341 2346  ok", "UID [Aadhaar removed] ok");
    good(Kind::Text, "੨੩੪੧੨੩੪੧੨੩੪੬", REDACTED);
    bad(Kind::Identifier, "2341 2341 2346", QualityRule::Kind);
    bad(Kind::Identifier, "23 41 23 41 23 46", QualityRule::Kind);
    bad(Kind::Identifier, "RC-234123412346", QualityRule::Kind);
    bad(Kind::Identifier, "UID234123412346", QualityRule::Kind);
    bad(Kind::Integer, "234123412346", QualityRule::Kind);
    good(Kind::Identifier, "TR234123412346", "TR234123412346");
    assert_eq!(redact("TR234123412346"), "TR234123412346", "a number of an office's own series");
    assert_eq!(redact("UID234123412346"), "UID[Aadhaar removed]");
    assert_eq!(redact("a  2341  2341 2346"), "a  [Aadhaar removed]", "all else is in the source's own words");
    assert_eq!(redact("a  ２３４１　２３４１　２３４６"), "a [Aadhaar removed]", "folding brings it out");
    assert!(matches!(redact("a  2341"), std::borrow::Cow::Borrowed(_)));
}

#[test]
fn a_number_written_across_the_parts_of_an_address_is_in_none_of_its_forms() {
    for number in [
        "2341–2341–2346",
        "2341/2341/2346",
        "2341_2341_2346",
        "2341, 2341, 2346",
        "2341) (2341) (2346",
        "234–123–412–346",
    ] {
        let address = format!("{number}, VPO RURKA KALAN, TEH. PHILLAUR");
        good(Kind::Address, &address, "Rurka Kalan, PO Rurka Kalan, Tehsil Phillaur");
        good(Kind::PlaceName, &format!("Rurka Kalan {number}"), "Rurka Kalan");
        assert_eq!(redact(&address), format!("{REDACTED}, VPO RURKA KALAN, TEH. PHILLAUR"), "{number}");
        for kind in [Kind::Address, Kind::PlaceName, Kind::Identifier] {
            bad(kind, number, QualityRule::Kind);
        }
        assert!(has_aadhaar_shape(number), "{number}");
    }
    for other in ["12/05/1985 10:30:45", "98140-12345, 98140-54321", "#12, 13-14, 144031"] {
        assert_eq!(redact(other), other);
        assert!(!has_aadhaar_shape(other), "{other}");
    }
    bad(Kind::Email, "2341.2341.2346@example.org", QualityRule::Kind);
}

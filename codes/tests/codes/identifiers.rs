//! Published vectors, and what the check digits promise.

use kanak_codes::identifiers::{
    Aadhaar, BrokenRule, CheckedKind, Epic, Gstin, Ifsc, Mobile, Pan, Pin, Udyam, gstin_check_char, luhn_check_digit,
    verhoeff_check_digit,
};
use proptest::prelude::*;

fn aadhaar_rule(text: &str) -> BrokenRule {
    Aadhaar::parse(text).unwrap_err().rule
}

#[test]
fn aadhaar_vectors() {
    for good in [
        "234123412346",
        "200000000009",
        "999999990019",
        "2341 2341 2346",
        "2341-2341-2346",
        " ੨੩੪੧੨੩੪੧੨੩੪੬ ",
        "२३४१ २३४१ २३४६",
    ] {
        assert!(Aadhaar::parse(good).is_ok(), "{good}");
    }
    assert_eq!(aadhaar_rule("234123412347"), BrokenRule::CheckDigit);
    assert_eq!(aadhaar_rule("123412341234"), BrokenRule::Character { position: 1, expected: "a digit from 2 to 9" });
    assert_eq!(aadhaar_rule("222222222222"), BrokenRule::Palindrome);
    assert_eq!(aadhaar_rule("23412341234"), BrokenRule::Length { expected: 12, found: 11 });
    assert_eq!(aadhaar_rule("2341234123464"), BrokenRule::Length { expected: 12, found: 13 });
    assert_eq!(aadhaar_rule("23412341234O"), BrokenRule::Character { position: 12, expected: "a digit" });
    assert_eq!(aadhaar_rule(" - "), BrokenRule::Empty);
}

#[test]
fn aadhaar_shows_itself_masked_and_gives_its_digits_only_when_asked() {
    let number = Aadhaar::parse("२३४१ २३४१ २३४६").unwrap();
    assert_eq!(
        format!("{number} {number:?} {:#?}", Some(number)),
        "XXXX XXXX 2346 Aadhaar(XXXX XXXX 2346) Some(\n    Aadhaar(XXXX XXXX 2346),\n)"
    );
    assert_eq!(number.expose(), "234123412346");
}

#[test]
fn no_error_repeats_what_it_was_given() {
    for kind in CheckedKind::ALL {
        for text in ["987654321098", "ABCDE9876F", "03ABCDE9876F1Z0", "XYZ9876543", "5876543210", "UDYAM-PB-00-987654"]
        {
            if let Err(error) = kind.check(text) {
                let shown = format!("{error} {error:?}");
                assert!(!shown.contains("9876") && !shown.contains("876543"), "{shown}");
                assert!(shown.contains(kind.name()), "{shown}");
            }
        }
    }
}

#[test]
fn every_single_digit_error_and_every_swap_of_neighbours_in_an_aadhaar_number_is_caught() {
    let good = b"314159265351";
    let mut wrong = Vec::new();
    for at in 0..12 {
        wrong.extend((b'0'..=b'9').filter(|&digit| digit != good[at]).map(|digit| {
            let mut number = *good;
            number[at] = digit;
            number
        }));
    }
    for at in 1..12 {
        let mut number = *good;
        number.swap(at - 1, at);
        wrong.push(number);
    }
    assert_eq!(wrong.len(), 108 + 11);
    assert!(Aadhaar::parse(std::str::from_utf8(good).unwrap()).is_ok());
    for number in wrong {
        let text = std::str::from_utf8(&number).unwrap();
        assert!(Aadhaar::parse(text).is_err(), "{text}");
    }
}

#[test]
fn a_virtual_id_has_the_same_check_digit() {
    assert_eq!(verhoeff_check_digit("234123412341234"), Some('1'));
    assert_eq!(verhoeff_check_digit("23x"), None);
    assert_eq!(verhoeff_check_digit(""), Some('0'));
}

#[test]
fn gstin_vectors_and_their_parts() {
    for good in ["27AAPFU0939F1ZV", "03AAAPL1234C1ZO", "03AABCP0001A1ZR", "03aabcp0001a1zr", "੦੩AABCP੦੦੦੧A੧ZR"]
    {
        assert!(Gstin::parse(good).is_ok(), "{good}");
    }
    let gstin = Gstin::parse("03AAAPL1234C1ZO").unwrap();
    assert_eq!(
        (gstin.pan().as_str(), gstin.state_code(), gstin.check(), gstin.to_string().as_str()),
        ("AAAPL1234C", "03", 'O', "03AAAPL1234C1ZO")
    );
    let rule = |text: &str| Gstin::parse(text).unwrap_err().rule;
    assert_eq!(rule("03AAAPL1234C1ZP"), BrokenRule::CheckDigit);
    assert_eq!(rule("00AAAPL1234C1ZO"), BrokenRule::State);
    assert_eq!(
        rule("03AAADL1234C1ZO"),
        BrokenRule::Character { position: 6, expected: "a holder type: one of ABCFGHJLPT" }
    );
    assert_eq!(rule("03AAAPL0000C1ZO"), BrokenRule::ZeroSerial);
    assert!(matches!(rule("03AAAPL1234C0ZO"), BrokenRule::Character { position: 13, .. }));
    assert!(matches!(rule("03AAAPL1234C1YO"), BrokenRule::Character { position: 14, .. }));
    assert_eq!(gstin_check_char("03AAAPL1234C1"), None);
    assert_eq!(gstin_check_char("03aAAPL1234C1Z"), None);
}

#[test]
fn pan_vectors() {
    let pan = Pan::parse(" aaapl1234c ").unwrap();
    assert_eq!((pan.holder_type(), pan.name_initial()), ('P', 'L'));
    assert_eq!(format!("{pan} {pan:?}"), "AAAPLXXXXC Pan(AAAPLXXXXC)");
    for bad in ["AAADL1234C", "AAAPL0000C", "AAAPL12345", "AAAPL1234", "AAAP11234C", ""] {
        assert!(Pan::parse(bad).is_err(), "{bad}");
    }
}

#[test]
fn epic_vectors() {
    let epic = Epic::parse("wkh1186253").unwrap();
    assert_eq!((epic.as_str(), epic.to_string().as_str()), ("WKH1186253", "WKHXXXX253"));
    assert_eq!(Epic::parse("WKH1186263").unwrap_err().rule, BrokenRule::CheckDigit);
    assert!(Epic::parse("PB/12/345/678901").is_err());
}

#[test]
fn mobile_prefixes_fall_away_and_nothing_else_does() {
    for good in [
        "9814012345",
        "+91 98140 12345",
        "+91-98140-12345",
        "0091 9814012345",
        "919814012345",
        "09814012345",
        "+91 (0) 98140 12345",
        "੯੮੧੪੦੧੨੩੪੫",
    ] {
        assert_eq!(Mobile::parse(good).map(|mobile| mobile.e164()), Ok("+919814012345".to_owned()), "{good}");
    }
    assert_eq!(Mobile::parse("9198140123").unwrap().as_str(), "9198140123");
    for bad in
        ["5814012345", "981401234", "98140123456", "+92 9814012345", "", "+91", "0", "98140 1234x", "0172 274 0000"]
    {
        assert!(Mobile::parse(bad).is_err(), "{bad}");
    }
    assert_eq!(format!("{:?}", Mobile::parse("9814012345").unwrap()), "Mobile(XXXXXX2345)");
}

#[test]
fn udyam_ifsc_and_pin() {
    assert_eq!(Udyam::parse("udyam-pb-12-0001234").unwrap().state(), "PB");
    assert!(Udyam::parse("UDYAM-PB-00-0001234").is_ok());
    for bad in [
        "UDYBM-PB-12-0001234",
        "UDYAM-PB-12-000123",
        "UDYAM PB 12 0001234",
        "UDYAM-P1-12-0001234",
        "ADYAM-PB-12-0001234",
    ] {
        assert!(Udyam::parse(bad).is_err(), "{bad}");
    }
    assert_eq!(Ifsc::parse("hdfc0caacob").unwrap().bank(), "HDFC");
    assert!(Ifsc::parse("HDFC1CAACOB").is_err());
    assert_eq!(Pin::parse("143 001").unwrap().as_str(), "143001");
    assert!(Pin::parse("043001").is_err() && Pin::parse("14300").is_err());
}

#[test]
fn kinds_are_named_as_in_the_contract() {
    for name in ["aadhaar", "pan", "gstin", "epic", "mobile", "udyam"] {
        assert_eq!(CheckedKind::parse_name(name).unwrap().name(), name);
    }
    assert_eq!(CheckedKind::parse_name("Aadhaar"), None);
    assert!(CheckedKind::Epic.check("WKH1186253").is_ok());
}

proptest! {
    #[test]
    fn a_number_made_with_its_check_digit_is_accepted_and_any_slip_refused(body in "[2-9][0-9]{10}", at in 0usize..12, step in 1u8..10) {
        let good = format!("{body}{}", verhoeff_check_digit(&body).unwrap());
        prop_assume!(!good.bytes().eq(good.bytes().rev()));
        prop_assert!(Aadhaar::parse(&good).is_ok());
        let mut wrong = good.clone().into_bytes();
        wrong[at] = b'0' + (wrong[at] - b'0' + step) % 10;
        prop_assert!(Aadhaar::parse(std::str::from_utf8(&wrong).unwrap()).is_err());
        let mut swapped = good.clone().into_bytes();
        let next = (at + 1).min(11);
        swapped.swap(at, next);
        prop_assert!(swapped == good.as_bytes() || Aadhaar::parse(std::str::from_utf8(&swapped).unwrap()).is_err());
    }

    #[test]
    fn luhn_catches_every_wrong_digit_and_every_swap_but_of_0_and_9(body in "[0-9]{6}", at in 0usize..6, step in 1u8..10) {
        let good = format!("ABC{body}{}", luhn_check_digit(&body).unwrap());
        prop_assert!(Epic::parse(&good).is_ok());
        let mut wrong = good.clone().into_bytes();
        wrong[3 + at] = b'0' + (wrong[3 + at] - b'0' + step) % 10;
        prop_assert!(Epic::parse(std::str::from_utf8(&wrong).unwrap()).is_err());
        let mut swapped = good.clone().into_bytes();
        swapped.swap(3 + at, 4 + at);
        let blind = [good.as_bytes()[3 + at], good.as_bytes()[4 + at]];
        let unseen = blind[0] == blind[1] || blind == *b"09" || blind == *b"90";
        prop_assert_eq!(Epic::parse(std::str::from_utf8(&swapped).unwrap()).is_ok(), unseen);
    }

    #[test]
    fn the_gstin_check_catches_every_wrong_character_and_every_swap_but_of_0_and_z(body in "[0-9A-Z]{14}", at in 0usize..13, other in "[0-9A-Z]") {
        let check = gstin_check_char(&body).unwrap();
        let mut wrong = body.clone();
        wrong.replace_range(at..=at, &other);
        prop_assert_eq!(gstin_check_char(&wrong).unwrap() == check, wrong == body);
        let mut swapped = body.clone().into_bytes();
        swapped.swap(at, at + 1);
        let pair = [swapped[at], swapped[at + 1]];
        let unseen = pair[0] == pair[1] || pair == *b"0Z" || pair == *b"Z0";
        prop_assert_eq!(gstin_check_char(std::str::from_utf8(&swapped).unwrap()).unwrap() == check, unseen);
    }
}

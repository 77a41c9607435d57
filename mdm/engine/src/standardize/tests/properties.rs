//! What holds for every text.

use kanak_codes::identifiers::{find_aadhaar_like, verhoeff_check_digit};
use proptest::prelude::*;

use super::*;

/// Twelve digits that pass as an Aadhaar number.
fn aadhaar_like() -> impl Strategy<Value = String> {
    "[2-9][0-9]{10}".prop_map(|body| format!("{body}{}", verhoeff_check_digit(&body).unwrap()))
}

/// Digits grouped and dressed as people write them.
fn dressed() -> impl Strategy<Value = String> {
    let gaps = vec![
        "",
        " ",
        "-",
        "  ",
        "\u{200B} ",
        "\u{A0}",
        "/",
        "_",
        "--",
        " -- ",
        ",",
        ", ",
        "*",
        ") (",
        "][",
        "–",
        " – ",
        "—",
        " . ",
        ";",
    ];
    let lengths = prop::sample::select(vec![1_usize, 2, 3, 4, 6]);
    (aadhaar_like(), prop::sample::select(gaps), lengths, any::<bool>()).prop_map(|(digits, gap, length, native)| {
        let groups: Vec<&str> = (0..12 / length).map(|at| &digits[at * length..][..length]).collect();
        let text = groups.join(gap);
        let gurmukhi = |c: char| c.to_digit(10).map_or(c, |digit| char::from_u32(0x0A66 + digit).unwrap());
        if native { text.chars().map(gurmukhi).collect() } else { text }
    })
}

proptest! {
    #[test]
    fn no_kind_but_aadhaar_gives_out_an_aadhaar_number(number in dressed(), before in "([a-z ,/]{0,5}[ ,/])?", after in "[a-z ,/]{0,6}") {
        let raw = format!("{before}{number}{after}");
        let clean = standardizer();
        for kind in KINDS.into_iter().filter(|kind| *kind != Kind::Aadhaar) {
            if let Some(value) = clean.standardize(&attribute("value", kind, Some("department")), &Hint { source: Some("food"), ..hint() }, &raw).good() {
                prop_assert!(find_aadhaar_like(&value).is_empty(), "{:?}: {}", kind, value);
            }
        }
        prop_assert!(find_aadhaar_like(&redact(&raw)).is_empty());
        prop_assert!(find_aadhaar_like(&script::fold(&redact(&raw))).is_empty());
    }

    #[test]
    fn a_reason_never_repeats_a_value(raw in "[0-9A-Z]{7,14}") {
        let clean = standardizer();
        for kind in KINDS {
            if let Outcome::Bad { reason, .. } = clean.standardize(&attribute("value", kind, Some("nic")), &hint(), &raw) {
                prop_assert!(!reason.contains(&raw));
                prop_assert!(reason.len() > 20, "{}", reason);
            }
        }
    }

    #[test]
    fn any_text_is_cleaned_without_panic_and_cleaning_twice_changes_nothing(raw in "\\PC{0,30}|[A-Za-z0-9 .,/#&()ਕਖਗੀਾ਼੍-]{0,30}") {
        let clean = standardizer();
        for kind in KINDS {
            // Paise are not rupees, and a source key's standard form needs its source's name.
            if matches!(kind, Kind::Money) {
                continue;
            }
            let of = attribute("value", kind, Some("department"));
            let with = Hint { source: Some("food"), ..hint() };
            if let Some(once) = clean.standardize(&of, &with, &raw).good() {
                prop_assert_eq!(clean.standardize(&of, &with, &once), Outcome::Good(once), "{:?}", kind);
            }
        }
    }

    #[test]
    fn every_day_reads_back_from_every_way_of_writing_it(days in 0_i32..50_000) {
        use chrono::Datelike;
        let day = NaiveDate::from_ymd_opt(1900, 1, 2).unwrap() + chrono::Duration::days(i64::from(days));
        let (y, m, d) = (day.year(), day.month(), day.day());
        for text in [format!("{d:02}/{m:02}/{y}"), format!("{d}.{m}.{y}"), format!("{y}{m:02}{d:02}"), day.to_string()] {
            let read = date::parse_date(&text, DateOrder::Dmy).unwrap();
            prop_assert_eq!(read.to_day(), Some(day));
        }
        let month_first = date::parse_date(&format!("{m}/{d}/{y}"), DateOrder::Mdy).unwrap();
        prop_assert_eq!(month_first.to_day(), Some(day));
    }
}

//! Texts that nobody meant well: each parser answers, and neither panics nor hangs.

use kanak_codes::{Codes, Day, DistrictOutlines, Fact, Facts, HeadOfAccount, Holidays, Scheme, Stop, StopClock, land};
use proptest::{collection::vec, prelude::*, sample::Index};

const SCHEME: &str = include_str!("../../data/schemes/sch-05.toml");
const HOLIDAYS: &str = include_str!("../../data/calendars/holidays.csv");
const OUTLINES: &str = r#"{"type": "Topology", "transform": {"scale": [1, 1], "translate": [70, 30]}, "arcs": [[[4, 0], [0, 4]], [[4, 4], [-4, 0], [0, -4], [4, 0]]],
    "objects": {"districts": {"type": "GeometryCollection", "geometries": [{"type": "Polygon", "properties": {"district": "Amritsar"}, "arcs": [[0, 1]]}]}}}"#;

/// A text that reads, with some characters put in place of others.
fn garbled(text: &'static str) -> impl Strategy<Value = String> {
    let other =
        prop::sample::select(vec!['\0', '"', '-', '9', '[', ']', '\n', ',', ':', 'ਕ', '\u{202E}', '=', 'e', '{']);
    vec((any::<Index>(), other), 0..6).prop_map(move |changes| {
        let mut characters: Vec<char> = text.chars().collect();
        for (at, other) in changes {
            let at = at.index(characters.len());
            characters[at] = other;
        }
        characters.into_iter().collect()
    })
}

proptest! {
    #[test]
    fn a_garbled_scheme_is_refused_with_a_line_of_it_or_judges(text in garbled(SCHEME), age in any::<i64>()) {
        match Scheme::parse("s", &text) {
            Ok(scheme) => {
                let mut facts = Facts::default();
                facts.set("age", age).set("residence_state", Fact::Text(text));
                let _ = scheme.judge(&facts, Day::parse("2024-01-01").unwrap());
            }
            Err(error) => {
                let message = error.to_string();
                let line = message.split("line ").nth(1).and_then(|rest| rest.split(':').next()).unwrap();
                prop_assert!((1..=text.lines().count() + 1).contains(&line.parse().unwrap()), "{}", message);
            }
        }
    }

    #[test]
    fn a_garbled_list_of_holidays_is_refused_or_counts(text in garbled(HOLIDAYS), days in any::<i32>(), limit in 0u32..400) {
        if let Ok(holidays) = Holidays::parse("h", &text) {
            let start = Day::from_days(days);
            let stops = [Stop { from: start, until: None }, Stop { from: start.plus_days(9), until: Some(start) }];
            for working_days_max in [None, Some(0), Some(30)] {
                let clock = StopClock { stops: &stops, working_days_max };
                if let Some(due) = holidays.calendar().due_on(start, limit, clock) {
                    prop_assert!(start <= due);
                }
            }
        }
    }

    #[test]
    fn garbled_outlines_are_refused_or_answer(text in garbled(OUTLINES), latitude in any::<f64>(), longitude in any::<f64>()) {
        if let Ok(outlines) = DistrictOutlines::parse("o", &text, &Codes::builtin().unwrap()) {
            let _ = outlines.find(latitude, longitude);
        }
    }

    #[test]
    fn any_text_read_as_a_reference_gets_an_answer(text in prop_oneof![".{0,60}", "[-0-9/. \\x00੧]{0,40}"]) {
        if let Ok(head) = text.parse::<HeadOfAccount>() {
            prop_assert_eq!(head.to_string().parse(), Ok(head));
        }
        if let Ok(reference) = text.parse::<land::LandReference>() {
            prop_assert_eq!(reference.to_string().parse(), Ok(reference));
        }
    }
}

#[test]
fn a_very_long_text_is_refused_as_any_other() {
    let long = "9".repeat(1 << 20);
    assert!(long.parse::<HeadOfAccount>().is_err());
    assert!(long.parse::<land::Khasra>().is_err() && "1/".repeat(1 << 19).parse::<land::Khewat>().is_err());
    assert!("khasra 1,".repeat(1 << 17).parse::<land::LandReference>().is_err());
    assert!(Scheme::parse("s", &"[".repeat(1 << 20)).is_err());
    assert!(DistrictOutlines::parse("o", &"[".repeat(1 << 20), &Codes::builtin().unwrap()).is_err());
    let codes = Codes::builtin().unwrap();
    assert!(codes.find_charter(&long).unwrap().is_none() && codes.district_on(&long, Day::from_days(0)).is_none());
}

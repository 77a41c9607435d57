//! Codes as of a day.

use kanak_codes::{
    BATCH_MAX, Codes, CodesError, Concept, Day, DisplayCheck, InvalidReason, Judgement, Language, Subsumption,
    Validation,
};
use proptest::prelude::*;

use crate::made;

const DISTRICTS: &str = "code,display,parent,status,valid_from,valid_until,replaced_by,display_pa\n\
    A,Old Town,,retired,,2021-05-14,B|C,ਪੁਰਾਣਾ\nB,New Town,,,2021-05-14,,,\nC,Third,B,,2021-05-14,2024-01-01,,\nD,Always,,,,,,\n";

fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

#[test]
fn a_code_is_valid_from_its_first_day_until_the_day_before_its_end() {
    let system = made::system("d", "1", "case_insensitive = true", DISTRICTS);
    let valid = |code: &str, on: &str| system.as_of(day(on)).validate(code).is_valid();
    assert!(valid("a", "2021-05-13") && !valid("a", "2021-05-14") && valid("A", "1947-08-15"));
    assert!(!valid("B", "2021-05-13") && valid("b", "2021-05-14") && valid("B", "2999-01-01"));
    assert!(valid("D", "0001-01-01") && system.as_of(None).validate("A").is_valid());
}

#[test]
fn a_code_of_another_day_says_so_and_what_replaces_it() {
    let system = made::system("d", "1", "", DISTRICTS);
    let Validation::Invalid { reason, suggestions } = system.as_of(day("2022-01-01")).validate("A") else { panic!() };
    assert_eq!(reason.to_string(), "no longer valid: `A` of `d` ended on 2021-05-14, replaced by B and C");
    assert_eq!(suggestions.iter().map(Concept::code).collect::<Vec<_>>(), ["B", "C"]);
    let Validation::Invalid { reason, .. } = system.as_of(day("2020-01-01")).validate("B") else { panic!() };
    assert!(matches!(&reason, InvalidReason::NotYetValid { from, .. } if *from == day("2021-05-14")));
    assert!(matches!(
        system.as_of(day("2020-01-01")).validate("X"),
        Validation::Invalid { reason: InvalidReason::UnknownCode { .. }, .. }
    ));
}

#[test]
fn children_and_subsumption_are_of_the_day() {
    let system = made::system("d", "1", "parent_system = \"d\"", DISTRICTS);
    let children = |on: &str| system.as_of(day(on)).children("B").count();
    assert_eq!((children("2021-05-13"), children("2022-01-01"), children("2024-01-01")), (0, 1, 0));
    assert_eq!(system.as_of(day("2022-01-01")).subsumes("B", "C"), Some(Subsumption::Subsumes));
    assert_eq!(system.as_of(day("2022-01-01")).subsumes_in("parent", "C", "B"), Some(Subsumption::SubsumedBy));
    assert_eq!(system.as_of(day("2024-01-01")).subsumes("B", "C"), None);
    assert_eq!(system.as_of(None).concepts().count(), 4);
    assert_eq!(system.as_of(day("2024-01-01")).concepts().count(), 2);
}

#[test]
fn a_display_is_right_in_any_language_and_a_wrong_one_gets_the_right_one() {
    let system = made::system("d", "1", "", DISTRICTS);
    let check = |display: &str, language| system.as_of(None).validate_with_display("A", display, language).1.unwrap();
    assert_eq!(check("  old-TOWN", Language::En), DisplayCheck::Right(Language::En));
    assert_eq!(check("ਪੁਰਾਣਾ", Language::En), DisplayCheck::Right(Language::Pa));
    assert_eq!(check("Older Town", Language::Pa), DisplayCheck::Wrong { right: "ਪੁਰਾਣਾ" });
    assert_eq!(check("", Language::Hi), DisplayCheck::Wrong { right: "Old Town" });
    assert_eq!(system.as_of(None).validate_with_display("X", "Old Town", Language::En).1, None);
}

#[test]
fn a_batch_is_judged_in_order_and_is_not_too_long() {
    let codes = Codes::builtin().unwrap();
    let branches = codes.get_system("ifsc").unwrap().as_of(None);
    let judged = branches.judge_all(&["sbin0000300", "", "SBIN1000300", "SBIN0ZZZZZZ"]).unwrap();
    assert!(
        matches!(*judged, [Judgement::Valid(_), Judgement::Empty, Judgement::WrongShape, Judgement::Unknown]),
        "{judged:?}"
    );
    assert_eq!(branches.judge_all(&vec!["x"; BATCH_MAX]).unwrap().len(), BATCH_MAX);
    assert_eq!(branches.judge_all(&vec!["x"; BATCH_MAX + 1]), Err(CodesError::Batch { count: BATCH_MAX + 1 }));
    assert_eq!(branches.lookup_all(&["SBIN0000300", "x"]).unwrap().iter().flatten().count(), 1);
    assert!(branches.lookup_all(&vec!["x"; BATCH_MAX + 1]).is_err());
}

#[test]
fn a_table_with_a_day_that_is_none_or_an_end_before_its_beginning_is_refused() {
    let refuses = |row: &str, words: &str| {
        let csv = format!("code,display,parent,status,valid_from,valid_until\na,A,,,,\n{row}\n");
        let error = made::try_system("d", "1", "", &csv).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    };
    refuses("b,B,,,2021-02-30,", "row 2 (`b`): valid_from `2021-02-30` is not a day");
    refuses("b,B,,,,soon", "valid_until `soon`");
    refuses("b,B,,,2021-01-01,2021-01-01", "is not after valid_from");
}

proptest! {
    #[test]
    fn a_day_is_judged_as_a_plain_reading_of_the_columns_judges_it(
        rows in prop::collection::vec((prop::option::of(0i32..40), prop::option::of(1i32..40)), 1..8), on in -5i32..50
    ) {
        let shown = |days: Option<i32>| days.map_or(String::new(), |days| Day::from_days(days).to_string());
        let mut csv = String::from("code,display,parent,status,valid_from,valid_until\n");
        let rows: Vec<_> = rows.into_iter().map(|(from, length)| (from, length.map(|length| from.unwrap_or(0) + length))).collect();
        for (at, (from, until)) in rows.iter().enumerate() {
            csv.push_str(&format!("c{at},C,,,{},{}\n", shown(*from), shown(*until)));
        }
        let system = made::system("d", "1", "", &csv);
        for (at, (from, until)) in rows.iter().enumerate() {
            let code = format!("c{at}");
            let judged = system.as_of(Day::from_days(on)).judge(&code);
            let is_early = from.is_some_and(|from| on < from);
            let is_late = !is_early && until.is_some_and(|until| on >= until);
            prop_assert_eq!(matches!(judged, Judgement::NotYetValid { .. }), is_early);
            prop_assert_eq!(matches!(judged, Judgement::NoLongerValid { .. }), is_late);
            prop_assert_eq!(judged.is_valid(), !is_early && !is_late);
            prop_assert_eq!(judged.concept().map(|concept| concept.code().to_owned()), Some(code.clone()));
            prop_assert_eq!(system.as_of(Day::from_days(on)).lookup(&code).is_some(), judged.is_valid());
        }
    }
}

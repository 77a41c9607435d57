//! Looking up, judging and relating codes.

use kanak_codes::{Codes, CodesError, Concept, InvalidReason, Language, Status, Subsumption, Validation};
use proptest::prelude::*;

#[test]
fn spaces_and_case_do_not_matter_where_the_system_ignores_case() {
    let codes = Codes::builtin().unwrap();
    let branches = codes.get_system("ifsc").unwrap();
    assert_eq!(
        branches.lookup("\t hdfc0caacob ").map(|branch| branch.code()),
        branches.lookup("HDFC0CAACOB").map(|branch| branch.code())
    );
    assert!(branches.lookup("HDFC0CAACOB").is_some());
    let kinds = codes.get_system("complaint-type").unwrap();
    assert_ne!(kinds.lookup("Others"), kinds.lookup("others"));
    assert!(kinds.lookup("OTHERS").is_none());
}

#[test]
fn nothing_is_found_where_nothing_is() {
    let codes = Codes::builtin().unwrap();
    for system in codes.systems() {
        for code in ["", " ", "\0", "ਕ", "a very long text that is a code of no system whatsoever", "SBIN00003001"] {
            assert!(system.lookup(code).is_none(), "{} {code:?}", system.name());
        }
    }
}

#[test]
fn an_unknown_system_is_an_error_that_lists_the_known_ones() {
    let codes = Codes::builtin().unwrap();
    assert!(codes.system("IFSC").is_none());
    let error = codes.get_system("ifcs").unwrap_err();
    assert!(matches!(error, CodesError::UnknownSystem { .. }));
    let message = error.to_string();
    assert!(message.contains("`ifcs`") && message.contains("ifsc, isic"), "{message}");
    assert_eq!(codes.validate("", "1"), Err(codes.get_system("").unwrap_err()));
}

#[test]
fn a_retired_code_is_valid_and_says_so() {
    let codes = Codes::builtin().unwrap();
    let concept = codes.validate("complaint-type", "NoStreetlight").unwrap().concept().unwrap();
    assert_eq!(concept.status(), Status::Retired);
}

#[test]
fn names_come_in_three_languages() {
    let codes = Codes::builtin().unwrap();
    let amritsar = codes.get_system("lgd-district").unwrap().lookup("27").unwrap();
    assert_eq!(
        Language::ALL.map(|language| amritsar.designation(language)),
        [Some("AMRITSAR"), Some("ਅੰਮ੍ਰਿਤਸਰ"), Some("अमृतसर")]
    );
    assert_eq!(amritsar.property("label"), Some("Amritsar"));
    assert_eq!(amritsar.property("altitude"), None);
    let agra =
        codes.get_system("lgd-district").unwrap().concepts().find(|district| district.display() == "AGRA").unwrap();
    assert_eq!(agra.designation(Language::Pa), None);
}

#[track_caller]
fn judge(system: &str, code: &str, reason: &str, suggestion: Option<&str>) {
    let codes = Codes::builtin().unwrap();
    let Validation::Invalid { reason: given, suggestions } = codes.validate(system, code).unwrap() else {
        panic!("{system} {code} is valid");
    };
    assert!(given.to_string().starts_with(reason), "{given}");
    assert_eq!(suggestions.first().map(Concept::code), suggestion, "{system} {code}");
}

#[test]
fn a_wrong_code_gets_its_reason_and_what_was_meant() {
    judge("ifsc", "  ", "empty", None);
    judge("ifsc", "SBIN1000300", "wrong shape: a code of `ifsc` looks like AAAA0XXXXXX", Some("SBIN0000300"));
    judge("ifsc", "SIBN0000300", "unknown code in `ifsc`", Some("SBIN0000300"));
    judge("complaint-type", "DAMAGEDROAD", "unknown code", None);
    judge("complaint-type", "DamagedRoads", "unknown code", Some("DamagedRoad"));
    judge("department", "LGD-9999", "unknown code", None);
    judge("pin", "14300", "wrong shape", Some("143001"));
    judge("lgd-district", "ਅੰਮ੍ਰਿਤਸਰ", "wrong shape", None);
    assert!(matches!(
        Codes::builtin().unwrap().get_system("nic").unwrap().validate("X1"),
        Validation::Invalid { reason: InvalidReason::WrongShape { .. }, .. }
    ));
}

#[test]
fn children_are_those_whose_parent_it_is() {
    let codes = Codes::builtin().unwrap();
    for name in ["lgd-district", "lgd-subdistrict", "nic", "hsn", "department", "centre"] {
        let system = codes.get_system(name).unwrap();
        for parent in ["3", "27", "A", "011", "0101", "LGD-400", "238", "", "nobody"] {
            let by_scan: Vec<_> = system.concepts().filter(|concept| concept.parent() == Some(parent)).collect();
            assert_eq!(system.children(parent).collect::<Vec<_>>(), by_scan, "{name} {parent}");
        }
    }
}

#[test]
fn subsumption_follows_the_parents() {
    let codes = Codes::builtin().unwrap();
    let nic = codes.get_system("nic").unwrap();
    assert_eq!(nic.subsumes("A", "01111"), Some(Subsumption::Subsumes));
    assert_eq!(nic.subsumes("01111", "A"), Some(Subsumption::SubsumedBy));
    assert_eq!(nic.subsumes("01", " 01 "), Some(Subsumption::Equivalent));
    assert_eq!(nic.subsumes("01111", "01112"), Some(Subsumption::NotSubsumed));
    assert_eq!(nic.subsumes("A", "nothing"), None);
    assert_eq!(codes.get_system("lgd-district").unwrap().subsumes("27", "27"), None);
    let departments = codes.get_system("department").unwrap();
    assert_eq!(departments.subsumes("LGD-400", "LGD-2354"), Some(Subsumption::Subsumes));
}

#[test]
fn ancestors_end_for_every_concept_of_every_hierarchy() {
    for system in Codes::builtin().unwrap().systems().filter(|system| system.is_hierarchical()) {
        for concept in system.concepts() {
            assert!(system.ancestors(concept).count() < 8, "{concept:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_code_with_one_slip_is_found_again_among_the_suggestions(pick in any::<prop::sample::Index>(), at in 0usize..11, swap in any::<bool>()) {
        let codes = Codes::builtin().unwrap();
        let branches = codes.get_system("ifsc").unwrap();
        let code = branches.concepts().nth(pick.index(branches.len())).unwrap().code();
        let mut typed = code.as_bytes().to_vec();
        if swap && at > 0 { typed.swap(at - 1, at); } else { typed[at] = b'~'; }
        let typed = String::from_utf8(typed).unwrap();
        match branches.validate(&typed) {
            Validation::Valid(_) => prop_assert!(swap),
            Validation::Invalid { suggestions, .. } => {
                let full = suggestions.len() == kanak_codes::SUGGESTIONS_MAX;
                prop_assert!(full || suggestions.iter().any(|concept| concept.code() == code), "{typed}: {suggestions:?}");
            }
        }
    }

    #[test]
    fn no_text_makes_lookup_validation_or_search_fail(text in "\\PC{0,40}") {
        for system in Codes::builtin().unwrap().systems() {
            let found = system.lookup(&text);
            prop_assert_eq!(found.is_some(), system.validate(&text).is_valid());
            prop_assert!(system.search(&text, 3).len() <= 3);
        }
    }
}

#[test]
fn a_number_that_lost_its_leading_zero_is_suggested_with_it_first() {
    let csv = "code,display,parent,status\n1112,A,,\n01111,B,,\n11112,C,,\n1011,D,,\n";
    let system = crate::made::system("n", "1", "", csv);
    let Validation::Invalid { suggestions, .. } = system.validate("1111") else { panic!() };
    let found: Vec<_> = suggestions.iter().map(Concept::code).collect();
    assert_eq!((found[0], found.len()), ("01111", 4), "{found:?}");
}

#[test]
fn one_set_of_tables_serves_every_thread() {
    let found: Vec<&'static str> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let codes: &'static Codes = Box::leak(Box::new(Codes::builtin().unwrap()));
                    codes.get_system("sac").unwrap().lookup("9954").unwrap().display()
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(found.iter().all(|display| std::ptr::eq(*display, found[0])), "each thread read its own table");
}

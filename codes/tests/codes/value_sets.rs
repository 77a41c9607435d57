//! Value sets, against a scan of the table.

use kanak_codes::{Codes, CodesError, Day, Expand, InvalidReason, Language, Validation};
use proptest::prelude::*;

use crate::made;

const OFFICES: &str = "code,display,parent,status,kind,valid_until,area\n\
    h,Head,,,state,,\nd1,District one,h,,district,,1|2\nd2,District two,h,retired,district,2020-01-01,2\n\
    t1,Tehsil one,d1,,tehsil,,1\nt2,Tehsil two,d2,retired,tehsil,,3\n";

fn offices(rules: &str) -> Codes {
    made::with(vec![made::part("desk", "1", "parent_system = \"desk\"", OFFICES), made::value_set("v", rules)])
}

#[track_caller]
fn members(rules: &str, day: Option<&str>, expected: &[&str]) {
    let codes = offices(rules);
    let ask = Expand { as_of: day.and_then(Day::parse), ..Expand::default() };
    let found = codes.expand("v", &ask).unwrap();
    assert_eq!(found.concepts.iter().map(|found| found.concept.code()).collect::<Vec<_>>(), expected, "{rules}");
    assert_eq!(found.total, expected.len());
    for concept in codes.get_system("desk").unwrap().concepts() {
        let valid = codes.validate_in("v", Some("desk"), concept.code(), ask.as_of).unwrap().is_valid();
        assert_eq!(valid, expected.contains(&concept.code()), "{concept:?}");
        assert_eq!(codes.validate_in("v", None, concept.code(), ask.as_of).unwrap().is_valid(), valid);
    }
}

#[test]
fn a_rule_holds_where_all_its_conditions_do() {
    let rule = |conditions: &str| format!("[[include]]\nsystem = \"desk\"\n{conditions}\n");
    members(&rule(""), None, &["h", "d1", "d2", "t1", "t2"]);
    members(&rule("codes = [\"t1\", \"h\", \"nobody\"]"), None, &["h", "t1"]);
    members(&rule("is_a = \"d1\""), None, &["d1", "t1"]);
    members(&rule("parent = \"h\""), None, &["d1", "d2"]);
    members(&rule("status = \"active\""), None, &["h", "d1", "t1"]);
    members(&rule("status = \"retired\""), None, &["d2", "t2"]);
    members(&rule("where = { kind = \"district\" }"), None, &["d1", "d2"]);
    members(&rule("where = { kind = [\"district\", \"tehsil\"], area = \"2\" }"), None, &["d1", "d2"]);
    members(&rule("where = { colour = \"red\" }"), None, &[]);
    members(&rule("is_a = \"nobody\""), None, &[]);
    members(&rule("is_a = \"h\"\nstatus = \"active\"\nwhere = { kind = \"district\" }"), None, &["d1"]);
}

#[test]
fn includes_are_united_and_excludes_taken_away() {
    members(
        "[[include]]\nsystem = \"desk\"\nis_a = \"d1\"\n[[include]]\nsystem = \"desk\"\ncodes = [\"d2\", \"h\"]\n\
         [[exclude]]\nsystem = \"desk\"\nwhere = { kind = \"state\" }\n",
        None,
        &["d1", "d2", "t1"],
    );
}

#[test]
fn on_a_day_what_was_valid_then_was_active_then() {
    let active = "[[include]]\nsystem = \"desk\"\nstatus = \"active\"\n";
    members(active, None, &["h", "d1", "t1"]);
    // d2 ended in 2020 and was active before; nobody knows when t2 did.
    members(active, Some("2019-12-31"), &["h", "d1", "d2", "t1"]);
    members(active, Some("2020-01-01"), &["h", "d1", "t1"]);
    members("[[include]]\nsystem = \"desk\"\n", Some("2020-01-01"), &["h", "d1", "t1", "t2"]);
}

#[test]
fn a_value_set_may_be_made_of_others() {
    let codes = made::with(vec![
        made::part("desk", "1", "parent_system = \"desk\"", OFFICES),
        made::value_set("districts", "[[include]]\nsystem = \"desk\"\nwhere = { kind = \"district\" }\n"),
        made::value_set(
            "places",
            "[[include]]\nvalue_set = \"districts\"\n[[include]]\nsystem = \"lgd-state\"\ncodes = [\"3\"]\n\
             [[exclude]]\nsystem = \"desk\"\nvalue_set = \"districts\"\nstatus = \"retired\"\n",
        ),
    ]);
    let listed = codes.expand("places", &Expand { language: Language::Pa, ..Expand::default() }).unwrap();
    let mut found: Vec<_> = listed.concepts.iter().map(|found| (found.system.name(), found.concept.code())).collect();
    found.sort_unstable();
    assert_eq!(found, [("desk", "d1"), ("lgd-state", "3")]);
    assert!(codes.validate_in("places", None, "3", None).unwrap().is_valid());
    assert!(codes.problems_of("places").unwrap().is_empty());
}

#[test]
fn value_sets_that_include_each_other_are_refused_by_name() {
    let includes = |name: &str, other: &str| made::value_set(name, &format!("[[include]]\nvalue_set = \"{other}\"\n"));
    let error =
        Codes::builtin().unwrap().with(vec![includes("a", "b"), includes("b", "c"), includes("c", "b")]).unwrap_err();
    assert!(error.to_string().contains("b < c < b"), "{error}");
    let error = Codes::builtin().unwrap().with(vec![includes("a", "a")]).unwrap_err();
    assert!(error.to_string().contains("a < a"), "{error}");
    let chain: Vec<_> = (0..200).map(|at| includes(&format!("s{at}"), &format!("s{}", at + 1))).collect();
    assert!(Codes::builtin().unwrap().with(chain).unwrap_err().to_string().contains("deep"));
}

#[test]
fn a_declaration_that_is_not_understood_is_refused() {
    let refuses = |rules: &str, words: &str| {
        let error = Codes::builtin().unwrap().with(vec![made::value_set("v", rules)]).unwrap_err();
        assert!(matches!(error, CodesError::Sidecar { .. }) && error.to_string().contains(words), "{error}");
    };
    refuses("", "no `[[include]]`");
    refuses("[[include]]\nstatus = \"active\"\n", "names neither `system` nor `value_set`");
    refuses("[[include]]\nsystem = \"ifsc\"\nstatus = \"gone\"\n", "gone");
    refuses("[[include]]\nsystem = \"ifsc\"\nbelow = \"x\"\n", "line 10: unknown field `below`");
    refuses("[[include]]\nsystem = \"ifsc\"\nhierarchy = \"x\"\n", "without `is_a`");
}

#[test]
fn what_a_value_set_names_and_is_not_there_is_a_problem_and_no_member() {
    let rules = "[[include]]\nsystem = \"desk\"\ncodes = [\"h\", \"x\"]\n[[include]]\nsystem = \"nothing\"\n\
        [[include]]\nvalue_set = \"nowhere\"\n[[include]]\nsystem = \"desk\"\nis_a = \"h\"\nhierarchy = \"boss\"\n\
        [[exclude]]\nsystem = \"desk\"\nwhere = { colour = \"red\" }\n";
    let codes = offices(rules);
    assert_eq!(codes.problems_of("v").unwrap().len(), 5, "{:?}", codes.problems_of("v"));
    assert!(codes.get_value_set("nowhere").unwrap_err().to_string().contains('v'));
    let codes = offices("[[include]]\nsystem = \"desk\"\ncodes = [\"h\", \"x\"]\n");
    assert_eq!(codes.expand("v", &Expand::default()).unwrap().total, 1);
}

#[test]
fn a_code_of_the_system_that_is_not_in_the_set_says_so() {
    let codes = offices("[[include]]\nsystem = \"desk\"\ncodes = [\"h\"]\n");
    let reason = |code: &str| match codes.validate_in("v", None, code, None).unwrap() {
        Validation::Invalid { reason, .. } => reason,
        Validation::Valid(_) => panic!("{code} is in the set"),
    };
    assert!(matches!(reason("d1"), InvalidReason::NotInValueSet { .. }));
    assert!(matches!(reason("x"), InvalidReason::UnknownCode { .. }));
}

#[test]
fn a_page_is_a_slice_of_the_whole_list_with_and_without_a_filter() {
    let codes = Codes::builtin().unwrap();
    let tehsils = codes.get_system("lgd-subdistrict").unwrap();
    for filter in ["", "nagar", "fatehgarh s", "1", "amristar"] {
        let list = |offset, count| tehsils.expand(&Expand { filter, offset, count, ..Expand::default() });
        let codes_of = |page: &kanak_codes::Expansion<'_>| {
            page.concepts.iter().map(|found| found.concept.code().to_owned()).collect::<Vec<_>>()
        };
        let whole = codes_of(&list(0, usize::MAX));
        assert!(!whole.is_empty() && whole.len() == list(0, 0).total, "{filter}");
        for (offset, count) in [(0, 3), (2, 5), (whole.len() - 1, 9), (whole.len(), 1), (usize::MAX, 1)] {
            let end = offset.saturating_add(count).min(whole.len());
            assert_eq!(codes_of(&list(offset, count)), whole[offset.min(end)..end], "{filter} {offset} {count}");
        }
    }
    // The filter takes what search takes, all of it.
    let found = tehsils.expand(&Expand { filter: "nagar", count: 10_000, ..Expand::default() });
    assert_eq!(
        found.total,
        tehsils.search("nagar", 10_000).iter().filter(|hit| hit.matched != kanak_codes::Matched::Typo).count()
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn membership_by_rule_is_what_a_scan_of_the_districts_finds(
        parent in prop::option::of(1u32..36), census in prop::option::of(0u32..60), leave_out in 1u32..36
    ) {
        let mut rules = "[[include]]\nsystem = \"lgd-district\"\n".to_owned();
        if let Some(parent) = parent { rules.push_str(&format!("parent = \"{parent}\"\n")); }
        if let Some(census) = census { rules.push_str(&format!("where = {{ census_2011 = [\"{census}\", \"0\"] }}\n")); }
        rules.push_str(&format!("[[exclude]]\nsystem = \"lgd-district\"\nparent = \"{leave_out}\"\n"));
        let codes = made::with(vec![made::value_set("v", &rules)]);
        let districts = codes.get_system("lgd-district").unwrap();
        let members = codes.membership("v", districts.as_of(None)).unwrap();
        for district in districts.concepts() {
            let expected = parent.is_none_or(|parent| district.parent() == Some(&parent.to_string()))
                && census.is_none_or(|census| [Some("0"), Some(&*census.to_string())].contains(&district.property("census_2011")))
                && district.parent() != Some(&leave_out.to_string());
            prop_assert_eq!(members.contains(district), expected, "{:?}", district);
            prop_assert_eq!(members.judge(district.code()).is_valid(), expected);
        }
    }
}

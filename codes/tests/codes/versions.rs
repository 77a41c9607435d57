//! Versions of a code system, and snapshots made of parts.

use kanak_codes::{CodeSystem, Codes, CodesError, Day};

use crate::made;

const OLD: &str = "code,display,parent,status\na,A,,\n";
const NEW: &str = "code,display,parent,status\na,A,,\nb,B,,\n";

fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

fn two_versions() -> Codes {
    made::with(vec![
        made::part("trade", "2008", "effective_from = \"2008-04-01\"", NEW),
        made::part("trade", "2004", "effective_from = \"2004-04-01\"", OLD),
    ])
}

#[test]
fn versions_stand_in_the_order_of_their_days_and_the_last_one_is_current() {
    let codes = two_versions();
    assert_eq!(codes.versions("trade").map(CodeSystem::version).collect::<Vec<_>>(), ["2004", "2008"]);
    assert_eq!(codes.system("trade").unwrap().version(), "2008");
    assert_eq!(codes.system_version("trade", "2004").unwrap().len(), 1);
    assert!(codes.system_version("trade", "1998").is_none() && codes.system_version("none", "1").is_none());
    assert_eq!(codes.versions("none").count(), 0);
}

#[test]
fn the_version_in_force_is_the_last_one_that_had_begun() {
    let codes = two_versions();
    let in_force = |on: &str| codes.system_in_force("trade", day(on)).map(CodeSystem::version);
    assert_eq!(in_force("2004-03-31"), None);
    assert_eq!(in_force("2004-04-01"), Some("2004"));
    assert_eq!(in_force("2008-03-31"), Some("2004"));
    assert_eq!(in_force("2008-04-01"), Some("2008"));
    // A version without a day has been in force ever since.
    assert_eq!(codes.system_in_force("bank", day("1950-01-26")).map(CodeSystem::name), Some("bank"));
}

#[test]
fn a_day_is_answered_by_the_version_of_the_day_and_before_all_of_them_by_the_first() {
    let codes = two_versions();
    let answers = |on: &str| codes.as_of("trade", None, day(on)).unwrap().lookup("b").is_some();
    assert!(!answers("2007-01-01") && answers("2020-01-01") && !answers("1990-01-01"));
    let asked = codes.as_of("trade", Some("2008"), day("2007-01-01")).unwrap();
    assert!(asked.lookup("b").is_some(), "the version that is asked for answers");
    let error = codes.as_of("trade", Some("1998"), None).unwrap_err();
    assert!(error.to_string().contains("2004, 2008"), "{error}");
    assert!(matches!(codes.as_of("none", None, None), Err(CodesError::UnknownSystem { .. })));
}

#[test]
fn a_current_version_that_keeps_history_answers_for_every_day() {
    let history = "code,display,parent,status,valid_from,valid_until\na,A,,,,2006-01-01\nb,B,,,2006-01-01,\n";
    let codes =
        two_versions().with(vec![made::part("trade", "2009", "effective_from = \"2009-01-01\"", history)]).unwrap();
    let as_of = codes.as_of("trade", None, day("2007-01-01")).unwrap();
    assert_eq!(as_of.system().version(), "2009");
    assert!(as_of.lookup("a").is_none() && as_of.lookup("b").is_some());
}

#[test]
fn a_version_that_begins_later_is_not_current_before() {
    let codes = two_versions();
    assert_eq!(codes.on(day("2007-12-31")).system("trade").unwrap().version(), "2004");
    assert_eq!(codes.on(day("2008-04-01")).system("trade").unwrap().version(), "2008");
    assert_eq!(codes.on(day("1990-01-01")).system("trade").unwrap().version(), "2004", "there is always one");
    let later = codes.on(day("2007-12-31")).with(vec![made::part("x", "1", "", OLD)]).unwrap();
    assert_eq!(later.system("trade").unwrap().version(), "2004", "a snapshot keeps its day");
}

#[test]
fn a_version_never_changes_and_the_same_again_changes_nothing() {
    let codes = two_versions();
    let again = codes.with(vec![made::part("trade", "2004", "effective_from = \"2004-04-01\"", OLD)]).unwrap();
    assert_eq!(again.versions("trade").count(), 2);
    let error = codes.with(vec![made::part("trade", "2004", "effective_from = \"2004-04-01\"", NEW)]).unwrap_err();
    assert!(matches!(error, CodesError::VersionExists { .. }), "{error}");
    assert!(error.to_string().contains("`--version`"), "{error}");
}

#[test]
fn a_snapshot_takes_all_parts_or_none_and_leaves_the_one_before_as_it_was() {
    let codes = Codes::builtin().unwrap();
    let bad = made::part("bad", "1", "", "code,display,parent,status\na,A,,\na,A,,\n");
    assert!(codes.with(vec![made::part("good", "1", "", OLD), bad]).is_err());
    assert!(codes.system("good").is_none());
    let more = codes.with(vec![made::part("good", "1", "", OLD)]).unwrap();
    assert!(more.system("good").is_some() && codes.system("good").is_none());
    let shared = |codes: &Codes| std::ptr::from_ref(codes.system("ifsc").unwrap());
    assert_eq!(shared(&codes), shared(&more), "what is the same is shared");
}

#[test]
fn a_system_is_published_again_from_its_own_parts() {
    for system in Codes::builtin().unwrap().systems().filter(|system| system.len() < 3_000) {
        let again = CodeSystem::from_parts(&system.sidecar_text(), system.packed_csv().to_vec()).unwrap();
        assert_eq!(again.sidecar(), system.sidecar());
        assert!(kanak_codes::diff(system, &again).is_empty());
        assert_eq!(again.packed_crc(), system.packed_crc());
    }
}

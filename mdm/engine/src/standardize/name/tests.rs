use proptest::prelude::*;

use super::*;

#[track_caller]
fn shows(raw: &str, expected: &str) {
    assert_eq!(parse_person_name(raw).display(), expected, "{raw}");
}

#[test]
fn titles_respect_aliases_and_residences_are_no_part_of_a_name() {
    for (raw, expected) in [
        ("S. GURPREET SINGH", "Gurpreet Singh"),
        ("Sardar Gurpreet Singh Ji", "Gurpreet Singh"),
        ("Smt.Paramjit Kaur", "Paramjit Kaur"),
        ("Late Sh. Ram Lal", "Ram Lal"),
        ("Ram Lal (Late)", "Ram Lal"),
        ("Dr. (Mrs.) Anita Sharma", "Anita Sharma"),
        ("Gurpreet Singh @ Gopi", "Gurpreet Singh"),
        ("Gurpreet Singh urf Gopi", "Gurpreet Singh"),
        ("AKA SHDEEP", "Aka Shdeep"),
        ("@ Gopi", "Gopi"),
        ("Gurpreet Singh R/o VPO Rurka", "Gurpreet Singh"),
        ("ਸ੍ਰੀਮਤੀ ਪਰਮਜੀਤ ਕੌਰ", "ਪਰਮਜੀਤ ਕੌਰ"),
        ("श्री राम लाल जी", "राम लाल"),
        ("gurpreet  singh 2", "Gurpreet Singh"),
        ("SHARMA, RAKESH KUMAR", "Rakesh Kumar Sharma"),
        ("Mrs. Roy, Anthony", "Anthony Roy"),
        ("Mrs. Anita Sharma, Moga", "Anita Sharma Moga"),
        ("山田, 太郎", "山田 太郎"),
        ("مُحَمَّد عبد الله", "مُحَمَّد عبد الله"),
        ("Jose\u{301} Garcia", "Jose\u{301} Garcia"),
        ("GURPREETSINGH", "Gurpreet Singh"),
        ("Manpreetkaur Gill", "Manpreet Kaur Gill"),
        ("D'SOUZA", "D'souza"),
    ] {
        shows(raw, expected);
    }
}

#[test]
fn one_letter_stands_for_a_name_only_where_letters_have_capitals_or_are_indic() {
    for (raw, initials) in
        [("R. Sharma", &['R'][..]), ("É. Zola", &['É']), ("ਰ. ਸ਼ਰਮਾ", &['ਰ']), ("김 옥자", &[]), ("李 明", &[])]
    {
        assert_eq!(parse_person_name(raw).initials, initials, "{raw}");
    }
}

#[test]
fn a_title_that_is_all_the_name_there_is_stays() {
    for name in ["Sardar Singh", "Giani Ram", "Bibi Kaur", "Kumari Devi", "Sardar Ali"] {
        shows(name, name);
    }
}

#[track_caller]
fn relates(raw: &str, own: &str, relation: Relation, relative: &str) {
    let name = parse_person_name(raw);
    assert_eq!(name.display(), own, "{raw}");
    assert_eq!(name.relation, Some((relation, relative.to_owned())), "{raw}");
}

#[test]
fn the_relative_in_a_name_field_is_told_apart_in_three_scripts() {
    relates("GURPREET SINGH S/O HARBHAJAN SINGH", "Gurpreet Singh", Relation::SonOf, "Harbhajan Singh");
    relates("Gurpreet Singh s / o. Late S. Harbhajan Singh", "Gurpreet Singh", Relation::SonOf, "Harbhajan Singh");
    relates("Gurpreet Singh SO Harbhajan Singh", "Gurpreet Singh", Relation::SonOf, "Harbhajan Singh");
    relates("Gurpreet Singh S/oHarbhajan Singh", "Gurpreet Singh", Relation::SonOf, "Harbhajan Singh");
    relates("Gurpreet Singh, son of Harbhajan Singh", "Gurpreet Singh", Relation::SonOf, "Harbhajan Singh");
    relates("Simran D/o Balwinder Singh R/o Moga", "Simran", Relation::DaughterOf, "Balwinder Singh");
    relates("Paramjit Kaur W/o Balwinder Singh D/o Gurdev Singh", "Paramjit Kaur", Relation::WifeOf, "Balwinder Singh");
    relates("ਗੁਰਪ੍ਰੀਤ ਕੌਰ ਪਤਨੀ ਸ. ਹਰਭਜਨ ਸਿੰਘ", "ਗੁਰਪ੍ਰੀਤ ਕੌਰ", Relation::WifeOf, "ਹਰਭਜਨ ਸਿੰਘ");
    relates("राम लाल पुत्र श्री श्याम लाल", "राम लाल", Relation::SonOf, "श्याम लाल");
    relates("Raju C/o Mohan Lal", "Raju", Relation::CareOf, "Mohan Lal");
}

#[test]
fn a_relation_needs_its_slash_or_its_place_between_two_names() {
    for name in ["So Young", "Kim So", "Patni Devi", "Kim So Hyun", "Maria Do Carmo", "Rama Putra Wijaya"] {
        let parsed = parse_person_name(name);
        assert_eq!((parsed.display().as_str(), parsed.relation), (name, None));
    }
    shows("KIM SO HYUN", "Kim So Hyun");
    shows("Maria do Carmo", "Maria Do Carmo");
    relates("PARAMJIT WO SH BIR", "Paramjit", Relation::WifeOf, "Bir");
    relates("Sunita putri Ram Lal", "Sunita", Relation::DaughterOf, "Ram Lal");
    assert!(parse_person_name("S/o Harbhajan Singh").is_empty());
}

#[test]
fn a_newborn_without_a_name_goes_by_the_mothers() {
    for raw in ["Baby of Manpreet Kaur", "B/O MANPREET KAUR", "Baby Girl of Smt. Manpreet Kaur", "ਬੇਬੀ ਆਫ Manpreet Kaur"]
    {
        let name = parse_person_name(raw);
        assert!(name.is_baby_of(), "{raw}");
        assert_eq!(name.display(), "Baby Of Manpreet Kaur");
        assert_eq!((name.given, name.surname), (None, None));
    }
    for raw in ["ਮਨਪ੍ਰੀਤ ਕੌਰ ਦਾ ਬੱਚਾ", "ਸ੍ਰੀਮਤੀ ਮਨਪ੍ਰੀਤ ਕੌਰ ਦੀ ਬੱਚੀ"]
    {
        let name = parse_person_name(raw);
        assert!(name.is_baby_of(), "{raw}");
        assert_eq!(name.relation, Some((Relation::BabyOf, "ਮਨਪ੍ਰੀਤ ਕੌਰ".to_owned())));
    }
    assert!(parse_person_name("मनप्रीत का बच्चा").is_baby_of());
    assert_eq!(Relation::BabyOf.relative("Manpreet Kaur"), Relative::Mother);
    shows("Baby Rani", "Baby Rani");
}

#[track_caller]
fn parts(raw: &str, given: Option<&str>, surname: Option<&str>, markers: &[Marker]) {
    let name = parse_person_name(raw);
    assert_eq!(name.given.as_deref(), given, "{raw}");
    assert_eq!(name.surname.as_deref(), surname, "{raw}");
    assert_eq!(name.markers, markers, "{raw}");
}

#[test]
fn second_names_that_all_bear_are_neither_given_name_nor_surname() {
    use Marker::{Chand, Devi, Kaur, Kumar, Lal, Singh};
    parts("Gurpreet Singh", Some("Gurpreet"), None, &[Singh]);
    parts("Gurpreet Singh Sidhu", Some("Gurpreet"), Some("Sidhu"), &[Singh]);
    parts("Singh Gurpreet", Some("Gurpreet"), None, &[Singh]);
    parts("Rakesh Kumar Sharma", Some("Rakesh"), Some("Sharma"), &[Kumar]);
    parts("Lal Chand", Some("Lal"), None, &[Chand]);
    parts("Lal Singh Sidhu", Some("Lal"), Some("Sidhu"), &[Singh]);
    parts("Harbans Lal", Some("Harbans"), None, &[Lal]);
    parts("Gurpreet", Some("Gurpreet"), None, &[]);
    parts("Singh", Some("Singh"), None, &[]);
    parts("ਮਨਜੀਤ ਕੌਰ ਗਿੱਲ", Some("ਮਨਜੀਤ"), Some("ਗਿੱਲ"), &[Kaur]);
    parts("मंजू देवी", Some("मंजू"), None, &[Devi]);
    parts("R. K. Sharma", Some("Sharma"), None, &[]);
    parts("Mohammad Aslam Khan", Some("Mohammad"), Some("Khan"), &[]);
    parts("", None, None, &[]);
    for (raw, middle, surname) in [
        ("Ram Lal", &["Lal"][..], None),
        ("Ram Chand", &["Chand"], None),
        ("राम लाल शर्मा", &["लाल"], Some("शर्मा")),
        ("Ram Kumar", &[], None),
        ("Ram Pal", &[], Some("Pal")),
    ] {
        let name = parse_person_name(raw);
        assert_eq!(
            (name.middle, name.surname.as_deref()),
            (middle.iter().map(|m| (*m).to_owned()).collect(), surname),
            "{raw}"
        );
    }
    assert_eq!(parse_person_name("R.K. Sharma").initials, ['R', 'K']);
    assert_eq!(parse_person_name("Mohammad Aslam Khan").middle, ["Aslam"]);
}

#[test]
fn custom_title_and_relation_imply_sex_and_doubt_does_not() {
    for (raw, expected) in [
        ("Gurpreet Singh", Some(Sex::Male)),
        ("Gurpreet Kaur", Some(Sex::Female)),
        ("Chand Kaur", Some(Sex::Female)),
        ("Rani Singh", None),
        ("Smt. Simran", Some(Sex::Female)),
        ("Simran D/o Balwinder Singh", Some(Sex::Female)),
        ("Gurpreet", None),
    ] {
        assert_eq!(parse_person_name(raw).implied_sex, expected, "{raw}");
    }
}

#[test]
fn a_parent_is_father_or_mother_by_the_parents_name() {
    assert_eq!(Relation::SonOf.relative("Harbhajan Singh"), Relative::Father);
    assert_eq!(Relation::SonOf.relative("Gurmeet Kaur"), Relative::Mother);
    assert_eq!(Relation::WifeOf.relative("Harbhajan Singh"), Relative::Spouse);
}

proptest! {
    #[test]
    fn a_standard_name_is_its_own_standard_form(
        words in proptest::collection::vec(
            prop::sample::select(vec![
                "S.", "Smt", "Sardar", "Late", "GURPREET", "singh", "Kaur", "Kumari", "s/o", "so", "W/O", "baby", "of", "@", "r/o", ",", "K.",
                "ਗੁਰਪ੍ਰੀਤ", "ਸਿੰਘ", "ਪੁੱਤਰ", "ਸ਼ੇਰ", "पुत्र", "राम", "ji", "(x)", "12", "manpreetkaur", "/", "'", "Bibi", "Ram", "Giani",
            ]),
            0..8,
        ),
    ) {
        let once = parse_person_name(&words.join(" "));
        let twice = parse_person_name(&once.display());
        prop_assert_eq!(twice.display(), once.display());
        prop_assert_eq!(twice.given, once.given);
        prop_assert_eq!(twice.surname, once.surname);
    }

    #[test]
    fn any_text_reads_without_panic_and_no_digit_is_left(raw in "\\PC{0,40}") {
        let name = parse_person_name(&raw);
        prop_assert!(!name.display().chars().any(|c| c.is_ascii_digit()));
    }
}

//! Districts and sub-districts by name.

use kanak_codes::{Codes, Language};

#[track_caller]
fn check(name: &str, expected: Option<&str>) {
    assert_eq!(Codes::builtin().unwrap().find_district(name), expected, "{name}");
}

#[test]
fn old_names_and_spellings_stand_for_their_district() {
    for name in [
        "Nawanshahr",
        "S.B.S. Nagar",
        "SBS Nagar",
        "Shahid Bhagat Singh Nagar",
        "shaheed bhagat singh nagar",
        "ਨਵਾਂਸ਼ਹਿਰ",
        "ਨਵਾਂ ਸ਼ਹਿਰ",
    ] {
        check(name, Some("40"));
    }
    for name in ["Ropar", "RUPNAGAR", "Rup Nagar", "ਰੋਪੜ", "ਰੂਪਨਗਰ", "रोपड़"] {
        check(name, Some("42"));
    }
    for name in
        ["Mohali", "S.A.S Nagar", "SAS Nagar (Mohali)", "Sahibzada Ajit Singh Nagar", "ਮੋਹਾਲੀ", "ਸਾਹਿਬਜ਼ਾਦਾ ਅਜੀਤ ਸਿੰਘ ਨਗਰ"]
    {
        check(name, Some("608"));
    }
    for name in ["Muktsar", "Sri Muktsar Sahib", "ਮੁਕਤਸਰ"] {
        check(name, Some("39"));
    }
    for name in ["Ferozepur", "Firozpur", "FEROZEPORE", "ਫਿਰੋਜਪੁਰ", "ਫ਼ਿਰੋਜ਼ਪੁਰ"] {
        check(name, Some("31"));
    }
    check("Malerkotla", Some("737"));
}

#[test]
fn every_district_of_punjab_is_found_by_each_of_its_names() {
    let codes = Codes::builtin().unwrap();
    for district in codes.get_system("lgd-district").unwrap().children("3") {
        for language in Language::ALL {
            check(district.designation(language).unwrap(), Some(district.code()));
        }
        check(district.property("label").unwrap(), Some(district.code()));
    }
}

#[test]
fn a_name_that_stands_for_no_district_or_for_several_finds_none() {
    check("", None);
    check(" . ", None);
    check("Atlantis", None);
    check(
        "Agra",
        Codes::builtin()
            .unwrap()
            .get_system("lgd-district")
            .unwrap()
            .concepts()
            .find(|district| district.display() == "AGRA")
            .map(|district| district.code()),
    );
    // Himachal Pradesh has a Bilaspur and so has Chhattisgarh.
    check("Bilaspur", None);
}

#[test]
fn every_sub_district_of_punjab_is_found_within_its_district_only() {
    let codes = Codes::builtin().unwrap();
    let tehsils = codes.get_system("lgd-subdistrict").unwrap();
    for district in codes.get_system("lgd-district").unwrap().children("3") {
        for tehsil in tehsils.children(district.code()) {
            for name in [tehsil.display(), tehsil.designation(Language::Pa).unwrap()] {
                assert_eq!(codes.find_sub_district(name, district.code()), Some(tehsil.code()), "{name}");
            }
        }
    }
    assert_eq!(codes.find_sub_district("Kharar", "608"), Some("266"));
    assert_eq!(codes.find_sub_district("Kharar", "27"), None);
    assert_eq!(codes.find_sub_district("Kharar", ""), None);
    assert_eq!(codes.find_sub_district("Guru Har Sahai", "31"), Some("6011"));
}

#[test]
fn a_town_is_found_by_its_old_name_and_by_the_name_of_the_district_that_sits_in_it() {
    let codes = Codes::builtin().unwrap();
    for (code, names) in [
        ("248313", ["Nawanshahr", "S.B.S. Nagar", "shaheed bhagat singh nagar", "ਨਵਾਂ ਸ਼ਹਿਰ"]),
        ("248319", ["Ropar", "RUPNAGAR", "Roop Nagar", "रोपड़"]),
        ("248325", ["Mohali", "SAS Nagar", "S.A.S.Nagar - Mohali", "ਮੁਹਾਲੀ"]),
        ("248351", ["Ferozepur", "Firozpur", "Ferozepore", "ਫਿਰੋਜਪੁਰ"]),
        ("248277", ["Patti", "PATTI", "ਪੱਟੀ", "पट्टी"]),
    ] {
        for name in names {
            assert_eq!(codes.find_town(name), Some(code), "{name}");
        }
    }
    assert_eq!(codes.find_town("Atlantis"), None);
    assert_eq!(codes.find_town("Shimla"), None, "a town of another state");
}

#[test]
fn names_of_places_are_those_of_punjab_with_their_aliases() {
    let codes = Codes::builtin().unwrap();
    let (districts, tehsils) = (codes.district_names(), codes.sub_district_names());
    assert!(districts.iter().any(|place| (place.code, place.parent, place.name) == ("42", "3", "Ropar")));
    assert!(tehsils.iter().any(|place| (place.code, place.parent, place.name) == ("264", "42", "Ropar")));
    assert!(districts.iter().chain(&tehsils).all(|place| place.name != "Agra" && place.name != "AGRA"));
}

#[test]
fn every_alias_names_a_place_that_exists_and_finds_it() {
    let codes = Codes::builtin().unwrap();
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/data/aliases/places.csv")).unwrap();
    let sidecar = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/data/aliases/places.toml")).unwrap();
    assert!(sidecar.contains(&format!("concepts = {}\n", text.lines().count() - 1)));
    for line in text.lines().skip(1) {
        let [level, code, language, name, role] = line.split(',').collect::<Vec<_>>().try_into().unwrap();
        assert!(Language::find_by_tag(language).is_some() && ["preferred", "alias"].contains(&role), "{line}");
        let found = match level {
            "district" => codes.find_district(name),
            "subdistrict" => {
                let district = codes.get_system("lgd-subdistrict").unwrap().lookup(code).unwrap().parent().unwrap();
                codes.find_sub_district(name, district)
            }
            "town" => codes.find_town(name),
            other => panic!("unknown level {other}"),
        };
        assert_eq!(found, Some(code), "{line}");
    }
}

#[test]
fn a_point_is_answered_by_the_districts_of_the_snapshot_that_is_asked() {
    let codes = Codes::builtin().unwrap();
    let at = |codes: &Codes, latitude: f64, longitude: f64| {
        codes.find_district_at(latitude, longitude).unwrap().map(|found| found.code.to_owned())
    };
    let (amritsar, ludhiana) = ((31.62, 74.876), (30.90, 75.85));
    let others = codes.get_system("lgd-district").unwrap().children("3").filter(|district| district.code() != "27");
    let rows: String = others.map(|district| format!("{},{},3\n", district.code(), district.display())).collect();
    let list = crate::made::part(
        "lgd-district",
        "2",
        "parent_system = \"lgd-state\"",
        &format!("code,display,parent\n{rows}"),
    );
    let fewer = crate::made::with(vec![list]);
    assert_eq!(at(&fewer, amritsar.0, amritsar.1), None);
    assert_eq!(fewer.find_unlisted_outline_at(amritsar.0, amritsar.1).unwrap(), Some("Amritsar"));
    assert_eq!(at(&fewer, ludhiana.0, ludhiana.1).as_deref(), Some("36"), "the others go on");
    assert_eq!(at(&codes, amritsar.0, amritsar.1).as_deref(), Some("27"), "and so does the snapshot before");
    assert_eq!(codes.find_unlisted_outline_at(amritsar.0, amritsar.1).unwrap(), None);
}

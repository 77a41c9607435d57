//! Districts of Punjab through time, against the tables and the concept map.

use std::collections::BTreeSet;

use kanak_codes::{Codes, Day, DistrictOn};
use proptest::prelude::*;

fn codes() -> Codes {
    Codes::builtin().unwrap()
}

fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

#[test]
fn an_address_of_2019_lies_in_sangrur_as_it_was_and_in_malerkotla_or_sangrur_as_it_is() {
    let codes = codes();
    let (then, now) = (day("2019-07-01"), day("2026-11-01"));
    let tehsil = |name: &str, district: &str| codes.find_sub_district(name, district).unwrap();
    for (tehsil, was, is) in [
        (tehsil("Malerkotla", "737"), "43", "737"),
        (tehsil("Amargarh", "737"), "43", "737"),
        (tehsil("Ahmedgarh", "737"), "43", "737"),
        (tehsil("Dhuri", "43"), "43", "43"),
        (tehsil("Phagwara", "35"), "35", "35"),
    ] {
        assert_eq!(codes.district_of_sub_district_on(tehsil, then), Some(DistrictOn::One(was)), "{tehsil}");
        assert_eq!(codes.district_of_sub_district_on(tehsil, now), Some(DistrictOn::One(is)), "{tehsil}");
    }
    assert_eq!(codes.district_moved("43", then, now), Some(DistrictOn::OneOf(vec!["43", "737"])));
    assert_eq!(codes.district_moved("737", now, then), Some(DistrictOn::One("43")));
    assert_eq!(codes.district_moved("27", then, now), Some(DistrictOn::One("27")));
}

#[test]
fn the_day_of_the_split_is_the_first_one_on_which_the_new_code_is_valid() {
    let codes = codes();
    assert_eq!(codes.district_on("737", day("2021-05-13")), Some(DistrictOn::One("43")));
    assert_eq!(codes.district_on("737", day("2021-05-14")), Some(DistrictOn::One("737")));
    assert_eq!(codes.district_on("43", day("2021-05-13")), Some(DistrictOn::One("43")));
    assert_eq!(
        codes.get_system("lgd-district").unwrap().lookup("737").unwrap().property("valid_from"),
        Some("2021-05-14")
    );
}

#[test]
fn a_split_whose_day_is_not_known_gives_both_districts_between_its_bounds() {
    let codes = codes();
    assert_eq!(codes.district_on("651", day("2011-03-01")), Some(DistrictOn::One("31")));
    assert_eq!(codes.district_on("651", day("2015-01-01")), Some(DistrictOn::OneOf(vec!["31", "651"])));
    assert_eq!(codes.district_on("651", day("2022-03-11")), Some(DistrictOn::One("651")));
    assert_eq!(codes.district_on("608", day("2001-03-01")), Some(DistrictOn::OneOf(vec!["41", "42"])));
    let (kharar, dera_bassi) = ("266", "268");
    assert_eq!(codes.district_of_sub_district_on(kharar, day("2001-03-01")), Some(DistrictOn::One("42")));
    assert_eq!(codes.district_of_sub_district_on(dera_bassi, day("2001-03-01")), Some(DistrictOn::One("41")));
    assert_eq!(codes.district_moved("43", day("2000-01-01"), day("2026-01-01")).unwrap().codes(), ["43", "605", "737"]);
}

#[test]
fn the_code_of_malerkotla_is_not_valid_in_2019_and_the_map_leads_to_it_from_sangrur() {
    let codes = codes();
    let in_2019 = codes.as_of("lgd-district", None, day("2019-07-01")).unwrap();
    assert!(in_2019.lookup("737").is_none() && in_2019.lookup("43").is_some());
    let lineage = codes.lineage("lgd-district", "737", None).unwrap().unwrap();
    let from: Vec<_> = lineage.predecessors.iter().map(|step| (step.to_code.as_str(), step.on)).collect();
    assert_eq!(from, [("43", Day::parse("2021-05-14"))]);
    let standing = |on: &str| {
        let concepts = codes.standing_for("lgd-district", "43", day(on)).unwrap();
        concepts.iter().any(|concept| concept.code() == "737")
    };
    assert_eq!((standing("2019-07-01"), standing("2021-05-14")), (false, true));
}

#[test]
fn what_is_no_district_has_no_lineage() {
    let codes = codes();
    assert_eq!(codes.district_on("0", day("2020-01-01")), None);
    assert_eq!(codes.district_moved("", day("2020-01-01"), day("2021-01-01")), None);
    assert_eq!(codes.district_of_sub_district_on("99999999", day("2020-01-01")), None);
}

#[test]
fn the_concept_map_and_the_tables_tell_the_same_splits() {
    let map = include_str!("../../data/concept-maps/lgd-district-lineage.csv");
    let in_map: BTreeSet<(&str, &str, &str)> = map
        .lines()
        .skip(1)
        .map(|line| line.split(',').collect::<Vec<_>>())
        .filter(|cells| cells[0] != cells[1])
        .map(|cells| (cells[0], cells[1], cells[3]))
        .collect();
    let codes = codes();
    let districts = codes.get_system("lgd-district").unwrap();
    let mut in_table = BTreeSet::new();
    for district in districts.concepts() {
        for parent in district.property("split_from").into_iter().flat_map(|list| list.split('|')) {
            assert!(districts.lookup(parent).is_some(), "{parent}");
            in_table.insert((parent, district.code(), district.property("valid_from").unwrap_or_default()));
        }
    }
    assert_eq!(in_map, in_table);
}

proptest! {
    /// Whatever the day, a tehsil of today lay in one of the districts that its district of today was then.
    #[test]
    fn a_tehsil_lies_in_its_district_on_every_day(days in 0i32..12_000, row in 0usize..93) {
        let codes = codes();
        let day = day("1995-01-01").plus_days(days);
        let tehsils = codes.get_system("lgd-subdistrict").unwrap();
        let tehsil = tehsils.concepts().filter(|tehsil| tehsil.property("state_code") == Some("3")).nth(row).unwrap();
        let of_tehsil = codes.district_of_sub_district_on(tehsil.code(), day).unwrap();
        let of_district = codes.district_on(tehsil.parent().unwrap(), day).unwrap();
        prop_assert!(of_tehsil.codes().iter().all(|code| of_district.codes().contains(code)), "{:?} {:?}", of_tehsil, of_district);
    }

    /// Going back to a day and forward again from there arrives where one began, among others.
    #[test]
    fn going_back_and_forward_again_comes_home(days in 0i32..12_000, row in 0usize..23) {
        let codes = codes();
        let (then, now) = (day("1995-01-01").plus_days(days), day("2026-11-01"));
        let district = codes.get_system("lgd-district").unwrap().children("3").nth(row).unwrap();
        let was = codes.district_on(district.code(), then).unwrap();
        for code in was.codes() {
            let is = codes.district_moved(code, then, now).unwrap();
            prop_assert!(is.codes().contains(&district.code()), "{} {:?}", code, is);
        }
    }
}

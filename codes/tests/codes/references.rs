//! What would point to nothing without some codes.

use kanak_codes::{Codes, HolderKind, LostReferences};

use crate::made;

const GUILDS: &str = "code,display\nA,Ash\nB,Birch\nC,Cedar\n";

/// Guilds, and what names them.
fn guilds() -> Codes {
    made::with(vec![
        made::part("guild", "1", "", GUILDS),
        made::part(
            "member",
            "1",
            "parent_system = \"guild\"",
            "code,display,parent,guild_codes\n1,One,A,A|B\n2,Two,C,\n3,Three,C,b\n",
        ),
        made::value_set(
            "some-guilds",
            "[[include]]\nsystem = \"guild\"\ncodes = [\"A\", \"C\"]\n[[exclude]]\nsystem = \"member\"\nparent = \"A\"\n",
        ),
        made::concept_map("guild-state", "guild", "lgd-state", "", "A,3,related-to,,\nC,3,related-to,,\n"),
    ])
}

fn lost(codes: &Codes, csv: &str) -> LostReferences {
    codes.references_lost(codes.get_system("guild").unwrap(), &made::system("guild", "2", "", csv))
}

#[test]
fn whatever_names_a_code_that_goes_is_told() {
    let lost = lost(&guilds(), "code,display\nC,Cedar\n");
    let told: Vec<_> = lost
        .first
        .iter()
        .map(|one| (one.kind, one.holder.as_str(), one.at.as_str(), one.field.as_str(), one.code.as_str()))
        .collect();
    let expected = [
        (HolderKind::CodeSystem, "member", "1", "parent", "A"),
        (HolderKind::CodeSystem, "member", "1", "guild_codes", "B"),
        (HolderKind::ValueSet, "some-guilds", "include 1", "codes", "A"),
        (HolderKind::ValueSet, "some-guilds", "exclude 1", "parent", "A"),
        (HolderKind::ConceptMap, "guild-state", "A", "source", "A"),
    ];
    assert_eq!(told, expected);
    assert_eq!((lost.count, lost.codes.iter().map(String::as_str).collect::<Vec<_>>()), (5, vec!["A", "B"]));
    let message = lost.to_string();
    assert!(
        message.contains("`A`, `B`, named by `member` at 1, 1; `some-guilds` at include 1, exclude 1"),
        "{message}"
    );
}

#[test]
fn nothing_is_lost_by_codes_that_are_retired_added_or_named_by_nobody() {
    let codes = guilds();
    assert!(lost(&codes, "code,display,status\nA,Ash,retired\nB,Birch,retired\nC,Cedar,\nD,Dogwood,\n").is_empty());
    let unnamed = made::with(vec![made::part("guild", "1", "", GUILDS)]);
    assert!(lost(&unnamed, "code,display\nC,Cedar\n").is_empty());
}

#[test]
fn parents_within_a_list_count_unless_it_knows_that_they_are_missing() {
    let tree = "parent_system = \"guild\"";
    let codes = made::with(vec![made::part("guild", "1", tree, "code,display,parent\nA,Ash,\nB,Birch,A\n")]);
    let before = codes.get_system("guild").unwrap();
    let of = |more: &str| {
        let after = made::system("guild", "2", &format!("{tree}\n{more}"), "code,display,parent\nB,Birch,A\n");
        codes.references_lost(before, &after).count
    };
    assert_eq!((of(""), of("known_orphans = [\"A\"]")), (1, 0));
}

#[test]
fn a_district_is_named_by_all_that_lies_in_it() {
    let codes = Codes::builtin().unwrap();
    let districts = codes.get_system("lgd-district").unwrap();
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["code", "display", "parent"]).unwrap();
    for district in districts.concepts().filter(|district| district.code() != "27") {
        writer.write_record([district.code(), district.display(), district.parent().unwrap_or_default()]).unwrap();
    }
    let csv = String::from_utf8(writer.into_inner().unwrap()).unwrap();
    let after = made::system("lgd-district", "2", "parent_system = \"lgd-state\"", &csv);
    let lost = codes.references_lost(districts, &after);
    let count = |name: &str| lost.holders.iter().find(|one| one.holder == name).map_or(0, |one| one.count);
    let tehsils = codes.get_system("lgd-subdistrict").unwrap().children("27").len();
    assert!(tehsils > 0);
    assert_eq!(count("lgd-subdistrict"), tehsils);
    for holder in ["lgd-block", "lgd-ulb", "pin", "village", "centre", "office", "lgd-district-lineage"] {
        assert!(count(holder) > 0, "{holder}: {lost}");
    }
    assert_eq!(count("ifsc"), 0, "names of districts are no codes");
    assert_eq!(lost.holders.iter().map(|one| one.count).sum::<usize>(), lost.count);
    let per_holder = |name: &str| lost.first.iter().filter(|one| one.holder == name).count();
    assert!(lost.holders.iter().all(|one| per_holder(&one.holder) <= 5) && lost.to_string().len() < 700, "{lost}");
}

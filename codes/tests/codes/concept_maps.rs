//! Concept maps and lineage.

use kanak_codes::{Codes, CodesError, Day, Direction, LineageStep, Relationship};
use proptest::prelude::*;

use crate::made;

fn day(text: &str) -> Option<Day> {
    Day::parse(text)
}

const DISTRICTS: &str = "code,display,parent,status,valid_from,valid_until,replaced_by\n\
    1,Whole,,retired,,2006-01-01,2\n2,Sangrur,,,2006-01-01,,\n3,Malerkotla,,,2021-05-14,,\n4,Barnala,,,2006-11-19,,\n";
const SPLITS: &str =
    "2,3,source-is-broader-than-target,2021-05-14,part of it\n2,4,source-is-broader-than-target,2006-11-19,\n";

fn district_codes() -> Codes {
    made::with(vec![
        made::part("d", "1", "case_insensitive = true", DISTRICTS),
        made::concept_map("splits", "d", "d", "lineage = true", SPLITS),
        made::concept_map(
            "to-state",
            "d",
            "lgd-state",
            "",
            "2,3,source-is-narrower-than-target,,\n2,6,related-to,2022-01-01,\n3,,not-related-to,,none\n4,3,equivalent,,\n",
        ),
    ])
}

#[test]
fn a_map_is_read_both_ways_and_back_narrow_is_broad() {
    use Relationship::{Equivalent, NotRelatedTo, RelatedTo, SourceIsBroaderThanTarget, SourceIsNarrowerThanTarget};
    let codes = district_codes();
    let read = |code: &str, direction| {
        let found = codes.translate("to-state", code, direction, None).unwrap();
        found.iter().map(|found| (found.mapping.to_code.to_owned(), found.mapping.relationship)).collect::<Vec<_>>()
    };
    assert_eq!(read(" 2 ", Direction::Forward), [("3".into(), SourceIsNarrowerThanTarget), ("6".into(), RelatedTo)]);
    assert_eq!(read("3", Direction::Reverse), [("4".into(), Equivalent), ("2".into(), SourceIsBroaderThanTarget)]);
    assert_eq!(read("3", Direction::Forward), [(String::new(), NotRelatedTo)]);
    assert_eq!(read("", Direction::Reverse), []);
    assert_eq!(read("9", Direction::Forward), []);
    let found = codes.translate("to-state", "2", Direction::Forward, day("2021-12-31")).unwrap();
    assert_eq!(found.len(), 1, "the other row holds from 2022 on");
    assert_eq!(found[0].concept.unwrap().display(), "PUNJAB");
    assert!(matches!(codes.translate("x", "2", Direction::Forward, None), Err(CodesError::UnknownConceptMap { .. })));
}

#[test]
fn lineage_tells_what_came_out_of_a_code_and_when() {
    let codes = district_codes();
    let steps = |steps: &[LineageStep<'_>]| {
        steps.iter().map(|step| (step.to_code.clone(), step.on, step.distance)).collect::<Vec<_>>()
    };
    let lineage = codes.lineage("d", "1", None).unwrap().unwrap();
    assert_eq!(
        steps(&lineage.successors),
        [("2".into(), day("2006-01-01"), 1), ("3".into(), day("2021-05-14"), 2), ("4".into(), day("2006-11-19"), 2)]
    );
    assert!(lineage.predecessors.is_empty());
    let lineage = codes.lineage("d", "3", None).unwrap().unwrap();
    assert_eq!(steps(&lineage.predecessors), [("2".into(), day("2021-05-14"), 1), ("1".into(), day("2006-01-01"), 2)]);
    assert_eq!(lineage.predecessors[0].relationship, Relationship::SourceIsNarrowerThanTarget);
    let then = codes.lineage("d", "2", day("2019-06-01")).unwrap().unwrap();
    assert_eq!(steps(&then.successors), [("4".into(), day("2006-11-19"), 1)], "what came later has not happened");
    assert!(codes.lineage("d", "9", None).unwrap().is_none());
    assert!(codes.lineage("x", "9", None).is_err());
}

#[test]
fn an_old_code_stands_on_a_day_for_what_came_out_of_it_by_then() {
    let codes = district_codes();
    let standing = |code: &str, on: &str| {
        let found = codes.standing_for("d", code, day(on).unwrap()).unwrap();
        found.iter().map(|concept| concept.display().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(standing("1", "2000-01-01"), ["Whole"]);
    assert_eq!(standing("2", "2019-06-01"), ["Sangrur", "Barnala"]);
    assert_eq!(standing("2", "2026-11-28"), ["Sangrur", "Malerkotla", "Barnala"]);
    assert_eq!(standing("1", "2026-11-28"), ["Sangrur", "Malerkotla", "Barnala"]);
    assert_eq!(standing("9", "2026-11-28"), Vec::<String>::new());
}

#[test]
fn codes_that_replace_each_other_in_a_circle_do_not_go_round_for_ever() {
    let rows = "2,3,related-to,,\n3,2,related-to,,\n3,3,equivalent,,\n";
    let codes = made::with(vec![
        made::part("d", "1", "", DISTRICTS),
        made::concept_map("round", "d", "d", "lineage = true", rows),
    ]);
    let lineage = codes.lineage("d", "2", None).unwrap().unwrap();
    assert_eq!(lineage.successors.iter().map(|step| step.to_code.as_str()).collect::<Vec<_>>(), ["3", "2"]);
}

#[test]
fn a_map_that_is_not_understood_is_refused_with_its_line() {
    let refuses = |more: &str, rows: &str, words: &str| {
        let error = Codes::builtin().unwrap().with(vec![made::concept_map("m", "a", "b", more, rows)]).unwrap_err();
        assert!(matches!(error, CodesError::Sidecar { .. }) && error.to_string().contains(words), "{error}");
    };
    refuses("", "1,2,wider,,\n", "rows line 2: `wider` is no relationship");
    refuses("", "1,2,equivalent,,\n1,,equivalent,,\n", "rows line 3: a row has a source and a target");
    refuses("", "1,2,equivalent,2021,\n", "valid_from `2021`");
    refuses("", "1,2\n", "line 2");
    refuses("lineage = true", "", "source_system and target_system differ");
    refuses("sense = true", "", "unknown field `sense`");
}

proptest! {
    #[test]
    fn what_a_map_leads_to_leads_back(rows in prop::collection::btree_set((0u8..9, 0u8..9, 0usize..5), 0..30), asked in 0u8..9) {
        let csv: String = rows.iter().map(|(from, to, word)| format!("{from},{to},{},,\n", Relationship::ALL[*word].word())).collect();
        let codes = made::with(vec![made::concept_map("m", "a", "b", "", &csv)]);
        let map = codes.get_concept_map("m").unwrap();
        let forward = codes.translate("m", &asked.to_string(), Direction::Forward, None).unwrap();
        prop_assert_eq!(forward.len(), rows.iter().filter(|(from, _, _)| *from == asked).count());
        for found in &forward {
            let back = map.find_mappings(found.mapping.to_code, Direction::Reverse);
            prop_assert!(back.into_iter().any(|back| back.to_code == found.mapping.from_code
                && back.relationship.reversed() == found.mapping.relationship));
        }
        prop_assert_eq!(map.mappings().len(), rows.len());
    }
}

//! What changed between two versions.

use std::collections::{BTreeMap, BTreeSet};

use kanak_codes::diff;
use proptest::prelude::*;

use crate::made;

#[test]
fn a_change_is_told_field_by_field() {
    let old = made::system(
        "s",
        "1",
        "",
        "code,display,parent,status,fee,gone\na,A,,,10,x\nb,B,,,10,\nc,C,,,,\nd,D,,retired,,\n",
    );
    let new = made::system(
        "s",
        "2",
        "",
        "code,display,parent,status,fee,new\na,A!,,,20,y\nb,B,,retired,10,\nd,D,,,,\ne,E,,,,\n",
    );
    let found = diff(&old, &new);
    let codes = |concepts: &[kanak_codes::Concept<'_>]| {
        concepts.iter().map(|concept| concept.code().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(
        (codes(&found.added), codes(&found.removed), codes(&found.retired)),
        (vec!["e".into()], vec!["c".into()], vec!["b".into()])
    );
    let changes: Vec<_> = found
        .changed
        .iter()
        .flat_map(|change| {
            change.fields.iter().map(|field| (change.concept.code(), field.field, field.before, field.after))
        })
        .collect();
    assert_eq!(
        changes,
        [
            ("a", "display", "A", "A!"),
            ("a", "fee", "10", "20"),
            ("a", "new", "", "y"),
            ("a", "gone", "x", ""),
            ("b", "status", "active", "retired"),
            ("d", "status", "retired", "active"),
        ]
    );
    let counted_once: Vec<_> = found.changed_not_retired().map(|change| change.concept.code()).collect();
    assert_eq!(counted_once, ["a", "d"], "b is retired");
}

proptest! {
    #[test]
    fn the_new_version_is_the_old_one_with_the_changes_made(
        old in prop::collection::btree_map(0u8..20, (0u8..3, any::<bool>()), 1..20),
        new in prop::collection::btree_map(0u8..20, (0u8..3, any::<bool>()), 1..20)
    ) {
        let csv = |rows: &BTreeMap<u8, (u8, bool)>| {
            let rows: String = rows.iter().map(|(code, (name, retired))| {
                format!("c{code},N{name},,{}\n", if *retired { "retired" } else { "" })
            }).collect();
            format!("code,display,parent,status\n{rows}")
        };
        let (before, after) = (made::system("s", "1", "", &csv(&old)), made::system("s", "2", "", &csv(&new)));
        let found = diff(&before, &after);
        let codes = |concepts: &[kanak_codes::Concept<'_>]| concepts.iter().map(|concept| concept.code().to_owned()).collect::<BTreeSet<_>>();
        let all = |rows: &BTreeMap<u8, (u8, bool)>| rows.keys().map(|code| format!("c{code}")).collect::<BTreeSet<_>>();
        prop_assert_eq!(codes(&found.added), all(&new).difference(&all(&old)).cloned().collect::<BTreeSet<_>>());
        prop_assert_eq!(codes(&found.removed), all(&old).difference(&all(&new)).cloned().collect::<BTreeSet<_>>());
        let both = |holds: fn(&(u8, bool), &(u8, bool)) -> bool| {
            new.iter().filter(|(code, after)| old.get(code).is_some_and(|before| holds(before, after)))
                .map(|(code, _)| format!("c{code}")).collect::<BTreeSet<_>>()
        };
        let changed: Vec<_> = found.changed.iter().map(|change| change.concept).collect();
        prop_assert_eq!(codes(&changed), both(|before, after| before != after));
        prop_assert_eq!(codes(&found.retired), both(|before, after| !before.1 && after.1));
        prop_assert_eq!(found.changed_not_retired().count() + found.retired.len(), found.changed.len());
        prop_assert_eq!(found.is_empty(), old == new);
        prop_assert!(diff(&after, &after).is_empty());
    }
}

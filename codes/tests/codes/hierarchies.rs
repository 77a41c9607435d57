//! Trees of codes, against a walk up the parents.

use kanak_codes::{CodeSystem, Codes, Concept, Subsumption};
use proptest::prelude::*;

use crate::made;

/// The codes above one by the parent column alone.
fn walk_up<'a>(system: &'a CodeSystem, concept: Concept<'a>) -> Vec<&'a str> {
    let up = |concept: &Concept<'a>| concept.parent().and_then(|code| system.lookup(code));
    std::iter::successors(up(&concept), up).map(|concept| concept.code()).collect()
}

proptest! {
    #[test]
    fn a_tree_answers_as_a_walk_up_the_parents_does(parents in prop::collection::vec(any::<prop::sample::Index>(), 1..30), shuffle: u64) {
        // Row n hangs on one before it, or on none; the rows then stand in any order.
        let mut rows: Vec<String> = parents.iter().enumerate().map(|(at, parent)| match parent.index(at + 1) {
            0 => format!("c{at},C,,"),
            above => format!("c{at},C,c{},", above - 1),
        }).collect();
        let count = rows.len();
        (1..count).for_each(|at| rows.swap(at, (shuffle as usize).wrapping_mul(at) % (at + 1)));
        let system = made::system("t", "1", "parent_system = \"t\"", &format!("code,display,parent,status\n{}\n", rows.join("\n")));
        let tree = system.hierarchy().unwrap();
        for a in system.concepts() {
            let above_a = walk_up(&system, a);
            prop_assert_eq!(tree.ancestors(a).map(|concept| concept.code()).collect::<Vec<_>>(), above_a.clone());
            prop_assert_eq!(tree.parent(a).map(|concept| concept.code()), above_a.first().copied());
            prop_assert_eq!(tree.children(a).collect::<Vec<_>>(), system.children(a.code()).collect::<Vec<_>>());
            let below = system.concepts().filter(|b| walk_up(&system, *b).contains(&a.code())).count();
            prop_assert_eq!(tree.descendants(a).len(), below);
            prop_assert!(tree.descendants(a).all(|b| tree.contains(a, b)));
            for b in system.concepts() {
                let expected = if a == b {
                    Subsumption::Equivalent
                } else if walk_up(&system, b).contains(&a.code()) {
                    Subsumption::Subsumes
                } else if above_a.contains(&b.code()) {
                    Subsumption::SubsumedBy
                } else {
                    Subsumption::NotSubsumed
                };
                prop_assert_eq!(tree.subsumes(a, b), expected);
                prop_assert_eq!(system.subsumes(a.code(), b.code()), Some(expected));
            }
        }
        prop_assert_eq!(tree.roots().count(), system.concepts().filter(|concept| concept.parent().is_none()).count());
    }
}

#[test]
fn a_circle_of_parents_is_refused_by_name() {
    let refuses = |more: &str, csv: &str, circle: &str| {
        let error = made::try_system("t", "1", more, csv).unwrap_err().to_string();
        assert!(error.contains(circle), "{error}");
    };
    let tree = "parent_system = \"t\"";
    refuses(tree, "code,display,parent,status\na,A,a,\n", "`parent` goes round in a circle: a < a");
    refuses(tree, "code,display,parent,status\nx,X,a,\na,A,b,\nb,B,c,\nc,C,a,\n", "a < b < c < a");
    refuses(
        "hierarchies = [\"chief\"]",
        "code,display,parent,status,chief\na,A,,,b\nb,B,,,a\n",
        "`chief` goes round in a circle: a < b < a",
    );
    refuses("hierarchies = [\"boss\"]", "code,display,parent,status,chief\na,A,,,\n", "`boss`, which is no column");
    let long: String = (0..50_000).map(|at| format!("c{at},C,c{},\n", (at + 1) % 50_000)).collect();
    refuses(tree, &format!("code,display,parent,status\n{long}"), "c0 < c1 < c2 < c3 < c4 < c5 < c6 < c7 < ... < c0");
}

#[test]
fn a_deep_tree_is_no_trouble() {
    let deep: String = (1..100_000).map(|at| format!("c{at},C,c{},\n", at - 1)).collect();
    let system =
        made::system("t", "1", "parent_system = \"t\"", &format!("code,display,parent,status\nc0,C,,\n{deep}"));
    assert_eq!(system.subsumes("c0", "c99999"), Some(Subsumption::Subsumes));
    assert_eq!(system.ancestors(system.lookup("c99999").unwrap()).count(), 99_999);
}

#[test]
fn a_property_makes_a_further_hierarchy_beside_the_main_one() {
    let csv = "code,display,parent,status,chief\nhead,H,,,\nclerk,C,head,,cashier\ncashier,K,head,,\n";
    let system = made::system("posts", "1", "parent_system = \"posts\"\nhierarchies = [\"chief\"]", csv);
    assert_eq!(system.hierarchy_names().collect::<Vec<_>>(), ["parent", "chief"]);
    let as_of = system.as_of(None);
    assert_eq!(as_of.subsumes("cashier", "clerk"), Some(Subsumption::NotSubsumed));
    assert_eq!(as_of.subsumes_in("chief", "cashier", "clerk"), Some(Subsumption::Subsumes));
    assert_eq!(as_of.subsumes_in("nobody", "cashier", "clerk"), None);
}

#[test]
fn concepts_of_another_system_are_in_no_relation() {
    let codes = Codes::builtin().unwrap();
    let tree = codes.get_system("nic").unwrap().hierarchy().unwrap();
    let bank = codes.get_system("bank").unwrap().concepts().next().unwrap();
    assert_eq!(tree.descendants(bank).len(), 0);
    assert_eq!((tree.children(bank).count(), tree.parent(bank)), (0, None));
    assert!(!tree.contains(bank, bank));
    assert_eq!(codes.get_system("nic").unwrap().find_property("level").unwrap().of(bank), None);
    assert!(codes.get_system("ifsc").unwrap().hierarchy().is_none());
}

#[test]
fn every_hierarchy_that_is_built_in_has_no_circle() {
    for system in Codes::builtin().unwrap().systems() {
        for name in system.hierarchy_names() {
            let tree = system.find_hierarchy(name).unwrap();
            assert!(tree.roots().map(|root| tree.descendants(root).len() + 1).sum::<usize>() == system.len());
        }
    }
}

//! Laws of searching before creating: an index finds what a batch would compare and weighs it as a rule set does, whatever came
//! first and however it came in.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kanak_engine::matching::{
    CANDIDATES_MAX, Columns, Index, MatchRules, Rank, RuleSet, Searched, Silent, Statement, match_batch, train,
};
use kanak_model::id::SourceRecordId;
use kanak_model::source_record::Values;
use proptest::prelude::*;

use super::{model, pick, values};

const GIVEN: [&str; 14] = [
    "Gurpreet",
    "Gurprit",
    "Gur Preet",
    "Harjeet",
    "Harjit",
    "Manpreet",
    "Sukhdev",
    "Sukhdew",
    "Rajinder",
    "Rajindar",
    "Paramjit",
    "Amandeep",
    "Aman Deep",
    "Kulwant Rai",
];
const SURNAMES: [&str; 6] = ["Sidhu", "Sidhoo", "Gill", "Sandhu Gill", "Brar", ""];
const VILLAGES: [&str; 7] = ["Rurka Kalan", "Rurkakalan", "Kalan Rurka", "Raikot", "Rai Kot", "Bhikhi", ""];
const REGISTERS: [&str; 3] = ["election", "food", ""];

/// Statements of few people, so that many are alike.
fn statements(count: usize, mut seed: u64) -> Vec<(SourceRecordId, &'static str, Values)> {
    let seed = &mut seed;
    let one = |place: usize| {
        let woman = pick(seed, 2) == 0;
        let second = if woman { "Kaur" } else { "Singh" };
        let name = |seed: &mut u64| {
            let full = [GIVEN[pick(seed, GIVEN.len())], second, SURNAMES[pick(seed, SURNAMES.len())]].join(" ");
            full.trim().to_owned()
        };
        let born = format!("{}-{:02}-{:02}", 1950 + pick(seed, 12), 1 + pick(seed, 3), 1 + pick(seed, 4));
        let mobile = format!("98140{:05}", pick(seed, 40));
        let card = ["", "0300001", "0300002", "A-17"][pick(seed, 4)];
        let record = values(&[
            ("full_name", &name(seed)),
            ("father_name", if pick(seed, 5) == 0 { "" } else { GIVEN[pick(seed, GIVEN.len())] }),
            ("spouse_name", if pick(seed, 2) == 0 { "" } else { GIVEN[pick(seed, GIVEN.len())] }),
            (
                "sex",
                if pick(seed, 3) == 0 {
                    ""
                } else if woman {
                    "F"
                } else {
                    "M"
                },
            ),
            ("date_of_birth", [&born[..], &born, &born, &born[..4], &born[..7]][pick(seed, 5)]),
            ("date_of_death", ["", "", "1999-05-01", "1955", "1957-02"][pick(seed, 5)]),
            ("mobile", if pick(seed, 3) == 0 { "" } else { &mobile }),
            ("ration_card", card),
            ("village", VILLAGES[pick(seed, VILLAGES.len())]),
            ("district", ["34", "36"][pick(seed, 2)]),
            ("pin", ["", "141001", "141002"][pick(seed, 3)]),
        ]);
        (SourceRecordId(place as i64 * 3 + 1), REGISTERS[pick(seed, REGISTERS.len())], record)
    };
    (0..count).map(one).collect()
}

type Rows = [(SourceRecordId, &'static str, Values)];

fn columns(rows: &Rows) -> Columns {
    let mut builder = Columns::builder(&model("citizen"));
    for (id, register, values) in rows {
        builder.push(*id, Rank::of(register, &id.0.to_string()), values);
    }
    builder.finish()
}

fn trained(rows: &Rows) -> Arc<RuleSet> {
    let rules = MatchRules::compile(&model("citizen")).unwrap();
    Arc::new(train(&rules, &columns(rows), 7))
}

fn index(rule_set: &Arc<RuleSet>, rows: &Rows) -> Index {
    Index::of(Arc::clone(rule_set), columns(rows))
}

fn ids(searched: &Searched) -> BTreeSet<SourceRecordId> {
    searched.found.iter().map(|found| found.id).collect()
}

#[track_caller]
fn check_weights(rule_set: &RuleSet, rows: &Rows, query: &(SourceRecordId, &'static str, Values), searched: &Searched) {
    for found in &searched.found {
        let (_, register, held) = rows.iter().find(|(id, ..)| *id == found.id).unwrap();
        for (left, right) in [((query.1, &query.2), (*register, held)), ((*register, held), (query.1, &query.2))] {
            let weighed = rule_set.weigh(Statement::of(left.0, left.1), Statement::of(right.0, right.1));
            assert_eq!(
                (found.weight_bits.to_bits(), found.probability.to_bits()),
                (weighed.weight_bits.to_bits(), weighed.probability.to_bits()),
                "{} or {} bits: {query:?} and {held:?}",
                found.weight_bits,
                weighed.weight_bits
            );
        }
    }
}

#[test]
fn what_is_found_weighs_what_the_rule_set_says_to_the_bit() {
    let all = statements(500, 3);
    let (rows, queries) = all.split_at(400);
    let rule_set = trained(rows);
    let index = index(&rule_set, rows);
    let mut found = 0;
    for query in queries {
        let searched = index.search(&query.2, query.1, usize::MAX);
        found += searched.found.len();
        check_weights(&rule_set, rows, query, &searched);
    }
    assert!(found > 1000, "{found}");
}

#[test]
fn what_a_batch_finds_a_search_finds_too() {
    let rows = statements(2500, 5);
    let mut rule_set = trained(&rows);
    assert!(!rule_set.refined.is_empty(), "some blocks are oversized, so that finer keys are looked up too");
    Arc::make_mut(&mut rule_set).rules.thresholds.review = 1e-6;
    let matched = match_batch(&rule_set, &columns(&rows), &[], &Silent);
    assert!(matched.pairs.len() > 1000, "{}", matched.pairs.len());
    let index = index(&rule_set, &rows);
    let answer = |(id, register, values): &(SourceRecordId, &'static str, Values)| {
        let searched = index.search(values, register, usize::MAX);
        assert_eq!(searched.passed_over, 0);
        let bits = searched.found.iter().map(|found| (found.id, found.weight_bits.to_bits()));
        (*id, bits.collect::<BTreeMap<_, _>>())
    };
    let answers: BTreeMap<SourceRecordId, BTreeMap<SourceRecordId, u64>> = rows.iter().map(answer).collect();
    for pair in &matched.pairs {
        for (from, to) in [(pair.left, pair.right), (pair.right, pair.left)] {
            assert_eq!(answers[&from].get(&to), Some(&pair.weight_bits.to_bits()), "{from:?} and {to:?}");
        }
    }
}

fn by_name(index: &Index, name: &str, limit: usize) -> Searched {
    index.search(&values(&[("full_name", name)]), "", limit)
}

#[test]
fn what_is_inserted_is_found_and_what_is_removed_is_not() {
    let rows = statements(200, 9);
    let rule_set = trained(&rows);
    let mut index = index(&rule_set, &rows);
    let new = values(&[
        ("full_name", "Zorawar Singh Dhaliwal"),
        ("date_of_birth", "1971-05-06"),
        ("mobile", "9876501234"),
        ("village", "Zira"),
    ]);
    let written_apart = values(&[("full_name", "Zora War Singh Dhaliwal"), ("mobile", "9876501234")]);
    let id = SourceRecordId(9_000);
    assert!(!ids(&index.search(&new, "food", 10)).contains(&id));
    index.insert(id, "food", &new);
    for query in [&new, &written_apart] {
        let searched = index.search(query, "election", 10);
        assert_eq!(searched.found[0].id, id);
        check_weights(
            &rule_set,
            &[(id, "food", new.clone())],
            &(id, "election", query.clone()),
            &Searched { found: vec![searched.found[0]], ..Searched::default() },
        );
    }
    assert_eq!(by_name(&index, "Zorawar Dhaliwal", 5).found[0].id, id);
    assert_eq!((index.len(), index.unsettled()), (201, 1));
    assert!(index.remove(id));
    assert!(!index.remove(id));
    assert!(!ids(&index.search(&new, "food", 10)).contains(&id));
    assert!(!ids(&by_name(&index, "Zorawar Dhaliwal", 5)).contains(&id));
    let (first, register, values) = &rows[0];
    assert!(ids(&index.search(values, register, usize::MAX)).contains(first));
    assert!(index.remove(*first));
    assert!(!ids(&index.search(values, register, usize::MAX)).contains(first));
    assert_eq!(index.len(), 199);
}

#[test]
fn what_is_inserted_again_is_found_as_it_stands_now() {
    let rows = statements(50, 1);
    let rule_set = trained(&rows);
    let mut index = index(&rule_set, &rows);
    let (old, new) = (values(&[("mobile", "9000000001")]), values(&[("mobile", "9000000002")]));
    let id = rows[4].0;
    index.insert(id, "", &old);
    index.insert(id, "", &new);
    assert!(index.search(&old, "", 5).found.is_empty());
    assert_eq!(index.search(&new, "", 5).found[0].id, id);
    assert_eq!(index.len(), 50);
}

#[test]
fn nothing_asked_or_nothing_held_finds_nothing() {
    let rows = statements(50, 1);
    let rule_set = trained(&rows);
    let nothing = values(&[]);
    assert_eq!(index(&rule_set, &rows).search(&nothing, "", 5), Searched::default());
    assert_eq!(index(&rule_set, &rows).search(&nothing, "food", 5), Searched::default());
    assert_eq!(index(&rule_set, &rows).search(&rows[0].2, "food", 0).found, []);
    let mut empty = index(&rule_set, &[]);
    assert_eq!(empty.search(&rows[0].2, "", 5), Searched::default());
    assert_eq!(by_name(&empty, "Gurpreet Singh", 5), Searched::default());
    assert!(empty.is_empty() && !empty.remove(rows[0].0));
    empty.insert(rows[0].0, rows[0].1, &rows[0].2);
    assert_eq!(empty.search(&rows[0].2, "", 5).found.len(), 1);
}

#[test]
fn a_bare_name_finds_those_who_bear_it_or_one_like_it() {
    let rows = [
        (SourceRecordId(1), "", values(&[("full_name", "Gurpreet Singh Sidhu"), ("mobile", "9814000001")])),
        (SourceRecordId(2), "", values(&[("full_name", "Gurprit Sidhu")])),
        (SourceRecordId(3), "", values(&[("full_name", "Gurpreet Gill")])),
        (SourceRecordId(4), "", values(&[("full_name", "Harjit Brar")])),
        (SourceRecordId(5), "", values(&[("full_name", "Gurpreet Singh Sidhu")])),
    ];
    let index = index(&trained(&statements(300, 2)), &rows);
    let searched = by_name(&index, "Gurpreet Singh Sidhu", 20);
    let found: Vec<i64> = searched.found.iter().map(|found| found.id.0).collect();
    assert_eq!((found[..2].to_vec(), found.contains(&2), found.contains(&4)), (vec![1, 5], true, false));
    assert_eq!(by_name(&index, "Gurpreet Singh Sidhu", 1).found, searched.found[..1]);
}

#[test]
fn who_is_passed_over_is_counted() {
    let row = |id: i64| (SourceRecordId(id), "", values(&[("full_name", "Gurpreet Singh")]));
    let rows: Vec<_> = (0..CANDIDATES_MAX as i64 + 7).map(row).collect();
    let index = index(&trained(&statements(300, 2)), &rows);
    let searched = by_name(&index, "Gurpreet Singh", 20);
    assert_eq!((searched.found.len(), searched.compared, searched.passed_over), (20, CANDIDATES_MAX, 7));
}

#[test]
fn firms_are_found_by_any_word_of_their_name() {
    let model = model("business");
    let firms = [
        (1, "Sidhu Hardware Store", "9814000001"),
        (2, "M/s Hardware Sidhu", "9814000002"),
        (3, "Amrit Bakery", "9814000003"),
        (4, "Gill Hardware", "9814000001"),
    ];
    let mut builder = Columns::builder(&model);
    let row = |(id, name, mobile): (i64, &str, &str)| {
        (SourceRecordId(id), "", values(&[("business_name", name), ("mobile", mobile)]))
    };
    let rows = firms.map(row);
    for (id, register, values) in &rows {
        builder.push(*id, Rank::of(register, &id.0.to_string()), values);
    }
    let columns = builder.finish();
    let rule_set = Arc::new(train(&MatchRules::compile(&model).unwrap(), &columns, 1));
    let mut index = Index::of(Arc::clone(&rule_set), columns);
    let query = (SourceRecordId(9), "", values(&[("business_name", "Sidhu Hardware")]));
    let check = |index: &Index, expected: &[i64]| {
        let searched = index.search(&query.2, query.1, 10);
        check_weights(&rule_set, &rows, &query, &searched);
        let found: Vec<i64> = searched.found.iter().map(|found| found.id.0).collect();
        assert_eq!(found, expected);
    };
    check(&index, &[1, 2, 4]);
    index.remove(SourceRecordId(2));
    check(&index, &[1, 4]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn neither_order_nor_tail_changes_an_answer(seed in any::<u64>(), cut in 0_usize..120) {
        let all = statements(150, seed);
        let (rows, queries) = all.split_at(120);
        let rule_set = trained(rows);
        let built = index(&rule_set, rows);
        let (held, later) = rows.split_at(cut);
        let mut grown = index(&rule_set, held);
        for (id, register, values) in later.iter().rev() {
            grown.insert(*id, register, values);
        }
        let gone: Vec<SourceRecordId> = rows.iter().step_by(7).map(|(id, ..)| *id).collect();
        let mut built_without = built;
        for id in &gone {
            built_without.remove(*id);
            grown.remove(*id);
        }
        let answers = |index: &Index| -> Vec<Searched> {
            let full = queries.iter().map(|(_, register, values)| index.search(values, register, 20));
            full.chain(GIVEN.iter().map(|name| by_name(index, name, 20))).collect()
        };
        let expected = answers(&built_without);
        prop_assert_eq!(&answers(&grown), &expected);
        let left: Vec<_> = rows.iter().rev().filter(|(id, ..)| !gone.contains(id)).cloned().collect();
        prop_assert_eq!(&answers(&index(&rule_set, &left)), &expected);
    }
}

//! Laws of matching, on hand-made people: what decides must be the records, the rules and the decisions, and nothing else.

#![expect(clippy::unwrap_used, reason = "a test stops where it cannot go on, and says what it measured or skipped")]

mod decisions;
mod evidence;
mod incremental;
mod index;

use kanak_engine::matching::{
    Columns, CutReason, MatchRules, Matched, Rank, RuleSet, Silent, Statement, explain_cluster, explain_pair,
    match_batch, train,
};
use kanak_model::EntityModel;
use kanak_model::builtin::ENTITY_MODELS;
use kanak_model::id::SourceRecordId;
use kanak_model::match_pair::{Constraint, ConstraintKind, Decision};
use kanak_model::source_record::{Stated, Values};
use proptest::prelude::*;

fn model(name: &str) -> EntityModel {
    let (file, text) = ENTITY_MODELS.into_iter().find(|(file, _)| *file == format!("{name}.toml")).unwrap();
    EntityModel::parse(file, text).unwrap()
}

fn values(pairs: &[(&str, &str)]) -> Values {
    let stated = pairs.iter().filter(|(_, value)| !value.is_empty());
    stated.map(|(name, value)| ((*name).to_owned(), Stated::new(*value, value))).collect()
}

const GIVEN: [(&str, &str); 12] = [
    ("Gurpreet", "Gurprit"),
    ("Harjeet", "Harjit"),
    ("Jaswinder", "Jasvinder"),
    ("Manpreet", "Manprit"),
    ("Sukhdev", "Sukhdew"),
    ("Rajinder", "Rajindar"),
    ("Paramjit", "Parmjeet"),
    ("Amandeep", "Amandip"),
    ("Kulwant", "Kulvant"),
    ("Balbir", "Balvir"),
    ("Navjot", "Navjott"),
    ("Simranjit", "Simranjeet"),
];
const SURNAMES: [&str; 7] = ["Sidhu", "Gill", "Sandhu", "Dhillon", "Brar", "Grewal", "Bajwa"];
const VILLAGES: [&str; 9] =
    ["Rurka Kalan", "Bhikhi", "Ghungrali", "Raikot", "Jandiala", "Budhlada", "Khurana", "Bassi Pathana", "Mehatpur"];
const DISTRICTS: [&str; 3] = ["34", "36", "43"];

/// A repeatable choice below `limit`.
fn pick(seed: &mut u64, limit: usize) -> usize {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*seed >> 33) as usize % limit
}

/// People with two or three records each; a record differs from the next in spelling and in what it leaves out.
fn people(count: usize, mut seed: u64) -> Vec<(SourceRecordId, Values, usize)> {
    let mut records = Vec::new();
    let mut card = String::new();
    let mut phone = String::new();
    for person in 0..count {
        let seed = &mut seed;
        // Three live together: with one ration card, and a phone of which now this one, now that one has the number.
        if person % 3 == 0 {
            card = format!("03{:010}", pick(seed, 100_000_000));
            phone = format!("97{:08}", pick(seed, 100_000_000));
        }
        let (name, other) = GIVEN[pick(seed, GIVEN.len())];
        let surname = SURNAMES[pick(seed, SURNAMES.len())];
        let father = format!("{} Singh", GIVEN[pick(seed, GIVEN.len())].0);
        let born = format!("{}-{:02}-{:02}", 1950 + pick(seed, 60), 1 + pick(seed, 12), 2 + pick(seed, 26));
        let mobile = format!("98{:08}", pick(seed, 100_000_000));
        let (place, district) = (VILLAGES[pick(seed, VILLAGES.len())], DISTRICTS[pick(seed, DISTRICTS.len())]);
        let woman = pick(seed, 2) == 0;
        let (second, sex) = if woman { ("Kaur", "F") } else { ("Singh", "M") };
        for copy in 0..2 + pick(seed, 2) {
            let given = if pick(seed, 3) == 0 { other } else { name };
            let full = if copy == 1 { format!("{given} {second}") } else { format!("{given} {second} {surname}") };
            let record = values(&[
                ("full_name", &full),
                ("father_name", if pick(seed, 6) == 0 { "" } else { &father }),
                ("sex", if pick(seed, 5) == 0 { "" } else { sex }),
                ("date_of_birth", if pick(seed, 5) == 0 { &born[..4] } else { &born }),
                ("mobile", [&mobile, &mobile, &phone, ""][pick(seed, 4)]),
                ("ration_card", if pick(seed, 2) == 0 { "" } else { &card }),
                ("village", if pick(seed, 6) == 0 { "" } else { place }),
                ("district", district),
            ]);
            records.push((SourceRecordId(records.len() as i64 * 3 + 1), record, person));
        }
    }
    records
}

fn rank(id: SourceRecordId) -> Rank {
    Rank::of("register", &id.0.to_string())
}

fn columns_of<'a>(model: &EntityModel, records: impl Iterator<Item = &'a (SourceRecordId, Values, usize)>) -> Columns {
    let mut builder = Columns::builder(model);
    for (id, values, _) in records {
        builder.push(*id, rank(*id), values);
    }
    builder.finish()
}

fn run(model: &EntityModel, columns: &Columns, constraints: &[Constraint]) -> (RuleSet, Matched) {
    let rule_set = train(&MatchRules::compile(model).unwrap(), columns, 7);
    let matched = match_batch(&rule_set, columns, constraints, &Silent);
    (rule_set, matched)
}

#[test]
fn training_and_matching_at_once_is_the_same_as_one_after_the_other() {
    let model = model("citizen");
    let records = people(300, 5);
    let columns = columns_of(&model, records.iter());
    let (rule_set, matched) = run(&model, &columns, &[]);
    let rules = MatchRules::compile(&model).unwrap();
    let at_once = kanak_engine::matching::train_and_match(&rules, &columns, 7, &[], None, &Silent);
    assert!(at_once.0 == rule_set, "the rule sets differ");
    assert_eq!(at_once.1, matched);
}

fn with_threads<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(work)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn neither_the_order_of_arrival_nor_the_number_of_threads_decides(seed in any::<u64>(), turn in 1_usize..400) {
        let model = model("citizen");
        let records = people(200, seed);
        let one = with_threads(1, || run(&model, &columns_of(&model, records.iter()), &[]));
        // The same source records arrive in another order, so that each has another id.
        let mut arriving: Vec<&(SourceRecordId, Values, usize)> = records.iter().collect();
        arriving.rotate_left(turn % 200);
        arriving.reverse();
        let two = with_threads(2, || {
            let mut builder = Columns::builder(&model);
            for (place, (id, values, _)) in arriving.iter().enumerate() {
                builder.push(SourceRecordId(place as i64), rank(*id), values);
            }
            run(&model, &builder.finish(), &[])
        });
        prop_assert!(one.0 == two.0, "the rule sets differ");
        prop_assert_eq!(&one.1.stats, &two.1.stats);
        let first_id = |id: SourceRecordId| arriving[id.0 as usize].0;
        let mut clusters: Vec<Vec<SourceRecordId>> = two.1.clusters.iter().map(|members| {
            let mut members: Vec<SourceRecordId> = members.iter().map(|id| first_id(*id)).collect();
            members.sort_unstable();
            members
        }).collect();
        clusters.sort_unstable();
        prop_assert_eq!(&one.1.clusters, &clusters);
        let mut pairs: Vec<_> = two.1.pairs.iter().map(|pair| {
            let (left, right) = (first_id(pair.left), first_id(pair.right));
            (left.min(right), left.max(right), pair.weight_bits.to_bits(), pair.decision)
        }).collect();
        pairs.sort_unstable_by_key(|pair| (pair.0, pair.1));
        let before: Vec<_> =
            one.1.pairs.iter().map(|pair| (pair.left, pair.right, pair.weight_bits.to_bits(), pair.decision)).collect();
        prop_assert_eq!(before, pairs);
    }

    #[test]
    fn every_record_is_in_exactly_one_cluster_and_decisions_hold(seed in any::<u64>()) {
        let model = model("citizen");
        let records = people(60, seed);
        let mut seed = seed;
        let constraints: Vec<Constraint> = (0..6)
            .map(|at| {
                let (a, b) = (pick(&mut seed, records.len() / 2), records.len() / 2 + pick(&mut seed, records.len() / 2));
                let kind = if at % 2 == 0 { ConstraintKind::MustLink } else { ConstraintKind::CannotLink };
                Constraint { left: records[a].0, right: records[b].0, kind }
            })
            .collect();
        let constraints: Vec<Constraint> = constraints
            .iter()
            .filter(|one| {
                // A steward cannot enter what contradicts: here, cannot-links that touch no must-link.
                one.kind == ConstraintKind::MustLink
                    || constraints.iter().all(|other| {
                        other.kind == ConstraintKind::CannotLink
                            || ![other.left, other.right].iter().any(|id| [one.left, one.right].contains(id))
                    })
            })
            .copied()
            .collect();
        let columns = columns_of(&model, records.iter());
        let (_, matched) = run(&model, &columns, &constraints);
        let mut ids: Vec<SourceRecordId> = matched.clusters.iter().flatten().copied().collect();
        ids.sort_unstable();
        let mut given = columns.ids().to_vec();
        given.sort_unstable();
        prop_assert_eq!(&ids, &given);
        let cluster = |id: SourceRecordId| matched.clusters.iter().position(|members| members.contains(&id));
        for constraint in &constraints {
            let together = cluster(constraint.left) == cluster(constraint.right);
            prop_assert_eq!(together, constraint.kind == ConstraintKind::MustLink, "{:?}", constraint);
        }
        for pair in &matched.pairs {
            let together = cluster(pair.left) == cluster(pair.right);
            prop_assert_eq!(together, pair.decision == Decision::Match, "{:?}", pair);
        }
    }
}

/// Two records and the bits of their weight.
type NamedPair = (i64, i64, u64);

/// Clusters and pairs by what the records are called, whatever ids they got: comparable between orders of arrival.
fn by_name(matched: &Matched, name: impl Fn(SourceRecordId) -> SourceRecordId) -> (Vec<Vec<i64>>, Vec<NamedPair>) {
    let mut clusters: Vec<Vec<i64>> = Vec::new();
    for members in &matched.clusters {
        let mut members: Vec<i64> = members.iter().map(|id| name(*id).0).collect();
        members.sort_unstable();
        clusters.push(members);
    }
    clusters.sort_unstable();
    let pair = |left: i64, right: i64, bits: f64| (left.min(right), left.max(right), bits.to_bits());
    let mut pairs: Vec<NamedPair> =
        matched.pairs.iter().map(|one| pair(name(one.left).0, name(one.right).0, one.weight_bits)).collect();
    pairs.sort_unstable();
    (clusters, pairs)
}

#[test]
fn twenty_thousand_records_cluster_alike_in_any_order_and_every_mechanism_is_at_work() {
    let model = model("citizen");
    let records = people(8_400, 5);
    assert!(records.len() >= 20_000, "{} records", records.len());
    let columns = columns_of(&model, records.iter());
    let rule_set = train(&MatchRules::compile(&model).unwrap(), &columns, 7);
    let free = with_threads(2, || match_batch(&rule_set, &columns, &[], &Silent));
    // A steward parts twenty pairs that were linked, and joins twenty records that were alone.
    let linked = free.clusters.iter().filter(|members| members.len() > 1).step_by(97).take(20);
    let alone: Vec<SourceRecordId> =
        free.clusters.iter().filter(|members| members.len() == 1).map(|members| members[0]).take(40).collect();
    let mut constraints: Vec<Constraint> = linked
        .map(|members| Constraint { left: members[0], right: members[1], kind: ConstraintKind::CannotLink })
        .collect();
    constraints.extend(alone.chunks_exact(2).map(|two| Constraint {
        left: two[0],
        right: two[1],
        kind: ConstraintKind::MustLink,
    }));
    let one = with_threads(1, || match_batch(&rule_set, &columns, &constraints, &Silent));

    let mut arriving: Vec<usize> = (0..records.len()).collect();
    arriving.reverse();
    arriving.rotate_left(4_321);
    let mut place_of = vec![0; records.len()];
    for (place, at) in arriving.iter().enumerate() {
        place_of[*at] = place as i64;
    }
    let at_of = |id: SourceRecordId| (id.0 / 3) as usize;
    let moved: Vec<Constraint> = constraints
        .iter()
        .map(|one| Constraint {
            left: SourceRecordId(place_of[at_of(one.left)]),
            right: SourceRecordId(place_of[at_of(one.right)]),
            kind: one.kind,
        })
        .collect();
    let other = with_threads(2, || {
        let mut builder = Columns::builder(&model);
        for (place, at) in arriving.iter().enumerate() {
            builder.push(SourceRecordId(place as i64), rank(records[*at].0), &records[*at].1);
        }
        match_batch(&rule_set, &builder.finish(), &moved, &Silent)
    });
    assert_eq!(one.stats, other.stats);
    assert!(by_name(&one, |id| id) == by_name(&other, |id| records[arriving[id.0 as usize]].0));

    let alone = RuleSet { second_pass: None, ..rule_set.clone() };
    let alone = match_batch(&alone, &columns, &[], &Silent);
    assert!(alone.clusters != free.clusters, "the second pass decided nothing");
    let cuts = |reason: CutReason| one.cuts.iter().filter(|cut| cut.reason == reason).count();
    assert!(one.stats.refined_blocks > 0 && one.stats.not_compared > 0, "{:?}", one.stats);
    assert!(cuts(CutReason::WeakBridge) > 0, "no weak bridge was cut");
    assert!(cuts(CutReason::CannotLink) > 0, "no cannot-link cut anything");
    let cluster_of = |id: SourceRecordId| one.clusters.iter().position(|members| members.contains(&id));
    for constraint in &constraints {
        let together = cluster_of(constraint.left) == cluster_of(constraint.right);
        assert_eq!(together, constraint.kind == ConstraintKind::MustLink, "{constraint:?}");
    }
}

#[test]
fn people_written_differently_are_found() {
    let model = model("citizen");
    let records = people(400, 11);
    let (_, matched) = run(&model, &columns_of(&model, records.iter()), &[]);
    let clusters: Vec<Vec<usize>> = matched
        .clusters
        .iter()
        .map(|members| members.iter().map(|id| records[(id.0 / 3) as usize].2).collect())
        .collect();
    let accuracy = kanak_engine::matching::accuracy::accuracy_of_entities(&clusters);
    assert!(accuracy.precision > 0.97 && accuracy.recall > 0.85, "{accuracy:?}");
}

#[test]
fn an_explanation_adds_up_to_the_weight_that_matching_used() {
    let model = model("citizen");
    let records = people(120, 5);
    let columns = columns_of(&model, records.iter());
    let (rule_set, matched) = run(&model, &columns, &[]);
    let kept = serde_json::to_string(&rule_set).unwrap();
    let replayed: RuleSet = serde_json::from_str(&kept).unwrap();
    assert!(replayed == rule_set, "a rule set reads back to the bit");
    let of = |id: SourceRecordId| Statement::of("register", &records[(id.0 / 3) as usize].1);
    assert!(matched.pairs.len() > 100);
    for pair in &matched.pairs {
        let explained = explain_pair(&replayed, &model, of(pair.left), of(pair.right));
        let sum: f64 = explained.rows.iter().map(|row| row.weight_bits).sum();
        assert!((sum - pair.weight_bits).abs() < 1e-9, "{sum} is not {}", pair.weight_bits);
        assert_eq!(replayed.weigh(of(pair.left), of(pair.right)).weight_bits.to_bits(), pair.weight_bits.to_bits());
        assert_eq!(explained.probability.to_bits(), pair.probability.to_bits());
        let swapped = replayed.weigh(of(pair.right), of(pair.left));
        assert_eq!(swapped.weight_bits.to_bits(), pair.weight_bits.to_bits(), "left and right are alike");
    }
}

#[test]
fn a_rule_set_from_before_anyone_moved_weighs_by_the_comparisons_alone() {
    let model = model("citizen");
    let records = people(120, 5);
    let columns = columns_of(&model, records.iter());
    let (rule_set, matched) = run(&model, &columns, &[]);
    let moved = rule_set.moved.as_ref().expect("citizens have homes");
    assert!(moved.share > 0.0 && moved.share < 0.2, "{moved:?}");
    let mut kept = serde_json::to_value(&rule_set).unwrap();
    kept.as_object_mut().unwrap().remove("moved");
    for comparison in kept["comparisons"].as_array_mut().unwrap() {
        for level in comparison["levels"].as_array_mut().unwrap() {
            level.as_object_mut().unwrap().remove("moved");
        }
    }
    let older: RuleSet = serde_json::from_value(kept).unwrap();
    let of = |id: SourceRecordId| Statement::of("register", &records[(id.0 / 3) as usize].1);
    for pair in &matched.pairs {
        let (now, then) = (rule_set.weigh(of(pair.left), of(pair.right)), older.weigh(of(pair.left), of(pair.right)));
        assert!(then.moved_bits.abs() < f64::EPSILON);
        assert!((now.weight_bits - now.moved_bits - then.weight_bits).abs() < 1e-9, "{now:?} {then:?}");
        assert!(now.moved_bits >= (1.0 - moved.share).log2() - 1e-12, "{now:?}");
    }
}

#[test]
fn a_cluster_is_explained_by_the_strongest_links_that_connect_it() {
    let model = model("citizen");
    let records = people(200, 5);
    let columns = columns_of(&model, records.iter());
    let (rule_set, matched) = run(&model, &columns, &[]);
    let cluster = matched.clusters.iter().max_by_key(|members| members.len()).unwrap();
    assert!(cluster.len() >= 3, "{cluster:?}");
    let statements: Vec<Statement<'_>> =
        cluster.iter().map(|id| Statement::of("register", &records[(id.0 / 3) as usize].1)).collect();
    let links = explain_cluster(&rule_set, &model, &statements);
    // A tree over all members.
    assert_eq!(links.len(), cluster.len() - 1);
    let mut group: Vec<usize> = (0..cluster.len()).collect();
    for link in &links {
        let (a, b) = (group[link.left], group[link.right]);
        assert_ne!(a, b, "a link within what is connected");
        group.iter_mut().filter(|of| **of == b).for_each(|of| *of = a);
    }
    // No pair that it leaves out is stronger than the weakest link on the way between its ends: here, than the weakest of all
    // that part the cluster when they are taken out one by one.
    for (out, weakest) in links.iter().enumerate() {
        let mut side: Vec<usize> = (0..cluster.len()).collect();
        for (_, link) in links.iter().enumerate().filter(|(at, _)| *at != out) {
            let (a, b) = (side[link.left], side[link.right]);
            side.iter_mut().filter(|of| **of == b).for_each(|of| *of = a);
        }
        for left in 0..cluster.len() {
            for right in (0..cluster.len()).filter(|right| side[*right] != side[left]) {
                let bits = rule_set.weigh(statements[left], statements[right]).weight_bits + rule_set.prior.bits();
                assert!(bits <= weakest.explanation.total_bits + 1e-9);
            }
        }
    }
    assert!(links.is_sorted_by(|a, b| a.explanation.total_bits >= b.explanation.total_bits));
    assert!(explain_cluster(&rule_set, &model, &statements[..1]).is_empty());
}

#[test]
fn an_explanation_says_what_was_compared_and_found() {
    let model = model("citizen");
    let columns = columns_of(&model, people(100, 3).iter());
    let (rule_set, _) = run(&model, &columns, &[]);
    let left =
        values(&[("full_name", "Gurpreet Kaur"), ("date_of_birth", "1985-03-04"), ("father_name", "Harjeet Singh")]);
    let right = values(&[
        ("full_name", "Gurprit Kaur Sidhu"),
        ("date_of_birth", "1955-03-04"),
        ("spouse_name", "Harjit Singh"),
    ]);
    let explained = explain_pair(&rule_set, &model, Statement::of("", &left), Statement::of("", &right));
    let row = |name: &str| explained.rows.iter().find(|row| row.attribute == name).unwrap();
    assert_eq!(row("full_name").level, "one within the other");
    assert_eq!(row("father_name").level, "agrees crosswise");
    assert_eq!(row("date_of_birth").level, "a generation apart");
    assert_eq!(row("mobile").level, "not stated on both sides");
    assert_eq!(row("father_name").right, "- / Harjit Singh");
    assert_eq!(explained.decision, Decision::NoMatch);
    assert!(explained.sentence.contains("Against: date of birth"), "{}", explained.sentence);
}

#[test]
fn twins_are_two_and_father_and_son_are_two() {
    let model = model("citizen");
    let mut records = people(300, 23);
    let twin = |name: &str, mobile: &str| {
        values(&[
            ("full_name", name),
            ("father_name", "Harbhajan Singh"),
            ("mother_name", "Surjit Kaur"),
            ("date_of_birth", "2004-05-17"),
            ("sex", "M"),
            ("mobile", mobile),
            ("village", "Raikot"),
            ("district", "36"),
        ])
    };
    let son = values(&[
        ("full_name", "Balbir Singh Gill"),
        ("date_of_birth", "1991-02-03"),
        ("sex", "M"),
        ("village", "Raikot"),
        ("mobile", "9811111111"),
        ("district", "36"),
    ]);
    let father = values(&[
        ("full_name", "Balbir Singh Gill"),
        ("date_of_birth", "1962-10-24"),
        ("sex", "M"),
        ("village", "Raikot"),
        ("mobile", "9811111111"),
        ("district", "36"),
    ]);
    for (at, record) in
        [twin("Kulwant Singh", "9812345678"), twin("Navjot Singh", "9812345678"), son, father].into_iter().enumerate()
    {
        records.push((SourceRecordId(10_000 + at as i64), record, 10_000 + at));
    }
    let (_, matched) = run(&model, &columns_of(&model, records.iter()), &[]);
    for cluster in &matched.clusters {
        assert!(cluster.iter().filter(|id| id.0 >= 10_000).count() <= 1, "{cluster:?}");
    }
}

#[test]
fn a_cannot_link_keeps_a_sure_match_apart_and_says_so() {
    let model = model("citizen");
    let records = people(100, 9);
    let columns = columns_of(&model, records.iter());
    let (rule_set, free) = run(&model, &columns, &[]);
    let sure = free.pairs.iter().find(|pair| pair.decision == Decision::Match && pair.probability > 0.999).unwrap();
    let cluster = free.clusters.iter().find(|members| members.contains(&sure.left)).unwrap();
    let constraints: Vec<Constraint> = cluster
        .iter()
        .filter(|other| **other != sure.left)
        .map(|other| Constraint {
            left: sure.left.min(*other),
            right: sure.left.max(*other),
            kind: ConstraintKind::CannotLink,
        })
        .collect();
    let matched = match_batch(&rule_set, &columns, &constraints, &Silent);
    assert!(matched.clusters.contains(&vec![sure.left]));
    let cut = matched.cuts.iter().find(|cut| (cut.left, cut.right) == (sure.left, sure.right)).unwrap();
    assert_eq!(cut.reason, CutReason::CannotLink);
    let pair = matched.pairs.iter().find(|pair| (pair.left, pair.right) == (sure.left, sure.right)).unwrap();
    assert_eq!(pair.decision, Decision::NoMatch);
}

#[test]
fn an_oversized_block_is_refined_counted_and_frozen() {
    let model = model("citizen");
    let mut records = people(150, 31);
    for at in 0..400 {
        let born = format!("{}-{:02}-{:02}", 1950 + at % 60, 1 + at % 12, 2 + at % 26);
        let record = values(&[
            ("full_name", "Gurpreet Singh"),
            ("date_of_birth", &born),
            ("village", "Raikot"),
            ("district", "36"),
        ]);
        records.push((SourceRecordId(20_000 + at), record, 20_000 + at as usize));
    }
    let columns = columns_of(&model, records.iter());
    let (rule_set, matched) = run(&model, &columns, &[]);
    assert!(!rule_set.refined.is_empty());
    assert!(matched.stats.refined_blocks > 0 && matched.stats.not_compared > 0, "{:?}", matched.stats);
    let village = matched
        .stats
        .rules
        .iter()
        .find(|rule| rule.rule.contains("sounds(village)") && rule.refined_blocks > 0)
        .unwrap();
    assert!(village.not_compared > 50_000, "{village:?}");
    assert!(village.compared + village.repeated + village.not_compared <= village.pairs, "{village:?}");
}

#[test]
fn a_handful_of_schemes_is_matched() {
    let model = model("scheme");
    let mut builder = Columns::builder(&model);
    let names = [
        "Ashirwad Scheme",
        "Free Textbooks",
        "Old Age Pension",
        "Mai Bhago Vidya",
        "Atta Dal Scheme",
        "Crop Residue Subsidy",
    ];
    for (at, name) in names.iter().enumerate() {
        builder.push(
            SourceRecordId(at as i64),
            rank(SourceRecordId(at as i64)),
            &values(&[("scheme_name", name), ("scheme_code", &format!("S{at}"))]),
        );
        builder.push(
            SourceRecordId(100 + at as i64),
            rank(SourceRecordId(100 + at as i64)),
            &values(&[("scheme_name", name), ("scheme_code", &format!("S{at}"))]),
        );
    }
    let columns = builder.finish();
    let (_, matched) = run(&model, &columns, &[]);
    assert_eq!(matched.clusters.len(), names.len(), "{:?}", matched.clusters);
}

#[test]
fn nothing_and_one_record_are_fine() {
    let model = model("citizen");
    let (_, matched) = run(&model, &Columns::builder(&model).finish(), &[]);
    assert!(matched.clusters.is_empty() && matched.pairs.is_empty());
    let (rule_set, matched) = run(&model, &columns_of(&model, people(1, 1).iter().take(1)), &[]);
    assert_eq!(matched.clusters.len(), 1);
    assert!(rule_set.prior.bits().is_finite());
    let nothing = rule_set.weigh(Statement::of("", &Values::new()), Statement::of("", &Values::new()));
    assert!(nothing.weight_bits.abs() < 1e-12 && nothing.parts.iter().all(|part| part.level.is_none()), "{nothing:?}");
}

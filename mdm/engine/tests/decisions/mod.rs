//! What people are asked, and what their answers do.

use std::collections::{HashMap, HashSet};

use kanak_engine::matching::{CutReason, MatchRules, Matched, RuleSet, Silent, match_batch, train_and_match};
use kanak_model::id::SourceRecordId;
use kanak_model::match_pair::{Constraint, ConstraintKind, Decision};

use super::{columns_of, model, people, rank, run, values};

fn cluster_of(matched: &Matched) -> HashMap<SourceRecordId, usize> {
    let members = matched.clusters.iter().enumerate();
    members.flat_map(|(at, members)| members.iter().map(move |id| (*id, at))).collect()
}

/// Three thousand people, and one resolution of them that leaves questions between clusters of several source records.
fn asked() -> (RuleSet, kanak_engine::matching::Columns, Matched) {
    let model = model("citizen");
    let columns = columns_of(&model, people(3_000, 5).iter());
    let (rule_set, matched) = run(&model, &columns, &[]);
    (rule_set, columns, matched)
}

#[test]
fn each_two_clusters_in_doubt_are_one_question_by_their_strongest_pair() {
    let (_, _, matched) = asked();
    let of = cluster_of(&matched);
    let two = |left: SourceRecordId, right: SourceRecordId| (of[&left].min(of[&right]), of[&left].max(of[&right]));
    let questions: HashSet<(usize, usize)> = matched.questions.iter().map(|one| two(one.left, one.right)).collect();
    assert_eq!(questions.len(), matched.questions.len(), "two questions about the same two");
    let doubted = matched.pairs.iter().filter(|pair| pair.decision == Decision::Review);
    let expected: HashSet<(usize, usize)> = doubted.clone().map(|pair| two(pair.left, pair.right)).collect();
    assert_eq!(questions, expected);
    assert!(matched.questions.len() < doubted.clone().count(), "no two pairs lie between the same two");
    let weight: HashMap<_, _> = matched.pairs.iter().map(|pair| ((pair.left, pair.right), pair.weight_bits)).collect();
    for question in &matched.questions {
        let asked = weight[&(question.left, question.right)];
        let between = doubted.clone().filter(|pair| two(pair.left, pair.right) == two(question.left, question.right));
        assert!(between.clone().all(|pair| pair.weight_bits <= asked), "{question:?}");
        assert!(question.weight_bits.is_finite() && (0.0..=1.0).contains(&question.probability));
    }
}

#[test]
fn yes_to_a_question_makes_one_of_the_whole_of_both() {
    let (rule_set, columns, before) = asked();
    let of = cluster_of(&before);
    let size = |id: SourceRecordId| before.clusters[of[&id]].len();
    let several = before.questions.iter().filter(|one| size(one.left) + size(one.right) > 3);
    let decided: Vec<Constraint> = several
        .take(60)
        .map(|one| Constraint { left: one.left, right: one.right, kind: ConstraintKind::MustLink })
        .collect();
    assert!(decided.len() > 10, "{} questions about groups", decided.len());
    let after = cluster_of(&match_batch(&rule_set, &columns, &decided, &Silent));
    for one in &decided {
        for member in before.clusters[of[&one.left]].iter().chain(&before.clusters[of[&one.right]]) {
            assert_eq!(after[member], after[&one.left], "{one:?} left {member} behind");
        }
    }
}

#[test]
fn what_stewards_confirmed_apart_is_joined_by_a_steward_alone_and_asked_about() {
    let (rule_set, columns, before) = asked();
    let kind = ConstraintKind::Confirmed;
    let confirmed = |left, right| Constraint { left, right, kind };
    let parted: Vec<&Vec<SourceRecordId>> = before.clusters.iter().filter(|members| members.len() > 1).collect();
    assert!(parted.len() > 100, "{} clusters of several", parted.len());
    // The first source record of each cluster is one confirmed golden record, all the others are another.
    let mut constraints: Vec<Constraint> = Vec::new();
    for members in &parted {
        constraints.push(confirmed(members[0], members[0]));
        constraints.extend(members[1..].iter().map(|member| confirmed(members[1], *member)));
    }
    let matched = match_batch(&rule_set, &columns, &constraints, &Silent);
    let of = cluster_of(&matched);
    assert!(parted.iter().all(|members| members[1..].iter().all(|other| of[other] != of[&members[0]])));
    let asked: HashSet<(usize, usize)> = matched
        .questions
        .iter()
        .map(|one| (of[&one.left].min(of[&one.right]), of[&one.left].max(of[&one.right])))
        .collect();
    let is_asked = |members: &Vec<SourceRecordId>| {
        let (one, other) = (of[&members[0]], of[&members[1]]);
        asked.contains(&(one.min(other), one.max(other)))
    };
    let unasked = parted.iter().filter(|members| !is_asked(members)).count();
    assert!(unasked * 50 < parted.len(), "{unasked} of {} are not asked about", parted.len());
    let cuts: Vec<_> = matched.cuts.iter().filter(|cut| cut.reason == CutReason::Confirmed).collect();
    assert!(cuts.iter().all(|cut| {
        let (one, other) = (of[&cut.left], of[&cut.right]);
        asked.contains(&(one.min(other), one.max(other)))
    }));
    // A steward's decision holds them together again, and makes one confirmed golden record of both.
    for members in &parted {
        constraints.push(confirmed(members[0], members[1]));
        constraints.push(Constraint { left: members[0], right: members[1], kind: ConstraintKind::MustLink });
    }
    let again = cluster_of(&match_batch(&rule_set, &columns, &constraints, &Silent));
    assert!(parted.iter().all(|members| again[&members[0]] == again[&members[1]]));
}

#[test]
fn what_is_left_to_a_steward_is_joined_by_a_steward_alone_and_asked_about() {
    let (rule_set, columns, before) = asked();
    let parted: Vec<&Vec<SourceRecordId>> = before.clusters.iter().filter(|members| members.len() > 1).collect();
    let constraint = |kind, one: SourceRecordId, other: SourceRecordId| {
        let (left, right) = (one.min(other), one.max(other));
        Constraint { left, right, kind }
    };
    // The first source record of each cluster is not to join any of the others by rule.
    let mut constraints: Vec<Constraint> = parted
        .iter()
        .flat_map(|members| members[1..].iter().map(|other| constraint(ConstraintKind::Asked, members[0], *other)))
        .collect();
    let matched = match_batch(&rule_set, &columns, &constraints, &Silent);
    let of = cluster_of(&matched);
    assert!(parted.iter().all(|members| members[1..].iter().all(|other| of[other] != of[&members[0]])));
    let is_asked = |members: &&&Vec<SourceRecordId>| {
        let of_first = |id: SourceRecordId| of[&id] == of[&members[0]];
        matched.questions.iter().any(|one| of_first(one.left) != of_first(one.right))
    };
    let unasked = parted.iter().filter(|members| !is_asked(members)).count();
    assert!(unasked * 20 < parted.len(), "{unasked} of {} are not asked about", parted.len());
    assert!(matched.cuts.iter().any(|cut| cut.reason == CutReason::Asked));
    constraints.extend(parted.iter().map(|members| constraint(ConstraintKind::MustLink, members[0], members[1])));
    let again = cluster_of(&match_batch(&rule_set, &columns, &constraints, &Silent));
    assert!(parted.iter().all(|members| again[&members[0]] == again[&members[1]]));
}

#[test]
fn what_a_steward_confirmed_is_not_taken_apart_by_rules_but_asked_about() {
    let (rule_set, columns, before) = asked();
    let constraint = |kind, (left, right): (SourceRecordId, SourceRecordId)| {
        let (left, right) = (left.min(right), left.max(right));
        Constraint { left, right, kind }
    };
    // Clusters that the evidence keeps apart were looked at as one golden record, two by two.
    let pairs: Vec<_> = before.clusters.chunks_exact(2).take(60).map(|two| (two[0][0], two[1][0])).collect();
    let mut constraints: Vec<Constraint> =
        pairs.iter().map(|pair| constraint(ConstraintKind::Confirmed, *pair)).collect();
    let held = match_batch(&rule_set, &columns, &constraints, &Silent);
    let of = cluster_of(&held);
    let asked: HashSet<_> = held.questions.iter().map(|one| (one.left, one.right)).collect();
    for (one, other) in &pairs {
        assert_eq!(of[one], of[other], "{one} and {other} were taken apart");
        assert!(asked.contains(&(*one.min(other), *one.max(other))), "nobody is asked about {one} and {other}");
    }
    assert!(held.questions.iter().all(|one| one.decision == Decision::Review));
    // A steward who decides that they do not match lets them part.
    constraints.extend(pairs.iter().map(|pair| constraint(ConstraintKind::CannotLink, *pair)));
    let parted = cluster_of(&match_batch(&rule_set, &columns, &constraints, &Silent));
    assert!(pairs.iter().all(|(one, other)| parted[one] != parted[other]));
}

#[test]
fn one_confirmed_golden_record_takes_in_what_nobody_confirmed() {
    let (rule_set, columns, before) = asked();
    let kind = ConstraintKind::Confirmed;
    let constraints: Vec<Constraint> =
        before.clusters.iter().map(|members| Constraint { left: members[0], right: members[0], kind }).collect();
    let after = match_batch(&rule_set, &columns, &constraints, &Silent);
    // The first pass joins a few for a while that the second parts; else nothing is other than before.
    let known: HashSet<&Vec<SourceRecordId>> = before.clusters.iter().collect();
    let others = after.clusters.iter().filter(|members| !known.contains(members)).count();
    assert!(others * 200 < before.clusters.len(), "{others} of {} clusters are others", before.clusters.len());
}

#[test]
fn answers_move_the_weights_and_are_counted() {
    let model = model("citizen");
    let mut records = people(400, 5);
    let first = records.len();
    // Two records each of forty people, alike but for a birthday that is years off.
    for person in 0..40_usize {
        for born in ["1950-04-05", "1971-09-17"] {
            let (name, village) = (format!("Tarlochan Singh Aulakh{person}"), format!("Chak {person}"));
            let stated = values(&[("full_name", &name), ("date_of_birth", born), ("village", &village)]);
            records.push((SourceRecordId(records.len() as i64 * 3 + 1), stated, 400 + person));
        }
    }
    let mut builder = kanak_engine::matching::Columns::builder(&model);
    for (id, values, _) in &records {
        builder.push(*id, rank(*id), values);
    }
    let columns = builder.finish();
    let rules = MatchRules::compile(&model).unwrap();
    let trained = |kind: Option<ConstraintKind>| {
        let twos = records[first..].chunks_exact(2);
        let decided: Vec<Constraint> = kind
            .map(|kind| twos.map(|two| Constraint { left: two[0].0, right: two[1].0, kind }).collect())
            .unwrap_or_default();
        let (rule_set, _) = train_and_match(&rules, &columns, 7, &decided, None, &Silent);
        assert_eq!(rule_set.answers, decided.len() as u64);
        let birth = rule_set.comparisons.iter().find(|one| one.attribute == "date_of_birth").unwrap();
        let different = birth.levels.last().unwrap();
        (different.m / different.u).log2()
    };
    let (unasked, same, different) =
        (trained(None), trained(Some(ConstraintKind::MustLink)), trained(Some(ConstraintKind::CannotLink)));
    assert!(same > unasked + 0.1, "a difference that people forgave weighs {same} bits, unasked {unasked}");
    assert!(different <= unasked + 1e-9, "one that they did not weighs {different} bits, unasked {unasked}");
}

//! Incremental resolution: after any sequence of arrivals, changes, departures and decisions, in batches of any size, the clusters are
//! those of one batch over all.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kanak_engine::matching::{
    Columns, CutReason, Incremental, MatchRules, Rank, RuleSet, Silent, match_around, match_batch, train,
    train_and_match_agreed,
};
use kanak_model::EntityModel;
use kanak_model::id::SourceRecordId;
use kanak_model::match_pair::{Constraint, ConstraintKind};
use kanak_model::sharing::AgreedLinks;
use kanak_model::source_record::Values;
use proptest::prelude::*;

use crate::{columns_of, model, people, pick, values};

type Records = BTreeMap<SourceRecordId, Values>;

/// A hub in small: what it holds, and the clusters that it keeps up incrementally.
struct Hub {
    model: EntityModel,
    rule_set: Arc<RuleSet>,
    records: Records,
    incremental: Incremental,
    cluster_of: BTreeMap<SourceRecordId, Vec<SourceRecordId>>,
    /// How many source records were heard, over all steps.
    heard: usize,
    /// In which register each source record stands.
    register: RegisterOf,
}

type RegisterOf = fn(SourceRecordId) -> &'static str;

const ONE_REGISTER: RegisterOf = |_| "register";

fn columns(model: &EntityModel, records: &Records, register: RegisterOf) -> Columns {
    let mut builder = Columns::builder(model);
    for (id, values) in records {
        builder.push(*id, Rank::of(register(*id), &id.0.to_string()), values);
    }
    builder.finish()
}

fn by_member(clusters: &[Vec<SourceRecordId>]) -> BTreeMap<SourceRecordId, Vec<SourceRecordId>> {
    clusters.iter().flat_map(|members| members.iter().map(|member| (*member, members.clone()))).collect()
}

impl Hub {
    fn of(model: EntityModel, rule_set: RuleSet, records: Records, constraints: &[Constraint]) -> Self {
        Self::in_registers(model, rule_set, records, constraints, ONE_REGISTER)
    }

    fn in_registers(
        model: EntityModel,
        rule_set: RuleSet,
        records: Records,
        constraints: &[Constraint],
        register: RegisterOf,
    ) -> Self {
        let all = columns(&model, &records, register);
        let cluster_of = by_member(&match_batch(&rule_set, &all, constraints, &Silent).clusters);
        let rule_set = Arc::new(rule_set);
        let incremental = Incremental::of(Arc::clone(&rule_set), all);
        Self { model, rule_set, records, incremental, cluster_of, heard: 0, register }
    }

    fn put(&mut self, id: SourceRecordId, values: Values) {
        self.incremental.put(id, Rank::of((self.register)(id), &id.0.to_string()), &values);
        self.records.insert(id, values);
    }

    fn remove(&mut self, id: SourceRecordId) {
        self.incremental.remove(id);
        self.records.remove(&id);
    }

    /// Settles what changed. Every cluster that loses or gains a member must be among those that are settled.
    fn settle(&mut self, constraints: &[Constraint]) {
        let around = self.incremental.around(constraints, usize::MAX).unwrap();
        self.heard += around.heard.len();
        let heard: Records = around.heard.iter().map(|id| (*id, self.records[id].clone())).collect();
        let heard = columns(&self.model, &heard, self.register);
        let matched = match_around(&self.rule_set, &heard, constraints, &around.settled, &Silent);
        let from_memory = self.incremental.columns_of(&around.heard);
        assert_eq!(match_around(&self.rule_set, &from_memory, constraints, &around.settled, &Silent), matched);
        let settled: BTreeSet<SourceRecordId> = around.settled.iter().copied().collect();
        if self.records.len() < 2_000 {
            let mut all =
                match_batch(&self.rule_set, &columns(&self.model, &self.records, self.register), constraints, &Silent)
                    .questions;
            all.retain(|one| settled.contains(&one.left) && settled.contains(&one.right));
            assert_eq!(matched.questions, all);
        }
        for members in &matched.clusters {
            assert!(members.iter().all(|member| settled.contains(member)), "a cluster stands half outside");
        }
        for id in &settled {
            for member in self.cluster_of.remove(id).into_iter().flatten() {
                let is_gone = !self.records.contains_key(&member);
                assert!(is_gone || settled.contains(&member), "a cluster is settled without one of its members");
            }
        }
        let records = &self.records;
        self.cluster_of.retain(|id, _| records.contains_key(id));
        self.cluster_of.extend(by_member(&matched.clusters));
    }

    /// The clusters kept up are those of one batch.
    fn check(&self, constraints: &[Constraint]) {
        let all = columns(&self.model, &self.records, self.register);
        let expected = by_member(&match_batch(&self.rule_set, &all, constraints, &Silent).clusters);
        let wrong: Vec<_> = expected.iter().filter(|(id, members)| self.cluster_of.get(id) != Some(members)).collect();
        assert!(wrong.is_empty(), "{} of {} differ, such as {:?}", wrong.len(), expected.len(), wrong.first());
        assert_eq!(self.cluster_of.len(), expected.len());
    }
}

/// A record as it is corrected: another phone, a spelling, a village.
fn corrected(values: &Values, others: &[(SourceRecordId, Values, usize)], seed: &mut u64) -> Values {
    let other = &others[pick(seed, others.len())].1;
    let taken = ["mobile", "ration_card", "village", "full_name", "date_of_birth"][pick(seed, 5)];
    let mut changed = values.clone();
    if let Some(stated) = other.find_stated(taken) {
        changed.insert(taken, stated.clone());
    }
    changed
}

/// Constraints on pairs of records that look alike, and on some that do not; some of the former are confirmed.
fn decisions(records: &[(SourceRecordId, Values, usize)], count: usize, seed: &mut u64) -> Vec<Constraint> {
    let mut decisions: Vec<Constraint> = Vec::new();
    for at in 0..count {
        let left = pick(seed, records.len() - 1);
        let (right, kind) = match at % 3 {
            0 => (left + 1, ConstraintKind::CannotLink),
            1 => (left + 1, ConstraintKind::Confirmed),
            _ => (pick(seed, records.len()), ConstraintKind::MustLink),
        };
        if left != right {
            decisions.push(Constraint { left: records[left].0, right: records[right].0, kind });
        }
    }
    decisions
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn a_sequence_of_changes_ends_where_one_batch_does(seed in any::<u64>(), begin in 0_usize..300, step in 1_usize..60) {
        let mut seed = seed;
        let model = model("citizen");
        let people = people(250, seed);
        let rule_set = train(&MatchRules::compile(&model).unwrap(), &columns_of(&model, people.iter()), 7);
        let first = people.iter().take(begin).map(|(id, values, _)| (*id, values.clone())).collect();
        let mut hub = Hub::of(model, rule_set, first, &[]);
        for some in people[begin..].chunks(step) {
            for (id, values, _) in some {
                hub.put(*id, values.clone());
            }
            hub.settle(&[]);
        }
        hub.check(&[]);
        let decided = decisions(&people, 20, &mut seed);
        for constraint in &decided {
            hub.incremental.touch(constraint.left);
            hub.incremental.touch(constraint.right);
        }
        hub.settle(&decided);
        hub.check(&decided);
        for _ in 0..3 {
            for _ in 0..step {
                let (id, values, _) = &people[pick(&mut seed, people.len())];
                if pick(&mut seed, 3) == 0 {
                    hub.remove(*id);
                } else {
                    hub.put(*id, corrected(values, &people, &mut seed));
                }
            }
            hub.settle(&decided);
            hub.check(&decided);
        }
        // Undone: who was decided about is looked at once more.
        for constraint in &decided {
            hub.incremental.touch(constraint.left);
            hub.incremental.touch(constraint.right);
        }
        hub.settle(&[]);
        hub.check(&[]);
    }
}

/// Four registers, so that the two or three source records of a person stand in two or three.
const FOUR_REGISTERS: RegisterOf = |id| ["food", "health", "land", "roll"][(id.0 / 3 % 4) as usize];
const REGISTER_PAIRS: [(&str, &str); 6] =
    [("food", "health"), ("food", "land"), ("food", "roll"), ("health", "land"), ("health", "roll"), ("land", "roll")];

/// The agreements that stand of all that could: one bit a pair.
fn agreed(bits: u8) -> AgreedLinks {
    REGISTER_PAIRS.into_iter().enumerate().filter(|(at, _)| bits >> at & 1 == 1).map(|(_, pair)| pair).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn under_agreements_changes_end_where_one_batch_does_and_no_cluster_holds_what_they_part(
        seed in any::<u64>(), step in 5_usize..60, bits in 0_u8..64,
    ) {
        let mut seed = seed;
        let model = model("citizen");
        let people = people(200, seed);
        let records: Records = people.iter().map(|(id, values, _)| (*id, values.clone())).collect();
        let rules = MatchRules::compile(&model).unwrap();
        let links = agreed(bits);
        let all = columns(&model, &records, FOUR_REGISTERS);
        let (rule_set, trained) = train_and_match_agreed(&rules, &all, 7, Some(&links), &[], &Silent);
        prop_assert_eq!(&match_batch(&rule_set, &all, &[], &Silent).clusters, &trained.clusters);
        prop_assert!(trained.stats.no_agreement > 0 || bits == 63);
        let decided = decisions(&people, 20, &mut seed);
        let first = records.iter().take(records.len() / 2).map(|(id, values)| (*id, values.clone())).collect();
        let mut hub = Hub::in_registers(model, rule_set, first, &decided, FOUR_REGISTERS);
        let rest: Vec<_> = records.iter().skip(records.len() / 2).collect();
        for some in rest.chunks(step) {
            for (id, values) in some {
                hub.put(**id, (*values).clone());
            }
            hub.settle(&decided);
        }
        hub.check(&decided);
        for _ in 0..step {
            let (id, values, _) = &people[pick(&mut seed, people.len())];
            if pick(&mut seed, 3) == 0 {
                hub.remove(*id);
            } else {
                hub.put(*id, corrected(values, &people, &mut seed));
            }
        }
        hub.settle(&decided);
        hub.check(&decided);
        for members in hub.cluster_of.values() {
            let registers: Vec<&str> = members.iter().map(|id| FOUR_REGISTERS(*id)).collect();
            prop_assert_eq!(links.find_parted(&registers), None, "{:?}", members);
        }
    }
}

#[test]
fn an_agreement_joins_what_it_allows_and_its_end_parts_it_whatever_a_steward_said() {
    let model = model("citizen");
    let people = people(120, 9);
    let records: Records = people.iter().map(|(id, values, _)| (*id, values.clone())).collect();
    let all = columns(&model, &records, FOUR_REGISTERS);
    let free = train(&MatchRules::compile(&model).unwrap(), &all, 7);
    let together = match_batch(&free, &all, &[], &Silent);
    let pair = together.clusters.iter().find(|members| members.len() > 1).unwrap();
    let (left, right) = (pair[0], pair[1]);
    let must = [Constraint { left, right, kind: ConstraintKind::MustLink }];
    let under = |links: Option<AgreedLinks>| {
        let rule_set = RuleSet { agreed: links, ..free.clone() };
        let matched = match_batch(&rule_set, &all, &must, &Silent);
        let stands = matched.clusters.iter().any(|members| members.contains(&left) && members.contains(&right));
        (stands, matched)
    };
    assert!(under(None).0 && under(Some(agreed(63))).0);
    assert_eq!(under(Some(agreed(63))).1.clusters, under(None).1.clusters, "all agreements are as good as none needed");
    let (stands, parted) = under(Some(AgreedLinks::default()));
    assert!(!stands, "a steward's word does not stand in for an agreement");
    assert_eq!(parted.clusters.len(), records.len() - within_one_register(&parted.clusters));
    assert!(
        parted.questions.iter().all(|one| FOUR_REGISTERS(one.left) == FOUR_REGISTERS(one.right)),
        "nobody is asked"
    );
    assert_eq!(parted.stats.compared + parted.stats.no_agreement, together.stats.compared);
    assert!(parted.pairs.iter().all(|one| FOUR_REGISTERS(one.left) == FOUR_REGISTERS(one.right)));
}

/// How many source records are in clusters beyond one a cluster: all of them in one register each.
fn within_one_register(clusters: &[Vec<SourceRecordId>]) -> usize {
    for members in clusters {
        assert!(members.iter().all(|id| FOUR_REGISTERS(*id) == FOUR_REGISTERS(members[0])), "{members:?}");
    }
    clusters.iter().map(|members| members.len() - 1).sum()
}

#[test]
fn where_two_may_stand_with_a_third_and_not_with_each_other_the_surer_one_does() {
    let model = model("citizen");
    let people = people(200, 21);
    let records: Records = people.iter().map(|(id, values, _)| (*id, values.clone())).collect();
    let all = columns(&model, &records, FOUR_REGISTERS);
    let free = train(&MatchRules::compile(&model).unwrap(), &all, 7);
    // Food may stand with health and with land, and these two may not stand together.
    let links: AgreedLinks = [("food", "health"), ("food", "land")].into_iter().collect();
    let rule_set = RuleSet { agreed: Some(links.clone()), ..free };
    let matched = match_batch(&rule_set, &all, &[], &Silent);
    let registers = |members: &Vec<SourceRecordId>| members.iter().map(|id| FOUR_REGISTERS(*id)).collect::<Vec<_>>();
    assert!(matched.clusters.iter().all(|members| links.find_parted(&registers(members)).is_none()));
    assert!(matched.clusters.iter().any(|members| members.len() > 1));
    assert!(matched.cuts.iter().any(|cut| cut.reason == CutReason::NoAgreement), "{:?}", matched.cuts);
}

#[test]
fn twenty_thousand_records_arriving_in_parts_cluster_as_in_one_batch() {
    let model = model("citizen");
    let people = people(8_400, 5);
    assert!(people.len() >= 20_000, "{} records", people.len());
    let rule_set = train(&MatchRules::compile(&model).unwrap(), &columns_of(&model, people.iter()), 7);
    let mut seed = 11;
    let decided = decisions(&people, 40, &mut seed);
    // The last five hundred come late, in five parts and out of order; some others change or go.
    let mut late: Vec<usize> = (0..500).map(|_| pick(&mut seed, people.len())).collect();
    late.sort_unstable();
    late.dedup();
    late.reverse();
    let is_late = |at: usize| late.binary_search_by(|other| at.cmp(other)).is_ok();
    let early = people.iter().enumerate().filter(|(at, _)| !is_late(*at));
    let early: Records = early.map(|(_, (id, values, _))| (*id, values.clone())).collect();
    let mut hub = Hub::of(model, rule_set, early, &decided);
    for part in late.chunks(100) {
        for at in part {
            hub.put(people[*at].0, people[*at].1.clone());
        }
        for _ in 0..10 {
            let (id, values, _) = &people[pick(&mut seed, people.len())];
            let is_here = hub.records.contains_key(id);
            if is_here && pick(&mut seed, 4) == 0 {
                hub.remove(*id);
            } else if is_here {
                hub.put(*id, corrected(values, &people, &mut seed));
            }
        }
        hub.settle(&decided);
    }
    hub.check(&decided);
    assert!(hub.heard < 5 * people.len() / 2, "{} were heard in five parts", hub.heard);
    let all = match_batch(&hub.rule_set, &columns(&hub.model, &hub.records, hub.register), &decided, &Silent);
    let cuts = |reason: CutReason| all.cuts.iter().filter(|cut| cut.reason == reason).count();
    assert!(all.stats.refined_blocks > 0 && all.stats.not_compared > 0, "{:?}", all.stats);
    assert!(cuts(CutReason::WeakBridge) > 0 && cuts(CutReason::CannotLink) > 0, "{:?}", all.cuts.len());
    let first_pass = RuleSet { second_pass: None, ..(*hub.rule_set).clone() };
    let first_pass = match_batch(&first_pass, &columns(&hub.model, &hub.records, hub.register), &decided, &Silent);
    assert!(first_pass.clusters != all.clusters, "the second pass decided nothing");
}

#[test]
fn a_number_that_a_crowd_states_is_nobodys_household_in_parts_either() {
    let model = model("citizen");
    let people = people(400, 3);
    let rule_set = train(&MatchRules::compile(&model).unwrap(), &columns_of(&model, people.iter()), 7);
    let mut records: Records = people.iter().map(|(id, values, _)| (*id, values.clone())).collect();
    let shop = values(&[("mobile", "9811111111")]).find_stated("mobile").unwrap().clone();
    for values in records.values_mut().step_by(5) {
        values.insert("mobile", shop.clone());
    }
    let mut hub = Hub::of(model, rule_set, records.clone(), &[]);
    let (id, mut changed) = records.into_iter().nth(100).unwrap();
    changed.insert("village", values(&[("village", "Raikot")]).find_stated("village").unwrap().clone());
    hub.put(id, changed);
    hub.settle(&[]);
    hub.check(&[]);
}

#[test]
fn a_number_that_becomes_a_crowds_or_a_households_again_is_settled_with_all_who_state_it() {
    let model = model("citizen");
    let people = people(400, 3);
    let rule_set = train(&MatchRules::compile(&model).unwrap(), &columns_of(&model, people.iter()), 7);
    let mut records: Records = people.iter().map(|(id, values, _)| (*id, values.clone())).collect();
    let shared = values(&[("ration_card", "030012345678")]).find_stated("ration_card").unwrap().clone();
    // Eight families' source records, side by side, on one card.
    for values in records.values_mut().skip(40).take(64) {
        values.insert("ration_card", shared.clone());
    }
    let (id, alone) = records.iter().nth(300).map(|(id, values)| (*id, values.clone())).unwrap();
    let mut with = alone.clone();
    with.insert("ration_card", shared);
    let stating: Vec<SourceRecordId> = records.keys().skip(40).take(64).copied().collect();
    let mut hub = Hub::of(model, rule_set, records, &[]);
    for changed in [with.clone(), alone.clone(), with, alone] {
        hub.put(id, changed.clone());
        let settled = hub.incremental.around(&[], usize::MAX).unwrap().settled;
        assert!(stating.iter().all(|one| settled.binary_search(one).is_ok()), "the clusters of some who state it stay");
        hub.put(id, changed);
        hub.settle(&[]);
        hub.check(&[]);
    }
}

#[test]
fn more_than_was_allowed_is_left_to_a_batch_and_stays_due() {
    let model = model("citizen");
    let people = people(100, 3);
    let rule_set = train(&MatchRules::compile(&model).unwrap(), &columns_of(&model, people.iter()), 7);
    let records: Records = people.iter().map(|(id, values, _)| (*id, values.clone())).collect();
    let mut hub = Hub::of(model, rule_set, records, &[]);
    hub.remove(people[0].0);
    assert_eq!(hub.incremental.around(&[], 0), None);
    hub.settle(&[]);
    hub.check(&[]);
    assert_eq!(hub.incremental.around(&[], 0), Some(kanak_engine::matching::Around::default()), "nothing is due twice");
}

//! Invariant 12: permits only add; prohibitions and scopes only narrow; what is missing or unknown denies.

#![expect(clippy::unwrap_used, reason = "a test may stop where it stands")]

use std::collections::{BTreeMap, BTreeSet};

use kanak_model::access::{LegalBasis, OfDepartment, Terms};
use kanak_model::purposes::Purposes;
use kanak_model::sharing::{Covered, Receipts, Registers};
use kanak_model::{Access, Caller, Class, GoldenId, Purpose, Role, UserId};
use proptest::prelude::*;

const REGISTERS: [&str; 3] = ["food", "health", "land"];
const DISTRICTS: [&str; 3] = ["27", "28", "43"];
const ATTRIBUTES: [(&str, Class); 5] = [
    ("title", Class::Public),
    ("district", Class::Internal),
    ("full_name", Class::Personal),
    ("mobile", Class::Personal),
    ("pan", Class::Sensitive),
];
const GOLDEN: i64 = 6;

/// What a golden record is in these tests: of one district or none, each value from one register.
fn district(golden: i64) -> Option<&'static str> {
    DISTRICTS.get(golden as usize % 4).copied()
}

fn register(golden: i64, attribute: usize) -> &'static str {
    REGISTERS[(golden as usize + attribute) % 3]
}

/// Everything that bears on a decision.
#[derive(Debug, Clone)]
struct World {
    caller: Caller,
    purpose: Purpose,
    basis: LegalBasis,
    bases: BTreeMap<String, Vec<String>>,
    terms: Terms,
}

impl World {
    /// The values that are seen: golden record and attribute.
    fn sees(&self) -> BTreeSet<(i64, &'static str)> {
        let terms = Terms { purposes: Purposes::none().replaced(&self.bases).unwrap(), ..self.terms.clone() };
        let Ok(access) = Access::decide_under(&self.caller, self.purpose, Some(self.basis), &terms) else {
            return BTreeSet::new();
        };
        let mut seen = BTreeSet::new();
        for golden in 0..GOLDEN {
            let find = |name: &str| if name == "district" { district(golden) } else { None };
            if !access.filter().passes_of(Some(GoldenId(golden)), &find) {
                continue;
            }
            for (at, (name, class)) in ATTRIBUTES.into_iter().enumerate() {
                let from = Some(register(golden, at));
                if access.shows(class) && access.withholds(Some(GoldenId(golden)), from, name, class).is_none() {
                    seen.insert((golden, name));
                }
            }
        }
        seen
    }
}

fn covered() -> impl Strategy<Value = Covered> {
    prop_oneof![
        Just(Covered::All),
        Just(Covered::nothing()),
        Just(Covered::parse(["full_name"]).unwrap()),
        Just(Covered::parse(["class:personal"]).unwrap()),
        Just(Covered::parse(["district", "class:public"]).unwrap()),
    ]
}

fn registers() -> impl Strategy<Value = Registers> {
    let these = prop::collection::btree_map(prop::sample::select(&REGISTERS[..]), covered(), 0..3);
    these
        .prop_map(|these| Registers::These(these.into_iter().map(|(name, covers)| (name.to_owned(), covers)).collect()))
}

fn receipts() -> impl Strategy<Value = Receipts> {
    prop::collection::vec((0..GOLDEN, covered()), 0..5).prop_map(|all| {
        let mut receipts = Receipts::default();
        for (golden, covers) in all {
            receipts.add(GoldenId(golden), covers);
        }
        receipts
    })
}

fn caller() -> impl Strategy<Value = Caller> {
    let districts = prop::option::of(prop::sample::subsequence(DISTRICTS.to_vec(), 0..=3));
    (prop::sample::subsequence(Role::ALL.to_vec(), 0..=6), districts).prop_map(|(roles, districts)| Caller {
        user: Some(UserId(1)),
        name: "someone".to_owned(),
        roles: roles.into_iter().collect(),
        districts: districts.map(|codes| codes.into_iter().map(str::to_owned).collect()),
    })
}

fn terms() -> impl Strategy<Value = Terms> {
    let purpose = || prop::sample::select(Purpose::ALL.to_vec());
    let agreed = prop::option::of(prop::collection::btree_map(purpose(), registers(), 0..4));
    let receipts = prop::collection::btree_map(purpose(), receipts(), 0..4);
    (agreed, any::<bool>(), receipts).prop_map(|(agreed, of_department, receipts)| Terms {
        agreed,
        of_department: if of_department { OfDepartment::Yes } else { OfDepartment::No },
        receipts,
        ..Terms::default()
    })
}

fn world() -> impl Strategy<Value = World> {
    let purpose = prop::sample::select(Purpose::ALL.to_vec());
    let basis = prop::sample::select(LegalBasis::ALL.to_vec());
    let bases = prop::sample::subsequence(LegalBasis::ALL.to_vec(), 1..=6);
    (caller(), purpose, basis, bases, terms()).prop_map(|(caller, purpose, basis, bases, terms)| {
        let bases =
            BTreeMap::from([(purpose.word().to_owned(), bases.iter().map(|one| one.word().to_owned()).collect())]);
        World { caller, purpose, basis, bases, terms }
    })
}

/// One permit more.
fn permitted(mut world: World, which: usize, at: usize, covers: &Covered) -> World {
    match which {
        0 => world.caller.roles.extend([Role::ALL[at % 6]]),
        1 => {
            if let Some(held) = &mut world.caller.districts {
                held.insert(DISTRICTS[at % 3].to_owned());
            }
        }
        2 => {
            let held = world.bases.entry(world.purpose.word().to_owned()).or_default();
            held.push(LegalBasis::ALL[at % 6].word().to_owned());
        }
        3 => {
            if let Some(agreed) = &mut world.terms.agreed {
                let registers = agreed.remove(&world.purpose).unwrap_or_else(Registers::none);
                let Registers::These(mut these) = registers else { return world };
                let name = REGISTERS[at % 3].to_owned();
                let held = these.remove(&name).unwrap_or_else(Covered::nothing);
                these.insert(name, held.or(covers.clone()));
                agreed.insert(world.purpose, Registers::These(these));
            }
        }
        _ => world.terms.receipts.entry(world.purpose).or_default().add(GoldenId(at as i64 % GOLDEN), covers.clone()),
    }
    world
}

/// One prohibition or scope more.
fn narrowed(mut world: World, which: usize, at: usize) -> World {
    match which {
        0 => world.caller.roles.retain(|role| *role != Role::ALL[at % 6]),
        1 => match &mut world.caller.districts {
            Some(held) => held.retain(|code| code != DISTRICTS[at % 3]),
            None => world.caller.districts = Some([DISTRICTS[at % 3].to_owned()].into()),
        },
        2 => {
            // The last one goes with the purpose.
            let basis = LegalBasis::ALL[at % 6].word();
            for held in world.bases.values_mut() {
                held.retain(|one| one != basis);
            }
            world.bases.retain(|_, held| !held.is_empty());
        }
        3 => match &mut world.terms.agreed {
            None => world.terms.agreed = Some(BTreeMap::new()),
            Some(agreed) => match agreed.get_mut(&world.purpose) {
                Some(Registers::These(these)) => these.retain(|name, _| name != REGISTERS[at % 3]),
                Some(Registers::Any) | None => {}
            },
        },
        4 => world.terms.of_department = OfDepartment::Yes,
        _ => {
            let purpose = world.purpose;
            world.terms.receipts.retain(|held, _| *held != purpose);
        }
    }
    world
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn a_permit_never_takes_a_value_away(world in world(), which in 0_usize..5, at in 0_usize..60, covers in covered()) {
        let before = world.sees();
        let after = permitted(world.clone(), which, at, &covers).sees();
        prop_assert!(after.is_superset(&before), "{world:?} with permit {which}/{at}: {before:?} and then {after:?}");
    }

    #[test]
    fn a_prohibition_or_scope_never_adds_a_value(world in world(), which in 0_usize..6, at in 0_usize..60) {
        let before = world.sees();
        let after = narrowed(world.clone(), which, at).sees();
        prop_assert!(after.is_subset(&before), "{world:?} with scope {which}/{at}: {before:?} and then {after:?}");
    }

    #[test]
    fn whoever_lacks_a_role_a_basis_or_a_receipt_sees_nothing(world in world()) {
        let nobody = World { caller: Caller { roles: BTreeSet::new(), ..world.caller.clone() }, ..world.clone() };
        prop_assert!(nobody.sees().is_empty());
        let baseless = World { bases: BTreeMap::new(), ..world.clone() };
        prop_assert!(baseless.sees().is_empty());
        let terms = Terms { receipts: BTreeMap::new(), ..world.terms.clone() };
        let without = World { basis: LegalBasis::Consent, terms, ..world };
        prop_assert!(without.sees().is_empty());
    }
}

#[test]
fn the_tests_see_something() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let seen = (0..500).filter(|_| {
        let world = proptest::strategy::Strategy::new_tree(&world(), &mut runner).unwrap();
        !proptest::strategy::ValueTree::current(&world).sees().is_empty()
    });
    assert!(seen.count() > 50, "most worlds show nothing, and prove nothing");
}

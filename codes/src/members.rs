//! Which codes are in a value set: a bit for each row of a version of a code system, worked out once.

use std::sync::{Arc, OnceLock};

use rustc_hash::FxHashMap;

use crate::{
    as_of::{AsOf, Judgement},
    bits::Bits,
    codes::Codes,
    concept::{Concept, Status},
    day::Day,
    error::CodesError,
    system::CodeSystem,
    table::Row,
    validate::{InvalidReason, Validation},
    value_set::{Rule, ValueSet},
};

/// The members of each value set in each version of each code system of a snapshot, once they have been asked for.
#[derive(Debug)]
pub(crate) struct MembersCache {
    /// By the address of the code system.
    by_system: FxHashMap<usize, Box<[OnceLock<Members>]>>,
}

/// Rows of one version that are in a value set.
#[derive(Debug, Default)]
struct Members {
    today: Bits,
    /// Those of which the dates have the last word: whether one is a member on a day, its validity says.
    on_a_day: Bits,
}

/// Which status a rule means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    /// That of today.
    Today,
    /// That on a day on which the concept is valid: it is active, unless it is retired and nobody knows since when.
    OnADay,
}

impl MembersCache {
    pub(crate) fn new<'a>(value_sets: usize, systems: impl Iterator<Item = &'a Arc<CodeSystem>>) -> Self {
        let slots = || (0..value_sets).map(|_| OnceLock::new()).collect();
        Self { by_system: systems.map(|system| (address(system), slots())).collect() }
    }
}

fn address(system: &CodeSystem) -> usize {
    std::ptr::from_ref(system).addr()
}

/// The codes of a value set in one version of a code system on a day, resolved once.
///
/// ```
/// # use kanak_codes::{Codes, Part};
/// let set = "name = \"big-states\"\ntitle_en = \"Big\"\ntitle_pa = \"ਵੱਡੇ\"\ntitle_hi = \"बड़े\"\nversion = \"1\"\n\
///     source = \"an example\"\nlicence = \"none stated\"\n[[include]]\nsystem = \"lgd-state\"\ncodes = [\"8\", \"9\"]\n";
/// let codes = Codes::builtin()?.with(vec![Part::ValueSet { text: set.to_owned() }])?;
/// let states = codes.get_system("lgd-state")?;
/// let members = codes.membership("big-states", states.as_of(None))?;
/// assert!(members.contains(states.lookup("9").expect("a state")));
/// assert!(!members.judge("3").is_valid());
/// # Ok::<_, kanak_codes::CodesError>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Membership<'a> {
    as_of: AsOf<'a>,
    rows: &'a Bits,
    value_set: &'a ValueSet,
}

/// What a code is to a value set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberJudgement<'a> {
    /// In it on the day.
    Member(Concept<'a>),
    /// A valid code of the system that the set does not have.
    NotAMember(Concept<'a>),
    /// No valid code of the system on the day.
    Invalid(Judgement<'a>),
}

impl MemberJudgement<'_> {
    /// Whether the code is in the set on the day.
    pub fn is_valid(&self) -> bool {
        matches!(self, Self::Member(_))
    }
}

impl<'a> Membership<'a> {
    /// The code system on its day.
    pub fn as_of(&self) -> AsOf<'a> {
        self.as_of
    }

    /// The value set.
    pub fn value_set(&self) -> &'a ValueSet {
        self.value_set
    }

    /// Whether a concept of the system is in the set on the day.
    pub fn contains(&self, concept: Concept<'_>) -> bool {
        self.rows.contains(concept.row)
            && std::ptr::eq(concept.table, self.as_of.system().table())
            && self.as_of.holds(concept)
    }

    /// What a code is to the set.
    pub fn judge(&self, code: &str) -> MemberJudgement<'a> {
        match self.as_of.judge(code) {
            Judgement::Valid(concept) if self.rows.contains(concept.row) => MemberJudgement::Member(concept),
            Judgement::Valid(concept) => MemberJudgement::NotAMember(concept),
            other => MemberJudgement::Invalid(other),
        }
    }

    /// Judges a code, with words and suggestions.
    pub fn validate(&self, code: &str) -> Validation<'a> {
        match self.as_of.validate(code) {
            Validation::Valid(concept) if !self.rows.contains(concept.row) => Validation::Invalid {
                reason: InvalidReason::NotInValueSet {
                    value_set: self.value_set.name().to_owned(),
                    code: concept.code().to_owned(),
                },
                suggestions: Vec::new(),
            },
            other => other,
        }
    }

    /// The members, in the order of the table.
    pub fn concepts(&self) -> impl Iterator<Item = Concept<'a>> + use<'a> {
        let as_of = *self;
        self.rows
            .iter()
            .map(move |row| as_of.as_of.system().concept(row))
            .filter(move |concept| as_of.as_of.holds(*concept))
    }

    /// The members, as rows.
    pub(crate) fn rows(&self) -> Bits {
        let mut rows = self.rows.clone();
        if let Some(day) = self.as_of.day() {
            let table = self.as_of.system().table();
            rows.retain(|row| table.validity(row).holds_on(day));
        }
        rows
    }
}

impl Codes {
    /// The members of a value set among the codes of a version, which must be one of this snapshot.
    ///
    /// # Errors
    /// [`CodesError::UnknownValueSet`], or [`CodesError::UnknownVersion`] of a code system that is not of this snapshot.
    pub fn membership<'a>(&'a self, value_set: &str, as_of: AsOf<'a>) -> Result<Membership<'a>, CodesError> {
        let at = self.value_set_at(value_set)?;
        let members = self.members(at, as_of.system()).ok_or_else(|| CodesError::UnknownVersion {
            system: as_of.system().name().to_owned(),
            version: as_of.system().version().to_owned(),
            known: "those of this snapshot".to_owned(),
        })?;
        let rows = if as_of.day().is_some() { &members.on_a_day } else { &members.today };
        Ok(Membership { as_of, rows, value_set: self.get_value_set(value_set)? })
    }

    /// The members of a value set on a day, code system by code system; systems that are not there are left out.
    ///
    /// # Errors
    /// [`CodesError::UnknownValueSet`].
    pub fn memberships(&self, value_set: &str, day: impl Into<Option<Day>>) -> Result<Vec<Membership<'_>>, CodesError> {
        let day = day.into();
        let systems = self.systems_of(value_set)?;
        let known = systems.into_iter().filter_map(|system| self.as_of(system, None, day).ok());
        known.map(|as_of| self.membership(value_set, as_of)).collect()
    }

    /// Judges a code in a value set on a day: one of a system or, when none is named, of any system of the set.
    ///
    /// # Errors
    /// [`CodesError::UnknownValueSet`] or [`CodesError::UnknownSystem`]. A wrong code is an answer, not an error.
    pub fn validate_in(
        &self,
        value_set: &str,
        system: Option<&str>,
        code: &str,
        day: impl Into<Option<Day>>,
    ) -> Result<Validation<'_>, CodesError> {
        let day = day.into();
        if let Some(system) = system {
            return Ok(self.membership(value_set, self.as_of(system, None, day)?)?.validate(code));
        }
        let memberships = self.memberships(value_set, day)?;
        if let [only] = &*memberships {
            return Ok(only.validate(code));
        }
        let judged = memberships.iter().find(|members| members.judge(code).is_valid());
        Ok(match judged {
            Some(members) => members.validate(code),
            None => Validation::Invalid {
                reason: InvalidReason::NotInValueSet { value_set: value_set.to_owned(), code: code.to_owned() },
                suggestions: Vec::new(),
            },
        })
    }

    fn members(&self, value_set: usize, system: &CodeSystem) -> Option<&Members> {
        let slot = &self.members_cache().by_system.get(&address(system))?[value_set];
        Some(slot.get_or_init(|| {
            let set = self.value_sets().nth(value_set).expect("the place of a value set was found by its name");
            let today = self.gather(set, system, Reading::Today);
            Members { on_a_day: self.gather(set, system, Reading::OnADay), today }
        }))
    }

    fn gather(&self, set: &ValueSet, system: &CodeSystem, reading: Reading) -> Bits {
        let is_of_system = |rule: &&Rule| rule.system.as_deref().is_none_or(|name| name == system.name());
        let mut rows = Bits::none(system.table().len());
        for rule in set.includes().iter().filter(is_of_system) {
            rows.unite(&self.rows_of(rule, system, reading));
        }
        if rows != Bits::none(system.table().len()) {
            for rule in set.excludes().iter().filter(is_of_system) {
                rows.subtract(&self.rows_of(rule, system, reading));
            }
        }
        rows
    }

    /// The rows for which all conditions of a rule hold. What a rule names and is not there holds for none.
    pub(crate) fn rows_of(&self, rule: &Rule, system: &CodeSystem, reading: Reading) -> Bits {
        let table = system.table();
        let only = |rows: &mut dyn Iterator<Item = Row>| {
            let mut bits = Bits::none(table.len());
            rows.for_each(|row| bits.insert(row));
            bits
        };
        let mut rows = Bits::all(table.len());
        if let Some(name) = &rule.value_set {
            match self.value_set_at(name).ok().and_then(|at| self.members(at, system)) {
                Some(members) if reading == Reading::Today => rows.intersect(&members.today),
                Some(members) => rows.intersect(&members.on_a_day),
                None => return Bits::none(table.len()),
            }
        }
        if !rule.codes.is_empty() {
            let codes = rule.codes.iter().filter_map(|code| system.lookup(code));
            rows.intersect(&only(&mut codes.map(|concept| concept.row)));
        }
        if let Some(code) = &rule.is_a {
            let hierarchy = system.find_hierarchy(rule.hierarchy.as_deref().unwrap_or("parent"));
            let below = hierarchy.zip(system.lookup(code));
            let below = below.map_or(&[][..], |(tree, concept)| tree.forest.with_descendants(concept.row));
            rows.intersect(&only(&mut below.iter().copied()));
        }
        if let Some(code) = &rule.parent {
            rows.intersect(&only(&mut system.children(code).map(|concept| concept.row)));
        }
        for (name, values) in &rule.properties {
            let Some(column) = table.find_property(name) else { return Bits::none(table.len()) };
            rows.retain(|row| values.fits(column.get(row)));
        }
        if let Some(status) = rule.status {
            rows.retain(|row| {
                let is_retired =
                    table.is_retired(row) && (reading == Reading::Today || table.validity(row).until.is_none());
                (status == Status::Retired) == is_retired
            });
        }
        rows
    }
}

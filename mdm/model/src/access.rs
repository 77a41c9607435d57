//! Who may read what, and why: one small tree, a parameter of every read of personal data.
//!
//! Permits only add, prohibitions and scopes only narrow, and what is unknown denies. The store compiles
//! [`Filter`] to SQL and the warehouse to its own expressions; both mask by [`Access::shows`] and leave out by
//! [`Access::withholds`].

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::id::{GoldenId, UserId};
use crate::kind::Class;
use crate::purposes::Purposes;
use crate::sharing::{Receipts, Registers};

/// What a person or program may do here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Users, keys, settings. Sees no personal data by this role alone.
    Administrator,
    /// Curates masters: sees personal attributes of doubtful pairs and golden records.
    Steward,
    /// Answers what other stewards escalate, and gives back what they hold. Beside `steward`: by this role alone nothing is seen.
    Supervisor,
    /// Reads golden records and crosswalks for a department's service.
    Department,
    /// Reads figures.
    Analyst,
    /// Reads the audit trail, and golden records without their personal values.
    Auditor,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Administrator, Self::Steward, Self::Supervisor, Self::Department, Self::Analyst, Self::Auditor];

    /// The word on the command line and in tables.
    pub fn word(self) -> &'static str {
        match self {
            Self::Administrator => "administrator",
            Self::Steward => "steward",
            Self::Supervisor => "supervisor",
            Self::Department => "department",
            Self::Analyst => "analyst",
            Self::Auditor => "auditor",
        }
    }

    /// Reads [`Role::word`].
    pub fn find(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.word() == word)
    }
}

/// Why data is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Curating masters.
    Stewardship,
    /// Delivering a service or benefit that the person asked for.
    ServiceDelivery,
    /// Figures in which no person is recognized.
    Statistics,
    /// Checking what others did.
    Audit,
    /// The hub's own work: matching, refreshing, verifying.
    Operation,
}

impl Purpose {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Stewardship, Self::ServiceDelivery, Self::Statistics, Self::Audit, Self::Operation];

    /// The word in requests and in the audit trail.
    pub fn word(self) -> &'static str {
        match self {
            Self::Stewardship => "stewardship",
            Self::ServiceDelivery => "service_delivery",
            Self::Statistics => "statistics",
            Self::Audit => "audit",
            Self::Operation => "operation",
        }
    }

    /// Reads [`Purpose::word`].
    pub fn find(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.word() == word)
    }
}

/// The law that a read rests on. Which bases carry a purpose is data: [`Purposes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LegalBasis {
    /// Digital Personal Data Protection Act 2023, section 7(b): a subsidy, benefit, service, certificate or licence of the State.
    StateService,
    /// The same act, section 17(2)(b): research and statistics without a decision about a person.
    Statistics,
    /// A duty under law: audit, inquiry, keeping the register.
    LegalDuty,
    /// A function of the State that a statute names (section 7(c)).
    Statute,
    /// The citizen's consent (section 6): only where a receipt of it stands.
    Consent,
    /// The order of a court (section 7(e)).
    CourtOrder,
}

impl LegalBasis {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::StateService, Self::Statistics, Self::LegalDuty, Self::Statute, Self::Consent, Self::CourtOrder];

    /// The word in requests, settings and the audit trail.
    pub fn word(self) -> &'static str {
        match self {
            Self::StateService => "state_service",
            Self::Statistics => "statistics",
            Self::LegalDuty => "legal_duty",
            Self::Statute => "statute",
            Self::Consent => "consent",
            Self::CourtOrder => "court_order",
        }
    }

    /// Reads [`LegalBasis::word`].
    pub fn find(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|basis| basis.word() == word)
    }
}

/// Who reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The signed-in user; `None` for a key or the hub itself.
    pub user: Option<UserId>,
    /// The name for the audit trail: a user name, a key's name, or `system:refresh`.
    pub name: String,
    /// What the caller may do.
    pub roles: BTreeSet<Role>,
    /// LGD codes of the districts the caller is confined to; `None` for the whole state.
    pub districts: Option<BTreeSet<String>>,
}

impl Caller {
    /// The hub's own work, named for the audit trail.
    pub fn system(job: &str) -> Self {
        Self { user: None, name: format!("system:{job}"), roles: BTreeSet::new(), districts: None }
    }

    /// Whether the caller has a role.
    pub fn has(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }
}

/// Which rows may be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Filter {
    /// Every row.
    Everything,
    /// None.
    Nothing,
    /// Rows whose attribute is one of these values; a missing value is not.
    AttributeIn {
        /// The attribute.
        attribute: String,
        /// The values.
        values: BTreeSet<String>,
    },
    /// Rows of these golden records, and of their source records.
    GoldenIn(BTreeSet<GoldenId>),
    /// Rows that pass all of these.
    All(Vec<Filter>),
}

impl Filter {
    /// Whether a row that belongs to no known golden record passes, given how to find its attributes.
    pub fn passes<'a>(&self, find: &dyn Fn(&str) -> Option<&'a str>) -> bool {
        self.passes_of(None, find)
    }

    /// Whether a row of a golden record passes, given how to find its attributes.
    pub fn passes_of<'a>(&self, golden: Option<GoldenId>, find: &dyn Fn(&str) -> Option<&'a str>) -> bool {
        match self {
            Self::Everything => true,
            Self::Nothing => false,
            Self::AttributeIn { attribute, values } => find(attribute).is_some_and(|value| values.contains(value)),
            Self::GoldenIn(ids) => golden.is_some_and(|golden| ids.contains(&golden)),
            Self::All(filters) => filters.iter().all(|filter| filter.passes_of(golden, find)),
        }
    }
}

/// What bears on one caller's reads beside roles and districts: which bases carry which purpose, what departments agreed, for whom
/// receipts of consent stand. What is not in it is not permitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// The bases of each purpose.
    pub purposes: Purposes,
    /// Of which registers a department reads values, by purpose; `None` where departments need no agreement.
    pub agreed: Option<BTreeMap<Purpose, Registers>>,
    /// Whether the caller is a department's: then agreements bear on whatever it reads, and else on service delivery alone.
    pub of_department: OfDepartment,
    /// For whom receipts stand, by purpose.
    pub receipts: BTreeMap<Purpose, Receipts>,
}

/// Whether a caller is a department's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OfDepartment {
    /// It is.
    Yes,
    /// It is nobody's in particular.
    No,
}

impl Default for Terms {
    /// The purposes that come with Kanak, no agreement needed, no receipt.
    fn default() -> Self {
        Self {
            purposes: Purposes::builtin().clone(),
            agreed: None,
            of_department: OfDepartment::No,
            receipts: BTreeMap::new(),
        }
    }
}

impl Terms {
    /// Of which registers values are read for a purpose.
    fn registers(&self, purpose: Purpose) -> Registers {
        match &self.agreed {
            Some(agreed) if purpose == Purpose::ServiceDelivery || self.of_department == OfDepartment::Yes => {
                agreed.get(&purpose).cloned().unwrap_or_else(Registers::none)
            }
            Some(_) | None => Registers::Any,
        }
    }
}

/// Why a value that its class would show is withheld.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Withheld {
    /// It is another register's, and no agreement that has force gives it.
    ByAgreement,
    /// The read rests on consent, and no receipt that stands covers it.
    ByConsent,
}

/// What one caller may read for one purpose. Made by [`Access::decide`] and [`Access::decide_under`] alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    caller: Caller,
    purpose: Purpose,
    basis: LegalBasis,
    scope: Scope,
}

/// Which rows and values an access shows: two of the same scope see the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    filter: Filter,
    shown: BTreeSet<Class>,
    registers: Registers,
    /// Of a read that rests on consent.
    receipts: Option<Receipts>,
}

/// A refusal, with the remedy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{caller} may not read for the purpose `{purpose}`; {remedy}", purpose = purpose.word())]
pub struct Denied {
    /// Who asked.
    pub caller: String,
    /// What for.
    pub purpose: Purpose,
    /// What would help.
    pub remedy: &'static str,
}

impl Access {
    /// Decides what `caller` may read for `purpose` under the purposes that come with Kanak, on the basis that holds when none is
    /// stated, where departments need no agreement.
    ///
    /// # Errors
    /// [`Denied`] when no role of the caller permits the purpose.
    pub fn decide(caller: &Caller, purpose: Purpose) -> Result<Self, Denied> {
        Self::decide_under(caller, purpose, None, &Terms::default())
    }

    /// Decides what `caller` may read for `purpose` on a legal basis, or on the one that holds when none is stated.
    ///
    /// # Errors
    /// [`Denied`] when no role of the caller permits the purpose, or the basis does not carry it.
    pub fn decide_under(
        caller: &Caller,
        purpose: Purpose,
        basis: Option<LegalBasis>,
        terms: &Terms,
    ) -> Result<Self, Denied> {
        let is_system = caller.user.is_none() && caller.name.starts_with("system:");
        let (permitted, shown): (bool, &[Class]) = match purpose {
            Purpose::Stewardship => (caller.has(Role::Steward), &[Class::Public, Class::Internal, Class::Personal]),
            Purpose::ServiceDelivery => (
                caller.has(Role::Department) || caller.has(Role::Steward),
                &[Class::Public, Class::Internal, Class::Personal],
            ),
            Purpose::Statistics => (
                caller.has(Role::Analyst) || caller.has(Role::Steward) || caller.has(Role::Administrator) || is_system,
                &[Class::Public, Class::Internal],
            ),
            Purpose::Audit => (caller.has(Role::Auditor), &[Class::Public, Class::Internal]),
            Purpose::Operation => (is_system, &[Class::Public, Class::Internal, Class::Personal, Class::Sensitive]),
        };
        let denied = |remedy| Denied { caller: caller.name.clone(), purpose, remedy };
        if !permitted {
            return Err(denied("ask an administrator for the role that serves this purpose"));
        }
        let bases = terms.purposes.bases(purpose);
        let basis = match basis {
            None => *bases
                .first()
                .ok_or_else(|| denied("no legal basis carries it; the settings name one in [purposes]"))?,
            Some(stated) if bases.contains(&stated) => stated,
            Some(_) => {
                return Err(denied("the stated `Legal-Basis` does not carry it; leave it out, or state one that does"));
            }
        };
        let receipts =
            (basis == LegalBasis::Consent).then(|| terms.receipts.get(&purpose).cloned().unwrap_or_default());
        let scope = Scope {
            filter: filter(caller, receipts.as_ref()),
            shown: shown.iter().copied().collect(),
            registers: if is_system { Registers::Any } else { terms.registers(purpose) },
            receipts,
        };
        Ok(Self { caller: caller.clone(), purpose, basis, scope })
    }

    /// What the hub itself may read to do `job`.
    pub fn operation(job: &str) -> Self {
        Self::decide(&Caller::system(job), Purpose::Operation).expect("the hub may do its own work")
    }

    /// Who reads.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// Why.
    pub fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// On what legal basis.
    pub fn basis(&self) -> LegalBasis {
        self.basis
    }

    /// Which rows.
    pub fn filter(&self) -> &Filter {
        &self.scope.filter
    }

    /// Whether values of this class are shown in clear.
    pub fn shows(&self, class: Class) -> bool {
        self.scope.shown.contains(&class)
    }

    /// Which rows and values, whoever reads them and why.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Of which registers values are shown.
    pub fn registers(&self) -> &Registers {
        &self.scope.registers
    }

    /// The receipts of consent that a read rests on; `None` where it rests on another basis.
    pub fn receipts(&self) -> Option<&Receipts> {
        self.scope.receipts.as_ref()
    }

    /// Why a value of a golden record is withheld, whatever its class; `None` when it is not. `register` is the one whose source record
    /// states it, where that is known.
    pub fn withholds(
        &self,
        golden: Option<GoldenId>,
        register: Option<&str>,
        attribute: &str,
        class: Class,
    ) -> Option<Withheld> {
        if !self.scope.registers.show(register, attribute, class) {
            return Some(Withheld::ByAgreement);
        }
        let receipts = self.scope.receipts.as_ref()?;
        let is_covered = golden.is_some_and(|golden| receipts.show(golden, attribute, class));
        (!is_covered).then_some(Withheld::ByConsent)
    }

    /// Whether values may be withheld that their class would show.
    pub fn may_withhold(&self) -> bool {
        self.scope.registers != Registers::Any || self.scope.receipts.is_some()
    }
}

impl Scope {
    /// Whether it shows every row, and withholds no value that its class would show.
    pub fn is_whole(&self) -> bool {
        self.filter == Filter::Everything && self.registers == Registers::Any && self.receipts.is_none()
    }
}

/// The rows of a caller's districts, and of them those with a receipt where a read rests on consent.
fn filter(caller: &Caller, receipts: Option<&Receipts>) -> Filter {
    let districts = match &caller.districts {
        None => Filter::Everything,
        Some(codes) if codes.is_empty() => Filter::Nothing,
        Some(codes) => Filter::AttributeIn { attribute: "district".to_owned(), values: codes.clone() },
    };
    match (receipts, districts) {
        (None, districts) => districts,
        (Some(receipts), Filter::Everything) => Filter::GoldenIn(receipts.golden().collect()),
        (Some(receipts), districts) => Filter::All(vec![districts, Filter::GoldenIn(receipts.golden().collect())]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(roles: &[Role], districts: Option<&[&str]>) -> Caller {
        Caller {
            user: Some(UserId(1)),
            name: "someone".to_owned(),
            roles: roles.iter().copied().collect(),
            districts: districts.map(|codes| codes.iter().map(|code| (*code).to_owned()).collect()),
        }
    }

    #[test]
    fn nobody_reads_personal_data_without_a_role_that_names_the_purpose() {
        for role in Role::ALL {
            let granted = Access::decide(&caller(&[role], None), Purpose::Stewardship).is_ok();
            assert_eq!(granted, role == Role::Steward, "{role:?}");
        }
        assert!(Access::decide(&caller(&[], None), Purpose::Statistics).is_err());
    }

    #[test]
    fn a_user_cannot_pose_as_the_hub() {
        let mut impostor = caller(&Role::ALL, None);
        impostor.name = "system:refresh".to_owned();
        assert!(Access::decide(&impostor, Purpose::Operation).is_err());
    }

    #[test]
    fn an_empty_scope_sees_nothing_and_a_scope_hides_rows_without_a_district() {
        let none = Access::decide(&caller(&[Role::Steward], Some(&[])), Purpose::Stewardship).unwrap();
        assert_eq!(none.filter(), &Filter::Nothing);
        let one = Access::decide(&caller(&[Role::Steward], Some(&["41"])), Purpose::Stewardship).unwrap();
        assert!(one.filter().passes(&|_| Some("41")));
        assert!(!one.filter().passes(&|_| Some("42")));
        assert!(!one.filter().passes(&|_| None));
    }

    #[test]
    fn adding_a_role_never_hides_and_statistics_never_shows_a_person() {
        for purpose in [Purpose::Stewardship, Purpose::ServiceDelivery, Purpose::Statistics, Purpose::Audit] {
            for role in Role::ALL {
                let alone = Access::decide(&caller(&[role], None), purpose).is_ok();
                let all = Access::decide(&caller(&Role::ALL, None), purpose).is_ok();
                assert!(all || !alone);
            }
        }
        let figures = Access::decide(&caller(&Role::ALL, None), Purpose::Statistics).unwrap();
        assert!(!figures.shows(Class::Personal) && !figures.shows(Class::Sensitive));
    }
}

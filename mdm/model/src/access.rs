//! Who may read what, and why: one small tree, a parameter of every read of personal data.
//!
//! Permits only add, prohibitions and scopes only narrow, and what is unknown denies. The store compiles
//! [`Filter`] to SQL and the warehouse to its own expressions; both mask by [`Access::shows`].

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::id::UserId;
use crate::kind::Class;

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
    /// Reads the audit trail.
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
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
        [Self::Stewardship, Self::ServiceDelivery, Self::Statistics, Self::Audit, Self::Operation]
            .into_iter()
            .find(|purpose| purpose.word() == word)
    }
}

/// The law that a read rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LegalBasis {
    /// Digital Personal Data Protection Act 2023, section 7(b): a subsidy, benefit, service, certificate or licence of the State.
    StateService,
    /// The same act, section 17(2)(b): research and statistics without a decision about a person.
    Statistics,
    /// A duty under law: audit, inquiry, keeping the register.
    LegalDuty,
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
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// Rows that pass all of these.
    All(Vec<Filter>),
}

impl Filter {
    /// Whether a row passes, given how to find its attributes.
    pub fn passes<'a>(&self, find: &dyn Fn(&str) -> Option<&'a str>) -> bool {
        match self {
            Self::Everything => true,
            Self::Nothing => false,
            Self::AttributeIn { attribute, values } => find(attribute).is_some_and(|value| values.contains(value)),
            Self::All(filters) => filters.iter().all(|filter| filter.passes(find)),
        }
    }
}

/// What one caller may read for one purpose. Made by [`Access::decide`] alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    caller: Caller,
    purpose: Purpose,
    basis: LegalBasis,
    filter: Filter,
    shown: BTreeSet<Class>,
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
    /// Decides what `caller` may read for `purpose`.
    ///
    /// # Errors
    /// [`Denied`] when no role of the caller permits the purpose.
    pub fn decide(caller: &Caller, purpose: Purpose) -> Result<Self, Denied> {
        let is_system = caller.user.is_none() && caller.name.starts_with("system:");
        let (permitted, basis, shown): (bool, LegalBasis, &[Class]) = match purpose {
            Purpose::Stewardship => {
                (caller.has(Role::Steward), LegalBasis::LegalDuty, &[Class::Public, Class::Internal, Class::Personal])
            }
            Purpose::ServiceDelivery => (
                caller.has(Role::Department) || caller.has(Role::Steward),
                LegalBasis::StateService,
                &[Class::Public, Class::Internal, Class::Personal],
            ),
            Purpose::Statistics => (
                caller.has(Role::Analyst) || caller.has(Role::Steward) || caller.has(Role::Administrator) || is_system,
                LegalBasis::Statistics,
                &[Class::Public, Class::Internal],
            ),
            Purpose::Audit => (caller.has(Role::Auditor), LegalBasis::LegalDuty, &[Class::Public, Class::Internal]),
            Purpose::Operation => {
                (is_system, LegalBasis::LegalDuty, &[Class::Public, Class::Internal, Class::Personal, Class::Sensitive])
            }
        };
        if !permitted {
            let remedy = "ask an administrator for the role that serves this purpose";
            return Err(Denied { caller: caller.name.clone(), purpose, remedy });
        }
        let filter = match &caller.districts {
            None => Filter::Everything,
            Some(codes) if codes.is_empty() => Filter::Nothing,
            Some(codes) => Filter::AttributeIn { attribute: "district".to_owned(), values: codes.clone() },
        };
        Ok(Self { caller: caller.clone(), purpose, basis, filter, shown: shown.iter().copied().collect() })
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
        &self.filter
    }

    /// Whether values of this class are shown in clear.
    pub fn shows(&self, class: Class) -> bool {
        self.shown.contains(&class)
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

//! What departments agreed to share and what citizens consented to: which registers may stand together in a golden record, who may
//! read what a register states, and for whom a receipt of consent stands.
//!
//! All of it is stored as words, and what does not read as such grants nothing.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::access::Purpose;
use crate::clock::Timestamp;
use crate::id::GoldenId;
use crate::kind::Class;

/// Which attributes an agreement or a receipt covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Covered {
    /// Every attribute.
    All,
    /// Some; none where both are empty.
    Some {
        /// Attributes by name.
        attributes: BTreeSet<String>,
        /// All attributes of these classes.
        classes: BTreeSet<Class>,
    },
}

/// The word for every attribute.
const ALL: &str = "all";
/// What the word for a class begins with.
const CLASS: &str = "class:";
const CLASSES: [(&str, Class); 4] = [
    ("public", Class::Public),
    ("internal", Class::Internal),
    ("personal", Class::Personal),
    ("sensitive", Class::Sensitive),
];

/// Words that cover nothing that is known. Whoever wrote them must act.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` covers nothing; write `all`, the names of attributes, or `class:` and one of public, internal, personal and sensitive"
)]
pub struct NothingCovered(pub String);

impl Covered {
    /// No attribute.
    pub fn nothing() -> Self {
        Self::Some { attributes: BTreeSet::new(), classes: BTreeSet::new() }
    }

    /// Reads words: `all`, or names of attributes and `class:personal`.
    ///
    /// # Errors
    /// [`NothingCovered`] for a word that is none, and where there is no word.
    pub fn parse<'w>(words: impl IntoIterator<Item = &'w str>) -> Result<Self, NothingCovered> {
        let (mut attributes, mut classes, mut all) = (BTreeSet::new(), BTreeSet::new(), false);
        for word in words {
            let word = word.trim();
            let is_name = |word: &str| {
                !word.is_empty()
                    && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
            };
            match word.strip_prefix(CLASS) {
                Some(class) => {
                    let class = CLASSES.iter().find(|(name, _)| *name == class);
                    classes.insert(class.ok_or_else(|| NothingCovered(word.to_owned()))?.1);
                }
                None if word == ALL => all = true,
                None if is_name(word) => {
                    attributes.insert(word.to_owned());
                }
                None => return Err(NothingCovered(word.to_owned())),
            }
        }
        match (all, attributes.is_empty() && classes.is_empty()) {
            (true, _) => Ok(Self::All),
            (false, true) => Err(NothingCovered(String::new())),
            (false, false) => Ok(Self::Some { attributes, classes }),
        }
    }

    /// The words that [`Covered::parse`] reads.
    pub fn words(&self) -> Vec<String> {
        match self {
            Self::All => vec![ALL.to_owned()],
            Self::Some { attributes, classes } => {
                let word = |class: &Class| {
                    CLASSES.iter().find(|(_, known)| known == class).map(|(word, _)| format!("{CLASS}{word}"))
                };
                attributes.iter().cloned().chain(classes.iter().filter_map(word)).collect()
            }
        }
    }

    /// As stored; nothing where it is not a list of words that are known.
    pub fn read(stored: &str) -> Self {
        let words: Vec<String> = serde_json::from_str(stored).unwrap_or_default();
        Self::parse(words.iter().map(String::as_str)).unwrap_or_else(|_| Self::nothing())
    }

    /// To be stored.
    pub fn stored(&self) -> String {
        serde_json::to_string(&self.words()).expect("words are always written")
    }

    /// Whether an attribute is covered.
    pub fn covers(&self, attribute: &str, class: Class) -> bool {
        match self {
            Self::All => true,
            Self::Some { attributes, classes } => attributes.contains(attribute) || classes.contains(&class),
        }
    }

    /// Whether nothing is.
    pub fn is_nothing(&self) -> bool {
        matches!(self, Self::Some { attributes, classes } if attributes.is_empty() && classes.is_empty())
    }

    /// What either covers.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::All, _) | (_, Self::All) => Self::All,
            (
                Self::Some { mut attributes, mut classes },
                Self::Some { attributes: more_attributes, classes: more_classes },
            ) => {
                attributes.extend(more_attributes);
                classes.extend(more_classes);
                Self::Some { attributes, classes }
            }
        }
    }
}

/// Purposes as stored; none where one is not known: an agreement that cannot be read has no force.
pub fn read_purposes(stored: &str) -> BTreeSet<Purpose> {
    let words: Vec<String> = serde_json::from_str(stored).unwrap_or_default();
    words.iter().map(|word| Purpose::find(word)).collect::<Option<_>>().unwrap_or_default()
}

/// Purposes to be stored.
pub fn stored_purposes(purposes: &BTreeSet<Purpose>) -> String {
    let words: Vec<&str> = purposes.iter().map(|purpose| purpose.word()).collect();
    serde_json::to_string(&words).expect("words are always written")
}

/// What a register is shared for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Party {
    /// Its source records may stand in one golden record with those of this register.
    LinkedWith(String),
    /// The callers of this department, by its code, may read what it states.
    ReadBy(String),
}

impl Party {
    /// The word in tables and answers.
    pub fn word(&self) -> &'static str {
        match self {
            Self::LinkedWith(_) => "linked_with",
            Self::ReadBy(_) => "read_by",
        }
    }

    /// The register or the department.
    pub fn name(&self) -> &str {
        match self {
            Self::LinkedWith(name) | Self::ReadBy(name) => name,
        }
    }

    /// Reads both; `None` for a word that is not known.
    pub fn find(word: &str, name: String) -> Option<Self> {
        match word {
            "linked_with" => Some(Self::LinkedWith(name)),
            "read_by" => Some(Self::ReadBy(name)),
            _ => None,
        }
    }
}

/// What one department lets another do with a register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgreementTerms {
    /// The register.
    pub register: String,
    /// With or by whom.
    pub party: Party,
    /// For which purposes.
    pub purposes: BTreeSet<Purpose>,
    /// Which attributes. A link is of whole source records, whatever is covered.
    pub covers: Covered,
    /// Since when.
    pub from: Timestamp,
    /// Until when; `None` until it is ended.
    pub until: Option<Timestamp>,
    /// The paper that says so.
    pub reference: String,
}

/// A sharing agreement of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreement {
    /// Its number.
    pub id: i64,
    /// What was agreed.
    pub terms: AgreementTerms,
    /// Who proposed it, and when.
    pub proposed: (String, Timestamp),
    /// Which second person of the owner approved it, and when.
    pub approved: Option<(String, Timestamp)>,
    /// Who ended it, and when.
    pub ended: Option<(String, Timestamp)>,
}

impl Agreement {
    /// Where it stands.
    pub fn standing(&self, at: Timestamp) -> Standing {
        if self.ended.as_ref().is_some_and(|(_, ended)| *ended <= at) {
            Standing::Ended
        } else if self.approved.as_ref().is_none_or(|(_, approved)| *approved > at) {
            Standing::Proposed
        } else if self.terms.until.is_some_and(|until| until <= at) {
            Standing::Expired
        } else if self.terms.from > at {
            Standing::ToCome
        } else {
            Standing::InForce
        }
    }

    /// Whether it has force.
    pub fn stands(&self, at: Timestamp) -> bool {
        self.standing(at) == Standing::InForce && !self.terms.purposes.is_empty() && !self.terms.covers.is_nothing()
    }
}

/// Where an agreement stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// A second person of the owner has not approved it.
    Proposed,
    /// Its time has not come.
    ToCome,
    /// It has force.
    InForce,
    /// Its time is over.
    Expired,
    /// It was ended.
    Ended,
}

impl Standing {
    /// The word in tables and answers.
    pub fn word(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::ToCome => "to_come",
            Self::InForce => "in_force",
            Self::Expired => "expired",
            Self::Ended => "ended",
        }
    }
}

/// Which registers may stand together in one golden record: pairs, the lesser name first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AgreedLinks(BTreeSet<(String, String)>);

impl AgreedLinks {
    /// What agreements that have force allow. Linking is the work of stewardship: an agreement of links names it.
    pub fn of<'a>(agreements: impl IntoIterator<Item = &'a Agreement>, at: Timestamp) -> Self {
        let standing = agreements.into_iter().filter(|agreement| agreement.stands(at));
        let pair = |agreement: &Agreement| match &agreement.terms.party {
            Party::LinkedWith(other) if agreement.terms.purposes.contains(&Purpose::Stewardship) => {
                Some(ordered(&agreement.terms.register, other))
            }
            Party::LinkedWith(_) | Party::ReadBy(_) => None,
        };
        Self(standing.filter_map(pair).collect())
    }

    /// Whether source records of two registers may stand together. Those of one register may; a register without a name is not known,
    /// and stands with nobody.
    pub fn allows(&self, one: &str, other: &str) -> bool {
        !one.is_empty() && (one == other || self.0.contains(&ordered(one, other)))
    }

    /// The first two of some registers that may not stand together.
    pub fn find_parted<'r>(&self, registers: &[&'r str]) -> Option<(&'r str, &'r str)> {
        let pairs =
            registers.iter().enumerate().flat_map(|(at, one)| registers[at..].iter().map(move |other| (*one, *other)));
        let mut parted = pairs.filter(|(one, other)| !self.allows(one, other));
        parted.next()
    }

    /// The pairs, ascending.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(one, other)| (one.as_str(), other.as_str()))
    }
}

impl<'r> FromIterator<(&'r str, &'r str)> for AgreedLinks {
    fn from_iter<T: IntoIterator<Item = (&'r str, &'r str)>>(pairs: T) -> Self {
        Self(pairs.into_iter().map(|(one, other)| ordered(one, other)).collect())
    }
}

fn ordered(one: &str, other: &str) -> (String, String) {
    let (lesser, greater) = if one <= other { (one, other) } else { (other, one) };
    (lesser.to_owned(), greater.to_owned())
}

/// Of which registers values are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Registers {
    /// Of any, known or not.
    Any,
    /// Of these, each as far as it is covered.
    These(BTreeMap<String, Covered>),
}

impl Registers {
    /// What a department reads for a purpose: its own registers, and of others what agreements that have force give it.
    pub fn agreed<'a>(
        own: impl IntoIterator<Item = String>,
        agreements: impl IntoIterator<Item = &'a Agreement>,
        department: &str,
        purpose: Purpose,
        at: Timestamp,
    ) -> Self {
        let mut these: BTreeMap<String, Covered> = own.into_iter().map(|register| (register, Covered::All)).collect();
        for agreement in agreements.into_iter().filter(|agreement| agreement.stands(at)) {
            let AgreementTerms { register, party, purposes, covers, .. } = &agreement.terms;
            let is_for_them = matches!(party, Party::ReadBy(reader) if reader == department);
            if is_for_them && purposes.contains(&purpose) {
                let covered = these.remove(register).unwrap_or_else(Covered::nothing);
                these.insert(register.clone(), covered.or(covers.clone()));
            }
        }
        Self::These(these)
    }

    /// None.
    pub fn none() -> Self {
        Self::These(BTreeMap::new())
    }

    /// Whether a value of a register is read; `None` where the register is not known.
    pub fn show(&self, register: Option<&str>, attribute: &str, class: Class) -> bool {
        match self {
            Self::Any => true,
            Self::These(these) => register
                .and_then(|register| these.get(register))
                .is_some_and(|covered| covered.covers(attribute, class)),
        }
    }

    /// Whether anything of a register is read.
    pub fn read(&self, register: &str) -> bool {
        match self {
            Self::Any => true,
            Self::These(these) => these.get(register).is_some_and(|covered| !covered.is_nothing()),
        }
    }
}

/// For which golden records receipts of consent stand, and which attributes they cover.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Receipts(BTreeMap<GoldenId, Covered>);

impl Receipts {
    /// Adds a receipt. One that covers nothing is none.
    pub fn add(&mut self, golden: GoldenId, covers: Covered) {
        if covers.is_nothing() {
            return;
        }
        let covered = self.0.remove(&golden).unwrap_or_else(Covered::nothing);
        self.0.insert(golden, covered.or(covers));
    }

    /// The golden records.
    pub fn golden(&self) -> impl Iterator<Item = GoldenId> {
        self.0.keys().copied()
    }

    /// The golden records whose receipts cover an attribute.
    pub fn golden_covered<'r>(&'r self, attribute: &'r str, class: Class) -> impl Iterator<Item = GoldenId> + 'r {
        self.0.iter().filter(move |(_, covered)| covered.covers(attribute, class)).map(|(golden, _)| *golden)
    }

    /// Whether a receipt of a golden record covers an attribute.
    pub fn show(&self, golden: GoldenId, attribute: &str, class: Class) -> bool {
        self.0.get(&golden).is_some_and(|covered| covered.covers(attribute, class))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agreement(party: Party) -> Agreement {
        Agreement {
            id: 1,
            terms: AgreementTerms {
                register: "health".to_owned(),
                party,
                purposes: [Purpose::Stewardship, Purpose::ServiceDelivery].into(),
                covers: Covered::parse(["full_name", "class:internal"]).unwrap(),
                from: Timestamp(10),
                until: Some(Timestamp(20)),
                reference: "order 7".to_owned(),
            },
            proposed: ("asha".to_owned(), Timestamp(1)),
            approved: Some(("bina".to_owned(), Timestamp(5))),
            ended: None,
        }
    }

    #[test]
    fn what_is_covered_reads_back_and_what_is_not_known_covers_nothing() {
        for words in [vec!["all"], vec!["full_name", "mobile"], vec!["district", "class:personal"]] {
            let covered = Covered::parse(words.iter().copied()).unwrap();
            assert_eq!(Covered::read(&covered.stored()), covered);
        }
        for stored in [
            "",
            "[]",
            "[\"class:secret\"]",
            "{\"all\":true}",
            "[\"all\",7]",
            "[\"Full Name\"]",
            "[\"all\",\"class:x\"]",
        ] {
            assert!(Covered::read(stored).is_nothing(), "{stored}");
        }
        assert!(Covered::parse(["class:secret"]).unwrap_err().to_string().contains("class:secret"));
        for stored in ["", "[\"curiosity\"]", "[\"stewardship\",\"curiosity\"]", "7"] {
            assert!(read_purposes(stored).is_empty(), "{stored}");
        }
    }

    #[test]
    fn an_agreement_has_force_from_its_day_until_its_end_and_after_a_second_approval() {
        let whole = agreement(Party::LinkedWith("food".to_owned()));
        for (at, stands) in
            [(9, Standing::ToCome), (10, Standing::InForce), (19, Standing::InForce), (20, Standing::Expired)]
        {
            assert_eq!(whole.standing(Timestamp(at)), stands, "{at}");
        }
        let proposed = Agreement { approved: None, ..whole.clone() };
        assert!(!proposed.stands(Timestamp(15)));
        let ended = Agreement { ended: Some(("asha".to_owned(), Timestamp(12))), ..whole };
        assert!(ended.stands(Timestamp(11)) && !ended.stands(Timestamp(12)));
    }

    #[test]
    fn links_go_both_ways_and_an_unknown_register_stands_with_nobody() {
        let links = AgreedLinks::of(&[agreement(Party::LinkedWith("food".to_owned()))], Timestamp(15));
        assert!(links.allows("food", "health") && links.allows("health", "food") && links.allows("land", "land"));
        assert!(!links.allows("food", "land") && !links.allows("", "") && !links.allows("", "food"));
        assert_eq!(links.find_parted(&["food", "health", "land"]), Some(("food", "land")));
        assert_eq!(
            AgreedLinks::of(&[agreement(Party::LinkedWith("food".to_owned()))], Timestamp(20)),
            AgreedLinks::default()
        );
        let stored = serde_json::to_string(&links).unwrap();
        assert_eq!(serde_json::from_str::<AgreedLinks>(&stored).unwrap(), links);
    }

    #[test]
    fn a_department_reads_its_own_registers_and_what_agreements_cover() {
        let given = [agreement(Party::ReadBy("food".to_owned()))];
        let registers = |department, purpose, at| {
            Registers::agreed(["ration".to_owned()], &given, department, purpose, Timestamp(at))
        };
        let theirs = registers("food", Purpose::ServiceDelivery, 15);
        assert!(theirs.show(Some("ration"), "mobile", Class::Personal));
        assert!(theirs.show(Some("health"), "full_name", Class::Personal));
        assert!(!theirs.show(Some("health"), "mobile", Class::Personal));
        assert!(
            !theirs.show(None, "full_name", Class::Personal) && !theirs.show(Some("land"), "full_name", Class::Public)
        );
        for other in [
            registers("food", Purpose::Statistics, 15),
            registers("food", Purpose::ServiceDelivery, 20),
            registers("land", Purpose::ServiceDelivery, 15),
        ] {
            assert!(!other.read("health"));
        }
    }
}

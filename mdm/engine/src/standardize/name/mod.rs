//! Names of people: what their words are for.
//!
//! A name field of a register holds more than a name: `Smt. GURPREET KAUR W/o S. Harbhajan Singh`. It is read into given name,
//! second names that nearly everybody bears (Singh, Kaur ..: custom and sex, not identity), surname, and the relative named.

mod parse;
mod words;

pub use super::sex::Sex;

/// A person's name, read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PersonName {
    /// The first given name; none for initials only and for a newborn without a name.
    pub given: Option<String>,
    /// Names between given name and surname, and second names that tell who somebody is (Lal, Chand).
    pub middle: Vec<String>,
    /// The last name, Singh, Kaur and their like left out.
    pub surname: Option<String>,
    /// Second names borne by custom, in order.
    pub markers: Vec<Marker>,
    /// Single letters that stand for names, in order.
    pub initials: Vec<char>,
    /// All words of the name in order, titles and relation left out; Latin ones in title case.
    pub tokens: Vec<String>,
    /// The relative named in the same field, and how they are related: `(WifeOf, "Harbhajan Singh")`.
    pub relation: Option<(Relation, String)>,
    /// The sex that a title, a second name or the relation implies.
    pub implied_sex: Option<Sex>,
}

/// A second name borne by custom. It tells sex and community, and but for Lal and Chand hardly ever who somebody is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is the name itself")]
pub enum Marker {
    Singh,
    Kaur,
    Kumar,
    Kumari,
    Devi,
    Rani,
    Lal,
    Chand,
    Bai,
    Wati,
    Bibi,
    Begum,
}

impl Marker {
    /// The second name that a word is, whatever its script and case.
    pub fn find(word: &str) -> Option<Self> {
        words::meaning(&super::script::bare(word)).marker
    }

    /// The sex of those who bear it by custom.
    pub fn sex(self) -> Sex {
        words::sex_of(self)
    }
}

/// How somebody is related to the relative named beside them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is what the field says")]
pub enum Relation {
    SonOf,
    DaughterOf,
    WifeOf,
    HusbandOf,
    MotherOf,
    FatherOf,
    CareOf,
    BabyOf,
}

/// What the relative is to the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is a word of the family")]
pub enum Relative {
    Father,
    Mother,
    Spouse,
    Child,
    Guardian,
}

impl Relation {
    /// What the relative named is to the person: `S/o Harbhajan Singh` names the father, `S/o Gurmeet Kaur` the mother.
    pub fn relative(self, relative_name: &str) -> Relative {
        match self {
            Self::SonOf | Self::DaughterOf => match parse_person_name(relative_name).implied_sex {
                Some(Sex::Female) => Relative::Mother,
                _ => Relative::Father,
            },
            Self::BabyOf => match parse_person_name(relative_name).implied_sex {
                Some(Sex::Male) => Relative::Father,
                _ => Relative::Mother,
            },
            Self::WifeOf | Self::HusbandOf => Relative::Spouse,
            Self::MotherOf | Self::FatherOf => Relative::Child,
            Self::CareOf => Relative::Guardian,
        }
    }

    /// The sex of the person that the relation implies.
    pub fn implied_sex(self) -> Option<Sex> {
        match self {
            Self::SonOf | Self::HusbandOf | Self::FatherOf => Some(Sex::Male),
            Self::DaughterOf | Self::WifeOf | Self::MotherOf => Some(Sex::Female),
            Self::CareOf | Self::BabyOf => None,
        }
    }
}

/// Reads a person's name in Latin letters, Gurmukhi or Devanagari.
///
/// ```
/// use kanak_engine::standardize::name::{Marker, Relation, parse_person_name};
/// let name = parse_person_name("SMT. GURPREET KAUR SIDHU W/o S. Harbhajan Singh");
/// assert_eq!(name.display(), "Gurpreet Kaur Sidhu");
/// assert_eq!(name.given.as_deref(), Some("Gurpreet"));
/// assert_eq!(name.surname.as_deref(), Some("Sidhu"));
/// assert_eq!(name.markers, [Marker::Kaur]);
/// assert_eq!(name.relation, Some((Relation::WifeOf, "Harbhajan Singh".to_owned())));
/// ```
pub fn parse_person_name(raw: &str) -> PersonName {
    parse::parse(&super::script::fold(raw))
}

/// The relative that a name field names beside the person, if it does.
///
/// ```
/// use kanak_engine::standardize::name::{Relation, split_relation};
/// assert_eq!(split_relation("ਗੁਰਪ੍ਰੀਤ ਸਿੰਘ ਪੁੱਤਰ ਸ. ਹਰਭਜਨ ਸਿੰਘ"), Some((Relation::SonOf, "ਹਰਭਜਨ ਸਿੰਘ".to_owned())));
/// assert_eq!(split_relation("Gurpreet Singh"), None);
/// ```
pub fn split_relation(raw: &str) -> Option<(Relation, String)> {
    parse_person_name(raw).relation
}

impl PersonName {
    /// The cleaned name as pages show it: titles and relation left out, Latin words in title case. A newborn without a name
    /// is `Baby Of` and the parent's name.
    pub fn display(&self) -> String {
        match &self.relation {
            Some((Relation::BabyOf, parent)) if self.tokens.is_empty() => format!("Baby Of {parent}"),
            _ => self.tokens.join(" "),
        }
    }

    /// Whether this stands for a newborn without a name, and the name told is a parent's.
    pub fn is_baby_of(&self) -> bool {
        self.tokens.is_empty() && matches!(self.relation, Some((Relation::BabyOf, _)))
    }

    /// Whether no word of a name was found.
    pub fn is_empty(&self) -> bool {
        self.tokens.is_empty() && !self.is_baby_of()
    }

    /// How many names are written out; initials do not count.
    pub fn full_tokens(&self) -> usize {
        self.tokens.len() - self.initials.len()
    }
}

#[cfg(test)]
mod tests;

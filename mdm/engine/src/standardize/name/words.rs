//! The words that stand in name fields and are not names: titles, relations, and second names that nearly everybody has.
//!
//! Latin words are in lower case; Gurmukhi and Devanagari ones have no dots below.

use std::sync::OnceLock;

use rustc_hash::FxHashMap;

use super::{Marker, Relation, Sex};

/// What a word may be besides a name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Meaning {
    /// A second name borne by custom.
    pub(super) marker: Option<Marker>,
    /// A relation to the person named next, and what must stand around the word for it to be one.
    pub(super) relation: Option<(Relation, Needs)>,
    roles: u16,
}

/// What a relation's word needs around it to be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Needs {
    /// Nothing: it is never a name.
    Nothing,
    /// `of` after it.
    Of,
    /// A name before it and a name after it, and near it a second name or a title of India: Rama Putra Wijaya is one person.
    NamesAround,
    /// The same, and capitals: `SO`, `DO` and `WO` are what is left of `S/O`, and Kim So Hyun and Maria do Carmo are people.
    CapitalsAmongNames,
}

/// Roles of a word; one word may have several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Respect before a name; never a name of its own.
    Honorific = 1,
    /// Respect before a full name, and a name elsewhere: Sardar Singh, Giani Ram.
    Title = 2,
    /// A title of women.
    WomansTitle = 4,
    /// Respect after a name.
    Suffix = 8,
    /// A newborn without a name.
    Baby = 16,
    /// Between `baby` and the mother's name.
    Of = 32,
    /// Begins a residence.
    Residence = 64,
    /// Before another name of the same person.
    Alias = 128,
}

impl Meaning {
    /// Whether the word has a role.
    pub(super) fn is(self, role: Role) -> bool {
        self.roles & role as u16 != 0
    }
}

const MARKERS: &[(Marker, &str)] = &[
    (Marker::Singh, "singh sing sinh singhh sngh singha ਸਿੰਘ ਸਿਂਘ ਸਿੰਹ सिंह सिंघ सिंग"),
    (Marker::Kaur, "kaur kour kuar kaor kor ਕੌਰ ਕੋਰ कौर कोर"),
    (Marker::Kumar, "kumar kumaar kr ਕੁਮਾਰ कुमार"),
    (Marker::Kumari, "kumari kumaree ਕੁਮਾਰੀ कुमारी"),
    (Marker::Devi, "devi devee ਦੇਵੀ देवी"),
    (Marker::Rani, "rani raani ਰਾਣੀ रानी"),
    (Marker::Lal, "lal laal ਲਾਲ लाल"),
    (Marker::Chand, "chand ਚੰਦ चंद चन्द"),
    (Marker::Bai, "bai ਬਾਈ बाई"),
    (Marker::Wati, "wati vati ਵਤੀ वती"),
    (Marker::Bibi, "bibi ਬੀਬੀ बीबी"),
    (Marker::Begum, "begum begam ਬੇਗਮ बेगम"),
];

const RELATIONS: &[(Relation, Needs, &str)] = &[
    (Relation::SonOf, Needs::Nothing, "s/o suputra ਪੁੱਤਰ ਪੁਤਰ ਪੁੱਤ ਸਪੁੱਤਰ ਸੁਪੁੱਤਰ ਸਪੁਤਰ ਸ/ਓ ਐਸ/ਓ पुत्र सुपुत्र आत्मज बेटा"),
    (Relation::SonOf, Needs::Of, "son"),
    (Relation::SonOf, Needs::CapitalsAmongNames, "so"),
    (Relation::SonOf, Needs::NamesAround, "putra putar"),
    (Relation::DaughterOf, Needs::Nothing, "d/o suputri ਪੁੱਤਰੀ ਪੁਤਰੀ ਸਪੁੱਤਰੀ ਸਪੁਤਰੀ ਸੁਪੁੱਤਰੀ ਧੀ ਡੀ/ਓ पुत्री सुपुत्री आत्मजा बेटी"),
    (Relation::DaughterOf, Needs::Of, "daughter"),
    (Relation::DaughterOf, Needs::CapitalsAmongNames, "do"),
    (Relation::DaughterOf, Needs::NamesAround, "putri"),
    (Relation::WifeOf, Needs::Nothing, "w/o wd/o wdo ਪਤਨੀ ਸੁਪਤਨੀ ਵਿਧਵਾ ਡਬਲਯੂ/ਓ ਘਰਵਾਲੀ पत्नी विधवा धर्मपत्नी"),
    (Relation::WifeOf, Needs::Of, "wife widow"),
    (Relation::WifeOf, Needs::CapitalsAmongNames, "wo"),
    (Relation::WifeOf, Needs::NamesAround, "patni"),
    (Relation::HusbandOf, Needs::Nothing, "h/o ਪਤੀ पति"),
    (Relation::HusbandOf, Needs::Of, "husband"),
    (Relation::MotherOf, Needs::Nothing, "m/o"),
    (Relation::MotherOf, Needs::Of, "mother"),
    (Relation::FatherOf, Needs::Nothing, "f/o"),
    (Relation::FatherOf, Needs::Of, "father"),
    (Relation::CareOf, Needs::Nothing, "c/o ਮਾਰਫਤ द्वारा मार्फत"),
    (Relation::CareOf, Needs::Of, "care"),
    (Relation::BabyOf, Needs::Nothing, "b/o"),
];

const ROLES: &[(Role, &str)] = &[
    (
        Role::Honorific,
        "shri shree sri sh shr smt shmt shrimati shreemati srimati mr mrs ms miss dr er adv prof km kum sardarni late lt swargiya \
         mst ਸ੍ਰੀ ਸ੍ਰੀਮਤੀ ਸਰਦਾਰਨੀ ਸਵਰਗੀ ਸਵਰਗਵਾਸੀ ਡਾ ਸਵ श्री श्रीमती डॉ डा सुश्री स्वर्गीय स्व कु",
    ),
    (
        Role::Title,
        "s sardar giani gyani bibi baba pandit pt babu haji mata kumari capt subedar master ਸ ਸਰਦਾਰ ਗਿਆਨੀ ਬੀਬੀ ਬਾਬਾ ਪੰਡਿਤ ਮਾਤਾ \
         ਕੁਮਾਰੀ सरदार ज्ञानी बीबी बाबा पंडित माता कुमारी",
    ),
    (
        Role::WomansTitle,
        "smt shmt shrimati shreemati srimati mrs ms miss km kum sardarni mst bibi mata kumari ਸ੍ਰੀਮਤੀ ਸਰਦਾਰਨੀ ਬੀਬੀ ਮਾਤਾ ਕੁਮਾਰੀ \
         श्रीमती सुश्री बीबी माता कुमारी कु",
    ),
    (Role::Suffix, "ji jee late ਜੀ जी"),
    (Role::Baby, "baby newborn infant ਬੇਬੀ ਬੱਚਾ ਬੱਚੀ ਨਵਜੰਮਿਆ ਨਵਜੰਮੀ बेबी नवजात शिशु बच्चा बच्ची"),
    (Role::Of, "of ਆਫ ਦਾ ਦੀ ਦੇ का की के ऑफ"),
    (Role::Residence, "r/o resident vpo v/p/o ਵਾਸੀ निवासी"),
    (Role::Alias, "@ alias urf aka ਉਰਫ उर्फ"),
];

/// What a bare word may be besides a name.
pub(super) fn meaning(bare: &str) -> Meaning {
    static WORDS: OnceLock<FxHashMap<&'static str, Meaning>> = OnceLock::new();
    WORDS.get_or_init(gather).get(bare).copied().unwrap_or_default()
}

fn gather() -> FxHashMap<&'static str, Meaning> {
    let mut words: FxHashMap<&'static str, Meaning> = FxHashMap::default();
    for (marker, spellings) in MARKERS {
        for word in spellings.split_whitespace() {
            words.entry(word).or_default().marker = Some(*marker);
        }
    }
    for (relation, needs, spellings) in RELATIONS {
        for word in spellings.split_whitespace() {
            words.entry(word).or_default().relation = Some((*relation, *needs));
        }
    }
    for (role, spellings) in ROLES {
        for word in spellings.split_whitespace() {
            words.entry(word).or_default().roles |= *role as u16;
        }
    }
    words
}

/// Whether a second name also tells who somebody is: Ram Lal and Ram Chand are two people, while Ram Kumar is Ram.
pub(super) fn tells_who(marker: Marker) -> bool {
    matches!(marker, Marker::Lal | Marker::Chand)
}

/// The sex of those who bear a second name, by custom.
pub(super) fn sex_of(marker: Marker) -> Sex {
    match marker {
        Marker::Singh | Marker::Kumar | Marker::Lal | Marker::Chand => Sex::Male,
        Marker::Kaur
        | Marker::Kumari
        | Marker::Devi
        | Marker::Rani
        | Marker::Bai
        | Marker::Wati
        | Marker::Bibi
        | Marker::Begum => Sex::Female,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::standardize::script;

    #[test]
    fn every_listed_word_is_bare() {
        for word in gather().keys() {
            assert_eq!(script::bare(&script::fold(word)), *word);
        }
    }
}

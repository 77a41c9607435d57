//! How names, places and numbers look on paper: the hand of one clerk for one row.

use super::register::{Case, Habits};
use crate::chance::Chance;
use crate::names::{Name, Sex};
use crate::places::Place;
use crate::rates;
use crate::script::{self, Script};
use crate::spelling;

/// The script and case of a row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hand {
    script: Option<Script>,
    case: Case,
}

/// Whose name is written.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Part {
    /// The person's own.
    Own { uses_surname: bool, sex: Sex },
    /// Father's, mother's, husband's.
    Relation,
}

impl Hand {
    /// The hand of a row in a register. Migrants are more often written in Devanagari.
    pub(crate) fn draw(habits: &Habits, is_migrant: bool, chance: &mut Chance) -> Self {
        let point = chance.unit();
        let devanagari = if is_migrant { habits.devanagari * 5.0 } else { habits.devanagari };
        let script = if point < devanagari {
            Some(Script::Devanagari)
        } else if point < devanagari + habits.gurmukhi {
            Some(Script::Gurmukhi)
        } else {
            None
        };
        Self { script, case: habits.case }
    }

    /// Latin letters, as treasuries and tax offices write.
    pub(crate) fn latin(case: Case) -> Self {
        Self { script: None, case }
    }

    pub(crate) fn is_gurmukhi(self) -> bool {
        self.script == Some(Script::Gurmukhi)
    }

    pub(crate) fn is_devanagari(self) -> bool {
        self.script == Some(Script::Devanagari)
    }

    /// A word between names, in this hand.
    pub(crate) fn cased(self, word: &'static str) -> &'static str {
        match (self.script, word) {
            (Some(Script::Gurmukhi), " S/o ") => " ਪੁੱਤਰ ",
            (Some(Script::Gurmukhi), " D/o ") => " ਪੁੱਤਰੀ ",
            (Some(Script::Gurmukhi), " W/o ") => " ਪਤਨੀ ",
            (None, " S/o ") if self.case == Case::Upper => " S/O ",
            (None, " D/o ") if self.case == Case::Upper => " D/O ",
            (None, " W/o ") if self.case == Case::Upper => " W/O ",
            _ => word,
        }
    }
}

/// Appends a name.
pub(crate) fn write_name(out: &mut String, name: &Name, part: Part, hand: Hand, chance: &mut Chance) {
    let start = out.len();
    let shows_second = !name.second.is_empty() && !chance.hits(rates::SECOND_NAME_DROPPED);
    let uses_surname = match part {
        Part::Own { uses_surname, .. } => uses_surname,
        Part::Relation => chance.share(0.3),
    };
    let shows_surname = !name.surname.is_empty()
        && if uses_surname { !chance.hits(rates::SURNAME_DROPPED) } else { chance.hits(rates::SURNAME_ADDED) };
    if chance.hits(rates::HONORIFIC) {
        out.push_str(honorific(part, hand, chance));
    }
    let surname = if shows_surname { name.surname } else { "" };
    let second = if shows_second { name.second } else { "" };
    let order = if chance.hits(rates::NAME_PARTS_SWAPPED) {
        [surname, second, name.given]
    } else {
        [name.given, second, surname]
    };
    let mut is_first = true;
    for word in order.into_iter().filter(|word| !word.is_empty()) {
        if !is_first {
            out.push(' ');
        }
        is_first = false;
        write_one(out, word, hand, chance);
    }
    if hand.script.is_none() {
        recase(out, start, hand.case);
    }
}

/// `Baby of` a mother, instead of a child's name.
pub(crate) fn write_baby(out: &mut String, mother: &Name, hand: Hand, chance: &mut Chance) {
    out.clear();
    match hand.script {
        Some(Script::Gurmukhi) => {
            write_one(out, mother.given, hand, chance);
            out.push_str(" ਦਾ ਬੱਚਾ");
        }
        _ => {
            out.push_str(chance.pick(&["Baby of ", "Baby of ", "B/o ", "BABY OF "]));
            write_name(out, mother, Part::Relation, Hand { script: None, ..hand }, chance);
        }
    }
}

/// Appends the name of a village, locality or post office.
pub(crate) fn write_place(out: &mut String, name: &str, hand: Hand, chance: &mut Chance) {
    if let Some(script) = hand.script {
        script::write_in(out, name, script);
        return;
    }
    let start = out.len();
    if chance.share(0.07) {
        out.push_str(chance.pick(&["VPO ", "Vill. ", "V.P.O. "]));
    }
    for (index, word) in name.split(' ').enumerate() {
        if index > 0 {
            out.push(' ');
        }
        // Names of places are copied more often than names of people.
        if word.len() > 3 && word.bytes().all(|byte| byte.is_ascii_alphabetic()) && chance.share(0.35) {
            spelling::write_word(out, word, chance);
        } else {
            out.push_str(word);
        }
    }
    recase(out, start, hand.case);
}

/// Appends an address in one line. Rolls of old typewriters have `N°` and dashes.
pub(crate) fn write_address(out: &mut String, house: i64, place: &Place, chance: &mut Chance) {
    use std::fmt::Write as _;
    let (name, town) = (&place.name, place.town.as_deref().unwrap_or(&place.post_office));
    let written = match chance.below(4) {
        0 => write!(out, "H.No. {house}, {name}, {town}"),
        1 => write!(out, "H.N° {house} – {name}, PO {town}"),
        2 => write!(out, "# {house}, {name}"),
        _ => write!(out, "House No {house}, VPO {name}, {town}"),
    };
    written.expect("writing to a string cannot fail");
}

/// Appends a mobile number in one of the ways in which it is written.
pub(crate) fn write_mobile(out: &mut String, number: &str, chance: &mut Chance) {
    match chance.below(20) {
        0 => out.extend(["+91 ", &number[..5], " ", &number[5..]]),
        1 => out.extend(["0", number]),
        2 => out.extend(["91", number]),
        3 => out.extend([&number[..5], "-", &number[5..]]),
        _ => out.push_str(number),
    }
}

/// Appends an Aadhaar number, sometimes in groups.
pub(crate) fn write_aadhaar(out: &mut String, number: &str, chance: &mut Chance) {
    if chance.share(0.2) {
        out.extend([&number[..4], " ", &number[4..8], " ", &number[8..]]);
    } else {
        out.push_str(number);
    }
}

fn write_one(out: &mut String, word: &str, hand: Hand, chance: &mut Chance) {
    match hand.script {
        Some(script) => script::write_in(out, word, script),
        None => {
            let start = out.len();
            spelling::write_word(out, word, chance);
            let length = out.len() - start;
            if length > 6 && chance.hits(rates::GIVEN_NAME_SPLIT) {
                out.insert(start + 3, ' ');
            }
        }
    }
}

fn honorific(part: Part, hand: Hand, chance: &mut Chance) -> &'static str {
    match (hand.script, part) {
        (Some(Script::Gurmukhi), Part::Own { sex: Sex::Female, .. }) => "ਸ਼੍ਰੀਮਤੀ ",
        (Some(Script::Gurmukhi), _) => "ਸ. ",
        (Some(Script::Devanagari), Part::Own { sex: Sex::Female, .. }) => "श्रीमती ",
        (Some(Script::Devanagari), _) => "श्री ",
        (None, Part::Own { sex: Sex::Female, .. }) => chance.pick(&["smt. ", "smt ", "mrs. ", "ms. "]),
        (None, Part::Own { sex: Sex::Male, .. }) => chance.pick(&["s. ", "sh. ", "shri ", "sardar ", "dr. ", "giani "]),
        (None, Part::Relation) => chance.pick(&["s. ", "sh. ", "late ", "shri ", "sardar "]),
    }
}

/// Gives what begins at `start` its case.
fn recase(out: &mut String, start: usize, case: Case) {
    if case == Case::Upper {
        out[start..].make_ascii_uppercase();
        return;
    }
    let mut after_space = true;
    for at in start..out.len() {
        let byte = out.as_bytes()[at];
        if after_space && byte.is_ascii_lowercase() {
            out[at..=at].make_ascii_uppercase();
        }
        after_space = byte == b' ';
    }
}

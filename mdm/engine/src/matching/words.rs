//! Reading values into words: names of people with roles, anything else into plain words.

use kanak_model::kind::Kind;

use super::hash;
use crate::standardize::business::parse_business_name;
use crate::standardize::name::{Marker, Sex, parse_person_name};
use crate::standardize::phonetic;

/// What a word of a person's name is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// The first given name.
    Given,
    /// A middle name, or any word of something that is no person's name.
    Plain,
    /// The last name.
    Family,
    /// A single letter that stands for a name.
    Initial,
}

/// The words of one value.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Read {
    pub(crate) words: Vec<(String, Role)>,
    pub(crate) sex: Option<Sex>,
    /// The lasting hash of the sound of all words joined; 0 where a word has none.
    pub(crate) joined: u64,
    /// The same of the first two words of a person's name, where they may be one that was written apart; 0 otherwise.
    pub(crate) first_two: u64,
}

/// At most so many words of a value are compared.
pub(crate) const WORDS_MAX: usize = 12;

pub(crate) fn read(kind: Kind, value: &str) -> Read {
    let mut read = match kind {
        Kind::PersonName => read_name(value),
        Kind::BusinessName => Read { words: business(value), ..Read::default() },
        Kind::Address => Read { words: plain(value, is_address_word), ..Read::default() },
        _ => Read { words: plain(value, |_| false), ..Read::default() },
    };
    read.joined = joined_sound(read.words.iter().map(|(text, _)| text.as_str()));
    if kind == Kind::PersonName
        && let [(first, _), (second, role), ..] = read.words.as_slice()
        && *role != Role::Initial
        && first.chars().count() <= APART_LEN_MAX
    {
        read.first_two = joined_sound([first.as_str(), second.as_str()].into_iter());
    }
    read
}

/// The lasting hash of the sound of words written as one; 0 where one of them has no sound (digits, a script that the phonetic
/// space does not know): what is not heard must not make two things sound alike.
fn joined_sound<'w>(words: impl Iterator<Item = &'w str> + Clone) -> u64 {
    if words.clone().any(|word| phonetic::key(word).is_empty()) {
        return 0;
    }
    let key = phonetic::key(&words.collect::<String>());
    if key.is_empty() { 0 } else { hash::of_text(&key) }
}

/// A first word of more letters is not the first half of a name that was written apart.
const APART_LEN_MAX: usize = 6;

/// Second names borne by custom (Singh, Kaur, Kumar, Devi ..) are left out where another name remains: they tell sex, which is
/// compared on its own, and hardly ever who somebody is.
fn read_name(value: &str) -> Read {
    let name = parse_person_name(value);
    let mut words = Vec::with_capacity(3);
    words.extend(name.given.iter().map(|given| (given.to_lowercase(), Role::Given)));
    words.extend(name.middle.iter().map(|middle| (middle.to_lowercase(), Role::Plain)));
    words.extend(name.surname.iter().map(|surname| (surname.to_lowercase(), Role::Family)));
    words.extend(name.initials.iter().map(|initial| (initial.to_lowercase().collect(), Role::Initial)));
    if words.is_empty() && !name.is_baby_of() {
        let tokens = name.tokens.iter().map(|token| (token.to_lowercase(), Role::Plain));
        words.extend(tokens);
        if words.is_empty() {
            words = plain(value, |_| false);
        }
    }
    if let [(only, _)] = words.as_slice()
        && tells_nobody(only)
    {
        words.clear();
    }
    words.truncate(WORDS_MAX);
    Read { words, sex: name.implied_sex, ..Read::default() }
}

/// Second names that, alone, say nothing of who it is.
fn tells_nobody(word: &str) -> bool {
    matches!(Marker::find(word), Some(Marker::Singh | Marker::Kaur | Marker::Kumar | Marker::Devi))
}

/// Lower-case words of letters and digits. Words for which `drop` holds go, unless nothing would remain.
fn plain(value: &str, drop: fn(&str) -> bool) -> Vec<(String, Role)> {
    let lower = value.to_lowercase();
    let is_inside = |c: char| c.is_alphanumeric() || !c.is_ascii() && !c.is_whitespace();
    let all = || lower.split(|c: char| !is_inside(c)).filter(|word| !word.is_empty());
    let mut words: Vec<String> = all().filter(|word| !drop(word)).map(str::to_owned).collect();
    if words.is_empty() {
        words = all().map(str::to_owned).collect();
    }
    words.truncate(WORDS_MAX);
    words.into_iter().map(|word| (word, Role::Plain)).collect()
}

/// The words that tell a business from others. Words of trade that very many bear (Traders, & Sons) count only where a name has
/// a single other word: registers write them now so and now so.
fn business(value: &str) -> Vec<(String, Role)> {
    let name = parse_business_name(value);
    let mut kept = name.core.join(" ");
    if name.core.len() < 2 {
        kept = format!("{kept} {}", name.trade.join(" "));
    }
    let words = plain(&kept, |word| matches!(word, "regd" | "registered" | "and" | "the" | "of"));
    if words.is_empty() { plain(value, |_| false) } else { words }
}

fn is_address_word(word: &str) -> bool {
    matches!(
        word,
        "vpo"
            | "po"
            | "vill"
            | "village"
            | "teh"
            | "tehsil"
            | "distt"
            | "dist"
            | "district"
            | "h"
            | "hno"
            | "no"
            | "house"
            | "near"
            | "nr"
            | "opp"
            | "the"
            | "ward"
            | "st"
            | "street"
            | "gali"
            | "mohalla"
            | "punjab"
            | "india"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(kind: Kind, value: &str, expected: &[&str]) {
        let words: Vec<String> = read(kind, value).words.into_iter().map(|(word, _)| word).collect();
        assert_eq!(words, expected, "{value}");
    }

    #[test]
    fn names_keep_what_tells_who() {
        check(Kind::PersonName, "Smt. Gurpreet Kaur Sidhu W/o Harbhajan Singh", &["gurpreet", "sidhu"]);
        check(Kind::PersonName, "Singh", &[]);
        check(Kind::PersonName, "R K Sharma", &["sharma", "r", "k"]);
        check(Kind::PersonName, "", &[]);
        assert_eq!(read(Kind::PersonName, "Gurpreet Kaur").sex.map(Sex::code), Some("F"));
    }

    #[test]
    fn businesses_lose_their_legal_form_unless_nothing_else_is_there() {
        check(Kind::BusinessName, "M/s Sidhu Traders Pvt. Ltd.", &["sidhu", "traders"]);
        check(Kind::BusinessName, "Golden Leather House & Co.", &["golden", "leather"]);
        check(Kind::BusinessName, "The Company", &["company"]);
        check(Kind::PlaceName, "Sri  Muktsar-Sahib", &["sri", "muktsar", "sahib"]);
    }
}

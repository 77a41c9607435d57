//! Reading values into words: names of people with roles, anything else into plain words.

use std::sync::LazyLock;

use kanak_codes::Codes;
use kanak_model::kind::Kind;

use super::address::AddressKeys;
use super::hash;
use crate::standardize::business::parse_business_name;
use crate::standardize::name::{Marker, Sex, parse_person_name};
use crate::standardize::script::comparable;
use crate::standardize::{address, phonetic, script};

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
    /// The parts of an address.
    pub(crate) address: Option<AddressKeys>,
    /// The lasting hash of the sound of all words joined; 0 where a word has none.
    pub(crate) joined: u64,
    /// The same of the first two words of a person's name, where they may be one that was written apart; 0 otherwise.
    pub(crate) first_two: u64,
}

/// Raised whenever values are read into other words or sounds than before, so that hubs learn that their rules are due.
const READING: u32 = 2;

/// The mark of how values are read: which words and sounds they have, and what towns are called. Under another mark than its own a
/// rule set would decide otherwise than it did; a resolution publishes a new one instead.
pub fn reading() -> String {
    static TOWNS: LazyLock<u64> = LazyLock::new(|| {
        let Ok(codes) = Codes::builtin() else { return 0 };
        let mut names: Vec<String> = codes
            .town_names()
            .map(|(name, code)| format!("{name} {}", town_name(&codes, code).unwrap_or_default()))
            .collect();
        names.sort_unstable();
        hash::of_text(&names.join("\n"))
    });
    format!("{READING}-{:016x}", *TOWNS)
}

/// At most so many words of a value are compared.
pub(crate) const WORDS_MAX: usize = 12;

pub(crate) fn read(kind: Kind, value: &str) -> Read {
    let mut read = match kind {
        Kind::PersonName => read_name(value),
        Kind::BusinessName => Read { words: business(value), ..Read::default() },
        Kind::Address => {
            Read { words: plain(value, is_address_word), address: Some(AddressKeys::of(value)), ..Read::default() }
        }
        Kind::PlaceName => {
            Read { words: place_words(value).into_iter().map(|word| (word, Role::Plain)).collect(), ..Read::default() }
        }
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

/// The lasting hash of the sound of words written as one; 0 where one of them has no sound (digits, words of two scripts): what is
/// not heard must not make two things sound alike. Words of a script that the phonetic space does not know sound as they are
/// written, which is their sound in the lexicon too.
fn joined_sound<'w>(words: impl Iterator<Item = &'w str> + Clone) -> u64 {
    let has_sound = |word: &str| !phonetic::key(word).is_empty();
    if words.clone().all(has_sound) {
        let key = phonetic::key(&words.collect::<String>());
        return if key.is_empty() { 0 } else { hash::of_text(&key) };
    }
    if words.clone().any(|word| word.is_ascii() || has_sound(word) || !word.chars().all(script::is_letter)) {
        return 0;
    }
    hash::of_text(&words.fold("=".to_owned(), |all, word| all + word))
}

/// A first word of more letters is not the first half of a name that was written apart.
const APART_LEN_MAX: usize = 6;

/// Second names borne by custom (Singh, Kaur, Kumar, Devi ..) are left out where another name remains: they tell sex, which is
/// compared on its own, and hardly ever who somebody is.
fn read_name(value: &str) -> Read {
    let name = parse_person_name(value);
    if let Some(whole) = unspaced(&name.tokens) {
        return Read { words: vec![(whole, Role::Given)], ..Read::default() };
    }
    let mut words = Vec::with_capacity(3);
    words.extend(name.given.iter().map(|given| (comparable(given), Role::Given)));
    words.extend(name.middle.iter().map(|middle| (comparable(middle), Role::Plain)));
    words.extend(name.surname.iter().map(|surname| (comparable(surname), Role::Family)));
    words.extend(name.initials.iter().map(|initial| (comparable(initial.encode_utf8(&mut [0; 4])), Role::Initial)));
    join_servants(&mut words);
    if words.is_empty() && !name.is_baby_of() {
        let tokens = name.tokens.iter().map(|token| (comparable(token), Role::Plain));
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

/// A name all in Han, kana or Hangul as one word: registers write it now with a space and now without. None for other names.
fn unspaced(tokens: &[String]) -> Option<String> {
    if !tokens.first()?.starts_with(script::is_unspaced) {
        return None;
    }
    let whole = tokens.concat();
    whole.chars().all(script::is_unspaced).then(|| comparable(&whole))
}

/// Writes Arabic names of a servant of God as one word, whose second half is no name of its own: عبد الله.
fn join_servants(words: &mut Vec<(String, Role)>) {
    let servant = |(word, _): &(String, Role)| word == "عبد";
    while let Some(at) = words.iter().position(servant).filter(|at| at + 1 < words.len()) {
        let (of, role) = words.remove(at + 1);
        words[at].0.push_str(&of);
        if words[at].1 == Role::Plain {
            words[at].1 = role;
        }
    }
}

/// Second names that, alone, say nothing of who it is.
fn tells_nobody(word: &str) -> bool {
    matches!(Marker::find(word), Some(Marker::Singh | Marker::Kaur | Marker::Kumar | Marker::Devi))
}

/// Lower-case words of letters and digits, as they are compared. Words for which `drop` holds go, unless nothing would remain.
fn plain(value: &str, drop: fn(&str) -> bool) -> Vec<(String, Role)> {
    let lower = comparable(value);
    let is_inside = |c: char| c.is_alphanumeric() || !c.is_ascii() && !c.is_whitespace();
    let all = || lower.split(|c: char| !is_inside(c)).filter(|word| !word.is_empty());
    let mut words: Vec<String> = all().filter(|word| !drop(word)).map(str::to_owned).collect();
    if words.is_empty() {
        words = all().map(str::to_owned).collect();
    }
    words.truncate(WORDS_MAX);
    words.into_iter().map(|word| (word, Role::Plain)).collect()
}

/// The words of a place's name, without those before it that only say that it is one (V.P.O., Vill.). A town of the home state is called as the directory calls it, whatever it was called before and
/// in any script: who writes Ropar and who writes Rupnagar name one town.
pub(crate) fn place_words(value: &str) -> Vec<String> {
    let codes = Codes::builtin().ok();
    let official = codes.as_ref().and_then(|codes| town_name(codes, codes.find_town(value)?));
    let words = plain(official.as_deref().unwrap_or(value), |_| false);
    let mut words: Vec<String> = words.into_iter().map(|(word, _)| word).collect();
    let labels = address::place_label_words(&words.iter().map(String::as_str).collect::<Vec<_>>());
    words.drain(..labels);
    for word in words.iter_mut().skip(1) {
        if let Some((_, whole)) = SHORT_PLACE_WORDS.iter().find(|(short, _)| word == short) {
            *word = (*whole).to_owned();
        }
    }
    words
}

/// What the directory calls a town.
fn town_name(codes: &Codes, code: &str) -> Option<String> {
    Some(codes.system("lgd-ulb")?.lookup(code)?.display().to_owned())
}

/// What stands after the first word of a village's or locality's name in short.
const SHORT_PLACE_WORDS: [(&str, &str); 8] = [
    ("kh", "khurd"),
    ("khd", "khurd"),
    ("kl", "kalan"),
    ("kln", "kalan"),
    ("ngr", "nagar"),
    ("clny", "colony"),
    ("extn", "extension"),
    ("ext", "extension"),
];

/// The words that tell a business from others. Words of trade that very many bear (Traders, & Sons) count only where a name has
/// a single other word: registers write them now so and now so.
fn business(value: &str) -> Vec<(String, Role)> {
    let name = parse_business_name(value);
    let mut kept = name.core.join(" ");
    if name.core.len() < 2 {
        kept = format!("{kept} {}", name.trade.join(" "));
    }
    let words = plain(&kept, |word| matches!(word, "regd" | "registered" | "and" | "the" | "of"));
    let mut words = if words.is_empty() { plain(value, |_| false) } else { words };
    for (word, _) in &mut words {
        if let Some(number) = NUMBERS.iter().position(|names| names.contains(&word.as_str())) {
            *word = number.to_string();
        } else if let Some((_, whole)) = TRADES.iter().find(|(other, _)| word == other) {
            *word = (*whole).to_owned();
        }
    }
    words
}

/// Numbers in words, by the number: Three Star and 3 Star are one name.
const NUMBERS: [&[&str]; 13] = [
    &["zero"],
    &["one", "ਇੱਕ", "ਇਕ", "एक"],
    &["two", "ਦੋ", "दो"],
    &["three", "ਤਿੰਨ", "तीन"],
    &["four", "ਚਾਰ", "चार"],
    &["five", "panj", "ਪੰਜ", "पांच", "पाँच"],
    &["six", "ਛੇ", "छह", "छः"],
    &["seven", "ਸੱਤ", "सात"],
    &["eight", "ਅੱਠ", "आठ"],
    &["nine", "ਨੌਂ", "ਨੌ", "नौ"],
    &["ten", "ਦਸ", "दस"],
    &["eleven", "ਗਿਆਰਾਂ", "ग्यारह"],
    &["twelve", "ਬਾਰਾਂ", "बारह"],
];

/// Words of trade that are written in several ways.
const TRADES: [(&str, &str); 18] = [
    ("bros", "brothers"),
    ("bro", "brothers"),
    ("son", "sons"),
    ("trader", "traders"),
    ("trading", "traders"),
    ("store", "stores"),
    ("enterprise", "enterprises"),
    ("entp", "enterprises"),
    ("agency", "agencies"),
    ("industry", "industries"),
    ("inds", "industries"),
    ("service", "services"),
    ("co", "company"),
    ("corp", "corporation"),
    ("center", "centre"),
    ("engg", "engineering"),
    ("intl", "international"),
    ("mfg", "manufacturing"),
];

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
            | "moh"
            | "makan"
            | "pin"
            | "ਪਿੰਡ"
            | "ਡਾਕਖਾਨਾ"
            | "ਤਹਿਸੀਲ"
            | "ਜ਼ਿਲ੍ਹਾ"
            | "ਜਿਲ੍ਹਾ"
            | "ਗਲੀ"
            | "ਮੁਹੱਲਾ"
            | "ਮਕਾਨ"
            | "ਨੰ"
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
    fn names_of_other_countries_are_compared_by_what_all_spellings_share() {
        check(Kind::PersonName, "José Müller", &["jose", "muller"]);
        check(Kind::PersonName, "É. Zola", &["zola", "e"]);
        check(Kind::PersonName, "김 옥자", &["김옥자"]);
        check(Kind::PersonName, "김옥자", &["김옥자"]);
        check(Kind::PersonName, "髙橋　さくら", &["高橋サクラ"]);
        check(Kind::PersonName, "山田, 太郎", &["山田太郎"]);
        check(Kind::PersonName, "أحمد عبد الله", &["احمد", "عبدالله"]);
        check(Kind::PersonName, "عبدالله", &["عبدالله"]);
        check(Kind::PersonName, "عبد الرحمن علی", &["عبدالرحمن", "علي"]);
        check(Kind::PlaceName, "São Paulo", &["sao", "paulo"]);
        check(Kind::PlaceName, "V.P.O. Rurka Kalan", &["rurka", "kalan"]);
        check(Kind::PlaceName, "Vill. Kotli", &["kotli"]);
        check(Kind::PlaceName, "Village", &["village"]);
    }

    #[track_caller]
    fn joins(left: &str, right: &str, expected: bool) {
        let (a, b) = (read(Kind::PlaceName, left).joined, read(Kind::PlaceName, right).joined);
        assert_eq!(a != 0 && a == b, expected, "{left} / {right}");
    }

    #[test]
    fn words_without_sounds_are_joined_by_their_letters_and_digits_stay_apart() {
        joins("نور محمد", "نورمحمد", true);
        joins("東京 渋谷", "東京渋谷", true);
        joins("Gur Preet", "Gurprit", true);
        joins("渋谷 12", "渋谷 1 2", false);
        joins("渋谷 1 2", "渋谷 1 2", false);
        joins("渋谷a", "新宿a", false);
        joins("12", "12", false);
    }

    #[test]
    fn businesses_lose_their_legal_form_unless_nothing_else_is_there() {
        check(Kind::BusinessName, "M/s Sidhu Traders Pvt. Ltd.", &["sidhu", "traders"]);
        check(Kind::BusinessName, "Golden Leather House & Co.", &["golden", "leather"]);
        check(Kind::BusinessName, "The Company", &["company"]);
        check(Kind::BusinessName, "M/s Sidhu & Son (Regd.)", &["sidhu", "sons"]);
        check(Kind::BusinessName, "ਸਿੱਧੂ ਪ੍ਰਾ. ਲਿ.", &["ਸਿੱਧੂ"]);
        check(Kind::BusinessName, "Sidhu Bros", &["sidhu", "brothers"]);
        check(Kind::BusinessName, "Sidhu Store, Prop. Gurpreet Singh", &["sidhu", "stores"]);
        for star in ["3 Star Bakery", "Three Star Bakery", "THREE STAR BAKERY PVT LTD"] {
            check(Kind::BusinessName, star, &["3", "star", "bakery"]);
        }
        check(Kind::BusinessName, "ਤਿੰਨ ਸਟਾਰ ਬੇਕਰੀ", &["3", "ਸਟਾਰ", "ਬੇਕਰੀ"]);
        check(Kind::PlaceName, "Sri  Hargobind-Garh", &["sri", "hargobind", "garh"]);
    }

    #[test]
    fn a_town_has_one_name_whatever_it_was_called() {
        for (name, words) in [
            ("Ropar", &["rupnagar"][..]),
            ("ਰੋਪੜ", &["rupnagar"]),
            ("Shaheed Bhagat Singh Nagar", &["nawanshahr"]),
            ("Sri  Muktsar-Sahib", &["muktsar"]),
            ("MOHALI", &["s", "a", "s", "nagar", "mohali"]),
            ("Rurka Kh.", &["rurka", "khurd"]),
            ("Rurka Khurd", &["rurka", "khurd"]),
            ("Kh. Rurka", &["kh", "rurka"]),
        ] {
            check(Kind::PlaceName, name, words);
        }
    }
}

//! The parts by which two addresses are compared, where both say which is which.

use kanak_codes::Codes;

use super::hash;
use super::words::place_words;
use crate::standardize::address::{AddressParts, parse_address};
use crate::standardize::{phonetic, script};

/// What an address says of each of its parts, as lasting hashes; 0 where it says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct AddressKeys {
    /// The letters and digits of the house number: `12-B` and `12/b` are one.
    house: u32,
    street: u32,
    ward: u32,
    /// The six digits.
    pin: u32,
    /// The LGD code, or the sound where none is known.
    district: u32,
    place: PlaceKey,
    post_office: PlaceKey,
    /// The numbers in what else it says.
    numbers: u32,
    /// Which words else it has, by sound, one bit each.
    landmarks: u32,
    is_labelled: bool,
}

/// A place's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct PlaceKey {
    /// The sound of all its words as one; 0 where there is no name.
    sound: u32,
    /// The consonants of the first word: names that share them may be one.
    first: u32,
    /// The numbers in it: Sector 22 is not Sector 35.
    numbers: u32,
}

/// How a part of one address stands to that of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Relation {
    Same,
    Different,
    /// Not stated on both sides, or alike.
    Unknown,
}

/// What the parts of two addresses say together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Together {
    SameHouse,
    /// One of them does not say which house.
    SamePlace,
    OtherHouse,
    OtherPlace,
    /// Too little: the words are to be compared.
    Nothing,
}

impl AddressKeys {
    pub(crate) fn of(address: &str) -> Self {
        let parts = parse_address(address);
        let place = parts.place.as_deref().map(PlaceKey::of).unwrap_or_default();
        Self {
            house: parts.house.as_deref().map_or(0, number_key),
            street: parts.street().map_or(0, number_key),
            ward: parts.ward().map_or(0, number_key),
            pin: parts.pin.as_deref().and_then(|pin| pin.parse().ok()).unwrap_or(0),
            district: parts.district.as_deref().map_or(0, district_key),
            place,
            post_office: parts.post_office.as_deref().map(PlaceKey::of).unwrap_or_default(),
            numbers: numbers_key(parts.landmarks().flat_map(str::split_whitespace)),
            landmarks: landmarks(&parts),
            is_labelled: parts.is_labelled(),
        }
    }

    /// What two addresses say together of house and place. Nothing where labels tell the parts of neither, as in the addresses of
    /// other countries.
    pub(crate) fn together(&self, other: &Self) -> Together {
        if !self.is_labelled || !other.is_labelled {
            return Together::Nothing;
        }
        match self.place_relation(other) {
            Relation::Different => return Together::OtherPlace,
            Relation::Unknown => return Together::Nothing,
            Relation::Same => {}
        }
        match (relation(self.house, other.house), self.street_relation(other)) {
            (Relation::Different, _) => Together::OtherHouse,
            (Relation::Same, Relation::Different) => Together::OtherHouse,
            (Relation::Same, Relation::Same) => Together::SameHouse,
            (Relation::Same, Relation::Unknown) => Together::Nothing,
            (Relation::Unknown, Relation::Different) => Together::Nothing,
            (Relation::Unknown, _) => Together::SamePlace,
        }
    }

    /// Whether both lie in one place: by the name of the village or locality, the PIN and the district.
    fn place_relation(&self, other: &Self) -> Relation {
        let district = relation(self.district, other.district);
        let pin = pin_relation(self.pin, other.pin);
        let of_names = self.place.relation(&other.place);
        let is_post_office_of_other =
            |place: PlaceKey, office: PlaceKey| place.sound != 0 && place.sound == office.sound;
        match of_names {
            // Villages of one name lie in many districts; a district's border moves and a PIN is typed wrongly.
            Relation::Same if pin == Relation::Different && !shares_area(self.pin, other.pin) => Relation::Different,
            Relation::Same if pin == Relation::Different || district == Relation::Different => Relation::Unknown,
            Relation::Same => Relation::Same,
            Relation::Different
                if is_post_office_of_other(self.place, other.post_office)
                    || is_post_office_of_other(other.place, self.post_office) =>
            {
                Relation::Unknown
            }
            Relation::Different => Relation::Different,
            Relation::Unknown if pin == Relation::Different || district == Relation::Different => Relation::Different,
            Relation::Unknown => Relation::Unknown,
        }
    }

    /// Whether street, ward and what else is said fit: unknown where both name some and none in common.
    fn street_relation(&self, other: &Self) -> Relation {
        let differ = |a: u32, b: u32| relation(a, b) == Relation::Different;
        if differ(self.street, other.street) || differ(self.ward, other.ward) || differ(self.numbers, other.numbers) {
            return Relation::Different;
        }
        let both = self.landmarks != 0 && other.landmarks != 0;
        if both && self.landmarks & other.landmarks == 0 { Relation::Unknown } else { Relation::Same }
    }
}

impl PlaceKey {
    fn of(name: &str) -> Self {
        let words = place_words(name);
        let spoken = || words.iter().filter(|word| !has_digit(word));
        let joined: String = spoken().map(|word| sound(word)).collect();
        let numbers = numbers_key(words.iter().map(String::as_str));
        Self {
            sound: if joined.is_empty() && numbers == 0 { 0 } else { short(&format!("{joined} {numbers}")) },
            first: spoken().next().map_or(0, |word| short(&consonants(word))),
            numbers,
        }
    }

    fn relation(&self, other: &Self) -> Relation {
        if self.sound == 0 || other.sound == 0 {
            Relation::Unknown
        } else if self.sound == other.sound {
            Relation::Same
        } else if self.first != other.first || relation(self.numbers, other.numbers) == Relation::Different {
            Relation::Different
        } else {
            Relation::Unknown
        }
    }
}

fn relation(left: u32, right: u32) -> Relation {
    match (left, right) {
        (0, _) | (_, 0) => Relation::Unknown,
        _ if left == right => Relation::Same,
        _ => Relation::Different,
    }
}

/// Two PINs; of those that differ in one digit one may be a slip.
fn pin_relation(left: u32, right: u32) -> Relation {
    let digits = |mut pin: u32| {
        std::array::from_fn::<u32, 6, _>(|_| {
            let digit = pin % 10;
            pin /= 10;
            digit
        })
    };
    match relation(left, right) {
        Relation::Different if digits(left).iter().zip(digits(right)).filter(|(a, b)| **a != *b).count() == 1 => {
            Relation::Unknown
        }
        other => other,
    }
}

/// Whether the first three digits of two PINs are the same: those of a sorting district.
fn shares_area(left: u32, right: u32) -> bool {
    left / 1000 == right / 1000
}

fn short(text: &str) -> u32 {
    hash::of_text(text) as u32 | 1
}

/// The sound of a word; a word of another script is its own.
fn sound(word: &str) -> String {
    let key = phonetic::key(word);
    if key.is_empty() { word.to_owned() } else { key }
}

fn consonants(word: &str) -> String {
    phonetic::blocking_keys(word).into_iter().next().unwrap_or_else(|| word.to_owned())
}

fn has_digit(word: &str) -> bool {
    word.bytes().any(|byte| byte.is_ascii_digit())
}

/// The key of a house's or street's number: letters and digits, without zeros before.
fn number_key(number: &str) -> u32 {
    let bare: String = number.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    let bare = bare.trim_start_matches('0');
    if bare.is_empty() { 0 } else { short(bare) }
}

fn numbers_key<'w>(words: impl Iterator<Item = &'w str>) -> u32 {
    let mut numbers: Vec<&str> = words.filter(|word| has_digit(word)).collect();
    numbers.sort_unstable();
    if numbers.is_empty() { 0 } else { short(&numbers.join(" ").to_lowercase()) }
}

fn district_key(name: &str) -> u32 {
    let code = Codes::builtin().ok().and_then(|codes| codes.find_district(name).map(str::to_owned));
    let sound = || phonetic::keys(name).replace(' ', "");
    short(&code.unwrap_or_else(sound))
}

fn landmarks(parts: &AddressParts) -> u32 {
    let spoken = parts.landmarks().flat_map(|part| part.split(|c: char| !script::is_letter(c)));
    let told = spoken.filter(|word| word.chars().count() > 2 && !is_common(word));
    told.fold(0, |bits, word| bits | 1 << (hash::of_text(&sound(&word.to_lowercase())) >> 59))
}

/// Words of streets and landmarks that tell none from another.
fn is_common(word: &str) -> bool {
    let common = ["near", "opp", "opposite", "behind", "road", "street", "bazar", "bazaar", "market", "gali", "the"];
    common.iter().any(|known| word.eq_ignore_ascii_case(known))
}

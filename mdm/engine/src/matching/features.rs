//! What is computed once for each distinct value of a column.

use std::str::FromStr;

use kanak_model::date::PartialDate;
use kanak_model::kind::Kind;
use rayon::prelude::*;

use super::address::AddressKeys;
use super::hash;
use super::index::make_room;
use super::levels::Method;
use super::lexicon::{Lexicon, WordId};
use super::words::{Read, Role, WORDS_MAX, read};
use crate::standardize::name::Sex;

/// What is known of the distinct values of one column, by value code.
#[derive(Debug)]
pub(crate) enum Features {
    Words(Words),
    Dates(Vec<DateParts>),
    Plain,
}

/// The words of each value.
#[derive(Debug, Default)]
pub(crate) struct Words {
    phrases: Vec<Phrase>,
    /// The words of values that have more than [`FIRST`].
    items: Vec<Item>,
    sets: Vec<Sets>,
    /// The sex that a name implies by custom.
    pub(crate) sexes: Vec<Option<Sex>>,
    /// The parts of addresses; of other words none.
    addresses: Vec<AddressKeys>,
}

/// So many words of a value are at hand at once.
const FIRST: usize = 2;

/// What comparing a value reads first: one line of the machine's memory.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Phrase {
    first: [Item; FIRST],
    len: u32,
    /// Where all words stand, when there are more.
    from: u32,
    /// Parts of the hashes of [`Sets`]: where they differ, those differ.
    pub(crate) words: u32,
    pub(crate) sounds: u32,
    pub(crate) joined: u32,
    /// The number of the sound of the first two words joined; [`NO_SOUND`] where no word has that sound.
    pub(crate) first_two: u32,
}

/// No sound's number.
pub(crate) const NO_SOUND: u32 = u32::MAX;

/// One word of a value.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Item {
    pub(crate) word: WordId,
    pub(crate) sound: u32,
    /// Which letters it has, folded into 32.
    pub(crate) letters: u32,
    /// The first letter in the lowest 21 bits, how many letters it has in the next eight, the role in the two highest.
    marks: u32,
}

/// Words of so many letters, or of other letters than ASCII, have no length in their [`Item`].
const LEN_MAX: usize = 255;

impl Item {
    pub(crate) fn of(text: &str, role: Role, word: WordId, sound: u32) -> Self {
        let role = match role {
            Role::Given => 0,
            Role::Plain => 1,
            Role::Family => 2,
            Role::Initial => 3,
        };
        let len = if text.is_ascii() && text.len() < LEN_MAX { text.len() as u32 } else { 0 };
        let initial = text.chars().next().unwrap_or(' ') as u32;
        let letters = text.bytes().fold(0, |letters, byte| letters | 1 << (byte % 32));
        Self { word, sound, letters, marks: role << 30 | len << 21 | initial }
    }

    pub(crate) fn role(&self) -> Role {
        match self.marks >> 30 {
            0 => Role::Given,
            1 => Role::Plain,
            2 => Role::Family,
            _ => Role::Initial,
        }
    }

    /// The first letter, as a number that two words share where their first letters are the same.
    pub(crate) fn initial(&self) -> u32 {
        self.marks & ((1 << 21) - 1)
    }

    /// Whether it is written in ASCII letters; not so for the few words that are very long.
    pub(crate) fn is_ascii(&self) -> bool {
        self.len() > 0
    }

    /// How many letters it has; 0 where that is not known.
    pub(crate) fn len(&self) -> u32 {
        self.marks >> 21 & 0xff
    }
}

/// Hashes that tell at once whether two values have the same words in any order, the same sounds, or sound the same when
/// their words are joined (0: not to be compared).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Sets {
    pub(crate) words: u64,
    pub(crate) sounds: u64,
    pub(crate) joined: u64,
    /// The sound of the first two words joined (Gur Preet); 0 where there is only one.
    pub(crate) first_two: u64,
}

/// A date taken apart; 0 stands for an unknown month or day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct DateParts {
    pub(crate) year: i32,
    pub(crate) month: u8,
    pub(crate) day: u8,
    /// The eight digits as written, also of what is no calendar day; zeroes where there are none.
    pub(crate) digits: [u8; 8],
}

impl DateParts {
    fn of(value: &str) -> Self {
        let mut parts = Self::default();
        let mut digits = value.bytes().filter(u8::is_ascii_digit);
        for slot in &mut parts.digits {
            *slot = digits.next().unwrap_or(0);
        }
        match PartialDate::from_str(value) {
            Ok(date) => {
                parts.year = date.year();
                parts.month = date.month().unwrap_or(0) as u8;
                parts.day = date.day().unwrap_or(0) as u8;
            }
            Err(_) if parts.digits[7] != 0 => {
                let number = |from: usize, to: usize| {
                    parts.digits[from..to].iter().fold(0, |all, digit| all * 10 + i32::from(digit - b'0'))
                };
                (parts.year, parts.month, parts.day) = (number(0, 4), number(4, 6) as u8, number(6, 8) as u8);
            }
            Err(_) => {}
        }
        parts
    }

    /// Whether it tells the day.
    pub(crate) fn is_of_day(self) -> bool {
        self.day > 0
    }

    /// Whether it says no more than a year: registers write the first of January for an unknown day.
    pub(crate) fn is_year_only(self) -> bool {
        self.month == 0 || (self.month == 1 && self.day <= 1)
    }
}

impl Features {
    /// Computes the features of a column's distinct values; their words enter the lexicon in the order of the values.
    pub(crate) fn of(kind: Kind, values: &[Box<str>], lexicon: &mut Lexicon) -> Self {
        match Method::of(kind) {
            Method::Name | Method::Words | Method::Address => {
                let reads: Vec<Read> = values.par_iter().map(|value| read(kind, value)).collect();
                Self::Words(Words::of(&reads, lexicon))
            }
            Method::Date | Method::PartialDate | Method::Death => {
                Self::Dates(values.iter().map(|value| DateParts::of(value)).collect())
            }
            Method::Number | Method::Gstin | Method::Pin | Method::Code | Method::Register => Self::Plain,
        }
    }

    /// No value's features yet.
    pub(crate) fn none(kind: Kind) -> Self {
        match Method::of(kind) {
            Method::Name | Method::Words | Method::Address => Self::Words(Words::default()),
            Method::Date | Method::PartialDate | Method::Death => Self::Dates(Vec::new()),
            Method::Number | Method::Gstin | Method::Pin | Method::Code | Method::Register => Self::Plain,
        }
    }

    /// The features of some values, in that order; their words go from one lexicon into another. Sounds of words joined are still to be
    /// found.
    pub(crate) fn of_some(&self, codes: &[u32], from: &Lexicon, into: &mut Lexicon) -> Self {
        match self {
            Self::Words(words) => Self::Words(words.of_some(codes, from, into)),
            Self::Dates(dates) => Self::Dates(codes.iter().map(|code| dates[*code as usize]).collect()),
            Self::Plain => Self::Plain,
        }
    }

    /// Adds the features of one more value.
    pub(crate) fn push(&mut self, kind: Kind, value: &str, lexicon: &mut Lexicon) {
        match self {
            Self::Words(words) => {
                make_room(&mut words.phrases, 1);
                make_room(&mut words.items, WORDS_MAX);
                make_room(&mut words.sets, 1);
                make_room(&mut words.sexes, 1);
                make_room(&mut words.addresses, usize::from(kind == Kind::Address));
                words.push(&read(kind, value), lexicon);
                words.number_joined(words.phrases.len() - 1, lexicon);
            }
            Self::Dates(dates) => dates.push(DateParts::of(value)),
            Self::Plain => {}
        }
    }

    /// See [`Words::find_joined`].
    pub(crate) fn find_joined(&mut self, lexicon: &Lexicon) {
        if let Self::Words(words) = self {
            words.find_joined(lexicon);
        }
    }

    /// Gives every sound that names written apart have when joined a number, also where no word has it yet: one that comes
    /// later may.
    pub(crate) fn number_joined(&mut self, lexicon: &mut Lexicon) {
        if let Self::Words(words) = self {
            for at in 0..words.phrases.len() {
                words.number_joined(at, lexicon);
            }
        }
    }

    /// Bytes held.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Words(words) => {
                words.phrases.capacity() * size_of::<Phrase>()
                    + words.items.capacity() * size_of::<Item>()
                    + words.sets.capacity() * size_of::<Sets>()
                    + words.sexes.capacity() * size_of::<Option<Sex>>()
                    + words.addresses.capacity() * size_of::<AddressKeys>()
            }
            Self::Dates(dates) => dates.capacity() * size_of::<DateParts>(),
            Self::Plain => 0,
        }
    }

    /// Gives back what was reserved and is not used.
    pub(crate) fn shrink(&mut self) {
        match self {
            Self::Words(words) => {
                words.phrases.shrink_to_fit();
                words.items.shrink_to_fit();
                words.sets.shrink_to_fit();
                words.sexes.shrink_to_fit();
                words.addresses.shrink_to_fit();
            }
            Self::Dates(dates) => dates.shrink_to_fit(),
            Self::Plain => {}
        }
    }

    pub(crate) fn words(&self) -> Option<&Words> {
        match self {
            Self::Words(words) => Some(words),
            _ => None,
        }
    }
}

impl Words {
    fn of(reads: &[Read], lexicon: &mut Lexicon) -> Self {
        let mut words = Self::default();
        for read in reads {
            words.push(read, lexicon);
        }
        words
    }

    fn push(&mut self, read: &Read, lexicon: &mut Lexicon) {
        let mut items = [Item::default(); WORDS_MAX];
        for ((text, role), item) in read.words.iter().zip(&mut items) {
            let word = lexicon.intern(text);
            *item = Item::of(text, *role, word, lexicon.sound(word));
        }
        let items = &items[..read.words.len().min(WORDS_MAX)];
        self.lay(items, Sets::of(items, read, lexicon), read.sex, read.address);
    }

    /// The words of some values, in that order.
    fn of_some(&self, codes: &[u32], from: &Lexicon, into: &mut Lexicon) -> Self {
        let mut some = Self::default();
        let mut taken = Vec::with_capacity(WORDS_MAX);
        for code in codes {
            taken.clear();
            taken.extend(self.items(*code).iter().map(|item| {
                let word = into.take_over(from, item.word);
                Item { word, sound: into.sound(word), ..*item }
            }));
            let at = *code as usize;
            some.lay(&taken, self.sets[at], self.sexes[at], self.addresses.get(at).copied());
        }
        some
    }

    /// Adds a value with these words.
    fn lay(&mut self, items: &[Item], sets: Sets, sex: Option<Sex>, address: Option<AddressKeys>) {
        let mut phrase = Phrase {
            len: items.len() as u32,
            from: self.items.len() as u32,
            words: sets.words as u32,
            sounds: sets.sounds as u32,
            joined: sets.joined as u32,
            first_two: NO_SOUND,
            ..Phrase::default()
        };
        if items.len() > FIRST {
            self.items.extend_from_slice(items);
        } else {
            phrase.first[..items.len()].copy_from_slice(items);
        }
        self.phrases.push(phrase);
        self.sets.push(sets);
        self.sexes.push(sex);
        self.addresses.extend(address);
    }

    /// Finds the sounds that names written apart have when joined, once all words are known.
    fn find_joined(&mut self, lexicon: &Lexicon) {
        for (phrase, sets) in self.phrases.iter_mut().zip(&self.sets) {
            if sets.first_two != 0 {
                phrase.first_two = lexicon.find_sound(sets.first_two).unwrap_or(NO_SOUND);
            }
        }
    }

    fn number_joined(&mut self, at: usize, lexicon: &mut Lexicon) {
        if self.sets[at].first_two != 0 {
            self.phrases[at].first_two = lexicon.intern_sound(self.sets[at].first_two);
        }
    }

    /// The words of a value.
    pub(crate) fn items(&self, code: u32) -> &[Item] {
        let phrase = &self.phrases[code as usize];
        let len = phrase.len as usize;
        if len <= FIRST { &phrase.first[..len] } else { &self.items[phrase.from as usize..phrase.from as usize + len] }
    }

    /// Whether the first two words of a value may be one that was written apart.
    pub(crate) fn is_apart(&self, code: u32) -> bool {
        self.sets[code as usize].first_two != 0
    }

    pub(crate) fn phrase(&self, code: u32) -> &Phrase {
        &self.phrases[code as usize]
    }

    /// The sound of the word by which a value is called: a person's given name, else the first word.
    pub(crate) fn first_sound(&self, code: u32) -> Option<u32> {
        let items = self.items(code);
        items.iter().find(|item| item.role() == Role::Given).or(items.first()).map(|item| item.sound)
    }

    /// The parts of an address.
    pub(crate) fn address(&self, code: u32) -> Option<&AddressKeys> {
        self.addresses.get(code as usize)
    }

    pub(crate) fn sets(&self, code: u32) -> Sets {
        self.sets[code as usize]
    }
}

impl Sets {
    fn of(items: &[Item], read: &Read, lexicon: &Lexicon) -> Self {
        let mut words: Vec<u64> = items.iter().map(|item| lexicon.hash(item.word)).collect();
        let mut sounds: Vec<u64> = items.iter().map(|item| lexicon.sound_hash(item.sound)).collect();
        words.sort_unstable();
        sounds.sort_unstable();
        let all = |hashes: &[u64]| hashes.iter().fold(1, |before, next| hash::join(before, *next));
        Self { words: all(&words), sounds: all(&sounds), joined: read.joined, first_two: read.first_two }
    }
}

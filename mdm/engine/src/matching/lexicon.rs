//! The distinct words of all columns: each gets a number, a phonetic key and its letters once.

use std::cell::Cell;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::features::Item;
use super::hash;
use crate::standardize::phonetic;

/// A word's number in its [`Lexicon`].
pub(crate) type WordId = u32;

/// How alike two words are, from the same to no likeness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Likeness {
    Same,
    Sounds,
    Near,
    Alike,
    Unlike,
}

/// The distinct words of a set of columns. It may stand on another one, whose numbers it goes on from.
#[derive(Debug, Default, Clone)]
pub(crate) struct Lexicon {
    below: Option<Arc<Lexicon>>,
    /// How many words and sounds stand in the one below.
    words_below: u32,
    sounds_below: u32,
    ids: FxHashMap<Box<str>, WordId>,
    words: Vec<Word>,
    /// Lasting hash of a phonetic key to its number.
    sounds: FxHashMap<u64, u32>,
    sound_hashes: Vec<u64>,
    /// The lasting hashes of the blocking keys of all words, word by word.
    blocking_keys: Vec<u64>,
}

#[derive(Debug, Clone)]
struct Word {
    text: Box<str>,
    ascii: bool,
    hash: u64,
    sound: u32,
    /// Where its blocking keys end among all.
    keys_to: u32,
}

/// Whether two words may have so many letters in common that comparing them letter by letter is worth while. Never wrong in
/// saying no: of letters that a word has twice, as many are taken to be shared as can be.
fn may_be_alike(left: &Item, right: &Item) -> bool {
    let (a, b) = (left.len(), right.len());
    if a == 0 || b == 0 {
        return true;
    }
    let again = |item: &Item| item.len() - item.letters.count_ones();
    let shared = f64::from((left.letters & right.letters).count_ones() + again(left).min(again(right)));
    let jaro = (shared / f64::from(a) + shared / f64::from(b) + 1.0) / 3.0;
    // Four equal letters at the start, the most that count, lift a similarity by four tenths of what it lacks.
    jaro + 0.4 * (1.0 - jaro) >= ALIKE_MIN
}

/// Words of a lower Jaro-Winkler similarity are unlike.
const ALIKE_MIN: f64 = 0.78;

impl Lexicon {
    /// A lexicon that stands on another: words known there keep their numbers.
    pub(crate) fn over(below: Arc<Self>) -> Self {
        let (words_below, sounds_below) = (below.words_len() as u32, below.sounds_len() as u32);
        Self { below: Some(below), words_below, sounds_below, ..Self::default() }
    }

    fn find(&self, text: &str) -> Option<WordId> {
        self.ids.get(text).copied().or_else(|| self.below.as_ref()?.find(text))
    }

    /// The number of a word, which is in lower case.
    pub(crate) fn intern(&mut self, text: &str) -> WordId {
        if let Some(id) = self.find(text) {
            return id;
        }
        let id = self.words_len() as WordId;
        let mut key = phonetic::key(text);
        if key.is_empty() {
            key = format!("={text}");
        }
        let sound = self.intern_sound(hash::of_text(&key));
        for key in phonetic::blocking_keys(text) {
            self.blocking_keys.push(hash::of_text(&key));
        }
        if self.words.last().map_or(0, |word| word.keys_to) as usize == self.blocking_keys.len() {
            self.blocking_keys.push(hash::of_text(&key));
        }
        self.words.push(Word {
            keys_to: self.blocking_keys.len() as u32,
            text: text.into(),
            ascii: text.is_ascii(),
            hash: hash::of_text(text),
            sound,
        });
        self.ids.insert(text.into(), id);
        id
    }

    /// The number of a word that another lexicon knows, with all that is known of it there.
    pub(crate) fn take_over(&mut self, from: &Self, word: WordId) -> WordId {
        let known = from.word(word);
        if let Some(id) = self.find(&known.text) {
            return id;
        }
        let id = self.words_len() as WordId;
        let sound = self.intern_sound(from.sound_hash(known.sound));
        self.blocking_keys.extend_from_slice(from.blocking_keys(word));
        let keys_to = self.blocking_keys.len() as u32;
        self.words.push(Word { text: known.text.clone(), ascii: known.ascii, hash: known.hash, sound, keys_to });
        self.ids.insert(known.text.clone(), id);
        id
    }

    /// The number of a phonetic key, by its lasting hash.
    pub(crate) fn intern_sound(&mut self, hash: u64) -> u32 {
        if let Some(id) = self.find_sound(hash) {
            return id;
        }
        let id = self.sounds_len() as u32;
        self.sound_hashes.push(hash);
        self.sounds.insert(hash, id);
        id
    }

    /// The number of a phonetic key, where one is known.
    pub(crate) fn find_sound(&self, hash: u64) -> Option<u32> {
        self.sounds.get(&hash).copied().or_else(|| self.below.as_ref()?.find_sound(hash))
    }

    fn words_len(&self) -> usize {
        self.words_below as usize + self.words.len()
    }

    /// How many phonetic keys have a number.
    pub(crate) fn sounds_len(&self) -> usize {
        self.sounds_below as usize + self.sound_hashes.len()
    }

    /// The lexicon in which a word stands, and its place there.
    fn place(&self, word: WordId) -> (&Self, usize) {
        match &self.below {
            Some(below) if word < self.words_below => below.place(word),
            _ => (self, (word - self.words_below) as usize),
        }
    }

    fn word(&self, word: WordId) -> &Word {
        let (lexicon, at) = self.place(word);
        &lexicon.words[at]
    }

    /// The number of the word's phonetic key.
    pub(crate) fn sound(&self, word: WordId) -> u32 {
        self.word(word).sound
    }

    /// The lasting hashes of the word's blocking keys: of the ways in which it may be meant to sound.
    pub(crate) fn blocking_keys(&self, word: WordId) -> &[u64] {
        let (lexicon, at) = self.place(word);
        let from = at.checked_sub(1).map_or(0, |before| lexicon.words[before].keys_to);
        &lexicon.blocking_keys[from as usize..lexicon.words[at].keys_to as usize]
    }

    /// The lasting hash of the word.
    pub(crate) fn hash(&self, word: WordId) -> u64 {
        self.word(word).hash
    }

    /// The lasting hash of a phonetic key.
    pub(crate) fn sound_hash(&self, sound: u32) -> u64 {
        match &self.below {
            Some(below) if sound < self.sounds_below => below.sound_hash(sound),
            _ => self.sound_hashes[(sound - self.sounds_below) as usize],
        }
    }

    /// The word.
    pub(crate) fn text(&self, word: WordId) -> &str {
        &self.word(word).text
    }

    /// Bytes held, without the one below.
    pub(crate) fn bytes(&self) -> usize {
        let texts: usize = self.words.iter().map(|word| word.text.len()).sum();
        let of_ids = self.ids.capacity() * (size_of::<(Box<str>, WordId)>() + 1);
        let of_sounds = self.sounds.capacity() * (size_of::<(u64, u32)>() + 1);
        let of_keys = (self.sound_hashes.capacity() + self.blocking_keys.capacity()) * size_of::<u64>();
        2 * texts + of_ids + of_sounds + of_keys + self.words.capacity() * size_of::<Word>()
    }

    /// How alike two words are.
    pub(crate) fn likeness(&self, left: WordId, right: WordId) -> Likeness {
        if left == right {
            return Likeness::Same;
        }
        let (a, b) = (self.word(left), self.word(right));
        if a.sound == b.sound {
            return Likeness::Sounds;
        }
        if a.ascii && b.ascii {
            likeness_of(a.text.as_bytes(), b.text.as_bytes())
        } else if a.ascii != b.ascii {
            likeness_of_sounds(&phonetic::key(&a.text), &phonetic::key(&b.text))
        } else {
            let (left, right): (Vec<char>, Vec<char>) = (a.text.chars().collect(), b.text.chars().collect());
            likeness_of(&left, &right)
        }
    }
}

/// How alike words are, with the answers of a while kept: few pairs of words make up most that are asked for.
#[derive(Debug)]
pub(crate) struct Likenesses<'l> {
    lexicon: &'l Lexicon,
    /// By a mix of both numbers: the smaller, the larger and their likeness as one number; 0 where none is kept.
    kept: Vec<Cell<u64>>,
}

/// So many answers are kept.
const KEPT: usize = 1 << 14;
const KEPT_FEW: usize = 1 << 9;

impl<'l> Likenesses<'l> {
    pub(crate) fn of(lexicon: &'l Lexicon) -> Self {
        Self { lexicon, kept: vec![Cell::new(0); KEPT] }
    }

    /// The same for a short while: fewer answers are kept.
    pub(crate) fn few_of(lexicon: &'l Lexicon) -> Self {
        Self { lexicon, kept: vec![Cell::new(0); KEPT_FEW] }
    }

    /// How alike two words are.
    pub(crate) fn of_words(&self, left: &Item, right: &Item) -> Likeness {
        if left.word == right.word {
            Likeness::Same
        } else if left.sound == right.sound {
            Likeness::Sounds
        } else if may_be_alike(left, right) {
            self.of_spellings(left.word, right.word)
        } else {
            Likeness::Unlike
        }
    }

    fn of_spellings(&self, left: WordId, right: WordId) -> Likeness {
        let pair = u64::from(left.min(right)) << 31 | u64::from(left.max(right));
        let mixed = (pair.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 50) as usize;
        let slot = &self.kept[mixed & (self.kept.len() - 1)];
        let kept = slot.get();
        if kept >> 2 == pair {
            return Likeness::KEPT[(kept & 3) as usize];
        }
        let likeness = self.lexicon.likeness(left, right);
        let place = Likeness::KEPT.iter().position(|known| *known == likeness).unwrap_or_default();
        slot.set(pair << 2 | place as u64);
        likeness
    }
}

impl Likeness {
    /// What two different words can be.
    const KEPT: [Self; 4] = [Self::Unlike, Self::Alike, Self::Near, Self::Sounds];
}

/// How alike two spellings are: one slip in four letters or more is near, a high Jaro-Winkler similarity alike.
pub(crate) fn likeness_of<C>(left: &[C], right: &[C]) -> Likeness
where
    C: Copy + Eq + std::hash::Hash + rapidfuzz::HashableChar,
{
    let (short, long) = (left.len().min(right.len()), left.len().max(right.len()));
    if short < 3 || long > short * 2 {
        return Likeness::Unlike;
    }
    let jaro = jaro_winkler(left, right);
    if jaro < ALIKE_MIN {
        return Likeness::Unlike;
    }
    let slips = slips(left, right, 2);
    match (slips, long) {
        (0 | 1, 4..) => Likeness::Near,
        _ if jaro >= 0.94 => Likeness::Near,
        (1, _) | (2, 5..) => Likeness::Alike,
        _ if jaro >= 0.86 => Likeness::Alike,
        _ => Likeness::Unlike,
    }
}

/// How alike two words of different scripts are, by their phonetic keys: near where they differ in vowels that only one of them
/// writes (ਇੰਦੇਰਪਲ, Inderpal), alike where the consonants are the same (ਹਰਜੀਤ, Harjot) or one sound of five or more differs.
fn likeness_of_sounds(left: &str, right: &str) -> Likeness {
    let (left, right) = (left.as_bytes(), right.as_bytes());
    let consonants =
        |key: &[u8]| key.iter().copied().filter(|sound| !matches!(sound, b'a' | b'i' | b'u')).collect::<Vec<u8>>();
    let (long, short) = if left.len() >= right.len() { (left, right) } else { (right, left) };
    if short.len() < 3 {
        return Likeness::Unlike;
    }
    if consonants(left) == consonants(right) {
        let mut rest = long.iter();
        return if short.iter().all(|sound| rest.any(|other| other == sound)) {
            Likeness::Near
        } else {
            Likeness::Alike
        };
    }
    if short.len() >= 5 && slips(left, right, 1) == 1 { Likeness::Alike } else { Likeness::Unlike }
}

fn jaro_winkler<C: Copy + Eq + std::hash::Hash + rapidfuzz::HashableChar>(left: &[C], right: &[C]) -> f64 {
    rapidfuzz::distance::jaro_winkler::similarity(left.iter().copied(), right.iter().copied())
}

/// Letters wrong, missing, too many or swapped with their neighbour, up to `limit`; one more when there are more.
pub(crate) fn slips<C: Copy + Eq + std::hash::Hash + rapidfuzz::HashableChar>(
    left: &[C],
    right: &[C],
    limit: usize,
) -> usize {
    if left.len().abs_diff(right.len()) > limit {
        return limit + 1;
    }
    rapidfuzz::distance::osa::distance(left.iter().copied(), right.iter().copied()).min(limit + 1)
}

#[cfg(test)]
mod tests {
    use super::super::words::Role;
    use super::*;

    #[track_caller]
    fn check(left: &str, right: &str, expected: Likeness) {
        let mut lexicon = Lexicon::default();
        let (a, b) = (lexicon.intern(left), lexicon.intern(right));
        assert_eq!(lexicon.likeness(a, b), expected, "{left} / {right}");
        assert_eq!(lexicon.likeness(b, a), expected, "{right} / {left}");
    }

    #[test]
    fn words_are_graded_from_the_same_to_unlike() {
        check("gurpreet", "gurpreet", Likeness::Same);
        check("gurpreet", "gurprit", Likeness::Sounds);
        check("mitchell", "mithcell", Likeness::Near);
        check("harjit", "paramjit", Likeness::Unlike);
        check("ram", "sham", Likeness::Unlike);
        check("", "ram", Likeness::Unlike);
    }

    proptest::proptest! {
        #[test]
        fn what_is_passed_over_is_unlike(left in "[a-d]{3,9}", right in "[a-d]{3,9}") {
            let item = |text: &str| Item::of(text, Role::Plain, 0, 0);
            if !may_be_alike(&item(&left), &item(&right)) {
                proptest::prop_assert_eq!(likeness_of(left.as_bytes(), right.as_bytes()), Likeness::Unlike);
            }
        }
    }

    #[test]
    fn scripts_meet_in_sound() {
        check("gurpreet", "ਗੁਰਪ੍ਰੀਤ", Likeness::Sounds);
        // A vowel that only one of them writes.
        check("ram avtar", "ਰਾਮਅਵਤਾਰ", Likeness::Sounds);
        check("ਸੁਕਵੰਤ", "sukhiwant", Likeness::Near);
        check("ਹਰਜੀਤ", "harjot", Likeness::Alike);
        check("ਗੁਰਜਿੰਦਰ", "gurhinder", Likeness::Alike);
        check("ਹਰਜੀਤ", "mohan", Likeness::Unlike);
    }
}

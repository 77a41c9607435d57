//! The distinct words of all columns: each gets a number, a phonetic key and its letters once.

use rustc_hash::FxHashMap;

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

/// The distinct words of a set of columns.
#[derive(Debug, Default)]
pub(crate) struct Lexicon {
    ids: FxHashMap<Box<str>, WordId>,
    words: Vec<Word>,
    sounds: FxHashMap<Box<str>, u32>,
    sound_hashes: Vec<u64>,
}

#[derive(Debug)]
struct Word {
    text: Box<str>,
    ascii: bool,
    hash: u64,
    sound: u32,
    bag: u64,
}

/// Which letters a word has, and which at least twice: two bits a letter, letters folded into 32.
fn bag_of(text: &str) -> u64 {
    text.chars().fold(0, |bag, letter| {
        let once = 1 << (2 * (letter as u32 % 32));
        bag | if bag & once == 0 { once } else { once << 1 }
    })
}

/// Whether two words may have so many letters in common that comparing them letter by letter is worth while. Never wrong in
/// saying no: letters beyond the second of a kind are taken to be shared.
fn may_be_alike(left: &Word, right: &Word) -> bool {
    let (a, b) = (left.text.len(), right.text.len());
    let beyond = a.min(b).saturating_sub(if a <= b { left.bag } else { right.bag }.count_ones() as usize);
    let shared = ((left.bag & right.bag).count_ones() as usize + beyond) as f64;
    let jaro = (shared / a as f64 + shared / b as f64 + 1.0) / 3.0;
    // Four equal letters at the start, the most that count, lift a similarity by four tenths of what it lacks.
    jaro + 0.4 * (1.0 - jaro) >= ALIKE_MIN
}

/// Words of a lower Jaro-Winkler similarity are unlike.
const ALIKE_MIN: f64 = 0.78;

impl Lexicon {
    /// The number of a word, which is in lower case.
    pub(crate) fn intern(&mut self, text: &str) -> WordId {
        if let Some(id) = self.ids.get(text) {
            return *id;
        }
        let id = self.words.len() as WordId;
        let mut key = phonetic::key(text);
        if key.is_empty() {
            key = format!("={text}");
        }
        let sound = self.intern_sound(&key);
        self.words.push(Word {
            text: text.into(),
            ascii: text.is_ascii(),
            hash: hash::of_text(text),
            sound,
            bag: bag_of(text),
        });
        self.ids.insert(text.into(), id);
        id
    }

    fn intern_sound(&mut self, key: &str) -> u32 {
        if let Some(id) = self.sounds.get(key) {
            return *id;
        }
        let id = self.sound_hashes.len() as u32;
        self.sound_hashes.push(hash::of_text(key));
        self.sounds.insert(key.into(), id);
        id
    }

    pub(crate) fn sounds_len(&self) -> usize {
        self.sound_hashes.len()
    }

    /// The number of the word's phonetic key.
    pub(crate) fn sound(&self, word: WordId) -> u32 {
        self.words[word as usize].sound
    }

    /// The lasting hash of the word.
    pub(crate) fn hash(&self, word: WordId) -> u64 {
        self.words[word as usize].hash
    }

    /// The lasting hash of a phonetic key.
    pub(crate) fn sound_hash(&self, sound: u32) -> u64 {
        self.sound_hashes[sound as usize]
    }

    /// The word.
    pub(crate) fn text(&self, word: WordId) -> &str {
        &self.words[word as usize].text
    }

    /// How alike two words are.
    pub(crate) fn likeness(&self, left: WordId, right: WordId) -> Likeness {
        if left == right {
            return Likeness::Same;
        }
        let (a, b) = (&self.words[left as usize], &self.words[right as usize]);
        if a.sound == b.sound {
            return Likeness::Sounds;
        }
        if a.ascii && b.ascii && !may_be_alike(a, b) {
            Likeness::Unlike
        } else if a.ascii && b.ascii {
            likeness_of(a.text.as_bytes(), b.text.as_bytes())
        } else {
            let (left, right): (Vec<char>, Vec<char>) = (a.text.chars().collect(), b.text.chars().collect());
            likeness_of(&left, &right)
        }
    }
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
            let word = |text: &str| Word {
                text: text.into(), ascii: true, hash: 0, sound: 0, bag: bag_of(text),
            };
            if !may_be_alike(&word(&left), &word(&right)) {
                proptest::prop_assert_eq!(likeness_of(left.as_bytes(), right.as_bytes()), Likeness::Unlike);
            }
        }
    }

    #[test]
    fn scripts_meet_in_sound() {
        check("gurpreet", "ਗੁਰਪ੍ਰੀਤ", Likeness::Sounds);
    }
}

//! Keys by which spellings of one word find each other: looser than [`key`](super::key), and up to four a word.
//!
//! Spellings agree best on the consonants, but in short words consonants alone say too little: Rani, Rana and Rano are all rn.
//! So a word of one or two consonants keeps the class of the vowel that ends it, which is heard clearly and seldom left out.
//!
//! A spelling that can be read in several ways has a key for each reading, and two words need one key in common: where one
//! spelling is ambiguous, its further key is the plain one of the other. Most words have one key only.

use super::{Sounds, is_vowel};

/// At most so many keys a word, the plain reading's first. Hardly a word is ambiguous in more than two ways.
const KEYS_MAX: usize = 4;

/// A word of so few consonants is not told by them alone.
const CONSONANTS_FEW: usize = 2;

/// The keys of a word's sounds, without repetition.
pub(super) fn keys(sounds: &Sounds) -> Vec<String> {
    let plain = sounds.0.as_slice();
    let mut keys = Vec::with_capacity(2);
    for reading in
        [Some(plain.to_vec()), without_tones(plain), with_flaps(plain), with_glides(plain), foreign(plain), mute(plain)]
    {
        let key = reading.map(|reading| fold(&reading)).unwrap_or_default();
        if !key.is_empty() && !keys.contains(&key) && keys.len() < KEYS_MAX {
            keys.push(key);
        }
    }
    keys
}

/// Nasals that may be a mere tone of a vowel are left out, as many do in writing: Rajinder, Rajidar; Dian, Dia. Not where
/// nothing but vowels would remain.
fn without_tones(plain: &[u8]) -> Option<Vec<u8>> {
    let rest: Vec<u8> = plain.iter().copied().filter(|sound| !matches!(sound, b'N' | b'M')).collect();
    (rest.len() < plain.len() && rest.iter().any(|sound| !is_vowel(*sound))).then_some(rest)
}

/// After a vowel, and before another or at the end, d may stand for the flapped ੜ, which others write r: Chadha, Charha.
fn with_flaps(plain: &[u8]) -> Option<Vec<u8>> {
    reread(plain, |before, sound, after| {
        let is_flap = sound == b'd' && is_vowel(before) && (after == END || is_vowel(after));
        is_flap.then_some(b'r')
    })
}

/// Beside another vowel, u and i may be the glides v and y: Suaran, Swaran; Ramdeo, Ramdev; Ioshi, Yoshi.
fn with_glides(plain: &[u8]) -> Option<Vec<u8>> {
    reread(plain, |before, sound, after| match sound {
        b'u' if before != END && !is_vowel(before) && is_vowel(after) => Some(b'v'),
        b'u' if before == b'e' && after == END => Some(b'v'),
        b'i' if before == END && is_vowel(after) => Some(b'y'),
        _ => None,
    })
}

/// At the start, chr is kr in Christian names, and c before most consonants is spoken as the letter's English name: Christina,
/// Kristina; Cmran, Simran.
fn foreign(plain: &[u8]) -> Option<Vec<u8>> {
    reread(plain, |before, sound, after| match (before, sound) {
        (END, b'c') if after == b'r' => Some(b'k'),
        (END, b'C') => Some(b's'),
        _ => None,
    })
}

/// At the end, e is mute in English spellings: June, Joon.
fn mute(plain: &[u8]) -> Option<Vec<u8>> {
    plain.strip_suffix(b"e").map(<[u8]>::to_vec)
}

/// Stands for the sound before the first and after the last.
const END: u8 = 0;

/// The reading in which `other(before, sound, after)` replaces sounds of the plain one; none where it replaces nothing.
fn reread(plain: &[u8], other: impl Fn(u8, u8, u8) -> Option<u8>) -> Option<Vec<u8>> {
    let at = |index: usize| plain.get(index).copied().unwrap_or(END);
    let mut reading = plain.to_vec();
    for (index, sound) in reading.iter_mut().enumerate() {
        let before = index.checked_sub(1).map_or(END, at);
        *sound = other(before, *sound, at(index + 1)).unwrap_or(*sound);
    }
    (reading != plain).then_some(reading)
}

/// The consonants of a reading, after an `a` where a vowel begins it; when they are few, the class of the last vowel follows.
fn fold(reading: &[u8]) -> String {
    let mut key = String::with_capacity(8);
    let mut consonants = 0;
    let mut last = END;
    for (index, sound) in reading.iter().enumerate() {
        let sound = match sound {
            b'a' | b'e' | b'i' | b'u' => {
                if last == END {
                    key.push('a');
                }
                last = b' ';
                continue;
            }
            // Singh is written Sinh, and breath within a word moves about: see the strict key.
            b'h' if last == b'n' && index + 1 == reading.len() => b'g',
            b'h' if last != END => continue,
            b'N' => b'n',
            b'M' => b'm',
            b'C' => b'k',
            // Punjabi has j where the Sanskrit name has y: Yash, Jash.
            b'y' => b'j',
            other => *other,
        };
        if sound != last {
            key.push(char::from(sound));
            consonants += 1;
        }
        last = sound;
    }
    if (1..=CONSONANTS_FEW).contains(&consonants) {
        key.extend(final_vowel(reading));
    }
    key
}

/// The class of the vowels that end a reading: `i`, `u`, or none for `a` and for a consonant.
fn final_vowel(reading: &[u8]) -> Option<char> {
    let vowels = reading.iter().rev().filter(|sound| **sound != b'h').take_while(|sound| is_vowel(**sound));
    vowels.into_iter().find_map(|sound| match sound {
        b'e' | b'i' => Some('i'),
        b'u' => Some('u'),
        _ => None,
    })
}

//! One phonetic space for names in Latin letters, Gurmukhi and Devanagari.
//!
//! The same Punjabi name is written Jaswinder, Jasvindar and ਜਸਵਿੰਦਰ. Each script is first read into the same sounds
//! (`latin`, `indic`); folding then forgets what spellings disagree on: length of vowels, aspiration, doubling, the
//! unwritten schwa, s and sh, z and j, v and w. What remains is compared for equality.

mod blocking;
mod indic;
mod latin;

use super::script;

/// The phonetic key of one word: short, lower case, ASCII. Empty when the word has no letter of the three scripts, or one of
/// another script.
///
/// ```
/// use kanak_engine::standardize::phonetic::key;
/// assert_eq!(key("Jaswinder"), key("Jasvindar"));
/// assert_eq!(key("Jaswinder"), key("ਜਸਵਿੰਦਰ"));
/// assert_eq!(key("Harjeet"), key("हरजीत"));
/// assert_ne!(key("Harjeet"), key("Harjot"));
/// ```
pub fn key(word: &str) -> String {
    let mut key = String::with_capacity(8);
    key_into(word, &mut key);
    key
}

/// Appends [`key`] of a word to `out`, which saves an allocation a word.
pub fn key_into(word: &str, out: &mut String) {
    let mut sounds = Sounds::default();
    read(word, &mut sounds);
    fold(&sounds, out);
}

/// The keys by which a word finds other spellings of itself: one to four, looser than [`key`], all of one space. Two words
/// that share one are worth comparing; whether they sound the same is for [`key`] to say. Empty where [`key`] is.
///
/// ```
/// use kanak_engine::standardize::phonetic::blocking_keys;
/// assert_eq!(blocking_keys("Gurpreet"), ["grprt"]);
/// assert_eq!(blocking_keys("Gurprit"), blocking_keys("ਗੁਰਪ੍ਰੀਤ"));
/// assert_eq!(blocking_keys("ਜਸਵੰਤ"), ["jsvnt", "jsvt"]);
/// assert_eq!(blocking_keys("Jaswat"), ["jsvt"]);
/// ```
pub fn blocking_keys(word: &str) -> Vec<String> {
    let mut sounds = Sounds::default();
    read(word, &mut sounds);
    blocking::keys(&sounds)
}

/// The keys of the words of a text, parted by spaces. A word with a digit has no sound and stands for itself, in lower case
/// and digits of one script: Sector 22 is not Sector 35.
pub fn keys(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        let before = out.len();
        if before > 0 {
            out.push(' ');
        }
        let start = out.len();
        if word.chars().any(|c| script::ascii_digit(c).is_some() || c.is_ascii_digit()) {
            out.extend(word.chars().flat_map(char::to_lowercase).map(|c| script::ascii_digit(c).unwrap_or(c)));
        } else {
            key_into(word, &mut out);
        }
        if out.len() == start {
            out.truncate(before);
        }
    }
    out
}

/// The sounds of a word, one ASCII letter each: vowels `a i u`, consonants `k g c j t d n p b m y r l v s h`. Four letters stand
/// for sounds that spelling leaves open: `e` is a vowel that may be a schwa, `N` and `M` are nasals that may be a mere tone of
/// the vowel before them, and `C` is a k that may be s.
#[derive(Default)]
struct Sounds(Vec<u8>);

impl Sounds {
    fn push(&mut self, sound: u8) {
        self.0.push(sound);
    }
}

/// Reads a word, whatever its script; a word of two scripts is read piece by piece. A letter of a script that is not known here
/// leaves the whole word without sounds: what is not heard must not make two words alike.
fn read(word: &str, sounds: &mut Sounds) {
    if word.is_ascii() {
        latin::read(word.as_bytes(), sounds);
        return;
    }
    let mut ascii: Vec<u8> = Vec::new();
    let mut pending = indic::Pending::default();
    for character in word.chars() {
        if let Some(offset) = indic::offset(character) {
            if !ascii.is_empty() {
                latin::read(&ascii, sounds);
                ascii.clear();
            }
            indic::read(offset, &mut pending, sounds);
            continue;
        }
        pending = indic::Pending::default();
        match character.to_lowercase().next().unwrap_or(character) {
            letter @ 'a'..='z' => ascii.push(letter as u8),
            letter => match script::latin_letters(letter) {
                Some(letters) => ascii.extend_from_slice(letters.as_bytes()),
                None if script::is_letter(letter) && !script::is_mark(letter) => {
                    sounds.0.clear();
                    return;
                }
                None => {}
            },
        }
    }
    if !ascii.is_empty() {
        latin::read(&ascii, sounds);
    }
}

/// Whether a vowel within a word is written and not heard: the second u of Gurumeet, the e of Mueller.
fn is_silent(sounds: &[u8], index: usize) -> bool {
    let is_of_guru = index == 3 && sounds.len() > 4 && sounds.starts_with(b"guru");
    let next = sounds.get(index + 1).copied().unwrap_or(0);
    is_of_guru || is_umlaut(&sounds[..index], sounds[index], next)
}

/// Forgets what spellings of one word disagree on.
fn fold(sounds: &Sounds, out: &mut String) {
    let sounds = &sounds.0;
    let start = out.len();
    let mut last = 0;
    let mut index = 0;
    while index < sounds.len() {
        let sound = sounds[index];
        let at = |index: usize| sounds.get(index).copied().unwrap_or(0);
        let next = at(index + 1);
        // A schwa between two consonants is written in no script alike: Manpreet, ਮਨਪ੍ਰੀਤ.
        let next_consonant = if next == b'a' { at(index + 2) } else { next };
        match sound {
            b'a' | b'e' | b'i' | b'u' => {
                if last == 0 {
                    let run = sounds.iter().take_while(|sound| is_vowel(**sound));
                    let back = run.clone().any(|sound| *sound == b'u');
                    out.push(if back { 'u' } else { 'a' });
                    index += run.count() - 1;
                } else if !is_silent(sounds, index)
                    && let Some(class) = vowel_within(&sounds[index..], last, out.len() > start + 1)
                    && !out.ends_with(class)
                {
                    out.push(class);
                }
                last = b' ';
            }
            // Singh is written Sinh, and सिंह in Hindi.
            b'h' if matches!(last, b'n') && index + 1 == sounds.len() => out.push('g'),
            // Breath within a word moves about: Bahadur, Bhadur; Ahmad, Ahimad.
            b'h' if last != 0 => {}
            _ => {
                let sound = match (sound, next_consonant) {
                    (b'N' | b'n', b'p' | b'b' | b'm' | b'M') | (b'M', _) => b'm',
                    (b'N', _) => b'n',
                    (b'C', _) => b'k',
                    _ => sound,
                };
                if last != sound {
                    out.push(char::from(sound));
                }
                last = sound;
            }
        }
        index += 1;
    }
}

fn is_vowel(sound: u8) -> bool {
    matches!(sound, b'a' | b'e' | b'i' | b'u')
}

/// Whether an e is the mark of an umlaut, written out: Mueller, Goethe, Jaeger. Only after a consonant and another vowel, and
/// before consonants where no spelling of an Indian name has it otherwise.
fn is_umlaut(before: &[u8], sound: u8, next: u8) -> bool {
    let [.., consonant, vowel] = before else { return false };
    sound == b'e'
        && !is_vowel(*consonant)
        && match vowel {
            b'u' => {
                matches!(next, b'r' | b'l' | b'n' | b'N' | b'm' | b'h' | b't' | b'd' | b'g' | b's' | b'p' | b'k' | b'c')
            }
            b'a' => matches!(next, b'g' | b'h' | b't'),
            _ => false,
        }
}

/// The class of a vowel after the first sound of a word: `i`, `u` or none. `rest` begins with the vowel, `last` is the consonant
/// before it, and `later` says that a syllable went before.
fn vowel_within(rest: &[u8], last: u8, later: bool) -> Option<char> {
    match rest {
        // The name of Indra ends names in every spelling: -inder, -ander, -endra.
        [b'a', ..] | [b'e'] | [b'e' | b'i', b'n' | b'N', b'd', b'r' | b'e' | b'a', ..] => None,
        // A written e is often the schwa: Surinder, Karen, Ahmed.
        [b'e', b'r' | b'n' | b'N', ..] if later => None,
        [b'e', b'd'] if last == b'm' => None,
        [b'e' | b'i', ..] => Some('i'),
        _ => Some('u'),
    }
}

#[cfg(test)]
mod tests;

//! What a word sounds like, roughly, in whichever of three scripts it is written: its consonants without their breath, so that
//! `Ferozepur`, `ਫ਼ਿਰੋਜ਼ਪੁਰ` and `फ़िरोज़पुर` are one.

/// Sounds with fewer letters say too little.
const LETTERS_MIN: usize = 3;

/// What is heard of a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Heard {
    Consonant(&'static str),
    Vowel,
    /// Nothing, but the consonant before it has no vowel.
    Stop,
    Nothing,
}

/// The sound of a folded word in Latin letters: consonants, a vowel at the beginning as `a`, nothing twice in a row. `None` for
/// words in other scripts, with digits, or with too few consonants.
pub(crate) fn sound_of(word: &str) -> Option<String> {
    let mut sound = String::new();
    let mut is_after_consonant = false;
    let mut letters = word.chars().peekable();
    while let Some(letter) = letters.next() {
        let next = letters.peek().copied();
        let is_latin = letter.is_ascii_alphabetic();
        match if is_latin { latin(letter, next) } else { indian(letter, next)? } {
            // The breath of a consonant is a letter of its own in Latin, and stands below it in Gurmukhi.
            Heard::Consonant("h") if is_after_consonant => is_after_consonant = false,
            Heard::Consonant(consonant) => {
                if !sound.ends_with(consonant) {
                    sound.push_str(consonant);
                }
                // Without a sign an Indian consonant has the vowel a.
                is_after_consonant = is_latin;
            }
            Heard::Vowel => {
                if sound.is_empty() {
                    sound.push('a');
                }
                is_after_consonant = false;
            }
            Heard::Stop => is_after_consonant = true,
            Heard::Nothing => {}
        }
    }
    (sound.len() >= LETTERS_MIN).then_some(sound)
}

fn latin(letter: char, next: Option<char>) -> Heard {
    Heard::Consonant(match letter {
        'b' => "b",
        'c' if next == Some('h') => "c",
        'c' | 'k' | 'q' => "k",
        'd' => "d",
        'f' | 'p' => "p",
        'g' => "g",
        'h' => "h",
        'j' | 'z' => "j",
        'l' => "l",
        'm' => "m",
        'n' => "n",
        'r' => "r",
        's' => "s",
        't' => "t",
        'v' | 'w' => "v",
        'x' => "ks",
        _ => return Heard::Vowel,
    })
}

/// Gurmukhi and Devanagari have their letters in the same order, 256 places apart.
fn indian(letter: char, next: Option<char>) -> Option<Heard> {
    let place = |letter: char| match letter {
        '\u{0900}'..='\u{097F}' => Some(letter as u32 - 0x0900),
        '\u{0A00}'..='\u{0A7F}' => Some(letter as u32 - 0x0A00),
        _ => None,
    };
    Some(match place(letter)? {
        0x01 | 0x02 => match next.and_then(place) {
            Some(0x2A..=0x2E) => Heard::Consonant("m"),
            _ => Heard::Consonant("n"),
        },
        // The vowel that Hindi writes with one sign and Latin as `ri`.
        0x0B | 0x43 => Heard::Consonant("r"),
        0x05..=0x14 | 0x3E..=0x4C | 0x2F => Heard::Vowel,
        0x15 | 0x16 => Heard::Consonant("k"),
        0x17 | 0x18 => Heard::Consonant("g"),
        0x1A | 0x1B => Heard::Consonant("c"),
        0x1C | 0x1D => Heard::Consonant("j"),
        0x19 | 0x1E | 0x23 | 0x28 | 0x29 => Heard::Consonant("n"),
        0x1F | 0x20 | 0x24 | 0x25 => Heard::Consonant("t"),
        0x21 | 0x22 | 0x26 | 0x27 => Heard::Consonant("d"),
        0x2A | 0x2B => Heard::Consonant("p"),
        0x2C | 0x2D => Heard::Consonant("b"),
        0x2E => Heard::Consonant("m"),
        0x30 | 0x31 | 0x5C => Heard::Consonant("r"),
        0x32..=0x34 => Heard::Consonant("l"),
        0x35 => Heard::Consonant("v"),
        0x36..=0x38 => Heard::Consonant("s"),
        0x39 => Heard::Consonant("h"),
        0x4D => Heard::Stop,
        _ => Heard::Nothing,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::squeeze;

    #[test]
    fn a_name_sounds_alike_in_three_scripts() {
        for names in [
            ["Ferozepur", "ਫ਼ਿਰੋਜ਼ਪੁਰ", "फ़िरोज़पुर"],
            ["Amritsar", "ਅੰਮ੍ਰਿਤਸਰ", "अमृतसर"],
            ["Ludhiana", "ਲੁਧਿਆਣਾ", "लुधियाना"],
            ["Jalandhar", "ਜਲੰਧਰ", "जालंधर"],
            ["Bathinda", "ਬਠਿੰਡਾ", "बठिंडा"],
            ["Nawanshahr", "ਨਵਾਂਸ਼ਹਿਰ", "नवांशहर"],
            ["Ambala", "ਅੰਬਾਲਾ", "अंबाला"],
        ] {
            let sounds = names.map(|name| sound_of(&squeeze(name)).unwrap());
            assert!(sounds.iter().all(|sound| *sound == sounds[0]), "{names:?}: {sounds:?}");
        }
        assert_eq!(sound_of(&squeeze("Singh")), sound_of(&squeeze("ਸਿੰਘ")));
    }

    #[test]
    fn short_words_digits_and_other_scripts_have_no_sound() {
        for word in ["", "ab", "oua", "ਆਈ", "a1b2c3", "москва", "ਕਖ"] {
            assert_eq!(sound_of(word), None, "{word}");
        }
    }
}

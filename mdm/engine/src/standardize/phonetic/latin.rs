//! Latin spellings of Indian names to sounds.

use super::Sounds;

/// Reads ASCII letters of either case; anything else is skipped.
pub(super) fn read(word: &[u8], sounds: &mut Sounds) {
    let mut letters = word.iter().filter(|b| b.is_ascii_alphabetic()).map(u8::to_ascii_lowercase).peekable();
    let mut before = 0;
    while let Some(letter) = letters.next() {
        let next = letters.peek().copied();
        match letter {
            // Doubled, a vowel is long, and e is i.
            b'e' if before == b'e' => {
                if let Some(last) = sounds.0.last_mut() {
                    *last = b'i';
                }
            }
            b'a' | b'i' | b'o' | b'u' if before == letter => {}
            b'a' | b'e' | b'i' => sounds.push(letter),
            b'o' | b'u' => sounds.push(b'u'),
            // After a consonant or vowel it is one of the front vowels; before a vowel at the start, a consonant.
            b'y' => sounds.push(if before == 0 { b'y' } else { b'i' }),
            b'q' => sounds.push(b'k'),
            b'w' => sounds.push(b'v'),
            b'z' => sounds.push(b'j'),
            b'f' => sounds.push(b'p'),
            b'x' => {
                sounds.push(b'k');
                sounds.push(b's');
            }
            b'c' => match next {
                Some(b'h') => sounds.push(b'c'),
                Some(b'e' | b'i' | b'y') => sounds.push(b's'),
                Some(next) if before == 0 && !matches!(next, b'a' | b'o' | b'u' | b'r' | b'l') => sounds.push(b'C'),
                _ => sounds.push(b'k'),
            },
            // After a consonant it is breath, not a sound of its own.
            b'h' if before == b'n' && next.is_none() => sounds.push(b'h'),
            b'h' if !matches!(before, 0 | b'a' | b'e' | b'i' | b'o' | b'u' | b'y') => {}
            b'n' | b'm' if is_tone(before, letter, next) => sounds.push(letter.to_ascii_uppercase()),
            other => sounds.push(other),
        }
        before = letter;
    }
}

/// Whether a nasal may be a mere tone of the vowel before it: an n at the end or before a consonant, an m before p and b.
fn is_tone(before: u8, letter: u8, next: Option<u8>) -> bool {
    let follows_vowel = matches!(before, b'a' | b'e' | b'i' | b'o' | b'u' | b'y' | b'n');
    follows_vowel
        && match letter {
            b'n' => !matches!(next, Some(b'a' | b'e' | b'i' | b'o' | b'u' | b'y' | b'h')),
            _ => matches!(next, Some(b'p' | b'b')),
        }
}

//! Characters: one way of writing what looks the same, digits of three scripts, capitals of Latin words.

use std::borrow::Cow;

/// A text as every kind reads it: invisible characters out, letters with a dot below as letter and dot (as Unicode's
/// NFC has them), Gurmukhi and Devanagari digits as ASCII, white space folded to single spaces, trimmed.
///
/// ```
/// use kanak_engine::standardize::script::fold;
/// assert_eq!(fold(" ੧੨\u{200C}  \u{A36}ਾਮ\u{A0}"), "12 ਸ\u{A3C}ਾਮ");
/// ```
pub fn fold(raw: &str) -> Cow<'_, str> {
    if is_folded(raw) {
        return Cow::Borrowed(raw);
    }
    let mut out = String::with_capacity(raw.len());
    let mut space = false;
    for character in raw.chars() {
        // A dot under anything but a consonant of its script says nothing.
        let is_stray_dot = || space || !out.ends_with(|before| takes_dot(before, character));
        if is_invisible(character) || without_dot(character).is_none() && is_stray_dot() {
            continue;
        }
        if character.is_whitespace() {
            space = !out.is_empty();
            continue;
        }
        if space {
            out.push(' ');
            space = false;
        }
        match without_dot(character) {
            Some(plain) if plain != character => out.extend([plain, dot_of(character)]),
            _ => out.push(ascii_digit(character).unwrap_or(character)),
        }
    }
    Cow::Owned(out)
}

/// Whether folding would change nothing, as far as ASCII tells at a glance.
fn is_folded(raw: &str) -> bool {
    let mut before = b' ';
    for byte in raw.bytes() {
        if !(b' '..=b'~').contains(&byte) || byte == b' ' && before == b' ' {
            return false;
        }
        before = byte;
    }
    before != b' ' || raw.is_empty()
}

/// Characters that have no look of their own: joiners, direction marks, byte order marks, control characters.
pub(crate) fn is_invisible(character: char) -> bool {
    matches!(character, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2064}' | '\u{FEFF}' | '\u{00AD}')
        || (character.is_control() && !character.is_whitespace())
}

/// The ASCII digit of a Gurmukhi or Devanagari one.
pub(super) fn ascii_digit(character: char) -> Option<char> {
    let place = match character {
        '\u{0966}'..='\u{096F}' => character as u32 - 0x0966,
        '\u{0A66}'..='\u{0A6F}' => character as u32 - 0x0A66,
        _ => return None,
    };
    char::from_digit(place, 10)
}

/// The sign of a dot below, of the script that a letter with a dot of its own belongs to.
fn dot_of(letter: char) -> char {
    if letter < '\u{0A00}' { '\u{093C}' } else { '\u{0A3C}' }
}

/// Whether a letter can have this dot below.
fn takes_dot(letter: char, dot: char) -> bool {
    let consonants = if dot == '\u{093C}' { '\u{0915}'..='\u{0939}' } else { '\u{0A15}'..='\u{0A39}' };
    consonants.contains(&letter)
}

/// A letter without the dot below it, which writers set or leave out alike; none for the dot itself.
pub(crate) fn without_dot(character: char) -> Option<char> {
    Some(match character {
        '\u{0A3C}' | '\u{093C}' => return None,
        '\u{0A33}' => 'ਲ',
        '\u{0A36}' => 'ਸ',
        '\u{0A59}' => 'ਖ',
        '\u{0A5A}' => 'ਗ',
        '\u{0A5B}' => 'ਜ',
        '\u{0A5E}' => 'ਫ',
        '\u{0958}' => 'क',
        '\u{0959}' => 'ख',
        '\u{095A}' => 'ग',
        '\u{095B}' => 'ज',
        '\u{095C}' => 'ड',
        '\u{095D}' => 'ढ',
        '\u{095E}' => 'फ',
        other => other,
    })
}

/// A word as lists of words have it: lower case, no dots below.
pub(crate) fn bare(word: &str) -> String {
    if word.is_ascii() {
        return word.to_ascii_lowercase();
    }
    word.chars().filter_map(without_dot).flat_map(char::to_lowercase).collect()
}

/// Whether a character belongs to a word of one of the three scripts: letters, and the vowel signs of Indian scripts.
pub(crate) fn is_letter(character: char) -> bool {
    character.is_alphabetic()
        || matches!(character, '\u{0900}'..='\u{0963}' | '\u{0971}'..='\u{097F}' | '\u{0A01}'..='\u{0A65}' | '\u{0A70}'..='\u{0A75}')
}

/// Appends a Latin word with one capital: `GURPREET` and `gurpreet` become `Gurpreet`. Other scripts have no capitals.
pub(crate) fn push_title(out: &mut String, word: &str) {
    if word.bytes().all(|b| b.is_ascii_alphabetic()) {
        let start = out.len();
        out.push_str(word);
        if let Some((first, rest)) = out.get_mut(start..).and_then(|word| word.split_at_mut_checked(1)) {
            first.make_ascii_uppercase();
            rest.make_ascii_lowercase();
        }
        return;
    }
    let mut first = true;
    for character in word.chars() {
        out.push(if first {
            one(character.to_uppercase(), character)
        } else {
            one(character.to_lowercase(), character)
        });
        first = !is_letter(character) && character != '\'' && !character.is_ascii_digit();
    }
}

/// The one character of a change of case; a character whose change is several (a ligature's) stays as it is.
fn one(mut changed: impl Iterator<Item = char>, character: char) -> char {
    changed.next().filter(|_| changed.next().is_none()).unwrap_or(character)
}

/// Whether the words of a text are Latin; mixed texts go by their first letter.
pub fn is_latin(text: &str) -> bool {
    text.chars().find(|character| is_letter(*character)).is_none_or(|first| (first as u32) < 0x0250)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_with_a_dot_below_is_one_whichever_way_it_was_typed() {
        assert_eq!(fold("\u{A36}ੇਰ"), "ਸ\u{A3C}ੇਰ");
        assert_eq!(fold("\u{95B}ोरा"), "ज\u{93C}ोरा");
        assert_eq!(fold("ਸ\u{A3C}\u{A3C}"), "ਸ\u{A3C}");
        assert_eq!(fold("\u{A3C} \u{A3C}ਸ"), "ਸ");
        assert_eq!(bare("\u{A36}ੇਰ"), bare("ਸ\u{A3C}ੇਰ"));
    }

    #[test]
    fn what_cannot_be_seen_is_left_out() {
        assert_eq!(fold("\u{FEFF}Gur\u{200D}preet\u{200B}"), "Gurpreet");
        assert_eq!(fold("\u{200B} \t\r\n"), "");
    }
}

//! Characters: one way of writing what looks the same, digits of three scripts, capitals of Latin words.

/// A text as every kind reads it: invisible characters out, letters with a dot below in their composed form, Gurmukhi and
/// Devanagari digits as ASCII, white space folded to single spaces, trimmed.
///
/// ```
/// use kanak_engine::standardize::script::fold;
/// assert_eq!(fold(" ੧੨\u{200C}  ਸ\u{A3C}ਾਮ\u{A0}"), "12 ਸ਼ਾਮ");
/// ```
pub fn fold(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut space = false;
    for character in raw.chars() {
        if is_invisible(character) {
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
        match character {
            '\u{0A3C}' | '\u{093C}' => push_nukta(&mut out, character),
            other => out.push(ascii_digit(other).unwrap_or(other)),
        }
    }
    out
}

/// Characters that have no look of their own: joiners, direction marks, byte order marks, control characters.
pub(crate) fn is_invisible(character: char) -> bool {
    matches!(character, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2064}' | '\u{FEFF}' | '\u{00AD}')
        || (character.is_control() && !character.is_whitespace())
}

/// The ASCII digit of a Gurmukhi or Devanagari one.
fn ascii_digit(character: char) -> Option<char> {
    let place = match character {
        '\u{0966}'..='\u{096F}' => character as u32 - 0x0966,
        '\u{0A66}'..='\u{0A6F}' => character as u32 - 0x0A66,
        _ => return None,
    };
    char::from_digit(place, 10)
}

/// Joins a dot below to the letter before it, where Unicode has a letter for both.
fn push_nukta(out: &mut String, nukta: char) {
    let composed = match out.chars().next_back() {
        Some('ਲ') => '\u{0A33}',
        Some('ਸ') => '\u{0A36}',
        Some('ਖ') => '\u{0A59}',
        Some('ਗ') => '\u{0A5A}',
        Some('ਜ') => '\u{0A5B}',
        Some('ਫ') => '\u{0A5E}',
        Some('क') => '\u{0958}',
        Some('ख') => '\u{0959}',
        Some('ग') => '\u{095A}',
        Some('ज') => '\u{095B}',
        Some('ड') => '\u{095C}',
        Some('ढ') => '\u{095D}',
        Some('फ') => '\u{095E}',
        // A second dot, or one under a letter that has none, says nothing.
        Some(letter) if letter == nukta || is_dotted(letter) => return,
        None | Some(' ') => return,
        Some(_) => {
            out.push(nukta);
            return;
        }
    };
    out.pop();
    out.push(composed);
}

fn is_dotted(letter: char) -> bool {
    matches!(letter, '\u{0A33}' | '\u{0A36}' | '\u{0A59}'..='\u{0A5B}' | '\u{0A5E}' | '\u{0958}'..='\u{095F}')
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
    let mut first = true;
    for character in word.chars() {
        if first {
            out.extend(character.to_uppercase());
        } else {
            out.extend(character.to_lowercase());
        }
        first = !is_letter(character) && character != '\'' && !character.is_ascii_digit();
    }
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
        assert_eq!(fold("ਸ\u{A3C}ੇਰ"), fold("ਸ਼ੇਰ"));
        assert_eq!(fold("ज\u{93C}ोरा"), fold("ज़ोरा"));
        assert_eq!(fold("ਸ\u{A3C}\u{A3C}"), "ਸ਼");
    }

    #[test]
    fn what_cannot_be_seen_is_left_out() {
        assert_eq!(fold("\u{FEFF}Gur\u{200D}preet\u{200B}"), "Gurpreet");
        assert_eq!(fold("\u{200B} \t\r\n"), "");
    }
}

//! Folding text so that spellings of one word meet.

/// The ASCII digit of a digit in ASCII, Devanagari or Gurmukhi.
pub(crate) fn digit(character: char) -> Option<u8> {
    match character {
        '0'..='9' => Some(character as u8),
        '\u{0966}'..='\u{096F}' => Some(b'0' + (character as u32 - 0x0966) as u8),
        '\u{0A66}'..='\u{0A6F}' => Some(b'0' + (character as u32 - 0x0A66) as u8),
        _ => None,
    }
}

/// The text with Devanagari and Gurmukhi digits written as ASCII ones.
pub(crate) fn with_ascii_digits(text: &str) -> String {
    text.chars().map(|character| digit(character).map_or(character, char::from)).collect()
}

/// Whether a character belongs to a word. Vowel signs of the Indian scripts do, their full stops do not.
fn is_word(character: char) -> bool {
    character.is_alphanumeric()
        || (matches!(character, '\u{0900}'..='\u{0DFF}') && !matches!(character, '\u{0964}' | '\u{0965}'))
}

/// Writes a character of a word as search and place names compare it: lower case, ASCII digits; in Gurmukhi, tippi as bindi
/// and neither addak nor nukta, which writers use or leave out alike.
fn fold_into(word: &mut String, character: char) {
    match character {
        '\u{0A70}' => word.push('\u{0A02}'),
        '\u{0A71}' | '\u{0A3C}' | '\u{093C}' | '\u{200C}' | '\u{200D}' => {}
        '\u{0A33}' => word.push('\u{0A32}'),
        '\u{0A36}' => word.push('\u{0A38}'),
        '\u{0A59}' => word.push('\u{0A16}'),
        '\u{0A5A}' => word.push('\u{0A17}'),
        '\u{0A5B}' => word.push('\u{0A1C}'),
        '\u{0A5E}' => word.push('\u{0A2B}'),
        '\u{095C}' => word.push('\u{0921}'),
        '\u{095D}' => word.push('\u{0922}'),
        other => match digit(other) {
            Some(ascii) => word.push(char::from(ascii)),
            None => word.extend(other.to_lowercase()),
        },
    }
}

/// Calls `each` with every folded word of the text.
pub(crate) fn for_each_word(text: &str, mut each: impl FnMut(&str)) {
    let mut word = String::new();
    for character in text.chars().chain([' ']) {
        if is_word(character) || matches!(character, '\u{200C}' | '\u{200D}') {
            fold_into(&mut word, character);
        } else if !word.is_empty() {
            each(&word);
            word.clear();
        }
    }
}

/// The folded words of the text run together: how place names compare, so that `S.A.S. Nagar` is `SAS NAGAR`.
pub(crate) fn squeeze(text: &str) -> String {
    let mut squeezed = String::new();
    for_each_word(text, |word| squeezed.push_str(word));
    squeezed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_name_squeeze_to_one_text() {
        assert_eq!(squeeze("S.A.S. Nagar"), squeeze("sas  nagar"));
        assert_eq!(squeeze("ਫ਼ਿਰੋਜ਼ਪੁਰ"), squeeze("ਫਿਰੋਜਪੁਰ"));
        assert_eq!(squeeze("ਸੰਗਰੂਰ"), squeeze("ਸਂਗਰੂਰ"));
        assert_eq!(squeeze(" .-। "), "");
    }

    #[test]
    fn digits_of_three_scripts_are_one() {
        assert_eq!(with_ascii_digits("੦੯ ०९ 09"), "09 09 09");
    }
}

//! The word somebody probably meant.

/// The nearest of `words` to `wanted`, when it is near enough to be what was meant; case and punctuation do not count.
pub fn nearest<'a>(wanted: &str, words: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = simple(wanted);
    words
        .into_iter()
        .map(|word| (edits(&wanted, &simple(word)), word))
        .filter(|(edits, word)| *edits <= wanted.len().max(word.len()) / 3 + 1 && *edits < wanted.len().max(1))
        .min()
        .map(|(_, word)| word)
}

fn simple(word: &str) -> Vec<char> {
    word.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).take(100).collect()
}

/// Levenshtein distance.
fn edits(left: &[char], right: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn the_nearest_word_is_found_when_it_is_near() {
        let words = ["Card No", "Name", "Father Name"];
        assert_eq!(nearest("card_no", words), Some("Card No"));
        assert_eq!(nearest("Fathers Name", words), Some("Father Name"));
        assert_eq!(nearest("mobile", words), None);
        assert_eq!(nearest("", words), None);
        assert_eq!(nearest("x", []), None);
    }
}

//! How one word of a name is spelled differently in Latin letters, and mistyped.

use crate::chance::Chance;
use crate::rates;

/// Spellings that stand for the same sound: (one, other, where). The first may become the second.
const SAME_SOUND: &[(&str, &str, Where)] = &[
    ("w", "v", Where::Inside),
    ("v", "w", Where::Inside),
    ("jeet", "jit", Where::End),
    ("jit", "jeet", Where::End),
    ("preet", "prit", Where::End),
    ("deep", "dip", Where::End),
    ("dip", "deep", Where::End),
    ("meet", "mit", Where::End),
    ("mit", "meet", Where::End),
    ("ee", "i", Where::Inside),
    ("ee", "i", Where::End),
    ("i", "ee", Where::End),
    ("i", "y", Where::End),
    ("oo", "u", Where::Inside),
    ("u", "oo", Where::Inside),
    ("ph", "f", Where::Anywhere),
    ("inder", "indar", Where::End),
    ("inder", "ender", Where::End),
    ("inder", "indr", Where::End),
    ("inder", "inderr", Where::End),
    ("bir", "beer", Where::End),
    ("vir", "veer", Where::End),
    ("veer", "vir", Where::End),
    ("shan", "san", Where::End),
    ("sh", "s", Where::Inside),
    ("kh", "k", Where::Inside),
    ("gh", "g", Where::Inside),
    ("dh", "d", Where::Inside),
    ("d", "dh", Where::End),
    ("th", "t", Where::Inside),
    ("bh", "b", Where::Start),
    ("b", "bh", Where::Inside),
    ("chh", "ch", Where::Anywhere),
    ("aa", "a", Where::Anywhere),
    ("au", "o", Where::Inside),
    ("ai", "e", Where::Inside),
    ("ya", "ia", Where::End),
    ("z", "j", Where::Anywhere),
    ("x", "ksh", Where::Anywhere),
    ("tt", "t", Where::Inside),
    ("ll", "l", Where::Inside),
    ("ss", "s", Where::Inside),
    ("nn", "n", Where::Inside),
    ("dd", "d", Where::Inside),
    ("t", "tt", Where::Inside),
    ("l", "ll", Where::Inside),
    ("s", "ss", Where::Inside),
    ("kul", "kull", Where::Start),
    ("aran", "arn", Where::Inside),
    ("aram", "arm", Where::Inside),
    ("gur", "guru", Where::Start),
    ("sukh", "sukha", Where::Start),
    ("jas", "jass", Where::Start),
    ("har", "hr", Where::Start),
    ("ar", "r", Where::Inside),
    ("a", "aa", Where::Inside),
    ("pal", "paul", Where::End),
    ("wal", "val", Where::Anywhere),
    ("pur", "pura", Where::End),
    ("garh", "gadh", Where::End),
    ("man", "maan", Where::Start),
];

/// Where in a word a spelling is exchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Where {
    Start,
    /// Neither at the start nor at the end.
    Inside,
    End,
    Anywhere,
}

impl Where {
    fn find(self, word: &str, part: &str) -> Option<usize> {
        match self {
            Self::Start => (word.starts_with(part) && word.len() > part.len()).then_some(0),
            Self::End => (word.ends_with(part) && word.len() > part.len()).then(|| word.len() - part.len()),
            Self::Anywhere => word.find(part),
            Self::Inside => {
                let inside = word.get(1..word.len().saturating_sub(1))?;
                inside.find(part).map(|at| at + 1)
            }
        }
    }
}

/// Spellings of words that nearly everybody bears.
const COMMON: &[(&str, &[&str])] = &[
    ("singh", &["sing", "sinh", "singhh", "sngh"]),
    ("kaur", &["kour", "kor", "cour", "kaor"]),
    ("kumar", &["kumr", "kumer"]),
    ("devi", &["davi", "devy"]),
    ("ram", &["raam"]),
];

/// Rows of keys, for slips to a neighbour.
const KEYS: [&[u8]; 3] = [b"qwertyuiop", b"asdfghjkl", b"zxcvbnm"];

/// Appends a word as some clerk writes it, in lower case.
pub(crate) fn write_word(out: &mut String, word: &str, chance: &mut Chance) {
    let start = out.len();
    out.extend(word.chars().map(|c| c.to_ascii_lowercase()));
    if chance.hits(rates::SPELLING) {
        vary(out, start, chance);
        if chance.share(0.25) {
            vary(out, start, chance);
        }
    }
    if chance.hits(rates::TYPO) {
        mistype(out, start, chance);
    }
}

/// Respells the word that begins at `start`, when a rule fits.
fn vary(out: &mut String, start: usize, chance: &mut Chance) {
    let word = &out[start..];
    if let Some((_, others)) = COMMON.iter().find(|(common, _)| *common == word) {
        // Everybody knows how these are spelled.
        if chance.share(0.2) {
            let other = chance.pick(others);
            out.truncate(start);
            out.push_str(other);
        }
        return;
    }
    let mut fits: [(&str, &str, usize); 24] = [("", "", 0); 24];
    let mut count = 0;
    for (one, other, place) in SAME_SOUND {
        let Some(at) = place.find(word, one).filter(|_| count < fits.len()) else { continue };
        // What is made longer must not be a part of the longer one already (`veer` in `veer`, `tt` from the `t` of `tt`).
        let near = &word[at.saturating_sub(1)..(at + other.len()).min(word.len())];
        if other.len() < one.len() || !near.contains(other) {
            fits[count] = (one, other, at);
            count += 1;
        }
    }
    if count > 0 {
        let (from, to, at) = chance.pick(&fits[..count]);
        out.replace_range(start + at..start + at + from.len(), to);
    }
}

/// Mistypes one letter of the word that begins at `start`.
pub(crate) fn mistype(out: &mut String, start: usize, chance: &mut Chance) {
    let word = &out[start..];
    if word.len() < 4 || !word.is_ascii() {
        return;
    }
    let at = start + 1 + chance.below(word.len() - 2);
    match chance.below(4) {
        0 => {
            out.remove(at);
        }
        1 => {
            let letter = &out[at..=at].to_owned();
            out.insert_str(at, letter);
        }
        2 => {
            let pair: String = out[at..at + 2].chars().rev().collect();
            out.replace_range(at..at + 2, &pair);
        }
        _ => {
            let letter = out.as_bytes()[at];
            let neighbour = KEYS.iter().find_map(|row| {
                let place = row.iter().position(|key| *key == letter)?;
                Some(if place == 0 { row[1] } else { row[place - 1] })
            });
            if let Some(neighbour) = neighbour {
                out.replace_range(at..=at, char::from(neighbour).encode_utf8(&mut [0; 4]));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chance::Purpose;

    #[test]
    fn a_word_is_mostly_itself_and_its_variants_are_those_of_registers() {
        let mut chance = Chance::new(5, Purpose::Registers, 0);
        let spellings: Vec<String> = (0..4000)
            .map(|_| {
                let mut out = String::new();
                write_word(&mut out, "Jaswinder", &mut chance);
                out
            })
            .collect();
        let same = spellings.iter().filter(|word| *word == "jaswinder").count();
        let expected = 4000.0 * (1.0 - rates::SPELLING.rate) * (1.0 - rates::TYPO.rate);
        assert!((same as f64 - expected).abs() < 90.0, "{same}, not {expected}");
        for variant in ["jasvinder", "jaswindar", "jaswender", "jasswinder"] {
            assert!(spellings.iter().any(|word| word == variant), "{variant}");
        }
    }
}

//! How one word of a name is spelled differently in Latin letters, and mistyped.

use crate::chance::Chance;
use crate::rates;

/// Spellings that stand for the same sound. Each pair is read both ways.
const SAME_SOUND: &[(&str, &str)] = &[
    ("w", "v"),
    ("ee", "i"),
    ("oo", "u"),
    ("ph", "f"),
    ("preet", "prit"),
    ("jeet", "jit"),
    ("deep", "dip"),
    ("meet", "mit"),
    ("inder", "indar"),
    ("inder", "ender"),
    ("inder", "indr"),
    ("sh", "s"),
    ("kh", "k"),
    ("gh", "g"),
    ("dh", "d"),
    ("th", "t"),
    ("bh", "b"),
    ("ch", "c"),
    ("chh", "ch"),
    ("aa", "a"),
    ("au", "o"),
    ("ai", "e"),
    ("y", "i"),
    ("ya", "ia"),
    ("z", "j"),
    ("x", "ks"),
    ("ck", "k"),
    ("tt", "t"),
    ("ll", "l"),
    ("ss", "s"),
    ("nn", "n"),
    ("dd", "d"),
    ("kk", "k"),
    ("ar", "r"),
    ("rm", "ram"),
    ("rp", "rap"),
    ("rj", "raj"),
    ("ng", "n"),
    ("wal", "val"),
    ("pur", "pura"),
    ("garh", "gadh"),
    ("shn", "san"),
];

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
    for (one, other) in SAME_SOUND {
        for (from, to) in [(*one, *other), (*other, *one)] {
            let at = if from.len() < 2 && to.len() > 1 { word.rfind(from) } else { word.find(from) };
            // What is shorter must not be a part of the longer one that stands there already.
            let Some(at) = at else { continue };
            let stands = to.len() > from.len() && word[at.saturating_sub(to.len() - from.len())..].contains(to);
            if !stands && at + from.len() > 1 && count < fits.len() {
                fits[count] = (from, to, at);
                count += 1;
            }
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
        assert!((2400..2900).contains(&same), "{same}");
        for variant in ["jasvinder", "jaswindar", "jaswender"] {
            assert!(spellings.iter().any(|word| word == variant), "{variant}");
        }
    }
}

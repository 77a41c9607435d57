//! Latin to Gurmukhi and Devanagari by a few rules: what a clerk writes who hears the name.

/// The two scripts that registers use beside Latin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Script {
    Gurmukhi,
    Devanagari,
}

/// Words whose spelling everybody knows, or where a Latin `a` is long: (Latin, Gurmukhi, Devanagari).
const KNOWN: &[(&str, &str, &str)] = &[
    ("singh", "ਸਿੰਘ", "सिंह"),
    ("kaur", "ਕੌਰ", "कौर"),
    ("kumar", "ਕੁਮਾਰ", "कुमार"),
    ("kumari", "ਕੁਮਾਰੀ", "कुमारी"),
    ("devi", "ਦੇਵੀ", "देवी"),
    ("rani", "ਰਾਣੀ", "रानी"),
    ("ram", "ਰਾਮ", "राम"),
    ("lal", "ਲਾਲ", "लाल"),
    ("raj", "ਰਾਜ", "राज"),
    ("pal", "ਪਾਲ", "पाल"),
    ("chand", "ਚੰਦ", "चंद"),
    ("das", "ਦਾਸ", "दास"),
    ("bala", "ਬਾਲਾ", "बाला"),
    ("sharma", "ਸ਼ਰਮਾ", "शर्मा"),
    ("khan", "ਖਾਨ", "खान"),
    ("gill", "ਗਿੱਲ", "गिल"),
    ("sidhu", "ਸਿੱਧੂ", "सिद्धू"),
    ("nagar", "ਨਗਰ", "नगर"),
    ("kalan", "ਕਲਾਂ", "कलां"),
    ("khurd", "ਖੁਰਦ", "खुर्द"),
    ("mansa", "ਮਾਨਸਾ", "मानसा"),
    ("krishan", "ਕ੍ਰਿਸ਼ਨ", "कृष्ण"),
];

/// Consonants, longest first: (Latin, Gurmukhi, Devanagari).
const CONSONANTS: &[(&str, &str, &str)] = &[
    ("chh", "ਛ", "छ"),
    ("kh", "ਖ", "ख"),
    ("gh", "ਘ", "घ"),
    ("ch", "ਚ", "च"),
    ("jh", "ਝ", "झ"),
    ("th", "ਥ", "थ"),
    ("dh", "ਧ", "ध"),
    ("ph", "ਫ", "फ"),
    ("bh", "ਭ", "भ"),
    ("sh", "ਸ਼", "श"),
    ("ck", "ਕ", "क"),
    ("x", "ਕਸ", "क्स"),
    ("k", "ਕ", "क"),
    ("q", "ਕ", "क"),
    ("c", "ਕ", "क"),
    ("g", "ਗ", "ग"),
    ("j", "ਜ", "ज"),
    ("t", "ਤ", "त"),
    ("d", "ਦ", "द"),
    ("n", "ਨ", "न"),
    ("p", "ਪ", "प"),
    ("f", "ਫ਼", "फ़"),
    ("b", "ਬ", "ब"),
    ("m", "ਮ", "म"),
    ("y", "ਯ", "य"),
    ("r", "ਰ", "र"),
    ("l", "ਲ", "ल"),
    ("v", "ਵ", "व"),
    ("w", "ਵ", "व"),
    ("s", "ਸ", "स"),
    ("h", "ਹ", "ह"),
    ("z", "ਜ਼", "ज़"),
];

/// Vowels, longest first: (Latin, Gurmukhi sign and letter, Devanagari sign and letter).
const VOWELS: &[(&str, [&str; 2], [&str; 2])] = &[
    ("aa", ["ਾ", "ਆ"], ["ा", "आ"]),
    ("ee", ["ੀ", "ਈ"], ["ी", "ई"]),
    ("oo", ["ੂ", "ਊ"], ["ू", "ऊ"]),
    ("ai", ["ੈ", "ਐ"], ["ै", "ऐ"]),
    ("au", ["ੌ", "ਔ"], ["ौ", "औ"]),
    ("a", ["", "ਅ"], ["", "अ"]),
    ("i", ["ਿ", "ਇ"], ["ि", "इ"]),
    ("u", ["ੁ", "ਉ"], ["ु", "उ"]),
    ("e", ["ੇ", "ਏ"], ["े", "ए"]),
    ("o", ["ੋ", "ਓ"], ["ो", "ओ"]),
];

/// Vowels that are long at the end of a word.
const FINAL: &[(&str, [&str; 2], [&str; 2])] = &[
    ("a", ["ਾ", "ਆ"], ["ा", "आ"]),
    ("i", ["ੀ", "ਈ"], ["ी", "ई"]),
    ("u", ["ੂ", "ਊ"], ["ू", "ऊ"]),
    ("y", ["ੀ", "ਈ"], ["ी", "ई"]),
];

/// Appends a Latin text in a script, word by word. What is not a Latin letter stays as it is.
pub(crate) fn write_in(out: &mut String, text: &str, script: Script) {
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if !first.is_ascii_alphabetic() {
            out.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        }
        let end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        write_word(out, &rest[..end].to_ascii_lowercase(), script);
        rest = &rest[end..];
    }
}

fn write_word(out: &mut String, word: &str, script: Script) {
    let gurmukhi = script == Script::Gurmukhi;
    if let Some((_, pa, hi)) = KNOWN.iter().find(|(known, ..)| *known == word) {
        out.push_str(if gurmukhi { pa } else { hi });
        return;
    }
    let mut rest = word;
    let mut after_consonant = false;
    while !rest.is_empty() {
        // The `e` of -inder is not heard.
        if after_consonant && rest == "er" {
            out.push_str(if gurmukhi { "ਰ" } else { "र" });
            return;
        }
        if let Some((_, pa, hi)) = FINAL.iter().find(|(latin, ..)| *latin == rest && (rest != "y" || after_consonant)) {
            out.push_str(if gurmukhi { pa } else { hi }[usize::from(!after_consonant)]);
            return;
        }
        if let Some((latin, pa, hi)) = VOWELS.iter().find(|(latin, ..)| rest.starts_with(latin)) {
            out.push_str(if gurmukhi { pa } else { hi }[usize::from(!after_consonant)]);
            rest = &rest[latin.len()..];
            after_consonant = false;
            continue;
        }
        let Some((latin, pa, hi)) = CONSONANTS.iter().find(|(latin, ..)| rest.starts_with(latin)) else { return };
        let next = &rest[latin.len()..];
        let nasal = *latin == "n" && next.starts_with(['d', 'g', 'k', 'c', 't']) && !next.starts_with("deep");
        if nasal && !out.is_empty() && !after_consonant && word.len() != rest.len() {
            out.push_str(if gurmukhi { "ੰ" } else { "ं" });
            rest = next;
            continue;
        }
        out.push_str(if gurmukhi { pa } else { hi });
        // A doubled letter is written once; `pr` and `kr` are written as one.
        rest = if latin.len() == 1 && next.starts_with(latin) { &next[1..] } else { next };
        after_consonant = true;
        if matches!(*latin, "p" | "k") && rest.starts_with('r') {
            out.push_str(if gurmukhi { "\u{0A4D}ਰ" } else { "\u{094D}र" });
            rest = &rest[1..];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(latin: &str, gurmukhi: &str, devanagari: &str) {
        for (script, expected) in [(Script::Gurmukhi, gurmukhi), (Script::Devanagari, devanagari)] {
            let mut out = String::new();
            write_in(&mut out, latin, script);
            assert_eq!(out, expected, "{latin}");
        }
    }

    #[test]
    fn names_are_written_as_they_are_heard() {
        check("Gurpreet Singh", "ਗੁਰਪ੍ਰੀਤ ਸਿੰਘ", "गुरप्रीत सिंह");
        check("Jaswinder Kaur", "ਜਸਵਿੰਦਰ ਕੌਰ", "जसविंदर कौर");
        check("Amandeep", "ਅਮਨਦੀਪ", "अमनदीप");
        check("Sukhdev", "ਸੁਖਦੇਵ", "सुखदेव");
        check("Anita Devi", "ਅਨਿਤਾ ਦੇਵੀ", "अनिता देवी");
        check("12, Ram Nagar", "12, ਰਾਮ ਨਗਰ", "12, राम नगर");
    }
}

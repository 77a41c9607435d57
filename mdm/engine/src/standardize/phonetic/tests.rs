use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::*;

#[track_caller]
fn same(words: &[&str]) {
    for word in words {
        assert_eq!(key(word), key(words[0]), "{word} / {}", words[0]);
    }
}

#[test]
fn spellings_of_one_name_share_a_key_in_all_scripts() {
    same(&["Jaswinder", "Jasvinder", "Jasvindar", "JASWINDER", "ਜਸਵਿੰਦਰ", "जसविंदर", "जसविन्दर"]);
    same(&["Harjit", "Harjeet", "ਹਰਜੀਤ", "हरजीत"]);
    same(&["Gurpreet", "Gurprit", "ਗੁਰਪ੍ਰੀਤ", "गुरप्रीत"]);
    same(&["Kuldeep", "Kuldip", "ਕੁਲਦੀਪ"]);
    same(&["Gurmeet", "Gurmit", "Gurumeet", "ਗੁਰਮੀਤ"]);
    same(&["Phool", "Fool", "Phul", "ਫੂਲ", "फूल"]);
    same(&["Satta", "Sata", "ਸੱਤਾ"]);
    same(&["Bhag", "Bag", "ਭਾਗ"]);
    same(&["Singh", "Sing", "Sinh", "ਸਿੰਘ", "सिंह"]);
    same(&["Laxmi", "Lakshmi", "ਲਕਸ਼ਮੀ", "लक्ष्मी"]);
    same(&["Zora", "Jora", "ਜ਼ੋਰਾ", "ਜੋਰਾ", "ज़ोरा"]);
    same(&["Shinda", "Sinda", "ਸ਼ਿੰਦਾ", "ਸਿੰਦਾ"]);
    same(&["Bahadur", "Bhadur", "ਬਹਾਦੁਰ"]);
    same(&["Mohammad", "Mohammed", "Mohamad"]);
    same(&["ਪੰਮੀ", "ਪਂਮੀ", "Pammi"]);
    same(&["Inder", "Indar", "ਇੰਦਰ", "Ender"]);
}

#[test]
fn names_that_are_not_the_same_keep_apart() {
    for (left, right) in [
        ("Harjeet", "Harjot"),
        ("Gurmeet", "Gurmukh"),
        ("Manpreet", "Manjeet"),
        ("Kulwant", "Balwant"),
        ("Sukhdev", "Sukhdeep"),
        ("Ram", "Rani"),
        ("Amrit", "Amar"),
        ("Balbir", "Dalbir"),
    ] {
        assert_ne!(key(left), key(right), "{left} / {right}");
    }
}

#[test]
fn a_word_without_letters_of_the_three_scripts_has_no_key() {
    for word in ["", "123", "-", "中文", "\u{A71}"] {
        assert_eq!(key(word), "", "{word}");
    }
    assert_eq!(keys("Gurpreet - Singh"), "gurprit sing");
}

#[test]
fn a_word_with_a_digit_stands_for_itself_among_keys() {
    assert_eq!(keys("Phase 3B2"), format!("{} 3b2", key("phase")));
    assert_eq!(keys("ਸੈਕਟਰ ੨੨"), format!("{} 22", key("ਸੈਕਟਰ")));
    assert_ne!(keys("Sector 22"), keys("Sector 35"));
}

#[test]
fn the_looser_key_joins_whatever_the_key_joins() {
    let words = ["Jaswinder", "ਜਸਵਿੰਦਰ", "Harjit", "Harjeet", "Aulakh", "ਔਲਖ", "Eesha", "Aisha", "Phool", "Fool"];
    for left in words {
        for right in words {
            assert!(key(left) != key(right) || consonant_key(left) == consonant_key(right), "{left} / {right}");
        }
    }
}

/// A word as native speakers spelled it, and how many did; Gurmukhi words count as spelled by all.
struct Spelling {
    word: u32,
    text: String,
    count: u32,
}

/// The Dakshina spellings, from the folder that `KANAK_SHARED` names or from `shared` beside the checkout.
fn spellings() -> Option<Vec<Spelling>> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared");
    let shared = std::env::var("KANAK_SHARED").unwrap_or_else(|_| beside.to_owned());
    let file = std::path::Path::new(&shared).join("data/names/gurmukhi_latin_variants.csv");
    let Ok(text) = std::fs::read_to_string(&file) else {
        println!("skipped: no {}; set KANAK_SHARED to the folder that holds data/names", file.display());
        return None;
    };
    let mut all = Vec::new();
    for line in text.lines().skip(1) {
        // The Gurmukhi cell may be quoted and hold a comma; the others never do.
        let (line, count) = line.rsplit_once(',').unwrap();
        let (line, latin) = line.rsplit_once(',').unwrap();
        let (_, line) = line.split_once(',').unwrap();
        let (word, gurmukhi) = line.split_once(',').unwrap();
        let word = word.parse().unwrap();
        all.push(Spelling { word, text: gurmukhi.trim_matches('"').to_owned(), count: u32::MAX });
        all.push(Spelling { word, text: latin.to_owned(), count: count.parse().unwrap() });
    }
    Some(all)
}

/// How well a key joins spellings of one word, and only those.
#[derive(Debug)]
struct Figures {
    /// Share of same-word pairs of spellings that share a key.
    recall: f64,
    /// The same for pairs of a Gurmukhi word and a Latin spelling.
    recall_across_scripts: f64,
    /// Share of key-sharing pairs that are of one word, where words that native speakers spell alike count as one: ਅਖਤਰ and ਅਖ਼ਤਰ are
    /// both akhtar.
    precision: f64,
}

/// The figures of a key on the spellings that so many people or more gave.
fn measure(all: &[Spelling], count_min: u32, key: fn(&str) -> String) -> Figures {
    let mut words: BTreeMap<u32, BTreeSet<&str>> = BTreeMap::new();
    let mut spelled: HashMap<&str, BTreeSet<u32>> = HashMap::new();
    for spelling in all {
        spelled.entry(&spelling.text).or_default().insert(spelling.word);
        if spelling.count >= count_min {
            words.entry(spelling.word).or_default().insert(&spelling.text);
        }
    }
    let alike: BTreeSet<(u32, u32)> = spelled
        .values()
        .flat_map(|words| words.iter().flat_map(move |left| words.iter().map(move |right| (*left, *right))))
        .collect();
    let (mut pairs, mut joined, mut across, mut joined_across) = (0_u32, 0_u32, 0_u32, 0_u32);
    let mut by_key: HashMap<String, Vec<u32>> = HashMap::new();
    for (word, texts) in &words {
        let texts: Vec<(bool, String)> = texts.iter().map(|text| (text.is_ascii(), key(text))).collect();
        for (at, (ascii, left)) in texts.iter().enumerate() {
            by_key.entry(left.clone()).or_default().push(*word);
            for (other_ascii, right) in &texts[at + 1..] {
                let hit = u32::from(left == right);
                pairs += 1;
                joined += hit;
                if ascii != other_ascii {
                    across += 1;
                    joined_across += hit;
                }
            }
        }
    }
    let (mut shared, mut right) = (0_u32, 0_u32);
    for words in by_key.values() {
        for (at, left) in words.iter().enumerate() {
            for other in &words[at + 1..] {
                shared += 1;
                right += u32::from(alike.contains(&(*left, *other)));
            }
        }
    }
    Figures {
        recall: f64::from(joined) / f64::from(pairs),
        recall_across_scripts: f64::from(joined_across) / f64::from(across),
        precision: f64::from(right) / f64::from(shared),
    }
}

#[test]
fn native_spellings_of_one_word_mostly_share_a_key() {
    let Some(all) = spellings() else { return };
    // A spelling that one person alone gave is often a slip (sada for ਸਾਰਾ); one that two gave is a way to write the word.
    let figures = measure(&all, 2, key);
    println!("key, spellings of two people or more: {figures:?}");
    println!("key, every spelling: {:?}", measure(&all, 1, key));
    println!("consonant key, spellings of two people or more: {:?}", measure(&all, 2, consonant_key));
    assert!(
        figures.recall >= 0.85 && figures.recall_across_scripts >= 0.85 && figures.precision >= 0.75,
        "{figures:?}"
    );
    assert!(measure(&all, 1, key).recall >= 0.75);
    assert!(measure(&all, 2, consonant_key).recall >= 0.93);
}

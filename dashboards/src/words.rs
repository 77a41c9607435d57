//! Words of the pages' frame in English, Punjabi and Hindi.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use kanak_model::{Language, Titles};

/// Group (`page`, `frame` ...) to key to the word in each language.
static WORDS: LazyLock<BTreeMap<String, BTreeMap<String, Titles>>> = LazyLock::new(|| {
    toml::from_str(include_str!("../translations/words.toml")).expect("a test parses the embedded words")
});

/// The word of a key such as `page.overview`. A key that nobody wrote stands for itself, so that a page never breaks.
pub(crate) fn word(language: Language, key: &str) -> &str {
    let found = key.split_once('.').and_then(|(group, name)| WORDS.get(group)?.get(name));
    found.map_or(key, |titles| titles.get(language))
}

/// The BCP 47 tag of a language.
pub(crate) fn tag(language: Language) -> &'static str {
    match language {
        Language::En => "en",
        Language::Pa => "pa",
        Language::Hi => "hi",
    }
}

/// The language of a tag; `None` for any that pages do not come in.
pub(crate) fn find_language(tag: &str) -> Option<Language> {
    match tag {
        "en" => Some(Language::En),
        "pa" => Some(Language::Pa),
        "hi" => Some(Language::Hi),
        _ => None,
    }
}

/// The languages that pages come in, each with its own name for itself.
pub(crate) const LANGUAGES: [(Language, &str); 3] =
    [(Language::En, "English"), (Language::Pa, "ਪੰਜਾਬੀ"), (Language::Hi, "हिन्दी")];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_written_in_three_languages() {
        for (group, words) in WORDS.iter() {
            for (key, titles) in words {
                assert!(!titles.en.is_empty(), "{group}.{key}");
                assert!(titles.pa.is_some() && titles.hi.is_some(), "{group}.{key} lacks a language");
            }
        }
    }

    #[test]
    fn every_key_that_templates_name_is_written() {
        let mut seen = 0;
        let mut folders = vec![std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/templates"))];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let text = std::fs::read_to_string(&path).unwrap();
                for key in text.split(".t(\"").skip(1).filter_map(|rest| rest.split('"').next()) {
                    seen += 1;
                    assert_ne!(word(Language::Pa, key), key, "{} names `{key}`", path.display());
                }
            }
        }
        assert!(seen > 10, "templates name words");
    }

    #[test]
    fn a_key_that_nobody_wrote_stands_for_itself() {
        assert_eq!(word(Language::Hi, "page.nowhere"), "page.nowhere");
        assert_eq!(word(Language::Pa, "page.offices"), "ਦਫ਼ਤਰ");
    }
}

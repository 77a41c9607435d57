//! Places found by names that their code system does not have: old names, other spellings, names in other scripts.

use rustc_hash::FxHashSet;

use crate::{
    places,
    table::{Row, Table},
    text::{for_each_word, squeeze},
};

/// The aliases of the rows of one table, in the order of their list.
#[derive(Debug)]
pub(crate) struct AliasIndex {
    aliases: Vec<Alias>,
    /// Every word of an alias and all of them run together, each with the place of the alias; sorted.
    words: Vec<(String, u32)>,
}

#[derive(Debug)]
struct Alias {
    row: Row,
    name: &'static str,
    words: Vec<String>,
    squeezed: String,
}

/// How an alias fits a text, the better one first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fit {
    /// They are the same but for capitals, spaces and punctuation.
    Whole,
    /// Each word of the text begins one of the alias, or the text begins the alias.
    Begun,
}

/// A row that has an alias which fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AliasHit {
    pub(crate) fit: Fit,
    pub(crate) row: Row,
    /// The alias as it is listed.
    pub(crate) name: &'static str,
}

impl AliasIndex {
    /// Indexes the aliases of a code system that are none of its displays; `None` for one of which no alias is listed.
    pub(crate) fn build(table: &Table, system: &str) -> Option<Self> {
        let mut aliases = Vec::new();
        for (code, name) in places::aliases_of(system)? {
            let Some(row) = table.find(code) else { continue };
            let words = words_of(name);
            if table.displays.iter().any(|display| words_of(display.get(row)) == words) {
                continue;
            }
            aliases.push(Alias { row, name, squeezed: words.concat(), words });
        }
        let mut words: Vec<(String, u32)> = Vec::new();
        for (alias, at) in aliases.iter().zip(0..) {
            words.extend(alias.words.iter().chain([&alias.squeezed]).map(|word| (word.clone(), at)));
        }
        words.sort_unstable();
        words.dedup();
        Some(Self { aliases, words })
    }

    /// The rows with an alias that fits a text, whose folded words are `words`: whole ones first, each row once.
    pub(crate) fn find(&self, text: &str, words: &[String]) -> Vec<AliasHit> {
        let Some(first) = words.first() else { return Vec::new() };
        let squeezed = squeeze(text);
        let fits = |alias: &Alias| {
            alias.squeezed.starts_with(&squeezed)
                || words.iter().all(|word| alias.words.iter().any(|known| known.starts_with(word.as_str())))
        };
        let mut found: Vec<(Fit, u32)> = self
            .begun_by(first)
            .chain(self.begun_by(&squeezed))
            .filter_map(|at| {
                let alias = &self.aliases[at as usize];
                let fit = if alias.squeezed == squeezed { Fit::Whole } else { Fit::Begun };
                fits(alias).then_some((fit, at))
            })
            .collect();
        found.sort_unstable();
        let mut seen = FxHashSet::default();
        found.retain(|(_, at)| seen.insert(self.aliases[*at as usize].row));
        found
            .into_iter()
            .map(|(fit, at)| {
                let alias = &self.aliases[at as usize];
                AliasHit { fit, row: alias.row, name: alias.name }
            })
            .collect()
    }

    /// The places of the aliases of which a word begins so; one of them perhaps several times.
    fn begun_by<'a>(&'a self, beginning: &'a str) -> impl Iterator<Item = u32> + 'a {
        let from = self.words.partition_point(|(word, _)| word.as_str() < beginning);
        self.words[from..].iter().take_while(move |(word, _)| word.starts_with(beginning)).map(|(_, at)| *at)
    }
}

/// The folded words of a name, in order.
fn words_of(name: &str) -> Vec<String> {
    let mut words = Vec::new();
    for_each_word(name, |word| words.push(word.to_owned()));
    words
}

//! Under which keys a row of an index stands, and a query is looked for: those of its rules, finer ones where a block is
//! oversized.

use kanak_model::entity_model::{BlockingKey, BlockingRule, KeyFunction, KeyPart};
use kanak_model::kind::Kind;
use rustc_hash::FxHashSet;

use super::super::columns::Columns;
use super::super::hash;
use super::super::keys::{self, AllKeys, Entry};
use super::super::levels::Value;
use super::super::lexicon::Lexicon;
use super::super::refine;
use super::super::rule_set::RuleSet;
use super::asked::keys_of;

/// The blocking rules of an index.
#[derive(Debug)]
pub(crate) struct Blocking {
    /// Every key that a rule blocks or refines by, with the place of its attribute.
    keys: Vec<(usize, BlockingKey)>,
    rules: Vec<Rule>,
    /// Keys of the blocks that are parted.
    refined: FxHashSet<u64>,
    /// The keys of a bare name, among `keys`: given name and surname of a person, any word of another name.
    names: Vec<usize>,
    /// The place of the attribute that names the entity.
    label: Option<usize>,
}

/// The places of a rule's keys, and of those by which its oversized blocks are parted.
#[derive(Debug)]
struct Rule {
    keys: Vec<usize>,
    further: Vec<usize>,
}

/// What each key of [`Blocking`] gives for one row. Kept between rows for its memory.
#[derive(Debug, Default)]
pub(crate) struct Given(Vec<Vec<u64>>);

/// What the keys of names begin with, and those of the rows that bear a name.
const NAMES: usize = 1 << 16;
const BEARERS: usize = NAMES + 1;

impl Blocking {
    pub(crate) fn of(rule_set: &RuleSet, columns: &Columns) -> Self {
        let rules = &rule_set.rules;
        let place = |attribute: &str| columns.columns.iter().position(|column| column.field.name == attribute);
        let mut all: Vec<(usize, BlockingKey)> = Vec::new();
        let mut of_key = |key: BlockingKey| -> Option<usize> {
            let at = place(&key.attribute)?;
            Some(all.iter().position(|(_, known)| *known == key).unwrap_or_else(|| {
                all.push((at, key));
                all.len() - 1
            }))
        };
        let of_rule = |rule: &BlockingRule| {
            let keys: Option<Vec<usize>> = rule.keys.iter().cloned().map(&mut of_key).collect();
            let further = keys::further(rules, columns, rule).filter_map(&mut of_key).collect();
            // A rule with a key that nothing has blocks nothing.
            keys.map_or_else(|| Rule { keys: Vec::new(), further: Vec::new() }, |keys| Rule { keys, further })
        };
        let of_rules = rules.blocking.iter().map(of_rule).collect();
        let sounds = |part| BlockingKey {
            attribute: rules.label.clone(),
            part: Some(part),
            function: Some(KeyFunction::Sounds),
        };
        let label = place(&rules.label);
        let parts: &[KeyPart] = match label.map(|at| columns.columns[at].field.kind) {
            Some(Kind::PersonName) => &[KeyPart::Given, KeyPart::Surname],
            _ => &[KeyPart::Any],
        };
        let names = parts.iter().filter_map(|part| of_key(sounds(*part))).collect();
        let frozen: FxHashSet<u64> = rule_set.refined.iter().copied().collect();
        let mut refined = frozen.clone();
        let all_keys = AllKeys::of(rules, columns);
        for (place, rule) in rules.blocking.iter().enumerate() {
            let entries = all_keys.of_rule(rule, place, columns.len());
            let blocks = refine::group(entries, &all_keys.further(rules, columns, rule), Some(&frozen));
            refined.extend(blocks.refined);
        }
        Self { keys: all, rules: of_rules, refined, names, label }
    }

    /// Computes what each key gives for a row; `find` gives its values by the place of the attribute.
    pub(crate) fn give<'v>(&self, lexicon: &Lexicon, find: impl Fn(usize) -> Option<Value<'v>>, given: &mut Given) {
        given.0.resize_with(self.keys.len(), Vec::new);
        for ((at, key), out) in self.keys.iter().zip(&mut given.0) {
            keys_of(find(*at), lexicon, key, out);
        }
    }

    /// The keys of the blocks in which a row stands.
    pub(crate) fn blocks(&self, given: &Given, out: &mut Vec<u64>) {
        out.clear();
        let mut combined = Vec::new();
        for (place, rule) in self.rules.iter().enumerate().filter(|(_, rule)| !rule.keys.is_empty()) {
            let parts = rule.keys.iter().map(|at| given.0[*at].as_slice());
            keys::combine(keys::start(place), parts, &mut combined);
            for key in &combined {
                self.part(rule, *key, 0, 0, given, out);
            }
        }
        out.sort_unstable();
        out.dedup();
    }

    /// A block, or the finer ones that stand for it; `depth` further keys have been used, all before `from`.
    fn part(&self, rule: &Rule, key: u64, from: usize, depth: u8, given: &Given, out: &mut Vec<u64>) {
        let key = Entry::of(key, 0).key();
        if depth == refine::DEPTH_MAX || !self.refined.contains(&key) {
            out.push(key);
            return;
        }
        for (place, at) in rule.further.iter().enumerate().skip(from) {
            for further in &given.0[*at] {
                self.part(rule, refine::finer(key, place, *further), place + 1, depth + 1, given, out);
            }
        }
    }

    /// The place of the attribute that names the entity.
    pub(crate) fn label(&self) -> Option<usize> {
        self.label
    }

    /// The keys under which a name stands: one list a part of the name.
    pub(crate) fn names(&self, lexicon: &Lexicon, name: Value<'_>) -> Vec<Vec<u64>> {
        let of_part = |(place, at): (usize, &usize)| {
            let mut keys = Vec::new();
            keys_of(Some(name), lexicon, &self.keys[*at].1, &mut keys);
            let start = keys::start(NAMES + 2 + place);
            keys.iter().map(|key| Entry::of(hash::join(start, *key), 0).key()).collect()
        };
        self.names.iter().enumerate().map(of_part).collect()
    }

    /// The key under which the rows stand that bear a name.
    pub(crate) fn bearers(code: u32) -> u64 {
        Entry::of(hash::join(keys::start(BEARERS), u64::from(code) + 1), 0).key()
    }

    /// Bytes held.
    pub(crate) fn bytes(&self) -> usize {
        self.refined.capacity() * (size_of::<u64>() + 1)
    }
}

//! Made-up source records with their truth, weighed by a model that is wrong in the ways models are.
//!
//! What is wrong on purpose: errors come in careless source records and not one by one, so agreements of a match depend on each
//! other; people move and change two keys at once; registers lack whole columns; relatives and namesakes agree on most
//! of what is compared; the assumed m and u are off by a factor that each set draws anew, and so is the prior. Clusters are the
//! bare transitive closure, so that one wrong link makes several wrong pairs. Every figure differs from set to set.

use std::collections::HashMap;

use kanak_engine::matching::accuracy::accuracy_of_entities;
use kanak_engine::matching::estimate::{Answer, Population, Unlisted, scored_pairs};
use kanak_model::id::SourceRecordId;
use kanak_model::match_pair::{Decision, MatchPair};

/// Keys: identifier, mobile, given name, date of birth, village, father's name.
const KEYS: usize = 6;
pub(super) const RULES: [u64; 7] = [0b00_0001, 0b00_0010, 0b00_1100, 0b01_0100, 0b10_0100, 0b10_1000, 0b01_1000];
const MATCHED: f64 = 0.9;
const REVIEW: f64 = 0.5;
/// Pairs from here on are listed.
const LISTED: f64 = 0.001;

/// Repeatable chance, of another kind than the engine's.
pub(super) struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.share()
    }

    fn below(&mut self, limit: u64) -> u64 {
        (self.share() * limit as f64) as u64
    }

    fn is(&mut self, share: f64) -> bool {
        self.share() < share
    }
}

/// One source record: a value for each key, 0 where it has none.
#[derive(Clone)]
struct Row {
    entity: usize,
    values: [u64; KEYS],
}

pub(super) struct World {
    rows: Vec<Row>,
    clusters: Vec<Vec<SourceRecordId>>,
    /// Compared pairs with enough probability to be listed.
    pub(super) listed: Vec<MatchPair>,
    unlisted: Vec<Unlisted>,
    /// True pairs that were compared.
    compared_true: u64,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Truth {
    pub(super) precision: f64,
    pub(super) recall: f64,
    pub(super) blocking_recall: f64,
    pub(super) wanted: u64,
}

impl World {
    pub(super) fn draw(seed: u64) -> Self {
        let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d);
        for _ in 0..20 {
            dice.next();
        }
        let rows = rows(&mut dice);
        let weights = Weights::draw(&mut dice, rows.len());
        let (mut pairs, mut unlisted) = (Vec::new(), HashMap::<i64, (f64, u64)>::new());
        let mut compared_true = 0;
        for (left, right) in candidates(&rows) {
            let bits = weights.bits(&rows[left], &rows[right], &mut dice);
            let probability = 1.0 / (1.0 + (-bits).exp2());
            compared_true += u64::from(rows[left].entity == rows[right].entity);
            if probability < LISTED {
                let (sum, count) = unlisted.entry(bits.round() as i64).or_default();
                *sum += probability;
                *count += 1;
                continue;
            }
            let decision = if probability >= REVIEW { Decision::Review } else { Decision::NoMatch };
            let (left, right) = (SourceRecordId(left as i64), SourceRecordId(right as i64));
            pairs.push(MatchPair { left, right, weight_bits: bits, probability, decision });
        }
        let mut unlisted: Vec<Unlisted> =
            unlisted.into_values().map(|(sum, pairs)| Unlisted { probability: sum / pairs as f64, pairs }).collect();
        unlisted.sort_by(|a, b| a.probability.total_cmp(&b.probability));
        let clusters = closure(rows.len(), &pairs);
        Self { rows, clusters, listed: pairs, unlisted, compared_true }
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn population(&self) -> Population {
        Population { pairs: scored_pairs(&self.clusters, &self.listed, MATCHED), unlisted: self.unlisted.clone() }
    }

    pub(super) fn answer(&self, left: SourceRecordId, right: SourceRecordId) -> Answer {
        let entity = |id: SourceRecordId| self.rows[id.0 as usize].entity;
        if entity(left) == entity(right) { Answer::Same } else { Answer::Different }
    }

    pub(super) fn agreed(&self, left: SourceRecordId, right: SourceRecordId) -> u64 {
        let (left, right) = (&self.rows[left.0 as usize], &self.rows[right.0 as usize]);
        let agrees = |key: &usize| left.values[*key] != 0 && left.values[*key] == right.values[*key];
        (0..KEYS).filter(agrees).map(|key| 1 << key).sum()
    }

    pub(super) fn truth(&self) -> Truth {
        let entities: Vec<Vec<usize>> = self
            .clusters
            .iter()
            .map(|members| members.iter().map(|id| self.rows[id.0 as usize].entity).collect())
            .collect();
        let accuracy = accuracy_of_entities(&entities);
        Truth {
            precision: accuracy.precision,
            recall: accuracy.recall,
            blocking_recall: self.compared_true as f64 / accuracy.wanted as f64,
            wanted: accuracy.wanted,
        }
    }
}

/// Families of people, each with some source records.
fn rows(dice: &mut Dice) -> Vec<Row> {
    let entities = 1_200 + dice.below(2_000) as usize;
    let [has_identifier, has_mobile] = [dice.between(0.4, 0.8), dice.between(0.4, 0.8)];
    let careless_share = dice.between(0.05, 0.25);
    let [careful, careless] = [dice.between(0.01, 0.05), dice.between(0.1, 0.25)];
    let moves = dice.between(0.03, 0.12);
    let twins = dice.between(0.0, 0.02);
    let mut rows = Vec::new();
    let mut family = [0; KEYS];
    for entity in 0..entities {
        if entity == 0 || dice.is(0.4) {
            family = [0, 10_000 + dice.below(1 << 40), 0, 0, 1 + dice.below(120), 1 + dice.below(150)];
        }
        let is_twin = dice.is(twins) && family[3] != 0;
        let own_mobile = if dice.is(0.7) { 10_000 + dice.below(1 << 40) } else { family[1] };
        let born = if is_twin { family[3] } else { 1 + dice.below(20_000) };
        family[3] = born;
        // A third of the given names are common.
        let given = if dice.is(0.35) { 1 + dice.below(15) } else { 1 + dice.below(800) };
        let own = [entity as u64 + 1, own_mobile, given, born, family[4], family[5]];
        let moved = dice.is(moves);
        for copy in 0..=dice.below(4) {
            let mut values = own;
            if moved && copy >= 1 {
                values[1] = 10_000 + dice.below(1 << 40);
                values[4] = 1 + dice.below(120);
            }
            if !dice.is(has_identifier) {
                values[0] = 0;
            }
            if !dice.is(has_mobile) {
                values[1] = 0;
            }
            let wrong = if dice.is(careless_share) { careless } else { careful };
            for (key, value) in values.iter_mut().enumerate() {
                let wrong = if key == 0 { wrong / 5.0 } else { wrong };
                if dice.is(wrong) {
                    *value = if dice.is(0.4) || key < 2 { 0 } else { 1_000_000 + dice.below(1 << 40) };
                }
            }
            rows.push(Row { entity, values });
        }
    }
    rows
}

/// Pairs that satisfy at least one rule, ascending.
fn candidates(rows: &[Row]) -> Vec<(usize, usize)> {
    let mut pairs = Vec::new();
    for rule in RULES {
        let mut blocks: HashMap<Vec<u64>, Vec<usize>> = HashMap::new();
        for (at, row) in rows.iter().enumerate() {
            let key: Vec<u64> = (0..KEYS).filter(|key| rule >> key & 1 == 1).map(|key| row.values[key]).collect();
            if !key.contains(&0) {
                blocks.entry(key).or_default().push(at);
            }
        }
        for members in blocks.values() {
            for (place, left) in members.iter().enumerate() {
                pairs.extend(members[place + 1..].iter().map(|right| (*left, *right)));
            }
        }
    }
    pairs.sort_unstable();
    pairs.dedup();
    pairs
}

/// What the model believes.
struct Weights {
    prior: f64,
    /// Bits of an agreement and of a difference.
    bits: [(f64, f64); KEYS],
    noise: f64,
}

impl Weights {
    fn draw(dice: &mut Dice, rows: usize) -> Self {
        let m = [0.97, 0.75, 0.88, 0.88, 0.85, 0.85];
        let u = [1e-4, 1e-3, 0.01, 0.001, 0.02, 0.02];
        let bits = std::array::from_fn(|key| {
            // Off by as much as a factor of two in u, and in what a match gets wrong.
            let m: f64 = 1.0 - (1.0 - m[key]) * dice.between(-1.0, 1.0).exp2();
            let u: f64 = u[key] * dice.between(-1.0, 1.0).exp2();
            ((m / u).log2(), ((1.0 - m) / (1.0 - u)).log2())
        });
        let prior = (2.0 / rows as f64).log2() + dice.between(-2.0, 1.0);
        Self { prior, bits, noise: dice.between(0.0, 1.5) }
    }

    fn bits(&self, left: &Row, right: &Row, dice: &mut Dice) -> f64 {
        let of_key = |key: usize| match (left.values[key], right.values[key]) {
            (0, _) | (_, 0) => 0.0,
            (a, b) if a == b => self.bits[key].0,
            _ => self.bits[key].1,
        };
        // What families share counts once, and of the rest a quarter.
        let [mobile, village, father] = [1, 4, 5].map(of_key);
        let strongest = mobile.max(village).max(father).max(0.0);
        let shared = [mobile, village, father].map(|bits| if bits > 0.0 { bits / 4.0 } else { bits });
        let shared = shared.iter().sum::<f64>() + strongest * 0.75;
        // Noise with heavy tails: a ratio of two.
        let noise = self.noise * dice.between(-1.0, 1.0) / dice.between(0.15, 1.0);
        self.prior + [0, 2, 3].map(of_key).iter().sum::<f64>() + shared + noise
    }
}

fn closure(rows: usize, pairs: &[MatchPair]) -> Vec<Vec<SourceRecordId>> {
    let mut cluster: Vec<usize> = (0..rows).collect();
    let mut members: Vec<Vec<SourceRecordId>> = (0..rows).map(|row| vec![SourceRecordId(row as i64)]).collect();
    for pair in pairs.iter().filter(|pair| pair.probability >= MATCHED) {
        let (a, b) = (cluster[pair.left.0 as usize], cluster[pair.right.0 as usize]);
        if a != b {
            let moved = std::mem::take(&mut members[b]);
            for id in &moved {
                cluster[id.0 as usize] = a;
            }
            members[a].extend(moved);
        }
    }
    members.retain(|members| !members.is_empty());
    members
}

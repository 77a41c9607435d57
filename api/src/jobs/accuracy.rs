//! The hub's clusters against a known truth, in pairs.

use std::collections::HashMap;
use std::path::Path;

use anyhow::Context as _;
use kanak_model::GoldenId;
use serde::Serialize;

use crate::deployment::Deployment;

/// Precision and recall over pairs of source records.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Accuracy {
    /// Source records that both the hub and the truth know.
    pub source_records: u64,
    /// True pairs that the hub linked.
    pub true_links: u64,
    /// Pairs that the hub linked.
    pub links: u64,
    /// True pairs.
    pub truths: u64,
}

impl Accuracy {
    /// Of the linked pairs, the share that is true.
    pub fn precision(&self) -> f64 {
        share(self.true_links, self.links)
    }

    /// Of the true pairs, the share that is linked.
    pub fn recall(&self) -> f64 {
        share(self.true_links, self.truths)
    }

    /// The harmonic mean of both.
    pub fn f1(&self) -> f64 {
        share(2 * self.true_links, self.links + self.truths)
    }
}

fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 1.0 } else { part as f64 / whole as f64 }
}

/// Which golden record each live source record belongs to, by source name and key.
///
/// # Errors
/// When the hub cannot be read.
pub async fn links_by_key(deployment: &Deployment) -> anyhow::Result<HashMap<(String, String), GoldenId>> {
    let names: HashMap<_, _> =
        deployment.store.list_source_systems().await?.into_iter().map(|row| (row.id, row.name)).collect();
    let mut links = HashMap::new();
    let mut after = None;
    loop {
        let page = deployment.store.list_crosswalks(after, 50_000).await?;
        let Some(last) = page.last() else { return Ok(links) };
        after = Some((last.source_record, last.recorded_from));
        for link in page.into_iter().filter(|link| link.recorded_to.is_none()) {
            if let Some(name) = names.get(&link.source_system) {
                links.insert((name.clone(), link.key), link.golden_id);
            }
        }
    }
}

/// Compares the links with a truth file (`source,id,entity`).
///
/// # Errors
/// When the file cannot be read.
pub fn measure(truth: &Path, links: &HashMap<(String, String), GoldenId>) -> anyhow::Result<Accuracy> {
    let text = std::fs::read_to_string(truth).with_context(|| format!("cannot read {}", truth.display()))?;
    let rows = text.lines().skip(1).filter_map(|line| {
        let mut fields = line.split(',');
        let key = (fields.next()?.to_owned(), fields.next()?.to_owned());
        let entity = fields.next()?;
        links.get(&key).map(|golden| (*golden, entity.to_owned()))
    });
    Ok(count(rows))
}

fn count(rows: impl Iterator<Item = (GoldenId, String)>) -> Accuracy {
    let mut both: HashMap<(GoldenId, String), u64> = HashMap::new();
    let mut source_records = 0;
    for row in rows {
        *both.entry(row).or_default() += 1;
        source_records += 1;
    }
    let (mut golden, mut entity): (HashMap<GoldenId, u64>, HashMap<&str, u64>) = (HashMap::new(), HashMap::new());
    for ((id, name), count) in &both {
        *golden.entry(*id).or_default() += count;
        *entity.entry(name).or_default() += count;
    }
    let pairs = |count: &u64| count * count.saturating_sub(1) / 2;
    Accuracy {
        source_records,
        true_links: both.values().map(pairs).sum(),
        links: golden.values().map(pairs).sum(),
        truths: entity.values().map(pairs).sum(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_counted_as_one_would_by_hand() {
        // Linked: {a1, a2, b1} {b2} {c1}. True: {a1, a2}, {b1, b2}, {c1}.
        let rows = [(1, "a"), (1, "a"), (1, "b"), (2, "b"), (3, "c")];
        let accuracy = count(rows.into_iter().map(|(golden, entity)| (GoldenId(golden), entity.to_owned())));
        assert_eq!(accuracy, Accuracy { source_records: 5, true_links: 1, links: 3, truths: 2 });
        assert!((accuracy.precision() - 1.0 / 3.0).abs() < 1e-12);
        assert!((accuracy.recall() - 0.5).abs() < 1e-12);
        assert!((accuracy.f1() - 0.4).abs() < 1e-12);
    }
}

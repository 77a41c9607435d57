//! The hub's clusters against a known truth.

use std::collections::HashMap;
use std::path::Path;

use anyhow::Context as _;
use kanak_engine::matching::accuracy::{Accuracy, accuracy_of_entities};
use kanak_model::GoldenId;

use crate::deployment::Deployment;

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

/// Compares the links with a truth file (`source,id,entity`). Source records that one side does not know are left out.
///
/// # Errors
/// When the file cannot be read.
pub fn measure(truth: &Path, links: &HashMap<(String, String), GoldenId>) -> anyhow::Result<Accuracy> {
    let text = std::fs::read_to_string(truth).with_context(|| format!("cannot read {}", truth.display()))?;
    let mut clusters: HashMap<GoldenId, Vec<&str>> = HashMap::new();
    for line in text.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        if let [source, key, entity] = fields[..]
            && let Some(golden) = links.get(&(source.to_owned(), key.to_owned()))
        {
            clusters.entry(*golden).or_default().push(entity);
        }
    }
    let clusters: Vec<Vec<&str>> = clusters.into_values().collect();
    Ok(accuracy_of_entities(&clusters))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_truth_file_is_compared_with_the_links_in_pairs() {
        // Linked: {a1, a2, b1} {b2}; true: {a1, a2} {b1, b2}; x9 is unknown to the hub.
        let folder = tempfile::tempdir().unwrap();
        let truth = folder.path().join("citizen.csv");
        std::fs::write(&truth, "source,id,entity\ns,a1,a\ns,a2,a\ns,b1,b\ns,b2,b\ns,x9,a\n").unwrap();
        let link = |key: &str, golden: i64| (("s".to_owned(), key.to_owned()), GoldenId(golden));
        let links = HashMap::from([link("a1", 1), link("a2", 1), link("b1", 1), link("b2", 2)]);
        let accuracy = measure(&truth, &links).unwrap();
        assert_eq!((accuracy.right, accuracy.found, accuracy.wanted), (1, 3, 2));
    }
}

//! Telling the feed which code systems and entity models are in use: an event for each that is not the one told last.

use std::sync::Arc;

use anyhow::Context as _;
use kanak_codes::{CodeSystem, Concept, Language};
use kanak_model::EntityModel;
use kanak_model::feed::Published;
use kanak_store::{Edition, Items};
use sha2::{Digest as _, Sha256};

use crate::deployment::Deployment;

/// Publishes what has changed since it was last told; gives how many events that made. What is told once costs a look at
/// its version from then on.
///
/// # Errors
/// When the hub cannot be read or written.
pub async fn publish(deployment: &Deployment) -> anyhow::Result<usize> {
    let mut events = 0;
    let codes = deployment.codes();
    // The one that comes into force last: what was published here was told then.
    let newest = codes.systems().filter_map(|system| codes.versions(system.name()).next_back());
    let newest: Vec<(String, String)> =
        newest.map(|system| (system.name().to_owned(), system.version().to_owned())).collect();
    for (name, version) in newest {
        let system = codes.system_version(&name, &version).context("a snapshot keeps its versions")?;
        let stamp = stamp_of_system(system);
        let told = deployment.store.find_edition_stamp(Published::Codes, &name).await?;
        if told.as_ref() != Some(&stamp) {
            let codes = Arc::clone(&codes);
            let work = move || codes.system_version(&name, &version).map(edition_of_system);
            let edition = tokio::task::spawn_blocking(work).await?.context("a snapshot keeps its versions")?;
            events += usize::from(deployment.store.publish_edition(&edition).await?.is_some());
        }
    }
    for model in deployment.models.iter() {
        let edition = edition_of_model(model)?;
        let told = deployment.store.find_edition_stamp(Published::Model, &model.name).await?;
        if told.as_ref() != Some(&edition.stamp) {
            events += usize::from(deployment.store.publish_edition(&edition).await?.is_some());
        }
    }
    Ok(events)
}

/// Another one for another version or another table, without a look into the table.
fn stamp_of_system(system: &CodeSystem) -> String {
    format!("{} {:08x}", system.version(), system.packed_crc())
}

pub(super) fn edition_of_system(system: &CodeSystem) -> Edition {
    let stamp = stamp_of_system(system);
    let items =
        system.concepts().map(|concept| (hash(concept.code().as_bytes()), hash(says(concept).as_bytes()))).collect();
    let (name, version) = (system.name().to_owned(), system.version().to_owned());
    Edition { kind: Published::Codes, name, version, stamp, items }
}

/// All that a concept says.
fn says(concept: Concept<'_>) -> String {
    let names = Language::ALL.map(|language| concept.designation(language).unwrap_or_default());
    let properties: Vec<(&str, &str)> = concept.properties().collect();
    format!(
        "{}\u{1f}{names:?}\u{1f}{:?}\u{1f}{:?}\u{1f}{properties:?}",
        concept.display(),
        concept.parent(),
        concept.status()
    )
}

/// A model's version is a hash of all that it says; its items are its attributes.
fn edition_of_model(model: &EntityModel) -> anyhow::Result<Edition> {
    let mut items = Items::new();
    for attribute in &model.attributes {
        let says =
            serde_json::to_vec(&(attribute, model.survivorship.iter().find(|rule| rule.attribute == attribute.name)))?;
        items.insert(hash(attribute.name.as_bytes()), hash(&says));
    }
    let whole = serde_json::to_vec(&(
        (&model.plural, &model.title, &model.label, &model.attributes),
        (&model.matching, &model.survivorship, &model.status_default, &model.status_rules, &model.relations),
    ))?;
    let version: String = hash::<6>(&whole).iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Edition { kind: Published::Model, name: model.name.clone(), stamp: version.clone(), version, items })
}

/// The first bytes of a SHA-256.
fn hash<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let digest = Sha256::digest(bytes);
    std::array::from_fn(|place| digest[place])
}

#[cfg(test)]
mod tests {
    use kanak_model::FeedPosition;
    use kanak_model::feed::{Detail, FeedEntry, Publication};
    use kanak_model::{Access, builtin};

    use super::*;
    use crate::testing::House;

    async fn published(deployment: &Deployment) -> Vec<Publication> {
        let access = Access::operation("test");
        let page = deployment.store.read_feed(&access, &[], FeedPosition(0), 1000, Detail::Changes).await.unwrap();
        page.entries
            .into_iter()
            .filter_map(|entry| match entry {
                FeedEntry::Published(event) => Some(event.publication),
                FeedEntry::Golden(_) => None,
            })
            .collect()
    }

    #[tokio::test]
    async fn each_code_system_and_model_is_told_once_and_again_when_it_has_changed() {
        let house = House::new().await;
        let deployment = &house.deployment;
        let (systems, models) = (deployment.codes().systems().len(), deployment.models.len());
        assert_eq!(publish(deployment).await.unwrap(), systems + models);
        assert_eq!(publish(deployment).await.unwrap(), 0, "what was told is not told again");
        let told = published(deployment).await;
        let banks = told.iter().find(|one| one.name == "bank").unwrap();
        assert_eq!(banks.counts.unwrap().added, deployment.codes().get_system("bank").unwrap().len() as u64);

        let mut changed = deployment.clone();
        let mut models = (*deployment.models).clone();
        let citizen = models.iter_mut().find(|model| model.name == "citizen").unwrap();
        citizen.attributes[1].required = !citizen.attributes[1].required;
        let last = citizen.attributes.pop().unwrap();
        citizen.survivorship.retain(|rule| rule.attribute != last.name);
        changed.models = std::sync::Arc::new(models);
        assert_eq!(publish(&changed).await.unwrap(), 1);
        let told = published(&changed).await;
        let (last, counts) = (told.last().unwrap(), told.last().unwrap().counts.unwrap());
        assert_eq!((last.kind, last.name.as_str()), (Published::Model, "citizen"));
        assert_eq!((counts.added, counts.changed, counts.retired), (0, 1, 1));
    }

    #[test]
    fn a_models_version_is_that_of_what_it_says() {
        let (file, text) = builtin::ENTITY_MODELS[0];
        let edition = |text: &str| edition_of_model(&EntityModel::parse(file, text).unwrap()).unwrap();
        assert_eq!(edition(text), edition(&format!("# a remark\n{text}")));
        let other = text.replacen("en = \"", "en = \"New ", 1);
        assert_ne!(edition(text).version, edition(&other).version);
    }
}

//! Versions of code systems that the deployment publishes itself: a list from outside is read and compared with what is there; one
//! steward proposes it, a second one publishes it, and then it is in use.

use anyhow::{Context as _, bail};
use kanak_codes::{CodeSystem, Codes, CodesError, Concept, Part, diff};
use kanak_model::FeedPosition;
use kanak_model::feed::{CODES_NAMED_MAX, ChangedCodes, Counts, Publication, Published};
use kanak_store::{CodeParts, CodeVersion, CodeVersionState, CodesTold, Curator, NewCodeVersion, StoreError};

use crate::codes_at_hand::day_of;
use crate::deployment::Deployment;
use crate::jobs::code_difference::{Difference, find_before};
use crate::jobs::code_lists::{ListRead, ListToRead};
use crate::jobs::publish::edition_of_system;

/// Reads a list against the code systems in use. Writes nothing.
///
/// # Errors
/// As [`ListToRead::read`].
pub async fn read(deployment: &Deployment, list: ListToRead) -> anyhow::Result<ListRead> {
    deployment.renew_codes().await?;
    let (codes, today) = (deployment.codes(), day_of(deployment.clock.now()));
    Ok(tokio::task::spawn_blocking(move || list.read(&codes, today)).await??)
}

/// Proposes what was read.
///
/// # Errors
/// When it says nothing new, or as [`kanak_store::Store::propose_code_version`].
pub async fn propose(
    deployment: &Deployment,
    read: &ListRead,
    who: Curator<'_>,
    reason: &str,
) -> anyhow::Result<CodeVersion> {
    if let Some(previous) = &read.difference.previous
        && read.difference.is_empty()
    {
        bail!(CodesError::Import {
            place: "the file".to_owned(),
            problem: format!(
                "it says what version `{previous}` of `{}` says; there is nothing to publish",
                read.system
            ),
        });
    }
    let new = NewCodeVersion {
        system: &read.system,
        version: &read.version,
        effective_from: read.effective_from.map(|day| day.to_string()),
        parts: read.parts.clone(),
        concepts: read.concepts,
        previous: read.difference.previous.clone(),
        differs: read.difference.counts(),
        reason,
    };
    Ok(deployment.store.propose_code_version(&new, who).await?)
}

/// Publishes what another steward proposed: it is in use here when this returns, and the feed tells the others.
///
/// # Errors
/// As [`kanak_store::Store::publish_code_version`], or when it no longer fits beside the code systems in use.
pub async fn publish_version(
    deployment: &Deployment,
    (system, version): (&str, &str),
    who: Curator<'_>,
    reason: &str,
) -> anyhow::Result<(CodeVersion, FeedPosition)> {
    deployment.renew_codes().await?;
    let (codes, published_before) = deployment.codes_and_published();
    let (about, parts) = parts_of(deployment, system, version).await?;
    let told = tokio::task::spawn_blocking(move || tell(&codes, &about, parts, published_before)).await??;
    let published = deployment.store.publish_code_version(system, version, (who, reason), &told).await?;
    deployment.renew_codes().await?;
    Ok(published)
}

/// A version that was proposed, and how it differs from the one before.
///
/// # Errors
/// [`StoreError::NotFound`] where none was proposed; when the hub cannot be read.
pub async fn look_at(
    deployment: &Deployment,
    system: &str,
    version: &str,
) -> anyhow::Result<(CodeVersion, Difference)> {
    let (about, parts) = parts_of(deployment, system, version).await?;
    let codes = deployment.codes();
    let work = move || {
        let difference = match codes.system_version(&about.system, &about.version) {
            Some(system) if about.state == CodeVersionState::Published => Difference::of(&codes, system),
            _ => {
                let with = beside(&codes, parts)?;
                Difference::of(&with, find(&with, &about)?)
            }
        };
        anyhow::Ok((about, difference))
    };
    tokio::task::spawn_blocking(work).await?
}

async fn parts_of(
    deployment: &Deployment,
    system: &str,
    version: &str,
) -> Result<(CodeVersion, CodeParts), StoreError> {
    let none = || StoreError::NotFound { what: "proposed version of a code system", id: format!("{system} {version}") };
    deployment.store.find_code_version(system, version).await?.ok_or_else(none)
}

/// The code systems with one more version.
fn beside(codes: &Codes, parts: CodeParts) -> Result<Codes, CodesError> {
    codes.with(vec![Part::System { sidecar: parts.sidecar, packed_csv: parts.packed_csv }])
}

/// The version in a snapshot that has it.
fn find<'c>(codes: &'c Codes, about: &CodeVersion) -> anyhow::Result<&'c CodeSystem> {
    let found = codes.system_version(&about.system, &about.version);
    found.with_context(|| format!("the sidecar of {} {} is of another version", about.system, about.version))
}

/// What the feed is told of a version.
fn tell(codes: &Codes, about: &CodeVersion, parts: CodeParts, published_before: i64) -> anyhow::Result<CodesTold> {
    let with = beside(codes, parts)?;
    let system = find(&with, about)?;
    let name = |code: &str| code.to_owned();
    let (counts, named) = match find_before(&with, system) {
        None => {
            let added = system.concepts().take(CODES_NAMED_MAX).map(|concept| name(concept.code())).collect();
            let counts = Counts { added: system.len() as u64, ..Counts::default() };
            (counts, ChangedCodes { added, ..ChangedCodes::default() })
        }
        Some(before) => {
            let diff = diff(before, system);
            let changed: Vec<&str> = diff.changed_not_retired().map(|change| change.concept.code()).collect();
            let counts = Counts {
                added: diff.added.len() as u64,
                changed: changed.len() as u64,
                retired: diff.retired.len() as u64,
                removed: diff.removed.len() as u64,
            };
            let names = |concepts: &[Concept<'_>]| -> Vec<String> {
                concepts.iter().take(CODES_NAMED_MAX).map(|concept| name(concept.code())).collect()
            };
            let named = ChangedCodes {
                previous: Some(name(before.version())),
                added: names(&diff.added),
                changed: changed.iter().take(CODES_NAMED_MAX).map(|code| name(code)).collect(),
                retired: names(&diff.retired),
                removed: names(&diff.removed),
            };
            (counts, named)
        }
    };
    let newest = with.versions(system.name()).next_back().context("a code system has a version")?;
    Ok(CodesTold {
        published_before,
        publication: Publication {
            kind: Published::Codes,
            name: name(system.name()),
            version: name(system.version()),
            counts: Some(counts),
            codes: Some(named),
        },
        edition: (newest.version() == system.version()).then(|| edition_of_system(system)),
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kanak_codes::{Day, Status};
    use kanak_model::feed::{Detail, FeedEntry};
    use kanak_model::{Access, Caller, Role};
    use kanak_store::CodeCounts;

    use super::*;
    use crate::jobs::code_difference::field;
    use crate::jobs::publish::publish;
    use crate::secrets::os_rng;
    use crate::testing::House;

    const ASHA: Curator<'_> = Curator::Named("asha");
    const BINA: Curator<'_> = Curator::Named("bina");
    const SIDECAR: &str = "title_en = \"Guilds\"\nsource = \"a test\"\nlicence = \"none stated\"\n";
    const FIRST: &str = "code,display\nA,Ash\nB,Birch\nD,Dogwood\n";
    const SECOND: &str = "code,display,status\nA,Ash tree,active\nB,Birch,retired\nC,Cedar,active\n";

    async fn house() -> House {
        let house = House::new().await;
        for name in ["asha", "bina"] {
            let (by, roles) = (Caller::system("test"), [Role::Steward].into_iter().collect());
            let store = &house.deployment.store;
            store.create_user(&by, name, "a long password", &roles, None, &mut os_rng()).await.unwrap();
        }
        house
    }

    fn list(version: &str, from: &str, text: &str) -> ListToRead {
        ListToRead {
            system: "guild".to_owned(),
            format: None,
            version: Some(version.to_owned()),
            effective_from: Day::parse(from),
            sidecar: Some(SIDECAR.to_owned()),
            master: None,
            bytes: text.as_bytes().to_vec(),
        }
    }

    async fn put_in_use(deployment: &Deployment, version: &str, from: &str, text: &str) {
        let read = read(deployment, list(version, from, text)).await.unwrap();
        propose(deployment, &read, ASHA, "a test").await.unwrap();
        publish_version(deployment, ("guild", version), BINA, "").await.unwrap();
    }

    fn display(codes: &Codes, version: Option<&str>, day: &str, code: &str) -> Option<String> {
        let as_of = codes.as_of("guild", version, Day::parse(day)).unwrap();
        as_of.lookup(code).map(|concept| concept.display().to_owned())
    }

    #[tokio::test]
    async fn a_dry_run_tells_what_would_change_and_writes_nothing() {
        let house = house().await;
        let deployment = &house.deployment;
        put_in_use(deployment, "1", "2020-01-01", FIRST).await;
        let before =
            (deployment.store.list_code_versions().await.unwrap(), deployment.store.feed_position().await.unwrap());
        let codes = deployment.codes();
        let read = read(deployment, list("2", "2026-01-01", SECOND)).await.unwrap();
        let difference = &read.difference;
        assert_eq!(difference.previous.as_deref(), Some("1"));
        assert_eq!(difference.counts(), CodeCounts { added: 1, changed: 1, retired: 1, removed: 1 });
        let rows: Vec<(&str, &str)> = difference.rows.iter().map(|row| (row.code.as_str(), row.change)).collect();
        assert_eq!(rows, [("D", "removed"), ("B", "retired"), ("A", "changed"), ("C", "added")]);
        assert_eq!(difference.rows[2].fields, [field("display", "Ash", "Ash tree")]);
        let after =
            (deployment.store.list_code_versions().await.unwrap(), deployment.store.feed_position().await.unwrap());
        assert_eq!(after, before);
        assert!(Arc::ptr_eq(&deployment.codes(), &codes), "the same snapshot is in use");
    }

    #[tokio::test]
    async fn a_published_version_is_in_use_here_at_once_and_in_another_process_when_it_looks() {
        let house = house().await;
        let other = house.opened_again().await;
        let deployment = &house.deployment;
        let (codes, standardizer) = (deployment.codes(), deployment.standardizer());
        let read = read(deployment, list("1", "2020-01-01", FIRST)).await.unwrap();
        propose(deployment, &read, ASHA, "a test").await.unwrap();
        assert!(deployment.codes().system("guild").is_none(), "what waits is not in use");
        let own = publish_version(deployment, ("guild", "1"), ASHA, "").await.unwrap_err();
        assert!(matches!(own.downcast_ref(), Some(StoreError::OwnCodeVersion { .. })), "{own}");
        let (published, _) = publish_version(deployment, ("guild", "1"), BINA, "").await.unwrap();
        assert_eq!(published.state, CodeVersionState::Published);
        assert_eq!(deployment.codes().get_system("guild").unwrap().len(), 3);
        assert!(!Arc::ptr_eq(&deployment.standardizer(), &standardizer), "values are cleaned by the new one");
        assert!(codes.system("guild").is_none(), "work under way goes on with its own snapshot");
        assert!(deployment.codes_at_hand.in_use().get().system("guild").is_some(), "pages and lake as well");
        assert!(!deployment.renew_codes().await.unwrap(), "there is nothing newer");

        assert!(other.codes().system("guild").is_none());
        assert!(other.renew_codes().await.unwrap());
        assert_eq!(other.codes().get_system("guild").unwrap().version(), "1");
        let again = house.opened_again().await;
        assert_eq!(again.codes().get_system("guild").unwrap().version(), "1", "and in one that is opened later");
    }

    #[tokio::test]
    async fn answers_as_of_an_earlier_day_stay_the_same_after_a_new_version() {
        let house = house().await;
        let deployment = &house.deployment;
        put_in_use(deployment, "1", "2020-01-01", FIRST).await;
        let asked = [(None, "2020-06-01", "A"), (None, "2025-12-31", "D"), (Some("1"), "2026-06-01", "B")];
        let answers = |codes: &Codes| asked.map(|(version, day, code)| display(codes, version, day, code));
        let before = answers(&deployment.codes());
        assert!(before.iter().all(Option::is_some), "{before:?}");
        put_in_use(deployment, "2", "2026-01-01", SECOND).await;
        put_in_use(deployment, "3", "2999-01-01", "code,display\nZ,Zelkova\n").await;
        let codes = deployment.codes();
        assert_eq!(answers(&codes), before);
        assert_eq!(display(&codes, None, "2026-06-01", "A").as_deref(), Some("Ash tree"));
        assert_eq!(display(&codes, None, "2026-06-01", "D"), None);
        let current = codes.get_system("guild").unwrap();
        assert_eq!(current.version(), "2", "the third is not in force yet");
        assert_eq!(current.lookup("B").unwrap().status(), Status::Retired);
        assert_eq!(codes.versions("guild").count(), 3);
    }

    #[tokio::test]
    async fn the_feed_names_the_codes_and_tells_each_version_once() {
        let house = house().await;
        let deployment = &house.deployment;
        publish(deployment).await.unwrap();
        put_in_use(deployment, "1", "2020-01-01", FIRST).await;
        let before = deployment.store.feed_position().await.unwrap();
        put_in_use(deployment, "2", "2026-01-01", SECOND).await;
        assert_eq!(publish(deployment).await.unwrap(), 0, "what was told is not told again");
        let page = deployment.store.read_feed(&Access::operation("test"), &[], before, 10, Detail::Changes).await;
        let page = page.unwrap();
        let [FeedEntry::Published(event)] = page.entries.as_slice() else { panic!("{page:?}") };
        let named = |codes: &[&str]| codes.iter().map(|code| (*code).to_owned()).collect::<Vec<_>>();
        let codes = ChangedCodes {
            previous: Some("1".to_owned()),
            added: named(&["C"]),
            changed: named(&["A"]),
            retired: named(&["B"]),
            removed: named(&["D"]),
        };
        let publication = &event.publication;
        assert_eq!((publication.name.as_str(), publication.version.as_str()), ("guild", "2"));
        assert_eq!(publication.counts, Some(Counts { added: 1, changed: 1, retired: 1, removed: 1 }));
        assert_eq!(publication.codes, Some(codes));
        let view = crate::feed_view::FeedEventView::from(page.entries[0].clone());
        let view = serde_json::to_value(&view).unwrap();
        assert_eq!(view["published"]["codes"]["complete"], true, "{view}");
        assert_eq!(view["published"]["codes"]["difference"], "/v1/code-systems/guild/versions/2", "{view}");
        let old = r#"{"kind":"codes","name":"bank","version":"1","counts":{"added":1,"changed":0,"retired":0}}"#;
        assert_eq!(serde_json::from_str::<Publication>(old).unwrap().codes, None, "earlier events still read");
    }

    #[tokio::test]
    async fn a_version_that_came_with_the_binary_never_says_something_else() {
        let house = house().await;
        let deployment = &house.deployment;
        let codes = deployment.codes();
        let built_in = codes.get_system("designation").unwrap();
        let posts = ListToRead {
            system: "designation".to_owned(),
            sidecar: None,
            version: Some(built_in.version().to_owned()),
            ..list("", "2026-01-01", "code,display\nX,A new post\n")
        };
        let refused = read(deployment, posts.clone()).await.unwrap_err();
        assert!(matches!(refused.downcast_ref(), Some(CodesError::VersionExists { .. })), "{refused}");
        let bad = ListToRead { bytes: b"code,display\nX,A new post\nX,Another\n".to_vec(), version: None, ..posts };
        let refused = read(deployment, bad).await.unwrap_err().to_string();
        assert!(refused.contains("line 3") && refused.contains("keep one of them"), "{refused}");
        let unknown = ListToRead { sidecar: None, ..list("1", "2026-01-01", FIRST) };
        let refused = read(deployment, unknown).await.unwrap_err().to_string();
        assert!(refused.contains("no code system `guild` yet"), "{refused}");
    }
}

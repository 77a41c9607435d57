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
use crate::jobs::code_references::Removals;
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

/// Proposes what was read. A version that is published already and says the same is given back as it is: nothing changes.
///
/// # Errors
/// When it says nothing new, when it lacks codes that others name and `removals` are refused, or as
/// [`kanak_store::Store::propose_code_version`].
pub async fn propose(
    deployment: &Deployment,
    read: &ListRead,
    who: Curator<'_>,
    reason: &str,
    removals: Removals,
) -> anyhow::Result<CodeVersion> {
    if read.is_there {
        return published_already(deployment, read).await;
    }
    removals.check((read.system.as_str(), read.version.as_str()), &read.difference.references_lost)?;
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

/// The version of a list that is there and says the same.
async fn published_already(deployment: &Deployment, read: &ListRead) -> anyhow::Result<CodeVersion> {
    let found = deployment.store.find_code_version(&read.system, &read.version).await?;
    match found {
        Some((version, _)) if version.state == CodeVersionState::Published => Ok(version),
        _ => bail!(CodesError::Import {
            place: "the file".to_owned(),
            problem: format!(
                "version `{}` of `{}` came with this release and says just this; nothing changed",
                read.version, read.system
            ),
        }),
    }
}

/// Publishes what another steward proposed: it is in use here when this returns, and the feed tells the others.
///
/// # Errors
/// As [`kanak_store::Store::publish_code_version`], when it no longer fits beside the code systems in use, or when it lacks codes that
/// others name by now and `removals` are refused.
pub async fn publish_version(
    deployment: &Deployment,
    (system, version): (&str, &str),
    who: Curator<'_>,
    reason: &str,
    removals: Removals,
) -> anyhow::Result<(CodeVersion, FeedPosition)> {
    deployment.renew_codes().await?;
    let (codes, published_before) = deployment.codes_and_published();
    let (about, parts) = parts_of(deployment, system, version).await?;
    // Of one that is decided the hub says so; what it would remove is then no question.
    let removals = if about.state == CodeVersionState::Proposed { removals } else { Removals::Accepted };
    let told = tokio::task::spawn_blocking(move || tell(&codes, &about, parts, published_before, removals)).await??;
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
fn tell(
    codes: &Codes,
    about: &CodeVersion,
    parts: CodeParts,
    published_before: i64,
    removals: Removals,
) -> anyhow::Result<CodesTold> {
    let with = beside(codes, parts)?;
    let system = find(&with, about)?;
    removals.check((about.system.as_str(), about.version.as_str()), &Difference::of(&with, system).references_lost)?;
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
    use crate::jobs::code_references::ReferencesLost;
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
            source_date: None,
            sidecar: Some(SIDECAR.to_owned()),
            master: None,
            bytes: text.as_bytes().to_vec(),
        }
    }

    async fn put_in_use(deployment: &Deployment, version: &str, from: &str, text: &str) {
        let read = read(deployment, list(version, from, text)).await.unwrap();
        propose(deployment, &read, ASHA, "a test", Removals::Refused).await.unwrap();
        publish_version(deployment, ("guild", version), BINA, "", Removals::Refused).await.unwrap();
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
        propose(deployment, &read, ASHA, "a test", Removals::Refused).await.unwrap();
        assert!(deployment.codes().system("guild").is_none(), "what waits is not in use");
        let own = publish_version(deployment, ("guild", "1"), ASHA, "", Removals::Refused).await.unwrap_err();
        assert!(matches!(own.downcast_ref(), Some(StoreError::OwnCodeVersion { .. })), "{own}");
        let (published, _) = publish_version(deployment, ("guild", "1"), BINA, "", Removals::Refused).await.unwrap();
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

    /// Members, which name guilds.
    const MEMBERS: &str = "code,display,parent\nM1,One,A\nM2,Two,D\n";
    const OF_MEMBERS: &str =
        "title_en = \"Members\"\nsource = \"a test\"\nlicence = \"none stated\"\nparent_system = \"guild\"\n";

    #[tokio::test]
    async fn codes_that_others_name_are_removed_only_where_that_is_accepted() {
        let house = house().await;
        let deployment = &house.deployment;
        put_in_use(deployment, "1", "2020-01-01", FIRST).await;
        let accepted = Removals::Accepted;
        // Nobody names `D` when the version is proposed; one does when it is to be published.
        let second = read(deployment, list("2", "2026-01-01", SECOND)).await.unwrap();
        assert_eq!(second.difference.references_lost, ReferencesLost::default());
        propose(deployment, &second, ASHA, "a test", Removals::Refused).await.unwrap();
        let members = ListToRead {
            system: "member".to_owned(),
            sidecar: Some(OF_MEMBERS.to_owned()),
            ..list("1", "2020-01-01", MEMBERS)
        };
        let members = read(deployment, members).await.unwrap();
        propose(deployment, &members, ASHA, "a test", Removals::Refused).await.unwrap();
        publish_version(deployment, ("member", "1"), BINA, "", Removals::Refused).await.unwrap();
        let refused = publish_version(deployment, ("guild", "2"), BINA, "", Removals::Refused).await.unwrap_err();
        assert!(matches!(refused.downcast_ref(), Some(CodesError::StillNamed { .. })), "{refused}");
        let words = refused.to_string();
        for told in ["`D`", "`member` at M2", "retire them", "--accept-removed", "accept_removed=true"] {
            assert!(words.contains(told), "{told}: {words}");
        }
        let (_, shown) = look_at(deployment, "guild", "2").await.unwrap();
        let told: Vec<_> = shown.references_lost.first.iter().map(|one| (&*one.name, &*one.at, &*one.code)).collect();
        assert_eq!((shown.references_lost.count, told), (1, vec![("member", "M2", "D")]));
        publish_version(deployment, ("guild", "2"), BINA, "", accepted).await.unwrap();

        let third = read(deployment, list("3", "2026-02-01", "code,display\nC,Cedar\n")).await.unwrap();
        assert_eq!(third.difference.references_lost.codes, ["A"], "what was lost before is not lost again");
        let refused = propose(deployment, &third, ASHA, "a test", Removals::Refused).await.unwrap_err();
        assert!(matches!(refused.downcast_ref(), Some(CodesError::StillNamed { .. })), "{refused}");
        assert!(deployment.store.find_code_version("guild", "3").await.unwrap().is_none(), "nothing was written");
        let waits = propose(deployment, &third, ASHA, "a test", accepted).await.unwrap();
        assert_eq!(waits.state, CodeVersionState::Proposed);
    }

    #[tokio::test]
    async fn a_version_that_is_published_is_given_back_and_a_second_dry_run_asks_for_nothing() {
        let house = house().await;
        let deployment = &house.deployment;
        // Neither a version nor a day is said: it is in force ever since, and named after today.
        let unnamed = |text: &str| ListToRead { version: None, effective_from: None, ..list("", "", text) };
        let first = read(deployment, unnamed(FIRST)).await.unwrap();
        assert!(!first.is_there && first.effective_from.is_none());
        propose(deployment, &first, ASHA, "a test", Removals::Refused).await.unwrap();
        let version = first.version.clone();
        publish_version(deployment, ("guild", &version), BINA, "", Removals::Refused).await.unwrap();
        let (codes, position) = (deployment.codes(), deployment.store.feed_position().await.unwrap());
        for sidecar in [Some(SIDECAR.to_owned()), None] {
            let again = read(deployment, ListToRead { sidecar, ..unnamed(FIRST) }).await.unwrap();
            assert!(again.is_there && again.difference.is_empty(), "{again:?}");
            assert_eq!(again.version, version);
            let given = propose(deployment, &again, ASHA, "a test", Removals::Refused).await.unwrap();
            assert_eq!((given.state, given.version.as_str()), (CodeVersionState::Published, version.as_str()));
        }
        assert!(Arc::ptr_eq(&deployment.codes(), &codes));
        assert_eq!(deployment.store.feed_position().await.unwrap(), position, "nothing changed");
        let other = read(deployment, ListToRead { sidecar: None, ..unnamed(SECOND) }).await.unwrap();
        assert_eq!(other.version, format!("{version}-2"), "another list of the same day stands beside it");
        assert_eq!(other.difference.previous.as_deref(), Some(version.as_str()));
    }

    #[tokio::test]
    async fn a_list_that_came_with_the_release_is_there_as_it_was_exported() {
        let house = house().await;
        let deployment = &house.deployment;
        let codes = deployment.codes();
        let built_in = codes.get_system("designation").unwrap();
        let export = ListToRead {
            system: "designation".to_owned(),
            version: Some(built_in.version().to_owned()),
            sidecar: None,
            effective_from: None,
            bytes: built_in.packed_csv().to_vec(),
            ..list("", "", "")
        };
        let read = read(deployment, export).await.unwrap();
        assert!(read.is_there);
        let refused = propose(deployment, &read, ASHA, "a test", Removals::Refused).await.unwrap_err().to_string();
        assert!(refused.contains("nothing changed"), "{refused}");
    }

    #[tokio::test]
    async fn the_date_of_a_source_is_the_one_that_is_stated_or_not_known() {
        let house = house().await;
        let deployment = &house.deployment;
        let dated =
            |date: Option<&str>| ListToRead { source_date: date.map(str::to_owned), ..list("1", "2020-01-01", FIRST) };
        let refused = read(deployment, dated(Some("last year"))).await.unwrap_err().to_string();
        assert!(refused.contains("`last year`") && refused.contains("2026-04-01"), "{refused}");
        let date_of = |read: &ListRead| {
            read.parts.sidecar.lines().find(|line| line.starts_with("source_date")).unwrap().to_owned()
        };
        let stated = read(deployment, dated(Some("2025-03"))).await.unwrap();
        assert_eq!(date_of(&stated), "source_date = \"2025-03\"");
        let unknown = read(deployment, dated(None)).await.unwrap();
        assert_eq!(date_of(&unknown), "source_date = \"none stated\"");
        propose(deployment, &unknown, ASHA, "a test", Removals::Refused).await.unwrap();
        publish_version(deployment, ("guild", "1"), BINA, "", Removals::Refused).await.unwrap();
        let rows = crate::jobs::code_currency::list_currency(deployment).await.unwrap();
        let guild = rows.iter().find(|row| row.system == "guild").unwrap();
        assert_eq!((&guild.source_date, guild.age_days, guild.published_after_days), (&None, None, None));
    }
}

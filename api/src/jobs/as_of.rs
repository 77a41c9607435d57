//! Answers as of a day: what a golden record was on that day, by all that the hub knew at a recorded time.
//!
//! The hub says what was stated and linked, the engine chooses by the model of that recorded time. Nothing else goes in, so that an
//! answer of a day and a recorded time never changes.

use std::collections::HashSet;

use kanak_engine::matching::Rank;
use kanak_engine::survivorship::{Member, Witnesses, survive_as_of};
use kanak_model::golden_record::{Survived, ValueOverride};
use kanak_model::model_migration::{carry, carry_name};
use kanak_model::source_record::Values;
use kanak_model::valid_time::{StatedVersion, in_force};
use kanak_model::{Access, EntityModel, GoldenId, Kind, SourceRecordId, Timestamp};
use kanak_store::{
    Golden, HeldVersion, ModelThen, OverrideStanding, SourceStanding, Standing, distance_of, may_search, show_as_of,
};

use crate::deployment::Deployment;
use crate::jobs::model_migrations::reread;
use crate::jobs::resolve::{Registers, registers};

/// How many golden records a search looks at at a time.
const PAGE: u32 = 500;

/// The day that an answer is of, and the recorded time at which the hub knew it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AsOf {
    /// The last instant of the day, in India.
    pub at: Timestamp,
    /// The recorded time; `None` for now.
    pub known_at: Option<Timestamp>,
}

/// What a golden record was on a day; `None` where nothing of it held then, or the caller may not read it as it was then or is now.
///
/// # Errors
/// When the hub cannot be read.
pub async fn find_as_of(
    deployment: &Deployment,
    access: &Access,
    model: &EntityModel,
    id: GoldenId,
    asked: AsOf,
) -> anyhow::Result<Option<Golden>> {
    let Some(standing) = deployment.store.find_standing(access, model, id, asked.known_at).await? else {
        return Ok(None);
    };
    let answering = Answering::begin(deployment, model, standing.known_at, asked.at).await?;
    let Some(found) = answering.choose(&standing) else { return Ok(None) };
    Ok(show_as_of(access, &answering.then.model, &standing, &found.survived, found.held))
}

/// The golden record that a department's key stood for on a day. A key that was dropped and came again has an epoch for each time.
///
/// # Errors
/// When the hub cannot be read.
pub async fn find_by_key_as_of(
    deployment: &Deployment,
    access: &Access,
    model: &EntityModel,
    (source, key): (&str, &str),
    asked: AsOf,
) -> anyhow::Result<Option<Golden>> {
    if !access.registers().read(source) {
        return Ok(None);
    }
    let id = deployment.store.find_golden_of_key_as_of(source, key, asked.at, asked.known_at).await?;
    match id {
        Some(id) => find_as_of(deployment, access, model, id, asked).await,
        None => Ok(None),
    }
}

/// Golden records that had, on a day, for each word of `text` a word beginning with it; the nearest first. All that were held are looked
/// through.
///
/// # Errors
/// When the hub cannot be read.
pub async fn search_as_of(
    deployment: &Deployment,
    access: &Access,
    model: &EntityModel,
    (text, limit): (&str, u32),
    asked: AsOf,
) -> anyhow::Result<Vec<Golden>> {
    let store = &deployment.store;
    let until = store.recorded_until().await?;
    let known_at = asked.known_at.map_or(until, |known_at| known_at.min(until));
    let answering = Answering::begin(deployment, model, known_at, asked.at).await?;
    if !may_search(access, &answering.then.model) {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    let mut after = None;
    loop {
        let (page, next) = store.list_standing(access, model, after, PAGE, known_at).await?;
        for standing in &page {
            let Some(chosen) = answering.choose(standing) else { continue };
            let mut golden = standing.record.clone();
            golden.values.clone_from(&chosen.survived.values);
            let Some(distance) = distance_of(&answering.then.model, &golden, text) else { continue };
            let shown = show_as_of(access, &answering.then.model, standing, &chosen.survived, chosen.held);
            let Some(shown) = shown else { continue };
            // What is withheld finds nobody, and ranks nobody.
            let told = access.may_withhold().then(|| distance_of(&answering.then.model, &shown.record, text));
            if let Some(distance) = told.unwrap_or(Some(distance)) {
                found.push((distance, shown));
            }
        }
        found.sort_by_key(|(distance, golden)| (*distance, golden.record.id));
        found.truncate(limit as usize);
        after = next;
        if after.is_none() {
            break;
        }
    }
    Ok(found.into_iter().map(|(_, golden)| golden).collect())
}

/// What answers of one day and one recorded time go by.
struct Answering<'d> {
    deployment: &'d Deployment,
    then: ModelThen,
    /// For a hub that has kept no trust of any time.
    registers: Registers,
    at: Timestamp,
    known_at: Timestamp,
}

/// What the engine chose, and from what.
struct Chosen<'s> {
    survived: Survived,
    /// What was in force, and what states a life event that was registered later; by ascending source record.
    held: Vec<HeldVersion<'s>>,
}

impl<'d> Answering<'d> {
    async fn begin(
        deployment: &'d Deployment,
        model: &EntityModel,
        known_at: Timestamp,
        at: Timestamp,
    ) -> anyhow::Result<Self> {
        let then = deployment.store.find_model_at(model, known_at).await?;
        Ok(Self { deployment, then, registers: registers(deployment).await?, at, known_at })
    }

    /// What the golden record was; `None` where no source record of it was in force.
    fn choose<'s>(&self, standing: &'s Standing) -> Option<Chosen<'s>> {
        let golden = standing.record.id;
        let mut held = self.versions(standing, |source| source.in_force(golden, self.at));
        if held.is_empty() {
            return None;
        }
        let known = self.versions(standing, |source| source.known(golden));
        let there: HashSet<SourceRecordId> = standing
            .sources
            .iter()
            .filter(|one| in_force(&one.versions, self.at).is_some())
            .map(|one| one.id)
            .collect();
        let listed: HashSet<SourceRecordId> = standing
            .sources
            .iter()
            .filter(|one| one.versions.last().is_some_and(|last| last.dropped.is_none()))
            .map(|one| one.id)
            .collect();
        let stated_then = self.overrides(&standing.overrides, self.at, &there);
        let stated_since = self.overrides(&standing.overrides, self.known_at, &listed);
        let survived = self.with_members(&held, |held_members| {
            self.with_members(&known, |known_members| {
                let (then, since): (Vec<_>, Vec<_>) = (stated_then.iter().collect(), stated_since.iter().collect());
                let held = Witnesses { members: held_members, overrides: &then };
                let known = Witnesses { members: known_members, overrides: &since };
                survive_as_of(&self.then.model, held, known, self.at.day_ist())
            })
        });
        // An event that was registered after the day is stated by a source record that was not in force then: it is named too.
        let is_chosen = |of: SourceRecordId| survived.values.values().any(|value| value.source_record == of);
        let is_held = |of: SourceRecordId| held.iter().any(|one| one.source.id == of);
        let named: Vec<HeldVersion<'s>> =
            known.into_iter().filter(|one| is_chosen(one.source.id) && !is_held(one.source.id)).collect();
        held.extend(named);
        held.sort_by_key(|one| one.source.id);
        Some(Chosen { survived, held })
    }

    /// The chosen version of each source record, its values in the words of the model of the answer.
    fn versions<'s>(
        &self,
        standing: &'s Standing,
        choose: impl Fn(&'s SourceStanding) -> Option<&'s StatedVersion>,
    ) -> Vec<HeldVersion<'s>> {
        let reread = |name: &str, kind: Kind, values: &Values, words: &str| {
            reread(self.deployment, &self.then.model, self.known_at.day_ist(), (name, kind), values, words)
        };
        let held = |source: &'s SourceStanding| {
            let version = choose(source)?;
            let values = carry(self.then.steps_since(version.recorded_from), &version.values, &reread);
            Some(HeldVersion { source, version, values })
        };
        standing.sources.iter().filter_map(held).collect()
    }

    fn overrides(
        &self,
        all: &[OverrideStanding],
        at: Timestamp,
        there: &HashSet<SourceRecordId>,
    ) -> Vec<ValueOverride> {
        let held = |one: &OverrideStanding| {
            let held = one.held(at, |subject| there.contains(&subject))?;
            let attribute = carry_name(self.then.steps_since(one.from), &held.attribute)?;
            Some(ValueOverride { attribute, ..held })
        };
        all.iter().filter_map(held).collect()
    }

    fn with_members<T>(&self, versions: &[HeldVersion<'_>], then: impl FnOnce(&[Member<'_>]) -> T) -> T {
        let trust: Vec<_> = versions
            .iter()
            .map(|one| {
                let (source, system) = (one.source.source.as_str(), one.source.source_system);
                move |attribute: &str| match &self.then.version {
                    Some(version) => version.trust_for(source, attribute),
                    None => self.registers.get(&system).map_or(0.0, |register| register.trust_for(attribute)),
                }
            })
            .collect();
        let members: Vec<Member<'_>> = versions
            .iter()
            .zip(&trust)
            .map(|(one, trust)| Member {
                id: one.source.id,
                rank: Rank::of(&one.source.source, &one.source.key),
                version: one.version.version,
                values: &one.values,
                updated: one.version.updated,
                recorded_from: one.version.recorded_from,
                trust,
            })
            .collect();
        then(&members)
    }
}

#[cfg(test)]
mod tests {
    use kanak_model::{Caller, Purpose, Role};

    use super::*;
    use crate::commands::resolve::resolve_all;
    use crate::output::Output;
    use crate::testing::{House, PEOPLE, person};

    /// People whose register says when it changed a record, where they live and when they died.
    fn people() -> String {
        let columns = [("MOBILE", "mobile"), ("DISTRICT", "district"), ("DIED", "date_of_death")];
        let columns = columns.map(|(from, to)| format!("\n[[column]]\nfrom = \"{from}\"\nto = \"{to}\"\n"));
        let people = PEOPLE.replace("key = \"ID\"", "key = \"ID\"\nupdated = \"CHANGED\"");
        format!("{people}{}", columns.concat())
    }

    async fn house() -> House {
        House::declared_by(&[("sources/people.toml", &people())]).await
    }

    const HEAD: &str = "ID,NAME,DOB,MOBILE,DISTRICT,DIED,CHANGED\n";

    async fn load(house: &House, number: u32, rows: &str) {
        house.ingest(&format!("people_{number}.csv"), &format!("{HEAD}{rows}")).await;
        resolve_all(&house.deployment, &["citizen".to_owned()], &Output::silent()).await.unwrap();
    }

    fn on(day: &str, known_at: Option<Timestamp>) -> AsOf {
        AsOf { at: Timestamp::parse_day_end(day).unwrap(), known_at }
    }

    async fn of_key(house: &House, access: &Access, key: &str, asked: AsOf) -> Option<Golden> {
        let model = house.deployment.get_model("citizen").unwrap();
        find_by_key_as_of(&house.deployment, access, model, ("people", key), asked).await.unwrap()
    }

    fn value<'g>(golden: &'g Golden, attribute: &str) -> Option<&'g str> {
        golden.record.values.get(attribute).map(|value| value.value.as_str())
    }

    #[tokio::test]
    async fn a_day_is_answered_by_what_departments_stated_then_and_by_what_is_known_of_deaths() {
        let house = house().await;
        let everyone = Access::operation("test");
        load(&house, 1, "1,Asha Devi,1990-01-02,9815237461,27,,2024-03-01T10:00:00Z\n").await;
        let early = house.deployment.store.recorded_until().await.unwrap();
        load(&house, 2, "1,Asha Devi,1990-01-02,9417052386,27,2025-02-10,2025-03-05T10:00:00Z\n").await;
        let ask = async |day: &str, known_at| of_key(&house, &everyone, "1", on(day, known_at)).await;

        assert_eq!(ask("2024-02-29", None).await, None, "the register says nothing of that time");
        let before = ask("2025-02-09", None).await.unwrap();
        assert_eq!((before.record.status.as_str(), value(&before, "mobile")), ("active", Some("9815237461")));
        let after = ask("2025-02-10", None).await.unwrap();
        assert_eq!((after.record.status.as_str(), value(&after, "mobile")), ("deceased", Some("9815237461")));
        assert_eq!(value(&after, "date_of_death"), Some("2025-02-10"), "registered in March, true from its day");
        let later = ask("2025-03-05", None).await.unwrap();
        assert_eq!((later.record.status.as_str(), value(&later, "mobile")), ("deceased", Some("9417052386")));
        assert_eq!(later.members[0].version, 2);
        let unknown_then = ask("2025-02-10", Some(early)).await.unwrap();
        assert_eq!((unknown_then.record.status.as_str(), unknown_then.known_at), ("active", early));
    }

    #[tokio::test]
    async fn who_registered_a_death_later_is_named_among_the_source_records_of_its_day() {
        let deaths = people().replace("people", "deaths");
        let house =
            House::declared_by(&[("sources/people.toml", &people()), ("sources/deaths.toml", deaths.as_str())]).await;
        let rows = |told: &str| {
            (0..200).fold(HEAD.to_owned(), |text, id| {
                let (name, born) = person(id);
                text + &format!("{id},{name},{born},,,{told}\n")
            })
        };
        house.ingest("people_1.csv", &rows(",2024-03-01T10:00:00Z")).await;
        house.ingest("deaths_1.csv", &rows("2025-02-10,2025-03-05T10:00:00Z")).await;
        resolve_all(&house.deployment, &["citizen".to_owned()], &Output::silent()).await.unwrap();
        let everyone = Access::operation("test");
        let known_at = house.deployment.store.recorded_until().await.unwrap();
        let mut dead = 0;
        for key in 0..20 {
            let day = on("2025-02-20", Some(known_at));
            let golden = of_key(&house, &everyone, &key.to_string(), day).await.unwrap();
            dead += usize::from(value(&golden, "date_of_death").is_some());
            for (name, chosen) in &golden.record.values {
                let from = golden.members.iter().find(|member| member.id == chosen.source_record);
                let from = from.unwrap_or_else(|| panic!("{name} of {key} comes from nowhere"));
                assert_eq!(from.source, if name == "date_of_death" { "deaths" } else { "people" }, "{name} of {key}");
            }
        }
        assert!(dead > 10, "{dead}");
    }

    #[tokio::test]
    async fn an_answer_of_a_day_and_a_recorded_time_is_the_same_whatever_comes_after() {
        let house = house().await;
        let rows = [
            "1,Asha Devi,1990-01-02,9815237461,27,,2024-03-01T10:00:00Z\n2,Bina Kumari,1991-03-04,9417052386,27,,2024-03-01T10:00:00Z\n",
            "1,Asha Rani Devi,1990-01-02,9815237461,27,,2024-06-01T10:00:00Z\n",
            "3,Asha Rani Devi,1990-01-02,9815237461,27,,2024-02-01T10:00:00Z\n",
            "2,Bina Kumari,1991-03-04,9417052386,41,2024-05-05,2024-04-01T10:00:00Z\n",
            "1,Charan Singh,1950-07-08,9872640195,41,,2024-07-01T10:00:00Z\n",
        ];
        let days = ["2024-01-31", "2024-02-15", "2024-03-15", "2024-05-15", "2024-06-15", "2024-12-31", "2030-01-01"];
        let everyone = Access::operation("test");
        let before = house.deployment.get_model("citizen").unwrap().survivorship.clone();
        let answers = async |house: &House, known_at: Option<Timestamp>| {
            let model = house.deployment.get_model("citizen").unwrap();
            let mut told = Vec::new();
            for day in days {
                for id in (1..=4).map(GoldenId) {
                    let found = find_as_of(&house.deployment, &everyone, model, id, on(day, known_at)).await.unwrap();
                    told.push(format!("{day} {id} {found:?}"));
                }
                let asked = on(day, known_at);
                let found = search_as_of(&house.deployment, &everyone, model, ("asha", 10), asked).await.unwrap();
                told.push(format!("{day} {found:?}"));
            }
            told
        };
        let mut given = Vec::new();
        for (number, rows) in (1..).zip(rows) {
            load(&house, number, rows).await;
            given.push((house.deployment.store.recorded_until().await.unwrap(), answers(&house, None).await));
        }
        // Other rules of survivorship and other trust, too: the past is answered by those of its time.
        let told_anew = people().replace("key = ", "trust = 0.9\nkey = ");
        let citizen = kanak_model::builtin::ENTITY_MODELS[0].1.replace("most_trusted", "longest");
        let files = [
            ("kanak.toml", "sources = \"sources\"\nmodels = \"models\"\n"),
            ("sources/people.toml", told_anew.as_str()),
            ("models/citizen.toml", citizen.as_str()),
        ];
        let house = house.redeclared(&files).await;
        resolve_all(&house.deployment, &[], &Output::silent()).await.unwrap();
        let now = house.deployment.get_model("citizen").unwrap();
        assert_ne!(now.survivorship, before);
        for (known_at, first) in given {
            let again = answers(&house, Some(known_at)).await;
            for (first, again) in first.iter().zip(&again) {
                assert_eq!(first, again, "an answer of {known_at} changed");
            }
        }
    }

    #[tokio::test]
    async fn a_steward_of_a_district_sees_who_lived_and_lives_there() {
        let house = house().await;
        load(&house, 1, "1,Asha Devi,1990-01-02,9815237461,27,,2024-03-01T10:00:00Z\n").await;
        load(&house, 2, "2,Bina Kumari,1991-03-04,9417052386,27,,2024-03-01T10:00:00Z\n").await;
        load(&house, 3, "1,Asha Devi,1990-01-02,9815237461,41,,2024-06-01T10:00:00Z\n").await;
        let steward = |district: &str| {
            let caller = Caller {
                user: None,
                name: "deepa".to_owned(),
                roles: [Role::Steward].into_iter().collect(),
                districts: Some([district.to_owned()].into_iter().collect()),
            };
            Access::decide(&caller, Purpose::Stewardship).unwrap()
        };
        let seen = async |district: &str, key: &str, day: &str| {
            of_key(&house, &steward(district), key, on(day, None)).await.is_some()
        };
        assert!(seen("27", "2", "2024-04-01").await);
        assert!(!seen("27", "1", "2024-04-01").await, "she has moved away, and took her past along");
        assert!(!seen("41", "1", "2024-04-01").await, "she did not live there then");
        assert!(seen("41", "1", "2024-07-01").await);
    }

    #[tokio::test]
    async fn a_recycled_key_stands_for_who_held_it_on_the_day() {
        let whole = people().replace("delta", "snapshot").replace("key = ", "retire_share_max = 1.0\nkey = ");
        let house = House::declared_by(&[("sources/people.toml", &whole)]).await;
        let everyone = Access::operation("test");
        load(&house, 1, "1,Asha Devi,1990-01-02,9815237461,27,,2024-03-01T10:00:00Z\n2,Bina Kumari,1991-03-04,9417052386,27,,2024-03-01T10:00:00Z\n").await;
        load(&house, 2, "2,Bina Kumari,1991-03-04,9417052386,27,,2024-03-01T10:00:00Z\n").await;
        load(
            &house,
            3,
            "1,Charan Singh,1950-07-08,9872640195,27,,\n2,Bina Kumari,1991-03-04,9417052386,27,,2024-03-01T10:00:00Z\n",
        )
        .await;
        let name = async |day: &str| {
            let found = of_key(&house, &everyone, "1", on(day, None)).await;
            found.map(|golden| (golden.record.id, value(&golden, "full_name").unwrap_or_default().to_owned()))
        };
        let first = name("2024-04-01").await.unwrap();
        assert_eq!(first.1, "Asha Devi", "although the key is another's by now");
        let holder = name("2999-01-01").await.unwrap();
        assert_eq!(holder.1, "Charan Singh", "the register says no time: from when the hub learned it");
        let epochs = house.deployment.store.list_key_epochs(&everyone, "people", "1", None).await.unwrap();
        assert_eq!(epochs.iter().map(|one| one.golden_id).collect::<Vec<_>>(), [Some(first.0), Some(holder.0)]);
    }
}

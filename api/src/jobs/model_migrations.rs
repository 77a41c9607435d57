//! Migrating a model: what the hub holds is stated anew by the migration's steps, and golden records follow.

use anyhow::Context as _;
use chrono::NaiveDate;
use kanak_engine::standardize::{Hint, TwelveDigits};
use kanak_model::entity_model::{Attribute, OnInvalid};
use kanak_model::kind::{Class, Kind};
use kanak_model::model_migration::{Step, carry, carry_name, check_steps};
use kanak_model::source_record::{Stated, Values};
use kanak_model::source_system::DateOrder;
use kanak_model::{EntityModel, ModelMigration, SourceRecord};
use kanak_store::{HeldOverride, ModelMigrationTx};
use serde::Serialize;

use crate::deployment::Deployment;
use crate::jobs::declared_models::{Waiting, remedy, version_of, waiting};
use crate::jobs::resolve::{Resolved, resolve};

/// What is done with a migration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// It is counted what it would do; nothing changes.
    Preview,
    /// It is applied.
    Apply,
}

/// What one step does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StepDone {
    /// The version that it leads to.
    pub version: u32,
    /// The step, as in its file.
    pub step: Step,
    /// Source records that state a value which it moves, retires or reads anew.
    pub values: u64,
    /// Values among them that no longer parse: they stay in the ledger and are no longer stated.
    pub unreadable: u64,
}

/// What a migration does, or would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Migrated {
    /// The entity type.
    pub entity: String,
    /// The model's version before.
    pub from: u32,
    /// The model's version afterwards.
    pub to: u32,
    /// What each step does.
    pub steps: Vec<StepDone>,
    /// Source records that get a further version.
    pub source_records: u64,
    /// Stated values of stewards that go on under another name or in another form.
    pub overrides_restated: u64,
    /// Stated values of stewards that end, because their attribute is retired or their value no longer parses.
    pub overrides_ended: u64,
    /// Proposed values that follow a rename, or lapse with a retired attribute.
    pub proposals: u64,
}

/// Applies the migrations of a model that wait, or counts what they would do; `None` when none waits. Golden records follow at once.
///
/// # Errors
/// When the steps do not lead from the model that the hub answers by to the one on disk; or the hub cannot be read or written.
pub async fn migrate(
    deployment: &Deployment,
    model: &EntityModel,
    mode: Mode,
) -> anyhow::Result<Option<(Migrated, Option<Resolved>)>> {
    let Some(Waiting { last, migrations }) = waiting(deployment, model).await? else { return Ok(None) };
    let Some(to) = migrations.last().map(|migration| migration.version) else { return Ok(None) };
    let steps: Vec<Step> = migrations.iter().flat_map(|migration| migration.steps.iter().cloned()).collect();
    check_steps(&last.body.attributes, &steps, &model.attributes).with_context(|| remedy(model, to))?;
    let body = version_of(deployment, model).await?;
    let mut tx = deployment.store.begin_model_migration(&model.name).await?;
    let mut done = Migrated {
        entity: model.name.clone(),
        from: last.version,
        to,
        steps: migrations.iter().flat_map(steps_of).collect(),
        source_records: 0,
        overrides_restated: 0,
        overrides_ended: 0,
        proposals: 0,
    };
    loop {
        let records = tx.next_records().await?;
        if records.is_empty() {
            break;
        }
        let restated: Vec<_> = records
            .iter()
            .filter_map(|record| Some((record.id, carried(deployment, model, record, &mut done.steps)?)))
            .collect();
        done.source_records += restated.len() as u64;
        tx.restate(&restated).await?;
    }
    carry_overrides(deployment, model, &steps, &mut tx, &mut done).await?;
    for attribute in &last.body.attributes {
        let name = carry_name(&steps, &attribute.name);
        if name.as_ref() != Some(&attribute.name) {
            done.proposals += tx.follow_proposals(&attribute.name, name.as_deref()).await?;
        }
    }
    if mode == Mode::Preview {
        return Ok(Some((done, None)));
    }
    tx.finish(to, &body, &migrations, "system:models").await?;
    let resolved = resolve(deployment, model).await?;
    Ok(Some((done, Some(resolved))))
}

fn steps_of(migration: &ModelMigration) -> impl Iterator<Item = StepDone> {
    let version = migration.version;
    migration.steps.iter().map(move |step| StepDone { version, step: step.clone(), values: 0, unreadable: 0 })
}

/// What a source record states after the steps, where that is something else; each step counts what it does.
fn carried(
    deployment: &Deployment,
    model: &EntityModel,
    record: &SourceRecord,
    steps: &mut [StepDone],
) -> Option<Values> {
    let today = deployment.clock.now().day_ist();
    let reread = |name: &str, kind: Kind, values: &Values, words: &str| {
        reread(deployment, model, today, (name, kind), values, words)
    };
    let mut values = record.values.clone();
    for done in steps {
        let (Step::Rename { from: name, .. } | Step::Retire(name) | Step::ChangeKind { attribute: name, .. }) =
            &done.step
        else {
            continue;
        };
        if values.find(name).is_none() {
            continue;
        }
        let next = carry([&done.step], &values, &reread);
        done.values += 1;
        let is_lost = matches!(done.step, Step::ChangeKind { .. }) && next.find(name).is_none();
        done.unreadable += u64::from(is_lost);
        values = next;
    }
    (values != record.values).then_some(values)
}

/// Reads a source's words as a kind, as if they were ingested on that day; dates that a register wrote month first are read day first.
pub fn reread(
    deployment: &Deployment,
    model: &EntityModel,
    today: NaiveDate,
    (name, kind): (&str, Kind),
    values: &Values,
    words: &str,
) -> Option<String> {
    let unnamed = Attribute {
        name: name.to_owned(),
        kind,
        class: Class::Sensitive,
        system: None,
        entity: None,
        required: false,
        on_invalid: OnInvalid::default(),
        title: None,
    };
    let declared = model.find_attribute(name).filter(|attribute| attribute.kind == kind);
    let district = model.attributes.iter().find(|other| other.kind == Kind::District);
    let hint = Hint {
        date_order: DateOrder::Dmy,
        district: district.and_then(|district| values.find(&district.name)),
        source: None,
        today,
        twelve_digits: TwelveDigits::Aadhaar,
    };
    deployment.standardizer().standardize(declared.unwrap_or(&unnamed), &hint, words).good()
}

/// Lets what stewards stated follow the steps.
async fn carry_overrides(
    deployment: &Deployment,
    model: &EntityModel,
    steps: &[Step],
    tx: &mut ModelMigrationTx,
    done: &mut Migrated,
) -> anyhow::Result<()> {
    let today = deployment.clock.now().day_ist();
    for HeldOverride { id, attribute, value } in tx.list_overrides().await? {
        let before: Values = [(attribute.clone(), Stated::new(value.clone(), &value))].into_iter().collect();
        let reread = |name: &str, kind: Kind, values: &Values, words: &str| {
            reread(deployment, model, today, (name, kind), values, words)
        };
        let after = carry(steps, &before, &reread);
        if after == before {
            continue;
        }
        let anew = after.iter().next().map(|(name, stated)| (name.to_owned(), stated.standard.clone()));
        match &anew {
            Some(_) => done.overrides_restated += 1,
            None => done.overrides_ended += 1,
        }
        tx.restate_override(id, anew.as_ref().map(|(name, value)| (name.as_str(), value.as_str()))).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use kanak_model::{Access, GoldenId, Timestamp, UserId};
    use kanak_store::NewOverride;

    use super::*;
    use crate::jobs::as_of::{AsOf, find_as_of};
    use crate::jobs::ingest_file::{Terms, ingest_file};
    use crate::jobs::verify::{Outcome, verify};
    use crate::output::Output;
    use crate::progress::Stage;
    use crate::testing::{House, PEOPLE};

    const SETTINGS: &str = "sources = \"sources\"\nmodels = \"models\"\n";

    fn people(mobile: &str) -> String {
        let columns = [("MOBILE", mobile), ("CARD", "card")];
        let columns = columns.map(|(from, to)| format!("\n[[column]]\nfrom = \"{from}\"\nto = \"{to}\"\n"));
        format!("{}{}", PEOPLE.replace("entity = \"citizen\"", "entity = \"resident\""), columns.concat())
    }

    const RESIDENT: &str = r#"
[entity]
name = "resident"
title = { en = "Resident" }
label = "full_name"

[[attribute]]
name = "full_name"
kind = "person_name"
class = "personal"
required = true

[[attribute]]
name = "date_of_birth"
kind = "date"
class = "personal"

[[attribute]]
name = "mobile"
kind = "mobile"
class = "personal"

[[attribute]]
name = "card"
kind = "identifier"

[[attribute]]
name = "pager"
kind = "identifier"

[[matching.blocking]]
keys = ["mobile"]

[[matching.blocking]]
keys = ["sounds(full_name.given)", "date_of_birth"]

[[matching.comparison]]
attribute = "full_name"

[[matching.comparison]]
attribute = "date_of_birth"

[[matching.comparison]]
attribute = "mobile"
"#;

    /// `mobile` is called `phone`, `card` is a mobile number, `pager` is gone.
    fn changed() -> String {
        let mut text = RESIDENT.to_owned();
        for (from, to) in [
            ("name = \"mobile\"", "name = \"phone\""),
            ("attribute = \"mobile\"", "attribute = \"phone\""),
            ("keys = [\"mobile\"]", "keys = [\"phone\"]"),
            ("name = \"card\"\nkind = \"identifier\"", "name = \"card\"\nkind = \"mobile\""),
            ("[[attribute]]\nname = \"pager\"\nkind = \"identifier\"\n", ""),
        ] {
            assert!(text.contains(from), "{from}");
            text = text.replace(from, to);
        }
        text
    }

    const MIGRATION: &str = r#"
[migration]
version = 2
why = "a test"

[[step]]
rename = { from = "mobile", to = "phone" }

[[step]]
change_kind = { attribute = "card", to = "mobile" }

[[step]]
retire = "pager"
"#;

    const ROWS: &str = "ID,NAME,DOB,MOBILE,CARD\n\
        1,Asha Devi,1990-01-02,+91 98152 37461,094170 52386\n\
        2,Bina Kumari,1991-03-04,9872640195,RC-77\n\
        3,Charan Singh,1950-07-08,,\n";

    async fn told(deployment: &Deployment, known_at: Timestamp) -> Vec<String> {
        let (store, access) = (&deployment.store, Access::operation("test"));
        let model = deployment.get_model("resident").unwrap();
        let mut told = Vec::new();
        for id in (1..=3).map(GoldenId) {
            told.push(format!("{:?}", store.find_golden_at(&access, model, id, known_at).await.unwrap()));
            told.push(format!("{:?}", store.list_history_at(&access, model, id, known_at).await.unwrap()));
            let asked = AsOf { at: Timestamp::parse_day_end("2999-01-01").unwrap(), known_at: Some(known_at) };
            told.push(format!("{:?}", find_as_of(deployment, &access, model, id, asked).await.unwrap()));
        }
        told
    }

    #[tokio::test]
    async fn a_model_that_changed_is_refused_without_a_migration_and_followed_with_one() {
        let people_before = people("mobile");
        let files = [
            ("kanak.toml", SETTINGS),
            ("models/resident.toml", RESIDENT),
            ("sources/people.toml", people_before.as_str()),
        ];
        let house = House::declared_by(&files).await;
        house.ingest("people_1.csv", ROWS).await;
        let model = house.deployment.get_model("resident").unwrap();
        resolve(&house.deployment, model).await.unwrap();
        let new = NewOverride {
            golden_id: GoldenId(3),
            attribute: "mobile",
            value: "9800412375",
            reason: "told at the counter",
            expires: None,
        };
        house.deployment.store.state_override(new, UserId(1)).await.unwrap();
        resolve(&house.deployment, model).await.unwrap();
        let then = house.deployment.store.recorded_until().await.unwrap();
        let before = told(&house.deployment, then).await;
        assert!(before.iter().any(|one| one.contains("\"mobile\"") && one.contains("9800412375")));

        let house =
            house.redeclared(&[("models/resident.toml", &changed()), ("sources/people.toml", &people("phone"))]).await;
        let model = house.deployment.get_model("resident").unwrap();
        let refused = format!("{:#}", resolve(&house.deployment, model).await.unwrap_err());
        for words in ["models/migrations/resident/0002.toml", "`card` was read as identifier", "change_kind"] {
            assert!(refused.contains(words), "{refused}");
        }
        let path = house.folder().join("people_2.csv");
        std::fs::write(&path, "ID,NAME\n4,Deepa Rani\n").unwrap();
        let stage = Stage::begin(&Output::silent(), "people_2.csv", 0);
        let refused = ingest_file(&house.deployment, &path, Terms::CAREFUL, &stage).await.unwrap_err();
        assert!(format!("{refused:#}").contains("0002.toml"), "{refused:#}");

        let house = house.redeclared(&[("models/migrations/resident/0002.toml", MIGRATION)]).await;
        let deployment = &house.deployment;
        let model = deployment.get_model("resident").unwrap();
        let waits = resolve(deployment, model).await.unwrap_err().to_string();
        assert!(waits.contains("kanak model migrate resident"), "{waits}");
        let until = deployment.store.recorded_until().await.unwrap();
        let (preview, _) = migrate(deployment, model, Mode::Preview).await.unwrap().unwrap();
        assert_eq!(deployment.store.recorded_until().await.unwrap(), until, "a preview changes nothing");
        let counts: Vec<_> = preview.steps.iter().map(|step| (step.values, step.unreadable)).collect();
        assert_eq!(counts, [(2, 0), (2, 1), (0, 0)]);
        assert_eq!((preview.from, preview.to, preview.source_records), (1, 2, 2));
        assert_eq!((preview.overrides_restated, preview.overrides_ended), (1, 0));
        let (done, resolved) = migrate(deployment, model, Mode::Apply).await.unwrap().unwrap();
        assert_eq!(done, preview);
        assert!(resolved.is_some_and(|one| one.applied.is_some_and(|applied| applied.updated == 3)));
        assert!(migrate(deployment, model, Mode::Apply).await.unwrap().is_none(), "none waits any more");

        let access = Access::operation("test");
        let value = async |id: i64, attribute: &str| {
            let golden = deployment.store.find_golden(&access, model, GoldenId(id)).await.unwrap().unwrap();
            golden.record.values.get(attribute).map(|value| value.value.clone())
        };
        assert_eq!(value(1, "phone").await.as_deref(), Some("9815237461"));
        assert_eq!(value(1, "card").await.as_deref(), Some("9417052386"), "read anew from the register's words");
        assert_eq!(value(2, "card").await, None, "RC-77 is no mobile number");
        assert_eq!(value(3, "phone").await.as_deref(), Some("9800412375"), "a steward's word follows");
        assert_eq!(told(deployment, then).await, before, "what was answered stays as it was");
        for check in verify(deployment, &Output::silent()).await.unwrap() {
            assert_ne!(check.outcome, Outcome::Broken, "{}: {}", check.name, check.detail);
        }
        // The same file again, read by the new model, says what the hub holds by now.
        let terms = Terms { known: crate::jobs::ingest_file::Known::ReadAgain, ..Terms::CAREFUL };
        let again = house.ingest_on("people_1.csv", ROWS, terms).await;
        assert_eq!((again.new, again.changed, again.unchanged), (0, 0, 3));

        let edited = MIGRATION.replace("retire", "add");
        let house = house.redeclared(&[("models/migrations/resident/0002.toml", &edited)]).await;
        let model = house.deployment.get_model("resident").unwrap();
        let refused = resolve(&house.deployment, model).await.unwrap_err().to_string();
        assert!(refused.contains("was applied with other steps"), "{refused}");
    }
}

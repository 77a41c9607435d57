//! What a resolution would do, without doing it: with the models, sources and decisions as they are now, what golden records would
//! change.

use std::collections::{BTreeMap, HashMap};

use kanak_model::entity_model::Attribute;
use kanak_model::golden_record::{GoldenChange, Identity, Survived};
use kanak_model::quality::mask;
use kanak_model::{Access, Class, EntityModel, GoldenId, GoldenRecord};
use kanak_store::{Applied, Resolution, Scope};
use serde::Serialize;

use crate::deployment::Deployment;
use crate::jobs::declared_models;
use crate::jobs::resolve::{Computed, compute_all, is_due};

/// Golden records read at a time.
const PAGE: u32 = 20_000;
/// Changed values of one attribute that are shown.
const SHOWN_MAX: usize = 3;

/// What a resolution of one entity type would do.
#[derive(Debug, Clone, PartialEq)]
pub struct Preview {
    /// The entity type.
    pub entity: String,
    /// Why a resolution is due; `None` when there is nothing to do.
    pub because: Option<String>,
    /// Why new rules would be published, if they would.
    pub new_rules_because: Option<String>,
    /// Questions that would be left for people.
    pub questions: usize,
    /// What would change, as a resolution counts it; `None` when there is nothing to do.
    pub applied: Option<Applied>,
    /// Attributes of which golden records would get another value, in the model's order.
    pub attributes: Vec<AttributeChange>,
    /// How many golden records would get another status: by the status before and afterwards.
    pub statuses: BTreeMap<(String, String), u64>,
    /// Overrides whose time has come and that a resolution would end first: they are still counted in here.
    pub overrides_due: u64,
}

/// What would become of one attribute's values in golden records that go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AttributeChange {
    /// The attribute.
    pub attribute: String,
    /// The strategy by which it would be chosen.
    pub strategy: &'static str,
    /// Golden records that would get another value.
    pub changed: u64,
    /// Golden records that would get one where they had none.
    pub came: u64,
    /// Golden records that would have none any more.
    pub went: u64,
    /// A few of them, those of the smallest ids.
    pub shown: Vec<ValueChange>,
}

/// One golden record's value before and after; personal and sensitive values are masked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ValueChange {
    /// The golden record.
    pub golden_id: String,
    /// The value before.
    pub before: Option<String>,
    /// The value afterwards.
    pub after: Option<String>,
}

/// Tells what a resolution of an entity type would do now.
///
/// # Errors
/// When the model cannot be compiled or needs a migration, or the hub cannot be read.
pub async fn preview(deployment: &Deployment, model: &EntityModel) -> anyhow::Result<Preview> {
    declared_models::check(deployment, model).await?;
    let store = &deployment.store;
    let mut preview = Preview {
        entity: model.name.clone(),
        because: is_due(deployment, model).await?,
        new_rules_because: None,
        questions: 0,
        applied: None,
        attributes: Vec::new(),
        statuses: BTreeMap::new(),
        overrides_due: store.expired_override_count(Some(&model.name)).await?,
    };
    if preview.because.is_none() {
        return Ok(preview);
    }
    let unresolved = store.list_unresolved(&model.name).await?;
    let Computed { work, choose, published } = compute_all(deployment, model, &unresolved).await?;
    preview.new_rules_because = published;
    preview.questions = work.matched.questions.len();
    let mut changes = Changes::new(model, &work.changes);
    let access = Access::operation("preview");
    let mut after = None;
    loop {
        let page = store.list_golden(&access, model, after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        let kept: Vec<_> = page.iter().filter_map(|golden| Some((golden, *changes.by_id.get(&golden.id)?))).collect();
        let survived = choose(kept.iter().map(|(_, change)| change.members.clone()).collect()).await?;
        for ((golden, _), survived) in kept.iter().zip(&survived) {
            changes.compare(golden, survived);
        }
    }
    (preview.attributes, preview.statuses) = changes.finish();
    let (questions, scope) = (work.matched.questions, Scope::Everything);
    let resolution = Resolution { changes: work.changes, questions, scope, unresolved };
    preview.applied = Some(store.preview_resolution(model, &resolution, choose).await?);
    Ok(preview)
}

/// Golden records as they are, held against what they would be.
struct Changes<'a> {
    by_id: HashMap<GoldenId, &'a GoldenChange<()>>,
    attributes: Vec<(&'a Attribute, AttributeChange)>,
    statuses: BTreeMap<(String, String), u64>,
}

impl<'a> Changes<'a> {
    fn new(model: &'a EntityModel, changes: &'a [GoldenChange<()>]) -> Self {
        let kept = |change: &'a GoldenChange<()>| match change.identity {
            Identity::Keeps(id) => Some((id, change)),
            Identity::New => None,
        };
        let strategy = |attribute: &Attribute| {
            let rule = model.survivorship.iter().find(|rule| rule.attribute == attribute.name);
            rule.map_or("", |rule| rule.strategy.word())
        };
        let none = |attribute: &'a Attribute| AttributeChange {
            attribute: attribute.name.clone(),
            strategy: strategy(attribute),
            changed: 0,
            came: 0,
            went: 0,
            shown: Vec::new(),
        };
        Self {
            by_id: changes.iter().filter_map(kept).collect(),
            attributes: model.attributes.iter().map(|attribute| (attribute, none(attribute))).collect(),
            statuses: BTreeMap::new(),
        }
    }

    fn compare(&mut self, golden: &GoldenRecord, survived: &Survived) {
        if golden.status != survived.status {
            *self.statuses.entry((golden.status.clone(), survived.status.clone())).or_default() += 1;
        }
        for (attribute, counted) in &mut self.attributes {
            let before = golden.values.get(&attribute.name).map(|value| value.value.as_str());
            let after = survived.values.get(&attribute.name).map(|value| value.value.as_str());
            match (before, after) {
                (before, after) if before == after => continue,
                (None, _) => counted.came += 1,
                (_, None) => counted.went += 1,
                _ => counted.changed += 1,
            }
            if counted.shown.len() < SHOWN_MAX {
                let show = |value: Option<&str>| value.map(|value| shown(attribute.class, value));
                let golden_id = golden.id.to_string();
                counted.shown.push(ValueChange { golden_id, before: show(before), after: show(after) });
            }
        }
    }

    fn finish(self) -> (Vec<AttributeChange>, BTreeMap<(String, String), u64>) {
        let changed = self.attributes.into_iter().map(|(_, counted)| counted);
        (changed.filter(|one| one.changed + one.came + one.went > 0).collect(), self.statuses)
    }
}

fn shown(class: Class, value: &str) -> String {
    match class {
        Class::Public | Class::Internal => value.to_owned(),
        Class::Personal | Class::Sensitive => mask(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::resolve::resolve;
    use crate::testing::House;

    async fn values(deployment: &Deployment, model: &EntityModel) -> HashMap<GoldenId, GoldenRecord> {
        let all = deployment.store.list_golden(&Access::operation("test"), model, None, 1000).await.unwrap();
        all.into_iter().map(|golden| (golden.id, golden)).collect()
    }

    /// Source records of people whom two registers write differently.
    async fn house() -> House {
        let house = House::new().await;
        let mut rows = [String::from("ID,NAME,DOB\n"), String::from("ID,NAME,DOB\n")];
        for (number, name) in ["Asha", "Bina", "Charan", "Deepa", "Esha", "Farida"].iter().enumerate() {
            rows[0] += &format!("{number},{name} Devi,199{number}-01-02\n");
            rows[1] += &format!("{number},{name} Rani Devi,199{number}-01-02\n");
        }
        house.ingest("people_1.csv", &rows[0]).await;
        house.ingest("roll_1.csv", &rows[1]).await;
        house
    }

    async fn equals_what_a_resolution_does(house: &House) -> Preview {
        let deployment = &house.deployment;
        let model = deployment.get_model("citizen").unwrap();
        let before = (deployment.store.recorded_until().await.unwrap(), values(deployment, model).await);
        let told = preview(deployment, model).await.unwrap();
        let untouched = (deployment.store.recorded_until().await.unwrap(), values(deployment, model).await);
        assert_eq!(untouched, before, "a preview changes nothing");
        assert_eq!(preview(deployment, model).await.unwrap(), told, "and says the same again");
        let resolved = resolve(deployment, model).await.unwrap();
        let after = values(deployment, model).await;

        let counts = |a: &Applied| [a.created, a.updated, a.merged, a.split, a.restored, a.emptied, a.unchanged];
        assert_eq!(told.applied.as_ref().map(counts), resolved.applied.as_ref().map(counts));
        assert_eq!((told.new_rules_because.clone(), told.questions), (resolved.published, resolved.reviews));
        for attribute in &model.attributes {
            let value = |of: &GoldenRecord| of.values.get(&attribute.name).map(|value| value.value.clone());
            let changed = before.1.iter().filter(|(id, old)| after.get(id).is_some_and(|new| value(new) != value(old)));
            let counted = told.attributes.iter().find(|one| one.attribute == attribute.name);
            let counted = counted.map_or(0, |one| one.changed + one.came + one.went);
            assert_eq!(counted, changed.count() as u64, "{}", attribute.name);
        }
        told
    }

    #[tokio::test]
    async fn what_a_preview_tells_of_new_arrivals_and_new_trust_is_what_a_resolution_does() {
        let house = house().await;
        let told = equals_what_a_resolution_does(&house).await;
        assert!(told.applied.unwrap().created >= 6);
        let nothing = equals_what_a_resolution_does(&house).await;
        assert_eq!((nothing.because, nothing.applied), (None, None));
        // The register of the longer names is trusted most from now on, and one person is written differently.
        let house = house.declared_anew("roll.toml", "key = ", "trust = 0.9\nkey = ").await;
        house.ingest("people_2.csv", "ID,NAME,DOB\n3,Dipika Sharma,1960-12-30\n").await;
        let told = equals_what_a_resolution_does(&house).await;
        assert!(told.new_rules_because.as_ref().is_some_and(|why| why.contains("trust")), "{told:?}");
        let names = told.attributes.iter().find(|one| one.attribute == "full_name").unwrap();
        assert!(names.changed > 0 && names.shown.len() <= SHOWN_MAX, "{names:?}");
        let shown = names.shown[0].after.as_ref().unwrap();
        assert!(shown.contains('*'), "a name is masked: {shown}");
    }
}

//! What an entity model says of stored values, as a hub keeps it of every time: so that what was answered under a former model is
//! answered so again.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::entity_model::{Attribute, EntityModel, StatusRule, SurvivorshipRule};
use crate::model_migration::{Step, carry_name};

/// The attributes of a model, how golden values and status are chosen, and how far each register is trusted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelVersion {
    /// The attribute that stands for a golden record in lists.
    pub label: String,
    /// Its attributes.
    pub attributes: Vec<Attribute>,
    /// How golden values are chosen.
    pub survivorship: Vec<SurvivorshipRule>,
    /// The status where no rule applies.
    pub status_default: String,
    /// The status rules.
    pub status_rules: Vec<StatusRule>,
    /// How far each register is trusted, 0 to 1, by its name and by attribute.
    pub trust: BTreeMap<String, BTreeMap<String, f64>>,
}

impl ModelVersion {
    /// What a model says, with the trust in its registers: `trust_for` gives it for an attribute.
    pub fn of<'a>(
        model: &EntityModel,
        registers: impl IntoIterator<Item = (&'a str, &'a dyn Fn(&str) -> f64)>,
    ) -> Self {
        let names = || model.attributes.iter().map(|attribute| attribute.name.as_str());
        let trust = registers.into_iter().map(|(register, trust_for)| {
            (register.to_owned(), names().map(|name| (name.to_owned(), trust_for(name))).collect())
        });
        Self {
            label: model.label.clone(),
            attributes: model.attributes.clone(),
            survivorship: model.survivorship.clone(),
            status_default: model.status_default.clone(),
            status_rules: model.status_rules.clone(),
            trust: trust.collect(),
        }
    }

    /// How far a register was trusted for an attribute; one that was not known then, not at all.
    pub fn trust_for(&self, register: &str, attribute: &str) -> f64 {
        self.trust.get(register).and_then(|trust| trust.get(attribute)).copied().unwrap_or(0.0)
    }

    /// The model as it was, by the model as it is and the steps that lay between. What is not kept of a former model (how it
    /// matched, its titles) is as it is now. An attribute is handled as carefully as the stricter of both says: who may see what is
    /// decided now, also of the past.
    #[must_use]
    pub fn as_model(&self, now: &EntityModel, steps_since: &[Step]) -> EntityModel {
        let attributes = self.attributes.iter().map(|attribute| {
            let now = carry_name(steps_since, &attribute.name).and_then(|name| now.find_attribute(&name));
            let class = now.map_or(attribute.class, |now| now.class.max(attribute.class));
            Attribute { class, ..attribute.clone() }
        });
        EntityModel {
            label: self.label.clone(),
            attributes: attributes.collect(),
            survivorship: self.survivorship.clone(),
            status_default: self.status_default.clone(),
            status_rules: self.status_rules.clone(),
            ..now.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builtin;
    use crate::kind::Class;

    #[test]
    fn a_former_model_reads_back_and_shows_nothing_that_the_present_one_hides() {
        let now = &builtin::entity_models().unwrap()[0];
        let trust = |attribute: &str| if attribute == "mobile" { 0.9 } else { 0.5 };
        let version = ModelVersion::of(now, [("food", &trust as &dyn Fn(&str) -> f64)]);
        let stored = serde_json::to_string(&version).unwrap();
        let version: ModelVersion = serde_json::from_str(&stored).unwrap();
        assert_eq!(version.as_model(now, &[]), *now);
        assert_eq!((version.trust_for("food", "mobile"), version.trust_for("health", "mobile")), (0.9, 0.0));

        let mut stricter = now.clone();
        let mobile = stricter.attributes.iter_mut().find(|one| one.name == "mobile").unwrap();
        (mobile.name, mobile.class) = ("phone".to_owned(), Class::Sensitive);
        let steps = [Step::Rename { from: "mobile".to_owned(), to: "phone".to_owned() }];
        let then = version.as_model(&stricter, &steps);
        assert_eq!(then.find_attribute("mobile").unwrap().class, Class::Sensitive);
        assert!(then.find_attribute("phone").is_none());
    }
}

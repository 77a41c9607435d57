//! The models that come with Kanak. A deployment's folder may replace any of them by name.

use crate::entity_model::EntityModel;
use crate::event_model::EventModel;
use crate::toml_text::ModelError;

/// `(file name, text)` of the entity models.
pub const ENTITY_MODELS: [(&str, &str); 7] = [
    ("citizen.toml", include_str!("../../models/citizen.toml")),
    ("business.toml", include_str!("../../models/business.toml")),
    ("employee.toml", include_str!("../../models/employee.toml")),
    ("scheme.toml", include_str!("../../models/scheme.toml")),
    ("public_body.toml", include_str!("../../models/public_body.toml")),
    ("asset.toml", include_str!("../../models/asset.toml")),
    ("policy_rule.toml", include_str!("../../models/policy_rule.toml")),
];

/// `(file name, text)` of the event models.
pub const EVENT_MODELS: [(&str, &str); 5] = [
    ("service_application.toml", include_str!("../../models/events/service_application.toml")),
    ("grievance.toml", include_str!("../../models/events/grievance.toml")),
    ("receipt.toml", include_str!("../../models/events/receipt.toml")),
    ("benefit_payment.toml", include_str!("../../models/events/benefit_payment.toml")),
    ("scheme_target.toml", include_str!("../../models/events/scheme_target.toml")),
];

/// The entity models, parsed.
///
/// # Errors
/// Never in a released build: a test parses each.
pub fn entity_models() -> Result<Vec<EntityModel>, ModelError> {
    ENTITY_MODELS.iter().map(|(file, text)| EntityModel::parse(file, text)).collect()
}

/// The event models, parsed.
///
/// # Errors
/// Never in a released build: a test parses each.
pub fn event_models() -> Result<Vec<EventModel>, ModelError> {
    EVENT_MODELS.iter().map(|(file, text)| EventModel::parse(file, text)).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_builtin_model_parses_and_its_relations_lead_somewhere() {
        let models = super::entity_models().unwrap();
        assert_eq!(models.len(), 7);
        crate::relation::check_ends(&models).unwrap();
        assert!(models.iter().filter(|model| !model.relations.is_empty()).count() >= 6);
        assert_eq!(super::event_models().unwrap().len(), 5);
    }
}

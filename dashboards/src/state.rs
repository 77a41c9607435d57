//! What pages read from.

use std::sync::Arc;

use kanak_codes::{Codes, CodesInUse};
use kanak_model::{Clock, EntityModel};
use kanak_store::Store;
use kanak_warehouse::Warehouse;
use rand::rngs::StdRng;

use crate::actions::StewardActions;

/// What pages read from. Cloning shares it.
#[derive(Clone)]
pub struct DashboardState {
    /// The hub.
    pub store: Store,
    /// The warehouse.
    pub warehouse: Warehouse,
    /// The masters.
    pub models: Arc<Vec<EntityModel>>,
    /// The code systems: pages take them by [`Self::codes`].
    pub codes: CodesInUse,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance that nobody can foretell: for passwords.
    pub chance: fn() -> StdRng,
    /// What stewards do.
    pub actions: Arc<dyn StewardActions>,
    /// Whether the state is made up: every page says so.
    pub made_up: bool,
}

impl DashboardState {
    /// The code systems in use now.
    pub(crate) fn codes(&self) -> Arc<Codes> {
        self.codes.get()
    }

    /// The model of an entity type.
    pub(crate) fn find_model(&self, entity: &str) -> Option<&EntityModel> {
        self.models.iter().find(|model| model.name == entity)
    }
}

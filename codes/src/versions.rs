//! The versions of one code system.

use std::sync::Arc;

use crate::{day::Day, error::CodesError, system::CodeSystem};

/// The versions of a code system, oldest first. There is at least one, all have one name, and no version is there twice.
#[derive(Debug, Clone)]
pub(crate) struct Versions {
    all: Vec<Arc<CodeSystem>>,
    current: usize,
}

impl Versions {
    /// The first version that is known of a system.
    pub(crate) fn of(first: CodeSystem) -> Self {
        Self { all: vec![Arc::new(first)], current: 0 }
    }

    pub(crate) fn name(&self) -> &str {
        self.current().name()
    }

    pub(crate) fn all(&self) -> &[Arc<CodeSystem>] {
        &self.all
    }

    pub(crate) fn current(&self) -> &CodeSystem {
        &self.all[self.current]
    }

    pub(crate) fn find(&self, version: &str) -> Option<&CodeSystem> {
        self.all.iter().find(|system| system.version() == version).map(|system| &**system)
    }

    /// Adds a version. The same again changes nothing.
    ///
    /// # Errors
    /// [`CodesError::VersionExists`] when that version is there and says something else.
    pub(crate) fn add(&mut self, system: CodeSystem) -> Result<(), CodesError> {
        if let Some(known) = self.find(system.version()) {
            return if known.says_the_same(&system) {
                Ok(())
            } else {
                let (system, version) = (system.name().to_owned(), system.version().to_owned());
                Err(CodesError::VersionExists { system, version })
            };
        }
        let at = self.all.partition_point(|known| first_day(known) <= first_day(&system));
        self.all.insert(at, Arc::new(system));
        Ok(())
    }

    /// Makes the version current that is in force on a day, or the last one when no day is given.
    pub(crate) fn choose(&mut self, today: Option<Day>) {
        self.current = today.map_or(self.all.len() - 1, |day| self.place_on(day).unwrap_or(0));
    }

    /// The version in force on a day; `None` before the first one.
    pub(crate) fn in_force(&self, day: Day) -> Option<&CodeSystem> {
        self.place_on(day).map(|at| &*self.all[at])
    }

    /// The version that answers for a day: the current one when it keeps history, otherwise the one that was in force, and for
    /// days before the first version that one.
    pub(crate) fn answering_for(&self, day: Day) -> &CodeSystem {
        let is_only = self.all.len() == 1;
        if is_only || self.current().keeps_history() {
            return self.current();
        }
        self.in_force(day).unwrap_or(&self.all[0])
    }

    fn place_on(&self, day: Day) -> Option<usize> {
        self.all.partition_point(|known| first_day(known) <= day).checked_sub(1)
    }
}

fn first_day(system: &CodeSystem) -> Day {
    system.effective_from().unwrap_or(Day::MIN)
}

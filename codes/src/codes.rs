//! Every code system there is, by name.

use std::sync::{Arc, OnceLock};

use crate::{
    error::CodesError,
    places::{self, PlaceName, Places},
    system::CodeSystem,
    validate::Validation,
};

include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

/// The code systems. Cloning one shares what has been read.
#[derive(Debug, Clone)]
pub struct Codes {
    /// Sorted by name.
    systems: Arc<[CodeSystem]>,
    places: Arc<OnceLock<Places>>,
}

static BUILTIN: OnceLock<Codes> = OnceLock::new();

impl Codes {
    /// The code systems in this binary. Tables are read on first use, once in a process.
    ///
    /// # Errors
    /// [`CodesError::Sidecar`] when a sidecar was built in that does not read.
    pub fn builtin() -> Result<Self, CodesError> {
        if let Some(codes) = BUILTIN.get() {
            return Ok(codes.clone());
        }
        let systems: Result<Arc<[_]>, _> =
            EMBEDDED.iter().map(|(name, sidecar, packed)| CodeSystem::embedded(name, sidecar, packed)).collect();
        let codes = Self { systems: systems?, places: Arc::default() };
        Ok(BUILTIN.get_or_init(|| codes).clone())
    }

    /// The code system of a name.
    pub fn system(&self, name: &str) -> Option<&CodeSystem> {
        let at = self.systems.binary_search_by(|system| system.name().cmp(name)).ok()?;
        Some(&self.systems[at])
    }

    /// The code system of a name.
    ///
    /// # Errors
    /// [`CodesError::UnknownSystem`], which lists the names there are.
    pub fn get_system(&self, name: &str) -> Result<&CodeSystem, CodesError> {
        self.system(name).ok_or_else(|| CodesError::UnknownSystem {
            name: name.to_owned(),
            known: self.systems().map(CodeSystem::name).collect::<Vec<_>>().join(", "),
        })
    }

    /// Every code system, by name.
    pub fn systems(&self) -> impl ExactSizeIterator<Item = &CodeSystem> {
        self.systems.iter()
    }

    /// Judges a code of a system.
    ///
    /// # Errors
    /// [`CodesError::UnknownSystem`]. A wrong code is an answer, not an error.
    pub fn validate(&self, system: &str, code: &str) -> Result<Validation<'_>, CodesError> {
        Ok(self.get_system(system)?.validate(code))
    }

    /// The LGD code of the district that a name, an old name or a spelling in any of the three scripts stands for.
    ///
    /// A name that several districts of India share stands for the one in Punjab, and for none when none is there.
    ///
    /// ```
    /// let codes = kanak_codes::Codes::builtin()?;
    /// assert_eq!(codes.find_district("Nawanshahr"), codes.find_district("S.B.S. Nagar"));
    /// # Ok::<_, kanak_codes::CodesError>(())
    /// ```
    pub fn find_district(&self, name: &str) -> Option<&str> {
        self.places().find_district(name)
    }

    /// The LGD code of the sub-district (tehsil) of that name within the district of an LGD code.
    pub fn find_sub_district(&self, name: &str, district_code: &str) -> Option<&str> {
        self.places().find_sub_district(name, district_code)
    }

    /// The LGD code of the town of Punjab (urban body) that a name, an old name or a spelling stands for.
    ///
    /// ```
    /// let codes = kanak_codes::Codes::builtin()?;
    /// assert_eq!(codes.find_town("Ropar"), codes.find_town("Rupnagar"));
    /// assert_eq!(codes.find_town("Mohali"), codes.find_town("S.A.S. Nagar"));
    /// # Ok::<_, kanak_codes::CodesError>(())
    /// ```
    pub fn find_town(&self, name: &str) -> Option<&str> {
        self.places().find_town(name)
    }

    /// Every name, old name and spelling of the districts of Punjab.
    pub fn district_names(&self) -> Vec<PlaceName<'_>> {
        places::names_in(self, "lgd-district", "district")
    }

    /// Every name, old name and spelling of the sub-districts of Punjab.
    pub fn sub_district_names(&self) -> Vec<PlaceName<'_>> {
        places::names_in(self, "lgd-subdistrict", "subdistrict")
    }

    /// Every name, old name and spelling by which [`find_town`](Self::find_town) knows a town, squeezed, with the town's LGD code; in
    /// no order.
    pub fn town_names(&self) -> impl Iterator<Item = (&str, &str)> {
        self.places().town_names()
    }

    fn places(&self) -> &Places {
        self.places.get_or_init(|| Places::index(self))
    }
}

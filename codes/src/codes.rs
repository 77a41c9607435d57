//! Every code system, value set and concept map there is, by name.

use std::sync::{Arc, OnceLock};

use crate::{
    as_of::AsOf,
    concept_map::ConceptMap,
    day::Day,
    district_outline::DistrictOutlines,
    error::CodesError,
    holidays::Holidays,
    members::MembersCache,
    places::{self, PlaceName, Places},
    system::CodeSystem,
    validate::Validation,
    value_set::{self, ValueSet},
    versions::Versions,
};

include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

/// A snapshot of all code systems, value sets and concept maps. It never changes: [`with`](Self::with) makes a new one that
/// shares with it what is the same, so that whoever serves codes swaps it whole. Cloning one shares everything.
#[derive(Debug, Clone)]
pub struct Codes {
    snapshot: Arc<Snapshot>,
}

#[derive(Debug)]
struct Snapshot {
    /// Sorted by name.
    systems: Vec<Versions>,
    /// Sorted by name.
    value_sets: Vec<Arc<ValueSet>>,
    /// Sorted by name.
    concept_maps: Vec<Arc<ConceptMap>>,
    members: MembersCache,
    /// The day whose versions are current; `None` for the last ones.
    today: Option<Day>,
    places: OnceLock<Places>,
    outlines: OnceLock<DistrictOutlines>,
}

/// Something to be published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// A version of a code system.
    System {
        /// The text of its sidecar.
        sidecar: String,
        /// Its gzip-compressed CSV.
        packed_csv: Vec<u8>,
    },
    /// A value set, which takes the place of the one of its name.
    ValueSet {
        /// Its declaration.
        text: String,
    },
    /// A concept map, which takes the place of the one of its name.
    ConceptMap {
        /// Its declaration.
        text: String,
        /// Its rows.
        csv: String,
    },
}

static BUILTIN: OnceLock<Codes> = OnceLock::new();

impl Codes {
    /// The code systems in this binary. Tables are read on first use, once in a process.
    ///
    /// # Errors
    /// [`CodesError::Sidecar`] when a sidecar, value set or concept map was built in that does not read.
    pub fn builtin() -> Result<Self, CodesError> {
        if let Some(codes) = BUILTIN.get() {
            return Ok(codes.clone());
        }
        let mut draft = Draft::default();
        for (name, sidecar, packed) in EMBEDDED {
            draft.add_system(CodeSystem::embedded(name, sidecar, packed)?)?;
        }
        for (name, text) in EMBEDDED_VALUE_SETS {
            draft.add_value_set(ValueSet::parse(&format!("{name}.toml"), text)?);
        }
        for (name, text, csv) in EMBEDDED_CONCEPT_MAPS {
            draft.add_concept_map(ConceptMap::parse(&format!("{name}.toml"), text, csv)?);
        }
        let codes = draft.finish(None)?;
        Ok(BUILTIN.get_or_init(|| codes).clone())
    }

    /// This snapshot with more in it: all of it or, when one part is refused, none.
    ///
    /// # Errors
    /// [`CodesError::Sidecar`] or [`CodesError::Table`] for a part that does not read, [`CodesError::VersionExists`] for a
    /// version that is there and says something else, [`CodesError::Sidecar`] for value sets that include each other.
    pub fn with(&self, parts: Vec<Part>) -> Result<Self, CodesError> {
        let mut draft = self.draft();
        for part in parts {
            match part {
                Part::System { sidecar, packed_csv } => {
                    let system = CodeSystem::from_parts(&sidecar, packed_csv)?;
                    Holidays::check(&system)?;
                    draft.add_system(system)?;
                }
                Part::ValueSet { text } => draft.add_value_set(ValueSet::parse("value set", &text)?),
                Part::ConceptMap { text, csv } => {
                    draft.add_concept_map(ConceptMap::parse("concept map", &text, &csv)?);
                }
            }
        }
        draft.finish(self.snapshot.today)
    }

    /// This snapshot with the versions current that are in force on a day. Without it the last ones are, even when they come
    /// into force later.
    #[must_use]
    pub fn on(&self, today: Day) -> Self {
        self.draft().finish(Some(today)).expect("what is a snapshot stays one on another day")
    }

    fn draft(&self) -> Draft {
        let snapshot = &*self.snapshot;
        Draft {
            systems: snapshot.systems.clone(),
            value_sets: snapshot.value_sets.clone(),
            concept_maps: snapshot.concept_maps.clone(),
        }
    }

    /// The current version of the code system of a name.
    pub fn system(&self, name: &str) -> Option<&CodeSystem> {
        self.find_versions(name).map(Versions::current)
    }

    /// The current version of the code system of a name.
    ///
    /// # Errors
    /// [`CodesError::UnknownSystem`], which lists the names there are.
    pub fn get_system(&self, name: &str) -> Result<&CodeSystem, CodesError> {
        self.get_versions(name).map(Versions::current)
    }

    /// The current version of every code system, by name.
    pub fn systems(&self) -> impl ExactSizeIterator<Item = &CodeSystem> {
        self.snapshot.systems.iter().map(Versions::current)
    }

    /// A version of the code system of a name.
    pub fn system_version(&self, name: &str, version: &str) -> Option<&CodeSystem> {
        self.find_versions(name)?.find(version)
    }

    /// The versions of the code system of a name, in the order in which they came into force; none of an unknown one.
    pub fn versions(&self, name: &str) -> impl DoubleEndedIterator<Item = &CodeSystem> {
        self.find_versions(name).into_iter().flat_map(Versions::all).map(|system| &**system)
    }

    /// The version of a code system that was in force on a day; `None` when none was.
    pub fn system_in_force(&self, name: &str, day: Day) -> Option<&CodeSystem> {
        self.find_versions(name)?.in_force(day)
    }

    /// A code system as it stood on a day: the version that is asked for, or the one that answers for the day.
    ///
    /// The current version answers for every day when its table keeps history, that is, when it states since when and until when
    /// codes are valid, for it knows best what was when. Otherwise the version answers that was in force, or the first one.
    ///
    /// # Errors
    /// [`CodesError::UnknownSystem`] or [`CodesError::UnknownVersion`], which list what there is.
    pub fn as_of(
        &self,
        name: &str,
        version: Option<&str>,
        day: impl Into<Option<Day>>,
    ) -> Result<AsOf<'_>, CodesError> {
        let (versions, day) = (self.get_versions(name)?, day.into());
        let system = match (version, day) {
            (Some(version), _) => versions.find(version).ok_or_else(|| CodesError::UnknownVersion {
                system: name.to_owned(),
                version: version.to_owned(),
                known: join(versions.all().iter().map(|system| system.version())),
            })?,
            (None, Some(day)) => versions.answering_for(day),
            (None, None) => versions.current(),
        };
        Ok(system.as_of(day))
    }

    fn find_versions(&self, name: &str) -> Option<&Versions> {
        let systems = &self.snapshot.systems;
        let at = systems.binary_search_by(|versions| versions.name().cmp(name)).ok()?;
        Some(&systems[at])
    }

    fn get_versions(&self, name: &str) -> Result<&Versions, CodesError> {
        self.find_versions(name).ok_or_else(|| CodesError::UnknownSystem {
            name: name.to_owned(),
            known: join(self.systems().map(CodeSystem::name)),
        })
    }

    /// The value set of a name.
    ///
    /// # Errors
    /// [`CodesError::UnknownValueSet`], which lists the names there are.
    pub fn get_value_set(&self, name: &str) -> Result<&ValueSet, CodesError> {
        self.value_set_at(name).map(|at| &*self.snapshot.value_sets[at])
    }

    /// Every value set, by name.
    pub fn value_sets(&self) -> impl ExactSizeIterator<Item = &ValueSet> {
        self.snapshot.value_sets.iter().map(|set| &**set)
    }

    pub(crate) fn value_set_at(&self, name: &str) -> Result<usize, CodesError> {
        let sets = &self.snapshot.value_sets;
        sets.binary_search_by(|set| set.name().cmp(name)).map_err(|_| CodesError::UnknownValueSet {
            name: name.to_owned(),
            known: join(sets.iter().map(|set| set.name())),
        })
    }

    pub(crate) fn members_cache(&self) -> &MembersCache {
        &self.snapshot.members
    }

    /// The concept map of a name.
    ///
    /// # Errors
    /// [`CodesError::UnknownConceptMap`], which lists the names there are.
    pub fn get_concept_map(&self, name: &str) -> Result<&ConceptMap, CodesError> {
        let maps = &self.snapshot.concept_maps;
        match maps.binary_search_by(|map| map.name().cmp(name)) {
            Ok(at) => Ok(&maps[at]),
            Err(_) => Err(CodesError::UnknownConceptMap {
                name: name.to_owned(),
                known: join(maps.iter().map(|map| map.name())),
            }),
        }
    }

    /// Every concept map, by name.
    pub fn concept_maps(&self) -> impl ExactSizeIterator<Item = &ConceptMap> {
        self.snapshot.concept_maps.iter().map(|map| &**map)
    }

    /// Judges a code of a system, whatever the day.
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

    pub(crate) fn outlines_cache(&self) -> &OnceLock<DistrictOutlines> {
        &self.snapshot.outlines
    }

    fn places(&self) -> &Places {
        self.snapshot.places.get_or_init(|| Places::index(self))
    }
}

fn join<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}

/// A snapshot in the making.
#[derive(Default)]
struct Draft {
    systems: Vec<Versions>,
    value_sets: Vec<Arc<ValueSet>>,
    concept_maps: Vec<Arc<ConceptMap>>,
}

impl Draft {
    fn add_system(&mut self, system: CodeSystem) -> Result<(), CodesError> {
        match self.systems.binary_search_by(|versions| versions.name().cmp(system.name())) {
            Ok(at) => self.systems[at].add(system),
            Err(at) => {
                self.systems.insert(at, Versions::of(system));
                Ok(())
            }
        }
    }

    fn add_value_set(&mut self, set: ValueSet) {
        let set = Arc::new(set);
        match self.value_sets.binary_search_by(|known| known.name().cmp(set.name())) {
            Ok(at) => self.value_sets[at] = set,
            Err(at) => self.value_sets.insert(at, set),
        }
    }

    fn add_concept_map(&mut self, map: ConceptMap) {
        let map = Arc::new(map);
        match self.concept_maps.binary_search_by(|known| known.name().cmp(map.name())) {
            Ok(at) => self.concept_maps[at] = map,
            Err(at) => self.concept_maps.insert(at, map),
        }
    }

    fn finish(mut self, today: Option<Day>) -> Result<Codes, CodesError> {
        value_set::refuse_cycles(&self.value_sets)?;
        self.systems.iter_mut().for_each(|versions| versions.choose(today));
        let members = MembersCache::new(self.value_sets.len(), self.systems.iter().flat_map(Versions::all));
        let Self { systems, value_sets, concept_maps } = self;
        let (places, outlines) = (OnceLock::new(), OnceLock::new());
        Ok(Codes {
            snapshot: Arc::new(Snapshot { systems, value_sets, concept_maps, members, today, places, outlines }),
        })
    }
}

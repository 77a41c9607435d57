//! Finding places by name: official names, old names and spellings, to LGD codes.

use rustc_hash::FxHashMap;

use crate::{codes::Codes, concept::Concept, language::Language, text::squeeze};

/// Names that are not in the directory itself. Columns: `level` (`district`, `subdistrict`, `town`), `code`, `language`, `name`, `use`.
const ALIASES: &str = include_str!("../data/aliases/places.csv");

/// The LGD code of Punjab, which wins when a district's name stands for several.
const PUNJAB: &str = "3";

/// Names to LGD codes. Names are squeezed: letters and digits only, folded.
#[derive(Debug, Default)]
pub(crate) struct Places {
    districts: FxHashMap<String, Claim>,
    /// By district code, then name.
    sub_districts: FxHashMap<Box<str>, FxHashMap<String, Claim>>,
    /// Urban bodies of Punjab.
    towns: FxHashMap<String, Claim>,
}

/// A place of Punjab by one of its names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlaceName<'a> {
    /// The LGD code of the place.
    pub code: &'a str,
    /// The LGD code of what it lies in: of a district the state, of a sub-district the district.
    pub parent: &'a str,
    /// An official name, in one of three languages, or an alias.
    pub name: &'a str,
}

/// Type of the urban bodies of which another one stands for the town already.
const COUNCIL_BESIDE_CORPORATION: &str = "8";

/// Who a name stands for.
#[derive(Debug, PartialEq, Eq)]
enum Claim {
    /// One place; a `strong` claim (Punjab's) yields to no weak one.
    One { code: Box<str>, strong: bool },
    /// Several places with equal right.
    Several,
}

impl Places {
    /// Reads the names and aliases of districts, sub-districts and towns.
    pub(crate) fn index(codes: &Codes) -> Self {
        let mut places = Self::default();
        let (Some(districts), Some(sub_districts)) = (codes.system("lgd-district"), codes.system("lgd-subdistrict"))
        else {
            return places;
        };
        let aliases = aliases();
        for district in districts.concepts() {
            let strong = district.parent() == Some(PUNJAB);
            let names = Language::ALL.into_iter().filter_map(|language| district.designation(language));
            for name in names.chain(aliases.get(&("district", district.code())).into_iter().flatten().copied()) {
                claim(&mut places.districts, name, district.code(), strong);
            }
        }
        for place in sub_districts.concepts() {
            let Some(district) = place.parent() else { continue };
            let names = Language::ALL.into_iter().filter_map(|language| place.designation(language));
            let within = places.sub_districts.entry(district.into()).or_default();
            for name in names.chain(aliases.get(&("subdistrict", place.code())).into_iter().flatten().copied()) {
                claim(within, name, place.code(), true);
            }
        }
        for town in towns(codes) {
            let names = Language::ALL.into_iter().filter_map(|language| town.designation(language));
            for name in names.chain(aliases.get(&("town", town.code())).into_iter().flatten().copied()) {
                claim(&mut places.towns, name, town.code(), true);
            }
        }
        places
    }

    pub(crate) fn find_district(&self, name: &str) -> Option<&str> {
        self.districts.get(&squeeze(name)).and_then(Claim::code)
    }

    pub(crate) fn find_sub_district(&self, name: &str, district_code: &str) -> Option<&str> {
        self.sub_districts.get(district_code.trim())?.get(&squeeze(name)).and_then(Claim::code)
    }

    pub(crate) fn find_town(&self, name: &str) -> Option<&str> {
        self.towns.get(&squeeze(name)).and_then(Claim::code)
    }

    pub(crate) fn town_names(&self) -> impl Iterator<Item = (&str, &str)> {
        self.towns.iter().filter_map(|(name, claim)| Some((name.as_str(), claim.code()?)))
    }
}

/// Every name and alias of the places of Punjab in the code system of districts or of sub-districts.
pub(crate) fn names_in<'a>(codes: &'a Codes, system: &str, level: &str) -> Vec<PlaceName<'a>> {
    let aliases = aliases();
    let (Some(districts), Some(system)) = (codes.system("lgd-district"), codes.system(system)) else {
        return Vec::new();
    };
    let at_home = |parent: &str| match level {
        "district" => parent == PUNJAB,
        _ => districts.lookup(parent).is_some_and(|district| district.parent() == Some(PUNJAB)),
    };
    let mut all = Vec::new();
    for place in system.concepts() {
        let Some(parent) = place.parent().filter(|parent| at_home(parent)) else { continue };
        let names = Language::ALL.into_iter().filter_map(|language| place.designation(language));
        let more = aliases.get(&(level, place.code())).into_iter().flatten().copied();
        all.extend(names.chain(more).map(|name| PlaceName { code: place.code(), parent, name }));
    }
    all
}

/// Every listed name of the places of a code system, as (code, name) in the order of the list; `None` for a system whose places have
/// no list.
pub(crate) fn aliases_of(system: &str) -> Option<impl Iterator<Item = (&'static str, &'static str)>> {
    let wanted = match system {
        "lgd-district" => "district",
        "lgd-subdistrict" => "subdistrict",
        "lgd-ulb" => "town",
        _ => return None,
    };
    Some(listed().filter(move |(level, ..)| *level == wanted).map(|(_, code, name)| (code, name)))
}

/// Level, code and name of each line.
fn listed() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    ALIASES.lines().skip(1).filter_map(|line| {
        let mut cells = line.split(',');
        Some((cells.next()?, cells.next()?, cells.nth(1)?))
    })
}

/// Names by level and code.
fn aliases() -> FxHashMap<(&'static str, &'static str), Vec<&'static str>> {
    let mut aliases: FxHashMap<(&str, &str), Vec<&str>> = FxHashMap::default();
    for (level, code, name) in listed() {
        aliases.entry((level, code)).or_default().push(name);
    }
    aliases
}

/// The urban bodies of Punjab, each town once.
fn towns(codes: &Codes) -> impl Iterator<Item = Concept<'_>> {
    let bodies = codes.system("lgd-ulb").into_iter().flat_map(|system| system.children(PUNJAB));
    bodies.filter(|body| body.property("type_code") != Some(COUNCIL_BESIDE_CORPORATION))
}

impl Claim {
    fn code(&self) -> Option<&str> {
        match self {
            Self::One { code, .. } => Some(code),
            Self::Several => None,
        }
    }
}

fn claim(names: &mut FxHashMap<String, Claim>, name: &str, code: &str, strong: bool) {
    let squeezed = squeeze(name);
    if squeezed.is_empty() {
        return;
    }
    let new = Claim::One { code: code.into(), strong };
    match names.get_mut(&squeezed) {
        None => {
            names.insert(squeezed, new);
        }
        Some(Claim::One { code: held, .. }) if **held == *code => {}
        Some(Claim::One { strong: true, .. }) if !strong => {}
        Some(held @ Claim::One { strong: false, .. }) if strong => *held = new,
        Some(held @ Claim::Several) if strong => *held = new,
        Some(held) => *held = Claim::Several,
    }
}

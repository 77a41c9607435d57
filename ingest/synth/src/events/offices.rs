//! Offices: which one handles what, how fast it works, and who works there.

use std::collections::HashMap;

use kanak_codes::Codes;

use crate::chance::{Chance, Purpose};
use crate::error::SynthError;
use crate::people::World;

/// Officers remembered for each office. A bound, so that memory does not grow with the state.
const OFFICERS_MAX: usize = 6;

/// The offices of the code system `office`.
pub(crate) struct Offices {
    pub(crate) list: Vec<Office>,
    by_code: HashMap<String, usize>,
}

/// One office.
pub(crate) struct Office {
    pub(crate) code: String,
    /// Its district by LGD code; a state office has none.
    pub(crate) district_code: String,
    /// How long it takes for what others do in a day: 0.6 to 1.7.
    pub(crate) pace: f64,
    /// Keys of some of its officers in the HRMS.
    pub(crate) officers: Vec<String>,
}

/// Departments with offices: (department code, short name in office codes).
const SHORT_NAMES: &[(&str, &str)] = &[
    ("LGD-1349", "REV"),
    ("LGD-402", "HLT"),
    ("LGD-412", "LOC"),
    ("LGD-1333", "POL"),
    ("LGD-1352", "TRN"),
    ("LGD-2516", "SOC"),
    ("LGD-1339", "FCS"),
    ("LGD-400", "EDU"),
];

/// The short name of a department in office codes. What has no office of its own goes to the Deputy Commissioner.
pub(crate) fn short_name(department: &str) -> &'static str {
    SHORT_NAMES.iter().find(|(code, _)| *code == department).map_or("REV", |(_, short)| *short)
}

impl Offices {
    /// Reads the offices; each gets its own pace.
    pub(crate) fn read(codes: &Codes, seed: u64) -> Result<Self, SynthError> {
        let list: Vec<Office> = codes
            .get_system("office")?
            .concepts()
            .zip(0..)
            .map(|(office, index)| Office {
                code: office.code().to_owned(),
                district_code: office.property("district").unwrap_or_default().to_owned(),
                pace: 1.05 + 0.35 * Chance::new(seed, Purpose::Offices, index).around_zero(),
                officers: Vec::new(),
            })
            .collect();
        if list.is_empty() {
            return Err(SynthError::CodesLack { system: "office", what: "office" });
        }
        let by_code = list.iter().enumerate().map(|(at, office)| (office.code.clone(), at)).collect();
        Ok(Self { list, by_code })
    }

    /// The office of a department that serves a place: the tehsil's for revenue, the town's for local government, else
    /// the district's.
    pub(crate) fn find(&self, short: &str, place: usize, world: &World) -> &Office {
        let place = &world.places.places[place];
        let district = &world.places.districts[place.district];
        let near = match (short, &place.urban_body) {
            ("LOC", Some(body)) => Some(format!("OFF-LOC-U{body}")),
            ("REV", _) => Some(format!("OFF-REV-T{}", district.tehsils[place.tehsil].0)),
            _ => None,
        };
        near.and_then(|code| self.find_code(&code))
            .or_else(|| self.find_code(&format!("OFF-{short}-D{}", district.code)))
            .or_else(|| self.find_code(&format!("OFF-{short}")))
            .unwrap_or(&self.list[0])
    }

    /// Remembers that somebody works at an office.
    pub(crate) fn post(&mut self, at: usize, officer: &str) {
        let officers = &mut self.list[at].officers;
        if officers.len() < OFFICERS_MAX {
            officers.push(officer.to_owned());
        }
    }

    fn find_code(&self, code: &str) -> Option<&Office> {
        self.by_code.get(code).map(|at| &self.list[*at])
    }
}

impl Office {
    /// One of its officers.
    pub(crate) fn draw_officer(&self, chance: &mut Chance) -> &str {
        if self.officers.is_empty() { "" } else { &self.officers[chance.below(self.officers.len())] }
    }
}

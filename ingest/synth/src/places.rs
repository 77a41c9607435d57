//! Where people live: a sample of villages and town localities that grows with the state.
//!
//! A state of a hundred thousand source records is a sample of the real one, drawn as surveys draw theirs: places
//! first, then people in them, so that namesakes and shared surnames in one village are as common as they are.

use kanak_codes::{Codes, Language};

use crate::chance::{Chance, Purpose, Weighted};
use crate::error::SynthError;
use crate::names::{Custom, Names};

/// Citizen source records for each place: about 180 people with 2.3 rows each.
const RECORDS_PER_PLACE: u64 = 400;
/// Places at most: about as many as the lists have villages and towns. A larger state has more people in each.
const PLACES_MAX: u64 = 20_000;
/// Every district has at least so many places.
const PLACES_PER_DISTRICT: u64 = 3;
/// Share of places that are town localities (Census 2011: 37.5 % of people are urban).
const URBAN: f64 = 0.375;

/// A village or a locality of a town.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) name: String,
    /// The town, for a locality.
    pub(crate) town: Option<String>,
    /// The town's urban local body, for a locality.
    pub(crate) urban_body: Option<String>,
    pub(crate) post_office: String,
    pub(crate) pin: String,
    /// Index of its district.
    pub(crate) district: usize,
    /// Index of its tehsil in the district.
    pub(crate) tehsil: usize,
    /// Surnames that most families here bear, by custom (Punjab, plain).
    pub(crate) clans: [[&'static str; 3]; 2],
}

/// A district with the names that registers give it.
#[derive(Debug)]
pub(crate) struct District {
    pub(crate) code: String,
    pub(crate) name: String,
    pub(crate) gurmukhi: String,
    pub(crate) devanagari: String,
    /// Other names and spellings.
    pub(crate) others: &'static [&'static str],
    /// The district that it was split from, by index.
    pub(crate) split_from: Option<usize>,
    /// (code, name, name in Gurmukhi).
    pub(crate) tehsils: Vec<(String, String, String)>,
    pins: Vec<String>,
}

/// The districts and the places of the sample.
pub(crate) struct Places {
    pub(crate) districts: Vec<District>,
    pub(crate) places: Vec<Place>,
    weighted: Weighted<usize>,
}

/// Names that registers still give to renamed districts, and usual spellings, by LGD code.
const OTHER_NAMES: &[(&str, &[&str])] = &[
    ("28", &["Bhatinda"]),
    ("31", &["Firozpur", "Ferozpur"]),
    ("34", &["Jullundur"]),
    ("39", &["Muktsar"]),
    ("40", &["Nawanshahr", "Shahid Bhagat Singh Nagar", "SBS Nagar"]),
    ("42", &["Ropar"]),
    ("608", &["Mohali", "SAS Nagar", "Sahibzada Ajit Singh Nagar"]),
    ("609", &["Taran Taran"]),
];

/// Districts that were split from others: (code, code of the old one).
const SPLIT: &[(&str, &str)] = &[("651", "31"), ("662", "32"), ("737", "43")];

/// The list of villages has the districts of India Post, which are older: PINs that belong to Malerkotla and to
/// S.A.S. Nagar, by their first digits.
const PINS_OF_YOUNG: &[(&str, &str)] = &[
    ("14802", "737"),
    ("1403", "608"),
    ("1600", "608"),
    ("140103", "608"),
    ("140110", "608"),
    ("14050", "608"),
    ("1406", "608"),
];

const LOCALITIES: [&str; 24] = [
    "Model",
    "Guru Nanak",
    "Gandhi",
    "Green",
    "Shastri",
    "Dashmesh",
    "Azad",
    "Kartar",
    "Friends",
    "New Janta",
    "Rose",
    "Basant",
    "Preet",
    "Sant",
    "Ranjit",
    "Anand",
    "Nehru",
    "Bharat",
    "Krishna",
    "Partap",
    "Gobind",
    "Prem",
    "Hargobind",
    "Central",
];
const LOCALITY_KINDS: [&str; 8] = ["Nagar", "Colony", "Enclave", "Mohalla", "Town", "Basti", "Avenue", "Vihar"];

const DISTRICTS: &str = include_str!("../data/districts.csv");

impl Places {
    /// Draws the places of a state of so many citizen source records.
    pub(crate) fn draw_all(codes: &Codes, names: &Names, records: u64, seed: u64) -> Result<Self, SynthError> {
        let people: Vec<(&str, f64)> = DISTRICTS
            .lines()
            .skip(1)
            .filter_map(|line| line.split_once(','))
            .map(|(code, people)| (code, people.parse().expect("populations are numbers")))
            .collect();
        let mut districts = Vec::with_capacity(people.len());
        for (code, _) in &people {
            districts.push(read_district(codes, code)?);
        }
        let index = |wanted: &str| people.iter().position(|(code, _)| *code == wanted);
        for (young, old) in SPLIT {
            if let Some(young) = index(young) {
                districts[young].split_from = index(old);
            }
        }
        let everybody: f64 = people.iter().map(|(_, count)| count).sum();
        let wanted = (records / RECORDS_PER_PLACE).min(PLACES_MAX) as f64;
        let (villages, towns) = (read_villages(codes, &people, &mut districts)?, read_towns(codes, &people)?);
        let mut places = Vec::new();
        let mut weights = Vec::new();
        for (district, (_, count)) in people.iter().enumerate() {
            let here = ((wanted * count / everybody).round() as u64).max(PLACES_PER_DISTRICT);
            for number in 0..here {
                let mut chance = Chance::new(seed, Purpose::Places, (district as u64) << 32 | number);
                let urban = number % 8 < (URBAN * 8.0) as u64;
                places.push(if urban && !towns[district].is_empty() {
                    draw_locality(&towns[district], &districts[district], district, names, number, &mut chance)
                } else {
                    draw_village(&villages[district], &districts[district], district, names, number, &mut chance)
                });
                weights.push(count / here as f64 * (0.5 + chance.unit()));
            }
        }
        let weighted = Weighted::new((0..places.len()).zip(weights));
        Ok(Self { districts, places, weighted })
    }

    /// Where a household lives.
    pub(crate) fn draw(&self, chance: &mut Chance) -> usize {
        *self.weighted.draw(chance)
    }

    /// A PIN of a district.
    pub(crate) fn draw_pin(&self, district: usize, chance: &mut Chance) -> &str {
        let pins = &self.districts[district].pins;
        &pins[chance.below(pins.len())]
    }
}

fn read_district(codes: &Codes, code: &str) -> Result<District, SynthError> {
    let lack = |what| SynthError::CodesLack { system: "lgd-district", what };
    let district = codes.get_system("lgd-district")?.lookup(code).ok_or(lack("district of Punjab by census code"))?;
    let name = |language| district.designation(language).unwrap_or(district.display()).to_owned();
    let tehsils: Vec<_> = codes
        .get_system("lgd-subdistrict")?
        .children(code)
        .map(|tehsil| {
            let pa = tehsil.designation(Language::Pa).unwrap_or(tehsil.display());
            (tehsil.code().to_owned(), tehsil.display().to_owned(), pa.to_owned())
        })
        .collect();
    if tehsils.is_empty() {
        return Err(SynthError::CodesLack { system: "lgd-subdistrict", what: "tehsil in a district of Punjab" });
    }
    Ok(District {
        code: code.to_owned(),
        name: district.property("label").unwrap_or(district.display()).to_owned(),
        gurmukhi: name(Language::Pa),
        devanagari: name(Language::Hi),
        others: OTHER_NAMES.iter().find(|(other, _)| *other == code).map_or(&[], |(_, names)| names),
        split_from: None,
        tehsils,
        pins: Vec::new(),
    })
}

/// A village of the list: name, PIN, post office.
type Village = (String, String, String);

/// The villages by district. Fills in the PINs of each district on the way.
fn read_villages(
    codes: &Codes,
    people: &[(&str, f64)],
    districts: &mut [District],
) -> Result<Vec<Vec<Village>>, SynthError> {
    let mut villages: Vec<Vec<Village>> = vec![Vec::new(); people.len()];
    for village in codes.get_system("village")?.concepts() {
        let Some(pin) = village.property("pin") else { continue };
        let young = PINS_OF_YOUNG.iter().find(|(start, _)| pin.starts_with(start)).map(|(_, code)| *code);
        let code = young.or(village.property("district_code")).unwrap_or_default();
        let Some(district) = people.iter().position(|(known, _)| *known == code) else { continue };
        let name = village.display();
        if !name.is_ascii() || name.len() < 3 || name.len() > 28 || name.contains(['(', '/', ',', ';', '|']) {
            continue;
        }
        let office = village.property("post_offices").and_then(|offices| offices.split('|').next()).unwrap_or(name);
        villages[district].push((name.to_owned(), pin.to_owned(), office.to_owned()));
        if districts[district].pins.last().is_none_or(|last| last != pin) {
            districts[district].pins.push(pin.to_owned());
        }
    }
    if villages.iter().any(Vec::is_empty) {
        return Err(SynthError::CodesLack { system: "village", what: "village in one of the 23 districts" });
    }
    Ok(villages)
}

/// The towns by district: (code of the urban body, name), larger ones several times.
fn read_towns(codes: &Codes, people: &[(&str, f64)]) -> Result<Vec<Vec<(String, String)>>, SynthError> {
    let mut towns: Vec<Vec<(String, String)>> = vec![Vec::new(); people.len()];
    for town in codes.get_system("lgd-ulb")?.children("3") {
        let code = town.property("district_code").unwrap_or("");
        let Some(district) = people.iter().position(|(known, _)| *known == code) else { continue };
        let times = match town.property("type") {
            Some("Municipal Corporation") => 12,
            Some("Municipality") => 3,
            _ => 1,
        };
        for _ in 0..times {
            towns[district].push((town.code().to_owned(), town.display().to_owned()));
        }
    }
    Ok(towns)
}

fn draw_village(
    villages: &[Village],
    district: &District,
    index: usize,
    names: &Names,
    number: u64,
    chance: &mut Chance,
) -> Place {
    // Steps through the list by a prime, so that no village is drawn twice before all were drawn.
    let (name, pin, post_office) = &villages[(number as usize * 7_919 + 13) % villages.len()];
    Place {
        name: name.clone(),
        town: None,
        urban_body: None,
        post_office: post_office.clone(),
        pin: pin.clone(),
        district: index,
        tehsil: tehsil_of(pin, district),
        clans: draw_clans(names, chance),
    }
}

fn draw_locality(
    towns: &[(String, String)],
    district: &District,
    index: usize,
    names: &Names,
    number: u64,
    chance: &mut Chance,
) -> Place {
    let (body, town) = &towns[chance.below(towns.len())];
    let pin = &district.pins[chance.below(district.pins.len())];
    let place = number as usize * 37;
    Place {
        name: format!(
            "{} {}",
            LOCALITIES[place % LOCALITIES.len()],
            LOCALITY_KINDS[(place / 3) % LOCALITY_KINDS.len()]
        ),
        town: Some(town.clone()),
        urban_body: Some(body.clone()),
        post_office: town.clone(),
        pin: pin.clone(),
        district: index,
        tehsil: tehsil_of(pin, district),
        clans: draw_clans(names, chance),
    }
}

/// No list says which tehsil a PIN belongs to; one PIN belongs to one here.
fn tehsil_of(pin: &str, district: &District) -> usize {
    pin.bytes().fold(0_usize, |sum, byte| sum * 31 + usize::from(byte)) % district.tehsils.len()
}

fn draw_clans(names: &Names, chance: &mut Chance) -> [[&'static str; 3]; 2] {
    [Custom::Punjab, Custom::Plain].map(|custom| [(); 3].map(|()| names.draw_surname(custom, chance)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_a_district_leads_back_to_it() {
        let codes = Codes::builtin().unwrap();
        let places = Places::draw_all(&codes, &Names::read(), 20_000, 1).unwrap();
        assert_eq!(places.districts.len(), 23);
        for district in &places.districts {
            let own = [district.name.as_str(), &district.gurmukhi, &district.devanagari];
            for name in own.iter().chain(district.others) {
                assert_eq!(codes.find_district(name), Some(district.code.as_str()), "{name}");
            }
        }
    }

    #[test]
    fn every_district_has_places_and_the_sample_grows_with_the_state() {
        let codes = Codes::builtin().unwrap();
        let names = Names::read();
        let (small, large) =
            (Places::draw_all(&codes, &names, 0, 1).unwrap(), Places::draw_all(&codes, &names, 400_000, 1).unwrap());
        assert_eq!(small.places.len(), 69);
        assert!((950..1_050).contains(&large.places.len()), "{}", large.places.len());
        assert!(large.places.iter().any(|place| place.town.is_some()));
    }
}

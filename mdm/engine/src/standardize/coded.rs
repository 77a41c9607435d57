//! Values that stand for a code: districts, sub-districts, codes of a code system.

use std::sync::{Arc, OnceLock, RwLock};

use kanak_codes::{CodeSystem, Codes, Language};
use kanak_model::quality::QualityRule;
use rustc_hash::FxHashMap;

use super::{Outcome, phonetic, script};

/// The LGD code of Punjab.
const PUNJAB: &str = "3";
/// Titles stand for codes only in systems small enough to be known by title.
const TITLED_CONCEPTS_MAX: usize = 5_000;

/// A district by name, old name or LGD code. A number alone is taken for the code of a district of the home state only: the
/// directory numbers all of India, and the `03` of a register's own list would be Baramulla. Another state's is `LGD 3`.
///
/// A spelling that no list has is found by its sound, in any of the three scripts, where one district of the home state alone
/// sounds so.
pub(super) fn district(codes: &Codes, sounds: &PlaceSounds, text: &str) -> Outcome {
    let (number, means) = number_of(text);
    if let Some(concept) = number.and_then(|code| codes.system("lgd-district")?.lookup(code)) {
        return if means == Number::Lgd || concept.parent() == Some(PUNJAB) {
            Outcome::Good(concept.code().to_owned())
        } else {
            Outcome::bad(
                QualityRule::Code,
                "a number that is no LGD code of a district of this state; map the register's own codes in `values`, another \
                 state's district as `LGD` and its code",
            )
        };
    }
    let bare = without_level(text);
    let named = codes.find_district(text).or_else(|| codes.find_district(bare));
    let named = named.or_else(|| sounds.get(codes).districts.find(bare));
    match named {
        Some(code) => Outcome::Good(code.to_owned()),
        None => Outcome::bad(
            QualityRule::Code,
            "no district of this name or LGD code; correct it at the source or add the spelling to the aliases of places",
        ),
    }
}

/// A sub-district by name within its district, or by LGD code, which must be of the row's district, or without one of the home
/// state. Where the row's district does not have one of that name (a new
/// district took it over) and where the row has no district, a name that only one district of Punjab has will do.
pub(super) fn sub_district(codes: &Codes, sounds: &PlaceSounds, district: Option<&str>, text: &str) -> Outcome {
    let (number, means) = number_of(text);
    if let Some(concept) = number.and_then(|code| codes.system("lgd-subdistrict")?.lookup(code)) {
        let is_home = |code: &str| {
            let district = codes.system("lgd-district").and_then(|system| system.lookup(code));
            district.is_some_and(|district| district.parent() == Some(PUNJAB))
        };
        let fits = match (district, concept.parent()) {
            (Some(district), parent) => parent == Some(district),
            (None, parent) => means == Number::Lgd || parent.is_some_and(is_home),
        };
        return if fits {
            Outcome::Good(concept.code().to_owned())
        } else {
            Outcome::bad(
                QualityRule::Code,
                "a number that is no LGD code of a sub-district of the row's district; map the register's own codes in `values`",
            )
        };
    }
    let bare = without_level(text);
    if let Some(code) = district.and_then(|district| codes.find_sub_district(bare, district)) {
        return Outcome::Good(code.to_owned());
    }
    let sounds = sounds.get(codes);
    if let Some(code) = district.and_then(|district| sounds.within.get(district)?.find(bare)) {
        return Outcome::Good(code.to_owned());
    }
    let mut found: Option<&str> = None;
    for place in codes.system("lgd-district").into_iter().flat_map(|system| system.children(PUNJAB)) {
        match (codes.find_sub_district(bare, place.code()), found) {
            (Some(_), Some(_)) => {
                return Outcome::bad(
                    QualityRule::Code,
                    "several districts have a sub-district of this name; map the district of the row too",
                );
            }
            (Some(code), None) => found = Some(code),
            (None, _) => {}
        }
    }
    match found.or_else(|| sounds.sub_districts.find(bare)) {
        Some(code) => Outcome::Good(code.to_owned()),
        None => Outcome::bad(
            QualityRule::Code,
            "no sub-district of this name or LGD code; correct it at the source or add the spelling to the aliases of places",
        ),
    }
}

/// A code of a system; or, in a small system, the title of one concept alone.
pub(super) fn code(codes: &Codes, titles: &Titles, system: &str, text: &str) -> Outcome {
    let Some(system) = codes.system(system) else {
        return Outcome::bad(
            QualityRule::Code,
            "the attribute names a code system that is not loaded; correct the model",
        );
    };
    if let Some(concept) = system.lookup(text) {
        return Outcome::Good(concept.code().to_owned());
    }
    match titles.find(system, text) {
        Some(code) => Outcome::Good(code),
        None => Outcome::bad(
            QualityRule::Code,
            format!(
                "no such code in `{0}`; find the right one with `kanak codes search {0}` or map the source's codes",
                system.name()
            ),
        ),
    }
}

/// What a number that stands for a place may mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Number {
    /// It says itself that it is a code of the Local Government Directory.
    Lgd,
    /// It does not.
    Bare,
}

/// The digits of a text that is a number, `LGD` before it perhaps, without leading zeros.
fn number_of(text: &str) -> (Option<&str>, Number) {
    let labelled = text.get(..3).filter(|head| head.eq_ignore_ascii_case("lgd"));
    let digits = labelled.map_or(text, |_| text[3..].trim_start_matches([' ', ':', '-', '.']));
    let code = digits.trim_start_matches('0');
    let is_number = !code.is_empty() && code.bytes().all(|b| b.is_ascii_digit());
    (is_number.then_some(code), if labelled.is_some() { Number::Lgd } else { Number::Bare })
}

/// A place's name without the word for its level and without the state after it: `Distt. Moga, Punjab` is `Moga`.
fn without_level(text: &str) -> &str {
    const LEVELS: [&str; 22] = [
        "district",
        "distt.",
        "distt",
        "dist.",
        "dist",
        "zila",
        "zilla",
        "tehsil",
        "tahsil",
        "teh.",
        "teh",
        "sub-division",
        "sub division",
        "sub-tehsil",
        "sub tehsil",
        "ਜ਼ਿਲ੍ਹਾ",
        "ਜਿਲ੍ਹਾ",
        "ਜ਼ਿਲਾ",
        "ਤਹਿਸੀਲ",
        "जिला",
        "ज़िला",
        "तहसील",
    ];
    let mut name = text.split(',').next().unwrap_or(text).trim();
    for level in LEVELS {
        if let Some(head) = name.get(..level.len())
            && head.to_lowercase() == level
        {
            name = name[level.len()..].trim_start_matches([' ', '.', ':', '-']);
            break;
        }
    }
    for level in LEVELS {
        if let Some(cut) = name.len().checked_sub(level.len())
            && name.get(cut..).is_some_and(|tail| tail.to_lowercase() == level)
            && name[..cut].ends_with(' ')
        {
            name = name[..cut].trim_end();
            break;
        }
    }
    name
}

/// The districts and sub-districts of the home state by the sound of their names, gathered when first asked for.
#[derive(Debug, Clone, Default)]
pub(super) struct PlaceSounds(Arc<OnceLock<Sounding>>);

#[derive(Debug, Default)]
struct Sounding {
    districts: BySound,
    sub_districts: BySound,
    /// Sub-districts by the code of their district.
    within: FxHashMap<String, BySound>,
}

/// Codes by the sound of a name; `None` where two places sound alike.
#[derive(Debug, Default)]
struct BySound(FxHashMap<String, Option<String>>);

impl PlaceSounds {
    fn get(&self, codes: &Codes) -> &Sounding {
        self.0.get_or_init(|| {
            let mut all = Sounding::default();
            for place in codes.district_names() {
                all.districts.add(place.name, place.code);
            }
            for place in codes.sub_district_names() {
                all.sub_districts.add(place.name, place.code);
                all.within.entry(place.parent.to_owned()).or_default().add(place.name, place.code);
            }
            all
        })
    }
}

impl BySound {
    fn add(&mut self, name: &str, code: &str) {
        let held = self.0.entry(sound_of(name)).or_insert_with(|| Some(code.to_owned()));
        *held = held.take().filter(|held| held == code);
    }

    fn find(&self, name: &str) -> Option<&str> {
        let sound = sound_of(name);
        if sound.len() < SOUNDS_MIN { None } else { self.0.get(&sound)?.as_deref() }
    }
}

/// Names of fewer sounds are not found by them: too many short words sound alike.
const SOUNDS_MIN: usize = 4;

/// The sounds of a place's name, written as one word; numbers stand for themselves.
fn sound_of(name: &str) -> String {
    let words: String =
        name.chars().map(|c| if script::is_letter(c) || c.is_alphanumeric() { c } else { ' ' }).collect();
    phonetic::keys(&words).replace(' ', "")
}

/// Titles to codes, by code system; a title that two concepts share is left out.
type TitlesOfSystem = Arc<FxHashMap<String, Option<String>>>;

/// The titles of the concepts of small code systems, gathered when first asked for.
#[derive(Debug, Clone, Default)]
pub(super) struct Titles(Arc<RwLock<FxHashMap<String, TitlesOfSystem>>>);

impl Titles {
    fn find(&self, system: &CodeSystem, title: &str) -> Option<String> {
        if system.len() > TITLED_CONCEPTS_MAX {
            return None;
        }
        let wanted = squeeze(title);
        let known = self.0.read().ok().and_then(|all| all.get(system.name()).cloned());
        let titles = known.unwrap_or_else(|| {
            let gathered = Arc::new(gather(system));
            if let Ok(mut all) = self.0.write() {
                all.insert(system.name().to_owned(), Arc::clone(&gathered));
            }
            gathered
        });
        titles.get(&wanted)?.clone()
    }
}

fn gather(system: &CodeSystem) -> FxHashMap<String, Option<String>> {
    let mut titles: FxHashMap<String, Option<String>> = FxHashMap::default();
    for concept in system.concepts() {
        for title in Language::ALL.into_iter().filter_map(|language| concept.designation(language)) {
            let code = Some(concept.code().to_owned());
            titles
                .entry(squeeze(title))
                .and_modify(|held| *held = held.take().filter(|held| Some(held) == code.as_ref()))
                .or_insert(code);
        }
    }
    titles.remove("");
    titles
}

/// Letters and digits only, in lower case and without dots below.
fn squeeze(title: &str) -> String {
    title
        .chars()
        .filter_map(script::without_dot)
        .filter(|c| script::is_letter(*c) || c.is_ascii_digit())
        .flat_map(char::to_lowercase)
        .collect()
}

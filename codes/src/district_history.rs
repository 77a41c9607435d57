//! Districts through time: which one held the land on a day.

use crate::{codes::Codes, concept::Concept, day::Day, system::CodeSystem};

/// Which district held some land on a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DistrictOn<'a> {
    /// This one, by its LGD code.
    One(&'a str),
    /// One of these, and what is at hand does not tell which: the land was divided among them, or the day of the split is not
    /// known. Sorted.
    OneOf(Vec<&'a str>),
}

impl<'a> DistrictOn<'a> {
    /// The codes, whether one or several.
    pub fn codes(&self) -> &[&'a str] {
        match self {
            Self::One(code) => std::slice::from_ref(code),
            Self::OneOf(codes) => codes,
        }
    }

    fn of(mut codes: Vec<&'a str>) -> Self {
        codes.sort_unstable();
        codes.dedup();
        match codes[..] {
            [code] => Self::One(code),
            _ => Self::OneOf(codes),
        }
    }
}

/// A district's beginning by a split: the days between which it lies. `by` is the first day on which it surely was there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Beginning {
    /// The last day on which it surely was not there.
    absent_on: Day,
    by: Day,
}

/// Whether a split lay before a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Begun {
    Yes,
    No,
    Unknown,
}

impl Beginning {
    fn on(self, day: Day) -> Begun {
        if day >= self.by {
            Begun::Yes
        } else if day <= self.absent_on {
            Begun::No
        } else {
            Begun::Unknown
        }
    }
}

impl Codes {
    /// The district that on `day` held the land of a district as it stands in the list: Sangrur for Malerkotla before 14 May
    /// 2021. `None` for a code that is no district.
    ///
    /// Splits of districts of Punjab since the census of 2001 are known, and that of Malerkotla to the day.
    ///
    /// ```
    /// use kanak_codes::{Codes, DistrictOn};
    /// let codes = Codes::builtin()?;
    /// let malerkotla = |day: &str| codes.district_on("737", day.parse().unwrap());
    /// assert_eq!(malerkotla("2019-07-01"), Some(DistrictOn::One("43")));
    /// assert_eq!(malerkotla("2021-05-14"), Some(DistrictOn::One("737")));
    /// # Ok::<_, kanak_codes::CodesError>(())
    /// ```
    pub fn district_on(&self, code: &str, day: Day) -> Option<DistrictOn<'_>> {
        let district = self.system("lgd-district")?.lookup(code)?;
        let mut found = Vec::new();
        self.gather_earlier(district, day, &mut found);
        Some(DistrictOn::of(found))
    }

    /// The district that on `to` held the land that a district had on `from`. A code of Sangrur written down in 2019 is today
    /// Sangrur or Malerkotla; the sub-district tells which ([`district_of_sub_district_on`](Self::district_of_sub_district_on)). Of
    /// a district that was not there on `from`, the land of those that it was made out of counts. `None` for a code that is no district.
    pub fn district_moved(&self, code: &str, from: Day, to: Day) -> Option<DistrictOn<'_>> {
        let district = self.system("lgd-district")?.lookup(code)?;
        let mut found = Vec::new();
        if to < from {
            self.gather_earlier(district, to, &mut found);
        } else {
            let mut at = Vec::new();
            self.gather_earlier(district, from, &mut at);
            for code in at {
                self.gather_later(code, from, to, &mut found);
            }
        }
        Some(DistrictOn::of(found))
    }

    /// The district that on `day` held the land of a sub-district as it stands in the list. `None` for a code that is no
    /// sub-district.
    ///
    /// ```
    /// use kanak_codes::{Codes, DistrictOn};
    /// let codes = Codes::builtin()?;
    /// let tehsil = codes.find_sub_district("Malerkotla", "737").unwrap();
    /// assert_eq!(codes.district_of_sub_district_on(tehsil, "2019-07-01".parse().unwrap()), Some(DistrictOn::One("43")));
    /// # Ok::<_, kanak_codes::CodesError>(())
    /// ```
    pub fn district_of_sub_district_on(&self, sub_district: &str, day: Day) -> Option<DistrictOn<'_>> {
        let tehsil = self.system("lgd-subdistrict")?.lookup(sub_district)?;
        let districts = match tehsil.property("district_history") {
            None => vec![tehsil.parent()?],
            Some(history) => districts_in(history, day),
        };
        Some(DistrictOn::of(districts))
    }

    /// The districts split off a district, of Punjab, since the census of 2001.
    pub(crate) fn districts_split_from(&self, code: &str) -> Vec<Concept<'_>> {
        let all = self.system("lgd-district").into_iter().flat_map(CodeSystem::concepts);
        all.filter(|district| parents_of(*district).any(|parent| parent == code)).collect()
    }

    /// The codes valid on `day` for the land of a district, going back over its splits.
    fn gather_earlier<'a>(&'a self, district: Concept<'a>, day: Day, found: &mut Vec<&'a str>) {
        let begun = beginning_of(district).map_or(Begun::Yes, |beginning| beginning.on(day));
        if begun != Begun::No {
            found.push(district.code());
        }
        if begun != Begun::Yes {
            let districts = self.system("lgd-district");
            for parent in parents_of(district).filter_map(|code| districts?.lookup(code)) {
                self.gather_earlier(parent, day, found);
            }
        }
    }

    /// The codes valid on `to` for the land that a district had on `from`, going forward over what was split off it.
    fn gather_later<'a>(&'a self, code: &'a str, from: Day, to: Day, found: &mut Vec<&'a str>) {
        found.push(code);
        for child in self.districts_split_from(code) {
            let Some(beginning) = beginning_of(child) else { continue };
            if beginning.on(from) != Begun::Yes && beginning.on(to) != Begun::No {
                self.gather_later(child.code(), from, to, found);
            }
        }
    }
}

fn parents_of(district: Concept<'_>) -> impl Iterator<Item = &str> {
    district.property("split_from").into_iter().flat_map(|codes| codes.split('|'))
}

/// When a district that was split off began; `None` for one that was not, as far as is known.
fn beginning_of(district: Concept<'_>) -> Option<Beginning> {
    district.property("split_from")?;
    let day = |name| district.property(name).and_then(Day::parse);
    match day("valid_from") {
        Some(by) => Some(Beginning { absent_on: by.plus_days(-1), by }),
        None => Some(Beginning { absent_on: day("absent_on")?, by: day("seen_on")? }),
    }
}

/// The districts that a history of the form `:43;2021-05-14:737` names for a day.
pub(crate) fn districts_in(history: &str, day: Day) -> Vec<&str> {
    let mut held = Vec::new();
    for entry in history.split(';') {
        let Some((since, districts)) = entry.split_once(':') else { continue };
        let (absent_on, by) = match since.split_once('/') {
            Some((absent_on, by)) => (Day::parse(absent_on), Day::parse(by)),
            None => (Day::parse(since).map(|day| day.plus_days(-1)), Day::parse(since)),
        };
        let begun = match (absent_on, by) {
            (Some(absent_on), Some(by)) => Beginning { absent_on, by }.on(day),
            _ => Begun::Yes,
        };
        match begun {
            Begun::No => break,
            Begun::Yes => held = districts.split('|').collect(),
            Begun::Unknown => held.extend(districts.split('|')),
        }
    }
    held
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    #[test]
    fn a_history_names_the_district_of_a_day_and_both_where_the_day_of_the_split_is_not_known() {
        let exact = ":43;2021-05-14:737";
        assert_eq!(districts_in(exact, day("2021-05-13")), ["43"]);
        assert_eq!(districts_in(exact, day("2021-05-14")), ["737"]);
        let bounded = ":42|41;2001-03-01/2011-03-01:608";
        assert_eq!(districts_in(bounded, day("2001-03-01")), ["42", "41"]);
        assert_eq!(districts_in(bounded, day("2005-01-01")), ["42", "41", "608"]);
        assert_eq!(districts_in(bounded, day("2011-03-01")), ["608"]);
    }
}

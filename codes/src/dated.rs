//! What a concept's row says, as it was on a day: tables keep some histories beside the value of today.

use std::borrow::Cow;

use crate::{AsOf, Concept, ServiceCharter, day::Day, district_history::districts_in};

/// The values of a row that were others before.
#[derive(Default)]
struct Dated<'a> {
    /// The limits of a service, and the day.
    charter: Option<(ServiceCharter<'a>, Day)>,
    /// The district that a sub-district belonged to; several where only that much is known.
    districts: Option<Vec<&'a str>>,
}

impl<'a> Dated<'a> {
    fn of(concept: Concept<'a>, day: Day) -> Self {
        let charter = concept.property("limit_history").and_then(|_| ServiceCharter::read(concept).ok());
        Self {
            charter: charter.map(|charter| (charter, day)),
            districts: concept.property("district_history").map(|history| districts_in(history, day)),
        }
    }
}

impl<'a> AsOf<'a> {
    /// The code above a concept on the day; `None` also where it was one of several.
    ///
    /// ```
    /// use kanak_codes::Codes;
    /// let codes = Codes::builtin()?;
    /// let before = codes.as_of("lgd-subdistrict", None, "2019-07-01".parse().ok())?;
    /// let ahmedgarh = before.lookup("6856").unwrap();
    /// assert_eq!((before.parent(ahmedgarh), ahmedgarh.parent()), (Some("43"), Some("737")));
    /// # Ok::<_, kanak_codes::CodesError>(())
    /// ```
    pub fn parent(&self, concept: Concept<'a>) -> Option<&'a str> {
        let dated = self.day().map(|day| Dated::of(concept, day)).unwrap_or_default();
        match dated.districts.as_deref() {
            Some([one]) => Some(one),
            Some(_) => None,
            None => concept.parent(),
        }
    }

    /// Every property that has a value, as (name, value), in the order of the code system's file. Asked as of a day, a service's limit and a
    /// sub-district's district are those of the day; several districts are parted by `|`.
    ///
    /// ```
    /// use kanak_codes::Codes;
    /// let codes = Codes::builtin()?;
    /// let limit = |day: &str| {
    ///     let then = codes.as_of("service", None, day.parse().ok())?;
    ///     let demarcation = then.lookup("SVC-002").unwrap();
    ///     let mut properties = then.properties(demarcation);
    ///     Ok::<_, kanak_codes::CodesError>(properties.find(|(name, _)| *name == "working_day_limit").map(|(_, value)| value.into_owned()))
    /// };
    /// assert_eq!(limit("2012-06-01")?.as_deref(), Some("21"));
    /// assert_eq!(limit("2020-06-01")?.as_deref(), Some("45"));
    /// assert_eq!(limit("2011-06-01")?, None);
    /// # Ok::<_, kanak_codes::CodesError>(())
    /// ```
    pub fn properties(&self, concept: Concept<'a>) -> impl Iterator<Item = (&'a str, Cow<'a, str>)> + use<'a> {
        let Dated { charter, districts } = self.day().map(|day| Dated::of(concept, day)).unwrap_or_default();
        let districts = districts.map(|districts| districts.join("|"));
        concept.properties().filter_map(move |(name, value)| {
            let value = match (name, &charter, &districts) {
                ("working_day_limit", Some((charter, day)), _) => Cow::Owned(charter.limit_on(*day)?.to_string()),
                ("district_code", _, Some(districts)) => Cow::Owned(districts.clone()),
                _ => Cow::Borrowed(value),
            };
            Some((name, value))
        })
    }
}

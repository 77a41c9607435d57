//! What a concept's row says, as it was on a day: tables keep some histories beside the value of today.

use std::borrow::Cow;

use crate::{AsOf, Concept, ServiceCharter, day::Day, district_history::districts_in};

/// The district that a sub-district belonged to on a day, or several where only that much is known; `None` where no history is kept.
fn districts_on(concept: Concept<'_>, day: Day) -> Option<Vec<&str>> {
    concept.property("district_history").map(|history| districts_in(history, day))
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
        match self.day().and_then(|day| districts_on(concept, day)).as_deref() {
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
    ///     let then = codes.as_of("service", None, day.parse().ok()).ok()?;
    ///     let mut properties = then.properties(then.lookup("SVC-002")?);
    ///     properties.find(|(name, _)| *name == "working_day_limit").map(|(_, value)| value.into_owned())
    /// };
    /// assert_eq!(limit("2012-06-01").as_deref(), Some("21"));
    /// assert_eq!(limit("2020-06-01").as_deref(), Some("45"));
    /// assert_eq!(limit("2011-06-01"), None);
    /// # Ok::<_, kanak_codes::CodesError>(())
    /// ```
    pub fn properties(&self, concept: Concept<'a>) -> impl Iterator<Item = (&'a str, Cow<'a, str>)> + use<'a> {
        let limited = self.day().filter(|_| concept.property("limit_history").is_some());
        let charter = limited.and_then(|day| Some((ServiceCharter::read(concept).ok()?, day)));
        let districts = self.day().and_then(|day| districts_on(concept, day)).map(|districts| districts.join("|"));
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

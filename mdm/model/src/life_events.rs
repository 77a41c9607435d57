//! Status in time: which status a golden record has on a day, and since when, by the dated events that its values state.
//!
//! A status rule whose attribute is a date speaks from that day on: a date of death, of closure, of retirement, of moving out. A
//! date known to the month or the year counts from the end of it, so that nobody is called dead on a date that nobody knows. A
//! rule whose attribute is no date speaks whenever the attribute has a value, and says no day.

use chrono::NaiveDate;

use crate::date::PartialDate;
use crate::entity_model::{EntityModel, StatusRule};
use crate::golden_record::GoldenValues;
use crate::kind::Kind;

/// A status and since when it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusSince {
    /// The status.
    pub status: String,
    /// The date of the event that brought it, as it is known; `None` for the status before any event.
    pub since: Option<PartialDate>,
}

/// The attributes whose values are dates of life events: those that status rules name.
pub fn dated_attributes(model: &EntityModel) -> impl Iterator<Item = &str> {
    let is_date = |name: &str| model.find_attribute(name).is_some_and(|attribute| attribute.kind == Kind::Date);
    model.status_rules.iter().map(|rule| rule.when_present.as_str()).filter(move |name| is_date(name))
}

/// Whether a dated event has surely come by the end of a day.
pub fn has_come(date: PartialDate, day: NaiveDate) -> bool {
    date.last_day() <= day
}

/// What a status rule speaks by.
#[derive(Clone, Copy)]
enum Event {
    On(PartialDate),
    Undated,
}

impl Event {
    fn of(model: &EntityModel, values: &GoldenValues, rule: &StatusRule) -> Option<Self> {
        let value = values.get(&rule.when_present)?;
        let is_date = dated_attributes(model).any(|name| name == rule.when_present);
        let date = value.value.parse().ok().filter(|_| is_date);
        Some(date.map_or(Self::Undated, Self::On))
    }

    fn date(self) -> Option<PartialDate> {
        match self {
            Self::On(date) => Some(date),
            Self::Undated => None,
        }
    }
}

/// The status on a day: that of the first rule whose event has come.
pub fn status_on<'m>(model: &'m EntityModel, values: &GoldenValues, day: NaiveDate) -> &'m str {
    let holds = |rule: &&StatusRule| {
        Event::of(model, values, rule).is_some_and(|event| event.date().is_none_or(|date| has_come(date, day)))
    };
    model.status_rules.iter().find(holds).map_or(&model.status_default, |rule| &rule.status)
}

/// The statuses that the values tell of, from the first to the last. An event that changes nothing (a closure after a death, where
/// death is the rule that stands first) is left out.
pub fn status_history(model: &EntityModel, values: &GoldenValues) -> Vec<StatusSince> {
    let mut dates: Vec<PartialDate> =
        model.status_rules.iter().filter_map(|rule| Event::of(model, values, rule)?.date()).collect();
    dates.sort_unstable_by_key(|date| (date.last_day(), *date));
    dates.dedup();
    let before = dates.first().and_then(|first| first.last_day().pred_opt()).unwrap_or(NaiveDate::MAX);
    let first = StatusSince { status: status_on(model, values, before).to_owned(), since: None };
    let mut history = vec![first];
    for date in dates {
        let status = status_on(model, values, date.last_day());
        if history.last().is_none_or(|last| last.status != status) {
            history.push(StatusSince { status: status.to_owned(), since: Some(date) });
        }
    }
    history
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity_model::SurvivorshipStrategy;
    use crate::golden_record::GoldenValue;
    use crate::id::SourceRecordId;

    const MODEL: &str = r#"
[entity]
name = "resident"
title = { en = "Resident" }
label = "full_name"

[[attribute]]
name = "full_name"
kind = "person_name"

[[attribute]]
name = "died_on"
kind = "date"

[[attribute]]
name = "moved_out_on"
kind = "date"

[[attribute]]
name = "struck_off"
kind = "flag"

[[status]]
status = "deceased"
when_present = "died_on"

[[status]]
status = "moved_out"
when_present = "moved_out_on"

[[status]]
status = "struck_off"
when_present = "struck_off"
"#;

    fn values(of: &[(&str, &str)]) -> GoldenValues {
        let value = |value: &str| GoldenValue {
            value: value.to_owned(),
            source_record: SourceRecordId(1),
            source_version: 1,
            strategy: SurvivorshipStrategy::MostTrusted,
            agreeing: 1,
            stated: 1,
        };
        of.iter().map(|(name, text)| ((*name).to_owned(), value(text))).collect()
    }

    #[track_caller]
    fn check(of: &[(&str, &str)], expected: &[(&str, Option<&str>)]) {
        let model = EntityModel::parse("resident.toml", MODEL).unwrap();
        let history = status_history(&model, &values(of));
        let told: Vec<_> = history.iter().map(|one| (one.status.as_str(), one.since.map(|d| d.to_string()))).collect();
        let expected: Vec<_> = expected.iter().map(|(status, since)| (*status, since.map(str::to_owned))).collect();
        assert_eq!(told, expected, "{of:?}");
        // The last status told is the status at the end of time.
        assert_eq!(history.last().unwrap().status, status_on(&model, &values(of), NaiveDate::MAX));
    }

    #[test]
    fn events_are_told_in_the_order_in_which_they_came() {
        check(&[], &[("active", None)]);
        check(&[("moved_out_on", "2019-05-01")], &[("active", None), ("moved_out", Some("2019-05-01"))]);
        let both = [("died_on", "2024"), ("moved_out_on", "2019-05-01")];
        check(&both, &[("active", None), ("moved_out", Some("2019-05-01")), ("deceased", Some("2024"))]);
        let after = [("died_on", "2018-01-01"), ("moved_out_on", "2019-05-01")];
        check(&after, &[("active", None), ("deceased", Some("2018-01-01"))]);
        check(&[("struck_off", "true")], &[("struck_off", None)]);
    }

    #[test]
    fn a_date_known_to_the_year_counts_from_its_end() {
        let model = EntityModel::parse("resident.toml", MODEL).unwrap();
        let dead = values(&[("died_on", "2024")]);
        let on = |day: &str| status_on(&model, &dead, day.parse().unwrap());
        assert_eq!((on("2024-12-30"), on("2024-12-31")), ("active", "deceased"));
    }
}

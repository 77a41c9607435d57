//! The golden values and the status of a cluster as of a day: what held then, by all that is known.

use chrono::NaiveDate;
use kanak_model::PartialDate;
use kanak_model::entity_model::EntityModel;
use kanak_model::golden_record::{Survived, ValueOverride};
use kanak_model::life_events::{dated_attributes, has_come, status_on};

use super::{Member, survive_with};

/// Source records that state values, and what stewards stated beside them.
#[derive(Debug, Clone, Copy)]
pub struct Witnesses<'a> {
    /// The source records.
    pub members: &'a [Member<'a>],
    /// The overrides.
    pub overrides: &'a [&'a ValueOverride],
}

/// What a cluster was on a day.
///
/// `held` states what was in force at the end of that day: the versions that held then and the overrides that held then. `known`
/// states what is known now. Values are chosen among what held, but for the dates of life events (the dated attributes that status
/// rules name): they are chosen among what is known and hold from the day that they state, however late they were registered. The
/// status follows from the events that had come.
pub fn survive_as_of(model: &EntityModel, held: Witnesses<'_>, known: Witnesses<'_>, day: NaiveDate) -> Survived {
    let mut values = survive_with(model, held.members, held.overrides).values;
    let mut known = survive_with(model, known.members, known.overrides).values;
    for name in dated_attributes(model) {
        values.remove(name);
        let event =
            known.remove(name).filter(|event| event.value.parse::<PartialDate>().is_ok_and(|date| has_come(date, day)));
        if let Some(event) = event {
            values.insert(name.to_owned(), event);
        }
    }
    Survived { status: status_on(model, &values, day).to_owned(), values }
}

#[cfg(test)]
mod tests {
    use kanak_model::builtin;
    use kanak_model::clock::Timestamp;
    use kanak_model::id::SourceRecordId;
    use kanak_model::source_record::{Stated, Values};

    use super::*;
    use crate::matching::Rank;
    use crate::survivorship::survive;

    fn citizen() -> EntityModel {
        builtin::entity_models().unwrap().into_iter().find(|model| model.name == "citizen").unwrap()
    }

    fn values(of: &[(&str, &str)]) -> Values {
        of.iter().map(|(name, value)| ((*name).to_owned(), Stated::new(*value, value))).collect()
    }

    const TRUST: &(dyn Fn(&str) -> f64 + Sync) = &|_| 0.5;

    fn member(id: i64, version: i32, values: &Values) -> Member<'_> {
        Member {
            id: SourceRecordId(id),
            rank: Rank::of("food", &id.to_string()),
            version,
            values,
            updated: Some(Timestamp(i64::from(version))),
            recorded_from: Timestamp(i64::from(version)),
            trust: TRUST,
        }
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn values_are_those_that_held_and_a_death_counts_from_its_day_however_late_it_was_registered() {
        let model = citizen();
        let then = values(&[("full_name", "Asha Devi"), ("mobile", "9876543210")]);
        let now = values(&[("full_name", "Asha Devi"), ("mobile", "9811122233"), ("date_of_death", "2024-05-01")]);
        let (held, known) = ([member(1, 1, &then)], [member(1, 2, &now)]);
        let on = |text: &str| {
            let held = Witnesses { members: &held, overrides: &[] };
            survive_as_of(&model, held, Witnesses { members: &known, overrides: &[] }, day(text))
        };
        let (before, after) = (on("2024-04-30"), on("2024-05-01"));
        assert_eq!((before.status.as_str(), before.values.get("date_of_death")), ("active", None));
        assert_eq!((after.status.as_str(), after.values["date_of_death"].value.as_str()), ("deceased", "2024-05-01"));
        for survived in [&before, &after] {
            assert_eq!(survived.values["mobile"].value, "9876543210", "the number of that time");
            assert_eq!(survived.values["mobile"].source_version, 1);
        }
    }

    #[test]
    fn where_nothing_has_changed_since_a_day_is_as_the_present() {
        let model = citizen();
        let stated = [
            values(&[("full_name", "Asha"), ("date_of_birth", "1985"), ("date_of_death", "2001-01-01")]),
            values(&[("full_name", "Asha Rani Devi"), ("date_of_birth", "1985-03-01"), ("sex", "F")]),
            values(&[("sex", "F"), ("mobile", "9876543210")]),
        ];
        for count in 0..=stated.len() {
            let members: Vec<_> = (1..).zip(&stated[..count]).map(|(id, values)| member(id, 1, values)).collect();
            let all = Witnesses { members: &members, overrides: &[] };
            assert_eq!(survive_as_of(&model, all, all, day("2030-01-01")), survive(&model, &members));
        }
    }
}

//! What held when: the versions of one source record, in the time of which they speak.
//!
//! A version holds from when the department says that it last changed the record, or, where it says nothing, from when the hub
//! learned the version. It holds until a later one does. A record that its register dropped holds until the hub learned that; one
//! that came back is another epoch of its key.

use crate::clock::Timestamp;
use crate::id::GoldenId;
use crate::source_record::Values;

/// One version of a source record, as a hub knows it at some time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatedVersion {
    /// From 1.
    pub version: i32,
    /// What it states.
    pub values: Values,
    /// When the department last changed the record, where it says so.
    pub updated: Option<Timestamp>,
    /// When the hub learned this version.
    pub recorded_from: Timestamp,
    /// When the hub learned that the register had dropped the record while this was its version.
    pub dropped: Option<Timestamp>,
    /// The golden record that the key belongs to in the epoch of this version.
    pub golden_id: Option<GoldenId>,
}

impl StatedVersion {
    /// Since when it holds.
    pub fn valid_from(&self) -> Timestamp {
        self.updated.unwrap_or(self.recorded_from)
    }
}

/// The version that held at an instant, among all of one source record: of those that had begun the one that began last, of equal
/// ones the later version, which corrects the other. None before the first, and while the register did not list the record.
pub fn in_force(versions: &[StatedVersion], at: Timestamp) -> Option<&StatedVersion> {
    versions
        .iter()
        .filter(|version| version.valid_from() <= at)
        .max_by_key(|version| (version.valid_from(), version.version))
        .filter(|version| version.dropped.is_none_or(|dropped| dropped > at))
}

/// A period in which a department's key stood for one golden record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyEpoch {
    /// Since when, by the department's word.
    pub from: Timestamp,
    /// When the register was found to have dropped the key; `None` while it lists it.
    pub to: Option<Timestamp>,
    /// The golden record; `None` where the key was dropped before it was resolved.
    pub golden_id: Option<GoldenId>,
}

/// The epochs of a key, by its versions from the first to the last: one ends where the register dropped the key.
pub fn epochs(versions: &[StatedVersion]) -> Vec<KeyEpoch> {
    versions
        .split_inclusive(|version| version.dropped.is_some())
        .filter_map(|run| {
            let last = run.last()?;
            let from = run.iter().map(StatedVersion::valid_from).min()?;
            Some(KeyEpoch { from, to: last.dropped, golden_id: last.golden_id })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(version: i32, updated: Option<i64>, recorded: i64, dropped: Option<i64>, golden: i64) -> StatedVersion {
        StatedVersion {
            version,
            values: Values::new(),
            updated: updated.map(Timestamp),
            recorded_from: Timestamp(recorded),
            dropped: dropped.map(Timestamp),
            golden_id: Some(GoldenId(golden)),
        }
    }

    #[track_caller]
    fn check(versions: &[StatedVersion], expected: &[(i64, Option<i32>)]) {
        for (at, number) in expected {
            assert_eq!(in_force(versions, Timestamp(*at)).map(|one| one.version), *number, "at {at}");
        }
    }

    #[test]
    fn the_departments_word_tells_since_when_and_recorded_time_where_it_says_nothing() {
        let spoken = [version(1, Some(10), 50, None, 1), version(2, Some(30), 60, None, 1)];
        check(&spoken, &[(9, None), (10, Some(1)), (29, Some(1)), (30, Some(2)), (99, Some(2))]);
        let silent = [version(1, None, 50, None, 1), version(2, None, 60, None, 1)];
        check(&silent, &[(49, None), (50, Some(1)), (60, Some(2))]);
    }

    #[test]
    fn a_version_of_the_same_time_corrects_and_one_that_arrives_late_does_not_replace_what_came_after() {
        check(&[version(1, Some(10), 50, None, 1), version(2, Some(10), 60, None, 1)], &[(10, Some(2))]);
        let late = [version(1, Some(30), 50, None, 1), version(2, Some(20), 60, None, 1)];
        check(&late, &[(19, None), (20, Some(2)), (30, Some(1))]);
    }

    #[test]
    fn a_dropped_key_holds_nothing_until_it_comes_again_and_then_is_another_epoch() {
        let versions = [version(1, Some(10), 50, Some(70), 1), version(2, Some(90), 95, None, 2)];
        check(&versions, &[(69, Some(1)), (70, None), (89, None), (90, Some(2))]);
        let told: Vec<_> = epochs(&versions).iter().map(|one| (one.from.0, one.to, one.golden_id)).collect();
        assert_eq!(told, [(10, Some(Timestamp(70)), Some(GoldenId(1))), (90, None, Some(GoldenId(2)))]);
        // Back with the old time of change: by the department's word it was never away.
        let back = [version(1, Some(10), 50, Some(70), 1), version(2, Some(10), 95, None, 1)];
        check(&back, &[(69, Some(2)), (70, Some(2))]);
        assert!(epochs(&[]).is_empty());
    }
}

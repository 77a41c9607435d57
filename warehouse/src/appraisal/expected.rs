//! What is expected of a case: what all offices together made of cases of its kind.
//!
//! The kind is service, district and band of load; where too few officers or cases are of it, a coarser one: service and load, service,
//! all of its sort. Means are over everybody, the officer too: what all officers differ from it adds up to nothing, and a case that
//! goes from one officer to another takes its expectation along and changes nobody else's. Nobody is held against himself alone,
//! because a kind needs several officers.

use std::collections::{BTreeMap, BTreeSet};

use super::attribution::Held;
use super::config::{Indicator, Settings};

/// How many kinds a case is of, from the finest to the coarsest.
pub(crate) const LEVELS: usize = 4;

/// What is expected of one case.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Expected {
    /// The mean, 0 to 1.
    pub(crate) value: f64,
    /// The variance of one case about it.
    pub(crate) variance: f64,
    /// How coarse the kind is, from 0.
    pub(crate) level: usize,
}

#[derive(Debug, Default)]
struct Stratum<'a> {
    cases: f64,
    sum: f64,
    squares: f64,
    officers: BTreeSet<&'a str>,
}

/// The means of every kind.
#[derive(Debug, Default)]
pub(crate) struct Expectations<'a> {
    strata: BTreeMap<(Indicator, String), Stratum<'a>>,
    peers_minimum: usize,
    cases_minimum: f64,
}

impl<'a> Expectations<'a> {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            strata: BTreeMap::new(),
            peers_minimum: settings.peers_minimum as usize,
            cases_minimum: f64::from(settings.peer_cases_minimum),
        }
    }

    /// Takes a case's value in, as often as it counts for somebody.
    pub(crate) fn add(&mut self, kinds: &[String; LEVELS], indicator: Indicator, value: f64, held: &[Held<'a>]) {
        for kind in kinds {
            let stratum = self.strata.entry((indicator, kind.clone())).or_default();
            for one in held.iter().filter(|one| !one.is_inherited) {
                stratum.cases += one.share;
                stratum.sum += one.share * value;
                stratum.squares += one.share * value * value;
                stratum.officers.insert(one.officer);
            }
        }
    }

    /// What is expected of a case of these kinds. `None` where nothing of its sort counts for anybody.
    pub(crate) fn find(&self, kinds: &[String; LEVELS], indicator: Indicator) -> Option<Expected> {
        let enough = |stratum: &Stratum<'_>, level: usize| {
            level == LEVELS - 1 || (stratum.officers.len() >= self.peers_minimum && stratum.cases >= self.cases_minimum)
        };
        let levels = kinds.iter().enumerate();
        let mut found = levels.filter_map(|(level, kind)| Some((level, self.strata.get(&(indicator, kind.clone()))?)));
        let (level, stratum) = found.find(|(level, stratum)| stratum.cases > 0.0 && enough(stratum, *level))?;
        let value = stratum.sum / stratum.cases;
        // What never happened yet may happen: a quarter of a case's variance stands in for it.
        let variance = (stratum.squares / stratum.cases - value * value).max(0.25 / stratum.cases);
        Some(Expected { value, variance, level })
    }
}

//! How officers are appraised, as data: weights for each cadre, the minimum of cases, how differences are shrunk.

use std::collections::{BTreeMap, BTreeSet};

use kanak_model::Titles;
use kanak_model::toml_text::{ModelError, TomlText};
use serde::{Deserialize, Serialize};

/// What an officer's cases are looked at for. Each is a value from 0 to 1 of one case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Indicator {
    /// Decided within the limit or when due: 1, else 0; of cases that have one.
    Timeliness,
    /// A closed grievance that was opened again: 1, else 0. Less is better.
    Reopened,
    /// A grievance that went above the officer: 1, else 0. Less is better.
    Appealed,
    /// The complainant's rating: 0 for 1, 1 for 5.
    Satisfaction,
    /// Of a scheme's target in the district what was achieved, at most 1.
    SchemeAchievement,
    /// The part of the checks that the entered case passes: a known outcome, a reason where one is due, days in order.
    DataQuality,
}

impl Indicator {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 6] = [
        Self::Timeliness,
        Self::Reopened,
        Self::Appealed,
        Self::Satisfaction,
        Self::SchemeAchievement,
        Self::DataQuality,
    ];

    /// The word in settings and reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Timeliness => "timeliness",
            Self::Reopened => "reopened",
            Self::Appealed => "appealed",
            Self::Satisfaction => "satisfaction",
            Self::SchemeAchievement => "scheme_achievement",
            Self::DataQuality => "data_quality",
        }
    }

    /// 1 where more is better, -1 where less is.
    pub(crate) fn sign(self) -> f64 {
        if matches!(self, Self::Reopened | Self::Appealed) { -1.0 } else { 1.0 }
    }
}

/// How officers are appraised.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppraisalConfig {
    /// What holds for every cadre.
    pub appraisal: Settings,
    /// Posts that answer for more than the cases that name their holders.
    #[serde(default)]
    pub post: Vec<Post>,
    /// The cadres; the one without designations takes everybody else.
    pub cadre: Vec<Cadre>,
}

/// What holds for every cadre.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Counts the changes of these settings.
    pub version: u32,
    /// With fewer cases an officer has no score.
    pub minimum_cases: u32,
    /// A kind of case is expected of by itself where so many officers had one.
    pub peers_minimum: u32,
    /// And so many cases are of it.
    pub peer_cases_minimum: u32,
    /// Standard deviation of officers' true differences where fewer than `officers_minimum` tell it, in parts of a whole.
    pub prior_deviation: f64,
    /// So many officers tell how far officers truly differ.
    pub officers_minimum: u32,
    /// The least standard deviation that is taken.
    pub least_deviation: f64,
    /// Cases an officer and month from which an office is in the next band of load, ascending.
    pub load_bands: Vec<f64>,
}

/// A post that answers for more than the cases that name its holder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Post {
    /// The designation, as the register of employees writes it.
    pub designation: String,
    /// Whether its holders share the cases of their office that name no officer.
    #[serde(default)]
    pub takes_unnamed_cases: bool,
    /// Its part in the scheme targets of its office, 0 to 1.
    #[serde(default)]
    pub scheme_share: f64,
}

/// Officers who are appraised alike.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cadre {
    /// `heads_of_office`.
    pub name: String,
    /// Its title in three languages.
    pub title: Titles,
    /// The designations in it; none for everybody else.
    #[serde(default)]
    pub designations: BTreeSet<String>,
    /// Relative weight of each indicator.
    pub weights: BTreeMap<Indicator, f64>,
}

impl AppraisalConfig {
    /// The settings that come with Kanak, as text.
    pub const BUILTIN: &'static str = include_str!("../../models/appraisal.toml");

    /// Reads settings; `file` names them in errors.
    ///
    /// # Errors
    /// [`ModelError`] at what does not fit: an unknown word, a weight or share that is none, two cadres for one designation, none for
    /// the others.
    pub fn parse(file: &str, text: &str) -> Result<Self, ModelError> {
        let source = TomlText::new(file, text);
        let config: Self = source.parse()?;
        match config.find_fault() {
            None => Ok(config),
            Some(fault) => Err(source.error_at(0..0, fault)),
        }
    }

    fn find_fault(&self) -> Option<String> {
        let settings = &self.appraisal;
        if self.cadre.iter().filter(|cadre| cadre.designations.is_empty()).count() != 1 {
            return Some("exactly one cadre must have no designations; it takes everybody else".to_owned());
        }
        let is_measure = |number: f64| number.is_finite() && number > 0.0;
        if !is_measure(settings.prior_deviation) || !is_measure(settings.least_deviation) {
            return Some("prior_deviation and least_deviation must be above 0".to_owned());
        }
        let is_ascending = settings.load_bands.windows(2).all(|pair| pair[0] < pair[1]);
        if !is_ascending || settings.load_bands.iter().any(|band| !is_measure(*band)) {
            return Some("load_bands must ascend from above 0".to_owned());
        }
        let mut taken: BTreeMap<&str, &str> = BTreeMap::new();
        for cadre in &self.cadre {
            let weights = cadre.weights.values();
            let is_weighed = weights.clone().all(|weight| weight.is_finite() && *weight >= 0.0);
            if !is_weighed || !weights.sum::<f64>().is_normal() {
                return Some(format!("the weights of cadre `{}` must be 0 or more, and not all 0", cadre.name));
            }
            for designation in &cadre.designations {
                if let Some(other) = taken.insert(designation, &cadre.name) {
                    return Some(format!(
                        "`{designation}` is in cadre `{other}` and in `{}`; leave one out",
                        cadre.name
                    ));
                }
            }
        }
        let share = self.post.iter().find(|post| !(0.0..=1.0).contains(&post.scheme_share));
        share.map(|post| format!("scheme_share of `{}` must be from 0 to 1", post.designation))
    }

    /// The cadre of a designation.
    pub fn cadre_of(&self, designation: &str) -> &Cadre {
        let named = self.cadre.iter().find(|cadre| cadre.designations.contains(designation));
        let others = self.cadre.iter().find(|cadre| cadre.designations.is_empty());
        named.or(others).expect("settings that were read have a cadre for everybody else")
    }

    pub(crate) fn find_post(&self, designation: &str) -> Option<&Post> {
        self.post.iter().find(|post| post.designation == designation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn builtin() -> AppraisalConfig {
        AppraisalConfig::parse("models/appraisal.toml", AppraisalConfig::BUILTIN).unwrap()
    }

    #[test]
    fn the_settings_that_come_along_read_and_have_a_cadre_for_everybody() {
        let config = builtin();
        assert_eq!(config.cadre_of("Tehsildar").name, "heads_of_office");
        assert_eq!(config.cadre_of("Clerk").name, "staff");
        assert!(config.find_post("Tehsildar").is_some_and(|post| post.takes_unnamed_cases));
    }

    #[test]
    fn settings_that_cannot_be_meant_are_refused_with_the_reason() {
        let refused = |from: &str, to: &str| {
            assert!(AppraisalConfig::BUILTIN.contains(from), "{from}");
            let text = AppraisalConfig::BUILTIN.replacen(from, to, 1);
            AppraisalConfig::parse("appraisal.toml", &text).unwrap_err().to_string()
        };
        assert!(refused("timeliness = 0.40", "timeliness = -1").contains("weights of cadre `heads_of_office`"));
        assert!(refused("timeliness = 0.40", "punctuality = 1").contains("punctuality"));
        assert!(refused("load_bands = [20, 60]", "load_bands = [60, 20]").contains("ascend"));
        assert!(refused("scheme_share = 1.0", "scheme_share = 1.5").contains("District Social Security Officer"));
        assert!(refused("prior_deviation = 0.05", "prior_deviation = 0").contains("above 0"));
        let twice = "name = \"staff\"\ndesignations = [\"Tehsildar\"]";
        assert!(refused("name = \"staff\"", twice).contains("exactly one cadre"));
    }
}

//! Whose a case is: the officer whom it names, or the holders of the posts that answer for the office, by the days they held them.

use std::collections::BTreeMap;

use kanak_codes::Day;

use super::config::AppraisalConfig;
use super::inputs::{Case, Inputs, Posting, TargetOfOffice};

/// An officer's part in a case or a target.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Held<'a> {
    /// The officer's golden key.
    pub(crate) officer: &'a str,
    /// Above 0, at most 1.
    pub(crate) share: f64,
    /// Whether it came in before the officer's posting began, or came to the officer when it was overdue: it counts for nothing then.
    pub(crate) is_inherited: bool,
}

/// Postings by office, and what decides on them.
pub(crate) struct Holders<'a> {
    config: &'a AppraisalConfig,
    first: Day,
    last: Day,
    by_office: BTreeMap<&'a str, Vec<&'a Posting>>,
}

impl<'a> Holders<'a> {
    pub(crate) fn new(config: &'a AppraisalConfig, inputs: &'a Inputs) -> Self {
        let mut by_office: BTreeMap<&str, Vec<&Posting>> = BTreeMap::new();
        for posting in &inputs.postings {
            by_office.entry(posting.office.as_str()).or_default().push(posting);
        }
        Self { config, first: inputs.period.first(), last: inputs.period.last(), by_office }
    }

    fn at(&self, office: &str) -> &[&'a Posting] {
        self.by_office.get(office).map_or(&[][..], Vec::as_slice)
    }

    /// Those to whom a case goes. Nobody where it names nobody and nobody answers for the office.
    pub(crate) fn of_case(&self, case: &'a Case) -> Vec<Held<'a>> {
        if let Some(officer) = &case.officer {
            return vec![Held { officer, share: 1.0, is_inherited: self.is_inherited(case, officer) }];
        }
        let takes = |posting: &&Posting| {
            self.config.find_post(&posting.designation).is_some_and(|post| post.takes_unnamed_cases)
        };
        let days = self.at(&case.office).iter().copied().filter(takes);
        let days = days.map(|posting| (posting, posting.days_within(case.received_on, case.judged_on)));
        let days = by_officer(days);
        let all: i64 = days.values().sum();
        let share = |days: i64| days as f64 / all as f64;
        days.into_iter().map(|(officer, days)| Held { officer, share: share(days), is_inherited: false }).collect()
    }

    /// A posting at the office that nobody knows the beginning of makes nothing inherited, and neither does one that is not known.
    fn is_inherited(&self, case: &Case, officer: &str) -> bool {
        let came_late = case.assigned_on.zip(case.due_on).is_some_and(|(assigned, due)| assigned > due);
        let begins =
            |posting: &&&Posting| posting.officer == officer && posting.from.is_none_or(|from| from <= case.judged_on);
        let posting = self.at(&case.office).iter().filter(begins).max_by_key(|posting| posting.from);
        let came_before = posting.and_then(|posting| posting.from).is_some_and(|from| case.received_on < from);
        came_late || came_before
    }

    /// Those to whom a target goes: to each post its share of it, to each holder by the days of the period. What a vacant post would
    /// answer for goes to nobody.
    pub(crate) fn of_target(&self, target: &'a TargetOfOffice) -> Vec<Held<'a>> {
        let mut held = Vec::new();
        for post in self.config.post.iter().filter(|post| post.scheme_share > 0.0) {
            let holding = self.at(&target.office).iter().copied();
            let holding = holding.filter(|posting| posting.designation == post.designation);
            let days = by_officer(holding.map(|posting| (posting, posting.days_within(self.first, self.last))));
            let period = i64::from(self.last.days() - self.first.days()) + 1;
            let all = days.values().sum::<i64>().max(period);
            held.extend(days.into_iter().map(|(officer, days)| Held {
                officer,
                share: post.scheme_share * days as f64 / all as f64,
                is_inherited: false,
            }));
        }
        held
    }
}

/// Days of each officer, of those who have any.
fn by_officer<'a>(days: impl Iterator<Item = (&'a Posting, i64)>) -> BTreeMap<&'a str, i64> {
    let mut all: BTreeMap<&'a str, i64> = BTreeMap::new();
    for (posting, days) in days.filter(|(_, days)| *days > 0) {
        *all.entry(posting.officer.as_str()).or_default() += days;
    }
    all
}

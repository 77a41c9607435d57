//! The steps of requests for numbers: what the vault's own trail tells of them, beside what the requests say and what the hub's trail tells.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::reveal::{DECIDED, REQUESTED, Row, TAKEN};
use crate::Store;
use crate::audit_events::{EntryRow, words_hash};
use crate::db::on_db;
use crate::dialect::{json, sql};
use crate::error::StoreError;
use crate::trail_agreement::{ERASED, WORDS};

/// A decision or an answer: which, and of which request.
pub type RevealStep = (String, i64);

/// Who asked, about whom, in which words.
struct Asked {
    subject: String,
    user: Option<i64>,
    words: Option<String>,
}

/// What the trail tells of requests.
#[derive(Default)]
pub(super) struct Told {
    /// When the trail begins. What was asked before, it does not tell of.
    since_us: Option<i64>,
    asked: BTreeMap<i64, Asked>,
    /// How often was asked by subject, in events from before they named the request.
    unnamed: BTreeMap<String, u64>,
    /// The last word said to a request, and by whom where the event names the user.
    decided: BTreeMap<i64, (String, Option<i64>)>,
    taken: BTreeSet<i64>,
    has_erased: bool,
}

impl Told {
    /// Takes one event in, in its turn.
    pub(super) fn hear(&mut self, event: &EntryRow) {
        self.since_us.get_or_insert(event.at_us);
        let detail: Value = serde_json::from_str(&event.detail).unwrap_or_default();
        let number = |name: &str| detail[name].as_i64();
        let text = |name: &str| detail[name].as_str().map(str::to_owned);
        match (event.action.as_str(), number("request")) {
            (ERASED, _) => self.has_erased = true,
            (REQUESTED, Some(id)) => {
                let asked = Asked { subject: event.subject.clone(), user: number("user"), words: text(WORDS) };
                self.asked.insert(id, asked);
            }
            (REQUESTED, None) => *self.unnamed.entry(event.subject.clone()).or_default() += 1,
            (DECIDED, Some(id)) => {
                self.decided.insert(id, (text("decision").unwrap_or_default(), number("user")));
            }
            (TAKEN, Some(id)) => {
                self.taken.insert(id);
            }
            _ => {}
        }
    }

    /// The decisions and answers that it tells of.
    pub(super) fn steps(&self) -> BTreeSet<RevealStep> {
        let decided = self.decided.keys().map(|id| (DECIDED.to_owned(), *id));
        decided.chain(self.taken.iter().map(|id| (TAKEN.to_owned(), *id))).collect()
    }

    /// The first request that is another than the trail tells: changed, gone, or put in.
    pub(super) fn first_unlike(&self, requests: &[Row]) -> Option<i64> {
        let mut unnamed = self.unnamed.clone();
        let mut held = BTreeSet::new();
        let mut unlike = BTreeSet::new();
        for request in requests {
            held.insert(request.id);
            let is_told = match self.asked.get(&request.id) {
                Some(asked) => self.is_as_asked(asked, request),
                None => match unnamed.get_mut(&request.subject()).filter(|count| **count > 0) {
                    Some(count) => {
                        *count -= 1;
                        true
                    }
                    None => self.since_us.is_none_or(|since| request.requested_us < since),
                },
            };
            if !is_told || !self.is_as_decided(request) {
                unlike.insert(request.id);
            }
        }
        let named = self.asked.keys().chain(self.decided.keys()).chain(&self.taken);
        unlike.extend(named.filter(|id| !held.contains(id)));
        unlike.first().copied()
    }

    fn is_as_asked(&self, asked: &Asked, request: &Row) -> bool {
        let is_erased = self.has_erased && request.reason == ERASED;
        let has_words = asked.words.as_ref().is_none_or(|words| *words == words_hash([request.reason.as_str()]));
        asked.subject == request.subject() && asked.user == Some(request.requested_by) && (is_erased || has_words)
    }

    fn is_as_decided(&self, request: &Row) -> bool {
        let is_from_before = self.since_us.is_none_or(|since| request.decided_us.is_some_and(|at| at < since));
        let decided = match self.decided.get(&request.id) {
            Some((decision, user)) => {
                request.decision.as_ref() == Some(decision) && (user.is_none() || *user == request.decided_by)
            }
            None => request.decision.is_none() || is_from_before,
        };
        decided && (request.answered_us.is_some() == self.taken.contains(&request.id) || is_from_before)
    }
}

impl Store {
    /// The decisions and answers of requests for numbers that the hub's trail tells of. It is told before the vault takes a step.
    pub async fn list_reveal_steps(&self) -> Result<BTreeSet<RevealStep>, StoreError> {
        const SQL: &str = "SELECT action, detail FROM audit_events WHERE action IN (SELECT word FROM {texts $1} AS t)";
        let engine = self.db.engine();
        let rows: Vec<(String, String)> =
            on_db!(&self.db, |c| sqlx::query_as(sql(engine, SQL)).bind(json(&[DECIDED, TAKEN])).fetch_all(c).await)?;
        let step = |(action, detail): (String, String)| {
            let detail: Value = serde_json::from_str(&detail).unwrap_or_default();
            Some((action, detail["request"].as_i64()?))
        };
        Ok(rows.into_iter().filter_map(step).collect())
    }
}

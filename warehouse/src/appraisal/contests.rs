//! Objections of officers to cases of a frozen appraisal, and what became of them.
//!
//! They stand in `contests.jsonl` beside what was frozen, each line with the hash of the line before, and nothing is ever taken out. A
//! decision keeps the officer's sheet before and after: what is frozen stays as it is. An accepted objection takes the case out of
//! that officer's sheet; what is expected of other cases does not change by it.

use std::fs::{self, File};

use kanak_model::Timestamp;
use serde::{Deserialize, Serialize};

use super::kept::{AppraisalError, Appraisals, UNFINISHED, changed, io, make_folder, sha256, sync, write_new};
use super::report::{OfficerSheet, Struck};

const CONTESTS: &str = "contests.jsonl";
/// The longest reason, in bytes.
const REASON_BYTES_MAX: usize = 4_000;

/// A line: an objection or a decision on one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// From 1; the number of an objection is that of its line.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: String,
    /// Why, in words.
    pub reason: String,
    /// The SHA-256 of the line before, hex; empty for the first.
    pub previous: String,
    /// What it is.
    #[serde(flatten)]
    pub what: What,
}

/// What a line is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum What {
    /// An objection.
    Contest {
        /// The officer whose sheet the case is on.
        officer: String,
        /// The case.
        case: String,
    },
    /// A decision.
    Decision {
        /// The number of the objection.
        contest: u64,
        /// Which way.
        verdict: Verdict,
        /// The officer's sheet with the case, and without those that were struck earlier.
        before: Box<OfficerSheet>,
        /// The same sheet with the case struck: what holds from now on where the objection was accepted, and what it would have come
        /// to where not.
        after: Box<OfficerSheet>,
    },
}

/// How an objection was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The case no longer counts for the officer.
    Accepted,
    /// It does.
    Rejected,
}

/// An objection to be recorded.
#[derive(Debug, Clone, Copy)]
pub struct NewContest<'a> {
    /// The officer.
    pub officer: &'a str,
    /// The case.
    pub case: &'a str,
    /// Why.
    pub reason: &'a str,
    /// By whom.
    pub by: &'a str,
    /// When.
    pub at: Timestamp,
}

/// A decision to be recorded.
#[derive(Debug, Clone, Copy)]
pub struct NewDecision<'a> {
    /// The number of the objection.
    pub contest: u64,
    /// Which way.
    pub verdict: Verdict,
    /// Why.
    pub reason: &'a str,
    /// By whom: somebody else than who objected.
    pub by: &'a str,
    /// When.
    pub at: Timestamp,
}

/// An objection with what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Contest {
    /// The objection.
    pub entry: Entry,
    /// The decision on it.
    pub decision: Option<Entry>,
}

impl Contest {
    /// The officer and the case.
    pub fn about(&self) -> (&str, &str) {
        match &self.entry.what {
            What::Contest { officer, case } => (officer, case),
            What::Decision { .. } => ("", ""),
        }
    }

    fn is_accepted(&self) -> bool {
        let decision = self.decision.as_ref().map(|entry| &entry.what);
        matches!(decision, Some(What::Decision { verdict: Verdict::Accepted, .. }))
    }
}

impl Appraisals {
    /// All objections to cases of an appraisal, in their order.
    ///
    /// # Errors
    /// [`AppraisalError::Changed`] when a line is not the one that the next was written after.
    pub fn contests(&self, id: &str) -> Result<Vec<Contest>, AppraisalError> {
        let mut contests: Vec<Contest> = Vec::new();
        for entry in self.entries(id)?.0 {
            match entry.what {
                What::Contest { .. } => contests.push(Contest { entry, decision: None }),
                What::Decision { contest, .. } => {
                    let decided = contests.iter_mut().find(|one| one.entry.number == contest);
                    decided.ok_or_else(|| changed(id, CONTESTS))?.decision = Some(entry);
                }
            }
        }
        Ok(contests)
    }

    /// What no longer counts, after all objections that were accepted.
    ///
    /// # Errors
    /// As [`Self::contests`].
    pub fn struck(&self, id: &str) -> Result<Struck, AppraisalError> {
        let owned = |(officer, case): (&str, &str)| (officer.to_owned(), case.to_owned());
        Ok(self.contests(id)?.iter().filter(|one| one.is_accepted()).map(|one| owned(one.about())).collect())
    }

    /// Records an objection to a case on an officer's sheet.
    ///
    /// # Errors
    /// [`AppraisalError::Refused`] when the case is not on the sheet or does not count, or an objection to it waits or was decided.
    pub fn contest(&self, id: &str, new: NewContest<'_>) -> Result<Entry, AppraisalError> {
        let refused =
            |why: &str| Err(AppraisalError::Refused(format!("case `{}` of {}: {why}", new.case, new.officer)));
        check_reason(new.reason)?;
        let _lock = self.lock(id)?;
        let sheet = self.sheet(id, new.officer)?;
        match sheet.cases.iter().find(|line| line.case == new.case) {
            None => return refused("it is not on the officer's sheet"),
            Some(line) if line.is_inherited => return refused("it is inherited and does not count already"),
            Some(_) => {}
        }
        if self.contests(id)?.iter().any(|one| one.about() == (new.officer, new.case)) {
            return refused("there is an objection to it already");
        }
        let what = What::Contest { officer: new.officer.to_owned(), case: new.case.to_owned() };
        self.append(id, new.at, (new.by, new.reason), what)
    }

    /// Decides on an objection, and keeps what the officer's sheet came to before and after.
    ///
    /// # Errors
    /// [`AppraisalError::Refused`] when there is no such objection, it is decided, or the one who objected decides.
    pub fn decide(&self, id: &str, new: NewDecision<'_>) -> Result<Entry, AppraisalError> {
        let refused = |why: &str| Err(AppraisalError::Refused(format!("objection {} to {id}: {why}", new.contest)));
        check_reason(new.reason)?;
        let _lock = self.lock(id)?;
        let contests = self.contests(id)?;
        let Some(contest) = contests.iter().find(|one| one.entry.number == new.contest) else {
            return refused("there is none of this number");
        };
        if contest.decision.is_some() {
            return refused("it is decided already");
        }
        if contest.entry.by == new.by {
            return refused("who objected cannot decide; ask somebody else");
        }
        let (officer, case) = contest.about();
        let frozen = self.get(id)?;
        let appraisal = frozen.appraisal();
        let mut struck = self.struck(id)?;
        let sheet = |struck: &Struck| {
            let found = appraisal.officer(officer, struck);
            found.ok_or_else(|| AppraisalError::NoSheet { id: id.to_owned(), officer: officer.to_owned() })
        };
        let before = Box::new(sheet(&struck)?);
        struck.insert((officer.to_owned(), case.to_owned()));
        let after = Box::new(sheet(&struck)?);
        let what = What::Decision { contest: new.contest, verdict: new.verdict, before, after };
        self.append(id, new.at, (new.by, new.reason), what)
    }

    /// Whoever holds it is the only one that adds.
    fn lock(&self, id: &str) -> Result<File, AppraisalError> {
        let path = self.place(id)?.join("manifest.json");
        let file = File::open(&path).map_err(io(&path))?;
        file.lock().map_err(io(&path))?;
        Ok(file)
    }

    /// All lines, and the hash of the last.
    fn entries(&self, id: &str) -> Result<(Vec<Entry>, String), AppraisalError> {
        let path = self.place(id)?.join(CONTESTS);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(io(&path)(error)),
        };
        let (mut entries, mut previous) = (Vec::new(), String::new());
        for (line, number) in text.lines().zip(1..) {
            let entry: Entry = serde_json::from_str(line).map_err(|_| changed(id, CONTESTS))?;
            if entry.number != number || entry.previous != previous {
                return Err(changed(id, CONTESTS));
            }
            previous = sha256(line.as_bytes());
            entries.push(entry);
        }
        Ok((entries, previous))
    }

    fn append(&self, id: &str, at: Timestamp, (by, reason): (&str, &str), what: What) -> Result<Entry, AppraisalError> {
        let (entries, previous) = self.entries(id)?;
        let (by, reason) = (by.to_owned(), reason.trim().to_owned());
        let entry = Entry { number: entries.len() as u64 + 1, at, by, reason, previous, what };
        let place = self.place(id)?;
        let (path, beside) = (place.join(CONTESTS), self.folder.join(UNFINISHED).join(format!("{id}.jsonl")));
        let mut text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(io(&path)(error)),
        };
        serde_json::to_writer(&mut text, &entry).expect("texts and numbers always serialize");
        text.push(b'\n');
        make_folder(&self.folder.join(UNFINISHED))?;
        write_new(&beside, &text)?;
        fs::rename(&beside, &path).map_err(io(&path))?;
        sync(&place)?;
        Ok(entry)
    }
}

fn check_reason(reason: &str) -> Result<(), AppraisalError> {
    match reason.trim().len() {
        0 => Err(AppraisalError::Refused("say why, in words".to_owned())),
        1..=REASON_BYTES_MAX => Ok(()),
        long => {
            let words = format!("the reason has {long} bytes and {REASON_BYTES_MAX} are kept; shorten it");
            Err(AppraisalError::Refused(words))
        }
    }
}

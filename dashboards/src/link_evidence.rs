//! How sure the links behind a golden record are: its source records weighed against each other under the rules in
//! force. Whoever sees that a person is held twice, or was paid after a recorded death, sees this beside it.

use kanak_model::steward_task::{FieldCheck, FieldCheckState, Finding};
use kanak_model::{Access, SourceRecordId};

use crate::actions::StewardActions;
use crate::format;

/// What stands where a notice to the person would: the hub holds none yet.
pub(crate) const NO_NOTICE: &str = "no notice recorded";
/// What stands where an officer's visit would, when the hub holds none.
pub(crate) const NO_FIELD_CHECK: &str = "no field check recorded";

/// The likeliest partner of a source record within its golden record.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LinkEvidence {
    /// The source record.
    pub(crate) of: SourceRecordId,
    /// The partner and how the two weigh; none where it cannot be weighed against any other.
    pub(crate) partner: Option<Partner>,
    /// Whether it was weighed at all: of a large golden record not every source record is.
    pub(crate) is_weighed: bool,
}

/// Another source record of the same golden record.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Partner {
    pub(crate) id: SourceRecordId,
    /// Match probability of the two, 0..=1.
    pub(crate) probability: f64,
    /// Their match weight, without the prior.
    pub(crate) weight_bits: f64,
}

/// A field check about two source records.
pub(crate) type CheckedPair = (SourceRecordId, SourceRecordId, FieldCheck);

/// What officers found about a source record and others of its golden record: the latest answer, else that one is waited for. Neither
/// says that nothing was looked into.
pub(crate) fn field_check_words(checks: &[CheckedPair], of: SourceRecordId) -> String {
    let about: Vec<&FieldCheck> =
        checks.iter().filter(|(left, right, _)| [*left, *right].contains(&of)).map(|(.., check)| check).collect();
    let answered = about.iter().rev().find_map(|check| match &check.state {
        FieldCheckState::Answered { answer, .. } => {
            Some(format!("{}, {}", finding_words(answer.finding), format::day(answer.found_on)))
        }
        FieldCheckState::Asked | FieldCheckState::Withdrawn { .. } => None,
    });
    answered.unwrap_or_else(|| match about.last() {
        Some(check) => format!("asked {}, no answer yet", format::day(check.asked.day_ist())),
        None => NO_FIELD_CHECK.to_owned(),
    })
}

/// What was found, in words.
pub(crate) fn finding_words(finding: Finding) -> &'static str {
    match finding {
        Finding::Same => "found to be the same one",
        Finding::Different => "found to be different ones",
        Finding::NotFound => "nobody found who could tell",
    }
}

/// So many source records are weighed, each against each; of a larger golden record the rest is left unweighed.
pub(crate) const WEIGHED_MAX: usize = 16;

/// Weighs the source records of one golden record. One that is retired meanwhile has no partner.
pub(crate) async fn weigh(
    actions: &dyn StewardActions,
    access: &Access,
    members: &[SourceRecordId],
) -> Vec<LinkEvidence> {
    let weighed = members.len().min(WEIGHED_MAX);
    let unknown =
        |(at, of): (usize, &SourceRecordId)| LinkEvidence { of: *of, partner: None, is_weighed: at < weighed };
    let mut found: Vec<LinkEvidence> = members.iter().enumerate().map(unknown).collect();
    for left in 0..weighed {
        for right in left + 1..weighed {
            let Ok(explained) = actions.explain(access, members[left], members[right]).await else { continue };
            for (one, other) in [(left, right), (right, left)] {
                let partner = &mut found[one].partner;
                if partner.is_none_or(|held| held.probability < explained.probability) {
                    *partner = Some(Partner {
                        id: members[other],
                        probability: explained.probability,
                        weight_bits: explained.match_weight_bits(),
                    });
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actions::{ActionError, DecidedMany, ExplanationView, GoldenAct, TaskAct, Verdict};
    use async_trait::async_trait;
    use kanak_model::match_pair::Decision;
    use kanak_model::steward_task::FieldAnswer;
    use kanak_model::{
        Caller, DecisionBatchId, EntityModel, FieldCheckId, GoldenId, ProposalId, StewardTaskId, Timestamp, UserId,
    };
    use kanak_store::Golden;

    /// 1 with 2 is sure, 2 with 3 likely, 1 with 3 not; 4 is retired.
    struct Weights;

    #[async_trait]
    impl StewardActions for Weights {
        async fn decide(
            &self,
            _: &Caller,
            _: StewardTaskId,
            _: Decision,
            _: String,
            _: Option<FieldCheckId>,
        ) -> Result<(), ActionError> {
            Ok(())
        }

        async fn step(&self, _: &Caller, _: StewardTaskId, _: TaskAct) -> Result<(), ActionError> {
            Ok(())
        }

        async fn decide_many(
            &self,
            _: &Caller,
            _: Vec<StewardTaskId>,
            _: Decision,
            _: String,
        ) -> Result<DecidedMany, ActionError> {
            Ok(DecidedMany::default())
        }

        async fn undo_many(&self, _: &Caller, _: DecisionBatchId) -> Result<(), ActionError> {
            Ok(())
        }

        async fn answer(&self, _: &Caller, _: ProposalId, _: Verdict) -> Result<(), ActionError> {
            Ok(())
        }

        async fn take_note(&self, _: &Caller, _: i64) -> Result<(), ActionError> {
            Ok(())
        }

        async fn find_as_of(
            &self,
            _: &Access,
            _: &EntityModel,
            _: GoldenId,
            _: Timestamp,
            _: Option<Timestamp>,
        ) -> Result<Option<Golden>, ActionError> {
            Ok(None)
        }

        async fn act_on(&self, _: &Caller, _: GoldenId, _: GoldenAct) -> Result<(), ActionError> {
            Ok(())
        }

        async fn undo(&self, _: &Caller, _: StewardTaskId) -> Result<(), ActionError> {
            Ok(())
        }

        async fn explain(
            &self,
            _: &Access,
            left: SourceRecordId,
            right: SourceRecordId,
        ) -> Result<ExplanationView, ActionError> {
            let probability = match (left.0, right.0) {
                (1, 2) => 0.99,
                (2, 3) => 0.8,
                (1, 3) => 0.1,
                _ => return Err(ActionError::NotFound),
            };
            Ok(ExplanationView {
                rows: Vec::new(),
                prior_bits: -9.0,
                total_bits: 1.0,
                probability,
                decision: Decision::Match,
                sentence: String::new(),
            })
        }
    }

    #[test]
    fn the_latest_answer_stands_and_a_question_only_where_there_is_none() {
        let check = |id: i64, state| FieldCheck {
            id: FieldCheckId(id),
            task: StewardTaskId(1),
            question: "who lives there?".to_owned(),
            office: "patwari".to_owned(),
            asked_by: UserId(1),
            asked: crate::samples::NOW,
            state,
        };
        let found = |finding| FieldCheckState::Answered {
            answer: FieldAnswer {
                finding,
                found_by: "R. Kaur".to_owned(),
                found_on: crate::samples::NOW.day_ist(),
                note: "one woman".to_owned(),
            },
            by: UserId(1),
            at: crate::samples::NOW,
        };
        let (one, two, three) = (SourceRecordId(1), SourceRecordId(2), SourceRecordId(3));
        let mut checks = vec![(one, two, check(1, FieldCheckState::Asked))];
        assert!(field_check_words(&checks, two).starts_with("asked "));
        assert_eq!(field_check_words(&checks, three), NO_FIELD_CHECK);
        checks.push((one, two, check(2, found(Finding::Different))));
        checks.push((one, two, check(3, found(Finding::Same))));
        checks.push((one, two, check(4, FieldCheckState::Asked)));
        assert!(field_check_words(&checks, one).starts_with("found to be the same one, "));
    }

    #[tokio::test]
    async fn each_source_record_stands_with_its_likeliest_partner() {
        let members: Vec<SourceRecordId> = (1..=4).map(SourceRecordId).collect();
        let found = weigh(&Weights, &Access::operation("test"), &members).await;
        let partners: Vec<Option<i64>> = found.iter().map(|one| Some(one.partner?.id.0)).collect();
        assert_eq!(partners, [Some(2), Some(1), Some(2), None]);
        let weights: Vec<Option<f64>> = found.iter().map(|one| Some(one.partner?.weight_bits)).collect();
        assert_eq!(weights, [Some(10.0), Some(10.0), Some(10.0), None], "the prior is no part of a match weight");
        assert!(weigh(&Weights, &Access::operation("test"), &members[..1]).await[0].partner.is_none());
        // The surest pair stands last of nine.
        let many: Vec<SourceRecordId> = (3..=9).chain([1, 2]).map(SourceRecordId).collect();
        let found = weigh(&Weights, &Access::operation("test"), &many).await;
        assert!(found.iter().all(|one| one.is_weighed));
        assert_eq!(found[7].partner.unwrap().id, SourceRecordId(2), "the eighth is weighed too");
        let more: Vec<SourceRecordId> = (1..=20).map(SourceRecordId).collect();
        let found = weigh(&Weights, &Access::operation("test"), &more).await;
        assert_eq!(found.iter().filter(|one| one.is_weighed).count(), WEIGHED_MAX);
    }
}

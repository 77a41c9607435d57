//! Seeded corruptions: each is found on a small hub, by the check that is there for it.

use std::collections::BTreeMap;

use kanak_model::four_eyes::FourEyes;
use kanak_model::match_pair::Decision;
use kanak_model::source_system::Load;
use kanak_model::{Caller, GoldenId, Role, SourceRecordId, StewardTaskId, UserId};
use kanak_store::{Activity, AuditEvent, Decided, Member, NewOverride};
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use crate::histories::ingest;
use crate::hub::{Hub, doubtful, on_both, on_sqlite};

/// What went wrong, the statement that does it, and the check that must name it.
type Corruption = (&'static str, &'static str, &'static str);

const CORRUPTIONS: [Corruption; 56] = [
    (
        "a relation is kept of no source record",
        "INSERT INTO relations (source_record_id, version, relation_type_id, side, target) VALUES (99, 1, 1, 'from', 'x')",
        "relations_as_stated",
    ),
    ("a crosswalk is lost", "DELETE FROM crosswalks WHERE source_record_id = 4", "pending_or_linked"),
    (
        "a source record has two crosswalks at once",
        "INSERT INTO crosswalks (source_record_id, recorded_from_us, golden_id) VALUES (1, 1, 1)",
        "linked_once",
    ),
    (
        "a crosswalk ends before it begins",
        "UPDATE crosswalks SET recorded_to_us = recorded_from_us - 1 WHERE recorded_to_us IS NOT NULL",
        "linked_once",
    ),
    (
        "a crosswalk leads to no golden record",
        "UPDATE crosswalks SET golden_id = 99 WHERE source_record_id = 1 AND recorded_to_us IS NULL",
        "links_lead_somewhere",
    ),
    (
        "a crosswalk leads to a golden record that ended",
        "UPDATE crosswalks SET golden_id = 2 WHERE source_record_id = 4",
        "links_lead_somewhere",
    ),
    ("a crosswalk's source record is gone", "DELETE FROM source_records WHERE id = 4", "links_lead_somewhere"),
    ("a golden record has no members", "DELETE FROM crosswalks WHERE golden_id = 3", "golden_has_members"),
    (
        "a retired source record stays linked",
        "UPDATE source_records SET retired_us = 9000000 WHERE id = 4",
        "retired_leave",
    ),
    ("a golden record is gone", "DELETE FROM golden_records WHERE id = 4", "links_lead_somewhere"),
    ("a version has no golden record", "DELETE FROM golden_records WHERE id = 2", "versions_have_records"),
    (
        "redirects run in a circle",
        "UPDATE golden_records SET redirect_to = 2, state = 'redirected' WHERE id = 1",
        "redirects_end",
    ),
    (
        "a redirect leads to nothing",
        "UPDATE golden_records SET redirect_to = 99 WHERE state = 'redirected'",
        "redirects_say_where",
    ),
    (
        "a redirect leads to itself",
        "UPDATE golden_records SET redirect_to = id WHERE state = 'redirected'",
        "redirects_say_where",
    ),
    (
        "a redirect was lost",
        "UPDATE golden_records SET redirect_to = NULL WHERE state = 'redirected'",
        "redirects_say_where",
    ),
    (
        "a redirect leads to another than the feed told",
        "UPDATE golden_records SET redirect_to = 3 WHERE state = 'redirected'",
        "feed_tells_state",
    ),
    ("the feed has a gap", "DELETE FROM feed_events WHERE position = 2", "feed_without_gaps"),
    (
        "the feed lost its end",
        "DELETE FROM feed_events WHERE position = (SELECT max(position) FROM feed_events)",
        "feed_tells_state",
    ),
    (
        "a feed event is out of order",
        "UPDATE feed_events SET at_us = 1 WHERE position = (SELECT max(position) FROM feed_events)",
        "feed_without_gaps",
    ),
    (
        "a merge is told as an end",
        "UPDATE feed_events SET change = 'emptied', other_golden_id = NULL WHERE change = 'merged_into'",
        "feed_tells_state",
    ),
    (
        "a feed event tells of a return where there was none",
        "UPDATE feed_events SET change = 'restored' WHERE change = 'updated'",
        "feed_in_order",
    ),
    (
        "a crosswalk of before ended at another time",
        "UPDATE crosswalks SET recorded_to_us = recorded_to_us - 1 WHERE recorded_to_us IS NOT NULL",
        "links_as_told",
    ),
    (
        "a crosswalk began at another time",
        "UPDATE crosswalks SET recorded_from_us = recorded_from_us + 1 WHERE source_record_id = 4",
        "links_as_told",
    ),
    (
        "a feed event tells another version",
        "UPDATE feed_events SET version = 7 WHERE golden_id = 1 AND version = 1",
        "versions_announced",
    ),
    (
        "a golden version is gone",
        "DELETE FROM golden_versions WHERE golden_id = 1 AND version = 1",
        "versions_contiguous",
    ),
    (
        "golden versions overlap",
        "UPDATE golden_versions SET recorded_to_us = recorded_to_us + 1 WHERE golden_id = 1 AND version = 1",
        "versions_contiguous",
    ),
    (
        "golden versions leave a gap",
        "UPDATE golden_versions SET recorded_to_us = recorded_to_us - 1 WHERE golden_id = 1 AND version = 1",
        "versions_contiguous",
    ),
    (
        "a version of an ended golden record is open",
        "UPDATE golden_versions SET recorded_to_us = NULL WHERE golden_id = 2",
        "current_version",
    ),
    (
        "a golden record names a version that is not there",
        "UPDATE golden_records SET version = version + 1 WHERE id = 4",
        "current_version",
    ),
    (
        "an ended golden record is still found",
        "UPDATE golden_records SET state = 'emptied' WHERE id = 4",
        "search_finds_live",
    ),
    ("the rules of a golden version are gone", "DELETE FROM rule_sets", "rule_sets_published"),
    (
        "a golden version names rules that never were",
        "UPDATE golden_versions SET rule_set_version = 9 WHERE golden_id = 4",
        "rule_sets_published",
    ),
    (
        "rules were changed after they were published",
        "UPDATE rule_sets SET body = '{\"prior\": 0.25}' WHERE version = 1",
        "rule_sets_frozen",
    ),
    (
        "an earlier version of a source record is gone",
        "DELETE FROM source_record_versions WHERE source_record_id = 3",
        "source_versions_kept",
    ),
    (
        "a source record skips a version",
        "UPDATE source_records SET version = version + 1 WHERE id = 4",
        "source_versions_kept",
    ),
    (
        "an earlier version ends after the next begins",
        "UPDATE source_record_versions SET recorded_to_us = recorded_to_us + 1000000 WHERE source_record_id = 3",
        "source_versions_kept",
    ),
    (
        "a source record states another value than was chosen",
        "UPDATE source_records SET stated = '{\"full_name\":\"Mallory\"}' WHERE id = 1",
        "values_have_provenance",
    ),
    (
        "a golden value is not what its source record states",
        "UPDATE golden_versions SET chosen = '{\"full_name\":[\"Mallory\",4,1,\"t\",1,1]}' WHERE golden_id = 4",
        "values_have_provenance",
    ),
    (
        "a golden value names a source record of another golden record",
        "UPDATE golden_versions SET chosen = '{\"district\":[\"41\",1,1,\"t\",1,1]}' WHERE golden_id = 4",
        "values_have_provenance",
    ),
    (
        "a golden value of before is another",
        "UPDATE golden_versions SET chosen = '{\"full_name\":[\"Mallory\",3,1,\"t\",1,1]}' WHERE golden_id = 3 AND version = 1",
        "past_values_have_provenance",
    ),
    (
        "what a source record stated before was changed",
        "UPDATE source_record_versions SET stated = '{\"full_name\":\"Mallory\"}' WHERE source_record_id = 3",
        "past_values_have_provenance",
    ),
    (
        "what a source record states was changed behind its hash",
        "UPDATE source_records SET stated = '{\"district\":\"42\",\"full_name\":\"Name 4\"}' WHERE id = 4",
        "content_hashes",
    ),
    (
        "a content hash was changed",
        "UPDATE source_records SET content_hash = content_hash + 1 WHERE id = 4",
        "content_hashes",
    ),
    (
        "an open task is about an unknown source record",
        "UPDATE steward_tasks SET left_id = 77 WHERE state = 'open'",
        "open_tasks_live",
    ),
    (
        "a task about a retired source record is open",
        "UPDATE source_records SET retired_us = 9000000 WHERE id = 5",
        "open_tasks_live",
    ),
    ("the decision of a decided task is gone", "DELETE FROM constraints", "decided_tasks_hold"),
    ("a decision was undone behind its task", "UPDATE constraints SET undone_us = 1", "decided_tasks_hold"),
    ("a cannot-link does not hold", "UPDATE constraints SET kind = 'cannot_link'", "cannot_links_hold"),
    (
        "two registers without an agreement stand together",
        "INSERT INTO rule_sets (entity, version, body, created_us) VALUES ('citizen', 9, '{\"agreed\":[]}', 1);
         INSERT INTO settings (name, value) VALUES ('rules_applied.citizen', '9');
         INSERT INTO source_systems (id, name, title, department, rows_are, rows_of, trust, retire_share_max)
         VALUES (9, 'land', '{}', 'revenue', 'entity', 'citizen', 0.5, 0.5);
         UPDATE source_records SET source_system_id = 9 WHERE id = 2",
        "links_agreed",
    ),
    ("a must-link does not hold", "UPDATE constraints SET right_id = 4", "must_links_hold"),
    (
        "decisions contradict each other",
        "INSERT INTO constraints (id, entity, left_id, right_id, kind, steward_task_id, reason, decided_by, decided_us)
         VALUES (9, 'citizen', 1, 2, 'cannot_link', 2, 'seen', 1, 1)",
        "decisions_agree",
    ),
    (
        "two confirmed golden records were joined without a steward",
        "UPDATE crosswalks SET golden_id = 1 WHERE source_record_id = 3 AND recorded_to_us IS NULL",
        "confirmed_stay_apart",
    ),
    (
        "an ingest run says it brought more",
        "UPDATE ingest_runs SET rows_new = rows_new + 1 WHERE id = 1",
        "runs_add_up",
    ),
    (
        "the live count of a register is wrong",
        "UPDATE source_systems SET live_count = live_count + 1",
        "sources_counted",
    ),
    (
        "the retired count of a register is wrong",
        "UPDATE source_systems SET retired_count = retired_count + 1",
        "sources_counted",
    ),
    (
        "an erased source record states something",
        "INSERT INTO erased_source_records (source_record_id, erasure_id, source_system_id, key_hash) VALUES (4, 1, 1, 'x')",
        "erased_stay_erased",
    ),
];

/// Chain 1 holds what stewards did, chain 2 the reads: checkpoints after the second and the third of four.
const AUDIT_CORRUPTIONS: [Corruption; 11] = [
    ("an audit entry was changed", "UPDATE audit_events SET subject = 'other' WHERE position = 2", "audit_chain"),
    (
        "an audit entry was taken out of the middle",
        "DELETE FROM audit_events WHERE chain = 2 AND number = 2",
        "audit_chain",
    ),
    (
        "audit entries changed places",
        "UPDATE audit_events SET number = 99 WHERE chain = 2 AND number = 1;
         UPDATE audit_events SET number = 1 WHERE chain = 2 AND number = 2;
         UPDATE audit_events SET number = 2 WHERE chain = 2 AND number = 99",
        "audit_chain",
    ),
    (
        "audit entries are told in another order",
        "UPDATE audit_events SET position = 99 WHERE chain = 2 AND number = 1;
         UPDATE audit_events SET position = 100 WHERE chain = 2 AND number = 2;
         UPDATE audit_events SET position = 101 WHERE chain = 2 AND number = 1",
        "audit_chain",
    ),
    (
        "an audit entry was put in",
        "INSERT INTO audit_events (position, chain, number, at_us, actor, action, subject, detail, previous_hash, hash)
         SELECT 99, 2, 99, at_us, actor, action, subject, detail, hash, hash FROM audit_events WHERE chain = 2 AND number = 4",
        "audit_chain",
    ),
    (
        "audit chains were swapped",
        "UPDATE audit_events SET chain = 99 WHERE chain = 1;
         UPDATE audit_events SET chain = 1 WHERE chain = 2;
         UPDATE audit_events SET chain = 2 WHERE chain = 99",
        "audit_chain",
    ),
    (
        "the last audit entries were cut off",
        "DELETE FROM audit_events WHERE chain = 2 AND number > 2",
        "audit_chain",
    ),
    (
        "an audit chain was cut below a checkpoint, and the note of its end with it",
        "DELETE FROM audit_events WHERE chain = 2 AND number > 1;
         UPDATE audit_chains SET number = 1, hash = (SELECT hash FROM audit_events WHERE chain = 2) WHERE id = 2",
        "audit_checkpoints",
    ),
    ("an audit chain is gone", "DELETE FROM audit_events WHERE chain = 2; DELETE FROM audit_chains WHERE id = 2", "audit_checkpoints"),
    ("an audit checkpoint was changed", "UPDATE audit_checkpoints SET heads = '[]' WHERE id = 1", "audit_checkpoints"),
    ("an audit checkpoint is gone", "DELETE FROM audit_checkpoints WHERE id = 1", "audit_checkpoints"),
];

/// Of words that somebody put into the mouth of a steward, and of rights that nobody gave.
const TRAIL_CORRUPTIONS: [Corruption; 30] = [
    ("a stated value's reason was changed", "UPDATE overrides SET reason = 'because'", "words_in_trail"),
    ("a stated value holds for longer", "UPDATE overrides SET expires_us = 99000000", "words_in_trail"),
    ("a value was stated at another time", "UPDATE overrides SET stated_us = stated_us - 1", "words_in_trail"),
    ("a value was stated by another", "UPDATE overrides SET stated_by = 2", "words_in_trail"),
    ("a stated value ended by itself", "UPDATE overrides SET ended_us = stated_us + 1", "words_in_trail"),
    ("a stated value is gone", "DELETE FROM override_members; DELETE FROM overrides", "words_in_trail"),
    ("words are erased without an erasure", "UPDATE overrides SET value = '', reason = 'erased'", "words_in_trail"),
    (
        "a value was stated that nobody stated",
        "INSERT INTO overrides (id, entity, attribute, value, reason, stated_by, stated_us)
         VALUES (9, 'citizen', 'mobile', '1', 'seen', 1, 1)",
        "words_in_trail",
    ),
    ("a decision's reason was changed", "UPDATE constraints SET reason = 'told' WHERE id = 1", "words_in_trail"),
    ("a decision was made by another", "UPDATE constraints SET decided_by = 2 WHERE id = 1", "words_in_trail"),
    ("a decision was made at another time", "UPDATE constraints SET decided_us = 1 WHERE id = 1", "words_in_trail"),
    ("a decision is another", "UPDATE constraints SET kind = 'must_link' WHERE id = 2", "words_in_trail"),
    ("a proposed decision is in another's name", "UPDATE constraints SET decided_by = 2 WHERE id = 2", "words_in_trail"),
    ("a decision is undone by nobody", "UPDATE constraints SET undone_us = 99000000 WHERE id = 2", "words_in_trail"),
    ("a confirmation is gone", "DELETE FROM confirmations WHERE constraint_id IS NULL", "words_in_trail"),
    ("the confirmation of a decision is gone", "DELETE FROM confirmations WHERE constraint_id IS NOT NULL", "words_in_trail"),
    (
        "a confirmation's reason was changed",
        "UPDATE confirmations SET reason = 'told' WHERE constraint_id IS NULL",
        "words_in_trail",
    ),
    (
        "the reason of a decision's confirmation was changed",
        "UPDATE confirmations SET reason = 'erased' WHERE constraint_id IS NOT NULL",
        "words_in_trail",
    ),
    ("a legal hold is gone", "DELETE FROM legal_hold_members; DELETE FROM legal_holds", "words_in_trail"),
    ("a legal hold was removed", "UPDATE legal_holds SET removed_by = 'deepa', removed_us = 99000000", "words_in_trail"),
    (
        "a department answered that never did",
        "INSERT INTO department_answers (id, source_record_id, says, attribute, golden_id, golden_version, reason, answered_by, answered_us)
         VALUES (9, 1, 'rejects', 'mobile', 1, 1, 'seen', 'key:food', 1)",
        "words_in_trail",
    ),
    ("a word that a row is of somebody else is gone", "DELETE FROM department_answers", "words_in_trail"),
    ("why a row is of somebody else was changed", "UPDATE department_answers SET reason = 'told'", "words_in_trail"),
    (
        "a department said of a row that it is of somebody else, and never did",
        "INSERT INTO department_answers (id, source_record_id, says, golden_id, golden_version, reason, answered_by, answered_us)
         VALUES (9, 1, 'differs', 1, 1, 'seen', 'key:food', 99000000)",
        "words_in_trail",
    ),
    ("a user is administrator", "UPDATE users SET roles = '[\"administrator\"]' WHERE id = 1", "permissions_in_trail"),
    ("a user is of the whole state", "UPDATE users SET districts = NULL WHERE id = 1", "permissions_in_trail"),
    ("a disabled user works again", "UPDATE users SET disabled_us = NULL WHERE id = 3", "permissions_in_trail"),
    ("a key is of the whole state", "UPDATE api_keys SET districts = NULL", "permissions_in_trail"),
    ("a key is another department's", "UPDATE api_keys SET department = 'REV'", "permissions_in_trail"),
    ("a key is gone", "DELETE FROM api_keys", "permissions_in_trail"),
];

/// Three who sign in, one of them disabled; a key; a decision of two stewards, a stated value and a legal hold.
async fn fill_trail(hub: &Hub) {
    fill(hub).await;
    let (store, by, mut rng) = (&hub.store, Caller::system("test"), StdRng::seed_from_u64(1));
    let (roles, districts) = ([Role::Steward].into(), ["41".to_owned()].into());
    for (name, of) in [("deepa", Some(&districts)), ("esha", None), ("farid", None)] {
        store.create_user(&by, name, "a long password", &roles, of, &mut rng).await.unwrap();
    }
    store.set_user_disabled(&by, UserId(3), Activity::Disabled).await.unwrap();
    store.create_api_key(&by, "food", &[Role::Department].into(), Some(&districts), None, &mut rng).await.unwrap();
    let key = store.list_api_keys().await.unwrap()[0].id;
    store.set_department(&by, Member::Key(key), Some("FCS")).await.unwrap();
    let policy = FourEyes { no_match_above: Some(0.1), ..FourEyes::default() };
    let decided =
        store.decide_task_under(&policy, StewardTaskId(2), UserId(1), Decision::NoMatch, "twins", None).await.unwrap();
    let Decided::Proposed(proposal) = decided else { panic!("it needs two") };
    store.approve_proposal(proposal, UserId(2)).await.unwrap();
    let stated = NewOverride {
        golden_id: GoldenId(4),
        attribute: "full_name",
        value: "Name Four",
        reason: "paper",
        expires: None,
    };
    store.state_override(stated, UserId(1)).await.unwrap();
    store.place_hold(GoldenId(4), "a court", "case 1", "deepa").await.unwrap();
    let mut arrivals = store.begin_arrivals().await.unwrap();
    arrivals.note_difference(SourceRecordId(4), GoldenId(1), "key:food", "his cousin").await.unwrap();
    arrivals.commit().await.unwrap();
}

/// Five source records, two of them merged by a steward, one confirmed and corrected, one pair in doubt; four audited reads, checkpoints after the second and the third.
async fn fill(hub: &Hub) {
    let rows: BTreeMap<u8, u8> = (1..=5).map(|key| (key, key)).collect();
    ingest(hub, Load::Snapshot, &rows).await;
    let pairs = vec![doubtful(1, 2, 0.9), doubtful(4, 5, 0.8)];
    hub.resolve_with(&[vec![1], vec![2], vec![3], vec![4], vec![5]], pairs.clone()).await.unwrap();
    hub.store.decide_task(StewardTaskId(1), UserId(1), Decision::Match, "seen").await.unwrap();
    hub.store.confirm_golden(GoldenId(3), UserId(1), "seen").await.unwrap();
    ingest(hub, Load::Delta, &BTreeMap::from([(3, 9)])).await;
    hub.resolve_with(&[vec![1, 2], vec![3], vec![4], vec![5]], pairs).await.unwrap();
    for subject in ["c", "d", "e", "f"] {
        let event = AuditEvent {
            actor: "a".to_owned(),
            action: "b".to_owned(),
            subject: subject.to_owned(),
            purpose: None,
            detail: serde_json::json!({}),
        };
        hub.store.audit(event).await.unwrap();
        if ["d", "e"].contains(&subject) {
            hub.store.checkpoint_audit().await.unwrap();
        }
    }
}

async fn failed(hub: &Hub) -> Vec<&'static str> {
    let checks = hub.store.check_invariants().await.unwrap();
    checks.iter().filter(|check| !check.passed).map(|check| check.name).collect()
}

async fn find(hub: &Hub, (what, statement, name): Corruption) {
    assert_eq!(failed(hub).await, Vec::<&str>::new(), "before {what}");
    kanak_store::testing::break_hub(&hub.url, statement).await.unwrap();
    let failed = failed(hub).await;
    assert!(failed.contains(&name), "{what}: {failed:?}");
}

#[test]
fn every_seeded_corruption_is_found_and_named() {
    for corruption in CORRUPTIONS.into_iter().chain(AUDIT_CORRUPTIONS) {
        on_both(async |hub: Hub| {
            fill(&hub).await;
            find(&hub, corruption).await;
        });
    }
}

#[test]
fn words_and_rights_that_the_trail_does_not_tell_are_found_and_named() {
    for corruption in TRAIL_CORRUPTIONS {
        on_both(async |hub: Hub| {
            fill_trail(&hub).await;
            find(&hub, corruption).await;
        });
    }
}

#[test]
fn every_check_has_a_corruption_seeded_for_it() {
    on_sqlite(async |hub: Hub| {
        let seeded: Vec<&str> = CORRUPTIONS
            .iter()
            .chain(&AUDIT_CORRUPTIONS)
            .chain(&TRAIL_CORRUPTIONS)
            .map(|corruption| corruption.2)
            .collect();
        let named = |name: &str| seeded.contains(&name);
        let checks = hub.store.check_invariants().await.unwrap();
        let without: Vec<&str> = checks.iter().map(|check| check.name).filter(|name| !named(name)).collect();
        assert!(without.is_empty(), "no corruption is seeded for {without:?}");
    });
}

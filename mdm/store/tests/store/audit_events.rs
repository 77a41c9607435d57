//! The audit trail: its chains, its checkpoints, its copy in a file, and what a change to any of them shows.

use std::path::PathBuf;
use std::sync::Arc;

use kanak_model::{Purpose, SystemClock, Timestamp};
use kanak_store::{
    AuditEvent, AuditFault, AuditKey, AuditSigner, AuditVerdict, FileKeyStore, Store, verify_audit_file,
};
use rand::SeedableRng as _;

use crate::hub::{Hub, doubtful, on_both};

fn event(subject: &str) -> AuditEvent {
    AuditEvent {
        actor: "deepa".to_owned(),
        action: "read".to_owned(),
        subject: subject.to_owned(),
        purpose: Some(Purpose::Stewardship),
        detail: serde_json::json!({"b": 1, "a": ["x"]}),
    }
}

/// Three changes in the chain of changes, four reads in that of this process, a checkpoint over both, one read more.
async fn fill(hub: &Hub) {
    hub.load(kanak_model::source_system::Load::Snapshot, &[("1", "Asha"), ("2", "Bina")]).await.unwrap();
    hub.resolve_with(&[vec![1], vec![2]], vec![doubtful(1, 2, 0.9)]).await.unwrap();
    let decide = kanak_model::match_pair::Decision::NoMatch;
    let (task, by) = (kanak_model::StewardTaskId(1), kanak_model::UserId(1));
    hub.store.decide_task(task, by, decide, "seen").await.unwrap();
    hub.store.undo_decision(task, by).await.unwrap();
    hub.store.decide_task(task, by, decide, "seen").await.unwrap();
    hub.store.audit_many((1..=4).map(|n| event(&format!("K-{n}"))).collect()).await.unwrap();
    hub.store.checkpoint_audit().await.unwrap();
    hub.store.audit(event("K-5")).await.unwrap();
}

async fn faults(store: &Store) -> Vec<AuditFault> {
    store.verify_audit().await.unwrap().faults
}

/// The exported trail, as lines.
async fn export(hub: &Hub) -> Vec<String> {
    let mut bytes = Vec::new();
    hub.store.export_audit("memory", &mut bytes).await.unwrap();
    String::from_utf8(bytes).unwrap().lines().map(str::to_owned).collect()
}

fn write(hub: &Hub, lines: &[String]) -> PathBuf {
    let path = hub.dir.path().join("trail.ndjson");
    std::fs::write(&path, lines.iter().map(|line| format!("{line}\n")).collect::<String>()).unwrap();
    path
}

#[test]
fn entries_read_back_and_every_chain_holds_by_itself() {
    on_both(async |hub: Hub| {
        let empty = AuditVerdict { signatures_checked: true, ..AuditVerdict::default() };
        assert_eq!(hub.store.verify_audit().await.unwrap(), AuditVerdict { chains: 0, ..empty });
        hub.store.audit_many(Vec::new()).await.unwrap();
        assert_eq!(hub.store.last_audit_position().await.unwrap(), 0);
        fill(&hub).await;
        let entries = hub.store.list_audit_events(0, 100).await.unwrap();
        let places: Vec<_> = entries.iter().map(|entry| (entry.chain, entry.number)).collect();
        assert_eq!(places, [(1, 1), (1, 2), (1, 3), (2, 1), (2, 2), (2, 3), (2, 4), (2, 5)]);
        assert_eq!(entries[4].event, event("K-2"));
        assert_eq!(hub.store.list_audit_events(entries[6].position, 9).await.unwrap(), entries[7..]);
        assert_eq!(hub.store.last_audit_position().await.unwrap(), entries[7].position);
        let verdict = hub.store.verify_audit().await.unwrap();
        assert_eq!((verdict.entries, verdict.chains, verdict.checkpoints, verdict.after_checkpoint), (8, 2, 1, 1));
        assert!(verdict.holds() && verdict.signatures_checked, "{verdict}");
    });
}

#[test]
fn each_change_of_a_live_trail_is_found_and_named() {
    use AuditFault::*;
    let cut = |checkpoint| ChainCut {
        chain: 2,
        last: 2,
        head: if checkpoint { 4 } else { 5 },
        checkpoint: checkpoint.then_some(1),
    };
    for (statement, fault) in [
        ("UPDATE audit_events SET actor = 'balbir' WHERE chain = 2 AND number = 2", EntryChanged { chain: 2, number: 2 }),
        ("UPDATE audit_events SET purpose = NULL WHERE chain = 2 AND number = 5", EntryChanged { chain: 2, number: 5 }),
        ("UPDATE audit_events SET previous_hash = '' WHERE chain = 1 AND number = 3", EntryChanged { chain: 1, number: 3 }),
        ("DELETE FROM audit_events WHERE chain = 2 AND number = 3", EntryMissing { chain: 2, number: 3, found: 4 }),
        ("DELETE FROM audit_events WHERE chain = 1", ChainCut { chain: 1, last: 0, head: 3, checkpoint: None }),
        ("DELETE FROM audit_events WHERE chain = 2 AND number > 2", cut(false)),
        (
            "DELETE FROM audit_events WHERE chain = 2 AND number > 2;
             UPDATE audit_chains SET number = 2, hash = (SELECT hash FROM audit_events WHERE chain = 2 AND number = 2) WHERE id = 2",
            cut(true),
        ),
        (
            "UPDATE audit_events SET chain = 9 WHERE chain = 1; UPDATE audit_events SET chain = 1 WHERE chain = 2;
             UPDATE audit_events SET chain = 2 WHERE chain = 9",
            EntryUnlinked { chain: 1, number: 1 },
        ),
        ("UPDATE audit_checkpoints SET at_us = at_us + 1", CheckpointChanged { id: 1 }),
        ("UPDATE audit_checkpoints SET id = 2", CheckpointChanged { id: 2 }),
        ("UPDATE audit_checkpoints SET signature = hash", CheckpointForged { id: 1 }),
    ] {
        on_both(async |hub: Hub| {
            fill(&hub).await;
            assert_eq!(faults(&hub.store).await, [], "before {statement}");
            kanak_store::testing::break_hub(&hub.url, statement).await.unwrap();
            assert_eq!(faults(&hub.store).await.first(), Some(&fault), "{statement}");
        });
    }
}

#[test]
fn a_chain_that_was_written_anew_and_a_forger_s_checkpoint_are_found() {
    on_both(async |hub: Hub| {
        hub.store.audit_many(vec![event("K-1"), event("K-2")]).await.unwrap();
        hub.store.checkpoint_audit().await.unwrap();
        // All entries gone, and others written in their place, hash by hash.
        let wipe = "DELETE FROM audit_events; DELETE FROM audit_chains WHERE id > 1";
        kanak_store::testing::break_hub(&hub.url, wipe).await.unwrap();
        hub.store.audit_many(vec![event("K-1"), event("K-3"), event("K-4")]).await.unwrap();
        let rewritten = AuditFault::ChainRewritten { chain: 2, number: 2, checkpoint: Some(1) };
        assert_eq!(faults(&hub.store).await, [rewritten]);

        let wipe = "DELETE FROM audit_checkpoints";
        kanak_store::testing::break_hub(&hub.url, wipe).await.unwrap();
        let keys = FileKeyStore::open(&hub.dir.path().join("forger")).unwrap();
        let forger = hub.store.clone().signed_by(AuditSigner::open(&keys).unwrap());
        forger.checkpoint_audit().await.unwrap();
        assert_eq!(faults(&forger).await, [], "by its own key it holds");
        assert_eq!(faults(&hub.store).await, [AuditFault::CheckpointForged { id: 1 }]);
    });
}

#[test]
fn checkpoints_follow_each_other_and_are_made_when_due() {
    on_both(async |hub: Hub| {
        let store = &hub.store;
        assert_eq!(store.checkpoint_audit_if_due().await.unwrap(), None, "nothing to sign");
        store.audit(event("K-1")).await.unwrap();
        let first = store.checkpoint_audit_if_due().await.unwrap().expect("the first entry is due");
        assert_eq!((first.id, first.entries(), first.previous_hash.as_str()), (1, 1, ""));
        assert_eq!(store.checkpoint_audit().await.unwrap(), first, "nothing came since");
        store.audit(event("K-2")).await.unwrap();
        assert_eq!(store.checkpoint_audit_if_due().await.unwrap(), None, "neither time nor entries enough");
        hub.clock.set(first.at_us + kanak_store::CHECKPOINT_EVERY_US);
        let second = store.checkpoint_audit_if_due().await.unwrap().expect("the time is up");
        assert_eq!((second.id, second.entries(), &second.previous_hash), (2, 2, &first.hash));
        let many = (0..kanak_store::ENTRIES_A_CHECKPOINT).map(|n| event(&format!("K-{n}"))).collect();
        store.audit_many(many).await.unwrap();
        let third = store.checkpoint_audit_if_due().await.unwrap().expect("there are enough entries");
        assert_eq!(store.find_audit_checkpoint().await.unwrap(), Some(third));
        assert_eq!(faults(store).await, []);
        let gone = "DELETE FROM audit_checkpoints WHERE id = 2";
        kanak_store::testing::break_hub(&hub.url, gone).await.unwrap();
        assert_eq!(faults(store).await, [AuditFault::CheckpointUnlinked { id: 3 }]);
    });
}

#[test]
fn an_exported_trail_is_judged_without_a_hub_by_the_public_key_alone() {
    on_both(async |hub: Hub| {
        fill(&hub).await;
        let key = AuditKey::parse(&format!(" {}\n", hub.store.audit_key().unwrap())).unwrap();
        let lines = export(&hub).await;
        assert_eq!(lines.len(), 10, "a header, a checkpoint, the seven entries that it covers and a closing line");
        let judge = |lines: &[String]| verify_audit_file(&write(&hub, lines), &[key]).unwrap();
        let whole = judge(&lines);
        assert_eq!((whole.entries, whole.chains, whole.checkpoints, whole.after_checkpoint), (7, 2, 1, 0));
        assert!(whole.holds() && whole.exported_at.is_some(), "{:?}", whole.faults);

        let without = |place: usize| [&lines[..place], &lines[place + 1..]].concat();
        let first = |lines: &[String]| judge(lines).faults.into_iter().next();
        let missing = AuditFault::EntryMissing { chain: 2, number: 2, found: 3 };
        assert_eq!(first(&without(6)), Some(missing), "an entry is missing");
        let cut = AuditFault::ChainCut { chain: 2, last: 2, head: 4, checkpoint: Some(1) };
        assert_eq!(first(&lines[..7]), Some(cut), "cut below the checkpoint");
        let changed: Vec<String> = lines.iter().map(|line| line.replace("K-3", "K-7")).collect();
        assert_eq!(first(&changed), Some(AuditFault::EntryChanged { chain: 2, number: 3 }));
        let mut swapped = lines.clone();
        swapped.swap(2, 3);
        assert!(matches!(first(&swapped), Some(AuditFault::EntryMissing { chain: 1, number: 1, .. })));

        let keys = FileKeyStore::open(&hub.dir.path().join("other")).unwrap();
        let other = AuditSigner::open(&keys).unwrap().public_key();
        let verdict = verify_audit_file(&write(&hub, &lines), &[other]).unwrap();
        assert_eq!(verdict.faults, [AuditFault::CheckpointForged { id: 1 }, AuditFault::FileForged]);
        assert!(verify_audit_file(&write(&hub, &lines), &[other, key]).unwrap().holds(), "keys change over years");
    });
}

#[test]
fn an_exported_trail_is_signed_up_to_its_last_entry_and_with_its_header() {
    use AuditFault::*;
    on_both(async |hub: Hub| {
        fill(&hub).await;
        let key = hub.store.audit_key().unwrap();
        let old = export(&hub).await;
        hub.clock.set(90_000_000);
        hub.store.checkpoint_audit().await.unwrap();
        let new = export(&hub).await;
        assert_eq!((old.len(), new.len()), (10, 12), "a checkpoint and an entry more");
        let judge = |lines: &[String]| verify_audit_file(&write(&hub, lines), &[key]).unwrap().faults;
        assert_eq!((judge(&old), judge(&new)), (vec![], vec![]));

        // The second checkpoint is gone, and what it covered alone can be written anew.
        let reopened = [&new[..2], &new[3..]].concat();
        assert_eq!(judge(&reopened), [FileUnsigned { entries: 1 }, FileChanged]);
        assert_eq!(judge(&reopened[..reopened.len() - 1]), [FileUnsigned { entries: 1 }, FileUnclosed]);
        let unsigned = [&new[..1], &new[3..]].concat();
        assert_eq!(judge(&unsigned), [FileWithoutCheckpoint, FileChanged]);
        assert_eq!(judge(&new[..1]), [FileEmpty, FileWithoutCheckpoint, FileUnclosed]);
        let cut = [&new[..2], &new[3..10]].concat();
        assert_eq!(judge(&cut), [FileUnclosed], "all that the first checkpoint covers, and no more");
        let borrowed = [&cut[..], &new[11..]].concat();
        assert_eq!(judge(&borrowed), [FileChanged]);

        // An older trail under a later header.
        let dated = [&new[..1], &old[1..]].concat();
        assert_eq!(judge(&dated), [FileForged]);
        let more = [&new[..], &new[10..11]].concat();
        let refused = verify_audit_file(&write(&hub, &more), &[key]).unwrap_err().to_string();
        assert!(refused.contains("line 13: comes after the closing line"), "{refused}");
    });
}

#[test]
fn a_file_that_is_no_trail_is_refused_by_line() {
    on_both(async |hub: Hub| {
        fill(&hub).await;
        let lines = export(&hub).await;
        let refused = |lines: &[String]| verify_audit_file(&write(&hub, lines), &[]).unwrap_err().to_string();
        assert!(refused(&[]).contains("line 1: is no line of an audit trail"), "{}", refused(&[]));
        assert!(refused(&lines[1..]).contains("line 1: is no header"));
        let broken = [&lines[..3], &["{\"line\":\"entry\",\"chain\":1".to_owned()]].concat();
        let words = refused(&broken);
        assert!(words.contains("line 4: is no line") && words.contains("kanak audit export"), "{words}");
        assert!(refused(&[&lines[..1], &lines[..1]].concat()).contains("line 2: is a second header"));
        let newer = lines[0].replace("trail 1", "trail 2");
        assert!(refused(&[newer]).contains("another version"));
    });
}

#[test]
fn the_one_chain_of_an_older_hub_is_taken_over_and_goes_on() {
    const SQLITE: &str = "DROP TABLE audit_checkpoints; DROP TABLE audit_chains; DROP INDEX audit_events_by_chain;
        DROP INDEX audit_events_by_actor; ALTER TABLE audit_events DROP COLUMN chain;
        ALTER TABLE audit_events DROP COLUMN number; DELETE FROM _sqlx_migrations WHERE description = 'audit'";
    const POSTGRES: &str = "DROP TABLE audit_checkpoints; DROP TABLE audit_chains; DROP INDEX audit_events_by_actor;
        ALTER TABLE audit_events ALTER COLUMN position DROP IDENTITY; ALTER TABLE audit_events DROP COLUMN chain;
        ALTER TABLE audit_events DROP COLUMN number; DELETE FROM _sqlx_migrations WHERE description = 'audit'";
    on_both(async |hub: Hub| {
        let user = async |store: &Store, name: &str| {
            let by = kanak_model::Caller::system("test");
            let roles = [kanak_model::Role::Auditor].into_iter().collect();
            let mut rng = rand::rngs::StdRng::seed_from_u64(7);
            store.create_user(&by, name, "a long password", &roles, None, &mut rng).await.unwrap();
        };
        for name in ["asha", "bina", "charan"] {
            user(&hub.store, name).await;
        }
        let before = hub.store.list_audit_events(0, 10).await.unwrap();
        assert_eq!(before.len(), 3);
        let undo = if matches!(hub.url, kanak_store::HubUrl::Sqlite(_)) { SQLITE } else { POSTGRES };
        kanak_store::testing::break_hub(&hub.url, undo).await.unwrap();
        let keys = FileKeyStore::open(&hub.dir.path().join("keys")).unwrap();
        let store =
            Store::open(&hub.url, hub.clock.clone()).await.unwrap().signed_by(AuditSigner::open(&keys).unwrap());
        assert_eq!(store.list_audit_events(0, 10).await.unwrap(), before, "not a byte is another");
        assert_eq!(faults(&store).await, []);
        store.audit(event("K-1")).await.unwrap();
        user(&store, "deepa").await;
        store.checkpoint_audit().await.unwrap();
        let places: Vec<_> =
            store.list_audit_events(0, 10).await.unwrap().iter().map(|e| (e.position, e.chain, e.number)).collect();
        assert_eq!(places, [(1, 1, 1), (2, 1, 2), (3, 1, 3), (4, 2, 1), (5, 1, 4)]);
        assert_eq!(faults(&store).await, []);
        store.close().await;
    });
}

#[test]
fn whom_a_breach_affects_is_told_by_account_by_time_and_by_source() {
    on_both(async |hub: Hub| {
        let (ever, never) = (Timestamp(0), Timestamp(i64::MAX));
        hub.load(kanak_model::source_system::Load::Snapshot, &[("1", "Asha"), ("2", "Bina"), ("3", "Charan")])
            .await
            .unwrap();
        hub.resolve_with(&[vec![1], vec![2], vec![3]], vec![doubtful(2, 3, 0.9)]).await.unwrap();
        hub.clock.set(10_000_000);
        let read = |actor: &str, subject: &str| AuditEvent { actor: actor.to_owned(), ..event(subject) };
        let first = kanak_model::GoldenId(1).to_string();
        hub.store.audit_many(vec![read("deepa", &first), read("balbir", &first)]).await.unwrap();
        hub.clock.set(20_000_000);
        let subjects = [first.as_str(), "steward task 1", "source records 1 and 3", "statement 77"];
        hub.store.audit_many(subjects.map(|subject| read("deepa", subject)).to_vec()).await.unwrap();
        let (task, by) = (kanak_model::StewardTaskId(1), kanak_model::UserId(9));
        hub.store.decide_task(task, by, kanak_model::match_pair::Decision::NoMatch, "seen").await.unwrap();

        let told = async |actor: &str, from, to| {
            let found = hub.store.list_affected_by_actor(actor, from, to).await.unwrap();
            let golden: Vec<_> = found.golden.iter().map(|one| (one.golden_id.0, one.reads, one.changes)).collect();
            (golden, found.unnamed.values().sum::<u64>())
        };
        assert_eq!(told("deepa", ever, never).await, (vec![(1, 3, 0), (2, 1, 0), (3, 2, 0)], 1));
        assert_eq!(told("deepa", ever, Timestamp(20_000_000)).await, (vec![(1, 1, 0)], 0), "half-open");
        assert_eq!(told("user 9", ever, never).await, (vec![(2, 0, 1), (3, 0, 1)], 0), "a decision changes both");
        assert_eq!(told("nobody", ever, never).await, (vec![], 0));
        let new = kanak_store::NewOverride {
            golden_id: kanak_model::GoldenId(3),
            attribute: "full_name",
            value: "Charan Singh",
            reason: "paper",
            expires: None,
        };
        let value = hub.store.propose_override(new, kanak_model::UserId(10), "x").await.unwrap();
        hub.store.undo_decision(task, by).await.unwrap();
        let policy = kanak_model::four_eyes::FourEyes { no_match_above: Some(0.1), ..Default::default() };
        let decide =
            hub.store.decide_task_under(&policy, task, by, kanak_model::match_pair::Decision::NoMatch, "seen", None);
        let kanak_store::Decided::Proposed(decision) = decide.await.unwrap() else { panic!("it needs two") };
        let looked = [value, decision].map(|id| read("esha", &format!("proposal {id}")));
        hub.store.audit_many(looked.to_vec()).await.unwrap();
        assert_eq!(told("user 10", ever, never).await, (vec![(3, 0, 1)], 0), "a value is proposed of one");
        assert_eq!(told("esha", ever, never).await, (vec![(2, 1, 0), (3, 2, 0)], 0), "and a decision about two");

        let by_source = hub.store.list_affected_by_source("food", ever, never).await.unwrap();
        let records: Vec<_> = by_source.golden.iter().map(|one| (one.golden_id.0, one.source_records)).collect();
        assert_eq!(records, [(1, 1), (2, 1), (3, 1)]);
        assert!(by_source.golden.iter().all(|one| one.entity == "citizen"));
        let linked = by_source.golden[0].first;
        let before = hub.store.list_affected_by_source("food", ever, linked).await.unwrap();
        assert_eq!(before.golden, [], "nothing was linked yet");
        assert!(hub.store.list_affected_by_source("foods", ever, never).await.is_err());
        let ids: Vec<_> = by_source.golden.iter().map(|one| one.golden_id).collect();
        let counts = hub.store.count_golden_by("district", &ids).await.unwrap();
        assert_eq!(counts, [("41".to_owned(), 3)].into());
        let none = hub.store.count_golden_by("mobile", &ids[..2]).await.unwrap();
        assert_eq!(none, [(String::new(), 2)].into(), "without one they count too");
    });
}

#[test]
fn who_undoes_a_decision_also_touches_the_golden_record_that_comes_back() {
    on_both(async |hub: Hub| {
        let (task, pairs) = (kanak_model::StewardTaskId(1), vec![doubtful(1, 2, 0.9)]);
        hub.load(kanak_model::source_system::Load::Snapshot, &[("1", "Asha"), ("2", "Bina")]).await.unwrap();
        hub.resolve_with(&[vec![1], vec![2]], pairs.clone()).await.unwrap();
        let decision = kanak_model::match_pair::Decision::Match;
        hub.store.decide_task(task, kanak_model::UserId(9), decision, "seen").await.unwrap();
        hub.resolve_with(&[vec![1, 2]], pairs.clone()).await.unwrap();
        hub.store.undo_decision(task, kanak_model::UserId(10)).await.unwrap();
        hub.resolve_with(&[vec![1], vec![2]], pairs).await.unwrap();
        for actor in ["user 9", "user 10"] {
            let found = hub.store.list_affected_by_actor(actor, Timestamp(0), Timestamp(i64::MAX)).await.unwrap();
            let golden: Vec<_> = found.golden.iter().map(|one| (one.golden_id.0, one.changes)).collect();
            assert_eq!(golden, [(1, 1), (2, 1)], "{actor}");
        }
    });
}

#[test]
fn reads_are_recorded_one_entry_a_subject_with_purpose_and_basis() {
    on_both(async |hub: Hub| {
        hub.store.audit(event("K-1")).await.unwrap();
        let access = kanak_model::Access::operation("refresh");
        hub.store.record_reads(&access, "read", Vec::<String>::new()).await.unwrap();
        hub.store.record_reads(&access, "search", ["a\0b 'c' \"d\" \\u0000 ਕ"]).await.unwrap();
        hub.store.record_reads(&access, "read", 0..6_000).await.unwrap();
        let entries = hub.store.list_audit_events(1, 10).await.unwrap();
        assert_eq!(entries[0].event.subject, "ab 'c' \"d\" \\u0000 ਕ");
        let second = &entries[1].event;
        assert_eq!((second.actor.as_str(), second.subject.as_str()), ("system:refresh", "0"));
        assert_eq!(
            (second.purpose, &second.detail),
            (Some(Purpose::Operation), &serde_json::json!({"basis": "legal_duty"}))
        );
        let verdict = hub.store.verify_audit().await.unwrap();
        assert_eq!((verdict.entries, verdict.holds()), (6_002, true));
    });
}

#[test]
fn reads_of_many_at_once_and_of_several_processes_are_all_recorded_in_whole_chains() {
    on_both(async |hub: Hub| {
        let clock = Arc::new(SystemClock);
        let stores = [
            hub.store.clone(),
            Store::open(&hub.url, clock.clone()).await.unwrap(),
            Store::open(&hub.url, clock).await.unwrap(),
        ];
        let readers: Vec<_> = (0..60)
            .map(|reader| {
                let store = stores[reader % 3].clone();
                tokio::spawn(async move {
                    for read in 0..5 {
                        store.audit(event(&format!("K-{reader}-{read}"))).await.unwrap();
                    }
                })
            })
            .collect();
        for (place, reader) in readers.into_iter().enumerate() {
            if place % 20 == 7 {
                // Whoever goes away leaves the others' reads as they are.
                reader.abort();
                drop(reader.await);
            } else {
                reader.await.unwrap();
            }
        }
        let entries = hub.store.list_audit_events(0, 1_000).await.unwrap();
        let subjects: std::collections::BTreeSet<&str> =
            entries.iter().map(|entry| entry.event.subject.as_str()).collect();
        assert_eq!(subjects.len(), entries.len(), "none is there twice");
        for reader in (0..60).filter(|reader| reader % 20 != 7) {
            for read in 0..5 {
                assert!(subjects.contains(format!("K-{reader}-{read}").as_str()), "K-{reader}-{read}");
            }
        }
        let verdict = hub.store.verify_audit().await.unwrap();
        assert!(verdict.holds(), "{:?}", verdict.faults);
        for store in &stores[1..] {
            store.close().await;
        }
    });
}

#[test]
fn a_read_that_cannot_be_recorded_says_so_to_each_who_waits_and_the_next_one_works() {
    on_both(async |hub: Hub| {
        let away = "ALTER TABLE audit_events RENAME TO audit_events_away";
        kanak_store::testing::break_hub(&hub.url, away).await.unwrap();
        let both = futures::future::join(hub.store.audit(event("K-1")), hub.store.audit(event("K-2"))).await;
        assert!(both.0.is_err() && both.1.is_err());
        let back = "ALTER TABLE audit_events_away RENAME TO audit_events";
        kanak_store::testing::break_hub(&hub.url, back).await.unwrap();
        hub.store.audit(event("K-3")).await.unwrap();
        let entries = hub.store.list_audit_events(0, 9).await.unwrap();
        assert_eq!(entries.len(), 1);
        assert_eq!(entries[0].event, event("K-3"));
    });
}

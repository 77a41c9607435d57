//! The change feed: what each reader sees of it, and that nobody misses or repeats an event.

use std::collections::{BTreeMap, BTreeSet};

use kanak_model::feed::{
    Change, Counts, Crossing, Detail, FeedEntry, FeedEvent, FeedPage, Publication, Published, SeenEvent, Side,
};
use kanak_model::source_record::{NewSourceRecord, Stated};
use kanak_model::source_system::Load;
use kanak_model::{Access, Caller, FeedPosition, GoldenId, GoldenRecord, Purpose, Role, UserId};
use kanak_store::{Edition, StoreError};

use crate::histories::{histories, on_some, take};
use crate::hub::{Hub, all, file, model, on_both, record};

fn access(role: Role, purpose: Purpose, districts: Option<&[&str]>) -> Access {
    let districts = districts.map(|codes| codes.iter().map(|code| (*code).to_owned()).collect::<BTreeSet<_>>());
    let roles = [role].into_iter().collect();
    Access::decide(&Caller { user: Some(UserId(1)), name: "someone".to_owned(), roles, districts }, purpose).unwrap()
}

fn steward(districts: Option<&[&str]>) -> Access {
    access(Role::Steward, Purpose::Stewardship, districts)
}

async fn read(hub: &Hub, access: &Access, after: i64, limit: u32, detail: Detail) -> FeedPage {
    hub.store.read_feed(access, &[model()], FeedPosition(after), limit, detail).await.unwrap()
}

fn living_in(key: &str, name: &str, district: &str) -> NewSourceRecord {
    let mut record = record(key, name);
    record.values.insert("district", Stated::new(district, district));
    record.values.insert("pan", Stated::new("ABCPE1234F", "ABCPE1234F"));
    record
}

async fn load(hub: &Hub, rows: &[(&str, &str, &str)]) {
    let mut run = hub.store.begin_ingest(hub.source, file("food.csv", Load::Delta)).await.unwrap();
    run.add(rows.iter().map(|(key, name, district)| living_in(key, name, district)).collect()).await.unwrap();
    run.finish().await.unwrap();
}

/// What an event says to this reader: position, change, crossing, other, and one attribute before and after.
type Line = (i64, Change, Crossing, Option<i64>, Option<String>, Option<String>);

fn golden(page: &FeedPage) -> impl Iterator<Item = &SeenEvent> {
    page.entries.iter().filter_map(FeedEntry::golden)
}

fn lines(page: &FeedPage, attribute: &str) -> Vec<Line> {
    let value = |side: &Option<Side>| side.as_ref()?.values.get(attribute).map(|value| value.value.clone());
    let line = |seen: &SeenEvent| {
        let other = seen.event.other.map(|id| id.0);
        (seen.event.position.0, seen.event.change, seen.crossing, other, value(&seen.before), value(&seen.after))
    };
    golden(page).map(line).collect()
}

/// Asha in 41 and Balbir in 42 come, Asha moves to 42 and is then found to be Balbir.
async fn fill(hub: &Hub) {
    load(hub, &[("a", "Asha", "41"), ("b", "Balbir", "42")]).await;
    hub.resolve(&[vec![1], vec![2]]).await.unwrap();
    load(hub, &[("a", "Asha", "42")]).await;
    hub.resolve(&[vec![1], vec![2]]).await.unwrap();
    hub.resolve(&[vec![1, 2]]).await.unwrap();
}

#[test]
fn every_event_tells_what_was_before_and_what_is_afterwards() {
    on_both(async |hub: Hub| {
        fill(&hub).await;
        let page = read(&hub, &all(), 0, 100, Detail::Values).await;
        let some = |word: &str| Some(word.to_owned());
        let none = Crossing::None;
        let expected: Vec<Line> = vec![
            (2, Change::Created, none, None, None, some("41")),
            (3, Change::Created, none, None, None, some("42")),
            (4, Change::Updated, none, None, some("41"), some("42")),
            (5, Change::Updated, none, None, some("42"), some("42")),
            (6, Change::MergedInto, none, Some(1), some("42"), None),
        ];
        assert_eq!(lines(&page, "district"), expected);
        assert_eq!((page.through, page.end), (FeedPosition(6), FeedPosition(6)));
        let changes = read(&hub, &all(), 0, 100, Detail::Changes).await;
        assert!(golden(&changes).all(|seen| seen.before.is_none() && seen.after.is_none()));
        let events = |page: &FeedPage| golden(page).map(|seen| seen.event.clone()).collect::<Vec<FeedEvent>>();
        assert_eq!(events(&changes), events(&page));
    });
}

#[test]
fn a_reader_hears_of_its_districts_alone_and_of_nobody_else() {
    on_both(async |hub: Hub| {
        fill(&hub).await;
        let of_41 = read(&hub, &steward(Some(&["41"])), 0, 100, Detail::Values).await;
        assert_eq!(
            lines(&of_41, "full_name"),
            [
                (2, Change::Created, Crossing::None, None, None, None),
                (4, Change::Updated, Crossing::Left, None, None, None),
            ],
            "she moved away, and took the past along"
        );
        assert_eq!(of_41.through, FeedPosition(6), "it goes on after what it may not see");
        let of_42 = read(&hub, &steward(Some(&["42"])), 0, 100, Detail::Values).await;
        let heard: Vec<_> = golden(&of_42).map(|seen| (seen.event.position.0, seen.crossing)).collect();
        assert_eq!(heard, [(3, Crossing::None), (4, Crossing::Entered), (5, Crossing::None), (6, Crossing::None)]);
        for nowhere in [&[][..], &["99"][..]] {
            let heard = read(&hub, &steward(Some(nowhere)), 0, 100, Detail::Changes).await;
            assert_eq!(golden(&heard).count(), 0);
        }
    });
}

#[test]
fn the_other_of_a_merge_is_not_named_to_whom_it_lies_outside() {
    on_both(async |hub: Hub| {
        load(&hub, &[("b", "Balbir", "42"), ("a", "Asha", "41")]).await;
        hub.resolve(&[vec![1], vec![2]]).await.unwrap();
        hub.resolve(&[vec![1, 2]]).await.unwrap();
        hub.resolve(&[vec![1], vec![2]]).await.unwrap();
        let heard = |page: FeedPage| -> Vec<(Change, i64, Option<i64>)> {
            let events = golden(&page).map(|seen| &seen.event);
            events.map(|event| (event.change, event.golden_id.0, event.other.map(|id| id.0))).collect()
        };
        let of_41 = heard(read(&hub, &steward(Some(&["41"])), 0, 100, Detail::Changes).await);
        assert_eq!(of_41, [(Change::Created, 2, None), (Change::MergedInto, 2, None), (Change::Restored, 2, None)]);
        let whole = heard(read(&hub, &steward(None), 0, 100, Detail::Changes).await);
        assert!(whole.contains(&(Change::MergedInto, 2, Some(1))) && whole.contains(&(Change::Restored, 2, Some(1))));
    });
}

#[test]
fn values_are_shown_left_out_or_masked_by_their_class() {
    on_both(async |hub: Hub| {
        fill(&hub).await;
        let after = async |access: &Access| {
            let page = read(&hub, access, 1, 1, Detail::Values).await;
            golden(&page).next().unwrap().after.as_ref().unwrap().values.clone()
        };
        let figures = after(&access(Role::Analyst, Purpose::Statistics, None)).await;
        assert_eq!(figures.keys().collect::<Vec<_>>(), ["district"]);
        let person = after(&steward(None)).await;
        assert_eq!(person["full_name"].value, "Asha");
        assert_ne!(person["pan"].value, "ABCPE1234F", "sensitive values are masked");
        assert_eq!(after(&all()).await["pan"].value, "ABCPE1234F");
    });
}

#[test]
fn a_position_that_the_feed_has_not_reached_is_refused_with_its_end() {
    on_both(async |hub: Hub| {
        fill(&hub).await;
        for position in [-1, 7] {
            let refused =
                hub.store.read_feed(&all(), &[], FeedPosition(position), 9, Detail::Changes).await.unwrap_err();
            assert!(matches!(refused, StoreError::FeedPosition { end: FeedPosition(6), .. }), "{refused}");
        }
        assert!(read(&hub, &all(), 6, 9, Detail::Changes).await.entries.is_empty());
    });
}

/// A reader that stops after each page and goes on where it kept.
struct Reader {
    access: Access,
    kept: FeedPosition,
    seen: Vec<FeedEntry>,
    turn: usize,
}

impl Reader {
    /// Reads as many pages as the next numbers say, each of another size.
    async fn go_on(&mut self, hub: &Hub, numbers: &[u8]) {
        for _ in 0..numbers[self.turn % numbers.len()] % 3 {
            self.turn += 1;
            let size = u32::from(numbers[self.turn % numbers.len()] % 7) + 1;
            self.page(hub, size).await;
        }
        self.turn += 1;
    }

    async fn page(&mut self, hub: &Hub, size: u32) -> bool {
        let page = read(hub, &self.access, self.kept.0, size, Detail::Values).await;
        assert!(page.entries.len() <= size as usize);
        self.seen.extend(page.entries);
        self.kept = page.through;
        page.through == page.end
    }
}

/// Events without what they tell of both sides: that depends on when they are read.
fn without_sides(seen: &[SeenEvent]) -> Vec<SeenEvent> {
    seen.iter().cloned().map(|seen| SeenEvent { before: None, after: None, ..seen }).collect()
}

/// Where each golden record leads to that ended in another, told from all events in their order.
fn leads_to(events: &[FeedEvent]) -> BTreeMap<GoldenId, GoldenId> {
    let mut leads = BTreeMap::new();
    for event in events {
        match (event.change, event.other) {
            (Change::MergedInto, Some(other)) => {
                leads.insert(event.golden_id, other);
            }
            (Change::Restored | Change::Created | Change::SplitFrom, _) => {
                leads.remove(&event.golden_id);
            }
            _ => {}
        }
    }
    leads
}

/// What a reader who reads all of it now should see, told from all events and all golden versions without the reader's own query.
async fn expected(hub: &Hub, access: &Access) -> Vec<SeenEvent> {
    let events = hub.store.list_feed(FeedPosition(0), 100_000).await.unwrap();
    let versions = hub.store.list_golden_versions(&all(), &model(), None, 100_000).await.unwrap();
    let versions: BTreeMap<(GoldenId, i32), GoldenRecord> =
        versions.into_iter().map(|version| ((version.id, version.version), version)).collect();
    let may_see = |record: &GoldenRecord| {
        access.filter().passes(&|name| record.values.get(name).map(|value| value.value.as_str()))
    };
    let side = |record: &GoldenRecord| Side {
        version: record.version,
        status: record.status.clone(),
        values: record.values.clone(),
    };
    let leads = leads_to(&events);
    let is_readable = |mut id: GoldenId| {
        while let Some(next) = leads.get(&id) {
            id = *next;
        }
        versions.range((id, 0)..=(id, i32::MAX)).next_back().is_some_and(|(_, record)| may_see(record))
    };
    let mut seen = Vec::new();
    for mut event in events {
        let (before, after) = match event.change {
            Change::Created | Change::SplitFrom | Change::Restored => (None, Some(event.version)),
            Change::Updated => (Some(event.version - 1), Some(event.version)),
            Change::MergedInto | Change::Emptied => (Some(event.version), None),
        };
        let held = |version: Option<i32>| version.map(|version| &versions[&(event.golden_id, version)]);
        let (before, after) = (held(before), held(after));
        let (sees_before, sees_after) = (before.is_some_and(may_see), after.is_some_and(may_see));
        if !sees_before && !sees_after {
            continue;
        }
        let crossing = match (before, after) {
            (Some(_), Some(_)) if !sees_before => Crossing::Entered,
            (Some(_), Some(_)) if !sees_after => Crossing::Left,
            _ => Crossing::None,
        };
        event.other = event.other.filter(|other| {
            let mut near = versions.values().filter(|record| record.id == *other);
            near.any(|record| {
                record.recorded_from <= event.at
                    && record.recorded_to.is_none_or(|to| to >= event.at)
                    && may_see(record)
            })
        });
        let told = is_readable(event.golden_id);
        let before = before.filter(|_| sees_before && told).map(side);
        let after = after.filter(|_| sees_after && told).map(side);
        seen.push(SeenEvent { event, crossing, before, after });
    }
    seen
}

#[test]
fn readers_that_stop_and_go_on_see_every_event_that_is_theirs_once_and_in_order() {
    for (number, history) in histories(40).iter().enumerate() {
        // Any numbers will do: sizes of pages, and how many are read between two commits.
        let numbers: Vec<u8> = (0..40_usize).map(|place| ((place * 37 + number * 101) % 251) as u8).collect();
        on_some(number, async |hub: Hub| {
            let reader = |access: Access| Reader { access, kept: FeedPosition(0), seen: Vec::new(), turn: 0 };
            let mut readers = [
                reader(all()),
                reader(steward(None)),
                reader(steward(Some(&["41"]))),
                reader(steward(Some(&["42"]))),
                reader(steward(Some(&[]))),
            ];
            for step in history {
                take(&hub, step).await;
                for reader in &mut readers {
                    reader.go_on(&hub, &numbers).await;
                }
            }
            for reader in &mut readers {
                while !reader.page(&hub, 3).await {}
                let golden: Vec<SeenEvent> = reader.seen.iter().filter_map(FeedEntry::golden).cloned().collect();
                let expected = expected(&hub, &reader.access).await;
                assert_eq!(without_sides(&golden), without_sides(&expected));
                let page = read(&hub, &reader.access, 0, 100_000, Detail::Values).await;
                assert_eq!(page.entries.iter().filter_map(FeedEntry::golden).cloned().collect::<Vec<_>>(), expected);
                let published = reader.seen.iter().filter(|entry| entry.golden().is_none()).count();
                assert_eq!(published, 1, "everyone hears what is published");
            }
            let positions: Vec<i64> = readers[0].seen.iter().map(|entry| entry.position().0).collect();
            assert_eq!(positions, (1..=positions.len() as i64).collect::<Vec<_>>(), "no gap, no repetition");
        });
    }
}

#[test]
fn what_is_published_stands_in_the_feed_with_what_came_changed_and_went() {
    on_both(async |hub: Hub| {
        let items = |list: &[(u8, u8)]| list.iter().map(|(name, says)| ([*name; 8], [*says; 4])).collect();
        let edition = |version: &str, list: &[(u8, u8)]| Edition {
            kind: Published::Codes,
            name: "bank".to_owned(),
            version: version.to_owned(),
            stamp: format!("{version} {list:?}"),
            items: items(list),
        };
        let publish = async |edition: Edition| hub.store.publish_edition(&edition).await.unwrap().map(|at| at.0);
        assert_eq!(hub.store.find_edition_stamp(Published::Codes, "bank").await.unwrap(), None);
        let first = edition("1", &[(1, 1), (2, 2)]);
        assert_eq!(publish(first.clone()).await, Some(2));
        assert_eq!(publish(first.clone()).await, None, "the same once more is no publication");
        assert_eq!(hub.store.find_edition_stamp(Published::Codes, "bank").await.unwrap(), Some(first.stamp));
        hub.load(Load::Snapshot, &[("a", "Asha")]).await.unwrap();
        hub.resolve(&[vec![1]]).await.unwrap();
        assert_eq!(publish(edition("2", &[(2, 3), (4, 4), (5, 5)])).await, Some(4));
        hub.store.put_rule_set("citizen", &serde_json::json!({"prior": 0.6})).await.unwrap();
        hub.store.put_rule_set("citizen", &serde_json::json!({"prior": 0.6})).await.unwrap();
        let page = read(&hub, &steward(Some(&[])), 0, 100, Detail::Values).await;
        let heard: Vec<(i64, Publication)> = page
            .entries
            .into_iter()
            .map(|entry| match entry {
                FeedEntry::Published(event) => (event.position.0, event.publication),
                FeedEntry::Golden(seen) => panic!("{seen:?} is not this reader's"),
            })
            .collect();
        let said = |kind, name: &str, version: &str, counts| {
            let (name, version) = (name.to_owned(), version.to_owned());
            Publication { kind, name, version, counts, codes: None }
        };
        let counts = |added, changed, retired| Some(Counts { added, changed, retired, removed: 0 });
        let expected = [
            (1, said(Published::Rules, "citizen", "1", None)),
            (2, said(Published::Codes, "bank", "1", counts(2, 0, 0))),
            (4, said(Published::Codes, "bank", "2", counts(2, 1, 1))),
            (5, said(Published::Rules, "citizen", "2", None)),
        ];
        assert_eq!(heard, expected);
        for check in hub.store.check_invariants().await.unwrap() {
            assert!(check.passed, "{}: {}", check.name, check.detail);
        }
    });
}

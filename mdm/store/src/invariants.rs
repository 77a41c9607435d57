//! What must hold in every hub, checked by scanning what is stored.

use std::collections::BTreeMap;
use std::fmt::Display;

use kanak_model::entity_model::SurvivorshipStrategy;
use kanak_model::source_record::Values;
use rustc_hash::{FxHashMap, FxHashSet};
use sqlx::types::Json;

use crate::Store;
use crate::agreements;
use crate::audit_verify::{AuditFault, AuditVerdict};
use crate::confirmations;
use crate::constraints;
use crate::db::{Tx, on_tx};
use crate::dialect::{json, search_ended, sql};
use crate::error::StoreError;
use crate::ingest::content_hash;
use crate::overrides;
use crate::packed::ChosenBack;
use crate::relations;
use crate::rule_sets::body_hash;
use crate::trail_agreement;

/// One invariant and whether it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// A word for machines.
    pub name: &'static str,
    /// What must hold, in a sentence.
    pub what: &'static str,
    /// Whether it does.
    pub passed: bool,
    /// How many rows break it, and the id of the first. Never values.
    pub detail: String,
}

/// A check whose statement gives how many rows break it, and the smallest id among them.
struct SqlCheck {
    name: &'static str,
    what: &'static str,
    broken: &'static str,
}

const CHECKS: [SqlCheck; 22] = [
    SqlCheck {
        name: "linked_once",
        what: "a source record is linked to at most one golden record at every instant",
        broken: "SELECT source_record_id AS id FROM (
                     SELECT source_record_id, recorded_from_us, recorded_to_us,
                     lead(recorded_from_us) OVER (PARTITION BY source_record_id ORDER BY recorded_from_us) AS next_us FROM crosswalks) AS c
                 WHERE recorded_to_us <= recorded_from_us OR (next_us IS NOT NULL AND (recorded_to_us IS NULL OR recorded_to_us > next_us))",
    },
    SqlCheck {
        name: "pending_or_linked",
        what: "every live source record of a master is linked or waits for a resolution",
        broken: "SELECT r.id FROM source_records r JOIN source_systems s ON s.id = r.source_system_id AND s.rows_are = 'entity'
                 LEFT JOIN crosswalks c ON c.source_record_id = r.id AND c.recorded_to_us IS NULL
                 LEFT JOIN unresolved_source_records u ON u.source_record_id = r.id
                 WHERE r.retired_us IS NULL AND c.golden_id IS NULL AND u.source_record_id IS NULL",
    },
    SqlCheck {
        name: "retired_leave",
        what: "a retired source record is linked only until the next resolution",
        broken: "SELECT r.id FROM source_records r JOIN crosswalks c ON c.source_record_id = r.id AND c.recorded_to_us IS NULL
                 LEFT JOIN unresolved_source_records u ON u.source_record_id = r.id
                 WHERE r.retired_us IS NOT NULL AND u.source_record_id IS NULL",
    },
    SqlCheck {
        name: "links_lead_somewhere",
        what: "a link that holds leads from a known source record to a live golden record of its entity type",
        broken: "SELECT c.source_record_id AS id FROM crosswalks c LEFT JOIN golden_records g ON g.id = c.golden_id
                 LEFT JOIN source_records r ON r.id = c.source_record_id LEFT JOIN source_systems s ON s.id = r.source_system_id
                 WHERE c.recorded_to_us IS NULL AND (g.id IS NULL OR r.id IS NULL OR g.state <> 'live' OR s.rows_of <> g.entity)",
    },
    SqlCheck {
        name: "golden_has_members",
        what: "a golden record without members is redirected or emptied",
        broken: "SELECT g.id FROM golden_records g WHERE g.state = 'live'
                 AND NOT EXISTS (SELECT 1 FROM crosswalks c WHERE c.golden_id = g.id AND c.recorded_to_us IS NULL)",
    },
    SqlCheck {
        name: "redirects_say_where",
        what: "a redirected golden record names another of its entity type, and no other state names one",
        broken: "SELECT g.id FROM golden_records g LEFT JOIN golden_records o ON o.id = g.redirect_to
                 WHERE (g.state = 'redirected') <> (g.redirect_to IS NOT NULL)
                 OR (g.redirect_to IS NOT NULL AND (o.id IS NULL OR o.entity <> g.entity OR o.id = g.id))",
    },
    SqlCheck {
        name: "feed_without_gaps",
        what: "feed positions run from 1 without gaps, in the order of time",
        broken: "SELECT position AS id FROM (
                     SELECT position, at_us, row_number() OVER (ORDER BY position) AS place,
                     lag(at_us) OVER (ORDER BY position) AS before_us FROM feed_events) AS f
                 WHERE position <> place OR before_us > at_us",
    },
    SqlCheck {
        name: "versions_announced",
        what: "every golden version has one feed event, and every such event its version",
        broken: "SELECT golden_id AS id FROM (
                     SELECT golden_id, version, 1 AS held, 0 AS told FROM golden_versions
                     UNION ALL
                     SELECT golden_id, version, 0 AS held, 1 AS told FROM feed_events
                     WHERE change IN ('created', 'updated', 'split_from', 'restored')) AS b
                 GROUP BY golden_id, version HAVING sum(held) <> 1 OR sum(told) <> 1",
    },
    SqlCheck {
        name: "feed_tells_state",
        what: "the last feed event of every golden record tells the state, version and redirect that it has",
        broken: "SELECT g.id FROM golden_records g
                 LEFT JOIN (SELECT golden_id, max(position) AS position FROM feed_events GROUP BY golden_id) l ON l.golden_id = g.id
                 LEFT JOIN feed_events f ON f.position = l.position
                 WHERE f.position IS NULL OR f.entity <> g.entity OR f.version <> g.version
                 OR g.state <> CASE f.change WHEN 'merged_into' THEN 'redirected' WHEN 'emptied' THEN 'emptied' ELSE 'live' END
                 OR (f.change = 'merged_into' AND coalesce(f.other_golden_id, 0) <> coalesce(g.redirect_to, 0))",
    },
    SqlCheck {
        name: "feed_in_order",
        what: "a golden record begins once, changes while it is live, and comes back only after it ended",
        broken: "SELECT golden_id AS id FROM (
                     SELECT golden_id, change, other_golden_id,
                     lag(change) OVER (PARTITION BY golden_id ORDER BY position) AS before_change FROM feed_events
                     WHERE golden_id IS NOT NULL) AS f
                 WHERE CASE
                     WHEN before_change IS NULL THEN change NOT IN ('created', 'split_from') OR (change = 'created') <> (other_golden_id IS NULL)
                     WHEN before_change IN ('merged_into', 'emptied') THEN change <> 'restored'
                     ELSE change NOT IN ('updated', 'merged_into', 'emptied') END",
    },
    SqlCheck {
        name: "links_as_told",
        what: "the feed tells of each golden record when a source record came to it or left it",
        broken: "SELECT l.source_record_id AS id FROM (
                     SELECT source_record_id, golden_id, recorded_from_us AS at_us FROM crosswalks
                     UNION ALL
                     SELECT source_record_id, golden_id, recorded_to_us AS at_us FROM crosswalks WHERE recorded_to_us IS NOT NULL) AS l
                 LEFT JOIN feed_events f ON f.golden_id = l.golden_id AND f.at_us = l.at_us WHERE f.position IS NULL",
    },
    SqlCheck {
        name: "versions_contiguous",
        what: "golden versions count from 1 in half-open periods that touch, but for the time a record was away",
        broken: "SELECT golden_id AS id FROM (
                     SELECT golden_id, version, recorded_from_us, recorded_to_us,
                     row_number() OVER (PARTITION BY golden_id ORDER BY version) AS place,
                     lag(recorded_to_us) OVER (PARTITION BY golden_id ORDER BY version) AS before_us FROM golden_versions) AS v
                 WHERE version <> place OR recorded_to_us <= recorded_from_us
                 OR (place > 1 AND (before_us IS NULL OR before_us > recorded_from_us))
                 OR (before_us < recorded_from_us AND NOT EXISTS (SELECT 1 FROM feed_events f
                     WHERE f.golden_id = v.golden_id AND f.version = v.version AND f.change = 'restored'))",
    },
    SqlCheck {
        name: "current_version",
        what: "a golden record names its last version, which is open exactly while it is live",
        broken: "SELECT g.id FROM golden_records g LEFT JOIN golden_versions v ON v.golden_id = g.id AND v.version = g.version
                 WHERE v.golden_id IS NULL OR (g.state = 'live') <> (v.recorded_to_us IS NULL)
                 OR EXISTS (SELECT 1 FROM golden_versions l WHERE l.golden_id = g.id AND l.version > g.version)",
    },
    SqlCheck {
        name: "versions_have_records",
        what: "every golden version is one of a golden record that is known",
        broken: "SELECT v.golden_id AS id FROM golden_versions v LEFT JOIN golden_records g ON g.id = v.golden_id WHERE g.id IS NULL",
    },
    SqlCheck {
        name: "rule_sets_published",
        what: "every golden version names a published rule set",
        broken: "SELECT v.golden_id AS id FROM golden_versions v JOIN golden_records g ON g.id = v.golden_id
                 LEFT JOIN rule_sets r ON r.entity = g.entity AND r.version = v.rule_set_version WHERE r.version IS NULL",
    },
    SqlCheck {
        name: "source_versions_kept",
        what: "every earlier version of a source record is kept, in periods that do not overlap",
        broken: "SELECT id FROM (
                     SELECT source_record_id AS id, version, recorded_from_us, recorded_to_us,
                     row_number() OVER (PARTITION BY source_record_id ORDER BY version) AS place,
                     lead(recorded_from_us) OVER (PARTITION BY source_record_id ORDER BY version) AS next_us FROM source_record_versions) AS v
                 WHERE version <> place OR recorded_to_us <= recorded_from_us OR next_us < recorded_to_us
                 UNION ALL
                 SELECT r.id FROM source_records r LEFT JOIN (SELECT source_record_id, count(*) AS kept, max(recorded_to_us) AS last_us
                     FROM source_record_versions GROUP BY source_record_id) k ON k.source_record_id = r.id
                 WHERE r.version <> coalesce(k.kept, 0) + 1 OR k.last_us > r.recorded_from_us OR r.retired_us <= r.recorded_from_us",
    },
    SqlCheck {
        name: "open_tasks_live",
        what: "a steward task that waits is about two live source records",
        broken: "SELECT t.id FROM steward_tasks t LEFT JOIN source_records l ON l.id = t.left_id
                 LEFT JOIN source_records r ON r.id = t.right_id WHERE t.state NOT IN ('decided', 'lapsed')
                 AND (l.id IS NULL OR r.id IS NULL OR l.retired_us IS NOT NULL OR r.retired_us IS NOT NULL OR t.left_id >= t.right_id)",
    },
    SqlCheck {
        name: "decided_tasks_hold",
        what: "a decided steward task has one decision that holds, and no other task has one",
        broken: "SELECT t.id FROM steward_tasks t LEFT JOIN (SELECT steward_task_id, count(*) AS held FROM constraints
                     WHERE undone_us IS NULL GROUP BY steward_task_id) c ON c.steward_task_id = t.id
                 WHERE coalesce(c.held, 0) <> CASE WHEN t.state = 'decided' THEN 1 ELSE 0 END",
    },
    SqlCheck {
        name: "cannot_links_hold",
        what: "source records that a steward parted have two golden records, once resolved",
        broken: "SELECT c.id FROM constraints c JOIN crosswalks l ON l.source_record_id = c.left_id AND l.recorded_to_us IS NULL
                 JOIN crosswalks r ON r.source_record_id = c.right_id AND r.recorded_to_us IS NULL
                 WHERE c.undone_us IS NULL AND c.kind = 'cannot_link' AND l.golden_id = r.golden_id
                 AND NOT EXISTS (SELECT 1 FROM unresolved_source_records u WHERE u.source_record_id IN (c.left_id, c.right_id))",
    },
    SqlCheck {
        name: "runs_add_up",
        what: "the new rows of all ingest runs of a register are its source records",
        broken: "SELECT s.id FROM source_systems s LEFT JOIN (SELECT source_system_id, sum(rows_new) AS added FROM ingest_runs GROUP BY source_system_id) i
                 ON i.source_system_id = s.id LEFT JOIN (SELECT source_system_id, count(*) AS held FROM source_records GROUP BY source_system_id) r
                 ON r.source_system_id = s.id WHERE s.rows_are = 'entity' AND coalesce(i.added, 0) <> coalesce(r.held, 0)",
    },
    SqlCheck {
        name: "sources_counted",
        what: "a source system's counts are those of its live and retired source records",
        broken: "SELECT s.id FROM source_systems s LEFT JOIN (SELECT source_system_id, count(*) AS held, count(retired_us) AS gone
                     FROM source_records GROUP BY source_system_id) r ON r.source_system_id = s.id
                 WHERE s.retired_count <> coalesce(r.gone, 0) OR s.live_count <> coalesce(r.held, 0) - coalesce(r.gone, 0)",
    },
    SqlCheck {
        name: "erased_stay_erased",
        what: "an erased source record is retired, states nothing in any version, and no golden value is from it",
        broken: "SELECT e.source_record_id AS id FROM erased_source_records e LEFT JOIN source_records r ON r.id = e.source_record_id
                 WHERE r.id IS NULL OR r.retired_us IS NULL OR r.stated <> '{}' OR r.source_key <> 'erased:' || e.key_hash
                 UNION ALL
                 SELECT e.source_record_id AS id FROM erased_source_records e
                 JOIN source_record_versions v ON v.source_record_id = e.source_record_id WHERE v.stated <> '{}'
                 UNION ALL
                 SELECT e.golden_id AS id FROM erasures e JOIN golden_versions v ON v.golden_id = e.golden_id WHERE v.chosen <> '{}'",
    },
];

impl Store {
    /// Checks every invariant that the stored hub can show, on one state of it.
    pub async fn check_invariants(&self) -> Result<Vec<Check>, StoreError> {
        let mut tx = self.db.begin_read().await?;
        let mut checks = Vec::with_capacity(CHECKS.len() + 14);
        for one in &CHECKS {
            checks.push(run(&mut tx, one.name, one.what, one.broken).await?);
        }
        let ended = search_ended(tx.engine());
        checks.push(run(&mut tx, "search_finds_live", "the search index holds live golden records only", ended).await?);
        checks.push(check_redirects(&mut tx).await?);
        checks.push(check_provenance(&mut tx).await?);
        checks.push(check_past_provenance(&mut tx).await?);
        checks.push(check_content_hashes(&mut tx).await?);
        checks.push(check_decisions(&mut tx).await?);
        checks.push(check_must_links(&mut tx).await?);
        let parted = agreements::list_parted(&mut tx).await?;
        let what = "no golden record holds two registers that need an agreement and have none, once resolved";
        checks.push(check("links_agreed", what, &parted));
        checks.push(check_rule_sets(&mut tx).await?);
        checks.push(check(
            "relations_as_stated",
            "the relations that are kept of a source record are those that its versions state",
            &relations::list_unlike_their_source(&mut tx).await?,
        ));
        let joined = confirmations::list_joined(&mut tx).await?;
        checks.push(check(
            "confirmed_stay_apart",
            "no two golden records that stewards confirmed were joined without one",
            &joined,
        ));
        let unlike = trail_agreement::list_unlike(&mut tx).await?;
        checks.push(check(
            "words_in_trail",
            "what stewards and departments decided, stated, confirmed, held and answered is what the audit trail tells, by whom and when",
            &unlike.words,
        ));
        checks.push(check(
            "permissions_in_trail",
            "what users and keys may do is what the audit trail tells",
            &unlike.permissions,
        ));
        drop(tx);
        checks.extend(audit_checks(&self.verify_audit().await?));
        Ok(checks)
    }
}

fn audit_checks(verdict: &AuditVerdict) -> [Check; 2] {
    let check = |name, what, is_mine: &dyn Fn(&AuditFault) -> bool| {
        let fault = verdict.faults.iter().find(|fault| is_mine(fault));
        Check {
            name,
            what,
            passed: fault.is_none(),
            detail: fault.map_or_else(|| verdict.to_string(), AuditFault::to_string),
        }
    };
    [
        check("audit_chain", "no audit entry was changed, taken out or put in", &AuditFault::is_of_chain),
        check("audit_checkpoints", "audit checkpoints are signed, and the chains hold what they name", &|fault| {
            !fault.is_of_chain()
        }),
    ]
}

fn check(name: &'static str, what: &'static str, broken: &[impl Display]) -> Check {
    let detail = match broken {
        [] => "none".to_owned(),
        [first, ..] => format!("{} broken, the first is {first}", broken.len()),
    };
    Check { name, what, passed: broken.is_empty(), detail }
}

async fn run(tx: &mut Tx, name: &'static str, what: &'static str, broken: &str) -> Result<Check, StoreError> {
    let text = format!("SELECT count(*), coalesce(min(id), 0) FROM ({broken}) AS broken");
    let (count, first): (i64, i64) = on_tx!(tx, |c| sqlx::query_as(sqlx::AssertSqlSafe(text)).fetch_one(c).await)
        .map_err(|e| StoreError::from(e).doing(name))?;
    let detail = if count == 0 { "none".to_owned() } else { format!("{count} broken, the first is {first}") };
    Ok(Check { name, what, passed: count == 0, detail })
}

async fn check_redirects(tx: &mut Tx) -> Result<Check, StoreError> {
    const SQL: &str = "SELECT id, redirect_to FROM golden_records WHERE redirect_to IS NOT NULL ORDER BY id";
    let rows: Vec<(i64, i64)> = on_tx!(tx, |c| sqlx::query_as(SQL).fetch_all(c).await)?;
    let next: FxHashMap<i64, i64> = rows.iter().copied().collect();
    let ends = |start: i64| {
        let mut seen = FxHashSet::default();
        let mut id = start;
        while let Some(further) = next.get(&id) {
            if !seen.insert(id) {
                return false;
            }
            id = *further;
        }
        true
    };
    let broken: Vec<i64> = rows.iter().map(|row| row.0).filter(|id| !ends(*id)).collect();
    Ok(check("redirects_end", "redirects run in no circle", &broken))
}

/// Golden records read at a time.
const PAGE: i64 = 2_000;

/// Values of a source record's versions.
type Versions = FxHashMap<(i64, i32), Values>;

async fn check_provenance(tx: &mut Tx) -> Result<Check, StoreError> {
    const SQL: &str = "SELECT g.id, v.chosen FROM golden_records g
         JOIN golden_versions v ON v.golden_id = g.id AND v.version = g.version
         WHERE g.state = 'live' AND g.id > $1 ORDER BY g.id LIMIT $2";
    let mut broken = Vec::new();
    let mut after = 0;
    loop {
        let rows: Vec<(i64, Json<ChosenBack>)> =
            on_tx!(tx, |c| sqlx::query_as(SQL).bind(after).bind(PAGE).fetch_all(c).await)?;
        let Some(last) = rows.last() else { break };
        after = last.0;
        let ids: Vec<i64> = rows.iter().map(|row| row.0).collect();
        let (members, versions) = stated_by_members(tx, &ids).await?;
        let given = overrides::list_given(tx, &ids).await?;
        for (id, chosen) in &rows {
            let fits = |(name, value): (&String, &kanak_model::golden_record::GoldenValue)| {
                let source = value.source_record.0;
                if value.strategy == SurvivorshipStrategy::StewardOverride {
                    return given.contains(&(*id, name.clone(), value.value.clone()));
                }
                members.get(id).is_some_and(|members| members.contains(&source))
                    && versions
                        .get(&(source, value.source_version))
                        .is_some_and(|stated| stated.find(name) == Some(value.value.as_str()))
            };
            if !chosen.0.0.iter().all(fits) {
                broken.push(*id);
            }
        }
    }
    Ok(check(
        "values_have_provenance",
        "a linked source record states every golden value, in the version named, or a steward's override does",
        &broken,
    ))
}

/// Of every version that a golden record ever had. Who held which source record then is not looked at, nor when a steward's override held.
async fn check_past_provenance(tx: &mut Tx) -> Result<Check, StoreError> {
    const SQL: &str = "SELECT golden_id, version, chosen FROM golden_versions
         WHERE golden_id > $1 OR (golden_id = $1 AND version > $2) ORDER BY golden_id, version LIMIT $3";
    const NOW: &str = "SELECT id, version, stated FROM source_records WHERE id IN (SELECT id FROM {ids $1} AS i)";
    const BEFORE: &str = "SELECT source_record_id, version, stated FROM source_record_versions
         WHERE source_record_id IN (SELECT id FROM {ids $1} AS i)";
    let engine = tx.engine();
    let mut broken = Vec::new();
    let mut after = (0, 0);
    loop {
        let rows: Vec<(i64, i64, Json<ChosenBack>)> =
            on_tx!(tx, |c| sqlx::query_as(SQL).bind(after.0).bind(after.1).bind(PAGE).fetch_all(c).await)?;
        let Some(last) = rows.last() else { break };
        after = (last.0, last.1);
        let sources: FxHashSet<i64> =
            rows.iter().flat_map(|row| row.2.0.0.values()).map(|value| value.source_record.0).collect();
        let sources: Vec<i64> = sources.into_iter().collect();
        let given = overrides::list_ever_given(tx, &sources).await?;
        let list = json(&sources);
        let mut versions = Versions::default();
        for text in [NOW, BEFORE] {
            let stated: Vec<(i64, i64, Json<Values>)> =
                on_tx!(tx, |c| sqlx::query_as(sql(engine, text)).bind(&list).fetch_all(c).await)?;
            versions.extend(stated.into_iter().map(|(id, version, stated)| ((id, version as i32), stated.0)));
        }
        for (id, _, chosen) in &rows {
            let fits = |(name, value): (&String, &kanak_model::golden_record::GoldenValue)| {
                let source = value.source_record.0;
                if value.strategy == SurvivorshipStrategy::StewardOverride {
                    // An erasure may take a steward's value and leave the version of another that took it.
                    let is_given = |text: &str| given.contains(&(source, name.clone(), text.to_owned()));
                    return is_given(&value.value) || is_given("");
                }
                versions
                    .get(&(source, value.source_version))
                    .is_some_and(|stated| stated.find(name) == Some(value.value.as_str()))
            };
            if !chosen.0.0.iter().all(fits) && broken.last() != Some(id) {
                broken.push(*id);
            }
        }
    }
    Ok(check(
        "past_values_have_provenance",
        "the source record that a golden value names, or a steward, stated it, in every version there ever was",
        &broken,
    ))
}

/// The hash decides whether a file changes a source record: a wrong one would let a correction pass unseen, or make a
/// version of nothing.
async fn check_content_hashes(tx: &mut Tx) -> Result<Check, StoreError> {
    const SQL: &str = "SELECT id, content_hash, stated FROM source_records WHERE id > $1
         AND id NOT IN (SELECT source_record_id FROM erased_source_records) ORDER BY id LIMIT $2";
    let mut broken = Vec::new();
    let mut after = 0;
    loop {
        let rows: Vec<(i64, i64, Json<Values>)> =
            on_tx!(tx, |c| sqlx::query_as(SQL).bind(after).bind(PAGE).fetch_all(c).await)?;
        let Some(last) = rows.last() else { break };
        after = last.0;
        broken.extend(rows.iter().filter(|(_, hash, stated)| content_hash(&stated.0) != *hash).map(|row| row.0));
    }
    Ok(check(
        "content_hashes",
        "the content hash of every source record is that of what it states, or stated before it was erased",
        &broken,
    ))
}

async fn check_decisions(tx: &mut Tx) -> Result<Check, StoreError> {
    const SQL: &str = "SELECT DISTINCT entity FROM constraints WHERE undone_us IS NULL ORDER BY entity";
    let entities: Vec<String> = on_tx!(tx, |c| sqlx::query_scalar(SQL).fetch_all(c).await)?;
    let mut broken = Vec::new();
    for entity in entities {
        broken.extend(constraints::list_contradicted(&constraints::holding(tx, &entity).await?));
    }
    Ok(check(
        "decisions_agree",
        "no decision to part two source records stands against decisions to join them",
        &broken,
    ))
}

/// Where the rules let registers stand together by agreements alone, a decision has no force across those that have none.
async fn check_must_links(tx: &mut Tx) -> Result<Check, StoreError> {
    const SQL: &str = "SELECT c.id, c.entity, l.golden_id, r.golden_id FROM constraints c
         JOIN source_records ls ON ls.id = c.left_id AND ls.retired_us IS NULL
         JOIN source_records rs ON rs.id = c.right_id AND rs.retired_us IS NULL
         LEFT JOIN crosswalks l ON l.source_record_id = c.left_id AND l.recorded_to_us IS NULL
         LEFT JOIN crosswalks r ON r.source_record_id = c.right_id AND r.recorded_to_us IS NULL
         WHERE c.undone_us IS NULL AND c.kind = 'must_link' AND (l.golden_id IS NULL OR r.golden_id IS NULL OR l.golden_id <> r.golden_id)
         AND NOT EXISTS (SELECT 1 FROM unresolved_source_records u WHERE u.source_record_id IN (c.left_id, c.right_id)) ORDER BY c.id";
    let apart: Vec<(i64, String, Option<i64>, Option<i64>)> = on_tx!(tx, |c| sqlx::query_as(SQL).fetch_all(c).await)
        .map_err(|e| StoreError::from(e).doing("must_links_hold"))?;
    let mut broken = Vec::new();
    for (id, entity, left, right) in apart {
        let is_without = match (agreements::in_force(tx, &entity).await?, left, right) {
            (Some(links), Some(left), Some(right)) => {
                agreements::is_without_agreement(tx, &links, &[left, right]).await?
            }
            _ => false,
        };
        if !is_without {
            broken.push(id);
        }
    }
    let what = "source records that a steward joined have one golden record, once resolved, where registers may stand together";
    Ok(check("must_links_hold", what, &broken))
}

/// Those published before hubs kept a hash cannot be judged.
async fn check_rule_sets(tx: &mut Tx) -> Result<Check, StoreError> {
    const SQL: &str =
        "SELECT version, body, body_hash FROM rule_sets WHERE body_hash IS NOT NULL ORDER BY entity, version";
    let rows: Vec<(i64, Json<serde_json::Value>, String)> = on_tx!(tx, |c| sqlx::query_as(SQL).fetch_all(c).await)?;
    let changed = rows.iter().filter(|(_, body, hash)| body_hash(&body.0) != *hash);
    let broken: Vec<i64> = changed.map(|row| row.0).collect();
    Ok(check("rule_sets_frozen", "every rule set is as it was published", &broken))
}

async fn stated_by_members(tx: &mut Tx, golden: &[i64]) -> Result<(BTreeMap<i64, Vec<i64>>, Versions), StoreError> {
    const NOW: &str = "SELECT c.golden_id, r.id, r.version, r.stated FROM crosswalks c JOIN source_records r ON r.id = c.source_record_id
         WHERE c.golden_id IN (SELECT id FROM {ids $1} AS i) AND c.recorded_to_us IS NULL";
    const BEFORE: &str = "SELECT c.golden_id, v.source_record_id, v.version, v.stated FROM crosswalks c
         JOIN source_record_versions v ON v.source_record_id = c.source_record_id
         WHERE c.golden_id IN (SELECT id FROM {ids $1} AS i) AND c.recorded_to_us IS NULL";
    let engine = tx.engine();
    let list = json(golden);
    let mut members: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    let mut versions = Versions::default();
    for text in [NOW, BEFORE] {
        let rows: Vec<(i64, i64, i64, Json<Values>)> =
            on_tx!(tx, |c| sqlx::query_as(sql(engine, text)).bind(&list).fetch_all(c).await)?;
        for (golden, source, version, stated) in rows {
            members.entry(golden).or_default().push(source);
            versions.insert((source, version as i32), stated.0);
        }
    }
    Ok((members, versions))
}

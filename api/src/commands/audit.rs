//! `kanak audit`: the trail copied, checked without a hub, and asked whom a breach affects.

use std::fs::OpenOptions;
use std::io::{BufWriter, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use anyhow::{Context as _, bail};
use kanak_model::kind::Class;
use kanak_model::source_system::RowsAre;
use kanak_model::{Access, Caller, GoldenId, Kind, Purpose, Timestamp};
use kanak_store::{Affected, AuditEvent, AuditKey, AuditVerdict, Touched, verify_audit_file};
use serde_json::json;

use crate::cli::{AffectedArgs, AuditDataCommand, Breached};
use crate::deployment::Deployment;
use crate::output::Output;

/// Runs a subcommand that works on a data folder.
///
/// # Errors
/// When the trail cannot be read, or the file cannot be written.
pub async fn run(command: &AuditDataCommand, deployment: &Deployment, output: &Output) -> anyhow::Result<()> {
    match command {
        AuditDataCommand::Export { file } => export(file, deployment, output).await,
        AuditDataCommand::Affected(args) => affected(args, deployment, output).await,
        AuditDataCommand::Key => {
            let key = deployment.store.audit_key().context("this hub was opened without its keys")?;
            if output.json {
                return output.document(&json!({ "public_key": key.to_string() }));
            }
            output.line(key);
            Ok(())
        }
    }
}

async fn export(file: &Path, deployment: &Deployment, output: &Output) -> anyhow::Result<()> {
    let store = &deployment.store;
    let shown = file.display().to_string();
    let new = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
    let mut out =
        BufWriter::new(new.with_context(|| format!("cannot make {shown}; name a file that is not there yet"))?);
    // First, so that the copy holds its own entry and a checkpoint over it: nothing leaves the hub unrecorded.
    let access = Access::operation("command line");
    store.audit(AuditEvent::read(&access, "exported audit trail", "audit trail".to_owned())).await?;
    let checkpoint = store.checkpoint_audit().await?;
    let entries = store.export_audit(&shown, &mut out).await?;
    out.flush().with_context(|| format!("cannot write {shown}"))?;
    out.get_ref().sync_all().with_context(|| format!("cannot write {shown}"))?;
    let key = checkpoint.signed_by.clone();
    if output.json {
        return output.document(&json!({ "file": shown, "entries": entries, "checkpoint": checkpoint.id,
                                        "checkpoint_hash": checkpoint.hash, "public_key": key }));
    }
    output.note(format!("{entries} entries to {shown}, signed up to the last by {}", checkpoint.words()));
    output.note(format!("check them anywhere: kanak audit verify {shown} --key {key}"));
    Ok(())
}

/// A time as a person writes it; a day is its begin in India.
fn read_from(text: &str) -> anyhow::Result<Timestamp> {
    let end = read_until(text)?;
    Ok(if text.contains('T') { end } else { Timestamp::start_of_day_ist(end.day_ist()) })
}

/// A time as a person writes it; a day is its end in India.
fn read_until(text: &str) -> anyhow::Result<Timestamp> {
    Timestamp::parse(text).with_context(|| Timestamp::no_time(text))
}

async fn affected(args: &AffectedArgs, deployment: &Deployment, output: &Output) -> anyhow::Result<()> {
    let store = &deployment.store;
    let purpose = Purpose::find(&args.purpose).context("unknown purpose")?;
    let access = Access::decide(&Caller::system("command line"), purpose)?;
    let from = args.from.as_deref().map_or(Ok(Timestamp(0)), read_from)?;
    // Times are half-open: an entry of the last microsecond counts.
    let to = args.to.as_deref().map_or(Ok(deployment.clock.now()), read_until)?;
    let to = Timestamp(to.0.saturating_add(1));
    if from >= to {
        bail!(
            "the period ends before it begins: {from} is later than {}; name the earlier time with --from",
            Timestamp(to.0 - 1)
        );
    }
    let Breached { source, key, user } = &args.breached;
    let (what, found) = match (source, key, user) {
        (Some(name), _, _) => {
            let known = store.list_source_systems().await?;
            let Some(source) = known.iter().find(|source| source.name == *name) else {
                let names: Vec<&str> = known.iter().map(|source| source.name.as_str()).collect();
                bail!("no source `{name}`; there are {}", names.join(", "));
            };
            if let RowsAre::Event(event) = &source.rows {
                bail!(
                    "`{name}` is a register of events of the kind `{event}`, which the hub links to no golden record: the warehouse \
                     does. Ask the columns that end in `golden_id` of its fact table, such as `kanak sql \"select distinct \
                     beneficiary_golden_id from fct_benefit_payments where source_system = '{name}'\"`"
                );
            }
            (format!("source {name}"), store.list_affected_by_source(name, from, to).await?)
        }
        (_, Some(name), _) => {
            let known = store.list_api_keys().await?;
            let Some(key) = known.iter().find(|key| key.name == *name) else {
                let mut names: Vec<&str> = known.iter().map(|key| key.name.as_str()).collect();
                names.dedup();
                bail!(
                    "no key `{name}`; there are {}",
                    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
                );
            };
            // The trail calls a key otherwise than a person of the same name.
            (format!("key {name}"), store.list_affected_by_actor(&key.caller().name, from, to).await?)
        }
        (_, _, Some(name)) => {
            if store.find_user_by_name(name).await?.is_none() {
                let names: Vec<String> = store.list_users().await?.into_iter().map(|user| user.name).collect();
                bail!("no user `{name}`; there are {}", names.join(", "));
            }
            (format!("user {name}"), store.list_affected_by_actor(name, from, to).await?)
        }
        _ => bail!("name what was breached: --source, --key or --user"),
    };
    store.record_reads(&access, "asked whom a breach affects", [what.as_str()]).await?;
    let places = places(deployment, &found).await?;
    let shows_people = access.shows(Class::Personal);
    if output.json {
        let golden: Vec<_> = found.golden.iter().map(touched_json).collect();
        return output.document(&json!({
            "breached": what, "from": from.to_string(), "to": to.to_string(),
            "golden_record_count": found.golden.len(),
            "golden_records": if shows_people { json!(golden) } else { serde_json::Value::Null },
            "by_district": places.iter().map(|(entity, district, count)|
                json!({ "entity": entity, "district": district, "golden_records": count })).collect::<Vec<_>>(),
            "entries_that_name_no_golden_record": found.unnamed,
        }));
    }
    if shows_people {
        let rows: Vec<Vec<String>> = found.golden.iter().map(touched_row).collect();
        let header = ["golden record", "entity", "source records", "read", "changed", "first", "last"];
        output.table(&header, &rows);
        output.line("");
    }
    let rows: Vec<Vec<String>> =
        places.into_iter().map(|(entity, district, count)| vec![entity, district, count.to_string()]).collect();
    output.table(&["entity", "district", "golden records"], &rows);
    for (action, count) in &found.unnamed {
        output
            .line(format!("{count} entries `{action}` name no golden record: whom they showed, the trail cannot tell"));
    }
    output.note(format!("{what}: {} golden records from {from} to {to}", found.golden.len()));
    Ok(())
}

fn touched_json(touched: &Touched) -> serde_json::Value {
    json!({ "golden_id": touched.golden_id.to_string(), "entity": touched.entity, "source_records": touched.source_records,
            "reads": touched.reads, "changes": touched.changes,
            "first": touched.first.to_string(), "last": touched.last.to_string() })
}

fn touched_row(touched: &Touched) -> Vec<String> {
    vec![
        touched.golden_id.to_string(),
        touched.entity.clone(),
        touched.source_records.to_string(),
        touched.reads.to_string(),
        touched.changes.to_string(),
        touched.first.to_string(),
        touched.last.to_string(),
    ]
}

/// Entity type, district and how many golden records; the most first.
async fn places(deployment: &Deployment, found: &Affected) -> anyhow::Result<Vec<(String, String, u64)>> {
    let codes = deployment.codes();
    let districts = codes.get_system("lgd-district")?;
    let mut places = Vec::new();
    for model in deployment.models.iter() {
        let ids: Vec<GoldenId> =
            found.golden.iter().filter(|one| one.entity == model.name).map(|one| one.golden_id).collect();
        let district = model.attributes.iter().find(|attribute| attribute.kind == Kind::District);
        let counts = match district {
            Some(attribute) => deployment.store.count_golden_by(&attribute.name, &ids).await?,
            None if ids.is_empty() => continue,
            None => [(String::new(), ids.len() as u64)].into(),
        };
        places.extend(counts.into_iter().map(|(code, count)| {
            let name = match districts.lookup(&code) {
                _ if code.is_empty() => "not stated".to_owned(),
                Some(concept) => concept.property("label").unwrap_or_else(|| concept.display()).to_owned(),
                None => code,
            };
            (model.name.clone(), name, count)
        }));
    }
    places.sort_by(|a, b| (std::cmp::Reverse(a.2), &a.0, &a.1).cmp(&(std::cmp::Reverse(b.2), &b.0, &b.1)));
    Ok(places)
}

/// Checks an exported trail, without a hub.
///
/// # Errors
/// When a key is none, the file is no trail, or the trail is broken.
pub fn verify(file: &Path, keys: &[String], output: &Output) -> anyhow::Result<()> {
    let keys: Vec<AuditKey> = keys.iter().map(|key| read_key(key)).collect::<anyhow::Result<_>>()?;
    let verdict = verify_audit_file(file, &keys)?;
    if output.json {
        output.document(&to_json(&verdict))?;
    } else {
        output.line(&verdict);
        for fault in &verdict.faults {
            output.line(format!("BROKEN: {fault}"));
        }
    }
    match verdict.faults.as_slice() {
        [] => {
            output.note("every entry fits the one before it, every checkpoint is signed and holds, and the last covers the last entry");
            Ok(())
        }
        [fault] => bail!("the trail is broken: {fault}"),
        [fault, others @ ..] => bail!("the trail is broken in {} places, the first: {fault}", others.len() + 1),
    }
}

/// 64 hex digits, or a file with them.
fn read_key(text: &str) -> anyhow::Result<AuditKey> {
    let bad = || format!("`{text}` is no public key and no file with one; `kanak audit key` prints it, 64 hex digits");
    match AuditKey::parse(text) {
        Some(key) => Ok(key),
        None => AuditKey::parse(&std::fs::read_to_string(text).with_context(bad)?).with_context(bad),
    }
}

fn to_json(verdict: &AuditVerdict) -> serde_json::Value {
    json!({
        "holds": verdict.holds(), "entries": verdict.entries, "chains": verdict.chains,
        "checkpoints": verdict.checkpoints, "entries_after_last_checkpoint": verdict.after_checkpoint,
        "exported_at": verdict.exported_at.map(|at| at.to_string()),
        "faults": verdict.faults.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::House;

    #[tokio::test]
    async fn whom_a_breach_affects_is_told_for_a_purpose_and_itself_recorded() {
        let house = House::with_two_people().await;
        let deployment = &house.deployment;
        let asked = |breached: Breached, purpose: &str| {
            AuditDataCommand::Affected(AffectedArgs {
                breached,
                from: Some("2020-01-01".to_owned()),
                to: None,
                purpose: purpose.to_owned(),
            })
        };
        let of = |source: Option<&str>, user: Option<&str>| Breached {
            source: source.map(str::to_owned),
            key: None,
            user: user.map(str::to_owned),
        };
        let (output, mut printed) = Output::captured();
        run(&asked(of(Some("people"), None), "operation"), deployment, &output).await.unwrap();
        let text = printed();
        assert!(text.contains("\"golden_record_count\": 2") && text.contains("K-000001-"), "{text}");
        run(&asked(of(Some("people"), None), "statistics"), deployment, &output).await.unwrap();
        let text = printed();
        assert!(text.contains("\"golden_record_count\": 2") && !text.contains("K-000001-"), "{text}");
        let trail = deployment.store.list_audit_events(0, 100).await.unwrap();
        let told = trail.iter().filter(|entry| entry.event.action == "asked whom a breach affects");
        assert_eq!(
            told.map(|entry| entry.event.purpose).collect::<Vec<_>>(),
            [Some(Purpose::Operation), Some(Purpose::Statistics)]
        );
        let unknown = run(&asked(of(Some("peoples"), None), "operation"), deployment, &output).await.unwrap_err();
        assert!(unknown.to_string().contains("no source `peoples`; there are people"), "{unknown}");
        let nobody = run(&asked(of(None, Some("nobody")), "operation"), deployment, &output).await.unwrap_err();
        assert!(nobody.to_string().contains("no user `nobody`"), "{nobody}");
    }

    #[tokio::test]
    async fn a_period_that_ends_before_it_begins_and_a_register_of_events_are_refused_in_words() {
        let house = House::with_two_people().await;
        let receipts = "RECEIPT_NO|MAJOR_HEAD|DDO_OFFICE|DISTRICT|PAYER_GSTIN|AMOUNT|RECEIVED_ON|MODE\nTR1|0006||||12.50|01/04/2026 10:00|cash\n";
        house.ingest("receipts_1.csv", receipts).await;
        let ask = async |source: &str, from: &str, to: &str| {
            let breached = Breached { source: Some(source.to_owned()), key: None, user: None };
            let args = AffectedArgs {
                breached,
                from: Some(from.to_owned()),
                to: Some(to.to_owned()),
                purpose: "operation".to_owned(),
            };
            let asked = run(&AuditDataCommand::Affected(args), &house.deployment, &Output::silent()).await;
            asked.unwrap_err().to_string()
        };
        let backwards = ask("people", "2026-02-01", "2026-01-01").await;
        assert!(backwards.contains("ends before it begins"), "{backwards}");
        let events = ask("receipts", "2020-01-01", "2030-01-01").await;
        assert!(events.contains("register of events") && events.contains("kanak sql"), "{events}");
    }

    #[tokio::test]
    async fn what_a_key_read_is_told_by_the_key_and_not_by_a_person_of_its_name() {
        let house = House::with_two_people().await;
        let store = &house.deployment.store;
        let (by, roles) = (Caller::system("test"), [kanak_model::Role::Department].into());
        let rng = &mut crate::secrets::os_rng();
        let secret = store.create_api_key(&by, "seva", &roles, None, None, rng).await.unwrap();
        store.create_user(&by, "seva", "a long password", &roles, None, rng).await.unwrap();
        let caller = store.find_api_key(&secret).await.unwrap().unwrap().caller();
        let access = Access::decide(&caller, Purpose::ServiceDelivery).unwrap();
        store.record_reads(&access, "read golden record", [GoldenId(1)]).await.unwrap();
        let (output, mut printed) = Output::captured();
        let mut ask = async |key: Option<&str>, user: Option<&str>| {
            let breached = Breached { source: None, key: key.map(str::to_owned), user: user.map(str::to_owned) };
            let args = AffectedArgs { breached, from: None, to: None, purpose: "operation".to_owned() };
            run(&AuditDataCommand::Affected(args), &house.deployment, &output).await.unwrap();
            let told: serde_json::Value = serde_json::from_str(&printed()).unwrap();
            told["golden_record_count"].clone()
        };
        assert_eq!(ask(Some("seva"), None).await, 1);
        assert_eq!(ask(None, Some("seva")).await, 0);
    }

    #[tokio::test]
    async fn an_exported_trail_holds_its_own_entry_and_is_checked_with_the_key_alone() {
        let house = House::with_two_people().await;
        let deployment = &house.deployment;
        let (trail, public) = (house.folder().join("trail.ndjson"), house.folder().join("audit.pub"));
        let output = Output::silent();
        run(&AuditDataCommand::Export { file: trail.clone() }, deployment, &output).await.unwrap();
        let text = std::fs::read_to_string(&trail).unwrap();
        let kept = deployment.store.list_audit_events(0, 100).await.unwrap();
        let own = kept.iter().find(|entry| entry.event.action == "exported audit trail").unwrap();
        assert!(text.contains("exported audit trail"));
        let again = run(&AuditDataCommand::Export { file: trail.clone() }, deployment, &output).await.unwrap_err();
        assert!(again.to_string().contains("not there yet"), "{again}");
        let key = deployment.store.audit_key().unwrap().to_string();
        std::fs::write(&public, format!("{key}\n")).unwrap();
        for key in [key.clone(), public.display().to_string()] {
            verify(&trail, &[key], &output).unwrap();
        }
        let refused = verify(&trail, &["77".to_owned()], &output).unwrap_err();
        assert!(format!("{refused:#}").contains("`77` is no public key"), "{refused:#}");
        std::fs::write(&trail, text.replace("exported audit trail", "read audit trail")).unwrap();
        let broken = verify(&trail, &[key], &output).unwrap_err().to_string();
        let changed = format!("entry {} of chain {} was changed", own.number, own.chain);
        assert!(broken.contains(&changed), "{broken}");
    }

    #[tokio::test]
    async fn what_ingests_resolves_and_refreshes_is_on_record_in_numbers_and_once() {
        let house = House::with_two_people().await;
        let deployment = &house.deployment;
        let release = crate::jobs::refresh::refresh(deployment, &Output::silent()).await.unwrap();
        crate::commands::resolve::resolve_all(deployment, &[], &Output::silent()).await.unwrap();
        let trail = deployment.store.list_audit_events(0, 100).await.unwrap();
        let of = |action: &str| -> Vec<&kanak_store::AuditEntry> {
            trail.iter().filter(|entry| entry.event.action == action).collect()
        };
        let (ingested, resolved, refreshed) = (of("ingested"), of("resolved"), of("refreshed"));
        assert_eq!((ingested.len(), resolved.len()), (1, 1), "nothing is told where nothing changed");
        assert_eq!(refreshed.len() as u64, release.number, "each release once");
        assert_eq!((ingested[0].event.subject.as_str(), &ingested[0].event.detail["new"]), ("ingest run 1", &2.into()));
        assert_eq!(ingested[0].event.detail["source"], "people");
        assert_eq!(resolved[0].event.detail["created"], 2);
        assert_eq!(refreshed[0].event.subject, "release 1");
        assert!(trail.iter().all(|entry| !entry.event.detail.to_string().contains("Asha")));
    }
}

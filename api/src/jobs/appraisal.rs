//! Officers' work appraised: inputs read out of the warehouse and frozen, objections recorded and decided.

use anyhow::Context as _;
use kanak_model::Role;
use kanak_warehouse::appraisal::{
    AppraisalConfig, Appraisals, Entry, Frozen, NewContest, NewDecision, Period, Verdict, collect,
};
use serde_json::json;

use crate::config;
use crate::deployment::Deployment;
use crate::jobs::on_record::record;

/// The file beside kanak.toml that stands in place of the settings that come with Kanak.
const SETTINGS: &str = "appraisal.toml";

/// Who answers for officers' figures: enters objections to cases and decides them.
pub const ANSWER_FOR_FIGURES: [Role; 3] = [Role::Analyst, Role::Supervisor, Role::Administrator];

/// The settings of a deployment: the name of their file and their text.
///
/// # Errors
/// When the file is there and cannot be read.
fn settings(deployment: &Deployment) -> anyhow::Result<(String, String)> {
    let path = config::path_beside(&deployment.data).with_file_name(SETTINGS);
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok((path.display().to_string(), text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Ok((format!("models/{SETTINGS}"), AppraisalConfig::BUILTIN.to_owned()))
        }
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

/// Freezes the appraisal of a period, of one cadre or of all.
///
/// # Errors
/// When the warehouse has no release, the period is not over, or the settings do not read.
pub async fn freeze(deployment: &Deployment, period: Period, cadre: Option<&str>) -> anyhow::Result<Frozen> {
    let (file, text) = settings(deployment)?;
    // Settings that do not read stop it before anything else is read.
    AppraisalConfig::parse(&file, &text)?;
    let (inputs, read) = collect(&deployment.warehouse, period).await?;
    let (appraisals, cadre) = (deployment.warehouse.appraisals(), cadre.map(str::to_owned));
    let freezing = tokio::task::spawn_blocking(move || {
        appraisals.freeze(&inputs, read, (file.as_str(), text.as_str()), cadre.as_deref())
    });
    let frozen = freezing.await??;
    let detail = json!({ "period": period.to_string(), "cadre": frozen.manifest.cadre, "release": read.release });
    record(deployment, "appraisal", "froze appraisal", frozen.id.clone(), detail).await?;
    Ok(frozen)
}

/// Records an objection to a case.
///
/// # Errors
/// When the case is not on the officer's sheet, or there is an objection to it already.
pub async fn contest(
    deployment: &Deployment,
    id: &str,
    (officer, case): (&str, &str),
    (by, reason): (&str, &str),
) -> anyhow::Result<Entry> {
    let at = deployment.clock.now();
    let entry = with_owned(deployment, id, [officer, case, reason, by], move |all, id, [officer, case, reason, by]| {
        all.contest(id, NewContest { officer, case, reason, by, at })
    })
    .await?;
    let detail = json!({ "officer": officer, "case": case, "objection": entry.number, "by": by });
    record(deployment, "appraisal", "objected to a case", id.to_owned(), detail).await?;
    Ok(entry)
}

/// Decides on an objection.
///
/// # Errors
/// When there is none that waits, or the one who objected decides.
pub async fn decide(
    deployment: &Deployment,
    id: &str,
    (contest, verdict): (u64, Verdict),
    (by, reason): (&str, &str),
) -> anyhow::Result<Entry> {
    let at = deployment.clock.now();
    let entry = with_owned(deployment, id, [by, reason], move |all, id, [by, reason]| {
        all.decide(id, NewDecision { contest, verdict, reason, by, at })
    })
    .await?;
    let detail = json!({ "objection": contest, "verdict": verdict, "by": by });
    record(deployment, "appraisal", "decided on an objection", id.to_owned(), detail).await?;
    Ok(entry)
}

/// Does what reads and writes files on a thread of its own.
async fn with_owned<const N: usize>(
    deployment: &Deployment,
    id: &str,
    words: [&str; N],
    work: impl FnOnce(&Appraisals, &str, [&str; N]) -> Result<Entry, kanak_warehouse::appraisal::AppraisalError>
    + Send
    + 'static,
) -> anyhow::Result<Entry> {
    let (all, id, words) = (deployment.warehouse.appraisals(), id.to_owned(), words.map(str::to_owned));
    let done = tokio::task::spawn_blocking(move || {
        let words = words.each_ref().map(String::as_str);
        work(&all, &id, words)
    });
    Ok(done.await??)
}

/// Sees that a person who is named for a decision is known here and may read figures.
///
/// # Errors
/// When there is no such user, or one who may not.
pub async fn check_person(deployment: &Deployment, name: &str) -> anyhow::Result<()> {
    let user = deployment.store.find_user_by_name(name).await?;
    let user = user.filter(|user| user.disabled.is_none());
    let user = user.with_context(|| format!("there is no user `{name}`; `kanak user list` names them"))?;
    let may = ANSWER_FOR_FIGURES.iter().any(|role| user.roles.contains(role));
    anyhow::ensure!(may, "`{name}` is no analyst, supervisor or administrator; name one who is");
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;
    use std::sync::Arc;

    use kanak_model::Timestamp;
    use kanak_model::clock::FixedClock;
    use kanak_warehouse::appraisal::{Report, What};

    use super::*;
    use crate::commands::resolve::resolve_all;
    use crate::jobs::refresh::refresh;
    use crate::output::Output;
    use crate::testing::{House, person};

    /// Three officers of the office of the Deputy Commissioner, Amritsar.
    fn officers(designation: &str) -> String {
        let header = "EMP_ID,EMP_NAME,FATHER_NAME,SEX,DOB,AADHAAR_NO,PAN_NO,MOBILE_NO,DESIGNATION,OFFICE_CODE,REPORTING_OFFICER,\
                      DISTRICT,JOINING_DATE,RETIREMENT_DATE,EMP_STATUS,LAST_MODIFIED\n";
        (1..=3).fold(header.to_owned(), |mut text, id: u64| {
            let (name, born) = person(7 * id);
            let _ = writeln!(
                text,
                "E{id},{name},,M,{born},,,,{designation},OFF-REV-D27,,Amritsar,2015-07-01,,IN SERVICE,2025-01-01 10:00:00"
            );
            text
        })
    }

    /// Forty cases of each, all of one day, of which so many were decided within the limit of one working day.
    fn applications(in_time: [u32; 3]) -> String {
        let header = "APPLICATION_NO,SERVICE_CODE,CENTRE_CODE,OFFICE_CODE,DISTRICT,CHANNEL,RATION_CARD_MEMBER,OFFICER_ID,APPLIED_AT,\
                      DISPOSED_AT,STATUS,REJECTION_REASON,FEE_RS,HOLD_REASON,HOLD_DAYS\n";
        (1..).zip(in_time).fold(header.to_owned(), |mut text, (id, in_time)| {
            for nth in 0..40 {
                let disposed = if nth < in_time { "2025-06-03" } else { "2025-06-20" };
                let _ = writeln!(
                    text,
                    "SA-{id}-{nth:02},SVC-001,,OFF-REV-D27,Amritsar,centre,,E{id},2025-06-02 10:00:00,{disposed} 10:00:00,delivered,,0,,0"
                );
            }
            text
        })
    }

    async fn bring_up(house: &House) {
        resolve_all(&house.deployment, &[], &Output::silent()).await.unwrap();
        refresh(&house.deployment, &Output::silent()).await.unwrap();
    }

    async fn with_officers() -> House {
        let house = House::new().await;
        house.ingest("hrms_1.csv", &officers("Clerk")).await;
        house.ingest("service_applications_1.csv", &applications([30, 20, 38])).await;
        bring_up(&house).await;
        house
    }

    fn year() -> Period {
        "2025-26".parse().unwrap()
    }

    #[tokio::test]
    async fn a_frozen_appraisal_has_the_same_bytes_a_month_later_after_all_that_came_since() {
        let house = with_officers().await;
        let frozen = freeze(&house.deployment, year(), None).await.unwrap();
        let report: Report = serde_json::from_slice(frozen.report()).unwrap();
        assert_eq!((report.cases, report.officers.len(), report.of_nobody), (120, 3, 0));
        assert!(report.officers.iter().all(|sheet| sheet.cadre == "staff" && sheet.outcome.score().is_some()));
        let in_time: Vec<f64> = report.officers.iter().map(|sheet| sheet.figures[0].observed).collect();
        let mut sorted = in_time.clone();
        sorted.sort_by(f64::total_cmp);
        assert_eq!(sorted, [0.5, 0.75, 0.95]);
        // Departments mend what they stated, an officer rises, the lake is compacted to what holds now.
        house.ingest("service_applications_2.csv", &applications([40, 40, 10])).await;
        house.ingest("hrms_2.csv", &officers("Tehsildar")).await;
        bring_up(&house).await;
        house.deployment.warehouse.compact(1).await.unwrap();
        let mut later = house.opened_again().await;
        let month = 31 * 86_400 * 1_000_000;
        later.clock = Arc::new(FixedClock(Timestamp(house.deployment.clock.now().0 + month)));
        refresh(&later, &Output::silent()).await.unwrap();
        let again = later.warehouse.appraisals().get(&frozen.id).unwrap();
        again.reckon_again().unwrap();
        assert_eq!(again.report(), frozen.report());
        let anew = freeze(&later, year(), None).await.unwrap();
        assert_ne!(
            (anew.id.as_str(), anew.report()),
            (frozen.id.as_str(), frozen.report()),
            "the facts are others now"
        );
    }

    #[tokio::test]
    async fn an_objection_that_was_accepted_is_on_record_with_its_difference_and_goes_into_a_backup() {
        let house = with_officers().await;
        let deployment = &house.deployment;
        let frozen = freeze(deployment, year(), None).await.unwrap();
        let report: Report = serde_json::from_slice(frozen.report()).unwrap();
        let all = deployment.warehouse.appraisals();
        let worst = report.officers.iter().find(|sheet| sheet.figures[0].observed < 0.6).unwrap();
        let sheet = all.sheet(&frozen.id, &worst.officer).unwrap();
        let late = sheet.cases.iter().find(|line| line.values[0].value < 0.5).unwrap();
        let about = (worst.officer.as_str(), late.case.as_str());
        let objection = contest(deployment, &frozen.id, about, ("asha", "it lay with the court")).await.unwrap();
        let decision = (objection.number, Verdict::Accepted);
        decide(deployment, &frozen.id, decision, ("asha", "so it did")).await.unwrap_err();
        let decided = decide(deployment, &frozen.id, decision, ("bina", "so it did")).await.unwrap();
        let What::Decision { before, after, .. } = decided.what else { panic!("it is a decision") };
        assert_eq!(*before, *worst);
        assert!(after.outcome.score().unwrap().points > before.outcome.score().unwrap().points);
        assert_eq!(all.get(&frozen.id).unwrap().report(), frozen.report());
        let entries = deployment.store.list_audit_events(0, 1_000).await.unwrap();
        let of = |action: &str| entries.iter().filter(|entry| entry.event.action == action).count();
        assert_eq!((of("froze appraisal"), of("objected to a case"), of("decided on an objection")), (1, 1, 1));
        let copy = house.folder().join("copy");
        crate::commands::backup::run(&copy, deployment, &Output::silent()).await.unwrap();
        let kept = Appraisals::at(copy.join("appraisals"));
        assert_eq!(kept.get(&frozen.id).unwrap().report(), frozen.report());
        assert_eq!(kept.contests(&frozen.id).unwrap(), all.contests(&frozen.id).unwrap());
    }

    #[tokio::test]
    async fn a_deployments_own_settings_stand_in_place_of_those_that_come_along() {
        let house = with_officers().await;
        let text = AppraisalConfig::BUILTIN.replace("minimum_cases = 30", "minimum_cases = 41");
        std::fs::write(house.folder().join(SETTINGS), &text).unwrap();
        let frozen = freeze(&house.deployment, year(), Some("staff")).await.unwrap();
        let report: Report = serde_json::from_slice(frozen.report()).unwrap();
        assert!(report.officers.iter().all(|sheet| sheet.outcome.score().is_none()));
        std::fs::write(house.folder().join(SETTINGS), "[appraisal]\nversion = \"one\"\n").unwrap();
        let refused = freeze(&house.deployment, year(), None).await.unwrap_err().to_string();
        assert!(refused.contains("appraisal.toml") && refused.contains(":2"), "{refused}");
        check_person(&house.deployment, "nobody").await.unwrap_err();
    }
}

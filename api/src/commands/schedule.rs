//! `kanak schedule`: what a server does by itself at set times, and what came of it.

use anyhow::Context as _;
use kanak_model::Caller;
use kanak_store::{Run, Schedule};
use serde_json::{Value, json};

use crate::cli::ScheduleCommand;
use crate::deployment::Deployment;
use crate::jobs::scheduled::{Worker, builtin, shown_state};
use crate::output::Output;

/// Runs a `schedule` command.
///
/// # Errors
/// When there is no schedule of the name, or the run fails.
pub async fn run(command: &ScheduleCommand, deployment: &Deployment, output: &Output) -> anyhow::Result<()> {
    let store = &deployment.store;
    let by = Caller::system("command line");
    store.declare_schedules(&builtin()).await?;
    match command {
        ScheduleCommand::List => list(deployment, output).await,
        ScheduleCommand::History { name, limit } => {
            print_runs(&store.list_schedule_runs(&get(deployment, name).await?.name, None, *limit).await?, output)
        }
        ScheduleCommand::Run { name } => run_now(&get(deployment, name).await?, &by, deployment, output).await,
        ScheduleCommand::Pause { name } => {
            store.pause_schedule(&by, &get(deployment, name).await?.name).await?;
            output.note(format!("schedule {name} is paused; `kanak schedule resume {name}` lets it go on"));
            Ok(())
        }
        ScheduleCommand::Resume { name } => {
            store.resume_schedule(&by, &get(deployment, name).await?.name).await?;
            output.note(format!("schedule {name} goes on while a server runs"));
            Ok(())
        }
    }
}

/// The schedule of this name; an unknown one is refused with those that there are.
async fn get(deployment: &Deployment, name: &str) -> anyhow::Result<Schedule> {
    let all = deployment.store.list_schedules().await?;
    let known = all.iter().map(|schedule| schedule.name.clone()).collect::<Vec<_>>().join(", ");
    let found = all.into_iter().find(|schedule| schedule.name == name);
    found.with_context(|| format!("no schedule `{name}`; there are {known}"))
}

/// How long the intervals of a schedule are, in words.
fn every(schedule: &Schedule) -> String {
    match schedule.every.as_secs() {
        0 => "as it comes".to_owned(),
        seconds if seconds % 86_400 == 0 => format!("{} d", seconds / 86_400),
        seconds if seconds % 3_600 == 0 => format!("{} h", seconds / 3_600),
        seconds if seconds % 60 == 0 => format!("{} min", seconds / 60),
        seconds => format!("{seconds} s"),
    }
}

async fn list(deployment: &Deployment, output: &Output) -> anyhow::Result<()> {
    let store = &deployment.store;
    let (mut documents, mut rows) = (Vec::new(), Vec::new());
    for schedule in store.list_schedules().await? {
        let last = store.list_schedule_runs(&schedule.name, None, 1).await?.into_iter().next();
        let state = if schedule.paused.is_some() { "paused" } else { "goes on" };
        documents.push(json!({
            "name": schedule.name, "job": schedule.job.word(), "every_seconds": schedule.every.as_secs(),
            "catch_up": schedule.catch_up.word(), "retries_max": schedule.retries_max,
            "paused": schedule.paused.map(|at| at.to_string()), "last_run": last.as_ref().map(run_document),
        }));
        let told = |field: fn(&Run) -> String| last.as_ref().map(field).unwrap_or_default();
        rows.push(vec![
            schedule.name.clone(),
            every(&schedule),
            state.to_owned(),
            told(|run| run.ended.or(run.started).map(|at| at.to_string()).unwrap_or_default()),
            told(shown_state),
            told(|run| run.message.clone().unwrap_or_default()),
        ]);
    }
    if output.json {
        return output.document(&documents);
    }
    output.table(&["schedule", "every", "state", "last run", "ended", "what it said"], &rows);
    Ok(())
}

fn run_document(run: &Run) -> Value {
    json!({
        "id": run.id, "schedule": run.schedule, "from": run.from.to_string(), "to": run.to.to_string(),
        "state": run.state.word(), "attempt": run.attempt, "started": run.started.map(|at| at.to_string()),
        "ended": run.ended.map(|at| at.to_string()), "message": run.message,
    })
}

fn print_runs(runs: &[Run], output: &Output) -> anyhow::Result<()> {
    if output.json {
        return output.document(&runs.iter().map(run_document).collect::<Vec<_>>());
    }
    let rows: Vec<Vec<String>> = runs
        .iter()
        .map(|run| {
            vec![
                run.id.to_string(),
                run.from.to_string(),
                run.to.to_string(),
                shown_state(run),
                run.ended.map(|at| at.to_string()).unwrap_or_default(),
                run.message.clone().unwrap_or_default(),
            ]
        })
        .collect();
    output.table(&["run", "from", "to", "state", "ended", "what it said"], &rows);
    Ok(())
}

async fn run_now(schedule: &Schedule, by: &Caller, deployment: &Deployment, output: &Output) -> anyhow::Result<()> {
    let worker = Worker::on(&deployment.data)?;
    deployment.store.run_schedule_now(by, &schedule.name, worker.place(schedule.job)).await?;
    let done = Box::pin(worker.carry_out_next(deployment, schedule)).await?;
    let (run, done) = done.with_context(|| {
        format!("schedule {} is being carried out just now; its history tells how it ends", schedule.name)
    })?;
    let said = done?;
    if output.json {
        return output.document(&json!({ "run": run.id, "schedule": run.schedule, "state": "done", "message": said }));
    }
    output.line(format!("run {} of schedule {}: {said}", run.id, run.schedule));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::House;

    #[tokio::test]
    async fn a_schedule_is_run_listed_paused_and_resumed_by_its_name() {
        let house = House::with_two_people().await;
        let deployment = &house.deployment;
        let (output, mut printed) = Output::captured();
        let name = "freshness".to_owned();
        run(&ScheduleCommand::Run { name: name.clone() }, deployment, &output).await.unwrap();
        assert!(printed().contains("as fresh as promised"));
        run(&ScheduleCommand::History { name: name.clone(), limit: 5 }, deployment, &output).await.unwrap();
        let history: Value = serde_json::from_str(&printed()).unwrap();
        assert_eq!((&history[0]["state"], &history[1]), (&json!("done"), &Value::Null));
        for (command, is_paused) in
            [(ScheduleCommand::Pause { name: name.clone() }, true), (ScheduleCommand::Resume { name }, false)]
        {
            run(&command, deployment, &output).await.unwrap();
            run(&ScheduleCommand::List, deployment, &output).await.unwrap();
            let listed: Value = serde_json::from_str(&printed()).unwrap();
            let freshness = listed.as_array().unwrap().iter().find(|one| one["name"] == "freshness").unwrap();
            assert_eq!(freshness["paused"].is_string(), is_paused, "{freshness}");
            assert_eq!(freshness["last_run"]["state"], "done");
        }
        let unknown = ScheduleCommand::Pause { name: "refrsh".to_owned() };
        let error = run(&unknown, deployment, &output).await.unwrap_err().to_string();
        assert!(error.contains("refrsh") && error.contains("compaction, freshness"), "{error}");
    }
}

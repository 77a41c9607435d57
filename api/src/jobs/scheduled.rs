//! What schedules have done: the jobs, where each is about, and one run carried out under its lease.

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use kanak_store::{Attempt, Begins, CatchUp, Job, NewSchedule, OF_THE_HUB, Run, RunState, Schedule, Store};
use rand::RngCore as _;
use tokio::task::JoinHandle;

use crate::cli::IngestArgs;
use crate::commands::ingest::{self, list_folder};
use crate::commands::resolve::resolve_all;
use crate::config::Shared;
use crate::deployment::Deployment;
use crate::jobs::freshness::{self, Kept};
use crate::jobs::refresh::refresh;
use crate::jobs::resolve::has_other_links;
use crate::output::{Output, write_private};
use crate::secrets::os_rng;

/// How long a run is its worker's without being renewed: as long as the resolver's lease, so that whoever takes that over goes on at
/// once.
const LASTS: Duration = Duration::from_secs(15);
/// How often it is renewed.
const RENEWED_EVERY: Duration = Duration::from_secs(3);
/// The file in the data folder with the word of its lake.
const WORD_FILE: &str = "kanak.lake";
/// The longest message that a history keeps, in characters.
const MESSAGE_MAX: usize = 500;
/// Runs of each schedule and place that stay in the history.
pub const RUNS_KEPT: u32 = 1_000;
/// How many releases are kept by a compaction: the one in force, and the one before for queries that run.
const RELEASES_KEPT: usize = 2;

/// The schedules that a hub has from the beginning. The inbox is read by itself only where somebody resumes that.
pub fn builtin() -> [NewSchedule; 5] {
    const DAY: u64 = 24 * 3_600;
    // Two o'clock in the night in India.
    const NIGHT: u64 = 20 * 3_600 + 30 * 60;
    let schedule = |job: Job, every: u64, offset: u64, begins: Begins| NewSchedule {
        name: job.word().to_owned(),
        job,
        every: Duration::from_secs(every),
        offset: Duration::from_secs(offset),
        catch_up: CatchUp::Once,
        retries_max: 5,
        begins,
    };
    [
        schedule(Job::Ingest, 3_600, 0, Begins::Paused),
        schedule(Job::Resolve, 0, 0, Begins::AtOnce),
        schedule(Job::Refresh, 0, 0, Begins::AtOnce),
        schedule(Job::Compaction, DAY, NIGHT, Begins::AtOnce),
        schedule(Job::Freshness, 300, 0, Begins::AtOnce),
    ]
}

/// Who carries runs out, and for which lake.
#[derive(Debug, Clone)]
pub struct Worker {
    /// A random word of this process.
    word: String,
    /// The word of the data folder's lake.
    lake: String,
}

impl Worker {
    /// A worker on a data folder, whose lake gets a word when it has none yet.
    ///
    /// # Errors
    /// When the word cannot be read or written.
    pub fn on(data: &Path) -> anyhow::Result<Self> {
        let random = || format!("{:016x}", os_rng().next_u64());
        let path = data.join(WORD_FILE);
        let lake = match std::fs::read_to_string(&path) {
            Ok(word) => word.trim().to_owned(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let word = random();
                write_private(&path, &word).with_context(|| format!("cannot write {}", path.display()))?;
                word
            }
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
        };
        Ok(Self { word: random(), lake })
    }

    /// Where the runs of a job are: for the hub, of which one server takes care, or for the lake of each.
    pub fn place(&self, job: Job) -> &str {
        if is_of_the_hub(job) { OF_THE_HUB } else { &self.lake }
    }

    /// Takes the next run of a schedule that is due and carries it out; the run as it was taken, and what it did or why it failed. `None`
    /// when none is due, or another worker has it.
    ///
    /// # Errors
    /// When the hub cannot be read or written.
    pub async fn carry_out_next(
        &self,
        deployment: &Deployment,
        schedule: &Schedule,
    ) -> anyhow::Result<Option<(Run, anyhow::Result<String>)>> {
        let store = &deployment.store;
        let place = self.place(schedule.job);
        let Some(run) = store.take_run(&schedule.name, place, &self.word, LASTS).await? else { return Ok(None) };
        let renewing = Renewing::start(store.clone(), run.clone());
        let done = Box::pin(carry_out(schedule.job, deployment)).await;
        drop(renewing);
        let said = match &done {
            Ok(message) => message.clone(),
            Err(error) => format!("{error:#}").chars().take(MESSAGE_MAX).collect(),
        };
        let ended = if done.is_ok() { Attempt::Done(&said) } else { Attempt::Failed(&said) };
        if !store.end_run(&run, ended).await? {
            tracing::warn!(run.id, "Run {} of schedule {} was taken over meanwhile", run.id, run.schedule);
            return Ok(None);
        }
        Ok(Some((run, done)))
    }
}

/// Whether a job is done once for the hub, and not for each lake.
fn is_of_the_hub(job: Job) -> bool {
    matches!(job, Job::Ingest | Job::Resolve)
}

/// A run's lease, renewed in the background until this is dropped.
struct Renewing(JoinHandle<()>);

impl Renewing {
    fn start(store: Store, run: Run) -> Self {
        Self(tokio::spawn(async move {
            loop {
                tokio::time::sleep(RENEWED_EVERY).await;
                match store.renew_run(&run, LASTS).await {
                    Ok(true) => {}
                    Ok(false) => {
                        tracing::warn!(run.id, "Run {} of schedule {} is another worker's now", run.id, run.schedule);
                        return;
                    }
                    Err(error) => tracing::warn!(%error, run.id, "Cannot renew run {}: {error}", run.id),
                }
            }
        }))
    }
}

impl Drop for Renewing {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Does what a job is, and says what came of it.
async fn carry_out(job: Job, deployment: &Deployment) -> anyhow::Result<String> {
    match job {
        Job::Ingest => read_inbox(deployment).await,
        Job::Resolve => {
            let waiting = waiting_entities(deployment).await?;
            if waiting.is_empty() {
                return Ok("nothing waited".to_owned());
            }
            resolve_all(deployment, &waiting, &Output::log()).await?;
            Ok(format!("resolved {}", waiting.join(", ")))
        }
        Job::Refresh => {
            let release = refresh(deployment, &Output::log()).await?;
            tracing::info!(
                feed_position = release.feed_position,
                "Brought the warehouse up to feed position {}",
                release.feed_position
            );
            Ok(format!("release {} at feed position {}", release.number, release.feed_position))
        }
        Job::Compaction => {
            deployment.warehouse.compact(RELEASES_KEPT).await?;
            let gone = deployment.store.prune_runs(RUNS_KEPT).await?;
            Ok(format!("joined small files, let go of files that no release reads and of {gone} runs of this history"))
        }
        Job::Freshness => {
            let tables = freshness::of_tables(deployment).await?;
            let said = freshness::in_words(&tables);
            match tables.iter().map(|table| table.kept).max() {
                Some(Kept::Broken) => tracing::error!("Freshness: {said}"),
                Some(Kept::Late) => tracing::warn!("Freshness: {said}"),
                Some(Kept::Yes) | None => {}
            }
            Ok(said)
        }
    }
}

/// Reads the files of the inbox. Those that are known already change nothing.
async fn read_inbox(deployment: &Deployment) -> anyhow::Result<String> {
    let files = list_folder(&deployment.config.inbox)?.len();
    let args = IngestArgs { what: Vec::new(), inbox: None, again: false, accept_retired: false };
    Box::pin(ingest::run(&args, deployment, &Output::log())).await?;
    Ok(format!("{files} files in the inbox, all taken in"))
}

/// Entity types with source records that wait. The first resolution of a type freezes its rules, and so is a person's:
/// `kanak resolve`, once the registers that belong together are in.
///
/// # Errors
/// When the hub cannot be read.
pub async fn waiting_entities(deployment: &Deployment) -> anyhow::Result<Vec<String>> {
    let store = &deployment.store;
    let mut waiting = Vec::new();
    for model in deployment.models.iter() {
        let is_resolved = || store.find_rule_set(&model.name);
        let waits = store.unresolved_count(&model.name).await? > 0 && is_resolved().await?.is_some();
        // Agreements end by themselves too.
        let is_agreed = deployment.config.sharing.links == Shared::Agreed;
        if waits || (is_agreed && has_other_links(deployment, model).await?) {
            waiting.push(model.name.clone());
        }
    }
    Ok(waiting)
}

/// A run's state in a word, with what follows from it for whoever looks.
pub fn shown_state(run: &Run) -> String {
    match run.state {
        RunState::Waiting if run.attempt > 0 => format!("waiting for attempt {}", run.attempt + 1),
        state => state.word().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use kanak_model::Caller;

    use super::*;
    use crate::testing::House;

    async fn schedule(deployment: &Deployment, job: Job) -> Schedule {
        deployment.store.declare_schedules(&builtin()).await.unwrap();
        let all = deployment.store.list_schedules().await.unwrap();
        all.into_iter().find(|schedule| schedule.job == job).unwrap()
    }

    /// Has a job done as a person does, and gives what it said.
    async fn run_now(deployment: &Deployment, job: Job) -> String {
        let (worker, by) = (Worker::on(&deployment.data).unwrap(), Caller::system("test"));
        let schedule = schedule(deployment, job).await;
        deployment.store.run_schedule_now(&by, &schedule.name, worker.place(job)).await.unwrap();
        let (_, done) = worker.carry_out_next(deployment, &schedule).await.unwrap().unwrap();
        done.unwrap_or_else(|error| format!("failed: {error:#}"))
    }

    #[tokio::test]
    async fn every_job_does_its_work_and_leaves_a_line_of_history() {
        let house = House::with_two_people().await;
        let deployment = &house.deployment;
        house.ingest("people_2.csv", "ID,NAME,DOB\n3,Chitra Rani,1992-05-06\n").await;
        assert_eq!(run_now(deployment, Job::Resolve).await, "resolved citizen");
        assert_eq!(run_now(deployment, Job::Resolve).await, "nothing waited");
        assert!(run_now(deployment, Job::Refresh).await.starts_with("release 2 at feed position"));
        assert!(run_now(deployment, Job::Freshness).await.contains("as fresh as promised"));
        assert!(run_now(deployment, Job::Compaction).await.contains("of 0 runs"));
        let history = deployment.store.list_schedule_runs("resolve", None, 10).await.unwrap();
        let said: Vec<_> = history.iter().map(|run| (run.state, run.message.as_deref().unwrap())).collect();
        assert_eq!(said, [(RunState::Done, "nothing waited"), (RunState::Done, "resolved citizen")]);
    }

    #[tokio::test]
    async fn the_inbox_is_read_when_somebody_resumes_that_and_a_file_that_is_refused_fails_the_run() {
        let house = House::new().await;
        let deployment = &house.deployment;
        assert!(schedule(deployment, Job::Ingest).await.paused.is_some());
        let said = run_now(deployment, Job::Ingest).await;
        assert!(said.starts_with("failed: cannot read the inbox"), "{said}");
        let first = &deployment.store.list_schedule_runs("ingest", None, 1).await.unwrap()[0];
        assert_eq!((first.state, shown_state(first).as_str()), (RunState::Waiting, "waiting for attempt 2"));

        let inbox = &deployment.config.inbox;
        std::fs::create_dir_all(inbox).unwrap();
        std::fs::write(inbox.join("people_1.csv"), "ID,NAME,DOB\n1,Asha Devi,1990-01-02\n").unwrap();
        assert_eq!(run_now(deployment, Job::Ingest).await, "1 files in the inbox, all taken in");
        std::fs::write(inbox.join("nobody_1.csv"), "ID\n1\n").unwrap();
        let said = run_now(deployment, Job::Ingest).await;
        assert!(said.starts_with("failed: ") && said.contains("nobody_1.csv"), "{said}");
    }

    #[test]
    fn a_lake_keeps_its_word_and_every_process_has_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let (first, second) = (Worker::on(folder.path()).unwrap(), Worker::on(folder.path()).unwrap());
        assert_eq!(first.place(Job::Refresh), second.place(Job::Refresh));
        assert_ne!(first.word, second.word);
        assert_eq!(first.place(Job::Resolve), OF_THE_HUB);
    }
}

//! The code systems of a deployment: those of this binary and those that were published in its hub, one snapshot with all that follows
//! from it, swapped whole.

use std::sync::{Arc, PoisonError, RwLock};

use kanak_codes::{Codes, CodesError, CodesInUse, Day, Defect, Part};
use kanak_engine::standardize::Standardizer;
use kanak_model::{Clock, Timestamp};
use kanak_store::{CodeParts, Store};
use tokio::sync::{Mutex, OnceCell};

use crate::deployment::Deployment;
use crate::jobs::code_bundle::CodeBundle;
use crate::jobs::code_currency::CurrencyRow;

/// One snapshot, and what is made of it.
#[derive(Debug)]
struct Made {
    /// How many versions were published in the hub.
    published: i64,
    /// The day, in India, whose versions are current.
    today: Day,
    codes: Arc<Codes>,
    standardizer: Arc<Standardizer>,
    /// Made when it is first asked for.
    bundle: Arc<OnceCell<CodeBundle>>,
    /// Gathered when they are first asked for.
    defects: KeptDefects,
    /// Told when it is first asked for.
    currency: KeptCurrency,
}

impl Made {
    fn new(published: i64, today: Day, parts: Vec<CodeParts>) -> Result<Self, CodesError> {
        let mut codes = Codes::builtin()?;
        if published > 0 {
            codes = with_all(codes, parts.into_iter().map(part_of).collect()).on(today);
        }
        let standardizer = Arc::new(Standardizer::new(&codes));
        let (bundle, defects, currency) = (Arc::default(), Arc::default(), Arc::default());
        Ok(Self { published, today, codes: Arc::new(codes), standardizer, bundle, defects, currency })
    }
}

fn part_of(parts: CodeParts) -> Part {
    Part::System { sidecar: parts.sidecar, packed_csv: parts.packed_csv }
}

/// Built-in code systems with what was published. A later binary may bring a version under a name that was published with other
/// contents: its own is served then, and the log tells an operator.
fn with_all(codes: Codes, parts: Vec<Part>) -> Codes {
    if let Ok(all) = codes.with(parts.clone()) {
        return all;
    }
    parts.into_iter().fold(codes, |codes, part| match codes.with(vec![part]) {
        Ok(more) => more,
        Err(error) => {
            tracing::error!(%error, "A published version of a code system is not served: {error}");
            codes
        }
    })
}

/// The snapshot that is in use. Shared by all clones of a deployment.
#[derive(Debug)]
pub struct CodesAtHand {
    made: RwLock<Arc<Made>>,
    in_use: CodesInUse,
    /// Held while a snapshot is made: one at a time.
    renewing: Mutex<()>,
}

impl CodesAtHand {
    /// Takes up what the hub has.
    ///
    /// # Errors
    /// When the hub cannot be read, or a built-in sidecar does not read.
    pub async fn open(store: &Store, clock: &dyn Clock) -> anyhow::Result<Self> {
        let made = make(store, day_of(clock.now())).await?;
        let in_use = CodesInUse::from(Arc::clone(&made.codes));
        Ok(Self { made: RwLock::new(Arc::new(made)), in_use, renewing: Mutex::new(()) })
    }

    fn made(&self) -> Arc<Made> {
        Arc::clone(&self.made.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The place from which lake and pages take the snapshot.
    pub fn in_use(&self) -> &CodesInUse {
        &self.in_use
    }
}

async fn make(store: &Store, today: Day) -> anyhow::Result<Made> {
    let (published, parts) = store.list_published_codes().await?;
    Ok(tokio::task::spawn_blocking(move || Made::new(published, today, parts)).await??)
}

/// The day in India.
pub fn day_of(now: Timestamp) -> Day {
    Day::parse(&now.day_ist().to_string()).expect("a day is written as a day is read")
}

/// Where what is wrong in the code systems is kept once it was looked for.
pub(crate) type KeptDefects = Arc<OnceCell<Arc<[Defect]>>>;

/// Where it is kept how current the code systems are: a snapshot is of one day.
pub(crate) type KeptCurrency = Arc<OnceCell<Arc<[CurrencyRow]>>>;

impl Deployment {
    /// The code systems in use now. Take them once for one piece of work: the next call may give others.
    pub fn codes(&self) -> Arc<Codes> {
        self.codes_at_hand.in_use.get()
    }

    /// What cleans values by the code systems in use now; as [`Self::codes`].
    pub fn standardizer(&self) -> Arc<Standardizer> {
        Arc::clone(&self.codes_at_hand.made().standardizer)
    }

    /// The code systems in use, and how many versions had been published in the hub when they were taken up.
    pub(crate) fn codes_and_published(&self) -> (Arc<Codes>, i64) {
        let made = self.codes_at_hand.made();
        (Arc::clone(&made.codes), made.published)
    }

    /// The code systems in use, and where their bundle is kept.
    pub(crate) fn codes_and_bundle(&self) -> (Arc<Codes>, Arc<OnceCell<CodeBundle>>) {
        let made = self.codes_at_hand.made();
        (Arc::clone(&made.codes), Arc::clone(&made.bundle))
    }

    /// The code systems in use, and where what is wrong in them is kept.
    pub(crate) fn codes_and_defects(&self) -> (Arc<Codes>, KeptDefects) {
        let made = self.codes_at_hand.made();
        (Arc::clone(&made.codes), Arc::clone(&made.defects))
    }

    /// The code systems in use, and where it is kept how current they are.
    pub(crate) fn codes_and_currency(&self) -> (Arc<Codes>, KeptCurrency) {
        let made = self.codes_at_hand.made();
        (Arc::clone(&made.codes), Arc::clone(&made.currency))
    }

    /// Takes up the code systems anew where the hub has more, or another day has come; tells whether it did. What is under way goes on
    /// with the snapshot that it began with.
    ///
    /// # Errors
    /// When the hub cannot be read.
    pub async fn renew_codes(&self) -> anyhow::Result<bool> {
        let at_hand = &self.codes_at_hand;
        let _one_at_a_time = at_hand.renewing.lock().await;
        let (held, today) = (at_hand.made(), day_of(self.clock.now()));
        if (held.published, held.today) == (self.store.count_published_codes().await?, today) {
            return Ok(false);
        }
        let made = make(&self.store, today).await?;
        tracing::info!(published = made.published, "Took up {} published versions of code systems", made.published);
        let codes = Arc::clone(&made.codes);
        *at_hand.made.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(made);
        at_hand.in_use.put(codes);
        Ok(true)
    }
}

//! Which of several servers on one hub resolves, delivers webhooks and ends what has run out: the one that holds the lease.
//!
//! The others answer reads and take what people decide. When the holder is gone, another takes over within [`LASTS`] and
//! [`EVERY`] together.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use kanak_store::{Lease, RESOLVER, Store};
use rand::RngCore as _;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::output::write_private;
use crate::secrets::os_rng;
use crate::server::state::AppState;

/// How long a lease is held without being renewed.
const LASTS: Duration = Duration::from_secs(15);
/// How often it is renewed, or asked for.
const EVERY: Duration = Duration::from_secs(3);
/// The file in the data folder with the word of the server that ran on it last.
const WORD_FILE: &str = "kanak.server";

/// The lease as this server has it: `None` while it has none.
pub type Held = Arc<watch::Sender<Option<Lease>>>;

/// The lease kept up in the background. Dropped, it is kept up no more.
pub struct Keeping(JoinHandle<()>);

impl Drop for Keeping {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Asks for the lease, and goes on asking and renewing.
///
/// # Errors
/// When this server's word cannot be written into the data folder.
pub fn start(state: &AppState) -> anyhow::Result<Keeping> {
    let words = Words::take(&state.deployment.data)?;
    let (store, held) = (state.deployment.store.clone(), Arc::clone(&state.lease));
    Ok(Keeping(tokio::spawn(async move {
        let mut keeper = Keeper { store, held, words, renewed: Instant::now() };
        loop {
            keeper.step().await;
            tokio::time::sleep(EVERY).await;
        }
    })))
}

/// Gives the lease back: the server stops, and another need not wait.
pub async fn give_back(state: &AppState) {
    let Some(lease) = state.lease.send_replace(None) else { return };
    if let Err(error) = state.deployment.store.release_lease(&lease).await {
        tracing::warn!(%error, "Cannot give back the lease of the resolver, which ends by itself: {error}");
    }
}

/// By which words this server, and the one that ran on its data folder before, hold leases.
struct Words {
    own: String,
    /// The folder's lock says that it runs no more.
    former: Option<String>,
}

impl Words {
    fn take(data: &Path) -> anyhow::Result<Self> {
        let path = data.join(WORD_FILE);
        let former = std::fs::read_to_string(&path).ok();
        let own = format!("{:016x}", os_rng().next_u64());
        write_private(&path, &own).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Self { own, former })
    }
}

struct Keeper {
    store: Store,
    held: Held,
    words: Words,
    /// When the lease was last known to be held.
    renewed: Instant,
}

impl Keeper {
    /// Renews the lease, or asks for it.
    async fn step(&mut self) {
        let lease = self.held.borrow().clone();
        let asked = Instant::now();
        match lease {
            None => match self.store.take_lease(RESOLVER, &self.words.own, self.words.former.as_deref(), LASTS).await {
                Ok(Some(lease)) => {
                    self.words.former = None;
                    self.renewed = asked;
                    let epoch = lease.epoch();
                    self.held.send_replace(Some(lease));
                    tracing::info!(epoch, "This server holds the lease of the resolver now (epoch {epoch})");
                }
                Ok(None) => {}
                Err(error) => tracing::warn!(%error, "Cannot ask for the lease of the resolver: {error}"),
            },
            Some(lease) => match self.store.renew_lease(&lease, LASTS).await {
                Ok(true) => self.renewed = asked,
                Ok(false) => self.lose("another server has taken it"),
                // Whoever took it meanwhile is safe from us: what we write under it is refused.
                Err(error) if self.renewed.elapsed() >= LASTS => self.lose(&error.to_string()),
                Err(error) => tracing::warn!(%error, "Cannot renew the lease of the resolver: {error}"),
            },
        }
    }

    fn lose(&self, why: &str) {
        self.held.send_replace(None);
        tracing::warn!(why, "This server holds the lease of the resolver no more: {why}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::state::Cookies;
    use crate::testing::House;

    fn keeper(state: &AppState) -> Keeper {
        let words = Words::take(&state.deployment.data).unwrap();
        let (store, held) = (state.deployment.store.clone(), Arc::clone(&state.lease));
        Keeper { store, held, words, renewed: Instant::now() }
    }

    fn server(house: &House) -> AppState {
        AppState::new(house.deployment.clone(), Cookies::Loopback)
    }

    #[tokio::test]
    async fn a_server_takes_over_at_once_from_the_one_that_ran_on_its_folder_and_from_no_other() {
        let house = House::new().await;
        let (first, second) = (server(&house), server(&house));
        keeper(&first).step().await;
        assert_eq!(first.lease.borrow().as_ref().map(Lease::epoch), Some(1));
        let stranger = Words { own: "stranger".to_owned(), former: Some("someone".to_owned()) };
        let store = house.deployment.store.clone();
        let mut other = Keeper { store, held: Arc::clone(&second.lease), words: stranger, renewed: Instant::now() };
        other.step().await;
        assert!(second.lease.borrow().is_none(), "another holds it");
        keeper(&second).step().await;
        assert_eq!(second.lease.borrow().as_ref().map(Lease::epoch), Some(2));
        give_back(&second).await;
        other.step().await;
        assert_eq!(second.lease.borrow().as_ref().map(Lease::epoch), Some(3), "what was given back is free");
    }

    #[tokio::test]
    async fn who_lost_the_lease_learns_it_when_it_renews() {
        let house = House::new().await;
        let (first, second) = (server(&house), server(&house));
        let mut keeping = keeper(&first);
        keeping.step().await;
        keeper(&second).step().await;
        keeping.step().await;
        assert!(first.lease.borrow().is_none());
        keeping.step().await;
        assert!(first.lease.borrow().is_none(), "it is not torn to and fro");
    }
}

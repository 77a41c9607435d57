//! A deployment opened for work: its folder locked, its models read, its hub, vault, keys and lake at hand.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use kanak_engine::standardize::{Hint, Outcome, TwelveDigits};
use kanak_ingest::{Sources, landing};
use kanak_model::entity_model::Attribute;
use kanak_model::relation;
use kanak_model::source_system::DateOrder;
use kanak_model::{Clock, EntityModel, EventModel, Kind, ModelMigration, SourceSystem, SystemClock, builtin};
use kanak_store::{AuditSigner, HubUrl, KeyStore, Lease, Store, StoreError, Vault, VaultDoor, VaultError};
use kanak_warehouse::Warehouse;
use sha2::{Digest as _, Sha256};

use crate::cli::Global;
use crate::codes_at_hand::CodesAtHand;
use crate::config::{self, Config};
use crate::jobs::live::LiveRecords;
use crate::jobs::written::hub_source;
use crate::vault_service::client::RemoteVault;
use crate::{keys, relay};

/// Where in the data folder sealed copies of files stand.
const LANDING: &str = "landing";

/// Everything that one process needs to work on one data folder. The folder stays locked while this lives.
#[derive(Clone)]
pub struct Deployment {
    /// The data folder.
    pub data: PathBuf,
    /// Its settings.
    pub config: Arc<Config>,
    /// The masters.
    pub models: Arc<Vec<EntityModel>>,
    /// The migrations of each entity model, by version from 2 without gaps.
    pub migrations: Arc<BTreeMap<String, Vec<ModelMigration>>>,
    /// The events.
    pub events: Arc<Vec<EventModel>>,
    /// The registers.
    pub sources: Arc<Sources>,
    /// The code systems: see [`Self::codes`].
    pub(crate) codes_at_hand: Arc<CodesAtHand>,
    /// The hub.
    pub store: Store,
    /// Where the hub is. May hold a password: never print it.
    pub hub: HubUrl,
    /// The way to the Aadhaar vault.
    pub vault: VaultDoor,
    /// The keys.
    pub keys: Arc<dyn KeyStore>,
    /// The lake.
    pub warehouse: Warehouse,
    /// Source records in memory; a server has them, a command that ends with its work has none.
    pub live: Option<Arc<LiveRecords>>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Whether the data is a made-up state's.
    pub made_up: bool,
    /// What settings, models and sources said when they were read.
    declared: String,
    _lock: Arc<File>,
}

/// What to do where there is no data folder yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absent {
    /// Make one: the command begins a deployment.
    Make,
    /// Refuse: the command looks at what is there, and a folder that is not there is a slip of the pen.
    Refuse,
}

/// What became of opening a data folder.
pub enum Opened {
    /// It is this process's.
    Here(Box<Deployment>),
    /// A running server owns it, and listens for commands on this socket.
    Served(PathBuf),
}

impl Deployment {
    /// Opens the data folder, making it when it is not there.
    ///
    /// # Errors
    /// When another process owns the folder, or a part of it cannot be opened.
    pub async fn open(global: &Global) -> anyhow::Result<Self> {
        match Self::open_or_find_owner(global, Absent::Make).await? {
            Opened::Here(deployment) => Ok(*deployment),
            Opened::Served(_) => bail!(
                "a kanak server runs on {}; stop it first, use its pages, or name another folder with --data",
                global.data.display()
            ),
        }
    }

    /// Opens the data folder, or finds the server that owns it.
    ///
    /// # Errors
    /// When another process owns the folder and does not listen, a part of it cannot be opened, or it is not there and
    /// must be.
    pub async fn open_or_find_owner(global: &Global, absent: Absent) -> anyhow::Result<Opened> {
        if absent == Absent::Refuse && !is_data_folder(&global.data) {
            bail!(
                "{} is no data folder; name one with --data, or begin one with `kanak ingest` or `kanak serve`",
                global.data.display()
            );
        }
        match lock_folder(&global.data)? {
            Some(lock) => Ok(Opened::Here(Box::new(Self::open_locked(global, lock).await?))),
            None => match relay::find_socket(&global.data) {
                Some(socket) => Ok(Opened::Served(socket)),
                None => bail!(
                    "another kanak process owns {}; wait for it or stop it, or name another folder with --data",
                    global.data.display()
                ),
            },
        }
    }

    /// Names the place of a database that cannot be used: its own words do not know it.
    pub fn placed(data: &Path, hub: &HubUrl, error: anyhow::Error) -> anyhow::Error {
        let of_store = error.chain().find_map(|cause| match cause.downcast_ref::<VaultError>() {
            Some(VaultError::Store(inner)) => Some(inner),
            _ => cause.downcast_ref::<StoreError>(),
        });
        if of_store.is_some_and(StoreError::is_unavailable) {
            return error.context(format!("data folder {}, hub {hub}", data.display()));
        }
        error
    }

    async fn open_locked(global: &Global, lock: File) -> anyhow::Result<Self> {
        let beside = global.data.join("hub.sqlite").display().to_string();
        let url = HubUrl::parse(global.hub.as_deref().unwrap_or(&beside))?;
        let opened = Self::open_on(global, url.clone(), lock).await;
        opened.map_err(|error| Self::placed(&global.data, &url, error))
    }

    async fn open_on(global: &Global, url: HubUrl, lock: File) -> anyhow::Result<Self> {
        let config = Config::read_beside(&global.data)?;
        let declared = fingerprint(&global.data, &config)?;
        let models = read_models(config.models.as_deref(), &builtin::ENTITY_MODELS, EntityModel::parse, |m| &m.name)?;
        relation::check_ends(&models)?;
        config::check_against(&global.data, &config, &models)?;
        let migrations = read_migrations(config.models.as_deref())?;
        let events = builtin::event_models()?;
        let sources = match &config.sources {
            None => Sources::builtin()?,
            Some(folder) => Sources::load(folder)?,
        };
        sources.check(&models, &events)?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        check_keys(&global.data)?;
        // Whoever left it was killed: the folder is ours alone.
        landing::remove_unfinished(&global.data.join(LANDING))?;
        let keys = keys::open(&config.keys, config.keys.store, &global.data)?;
        let store =
            Store::open(&url, Arc::clone(&clock)).await.with_context(|| format!("cannot open the hub {url}"))?;
        let store = store.signed_by(AuditSigner::open(keys.as_ref())?);
        store.declare_relations(&models).await?;
        let vault = find_vault(&global.data, &config, &models, &keys, &clock).await?;
        let codes_at_hand = Arc::new(CodesAtHand::open(&store, &*clock).await?);
        let smallest_cell = config.statistics.smallest_cell;
        let lake = global.data.join("lake");
        let warehouse = Warehouse::open_with_smallest_cell(&lake, codes_at_hand.in_use().clone(), smallest_cell)?;
        let made_up = config.made_up || store.get_setting("made_up").await?.is_some();
        Ok(Self {
            data: global.data.clone(),
            config: Arc::new(config),
            models: Arc::new(models),
            migrations: Arc::new(migrations),
            events: Arc::new(events),
            sources: Arc::new(sources),
            codes_at_hand,
            store,
            hub: url,
            vault,
            keys,
            warehouse,
            live: None,
            clock,
            made_up,
            declared,
            _lock: Arc::new(lock),
        })
    }

    /// The entity model of this name.
    ///
    /// # Errors
    /// When there is none; names those there are.
    pub fn get_model(&self, name: &str) -> anyhow::Result<&EntityModel> {
        self.models.iter().find(|model| model.name == name).with_context(|| {
            let known: Vec<&str> = self.models.iter().map(|model| model.name.as_str()).collect();
            format!("no entity type `{name}`; there are {}", known.join(", "))
        })
    }

    /// A value as a person writes it, in the standard form of its attribute's kind. `find` gives what else is known of the same one: a
    /// sub-district is read within its district.
    pub fn standardize<'v>(
        &self,
        model: &EntityModel,
        attribute: &Attribute,
        text: &str,
        find: impl Fn(&str) -> Option<&'v str>,
    ) -> Outcome {
        let district = model.attributes.iter().find(|other| other.kind == Kind::District);
        let hint = Hint {
            date_order: DateOrder::Dmy,
            district: district.and_then(|district| find(&district.name)),
            source: None,
            today: self.clock.now().day_ist(),
            twelve_digits: TwelveDigits::Aadhaar,
        };
        self.standardizer().standardize(attribute, &hint, text)
    }

    /// A register by its name: one that is declared, or one of the hub itself.
    pub fn find_register(&self, name: &str) -> Option<SourceSystem> {
        self.sources.find(name).cloned().or_else(|| hub_source::find(&self.models, name))
    }

    /// Whether settings, models and sources still say what they said when this deployment was opened.
    ///
    /// # Errors
    /// When they cannot be read any more.
    pub fn is_as_declared(&self) -> anyhow::Result<bool> {
        Ok(fingerprint(&self.data, &self.config)? == self.declared)
    }

    /// Whether an address is that of this deployment's hub.
    pub fn is_hub(&self, other: &HubUrl) -> bool {
        match (&self.hub, other) {
            (HubUrl::Sqlite(ours), HubUrl::Sqlite(theirs)) => match (ours.canonicalize(), theirs.canonicalize()) {
                (Ok(ours), Ok(theirs)) => ours == theirs,
                _ => false,
            },
            (ours, theirs) => ours == theirs,
        }
    }

    /// The same deployment on another hub: for a replay.
    #[must_use]
    pub fn with_store(&self, store: Store) -> Self {
        Self { store, live: None, ..self.clone() }
    }

    /// The same deployment for what is done under a lease: once another server has taken that, nothing is written any more.
    #[must_use]
    pub fn holding(&self, lease: &Lease) -> Self {
        Self { store: self.store.holding(lease), ..self.clone() }
    }

    /// Where sealed copies of the departments' files stand.
    pub fn landing(&self) -> PathBuf {
        self.data.join(LANDING)
    }
}

/// A vault that is there was made with keys: new ones in their place would open nothing.
///
/// # Errors
/// When they are missing.
fn check_keys(data: &Path) -> anyhow::Result<()> {
    let (vault, keys) = (data.join("vault.sqlite"), data.join("keys"));
    let is_empty = std::fs::read_dir(&keys).map_or(true, |mut entries| entries.next().is_none());
    if vault.exists() && is_empty {
        bail!(
            "the keys of {} are missing; put the folder `keys` that belongs to it at {} (`kanak restore --keys` does), then try again",
            data.display(),
            keys.display()
        );
    }
    Ok(())
}

/// The way to the vault: to the one that the settings name, else to the data folder's own. A deployment whose models have no Aadhaar
/// has none, unless an earlier model left one.
async fn find_vault(
    data: &Path,
    config: &Config,
    models: &[EntityModel],
    keys: &Arc<dyn KeyStore>,
    clock: &Arc<dyn Clock>,
) -> anyhow::Result<VaultDoor> {
    let path = data.join("vault.sqlite");
    if let Some(at) = &config.vault.at {
        if path.exists() {
            bail!(
                "kanak.toml names a vault at {at}, and {} is there as well; move that file and its keys to the vault's machine, or leave \
                 vault.at out",
                path.display()
            );
        }
        return Ok(VaultDoor::to(Arc::new(RemoteVault::new(at.clone(), &config.vault)?)));
    }
    let mut attributes = models.iter().flat_map(|model| &model.attributes);
    if path.exists() || attributes.any(|attribute| attribute.kind == Kind::Aadhaar) {
        return Ok(VaultDoor::here(Vault::open(&path, Arc::clone(keys), Arc::clone(clock)).await?));
    }
    Ok(VaultDoor::none())
}

/// Whether a folder is, or was restored as, a data folder.
pub fn is_data_folder(folder: &Path) -> bool {
    ["kanak.lock", "hub.sqlite", "vault.sqlite"].iter().any(|file| folder.join(file).exists())
}

/// Says whether settings, models and sources are what they were: their files' names and bytes.
fn fingerprint(data: &Path, config: &Config) -> anyhow::Result<String> {
    let mut files = vec![config::path_beside(data)];
    for folder in [&config.models, &config.sources].into_iter().flatten() {
        files.extend(toml_files(folder).unwrap_or_default());
    }
    for folder in config.models.iter().flat_map(|models| migration_folders(models).unwrap_or_default()) {
        files.extend(toml_files(&folder).unwrap_or_default());
    }
    let mut digest = Sha256::new();
    for file in files {
        match std::fs::read(&file) {
            Ok(bytes) => {
                digest.update(file.as_os_str().as_encoded_bytes());
                digest.update((bytes.len() as u64).to_be_bytes());
                digest.update(bytes);
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", file.display())),
        }
    }
    Ok(digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The `*.toml` of a folder, by name.
fn toml_files(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    paths.sort();
    Ok(paths)
}

/// The folders of a models folder that hold migrations: `migrations/ENTITY`, by name. None where there are no migrations.
fn migration_folders(models: &Path) -> std::io::Result<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(models.join("migrations")) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    folders.retain(|path| path.is_dir());
    folders.sort();
    Ok(folders)
}

/// The migrations of each entity model, from `migrations/ENTITY/NNNN.toml` of the models folder.
fn read_migrations(models: Option<&Path>) -> anyhow::Result<BTreeMap<String, Vec<ModelMigration>>> {
    let Some(models) = models else { return Ok(BTreeMap::new()) };
    let mut all = BTreeMap::new();
    for folder in migration_folders(models).with_context(|| format!("cannot read {}", models.display()))? {
        let entity = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut migrations = Vec::new();
        for path in toml_files(&folder).with_context(|| format!("cannot read {}", folder.display()))? {
            let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            migrations.push(ModelMigration::parse(&path.display().to_string(), &text)?);
        }
        migrations.sort_by_key(|migration| migration.version);
        if let Some((expected, _)) = (2..).zip(&migrations).find(|(expected, one)| one.version != *expected) {
            bail!(
                "{}: there is no migration to version {expected}; migrations run from 2 without gaps",
                folder.display()
            );
        }
        all.insert(entity, migrations);
    }
    Ok(all)
}

/// Makes a folder that only its owner enters; one that is there stays as it is.
fn make_private_folder(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// The lock of a data folder, which is made when it is not there; `None` when another process holds it.
///
/// # Errors
/// When the folder cannot be made or locked.
pub fn lock_folder(data: &Path) -> anyhow::Result<Option<File>> {
    make_private_folder(data).with_context(|| format!("cannot make the data folder {}", data.display()))?;
    let path = data.join("kanak.lock");
    let file =
        OpenOptions::new().create(true).truncate(false).read(true).write(true).open(&path).with_context(|| {
            format!("cannot open {}; the data folder must be this process's to write", path.display())
        })?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("cannot lock {}", path.display())),
    }
}

/// The models that come with Kanak, replaced or joined by those of a folder.
fn read_models<M, E>(
    folder: Option<&Path>,
    builtin: &[(&str, &str)],
    parse: fn(&str, &str) -> Result<M, E>,
    name: fn(&M) -> &String,
) -> anyhow::Result<Vec<M>>
where
    E: std::error::Error + Send + Sync + 'static,
{
    let mut models: Vec<M> = builtin.iter().map(|(file, text)| parse(file, text)).collect::<Result<_, _>>()?;
    let Some(folder) = folder else { return Ok(models) };
    let paths = toml_files(folder).with_context(|| format!("cannot read the models folder {}", folder.display()))?;
    for path in paths {
        let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let model = parse(&path.display().to_string(), &text)?;
        models.retain(|other| name(other) != name(&model));
        models.push(model);
    }
    Ok(models)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::House;

    #[tokio::test]
    async fn a_folder_that_is_not_there_is_made_only_for_a_command_that_begins_one() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("tpyo");
        let global = Global { data: data.clone(), hub: None, json: false, quiet: true };
        let refused = Deployment::open_or_find_owner(&global, Absent::Refuse).await.err().unwrap().to_string();
        assert!(refused.contains("tpyo") && refused.contains("--data"), "{refused}");
        assert!(!data.exists(), "a refusal makes nothing");
        drop(Deployment::open_or_find_owner(&global, Absent::Make).await.unwrap());
        assert!(Deployment::open_or_find_owner(&global, Absent::Refuse).await.is_ok());
    }

    #[tokio::test]
    async fn a_changed_source_and_another_hub_are_noticed() {
        let house = House::new().await;
        let deployment = &house.deployment;
        assert!(deployment.is_as_declared().unwrap());
        let source = house.folder().join("sources/people.toml");
        let text = std::fs::read_to_string(&source).unwrap();
        std::fs::write(&source, text.replace("People", "Persons")).unwrap();
        assert!(!deployment.is_as_declared().unwrap());
        std::fs::write(&source, text).unwrap();
        assert!(deployment.is_as_declared().unwrap());
        let hub = deployment.data.join("hub.sqlite");
        assert!(deployment.is_hub(&HubUrl::Sqlite(hub)));
        assert!(!deployment.is_hub(&HubUrl::Sqlite(deployment.data.join("vault.sqlite"))));
        assert!(!deployment.is_hub(&HubUrl::parse("postgres://there/hub").unwrap()));
    }
}

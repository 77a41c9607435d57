//! `kanak.toml`: what a deployment says about itself. It stands beside the data folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use kanak_model::EntityModel;
use kanak_model::four_eyes::FourEyes;
use kanak_model::purposes::Purposes;
use serde::Deserialize;

use crate::jobs::freshness::Promises;
use crate::keys::KeySettings;
use crate::vault_service::VaultSettings;

/// A deployment's own settings.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where visitors find this deployment when a proxy ends TLS before it: `https://hub.example.gov.in`. Cookies then
    /// travel over TLS only, whatever address the server listens on.
    pub public_url: Option<String>,
    /// Where departments put their files.
    pub inbox: PathBuf,
    /// Entity models that replace or add to the ones that come with Kanak.
    pub models: Option<PathBuf>,
    /// Sources that replace or add to the ones that come with Kanak.
    pub sources: Option<PathBuf>,
    /// Whether the data is a made-up state's: pages say so.
    pub made_up: bool,
    /// Where webhooks may go.
    pub webhooks: WebhookSettings,
    /// How public codes are served.
    pub codes: CodesSettings,
    /// How stewards work.
    pub stewardship: Stewardship,
    /// How fresh the warehouse's tables are to be.
    pub freshness: Promises,
    /// What needs an agreement of departments.
    pub sharing: Sharing,
    /// What figures tell.
    pub statistics: Statistics,
    /// `[purposes]`: purposes whose legal bases are others than those that come with Kanak, each with its bases; see
    /// [`Config::declared_purposes`].
    pub purposes: BTreeMap<String, Vec<String>>,
    /// Where keys are kept.
    pub keys: KeySettings,
    /// The vault, when it is a service of its own.
    pub vault: VaultSettings,
}

/// `[codes]`: how public codes are served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CodesSettings {
    /// How many requests a second one address may send without a key, over some time; 0 for as many as it likes.
    pub requests_a_second: u32,
}

impl Default for CodesSettings {
    fn default() -> Self {
        Self { requests_a_second: 100 }
    }
}

/// `[sharing]`: what needs an agreement of the departments that own registers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sharing {
    /// Which registers may stand together in a golden record.
    pub links: Shared,
    /// Whose values a department's caller reads.
    pub reads: Shared,
    /// How whoever approves an agreement shows who they are.
    pub approvals: Approvals,
}

/// How whoever approves an agreement shows who they are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Approvals {
    /// By name: whoever runs the command says who approves.
    #[default]
    Named,
    /// By signing in: the command does not approve.
    SignedIn,
}

/// Whether an agreement is needed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shared {
    /// None is.
    #[default]
    All,
    /// What no agreement that has force allows is not done.
    Agreed,
}

/// Where webhooks may go besides `https` URLs of the public internet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WebhookSettings {
    /// Also to `https` URLs whose host has a private address: receivers within the state's own network.
    pub private_addresses: bool,
    /// Also to `http` and `https` URLs of this machine itself.
    pub loopback: bool,
}

/// `[stewardship]`: how stewards work.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Stewardship {
    /// How long a claimed task is its steward's alone, 1 to 1,440.
    pub claim_minutes: u32,
    /// For how many days a task may be put off, 1 to 366.
    pub defer_days_max: u32,
    /// What needs a second steward.
    pub four_eyes: FourEyes,
}

impl Default for Stewardship {
    fn default() -> Self {
        Self { claim_minutes: 30, defer_days_max: 90, four_eyes: FourEyes::default() }
    }
}

impl Stewardship {
    /// How long a claimed task is its steward's alone.
    pub fn claim_lasts(&self) -> Duration {
        Duration::from_secs(u64::from(self.claim_minutes) * 60)
    }

    /// What is wrong with it, and what to write instead.
    fn find_mistake(&self) -> Option<String> {
        for (name, value, max) in
            [("claim_minutes", self.claim_minutes, 1_440), ("defer_days_max", self.defer_days_max, 366)]
        {
            if !(1..=max).contains(&value) {
                return Some(format!("stewardship.{name} = {value} is not between 1 and {max}"));
            }
        }
        None
    }
}

/// `[statistics]`: what figures tell to whoever reads for statistics alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Statistics {
    /// The smallest number of things that a figure tells of, but for none at all, 1 to 1,000. At 1 nothing is withheld.
    pub smallest_cell: u32,
}

impl Default for Statistics {
    fn default() -> Self {
        Self { smallest_cell: 10 }
    }
}

impl Statistics {
    /// What is wrong with it, and what to write instead.
    fn find_mistake(&self) -> Option<String> {
        let value = self.smallest_cell;
        (!(1..=1_000).contains(&value)).then(|| format!("statistics.smallest_cell = {value} is not between 1 and 1000"))
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            public_url: None,
            inbox: PathBuf::from("inbox"),
            models: None,
            sources: None,
            made_up: false,
            webhooks: WebhookSettings::default(),
            codes: CodesSettings::default(),
            stewardship: Stewardship::default(),
            freshness: Promises::default(),
            sharing: Sharing::default(),
            statistics: Statistics::default(),
            purposes: BTreeMap::new(),
            keys: KeySettings::default(),
            vault: VaultSettings::default(),
        }
    }
}

impl Config {
    /// The purposes of this deployment with their legal bases. One that cannot be read carries nothing: settings are checked when they
    /// are read.
    pub fn declared_purposes(&self) -> Purposes {
        Purposes::builtin().replaced(&self.purposes).unwrap_or_else(|_| Purposes::none())
    }

    /// Reads `kanak.toml` beside the data folder; the defaults where there is none.
    ///
    /// # Errors
    /// When the file cannot be read or says something unknown.
    pub fn read_beside(data: &Path) -> anyhow::Result<Self> {
        let path = path_beside(data);
        let folder = path.parent().unwrap_or(Path::new("."));
        if !path.exists() {
            return Ok(Self::default());
        }
        let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let name = path.display().to_string();
        let mut config: Self = kanak_model::toml_text::TomlText::new(&name, &text).parse()?;
        if let Some(url) = config.public_url.as_deref().filter(|url| !is_site(url)) {
            bail!("{name}: public_url = \"{url}\" is not `https://` and a host; leave it out where no proxy ends TLS");
        }
        let mistakes = [
            config.stewardship.find_mistake(),
            config.freshness.find_mistake(),
            config.keys.find_mistake(),
            config.statistics.find_mistake(),
        ];
        if let Some(mistake) = mistakes.into_iter().flatten().next() {
            bail!("{name}: {mistake}");
        }
        if let Err(mistake) = Purposes::builtin().replaced(&config.purposes) {
            bail!("{name}: {mistake}");
        }
        let VaultSettings { authority, certificate, key, .. } = &mut config.vault;
        let papers = [authority.as_mut(), certificate.as_mut(), key.as_mut(), config.keys.pin_file.as_mut()];
        let folders = [Some(&mut config.inbox), config.models.as_mut(), config.sources.as_mut()];
        for relative in folders.into_iter().chain(papers).flatten() {
            if relative.is_relative() {
                *relative = folder.join(&*relative);
            }
        }
        Ok(config)
    }
}

/// Checks what the settings say of attributes against the models that are in force.
///
/// # Errors
/// When a policy names an attribute that no model has, or a share that is none.
pub fn check_against(data: &Path, config: &Config, models: &[EntityModel]) -> anyhow::Result<()> {
    let named = |model: &EntityModel| {
        let name = model.name.clone();
        model.attributes.iter().map(move |attribute| format!("{name}.{}", attribute.name)).collect::<Vec<_>>()
    };
    let known = models.iter().flat_map(named).collect();
    match config.stewardship.four_eyes.find_mistake(&known) {
        Some(mistake) => bail!("{}: {mistake}", path_beside(data).display()),
        None => Ok(()),
    }
}

/// Where the settings of a data folder stand.
pub fn path_beside(data: &Path) -> PathBuf {
    match data.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.join("kanak.toml"),
        _ => PathBuf::from("./kanak.toml"),
    }
}

/// Whether a text is `https://` with a host and perhaps a port, and nothing behind.
fn is_site(url: &str) -> bool {
    url.strip_prefix("https://").is_some_and(|host| {
        !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_in_the_settings_names_the_file_the_line_and_the_allowed_words() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("kanak.toml"), "made_up = true\ninbocks = \"in\"\n").unwrap();
        let error = Config::read_beside(&folder.path().join("kanak-data")).unwrap_err().to_string();
        for word in ["kanak.toml:2", "inbocks", "inbox"] {
            assert!(error.contains(word), "{error}");
        }
    }

    #[test]
    fn how_small_a_told_cell_may_be_is_set_within_limits() {
        let folder = tempfile::tempdir().unwrap();
        let read = |text: &str| {
            std::fs::write(folder.path().join("kanak.toml"), text).unwrap();
            Config::read_beside(&folder.path().join("kanak-data"))
        };
        assert_eq!(read("").unwrap().statistics.smallest_cell, 10);
        assert_eq!(read("[statistics]\nsmallest_cell = 5\n").unwrap().statistics.smallest_cell, 5);
        let error = read("[statistics]\nsmallest_cell = 0\n").unwrap_err().to_string();
        assert!(error.contains("statistics.smallest_cell = 0 is not between 1 and 1000"), "{error}");
    }

    #[test]
    fn how_long_stewards_hold_tasks_is_set_within_limits() {
        let folder = tempfile::tempdir().unwrap();
        let read = |text: &str| {
            std::fs::write(folder.path().join("kanak.toml"), text).unwrap();
            Config::read_beside(&folder.path().join("kanak-data"))
        };
        let set = read("[stewardship]\nclaim_minutes = 5\n").unwrap().stewardship;
        assert_eq!((set.claim_lasts(), set.defer_days_max), (Duration::from_secs(300), 90));
        for (text, says) in [
            ("[stewardship]\nclaim_minutes = 0\n", "claim_minutes = 0 is not between 1 and 1440"),
            ("[stewardship]\ndefer_days_max = 400\n", "between 1 and 366"),
            ("[stewardship]\nclaim = 5\n", "claim_minutes"),
            ("[stewardship.four_eyes]\nmatches = true\n", "match_below"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(says) && error.contains("kanak.toml"), "{error}");
        }
    }

    #[test]
    fn a_policy_is_checked_against_the_models() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("kanak-data");
        let check = |text: &str| {
            std::fs::write(folder.path().join("kanak.toml"), format!("[stewardship.four_eyes]\n{text}\n")).unwrap();
            let config = Config::read_beside(&data).unwrap();
            check_against(&data, &config, &kanak_model::builtin::entity_models().unwrap())
        };
        check("match_of_confirmed = 2\nmatch_below = 0.2\noverrides = [\"citizen.full_name\"]").unwrap();
        let error = check("overrides = [\"citizen.naem\"]").unwrap_err().to_string();
        assert!(error.contains("kanak.toml") && error.contains("citizen.naem"), "{error}");
    }

    #[test]
    fn a_public_url_is_a_site_under_tls_and_nothing_else() {
        for good in ["https://hub.example.gov.in", "https://hub:8443"] {
            assert!(is_site(good), "{good}");
        }
        for bad in ["http://hub.example", "https://", "https://hub/kanak", "hub.example", "https://a b"] {
            assert!(!is_site(bad), "{bad}");
        }
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("kanak.toml"), "public_url = \"http://hub.example\"\n").unwrap();
        let error = Config::read_beside(&folder.path().join("kanak-data")).unwrap_err().to_string();
        assert!(error.contains("kanak.toml") && error.contains("https://"), "{error}");
    }
}

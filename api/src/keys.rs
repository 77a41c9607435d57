//! `[keys]` of kanak.toml: where keys are kept, and how the store of them is opened.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use kanak_store::{FileKeyStore, KeyStore, KeyStoreKind, Pin, Pkcs11KeyStore, TokenName, TokenPlace};
use serde::Deserialize;

/// The variable that holds the PIN where the settings name none.
const PIN_VARIABLE: &str = "KANAK_KEYS_PIN";

/// Where keys are kept.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KeySettings {
    /// In files of the data folder, or behind a token.
    pub store: KeyStoreKind,
    /// The PKCS#11 module: the library of the token's maker.
    pub module: Option<PathBuf>,
    /// The token's label.
    pub token: Option<String>,
    /// The number of its slot, where the label does not tell.
    pub slot: Option<u64>,
    /// The environment variable that holds the PIN [default: `KANAK_KEYS_PIN`].
    pub pin_env: Option<String>,
    /// A file with the PIN on its first line, which only its owner reads.
    pub pin_file: Option<PathBuf>,
}

impl Default for KeySettings {
    fn default() -> Self {
        Self { store: KeyStoreKind::File, module: None, token: None, slot: None, pin_env: None, pin_file: None }
    }
}

impl KeySettings {
    /// What is wrong with it, and what to write instead.
    pub fn find_mistake(&self) -> Option<String> {
        if self.store == KeyStoreKind::Pkcs11 { self.token_place().err().map(|error| error.to_string()) } else { None }
    }

    fn token_place(&self) -> anyhow::Result<TokenPlace> {
        let module = self.module.clone().context("keys.module is missing; name the PKCS#11 library of the token")?;
        let token = match (&self.token, self.slot) {
            (Some(label), None) => TokenName::Label(label.clone()),
            (None, Some(slot)) => TokenName::Slot(slot),
            _ => bail!("keys.token or keys.slot must say which token of the module, one of them"),
        };
        if self.pin_env.is_some() && self.pin_file.is_some() {
            bail!("keys.pin_env and keys.pin_file both say where the PIN is; leave one out");
        }
        Ok(TokenPlace { module, token })
    }

    fn pin(&self) -> anyhow::Result<Pin> {
        let Some(file) = &self.pin_file else {
            let variable = self.pin_env.as_deref().unwrap_or(PIN_VARIABLE);
            let pin = std::env::var(variable).with_context(|| {
                format!("the token's PIN is not in the environment variable {variable}; set it, or name a file with keys.pin_file")
            })?;
            return Ok(Pin::new(&pin));
        };
        let text = read_private(file)?;
        Ok(Pin::new(text.lines().next().unwrap_or_default().trim_end()))
    }
}

/// Opens the key store that the settings name, or the other kind of it.
///
/// # Errors
/// What is wrong with the settings, the folder, the module, the token or the PIN.
pub fn open(settings: &KeySettings, kind: KeyStoreKind, data: &Path) -> anyhow::Result<Arc<dyn KeyStore>> {
    let folder = data.join("keys");
    Ok(match kind {
        KeyStoreKind::File => Arc::new(FileKeyStore::open(&folder)?),
        KeyStoreKind::Pkcs11 => {
            let place = settings.token_place().context("[keys] of kanak.toml does not say where the token is")?;
            Arc::new(Pkcs11KeyStore::open(place, settings.pin()?, &folder)?)
        }
    })
}

/// Reads a file that must be its owner's alone.
///
/// # Errors
/// When it cannot be read, or others can read it.
pub fn read_private(path: &Path) -> anyhow::Result<String> {
    let shown = path.display();
    let facts = std::fs::metadata(path).with_context(|| format!("cannot read {shown}"))?;
    if facts.permissions().mode() & 0o077 != 0 {
        bail!("{shown} can be read by others; run `chmod 600` on it and consider what it holds known");
    }
    std::fs::read_to_string(path).with_context(|| format!("cannot read {shown}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(text: &str) -> KeySettings {
        kanak_model::toml_text::TomlText::new("kanak.toml", text).parse().unwrap()
    }

    #[test]
    fn settings_that_do_not_name_one_token_are_refused_with_what_is_missing() {
        assert_eq!(settings("").find_mistake(), None);
        assert_eq!(settings("store = \"pkcs11\"\nmodule = \"m.so\"\ntoken = \"kanak\"").find_mistake(), None);
        assert_eq!(settings("store = \"pkcs11\"\nmodule = \"m.so\"\nslot = 0").find_mistake(), None);
        for (text, says) in [
            ("token = \"kanak\"", "keys.module"),
            ("module = \"m.so\"", "keys.slot"),
            ("module = \"m.so\"\ntoken = \"kanak\"\nslot = 0", "one of them"),
            ("module = \"m.so\"\nslot = 0\npin_env = \"A\"\npin_file = \"b\"", "leave one out"),
        ] {
            let mistake = settings(&format!("store = \"pkcs11\"\n{text}")).find_mistake().unwrap();
            assert!(mistake.contains(says), "{mistake}");
        }
    }

    #[test]
    fn a_pin_is_read_from_its_file_alone_and_from_none_that_others_read() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pin");
        std::fs::write(&file, "1234\n").unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
        let named = KeySettings { pin_file: Some(file.clone()), ..KeySettings::default() };
        let error = named.pin().unwrap_err().to_string();
        assert!(error.contains("chmod 600") && !error.contains("1234"), "{error}");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(format!("{:?}", named.pin().unwrap()), "Pin(..)");
        let unset = KeySettings { pin_env: Some("KANAK_NO_SUCH_PIN".to_owned()), ..KeySettings::default() };
        assert!(unset.pin().unwrap_err().to_string().contains("KANAK_NO_SUCH_PIN"));
    }
}

//! `kanak vault move-keys`, `certificates` and `backup`: care of keys and vault for which no hub is needed.

use std::path::Path;
use std::process::ExitCode;

use anyhow::bail;
use kanak_model::{Clock as _, SystemClock};
use kanak_store::{KeyStoreKind, RotatedKey, copy_vault, key_store};
use serde_json::json;

use crate::cli::{Global, KeyStoreWord};
use crate::keys;
use crate::output::{Output, grouped};
use crate::vault_service::certificates::{Validity, make};
use crate::vault_service::house::VaultHouse;

/// Moves the keys of a data folder to the other kind of store.
///
/// # Errors
/// When they are there already, or either store or the vault cannot be used; then nothing has moved.
pub async fn move_keys(to: KeyStoreWord, global: &Global, output: &Output) -> anyhow::Result<ExitCode> {
    let to = match to {
        KeyStoreWord::File => KeyStoreKind::File,
        KeyStoreWord::Pkcs11 => KeyStoreKind::Pkcs11,
    };
    let house = VaultHouse::open(global)?;
    let from = house.keys.kind();
    if from == to {
        bail!(
            "kanak.toml says `store = \"{}\"` under [keys] already: the keys move from there to the other kind",
            from.word()
        );
    }
    let other = keys::open(&house.config.keys, to, &house.data)?;
    let moved = if house.vault_path().exists() {
        house.vault().await?.move_keys(&*other).await?
    } else {
        key_store::copy_names(&*house.keys, &*other)?;
        RotatedKey { version: 0, data_keys: 0 }
    };
    if output.json {
        output.document(&json!({ "store": to.word(), "place": other.place(), "data_keys": moved.data_keys }))?;
        return Ok(ExitCode::SUCCESS);
    }
    output.line(format!(
        "The keys are in {} now; {} data keys are wrapped there",
        other.place(),
        grouped(moved.data_keys)
    ));
    output.note(format!(
        "Write `store = \"{}\"` under [keys] of kanak.toml. What was in {} is needed for earlier backups of the vault; destroy it when none is kept",
        to.word(),
        house.keys.place()
    ));
    Ok(ExitCode::SUCCESS)
}

/// Makes the certificates of a vault and its hub.
///
/// # Errors
/// When the folder exists or a name is none.
pub fn certificates(dir: &Path, names: &[String], days: u32, output: &Output) -> anyhow::Result<ExitCode> {
    make(dir, names, Validity::days(SystemClock.now(), days))?;
    output.note(format!(
        "Made {0}, good for {days} days. To the vault's machine: authority.pem, vault.pem, vault.key; to the hub's: authority.pem, hub.pem, \
         hub.key. Then remove {0}",
        dir.display()
    ));
    Ok(ExitCode::SUCCESS)
}

/// Copies the vault of a data folder, whoever has it open.
///
/// # Errors
/// When there is none, or the file exists.
pub async fn backup(file: &Path, global: &Global, output: &Output) -> anyhow::Result<ExitCode> {
    let vault = global.data.join("vault.sqlite");
    if !vault.exists() {
        bail!("{} has no vault; name its data folder with --data", global.data.display());
    }
    if file.exists() {
        bail!("{} exists; name a new file", file.display());
    }
    copy_vault(&vault, file).await?;
    output.note(format!("Copied {} to {}. The keys are not in it", vault.display(), file.display()));
    Ok(ExitCode::SUCCESS)
}

//! The way of Aadhaar numbers into the vault, and care of it.

use anyhow::ensure;
use kanak_ingest::CheckedRow;

use crate::deployment::Deployment;
use crate::jobs::ingest_file::HUB_DOMAIN;
use crate::jobs::on_record;

/// Puts the vault's references in the place of the Aadhaar numbers of rows.
///
/// # Errors
/// When the numbers cannot go to the vault.
pub async fn put_references<'r>(
    deployment: &Deployment,
    rows: impl Iterator<Item = &'r mut CheckedRow>,
) -> anyhow::Result<()> {
    let rows: Vec<&mut CheckedRow> = rows.filter(|row| !row.secrets.is_empty()).collect();
    if rows.is_empty() {
        return Ok(());
    }
    let numbers: Vec<&str> = rows.iter().flat_map(|row| &row.secrets).map(|secret| secret.aadhaar.expose()).collect();
    let references = deployment.vault.tokenise(HUB_DOMAIN, &numbers).await?;
    ensure!(references.len() == numbers.len(), "the vault answered fewer references than it was asked for");
    let mut references = references.iter();
    for row in rows {
        for (secret, reference) in (0..row.secrets.len()).zip(&mut references) {
            row.fill(secret, reference.as_str());
        }
    }
    Ok(())
}

/// Takes out references of the hub's domain that no version of any source record uses, with the numbers that none is left of;
/// gives how many references went. Nothing may be taken in meanwhile: the caller holds the server's one turn to work, or the data
/// folder.
///
/// # Errors
/// When the hub or the vault cannot be read or written.
pub async fn sweep(deployment: &Deployment) -> anyhow::Result<u64> {
    let before = deployment.clock.now();
    let used = deployment.store.list_references().await?;
    let swept = deployment.vault.sweep_orphans(HUB_DOMAIN, &used, before).await?;
    if swept > 0 {
        record(deployment, "vault_swept", serde_json::json!({ "references": swept })).await?;
    }
    Ok(swept)
}

/// Puts on record what was done to the vault.
///
/// # Errors
/// When the hub cannot be written.
pub async fn record(deployment: &Deployment, action: &str, detail: serde_json::Value) -> anyhow::Result<()> {
    on_record::record(deployment, "vault", action, "vault".to_owned(), detail).await
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;
    use crate::cli::{IngestArgs, VaultDataCommand};
    use crate::commands::{ingest, vault as command};
    use crate::jobs::ingest_file::{Known, Terms};
    use crate::output::Output;
    use crate::testing::House;

    const AGAIN: Terms = Terms { known: Known::ReadAgain, ..Terms::CAREFUL };

    /// A house whose register `file` states Aadhaar numbers.
    async fn house(file: &str) -> House {
        let column = "to = \"date_of_birth\"\n\n[[column]]\nfrom = \"UID\"\nto = \"aadhaar\"";
        House::new().await.declared_anew(file, "to = \"date_of_birth\"", column).await
    }

    /// Made-up numbers that pass the check digit.
    fn numbers(count: usize) -> Vec<String> {
        let candidates = (200_000_000_000_u64..).step_by(7).map(|number| number.to_string());
        candidates.filter(|text| kanak_codes::identifiers::Aadhaar::parse(text).is_ok()).take(count).collect()
    }

    fn file(numbers: &[String]) -> String {
        let mut text = String::from("ID,NAME,DOB,UID\n");
        for (id, number) in numbers.iter().enumerate() {
            writeln!(text, "{id},Asha Devi,1990-01-02,{number}").unwrap();
        }
        text
    }

    #[tokio::test]
    async fn a_sweep_takes_what_nobody_uses_and_keeps_what_an_earlier_version_states() {
        let house = house("people.toml").await;
        let (deployment, numbers) = (&house.deployment, numbers(4));
        house.ingest("people_1.csv", &file(&numbers[..2])).await;
        house.ingest("people_2.csv", &file(&numbers[2..3])).await;
        let vault = &deployment.vault;
        assert_eq!(vault.standing().await.unwrap().numbers, 3, "the first row states another number now");
        vault.tokenise(HUB_DOMAIN, &[&numbers[3]]).await.unwrap();
        vault.tokenise("food", &[&numbers[0]]).await.unwrap();
        assert_eq!(sweep(deployment).await.unwrap(), 1);
        assert_eq!(vault.standing().await.unwrap().numbers, 3);
        assert_eq!(sweep(deployment).await.unwrap(), 0);
        let entries = deployment.store.list_audit_events(0, 100).await.unwrap();
        assert_eq!(entries.iter().filter(|entry| entry.event.action == "vault_swept").count(), 1);
    }

    #[tokio::test]
    async fn a_refused_file_leaves_nothing_in_the_vault() {
        let house = house("roll.toml").await;
        let numbers = numbers(11);
        house.ingest("roll_1.csv", &file(&numbers[..10])).await;
        let path = house.folder().join("roll_2.csv");
        std::fs::write(&path, file(&numbers[10..])).unwrap();
        let what = vec![path.display().to_string()];
        let args = IngestArgs { what, inbox: None, accept_retired: false, again: false };
        let error = ingest::run(&args, &house.deployment, &Output::silent()).await.unwrap_err().to_string();
        assert!(error.contains("would retire"), "{error}");
        let vault = &house.deployment.vault;
        assert_eq!(vault.holds(&[&numbers[10], &numbers[9]]).await.unwrap(), [false, true]);
        assert_eq!(vault.standing().await.unwrap().numbers, 10);
    }

    #[tokio::test]
    async fn keys_rotate_by_command_and_what_was_done_is_on_record() {
        let house = house("people.toml").await;
        let (deployment, numbers) = (&house.deployment, numbers(3));
        house.ingest("people_1.csv", &file(&numbers)).await;
        for what in [
            VaultDataCommand::Rotate { numbers: false },
            VaultDataCommand::Rotate { numbers: true },
            VaultDataCommand::Sweep,
            VaultDataCommand::Status,
        ] {
            command::run(&what, deployment, &Output::silent()).await.unwrap();
        }
        let keys = deployment.vault.standing().await.unwrap().data_keys;
        assert_eq!(keys.iter().map(|key| (key.id, key.kek_version, key.sealed)).collect::<Vec<_>>(), [(2, 2, 3)]);
        let unchanged = house.ingest_on("people_1.csv", &file(&numbers), AGAIN).await;
        assert_eq!((unchanged.unchanged, unchanged.changed), (3, 0), "every number has the reference it had");
        let entries = deployment.store.list_audit_events(0, 100).await.unwrap();
        let actions: Vec<&str> = entries
            .iter()
            .filter(|entry| entry.event.actor == "system:vault")
            .map(|entry| entry.event.action.as_str())
            .collect();
        assert_eq!(actions, ["vault_key_rotated", "vault_data_rotation_begun", "vault_data_rotated"]);
    }
}

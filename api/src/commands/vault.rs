//! `kanak vault`: the vault's keys, and references that nobody uses.

use kanak_store::{RotatedKey, VaultError, VaultStanding};
use serde_json::json;

use crate::cli::VaultDataCommand;
use crate::deployment::Deployment;
use crate::jobs::vault::{record, sweep};
use crate::output::{Output, grouped};
use crate::progress::Stage;

/// Runs the command.
///
/// # Errors
/// When a key or the vault cannot be used.
pub async fn run(command: &VaultDataCommand, deployment: &Deployment, output: &Output) -> anyhow::Result<()> {
    match command {
        VaultDataCommand::Status => status(deployment, output).await,
        VaultDataCommand::Rotate { numbers: false } => rotate_key(deployment, output).await,
        VaultDataCommand::Rotate { numbers: true } => rotate_data(deployment, output).await,
        VaultDataCommand::Sweep => {
            let swept = sweep(deployment).await?;
            if output.json {
                return output.document(&json!({ "references": swept }));
            }
            output.line(format!("{} references that nobody uses were taken out", grouped(swept)));
            Ok(())
        }
    }
}

async fn status(deployment: &Deployment, output: &Output) -> anyhow::Result<()> {
    let VaultStanding { numbers, keys: place, data_keys: keys } = match deployment.vault.standing().await {
        Err(none @ VaultError::None) => {
            if output.json {
                return output.document(&json!({ "numbers": 0, "keys": null, "data_keys": [] }));
            }
            output.line(none.to_string());
            return Ok(());
        }
        standing => standing?,
    };
    if output.json {
        let keys: Vec<_> = keys
            .iter()
            .map(|key| {
                json!({ "id": key.id, "kek_version": key.kek_version, "sealed": key.sealed,
                    "created": key.created.to_string(), "retired": key.retired.map(|at| at.to_string()) })
            })
            .collect();
        return output.document(&json!({ "numbers": numbers, "keys": place, "data_keys": keys }));
    }
    output.line(format!("{} numbers; keys in {place}", grouped(numbers)));
    let rows: Vec<Vec<String>> = keys
        .iter()
        .map(|key| {
            let retired = key.retired.map_or_else(String::new, |at| at.to_string());
            let (id, wrapped) = (key.id.to_string(), format!("vault-kek-{}", key.kek_version));
            vec![id, wrapped, grouped(key.sealed), key.created.to_string(), retired]
        })
        .collect();
    if !rows.is_empty() {
        output.table(&["data key", "wrapped under", "sealed", "created", "retired"], &rows);
    }
    Ok(())
}

async fn rotate_key(deployment: &Deployment, output: &Output) -> anyhow::Result<()> {
    let RotatedKey { version, data_keys } = deployment.vault.rotate_key().await?;
    record(deployment, "vault_key_rotated", json!({ "version": version, "data_keys": data_keys })).await?;
    if output.json {
        return output.document(&json!({ "version": version, "data_keys": data_keys }));
    }
    output.line(format!("{} data keys are wrapped under vault-kek-{version} now", grouped(data_keys)));
    output
        .note("Copy the key store again; earlier versions stay in it for as long as a backup of the vault needs them");
    Ok(())
}

async fn rotate_data(deployment: &Deployment, output: &Output) -> anyhow::Result<()> {
    record(deployment, "vault_data_rotation_begun", json!({})).await?;
    let stage = Stage::begin(output, "Sealing numbers anew", deployment.vault.standing().await?.numbers);
    let mut numbers = 0;
    let gone = deployment
        .vault
        .rotate_data(|batch| {
            numbers += batch;
            stage.advance(batch);
        })
        .await?;
    stage.end(&format!("{} numbers", grouped(numbers)));
    record(deployment, "vault_data_rotated", json!({ "numbers": numbers, "data_keys_gone": gone })).await?;
    if output.json {
        return output.document(&json!({ "numbers": numbers, "data_keys_gone": gone }));
    }
    output.line(format!("{} numbers were sealed anew; {} data keys are gone", grouped(numbers), grouped(gone)));
    Ok(())
}

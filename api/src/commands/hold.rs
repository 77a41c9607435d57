//! `kanak hold`: what may not be erased, whose hold it is and why.

use anyhow::Context as _;
use kanak_model::{Access, GoldenId};
use serde_json::json;

use crate::cli::HoldCommand;
use crate::deployment::Deployment;
use crate::output::Output;

/// Runs the command.
///
/// # Errors
/// When there is no such golden record or hold, or its words cannot be kept.
pub async fn run(command: &HoldCommand, deployment: &Deployment, output: &Output) -> anyhow::Result<()> {
    let actor = Access::operation("command line").caller().name.clone();
    match command {
        HoldCommand::Add { golden, authority, reason } => {
            let id: GoldenId = golden.parse().with_context(|| format!("`{golden}` is no golden id"))?;
            let hold = deployment.store.place_hold(id, authority, reason, &actor).await?;
            if output.json {
                return output.document(&json!({ "hold": hold }));
            }
            output.line(format!("legal hold {hold} keeps {id}: nothing of it is erased until it is removed"));
        }
        HoldCommand::Remove { hold } => {
            deployment.store.remove_hold(*hold, &actor).await?;
            output.note(format!("legal hold {hold} is removed"));
        }
        HoldCommand::List => {
            let holds = deployment.store.list_holds().await?;
            if output.json {
                let holds: Vec<_> = holds
                    .iter()
                    .map(|hold| {
                        json!({ "hold": hold.id, "entity": hold.entity, "authority": hold.authority, "reason": hold.reason,
                            "placed": hold.placed.to_string(), "placed_by": hold.placed_by,
                            "golden_records": hold.golden.iter().map(ToString::to_string).collect::<Vec<_>>() })
                    })
                    .collect();
                return output.document(&holds);
            }
            let rows: Vec<Vec<String>> = holds
                .into_iter()
                .map(|hold| {
                    let golden: Vec<String> = hold.golden.iter().map(ToString::to_string).collect();
                    let (id, placed) = (hold.id.to_string(), hold.placed.to_string());
                    vec![id, golden.join(" "), hold.authority, hold.reason, placed, hold.placed_by]
                })
                .collect();
            output.table(&["hold", "golden records", "authority", "reason", "placed", "by"], &rows);
        }
    }
    Ok(())
}

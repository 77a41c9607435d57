//! `kanak resolve`: match what is new and write golden records.

use serde_json::json;

use crate::deployment::Deployment;
use crate::jobs::on_record::record;
use crate::jobs::publish::publish;
use crate::jobs::resolve::{Resolved, resolve};
use crate::output::{Output, grouped};
use crate::progress::Stage;

/// Runs the command.
///
/// # Errors
/// When an entity type is unknown, or the hub cannot be read or written.
pub async fn run(entities: &[String], deployment: &Deployment, output: &Output) -> anyhow::Result<()> {
    publish(deployment).await?;
    let done = resolve_all(deployment, entities, output).await?;
    print(&done, output)?;
    Ok(())
}

/// Resolves the named entity types, or all.
///
/// # Errors
/// When an entity type is unknown, or the hub cannot be read or written.
pub async fn resolve_all(
    deployment: &Deployment,
    entities: &[String],
    output: &Output,
) -> anyhow::Result<Vec<Resolved>> {
    let names: Vec<String> = if entities.is_empty() {
        deployment.models.iter().map(|model| model.name.clone()).collect()
    } else {
        entities.to_vec()
    };
    let mut done = Vec::with_capacity(names.len());
    for name in names {
        let model = deployment.get_model(&name)?;
        let stage = Stage::begin(output, format!("Matching {}", model.plural), 0);
        let resolved = resolve(deployment, model).await?;
        let words = match &resolved.applied {
            None => "nothing new".to_owned(),
            Some(applied) => format!(
                "{} source records, {} pairs compared, {} golden records made",
                grouped(resolved.source_records as i64),
                grouped(resolved.compared),
                grouped(applied.created)
            ),
        };
        let words = match &resolved.published {
            None => words,
            Some(why) => format!("{words}; new rules, because {why}"),
        };
        stage.end(&words);
        if let Some(applied) = &resolved.applied {
            let detail = json!({
                "source_records": resolved.source_records, "created": applied.created, "updated": applied.updated,
                "merged": applied.merged, "split": applied.split, "to_review": resolved.reviews,
                "feed_position": applied.feed_position, "new_rules_because": resolved.published,
            });
            record(deployment, "resolve", "resolved", format!("entity type {name}"), detail).await?;
        }
        done.push(resolved);
    }
    Ok(done)
}

fn print(done: &[Resolved], output: &Output) -> anyhow::Result<()> {
    if output.json {
        let rows: Vec<_> = done.iter().map(to_json).collect();
        return output.document(&rows);
    }
    let rows: Vec<Vec<String>> = done
        .iter()
        .map(|one| {
            let counts = one.applied.as_ref().map_or([0; 4], |a| [a.created, a.updated, a.merged, a.split]);
            let mut row = vec![one.entity.clone(), grouped(one.source_records as i64), grouped(one.compared)];
            row.extend(counts.map(grouped));
            row.push(grouped(one.reviews as i64));
            row
        })
        .collect();
    output.table(
        &["entity", "source records", "pairs compared", "created", "updated", "merged", "split", "to review"],
        &rows,
    );
    Ok(())
}

/// One resolution as JSON.
pub fn to_json(one: &Resolved) -> serde_json::Value {
    let applied = one.applied.as_ref().map(|a| {
        json!({ "created": a.created, "updated": a.updated, "merged": a.merged, "split": a.split,
                "unchanged": a.unchanged, "feed_position": a.feed_position })
    });
    json!({ "entity": one.entity, "source_records": one.source_records, "pairs_compared": one.compared,
            "to_review": one.reviews, "new_rules_because": one.published, "applied": applied })
}

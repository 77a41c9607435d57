//! `kanak resolve --preview`: what a resolution would do, and nothing done.

use serde_json::json;

use crate::deployment::Deployment;
use crate::jobs::rules_preview::{Preview, preview};
use crate::output::{Output, grouped};
use crate::progress::Stage;

/// Runs the command.
///
/// # Errors
/// When an entity type is unknown or needs a migration, or the hub cannot be read.
pub async fn run(entities: &[String], deployment: &Deployment, output: &Output) -> anyhow::Result<()> {
    let names: Vec<String> = if entities.is_empty() {
        deployment.models.iter().map(|model| model.name.clone()).collect()
    } else {
        entities.to_vec()
    };
    let mut previews = Vec::with_capacity(names.len());
    for name in names {
        let model = deployment.get_model(&name)?;
        let stage = Stage::begin(output, format!("Looking ahead at {}", model.plural), 0);
        let one = preview(deployment, model).await?;
        stage.end(one.because.as_deref().unwrap_or("nothing would change"));
        previews.push(one);
    }
    if output.json {
        return output.document(&previews.iter().map(to_json).collect::<Vec<_>>());
    }
    print(&previews, output);
    Ok(())
}

fn print(previews: &[Preview], output: &Output) {
    let row = |one: &Preview| {
        let counts =
            one.applied.as_ref().map_or([0; 6], |a| [a.created, a.updated, a.merged, a.split, a.restored, a.emptied]);
        let mut row = vec![one.entity.clone()];
        row.extend(counts.map(grouped));
        row.push(grouped(one.questions as i64));
        row
    };
    let heads = ["entity", "created", "updated", "merged", "split", "restored", "emptied", "to review"];
    output.table(&heads, &previews.iter().map(row).collect::<Vec<_>>());
    for one in previews {
        for (what, why) in [("due because", &one.because), ("new rules because", &one.new_rules_because)] {
            if let Some(why) = why {
                output.line(format!("{}: {what} {why}", one.entity));
            }
        }
        if one.overrides_due > 0 {
            output.line(format!(
                "{}: {} stated values whose time has come would end first; they are still counted in here",
                one.entity, one.overrides_due
            ));
        }
        for ((before, after), count) in &one.statuses {
            output.line(format!("{}: {} would be {after} instead of {before}", one.entity, grouped(*count)));
        }
        print_attributes(one, output);
    }
    output.line("nothing was changed; `kanak resolve` does it");
}

fn print_attributes(one: &Preview, output: &Output) {
    if one.attributes.is_empty() {
        return;
    }
    let mut rows = Vec::new();
    for change in &one.attributes {
        let counts = [change.changed, change.came, change.went].map(grouped);
        let mut row = vec![one.entity.clone(), change.attribute.clone(), change.strategy.to_owned()];
        row.extend(counts);
        let shown = change.shown.first().map_or_else(String::new, |shown| {
            let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".to_owned());
            format!("{}: {} → {}", shown.golden_id, value(&shown.before), value(&shown.after))
        });
        row.push(shown);
        rows.push(row);
    }
    output.line("");
    output
        .table(&["entity", "attribute", "strategy", "another value", "a first one", "none any more", "such as"], &rows);
}

fn to_json(one: &Preview) -> serde_json::Value {
    let applied = one.applied.as_ref().map(|a| {
        json!({ "created": a.created, "updated": a.updated, "merged": a.merged, "split": a.split, "restored": a.restored,
                "emptied": a.emptied, "unchanged": a.unchanged })
    });
    let statuses: Vec<_> = one
        .statuses
        .iter()
        .map(|((before, after), count)| json!({ "before": before, "after": after, "golden_records": count }))
        .collect();
    json!({ "entity": one.entity, "due_because": one.because, "new_rules_because": one.new_rules_because,
            "to_review": one.questions, "would_apply": applied, "statuses": statuses, "attributes": one.attributes,
            "overrides_due": one.overrides_due })
}

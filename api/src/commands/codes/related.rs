//! How codes stand to others: value sets, concept maps, hierarchies, versions and lineage.

use anyhow::bail;
use kanak_codes::{AsOf, Codes, Day, Direction, Expand, Language};

use super::refused;
use crate::output::{Output, grouped};
use crate::v1::code_systems::view::{DiffView, LineageView, SubsumptionView};
use crate::v1::concept_maps::view::{ConceptMapView, TranslationView};
use crate::v1::value_sets::view::{ExpansionView, ValueSetView};

pub(super) fn list_value_sets(codes: &Codes, output: &Output) -> anyhow::Result<()> {
    if output.json {
        let views = codes.value_sets().map(|set| ValueSetView::new(codes, set)).collect::<Result<Vec<_>, _>>()?;
        return output.document(&views);
    }
    let row = |set: &kanak_codes::ValueSet| {
        vec![set.name().to_owned(), set.version().to_owned(), set.title_in(Language::En).to_owned()]
    };
    output.table(&["value set", "version", "title"], &codes.value_sets().map(row).collect::<Vec<_>>());
    Ok(())
}

pub(super) fn list_concept_maps(codes: &Codes, output: &Output) -> anyhow::Result<()> {
    if output.json {
        return output.document(&codes.concept_maps().map(ConceptMapView::from).collect::<Vec<_>>());
    }
    let row = |map: &kanak_codes::ConceptMap| {
        let ends = format!("{} to {}", map.source_system(), map.target_system());
        vec![map.name().to_owned(), grouped(map.len() as i64), ends, map.title_in(Language::En).to_owned()]
    };
    output.table(&["concept map", "rows", "from and to", "title"], &codes.concept_maps().map(row).collect::<Vec<_>>());
    Ok(())
}

pub(super) fn expand(codes: &Codes, name: &str, page: &Expand<'_>, output: &Output) -> anyhow::Result<()> {
    let is_system = codes.get_value_set(name).is_err() && codes.system(name).is_some();
    let expansion = if is_system { codes.expand_system(name, page)? } else { codes.expand(name, page)? };
    let view = ExpansionView::from(expansion);
    if output.json {
        return output.document(&view);
    }
    let shown = view.codes.len();
    let row = |code: &crate::v1::value_sets::view::ExpandedView| {
        vec![code.code.clone(), code.display.clone(), code.system.clone(), code.status.to_owned()]
    };
    output.table(&["code", "display", "system", "status"], &view.codes.iter().map(row).collect::<Vec<_>>());
    output.note(format!("{} of {}", grouped(shown as i64), grouped(view.total as i64)));
    Ok(())
}

pub(super) fn translate(
    codes: &Codes,
    (map, code): (&str, &str),
    direction: Direction,
    as_of: Option<Day>,
    output: &Output,
) -> anyhow::Result<()> {
    let found = codes.translate(map, code, direction, as_of)?;
    let views: Vec<TranslationView> = found.into_iter().map(TranslationView::from).collect();
    if output.json {
        return output.document(&views);
    }
    if views.is_empty() {
        bail!("{map} says nothing of `{code}`");
    }
    let row = |view: &TranslationView| {
        vec![
            view.to_code.clone(),
            view.display.clone().unwrap_or_default(),
            view.relationship.to_owned(),
            view.valid_from.clone().unwrap_or_default(),
            view.comment.clone(),
        ]
    };
    output.table(&["code", "display", "relationship", "since", "comment"], &views.iter().map(row).collect::<Vec<_>>());
    Ok(())
}

pub(super) fn subsumes(
    as_of: AsOf<'_>,
    (a, b): (&str, &str),
    hierarchy: Option<&str>,
    output: &Output,
) -> anyhow::Result<()> {
    let view = SubsumptionView::find(as_of, a, b, hierarchy).map_err(refused)?;
    if output.json {
        return output.document(&view);
    }
    let word = serde_json::to_value(view.outcome)?;
    output.line(format!("{} {} {}", view.a, word.as_str().unwrap_or_default(), view.b));
    Ok(())
}

pub(super) fn compare(
    codes: &Codes,
    system: &str,
    (from, to): (&str, Option<&str>),
    limit: usize,
    output: &Output,
) -> anyhow::Result<()> {
    let (old, new) = (codes.as_of(system, Some(from), None)?, codes.as_of(system, to, None)?);
    let view = DiffView::new(old.system(), new.system(), limit);
    if output.json {
        return output.document(&view);
    }
    let rows = view.rows();
    output.table(&["what", "code", "display or what changed"], &rows);
    output.note(format!("{} shown", grouped(rows.len() as i64)));
    Ok(())
}

pub(super) fn lineage(
    codes: &Codes,
    system: &str,
    code: &str,
    as_of: Option<Day>,
    output: &Output,
) -> anyhow::Result<()> {
    let Some(view) = LineageView::find(codes, system, code, as_of).map_err(refused)? else {
        bail!("{system} never had a code `{code}`");
    };
    if output.json {
        return output.document(&view);
    }
    output.table(&["when", "from", "to", "display", "day", "relationship"], &view.rows());
    Ok(())
}

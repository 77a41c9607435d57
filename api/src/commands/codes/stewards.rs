//! What stewards look at: how current codes are, what is wrong in their sources, and where a point lies.

use kanak_codes::{Codes, Day};
use kanak_model::{Clock as _, SystemClock};
use serde_json::json;

use super::refused;
use crate::output::{Output, grouped};
use crate::v1::code_systems::view::DistrictAtView;

pub(super) fn currency(codes: &Codes, output: &Output) -> anyhow::Result<()> {
    let today = Day::parse(&SystemClock.now().day_ist().to_string());
    let age = |one: &kanak_codes::Currency<'_>| today.and_then(|today| one.age_days(today));
    let all = codes.currency();
    if output.json {
        let views: Vec<_> = all
            .iter()
            .map(|one| {
                json!({
                    "system": one.system, "version": one.version, "source_date": one.source_date, "age_days": age(one),
                    "rows": one.rows, "rows_real": one.rows_real, "rows_official": one.rows_official,
                    "share_present": one.share_present(), "made_up": one.is_made_up, "gaps": one.gaps,
                })
            })
            .collect();
        return output.document(&views);
    }
    let row = |one: &kanak_codes::Currency<'_>| {
        vec![
            one.system.to_owned(),
            one.source_date.unwrap_or("not known").to_owned(),
            age(one).map_or_else(|| "not known".to_owned(), |days| grouped(i64::from(days))),
            grouped(one.rows_real as i64),
            one.rows_official.map_or_else(String::new, |rows| grouped(rows as i64)),
            one.share_present().map_or_else(String::new, |share| format!("{:.1} %", share * 100.0)),
            one.gaps.join("; "),
        ]
    };
    let rows: Vec<Vec<String>> = all.iter().map(row).collect();
    output.table(&["system", "source of", "days old", "real rows", "official", "present", "known gaps"], &rows);
    Ok(())
}

pub(super) fn defects(codes: &Codes, system: Option<&str>, output: &Output) -> anyhow::Result<()> {
    if let Some(name) = system {
        codes.get_system(name)?;
    }
    let mut all = codes.defects();
    all.retain(|defect| system.is_none_or(|name| name == defect.system));
    if output.json {
        return output.document(&all);
    }
    let row = |defect: &kanak_codes::Defect| {
        vec![defect.system.clone(), defect.code.clone(), defect.what.clone(), defect.remedy.clone()]
    };
    output.table(&["system", "code", "what is wrong", "what to do"], &all.iter().map(row).collect::<Vec<_>>());
    output.note(format!("{} in all", grouped(all.len() as i64)));
    Ok(())
}

pub(super) fn at(codes: &Codes, point: (f64, f64), as_of: Option<Day>, output: &Output) -> anyhow::Result<()> {
    let view = DistrictAtView::find(codes, point, as_of).map_err(refused)?;
    if output.json {
        return output.document(&view);
    }
    output.table(&["", "district", "name"], &view.rows());
    Ok(())
}

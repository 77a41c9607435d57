//! Scheme targets: what each scheme was to reach in each district and financial year, and what it reached.

use chrono::Datelike;
use kanak_codes::Codes;

use crate::chance::{Chance, Purpose};
use crate::error::SynthError;
use crate::extract::Folder;
use crate::layout::{Holds, Layout, text};
use crate::people::World;
use crate::ratios::EVENT_YEARS;
use crate::row::Row;

const COLUMNS: [&str; 6] = ["TARGET_NO", "SCHEME_CODE", "DISTRICT", "FIN_YEAR_FROM", "TARGET", "ACHIEVED"];

/// Writes all targets. Those of the year that has not ended are partly reached.
pub(crate) fn write_targets(codes: &Codes, world: &World, folder: &mut Folder) -> Result<(), SynthError> {
    let layout = Layout::new("scheme_targets", text(','), &COLUMNS, &["TARGET_NO"])
        .with_event(&["SCHEME_CODE"], None)
        .holding(Holds::Number, &["FIN_YEAR_FROM", "TARGET", "ACHIEVED"]);
    let mut extract = folder.extract(layout)?;
    let last_year = if world.end.month() >= 4 { world.end.year() } else { world.end.year() - 1 };
    let mut row = Row::default();
    let total = crate::ratios::SCHEME_TARGETS;
    let mut chance = Chance::new(world.seed, Purpose::Targets, 0);
    for scheme in codes.get_system("scheme")?.concepts() {
        let reach = 0.55 + 0.5 * chance.unit();
        for district in &world.places.districts {
            let diligence = 0.75 + 0.4 * chance.unit();
            let size = 200.0 + 4_000.0 * chance.unit();
            for year in last_year - EVENT_YEARS + 1..=last_year {
                let months_gone = if year == last_year { (world.end.month0() + 9) % 12 } else { 12 };
                let target = size * (0.9 + 0.2 * chance.unit());
                let achieved =
                    target * reach * diligence * (0.85 + 0.3 * chance.unit()) * f64::from(months_gone) / 12.0;
                row.clear();
                row.put_fmt(format_args!("T-{}-{}-{year}", scheme.code(), district.code));
                row.put(scheme.code());
                row.put(&district.name);
                row.put_fmt(format_args!("{year}"));
                row.put_fmt(format_args!("{target:.0}"));
                row.put_fmt(format_args!("{achieved:.0}"));
                if extract.rows() < total {
                    let room = total - extract.rows();
                    extract.write(&row, room, folder)?;
                }
            }
        }
    }
    folder.finish(extract)
}

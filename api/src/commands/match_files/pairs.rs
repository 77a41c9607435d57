//! The pairs that a run lists, and those that it cut.

use std::io::Write;

use kanak_engine::matching::Matched;
use kanak_model::SourceRecordId;

use super::report::word_of;
use super::table::Table;
use super::{field, row_of};

/// Writes `pairs.csv`: the pairs at review or above.
pub(super) fn write_pairs(out: &mut impl Write, table: &Table, found: &Matched) -> std::io::Result<()> {
    writeln!(out, "source_l,id_l,source_r,id_r,weight_bits,probability,decision")?;
    for pair in &found.pairs {
        write_ends(out, table, pair.left, pair.right)?;
        writeln!(out, "{:.4},{:.6},{}", pair.weight_bits, pair.probability, pair.decision.word())?;
    }
    Ok(())
}

/// Writes `cuts.csv`: the pairs that weigh enough for a match and were kept apart, with the reason.
pub(super) fn write_cuts(out: &mut impl Write, table: &Table, found: &Matched) -> std::io::Result<()> {
    writeln!(out, "source_l,id_l,source_r,id_r,reason")?;
    for cut in &found.cuts {
        write_ends(out, table, cut.left, cut.right)?;
        writeln!(out, "{}", word_of(cut.reason))?;
    }
    Ok(())
}

fn write_ends(out: &mut impl Write, table: &Table, left: SourceRecordId, right: SourceRecordId) -> std::io::Result<()> {
    for row in [left, right].map(row_of) {
        write!(out, "{},{},", field(table.source(row)), field(&table.id(row)))?;
    }
    Ok(())
}

//! The pairs that a run lists, with what became of them.

use std::collections::HashMap;
use std::io::Write;

use kanak_engine::matching::{CutReason, Matched};
use kanak_model::SourceRecordId;
use kanak_model::match_pair::{Decision, MatchPair};

use super::report::word_of;
use super::table::Table;
use super::{field, row_of};

/// Why a pair waits that is no cut match: its own weight is between review and match.
const DOUBTFUL: &str = "doubtful";

/// Writes `pairs.csv`: the pairs at review or above, those that are not in one cluster with the reason.
pub(super) fn write_pairs(out: &mut impl Write, table: &Table, found: &Matched) -> std::io::Result<()> {
    let cuts: HashMap<(SourceRecordId, SourceRecordId), CutReason> =
        found.cuts.iter().map(|cut| ((cut.left, cut.right), cut.reason)).collect();
    writeln!(out, "source_l,id_l,source_r,id_r,weight_bits,probability,decision,reason")?;
    for pair in &found.pairs {
        let (l, r) = (row_of(pair.left), row_of(pair.right));
        let (weight_bits, probability, decision) = (pair.weight_bits, pair.probability, pair.decision.word());
        writeln!(
            out,
            "{},{},{},{},{weight_bits:.4},{probability:.6},{decision},{}",
            field(table.source(l)),
            field(&table.id(l)),
            field(table.source(r)),
            field(&table.id(r)),
            reason(pair, cuts.get(&(pair.left, pair.right)).copied()),
        )?;
    }
    Ok(())
}

/// Why a pair is not in one cluster; nothing of one that is.
fn reason(pair: &MatchPair, cut: Option<CutReason>) -> String {
    match (pair.decision, cut) {
        (Decision::Match, _) => String::new(),
        (_, Some(reason)) => word_of(reason),
        (_, None) => DOUBTFUL.to_owned(),
    }
}

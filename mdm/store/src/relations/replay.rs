//! Whether the relations that are kept are those that the source records state.

use crate::db::{Tx, on_tx};
use crate::error::StoreError;

use super::{CURRENT, EARLIER, RelationType, Side, StatedVersion, StatementRow, list_types, statements};

/// Versions read at a time.
const PAGE: i64 = 5_000;

/// A row of `relations` as it is read back.
type Kept = (i64, i64, i64, String, String, Option<i64>, Option<i64>);

/// Source records of which another relation is kept than they state, or one of which nobody knows the source record.
pub(crate) async fn list_unlike_their_source(tx: &mut Tx) -> Result<Vec<i64>, StoreError> {
    const LOST: &str = "SELECT DISTINCT x.source_record_id FROM relations x
         LEFT JOIN source_records r ON r.id = x.source_record_id
         LEFT JOIN source_record_versions v ON v.source_record_id = x.source_record_id AND v.version = x.version
         WHERE r.id IS NULL OR (x.version <> r.version AND v.version IS NULL) ORDER BY 1";
    let types = list_types(tx).await?;
    let mut broken: Vec<i64> = on_tx!(tx, |c| sqlx::query_scalar(LOST).fetch_all(c).await)?;
    // Where nothing was ever declared, nothing can be kept.
    let sources: &[&'static str] = if types.is_empty() { &[] } else { &[CURRENT, EARLIER] };
    for text in sources.iter().copied() {
        let mut after = (0_i64, 0_i64);
        loop {
            let rows: Vec<StatedVersion> =
                on_tx!(tx, |c| sqlx::query_as(text).bind(after.0).bind(after.1).bind(PAGE).fetch_all(c).await)?;
            let Some(last) = rows.last() else { break };
            let upto = (last.id, last.version);
            let kept = kept_between(tx, after, upto).await?;
            broken.extend(different(&types, &rows, &kept));
            after = upto;
        }
    }
    broken.sort_unstable();
    broken.dedup();
    Ok(broken)
}

async fn kept_between(tx: &mut Tx, after: (i64, i64), upto: (i64, i64)) -> Result<Vec<Kept>, StoreError> {
    const SQL: &str =
        "SELECT source_record_id, version, relation_type_id, side, target, valid_from_day, valid_to_day FROM relations
         WHERE (source_record_id, version) > ($1, $2) AND (source_record_id, version) <= ($3, $4)
         ORDER BY source_record_id, version, relation_type_id, side";
    Ok(on_tx!(tx, |c| sqlx::query_as(SQL).bind(after.0).bind(after.1).bind(upto.0).bind(upto.1).fetch_all(c).await)?)
}

/// The source records of `rows` of whose versions something else is kept than they state.
fn different(types: &[RelationType], rows: &[StatedVersion], kept: &[Kept]) -> Vec<i64> {
    let mut broken = Vec::new();
    for row in rows {
        let mut stated: Vec<StatementRow> =
            statements(types, &row.entity, (row.id, row.version), &row.stated.0).collect();
        // A relation that ended is kept of the versions that came before its end.
        let was_declared = |one: &RelationType| one.ended_us.is_none_or(|ended_us| row.recorded_from_us < ended_us);
        stated.retain(|statement| types.iter().any(|one| one.id == statement.2 && was_declared(one)));
        stated.sort_by_key(|one| (one.2, one.3));
        let place = kept.partition_point(|one| (one.0, one.1) < (row.id, row.version));
        let held = kept[place..].iter().take_while(|one| (one.0, one.1) == (row.id, row.version));
        let is_same = |one: &StatementRow, other: &Kept| {
            (one.2, Side::word(one.3), &one.4, one.5, one.6) == (other.2, other.3.as_str(), &other.4, other.5, other.6)
        };
        let mut held = held.peekable();
        let all = stated.iter().all(|one| held.next().is_some_and(|other| is_same(one, other)));
        if !all || held.peek().is_some() {
            broken.push(row.id);
        }
    }
    broken
}

//! Housekeeping: small files of staged events become large ones, and files that no kept release reads are deleted.

use std::path::Path;

use chrono::Duration;
use deltalake::operations::vacuum::VacuumMode;

use crate::build_release::list_tables;
use crate::delta::DeltaTables;
use crate::error::WarehouseError;
use crate::release::{self, Folder};

/// A staging table with more files than this is rewritten into few.
const SMALL_FILES_MAX: usize = 16;

pub(crate) async fn compact(lake: &Path, tables: &DeltaTables, keep: usize) -> Result<(), WarehouseError> {
    let mut kept = release::list_kept(lake)?;
    for old in kept.drain(..kept.len().saturating_sub(keep)) {
        release::forget(lake, old.number)?;
    }
    for folder in [Folder::Open, Folder::Restricted] {
        for table in list_tables(lake, folder)? {
            let fail = |error: deltalake::DeltaTableError| WarehouseError::table(&table)(Box::new(error));
            let mut delta = tables.open(&table, folder).await?;
            let files = delta.snapshot().map_err(fail)?.log_data().num_files();
            if table.starts_with("evt_") && files > SMALL_FILES_MAX {
                (delta, _) = delta.optimize().await.map_err(fail)?;
            }
            let mut versions: Vec<u64> =
                kept.iter().filter_map(|release| Some(release.tables.get(&table)?.version)).collect();
            versions.extend(delta.version());
            let (delta, _) = delta
                .vacuum()
                .with_mode(VacuumMode::Full)
                .with_retention_period(Duration::zero())
                .with_enforce_retention_duration(false)
                .with_keep_versions(&versions)
                .await
                .map_err(fail)?;
            tables.keep(&table, delta).await;
        }
    }
    Ok(())
}

//! Housekeeping: small files of staged events become large ones, and files that no kept release reads are deleted.
//!
//! Deleting writes nothing to a Delta log: what the newest version of a table names is always kept, and what only former
//! versions name is gone for time travel, as after a VACUUM. A version that changed for housekeeping alone would make the
//! next build take its inputs for new ones.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use tracing::debug;

use crate::build_release::list_tables;
use crate::delta::DeltaTables;
use crate::error::WarehouseError;
use crate::release::{self, Folder, Release};

/// A staging table with more files than this is rewritten into few.
const SMALL_FILES_MAX: usize = 16;

/// Rewrites staging tables that have many small files.
pub(crate) async fn merge_staged(lake: &Path, tables: &DeltaTables) -> Result<(), WarehouseError> {
    for table in list_tables(lake, Folder::Restricted)? {
        if table.starts_with("evt_") {
            tables.merge_files(&table, Folder::Restricted, SMALL_FILES_MAX).await?;
        }
    }
    Ok(())
}

/// Forgets all but the newest `keep` releases and deletes the data files that neither these nor the newest versions of
/// the tables name. Nobody else may be writing.
pub(crate) async fn sweep(lake: &Path, tables: &DeltaTables, keep: usize) -> Result<(), WarehouseError> {
    let mut kept = release::list_kept(lake)?;
    for old in kept.drain(..kept.len().saturating_sub(keep)) {
        release::forget(lake, old.number)?;
    }
    let mut deleted = 0;
    for folder in [Folder::Open, Folder::Restricted] {
        for table in list_tables(lake, folder)? {
            let newest = tables.find_snapshot(&table, folder).await?;
            let of_releases = kept.iter().filter_map(|release: &Release| release.tables.get(&table));
            let named = of_releases.chain(newest.as_ref()).flat_map(|held| &held.files);
            let needed: BTreeSet<&str> = named.map(|file| file.path.as_str()).collect();
            deleted += delete_others(lake, &folder.relative(&table), &needed)?;
        }
    }
    debug!(deleted, "Deleted {deleted} files that no kept release reads");
    Ok(())
}

/// Deletes the Parquet files directly in a table's folder whose paths below the lake are not in `needed`.
fn delete_others(lake: &Path, table: &Path, needed: &BTreeSet<&str>) -> Result<usize, WarehouseError> {
    let folder = lake.join(table);
    let mut deleted = 0;
    for entry in fs::read_dir(&folder).map_err(WarehouseError::io(&folder))? {
        let entry = entry.map_err(WarehouseError::io(&folder))?;
        let below = table.join(entry.file_name());
        let is_data = below.extension().is_some_and(|extension| extension == "parquet");
        if is_data && !needed.contains(below.to_string_lossy().as_ref()) {
            fs::remove_file(entry.path()).map_err(WarehouseError::io(entry.path()))?;
            deleted += 1;
        }
    }
    Ok(deleted)
}

//! Packs made, signed and kept: a tar archive that any tool unpacks, of which every byte follows from the answers and the key.
//!
//! `packs/<id>/` holds `definition.toml` and `answers.json`, which are all that a pack is made of, and `pack.tar`. The answers are
//! aggregates before small counts are withheld: they stay in the data folder. The archive has `manifest.json`, which names every file with its
//! SHA-256, `manifest.sig`, which signs the manifest with the key of the audit trail, and the files in the manifest's order.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use kanak_codes::Day;
use kanak_store::{AuditKey, Store, StoreError};
use kanak_warehouse::pack::{Answers, Definition, ask};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::config;
use crate::deployment::Deployment;
use crate::jobs::backup_manifest::{make_folder, sync_folders};
use crate::jobs::code_bundle::{END, MANIFEST, SIGNATURE, put, sha256, take};
use crate::jobs::on_record::record;

/// The version of the layout.
const LAYOUT: u32 = 1;
/// Where packs are kept below the data folder, and definitions beside kanak.toml.
const PACKS: &str = "packs";
const DEFINITION: &str = "definition.toml";
const ANSWERS: &str = "answers.json";
const TAR: &str = "pack.tar";
/// Where what is not whole yet stands; backups pass over a folder of this name.
const UNFINISHED: &str = ".spill";

/// A pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pack {
    /// `P-legislature-2026-03-31-` and the beginning of its manifest's SHA-256.
    pub id: String,
    /// The archive.
    pub bytes: Vec<u8>,
}

/// Whether a pack of a day for which one is kept is answered by what is known now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// As it was when the kept one was made: that is made again.
    Then,
    /// As it is now.
    Now,
}

/// What an archive says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The layout.
    pub kanak_pack: u32,
    /// The pack.
    pub name: String,
    /// The day at whose end it stands.
    pub as_of: Day,
    /// The public key that tells the signature, hex.
    pub signed_by: String,
    /// Its files in order.
    pub files: Vec<ManifestFile>,
}

/// A file of an archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestFile {
    /// Its path in the archive.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// Its SHA-256, hex.
    pub sha256: String,
}

/// Why a file is no pack that the key signed. Names the file inside.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PackError {
    /// The frame of the archive is another.
    #[error("{0}: the archive around it is not as it was written; take another copy of the pack")]
    Frame(String),
    /// A file says something else than the manifest.
    #[error("{0}: its bytes are not those of the manifest; take another copy of the pack")]
    Contents(String),
    /// The manifest or its signature is another, or another key signed it.
    #[error(
        "manifest.json: the signature in manifest.sig is not one of this key over it; take another copy of the pack, or name the key that `kanak audit key` prints"
    )]
    Signature,
    /// The manifest cannot be read though it is signed.
    #[error("manifest.json: it is of another version of kanak; open it with a later one")]
    Layout,
}

/// Makes a pack as of the end of a day and keeps it. One that is kept of that day is made again, unless what is known now is asked for.
///
/// # Errors
/// When there is no such pack, the day is not over, a question does not run, or a kept one does not come out as it was.
pub async fn make(deployment: &Deployment, name: &str, day: Day, known: Known) -> anyhow::Result<Pack> {
    if known == Known::Then
        && let Some((id, _)) =
            list(deployment)?.into_iter().rfind(|(_, kept)| kept.name == name && kept.answers.day == day)
    {
        return again(deployment, &id);
    }
    let (file, text) = definition_text(deployment, name)?;
    let definition = Definition::parse(&file, &text)?;
    ensure!(
        definition.pack.name == name,
        "{file}: it names the pack `{}`; a file is named for its pack",
        definition.pack.name
    );
    let answers = ask(&deployment.warehouse, &definition, day).await?;
    let pack = build(&definition, &answers, &deployment.store)?;
    keep(&deployment.data.join(PACKS), &pack, &text, &answers)?;
    let detail = json!({ "pack": name, "as_of": day, "release": answers.release });
    record(deployment, "pack", "made pack", pack.id.clone(), detail).await?;
    Ok(pack)
}

/// Makes a kept pack again from what it was made of.
///
/// # Errors
/// When it is not kept, or does not come out the same to the byte.
pub fn again(deployment: &Deployment, id: &str) -> anyhow::Result<Pack> {
    let kept = read_kept(&deployment.data.join(PACKS), id)?;
    let pack = build(&kept.definition, &kept.answers, &deployment.store)?;
    ensure!(
        pack.id == id && pack.bytes == kept.bytes,
        "pack `{id}` does not come out as it was kept: what it was made of, or the key `audit-sign`, is another; restore packs/{id} and \
         the keys from a backup"
    );
    Ok(pack)
}

/// A pack with what it was made of.
pub struct Kept {
    /// The pack's name.
    pub name: String,
    /// What was answered.
    pub answers: Answers,
    definition: Definition,
    bytes: Vec<u8>,
}

/// The packs that are kept by day, those of one day in the order in which they were made.
///
/// # Errors
/// When one cannot be read.
pub fn list(deployment: &Deployment) -> anyhow::Result<Vec<(String, Kept)>> {
    let folder = deployment.data.join(PACKS);
    let mut all = Vec::new();
    let entries = match std::fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(all),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", folder.display())),
    };
    for entry in entries {
        let id = entry?.file_name().to_string_lossy().into_owned();
        if is_plain(&id) {
            let kept = read_kept(&folder, &id)?;
            all.push((id, kept));
        }
    }
    all.sort_by_cached_key(|(id, kept)| (kept.name.clone(), kept.answers.day, kept.answers.known_at, id.clone()));
    Ok(all)
}

/// Whether a word can be an id: nothing that leads out of a folder.
fn is_plain(word: &str) -> bool {
    word.starts_with("P-") && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

fn read_kept(folder: &Path, id: &str) -> anyhow::Result<Kept> {
    let place = folder.join(id);
    if !is_plain(id) || !place.exists() {
        bail!("no pack `{id}` is kept; `kanak pack list` names those there are");
    }
    let read = |name: &str| {
        let path = place.join(name);
        std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))
    };
    let text = String::from_utf8(read(DEFINITION)?).with_context(|| place.join(DEFINITION).display().to_string())?;
    let definition = Definition::parse(&place.join(DEFINITION).display().to_string(), &text)?;
    let answers = serde_json::from_slice(&read(ANSWERS)?).with_context(|| place.join(ANSWERS).display().to_string())?;
    Ok(Kept { name: definition.pack.name.clone(), answers, definition, bytes: read(TAR)? })
}

/// The text of a definition: of the folder `packs` beside kanak.toml, or one that comes along.
fn definition_text(deployment: &Deployment, name: &str) -> anyhow::Result<(String, String)> {
    let is_word = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    let path = config::path_beside(&deployment.data).with_file_name(PACKS).join(format!("{name}.toml"));
    if is_word {
        match std::fs::read_to_string(&path) {
            Ok(text) => return Ok((path.display().to_string(), text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
        }
    }
    let builtin = Definition::builtin(name).with_context(|| {
        format!(
            "no pack `{name}`; `legislature` comes with Kanak, others stand in {}",
            path.with_file_name("").display()
        )
    })?;
    Ok((format!("models/packs/{name}.toml"), builtin.to_owned()))
}

/// The archive that definition and answers make under the key of a store.
fn build(definition: &Definition, answers: &Answers, store: &Store) -> Result<Pack, StoreError> {
    let files = definition.files(answers);
    let listed = files.iter().map(|(name, contents)| ManifestFile {
        name: name.clone(),
        bytes: contents.len() as u64,
        sha256: sha256(contents),
    });
    let manifest = Manifest {
        kanak_pack: LAYOUT,
        name: definition.pack.name.clone(),
        as_of: answers.day,
        signed_by: store.audit_key().ok_or(StoreError::NoSigner)?.to_string(),
        files: listed.collect(),
    };
    let text = serde_json::to_string_pretty(&manifest).expect("texts and numbers always serialize");
    let hash = sha256(text.as_bytes());
    let mut bytes = Vec::new();
    put(&mut bytes, MANIFEST, text.as_bytes());
    put(&mut bytes, SIGNATURE, store.sign_pack(&hash)?.as_bytes());
    for (name, contents) in &files {
        put(&mut bytes, name, contents);
    }
    bytes.resize(bytes.len() + END, 0);
    Ok(Pack { id: format!("P-{}-{}-{}", manifest.name, manifest.as_of, &hash[..16]), bytes })
}

/// Keeps a pack whole or not at all. One that is kept already is the same.
fn keep(folder: &Path, pack: &Pack, definition: &str, answers: &Answers) -> anyhow::Result<()> {
    let place = folder.join(&pack.id);
    if place.exists() {
        return Ok(());
    }
    let unfinished: PathBuf = folder.join(UNFINISHED).join(&pack.id);
    if unfinished.exists() {
        std::fs::remove_dir_all(&unfinished).with_context(|| format!("cannot remove {}", unfinished.display()))?;
    }
    make_folder(&unfinished)?;
    let answers = serde_json::to_vec(answers)?;
    for (name, contents) in [(DEFINITION, definition.as_bytes()), (ANSWERS, &answers[..]), (TAR, &pack.bytes[..])] {
        let path = unfinished.join(name);
        std::fs::write(&path, contents)
            .and_then(|()| std::fs::File::open(&path)?.sync_all())
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    sync_folders(&unfinished)?;
    std::fs::rename(&unfinished, &place).with_context(|| format!("cannot name {}", place.display()))?;
    sync_folders(folder)
}

/// Opens a pack without a hub: every byte of it is as this key signed it.
///
/// # Errors
/// [`PackError`], which names the file inside.
pub fn open(pack: &[u8], key: &AuditKey) -> Result<Manifest, PackError> {
    let mut rest = pack;
    let frame = |name: &str| PackError::Frame(name.to_owned());
    let manifest = take(&mut rest, MANIFEST).map_err(|_| frame(MANIFEST))?;
    let signature = take(&mut rest, SIGNATURE).map_err(|_| frame(SIGNATURE))?;
    let signature = std::str::from_utf8(signature).map_err(|_| PackError::Signature)?;
    // A capital would say the same number: only what was written is taken.
    let is_plain = signature.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    if !is_plain || !key.tells_pack(&sha256(manifest), signature) {
        return Err(PackError::Signature);
    }
    let manifest: Manifest = serde_json::from_slice(manifest).map_err(|_| PackError::Layout)?;
    if manifest.kanak_pack != LAYOUT {
        return Err(PackError::Layout);
    }
    for file in &manifest.files {
        let contents = take(&mut rest, &file.name).map_err(|_| frame(&file.name))?;
        if contents.len() as u64 != file.bytes || sha256(contents) != file.sha256 {
            return Err(PackError::Contents(file.name.clone()));
        }
    }
    if rest.len() != END || rest.iter().any(|byte| *byte != 0) {
        return Err(frame("the end of the pack"));
    }
    Ok(manifest)
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;
    use std::sync::Arc;

    use kanak_model::Timestamp;
    use kanak_model::clock::FixedClock;

    use super::*;
    use crate::jobs::refresh::refresh;
    use crate::output::Output;
    use crate::testing::House;

    const DAY: &str = "2026-03-31";

    fn day() -> Day {
        Day::parse(DAY).unwrap()
    }

    /// Receipts of two heads, so many of each.
    fn receipts(numbers: [u32; 2]) -> String {
        let header = "RECEIPT_NO|MAJOR_HEAD|DDO_OFFICE|DISTRICT|PAYER_GSTIN|AMOUNT|RECEIVED_ON|MODE\n";
        ["0006", "0030"].into_iter().zip(numbers).fold(header.to_owned(), |mut text, (head, number)| {
            for nth in 0..number {
                let _ = writeln!(text, "TR{head}-{nth}|{head}||||12.50|30/03/2026 10:00|cash");
            }
            // What came in after the day is of another pack.
            let _ = writeln!(text, "TR{head}-late|{head}||||12.50|01/04/2026 10:00|cash");
            text
        })
    }

    async fn with_receipts() -> House {
        let house = House::new().await;
        house.ingest("receipts_1.csv", &receipts([40, 25])).await;
        bring_up(&house.deployment).await;
        house
    }

    async fn bring_up(deployment: &Deployment) {
        refresh(deployment, &Output::silent()).await.unwrap();
    }

    #[tokio::test]
    async fn a_pack_has_the_same_bytes_a_month_later_after_all_that_came_since() {
        let house = with_receipts().await;
        let first = make(&house.deployment, "legislature", day(), Known::Then).await.unwrap();
        let table = b"revenue_head,receipts,amount\n0006,40,50000\n0030,25,31250\n";
        assert!(first.bytes.windows(table.len()).any(|window| window == table));
        house.ingest("receipts_2.csv", &receipts([60, 25])).await;
        bring_up(&house.deployment).await;
        house.deployment.warehouse.compact(1).await.unwrap();
        let mut later = house.opened_again().await;
        let month = 31 * 86_400 * 1_000_000;
        later.clock = Arc::new(FixedClock(Timestamp(house.deployment.clock.now().0 + month)));
        bring_up(&later).await;
        assert_eq!(make(&later, "legislature", day(), Known::Then).await.unwrap(), first);
        assert_eq!(again(&later, &first.id).unwrap(), first);
        let anew = make(&later, "legislature", day(), Known::Now).await.unwrap();
        assert_ne!(anew.id, first.id, "more is known now of that day");
        assert_eq!(list(&later).unwrap().len(), 2);
        assert_eq!(again(&later, &first.id).unwrap(), first);
    }

    #[tokio::test]
    async fn small_counts_stay_in_the_data_folder_and_a_backup_takes_the_pack_along() {
        let house = House::new().await;
        house.ingest("receipts_1.csv", &receipts([40, 3])).await;
        bring_up(&house.deployment).await;
        let pack = make(&house.deployment, "legislature", day(), Known::Then).await.unwrap();
        let table = b"revenue_head,receipts,amount\n0006,withheld,withheld\n0030,withheld,withheld\n";
        assert!(pack.bytes.windows(table.len()).any(|window| window == table));
        let copy = house.folder().join("copy");
        crate::commands::backup::run(&copy, &house.deployment, &Output::silent()).await.unwrap();
        assert_eq!(std::fs::read(copy.join(PACKS).join(&pack.id).join(TAR)).unwrap(), pack.bytes);
    }

    #[tokio::test]
    async fn a_flipped_bit_anywhere_or_another_key_is_refused() {
        let (house, other) = (with_receipts().await, House::new().await);
        let pack = make(&house.deployment, "legislature", day(), Known::Then).await.unwrap();
        let key = house.deployment.store.audit_key().unwrap();
        let manifest = open(&pack.bytes, &key).unwrap();
        assert_eq!((manifest.name.as_str(), manifest.as_of, manifest.files.len()), ("legislature", day(), 6));
        assert_eq!(open(&pack.bytes, &other.deployment.store.audit_key().unwrap()), Err(PackError::Signature));
        // Each byte by one of its bits would take minutes; all of the frame and the manifest, and every eleventh beyond.
        let places = (0..6_000).chain((6_000..pack.bytes.len()).step_by(11));
        for at in places.filter(|at| *at < pack.bytes.len()) {
            let mut flipped = pack.bytes.clone();
            flipped[at] ^= 1 << (at % 8);
            assert!(open(&flipped, &key).is_err(), "byte {at}");
        }
        for cut in [0, 512, pack.bytes.len() - 512, pack.bytes.len() - 1] {
            assert!(open(&pack.bytes[..cut], &key).is_err(), "cut at {cut}");
        }
        assert!(open(&[pack.bytes.as_slice(), &[0]].concat(), &key).is_err());
    }

    #[tokio::test]
    async fn a_day_that_is_not_over_an_unknown_pack_and_a_changed_kept_one_are_refused() {
        let house = with_receipts().await;
        let deployment = &house.deployment;
        let refused = |made: anyhow::Result<Pack>| format!("{:#}", made.unwrap_err());
        let today = Day::parse(&deployment.clock.now().day_ist().to_string()).unwrap();
        assert!(refused(make(deployment, "legislature", today, Known::Then).await).contains("was not over"));
        assert!(refused(make(deployment, "parliament", day(), Known::Then).await).contains("`legislature`"));
        assert!(refused(make(deployment, "../keys", day(), Known::Then).await).contains("no pack"));
        assert!(refused(again(deployment, "P-../../keys")).contains("is kept"));
        let pack = make(deployment, "legislature", day(), Known::Then).await.unwrap();
        let path = deployment.data.join(PACKS).join(&pack.id).join(ANSWERS);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.replacen("40", "41", 1)).unwrap();
        assert!(refused(again(deployment, &pack.id)).contains("does not come out as it was kept"));
    }

    #[tokio::test]
    async fn a_deployments_own_pack_stands_beside_its_settings() {
        let house = with_receipts().await;
        let text =
            Definition::builtin("legislature").unwrap().replacen("name = \"legislature\"", "name = \"budget\"", 1);
        std::fs::create_dir(house.folder().join(PACKS)).unwrap();
        std::fs::write(house.folder().join(PACKS).join("budget.toml"), &text).unwrap();
        let pack = make(&house.deployment, "budget", day(), Known::Then).await.unwrap();
        assert!(pack.id.starts_with("P-budget-2026-03-31-"), "{}", pack.id);
        std::fs::write(house.folder().join(PACKS).join("other.toml"), &text).unwrap();
        let refused = make(&house.deployment, "other", day(), Known::Then).await.unwrap_err().to_string();
        assert!(refused.contains("other.toml") && refused.contains("`budget`"), "{refused}");
    }
}

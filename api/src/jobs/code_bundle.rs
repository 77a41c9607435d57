//! All current code systems, value sets and concept maps as one signed file, for counters that work without a line to the hub.
//!
//! A bundle is a tar archive that any tool unpacks: `manifest.json` names every file with its SHA-256, `manifest.sig` signs the manifest
//! with the key of the audit trail, and the files follow in the manifest's order. The same code systems and the same key make the same
//! bytes, so that whoever opens one compares every byte, those of the archive's own frame too.

use axum::body::Bytes;
use kanak_codes::{CodeSystem, Codes, ConceptMap, ValueSet};
use kanak_store::{AuditKey, Store, StoreError};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::deployment::Deployment;

pub(super) const MANIFEST: &str = "manifest.json";
pub(super) const SIGNATURE: &str = "manifest.sig";
/// The version of the layout.
const LAYOUT: u32 = 1;

/// A bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeBundle {
    /// The archive.
    pub bytes: Bytes,
    /// SHA-256 of its manifest, hex: another one where any byte is another.
    pub sha256: String,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    kanak_code_bundle: u32,
    /// The public key that tells the signature, hex.
    signed_by: String,
    files: Vec<ManifestFile>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ManifestFile {
    name: String,
    /// The version of the code system, value set or concept map.
    version: String,
    bytes: u64,
    sha256: String,
}

/// Why a file is no bundle that the key signed. Names the file inside.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// The frame of the archive is another.
    #[error("{0}: the archive around it is not as it was written; fetch the bundle again")]
    Frame(String),
    /// A file says something else than the manifest.
    #[error("{0}: its bytes are not those of the manifest; fetch the bundle again")]
    Contents(String),
    /// The manifest or its signature is another, or another key signed it.
    #[error(
        "manifest.json: the signature in manifest.sig is not one of this key over it; fetch the bundle again, or name the key that `kanak audit key` prints"
    )]
    Signature,
    /// The manifest cannot be read though it is signed.
    #[error("manifest.json: it is of another version of kanak; open it with a later one")]
    Layout,
    /// A file is as it was written, and does not read.
    #[error("{name}: {problem}")]
    Unreadable {
        /// The file.
        name: String,
        /// What is wrong.
        problem: String,
    },
}

/// What an opened bundle holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OpenedBundle {
    /// Code systems: name, version and how many concepts.
    pub systems: Vec<(String, String, usize)>,
    /// Value sets by name.
    pub value_sets: Vec<String>,
    /// Concept maps by name.
    pub concept_maps: Vec<String>,
}

impl Deployment {
    /// The bundle of the code systems in use now; made once for each snapshot.
    ///
    /// # Errors
    /// When the hub was opened without its keys.
    pub async fn code_bundle(&self) -> anyhow::Result<CodeBundle> {
        let (codes, kept) = self.codes_and_bundle();
        let make = async {
            let store = self.store.clone();
            anyhow::Ok(tokio::task::spawn_blocking(move || make(&codes, &store)).await??)
        };
        kept.get_or_try_init(|| make).await.cloned()
    }
}

pub(super) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Everything that is current: name of the file, version, contents.
fn files(codes: &Codes) -> Vec<(String, String, Vec<u8>)> {
    let mut files = Vec::new();
    for system in codes.systems() {
        let (name, version) = (system.name(), system.version());
        files.push((format!("systems/{name}.toml"), version.to_owned(), system.sidecar_text().into_bytes()));
        files.push((format!("systems/{name}.csv.gz"), version.to_owned(), system.packed_csv().to_vec()));
    }
    for set in codes.value_sets() {
        files.push((format!("value-sets/{}.toml", set.name()), set.version().to_owned(), set.text().into()));
    }
    for map in codes.concept_maps() {
        let (text, csv) = map.parts();
        files.push((format!("concept-maps/{}.toml", map.name()), map.version().to_owned(), text.into()));
        files.push((format!("concept-maps/{}.csv", map.name()), map.version().to_owned(), csv.into()));
    }
    files
}

fn make(codes: &Codes, store: &Store) -> Result<CodeBundle, StoreError> {
    let files = files(codes);
    let listed = files.iter().map(|(name, version, contents)| ManifestFile {
        name: name.clone(),
        version: version.clone(),
        bytes: contents.len() as u64,
        sha256: sha256(contents),
    });
    let manifest = Manifest {
        kanak_code_bundle: LAYOUT,
        signed_by: store.audit_key().ok_or(StoreError::NoSigner)?.to_string(),
        files: listed.collect(),
    };
    let text = serde_json::to_string_pretty(&manifest).expect("texts and numbers always serialize");
    let hash = sha256(text.as_bytes());
    let signature = store.sign_code_bundle(&hash)?;
    let mut bytes = Vec::new();
    put(&mut bytes, MANIFEST, text.as_bytes());
    put(&mut bytes, SIGNATURE, signature.as_bytes());
    for (name, _, contents) in &files {
        put(&mut bytes, name, contents);
    }
    bytes.resize(bytes.len() + END, 0);
    Ok(CodeBundle { bytes: bytes.into(), sha256: hash })
}

/// A block of a tar archive.
const BLOCK: usize = 512;
/// Two empty blocks end an archive.
pub(super) const END: usize = 2 * BLOCK;

/// The block before a file in a tar archive (POSIX ustar): owned by nobody, of no time.
fn header(name: &str, bytes: usize) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    let mut put = |at: usize, text: &[u8]| block[at..at + text.len()].copy_from_slice(text);
    put(0, name.as_bytes());
    put(100, b"0000644\0");
    put(108, b"0000000\0");
    put(116, b"0000000\0");
    put(124, format!("{bytes:011o}\0").as_bytes());
    put(136, b"00000000000\0");
    put(148, b"        ");
    put(156, b"0");
    put(257, b"ustar\x0000");
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block
}

/// Adds a file.
pub(super) fn put(archive: &mut Vec<u8>, name: &str, contents: &[u8]) {
    debug_assert!(name.len() < 100, "names of code systems have at most 64 letters");
    archive.extend_from_slice(&header(name, contents.len()));
    archive.extend_from_slice(contents);
    archive.resize(archive.len().next_multiple_of(BLOCK), 0);
}

/// Takes the next file, which must have this name.
pub(super) fn take<'b>(rest: &mut &'b [u8], name: &str) -> Result<&'b [u8], BundleError> {
    let frame = || BundleError::Frame(name.to_owned());
    let (block, after) = rest.split_at_checked(BLOCK).ok_or_else(frame)?;
    let size = std::str::from_utf8(&block[124..135]).ok().and_then(|text| usize::from_str_radix(text, 8).ok());
    let size = size.ok_or_else(frame)?;
    if name.len() >= 100 || block != header(name, size) {
        return Err(frame());
    }
    let (contents, after) = after.split_at_checked(size).ok_or_else(frame)?;
    let (padding, after) = after.split_at_checked(size.next_multiple_of(BLOCK) - size).ok_or_else(frame)?;
    if padding.iter().any(|byte| *byte != 0) {
        return Err(frame());
    }
    *rest = after;
    Ok(contents)
}

/// Opens a bundle: every byte of it is as this key signed it, and all that it holds reads.
///
/// # Errors
/// [`BundleError`], which names the file inside.
pub fn open(bundle: &[u8], key: &AuditKey) -> Result<OpenedBundle, BundleError> {
    let mut rest = bundle;
    let manifest = take(&mut rest, MANIFEST)?;
    let signature = take(&mut rest, SIGNATURE)?;
    let signature = std::str::from_utf8(signature).map_err(|_| BundleError::Signature)?;
    // A capital would say the same number: only what was written is taken.
    let is_plain = signature.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    if !is_plain || !key.tells_code_bundle(&sha256(manifest), signature) {
        return Err(BundleError::Signature);
    }
    let manifest: Manifest = serde_json::from_slice(manifest).map_err(|_| BundleError::Layout)?;
    if manifest.kanak_code_bundle != LAYOUT {
        return Err(BundleError::Layout);
    }
    let mut found = Vec::with_capacity(manifest.files.len());
    for file in &manifest.files {
        let contents = take(&mut rest, &file.name)?;
        if sha256(contents) != file.sha256 {
            return Err(BundleError::Contents(file.name.clone()));
        }
        found.push((file, contents));
    }
    if rest.len() != END || rest.iter().any(|byte| *byte != 0) {
        return Err(BundleError::Frame("the end of the bundle".to_owned()));
    }
    read(&found)
}

fn read(files: &[(&ManifestFile, &[u8])]) -> Result<OpenedBundle, BundleError> {
    let mut opened = OpenedBundle { systems: Vec::new(), value_sets: Vec::new(), concept_maps: Vec::new() };
    let beside = |name: &str| {
        let missing = || BundleError::Unreadable { name: name.to_owned(), problem: "it is missing".to_owned() };
        files.iter().find(|(file, _)| file.name == name).map(|(_, contents)| *contents).ok_or_else(missing)
    };
    for (file, contents) in files {
        let unreadable = |problem: String| BundleError::Unreadable { name: file.name.clone(), problem };
        let Some((folder, name)) = file.name.strip_suffix(".toml").and_then(|name| name.split_once('/')) else {
            continue;
        };
        let text = std::str::from_utf8(contents).map_err(|error| unreadable(error.to_string()))?;
        match folder {
            "systems" => {
                let packed = beside(&format!("systems/{name}.csv.gz"))?.to_vec();
                let system = CodeSystem::from_parts(text, packed).map_err(|error| unreadable(error.to_string()))?;
                opened.systems.push((system.name().to_owned(), system.version().to_owned(), system.len()));
            }
            "value-sets" => {
                let set = ValueSet::parse(&file.name, text).map_err(|error| unreadable(error.to_string()))?;
                opened.value_sets.push(set.name().to_owned());
            }
            "concept-maps" => {
                let csv = beside(&format!("concept-maps/{name}.csv"))?;
                let csv = std::str::from_utf8(csv).map_err(|error| unreadable(error.to_string()))?;
                let map = ConceptMap::parse(&file.name, text, csv).map_err(|error| unreadable(error.to_string()))?;
                opened.concept_maps.push(map.name().to_owned());
            }
            _ => return Err(BundleError::Layout),
        }
    }
    Ok(opened)
}

#[cfg(test)]
mod tests {
    use proptest::{prelude::*, sample::Index, test_runner::TestRunner};

    use super::*;
    use crate::testing::House;

    #[tokio::test]
    async fn a_bundle_opens_under_its_key_alone_and_is_the_same_each_time() {
        let (house, other) = (House::new().await, House::new().await);
        let deployment = &house.deployment;
        let bundle = deployment.code_bundle().await.unwrap();
        let key = deployment.store.audit_key().unwrap();
        let opened = open(&bundle.bytes, &key).unwrap();
        let codes = deployment.codes();
        let expected = codes.systems().map(|one| (one.name().to_owned(), one.version().to_owned(), one.len()));
        assert_eq!(opened.systems, expected.collect::<Vec<_>>());
        assert_eq!(opened.value_sets.len(), codes.value_sets().len());
        assert_eq!(opened.concept_maps.len(), codes.concept_maps().len());
        assert_eq!(make(&codes, &deployment.store).unwrap(), bundle);
        let foreign = other.deployment.store.audit_key().unwrap();
        assert_eq!(open(&bundle.bytes, &foreign), Err(BundleError::Signature));
    }

    /// A bundle of little: the archive and the signature are the same code for every one.
    fn small(store: &Store) -> Vec<u8> {
        let codes = Codes::builtin().unwrap();
        let file = files(&codes).into_iter().find(|(name, ..)| name.starts_with("value-sets/")).unwrap();
        let manifest = Manifest {
            kanak_code_bundle: LAYOUT,
            signed_by: store.audit_key().unwrap().to_string(),
            files: vec![ManifestFile {
                name: file.0.clone(),
                version: file.1,
                bytes: file.2.len() as u64,
                sha256: sha256(&file.2),
            }],
        };
        let text = serde_json::to_vec(&manifest).unwrap();
        let mut bytes = Vec::new();
        put(&mut bytes, MANIFEST, &text);
        put(&mut bytes, SIGNATURE, store.sign_code_bundle(&sha256(&text)).unwrap().as_bytes());
        put(&mut bytes, &file.0, &file.2);
        bytes.resize(bytes.len() + END, 0);
        bytes
    }

    #[tokio::test]
    async fn a_flipped_bit_anywhere_is_refused() {
        let house = House::new().await;
        let store = &house.deployment.store;
        let (bundle, key) = (small(store), store.audit_key().unwrap());
        open(&bundle, &key).unwrap();
        for at in 0..bundle.len() {
            // Each byte by one of its bits, and by the one that tells capitals from small letters.
            for bit in [1 << (at % 8), 0x20] {
                let mut flipped = bundle.clone();
                flipped[at] ^= bit;
                assert!(open(&flipped, &key).is_err(), "byte {at}, bit {bit}");
            }
        }
        for cut in [0, 1, BLOCK, bundle.len() - BLOCK, bundle.len() - 1] {
            assert!(open(&bundle[..cut], &key).is_err(), "cut at {cut}");
        }
        assert!(open(&[bundle.as_slice(), &[0]].concat(), &key).is_err(), "one byte more");
    }

    #[tokio::test]
    async fn a_bundle_with_pieces_cut_out_put_in_or_doubled_is_refused() {
        let house = House::new().await;
        let store = &house.deployment.store;
        let (bundle, key) = (small(store), store.audit_key().unwrap());
        let changes = prop::collection::vec((any::<Index>(), 0..2 * BLOCK, any::<Index>()), 1..5);
        let outcome = TestRunner::default().run(&changes, |changes| {
            let mut changed = bundle.clone();
            for (from, length, to) in changes {
                let from = from.index(changed.len() + 1);
                let piece: Vec<u8> = changed.drain(from..changed.len().min(from + length)).collect();
                let to = to.index(changed.len() + 1);
                if to % 3 > 0 {
                    changed.splice(to..to, piece.iter().copied().cycle().take(piece.len() * (to % 3)));
                }
            }
            let opened = open(&changed, &key);
            prop_assert!(changed == bundle || opened.is_err());
            prop_assert!(opened.as_ref().err().is_none_or(|refused| refused.to_string().contains(": ")));
            Ok(())
        });
        outcome.unwrap();
    }

    #[tokio::test]
    async fn a_refusal_names_the_file_inside() {
        let house = House::new().await;
        let key = house.deployment.store.audit_key().unwrap();
        let bundle = house.deployment.code_bundle().await.unwrap().bytes.to_vec();
        // Where the block before a file begins.
        let place = |name: &str| {
            let mut frame = [0; 100];
            frame[..name.len()].copy_from_slice(name.as_bytes());
            bundle.chunks(BLOCK).position(|block| block.starts_with(&frame)).unwrap() * BLOCK
        };
        let flip = |at: usize| {
            let mut flipped = bundle.clone();
            flipped[at] ^= 4;
            open(&flipped, &key).unwrap_err()
        };
        for name in ["systems/lgd-state.toml", "systems/ifsc.csv.gz", "concept-maps/nic-isic.csv"] {
            assert_eq!(flip(place(name) + BLOCK + 9), BundleError::Contents(name.to_owned()));
            for field in [0, 100, 124, 136, 148, 156, 257, 511] {
                assert_eq!(flip(place(name) + field), BundleError::Frame(name.to_owned()), "byte {field}");
            }
        }
        assert_eq!(flip(place(MANIFEST) + BLOCK + 50), BundleError::Signature);
        assert_eq!(flip(place(SIGNATURE) + BLOCK), BundleError::Signature);
        assert_eq!(flip(bundle.len() - 1), BundleError::Frame("the end of the bundle".to_owned()));
    }
}

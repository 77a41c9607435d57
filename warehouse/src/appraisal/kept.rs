//! Frozen appraisals: inputs copied out of the lake, with the report that they came to, under an id that is a hash of it all.
//!
//! `appraisals/<id>/` holds `settings.toml`, `cases.jsonl`, `postings.jsonl`, `targets.jsonl`, `report.json`, a sheet with its cases for
//! each officer in `officers/`, and `manifest.json` with the SHA-256 of each. The lake may go on, merge and forget: nothing here reads
//! it again. What is added later stands beside it in `contests.jsonl`.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use kanak_model::toml_text::ModelError;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::collect::ReadFrom;
use super::config::AppraisalConfig;
use super::inputs::{Inputs, Period};
use super::report::{Appraisal, CaseLine, OfficerSheet, Report, Struck};
use crate::error::WarehouseError;

/// The layout of the folder.
const LAYOUT: u32 = 1;
const MANIFEST: &str = "manifest.json";
const SETTINGS: &str = "settings.toml";
const CASES: &str = "cases.jsonl";
const POSTINGS: &str = "postings.jsonl";
const TARGETS: &str = "targets.jsonl";
const REPORT: &str = "report.json";
/// Where what is not whole yet stands; backups pass over a folder of this name.
pub(super) const UNFINISHED: &str = ".spill";

/// What can go wrong with a frozen appraisal.
#[derive(Debug, thiserror::Error)]
pub enum AppraisalError {
    /// The caller named one that is not there.
    #[error("no appraisal `{0}`; `kanak appraise list` names those there are")]
    NotFound(String),
    /// The caller named an officer who has nothing in it.
    #[error("appraisal `{id}` has no sheet of officer `{officer}`")]
    NoSheet {
        /// The appraisal.
        id: String,
        /// The officer.
        officer: String,
    },
    /// What the caller asks for cannot be.
    #[error("{0}")]
    Refused(String),
    /// An operator must act: a file is not as it was frozen.
    #[error("appraisal `{id}`: {file} is not as it was frozen; restore the folder from a backup")]
    Changed {
        /// The appraisal.
        id: String,
        /// The file.
        file: String,
    },
    /// An operator must act: this version of Kanak reckons otherwise.
    #[error(
        "appraisal `{0}`: this version comes to another report of the same inputs; the one that holds is report.json in its folder"
    )]
    Method(String),
    /// The author of the settings must act.
    #[error(transparent)]
    Settings(#[from] ModelError),
    /// Reading the warehouse failed.
    #[error(transparent)]
    Warehouse(#[from] WarehouseError),
    /// A file cannot be read or written; an operator must act.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

pub(super) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> AppraisalError + use<> {
    let path = path.to_owned();
    move |source| AppraisalError::Io { path, source }
}

/// What a frozen appraisal says of itself. Its SHA-256 is the end of its id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The layout of the folder.
    pub kanak_appraisal: u32,
    /// The period.
    pub period: Period,
    /// The cadre whose officers are in it; `None` for all.
    pub cadre: Option<String>,
    /// The release that was read.
    pub read: ReadFrom,
    /// Its files.
    pub files: BTreeMap<String, ManifestFile>,
}

/// A file of a frozen appraisal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestFile {
    /// Its length.
    pub bytes: u64,
    /// Its SHA-256, hex.
    pub sha256: String,
}

/// An officer's sheet with the cases behind it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sheet {
    /// The figures.
    pub sheet: OfficerSheet,
    /// Every case, those that do not count too.
    pub cases: Vec<CaseLine>,
}

/// All frozen appraisals of a deployment.
#[derive(Debug, Clone)]
pub struct Appraisals {
    pub(super) folder: PathBuf,
}

/// One frozen appraisal, read whole and as it was frozen.
#[derive(Debug)]
pub struct Frozen {
    /// Its id.
    pub id: String,
    /// What it says of itself.
    pub manifest: Manifest,
    config: AppraisalConfig,
    inputs: Inputs,
    report: Vec<u8>,
}

impl Frozen {
    /// Its report, as bytes of JSON: the same for ever.
    pub fn report(&self) -> &[u8] {
        &self.report
    }

    /// Reckons the report anew from the frozen inputs.
    ///
    /// # Errors
    /// [`AppraisalError::Method`] when it is not the kept one to the byte.
    pub fn reckon_again(&self) -> Result<(), AppraisalError> {
        let report = self.appraisal().report(self.manifest.cadre.as_deref(), &Struck::new());
        if document(&report) == self.report { Ok(()) } else { Err(AppraisalError::Method(self.id.clone())) }
    }

    /// Its inputs put in order.
    pub fn appraisal(&self) -> Appraisal<'_> {
        Appraisal::new(&self.config, &self.inputs)
    }

    /// The settings by which it was reckoned.
    pub fn config(&self) -> &AppraisalConfig {
        &self.config
    }
}

impl Appraisals {
    /// Those in a folder, which need not be there yet.
    pub fn at(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Freezes inputs with the report that they come to by these settings. The same inputs of the same release are one appraisal.
    ///
    /// # Errors
    /// When the settings do not read, name no such cadre, the period was not over when the release was made, or the folder cannot be written.
    pub fn freeze(
        &self,
        inputs: &Inputs,
        read: ReadFrom,
        settings: (&str, &str),
        cadre: Option<&str>,
    ) -> Result<Frozen, AppraisalError> {
        let config = AppraisalConfig::parse(settings.0, settings.1)?;
        let (day, last) = (read.as_of.day_ist().to_string(), inputs.period.last().to_string());
        if day <= last {
            let words = format!("the period {} ends on {last} and the warehouse is of {day}", inputs.period);
            return Err(AppraisalError::Refused(format!("{words}; freeze it when it is over and refreshed")));
        }
        if let Some(cadre) = cadre
            && config.cadre.iter().all(|known| known.name != cadre)
        {
            let known = kanak_model::toml_text::choices(config.cadre.iter().map(|one| one.name.as_str()));
            return Err(AppraisalError::Refused(format!("no cadre `{cadre}`; there are {known}")));
        }
        let appraisal = Appraisal::new(&config, inputs);
        let report = appraisal.report(cadre, &Struck::new());
        let mut files = BTreeMap::from([
            (SETTINGS.to_owned(), settings.1.as_bytes().to_vec()),
            (CASES.to_owned(), lines(&inputs.cases)),
            (POSTINGS.to_owned(), lines(&inputs.postings)),
            (TARGETS.to_owned(), lines(&inputs.targets)),
            (REPORT.to_owned(), document(&report)),
        ]);
        for sheet in &report.officers {
            let cases = appraisal.cases(&sheet.officer, &Struck::new());
            files.insert(sheet_file(&sheet.officer), document(&Sheet { sheet: sheet.clone(), cases }));
        }
        let listed = files.iter().map(|(name, contents)| {
            (name.clone(), ManifestFile { bytes: contents.len() as u64, sha256: sha256(contents) })
        });
        let manifest = Manifest {
            kanak_appraisal: LAYOUT,
            period: inputs.period,
            cadre: cadre.map(str::to_owned),
            read,
            files: listed.collect(),
        };
        let text = document(&manifest);
        let id = format!("A-{}-{}", inputs.period, &sha256(&text)[..16]);
        files.insert(MANIFEST.to_owned(), text);
        self.put(&id, &files)?;
        self.get(&id)
    }

    /// Writes a folder that is there whole or not at all.
    fn put(&self, id: &str, files: &BTreeMap<String, Vec<u8>>) -> Result<(), AppraisalError> {
        let place = self.folder.join(id);
        if place.exists() {
            return Ok(());
        }
        let unfinished = self.folder.join(UNFINISHED).join(id);
        if unfinished.exists() {
            fs::remove_dir_all(&unfinished).map_err(io(&unfinished))?;
        }
        make_folder(&unfinished.join("officers"))?;
        for (name, contents) in files {
            write_new(&unfinished.join(name), contents)?;
        }
        for folder in [unfinished.join("officers"), unfinished.clone()] {
            sync(&folder)?;
        }
        fs::rename(&unfinished, &place).map_err(io(&place))?;
        sync(&self.folder)
    }

    /// All of them by id.
    ///
    /// # Errors
    /// When the folder or a manifest cannot be read.
    pub fn list(&self) -> Result<Vec<(String, Manifest)>, AppraisalError> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(io(&self.folder)(error)),
        };
        let mut ids = Vec::new();
        for entry in entries {
            let name = entry.map_err(io(&self.folder))?.file_name().to_string_lossy().into_owned();
            if is_plain(&name) {
                ids.push(name);
            }
        }
        ids.sort();
        ids.into_iter().map(|id| Ok((id.clone(), self.manifest(&id)?))).collect()
    }

    /// The folder of one that is there.
    pub(super) fn place(&self, id: &str) -> Result<PathBuf, AppraisalError> {
        let place = self.folder.join(id);
        let is_there = is_plain(id) && place.join(MANIFEST).exists();
        if is_there { Ok(place) } else { Err(AppraisalError::NotFound(id.to_owned())) }
    }

    /// What one says of itself.
    ///
    /// # Errors
    /// [`AppraisalError::NotFound`], or [`AppraisalError::Changed`] when it does not belong to its id.
    pub fn manifest(&self, id: &str) -> Result<Manifest, AppraisalError> {
        let path = self.place(id)?.join(MANIFEST);
        let text = fs::read(&path).map_err(io(&path))?;
        if !id.ends_with(&format!("-{}", &sha256(&text)[..16])) {
            return Err(changed(id, MANIFEST));
        }
        let manifest: Manifest = serde_json::from_slice(&text).map_err(|_| changed(id, MANIFEST))?;
        if manifest.kanak_appraisal == LAYOUT { Ok(manifest) } else { Err(AppraisalError::Method(id.to_owned())) }
    }

    fn file(&self, id: &str, manifest: &Manifest, name: &str) -> Result<Vec<u8>, AppraisalError> {
        let listed = manifest.files.get(name).ok_or_else(|| changed(id, name))?;
        let contents = fs::read(self.place(id)?.join(name)).map_err(|_| changed(id, name))?;
        if sha256(&contents) == listed.sha256 { Ok(contents) } else { Err(changed(id, name)) }
    }

    /// Reads one whole, every byte of it as it was frozen.
    ///
    /// # Errors
    /// [`AppraisalError::NotFound`], [`AppraisalError::Changed`].
    pub fn get(&self, id: &str) -> Result<Frozen, AppraisalError> {
        let manifest = self.manifest(id)?;
        for name in manifest.files.keys() {
            self.file(id, &manifest, name)?;
        }
        let settings = self.file(id, &manifest, SETTINGS)?;
        let settings = String::from_utf8(settings).map_err(|_| changed(id, SETTINGS))?;
        let inputs = Inputs {
            period: manifest.period,
            cases: self.rows(id, &manifest, CASES)?,
            postings: self.rows(id, &manifest, POSTINGS)?,
            targets: self.rows(id, &manifest, TARGETS)?,
        };
        Ok(Frozen {
            id: id.to_owned(),
            config: AppraisalConfig::parse(SETTINGS, &settings)?,
            inputs,
            report: self.file(id, &manifest, REPORT)?,
            manifest,
        })
    }

    fn rows<T: DeserializeOwned>(&self, id: &str, manifest: &Manifest, name: &str) -> Result<Vec<T>, AppraisalError> {
        let contents = self.file(id, manifest, name)?;
        let lines = contents.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        lines.map(|line| serde_json::from_slice(line).map_err(|_| changed(id, name))).collect()
    }

    /// The kept report of one, without its inputs.
    ///
    /// # Errors
    /// [`AppraisalError::NotFound`], [`AppraisalError::Changed`].
    pub fn report(&self, id: &str) -> Result<Report, AppraisalError> {
        let contents = self.file(id, &self.manifest(id)?, REPORT)?;
        serde_json::from_slice(&contents).map_err(|_| changed(id, REPORT))
    }

    /// The kept sheet of one officer, with its cases.
    ///
    /// # Errors
    /// [`AppraisalError::NoSheet`] beside the others.
    pub fn sheet(&self, id: &str, officer: &str) -> Result<Sheet, AppraisalError> {
        let manifest = self.manifest(id)?;
        let name = sheet_file(officer);
        if !manifest.files.contains_key(&name) {
            return Err(AppraisalError::NoSheet { id: id.to_owned(), officer: officer.to_owned() });
        }
        let contents = self.file(id, &manifest, &name)?;
        serde_json::from_slice(&contents).map_err(|_| changed(id, &name))
    }
}

fn sheet_file(officer: &str) -> String {
    format!("officers/{officer}.json")
}

pub(super) fn changed(id: &str, file: &str) -> AppraisalError {
    AppraisalError::Changed { id: id.to_owned(), file: file.to_owned() }
}

/// Whether a word can be an id: nothing that leads out of a folder.
fn is_plain(word: &str) -> bool {
    word.starts_with("A-") && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

pub(super) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A row a line, in their order.
fn lines<T: Serialize>(rows: &[T]) -> Vec<u8> {
    let mut text = Vec::new();
    for row in rows {
        serde_json::to_writer(&mut text, row).expect("texts and numbers always serialize");
        text.push(b'\n');
    }
    text
}

fn document(value: &impl Serialize) -> Vec<u8> {
    let mut text = serde_json::to_vec_pretty(value).expect("texts and numbers always serialize");
    text.push(b'\n');
    text
}

pub(super) fn make_folder(folder: &Path) -> Result<(), AppraisalError> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(io(folder))
}

pub(super) fn write_new(path: &Path, contents: &[u8]) -> Result<(), AppraisalError> {
    let write = || {
        let mut file = File::options().write(true).create(true).truncate(true).mode(0o600).open(path)?;
        file.write_all(contents)?;
        file.sync_all()
    };
    write().map_err(io(path))
}

pub(super) fn sync(folder: &Path) -> Result<(), AppraisalError> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(io(folder))
}

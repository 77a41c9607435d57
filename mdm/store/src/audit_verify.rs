//! Whether the audit trail is as it was written: on a live hub, or from an exported file without one.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{BufRead as _, BufReader, Write};
use std::path::Path;

use kanak_model::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::Store;
use crate::audit_checkpoints::{self as checkpoints, AuditCheckpoint, AuditKey, ChainHead};
use crate::audit_events::{self, EntryRow, Listed, genesis, hex};
use crate::error::StoreError;

/// What is wrong with a trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuditFault {
    /// An entry is not what its hash says.
    EntryChanged {
        /// The chain.
        chain: i64,
        /// The entry's number in it.
        number: i64,
    },
    /// An entry is not chained to the one before it: one of them was put in, taken out or comes from another chain.
    EntryUnlinked {
        /// The chain.
        chain: i64,
        /// The entry's number in it.
        number: i64,
    },
    /// An entry is gone.
    EntryMissing {
        /// The chain.
        chain: i64,
        /// The number that should stand there.
        number: i64,
        /// The number that does.
        found: i64,
    },
    /// A chain ends before what is known of it.
    ChainCut {
        /// The chain.
        chain: i64,
        /// The number of its last entry, 0 without one.
        last: i64,
        /// The number that it had come to.
        head: i64,
        /// The checkpoint that says so; `None` when the hub's own note of heads does.
        checkpoint: Option<i64>,
    },
    /// An entry is another than a checkpoint, or the hub's own note of heads, names: the chain was written anew.
    ChainRewritten {
        /// The chain.
        chain: i64,
        /// The entry's number in it.
        number: i64,
        /// The checkpoint; `None` for the note of heads.
        checkpoint: Option<i64>,
    },
    /// A checkpoint is not what its hash says.
    CheckpointChanged {
        /// Which.
        id: i64,
    },
    /// A checkpoint is gone, or does not follow the one before it.
    CheckpointUnlinked {
        /// Which.
        id: i64,
    },
    /// A checkpoint was not signed by the key.
    CheckpointForged {
        /// Which.
        id: i64,
    },
    /// An exported file holds entries that no checkpoint covers.
    FileUnsigned {
        /// How many.
        entries: u64,
    },
    /// An exported file holds no checkpoint at all.
    FileWithoutCheckpoint,
    /// An exported file holds no entry, and each export writes its own.
    FileEmpty,
    /// An exported file does not end with its closing line.
    FileUnclosed,
    /// An exported file holds other entries or checkpoints than its closing line counts.
    FileChanged,
    /// The closing line of an exported file was not signed by the key, or stands under another header.
    FileForged,
}

impl AuditFault {
    /// Whether an entry shows it by itself, without checkpoints.
    pub(crate) fn is_of_chain(&self) -> bool {
        use AuditFault::{ChainCut, ChainRewritten, EntryChanged, EntryMissing, EntryUnlinked};
        match self {
            EntryChanged { .. } | EntryUnlinked { .. } | EntryMissing { .. } => true,
            ChainCut { checkpoint, .. } | ChainRewritten { checkpoint, .. } => checkpoint.is_none(),
            _ => false,
        }
    }
}

impl fmt::Display for AuditFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let by = |checkpoint: &Option<i64>| match checkpoint {
            Some(id) => format!("checkpoint {id}"),
            None => "the hub's note of its last entries".to_owned(),
        };
        match self {
            Self::EntryChanged { chain, number } => write!(f, "entry {number} of chain {chain} was changed"),
            Self::EntryUnlinked { chain, number } => write!(
                f,
                "entry {number} of chain {chain} does not follow the one before it: one of them was put in, taken out, or comes from another chain"
            ),
            Self::EntryMissing { chain, number, found } => {
                write!(f, "entry {number} of chain {chain} is missing: entry {found} stands in its place")
            }
            Self::ChainCut { chain, last, head, checkpoint } => write!(
                f,
                "chain {chain} was cut short: it ends at entry {last}, and {} names entry {head}",
                by(checkpoint)
            ),
            Self::ChainRewritten { chain, number, checkpoint } => {
                write!(f, "chain {chain} was written anew: {} names another entry {number}", by(checkpoint))
            }
            Self::CheckpointChanged { id } => write!(f, "checkpoint {id} was changed"),
            Self::CheckpointUnlinked { id } => {
                write!(f, "checkpoint {id} does not follow the one before it: one of them was taken out or put in")
            }
            Self::CheckpointForged { id } => write!(f, "checkpoint {id} was not signed by the key"),
            Self::FileUnsigned { entries } => {
                write!(f, "nobody signed the last of the entries: {entries} of the file come after its last checkpoint")
            }
            Self::FileWithoutCheckpoint => write!(f, "nobody signed the entries: the file holds no checkpoint"),
            Self::FileEmpty => write!(f, "the file holds no entry: each export writes at least its own"),
            Self::FileUnclosed => write!(
                f,
                "the file does not end with its signed closing line: it was cut, or made by a version that wrote none; export the trail again"
            ),
            Self::FileChanged => write!(
                f,
                "the file holds other entries or checkpoints than its closing line counts: some were taken out or put in"
            ),
            Self::FileForged => {
                write!(f, "the closing line was not signed by the key, or not for the header that the file has")
            }
        }
    }
}

/// What a check of a trail found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuditVerdict {
    /// How many entries were read.
    pub entries: u64,
    /// In how many chains.
    pub chains: u64,
    /// How many checkpoints were read.
    pub checkpoints: u64,
    /// How many entries came after the last checkpoint: that some of their last ones are gone, nothing here can show. An
    /// exported file has none.
    pub after_checkpoint: u64,
    /// When the file was written; `None` of a live hub.
    pub exported_at: Option<Timestamp>,
    /// Whether signatures were checked: without a key they were not.
    pub signatures_checked: bool,
    /// What is wrong: of every chain, and of the checkpoints, the first thing.
    pub faults: Vec<AuditFault>,
}

impl AuditVerdict {
    /// Whether everything fits.
    pub fn holds(&self) -> bool {
        self.faults.is_empty()
    }
}

/// Checks entries as they come, each chain by itself, against checkpoints that are known before.
struct Verifier {
    verdict: AuditVerdict,
    /// By chain and number, the hash and the first checkpoint that names it.
    pinned: BTreeMap<(i64, i64), (String, i64)>,
    sealed: u64,
    chains: BTreeMap<i64, Seen>,
    checkpoint_fault: Option<AuditFault>,
}

/// What was read of one chain.
struct Seen {
    number: i64,
    hash: String,
    fault: Option<AuditFault>,
}

impl Seen {
    fn new(chain: i64) -> Self {
        Self { number: 0, hash: genesis(chain), fault: None }
    }
}

impl Verifier {
    /// With no key, signatures are left unchecked.
    fn new(checkpoints: &[AuditCheckpoint], keys: &[AuditKey]) -> Self {
        let mut fault = None;
        let mut pinned = BTreeMap::new();
        let mut previous = (0, "");
        for checkpoint in checkpoints {
            let id = checkpoint.id;
            let found = if checkpoint.hash != checkpoint.own_hash() {
                Some(AuditFault::CheckpointChanged { id })
            } else if (id, checkpoint.previous_hash.as_str()) != (previous.0 + 1, previous.1) {
                Some(AuditFault::CheckpointUnlinked { id })
            } else if !keys.is_empty() && !checkpoint.is_signed_by(keys) {
                Some(AuditFault::CheckpointForged { id })
            } else {
                None
            };
            if found.is_none() {
                for ChainHead(chain, number, hash) in &checkpoint.heads {
                    pinned.entry((*chain, *number)).or_insert_with(|| (hash.clone(), id));
                }
            }
            fault = fault.or(found);
            previous = (id, &checkpoint.hash);
        }
        let verdict = AuditVerdict {
            checkpoints: checkpoints.len() as u64,
            signatures_checked: !keys.is_empty(),
            ..AuditVerdict::default()
        };
        let sealed = checkpoints.last().map_or(0, AuditCheckpoint::entries);
        Self { verdict, pinned, sealed, chains: BTreeMap::new(), checkpoint_fault: fault }
    }

    fn entry(&mut self, row: EntryRow) {
        let EntryRow { chain, number, .. } = row;
        let own_hash = row.own_hash();
        let seen = self.chains.entry(chain).or_insert_with(|| Seen::new(chain));
        let pin = self.pinned.get(&(chain, number));
        let fault = if number != seen.number + 1 {
            Some(AuditFault::EntryMissing { chain, number: seen.number + 1, found: number })
        } else if row.hash != own_hash {
            Some(AuditFault::EntryChanged { chain, number })
        } else if row.previous_hash != seen.hash {
            Some(AuditFault::EntryUnlinked { chain, number })
        } else {
            pin.filter(|(hash, _)| *hash != row.hash).map(|(_, id)| AuditFault::ChainRewritten {
                chain,
                number,
                checkpoint: Some(*id),
            })
        };
        if seen.fault.is_none() {
            seen.fault = fault;
        }
        (seen.number, seen.hash) = (number, row.hash);
        self.verdict.entries += 1;
    }

    /// Ends the check; `noted` are the heads that a live hub notes.
    fn finish(mut self, noted: &[ChainHead]) -> AuditVerdict {
        let mut known: BTreeMap<i64, (i64, String, Option<i64>)> = BTreeMap::new();
        for (&(chain, number), (hash, id)) in &self.pinned {
            known.insert(chain, (number, hash.clone(), Some(*id)));
        }
        for ChainHead(chain, number, hash) in noted {
            let is_further = known.get(chain).is_none_or(|(pinned, ..)| number >= pinned);
            if is_further {
                known.insert(*chain, (*number, hash.clone(), None));
            }
        }
        for (chain, (head, hash, checkpoint)) in known {
            let seen = self.chains.entry(chain).or_insert_with(|| Seen::new(chain));
            if seen.fault.is_some() {
                continue;
            }
            if seen.number < head {
                seen.fault = Some(AuditFault::ChainCut { chain, last: seen.number, head, checkpoint });
            } else if checkpoint.is_none() && (seen.number, &seen.hash) != (head, &hash) {
                seen.fault = Some(AuditFault::ChainRewritten { chain, number: head, checkpoint });
            }
        }
        self.verdict.chains = self.chains.len() as u64;
        self.verdict.after_checkpoint = self.verdict.entries.saturating_sub(self.sealed);
        self.verdict.faults = self.chains.into_values().filter_map(|seen| seen.fault).collect();
        self.verdict.faults.extend(self.checkpoint_fault);
        self.verdict
    }
}

/// One line of an exported trail.
#[derive(Serialize, Deserialize)]
#[serde(tag = "line", rename_all = "snake_case")]
enum Line {
    /// The first line.
    Header(Header),
    Checkpoint(AuditCheckpoint),
    Entry(EntryRow),
    /// The last line.
    Closing(Closing),
}

/// What the file is.
#[derive(Clone, Serialize, Deserialize)]
struct Header {
    format: String,
    exported_at_us: i64,
    /// For whoever has none to compare it with. To trust it, get it by another way than this file.
    public_key: Option<String>,
}

/// What the file holds, signed together with its header: an older trail cannot pass for a later one.
#[derive(Serialize, Deserialize)]
struct Closing {
    entries: u64,
    checkpoints: u64,
    /// The hash of the last checkpoint, which covers the last entry.
    checkpoint_hash: String,
    /// Ed25519 over the hash of header and closing line, hex.
    signature: String,
}

impl Closing {
    /// SHA-256 over the header and all but the signature. Each text goes in with its length.
    fn own_hash(&self, header: &Header) -> String {
        let mut hasher = Sha256::new();
        hasher.update(header.exported_at_us.to_be_bytes());
        hasher.update(self.entries.to_be_bytes());
        hasher.update(self.checkpoints.to_be_bytes());
        let public_key = header.public_key.as_deref().unwrap_or_default();
        for text in [header.format.as_str(), public_key, &self.checkpoint_hash] {
            hasher.update((text.len() as u64).to_be_bytes());
            hasher.update(text.as_bytes());
        }
        hex(&hasher.finalize())
    }
}

const FORMAT: &str = "kanak audit trail 1";

/// Entries read at a time.
const PAGE: u32 = 5_000;

/// Why an exported trail could not be checked.
#[derive(Debug, thiserror::Error)]
pub enum AuditFileError {
    /// The file cannot be read.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// It is none.
    #[error("{path}, line {line}: {what}; make the file with `kanak audit export FILE`")]
    Line {
        /// The file.
        path: String,
        /// From 1.
        line: u64,
        /// What is wrong with it. Never its content.
        what: &'static str,
    },
}

/// Checks an exported trail, without a hub. `keys` are the public keys of those who may have signed its checkpoints and its
/// closing line, got by another way than the file. It must be signed up to its last entry.
///
/// # Errors
/// [`AuditFileError`] when the file is no such trail; what is wrong within one stands in the verdict.
pub fn verify_audit_file(path: &Path, keys: &[AuditKey]) -> Result<AuditVerdict, AuditFileError> {
    let (mut header, mut checkpoints, mut closing) = (None, Vec::new(), None);
    // Checkpoints first, wherever they stand: entries are judged by them and need not stay in memory.
    visit_lines(path, |line| match line {
        Line::Header(found) => header = Some(found),
        Line::Checkpoint(checkpoint) => checkpoints.push(checkpoint),
        Line::Entry(_) => {}
        Line::Closing(found) => closing = Some(found),
    })?;
    let mut verifier = Verifier::new(&checkpoints, keys);
    visit_lines(path, |line| {
        if let Line::Entry(row) = line {
            verifier.entry(row);
        }
    })?;
    let mut verdict = verifier.finish(&[]);
    if verdict.entries == 0 {
        verdict.faults.push(AuditFault::FileEmpty);
    }
    if checkpoints.is_empty() {
        verdict.faults.push(AuditFault::FileWithoutCheckpoint);
    } else if verdict.after_checkpoint > 0 {
        verdict.faults.push(AuditFault::FileUnsigned { entries: verdict.after_checkpoint });
    }
    verdict.exported_at = header.as_ref().map(|header| Timestamp(header.exported_at_us));
    let closed = header.zip(closing).map_or(Some(AuditFault::FileUnclosed), |(header, closing)| {
        let held = (verdict.entries, verdict.checkpoints, checkpoints.last().map(|last| last.hash.as_str()));
        let hash = closing.own_hash(&header);
        if held != (closing.entries, closing.checkpoints, Some(closing.checkpoint_hash.as_str())) {
            Some(AuditFault::FileChanged)
        } else if !keys.is_empty() && !keys.iter().any(|key| key.tells_file(&hash, &closing.signature)) {
            Some(AuditFault::FileForged)
        } else {
            None
        }
    });
    verdict.faults.extend(closed);
    Ok(verdict)
}

fn visit_lines(path: &Path, mut visit: impl FnMut(Line)) -> Result<(), AuditFileError> {
    let shown = || path.display().to_string();
    let file = std::fs::File::open(path).map_err(|source| AuditFileError::File { path: shown(), source })?;
    let mut reader = BufReader::with_capacity(1 << 16, file);
    let (mut text, mut line, mut is_closed) = (String::new(), 0, false);
    loop {
        text.clear();
        let read = reader.read_line(&mut text).map_err(|source| AuditFileError::File { path: shown(), source })?;
        if read == 0 && line > 0 {
            return Ok(());
        }
        line += 1;
        let bad = |what| AuditFileError::Line { path: shown(), line, what };
        let parsed: Line = serde_json::from_str(&text).map_err(|_| bad("is no line of an audit trail"))?;
        match &parsed {
            Line::Header(header) if line == 1 && header.format == FORMAT => {}
            Line::Header(_) if line == 1 => return Err(bad("is the header of another version")),
            Line::Header(_) => return Err(bad("is a second header")),
            _ if line == 1 => return Err(bad("is no header of an audit trail")),
            _ if is_closed => return Err(bad("comes after the closing line")),
            _ => {}
        }
        is_closed = matches!(parsed, Line::Closing(_));
        visit(parsed);
    }
}

impl Store {
    /// Reads the whole trail and checks that no entry was changed, taken out or put in, and that it holds what the
    /// checkpoints name. They must be signed by this store's own key, where it has one. What was cut off after the last
    /// checkpoint, together with the hub's note of it, only a copy kept elsewhere can show.
    pub async fn verify_audit(&self) -> Result<AuditVerdict, StoreError> {
        let mut tx = self.db.begin_read().await?;
        let checkpoints = checkpoints::list(&mut tx).await?;
        let noted = checkpoints::heads(&mut tx).await?;
        let mut verifier = Verifier::new(&checkpoints, self.audit_key().as_slice());
        let mut after = 0;
        loop {
            let rows = audit_events::page(&mut tx, after, PAGE).await?;
            let Some(last) = rows.last() else { return Ok(verifier.finish(&noted)) };
            after = last.position;
            for listed in rows {
                verifier.entry(listed.row);
            }
        }
    }

    /// Writes the trail up to the last checkpoint as lines of JSON: what it is, all checkpoints, the entries in the order in
    /// which they were stored, and a closing line that counts them and is signed together with the first. Times are UTC
    /// microseconds. Gives the number of entries.
    ///
    /// # Errors
    /// [`StoreError::File`] when `out`, which errors name `path`, takes no more; [`StoreError::NoSigner`] of a store that was
    /// opened without a key to sign with.
    pub async fn export_audit(&self, path: &str, out: &mut (impl Write + Send)) -> Result<u64, StoreError> {
        let mut put = |line: &Line| -> Result<(), StoreError> {
            serde_json::to_writer(&mut *out, line)
                .map_err(std::io::Error::from)
                .and_then(|()| out.write_all(b"\n"))
                .map_err(|source| StoreError::File { path: path.to_owned(), source })
        };
        let signer = self.signer.as_ref().ok_or(StoreError::NoSigner)?;
        let mut tx = self.db.begin_read().await?;
        let header = Header {
            format: FORMAT.to_owned(),
            exported_at_us: self.clock.now().0,
            public_key: Some(signer.public_key().to_string()),
        };
        put(&Line::Header(header.clone()))?;
        let checkpoints = checkpoints::list(&mut tx).await?;
        let last = checkpoints.last();
        // What others write meanwhile nobody has signed yet: it stays for the next export.
        let signed: BTreeMap<i64, i64> =
            last.iter().flat_map(|last| &last.heads).map(|ChainHead(chain, number, _)| (*chain, *number)).collect();
        let mut closing = Closing {
            entries: 0,
            checkpoints: checkpoints.len() as u64,
            checkpoint_hash: last.map(|last| last.hash.clone()).unwrap_or_default(),
            signature: String::new(),
        };
        for checkpoint in checkpoints {
            put(&Line::Checkpoint(checkpoint))?;
        }
        let mut after = 0;
        loop {
            let rows = audit_events::page(&mut tx, after, PAGE).await?;
            let Some(last) = rows.last() else { break };
            after = last.position;
            for Listed { row, .. } in rows {
                if signed.get(&row.chain).is_some_and(|head| row.number <= *head) {
                    closing.entries += 1;
                    put(&Line::Entry(row))?;
                }
            }
        }
        closing.signature = signer.sign_file(&closing.own_hash(&header));
        let entries = closing.entries;
        put(&Line::Closing(closing))?;
        Ok(entries)
    }
}

/// The sentence for a page or a command: what was read and what is wrong.
impl fmt::Display for AuditVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = |count: u64, one: &str, many: &str| format!("{count} {}", if count == 1 { one } else { many });
        write!(
            f,
            "{} in {}, {}{}, {} after the last one",
            plural(self.entries, "entry", "entries"),
            plural(self.chains, "chain", "chains"),
            plural(self.checkpoints, "checkpoint", "checkpoints"),
            if self.signatures_checked { "" } else { " (signatures not checked: there is no key)" },
            plural(self.after_checkpoint, "entry", "entries"),
        )?;
        self.exported_at.map_or(Ok(()), |at| write!(f, ", exported {at}"))
    }
}

impl AuditCheckpoint {
    /// A word for lists: its id and time.
    pub fn words(&self) -> String {
        format!("checkpoint {} of {}", self.id, Timestamp(self.at_us))
    }
}

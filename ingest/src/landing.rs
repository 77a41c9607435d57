//! The landing: files kept as they came, sealed.
//!
//! A sealed file is addressed by the keyed hash of what it holds, so that the same file is known again and a reader of
//! the folder learns nothing, not even whether a file they hold is there. It is cut into chunks of 64 KiB, each sealed
//! with AES-256-GCM under a number and a mark of the last one (the STREAM construction of Hoang, Reyhanitabar, Rogaway
//! and Vizár, "Online Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance", 2015): a chunk changed, moved,
//! left out or added at the end does not open. The key of a file is derived from its hash, so no two files share one
//! and the counter alone makes the nonces.
//!
//! Layout: `KANAKL01`, the hash (32 bytes), then the chunks with 16 bytes of tag each.

mod open;
mod seal;

use aes_gcm::{Aes256Gcm, KeyInit as _, Nonce, aead::consts::U12};
use hmac::{Hmac, Mac};
use sha2::Sha256;

pub use crate::read::read_sealed;

pub use self::{
    open::{Opened, open},
    seal::{Landed, content_hash, seal, sealed_path},
};

const MAGIC: &[u8; 8] = b"KANAKL01";
const HASH_BYTES: usize = 32;
const HEADER_BYTES: usize = MAGIC.len() + HASH_BYTES;
const CHUNK_BYTES: usize = 64 * 1024;
const TAG_BYTES: usize = 16;

type HmacSha256 = Hmac<Sha256>;

fn keyed(key: &[u8; 32], purpose: &[u8]) -> HmacSha256 {
    let mut mac = <HmacSha256 as Mac>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(purpose);
    mac
}

/// The hash of what is fed to it, under a key of its own.
fn content_hasher(key: &[u8; 32]) -> HmacSha256 {
    let derived: [u8; 32] = keyed(key, b"kanak landing: content hash").finalize().into_bytes().into();
    <HmacSha256 as Mac>::new_from_slice(&derived).expect("HMAC takes keys of any length")
}

/// The cipher for the one file that has this hash.
fn cipher(key: &[u8; 32], hash: &[u8; HASH_BYTES]) -> Aes256Gcm {
    let derived = keyed(key, b"kanak landing: seal").chain_update(hash).finalize().into_bytes();
    Aes256Gcm::new(&derived)
}

/// The nonce of a chunk: its number, and whether it is the last one.
fn nonce(number: u64, last: bool) -> Nonce<U12> {
    let mut nonce = [0; 12];
    nonce[3..11].copy_from_slice(&number.to_be_bytes());
    nonce[11] = u8::from(last);
    nonce.into()
}

fn header(hash: &[u8; HASH_BYTES]) -> [u8; HEADER_BYTES] {
    let mut header = [0; HEADER_BYTES];
    header[..MAGIC.len()].copy_from_slice(MAGIC);
    header[MAGIC.len()..].copy_from_slice(hash);
    header
}

fn hex(hash: &[u8; HASH_BYTES]) -> String {
    use std::fmt::Write as _;
    hash.iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

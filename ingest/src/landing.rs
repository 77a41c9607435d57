//! The landing: files kept as they came, sealed.
//!
//! A sealed file is addressed by the keyed hash of what it holds, so that the same file is known again and a reader of
//! the folder learns nothing, not even whether a file they hold is there. It is cut into chunks of 64 KiB, each sealed
//! with AES-256-GCM under a number and a mark of the last one (the STREAM construction of Hoang, Reyhanitabar, Rogaway
//! and Vizár, "Online Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance", 2015): a chunk changed, moved,
//! left out or added at the end does not open. The key of a file is derived from its hash, so no two files share one
//! and the counter alone makes the nonces.
//!
//! Layout: `KANAKL01`, the hash (32 bytes), then the chunks with 16 bytes of tag each. Of a file that was sealed anew because rows in it were
//! erased: `KANAKL02`, the hash of what came, 16 random bytes, then the chunks; its key is derived from both.

mod erase;
mod open;
mod seal;

use aes_gcm::{Aes256Gcm, KeyInit as _, Nonce, aead::consts::U12};
use hmac::{Hmac, Mac};
use sha2::Sha256;

pub use crate::read::read_sealed;

pub use self::{
    erase::{put_anew, seal_without},
    open::{Opened, check, open},
    seal::{Landed, content_hash, content_hash_of, remove_unfinished, seal, seal_text, sealed_path},
};

const MAGIC: &[u8; 8] = b"KANAKL01";
const HASH_BYTES: usize = 32;
const MAGIC_ANEW: &[u8; 8] = b"KANAKL02";
/// The random bytes of a file that was sealed anew.
pub const SALT_BYTES: usize = 16;
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

/// How a sealed file begins: the hash of what came, and the salt of one that was sealed anew.
#[derive(Clone, Copy)]
struct Header {
    hash: [u8; HASH_BYTES],
    salt: Option<[u8; SALT_BYTES]>,
}

impl Header {
    fn of(hash: [u8; HASH_BYTES]) -> Self {
        Self { hash, salt: None }
    }

    fn anew(hash: [u8; HASH_BYTES], salt: [u8; SALT_BYTES]) -> Self {
        Self { hash, salt: Some(salt) }
    }

    fn bytes(&self) -> Vec<u8> {
        match &self.salt {
            None => [MAGIC.as_slice(), &self.hash].concat(),
            Some(salt) => [MAGIC_ANEW.as_slice(), &self.hash, salt].concat(),
        }
    }

    /// The cipher for the one text that has this header.
    fn cipher(&self, key: &[u8; 32]) -> Aes256Gcm {
        let derived = match &self.salt {
            None => keyed(key, b"kanak landing: seal").chain_update(self.hash),
            Some(salt) => keyed(key, b"kanak landing: seal anew").chain_update(self.hash).chain_update(salt),
        };
        Aes256Gcm::new(&derived.finalize().into_bytes())
    }
}

/// The nonce of a chunk: its number, and whether it is the last one.
fn nonce(number: u64, last: bool) -> Nonce<U12> {
    let mut nonce = [0; 12];
    nonce[3..11].copy_from_slice(&number.to_be_bytes());
    nonce[11] = u8::from(last);
    nonce.into()
}

fn hex(hash: &[u8; HASH_BYTES]) -> String {
    use std::fmt::Write as _;
    hash.iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

//! The landing keeps what it is given, gives it back unchanged, and notices every change.

use std::fs;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use kanak_ingest::IngestError;
use kanak_ingest::landing::{self, Landed};
use tempfile::TempDir;

const KEY: [u8; 32] = [7; 32];
const CHUNK: usize = 64 * 1024;

fn seal(dir: &TempDir, content: &[u8]) -> Landed {
    let path = dir.path().join("register.csv");
    fs::write(&path, content).unwrap();
    landing::seal(&path, &dir.path().join("landing"), &KEY).unwrap()
}

fn files_under(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(files_under(&path)) } else { files.push(path) }
    }
    files
}

fn content(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|at| (at * 31 % 251) as u8).collect()
}

#[test]
fn a_file_comes_back_as_it_was_whatever_its_size() {
    for bytes in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 77] {
        let dir = TempDir::new().unwrap();
        let content = content(bytes);
        let landed = seal(&dir, &content);
        assert_eq!(landed.bytes, bytes as u64);
        let mut opened = landing::open(&landed.sealed_path, &KEY).unwrap();
        assert_eq!(opened.plain_bytes(), bytes as u64);
        assert_eq!(opened.content_hash(), landed.content_hash);
        let mut back = Vec::new();
        opened.read_to_end(&mut back).unwrap();
        assert_eq!(back, content, "{bytes} bytes");
        opened.seek(SeekFrom::Start(bytes as u64 / 2)).unwrap();
        back.clear();
        opened.read_to_end(&mut back).unwrap();
        assert_eq!(back, content[bytes / 2..], "{bytes} bytes from the middle");
        assert!(opened.seek(SeekFrom::End(-1 - bytes as i64)).is_err());
    }
}

#[test]
fn the_address_depends_on_content_and_key_and_the_same_file_lands_once() {
    let dir = TempDir::new().unwrap();
    let first = seal(&dir, b"a,b\n1,2\n");
    let again = seal(&dir, b"a,b\n1,2\n");
    assert_eq!(first, again);
    assert_eq!(files_under(&dir.path().join("landing")), std::slice::from_ref(&first.sealed_path));
    let path = dir.path().join("register.csv");
    assert_eq!(landing::content_hash(&path, &KEY).unwrap(), first.content_hash);
    assert_ne!(landing::content_hash(&path, &[8; 32]).unwrap(), first.content_hash);
    assert_ne!(seal(&dir, b"a,b\n1,3\n").content_hash, first.content_hash);
    let sealed = fs::read(&first.sealed_path).unwrap();
    assert!(!sealed.windows(4).any(|bytes| bytes == b"a,b\n"), "the content stands open in the sealed file");
}

#[test]
fn every_change_to_a_sealed_file_is_noticed() {
    let dir = TempDir::new().unwrap();
    let landed = seal(&dir, &content(2 * CHUNK + 100));
    let sealed = fs::read(&landed.sealed_path).unwrap();
    let chunk = CHUNK + 16;
    let mut cases: Vec<(&str, Vec<u8>)> = Vec::new();
    for at in [0, 8, 39, 40, 40 + CHUNK, 40 + chunk + 5, sealed.len() - 1] {
        let mut changed = sealed.clone();
        changed[at] ^= 1;
        cases.push(("one bit", changed));
    }
    for length in [0, 20, 40, 45, 40 + chunk, 40 + 2 * chunk, sealed.len() - 1] {
        cases.push(("cut off", sealed[..length].to_vec()));
    }
    let mut swapped = sealed.clone();
    swapped[40..40 + chunk].copy_from_slice(&sealed[40 + chunk..40 + 2 * chunk]);
    swapped[40 + chunk..40 + 2 * chunk].copy_from_slice(&sealed[40..40 + chunk]);
    cases.push(("two chunks swapped", swapped));
    cases.push(("something added", [sealed.as_slice(), b"x"].concat()));
    for (what, changed) in cases {
        fs::write(&landed.sealed_path, &changed).unwrap();
        let read = landing::open(&landed.sealed_path, &KEY).map(|mut opened| opened.read_to_end(&mut Vec::new()));
        assert!(!matches!(read, Ok(Ok(_))), "{what} was not noticed");
    }
    fs::write(&landed.sealed_path, &sealed).unwrap();
    let other_key = landing::open(&landed.sealed_path, &[8; 32]).err().unwrap();
    assert!(matches!(other_key, IngestError::Sealed { .. }), "{other_key}");
    assert!(other_key.to_string().contains("restore it from a backup"), "{other_key}");
}

#[test]
fn nothing_is_left_behind_when_a_file_cannot_be_sealed() {
    let dir = TempDir::new().unwrap();
    let landing = dir.path().join("landing");
    assert!(landing::seal(&dir.path().join("missing.csv"), &landing, &KEY).is_err());
    assert!(!landing.exists());
}

//! Sealing a landed file anew without rows that were erased.
//!
//! It keeps its address, the hash of what once came, so that the file is known again; what it holds now is sealed under another key, derived
//! with a salt as well: one key never seals two texts.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::seal::{UNFINISHED, write_chunks};
use super::{Header, SALT_BYTES, open};
use crate::error::IngestError;
use crate::input::Input;

/// Writes beside a sealed file what is left of it without some lines, which stay as empty ones so that the others keep their
/// numbers; gives where it is. `gone` are ranges of lines from 1, ascending and apart; `None` leaves nothing of the file. A file that came packed is left unpacked.
/// [`put_anew`] puts it in force.
///
/// # Errors
/// When the file does not open, or nothing can be written.
pub fn seal_without(
    sealed_path: &Path,
    key: &[u8; 32],
    salt: [u8; SALT_BYTES],
    gone: Option<&[Range<u64>]>,
) -> Result<PathBuf, IngestError> {
    let name = sealed_path.display().to_string();
    let of_io = |cause| IngestError::Io { file: name.clone(), cause };
    let header = Header::anew(open(sealed_path, key)?.hash(), salt);
    let beside = sealed_path.with_extension(format!("{}{}", UNFINISHED[1], std::process::id()));
    let mut from: Box<dyn Read> = match gone {
        None => Box::new(io::empty()),
        Some(gone) => {
            let all = Input::Sealed { path: sealed_path, name: &name, key }.open()?;
            Box::new(Without { from: BufReader::new(all), gone: gone.to_vec(), line: 1, held: Vec::new(), at: 0 })
        }
    };
    let written = File::create(&beside).and_then(|to| write_chunks(&mut from, to, key, &header));
    if let Err(cause) = written {
        // What is left half-done must not stay; the first error is the one to tell.
        let _ = fs::remove_file(&beside);
        return Err(of_io(cause));
    }
    Ok(beside)
}

/// Puts what [`seal_without`] wrote in the place of the file, durably.
///
/// # Errors
/// When the folder cannot be written.
pub fn put_anew(beside: &Path, sealed_path: &Path) -> Result<(), IngestError> {
    let shelf = sealed_path.parent().unwrap_or(sealed_path);
    let put = fs::rename(beside, sealed_path).and_then(|()| File::open(shelf)?.sync_all());
    put.map_err(|cause| IngestError::Io { file: sealed_path.display().to_string(), cause })
}

/// Text without some of its lines, of which only the end stays.
struct Without<R> {
    from: BufReader<R>,
    gone: Vec<Range<u64>>,
    /// The number of the next line.
    line: u64,
    held: Vec<u8>,
    at: usize,
}

impl<R: Read> Read for Without<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.at == self.held.len() {
            self.held.clear();
            self.at = 0;
            if self.from.read_until(b'\n', &mut self.held)? == 0 {
                return Ok(0);
            }
            let line = self.line;
            self.line += 1;
            if self.gone.iter().any(|range| range.contains(&line)) {
                let ended = self.held.last() == Some(&b'\n');
                self.held.clear();
                if !ended {
                    return Ok(0);
                }
                self.held.push(b'\n');
            }
        }
        let read = (self.held.len() - self.at).min(into.len());
        into[..read].copy_from_slice(&self.held[self.at..self.at + read]);
        self.at += read;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{check, open, remove_unfinished, seal};
    use super::*;

    const KEY: [u8; 32] = [7; 32];

    fn text(path: &Path) -> String {
        let mut text = String::new();
        open(path, &KEY).unwrap().read_to_string(&mut text).unwrap();
        text
    }

    fn landed(dir: &Path, content: &str) -> PathBuf {
        let file = dir.join("file.csv");
        std::fs::write(&file, content).unwrap();
        seal(&file, &dir.join("landing"), &KEY).unwrap().sealed_path
    }

    #[test]
    fn lines_go_others_keep_their_numbers_and_the_address_stays() {
        let dir = tempfile::tempdir().unwrap();
        let sealed = landed(dir.path(), "a\nb\nc \"x\ny\"\nd\ne");
        let before = open(&sealed, &KEY).unwrap().content_hash();
        let (first, later) = ([2..3, 9..9], [3..5, 6..u64::MAX]);
        for (gone, left) in [(&first, "a\n\nc \"x\ny\"\nd\ne"), (&later, "a\n\n\n\nd\n")] {
            let beside = seal_without(&sealed, &KEY, [1; SALT_BYTES], Some(gone)).unwrap();
            put_anew(&beside, &sealed).unwrap();
            assert_eq!(text(&sealed), left);
            assert_eq!(open(&sealed, &KEY).unwrap().content_hash(), before);
        }
        let beside = seal_without(&sealed, &KEY, [2; SALT_BYTES], None).unwrap();
        put_anew(&beside, &sealed).unwrap();
        assert_eq!(text(&sealed), "");
        let again = landed(dir.path(), "a\nb\nc \"x\ny\"\nd\ne");
        assert_eq!((again.clone(), text(&again)), (sealed, String::new()), "the file is known, and does not come back");
    }

    #[test]
    fn no_two_texts_are_sealed_under_one_key_and_a_changed_header_does_not_open() {
        let dir = tempfile::tempdir().unwrap();
        let sealed = landed(dir.path(), "same text\n");
        let chunk = |path: &Path| std::fs::read(path).unwrap().split_off(72);
        let one = seal_without(&sealed, &KEY, [1; SALT_BYTES], Some(&[])).unwrap();
        let first = chunk(&one);
        let other = seal_without(&sealed, &KEY, [2; SALT_BYTES], Some(&[])).unwrap();
        assert_ne!(first, chunk(&other));
        let mut bytes = std::fs::read(&other).unwrap();
        bytes[45] ^= 1;
        std::fs::write(&other, bytes).unwrap();
        assert!(open(&other, &KEY).is_err());
    }

    #[test]
    fn what_killed_processes_left_half_sealed_goes_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let sealed = landed(dir.path(), "a\n");
        let landing = dir.path().join("landing");
        let beside = seal_without(&sealed, &KEY, [1; SALT_BYTES], None).unwrap();
        let part = sealed.with_extension("part4711");
        let other = sealed.with_extension("anewer");
        for path in [&part, &other] {
            std::fs::write(path, "x").unwrap();
        }
        assert_eq!(remove_unfinished(&landing).unwrap(), 2);
        assert!(!beside.exists() && !part.exists() && other.exists() && text(&sealed) == "a\n");
        assert_eq!(remove_unfinished(&landing).unwrap(), 0);
        assert_eq!(remove_unfinished(&dir.path().join("none")).unwrap(), 0);
    }

    #[test]
    fn a_chunk_in_the_middle_that_does_not_open_is_found_and_leaves_nothing_half_done() {
        let dir = tempfile::tempdir().unwrap();
        let sealed = landed(dir.path(), &"a line\n".repeat(40_000));
        assert!(check(&sealed, &KEY).is_ok());
        let mut bytes = std::fs::read(&sealed).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(&sealed, &bytes).unwrap();
        assert!(open(&sealed, &KEY).is_ok() && check(&sealed, &KEY).is_err());
        assert!(seal_without(&sealed, &KEY, [1; SALT_BYTES], Some(&[])).is_err());
        assert_eq!(std::fs::read_dir(sealed.parent().unwrap()).unwrap().count(), 1, "the sealed file alone");
        assert_eq!(std::fs::read(&sealed).unwrap(), bytes);
    }

    #[test]
    fn a_large_file_is_cut_where_its_chunks_are_not() {
        let dir = tempfile::tempdir().unwrap();
        let lines: Vec<String> = (1..20_000).map(|line| format!("{line} {}", "x".repeat(line % 31))).collect();
        let sealed = landed(dir.path(), &lines.join("\n"));
        let beside = seal_without(&sealed, &KEY, [1; SALT_BYTES], Some(&[5_000..5_001, 12_345..12_347])).unwrap();
        let left = text(&beside);
        let expected: Vec<&str> = (1..20_000)
            .map(|line| if [5_000, 12_345, 12_346].contains(&line) { "" } else { lines[line - 1].as_str() })
            .collect();
        assert!(left.lines().eq(expected));
    }
}

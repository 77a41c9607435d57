//! Gurmukhi and Devanagari to sounds. Both blocks of Unicode have one plan, so one table of offsets reads them.

use super::Sounds;

/// The vowel that a consonant carries until a sign says otherwise.
#[derive(Default)]
pub(super) struct Pending {
    inherent: bool,
}

/// The place of a character in its block, for the two scripts.
pub(super) fn offset(character: char) -> Option<u8> {
    match character {
        '\u{0900}'..='\u{097F}' => Some((character as u32 - 0x0900) as u8),
        '\u{0A00}'..='\u{0A7F}' => Some((character as u32 - 0x0A00) as u8),
        _ => None,
    }
}

/// What a character is.
enum Letter {
    Consonant(u8),
    Vowel(&'static [u8]),
    Sign(&'static [u8]),
    Nasal,
    Nukta,
    Virama,
    Silent,
}

/// The table: offset in the block to letter. Aspirates are written as their plain fellows, retroflex letters as dental ones.
fn letter(offset: u8) -> Letter {
    use Letter::{Consonant, Nasal, Nukta, Sign, Silent, Virama, Vowel};
    match offset {
        0x01 | 0x02 | 0x70 => Nasal,
        0x05 | 0x06 => Vowel(b"a"),
        0x07 | 0x08 | 0x72 => Vowel(b"i"),
        0x0D..=0x10 => Vowel(b"e"),
        0x09 | 0x0A | 0x73 | 0x11..=0x14 => Vowel(b"u"),
        0x0B => Vowel(b"ri"),
        0x15 | 0x16 | 0x58 | 0x59 => Consonant(b'k'),
        0x17 | 0x18 | 0x5A => Consonant(b'g'),
        0x1A | 0x1B => Consonant(b'c'),
        0x1C | 0x1D | 0x5B => Consonant(b'j'),
        0x1F | 0x20 | 0x24 | 0x25 => Consonant(b't'),
        0x21 | 0x22 | 0x26 | 0x27 => Consonant(b'd'),
        0x19 | 0x1E | 0x23 | 0x28 | 0x29 => Consonant(b'n'),
        0x2A | 0x2B | 0x5E => Consonant(b'p'),
        0x2C | 0x2D => Consonant(b'b'),
        0x2E => Consonant(b'm'),
        0x2F | 0x5F | 0x75 => Consonant(b'y'),
        0x30 | 0x31 | 0x5C | 0x5D => Consonant(b'r'),
        0x32..=0x34 => Consonant(b'l'),
        0x35 => Consonant(b'v'),
        0x36..=0x38 => Consonant(b's'),
        0x39 => Consonant(b'h'),
        0x3C => Nukta,
        0x3E => Sign(b"a"),
        0x3F | 0x40 => Sign(b"i"),
        0x45..=0x48 => Sign(b"e"),
        0x41 | 0x42 | 0x49..=0x4C => Sign(b"u"),
        0x43 => Sign(b"ri"),
        0x4D => Virama,
        _ => Silent,
    }
}

/// Reads one character.
pub(super) fn read(offset: u8, pending: &mut Pending, sounds: &mut Sounds) {
    match letter(offset) {
        Letter::Consonant(sound) => {
            settle(pending, sounds);
            // Within a word, y is heard as a vowel.
            let is_glide = sound == b'y' && !sounds.0.is_empty();
            sounds.push(if is_glide { b'i' } else { sound });
            pending.inherent = true;
        }
        Letter::Vowel(letters) => {
            settle(pending, sounds);
            sounds.0.extend_from_slice(letters);
        }
        Letter::Sign(letters) => {
            pending.inherent = false;
            sounds.0.extend_from_slice(letters);
        }
        Letter::Nasal => {
            settle(pending, sounds);
            sounds.push(b'N');
        }
        // With a dot below, the two d letters are r: ड़, ढ़.
        Letter::Nukta => {
            if let Some(last) = sounds.0.last_mut().filter(|last| **last == b'd') {
                *last = b'r';
            }
        }
        Letter::Virama => pending.inherent = false,
        Letter::Silent => {}
    }
}

/// The inherent vowel sounds when another letter follows. At the end of a word it is silent.
fn settle(pending: &mut Pending, sounds: &mut Sounds) {
    if std::mem::take(&mut pending.inherent) {
        sounds.push(b'a');
    }
}

//! Distinct texts, each with its number: one long text and a table of places.

use std::hash::{BuildHasher, BuildHasherDefault};

use rustc_hash::FxHasher;

/// Distinct texts, numbered as they come.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    all: String,
    /// Number to where its text ends.
    ends: Vec<u32>,
    /// Open addressing: numbers, or [`FREE`]. A power of two.
    slots: Vec<u32>,
}

const FREE: u32 = u32::MAX;

impl Kept {
    /// Keeps distinct texts under their places.
    pub(crate) fn of(texts: &[Box<str>]) -> Self {
        let mut kept = Self::default();
        kept.all.reserve_exact(texts.iter().map(|text| text.len()).sum());
        kept.ends.reserve_exact(texts.len());
        kept.resize(texts.len());
        for text in texts {
            kept.push(text);
        }
        kept
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The text with a number.
    pub(crate) fn text(&self, number: u32) -> &str {
        let at = number as usize;
        let from = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.all[from as usize..self.ends[at] as usize]
    }

    /// The number of a text, where it is known.
    pub(crate) fn find(&self, text: &str) -> Option<u32> {
        if self.slots.is_empty() {
            return None;
        }
        let number = self.slots[self.slot(text)];
        (number != FREE).then_some(number)
    }

    /// Adds a text that is not known yet and returns its number.
    pub(crate) fn push(&mut self, text: &str) -> u32 {
        if (self.len() + 1) * 5 > self.slots.len() * 4 {
            self.resize(self.len() * 2);
        }
        let number = self.len() as u32;
        let slot = self.slot(text);
        self.slots[slot] = number;
        if self.all.capacity() - self.all.len() < text.len() {
            self.all.reserve_exact(text.len().max(self.all.len() / GROWTH));
        }
        self.all.push_str(text);
        make_room(&mut self.ends, 1);
        self.ends.push(self.all.len() as u32);
        number
    }

    /// Bytes held.
    pub(crate) fn bytes(&self) -> usize {
        self.all.capacity() + (self.ends.capacity() + self.slots.capacity()) * size_of::<u32>()
    }

    /// Where a text stands, or would stand.
    fn slot(&self, text: &str) -> usize {
        let mask = self.slots.len() - 1;
        let hash = BuildHasherDefault::<FxHasher>::default().hash_one(text);
        let mut slot = (hash >> 20) as usize & mask;
        while self.slots[slot] != FREE && self.text(self.slots[slot]) != text {
            slot = (slot + 1) & mask;
        }
        slot
    }

    fn resize(&mut self, texts: usize) {
        let slots = (texts * 5 / 4 + 8).next_power_of_two();
        self.slots = vec![FREE; slots];
        for number in 0..self.len() as u32 {
            let slot = self.slot(self.text(number));
            self.slots[slot] = number;
        }
    }
}

/// What grows grows by one part in so many: an index is filled once and then grows little.
const GROWTH: usize = 16;

/// Makes room for more, and for not much more than that.
pub(crate) fn make_room<T>(of: &mut Vec<T>, more: usize) {
    if of.capacity() - of.len() < more {
        of.reserve_exact(more.max(of.len() / GROWTH));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_found_under_the_numbers_they_were_given() {
        let texts: Vec<Box<str>> = (0..100).map(|number| format!("text {number}").into_boxed_str()).collect();
        let mut kept = Kept::of(&texts);
        assert_eq!(kept.find("text 100"), None);
        for number in 100..300 {
            assert_eq!(kept.push(&format!("text {number}")), number);
        }
        for number in 0..300 {
            assert_eq!(kept.find(&format!("text {number}")), Some(number));
            assert_eq!(kept.text(number), format!("text {number}"));
        }
        assert_eq!(Kept::default().find(""), None);
    }
}

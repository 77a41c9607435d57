//! Names of businesses and places, addresses, free text.

use super::super::lexicon::{Likeness, Likenesses};
use super::{Judged, Level, Side, Wording, level};

const SAME: u8 = 0;
const SOUNDS: u8 = 1;
pub(super) const NEAR: u8 = 2;
pub(super) const WITHIN: u8 = 3;
pub(super) const OVERLAP: u8 = 4;
const DIFFERENT: u8 = 5;

pub(super) const LEVELS: &[Level] = &[
    level("same", 0.60, 1e-3, Side::For, true),
    level("same by sound or order", 0.10, 1e-3, Side::For, true),
    level("one slip apart", 0.08, 1e-3, Side::For, false),
    level("one within the other", 0.05, 4e-3, Side::For, false),
    level("some words in common", 0.05, 0.02, Side::Either, false),
    level("different", 0.12, 0.97, Side::Against, false),
];

pub(super) fn judge(
    left: &Wording<'_>,
    right: &Wording<'_>,
    lexicon: &Likenesses<'_>,
    rarity_bits: impl FnOnce() -> f32,
) -> Judged {
    if left.items.is_empty() || right.items.is_empty() {
        return Judged::MISSING;
    }
    if is_one(left, right) {
        return judge_one(left, right, rarity_bits);
    }
    Judged::plain(grade(left, right, lexicon))
}

/// Whether both are written, or sound, as one.
pub(super) fn is_one(left: &Wording<'_>, right: &Wording<'_>) -> bool {
    left.has_words_of(right) || left.has_sounds_of(right) || left.sounds_as_one_with(right)
}

/// Grades two that are.
pub(super) fn judge_one(left: &Wording<'_>, right: &Wording<'_>, rarity_bits: impl FnOnce() -> f32) -> Judged {
    // Across scripts nothing says more than the sound.
    let level = if left.is_of_another_script_than(right) { SAME } else { SOUNDS };
    Judged { level, rarity_bits: rarity_bits() }
}

/// Grades two that are not, by the words that they share.
pub(super) fn grade(left: &Wording<'_>, right: &Wording<'_>, lexicon: &Likenesses<'_>) -> u8 {
    let (left, right) = left.in_order(right);
    let (left, right) = (left.items, right.items);
    let (few, many) = if left.len() <= right.len() { (left, right) } else { (right, left) };
    let mut taken = [false; 12];
    let mut shared = 0;
    let mut worst = Likeness::Same;
    for item in few {
        let best = (0..many.len()).filter(|to| !taken[*to]).map(|to| (lexicon.of_words(item, &many[to]), to)).min();
        if let Some((likeness, to)) = best.filter(|(likeness, _)| *likeness <= Likeness::Near) {
            taken[to] = true;
            shared += 1;
            worst = worst.max(likeness);
        }
    }
    if shared == few.len() && few.len() == many.len() {
        NEAR
    } else if shared == few.len() {
        WITHIN
    } else if shared * 2 >= few.len() && shared > 0 {
        OVERLAP
    } else {
        DIFFERENT
    }
}

#[cfg(test)]
mod tests {
    use kanak_model::kind::Kind;

    use super::super::super::features::Features;
    use super::super::super::lexicon::Lexicon;
    use super::*;

    #[track_caller]
    fn check(kind: Kind, left: &str, right: &str, expected: &str) {
        let mut lexicon = Lexicon::default();
        let values: Vec<Box<str>> = vec![left.into(), right.into()];
        let features = Features::of(kind, &values, &mut lexicon);
        let words = features.words().unwrap();
        let likenesses = Likenesses::of(&lexicon);
        let judge = |a: u32, b: u32| {
            let judged = judge(&Wording::of(words, a), &Wording::of(words, b), &likenesses, || 1.0);
            LEVELS.get(judged.level as usize).map_or("none", |level| level.name)
        };
        assert_eq!(judge(0, 1), expected, "{left} / {right}");
        assert_eq!(judge(1, 0), expected, "{right} / {left}");
    }

    #[test]
    fn words_are_graded() {
        check(Kind::BusinessName, "M/s Sidhu Hardware Pvt Ltd", "Hardware, Sidhu", "same by sound or order");
        check(Kind::BusinessName, "Sidhu Hardware", "Sidhu Harvware", "one slip apart");
        check(Kind::BusinessName, "Sidhu Hardware", "Sidhu Hardware Moga", "one within the other");
        check(Kind::BusinessName, "Sidhu Hardware", "Gill Hardware", "some words in common");
        check(Kind::BusinessName, "Sidhu Traders", "Amrit Bakery", "different");
        check(Kind::PlaceName, "Raikot", "Rai Kot", "same by sound or order");
        check(Kind::PlaceName, "-", "Rai Kot", "none");
        check(Kind::PlaceName, "Ropar", "Rupnagar", "same by sound or order");
        check(Kind::PlaceName, "S.B.S. Nagar", "ਨਵਾਂਸ਼ਹਿਰ", "same by sound or order");
        check(Kind::PlaceName, "Rurka Kalan", "Rurka Kl.", "same by sound or order");
        check(Kind::PlaceName, "Rurka Kalan", "Rurka Khurd", "some words in common");
        check(Kind::PlaceName, "Sector 22", "Sector 35", "some words in common");
        check(Kind::Text, "15/03/85", "09/11/72", "different");
        check(Kind::Text, "علی", "حسن", "different");
    }
}

//! Names of people.

use super::super::features::{Item, NO_SOUND};
use super::super::lexicon::{Likeness, Likenesses};
use super::super::words::Role;
use super::{Judged, Level, Rarity, Side, Wording, level};

const SAME: u8 = 0;
const SOUNDS: u8 = 1;
const NEAR: u8 = 2;
const ALIKE: u8 = 3;
const WITHIN: u8 = 4;
const INITIALS: u8 = 5;
const GIVEN: u8 = 6;
const FAMILY: u8 = 7;
/// The name agrees with the attribute that it is compared crosswise with.
pub(crate) const CROSSED: u8 = 8;
const DIFFERENT: u8 = 9;
/// Different in a comparison that is made crosswise, of two women: of a relative, one may be her father's name and the other her
/// husband's.
pub(crate) const DIFFERENT_OF_WOMAN: u8 = 10;
/// What that is called where a relative is compared.
pub(crate) const FATHER_AND_HUSBAND: &str = "different, of a woman: perhaps father and husband";

pub(super) const LEVELS: &[Level] = &[
    level("same name", 0.60, 1e-4, Side::For, true),
    level("same by sound", 0.15, 3e-4, Side::For, true),
    level("one slip apart", 0.07, 4e-4, Side::For, false),
    level("alike", 0.02, 2e-3, Side::Either, false),
    level("one within the other", 0.07, 2e-3, Side::For, true),
    level("initials fit", 0.01, 3e-3, Side::Either, false),
    level("same given name, another name differs", 0.02, 4e-3, Side::Either, false),
    level("same family name, another given name", 0.01, 0.02, Side::Either, false),
    level("agrees crosswise", 0.01, 1e-3, Side::For, true),
    level("different", 0.025, 0.715, Side::Against, false),
    level("different, both of women", 0.01, 0.25, Side::Against, false),
];

/// Grades two names. A name without a word that tells who it is (only Singh; a newborn's) is no evidence.
pub(super) fn judge(a: &Wording<'_>, b: &Wording<'_>, lexicon: &Likenesses<'_>, rarity: &Rarity) -> Judged {
    let (left, right) = (a.items, b.items);
    if left.is_empty() || right.is_empty() {
        return Judged::MISSING;
    }
    if a.has_words_of(b) {
        return Judged { level: SAME, rarity_bits: rarity.of_sounds(left.iter()) };
    }
    // Across scripts nothing says more than the sound, so that it is the same name.
    let sounding = || if a.is_of_another_script_than(b) { SAME } else { SOUNDS };
    if a.has_sounds_of(b) {
        return Judged { level: sounding(), rarity_bits: rarity.of_sounds(left.iter()) };
    }
    if a.sounds_as_one_with(b) {
        let rarity_bits = rarity.of_sounds(left.iter()).min(rarity.of_sounds(right.iter()));
        return Judged { level: sounding(), rarity_bits };
    }
    for (whole, halves) in [(left, b.phrase.first_two), (right, a.phrase.first_two)] {
        let given = || whole.iter().filter(|item| item.sound == halves);
        if halves != NO_SOUND && given().next().is_some() {
            return Judged { level: WITHIN, rarity_bits: rarity.of_sounds(given()) };
        }
    }
    if let ([a], [b]) = (left, right)
        && a.role() != Role::Initial
        && b.role() != Role::Initial
    {
        return Judged::plain(match lexicon.of_words(a, b) {
            Likeness::Same | Likeness::Sounds | Likeness::Near => NEAR,
            Likeness::Alike => ALIKE,
            Likeness::Unlike => DIFFERENT,
        });
    }
    let (first, second) = a.in_order(b);
    grade(&Paired::of(first.items, second.items, lexicon), first.items, second.items, rarity)
}

/// Grades a name against itself.
pub(super) fn judge_equal(name: &Wording<'_>, rarity: &Rarity) -> Judged {
    if name.items.is_empty() {
        return Judged::MISSING;
    }
    Judged { level: SAME, rarity_bits: rarity.of_sounds(name.items.iter()) }
}

/// Whether a grade says that both are the same name, perhaps written differently.
pub(crate) fn agrees(level: u8) -> bool {
    matches!(level, SAME | SOUNDS | WITHIN)
}

/// The better of two grades; of equal ones that of the rarer name.
pub(crate) fn better(one: Judged, other: Judged) -> Judged {
    let is_better = other.level < one.level || (other.level == one.level && other.rarity_bits > one.rarity_bits);
    if is_better { other } else { one }
}

/// The grade of a difference between two women's relatives.
pub(crate) fn of_woman(level: u8) -> u8 {
    if level == DIFFERENT { DIFFERENT_OF_WOMAN } else { level }
}

/// Which word of the one name goes with which word of the other.
struct Paired {
    /// For each word of the left name: its partner in the right one and how alike they are.
    partners: [Option<(u8, Likeness)>; 12],
    left_alone: usize,
    right_alone: usize,
    worst: Likeness,
    by_initial: usize,
}

impl Paired {
    /// Pairs words greedily, the most alike first; initials go with what is left.
    fn of(left: &[Item], right: &[Item], lexicon: &Likenesses<'_>) -> Self {
        let mut likeness = [[Likeness::Unlike; 12]; 12];
        for (row, a) in likeness.iter_mut().zip(left) {
            for (cell, b) in row.iter_mut().zip(right) {
                if a.role() != Role::Initial && b.role() != Role::Initial {
                    *cell = lexicon.of_words(a, b);
                }
            }
        }
        let mut paired =
            Self { partners: [None; 12], left_alone: 0, right_alone: 0, worst: Likeness::Same, by_initial: 0 };
        let mut taken = [false; 12];
        for wanted in [Likeness::Same, Likeness::Sounds, Likeness::Near, Likeness::Alike] {
            for (at, likeness) in likeness.iter().enumerate().take(left.len()) {
                if paired.partners[at].is_some() {
                    continue;
                }
                let free = (0..right.len()).find(|to| !taken[*to] && likeness[*to] == wanted);
                if let Some(to) = free {
                    taken[to] = true;
                    paired.partners[at] = Some((to as u8, wanted));
                    paired.worst = paired.worst.max(wanted);
                }
            }
        }
        let mut alone = [false; 12];
        for (at, a) in left.iter().enumerate() {
            if paired.partners[at].is_some() {
                continue;
            }
            let fits =
                |b: &Item| a.initial() == b.initial() && (a.role() == Role::Initial || b.role() == Role::Initial);
            match (0..right.len()).find(|to| !taken[*to] && fits(&right[*to])) {
                Some(to) => {
                    taken[to] = true;
                    paired.by_initial += 1;
                }
                None => alone[at] = a.role() != Role::Initial,
            }
        }
        paired.left_alone = alone.iter().filter(|alone| **alone).count();
        paired.right_alone = right.iter().zip(taken).filter(|(b, taken)| !taken && b.role() != Role::Initial).count();
        paired
    }

    fn words(&self) -> usize {
        self.partners.iter().flatten().count()
    }
}

fn grade(paired: &Paired, left: &[Item], right: &[Item], rarity: &Rarity) -> Judged {
    let words = paired.words();
    let shared = || left.iter().zip(paired.partners).filter(|(_, partner)| partner.is_some()).map(|(item, _)| item);
    if words == 0 {
        let fits = paired.by_initial > 0 && (paired.left_alone == 0 || paired.right_alone == 0);
        return Judged::plain(if fits { INITIALS } else { DIFFERENT });
    }
    match (paired.left_alone, paired.right_alone) {
        (0, 0) if paired.by_initial > 0 => Judged::plain(INITIALS),
        (0, 0) if paired.worst == Likeness::Alike => Judged::plain(ALIKE),
        (0, 0) if paired.worst == Likeness::Near => Judged::plain(NEAR),
        (0, _) | (_, 0) if paired.worst == Likeness::Alike => Judged::plain(ALIKE),
        (0, _) | (_, 0) if paired.worst == Likeness::Near => Judged::plain(NEAR),
        (0, _) | (_, 0) => Judged { level: WITHIN, rarity_bits: rarity.of_sounds(shared()) },
        _ => {
            let same_given = left.iter().zip(paired.partners).any(|(item, partner)| {
                let Some((to, likeness)) = partner else { return false };
                item.role() == Role::Given && right[to as usize].role() == Role::Given && likeness < Likeness::Alike
            });
            Judged::plain(if same_given { GIVEN } else { FAMILY })
        }
    }
}

#[cfg(test)]
mod tests {
    use kanak_model::kind::Kind;

    use super::super::super::features::Features;
    use super::super::super::lexicon::Lexicon;
    use super::*;

    #[track_caller]
    fn check(left: &str, right: &str, expected: &str) {
        let mut lexicon = Lexicon::default();
        let values: Vec<Box<str>> = vec![left.into(), right.into()];
        let mut features = Features::of(Kind::PersonName, &values, &mut lexicon);
        features.find_joined(&lexicon);
        let words = features.words().unwrap();
        let likenesses = Likenesses::of(&lexicon);
        let rarity = Rarity { bits_max: 20.0, ..Rarity::default() };
        let judge = |a: u32, b: u32| {
            let judged = judge(&Wording::of(words, a), &Wording::of(words, b), &likenesses, &rarity);
            LEVELS.get(judged.level as usize).map_or("none", |level| level.name)
        };
        assert_eq!(judge(0, 1), expected, "{left} / {right}");
        assert_eq!(judge(1, 0), expected, "{right} / {left}");
    }

    #[test]
    fn names_are_graded() {
        check("Gurpreet Singh", "GURPREET SINGH", "same name");
        check("Gurpreet Singh Sidhu", "Sidhu Gurpreet", "same name");
        check("Gurpreet Singh", "Gurprit Singh", "same by sound");
        check("Gurpreet Singh", "ਗੁਰਪ੍ਰੀਤ ਸਿੰਘ", "same name");
        check("Manpreet Singh", "ਮਨਪ੍ਰੀਤ ਸਿੰਘ", "same name");
        check("Gur Preet Singh", "Gurpreet", "same by sound");
        check("Soo Rvinder Kaur", "Surwinder Kaur", "same by sound");
        check("Gur Preet Singh", "Gurpreet Singh Sidhu", "one within the other");
        check("Gurpreet Singh", "Gurpreet Singh Sidhu", "one within the other");
        check("mitchell", "mithcell", "one slip apart");
        check("R K Sharma", "Ram Krishan Sharma", "initials fit");
        check("Gurpreet Sidhu", "Gurpreet Gill", "same given name, another name differs");
        check("Gurpreet Sidhu", "Harbhajan Sidhu", "same family name, another given name");
        check("Gurpreet Singh", "Harbhajan Singh", "different");
        check("Gurpreet Kaur", "Gurpreet Singh", "same name");
        check("Singh", "Gurpreet Singh", "none");
        check("علی حسن", "محمد رضا", "different");
        check("Baby of Gurpreet Kaur", "Gurpreet Kaur", "none");
    }
}

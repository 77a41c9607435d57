//! Postal addresses: house and place where both say which is which, words otherwise.

use super::super::address::Together;
use super::super::lexicon::Likenesses;
use super::{Judged, Level, Side, Wording, level, words};

const SAME_HOUSE: u8 = 2;
const NEAR: u8 = 3;
const WITHIN: u8 = 4;
const SAME_PLACE: u8 = 5;
const OTHER_HOUSE: u8 = 6;
const OVERLAP: u8 = 7;
const OTHER_PLACE: u8 = 8;
const DIFFERENT: u8 = 9;

/// The first two are those of words.
pub(super) const LEVELS: &[Level] = &[
    level("same", 0.55, 1e-3, Side::For, true),
    level("same by sound or order", 0.10, 1e-3, Side::For, true),
    level("same house in one place", 0.04, 1.5e-4, Side::For, false),
    level("one slip apart", 0.07, 1e-3, Side::For, false),
    level("one within the other", 0.05, 4e-3, Side::For, false),
    level("same place, a house not stated", 0.02, 2e-3, Side::For, false),
    level("same place, another house", 0.01, 4e-3, Side::Either, false),
    level("some words in common", 0.05, 0.02, Side::Either, false),
    level("another place", 0.01, 0.15, Side::Against, false),
    level("different", 0.10, 0.816_85, Side::Against, false),
];

/// Grades two addresses. What parts say goes before what words do: House 4 in Street 12 is not House 12 in Street 4.
pub(super) fn judge(
    left: &Wording<'_>,
    right: &Wording<'_>,
    lexicon: &Likenesses<'_>,
    rarity_bits: impl FnOnce() -> f32,
) -> Judged {
    if left.items.is_empty() || right.items.is_empty() {
        return Judged::MISSING;
    }
    let together = left.address().zip(right.address()).map_or(Together::Nothing, |(a, b)| a.together(b));
    match together {
        Together::OtherHouse => return Judged::plain(OTHER_HOUSE),
        Together::OtherPlace => return Judged::plain(OTHER_PLACE),
        _ if words::is_one(left, right) => return words::judge_one(left, right, rarity_bits),
        Together::SameHouse => return Judged::plain(SAME_HOUSE),
        Together::SamePlace => return Judged::plain(SAME_PLACE),
        Together::Nothing => {}
    }
    Judged::plain(match words::grade(left, right, lexicon) {
        words::NEAR => NEAR,
        words::WITHIN => WITHIN,
        words::OVERLAP => OVERLAP,
        _ => DIFFERENT,
    })
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
        let features = Features::of(Kind::Address, &[left.into(), right.into()], &mut lexicon);
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
    fn house_and_place_decide_where_both_are_told() {
        check(
            "H.No. 12-B, VPO Rurka Kalan, Teh. Phillaur",
            "# 12/B Rurka Kalaan, Distt. Jalandhar",
            "same house in one place",
        );
        check("ਮ.ਨੰ. 12, ਪਿੰਡ ਰੁੜਕਾ ਕਲਾਂ", "Makan No 012, VPO Rurka Kalan, Distt Jalandhar", "same house in one place");
        check("H.No. 12, VPO Rurka Kalan", "H.No. 13, VPO Rurka Kalan", "same place, another house");
        check("H.No. 12, Gali 4, Model Town", "H.No. 12, Gali 5, Model Town", "same place, another house");
        check("House 12, Street 4, Model Town", "House 4, Street 12, Model Town", "same place, another house");
        check("VPO Rurka Kalan, Teh. Phillaur", "H.No. 12, VPO Rurka Kalan", "same place, a house not stated");
        check("H.No. 12, VPO Rurka Kalan", "H.No. 12, VPO Bhikhi", "another place");
        check("H.No. 12, VPO Rurka Kalan, 144031", "H.No. 12, VPO Rurka Kalan, 151505", "another place");
        check("H.No. 12, Ropar", "House 12, Rupnagar", "same house in one place");
        check("#12, Sector 22", "#12, Sector 35", "another place");
        check(
            "Shop 188, Main Bazar, Nehru Basti, Amritsar",
            "Shop No 188, Nehru Basti, Amritsar",
            "same house in one place",
        );
        check("H.No. 12, VPO Rurka Kalan", "House 12, Rurka Kalan", "same by sound or order");
    }

    #[test]
    fn words_decide_where_parts_are_not_told_or_do_not_settle_it() {
        check("12 High Street, Leeds", "12 High St, Leeds", "same by sound or order");
        check("12 High Street, Leeds", "14 High Street, Leeds", "some words in common");
        check("Hauptstrasse 12, 10115 Berlin", "Hauptstrasse 12, Berlin", "one within the other");
        check("H.No. 12, Malli, PO Beas", "Beas", "one within the other");
        check("-", "H.No. 12", "none");
    }
}

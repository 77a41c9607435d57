//! Numbers, identifiers, postal codes, codes.

use super::super::lexicon::slips;
use super::super::rows::{Packed, Packing};
use super::{Level, Side, level};

pub(super) const NUMBER: &[Level] = &[
    level("same", 0.84, 1e-5, Side::For, true),
    level("one slip apart", 0.04, 1e-4, Side::Either, false),
    level("different", 0.12, 0.999, Side::Against, false),
];

pub(super) const GSTIN: &[Level] = &[
    level("same", 0.80, 1e-5, Side::For, true),
    level("one slip apart", 0.04, 1e-4, Side::Either, false),
    level("same PAN, another registration", 0.04, 1e-5, Side::For, false),
    level("different", 0.12, 0.999, Side::Against, false),
];

pub(super) const PIN: &[Level] = &[
    level("same", 0.80, 5e-3, Side::For, true),
    level("one slip apart", 0.04, 0.01, Side::Either, false),
    level("same first three digits", 0.06, 0.05, Side::Either, false),
    level("different", 0.10, 0.935, Side::Against, false),
];

pub(super) const CODE: &[Level] =
    &[level("same", 0.95, 0.05, Side::For, true), level("different", 0.05, 0.95, Side::Against, false)];

pub(super) const REGISTER: &[Level] =
    &[level("one register", 0.1, 0.2, Side::Either, false), level("two registers", 0.9, 0.8, Side::Either, false)];

/// Numbers shorter than this are house numbers and the like, in which one other digit is another number.
const SLIP_LEN_MIN: usize = 5;

pub(super) fn judge_number(left: &str, right: &str) -> u8 {
    let (a, b) = (left.as_bytes(), right.as_bytes());
    if a.len().min(b.len()) < SLIP_LEN_MIN || a.len().abs_diff(b.len()) > 1 {
        return 2;
    }
    // In an e-mail address another figure is another person: jdavis30@, jdavis33@.
    let figures = |of: &[u8]| of.iter().copied().filter(u8::is_ascii_digit).collect::<Vec<u8>>();
    if a.contains(&b'@') && figures(a) != figures(b) {
        return 2;
    }
    if a.len() == b.len() {
        return if one_wrong_or_swapped(a, b) { 1 } else { 2 };
    }
    if slips(a, b, 1) <= 1 { 1 } else { 2 }
}

/// Two tax numbers: those of one holder have his PAN in the third to twelfth places.
pub(super) fn judge_gstin(left: &str, right: &str) -> u8 {
    if judge_number(left, right) == 1 {
        return 1;
    }
    let pan = |number: &str| number.get(2..12).filter(|_| number.len() == 15).map(str::to_ascii_uppercase);
    if pan(left).is_some() && pan(left) == pan(right) { 2 } else { 3 }
}

/// The same of packed numbers; `None` when one is not packed or their lengths differ.
pub(super) fn judge_packed(packing: Packing, left: Packed, right: Packed) -> Option<u8> {
    let is_slip = packing.is_one_slip(left, right)?;
    Some(if is_slip && left.len() >= SLIP_LEN_MIN { 1 } else { 2 })
}

pub(super) fn judge_pin(left: &str, right: &str) -> u8 {
    let (a, b) = (left.as_bytes(), right.as_bytes());
    if a.len() == b.len() && one_wrong_or_swapped(a, b) {
        return 1;
    }
    if a.len() > 3 && a.get(..3) == b.get(..3) { 2 } else { 3 }
}

fn one_wrong_or_swapped(left: &[u8], right: &[u8]) -> bool {
    let mut wrong = (0..left.len()).filter(|at| left[*at] != right[*at]);
    match (wrong.next(), wrong.next(), wrong.next()) {
        (Some(_), None, _) => true,
        (Some(a), Some(b), None) => b == a + 1 && left[a] == right[b] && left[b] == right[a],
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn packed_numbers_are_graded_as_their_texts_are(left in "[0-2A]{3,11}", right in "[0-2A]{3,11}") {
            let values: [Box<str>; 2] = [left.as_str().into(), right.as_str().into()];
            let packing = Packing::of(&values);
            let found = packing.is_one_slip(packing.pack(&left), packing.pack(&right));
            if left.len() == right.len() && left.len() <= 10 {
                proptest::prop_assert_eq!(found, Some(one_wrong_or_swapped(left.as_bytes(), right.as_bytes())));
            } else {
                proptest::prop_assert!(left.len() == right.len() || found.is_none());
            }
        }
    }

    #[test]
    fn tax_numbers_of_one_holder_share_the_pan() {
        for (left, right, expected) in [
            ("03AAAPL1234C1ZO", "03AAAPL1234C1ZP", "one slip apart"),
            ("03AAAPL1234C1ZO", "03AAAPL1243C1ZO", "one slip apart"),
            ("03AAAPL1234C1ZO", "03AAAPL1234C2ZN", "same PAN, another registration"),
            ("03AAAPL1234C1ZO", "27AAAPL1234C1ZL", "same PAN, another registration"),
            ("03AAAPL1234C1ZO", "03BBBPL9876C1ZO", "different"),
            ("03AAAPL1234C1ZO", "AAAPL1234C", "different"),
        ] {
            assert_eq!(GSTIN[judge_gstin(left, right) as usize].name, expected, "{left} / {right}");
            assert_eq!(GSTIN[judge_gstin(right, left) as usize].name, expected, "{right} / {left}");
        }
    }

    #[test]
    fn one_slip_of_the_pen_is_seen_in_numbers() {
        for (left, right, expected) in [
            ("9814012345", "9814012346", 1),
            ("9814012345", "9814021345", 1),
            ("9814012345", "981401234", 1),
            ("AAAPL1234C", "AAAPL1243C", 1),
            ("WKH1186253", "WKH1186263", 1),
            ("UDYAM-PB-12-0001234", "UDYAM-PB-12-0001324", 1),
            ("UDYAM-PB-12-0001234", "UDYAM-PB-12-0009876", 2),
            ("9814012345", "8914102345", 2),
            ("12", "13", 2),
            ("jdavis30@mail.in", "jdavsi30@mail.in", 1),
            ("jdavis30@mail.in", "jdavis33@mail.in", 2),
        ] {
            assert_eq!(judge_number(left, right), expected, "{left} / {right}");
        }
        assert_eq!(
            [judge_pin("141001", "141002"), judge_pin("141001", "141912"), judge_pin("141001", "160017")],
            [1, 2, 3]
        );
    }
}

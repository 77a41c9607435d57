//! Check digits, for judging numbers and for making up valid ones.

/// Products in the dihedral group of order ten.
const D5: [[u8; 10]; 10] = [
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    [1, 2, 3, 4, 0, 6, 7, 8, 9, 5],
    [2, 3, 4, 0, 1, 7, 8, 9, 5, 6],
    [3, 4, 0, 1, 2, 8, 9, 5, 6, 7],
    [4, 0, 1, 2, 3, 9, 5, 6, 7, 8],
    [5, 9, 8, 7, 6, 0, 4, 3, 2, 1],
    [6, 5, 9, 8, 7, 1, 0, 4, 3, 2],
    [7, 6, 5, 9, 8, 2, 1, 0, 4, 3],
    [8, 7, 6, 5, 9, 3, 2, 1, 0, 4],
    [9, 8, 7, 6, 5, 4, 3, 2, 1, 0],
];

/// The permutation of a digit by its place from the right, which repeats after eight places.
const PLACES: [[u8; 10]; 8] = [
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    [1, 5, 7, 6, 2, 8, 3, 0, 9, 4],
    [5, 8, 0, 3, 7, 9, 6, 1, 4, 2],
    [8, 9, 1, 6, 0, 4, 3, 5, 2, 7],
    [9, 4, 5, 3, 1, 2, 6, 8, 7, 0],
    [4, 2, 8, 6, 5, 7, 3, 9, 0, 1],
    [2, 7, 9, 3, 8, 0, 6, 4, 1, 5],
    [7, 0, 4, 6, 9, 1, 3, 2, 5, 8],
];

/// The inverse of each element of the group.
const INVERSE: [u8; 10] = [0, 4, 3, 2, 1, 5, 6, 7, 8, 9];

/// Folds digits from the right, the first at `place`.
fn verhoeff(digits: &[u8], place: usize) -> u8 {
    digits.iter().rev().enumerate().fold(0, |sum, (index, digit)| {
        D5[usize::from(sum)][usize::from(PLACES[(index + place) % 8][usize::from(digit - b'0')])]
    })
}

/// The Verhoeff check digit of a number, which catches every wrong digit and every swap of neighbours. `None` when
/// `digits` holds anything but ASCII digits.
///
/// ```
/// assert_eq!(kanak_codes::identifiers::verhoeff_check_digit("23412341234"), Some('6'));
/// ```
///
/// Source: J. Verhoeff, "Error Detecting Decimal Codes", Mathematical Centre Tract 29 (1969).
pub fn verhoeff_check_digit(digits: &str) -> Option<char> {
    let sum = all_digits(digits)?;
    Some(char::from(b'0' + INVERSE[usize::from(verhoeff(sum, 1))]))
}

/// Whether the last of some ASCII digits is the Verhoeff check digit of the others.
pub(super) fn verhoeff_holds(digits: &[u8]) -> bool {
    verhoeff(digits, 0) == 0
}

/// The Luhn check digit of a number, which catches every wrong digit and every swap of neighbours but that of 0 and 9.
/// `None` when `digits` holds anything but ASCII digits.
///
/// ```
/// assert_eq!(kanak_codes::identifiers::luhn_check_digit("118625"), Some('3'));
/// ```
///
/// Source: ISO/IEC 7812-1, annex B.
pub fn luhn_check_digit(digits: &str) -> Option<char> {
    let sum: usize = all_digits(digits)?
        .iter()
        .rev()
        .enumerate()
        .map(|(index, digit)| {
            let doubled = usize::from(digit - b'0') * if index % 2 == 0 { 2 } else { 1 };
            doubled / 10 + doubled % 10
        })
        .sum();
    char::from_digit(((10 - sum % 10) % 10) as u32, 10)
}

/// The check character of the first fourteen characters of a GSTIN: Luhn in base 36, which catches every wrong
/// character and every swap of neighbours but that of 0 and Z. `None` when `body` holds anything but ASCII digits and
/// capitals or is not fourteen long.
///
/// ```
/// assert_eq!(kanak_codes::identifiers::gstin_check_char("27AAPFU0939F1Z"), Some('V'));
/// ```
pub fn gstin_check_char(body: &str) -> Option<char> {
    const LETTERS: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    if body.len() != 14 {
        return None;
    }
    let mut sum = 0;
    for (index, byte) in body.bytes().enumerate() {
        let value = LETTERS.iter().position(|&letter| letter == byte)? * (1 + index % 2);
        sum += value / 36 + value % 36;
    }
    Some(char::from(LETTERS[(36 - sum % 36) % 36]))
}

fn all_digits(text: &str) -> Option<&[u8]> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then_some(text.as_bytes())
}

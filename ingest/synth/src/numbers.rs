//! Made-up numbers that are valid by their own rules, each given to one holder only.

use kanak_codes::identifiers::{gstin_check_char, luhn_check_digit, verhoeff_check_digit};

use crate::chance::Chance;

/// A prime above every modulus' small factors, so that multiplying by it is a bijection on each.
const STEP: u128 = 2_654_435_761;
const AADHAAR_NUMBERS: u64 = 80_000_000_000;
const MOBILE_NUMBERS: u64 = 4_000_000_000;
const PAN_NUMBERS: u64 = 26 * 26 * 26 * 9_999 * 26;
const EPIC_NUMBERS: u64 = 26 * 26 * 26 * 1_000_000;

/// Spreads `index` over `0..modulus`; different indexes below the modulus go to different places.
pub(crate) fn scatter(index: u64, modulus: u64, seed: u64) -> u64 {
    let modulus = u128::from(modulus);
    ((u128::from(index) * STEP + u128::from(seed) * 7_919) % modulus) as u64
}

/// The Aadhaar number of a person. A palindrome, which nobody is given, is `None`.
pub(crate) fn aadhaar(person: u64, seed: u64) -> Option<String> {
    let mut digits = (20_000_000_000 + scatter(person, AADHAAR_NUMBERS, seed)).to_string();
    digits.push(verhoeff_check_digit(&digits).expect("a number is digits"));
    (!digits.bytes().eq(digits.bytes().rev())).then_some(digits)
}

/// Ten digits that begin with 6 to 9.
pub(crate) fn mobile(phone: u64, seed: u64) -> String {
    (6_000_000_000 + scatter(phone, MOBILE_NUMBERS, seed)).to_string()
}

/// The PAN of a holder: `kind` is `P` for a person, `C` for a company, `F` for a firm.
pub(crate) fn pan(holder: u64, kind: char, name: &str, seed: u64) -> String {
    let mut rest = scatter(holder, PAN_NUMBERS, seed);
    let last = letter(&mut rest);
    let serial = rest % 9_999 + 1;
    rest /= 9_999;
    let head: String = (0..3).map(|_| letter(&mut rest)).collect();
    let initial = name.chars().next().filter(char::is_ascii_alphabetic).unwrap_or('X').to_ascii_uppercase();
    format!("{head}{kind}{initial}{serial:04}{last}")
}

/// The GSTIN of the first registration in Punjab under a PAN.
pub(crate) fn gstin(pan: &str) -> String {
    let mut text = format!("03{pan}1Z");
    text.push(gstin_check_char(&text).expect("a PAN is capitals and digits"));
    text
}

/// The voter card number of a person.
pub(crate) fn epic(person: u64, seed: u64) -> String {
    let mut rest = scatter(person, EPIC_NUMBERS, seed);
    let body = format!("{:06}", rest % 1_000_000);
    rest /= 1_000_000;
    let head: String = (0..3).map(|_| letter(&mut rest)).collect();
    let check = luhn_check_digit(&body).expect("a number is digits");
    format!("{head}{body}{check}")
}

/// The same number with one digit mistyped, so that its check digit no longer fits.
pub(crate) fn mistyped(number: &str, chance: &mut Chance) -> String {
    let at = 1 + chance.below(number.len() - 1);
    let slip = 1 + chance.below(9) as u8;
    let mistype = |(index, byte): (usize, u8)| {
        if index == at && byte.is_ascii_digit() { b'0' + (byte - b'0' + slip) % 10 } else { byte }
    };
    number.bytes().enumerate().map(mistype).map(char::from).collect()
}

fn letter(rest: &mut u64) -> char {
    let letter = char::from(b'A' + (*rest % 26) as u8);
    *rest /= 26;
    letter
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use kanak_codes::identifiers::{Aadhaar, Epic, Gstin, Mobile, Pan};

    use super::*;
    use crate::chance::Purpose;

    #[test]
    fn numbers_hold_by_their_own_rules_and_are_given_once() {
        let mut seen = HashSet::new();
        for person in 1..5_000 {
            let number = aadhaar(person, 9).unwrap();
            assert!(Aadhaar::parse(&number).is_ok());
            assert!(Mobile::parse(&mobile(person, 9)).is_ok());
            assert!(Epic::parse(&epic(person, 9)).is_ok());
            let pan = pan(person, 'P', "Sidhu", 9);
            assert!(Pan::parse(&pan).is_ok());
            assert!(Gstin::parse(&gstin(&pan)).is_ok());
            for number in [number, mobile(person, 9), epic(person, 9), pan] {
                assert!(seen.insert(number));
            }
        }
    }

    #[test]
    fn a_mistyped_number_fails_its_check() {
        let mut chance = Chance::new(1, Purpose::Faults, 0);
        for person in 1..2_000 {
            let number = mistyped(&aadhaar(person, 3).unwrap(), &mut chance);
            assert!(Aadhaar::parse(&number).is_err());
        }
    }
}

//! Dates, with their precision and their usual confusions.

use super::super::features::DateParts;
use super::{Judged, Level, Side, level};

const SAME: u8 = 0;
const SLIP: u8 = 1;
const YEAR_ONLY: u8 = 2;
const SAME_YEAR: u8 = 3;
const NEXT_YEAR: u8 = 4;
const FEW_YEARS: u8 = 5;
const NEAR_DAY: u8 = 6;
const DIFFERENT: u8 = 7;
const GENERATION: u8 = 8;

/// Years between two births that are held to be a generation.
pub(crate) const GENERATION_YEARS: u32 = 14;

pub(super) const LEVELS: &[Level] = &[
    level("same day", 0.66, 6e-5, Side::For, true),
    level("day and month swapped, or one digit off", 0.06, 1.5e-3, Side::For, false),
    level("same year, one gives only the year", 0.12, 4e-3, Side::For, false),
    level("same year, another day", 0.03, 0.010, Side::Either, false),
    level("one year apart, one gives only the year", 0.03, 0.01, Side::Either, false),
    level("two or three years apart, one gives only the year", 0.02, 0.02, Side::Either, false),
    level("another day, up to three years off", 0.03, 0.06, Side::Against, false),
    level("different", 0.02, 0.35, Side::Against, false),
    level("a generation apart", 0.01, 0.54, Side::Against, false),
];

pub(super) fn judge(left: DateParts, right: DateParts, rarity_bits: f32) -> Judged {
    let loose = left.is_year_only() || right.is_year_only();
    if left.digits == right.digits {
        return if loose { Judged::plain(YEAR_ONLY) } else { Judged { level: SAME, rarity_bits } };
    }
    let years = left.year.abs_diff(right.year);
    if loose {
        return Judged::plain(match years {
            0 => YEAR_ONLY,
            1 => NEXT_YEAR,
            2 | 3 => FEW_YEARS,
            _ => far(years),
        });
    }
    let swapped = years == 0 && left.month == right.day && left.day == right.month;
    if swapped || one_slip(left.digits, right.digits) {
        return Judged::plain(SLIP);
    }
    Judged::plain(match years {
        0 => SAME_YEAR,
        1..=3 => NEAR_DAY,
        _ => far(years),
    })
}

fn far(years: u32) -> u8 {
    if years >= GENERATION_YEARS { GENERATION } else { DIFFERENT }
}

/// One digit wrong, or two neighbours swapped. A different third digit of the year is no slip of the pen when it moves a birth
/// by a generation: it is as likely a father's.
fn one_slip(left: [u8; 8], right: [u8; 8]) -> bool {
    let mut wrong = (0..8).filter(|at| left[*at] != right[*at]);
    match (wrong.next(), wrong.next(), wrong.next()) {
        (Some(at), None, _) => at > 2 || (at == 2 && left[2].abs_diff(right[2]) == 1),
        (Some(a), Some(b), None) => b == a + 1 && left[a] == right[b] && left[b] == right[a],
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use kanak_model::kind::Kind;

    use super::super::super::features::Features;
    use super::super::super::lexicon::Lexicon;
    use super::*;

    #[track_caller]
    fn check(left: &str, right: &str, expected: u8) {
        let Features::Dates(dates) = Features::of(Kind::Date, &[left.into(), right.into()], &mut Lexicon::default())
        else {
            panic!("a date column has date features")
        };
        let level = |a: usize, b: usize| judge(dates[a], dates[b], 10.0).level;
        assert_eq!(LEVELS[level(0, 1) as usize].name, LEVELS[expected as usize].name, "{left} / {right}");
        assert_eq!(level(1, 0), expected, "{right} / {left}");
    }

    #[test]
    fn dates_are_graded_by_what_they_say() {
        check("1985-03-04", "1985-03-04", SAME);
        check("1985-03-04", "1985-04-03", SLIP);
        check("1985-03-04", "1985-03-14", SLIP);
        check("1985-03-24", "1985-03-42", SLIP);
        check("1985-03-04", "1985", YEAR_ONLY);
        check("1985-01-01", "1985-03-04", YEAR_ONLY);
        check("1985-01-01", "1985-01-01", YEAR_ONLY);
        check("1985-03-04", "1985-11-20", SAME_YEAR);
        check("1985-03-04", "1986", NEXT_YEAR);
        check("1985-03-04", "1988", FEW_YEARS);
        check("1985-03-04", "1988-11-20", NEAR_DAY);
        check("1985-03-04", "1979-10-17", DIFFERENT);
        check("1985-03-04", "1955-03-04", GENERATION);
    }
}

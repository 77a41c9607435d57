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

/// Of [`PARTIAL`] and [`DEATH`].
const OF_SAME_MONTH: u8 = 2;
/// What the old levels from [`YEAR_ONLY`] on are there.
const LATER: u8 = 1;
/// Of [`DEATH`].
pub(super) const IMPOSSIBLE: u8 = 10;

const fn partial(at: usize) -> Level {
    match at {
        0 | 1 => LEVELS[at],
        2 => level("same month, one gives only the month", 0.01, 1e-3, Side::For, false),
        // Registers that err by a generation name another one of the family.
        9 => level("a generation apart", 0.004, 0.54, Side::Against, false),
        10 => level("impossible order: alive after the other's death", 0.002, 0.05, Side::Against, false),
        _ => LEVELS[at - LATER as usize],
    }
}

const fn partials<const N: usize>() -> [Level; N] {
    let mut all = [LEVELS[0]; N];
    let mut at = 0;
    while at < N {
        all[at] = partial(at);
        at += 1;
    }
    all
}

/// Levels of dates known to the day, the month or only the year.
pub(super) const PARTIAL: &[Level] = &partials::<{ IMPOSSIBLE as usize }>();

/// The same, and one more: nobody is born, or seen, after the day of death.
pub(super) const DEATH: &[Level] = &partials::<{ IMPOSSIBLE as usize + 1 }>();

/// Grades two dates as precisely as the less precise one is known.
///
/// Registers write the first of January for an unknown day: it says no more than the year, also where both write it.
pub(super) fn judge_partial(left: DateParts, right: DateParts, rarity_bits: f32) -> Judged {
    let by_year = left.is_year_only() || right.is_year_only();
    let by_month = !left.is_of_day() || !right.is_of_day();
    if !by_year && by_month && left.year == right.year && left.month == right.month {
        return Judged::plain(OF_SAME_MONTH);
    }
    let years = left.year.abs_diff(right.year);
    if !by_year && by_month {
        return Judged::plain(match years {
            0 => SAME_YEAR + LATER,
            1..=3 => NEAR_DAY + LATER,
            _ => far(years) + LATER,
        });
    }
    let judged = judge(left, right, rarity_bits);
    if judged.level < YEAR_ONLY { judged } else { Judged::plain(judged.level + LATER) }
}

/// Whether one date surely comes after another: its first possible day after the last possible one of the other.
pub(super) fn is_after(later: DateParts, earlier: DateParts) -> bool {
    if later.year == 0 || earlier.year == 0 {
        return false;
    }
    let first = (later.year, later.month.max(1), later.day.max(1));
    let last = match earlier {
        date if date.is_year_only() => (date.year, 12, 31),
        date if !date.is_of_day() => (date.year, date.month, 31),
        date => (date.year, date.month, date.day),
    };
    first > last
}

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

    fn dates(left: &str, right: &str) -> (DateParts, DateParts) {
        let Features::Dates(dates) = Features::of(Kind::Date, &[left.into(), right.into()], &mut Lexicon::default())
        else {
            panic!("a date column has date features")
        };
        (dates[0], dates[1])
    }

    #[track_caller]
    fn partly(left: &str, right: &str, expected: &str) {
        let (a, b) = dates(left, right);
        assert_eq!(PARTIAL[judge_partial(a, b, 10.0).level as usize].name, expected, "{left} / {right}");
        assert_eq!(PARTIAL[judge_partial(b, a, 10.0).level as usize].name, expected, "{right} / {left}");
    }

    #[test]
    fn dates_are_compared_as_precisely_as_they_are_known() {
        partly("1985-03-04", "1985-03-04", "same day");
        partly("1985-03-04", "1985-04-03", "day and month swapped, or one digit off");
        partly("1985-03-04", "1975-03-04", "day and month swapped, or one digit off");
        partly("1985-03-04", "1985-08-04", "day and month swapped, or one digit off");
        partly("1985-03", "1985-03-14", "same month, one gives only the month");
        partly("1985-03", "1985-03", "same month, one gives only the month");
        partly("1985-03", "1985-07-14", "same year, another day");
        partly("1985-03", "1985-01-01", "same year, one gives only the year");
        partly("1985-03", "1985", "same year, one gives only the year");
        partly("1985-03", "1987-03-14", "another day, up to three years off");
        partly("1985-03", "1979-03", "different");
        partly("1985-03", "1955-03-04", "a generation apart");
        partly("1985-03-04", "1985", "same year, one gives only the year");
        partly("1985-03-04", "1986", "one year apart, one gives only the year");
        partly("1985-03-04", "1988", "two or three years apart, one gives only the year");
        partly("1985-03-04", "1988-11-20", "another day, up to three years off");
        partly("1985-01-01", "1985-01-01", "same year, one gives only the year");
        partly("1985-01-01", "1985-03-04", "same year, one gives only the year");
    }

    #[test]
    fn only_what_surely_comes_after_is_impossible() {
        let after = |later: &str, earlier: &str| {
            let (a, b) = dates(later, earlier);
            is_after(a, b)
        };
        assert!(after("2001-05-02", "2001-05-01"));
        assert!(!after("2001-05-01", "2001-05-01"));
        assert!(!after("2001-05-20", "2001-05"));
        assert!(after("2001-06", "2001-05"));
        assert!(!after("2001", "2001-05-01"));
        assert!(!after("2001-05-02", "2001-01-01"), "a death on the first of January may be of the year");
        assert!(after("2002", "2001-01-01"));
        assert!(!after("no date", "2001-05-01"));
    }
}

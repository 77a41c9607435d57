//! The errors that registers have, how often, and why.
//!
//! A rate is a share of the things that the error can happen to (names, birth dates, married women ...), not of rows.

use serde::Serialize;

/// One kind of error.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Rate {
    /// What goes wrong, in snake case.
    pub name: &'static str,
    /// How often, 0 to 1, of the things that it can happen to.
    pub rate: f64,
    /// Why registers have it.
    pub reason: &'static str,
}

/// Declares each rate as a constant and all of them as [`RATES`]: a macro, so that no rate is used and not told.
macro_rules! rates {
    ($($constant:ident = $rate:literal, $name:literal, $reason:literal;)+) => {
        $(pub(crate) const $constant: Rate = Rate { name: $name, rate: $rate, reason: $reason };)+

        /// Every rate, in the order in which it is told.
        pub const RATES: &[Rate] = &[$($constant),+];
    };
}

rates! {
    SPELLING = 0.08, "romanisation_variant",
        "a word of a name in Latin letters: no spelling is official (Jaswinder, Jasvinder; Harjit, Harjeet); a second slip in a quarter of them";
    TYPO = 0.01, "typing_error", "a word of a name or place: a neighbouring key, a letter doubled, left out or swapped";
    SECOND_NAME_DROPPED = 0.08, "singh_or_kaur_dropped", "a name: clerks leave out what everybody bears";
    SURNAME_DROPPED = 0.2, "surname_dropped", "a name of one who uses a surname: the third word is optional";
    SURNAME_ADDED = 0.06, "surname_added", "a name of one who uses none: the clerk knows the family or asks for one";
    HONORIFIC = 0.04, "honorific", "a name: S., Sardar, Smt., Shri, Giani, Dr. are written as part of it";
    RELATION_IN_NAME = 0.02, "relation_in_name", "a name: S/o, D/o, W/o and the relation's name stand in the same field";
    NAME_PARTS_SWAPPED = 0.012, "name_parts_swapped", "a name: last name first, as some forms ask";
    GIVEN_NAME_SPLIT = 0.02, "given_name_split", "a long given name: written as two words (Gur Preet)";
    SINGLE_NAME = 0.03, "single_name", "a person: bears one name only";
    RELATION_MISSING = 0.05, "relation_missing", "a father's or husband's name that the form asks for is left empty";
    FATHER_HUSBAND_SWAPPED = 0.15, "father_and_husband_swapped", "a married woman: one is written in the field of the other";
    MAIDEN_SURNAME_KEPT = 0.45, "maiden_surname_kept", "a married woman: does not take her husband's surname";
    YEAR_ONLY = 0.04, "birth_year_only", "a birth date: only the year was known; where a form has no room for that, it is 1 January";
    BIRTH_HEAPED = 0.02, "birth_heaped", "a birth date: 1 January or 15 June of the right year, given when the day is not known";
    AGE_ESTIMATED = 0.015, "age_estimated", "a birth date: reckoned from a stated age, one to three years off; three times as often over 55";
    DAY_MONTH_SWAPPED = 0.03, "day_and_month_swapped", "a birth date whose day is 12 or less: read in the other order";
    BIRTH_MISTYPED = 0.015, "birth_mistyped", "a birth date: one part is one off";
    BIRTH_IMPOSSIBLE = 0.002, "birth_impossible", "a birth date: 31 February, 00/00/0000; the value is left out, the row stays";
    SEX_MISSING = 0.02, "sex_missing", "a row: the field is empty";
    SEX_WRONG = 0.004, "sex_wrong", "a row: most given names are borne by both sexes";
    MOBILE_OF_HOUSEHOLD = 0.25, "mobile_of_household", "a person with a telephone: the number of the head of the household is given";
    MOBILE_STALE = 0.16, "mobile_stale", "a number: the one before the present one";
    MOBILE_RECYCLED = 0.02, "mobile_recycled", "a number: an old one that another household has now";
    MOBILE_MISTYPED = 0.01, "mobile_mistyped", "a number: one digit wrong";
    AADHAAR_MISTYPED = 0.02, "aadhaar_mistyped", "an Aadhaar number: one digit wrong, so that its check digit fails";
    VILLAGE_MISSING = 0.05, "village_missing", "an address: no village or locality";
    VILLAGE_IS_POST_OFFICE = 0.05, "village_is_post_office", "an address: the post office or tehsil stands for the village";
    DISTRICT_OLD_NAME = 0.30, "district_renamed", "a district that was renamed or is spelled in several ways: another name than the present one";
    DISTRICT_BEFORE_SPLIT = 0.35, "district_before_split", "a district that was split from another: the register still has the old one";
    PIN_WRONG = 0.03, "pin_of_neighbour", "a PIN: that of another post office of the district";
    MOVED = 0.05, "household_moved", "a household: lived elsewhere; half of its rows still say so";
    TWINS = 0.012, "twins", "a birth: two children with the same birth date, parents and address";
    BABY_OF = 0.30, "baby_of", "a birth registered before the child has a name: `Baby of` its mother";
    DUPLICATE_ROW = 0.015, "duplicate_in_register", "a person in a register: there twice, under two keys, written anew";
    EPIC_ELSEWHERE = 0.06, "epic_elsewhere", "a voter in a register that may note the voter card: it does";
    NUMBER_IN_TEXT = 0.02, "number_in_free_text", "a grievance: its description holds a telephone or Aadhaar number";
    PAID_AFTER_DEATH = 0.35, "paid_after_death", "a pensioner who died: payments go on for one to six months";
    BUSINESS_NAME_VARIANT = 0.30, "business_name_variant", "a business name: M/s, & Sons, Traders for Trading Company, Pvt for Private";
    CODE_MISSING = 0.03, "employee_code_missing", "an employee in payroll: paid under an older number";
    REFUSED_NAME = 0.002, "refused_name_missing", "a row of a register: no name, so ingest refuses it";
    REFUSED_FIELDS = 0.0015, "refused_field_count", "a row of separated text: a field too many or too few, so ingest refuses it";
    REFUSED_KEY = 0.002, "refused_key_duplicate", "a row: stands a second time under the same key; ingest refuses the second";
    REFUSED_CODE = 0.003, "refused_code_unknown", "an event: a service, office, scheme or revenue head that no list has";
    REFUSED_TIME = 0.002, "refused_time_impossible", "an event: its day does not exist";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_shares_with_a_name_and_a_reason_and_no_name_twice() {
        let mut names: Vec<&str> = RATES.iter().map(|rate| rate.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), RATES.len());
        assert!(RATES.iter().all(|rate| (0.0..=1.0).contains(&rate.rate) && rate.reason.len() > 20));
    }
}

//! Who is in which register, by age, sex and household.

use chrono::Datelike;

use super::registers::REGISTERS;
use crate::chance::Chance;
use crate::names::Sex;
use crate::people::{Household, Person, World};

/// The registers, in the order of [`REGISTERS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Register {
    Food,
    Election,
    Health,
    Education,
    Transport,
    Land,
    Social,
    Births,
    Deaths,
    Marriages,
}

/// Registers of departments; the others are of civil registration.
const DEPARTMENTS: usize = 7;
/// Nobody is in more of them.
const DEPARTMENTS_MAX: usize = 6;

/// The registers that a person is in: one to six of the seven, and those of civil registration.
pub(crate) fn is_in(person: &Person, household: &Household, world: &World, chance: &mut Chance) -> [bool; 10] {
    let age = person.age_on(world.end);
    let is_urban = world.places.places[household.place].town.is_some();
    let mut shares = [0.0; DEPARTMENTS];
    shares[Register::Food as usize] = if household.has_ration_card { 0.93 } else { 0.0 };
    shares[Register::Election as usize] = if age >= 18 { 0.74 } else { 0.0 };
    shares[Register::Health as usize] = match (age, person.sex) {
        (..=4, _) => 0.50,
        (18..=42, Sex::Female) => 0.45,
        (60.., _) => 0.45,
        _ => 0.28,
    };
    shares[Register::Education as usize] = match age {
        4..=17 => 0.88,
        18..=25 => 0.70,
        26..=38 => 0.25,
        _ => 0.0,
    };
    shares[Register::Transport as usize] = match (age, person.sex) {
        (18..=65, Sex::Male) => 0.42,
        (18..=50, Sex::Female) => 0.13,
        _ => 0.0,
    };
    shares[Register::Land as usize] = match (is_urban, person.sex, age) {
        (false, Sex::Male, 28..) => 0.22,
        (false, Sex::Female, 35..) => 0.05,
        (true, _, 30..) => 0.03,
        _ => 0.0,
    };
    shares[Register::Social as usize] = if age >= 60 {
        0.55
    } else if person.is_disabled {
        0.6
    } else if age >= 18 {
        0.03
    } else {
        0.01
    };
    let mut is_in = [false; REGISTERS.len()];
    for (at, share) in shares.iter().enumerate() {
        is_in[at] = chance.share(*share);
    }
    let count = is_in.iter().filter(|one| **one).count();
    if count == 0 {
        let at = if age < 4 {
            Register::Health
        } else if age < 18 {
            Register::Education
        } else {
            Register::Election
        };
        is_in[at as usize] = true;
    } else if count > DEPARTMENTS_MAX {
        is_in[Register::Health as usize] = false;
    }
    // Births are in the register since 2014; of earlier ones few were entered later.
    let birth_share = if person.born.year() >= 2014 { 0.62 } else { 0.02 };
    is_in[Register::Births as usize] = chance.share(birth_share);
    is_in[Register::Deaths as usize] = person.died.is_some() && chance.share(0.85);
    is_in
}

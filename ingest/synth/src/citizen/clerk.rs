//! The clerk: states a person in a register, with the errors that registers have.

use std::fmt::Write as _;

use chrono::{Datelike, Days, NaiveDate};

use super::membership::Register as RegisterName;
use super::register::{Habits, Keys, Register, Relations, YearAlone};
use super::stated::{Birth, Stated};
use super::writing::{self, Hand, Part};
use crate::chance::Chance;
use crate::names::{Custom, Name, Sex};
use crate::numbers;
use crate::people::{Household, Person, World};
use crate::places::Place;
use crate::rates;

/// Share of rows of people without a telephone that have the number of the head of their household.
const HEADS_NUMBER_GIVEN: f64 = 0.65;

/// Writes statements; counts the keys that each register has given.
pub(crate) struct Clerk<'w> {
    world: &'w World,
    given_keys: [u64; 10],
}

impl<'w> Clerk<'w> {
    /// A clerk who has given no key yet.
    pub(crate) fn new(world: &'w World) -> Self {
        Self { world, given_keys: [0; 10] }
    }

    /// States `person` as `register` has them. `copy` is 0, or 1 for a second row of the same person.
    pub(crate) fn state(
        &mut self,
        stated: &mut Stated,
        name: RegisterName,
        register: &Register,
        (household, person): (&Household, &Person),
        copy: u64,
        chance: &mut Chance,
    ) {
        stated.clear();
        let habits = &register.habits;
        let before_marriage = person.is_married_woman() && chance.share(habits.before_marriage);
        let hand = Hand::draw(habits, household.custom == Custom::Migrant, chance);
        self.state_key(stated, name, register.keys, household, person, copy);
        state_names(stated, habits, person, before_marriage, hand, chance);
        if name == RegisterName::Births && chance.hits(rates::BABY_OF) {
            writing::write_baby(&mut stated.full_name, &person.mother, hand, chance);
        }
        stated.sex = Some(person.sex).filter(|_| !chance.hits(rates::SEX_MISSING));
        if chance.hits(rates::SEX_WRONG) {
            stated.sex = stated.sex.map(|sex| if sex == Sex::Male { Sex::Female } else { Sex::Male });
        }
        if chance.share(habits.birth) {
            stated.birth = state_birth(person, habits, self.world.end, chance);
        }
        let place = self.draw_place(household, person, before_marriage, chance);
        self.state_place(stated, household, place, habits, hand, chance);
        let is_stale = self.state_mobile(stated, household, person, habits, chance);
        self.state_numbers(stated, household, person, habits, chance);
        self.state_days(stated, name, person, is_stale, chance);
    }

    fn state_key(
        &mut self,
        stated: &mut Stated,
        name: RegisterName,
        keys: Keys,
        household: &Household,
        person: &Person,
        copy: u64,
    ) {
        let count = &mut self.given_keys[name as usize];
        *count += 1;
        let seed = self.world.seed;
        let [first, second, third] = &mut stated.keys;
        let written = match keys {
            Keys::RationCard => write!(second, "{}", (person.entity - 1) % crate::people::MEMBERS_MAX + 1),
            Keys::Roll => write!(first, "{}", self.world.places.places[household.place].district * 5 + 1)
                .and_then(|()| write!(second, "{}", household.place + 1))
                .and_then(|()| write!(third, "{count}")),
            Keys::Number(prefix) => write!(first, "{prefix}{:09}", numbers::scatter(*count, 1_000_000_000, seed)),
            Keys::Marriage => {
                let spouse = person.marriage.as_ref().map_or(0, |marriage| marriage.spouse_entity);
                second.push(if person.sex == Sex::Male { 'G' } else { 'B' });
                write!(first, "M/{:09}", numbers::scatter(spouse.min(person.entity), 1_000_000_000, seed))
            }
        };
        written.expect("writing to a string cannot fail");
        if matches!(keys, Keys::RationCard) {
            write_ration_card(&mut stated.ration_card, household.index * 2 + copy, seed);
        }
    }

    fn draw_place(&self, household: &Household, person: &Person, before_marriage: bool, chance: &mut Chance) -> usize {
        let maiden_place = person.marriage.as_ref().and_then(|marriage| marriage.maiden_place);
        match (maiden_place, household.previous_place) {
            (Some(place), _) if before_marriage => place,
            (_, Some(place)) if chance.share(0.5) => place,
            _ => household.place,
        }
    }

    fn state_place(
        &self,
        stated: &mut Stated,
        household: &Household,
        place: usize,
        habits: &Habits,
        hand: Hand,
        chance: &mut Chance,
    ) {
        let place: &Place = &self.world.places.places[place];
        let mut district = place.district;
        if let Some(old) =
            self.world.places.districts[district].split_from.filter(|_| chance.hits(rates::DISTRICT_BEFORE_SPLIT))
        {
            district = old;
        }
        let district = &self.world.places.districts[district];
        stated.district_code.push_str(&district.code);
        let name = if hand.is_gurmukhi() {
            &district.gurmukhi
        } else if hand.is_devanagari() {
            &district.devanagari
        } else if !district.others.is_empty() && chance.hits(rates::DISTRICT_OLD_NAME) {
            chance.pick(district.others)
        } else {
            &district.name
        };
        stated.district.push_str(name);
        let (_, tehsil, tehsil_in_gurmukhi) = &self.world.places.districts[place.district].tehsils[place.tehsil];
        stated.tehsil.push_str(if hand.is_gurmukhi() { tehsil_in_gurmukhi } else { tehsil });
        let village = if chance.hits(rates::VILLAGE_IS_POST_OFFICE) { &place.post_office } else { &place.name };
        if !chance.hits(rates::VILLAGE_MISSING) {
            writing::write_place(&mut stated.village, village, hand, chance);
        }
        write!(stated.house, "{}", household.house_number).expect("writing to a string cannot fail");
        writing::write_address(&mut stated.address, household.house_number, place, chance);
        if chance.share(habits.pin) {
            let is_wrong = chance.hits(rates::PIN_WRONG);
            stated.pin.push_str(if is_wrong { self.world.places.draw_pin(place.district, chance) } else { &place.pin });
        }
    }

    /// Says whether the number is not the present one.
    fn state_mobile(
        &self,
        stated: &mut Stated,
        household: &Household,
        person: &Person,
        habits: &Habits,
        chance: &mut Chance,
    ) -> bool {
        let head = &household.members[0];
        let own = person.has_phone && !chance.hits(rates::MOBILE_OF_HOUSEHOLD);
        // Who has no telephone gives the number of the head of the household, or none.
        let of_head = head.has_phone && (person.has_phone || chance.share(HEADS_NUMBER_GIVEN));
        if !chance.share(habits.mobile) || (!own && !of_head) {
            return false;
        }
        let holder = if own { person.entity } else { head.entity };
        // A holder has an even number now, and had the odd one above it before.
        let mut phone = holder * 2;
        let is_stale = chance.hits(rates::MOBILE_STALE);
        phone += u64::from(is_stale);
        if chance.hits(rates::MOBILE_RECYCLED) && household.index > 0 {
            let other = chance.below(household.index as usize) as u64;
            phone = (other * crate::people::MEMBERS_MAX + 1) * 2;
        }
        let mut number = numbers::mobile(phone, self.world.seed);
        if chance.hits(rates::MOBILE_MISTYPED) {
            number = numbers::mistyped(&number, chance);
        }
        writing::write_mobile(&mut stated.mobile, &number, chance);
        is_stale
    }

    fn state_numbers(
        &self,
        stated: &mut Stated,
        household: &Household,
        person: &Person,
        habits: &Habits,
        chance: &mut Chance,
    ) {
        let seed = self.world.seed;
        if chance.share(habits.aadhaar)
            && let Some(number) = numbers::aadhaar(person.entity, seed)
        {
            stated.aadhaar_is_broken = chance.hits(rates::AADHAAR_MISTYPED);
            let number = if stated.aadhaar_is_broken { numbers::mistyped(&number, chance) } else { number };
            writing::write_aadhaar(&mut stated.aadhaar, &number, chance);
        }
        let is_voter = person.age_on(self.world.end) >= 18;
        if is_voter && chance.share(habits.epic) {
            stated.epic = numbers::epic(person.entity, seed);
        }
        if chance.share(habits.pan) {
            stated.pan = numbers::pan(person.entity, 'P', person.name.surname, seed);
        }
        if stated.ration_card.is_empty() && household.has_ration_card && chance.share(habits.ration_card) {
            write_ration_card(&mut stated.ration_card, household.index * 2, seed);
        }
    }

    fn state_days(
        &self,
        stated: &mut Stated,
        name: RegisterName,
        person: &Person,
        is_stale: bool,
        chance: &mut Chance,
    ) {
        let end = self.world.end;
        let day_before_end = |days: i64| end.checked_sub_days(Days::new(days as u64));
        let mut updated =
            day_before_end(if is_stale { chance.between(1_000, 3_600) } else { chance.between(1, 2_900) });
        match name {
            RegisterName::Births => stated.registered = later(person.born, chance.between(1, 60), end),
            RegisterName::Deaths => {
                stated.died = person.died;
                stated.registered = person.died.and_then(|died| later(died, chance.between(1, 30), end));
            }
            RegisterName::Marriages => stated.registered = person.marriage.as_ref().map(|marriage| marriage.on),
            _ => {}
        }
        if let Some(registered) = stated.registered {
            updated = later(registered, chance.between(0, 90), end);
        }
        stated.updated = updated;
    }
}

/// The names of a person and of those they are told apart by.
fn state_names(
    stated: &mut Stated,
    habits: &Habits,
    person: &Person,
    before_marriage: bool,
    hand: Hand,
    chance: &mut Chance,
) {
    let mut name = person.name;
    let husband = person.marriage.as_ref().filter(|_| person.sex == Sex::Female && !before_marriage);
    if let (true, Some(marriage)) = (before_marriage, &person.marriage) {
        name.surname = if name.surname.is_empty() { "" } else { marriage.maiden_surname };
    }
    let part = Part::Own { uses_surname: person.uses_surname, sex: person.sex };
    writing::write_name(&mut stated.full_name, &name, part, hand, chance);
    let relation = husband.map_or(person.father, |marriage| marriage.spouse);
    if chance.hits(rates::RELATION_IN_NAME) {
        let word = match (person.sex, husband) {
            (Sex::Male, _) => " S/o ",
            (Sex::Female, None) => " D/o ",
            (Sex::Female, Some(_)) => " W/o ",
        };
        stated.full_name.push_str(hand.cased(word));
        writing::write_name(&mut stated.full_name, &relation, Part::Relation, hand, chance);
    }
    let relation_of = |out: &mut String, name: &Name, chance: &mut Chance| {
        if !chance.hits(rates::RELATION_MISSING) {
            writing::write_name(out, name, Part::Relation, hand, chance);
        }
    };
    match (habits.relations, husband) {
        (Relations::FatherOrHusband, Some(marriage)) => {
            let father_instead = chance.hits(rates::FATHER_HUSBAND_SWAPPED);
            relation_of(
                &mut stated.father_name,
                if father_instead { &person.father } else { &marriage.spouse },
                chance,
            );
        }
        (Relations::FatherAndSpouse, Some(marriage)) => {
            let swapped = chance.hits(rates::FATHER_HUSBAND_SWAPPED);
            let field = if swapped { &mut stated.father_name } else { &mut stated.spouse_name };
            relation_of(field, &marriage.spouse, chance);
            if !swapped && chance.share(0.35) {
                relation_of(&mut stated.father_name, &person.father, chance);
            }
        }
        (Relations::FatherAndSpouse, None) => {
            relation_of(&mut stated.father_name, &person.father, chance);
            if let Some(marriage) = person.marriage.as_ref().filter(|_| !before_marriage && chance.share(0.2)) {
                relation_of(&mut stated.spouse_name, &marriage.spouse, chance);
            }
        }
        (Relations::Father | Relations::FatherOrHusband, _) => {
            relation_of(&mut stated.father_name, &person.father, chance);
        }
    }
    if chance.share(habits.mother) {
        writing::write_name(&mut stated.mother_name, &person.mother, Part::Relation, hand, chance);
    }
}

fn later(day: NaiveDate, days: i64, end: NaiveDate) -> Option<NaiveDate> {
    day.checked_add_days(Days::new(days as u64)).map(|day| day.min(end))
}

/// The number of a ration card.
fn write_ration_card(out: &mut String, card: u64, seed: u64) {
    write!(out, "03{:010}", numbers::scatter(card, 10_000_000_000, seed)).expect("writing to a string cannot fail");
}

/// A birth date with its errors.
fn state_birth(person: &Person, habits: &Habits, end: NaiveDate, chance: &mut Chance) -> Birth {
    let born = person.born;
    let year = born.year();
    if chance.hits(rates::BIRTH_IMPOSSIBLE) {
        return Birth::Impossible(year);
    }
    let vague = |rate: rates::Rate, chance: &mut Chance| chance.share(rate.rate * habits.birth_vagueness);
    let year_alone = |year: i32| match habits.year_alone {
        YearAlone::Kept => Birth::Year(year),
        YearAlone::FirstOfJanuary => day_or_missing(year, 1, 1),
    };
    if vague(rates::YEAR_ONLY, chance) {
        return year_alone(year);
    }
    if vague(rates::BIRTH_HEAPED, chance) {
        return if chance.share(0.8) { day_or_missing(year, 1, 1) } else { day_or_missing(year, 6, 15) };
    }
    let old = if person.age_on(end) > 55 { 3.0 } else { 1.0 };
    if person.age_on(end) >= 18 && chance.share(rates::AGE_ESTIMATED.rate * habits.birth_vagueness * old) {
        let off = chance.between(1, 3) as i32;
        return year_alone(if chance.share(0.5) { year + off } else { year - off });
    }
    if born.day() <= 12 && chance.hits(rates::DAY_MONTH_SWAPPED) {
        return day_or_missing(year, born.day(), born.month());
    }
    if chance.hits(rates::BIRTH_MISTYPED) {
        let (mut year, mut month, mut day) = (year, born.month(), born.day());
        match chance.below(4) {
            0 => year -= 10,
            1 => year -= 1,
            2 => month = month % 12 + 1,
            _ => day = day % 28 + 1,
        }
        return day_or_missing(year, month, day.min(28));
    }
    Birth::Day(born)
}

fn day_or_missing(year: i32, month: u32, day: u32) -> Birth {
    NaiveDate::from_ymd_opt(year, month, day).map_or(Birth::Missing, Birth::Day)
}

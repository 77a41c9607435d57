//! Households and the people in them, as they truly are. A household is a pure function of the seed and its index.

use chrono::{Datelike, Days, NaiveDate};

use crate::chance::{Chance, Purpose};
use crate::names::{Custom, Name, Names, Sex};
use crate::places::Places;
use crate::rates;

/// People in one household at most; also the distance of the entity numbers of two households.
pub(crate) const MEMBERS_MAX: u64 = 16;
/// Days in a year, for ages.
const YEAR_DAYS: f64 = 365.25;

/// What never changes while a state is made.
pub(crate) struct World {
    pub(crate) seed: u64,
    /// The day up to which everything is known.
    pub(crate) end: NaiveDate,
    pub(crate) names: Names,
    pub(crate) places: Places,
    /// About how many households the citizen registers reach: owners and employees are drawn among them.
    pub(crate) households: u64,
}

/// People at one address.
#[derive(Debug)]
pub(crate) struct Household {
    pub(crate) index: u64,
    pub(crate) place: usize,
    /// Where they lived before.
    pub(crate) previous_place: Option<usize>,
    pub(crate) house_number: i64,
    pub(crate) custom: Custom,
    pub(crate) has_ration_card: bool,
    /// The first is the head.
    pub(crate) members: Vec<Person>,
}

/// One person.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    /// The true number; 1 and up.
    pub(crate) entity: u64,
    pub(crate) sex: Sex,
    pub(crate) born: NaiveDate,
    pub(crate) died: Option<NaiveDate>,
    pub(crate) name: Name,
    pub(crate) father: Name,
    pub(crate) mother: Name,
    pub(crate) marriage: Option<Marriage>,
    /// Has a telephone of their own.
    pub(crate) has_phone: bool,
    pub(crate) uses_surname: bool,
    pub(crate) is_disabled: bool,
}

/// A marriage; for a woman also what was before it.
#[derive(Debug, Clone)]
pub(crate) struct Marriage {
    pub(crate) spouse: Name,
    pub(crate) spouse_entity: u64,
    pub(crate) on: NaiveDate,
    /// Surname before, where it changed.
    pub(crate) maiden_surname: &'static str,
    /// Where a woman lived before.
    pub(crate) maiden_place: Option<usize>,
}

impl Person {
    /// Whole years on a day.
    pub(crate) fn age_on(&self, day: NaiveDate) -> i32 {
        let birthday_passed = (day.month(), day.day()) >= (self.born.month(), self.born.day());
        day.year() - self.born.year() - i32::from(!birthday_passed)
    }

    /// A widow's or widower's spouse is not told apart here: registers keep the name.
    pub(crate) fn is_married_woman(&self) -> bool {
        self.sex == Sex::Female && self.marriage.is_some()
    }
}

impl World {
    /// The household of an index. The same each time.
    pub(crate) fn household(&self, index: u64) -> Household {
        let mut chance = Chance::new(self.seed, Purpose::Household, index);
        let place = self.places.draw(&mut chance);
        let is_urban = self.places.places[place].town.is_some();
        let custom = draw_custom(is_urban, &mut chance);
        let surname = self.draw_family_surname(place, custom, &mut chance);
        let previous_place = chance.hits(rates::MOVED).then(|| self.places.draw(&mut chance));
        let mut family =
            Family { world: self, index, custom, surname, members: Vec::with_capacity(6), numbered: 0, chance };
        family.fill();
        let Family { mut members, mut chance, .. } = family;
        for member in &mut members {
            member.died = draw_death(member, self.end, &mut chance);
        }
        let house_number = chance.between(1, if is_urban { 3_000 } else { 450 });
        let has_ration_card = chance.share(if is_urban { 0.5 } else { 0.7 });
        Household { index, place, previous_place, house_number, custom, has_ration_card, members }
    }

    fn draw_family_surname(&self, place: usize, custom: Custom, chance: &mut Chance) -> &'static str {
        let clans = &self.places.places[place].clans;
        let clans = match custom {
            Custom::Punjab => &clans[0],
            Custom::Plain => &clans[1],
            Custom::Migrant | Custom::Other => return self.names.draw_surname(custom, chance),
        };
        if chance.share(0.6) { chance.pick(clans) } else { self.names.draw_surname(custom, chance) }
    }
}

fn draw_custom(is_urban: bool, chance: &mut Chance) -> Custom {
    // Punjab, plain, migrant; the rest is other.
    let shares = if is_urban { [0.50, 0.34, 0.12] } else { [0.76, 0.17, 0.04] };
    let point = chance.unit();
    if point < shares[0] {
        Custom::Punjab
    } else if point < shares[0] + shares[1] {
        Custom::Plain
    } else if point < shares[0] + shares[1] + shares[2] {
        Custom::Migrant
    } else {
        Custom::Other
    }
}

/// A day within the last three years for those who died in them; the older, the more of them.
fn draw_death(person: &Person, end: NaiveDate, chance: &mut Chance) -> Option<NaiveDate> {
    let share = match person.age_on(end) {
        85.. => 0.35,
        75..=84 => 0.18,
        60..=74 => 0.06,
        40..=59 => 0.015,
        _ => 0.003,
    };
    let day = end.checked_sub_days(Days::new(chance.between(20, 1_060) as u64))?;
    (chance.share(share) && day > person.born).then_some(day)
}

/// A household while it is filled.
struct Family<'w> {
    world: &'w World,
    index: u64,
    custom: Custom,
    surname: &'static str,
    members: Vec<Person>,
    /// Members so far, those who are gone included: no number is given twice.
    numbered: u64,
    chance: Chance,
}

impl Family<'_> {
    fn fill(&mut self) {
        let head_age = 25.0 + 26.0 * self.chance.unit() + 26.0 * self.chance.unit();
        if self.chance.share(0.05) {
            let sex = if self.chance.share(0.6) { Sex::Male } else { Sex::Female };
            self.add_single(sex, head_age);
            return;
        }
        let (husband, wife) = self.add_couple(head_age, None);
        if head_age < 55.0 && self.chance.share(0.35) {
            self.add_parents(husband, head_age);
        }
        self.add_children(husband, wife);
        let grown_son = (0..self.members.len()).find(|at| {
            let member = &self.members[*at];
            *at > wife && member.sex == Sex::Male && member.age_on(self.world.end) >= 27
        });
        if let Some(son) = grown_son.filter(|_| self.chance.share(0.55)) {
            let wife = self.add_wife(son);
            self.add_children(son, wife);
        }
    }

    /// A day on which somebody of an age was born.
    fn birthday(&mut self, age: f64) -> NaiveDate {
        let days = (age * YEAR_DAYS) as u64 + self.chance.below(180) as u64;
        self.world.end.checked_sub_days(Days::new(days)).unwrap_or(NaiveDate::MIN)
    }

    fn name(&mut self, sex: Sex, born_year: i32, surname: &'static str) -> Name {
        let mut name = self.world.names.draw(self.custom, sex, born_year, surname, &mut self.chance);
        if self.chance.hits(rates::SINGLE_NAME) {
            name.second = "";
            name.surname = "";
        }
        name
    }

    fn add(&mut self, sex: Sex, born: NaiveDate, name: Name, father: Name, mother: Name) -> usize {
        let at = self.members.len();
        let age = self.world.end.year() - born.year();
        let with_phone = match (age, sex) {
            (..14, _) => 0.0,
            (14..=18, _) => 0.3,
            (65.., _) => 0.45,
            (_, Sex::Male) => 0.85,
            (_, Sex::Female) => 0.55,
        };
        let surname_users = match self.custom {
            Custom::Punjab => 0.42,
            Custom::Plain => 0.70,
            Custom::Migrant => 0.75,
            Custom::Other => 0.80,
        };
        self.numbered += 1;
        self.members.push(Person {
            entity: self.index * MEMBERS_MAX + self.numbered,
            sex,
            born,
            died: None,
            name,
            father,
            mother,
            marriage: None,
            has_phone: self.chance.share(with_phone),
            uses_surname: self.chance.share(surname_users),
            is_disabled: self.chance.share(0.02),
        });
        at
    }

    fn add_single(&mut self, sex: Sex, age: f64) {
        let born = self.birthday(age);
        self.add_stranger(sex, born, self.surname);
    }

    /// Somebody whose parents do not live here.
    fn add_stranger(&mut self, sex: Sex, born: NaiveDate, surname: &'static str) -> usize {
        let parents_born = born.year() - 27;
        let father = self.name(Sex::Male, parents_born, surname);
        let mother = self.name(Sex::Female, parents_born, surname);
        let name = self.name(sex, born.year(), surname);
        self.add(sex, born, name, father, mother)
    }

    fn add_couple(&mut self, husband_age: f64, surname: Option<&'static str>) -> (usize, usize) {
        let born = self.birthday(husband_age);
        let husband = self.add_stranger(Sex::Male, born, surname.unwrap_or(self.surname));
        (husband, self.add_wife(husband))
    }

    /// A wife for a member.
    fn add_wife(&mut self, husband: usize) -> usize {
        let world = self.world;
        let (husband_name, husband_born) = (self.members[husband].name, self.members[husband].born);
        let younger = self.chance.between(-400, 2_200);
        let born = husband_born.checked_add_signed(chrono::TimeDelta::days(younger)).unwrap_or(husband_born);
        let maiden_place = world.places.draw(&mut self.chance);
        let maiden_surname = world.draw_family_surname(maiden_place, self.custom, &mut self.chance);
        let wife = self.add_stranger(Sex::Female, born, maiden_surname);
        if !self.chance.hits(rates::MAIDEN_SURNAME_KEPT) && !self.members[wife].name.surname.is_empty() {
            self.members[wife].name.surname = self.surname;
        }
        let wedding_age = (20.0 + 7.0 * self.chance.unit()) * YEAR_DAYS;
        let on = born.checked_add_days(Days::new(wedding_age as u64)).unwrap_or(world.end);
        let on = on.min(world.end.pred_opt().unwrap_or(world.end));
        let (husband_entity, wife_entity) = (self.members[husband].entity, self.members[wife].entity);
        let wife_name = self.members[wife].name;
        self.members[husband].marriage = Some(Marriage {
            spouse: wife_name,
            spouse_entity: wife_entity,
            on,
            maiden_surname: "",
            maiden_place: None,
        });
        self.members[wife].marriage = Some(Marriage {
            spouse: husband_name,
            spouse_entity: husband_entity,
            on,
            maiden_surname,
            maiden_place: Some(maiden_place),
        });
        wife
    }

    /// The parents of the head, where they live.
    fn add_parents(&mut self, head: usize, head_age: f64) {
        let father_age = head_age + 22.0 + 9.0 * self.chance.unit();
        let born = self.birthday(father_age.min(93.0));
        let (father_name, mother_name) = (self.members[head].father, self.members[head].mother);
        let father = self.add_stranger(Sex::Male, born, self.surname);
        self.members[father].name = father_name;
        let mother = self.add_wife(father);
        self.members[mother].name = mother_name;
        if let Some(marriage) = &mut self.members[father].marriage {
            marriage.spouse = mother_name;
        }
        // Of most old couples one is left; the name stays in the registers of the other.
        if father_age > 66.0 && self.chance.share(0.45) {
            let gone = if self.chance.share(0.65) { father } else { mother };
            self.members.remove(gone);
        }
    }

    fn add_children(&mut self, father: usize, mother: usize) {
        let end = self.world.end;
        let (father_name, mother_name) = (self.members[father].name, self.members[mother].name);
        let Some(wedding) = self.members[mother].marriage.as_ref().map(|marriage| marriage.on) else { return };
        let count = self.chance.below(4) + usize::from(self.chance.share(0.4));
        let mut born = wedding;
        for _ in 0..count {
            born = born + Days::new(self.chance.between(330, 1_300) as u64);
            if born >= end || self.numbered + 4 > MEMBERS_MAX {
                return;
            }
            let births = 1 + usize::from(self.chance.hits(rates::TWINS));
            for _ in 0..births {
                let sex = if self.chance.share(0.525) { Sex::Male } else { Sex::Female };
                let age = end.year() - born.year();
                // Most daughters live with their husbands; many sons have moved out.
                let gone = if sex == Sex::Female {
                    age > 24 && self.chance.share(0.85)
                } else {
                    age > 27 && self.chance.share(0.5)
                };
                if !gone {
                    let surname = if father_name.surname.is_empty() { self.surname } else { father_name.surname };
                    let name = self.name(sex, born.year(), surname);
                    self.add(sex, born, name, father_name, mother_name);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use kanak_codes::Codes;

    use super::*;

    fn world(seed: u64) -> World {
        let names = Names::read();
        let places = Places::draw_all(&Codes::builtin().unwrap(), &names, 10_000, seed).unwrap();
        World { seed, end: NaiveDate::from_ymd_opt(2026, 11, 1).unwrap(), names, places, households: 1_000 }
    }

    #[test]
    fn a_household_is_the_same_each_time_and_its_people_make_sense() {
        let world = world(3);
        let mut people = 0;
        let mut twins = 0;
        for index in 0..3_000 {
            let household = world.household(index);
            assert_eq!(format!("{household:?}"), format!("{:?}", world.household(index)));
            assert!(!household.members.is_empty() && household.members.len() <= MEMBERS_MAX as usize);
            let numbers: std::collections::HashSet<u64> =
                household.members.iter().map(|member| member.entity).collect();
            assert_eq!(numbers.len(), household.members.len());
            for member in &household.members {
                people += 1;
                assert!(member.born < world.end && member.age_on(world.end) < 100);
                assert!(member.died.is_none_or(|died| member.born < died && died < world.end));
                assert!((index * MEMBERS_MAX + 1..=(index + 1) * MEMBERS_MAX).contains(&member.entity));
                twins += household
                    .members
                    .iter()
                    .filter(|other| {
                        other.entity > member.entity && other.born == member.born && other.mother == member.mother
                    })
                    .count();
            }
        }
        assert!((3.5..5.5).contains(&(f64::from(people) / 3_000.0)), "{people}");
        assert!(twins > 10, "{twins}");
    }
}

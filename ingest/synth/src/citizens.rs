//! Goes from household to household and writes what registers and offices have of its people.

use kanak_codes::Codes;

use crate::chance::{Chance, Purpose};
use crate::citizen::{Birth, Clerk, DateForm, Keys, REGISTERS, Register, RegisterName, Stated, is_in};
use crate::error::SynthError;
use crate::events::{Applications, Beneficiary, Benefits, Grievances, Known, Offices};
use crate::extract::{Extract, Folder, Listing};
use crate::names::Sex;
use crate::people::{Household, Person, World};
use crate::rates;
use crate::ratios::{
    self, APPLICATIONS_PER_CITIZEN_RECORD, BENEFITS_PER_CITIZEN_RECORD, GRIEVANCES_PER_CITIZEN_RECORD,
};
use crate::row::Row;

const ALL: [RegisterName; 10] = [
    RegisterName::Food,
    RegisterName::Election,
    RegisterName::Health,
    RegisterName::Education,
    RegisterName::Transport,
    RegisterName::Land,
    RegisterName::Social,
    RegisterName::Births,
    RegisterName::Deaths,
    RegisterName::Marriages,
];

/// Registers in which a person may stand twice: those where a new form makes a new row.
const TWICE: [RegisterName; 6] = [
    RegisterName::Food,
    RegisterName::Election,
    RegisterName::Health,
    RegisterName::Education,
    RegisterName::Transport,
    RegisterName::Social,
];

/// Beneficiaries remembered for payments that are still wanted at the end.
const REMEMBERED: usize = 64;

/// The registers and events of citizens while they are written.
struct Round<'w> {
    world: &'w World,
    records: u64,
    extracts: Vec<Extract>,
    clerk: Clerk<'w>,
    truth: Listing,
    flat: Option<Listing>,
    /// What the household at hand adds to the flat list.
    flat_rows: Vec<FlatRow>,
    applications: Applications,
    grievances: Grievances,
    benefits: Benefits,
    stated: Stated,
    row: Row,
}

/// Writes the citizen registers and the events of people.
#[expect(clippy::too_many_arguments, reason = "the last stage needs what the others made")]
pub(crate) fn write_citizens(
    codes: &Codes,
    world: &World,
    records: u64,
    branches: &[String],
    offices: &Offices,
    flat: Option<Listing>,
    folder: &mut Folder,
    tell: &mut dyn FnMut(u64, u64),
) -> Result<(), SynthError> {
    let extracts = REGISTERS.iter().map(|register| folder.extract(register.layout()));
    let mut round = Round {
        world,
        records,
        extracts: extracts.collect::<Result<_, _>>()?,
        clerk: Clerk::new(world),
        truth: folder.truth("citizen")?,
        flat,
        flat_rows: Vec::new(),
        applications: Applications::begin(codes, world, folder)?,
        grievances: Grievances::begin(codes, folder)?,
        benefits: Benefits::begin(codes, branches, folder)?,
        stated: Stated::default(),
        row: Row::default(),
    };
    let mut last_known = Known::default();
    let mut remembered: Vec<Beneficiary> = Vec::with_capacity(REMEMBERED);
    for index in 0.. {
        if round.rows() >= records {
            break;
        }
        let household = world.household(index);
        let mut chance = Chance::new(world.seed, Purpose::Registers, index);
        let (known, beneficiaries) = round.write_household(&household, folder, &mut chance)?;
        let mut chance = Chance::new(world.seed, Purpose::Events, index);
        round.write_events(&known, &beneficiaries, offices, folder, &mut chance)?;
        last_known = known.into_iter().next().unwrap_or(last_known);
        for beneficiary in beneficiaries {
            if remembered.len() < REMEMBERED {
                remembered.push(beneficiary);
            } else {
                remembered[index as usize % REMEMBERED] = beneficiary;
            }
        }
        tell(round.rows(), records);
    }
    round.write_rest(&last_known, &remembered, offices, folder)?;
    round.finish(folder)
}

impl Round<'_> {
    fn rows(&self) -> u64 {
        self.extracts.iter().map(Extract::rows).sum()
    }

    /// Writes the rows of a household. Answers with who may apply and complain, and who is paid.
    fn write_household(
        &mut self,
        household: &Household,
        folder: &mut Folder,
        chance: &mut Chance,
    ) -> Result<(Vec<Known>, Vec<Beneficiary>), SynthError> {
        let (mut everybody, mut beneficiaries) = (Vec::new(), Vec::new());
        for person in &household.members {
            let mut known = Known {
                place: household.place,
                entity: person.entity,
                phone: person.has_phone.then_some(person.entity * 2),
                ..Known::default()
            };
            let mut registers = is_in(person, household, self.world, chance);
            registers[RegisterName::Marriages as usize] = self.is_marriage_registered(person);
            for name in ALL.into_iter().filter(|name| registers[*name as usize]) {
                let copies = 1 + u64::from(TWICE.contains(&name) && chance.hits(rates::DUPLICATE_ROW));
                for copy in 0..copies {
                    let Some(key) = self.write_row(name, (household, person), copy, folder, chance)? else { continue };
                    match name {
                        RegisterName::Food => known.food = Some(key),
                        RegisterName::Election => known.election = Some(key),
                        RegisterName::Social if copy == 0 => beneficiaries.push(Beneficiary {
                            key,
                            place: household.place,
                            age: person.age_on(self.world.end),
                            is_disabled: person.is_disabled,
                            is_woman: person.sex == Sex::Female,
                            died: person.died,
                        }),
                        _ => {}
                    }
                }
            }
            if person.age_on(self.world.end) >= 18 {
                everybody.push(known);
            }
        }
        self.write_flat_rows()?;
        Ok((everybody, beneficiaries))
    }

    /// Writes the household's part of the flat list: both parties of a marriage live in one household.
    fn write_flat_rows(&mut self) -> Result<(), SynthError> {
        let Some(flat) = &mut self.flat else { return Ok(()) };
        name_spouses(&mut self.flat_rows);
        for FlatRow { source, key, full_name, father_name, spouse_name, rest, marriage_no } in self.flat_rows.drain(..)
        {
            flat.write(format_args!("{source},{key},{full_name},{father_name},{spouse_name},{rest},{marriage_no}"))?;
        }
        Ok(())
    }

    /// The key of the row, where it can be loaded and there is room for it.
    fn write_row(
        &mut self,
        name: RegisterName,
        who: (&Household, &Person),
        copy: u64,
        folder: &mut Folder,
        chance: &mut Chance,
    ) -> Result<Option<String>, SynthError> {
        let rows = self.rows();
        if rows >= self.records {
            return Ok(None);
        }
        let register = &REGISTERS[name as usize];
        self.clerk.state(&mut self.stated, name, register, who, copy, chance);
        register.write_row(&self.stated, &mut self.row);
        let extract = &mut self.extracts[name as usize];
        if !extract.write(&self.row, self.records - rows, folder)? {
            return Ok(None);
        }
        self.truth.write(format_args!("{},{},{}", register.source, extract.key(), who.1.entity))?;
        if self.flat.is_some() {
            self.flat_rows.push(FlatRow::of(register, extract.key(), &self.stated, self.world.seed));
        }
        Ok(Some(extract.key().to_owned()))
    }

    /// Marriages of the last twelve years, less than half of them; both parties or none.
    fn is_marriage_registered(&self, person: &Person) -> bool {
        person.marriage.as_ref().is_some_and(|marriage| {
            let couple = person.entity.min(marriage.spouse_entity);
            let is_recent = (self.world.end - marriage.on).num_days() < 12 * 365;
            is_recent && Chance::new(self.world.seed, Purpose::Marriages, couple).share(0.45)
        })
    }

    /// Brings the events up to what the ratios say for the rows so far.
    fn write_events(
        &mut self,
        known: &[Known],
        beneficiaries: &[Beneficiary],
        offices: &Offices,
        folder: &mut Folder,
        chance: &mut Chance,
    ) -> Result<(), SynthError> {
        let rows = self.rows().min(self.records);
        if !known.is_empty() {
            let wanted = ratios::rows(APPLICATIONS_PER_CITIZEN_RECORD, rows);
            while self.applications.rows() < wanted {
                let known = &known[chance.below(known.len())];
                let room = wanted - self.applications.rows();
                self.applications.write(known, room, self.world, offices, folder, chance)?;
            }
            let wanted = ratios::rows(GRIEVANCES_PER_CITIZEN_RECORD, rows);
            while self.grievances.rows() < wanted {
                let known = &known[chance.below(known.len())];
                let room = wanted - self.grievances.rows();
                self.grievances.write(known, room, self.world, offices, folder, chance)?;
            }
        }
        let at_last = ratios::rows(BENEFITS_PER_CITIZEN_RECORD, self.records);
        for beneficiary in beneficiaries {
            if self.benefits.rows() < ratios::rows(BENEFITS_PER_CITIZEN_RECORD, rows) {
                let room = at_last - self.benefits.rows();
                self.benefits.write_series(beneficiary, room, self.world, folder, chance)?;
            }
        }
        Ok(())
    }

    /// What the ratios still ask for when the last household is done.
    fn write_rest(
        &mut self,
        known: &Known,
        remembered: &[Beneficiary],
        offices: &Offices,
        folder: &mut Folder,
    ) -> Result<(), SynthError> {
        let mut chance = Chance::new(self.world.seed, Purpose::Events, u64::MAX);
        self.write_events(std::slice::from_ref(known), &[], offices, folder, &mut chance)?;
        let wanted = ratios::rows(BENEFITS_PER_CITIZEN_RECORD, self.records);
        while self.benefits.rows() < wanted && !remembered.is_empty() {
            let beneficiary = &remembered[chance.below(remembered.len())];
            let room = wanted - self.benefits.rows();
            self.benefits.write_series(beneficiary, room, self.world, folder, &mut chance)?;
        }
        Ok(())
    }

    fn finish(self, folder: &mut Folder) -> Result<(), SynthError> {
        for extract in self.extracts {
            folder.finish(extract)?;
        }
        folder.finish_listing(self.truth, "citizen")?;
        if let Some(flat) = self.flat {
            folder.finish_listing(flat, "citizen_flat")?;
        }
        self.applications.finish(folder)?;
        self.grievances.finish(folder)?;
        self.benefits.finish(folder)
    }
}

/// The columns of the flat list that other matchers read.
pub(crate) const FLAT_HEADER: &str = "source,id,full_name,father_name,spouse_name,mother_name,sex,date_of_birth,mobile,aadhaar,\
    epic,ration_card,village,district,pin,marriage_no";

/// A line of the flat list.
struct FlatRow {
    source: &'static str,
    key: String,
    full_name: String,
    father_name: String,
    spouse_name: String,
    /// The columns between the spouse's name and the number of the marriage.
    rest: String,
    marriage_no: String,
}

impl FlatRow {
    fn of(register: &Register, key: &str, stated: &Stated, seed: u64) -> Self {
        let sex = match stated.sex {
            Some(Sex::Female) => "F",
            Some(Sex::Male) => "M",
            None => "",
        };
        let mut born = String::new();
        if !matches!(stated.birth, Birth::Impossible(_)) {
            DateForm::Iso.write_birth(&mut born, stated.birth);
        }
        let digits = stated.mobile.bytes().filter(u8::is_ascii_digit).map(char::from).collect::<Vec<_>>();
        let mobile: String = digits[digits.len().saturating_sub(10)..].iter().collect();
        let aadhaar = if stated.aadhaar_is_broken { String::new() } else { reference(&stated.aadhaar, seed) };
        let Stated { mother_name, epic, ration_card, village, district_code, pin, .. } = stated;
        Self {
            source: register.source,
            key: key.to_owned(),
            full_name: stated.full_name.clone(),
            father_name: stated.father_name.clone(),
            spouse_name: stated.spouse_name.clone(),
            rest: format!(
                "{mother_name},{sex},{born},{mobile},{aadhaar},{epic},{ration_card},{village},{district_code},{pin}"
            ),
            marriage_no: if matches!(register.keys, Keys::Marriage) { stated.keys[0].clone() } else { String::new() },
        }
    }
}

/// Names the spouses that rows of a marriage leave out by the other row of it, as ingest does (`where_empty` of
/// `civil_marriages.toml`).
fn name_spouses(rows: &mut [FlatRow]) {
    let other_name = |at: usize| {
        let marriage_no = &rows[at].marriage_no;
        let mut others = rows.iter().enumerate().filter(|(other, row)| *other != at && row.marriage_no == *marriage_no);
        others.next().filter(|_| others.next().is_none()).map(|(_, other)| other.full_name.clone())
    };
    let is_open = |row: &FlatRow| row.spouse_name.is_empty() && !row.marriage_no.is_empty();
    let named: Vec<_> = (0..rows.len()).filter(|at| is_open(&rows[*at])).map(|at| (at, other_name(at))).collect();
    for (at, name) in named {
        rows[at].spouse_name = name.unwrap_or_default();
    }
}

/// A word that is the same for the same Aadhaar number and does not show it.
fn reference(number: &str, seed: u64) -> String {
    if number.is_empty() {
        return String::new();
    }
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3).rotate_left(23);
    let hash = number.bytes().filter(u8::is_ascii_digit).fold(0xCBF2_9CE4_8422_2325 ^ seed, step);
    format!("ref-{:016x}", hash.wrapping_mul(0x9E37_79B9_7F4A_7C15))
}

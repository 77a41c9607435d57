//! Businesses in the registers of GST, shops, Udyam and trade licences, and the receipts of the tax they pay.

use chrono::{Days, NaiveDate};
use kanak_codes::Codes;

use crate::chance::{Chance, Purpose};
use crate::citizen::{Case, DateForm, Hand, Part, write_mobile, write_name, write_place};
use crate::error::SynthError;
use crate::events::{Offices, Receipts};
use crate::extract::{Extract, Folder, Listing};
use crate::layout::{Encoding, FileFormat, Holds, Layout, Packed, text};
use crate::numbers;
use crate::people::{Household, Person, World};
use crate::rates;
use crate::ratios::{self, BUSINESS_PER_CITIZEN_RECORD, RECEIPTS_PER_CITIZEN_RECORD};
use crate::row::Row;
use crate::spelling;

const GST: [&str; 15] = [
    "GSTIN",
    "LEGAL_NAME",
    "TRADE_NAME",
    "PAN",
    "CONSTITUTION",
    "MOBILE_NO",
    "EMAIL_ID",
    "PRINCIPAL_PLACE",
    "LOCALITY",
    "DISTRICT",
    "PINCODE",
    "NIC_CODE",
    "REG_DATE",
    "CANCEL_DATE",
    "UPDATED_ON",
];
const SHOPS: [&str; 12] = [
    "REGN_NO",
    "ESTABLISHMENT",
    "EMPLOYER_NAME",
    "MOBILE",
    "ADDRESS",
    "AREA",
    "DISTRICT",
    "PIN",
    "NATURE_OF_BUSINESS",
    "DATE_OF_COMMENCEMENT",
    "DATE_OF_CLOSURE",
    "UPDATED",
];
const UDYAM: [&str; 13] = [
    "udyamNo",
    "enterpriseName",
    "ownerName",
    "pan",
    "gstin",
    "mobile",
    "email",
    "village",
    "district",
    "pin",
    "nicCode",
    "registeredOn",
    "updatedOn",
];
const TRADE_LICENCE: [&str; 11] = [
    "Licence No",
    "Trade Name",
    "Licensee",
    "Mobile",
    "Ward or Locality",
    "Town",
    "District",
    "PIN",
    "Issued On",
    "Closed On",
    "Changed On",
];

/// (NIC code, words in which a business of it is named).
const TRADES: [(&str, &[&str]); 22] = [
    ("47110", &["Kiryana Store", "General Store", "Departmental Store"]),
    ("47211", &["Provision Store", "Kiryana Merchants"]),
    ("47212", &["Fruit Company", "Fresh Fruits"]),
    ("47214", &["Bakery", "Dairy", "Milk Bar"]),
    ("47215", &["Sweets", "Sweet House"]),
    ("47300", &["Filling Station", "Petroleum"]),
    ("47411", &["Computers", "Infotech"]),
    ("45200", &["Motor Garage", "Auto Works"]),
    ("45402", &["Auto Parts", "Cycle Store"]),
    ("45403", &["Auto Repair", "Scooter Works"]),
    ("46302", &["Dairy Products", "Milk Products"]),
    ("46531", &["Tractors", "Agro Agencies"]),
    ("10611", &["Flour Mills", "Atta Chakki"]),
    ("10734", &["Sweets", "Halwai"]),
    ("14101", &["Garments", "Knitwears", "Hosiery"]),
    ("14105", &["Tailors", "Boutique"]),
    ("28211", &["Agro Industries", "Tractor Works"]),
    ("33124", &["Agri Machinery", "Engineering Works"]),
    ("33140", &["Electricals", "Electric Works"]),
    ("15115", &["Leather Works", "Leather House"]),
    ("45101", &["Motors", "Automobiles"]),
    ("42205", &["Contractors", "Construction Company"]),
];
const BRANDS: [&str; 22] = [
    "New",
    "Punjab",
    "National",
    "Royal",
    "Bharat",
    "Malwa",
    "Doaba",
    "Majha",
    "Star",
    "Golden",
    "Guru Nanak",
    "Five Rivers",
    "Modern",
    "Super",
    "Janta",
    "Kisan",
    "City",
    "Prince",
    "Friends",
    "Anmol",
    "Apna",
    "Deluxe",
];
/// Words that are written in several ways in the names of businesses.
const SAME: [(&str, &str); 12] = [
    ("Private Limited", "Pvt Ltd"),
    ("Private Limited", "(P) Ltd."),
    ("Company", "Co."),
    ("Industries", "Inds."),
    ("Kiryana", "Karyana"),
    ("Store", "Stores"),
    ("Works", "Work"),
    ("and Sons", "& Sons"),
    ("Garments", "Garment"),
    ("Sweets", "Sweet"),
    ("Traders", "Trading Co."),
    ("Agro", "Agri"),
];

/// The kind of holder, as the fourth letter of a PAN says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Constitution {
    Proprietor,
    Firm,
    Company,
}

struct Business<'h> {
    entity: u64,
    owner: &'h Person,
    household: &'h Household,
    constitution: Constitution,
    name: String,
    nic: &'static str,
    place: usize,
    pan: String,
    began: NaiveDate,
    closed: Option<NaiveDate>,
    phone: u64,
}

/// The four registers while they are written.
struct Registers {
    gst: Extract,
    shops: Extract,
    udyam: Extract,
    licences: Extract,
    truth: Listing,
    row: Row,
    text: String,
}

/// Writes the registers of businesses and the receipts.
pub(crate) fn write_businesses(
    codes: &Codes,
    world: &World,
    records: u64,
    offices: &Offices,
    folder: &mut Folder,
    tell: &mut dyn FnMut(u64, u64),
) -> Result<(), SynthError> {
    let nic = codes.get_system("nic")?;
    if TRADES.iter().any(|(code, _)| nic.lookup(code).is_none()) {
        return Err(SynthError::CodesLack { system: "nic", what: "industry of the made-up businesses" });
    }
    let mut registers = Registers::begin(folder)?;
    let mut receipts = Receipts::begin(codes, folder)?;
    let wanted = ratios::rows(BUSINESS_PER_CITIZEN_RECORD, records);
    let receipts_wanted = ratios::rows(RECEIPTS_PER_CITIZEN_RECORD, records);
    for index in 0.. {
        let rows = registers.rows();
        if rows >= wanted {
            break;
        }
        let mut chance = Chance::new(world.seed, Purpose::Business, index);
        let household = world.household(numbers::scatter(index, world.households, 1));
        let business = draw_business(index, &household, world, &mut chance);
        let payer = registers.write(&business, wanted - rows, world, folder, &mut chance)?;
        let due = (receipts_wanted as f64 * registers.rows().min(wanted) as f64 / wanted as f64) as u64;
        while receipts.rows() < due {
            let payer = payer.as_deref().filter(|_| chance.share(0.45));
            receipts.write(payer, business.place, due - receipts.rows(), world, offices, folder, &mut chance)?;
        }
        tell(registers.rows(), wanted);
    }
    let mut chance = Chance::new(world.seed, Purpose::Receipts, 0);
    while receipts.rows() < receipts_wanted {
        let place = world.places.draw(&mut chance);
        receipts.write(None, place, receipts_wanted - receipts.rows(), world, offices, folder, &mut chance)?;
    }
    receipts.finish(folder)?;
    registers.finish(folder)
}

fn draw_business<'h>(index: u64, household: &'h Household, world: &World, chance: &mut Chance) -> Business<'h> {
    let adults = household.members.iter().filter(|member| (21..75).contains(&member.age_on(world.end)));
    let owner = adults.clone().nth(chance.below(adults.count().max(1))).unwrap_or(&household.members[0]);
    let (nic, words) = chance.pick(&TRADES);
    let words = chance.pick(words);
    let constitution = match chance.below(20) {
        0..=14 => Constitution::Proprietor,
        15..=17 => Constitution::Firm,
        _ => Constitution::Company,
    };
    let head = match chance.below(10) {
        0..=2 if !owner.name.surname.is_empty() => owner.name.surname.to_owned(),
        3..=4 => owner.name.given.to_owned(),
        5 => world.places.places[household.place].name.clone(),
        6 => format!("{} {}", chance.pick(&BRANDS), owner.name.given),
        _ => chance.pick(&BRANDS).to_owned(),
    };
    let tail = match constitution {
        Constitution::Company => " Private Limited",
        Constitution::Firm => chance.pick(&[" and Sons", " Traders", " and Company", ""]),
        Constitution::Proprietor => "",
    };
    let name = format!("{head} {words}{tail}");
    let letter = match constitution {
        Constitution::Proprietor => 'P',
        Constitution::Firm => 'F',
        Constitution::Company => 'C',
    };
    // A proprietor's PAN is the person's; others have their own, out of a range that no person has.
    let pan = match constitution {
        Constitution::Proprietor => numbers::pan(owner.entity, letter, owner.name.surname, world.seed),
        _ => numbers::pan(index + (1 << 31), letter, &name, world.seed),
    };
    let began = world.end - Days::new(chance.between(40, 6_500) as u64);
    let closed = (began + Days::new(chance.between(200, 4_000) as u64)).min(world.end - Days::new(1));
    let place = if chance.share(0.8) { household.place } else { world.places.draw(chance) };
    Business {
        entity: index + 1,
        owner,
        household,
        constitution,
        name,
        nic,
        place,
        pan,
        began,
        closed: chance.share(0.08).then_some(closed),
        phone: if owner.has_phone { owner.entity * 2 } else { household.members[0].entity * 2 },
    }
}

impl Registers {
    fn begin(folder: &Folder) -> Result<Self, SynthError> {
        let windows = FileFormat::Text { separator: ';', encoding: Encoding::Windows1252, packed: Packed::Plain };
        Ok(Self {
            gst: folder.extract(Layout::new("gst", text(','), &GST, &["GSTIN"]).with_name("TRADE_NAME"))?,
            shops: folder.extract(Layout::new("shops", windows, &SHOPS, &["REGN_NO"]).with_name("ESTABLISHMENT"))?,
            udyam: folder
                .extract(Layout::new("udyam", FileFormat::Ndjson, &UDYAM, &["udyamNo"]).with_name("enterpriseName"))?,
            licences: folder.extract(
                Layout::new("trade_licence", FileFormat::Xlsx, &TRADE_LICENCE, &["Licence No"])
                    .with_name("Trade Name")
                    .holding(Holds::Day, &["Issued On", "Closed On", "Changed On"]),
            )?,
            truth: folder.truth("business")?,
            row: Row::default(),
            text: String::new(),
        })
    }

    fn rows(&self) -> u64 {
        self.gst.rows() + self.shops.rows() + self.udyam.rows() + self.licences.rows()
    }

    /// Writes a business into the registers that it is in, at least one and at most `room` rows. Answers with the key in the GST
    /// register, where it is there.
    fn write(
        &mut self,
        business: &Business<'_>,
        room: u64,
        world: &World,
        folder: &mut Folder,
        chance: &mut Chance,
    ) -> Result<Option<String>, SynthError> {
        let is_company = business.constitution == Constitution::Company;
        let is_urban = world.places.places[business.place].town.is_some();
        let gstin = (is_company || chance.share(0.55)).then(|| numbers::gstin(&business.pan));
        let udyam = chance.share(0.42).then(|| {
            let district = world.places.places[business.place].district + 1;
            format!("UDYAM-PB-{district:02}-{:07}", numbers::scatter(business.entity, 10_000_000, world.seed))
        });
        let shop = chance.share(0.45);
        let licence = chance.share(if is_urban { 0.5 } else { 0.12 });
        let before = self.rows();
        let mut payer = None;
        if let Some(gstin) = &gstin {
            self.put_gst(business, gstin, world, chance);
            if self.gst.write(&self.row, room, folder)? {
                payer = Some(gstin.clone());
                note(&mut self.truth, &self.gst, business)?;
            }
        }
        if let Some(udyam) = udyam.filter(|_| room > self.rows() - before) {
            self.put_udyam(business, &udyam, gstin.as_deref(), world, chance);
            if self.udyam.write(&self.row, room + before - self.rows(), folder)? {
                note(&mut self.truth, &self.udyam, business)?;
            }
        }
        if licence && room > self.rows() - before {
            self.put_licence(business, world, chance);
            if self.licences.write(&self.row, room + before - self.rows(), folder)? {
                note(&mut self.truth, &self.licences, business)?;
            }
        }
        // One that is in no other register is in this one; a few are there twice.
        let shops = usize::from(shop || self.rows() == before) + usize::from(shop && chance.hits(rates::DUPLICATE_ROW));
        for _ in 0..shops {
            if room > self.rows() - before {
                self.put_shop(business, world, chance);
                if self.shops.write(&self.row, room + before - self.rows(), folder)? {
                    note(&mut self.truth, &self.shops, business)?;
                }
            }
        }
        Ok(payer)
    }

    fn put_gst(&mut self, business: &Business<'_>, gstin: &str, world: &World, chance: &mut Chance) {
        self.row.clear();
        self.row.put(gstin);
        match business.constitution {
            Constitution::Proprietor => self.put_owner(business, Case::Upper, chance),
            _ => self.row.put(&business.name.to_uppercase()),
        }
        self.put_name(business, Case::Upper, chance);
        self.row.put(&business.pan);
        self.row.put(match business.constitution {
            Constitution::Proprietor => "Proprietorship",
            Constitution::Firm => "Partnership",
            Constitution::Company => "Private Limited Company",
        });
        self.put_mobile(business, 0.9, world, chance);
        self.put_email(business, 0.7, chance);
        self.put_address(business, world, chance);
        self.put_place(business, Case::Upper, world, chance);
        self.row.put(business.nic);
        let cancelled = business.closed.map(|day| day + Days::new(30)).filter(|day| *day < world.end);
        self.put_days(&[Some(business.began), cancelled], DateForm::DaySlash);
        self.put_updated(business, world, chance);
    }

    fn put_udyam(
        &mut self,
        business: &Business<'_>,
        udyam: &str,
        gstin: Option<&str>,
        world: &World,
        chance: &mut Chance,
    ) {
        self.row.clear();
        self.row.put(udyam);
        self.put_name(business, Case::Title, chance);
        self.put_owner(business, Case::Title, chance);
        self.row.put(if chance.share(0.8) { &business.pan } else { "" });
        self.row.put(gstin.filter(|_| chance.share(0.6)).unwrap_or_default());
        self.put_mobile(business, 0.95, world, chance);
        self.put_email(business, 0.6, chance);
        self.put_place(business, Case::Title, world, chance);
        self.row.put(business.nic);
        self.put_days(&[Some(business.began + Days::new(60)).map(|day| day.min(world.end))], DateForm::Iso);
        self.put_updated(business, world, chance);
    }

    fn put_shop(&mut self, business: &Business<'_>, world: &World, chance: &mut Chance) {
        self.row.clear();
        self.row.put_fmt(format_args!("SE/{:08}", numbers::scatter(self.shops.rows(), 100_000_000, world.seed)));
        self.put_name(business, Case::Title, chance);
        self.put_owner(business, Case::Title, chance);
        self.put_mobile(business, 0.75, world, chance);
        self.put_address(business, world, chance);
        self.put_place(business, Case::Title, world, chance);
        self.row.put(business.nic);
        self.put_days(&[Some(business.began), business.closed], DateForm::DayDash);
        self.put_updated(business, world, chance);
    }

    fn put_licence(&mut self, business: &Business<'_>, world: &World, chance: &mut Chance) {
        let place = &world.places.places[business.place];
        self.row.clear();
        self.row.put_fmt(format_args!("PB-TL-{:07}", numbers::scatter(self.licences.rows(), 10_000_000, world.seed)));
        self.put_name(business, Case::Title, chance);
        self.put_owner(business, Case::Title, chance);
        self.put_mobile(business, 0.8, world, chance);
        self.row.put(&place.name);
        self.row.put(place.town.as_deref().unwrap_or_default());
        self.row.put(&world.places.districts[place.district].name);
        self.row.put(&place.pin);
        self.put_days(&[Some(business.began), business.closed], DateForm::Iso);
        self.put_updated(business, world, chance);
    }

    fn put_name(&mut self, business: &Business<'_>, case: Case, chance: &mut Chance) {
        let mut name = business.name.clone();
        if chance.hits(rates::BUSINESS_NAME_VARIANT) {
            match SAME.iter().filter(|(one, _)| name.contains(one)).nth(chance.below(2)) {
                Some((one, other)) => name = name.replace(one, other),
                None if chance.share(0.5) => name.insert_str(0, chance.pick(&["M/s ", "M/S. ", "Messrs "])),
                None => name.push_str(chance.pick(&[" & Co.", " (Regd.)", " House"])),
            }
        }
        if chance.hits(rates::TYPO) {
            let start = name.rfind(' ').map_or(0, |at| at + 1);
            spelling::mistype(&mut name, start, chance);
        }
        self.row.put(if case == Case::Upper {
            name.make_ascii_uppercase();
            &name
        } else {
            &name
        });
    }

    fn put_owner(&mut self, business: &Business<'_>, case: Case, chance: &mut Chance) {
        let owner = business.owner;
        let part = Part::Own { uses_surname: owner.uses_surname, sex: owner.sex };
        self.row.put_with(|out| write_name(out, &owner.name, part, Hand::latin(case), chance));
    }

    fn put_mobile(&mut self, business: &Business<'_>, share: f64, world: &World, chance: &mut Chance) {
        if !chance.share(share) {
            self.row.put("");
            return;
        }
        let phone = business.phone + u64::from(chance.hits(rates::MOBILE_STALE));
        let number = numbers::mobile(phone, world.seed);
        self.row.put_with(|out| write_mobile(out, &number, chance));
    }

    fn put_email(&mut self, business: &Business<'_>, share: f64, chance: &mut Chance) {
        if !chance.share(share) {
            self.row.put("");
            return;
        }
        self.text.clear();
        let letters = business.name.chars().filter(char::is_ascii_alphanumeric).take(16);
        self.text.extend(letters.map(|letter| letter.to_ascii_lowercase()));
        self.row.put_fmt(format_args!("{}{}@example.in", self.text, business.entity % 97));
    }

    fn put_address(&mut self, business: &Business<'_>, world: &World, chance: &mut Chance) {
        let place = &world.places.places[business.place];
        let town = place.town.as_deref().unwrap_or(&place.post_office);
        let number = business.household.house_number % 300 + 1;
        let street = chance.pick(&["Main Bazar", "GT Road", "Near Bus Stand", "Grain Market", "Railway Road"]);
        self.row.put_fmt(format_args!("Shop No {number}, {street}, {}, {town}", place.name));
    }

    /// Village or locality, district and PIN.
    fn put_place(&mut self, business: &Business<'_>, case: Case, world: &World, chance: &mut Chance) {
        let place = &world.places.places[business.place];
        let district = &world.places.districts[place.district];
        self.row.put_with(|out| write_place(out, &place.name, Hand::latin(case), chance));
        let is_old = !district.others.is_empty() && chance.hits(rates::DISTRICT_OLD_NAME);
        self.row.put(if is_old { chance.pick(district.others) } else { &district.name });
        self.row.put(if chance.hits(rates::PIN_WRONG) {
            world.places.draw_pin(place.district, chance)
        } else {
            &place.pin
        });
    }

    fn put_days(&mut self, days: &[Option<NaiveDate>], form: DateForm) {
        for day in days {
            self.row.put_with(|out| {
                if let Some(day) = day {
                    form.write_day(out, *day);
                }
            });
        }
    }

    fn put_updated(&mut self, business: &Business<'_>, world: &World, chance: &mut Chance) {
        let age = (world.end - business.began).num_days();
        let day = world.end - Days::new(chance.between(1, age.clamp(1, 2_500)) as u64);
        self.put_days(&[Some(day)], DateForm::Iso);
    }

    fn finish(self, folder: &mut Folder) -> Result<(), SynthError> {
        for extract in [self.gst, self.shops, self.udyam, self.licences] {
            folder.finish(extract)?;
        }
        folder.finish_listing(self.truth, "business")
    }
}

fn note(truth: &mut Listing, extract: &Extract, business: &Business<'_>) -> Result<(), SynthError> {
    truth.write(format_args!("{},{},{}", extract.source(), extract.key(), business.entity))
}

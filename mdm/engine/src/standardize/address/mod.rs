//! Postal addresses: house, village or locality, post office, tehsil, district, PIN.

mod labels;

use kanak_codes::identifiers::Pin;

use self::labels::{Label, label_at};
use super::script;

/// The parts of an address that tell where it is. Words are in title case; what could not be told apart is in `rest`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AddressParts {
    /// House, plot, flat or shop number: `12-B`.
    pub house: Option<String>,
    /// Village, locality or town.
    pub place: Option<String>,
    /// Post office.
    pub post_office: Option<String>,
    /// The word written for the tehsil.
    pub sub_district: Option<String>,
    /// The word written for the district.
    pub district: Option<String>,
    /// Six digits.
    pub pin: Option<String>,
    /// Streets, wards, landmarks, in order.
    pub rest: Vec<String>,
}

/// Reads an address. Its parts are told by labels (`H.No.`, `VPO`, `Teh.`, `Distt.`), and by place: a number first is the house, the
/// first unlabelled words the place.
///
/// ```
/// use kanak_engine::standardize::address::parse_address;
/// let parts = parse_address("H.NO. 12-B, VPO RURKA KALAN, TEH. PHILLAUR, DISTT. JALANDHAR, PUNJAB - 144031");
/// assert_eq!(parts.house.as_deref(), Some("12-B"));
/// assert_eq!(parts.place.as_deref(), Some("Rurka Kalan"));
/// assert_eq!(parts.post_office.as_deref(), Some("Rurka Kalan"));
/// assert_eq!(parts.sub_district.as_deref(), Some("Phillaur"));
/// assert_eq!(parts.district.as_deref(), Some("Jalandhar"));
/// assert_eq!(parts.pin.as_deref(), Some("144031"));
/// ```
pub fn parse_address(raw: &str) -> AddressParts {
    let text = script::fold(raw);
    let mut parts = AddressParts::default();
    let text = text.replace('#', " # ");
    let mut start = Start::OfAddress;
    for phrase in phrases(&text) {
        let mut words = words(phrase);
        take_pin(&mut words, &mut parts.pin);
        let words = without_state(&words);
        if !words.is_empty() {
            read_phrase(words, start, &mut parts);
            start = Start::Later;
        }
    }
    if parts.place.is_none() {
        let at = parts.rest.iter().position(|part| can_be_place(part));
        parts.place = at.map(|at| parts.rest.remove(at));
    }
    parts
}

/// The PIN in an address or a place's name, for rows that have no column for it.
pub fn split_pin(raw: &str) -> Option<String> {
    parse_address(raw).pin
}

/// The standard form of an address: parts in one order with one label each, the PIN left out. An address of which nothing
/// but a PIN is left stays as it is written.
pub(super) fn clean_address(text: &str) -> String {
    let line = parse_address(text).display();
    if line.is_empty() { text.to_owned() } else { line }
}

/// The standard form of a village's, locality's or town's name: the first name in the field, its label, the PIN and the state
/// left out. A house, a street or a ward is named only when the field names nothing else.
pub(super) fn clean_place(text: &str) -> String {
    let mut names = phrases(text).map(place_in).filter(|name| name.chars().any(char::is_alphabetic));
    let Some(first) = names.next() else { return title(&words(text)) };
    let is_place = |name: &String| can_be_place(name) && !is_house(&words(name));
    if is_place(&first) { first } else { names.find(is_place).unwrap_or(first) }
}

/// How many words before the name of a place only say that it is one; none where no name follows.
pub(crate) fn place_label_words(words: &[&str]) -> usize {
    let mut at = 0;
    while let Some((Label::Village | Label::VillageAndPostOffice | Label::PostOffice, length)) = label_at(&words[at..])
        && at + length < words.len()
    {
        at += length;
    }
    at
}

/// The name of a place in one phrase.
fn place_in(phrase: &str) -> String {
    let mut words = words(phrase);
    take_pin(&mut words, &mut None);
    words.truncate(without_state(&words).len());
    while let Some((label, length)) = label_at(&words) {
        match label {
            Label::Village | Label::VillageAndPostOffice | Label::PostOffice => words.drain(..length),
            // What follows the number of a house is on its own.
            Label::House if words.len() > length + 1 => words.drain(..=length),
            _ => break,
        };
    }
    let end = (1..words.len()).find(|at| label_at(&words[*at..]).is_some_and(|(label, _)| label != Label::Village));
    words.truncate(end.unwrap_or(words.len()));
    title(&words)
}

/// Whether words are a house's label and number.
fn is_house(words: &[&str]) -> bool {
    label_at(words).is_some_and(|(label, _)| label == Label::House)
}

impl AddressParts {
    /// The address in one line, without the PIN: `House 12-B, Rurka Kalan, Street 4, PO Rurka Kalan, Tehsil Phillaur, District
    /// Jalandhar`.
    pub fn display(&self) -> String {
        let mut line = String::new();
        let mut add = |label: &str, part: &str| {
            if !line.is_empty() {
                line.push_str(", ");
            }
            line.push_str(label);
            line.push_str(part);
        };
        if let Some(house) = &self.house {
            add("House ", house);
        }
        if let Some(place) = &self.place {
            add(if can_be_place(place) { "" } else { "Village " }, place);
        }
        self.rest.iter().for_each(|part| add("", part));
        for (label, part) in
            [("PO ", &self.post_office), ("Tehsil ", &self.sub_district), ("District ", &self.district)]
        {
            if let Some(part) = part {
                add(label, part);
            }
        }
        line
    }
}

/// What stands between commas, brackets and line ends.
fn phrases(text: &str) -> impl Iterator<Item = &str> {
    text.split([',', ';', '|', '(', ')', '[', ']', '–', '—'])
        .flat_map(|phrase| phrase.split(" - "))
        .filter(|phrase| !phrase.trim().is_empty())
}

/// The words of a phrase; stops part words, hyphens join them.
fn words(phrase: &str) -> Vec<&str> {
    let trimmed = phrase.split([' ', ':', '.', ',', ';', '"']).map(|word| word.trim_matches(['-', '\'', '/', '&']));
    trimmed.filter(|word| !word.is_empty()).collect()
}

/// Takes a PIN out of a phrase.
fn take_pin(words: &mut Vec<&str>, pin: &mut Option<String>) {
    for word in words.iter_mut().rev() {
        let tail = word.rsplit('-').next().unwrap_or(word);
        if tail.len() == 6
            && let Ok(found) = Pin::parse(tail)
        {
            *pin = Some(found.as_str().to_owned());
            *word = word[..word.len() - 6].trim_end_matches('-');
        }
    }
    words.retain(|word| !word.is_empty());
}

/// The words without the state's name and the word `PIN` after them.
fn without_state<'a, 'b>(mut words: &'b [&'a str]) -> &'b [&'a str] {
    const SAID_BY_OTHERS: [&str; 9] = ["pin", "pincode", "code", "india", "punjab", "pb", "ਪਿੰਨ", "ਪੰਜਾਬ", "पंजाब"];
    while let [before @ .., last] = words
        && SAID_BY_OTHERS.iter().any(|known| last.eq_ignore_ascii_case(known))
    {
        words = before;
    }
    words
}

/// Reads the words of one phrase, of which there is one at least: labels split it further.
fn read_phrase(words: &[&str], start: Start, parts: &mut AddressParts) {
    let mut label: Option<Label> = None;
    let mut from = 0;
    let mut at = 0;
    if start == Start::OfAddress && words[0].starts_with(|c: char| c.is_ascii_digit()) {
        label = Some(Label::House);
    }
    while at < words.len() {
        match label_at(&words[at..]) {
            Some((next, length)) => {
                put(label, &words[from..at], parts);
                label = Some(next);
                at += length;
                from = at;
            }
            None => at += 1,
        }
    }
    put(label, &words[from..], parts);
}

/// Where a phrase stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Start {
    OfAddress,
    Later,
}

/// Puts words where their label says. A house number is one word; what follows it is on its own.
fn put(label: Option<Label>, words: &[&str], parts: &mut AddressParts) {
    let words = without_state(words);
    let [first, after @ ..] = words else { return };
    let whole = || title(words);
    match label {
        Some(Label::House) => {
            let house = title(&[first]);
            match &parts.house {
                None => parts.house = Some(house),
                Some(_) => parts.rest.push(house),
            }
            put(None, after, parts);
        }
        Some(Label::Village) => set(&mut parts.place, whole(), &mut parts.rest),
        Some(Label::VillageAndPostOffice) => {
            set(&mut parts.place, whole(), &mut parts.rest);
            parts.post_office.get_or_insert_with(whole);
        }
        Some(Label::PostOffice) => set(&mut parts.post_office, whole(), &mut parts.rest),
        Some(Label::SubDistrict) => set(&mut parts.sub_district, whole(), &mut parts.rest),
        Some(Label::District) => set(&mut parts.district, whole(), &mut parts.rest),
        None => parts.rest.push(whole()),
    }
}

/// Fills a part; a second one of its sort is kept with the rest.
fn set(part: &mut Option<String>, value: String, rest: &mut Vec<String>) {
    match part {
        None => *part = Some(value),
        Some(held) if *held == value => {}
        Some(_) => rest.push(value),
    }
}

/// Whether unlabelled words may be the place: not a number, a street, a market or a landmark.
fn can_be_place(part: &str) -> bool {
    const BEFORE: [&str; 18] = [
        "Street",
        "St",
        "Gali",
        "Ward",
        "W",
        "Near",
        "Nr",
        "Opp",
        "Opposite",
        "Behind",
        "Lane",
        "Backside",
        "No",
        "ਗਲੀ",
        "ਵਾਰਡ",
        "ਨੇੜੇ",
        "गली",
        "वार्ड",
    ];
    const AFTER: [&str; 12] =
        ["Road", "Rd", "Marg", "Street", "Lane", "Gali", "Bazar", "Bazaar", "Market", "Mandi", "Chowk", "Wali"];
    let first = part.split(' ').next().unwrap_or(part);
    let last = part.rsplit(' ').next().unwrap_or(part);
    let is_number = part.starts_with(|c: char| c.is_ascii_digit());
    !is_number && !BEFORE.contains(&first) && (first == last || !AFTER.contains(&last))
}

fn title(words: &[&str]) -> String {
    let mut name = String::new();
    for word in words {
        if !name.is_empty() {
            name.push(' ');
        }
        script::push_title(&mut name, word);
    }
    name
}

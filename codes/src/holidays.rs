//! Days on which offices do not work: one dated list for all who count working days.

use std::collections::{BTreeMap, BTreeSet};

use crate::{codes::Codes, concept::Status, day::Day, error::CodesError, system::CodeSystem};

const BUILTIN: &str = include_str!("../data/calendars/holidays.csv");

/// The code system as which a list of holidays is imported, and published by a second person.
const HOLIDAY_SYSTEM: &str = "holiday";

/// The LGD code of Punjab, the state whose days [`Holidays::find`] and [`Holidays::calendar`] know.
const PUNJAB: &str = "3";

/// A list of holidays: some on one day of one year, some on the same day of each year, some kept in one state or one
/// district only; and the days of the week on which offices are closed.
///
/// ```
/// let holidays = kanak_codes::Holidays::builtin();
/// assert_eq!(holidays.find("2026-01-26"), Some("Republic Day"));
/// assert_eq!(holidays.find("2026-01-27"), None);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holidays {
    of_one_year: BTreeMap<Day, Vec<Holiday>>,
    /// By month and day of the month.
    of_each_year: BTreeMap<(i32, i32), Vec<Holiday>>,
    pub(crate) weekly: Vec<WeeklyOff>,
}

/// A holiday as a list states it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holiday {
    /// Its name.
    pub name: String,
    /// What kind of holiday, such as `national` or `gazetted`; empty where the list does not say.
    pub kind: String,
    /// Whether no notification of the day was at hand, so that it was computed or taken to be one.
    pub is_made_up: bool,
    /// Who says so; empty where the list does not.
    pub source: String,
    /// The LGD code of the state that alone keeps it; empty for all.
    pub state: String,
    /// The LGD code of the district that alone keeps it; empty for all.
    pub district: String,
}

/// The days of the week as lists name them.
const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// A day of the week on which offices are closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WeeklyOff {
    /// From 0 for Monday.
    weekday: u8,
    which: Which,
}

/// Which ones of a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    Every,
    /// The first, second ... of a month, from 1.
    Nth(i32),
    Last,
}

/// Where offices are: it decides which holidays they keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place<'a> {
    pub(crate) state: &'a str,
    /// `None` for what holds in the state as a whole.
    pub(crate) district: Option<&'a str>,
}

impl Place<'_> {
    /// The state as a whole.
    pub(crate) const HOME: Place<'static> = Place { state: PUNJAB, district: None };
}

impl Holidays {
    /// The list in this binary, `data/calendars/holidays.csv`.
    pub fn builtin() -> Self {
        Self::parse("holidays.csv", BUILTIN).expect("the built-in list reads; a test reads it")
    }

    /// Reads a list: a header, then lines whose first two cells are `on` and `name`. `on` is `YYYY-MM-DD`, or `MM-DD` for
    /// each year, or a day of the week, `every sat`, `2nd sat` or `last sat`. The columns `state` and `district`, where
    /// the header names them, hold the LGD code of the place that alone keeps the day. A list that names no day of the
    /// week leaves Saturdays and Sundays free. Lines that begin with `#` say something about it.
    ///
    /// # Errors
    /// [`CodesError::Sidecar`] naming the file, the line and what would be right.
    pub fn parse(file: &str, text: &str) -> Result<Self, CodesError> {
        let mut list = Self { of_one_year: BTreeMap::new(), of_each_year: BTreeMap::new(), weekly: Vec::new() };
        let lines = text.lines().zip(1..).filter(|(line, _)| !line.starts_with('#') && !line.trim().is_empty());
        let mut header: Option<Vec<&str>> = None;
        for (row, line) in lines {
            let cells: Vec<&str> = row.split(',').map(str::trim).collect();
            let Some(header) = &header else {
                header = Some(cells);
                continue;
            };
            list.read_row(header, &cells).map_err(|problem| CodesError::Sidecar {
                file: file.to_owned(),
                line,
                problem: problem.to_owned(),
            })?;
        }
        Ok(list.with_free_days())
    }

    /// The list that a code system holds, one concept a holiday. The property `on` says when, as in [`parse`](Self::parse), or the code where
    /// there is none; the display is the name; the properties `kind`, `made_up`, `source`, `state` and `district` are as in a list. What is
    /// retired is no holiday.
    ///
    /// # Errors
    /// [`CodesError::Table`] naming the code and what would be right.
    pub fn of_system(system: &CodeSystem) -> Result<Self, CodesError> {
        let mut list = Self { of_one_year: BTreeMap::new(), of_each_year: BTreeMap::new(), weekly: Vec::new() };
        for concept in system.concepts().filter(|concept| concept.status() == Status::Active) {
            let on = concept.property("on").unwrap_or(concept.code());
            list.take(on, concept.display(), |name| concept.property(name)).map_err(|problem| CodesError::Table {
                system: system.name().to_owned(),
                problem: format!("`{}`: {problem}", concept.code()),
            })?;
        }
        Ok(list.with_free_days())
    }

    /// Refuses the version of a code system that is to be the list of holidays and does not read as one.
    pub(crate) fn check(system: &CodeSystem) -> Result<(), CodesError> {
        if system.name() == HOLIDAY_SYSTEM { Self::of_system(system).map(drop) } else { Ok(()) }
    }

    /// The list with Saturdays and Sundays free where it names no day of the week.
    fn with_free_days(mut self) -> Self {
        if self.weekly.is_empty() {
            self.weekly =
                vec![WeeklyOff { weekday: 5, which: Which::Every }, WeeklyOff { weekday: 6, which: Which::Every }];
        }
        self
    }

    fn read_row(&mut self, header: &[&str], cells: &[&str]) -> Result<(), &'static str> {
        let cell = |name: &str| {
            let at = header.iter().position(|column| *column == name)?;
            cells.get(at).copied()
        };
        let first = |at: usize| cells.get(at).copied().unwrap_or_default();
        self.take(first(0), first(1), cell)
    }

    /// Takes a holiday; `cell` gives what else is said of it.
    fn take<'c>(
        &mut self,
        on: &str,
        name: &str,
        cell: impl Fn(&'static str) -> Option<&'c str>,
    ) -> Result<(), &'static str> {
        const TWICE: &str = "this day stands here twice; keep one line";
        if let Some(weekly) = WeeklyOff::parse(on) {
            if self.weekly.contains(&weekly) {
                return Err(TWICE);
            }
            self.weekly.push(weekly);
            let every: Vec<_> = self.weekly.iter().filter(|off| off.which == Which::Every).collect();
            return if every.len() < 7 { Ok(()) } else { Err("this leaves no day of the week to work on") };
        }
        let named: Option<&mut Vec<Holiday>> = match Day::parse(on) {
            Some(day) => Some(self.of_one_year.entry(day).or_default()),
            None => parse_month_day(on).map(|day| self.of_each_year.entry(day).or_default()),
        };
        let named =
            named.ok_or("a holiday begins with its day, `2026-11-08`, or `01-26` for each year, or `every sat`")?;
        if name.is_empty() {
            return Err("a holiday has a name after its day");
        }
        let (state, district) = (cell("state").unwrap_or_default(), cell("district").unwrap_or_default());
        if named.iter().any(|other| other.state == state && other.district == district) {
            return Err(TWICE);
        }
        let text = |name| cell(name).unwrap_or_default().to_owned();
        let is_made_up = match cell("made_up").unwrap_or_default() {
            "true" => true,
            "false" | "" => false,
            _ => return Err("`made_up` is `true`, `false` or empty"),
        };
        named.push(Holiday {
            name: name.to_owned(),
            kind: text("kind"),
            is_made_up,
            source: text("source"),
            state: state.to_owned(),
            district: district.to_owned(),
        });
        Ok(())
    }

    /// Where holidays are kept that are not kept everywhere: the day as the list writes it, the state and the district, LGD codes or
    /// empty.
    pub(crate) fn places(&self) -> impl Iterator<Item = (String, &str, &str)> {
        let of_one_year = self.of_one_year.iter().map(|(day, kept)| (day.to_string(), kept));
        let of_each_year = self.of_each_year.iter().map(|((month, day), kept)| (format!("{month:02}-{day:02}"), kept));
        let all = of_one_year.chain(of_each_year);
        let all = all.flat_map(|(on, kept)| kept.iter().map(move |one| (on.clone(), &*one.state, &*one.district)));
        all.filter(|(_, state, district)| !(state.is_empty() && district.is_empty()))
    }

    /// The districts of the state, by LGD code, that keep days which the rest of the state does not; sorted.
    pub fn districts(&self) -> BTreeSet<&str> {
        let kept = self.of_one_year.values().chain(self.of_each_year.values()).flatten();
        let here = kept.filter(|holiday| holiday.state.is_empty() || holiday.state == PUNJAB);
        here.map(|holiday| holiday.district.as_str()).filter(|district| !district.is_empty()).collect()
    }

    /// The name of the holiday of the whole state that a day, written `YYYY-MM-DD`, is.
    pub fn find(&self, day: &str) -> Option<&str> {
        self.find_in(Day::parse(day)?, Place::HOME).map(|holiday| holiday.name.as_str())
    }

    /// The holiday that a day is at a place.
    pub(crate) fn find_in(&self, day: Day, place: Place<'_>) -> Option<&Holiday> {
        let of_one_year = self.of_one_year.get(&day).into_iter().flatten();
        let of_each_year = self.of_each_year.get(&month_day(day)).into_iter().flatten();
        let kept = |holiday: &&Holiday| {
            (holiday.state.is_empty() || holiday.state == place.state)
                && (holiday.district.is_empty() || place.district == Some(&holiday.district))
        };
        of_one_year.chain(of_each_year).find(kept)
    }
}

impl Codes {
    /// The list of holidays that was published as the code system `holiday`; `None` where none was.
    pub fn find_holidays(&self) -> Option<Holidays> {
        let system = self.system(HOLIDAY_SYSTEM)?;
        Some(Holidays::of_system(system).expect("a list of holidays that does not read is refused when it comes in"))
    }
}

impl WeeklyOff {
    fn parse(text: &str) -> Option<Self> {
        let (which, weekday) = text.split_once(' ')?;
        let which = match which {
            "every" => Which::Every,
            "last" => Which::Last,
            "1st" => Which::Nth(1),
            "2nd" => Which::Nth(2),
            "3rd" => Which::Nth(3),
            "4th" => Which::Nth(4),
            "5th" => Which::Nth(5),
            _ => return None,
        };
        let weekday = WEEKDAYS.iter().position(|name| *name == weekday.trim())?;
        Some(Self { weekday: weekday as u8, which })
    }

    /// Whether a day is one of these.
    pub(crate) fn holds_on(self, day: Day) -> bool {
        self.weekday == day.weekday()
            && match self.which {
                Which::Every => true,
                Which::Nth(nth) => (day.ymd().2 - 1) / 7 + 1 == nth,
                Which::Last => month_day(day.plus_days(7)).0 != month_day(day).0,
            }
    }
}

/// Month and day of a text `MM-DD` that some year has.
fn parse_month_day(text: &str) -> Option<(i32, i32)> {
    const LEAP_YEAR: &str = "2024";
    let day = Day::parse(&format!("{LEAP_YEAR}-{text}"))?;
    Some(month_day(day))
}

fn month_day(day: Day) -> (i32, i32) {
    let (_, month, day) = day.ymd();
    (month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "on,name,kind,made_up,source,state,district\n";

    fn parse(rows: &str) -> Holidays {
        Holidays::parse("h.csv", &format!("# about it\n{HEAD}{rows}")).unwrap()
    }

    #[test]
    fn a_day_of_one_year_is_none_of_the_next_and_a_day_of_each_year_is_one_of_all() {
        let holidays = parse("2026-11-08,Diwali,state,true,x\n01-26,Republic Day,national,false,x\n");
        for (day, expected) in [
            ("2026-11-08", Some("Diwali")),
            ("2027-11-08", None),
            ("2026-01-26", Some("Republic Day")),
            ("1999-01-26", Some("Republic Day")),
            ("2026-01-27", None),
            ("2026-02-30", None),
        ] {
            assert_eq!(holidays.find(day), expected, "{day}");
        }
    }

    #[test]
    fn a_day_of_another_state_or_of_a_district_is_none_of_the_whole_state() {
        let rows = "2026-03-01,fair,local,true,x,3,27\n2026-03-02,elsewhere,state,true,x,6,\n2026-03-03,ours,state,true,x,3,\n";
        let holidays = parse(rows);
        let of = |day: &str, district| {
            let holiday = holidays.find_in(day.parse().unwrap(), Place { state: "3", district });
            holiday.map(|holiday| holiday.name.as_str())
        };
        assert_eq!((of("2026-03-01", None), of("2026-03-01", Some("27"))), (None, Some("fair")));
        assert_eq!(of("2026-03-01", Some("28")), None);
        assert_eq!((of("2026-03-02", Some("27")), of("2026-03-03", Some("27"))), (None, Some("ours")));
    }

    #[test]
    fn a_line_that_is_no_holiday_is_named() {
        for line in
            ["26-01-2026,x", "13-01,x", "01-32,x", "02-30,x", "2026/01/26,x", "01-26", "01-26,,x", "ਜਨਵ,x", "6th sat,x"]
        {
            let error = Holidays::parse("h.csv", &format!("{HEAD}{line}\n")).unwrap_err().to_string();
            assert!(error.starts_with("h.csv line 2:"), "{line}: {error}");
        }
    }

    #[test]
    fn a_day_that_stands_twice_for_one_place_is_refused() {
        for rows in ["01-26,x\n01-26,y\n", "every sat,x\nevery sat,y\n"] {
            let error = Holidays::parse("h.csv", &format!("{HEAD}{rows}")).unwrap_err().to_string();
            assert!(error.starts_with("h.csv line 3: this day stands here twice"), "{error}");
        }
        assert!(Holidays::parse("h.csv", &format!("{HEAD}01-26,x\n01-26,y,,,,3,27\n")).is_ok());
    }

    #[test]
    fn a_holiday_says_who_states_it_and_whether_it_is_made_up() {
        let holidays = parse("2027-03-10,Id-ul-Fitr,gazetted,true,estimated by the moon,3,\n01-26,Republic Day\n");
        let of = |day: &str| holidays.find_in(day.parse().unwrap(), Place::HOME).unwrap();
        let fitr = of("2027-03-10");
        assert_eq!((&*fitr.kind, fitr.is_made_up, &*fitr.source), ("gazetted", true, "estimated by the moon"));
        assert!(!of("2027-01-26").is_made_up, "a list that does not say so has none made up");
        let error = Holidays::parse("h.csv", &format!("{HEAD}01-26,x,national,perhaps\n")).unwrap_err().to_string();
        assert!(error.contains("line 2: `made_up` is `true`, `false` or empty"), "{error}");
    }

    #[test]
    fn holidays_that_move_are_on_the_days_for_which_they_were_notified() {
        let holidays = Holidays::builtin();
        for (day, expected) in [
            ("2025-11-05", Some("Birthday of Guru Nanak Dev")),
            ("2026-11-24", Some("Birthday of Guru Nanak Dev")),
            ("2026-04-14", Some("Vaisakhi and birthday of Dr. B. R. Ambedkar")),
            ("2026-04-13", None),
            ("2025-11-24", None),
        ] {
            assert_eq!(holidays.find(day), expected, "{day}");
        }
        let of = |day: &str| holidays.find_in(day.parse().unwrap(), Place::HOME).unwrap();
        assert!(!of("2026-11-24").is_made_up && of("2027-11-14").is_made_up, "those of 2027 were not notified yet");
        let says_where_from = |holiday: &Holiday| !holiday.source.is_empty() && !holiday.kind.is_empty();
        assert!(holidays.of_one_year.values().chain(holidays.of_each_year.values()).flatten().all(says_where_from));
    }

    /// The built-in code systems with a list of holidays as one of them.
    fn with_list(rows: &str) -> Result<Codes, CodesError> {
        let about = "name = \"holiday\"\ntitle_en = \"T\"\ntitle_pa = \"T\"\ntitle_hi = \"T\"\nversion = \"1\"\nsource = \"s\"\nlicence = \"l\"\nsource_date = \"2026\"\n";
        let list = format!("code,display,parent,status,on,made_up,source,state,district\n{rows}");
        let imported = crate::import_csv(crate::Sidecar::parse_draft("about", about)?, list.as_bytes())?;
        Codes::builtin()?.with(vec![imported.part()])
    }

    #[test]
    fn a_list_comes_in_as_a_code_system_and_counts_as_one_from_a_file_does() {
        assert_eq!(Codes::builtin().unwrap().find_holidays(), None);
        let rows = "2028-01-26,Republic Day,,,,,,,\nfair,Fair,,,2028-03-01,true,x,3,27\nold,Gone,,retired,2028-03-02,,,,\nsunday,Sunday,,,every sun,,,,\n";
        let codes = with_list(rows).unwrap();
        let file = parse("2028-01-26,Republic Day\n2028-03-01,Fair,,true,x,3,27\nevery sun,Sunday\n");
        assert_eq!(codes.find_holidays(), Some(file));
    }

    #[test]
    fn a_code_system_that_is_no_list_of_holidays_is_refused_with_the_code() {
        for (rows, says) in [
            ("soon,Fair,,,,,,,\n", "`soon`: a holiday begins with its day"),
            ("a,Fair,,,01-26,,,,\nb,Fair,,,01-26,,,,\n", "`b`: this day stands here twice"),
            ("a,Fair,,,01-26,perhaps,,,\n", "`a`: `made_up` is"),
        ] {
            let error = with_list(rows).unwrap_err().to_string();
            assert!(error.starts_with("code system `holiday`: ") && error.contains(says), "{error}");
        }
    }

    #[test]
    fn a_week_without_a_working_day_is_refused() {
        let rows: String = WEEKDAYS.map(|day| format!("every {day},closed\n")).concat();
        let error = Holidays::parse("h.csv", &format!("{HEAD}{rows}")).unwrap_err().to_string();
        assert!(error.contains("line 8: this leaves no day"), "{error}");
    }

    #[test]
    fn the_built_in_list_reads() {
        assert_eq!(Holidays::builtin().find("2026-08-15"), Some("Independence Day"));
        assert_eq!(Holidays::builtin().find("2026-03-23"), Some("Martyrdom of Bhagat Singh"));
    }
}

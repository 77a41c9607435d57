//! Counting working days: limits, due days, and clocks that stand still.

use crate::{
    day::Day,
    holidays::{Holiday, Holidays, Place},
};

/// Longest run of days without a working one that is waited for. A list that closes offices for longer has no next working day.
const CLOSED_DAYS_MAX: u32 = 366;

/// The working days of one place by one list of holidays. Copying one costs nothing.
///
/// ```
/// use kanak_codes::Day;
/// let holidays = kanak_codes::Holidays::builtin();
/// let calendar = holidays.calendar();
/// // Friday; the weekend and Republic Day on Monday do not count.
/// assert_eq!(calendar.add_working_days("2026-01-23".parse()?, 1), Day::parse("2026-01-27"));
/// # Ok::<_, kanak_codes::NotADay>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Calendar<'a> {
    holidays: &'a Holidays,
    place: Place<'a>,
}

/// Why offices are closed on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DayOff<'a> {
    /// By the day of the week.
    Weekly,
    /// By a holiday of that name.
    Holiday(&'a str),
}

/// Days on which a clock stands still, such as those on which an office waits for the applicant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stop {
    /// The first day that does not count.
    pub from: Day,
    /// The first day that counts again; `None` while the clock still stands.
    pub until: Option<Day>,
}

/// The stops of one clock, in any order; where they overlap, a day is left out once.
#[derive(Debug, Clone, Copy, Default)]
pub struct StopClock<'a> {
    /// The stops.
    pub stops: &'a [Stop],
    /// How many working days the stops may leave out together; the clock runs again afterwards, whatever the stops say. `None` is no cap.
    pub working_days_max: Option<u32>,
}

impl StopClock<'_> {
    /// A clock that never stands still.
    pub const RUNNING: StopClock<'static> = StopClock { stops: &[], working_days_max: None };

    fn stands_on(&self, day: Day) -> bool {
        self.stops.iter().any(|stop| stop.from <= day && stop.until.is_none_or(|until| day < until))
    }

    /// Whether a stop that has no end has begun by a day and nothing caps it.
    fn stands_for_ever_from(&self, day: Day) -> bool {
        self.working_days_max.is_none() && self.stops.iter().any(|stop| stop.until.is_none() && stop.from <= day)
    }
}

impl Holidays {
    /// The working days of the state as a whole: holidays of single districts are working days.
    pub fn calendar(&self) -> Calendar<'_> {
        Calendar { holidays: self, place: Place::HOME }
    }

    /// The working days of a district of the state, by its LGD code.
    pub fn calendar_of_district<'a>(&'a self, district: &'a str) -> Calendar<'a> {
        Calendar { holidays: self, place: Place { district: Some(district), ..Place::HOME } }
    }

    /// The working days of another state, by its LGD code: the holidays of the nation and of that state.
    pub fn calendar_of_state<'a>(&'a self, state: &'a str) -> Calendar<'a> {
        Calendar { holidays: self, place: Place { state, district: None } }
    }
}

impl<'a> Calendar<'a> {
    /// Why offices are closed on a day; `None` on a working day.
    pub fn day_off(&self, day: Day) -> Option<DayOff<'a>> {
        if let Some(holiday) = self.holiday(day) {
            return Some(DayOff::Holiday(&holiday.name));
        }
        self.holidays.weekly.iter().any(|weekly| weekly.holds_on(day)).then_some(DayOff::Weekly)
    }

    /// The holiday that a day is; `None` on any other, closed or not.
    pub fn holiday(&self, day: Day) -> Option<&'a Holiday> {
        self.holidays.find_in(day, self.place)
    }

    /// The holidays after `from`, up to and with `to`, each with its day; those on closed days of the week as well.
    pub fn holidays_between(&self, from: Day, to: Day) -> impl Iterator<Item = (Day, &'a Holiday)> + use<'a> {
        let calendar = *self;
        let days = (from.days()..to.days()).map(|before| Day::from_days(before).plus_days(1));
        days.filter_map(move |day| Some((day, calendar.holiday(day)?)))
    }

    /// Whether offices work on a day.
    pub fn is_working_day(&self, day: Day) -> bool {
        self.day_off(day).is_none()
    }

    /// How many working days there are after `from`, up to and with `to`; 0 when `to` is not after `from`.
    pub fn working_days_between(&self, from: Day, to: Day) -> u32 {
        self.working_days_used(from, to, StopClock::RUNNING)
    }

    /// The days after `from`, up to and with `to`, on which offices are closed, each with why; none when `to` is not after `from`.
    pub fn days_off_between(&self, from: Day, to: Day) -> impl Iterator<Item = (Day, DayOff<'a>)> + use<'a> {
        let calendar = *self;
        let days = (from.days()..to.days()).map(|before| Day::from_days(before).plus_days(1));
        days.filter_map(move |day| Some((day, calendar.day_off(day)?)))
    }

    /// The day on which the `count`-th working day after `day` falls; `day` itself for 0. `None` when there is none, because
    /// the list closes offices for more than a year on end.
    pub fn add_working_days(&self, day: Day, count: u32) -> Option<Day> {
        self.due_on(day, count, StopClock::RUNNING)
    }

    /// The day on which the `limit`-th working day after `start` falls that the clock counts. `None` as for
    /// [`add_working_days`](Self::add_working_days), and while the clock stands still without an end.
    pub fn due_on(&self, start: Day, limit: u32, clock: StopClock<'_>) -> Option<Day> {
        let (mut day, mut left, mut closed, mut stopped) = (start, limit, 0, 0);
        while left > 0 {
            day = day.plus_days(1);
            if !self.is_working_day(day) {
                closed += 1;
                if closed > CLOSED_DAYS_MAX {
                    return None;
                }
                continue;
            }
            closed = 0;
            if clock.stands_on(day) && clock.working_days_max.is_none_or(|max| stopped < max) {
                if clock.stands_for_ever_from(day) {
                    return None;
                }
                stopped += 1;
            } else {
                left -= 1;
            }
        }
        Some(day)
    }

    /// How many working days after `from`, up to and with `to`, the clock has counted.
    pub fn working_days_used(&self, from: Day, to: Day, clock: StopClock<'_>) -> u32 {
        let (mut used, mut stopped) = (0, 0);
        let mut at = from;
        while at < to {
            at = at.plus_days(1);
            if !self.is_working_day(at) {
                continue;
            }
            if clock.stands_on(at) && clock.working_days_max.is_none_or(|max| stopped < max) {
                stopped += 1;
            } else {
                used += 1;
            }
        }
        used
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LIST: &str = "on,name,kind,made_up,source,state,district\n01-26,Republic Day\n2026-03-04,Holi,state,true,x,3,\n2026-03-05,fair,local,true,x,3,27\n";

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    fn holidays() -> Holidays {
        Holidays::parse("h.csv", LIST).unwrap()
    }

    proptest! {
        #[test]
        fn counting_and_adding_are_inverse_and_agree_with_a_plain_scan(start in 0i32..800, count in 0u32..120) {
            let holidays = holidays();
            let calendar = holidays.calendar();
            let start = day("2025-06-01").plus_days(start);
            let due = calendar.add_working_days(start, count).unwrap();
            prop_assert_eq!(calendar.working_days_between(start, due), count);
            prop_assert!(count == 0 || calendar.is_working_day(due));
            let closed = |day: &Day| {
                let (year, month, of_month) = day.ymd();
                day.weekday() > 4 || (month, of_month) == (1, 26) || (year, month, of_month) == (2026, 3, 4)
            };
            let open = (1..).map(|days| start.plus_days(days)).filter(|day| !closed(day)).nth(count.saturating_sub(1) as usize);
            prop_assert_eq!(due, if count == 0 { start } else { open.unwrap() });
        }

        #[test]
        fn counting_adds_up_over_any_day_between(a in 0i32..300, b in 0i32..300, c in 0i32..300) {
            let mut days = [a, b, c].map(|offset| day("2026-01-01").plus_days(offset));
            days.sort_unstable();
            let holidays = holidays();
            let count = |from, to| holidays.calendar().working_days_between(from, to);
            prop_assert_eq!(count(days[0], days[1]) + count(days[1], days[2]), count(days[0], days[2]));
        }

        #[test]
        fn a_stop_puts_the_due_day_off_by_the_working_days_it_leaves_out(
            limit in 1u32..40, from in 1i32..60, length in 0i32..60, cap in prop::option::of(0u32..20)
        ) {
            let holidays = holidays();
            let calendar = holidays.calendar();
            let start = day("2026-01-05");
            let stop = Stop { from: start.plus_days(from), until: Some(start.plus_days(from + length)) };
            let clock = StopClock { stops: &[stop, stop], working_days_max: cap };
            let due = calendar.due_on(start, limit, clock).unwrap();
            prop_assert_eq!(calendar.working_days_used(start, due, clock), limit);
            let left_out = calendar.working_days_between(start, due) - limit;
            let within = calendar.working_days_between(stop.from.plus_days(-1), stop.until.unwrap().plus_days(-1));
            prop_assert!(left_out <= within.min(cap.unwrap_or(u32::MAX)));
            if calendar.add_working_days(start, limit).unwrap() < stop.from {
                prop_assert_eq!(left_out, 0);
            } else {
                prop_assert_eq!(left_out, within.min(cap.unwrap_or(u32::MAX)));
            }
        }
    }

    #[test]
    fn a_district_keeps_its_own_days_too() {
        let holidays = holidays();
        let next = |calendar: Calendar<'_>| calendar.add_working_days(day("2026-03-03"), 1);
        assert_eq!(next(holidays.calendar()), Some(day("2026-03-05")));
        assert_eq!(next(holidays.calendar_of_district("27")), Some(day("2026-03-06")));
        assert_eq!(next(holidays.calendar_of_district("28")), Some(day("2026-03-05")));
        assert_eq!(next(holidays.calendar_of_state("6")), Some(day("2026-03-04")));
        assert_eq!(holidays.calendar_of_district("27").day_off(day("2026-03-05")), Some(DayOff::Holiday("fair")));
        assert_eq!(holidays.calendar().day_off(day("2026-03-07")), Some(DayOff::Weekly));
    }

    #[test]
    fn a_list_may_close_second_and_last_saturdays_only() {
        let list = "on,name\nevery sun,Sunday\n2nd sat,second Saturday\nlast sat,last Saturday\n";
        let holidays = Holidays::parse("h.csv", list).unwrap();
        let open = ["2026-01-03", "2026-01-10", "2026-01-17", "2026-01-24", "2026-01-31", "2026-02-21", "2026-02-28"]
            .map(|text| holidays.calendar().is_working_day(day(text)));
        assert_eq!(open, [true, false, true, true, false, true, false]);
    }

    #[test]
    fn a_clock_that_stands_without_end_is_never_due_unless_it_is_capped() {
        let holidays = holidays();
        let stops = [Stop { from: day("2026-01-07"), until: None }];
        let due = |limit, working_days_max| {
            holidays.calendar().due_on(day("2026-01-05"), limit, StopClock { stops: &stops, working_days_max })
        };
        assert_eq!(due(1, None), Some(day("2026-01-06")));
        assert_eq!(due(2, None), None);
        assert_eq!(due(2, Some(3)), Some(day("2026-01-12")));
    }

    #[test]
    fn a_list_that_closes_offices_for_good_has_no_next_working_day() {
        let mut list = String::from("on,name\n");
        for days in 0..366 {
            list += &format!("{},closed\n", &day("2024-01-01").plus_days(days).to_string()[5..]);
        }
        let holidays = Holidays::parse("h.csv", &list).unwrap();
        assert_eq!(holidays.calendar().add_working_days(day("2026-01-01"), 1), None);
        assert_eq!(holidays.calendar().add_working_days(day("2026-01-01"), 0), Some(day("2026-01-01")));
    }

    #[test]
    fn days_off_and_working_days_make_up_a_stretch_and_each_day_off_says_why() {
        let holidays = holidays();
        let (calendar, from, to) = (holidays.calendar(), day("2026-02-27"), day("2026-03-08"));
        let off: Vec<_> = calendar.days_off_between(from, to).map(|(day, why)| (day.to_string(), why)).collect();
        let (saturday, sunday) = ("2026-02-28".to_owned(), "2026-03-01".to_owned());
        assert_eq!(off[..2], [(saturday, DayOff::Weekly), (sunday, DayOff::Weekly)]);
        assert_eq!(off[2], ("2026-03-04".to_owned(), DayOff::Holiday("Holi")));
        assert_eq!(off.len() as u32 + calendar.working_days_between(from, to), 9);
        assert_eq!(calendar.days_off_between(to, from).count(), 0);
    }

    #[test]
    fn nothing_is_counted_backwards() {
        assert_eq!(holidays().calendar().working_days_between(day("2026-03-10"), day("2026-03-01")), 0);
    }
}

//! Instants, as registers write them.

use chrono::{DateTime, NaiveDate, NaiveTime};
use kanak_model::clock::{IST_OFFSET_SECONDS, Timestamp};
use kanak_model::quality::QualityRule;
use kanak_model::source_system::DateOrder;

use super::Outcome;
use super::date::{DateFault, date_of, is_digits, parse_date};

/// The standard form of an instant. Without an offset it is India's time; a day alone is its first instant there.
pub(super) fn standardize_timestamp(order: DateOrder, text: &str) -> Outcome {
    match parse_timestamp(text, order) {
        Ok(instant)
            if instant < Timestamp::start_of_day_ist(NaiveDate::from_ymd_opt(1900, 1, 1).unwrap_or_default()) =>
        {
            Outcome::bad(QualityRule::Range, "the instant is before 1900; correct the year at the source")
        }
        Ok(instant) => Outcome::Good(instant.to_string()),
        Err(DateFault::Form) => Outcome::bad(
            QualityRule::Kind,
            "not a date and time; write it as 2024-03-31T18:30:00+05:30 or 31/03/2024 18:30",
        ),
        Err(fault) => fault.outcome(),
    }
}

/// Reads an instant: RFC 3339, or a date and a time of day in India.
///
/// # Errors
/// The [`DateFault`] that tells what is wrong; [`DateFault::Form`] where a date is known to the month or year only.
pub fn parse_timestamp(text: &str, order: DateOrder) -> Result<Timestamp, DateFault> {
    let rfc = if text.as_bytes().get(10) == Some(&b' ') {
        DateTime::parse_from_rfc3339(&text.replacen(' ', "T", 1))
    } else {
        DateTime::parse_from_rfc3339(text)
    };
    if let Ok(instant) = rfc {
        return Ok(Timestamp(instant.timestamp_micros()));
    }
    let date_text = date_of(text);
    let day = parse_date(date_text, order)?.to_day().ok_or(DateFault::Form)?;
    let midnight = Timestamp::start_of_day_ist(day);
    // `date_of` keeps the whole text, or all but a last letter, where there is no time of day.
    let rest = text.get(date_text.len()..).unwrap_or_default().trim_start_matches(['T', ' ']).trim();
    if rest.is_empty() || rest == "Z" {
        return Ok(midnight);
    }
    let (clock, offset_seconds) = split_offset(rest)?;
    let time = time_of_day(clock)?;
    let since_midnight = time.signed_duration_since(NaiveTime::MIN).num_microseconds().unwrap_or(0);
    let shift = i64::from(IST_OFFSET_SECONDS - offset_seconds.unwrap_or(IST_OFFSET_SECONDS)) * 1_000_000;
    Ok(Timestamp(midnight.0 + since_midnight + shift))
}

/// Takes `Z`, `+05:30`, `+0530` or `IST` off a time of day: the rest, and seconds east of UTC.
fn split_offset(text: &str) -> Result<(&str, Option<i32>), DateFault> {
    if let Some(rest) = text.strip_suffix('Z').or_else(|| text.strip_suffix("UTC")) {
        return Ok((rest.trim(), Some(0)));
    }
    if let Some(rest) = text.strip_suffix("IST") {
        return Ok((rest.trim(), None));
    }
    let Some(at) = text.rfind(['+', '-']) else { return Ok((text, None)) };
    let sign = if text[at..].starts_with('-') { -1 } else { 1 };
    let digits: String = text[at + 1..].chars().filter(|c| *c != ':').collect();
    if !is_digits(&digits) || digits.len() != 4 && digits.len() != 2 {
        return Err(DateFault::Form);
    }
    let number = |range: std::ops::Range<usize>| digits.get(range).map_or(0, |part| part.parse::<i32>().unwrap_or(0));
    Ok((text[..at].trim(), Some(sign * (number(0..2) * 3600 + number(2..4) * 60))))
}

/// `18:30`, `18:30:05.25`, `6:30 PM`.
fn time_of_day(text: &str) -> Result<NaiveTime, DateFault> {
    let lower = text.to_ascii_lowercase();
    let (clock, afternoon) = match (lower.strip_suffix("pm"), lower.strip_suffix("am")) {
        (Some(rest), _) => (rest.trim(), Some(true)),
        (_, Some(rest)) => (rest.trim(), Some(false)),
        _ => (lower.as_str(), None),
    };
    let mut parts = clock.split(':');
    let mut number = |required: bool| -> Result<u32, DateFault> {
        match parts.next() {
            Some(part) if is_digits(part) && part.len() <= 2 => part.parse().map_err(|_| DateFault::Form),
            None if !required => Ok(0),
            Some(part) if !required => {
                part.split_once('.').map_or("", |(whole, _)| whole).parse().map_err(|_| DateFault::Form)
            }
            _ => Err(DateFault::Form),
        }
    };
    let (hour, minute, second) = (number(true)?, number(true)?, number(false)?);
    if parts.next().is_some() {
        return Err(DateFault::Form);
    }
    let micros = match clock.rsplit_once('.') {
        None => 0,
        Some((_, digits)) if is_digits(digits) && digits.len() <= 9 => {
            format!("{digits:0<6}")[..6].parse().unwrap_or(0)
        }
        Some(_) => return Err(DateFault::Form),
    };
    let hour = match afternoon {
        Some(_) if hour == 0 || hour > 12 => return Err(DateFault::Form),
        Some(afternoon) => hour % 12 + if afternoon { 12 } else { 0 },
        None => hour,
    };
    NaiveTime::from_hms_micro_opt(hour, minute, second, micros).ok_or(DateFault::Form)
}

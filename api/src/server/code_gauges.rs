//! How current the code systems are, for `/metrics` in the Prometheus text format.

use std::fmt::Write as _;

use crate::jobs::code_currency::CurrencyRow;

/// A gauge: its name after `kanak_code_system_`, what it tells, and its value where it is known.
type Gauge = (&'static str, &'static str, fn(&CurrencyRow) -> Option<f64>);

const GAUGES: [Gauge; 5] = [
    ("source_age_days", "Days from the date of the source to today.", |row| row.age_days.map(f64::from)),
    (
        "published_after_days",
        "Days from the date of the source to the publication here; none of what came with the program.",
        |row| row.published_after_days.map(f64::from),
    ),
    ("share_present", "Share of the official list that is here, 0 to 1.", |row| row.share_present),
    ("gaps", "What is known to be missing or wrong as a whole.", |row| Some(row.gaps.len() as f64)),
    ("defects", "Known defects of single codes.", |row| Some(row.defects as f64)),
];

/// All gauges as text, a line for each code system of which the value is known.
pub fn to_prometheus(rows: &[CurrencyRow]) -> String {
    let mut text = String::new();
    for (name, help, value) in GAUGES {
        let _ = writeln!(text, "# HELP kanak_code_system_{name} {help}\n# TYPE kanak_code_system_{name} gauge");
        for (row, value) in rows.iter().filter_map(|row| Some((row, value(row)?))) {
            let _ = writeln!(text, "kanak_code_system_{name}{{system=\"{}\"}} {value}", row.system);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_is_not_known_has_no_line() {
        let row = CurrencyRow {
            system: "ward".to_owned(),
            version: "1".to_owned(),
            source_date: Some("2026".to_owned()),
            age_days: Some(12),
            published_after_days: None,
            rows_real: 3,
            rows_official: Some(4),
            share_present: Some(0.75),
            gaps: vec!["one is missing".to_owned()],
            defects: 0,
        };
        let text = to_prometheus(&[row]);
        let values: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(
            values,
            [
                "kanak_code_system_source_age_days{system=\"ward\"} 12",
                "kanak_code_system_share_present{system=\"ward\"} 0.75",
                "kanak_code_system_gaps{system=\"ward\"} 1",
                "kanak_code_system_defects{system=\"ward\"} 0",
            ]
        );
        assert_eq!(text.matches("# TYPE ").count(), GAUGES.len());
    }
}

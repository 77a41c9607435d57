//! People in registers.

use std::collections::{BTreeMap, BTreeSet};

use crate::made::truth;

const SEVEN: [&str; 7] =
    ["food_civil_supplies", "election", "health", "education", "transport", "land_revenue", "social_security"];

#[test]
fn a_person_is_in_one_to_six_of_seven_registers_and_in_two_on_average() {
    let mut registers: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in truth("citizen.csv") {
        if SEVEN.contains(&line[0].as_str()) {
            registers.entry(line[2].clone()).or_default().insert(line[0].clone());
        }
    }
    let counts: Vec<usize> = registers.values().map(BTreeSet::len).collect();
    let mean = counts.iter().sum::<usize>() as f64 / counts.len() as f64;
    assert!((2.0..2.4).contains(&mean), "{mean}");
    assert_eq!(counts.iter().max(), Some(&6));
}

#[test]
fn the_errors_that_make_matching_hard_are_there() {
    let flat = truth("citizen_flat.csv");
    let share = |is: &dyn Fn(&[String]) -> bool| flat.iter().filter(|line| is(line)).count() as f64 / flat.len() as f64;
    let has =
        |range: std::ops::RangeInclusive<char>| move |line: &[String]| line[2].chars().any(|c| range.contains(&c));
    assert!((0.03..0.12).contains(&share(&has('\u{A00}'..='\u{A7F}'))));
    assert!((0.0005..0.02).contains(&share(&has('\u{900}'..='\u{97F}'))));
    assert!((0.01..0.10).contains(&share(&|line| line[7].len() == 4)), "years alone");
    assert!((0.005..0.06).contains(&share(&|line| line[7].ends_with("-01-01"))), "1 January");
    assert!(
        (0.005..0.03).contains(&share(&|line| line[2].to_lowercase().contains("baby of ") || line[2].contains("B/o ")))
    );
    assert!((0.005..0.05).contains(&share(&|line| ["S/o ", "D/o ", "W/o "].iter().any(|word| line[2].contains(word)))));
    let mut twice: BTreeMap<(String, String), usize> = BTreeMap::new();
    for line in truth("citizen.csv") {
        *twice.entry((line[0].clone(), line[2].clone())).or_default() += 1;
    }
    let twice = twice.values().filter(|count| **count > 1).count() as f64 / twice.len() as f64;
    assert!((0.005..0.025).contains(&twice), "{twice}");
}

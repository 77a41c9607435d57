//! What is wrong in the lists, and how current they are: `cargo run --release -p kanak-codes --example stewards_list -- 2026-11-28`.
#![expect(clippy::print_stdout, reason = "an example prints")]

use std::{collections::BTreeMap, error::Error};

use kanak_codes::{Codes, Day};

fn main() -> Result<(), Box<dyn Error>> {
    let today: Day = std::env::args().nth(1).ok_or("name today, such as 2026-11-28")?.parse()?;
    let codes = Codes::builtin()?;
    let defects = codes.defects();
    let mut kinds: BTreeMap<(&str, &str), (usize, &str)> = BTreeMap::new();
    for defect in &defects {
        kinds.entry((&defect.system, &defect.remedy)).or_insert((0, &defect.code)).0 += 1;
    }
    println!("{} defects", defects.len());
    for ((system, remedy), (count, first)) in kinds {
        println!("{count:>5} in {system}, such as {first}: {remedy}");
    }
    println!("\nsystem, real of all rows, official, share, days since the source");
    for one in codes.currency() {
        let official = one.rows_official.map_or("-".to_owned(), |count| count.to_string());
        let share = one.share_present().map_or("-".to_owned(), |share| format!("{:.1} %", share * 100.0));
        let age = one.age_days(today).map_or("-".to_owned(), |days| days.to_string());
        println!("{:<16} {:>7} of {:>7}, {official:>7}, {share:>8}, {age:>5}", one.system, one.rows_real, one.rows);
    }
    Ok(())
}

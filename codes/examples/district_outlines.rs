//! How far the outlines of districts agree with a directory of post offices: `cargo run --release -p kanak-codes --example
//! district_outlines -- pin_codes.csv.gz`.
//!
//! The file is a gzip-compressed CSV with the columns `pincode, district, state, latitude, longitude`. What is printed is a
//! measurement: neither side is the truth. Coordinates of post offices are often those of another place.
#![expect(clippy::print_stdout, reason = "an example prints")]

use std::{collections::BTreeMap, error::Error, fs::File, time::Instant};

use flate2::read::GzDecoder;
use kanak_codes::Codes;

/// Offices of one district: how many lie in its outline, in that of another one, and in none.
#[derive(Default)]
struct Count {
    agree: usize,
    elsewhere: usize,
    outside: usize,
}

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("name the file of post offices")?;
    let codes = Codes::builtin()?;
    let mut reader = csv::Reader::from_reader(GzDecoder::new(File::open(path)?));
    let mut counts: BTreeMap<String, Count> = BTreeMap::new();
    let (mut points, mut without) = (Vec::new(), 0);
    for row in reader.deserialize() {
        let row: BTreeMap<String, String> = row?;
        if !row["state"].trim().eq_ignore_ascii_case("punjab") {
            continue;
        }
        let (latitude, longitude) = (row["latitude"].trim().parse::<f64>(), row["longitude"].trim().parse::<f64>());
        match (codes.find_district(&row["district"]), latitude, longitude) {
            (Some(district), Ok(latitude), Ok(longitude)) => points.push((district.to_owned(), latitude, longitude)),
            _ => without += 1,
        }
    }
    codes.find_district_at(0.0, 0.0)?;
    let begun = Instant::now();
    for (district, latitude, longitude) in &points {
        let count = counts.entry(district.clone()).or_default();
        match codes.find_district_at(*latitude, *longitude)? {
            Some(found) if found.code == district || found.or_since.contains(district) => count.agree += 1,
            Some(_) => count.elsewhere += 1,
            None => count.outside += 1,
        }
    }
    let nanoseconds = begun.elapsed().as_nanos() as f64 / points.len().max(1) as f64;
    let agree: usize = counts.values().map(|count| count.agree).sum();
    for (district, Count { agree, elsewhere, outside }) in &counts {
        let name = codes.get_system("lgd-district")?.lookup(district).map_or("", |concept| concept.display());
        println!("{district:>4} {name:<28} {agree:>4} agree, {elsewhere:>4} in another district, {outside:>4} in none");
    }
    println!(
        "{agree} of {} offices with coordinates agree ({:.1} %), {without} have none; {nanoseconds:.0} ns a point",
        points.len(),
        100.0 * agree as f64 / points.len().max(1) as f64
    );
    Ok(())
}

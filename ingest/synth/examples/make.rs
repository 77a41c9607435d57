//! `make RECORDS OUT [SEED]`: the made-up state with the flat list for other matchers; prints files, rates and seconds.
#![expect(clippy::print_stdout, reason = "an example for the terminal")]

use std::time::Instant;

use chrono::NaiveDate;
use kanak_synth::{Options, Progress, generate};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [records, out, rest @ ..] = arguments.as_slice() else { return Err("say: make RECORDS OUT [SEED]".into()) };
    let options = Options {
        records: records.parse()?,
        seed: rest.first().map_or(Ok(1), |seed| seed.parse())?,
        out: out.into(),
        end: NaiveDate::from_ymd_opt(2026, 11, 1).ok_or("no such day")?,
        flat: true,
    };
    let start = Instant::now();
    let mut stage = "";
    let made = generate(&options, &mut |progress: Progress| {
        if progress.stage != stage {
            stage = progress.stage;
            println!("{:6.2} s  {stage}", start.elapsed().as_secs_f64());
        }
    })?;
    println!("{:6.2} s  done", start.elapsed().as_secs_f64());
    for file in &made.files {
        println!("{:>9} rows, {:>5} to be refused  {}", file.rows, file.refused, file.path.display());
    }
    for rate in &made.rates {
        println!("{:>6.2} %  {}: {}", rate.rate * 100.0, rate.name, rate.reason);
    }
    Ok(())
}

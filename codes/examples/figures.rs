//! What the code index does on one core, one JSON line a figure: `cargo run --profile dist -p kanak-codes --example figures`.
#![expect(clippy::print_stdout, reason = "figures are for whoever runs this")]

use std::{
    collections::HashMap,
    hint::black_box,
    time::{Duration, Instant},
};

use kanak_codes::{BATCH_MAX, CodeSystem, Codes, CodesError, Concept, Day, Expand, Part, Subsumption};

fn main() -> Result<(), CodesError> {
    let codes = load()?;
    let branches = codes.get_system("ifsc")?;
    lookups(branches);
    judgements(branches);
    subsumptions(codes.get_system("nic")?);
    properties(branches);
    searches(branches);
    membership(&codes)?;
    expansion(branches);
    Ok(())
}

fn load() -> Result<Codes, CodesError> {
    let start = Instant::now();
    let codes = Codes::builtin()?;
    let bytes: usize = codes.systems().map(CodeSystem::table_bytes).sum();
    print("load_all_tables_first_time", "ms", millis(start.elapsed()));
    print("table_bytes", "MiB", bytes as f64 / f64::from(1 << 20));
    resident("resident_with_tables");
    let start = Instant::now();
    for system in codes.systems() {
        black_box(system.search("a", 1));
    }
    print("index_all_for_search", "ms", millis(start.elapsed()));
    resident("resident_with_search");
    // Tables, hierarchies and the index of codes, read again: what else the machine does only makes it slower.
    let parts: Vec<_> = codes.systems().map(|system| (system.sidecar_text(), system.packed_csv().to_vec())).collect();
    let mut best = Duration::MAX;
    for _ in 0..9 {
        let parts = parts.clone();
        let start = Instant::now();
        let read: Result<Vec<_>, _> =
            parts.into_iter().map(|(sidecar, packed)| CodeSystem::from_parts(&sidecar, packed)).collect();
        best = best.min(start.elapsed());
        black_box(read?);
    }
    print("load_all_tables_best_of_9", "ms", millis(best));
    Ok(codes)
}

/// Every branch code once, in an order that the memory of the machine does not like.
fn shuffled(system: &CodeSystem) -> Vec<String> {
    let mut codes: Vec<String> = system.concepts().map(|concept| concept.code().to_owned()).collect();
    let mut state = 1u64;
    for at in (1..codes.len()).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        codes.swap(at, (state >> 33) as usize % (at + 1));
    }
    // Once more, so that they lie one after the other in memory, as those of a request do.
    codes.clone()
}

fn lookups(system: &CodeSystem) {
    let codes = shuffled(system);
    let small: Vec<String> = codes.iter().map(|code| code.to_ascii_lowercase()).collect();
    rate("lookup_ifsc", codes.len(), || codes.iter().filter(|code| system.lookup(code).is_some()).count());
    let map: HashMap<&str, usize> = codes.iter().enumerate().map(|(at, code)| (code.as_str(), at)).collect();
    rate("lookup_ifsc_in_a_hash_map_of_the_standard_library", codes.len(), || {
        codes.iter().filter(|code| map.contains_key(code.as_str())).count()
    });
    rate("lookup_ifsc_small_letters", small.len(), || {
        small.iter().filter(|code| system.lookup(code).is_some()).count()
    });
    let wrong: Vec<String> = codes.iter().map(|code| format!("{}ZZ", &code[..9])).collect();
    rate("lookup_ifsc_unknown", wrong.len(), || wrong.iter().filter(|code| system.lookup(code).is_some()).count());
}

fn judgements(system: &CodeSystem) {
    let codes = shuffled(system);
    let codes: Vec<&str> = codes.iter().map(String::as_str).take(BATCH_MAX).collect();
    let day = Day::parse("2026-11-28");
    rate("judge_batch_of_100000", codes.len(), || system.as_of(day).judge_all(&codes).map_or(0, |judged| judged.len()));
}

fn subsumptions(system: &CodeSystem) {
    let concepts: Vec<Concept<'_>> = system.concepts().collect();
    let Some(tree) = system.hierarchy() else { return };
    let pairs: Vec<_> = (0..1 << 14)
        .map(|at: usize| (concepts[at * 7 % concepts.len()], concepts[at * 131 % concepts.len()]))
        .collect();
    let asked = || (0..64).flat_map(|_| &pairs);
    rate("subsumes_nic_handles", pairs.len() * 64, || {
        asked().filter(|(a, b)| tree.subsumes(*a, *b) == Subsumption::Subsumes).count()
    });
    rate("contains_nic_handles", pairs.len() * 64, || asked().filter(|(a, b)| tree.contains(*a, *b)).count());
}

fn properties(system: &CodeSystem) {
    let concepts: Vec<Concept<'_>> = system.concepts().collect();
    let Some(city) = system.find_property("city") else { return };
    rate("property_by_handle", concepts.len(), || {
        concepts.iter().filter_map(|concept| city.of(*concept)).map(str::len).sum()
    });
}

fn searches(system: &CodeSystem) {
    let texts: Vec<String> = system.concepts().step_by(331).map(|concept| concept.display().to_owned()).collect();
    let words: Vec<String> = texts
        .iter()
        .filter_map(|text| text.split(|c: char| !c.is_ascii_alphabetic()).max_by_key(|word| word.len()))
        .filter(|word| word.len() >= 6)
        .map(str::to_owned)
        .collect();
    let begun: Vec<String> = words.iter().map(|word| word[..4].to_owned()).collect();
    let codes: Vec<String> = system.concepts().step_by(331).map(|concept| concept.code()[..7].to_owned()).collect();
    let slipped: Vec<String> = words.iter().enumerate().map(|(at, word)| slip(word, at)).collect();
    waits("prefix_of_code", &codes, |text| system.search(text, 10).len());
    waits("prefix_of_word", &begun, |text| system.search(text, 10).len());
    waits("whole_word", &words, |text| system.search(text, 10).len());
    waits("one_slip", &slipped, |text| system.search(text, 10).len());
    waits("whole_name", &texts, |text| system.search(text, 10).len());
}

/// The word with one letter wrong, missing, added or swapped with its neighbour.
fn slip(word: &str, turn: usize) -> String {
    let mut letters = word.as_bytes().to_vec();
    let at = 1 + turn % (letters.len() - 2);
    match turn % 4 {
        0 => letters[at] = b'x',
        1 => drop(letters.remove(at)),
        2 => letters.insert(at, b'x'),
        _ => letters.swap(at, at + 1),
    }
    String::from_utf8_lossy(&letters).into_owned()
}

fn membership(codes: &Codes) -> Result<(), CodesError> {
    let text = "name = \"punjab-branches\"\ntitle_en = \"a\"\ntitle_pa = \"a\"\ntitle_hi = \"a\"\nversion = \"1\"\nsource = \"a\"\n\
        licence = \"a\"\n[[include]]\nsystem = \"ifsc\"\nstatus = \"active\"\nwhere = { state = \"PUNJAB\" }\n";
    let codes = codes.with(vec![Part::ValueSet { text: text.to_owned() }])?;
    let branches = codes.get_system("ifsc")?;
    let start = Instant::now();
    let members = codes.membership("punjab-branches", branches.as_of(None))?;
    print("compile_value_set", "ms", millis(start.elapsed()));
    let asked = shuffled(branches);
    rate("judge_in_value_set", asked.len(), || asked.iter().filter(|code| members.judge(code).is_valid()).count());
    Ok(())
}

fn expansion(system: &CodeSystem) {
    let filters =
        ["amritsar".to_owned(), "punjab".to_owned(), "lud".to_owned(), "a".to_owned(), "main branch".to_owned()];
    waits("expand_with_filter", &filters, |filter| system.expand(&Expand { filter, ..Expand::default() }).total);
}

/// The best of several runs, in calls a second: what else the machine does makes a run slower, never quicker.
fn rate(figure: &str, calls: usize, mut run: impl FnMut() -> usize) {
    let best = (0..31)
        .map(|_| {
            let start = Instant::now();
            black_box(run());
            start.elapsed()
        })
        .min()
        .unwrap_or_default();
    print(figure, "M/s", calls as f64 / best.as_secs_f64() / 1e6);
}

/// What half and 19 in 20 of the calls wait at most.
fn waits(figure: &str, texts: &[String], mut run: impl FnMut(&str) -> usize) {
    let mut waited: Vec<Duration> = texts
        .iter()
        .map(|text| {
            let start = Instant::now();
            black_box(run(text));
            start.elapsed()
        })
        .collect();
    waited.sort_unstable();
    let at = |share: usize| millis(waited[(waited.len() - 1) * share / 100]) * 1_000.0;
    println!(
        "{{\"figure\":\"{figure}\",\"calls\":{},\"p50_us\":{:.1},\"p95_us\":{:.1}}}",
        waited.len(),
        at(50),
        at(95)
    );
}

fn print(figure: &str, unit: &str, value: f64) {
    println!("{{\"figure\":\"{figure}\",\"value\":{value:.2},\"unit\":\"{unit}\"}}");
}

/// The memory of this process, on Linux.
fn resident(figure: &str) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kib =
        status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB")?.parse::<f64>().ok());
    if let Some(kib) = kib {
        print(figure, "MiB", kib / 1_024.0);
    }
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

//! Tidy checks on `data/`, and every cell against a second reading of the file.

use std::{
    collections::{BTreeSet, HashMap},
    fs,
    path::{Path, PathBuf},
};

use flate2::read::GzDecoder;
use kanak_codes::{CodeSystem, Codes, CodesError, Language, Status};

const NAMES: [&str; 21] = [
    "bank",
    "centre",
    "complaint-type",
    "department",
    "designation",
    "hsn",
    "ifsc",
    "isic",
    "lgd-block",
    "lgd-district",
    "lgd-state",
    "lgd-subdistrict",
    "lgd-ulb",
    "nic",
    "office",
    "pin",
    "revenue-head",
    "sac",
    "scheme",
    "service",
    "village",
];

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data")
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}

fn rows_of(name: &str) -> Vec<HashMap<String, String>> {
    let path = [data(), data().join("unlicensed")].map(|folder| folder.join(format!("{name}.csv.gz")));
    let file = path.iter().find(|path| path.exists()).unwrap();
    let mut reader = csv::Reader::from_reader(GzDecoder::new(fs::File::open(file).unwrap()));
    reader.deserialize().map(Result::unwrap).collect()
}

#[test]
fn the_code_systems_of_the_contract_are_there() {
    let codes = Codes::builtin().unwrap();
    assert_eq!(codes.systems().map(CodeSystem::name).collect::<Vec<_>>(), NAMES);
}

#[test]
fn every_file_states_source_licence_and_date() {
    for path in files_below(&data()) {
        let name = path.file_name().unwrap().to_str().unwrap();
        let Some(stem) = [".csv.gz", ".csv", ".topo.json"].iter().find_map(|suffix| name.strip_suffix(suffix)) else {
            let extension = path.extension().and_then(|extension| extension.to_str());
            assert!(extension.is_some_and(|extension| ["toml", "md", "py"].contains(&extension)), "what is {name}?");
            continue;
        };
        let sidecar = fs::read_to_string(path.with_file_name(format!("{stem}.toml"))).unwrap();
        for key in ["source", "licence", "source_date", "version", "title_en", "title_pa", "title_hi"] {
            let line = sidecar.lines().find(|line| line.starts_with(&format!("{key} = ")));
            assert!(line.is_some_and(|line| line.len() > format!("{key} = \"\"").len()), "{stem}: {key}");
        }
        let unlicensed = path.parent().unwrap().ancestors().any(|folder| folder.ends_with("unlicensed"));
        assert_eq!(sidecar.contains("none stated"), unlicensed, "{stem} is in the wrong folder");
    }
}

#[test]
fn a_system_is_named_as_its_file_and_counts_its_concepts() {
    for system in Codes::builtin().unwrap().systems() {
        assert_eq!(system.concepts().len(), system.len(), "{}", system.name());
        assert!(NAMES.contains(&system.name()));
        assert!(!system.is_empty());
    }
}

#[test]
fn every_cell_of_every_table_is_what_a_plain_reading_of_the_file_gives() {
    let codes = Codes::builtin().unwrap();
    for system in codes.systems() {
        let rows = rows_of(system.name());
        assert_eq!(rows.len(), system.len());
        for row in rows {
            let concept = system.lookup(&row["code"]).unwrap();
            assert_eq!(concept.code(), row["code"]);
            for (column, value) in &row {
                let read = match column.as_str() {
                    "code" => Some(concept.code()),
                    "display" => concept.designation(Language::En),
                    "display_pa" => concept.designation(Language::Pa),
                    "display_hi" => concept.designation(Language::Hi),
                    "parent" => concept.parent(),
                    "status" if concept.status() == Status::Retired => Some("retired"),
                    "status" => Some(value.as_str()).filter(|&value| value == "active"),
                    property => concept.property(property),
                };
                assert_eq!(read.unwrap_or_default(), value, "{} {} {column}", system.name(), row["code"]);
            }
            let properties = concept.properties().map(|(name, value)| (name.to_owned(), value.to_owned()));
            assert!(properties.into_iter().all(|(name, value)| row[&name] == value && !value.is_empty()));
        }
    }
}

#[test]
fn every_concept_has_a_name_a_trimmed_code_and_the_shape_of_its_system() {
    for system in Codes::builtin().unwrap().systems() {
        for concept in system.concepts() {
            assert!(!concept.display().is_empty(), "{} {}", system.name(), concept.code());
            assert_eq!(concept.code().trim(), concept.code());
            assert!(system.validate(concept.code()).is_valid());
        }
        if !system.shapes().is_empty() {
            let wrong = format!("{}~", system.concepts().next().unwrap().code());
            let message = format!("{:?}", system.validate(&wrong));
            assert!(message.contains("WrongShape"), "{message}");
        }
    }
}

#[test]
fn every_code_has_a_shape_of_its_system() {
    for system in Codes::builtin().unwrap().systems() {
        for concept in system.concepts() {
            let code = concept.code();
            let pattern = |byte: u8| match byte {
                b'0'..=b'9' => "9Xx",
                b'A'..=b'Z' => "AX",
                b'a'..=b'z' => "x",
                _ => "",
            };
            let fits = |shape: &String| {
                shape.len() == code.len()
                    && shape
                        .bytes()
                        .zip(code.bytes())
                        .all(|(want, have)| want == have || pattern(have).contains(char::from(want)))
            };
            assert!(system.shapes().is_empty() || system.shapes().iter().any(fits), "{} {code}", system.name());
        }
    }
}

#[test]
fn every_parent_exists_or_is_a_known_defect_that_is_still_one() {
    let codes = Codes::builtin().unwrap();
    for system in codes.systems() {
        let parents: BTreeSet<&str> = system.concepts().filter_map(|concept| concept.parent()).collect();
        let Some(parent_system) = system.parent_system() else {
            assert!(parents.is_empty(), "{} has parents of no system", system.name());
            continue;
        };
        let parent_system = codes.get_system(parent_system).unwrap();
        let missing: Vec<&str> = parents.into_iter().filter(|code| parent_system.lookup(code).is_none()).collect();
        assert_eq!(missing, system.known_orphans(), "{}", system.name());
    }
}

#[test]
fn references_between_systems_hold() {
    let codes = Codes::builtin().unwrap();
    let references = [
        ("service", "department", "department"),
        ("scheme", "department", "department"),
        ("complaint-type", "department", "department"),
        ("office", "department", "department"),
        ("office", "district", "lgd-district"),
        ("office", "subdistrict", "lgd-subdistrict"),
        ("office", "ulb", "lgd-ulb"),
        ("office", "reports_to", "office"),
        ("centre", "district", "lgd-district"),
        ("centre", "subdistrict", "lgd-subdistrict"),
        ("village", "district_codes", "lgd-district"),
        ("pin", "district_codes", "lgd-district"),
        ("lgd-ulb", "subdistrict_codes", "lgd-subdistrict"),
        ("bank", "default_ifsc", "ifsc"),
    ];
    let mut broken = Vec::new();
    for (system, property, target) in references {
        let target = codes.get_system(target).unwrap();
        for concept in codes.get_system(system).unwrap().concepts() {
            for code in concept.property(property).into_iter().flat_map(|value| value.split('|')) {
                if target.lookup(code).is_none() {
                    broken.push(format!("{system} {} {property} {code}", concept.code()));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{}: {:?}", broken.len(), &broken[..broken.len().min(20)]);
}

#[test]
fn a_centre_and_an_office_lie_in_the_district_of_their_sub_district() {
    let codes = Codes::builtin().unwrap();
    let tehsils = codes.get_system("lgd-subdistrict").unwrap();
    for system in ["centre", "office"] {
        for concept in codes.get_system(system).unwrap().concepts() {
            assert_eq!(concept.property("made_up"), Some("true"));
            let Some(tehsil) = concept.property("subdistrict") else { continue };
            assert_eq!(tehsils.lookup(tehsil).unwrap().parent(), concept.property("district"), "{concept:?}");
        }
    }
}

#[test]
fn the_numbers_that_are_known_come_out() {
    let codes = Codes::builtin().unwrap();
    let system = |name: &str| codes.get_system(name).unwrap();
    assert_eq!(system("ifsc").len(), 185_325);
    assert_eq!(system("lgd-district").children("3").len(), 23);
    let in_punjab =
        |name: &str| system(name).concepts().filter(|concept| concept.property("state_code") == Some("3")).count();
    assert_eq!((in_punjab("lgd-subdistrict"), in_punjab("lgd-block"), in_punjab("lgd-ulb")), (93, 153, 169));
    assert_eq!((system("service").len(), system("centre").len(), system("scheme").len()), (177, 515, 20));
    let notified = system("service").concepts().filter(|service| service.property("made_up") == Some("false"));
    assert_eq!(notified.count(), 10);
    let tehsils: BTreeSet<_> = system("centre").concepts().filter_map(|centre| centre.parent()).collect();
    assert_eq!(tehsils.len(), 93);
}

#[test]
fn known_defects_of_the_sources_are_kept_and_marked() {
    let codes = Codes::builtin().unwrap();
    let departments = codes.get_system("department").unwrap();
    for code in ["LGD-5", "LGD-2121", "LGD-2122", "LGD-2124", "MC-DEPT_49"] {
        assert!(departments.lookup(code).unwrap().property("defect").is_some(), "{code}");
    }
    assert!(codes.get_system("revenue-head").unwrap().lookup("3435").unwrap().property("defect").is_some());
    let demarcation = codes.get_system("service").unwrap().lookup("SVC-002").unwrap();
    assert_eq!(demarcation.property("limit_history"), Some("2012-01-01:21;2016-01-01:45"));
}

#[test]
fn the_last_limit_of_a_service_is_the_one_in_force() {
    for service in Codes::builtin().unwrap().get_system("service").unwrap().concepts() {
        let (_, limit) = service.property("limit_history").unwrap().rsplit_once(':').unwrap();
        assert_eq!(Some(limit), service.property("working_day_limit"), "{service:?}");
        assert!(service.property("fee_paise").unwrap().parse::<u32>().is_ok());
    }
}

#[test]
fn all_tables_together_stay_within_two_hundred_mebibytes() {
    let bytes: usize = Codes::builtin().unwrap().systems().map(CodeSystem::table_bytes).sum();
    assert!(bytes < 200 << 20, "{bytes}");
    assert!(bytes > 10 << 20, "{bytes}: are the tables counted?");
}

const SIDECAR: &str = "name = \"t\"\ntitle_en = \"T\"\ntitle_pa = \"T\"\ntitle_hi = \"T\"\nversion = \"1\"\nsource = \"s\"\n\
    licence = \"l\"\nsource_date = \"2026\"\nconcepts = 2\n";

fn packed(csv: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut encoder, csv.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

#[track_caller]
fn refuses(csv: &str, words: &str) {
    let error = CodeSystem::from_parts(SIDECAR, packed(csv)).unwrap_err();
    assert!(matches!(error, CodesError::Table { .. }) && error.to_string().contains(words), "{error}");
}

#[test]
fn a_table_that_breaks_a_rule_is_refused_by_name() {
    assert!(CodeSystem::from_parts(SIDECAR, packed("code,display,parent,status\na,A,,\nb,B,,retired\n")).is_ok());
    refuses("code,display,parent,status\na,A,,\na,B,,\n", "the code `a` stands twice");
    refuses("code,display,parent,status\na,A,,\n,B,,\n", "row 2 has no code");
    refuses("code,display,parent,status\na,A,,\nb,B,,gone\n", "status `gone`");
    refuses("code,display,parent,status\na,A,,\n", "1 concepts, but its sidecar says 2");
    refuses("code,display,status\na,A,\nb,B,\n", "column `parent` is missing");
    refuses("code,display,parent,status\na,A,,\nb,B\n", "fields");
    assert!(CodeSystem::from_parts(SIDECAR, b"plain text".to_vec()).unwrap_err().to_string().contains("not gzip"));
}

#[test]
fn a_table_cut_off_half_way_is_refused() {
    let whole = packed("code,display,parent,status\na,A,,\nb,B,,\n");
    for length in 0..whole.len() {
        assert!(CodeSystem::from_parts(SIDECAR, whole[..length].to_vec()).is_err(), "{length} of {}", whole.len());
    }
}

/// Whether a name is written in a script, and holds no letter of the other Indian one.
fn is_written_in(name: &str, language: Language) -> bool {
    let has = |from: char, to: char| name.chars().any(|letter| (from..=to).contains(&letter));
    let (gurmukhi, devanagari) = (has('\u{0A00}', '\u{0A7F}'), has('\u{0900}', '\u{097F}'));
    match language {
        Language::En => !gurmukhi && !devanagari,
        Language::Pa => gurmukhi && !devanagari,
        Language::Hi => devanagari && !gurmukhi,
    }
}

#[test]
fn what_citizens_ask_for_and_whom_they_ask_has_names_in_three_languages() {
    let codes = Codes::builtin().unwrap();
    for name in ["department", "service", "complaint-type", "designation", "scheme", "lgd-state", "office"] {
        let concepts = codes.get_system(name).unwrap().concepts();
        let of_places =
            |concept: &kanak_codes::Concept<'_>| matches!(concept.property("level"), Some("subdistrict" | "ulb"));
        for concept in concepts.filter(|concept| !of_places(concept)) {
            for language in Language::ALL {
                let named = concept.designation(language).unwrap_or_default();
                assert!(
                    is_written_in(named, language) && named.trim() == named && !named.is_empty(),
                    "{name} {}: {named}",
                    concept.code()
                );
            }
        }
    }
}

#[test]
fn every_translated_name_is_of_a_code_that_bears_it() {
    let codes = Codes::builtin().unwrap();
    let mut reader = csv::Reader::from_path(data().join("translations/names.csv")).unwrap();
    let rows: Vec<[String; 4]> = reader.deserialize().map(Result::unwrap).collect();
    for [system, display, pa, hi] in &rows {
        let bears = |concept: kanak_codes::Concept<'_>| {
            // An office is named by its kind and its place.
            let kind = |name: Option<&str>| name.map(|name| name.rsplit_once(", ").unwrap_or((name, "")).0.to_owned());
            let named = Language::ALL.map(|language| match system.as_str() {
                "office" => kind(concept.designation(language)),
                _ => concept.designation(language).map(str::to_owned),
            });
            named == [display, pa, hi].map(|name| Some(name.clone()))
        };
        assert!(codes.get_system(system).unwrap().concepts().any(bears), "{system}: {display}");
    }
    let sidecar = fs::read_to_string(data().join("translations/names.toml")).unwrap();
    assert!(sidecar.contains(&format!("concepts = {}\n", rows.len())), "{} names", rows.len());
}

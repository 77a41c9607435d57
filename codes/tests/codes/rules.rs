//! Charters, schemes, maps, value sets, defects and currency as they are shipped.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use kanak_codes::{
    AppealLevel, Codes, Concept, Day, Direction, Expand, Holidays, Relationship, Schemes, Status, Stop, StopClock,
    appeal_stages,
};

fn codes() -> Codes {
    Codes::builtin().unwrap()
}

fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

fn files(folder: &str) -> Vec<(String, toml::Table)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data").join(folder);
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let tomls = paths.filter(|path| path.extension().is_some_and(|extension| extension == "toml"));
    tomls
        .map(|path| {
            (
                path.file_stem().unwrap().to_str().unwrap().to_owned(),
                fs::read_to_string(&path).unwrap().parse().unwrap(),
            )
        })
        .collect()
}

#[test]
fn demarcation_of_2012_and_of_2020_get_21_and_45_working_days() {
    let (codes, holidays) = (codes(), Holidays::builtin());
    let demarcation = codes.find_charter("SVC-002").unwrap().unwrap();
    let calendar = holidays.calendar();
    for (applied_on, limit) in [("2012-06-01", 21), ("2015-12-31", 21), ("2016-01-01", 45), ("2020-06-01", 45)] {
        let applied_on = day(applied_on);
        assert_eq!(demarcation.limit_on(applied_on), Some(limit), "{applied_on}");
        let due = demarcation.due_on(applied_on, calendar).unwrap();
        assert_eq!(calendar.working_days_between(applied_on, due), limit);
    }
    assert_eq!(demarcation.limit_on(day("2011-12-31")), None);
    assert_eq!(demarcation.due_on(day("2011-12-31"), calendar), None);
    assert!(!demarcation.is_made_up());
    assert_eq!(demarcation.made_up_fields().collect::<Vec<_>>(), ["code", "fee_paise"]);
    assert_eq!((demarcation.designated_officer(), demarcation.documents().count()), (Some("Tehsildar"), 0));
}

#[test]
fn waiting_for_the_applicant_puts_the_due_day_off() {
    let (codes, holidays) = (codes(), Holidays::builtin());
    let (demarcation, calendar, applied_on) =
        (codes.find_charter("SVC-002").unwrap().unwrap(), holidays.calendar(), day("2020-06-01"));
    let stops = [Stop { from: day("2020-06-08"), until: Some(day("2020-06-15")) }];
    let clock = StopClock { stops: &stops, working_days_max: None };
    let (plain, later) =
        (demarcation.due_on(applied_on, calendar), demarcation.due_with_stops(applied_on, calendar, clock));
    assert_eq!(later, calendar.add_working_days(plain.unwrap(), 5));
}

#[test]
fn every_service_has_a_charter_and_only_made_up_ones_have_documents() {
    let codes = codes();
    let charters = codes.charters().unwrap();
    assert_eq!(charters.len(), codes.get_system("service").unwrap().len());
    for charter in &charters {
        let current = charter.limits().last().unwrap();
        assert_eq!(current.validity.until, None, "{}", charter.code());
        assert!(charter.fee_paise().is_some() && charter.designated_officer().is_some());
        assert_eq!(charter.documents().count() == 0, !charter.is_made_up(), "{}", charter.code());
    }
    assert!(codes.find_charter("SVC-000").unwrap().is_none());
}

#[test]
fn an_act_gives_way_to_the_next_one_in_a_day() {
    let codes = codes();
    let charter = codes.find_charter("SVC-001").unwrap().unwrap();
    let stages =
        |text: &str| charter.appeals_on(day(text)).map(|stage| (stage.level, stage.is_confirmed)).collect::<Vec<_>>();
    assert_eq!(stages("2018-07-16"), [(AppealLevel::First, true), (AppealLevel::Second, true)]);
    assert_eq!(stages("2018-07-17"), [(AppealLevel::First, false), (AppealLevel::Second, false)]);
    let first = charter.appeals_on(day("2015-01-01")).next().unwrap();
    assert_eq!(kanak_codes::ServiceCharter::appeal_until(first, day("2015-01-01")), Some(day("2015-01-31")));
    assert_eq!(appeal_stages().len(), 4);
}

#[test]
fn a_scheme_has_rules_and_each_rule_a_scheme() {
    let codes = codes();
    let schemes = Schemes::builtin().unwrap();
    let ruled: Vec<&str> = schemes.iter().map(|scheme| scheme.code.as_str()).collect();
    let listed: Vec<&str> = codes.get_system("scheme").unwrap().concepts().map(|concept| concept.code()).collect();
    assert_eq!(ruled, listed);
    for scheme in schemes.iter() {
        assert_eq!(codes.get_system("scheme").unwrap().lookup(&scheme.code).unwrap().display(), scheme.title);
    }
}

#[test]
fn codes_of_a_map_exist_and_the_relationships_are_known() {
    let codes = codes();
    let known = [
        "equivalent",
        "source-is-narrower-than-target",
        "source-is-broader-than-target",
        "related-to",
        "not-related-to",
    ];
    for (name, sidecar) in files("concept-maps") {
        let system = |key: &str| codes.get_system(sidecar[key].as_str().unwrap()).unwrap();
        let (source, target) = (system("source_system"), system("target_system"));
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/concept-maps").join(format!("{name}.csv"));
        let mut pairs = BTreeSet::new();
        for row in csv::Reader::from_path(path).unwrap().deserialize() {
            let row: BTreeMap<String, String> = row.unwrap();
            assert!(
                source.lookup(&row["source"]).is_some() && target.lookup(&row["target"]).is_some(),
                "{name} {row:?}"
            );
            assert!(known.contains(&row["relationship"].as_str()), "{name} {row:?}");
            assert!(pairs.insert((row["source"].clone(), row["target"].clone())), "{name} {row:?} stands twice");
        }
    }
}

#[test]
fn every_industry_but_ten_leads_to_one_of_isic_of_four_digits_at_most() {
    let codes = codes();
    let mut without = Vec::new();
    for concept in codes.get_system("nic").unwrap().concepts() {
        let code = concept.code();
        let found = codes.translate("nic-isic", code, Direction::Forward, None).unwrap();
        match found[..] {
            [] => without.push(code),
            [only] => {
                assert_eq!(only.concept.unwrap().code(), &code[..code.len().min(4)]);
                let narrower = only.mapping.relationship == Relationship::SourceIsNarrowerThanTarget;
                assert_eq!(
                    (narrower, only.mapping.relationship == Relationship::Equivalent),
                    (code.len() == 5, code.len() < 5)
                );
            }
            _ => panic!("{code} leads to {found:?}"),
        }
    }
    assert_eq!(without.len(), 10, "{without:?}");
    assert!(
        without.iter().all(|code| codes.get_system("nic").unwrap().lookup(code).unwrap().property("defect").is_some())
    );
}

/// The codes of a value set by a plain reading of its blocks.
fn members(codes: &Codes, set: &toml::Table) -> BTreeSet<String> {
    let holds = |concept: Concept<'_>, block: &toml::Table| {
        let text = |key: &str| block.get(key).and_then(toml::Value::as_str);
        let listed = block.get("codes").and_then(toml::Value::as_array);
        listed.is_none_or(|list| list.iter().any(|code| code.as_str() == Some(concept.code())))
            && text("parent").is_none_or(|parent| concept.parent() == Some(parent))
            && text("status").is_none_or(|_| concept.status() == Status::Active)
            && block
                .get("where")
                .and_then(toml::Value::as_table)
                .is_none_or(|all| all.iter().all(|(name, value)| concept.property(name) == value.as_str()))
    };
    let of = |kind: &str| -> BTreeSet<String> {
        let blocks =
            set.get(kind).and_then(toml::Value::as_array).into_iter().flatten().map(|block| block.as_table().unwrap());
        let all = blocks.flat_map(|block| {
            let system = codes.get_system(block["system"].as_str().unwrap()).unwrap();
            system
                .concepts()
                .filter(|concept| holds(*concept, block))
                .map(|concept| concept.code().to_owned())
                .collect::<Vec<_>>()
        });
        all.collect()
    };
    &of("include") - &of("exclude")
}

#[test]
fn value_sets_have_the_members_that_their_names_promise() {
    let codes = codes();
    let sets: BTreeMap<String, BTreeSet<String>> =
        files("value-sets").iter().map(|(name, set)| (name.clone(), members(&codes, set))).collect();
    for (name, members) in &sets {
        assert!(!members.is_empty(), "{name} is empty");
        let all = codes.expand(name, &Expand { count: usize::MAX, ..Expand::default() }).unwrap();
        let expanded: BTreeSet<String> = all.concepts.iter().map(|one| one.concept.code().to_owned()).collect();
        assert_eq!(&expanded, members, "{name}");
    }
    assert_eq!(codes.value_sets().len(), sets.len());
    let corporations = &sets["municipal-corporations-punjab"];
    assert_eq!(corporations.len(), 13);
    assert!(corporations.contains("248338"), "Ludhiana is a corporation");
    assert_eq!((sets["districts-punjab"].len(), sets["tehsils-punjab"].len()), (23, 93));
    assert_eq!((sets["services-with-limit"].len(), sets["services-notified"].len()), (177, 10));
    assert!(
        sets["departments-in-use"]
            .iter()
            .all(|code| { codes.get_system("department").unwrap().lookup(code).unwrap().property("defect").is_none() })
    );
    let branches = codes.get_system("ifsc").unwrap();
    assert!(
        sets["active-branches-punjab"]
            .iter()
            .all(|code| branches.lookup(code).unwrap().property("state") == Some("PUNJAB"))
    );
    let complaints: usize =
        sets.iter().filter(|(name, _)| name.starts_with("complaints-")).map(|(_, set)| set.len()).sum();
    let active = codes.get_system("complaint-type").unwrap().concepts().filter(|kind| kind.status() == Status::Active);
    assert_eq!(complaints, active.count(), "each active kind of complaint is in the set of one department");
}

#[test]
fn the_stewards_list_names_each_kind_of_defect_with_a_remedy() {
    let codes = codes();
    let defects = codes.defects();
    for (system, code) in [
        ("department", "LGD-5"),
        ("department", "LGD-2121"),
        ("department", "LGD-2122"),
        ("department", "LGD-2124"),
        ("revenue-head", "3435"),
        ("revenue-head", "3455"),
        ("pin", "121999"),
        ("nic", "2020"),
        ("nic", "20203"),
        ("lgd-ulb", "277304"),
        ("ifsc", "VTBJ"),
    ] {
        let found = defects.iter().find(|defect| defect.system == system && defect.code == code);
        assert!(found.is_some(), "{system} {code}");
    }
    assert!(defects.iter().all(|defect| !defect.what.is_empty() && !defect.remedy.is_empty()));
    assert!(defects.windows(2).all(|pair| (&pair[0].system, &pair[0].code) <= (&pair[1].system, &pair[1].code)));
    let orphans: usize = codes.systems().map(|system| system.known_orphans().len()).sum();
    let stated = |system: &kanak_codes::CodeSystem| {
        system.concepts().filter(|concept| concept.property("defect").is_some()).count()
    };
    assert!(defects.len() >= orphans + codes.systems().map(stated).sum::<usize>());
}

#[test]
fn no_more_rows_count_as_real_than_there_are_and_made_up_systems_have_none() {
    let codes = codes();
    let currency = codes.currency();
    assert_eq!(currency.len(), codes.systems().len());
    for one in &currency {
        assert!(one.rows_real <= one.rows, "{}", one.system);
        assert!(!one.is_made_up || one.rows_real == 0, "{}", one.system);
        assert!(one.age_days(day("2026-12-31")).is_some(), "{}: {:?}", one.system, one.source_date);
        assert!(one.share_present().is_none_or(|share| (0.0..=1.0).contains(&share)));
    }
    let of = |name: &str| currency.iter().find(|one| one.system == name).unwrap();
    assert_eq!((of("service").rows_real, of("service").rows_official), (10, Some(351)));
    assert_eq!(of("lgd-district").age_days(day("2022-03-12")), Some(1));
    assert!(of("lgd-district").gaps.iter().any(|gap| gap.contains("Fazilka")));
}

#[test]
fn a_source_without_a_date_is_of_no_age() {
    let sidecar = crate::made::sidecar("guild", "1", "", "code,display\nA,Ash\n");
    let packed_csv = crate::made::pack("code,display,parent,status\nA,Ash,,\n");
    let sidecar = sidecar.replace("source_date = \"2026\"", "source_date = \"none stated\"");
    let codes = crate::made::with(vec![kanak_codes::Part::System { sidecar, packed_csv }]);
    let currency = codes.currency();
    let guild = currency.iter().find(|one| one.system == "guild").unwrap();
    assert_eq!((guild.source_date, guild.age_days(day("2026-12-31"))), (None, None));
}

#[test]
fn lists_of_drawing_officers_of_heads_and_of_holidays_read_by_the_shipped_sidecars() {
    use std::io::Write as _;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/importable");
    for (name, rows, asked) in [
        ("head-of-account", "0029,Land Revenue,,\n002900,Sub,0029,\n002900101,Minor,002900,\n", "002900101"),
        ("holiday", "2028-01-26,Republic Day,,,,national\nfair-27,Fair,,,2028-03-01,local,3,27\n", "fair-27"),
        ("drawing-officer", "PB-041,Tehsildar Dhuri,OFF-REV-T270,,OFF-REV-T270,Sangrur,43\n", "pb-041"),
    ] {
        let header = fs::read_to_string(folder.join(format!("{name}.csv"))).unwrap();
        let columns = header.trim().split(',').count();
        let filled: String =
            rows.lines().map(|row| format!("{row}{}\n", ",".repeat(columns - row.split(',').count()))).collect();
        let sidecar = fs::read_to_string(folder.join(format!("{name}.toml"))).unwrap();
        let sidecar = sidecar.replace("concepts = 0", &format!("concepts = {}", rows.lines().count()));
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(format!("{header}{filled}").as_bytes()).unwrap();
        let system = kanak_codes::CodeSystem::from_parts(&sidecar, packed.finish().unwrap()).unwrap();
        assert!(system.validate(asked).is_valid(), "{name}");
    }
}

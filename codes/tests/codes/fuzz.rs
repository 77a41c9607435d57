//! Each parser fed with what was right before some of it was changed: it takes all of it or nothing, says what is wrong in a few
//! words, and never panics. `PROPTEST_CASES` says how many times; `tests/run --long` asks for many.

use kanak_codes::{
    Codes, CodesError, ConceptMap, Day, Direction, Expand, HeadOfAccount, Imported, Part, Sidecar, ValueSet,
    import_csv, import_digit, import_fhir, land,
};
use proptest::{collection::vec, prelude::*, sample::Index};

use crate::made;

const CSV: &str = "code,display,display_pa,display_hi,parent,status,valid_from,valid_until,replaced_by,fee\n\
    A,Alpha,ਅਲਫ਼ਾ,अल्फ़ा,,active,2015-01-01,,,10\nA1,\"Alpha, the \"\"first\"\"\",,,A,retired,2015-01-01,2021-05-14,A2,\n\
    A2,Alpha two,,,A,active,2021-05-14,,,25\nB,\"Beta\nof two lines\",,,,,,,,\n";
const FHIR: &str = r#"{"resourceType":"CodeSystem","id":"list","title":"A list","version":"7","publisher":"s","date":"2026-11-01",
    "content":"complete","caseSensitive":true,"concept":[{"code":"A","display":"Alpha","definition":"the first",
    "designation":[{"language":"pa-Guru","value":"ਅਲਫ਼ਾ"},{"language":"hi","value":"अल्फ़ा"}],"concept":[{"code":"A1","display":"One",
    "property":[{"code":"inactive","valueBoolean":true},{"code":"weight","valueDecimal":1.5},{"code":"replacedBy","valueCode":"A"},
    {"code":"retirementDate","valueDateTime":"2020-03-01T00:00:00Z"}]}]},{"code":"B","property":[{"code":"colour",
    "valueCoding":{"code":"red"}},{"code":"parent","valueCode":"A"}]}]}"#;
const DIGIT: &str = r#"{"ResponseInfo":{"status":"ok"},"MdmsRes":{"common-masters":{"Department":[
    {"code":"D1","name":"Street Lights","active":true,"slaHours":24,"tags":["a","b"],"more":{"k":1}},
    {"code":"D2","name":"Roads","active":false,"slaHours":null}]}}}"#;
const SIDECAR: &str = "# a list\nname = \"list\"\ntitle_en = \"A list\"\ntitle_pa = \"ਸੂਚੀ\"\ntitle_hi = \"सूची\"\nversion = \"7\"\nsource = \"s\"\n\
    licence = \"l\"\nsource_date = \"2026-11\"\nmade_up = false\nconcepts = 4\nshapes = [\"A\", \"A9\"]\nsearched = [\"fee\"]\n\
    parent_system = \"list\"\nhierarchies = []\nknown_orphans = [\"Z\"]\neffective_from = \"2026-11-28\"\nnotes = \"\"\"\nmany\nlines\"\"\"\n";
const VALUE_SET: &str = "name = \"set\"\ntitle_en = \"T\"\ntitle_pa = \"T\"\ntitle_hi = \"T\"\nversion = \"1\"\nsource = \"s\"\nlicence = \"l\"\n\
    effective_from = \"2026-11-28\"\n[[include]]\nsystem = \"nic\"\nis_a = \"01\"\nhierarchy = \"parent\"\nstatus = \"active\"\n[[include]]\n\
    value_set = \"districts-punjab\"\nsystem = \"lgd-district\"\ncodes = [\"27\", \"737\"]\nparent = \"3\"\n\
    where = { state_code = \"3\", label = [\"a\", \"b\"] }\n[[exclude]]\nsystem = \"nic\"\ncodes = [\"011\"]\n";
const MAP: &str = "name = \"map\"\ntitle_en = \"T\"\ntitle_pa = \"T\"\ntitle_hi = \"T\"\nversion = \"1\"\nsource = \"s\"\nlicence = \"l\"\n\
    source_system = \"lgd-district\"\ntarget_system = \"lgd-district\"\nlineage = true\n";
const MAP_ROWS: &str = "source,target,relationship,valid_from,comment\n# a comment\n43,737,source-is-broader-than-target,2021-05-14,\"split, of \"\n\
    43,43,source-is-broader-than-target,2021-05-14,\n27,,not-related-to,,\n27,609,equivalent,,\n";

/// What stands in the place of something right: what ends, begins or escapes a part of some form, is too large, or is not seen.
const BITS: [&str; 40] = [
    "\0",
    "\"",
    "\"\"",
    "'",
    "\\",
    "\\u0000",
    "\\ud800",
    "\n",
    "\r\n",
    ",",
    ",,",
    ";",
    "|",
    ":",
    "=",
    "[",
    "]",
    "[[",
    "{",
    "}",
    "#",
    "-",
    "-1",
    "0",
    "1e999",
    "99999999999999999999",
    "null",
    "true",
    "A",
    "code",
    "parent",
    "2021-02-30",
    "0000-00-00",
    "+262143-01-01",
    "\u{202E}",
    "\u{FEFF}",
    "ਕ",
    "\u{0A4D}",
    "𒀀",
    "\u{301}",
];

/// One change to a text.
#[derive(Debug, Clone)]
enum Mutation {
    /// A byte is another one, so that the text may no longer be UTF-8.
    Byte(Index, u8),
    /// Some bytes are gone.
    Cut(Index, usize),
    /// Some bytes come once more elsewhere.
    Copy(Index, usize, Index),
    /// A line comes twice.
    Twice(Index),
    /// Something stands between.
    Insert(Index, &'static str),
    /// The rest is missing.
    End(Index),
}

fn mutations() -> impl Strategy<Value = Vec<Mutation>> {
    let at = any::<Index>;
    let one = prop_oneof![
        1 => (at(), any::<u8>()).prop_map(|(at, byte)| Mutation::Byte(at, byte)),
        2 => (at(), 1usize..24).prop_map(|(at, length)| Mutation::Cut(at, length)),
        2 => (at(), 1usize..80, at()).prop_map(|(from, length, to)| Mutation::Copy(from, length, to)),
        1 => at().prop_map(Mutation::Twice),
        4 => (at(), prop::sample::select(BITS.to_vec())).prop_map(|(at, bit)| Mutation::Insert(at, bit)),
        1 => at().prop_map(Mutation::End),
    ];
    vec(one, 0..7)
}

/// A text after some changes.
fn mutated(text: &str, mutations: &[Mutation]) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    for mutation in mutations {
        let place = |at: &Index| at.index(bytes.len() + 1);
        match mutation {
            Mutation::Byte(at, byte) => {
                let at = place(at).min(bytes.len().saturating_sub(1));
                if let Some(changed) = bytes.get_mut(at) {
                    *changed = *byte;
                }
            }
            Mutation::Cut(at, length) => {
                let from = place(at);
                let to = bytes.len().min(from + length);
                bytes.drain(from..to);
            }
            Mutation::Copy(from, length, to) => {
                let (from, to) = (place(from), place(to));
                let copied = bytes[from..bytes.len().min(from + length)].to_vec();
                bytes.splice(to..to, copied);
            }
            Mutation::Twice(at) => {
                let at = place(at);
                let from = bytes[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
                let to = bytes[at..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |end| at + end + 1);
                let line = bytes[from..to].to_vec();
                bytes.splice(from..from, line);
            }
            Mutation::Insert(at, bit) => {
                let at = place(at);
                bytes.splice(at..at, bit.bytes());
            }
            Mutation::End(at) => {
                let at = place(at);
                bytes.truncate(at);
            }
        }
    }
    bytes
}

fn changed(text: &'static str) -> impl Strategy<Value = Vec<u8>> {
    mutations().prop_map(move |mutations| mutated(text, &mutations))
}

/// The same as a text, with what is no UTF-8 marked as such: for parsers that are given a text.
fn changed_text(text: &'static str) -> impl Strategy<Value = String> {
    changed(text).prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

fn about() -> Sidecar {
    let text = "name = \"list\"\ntitle_en = \"A list\"\nversion = \"7\"\nsource = \"s\"\nlicence = \"l\"\nsource_date = \"2026\"\n\
        parent_system = \"list\"\n";
    Sidecar::parse_draft("about", text).unwrap()
}

/// A refusal says something, and no more than can be shown and logged.
fn is_clear(error: &CodesError) -> Result<(), TestCaseError> {
    let message = error.to_string();
    prop_assert!(message.len() > 10 && message.len() < 3_000, "{}", message);
    Ok(())
}

/// An import is a whole code system, each of whose codes can be asked for and which reads back the same, or a clear refusal.
fn is_whole(imported: Result<Imported, CodesError>) -> Result<(), TestCaseError> {
    let imported = match imported {
        Ok(imported) => imported,
        Err(error) => return is_clear(&error),
    };
    let system = &imported.system;
    prop_assert_eq!(system.concepts().len(), system.len());
    for concept in system.concepts() {
        prop_assert_eq!(system.lookup(concept.code()), Some(concept));
        prop_assert!(!concept.display().is_empty());
    }
    let again = import_csv(system.sidecar().clone(), system.packed_csv());
    // Spaces around cells are left out on the way.
    prop_assert_eq!(again.map(|again| again.system.len()), Ok(system.len()));
    let codes = Codes::builtin().unwrap().with(vec![imported.part()]);
    prop_assert!(codes.is_ok(), "{:?}", codes.err());
    Ok(())
}

/// What is published beside something good is published with it, or neither is.
fn is_all_or_nothing(part: Part) -> Result<Option<Codes>, TestCaseError> {
    let before = Codes::builtin().unwrap();
    let counts = |codes: &Codes| (codes.systems().len(), codes.value_sets().len(), codes.concept_maps().len());
    let counted = counts(&before);
    let good = made::part("good", "1", "", "code,display,parent,status\nx,X,,\n");
    match before.with(vec![good, part]) {
        Ok(codes) => {
            prop_assert!(codes.system("good").is_some());
            Ok(Some(codes))
        }
        Err(error) => {
            is_clear(&error)?;
            prop_assert!(before.system("good").is_none() && counts(&before) == counted);
            Ok(None)
        }
    }
}

proptest! {
    #[test]
    fn a_changed_table_is_taken_whole_or_refused(bytes in changed(CSV), packs: bool) {
        let packed = || made::pack(&String::from_utf8_lossy(&bytes));
        is_whole(import_csv(about(), &if packs { packed() } else { bytes.clone() }))?;
    }

    #[test]
    fn a_changed_packed_table_is_taken_whole_or_refused(mutations in mutations(), at in any::<Index>(), bit in 0u8..8) {
        let mut packed = made::pack(&String::from_utf8_lossy(&mutated(CSV, &mutations)));
        let at = at.index(packed.len());
        packed[at] ^= 1 << bit;
        is_whole(import_csv(about(), &packed))?;
        let sidecar = made::sidecar("list", "7", "parent_system = \"list\"", CSV);
        is_all_or_nothing(Part::System { sidecar, packed_csv: packed })?;
    }

    #[test]
    fn a_changed_fhir_resource_is_taken_whole_or_refused(bytes in changed(FHIR)) {
        is_whole(import_fhir(about(), &bytes))?;
    }

    #[test]
    fn a_changed_digit_master_is_taken_whole_or_refused(bytes in changed(DIGIT), names_it: bool) {
        is_whole(import_digit(about(), names_it.then_some("Department"), &bytes))?;
    }

    #[test]
    fn a_changed_sidecar_reads_back_or_is_refused_with_a_line_of_it(text in changed_text(SIDECAR)) {
        match Sidecar::parse("list.toml", &text) {
            Ok(sidecar) => prop_assert_eq!(Sidecar::parse("again", &sidecar.to_text()), Ok(sidecar)),
            Err(error) => {
                is_clear(&error)?;
                let in_lines = |line: usize| line <= text.lines().count() + 1;
                prop_assert!(matches!(&error, CodesError::Sidecar { line, .. } if in_lines(*line)), "{:?}", error);
            }
        }
        is_all_or_nothing(Part::System { sidecar: text, packed_csv: made::pack(CSV) })?;
    }

    #[test]
    fn a_changed_value_set_has_members_or_is_refused(text in changed_text(VALUE_SET)) {
        let parsed = ValueSet::parse("set", &text);
        let Some(codes) = is_all_or_nothing(Part::ValueSet { text })? else { return Ok(()) };
        let set = parsed.unwrap();
        prop_assert!(codes.problems_of(set.name()).is_ok());
        let page = codes.expand(set.name(), &Expand { as_of: Day::parse("2026-11-28"), ..Expand::default() });
        if let Ok(page) = page {
            prop_assert!(page.concepts.len() <= page.total);
        }
    }

    #[test]
    fn a_changed_concept_map_translates_or_is_refused(text in changed_text(MAP), rows in changed_text(MAP_ROWS), both: bool) {
        let (text, csv) = if both { (text, rows) } else { (MAP.to_owned(), rows) };
        let parsed = ConceptMap::parse("map", &text, &csv);
        let Some(codes) = is_all_or_nothing(Part::ConceptMap { text, csv })? else { return Ok(()) };
        let map = parsed.unwrap();
        for mapping in map.mappings() {
            let found = codes.translate(map.name(), mapping.from_code, Direction::Forward, None).unwrap();
            prop_assert!(found.iter().any(|one| one.mapping.to_code == mapping.to_code));
        }
    }

    #[test]
    fn a_changed_reference_to_land_or_head_of_account_reads_back_or_is_refused(
        text in prop_oneof![
            changed_text("hadbast 123, khewat 45/2 min, khasra 12//7/1"),
            changed_text("khewat 101 khatauni 205 khasra 33/2"),
            changed_text("2202-01-101-01-00-13"),
            changed_text("0029-00-101-01"),
        ]
    ) {
        if let Ok(head) = text.parse::<HeadOfAccount>() {
            prop_assert_eq!(head.to_string().parse(), Ok(head));
        }
        if let Ok(reference) = text.parse::<land::LandReference>() {
            prop_assert_eq!(reference.to_string().parse(), Ok(reference));
        }
        if let Ok(khasra) = text.parse::<land::Khasra>() {
            prop_assert_eq!(khasra.to_string().parse(), Ok(khasra));
        }
        if let Ok(khewat) = text.parse::<land::Khewat>() {
            prop_assert_eq!(khewat.to_string().parse(), Ok(khewat));
        }
    }

    #[test]
    fn a_changed_filter_lists_what_is_there(
        filter in prop_oneof![changed_text("Sangrur"), changed_text("ਮਲੇਰਕੋਟਲਾ 737"), changed_text("cultivation of rice")],
        offset in prop_oneof![0usize..30, Just(usize::MAX)], count in prop_oneof![0usize..30, Just(usize::MAX)],
    ) {
        let codes = Codes::builtin().unwrap();
        let ask = Expand { filter: &filter, offset, count, ..Expand::default() };
        for page in [codes.expand("districts-punjab", &ask).unwrap(), codes.expand_system("nic", &ask).unwrap()] {
            prop_assert_eq!(page.concepts.len(), count.min(page.total.saturating_sub(offset)));
        }
        prop_assert!(codes.get_system("lgd-district").unwrap().search(&filter, 10).len() <= 10);
    }
}

#[test]
fn what_is_changed_was_right_before() {
    is_whole(import_csv(about(), CSV.as_bytes())).unwrap();
    for imported in [
        import_csv(about(), CSV.as_bytes()),
        import_fhir(about(), FHIR.as_bytes()),
        import_digit(about(), Some("Department"), DIGIT.as_bytes()),
    ] {
        assert!(imported.is_ok(), "{imported:?}");
    }
    assert!(Sidecar::parse("list.toml", SIDECAR).is_ok());
    assert!(ValueSet::parse("set", VALUE_SET).is_ok() && ConceptMap::parse("map", MAP, MAP_ROWS).is_ok());
    for text in ["2202-01-101-01-00-13", "0029-00-101-01"] {
        assert!(text.parse::<HeadOfAccount>().is_ok(), "{text}");
    }
}

//! Lists from outside, good and hostile.

use kanak_codes::{
    CODE_BYTES_MAX, Codes, CodesError, Imported, Language, Sidecar, Status, Subsumption, import_csv, import_digit,
    import_fhir,
};
use proptest::prelude::*;
use serde_json::{Value, json};

fn about() -> Sidecar {
    let text = "name = \"list\"\ntitle_en = \"A list\"\nversion = \"7\"\nsource = \"s\"\nlicence = \"l\"\nsource_date = \"2026\"\n";
    Sidecar::parse_draft("about", text).unwrap()
}

fn tree() -> Sidecar {
    Sidecar { parent_system: Some("list".to_owned()), ..about() }
}

#[track_caller]
fn refuses(result: Result<Imported, CodesError>, words: &[&str]) {
    let message = result.unwrap_err().to_string();
    assert!(words.iter().all(|words| message.contains(words)), "{message}");
    assert!(message.len() < 600, "{} bytes of message", message.len());
}

#[test]
fn a_table_is_read_published_and_looked_up() {
    let csv = "\u{FEFF}code,display,display_pa,parent,status,valid_from,replaced_by,fee\n\
        A, Alpha ,ਅ,,active,2020-01-01,,10\nB,\"Beta, the second\",,A,retired,,A,\n";
    let imported = import_csv(tree(), csv.as_bytes()).unwrap();
    assert_eq!(imported.notes.len(), 2, "{:?}", imported.notes);
    let codes = Codes::builtin().unwrap().with(vec![imported.part()]).unwrap();
    let system = codes.get_system("list").unwrap();
    let beta = system.lookup("B").unwrap();
    assert_eq!((beta.display(), beta.status(), beta.parent()), ("Beta, the second", Status::Retired, Some("A")));
    assert_eq!(beta.replaced_by().collect::<Vec<_>>(), ["A"]);
    assert_eq!(system.lookup("A").unwrap().designation(Language::Pa), Some("ਅ"));
    assert_eq!((system.len(), system.version(), system.title_in(Language::Hi)), (2, "7", "A list"));
    assert_eq!(system.subsumes("A", "B"), Some(Subsumption::Subsumes));
}

#[test]
fn a_table_is_the_same_packed_or_plain_and_its_own_export_reads_again() {
    let csv = "code,display\nx,X\ny,Y\n";
    let plain = import_csv(about(), csv.as_bytes()).unwrap();
    let packed = import_csv(about(), &crate::made::pack(csv)).unwrap();
    assert_eq!(plain.part(), packed.part());
    let again = import_csv(plain.system.sidecar().clone(), plain.system.packed_csv()).unwrap();
    assert_eq!(again.part(), plain.part());
}

#[test]
fn a_cell_that_a_spreadsheet_would_take_for_a_formula_stays_as_it_is() {
    let csv = "code,display,fee\na,=1+1,-5\nb,@SUM(A1),+91\n-c,C,\n";
    let imported = import_csv(about(), csv.as_bytes()).unwrap();
    let [a, b] = ["a", "b"].map(|code| imported.system.lookup(code).unwrap());
    assert_eq!(
        (a.display(), a.property("fee"), b.display(), b.property("fee")),
        ("=1+1", Some("-5"), "@SUM(A1)", Some("+91"))
    );
    let again = import_csv(imported.system.sidecar().clone(), imported.system.packed_csv()).unwrap();
    assert_eq!(again.part(), imported.part());
}

#[test]
fn every_table_that_is_built_in_would_be_taken() {
    for system in Codes::builtin().unwrap().systems().filter(|system| system.len() < 25_000) {
        let imported = import_csv(system.sidecar().clone(), system.packed_csv());
        let imported = imported.unwrap_or_else(|error| panic!("{}: {error}", system.name()));
        let found = kanak_codes::diff(system, &imported.system);
        // Spaces around cells are left out on the way.
        let differs = |field: &kanak_codes::FieldChange<'_>| field.before.trim() != field.after;
        assert!(found.added.is_empty() && found.removed.is_empty());
        assert!(!found.changed.iter().flat_map(|change| &change.fields).any(differs), "{}", system.name());
    }
}

#[test]
fn a_wrong_row_is_named_with_what_to_do() {
    let table = |csv: &str| import_csv(tree(), csv.as_bytes());
    refuses(table("code,display\na,A\na,B\n"), &["line 3", "`a` stands at line 2 already", "keep one"]);
    refuses(table("code,display\n,A\n"), &["line 2", "no code"]);
    refuses(table("code,display\na,\n"), &["line 2", "`a` has no display"]);
    refuses(table("code,display,status\na,A,gone\n"), &["line 2", "`gone`", "active, retired or nothing"]);
    refuses(table("code,display,parent\na,A,b\n"), &["line 2", "`b`, which the list does not have"]);
    refuses(table("code,display,parent\na,A,b\nb,B,a\n"), &["circle", "a < b < a"]);
    refuses(table("code,display,replaced_by\na,A,a\n"), &["replaced by `a`"]);
    refuses(table("code,display,valid_from\na,A,2021-13-01\n"), &["valid_from `2021-13-01`", "YYYY-MM-DD"]);
    refuses(table("code,display\na,A,x\n"), &["line 2", "3 cells where the header has 2"]);
    refuses(table("code,name\na,A\n"), &["`display` is missing"]);
    refuses(table("code,display,code\na,A,a\n"), &["`code` stands twice"]);
    refuses(table("code,display,bad name!\na,A,a\n"), &["`bad name!`"]);
    refuses(table("code,display\n"), &["no concept"]);
    refuses(table(""), &["missing"]);
    refuses(import_csv(about(), b"code,display,parent\na,A,b\n"), &["parent_system"]);
    refuses(
        import_csv(Sidecar { version: String::new(), ..about() }, b"code,display\na,A\n"),
        &["`version` is missing"],
    );
    refuses(import_csv(Sidecar { name: "../x".into(), ..about() }, b"code,display\na,A\n"), &["`name` cannot be"]);
    refuses(
        import_csv(Sidecar { shapes: vec!["99".into()], ..about() }, b"code,display\n7,A\n"),
        &["line 2", "does not look like 99"],
    );
    refuses(import_csv(Sidecar { case_insensitive: true, ..about() }, b"code,display\nab,A\n"), &["small letters"]);
}

#[test]
fn a_message_names_the_line_that_an_editor_shows() {
    let rows: Vec<String> = (2..=130).map(|line| format!("c{line},N")).collect();
    for end in ["\n", "\r\n", "\r"] {
        let table = |change: &dyn Fn(&mut Vec<String>)| {
            let mut lines = [vec!["code,display".to_owned()], rows.clone()].concat();
            change(&mut lines);
            import_csv(about(), (lines.join(end) + end).as_bytes())
        };
        assert!(table(&|_| {}).is_ok());
        refuses(table(&|lines| lines[129] = "c5,N".into()), &["line 130: the code `c5` stands at line 5 already"]);
        refuses(table(&|lines| lines[6] = ",N".into()), &["line 7: it has no code"]);
        refuses(table(&|lines| lines[6] = "c7,".into()), &["line 7: `c7` has no display"]);
        refuses(table(&|lines| lines[6] = "c7".into()), &["line 7: it has 1 cells"]);
        // An empty line is no row, and is counted all the same.
        refuses(
            table(&|lines| {
                lines[2].clear();
                lines[6] = "c7,".into();
            }),
            &["line 7: `c7` has no display"],
        );
        let wide = |row: &str| {
            let text = ["code,display,status,parent,valid_from,valid_until", "a,A,,,,", row, "c,C,,,,", ""].join(end);
            import_csv(tree(), text.as_bytes())
        };
        refuses(wide("b,B,gone,,,"), &["line 3: the status of `b` is `gone`"]);
        refuses(wide("b,B,,x,,"), &["line 3: parent of `b` is `x`"]);
        refuses(wide("b,B,,,2021-02-30,"), &["line 3: valid_from `2021-02-30` of `b` is not a day"]);
        refuses(wide("b,B,,,,soon"), &["line 3: valid_until `soon` of `b` is not a day"]);
        refuses(wide("b,B,,,2021-02-03,2021-02-03"), &["line 3: valid_until 2021-02-03 of `b` is not after"]);
    }
}

#[test]
fn the_lines_of_a_cell_are_lines_of_the_file() {
    refuses(import_csv(about(), b"code,display\na,\"A\nof two lines\"\nb,\n"), &["line 4: `b` has no display"]);
}

#[test]
fn columns_that_commas_do_not_part_are_named_as_such() {
    let table = |csv: &str| import_csv(about(), csv.as_bytes());
    refuses(table("code;display;parent\na;A;\n"), &["line 1", "parted by `;`", "by commas"]);
    refuses(table("code\tdisplay\na\tA\n"), &["line 1", "parted by tabs", "by commas"]);
}

#[test]
fn parents_without_a_system_of_theirs_are_refused_with_the_remedy() {
    let refused = import_csv(about(), b"code,display,parent\na,A,\nb,B,a\n");
    refuses(refused, &["line 3", "`parent_system = \"list\"`", "--sidecar"]);
}

#[test]
fn codes_that_replace_each_other_in_a_circle_are_refused() {
    let table = |rows: &str| import_csv(about(), format!("code,display,replaced_by\n{rows}").as_bytes());
    refuses(table("a,A,b\nb,B,a\n"), &["line 2", "`replaced_by` goes round in a circle: a, b, a;"]);
    refuses(table("x,X,a\na,A,d|b\nb,B,c\nc,C,a\nd,D,\n"), &["line 3", "circle: a, b, c, a;"]);
    refuses(table("a,A,\nb,B,a|z\n"), &["line 3", "`b` is replaced by `z`, which is no other code of the list"]);
    // Two ways to one code, and a chain that is long, are none.
    assert!(table("a,A,b|c\nb,B,d\nc,C,d\nd,D,\n").is_ok());
    let chain: String = (0..20_000).map(|at| format!("{at},N,{}\n", at + 1)).collect();
    assert!(table(&format!("{chain}20000,N,\n")).is_ok());
}

#[test]
fn characters_that_are_not_seen_and_change_what_is_shown_are_refused() {
    let controls = ('\u{202A}'..='\u{202E}').chain('\u{2066}'..='\u{2069}').chain(['\u{7}', '\u{85}']);
    for control in controls {
        let escaped = control.escape_unicode().to_string();
        refuses(
            import_csv(about(), format!("code,display\na,A{control}B\n").as_bytes()),
            &["line 2: `display` of `a` has a control character", &escaped],
        );
        let resource = json!({"resourceType": "CodeSystem", "concept": [
            {"code": "a", "display": "A", "designation": [{"language": "pa", "value": format!("ਅ{control}ਬ")}]}]});
        refuses(
            import_fhir(about(), resource.to_string().as_bytes()),
            &["concept 1: `display_pa` of `a` has a control character", &escaped],
        );
        let titled = Sidecar { title_en: format!("A{control}B"), ..about() };
        refuses(import_csv(titled, b"code,display\na,A\n"), &["the sidecar: `title_en`", &escaped]);
    }
    // The joiners of Indian scripts are letters of words.
    let joined = "\u{915}\u{94D}\u{200D}\u{937} \u{915}\u{94D}\u{200C}\u{937}";
    assert!(import_csv(about(), format!("code,display\na,{joined}\n").as_bytes()).is_ok());
}

#[test]
fn hostile_bytes_are_refused_in_a_few_words() {
    let table = |csv: &[u8]| import_csv(about(), csv);
    refuses(table(b"code,display\na,A\n\xFF\xFE,B\n"), &["line 3", "not UTF-8"]);
    refuses(table(b"code,display\na\0b,A\n"), &["line 2", "control character", "\\u{0}"]);
    refuses(table(b"code,display\na,A\x1b[2J\n"), &["`display` of `a`", "control character"]);
    refuses(
        table(format!("code,display\n{},A\n", "x".repeat(1 << 20)).as_bytes()),
        &["line 2", "1048576 bytes", &CODE_BYTES_MAX.to_string()],
    );
    refuses(
        table(format!("code,display\na,{}\n", "x".repeat(1 << 20)).as_bytes()),
        &["`display` of `a`", "1048576 bytes"],
    );
    refuses(table(format!("code,display,{}\n", "x".repeat(1 << 20)).as_bytes()), &["line 1"]);
    refuses(table(&crate::made::pack("code,display\na,A\n")[..20]), &["gzip"]);
    let bomb = crate::made::pack(&"x".repeat(kanak_codes::IMPORT_BYTES_MAX + 1));
    refuses(table(&bomb), &["bytes"]);
    let deep = "{\"concept\":[".repeat(100_000);
    for import in [import_fhir(about(), deep.as_bytes()), import_digit(about(), None, deep.as_bytes())] {
        refuses(import, &["nested too deeply"]);
    }
    for bytes in [&b"\xFF"[..], b"", b"{", b"null", b"[1]", b"{}", b"\"\\ud800\""] {
        assert!(import_fhir(about(), bytes).is_err() && import_digit(about(), None, bytes).is_err(), "{bytes:?}");
    }
}

#[test]
fn a_fhir_code_system_is_read_with_its_tree_names_and_properties() {
    let resource = json!({
        "resourceType": "CodeSystem", "id": "x", "name": "LandKinds", "title": "Kinds of land", "version": "2.1", "publisher": "Revenue",
        "date": "2026-11-01", "content": "complete", "caseSensitive": true,
        "concept": [
            {"code": "wet", "display": "Irrigated", "definition": "by a canal",
             "designation": [{"language": "pa-Guru", "value": "ਨਹਿਰੀ"}, {"language": "hi", "value": "नहरी"}, {"language": "de", "value": "nass"}],
             "concept": [{"code": "well", "display": "By a well", "property": [
                 {"code": "inactive", "valueBoolean": true}, {"code": "weight", "valueDecimal": 1.5},
                 {"code": "retirementDate", "valueDateTime": "2020-03-01T00:00:00Z"}, {"code": "replacedBy", "valueCode": "wet"}]}]},
            {"code": "dry", "property": [{"code": "colour", "valueString": "red"}, {"code": "colour", "valueCoding": {"code": "brown"}}]},
        ],
    });
    let imported =
        import_fhir(Sidecar { name: "land-kind".into(), ..Sidecar::default() }, resource.to_string().as_bytes())
            .unwrap();
    let system = &imported.system;
    assert_eq!(
        (system.version(), system.title(), system.source(), system.licence()),
        ("2.1", "Kinds of land", "Revenue", "none stated")
    );
    assert_eq!(system.subsumes("wet", "well"), Some(Subsumption::Subsumes));
    let (wet, well, dry) =
        (system.lookup("wet").unwrap(), system.lookup("well").unwrap(), system.lookup("dry").unwrap());
    assert_eq!((wet.designation(Language::Pa), wet.designation(Language::Hi)), (Some("ਨਹਿਰੀ"), Some("नहरी")));
    assert_eq!(
        (wet.property("definition"), well.property("weight"), dry.property("colour")),
        (Some("by a canal"), Some("1.5"), Some("red|brown"))
    );
    assert_eq!(
        (well.status(), well.validity().until.unwrap().to_string(), dry.display()),
        (Status::Retired, "2020-03-01".into(), "dry")
    );
    assert_eq!(well.replaced_by().collect::<Vec<_>>(), ["wet"]);
    assert!(imported.notes.iter().any(|note| note.contains("further designations")), "{:?}", imported.notes);
    let named = import_fhir(
        Sidecar { name: String::new(), ..about() },
        resource.to_string().replace("\"id\":\"x\",", "").as_bytes(),
    )
    .unwrap();
    assert_eq!(named.system.name(), "land-kinds");
}

#[test]
fn a_fhir_resource_that_breaks_a_rule_is_refused() {
    let fhir = |change: fn(&mut Value)| {
        let mut resource = json!({"resourceType": "CodeSystem", "concept": [{"code": "a", "display": "A"}, {"code": "b", "display": "B"}]});
        change(&mut resource);
        import_fhir(about(), resource.to_string().as_bytes())
    };
    assert!(fhir(|_| {}).is_ok());
    refuses(fhir(|resource| resource["resourceType"] = json!("Patient")), &["`Patient`", "CodeSystem"]);
    assert!(fhir(|resource| resource["content"] = json!("complete")).is_ok());
    for content in ["fragment", "example", "not-present", "supplement"] {
        let resource = json!({"resourceType": "CodeSystem", "content": content, "concept": [{"code": "a"}]});
        refuses(
            import_fhir(about(), resource.to_string().as_bytes()),
            &["`content: complete`", &format!("`content` is `{content}`")],
        );
    }
    refuses(fhir(|resource| resource["concept"][1]["code"] = json!("a")), &["concept 2", "concept 1"]);
    refuses(fhir(|resource| resource["concept"][1]["code"] = json!(7)), &["concept 2", "no code"]);
    refuses(fhir(|resource| resource["concept"] = json!({})), &["no list"]);
    refuses(fhir(|resource| resource["concept"][1]["property"] = json!([{"code": "x"}])), &["concept 2", "`x`"]);
    refuses(
        fhir(|resource| {
            resource["concept"][0]["property"] = json!([{"code": "parent", "valueCode": "b"}]);
            resource["concept"][1]["property"] = json!([{"code": "parent", "valueCode": "a"}]);
        }),
        &["circle", "a < b < a"],
    );
}

#[test]
fn a_digit_master_is_read_in_all_its_forms() {
    let rows = json!([
        {"code": "DEPT_1", "name": "Street Lights", "active": true, "slaHours": 24, "tags": ["a", "b"], "more": {"k": 1}},
        {"code": "DEPT_2", "name": "Roads", "active": false, "slaHours": null},
    ]);
    let by_data: Vec<Value> = rows.as_array().unwrap().iter().map(|row| {
        json!({"id": "1", "tenantId": "pb", "schemaCode": "common-masters.Department", "uniqueIdentifier": row["code"], "data": row, "isActive": row["active"]})
    }).collect();
    let forms = [
        rows.clone(),
        json!({"tenantId": "pb", "moduleName": "common-masters", "Department": rows}),
        json!({"ResponseInfo": {"x": [{"code": "no"}]}, "MdmsRes": {"common-masters": {"Department": rows}}}),
        json!({"mdms": by_data}),
    ];
    let parts: Vec<_> =
        forms.iter().map(|form| import_digit(about(), None, form.to_string().as_bytes()).unwrap().part()).collect();
    assert!(parts.windows(2).all(|pair| pair[0] == pair[1]));
    let codes = Codes::builtin().unwrap().with(vec![parts[0].clone()]).unwrap();
    let (lights, roads) = (
        codes.system("list").unwrap().lookup("DEPT_1").unwrap(),
        codes.system("list").unwrap().lookup("DEPT_2").unwrap(),
    );
    assert_eq!(
        (lights.display(), lights.property("sla_hours"), lights.property("tags")),
        ("Street Lights", Some("24"), Some("a|b"))
    );
    assert_eq!(
        (lights.property("more"), roads.status(), roads.property("sla_hours")),
        (Some("{\"k\":1}"), Status::Retired, None)
    );
}

#[test]
fn a_digit_file_that_breaks_a_rule_is_refused() {
    let digit = |file: Value, master: Option<&str>| import_digit(about(), master, file.to_string().as_bytes());
    let two = json!({"A": [{"code": "1", "name": "x"}], "B": [{"code": "2", "name": "y"}]});
    refuses(digit(two.clone(), None), &["say which master", "A", "B"]);
    assert!(digit(two.clone(), Some("B")).unwrap().system.lookup("2").is_some());
    refuses(digit(two, Some("C")), &["say which master"]);
    refuses(digit(json!([{"name": "x"}]), None), &["object 1", "no code"]);
    refuses(digit(json!([{"code": "1", "name": "x"}, 7]), None), &["object 2", "no object"]);
    refuses(
        digit(json!([{"code": "1", "name": "x"}, {"code": "1", "name": "y"}]), None),
        &["object 2", "stands at object 1"],
    );
    refuses(
        digit(json!([{"code": "1", "name": "x", "slaHours": 1, "sla_hours": 2}]), None),
        &["object 1", "sla_hours"],
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_bytes_make_an_import_fail_without_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = import_csv(tree(), &bytes);
        let _ = import_fhir(tree(), &bytes);
        let _ = import_digit(tree(), None, &bytes);
        let _ = import_csv(tree(), &[&b"code,display,parent,status,valid_from,replaced_by\n"[..], &bytes].concat());
    }

    #[test]
    fn nor_does_any_text_of_the_right_kind(text in "(code|display|parent|status|[abc01,\"\n|]){0,60}", json in json_of_codes()) {
        let _ = import_csv(tree(), text.as_bytes());
        let _ = import_csv(tree(), format!("code,display,parent\n{text}").as_bytes());
        for json in [json!({"resourceType": "CodeSystem", "concept": json}), json] {
            let _ = import_fhir(tree(), json.to_string().as_bytes());
            let _ = import_digit(tree(), None, json.to_string().as_bytes());
        }
    }

    #[test]
    fn what_is_taken_is_what_was_sent(rows in prop::collection::btree_map("[a-z][a-z0-9 -]{0,8}[a-z0-9]", "\\PC{1,12}", 1..12)) {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(["code", "display"]).unwrap();
        for (code, display) in &rows {
            writer.write_record([code, display]).unwrap();
        }
        let imported = import_csv(about(), &writer.into_inner().unwrap());
        if rows.values().any(|display| display.trim().is_empty()) {
            prop_assert!(imported.is_err());
        } else {
            let system = imported.unwrap().system;
            prop_assert_eq!(system.len(), rows.len());
            for (code, display) in &rows {
                prop_assert_eq!(system.lookup(code).map(|concept| concept.display().to_owned()), Some(display.trim().to_owned()));
            }
        }
    }
}

/// JSON made of the keys that an import looks for.
fn json_of_codes() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[abc]{0,2}".prop_map(Value::from)
    ];
    let keys = prop::sample::select(vec![
        "code",
        "display",
        "name",
        "active",
        "concept",
        "property",
        "designation",
        "language",
        "value",
        "valueCode",
        "valueCoding",
        "parent",
        "data",
        "uniqueIdentifier",
        "status",
    ]);
    leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((keys.clone(), inner), 0..6).prop_map(|fields| fields
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value))
                .collect::<serde_json::Map<_, _>>()
                .into()),
        ]
    })
}

//! Settings that Splink 3, 4 and 5 wrote (`fixtures/make.py` says from what), and small ones for each shape.

use kanak_model::kind::Kind;

use super::*;
use crate::matching::MatchRules;

/// Written by Splink 5.0.0.
const PEOPLE_5: &str = include_str!("fixtures/splink5_people.json");
/// Written by Splink 4.0.17.
const COMPANIES_4: &str = include_str!("fixtures/splink4_companies.json");
/// Written by Splink 3.9.15.
const PEOPLE_3: &str = include_str!("fixtures/splink3_people.json");

#[track_caller]
fn imported(json: &str) -> Imported {
    let imported = import(json).unwrap_or_else(|error| panic!("{error}"));
    MatchRules::compile(&imported.model).unwrap_or_else(|error| panic!("{error}"));
    let text = imported.to_toml();
    let read = EntityModel::parse("imported.toml", &text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(read, imported.model, "{text}");
    imported
}

fn kinds_of(model: &EntityModel) -> Vec<(&str, Kind)> {
    model.attributes.iter().map(|attribute| (attribute.name.as_str(), attribute.kind)).collect()
}

fn keys_of(model: &EntityModel) -> Vec<String> {
    let keys = |rule: &kanak_model::entity_model::BlockingRule| {
        rule.keys.iter().cloned().map(String::from).collect::<Vec<_>>().join(" + ")
    };
    model.matching.blocking.iter().map(keys).collect()
}

#[track_caller]
fn notes(imported: &Imported, path: &str, words: &[&str]) {
    let all: Vec<String> = imported.notes.iter().map(Note::to_string).collect();
    let found = imported
        .notes
        .iter()
        .zip(&all)
        .any(|(note, text)| note.path == path && words.iter().all(|word| text.contains(word)));
    assert!(found, "no note at {path} with {words:?} among\n{}", all.join("\n"));
}

/// Settings with one comparison of `columns`, exact each, and the given blocking rules.
fn settings(columns: &[&str], blocking: &[&str]) -> String {
    let level = |sql: String| serde_json::json!({ "sql_condition": sql });
    let comparisons: Vec<serde_json::Value> = columns
        .iter()
        .map(|name| serde_json::json!({ "output_column_name": name, "comparison_levels": [level(format!("\"{name}_l\" = \"{name}_r\"")), level("ELSE".to_owned())] }))
        .collect();
    serde_json::json!({ "comparisons": comparisons, "blocking_rules_to_generate_predictions": blocking }).to_string()
}

#[test]
fn people_of_splink_5_become_a_model() {
    let imported = imported(PEOPLE_5);
    assert_eq!(
        kinds_of(&imported.model),
        [
            ("first_name", Kind::PersonName),
            ("surname", Kind::PersonName),
            ("dob", Kind::Date),
            ("city", Kind::PlaceName),
            ("email", Kind::Email),
            ("postcode", Kind::Identifier),
            ("occupation", Kind::Text),
            ("birth_place", Kind::PlaceName),
            ("cluster", Kind::Text),
        ]
    );
    assert_eq!(
        keys_of(&imported.model),
        ["first_name + city", "surname + first3(postcode)", "dob", "dob.year + first3(surname)", "email", "postcode",]
    );
    let compared = &imported.model.matching.comparison;
    assert_eq!(compared[0].crosswise.as_deref(), Some("surname"));
    assert_eq!(compared[1].crosswise.as_deref(), Some("first_name"));
    let frequent: Vec<&str> =
        compared.iter().filter(|one| one.term_frequency == Some(true)).map(|one| one.attribute.as_str()).collect();
    assert_eq!(frequent, ["first_name", "surname", "city", "email", "birth_place"]);
    assert!(compared.iter().all(|one| one.attribute != "cluster"), "what is retained is not compared");
    notes(&imported, "blocking_rules_to_generate_predictions[1]", &["first 2 letters", "fewer pairs"]);
    notes(&imported, "blocking_rules_to_generate_predictions[4]", &["levenshtein", "all that agree on email"]);
    notes(&imported, "comparisons[1]", &["levels", "`date`", "generation"]);
    notes(&imported, "comparisons", &["m and u of"]);
    notes(&imported, "unique_id_column_name", &["--id unique_id"]);
    notes(&imported, "probability_two_random_records_match", &["estimates"]);
}

#[test]
fn what_companies_of_splink_4_have_and_kanak_does_not_is_said_by_name() {
    let imported = imported(COMPANIES_4);
    assert_eq!(imported.model.name, "business");
    assert_eq!(imported.model.label, "company_name");
    assert_eq!(imported.model.find_attribute("trading_name"), None, "only a rule that is left out names it");
    let compared: Vec<&str> = imported.model.matching.comparison.iter().map(|one| one.attribute.as_str()).collect();
    assert_eq!(
        compared,
        ["company_name", "company_number", "postcode", "trading_names", "last_filed", "turnover", "street", "town"]
    );
    assert_eq!(imported.model.find_attribute("last_filed").map(|one| one.kind), Some(Kind::Timestamp));
    assert_eq!(
        keys_of(&imported.model),
        ["company_number", "first3(company_name) + postcode", "trading_names.any", "town + street"]
    );
    notes(&imported, "link_type", &["--source source_dataset"]);
    notes(&imported, "comparisons", &["`company name`", "called `company_name`"]);
    notes(&imported, "comparisons[2].comparison_levels[3]", &["points", "no coordinates", "`lat`"]);
    notes(&imported, "comparisons[3].comparison_levels[1]", &["list_intersect", "not a list"]);
    notes(&imported, "comparisons[4]", &["`embedding`", "left out"]);
    notes(&imported, "comparisons[6].comparison_levels[2]", &["turnover_l > 0", "left out"]);
    notes(&imported, "comparisons[7]", &["`street` and `town`", "one group"]);
    notes(&imported, "comparisons[7].comparison_levels[2]", &["tf_adjustment_weight 0.5"]);
    notes(&imported, "comparisons[7].comparison_levels[3]", &["London"]);
    notes(&imported, "blocking_rules_to_generate_predictions[1]", &["salting"]);
    notes(&imported, "blocking_rules_to_generate_predictions[4]", &["crosswise", "left out"]);
    notes(&imported, "blocking_rules_to_generate_predictions[5]", &["case when", "left out"]);
}

#[test]
fn people_of_splink_3_become_a_model() {
    let imported = imported(PEOPLE_3);
    assert_eq!(keys_of(&imported.model), ["first_name + surname", "dob.year + city", "first3(first_name) + dob"]);
    assert_eq!(imported.model.find_attribute("dob").map(|one| one.kind), Some(Kind::Date));
    notes(&imported, "comparisons[4]", &["Postcode Sector", "`identifier`"]);
}

#[test]
fn every_level_is_built_in_replaced_or_noted() {
    for (file, json) in [("5", PEOPLE_5), ("4", COMPANIES_4), ("3", PEOPLE_3)] {
        let imported = imported(json);
        let said: String = imported.notes.iter().map(|note| format!("{note}\n")).collect();
        let settings: serde_json::Value = serde_json::from_str(json).unwrap();
        for (at, comparison) in settings["comparisons"].as_array().unwrap().iter().enumerate() {
            for (place, level) in comparison["comparison_levels"].as_array().unwrap().iter().enumerate() {
                let sql = level["sql_condition"].as_str().unwrap();
                let is_plain = level["is_null_level"] == true
                    || sql == "ELSE"
                    || sql.split(" AND ").all(|part| part.trim_matches(['(', ')']).split(" = ").count() == 2)
                        && !sql.contains("regexp");
                let label = level["label_for_charts"].as_str().unwrap();
                let is_said =
                    said.contains(label) || said.contains(&format!("comparisons[{at}].comparison_levels[{place}]"));
                assert!(
                    is_plain || is_said,
                    "Splink {file}: comparisons[{at}].comparison_levels[{place}] is passed over: {sql}"
                );
            }
        }
    }
}

#[track_caller]
fn blocks(rule: &str, expected: &[&str]) {
    let imported = imported(&settings(&["first_name", "dob", "town"], &[rule]));
    assert_eq!(keys_of(&imported.model), expected, "{rule}");
}

#[test]
fn blocking_rules_become_keys() {
    blocks("l.town = r.town", &["town"]);
    blocks("r.\"town\" = l.\"town\" and lower(l.first_name) = lower(r.first_name)", &["town + first_name"]);
    blocks("substr(l.first_name,1,3) = substr(r.first_name,1,3)", &["first3(first_name)"]);
    blocks("soundex(l.first_name) = soundex(r.first_name)", &["sounds(first_name)"]);
    blocks("extract(month from l.dob) = extract(month from r.dob) and l.town = r.town", &["dob.month + town"]);
    blocks("date_part('day', strptime(l.dob, '%Y')) = date_part('day', strptime(r.dob, '%Y'))", &["dob.day"]);
    blocks("substring(l.dob, 1, 7) = substring(r.dob, 1, 7)", &["dob.year + dob.month"]);
    blocks(
        "(l.dob = r.dob or l.town = r.town) and l.first_name = r.first_name",
        &["dob + first_name", "town + first_name"],
    );
    blocks("l.first_name || ' ' || l.town = r.first_name || ' ' || r.town", &["first_name + town"]);
}

#[test]
fn without_a_rule_that_is_left_blocking_is_guessed_and_said() {
    let imported = imported(&settings(&["first_name", "surname", "dob"], &["l.first_name = r.surname"]));
    assert!(!imported.model.matching.blocking.is_empty());
    notes(&imported, "blocking_rules_to_generate_predictions[0]", &["crosswise"]);
    notes(&imported, "blocking_rules_to_generate_predictions", &["guessed"]);
}

#[test]
fn columns_that_repeat_others_are_compared_once() {
    let imported = imported(&settings(&["name", "NAME", "dob"], &["l.dob = r.dob"]));
    assert_eq!(imported.model.matching.comparison.len(), 2);
    notes(&imported, "comparisons[1]", &["compared once"]);
}

#[track_caller]
fn refuses(json: &str, words: &[&str]) {
    let error = import(json).unwrap_err().to_string();
    for word in words {
        assert!(error.contains(word), "{error} should say {word}");
    }
}

#[test]
fn a_mistake_names_its_place_in_the_json_and_the_remedy() {
    refuses("Linker(df)", &["no JSON", "save_model_to_json", "line 1"]);
    refuses("[]", &["`the file`", "a list stands here", "`comparisons`"]);
    refuses("{}", &["`comparisons`", "missing", "save_model_to_json"]);
    refuses(r#"{"comparisons": []}"#, &["`comparisons`", "add one"]);
    refuses(r#"{"comparisons": [{"output_column_name": "a"}]}"#, &["`comparisons[0].comparison_levels`", "missing"]);
    refuses(
        r#"{"comparisons": [{"comparison_levels": [{}]}]}"#,
        &["`comparisons[0].comparison_levels[0].sql_condition`"],
    );
    refuses(
        r#"{"comparisons": [{"comparison_levels": [{"sql_condition": 1}]}]}"#,
        &["a number stands here", "write a text"],
    );
    refuses(r#"{"comparison_columns": []}"#, &["Splink 2"]);
    refuses(
        r#"{"comparisons": [{"output_column_name": "v", "comparison_levels": [{"sql_condition": "cosine_similarity(v_l, v_r) > 0.9"}]}]}"#,
        &["none of the 1", "kanak model suggest", "vectors"],
    );
}

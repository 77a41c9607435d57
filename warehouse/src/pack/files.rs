//! The files of a pack: `pack.json` with questions, units and every withheld place, and a CSV for each answer.

use kanak_model::Titles;
use serde::Serialize;

use super::answers::Answers;
use super::definition::{Definition, Question, Unit};
use super::withhold::{Cell, SMALL_BELOW, cells};

/// What stands for a withheld cell in a CSV.
const WITHHELD: &str = "withheld";

#[derive(Serialize)]
struct PackJson<'a> {
    pack: &'a str,
    version: u32,
    title: &'a Titles,
    as_of: String,
    known_at: String,
    release: u64,
    counts_withheld_below: i64,
    questions: Vec<QuestionJson<'a>>,
}

#[derive(Serialize)]
struct QuestionJson<'a> {
    name: &'a str,
    title: &'a Titles,
    definition: &'a str,
    file: String,
    columns: Vec<ColumnJson<'a>>,
    rows: usize,
    /// By the codes of the row.
    withheld: Vec<WithheldJson<'a>>,
}

#[derive(Serialize)]
struct ColumnJson<'a> {
    name: &'a str,
    title: &'a Titles,
    unit: Unit,
}

#[derive(Serialize)]
struct WithheldJson<'a> {
    row: Vec<String>,
    columns: Vec<&'a str>,
}

impl Definition {
    /// The files of the pack that these answers make: name and contents, in order. Nothing else goes into them.
    pub fn files(&self, answers: &Answers) -> Vec<(String, Vec<u8>)> {
        let none = Vec::new();
        let (mut questions, mut tables) = (Vec::new(), Vec::new());
        for question in &self.question {
            let rows = cells(question, answers.rows.get(&question.name).unwrap_or(&none));
            let file = format!("answers/{}.csv", question.name);
            questions.push(question_json(question, &rows, &file));
            tables.push((file, csv(question, &rows)));
        }
        let pack = PackJson {
            pack: &self.pack.name,
            version: self.pack.version,
            title: &self.pack.title,
            as_of: answers.day.to_string(),
            known_at: answers.known_at.to_string(),
            release: answers.release,
            counts_withheld_below: SMALL_BELOW,
            questions,
        };
        let mut text = serde_json::to_vec_pretty(&pack).expect("texts and numbers always serialize");
        text.push(b'\n');
        std::iter::once(("pack.json".to_owned(), text)).chain(tables).collect()
    }
}

fn question_json<'a>(question: &'a Question, rows: &[Vec<Cell>], file: &str) -> QuestionJson<'a> {
    let columns = &question.column;
    let withheld = rows.iter().filter_map(|row| {
        let gone = columns.iter().zip(row).filter(|(_, cell)| **cell == Cell::Withheld);
        let gone: Vec<&str> = gone.map(|(column, _)| column.name.as_str()).collect();
        let codes = row.iter().filter_map(|cell| match cell {
            Cell::Text(code) => Some(code.clone()),
            _ => None,
        });
        (!gone.is_empty()).then(|| WithheldJson { row: codes.collect(), columns: gone })
    });
    QuestionJson {
        name: &question.name,
        title: &question.title,
        definition: &question.definition,
        file: file.to_owned(),
        columns: columns.iter().map(|one| ColumnJson { name: &one.name, title: &one.title, unit: one.unit }).collect(),
        rows: rows.len(),
        withheld: withheld.collect(),
    }
}

fn csv(question: &Question, rows: &[Vec<Cell>]) -> Vec<u8> {
    let names: Vec<&str> = question.column.iter().map(|column| column.name.as_str()).collect();
    let mut text = names.join(",");
    text.push('\n');
    for row in rows {
        let words: Vec<String> = row.iter().map(word).collect();
        text.push_str(&words.join(","));
        text.push('\n');
    }
    text.into_bytes()
}

fn word(cell: &Cell) -> String {
    match cell {
        Cell::Text(code) if code.contains([',', '"', '\n', '\r']) => format!("\"{}\"", code.replace('"', "\"\"")),
        Cell::Text(code) => code.clone(),
        Cell::Number(number) => number.to_string(),
        Cell::Share(share) => format!("{share:.4}"),
        Cell::Nothing => String::new(),
        Cell::Withheld => WITHHELD.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use kanak_codes::Day;
    use kanak_model::Timestamp;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn no_small_count_is_in_any_file_and_each_place_is_told() {
        let text = Definition::builtin("legislature").unwrap();
        let definition = Definition::parse("legislature.toml", text).unwrap();
        let rows = vec![
            vec![json!("SCH-A"), json!(7), json!(7), json!(123_457)],
            vec![json!("SCH-B"), json!(5_000), json!(60_000), json!(9_000_000)],
            vec![json!("SCH-\"C\""), json!(30), json!(31), json!(76_543_219)],
        ];
        let answers = Answers {
            day: Day::parse("2026-03-31").unwrap(),
            release: 4,
            known_at: Timestamp(1_775_000_000_000_000),
            rows: BTreeMap::from([("benefits_by_scheme".to_owned(), rows)]),
        };
        let files = definition.files(&answers);
        assert_eq!(files, definition.files(&answers));
        assert_eq!(files.len(), 6);
        let of = |name: &str| {
            let file = files.iter().find(|(file, _)| file == name).unwrap();
            String::from_utf8(file.1.clone()).unwrap()
        };
        let table = "scheme,people,payments,amount\nSCH-A,withheld,withheld,withheld\nSCH-B,5000,60000,9000000\n\
                     \"SCH-\"\"C\"\"\",withheld,withheld,withheld\n";
        assert_eq!(of("answers/benefits_by_scheme.csv"), table);
        assert_eq!(of("answers/revenue_by_head.csv"), "revenue_head,receipts,amount\n");
        let pack: Value = serde_json::from_str(&of("pack.json")).unwrap();
        let withheld = json!([
            { "row": ["SCH-A"], "columns": ["people", "payments", "amount"] },
            { "row": ["SCH-\"C\""], "columns": ["people", "payments", "amount"] },
        ]);
        assert_eq!(pack["questions"][3]["withheld"], withheld);
        assert_eq!(pack["counts_withheld_below"], 10);
    }
}

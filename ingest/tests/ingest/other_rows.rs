//! What a row leaves out and the other row of its pair states: bride and groom of one marriage.

use kanak_ingest::{BATCH_ROWS, Rows, Sources};
use kanak_model::SourceSystem;

use crate::support::{Folder, Taken, citizen, read, read_without, says};

const HEADER: &str = "MARRIAGE_NO|PARTY|NAME|FATHER_NAME|MOTHER_NAME|SPOUSE_NAME|SEX|DOB|MOBILE|ADDRESS|VILLAGE_TOWN|DISTRICT|MARRIED_ON|UPDATED_ON";

fn marriages() -> SourceSystem {
    Sources::builtin().unwrap().get("civil_marriages").unwrap().clone()
}

/// A row of the register: number, party, name, spouse.
fn row([number, party, name, spouse]: [&str; 4]) -> String {
    format!("{number}|{party}|{name}|||{spouse}||||||||")
}

fn read_lines(lines: &[String]) -> Taken {
    let folder = Folder::new();
    let path = folder.write("civil_marriages_1.csv", format!("{HEADER}\n{}\n", lines.join("\n")));
    read(&marriages(), Rows::Entity(&citizen()), &path).unwrap()
}

fn read_pairs(rows: &[[&str; 4]]) -> Taken {
    read_lines(&rows.iter().map(|fields| row(*fields)).collect::<Vec<_>>())
}

/// Who is married to whom: (key, spouse), in order of keys.
fn spouses(taken: &Taken) -> Vec<(&str, Option<&str>)> {
    let mut spouses: Vec<_> = taken.rows.iter().map(|row| (row.key.as_str(), row.values.find("spouse_name"))).collect();
    spouses.sort_unstable();
    spouses
}

#[test]
fn each_party_is_named_by_the_other_row_of_the_marriage() {
    let taken = read_pairs(&[["M/1", "B", "Asha Rani", ""], ["M/1", "G", "Bir Singh", ""]]);
    assert_eq!(spouses(&taken), [("M/1/B", Some("Bir Singh")), ("M/1/G", Some("Asha Rani"))]);
    assert_eq!(taken.report.from_other_rows, 2);
    let stated = taken.rows[0].values.find_stated("spouse_name").unwrap();
    assert_eq!(stated.words(), "Bir Singh", "the words are those of the other row");
    assert_eq!(taken.rows[0].values.find("marriage_no"), Some("M/1"));
}

#[test]
fn what_a_row_states_itself_stands_even_where_it_is_said_beside_the_name() {
    let taken = read_pairs(&[
        ["M/1", "B", "Asha Rani W/o Balbir Singh", ""],
        ["M/1", "G", "Bir Singh", "Usha"],
        ["M/2", "B", "Chand Kaur", "-"],
        ["M/2", "G", "Dev Raj S/o Om Raj", "Chand"],
    ]);
    let expected = [
        ("M/1/B", Some("Balbir Singh")),
        ("M/1/G", Some("Usha")),
        ("M/2/B", Some("Dev Raj")),
        ("M/2/G", Some("Chand")),
    ];
    assert_eq!(spouses(&taken), expected);
    let bride = taken.rows.iter().find(|row| row.key == "M/2/B").unwrap();
    assert_eq!(bride.values.find("father_name"), None, "the groom's father is not hers");
    assert_eq!(taken.report.from_other_rows, 1);
}

#[test]
fn a_row_takes_nothing_from_one_that_is_not_to_be_heard() {
    let folder = Folder::new();
    let lines = [
        ["M/1", "B", "Asha Rani", ""],
        ["M/1", "G", "Bir Singh", ""],
        ["M/2", "B", "Chand", ""],
        ["M/2", "G", "Dev", ""],
    ];
    let lines = lines.map(row).join("\n");
    let path = folder.write("civil_marriages_1.csv", format!("{HEADER}\n{lines}\n"));
    let taken = read_without(&marriages(), Rows::Entity(&citizen()), &path, &|key| key == "M/1/B").unwrap();
    let expected = [("M/1/B", None), ("M/1/G", None), ("M/2/B", Some("Dev")), ("M/2/G", Some("Chand"))];
    assert_eq!(spouses(&taken), expected);
}

#[test]
fn without_exactly_one_other_row_there_is_no_answer() {
    let taken = read_pairs(&[
        ["M/1", "B", "Asha Rani", ""],
        ["M/1", "G", "Bir Singh", ""],
        ["M/1", "H", "Chand Singh", ""],
        ["M/2", "B", "Dev Kaur", ""],
        ["M/3", "G", "Om Raj", ""],
    ]);
    assert!(spouses(&taken).iter().all(|(_, spouse)| spouse.is_none()), "{:?}", spouses(&taken));
    assert_eq!((taken.rows.len(), taken.report.from_other_rows), (5, 0));
}

#[test]
fn rows_without_a_number_are_no_pair() {
    let text = "\n[source]\nname = \"m\"\ntitle = { en = \"M\" }\ndepartment = \"D\"\nentity = \"citizen\"\nfiles = \"m.csv\"\nformat = { type = \"csv\" }\nkey = \"ID\"\n
[[column]]\nfrom = \"NAME\"\nto = \"full_name\"\n
[[column]]\nfrom = \"SPOUSE\"\nto = \"spouse_name\"\nwhere_empty = { take = \"NAME\", of_other_with_same = \"NO\" }\n";
    let source = SourceSystem::parse("m.toml", text).unwrap();
    let folder = Folder::new();
    let read = |text: &str| read(&source, Rows::Entity(&citizen()), &folder.write("m.csv", text));
    let taken = read("ID,NO,NAME,SPOUSE\n1,,Asha,\n2, ,Bir,\n3,7,Chand,\n4, 7 ,Dev,\n").unwrap();
    assert_eq!(spouses(&taken), [("1", None), ("2", None), ("3", Some("Dev")), ("4", Some("Chand"))]);
    says(&read("ID,N0,NAME,SPOUSE\n1,,Asha,\n").unwrap_err(), &["m.csv:1:", "no column `NO`", "`N0`"]);
}

#[test]
fn a_row_that_cannot_go_on_names_its_party_where_it_states_one() {
    let folder = Folder::new();
    let lines = [
        row(["M/1", "B", "Asha Rani", ""]),
        "M/1|G|Bir Singh|too|few".to_owned(),
        row(["M/2", "B", "", ""]),
        row(["M/2", "G", "Bir Singh", ""]),
        row(["M/3", "B", "Chand Kaur", ""]),
        row(["M/3", "G", "Dev Raj", ""]),
        row(["M/3", "G", "Dev Raj", ""]),
    ];
    let text = format!("{HEADER}\n{}\n", lines.join("\n"));
    let taken = read(&marriages(), Rows::Entity(&citizen()), &folder.write("civil_marriages_1.csv", text)).unwrap();
    let expected = [("M/1/B", None), ("M/2/G", None), ("M/3/B", Some("Dev Raj")), ("M/3/G", Some("Chand Kaur"))];
    assert_eq!(spouses(&taken), expected);
    assert_eq!(taken.rejected.len(), 3);
}

#[test]
fn pairs_that_lie_batches_apart_are_found_in_any_order_of_the_rows() {
    let count = 2 * BATCH_ROWS + 7;
    let brides = (0..count).map(|at| row([&format!("M/{at}"), "B", &format!("Asha {}", letters(at)), ""]));
    let grooms = (0..count).rev().map(|at| row([&format!("M/{at}"), "G", &format!("Bir {}", letters(at)), ""]));
    let mut lines: Vec<String> = brides.chain(grooms).collect();
    let apart = read_lines(&lines);
    assert_eq!(apart.report.from_other_rows, 2 * count as u64);
    let of_bride = |at: usize| {
        let bride = apart.rows.iter().find(|row| row.key == format!("M/{at}/B")).unwrap();
        bride.values.find_stated("spouse_name").unwrap().words()
    };
    for at in [0, 77, BATCH_ROWS, count - 1] {
        assert_eq!(of_bride(at), format!("Bir {}", letters(at)));
    }
    lines.sort_unstable();
    assert_eq!(spouses(&apart), spouses(&read_lines(&lines)));
}

/// A word for a number: names hold no digits.
fn letters(number: usize) -> String {
    number.to_string().bytes().map(|digit| char::from(digit - b'0' + b'A')).collect::<String>() + "an"
}

//! A profile says what is in a file and shows no person.

use kanak_ingest::{ColumnProfile, Profile, profile};
use kanak_model::kind::Kind;
use kanak_model::quality::QualityRule;

use crate::support::Folder;

const AADHAAR: [&str; 3] = ["234123412346", "499118665246", "999941057058"];

fn register() -> Profile {
    let folder = Folder::new();
    let names = ["Gurpreet Singh", "Harbhajan Kaur", "Simranjit Singh", "Amandeep Kaur", "Baldev Raj"];
    let mut text = String::from("card,name,sex,dob,mobile,uid,district,amount,paid_at,remarks\n");
    for at in 0..1_000_usize {
        let district = ["Moga", "Ludhiana"][at % 2];
        let amount = if at == 7 { 9_000_000 } else { 500 + at % 50 };
        let empty = if at % 4 == 0 { "" } else { "M" };
        text += &format!(
            "RC-{at:05},{} {at},{empty},0{}/0{}/19{},98{:08},{},{district},{amount},2024-0{}-01 10:00:00,UID {}\n",
            names[at % 5],
            1 + at % 9,
            1 + at % 9,
            50 + at % 50,
            at * 7919,
            AADHAAR[at % 3],
            1 + at % 9,
            AADHAAR[at % 3],
        )
        .replace(&format!(" {at},"), ",");
    }
    text += "short\n";
    profile(&folder.write("register.csv", text), None).unwrap()
}

#[track_caller]
fn column<'a>(profile: &'a Profile, name: &str) -> &'a ColumnProfile {
    profile.columns.iter().find(|column| column.name == name).unwrap()
}

#[test]
fn columns_are_counted_and_their_kind_is_guessed() {
    let found = register();
    assert_eq!(found.rows, 1_000);
    assert_eq!(found.rejected[&QualityRule::FieldCount], 1);
    let kinds: Vec<(&str, Kind)> = found.columns.iter().map(|column| (column.name.as_str(), column.kind)).collect();
    let expected = [
        ("card", Kind::Identifier),
        ("name", Kind::PersonName),
        ("sex", Kind::Sex),
        ("dob", Kind::Date),
        ("mobile", Kind::Mobile),
        ("uid", Kind::Aadhaar),
        ("district", Kind::District),
        ("amount", Kind::Integer),
        ("paid_at", Kind::Timestamp),
        ("remarks", Kind::Text),
    ];
    assert_eq!(kinds, expected);
    assert_eq!(column(&found, "sex").empty, 250);
    assert_eq!(column(&found, "card").distinct, 1_000);
    let amount = column(&found, "amount");
    assert_eq!((amount.min.as_deref(), amount.max.as_deref(), amount.outliers), (Some("500"), Some("9000000"), 1));
    let dob = column(&found, "dob");
    assert_eq!((dob.min.as_deref(), dob.max.as_deref()), (Some("1950"), Some("1999")));
    assert_eq!(column(&found, "card").patterns[0].value, "AA-99999");
    assert_eq!(column(&found, "district").top[0].rows, 500);
}

#[test]
fn dates_are_known_whatever_their_order_and_addresses_before_shops() {
    let folder = Folder::new();
    let mut text = String::from("born,seat\n");
    for at in 0..100 {
        text += &format!("{:02}/{:02}/1985,\"Shop {at}, Mall Road, Moga\"\n", 1 + at % 12, 13 + at % 15);
    }
    let found = profile(&folder.write("file.csv", text), None).unwrap();
    let kinds: Vec<Kind> = found.columns.iter().map(|column| column.kind).collect();
    assert_eq!(kinds, [Kind::Date, Kind::Address]);
    assert_eq!(found.columns[0].min.as_deref(), Some("1985"));
}

#[test]
fn what_fits_is_counted_in_rows() {
    let folder = Folder::new();
    // Of ninety-nine numbers one is none, and stands in half of the rows.
    let mut text = String::from("mobile,place\n");
    for at in 0..98 {
        text += &format!("98140{at:05},Moga\n");
    }
    text += &"none yet,Moga\n".repeat(98);
    text += "short\n";
    let found = profile(&folder.write("file.csv", text), None).unwrap();
    assert_eq!(found.columns[0].kind, Kind::Mobile);
    assert!((found.columns[0].kind_share - 0.5).abs() < 1e-9, "{}", found.columns[0].kind_share);
    assert!(found.headline().contains(", 1 line that is no row, 2 columns"), "{}", found.headline());
}

#[test]
fn no_person_shows() {
    let found = register();
    let (_, rows) = found.to_table();
    let shown = format!("{}\n{rows:?}\n{}", serde_json::to_string(&found).unwrap(), found.headline());
    for secret in AADHAAR.iter().copied().chain(["Gurpreet", "Kaur", "RC-0", "0000000", "/1950"]) {
        assert!(!shown.contains(secret), "{secret} shows in {shown}");
    }
    assert!(shown.contains("Moga"), "what tells nobody apart is shown: {shown}");
}

#[test]
fn more_values_than_are_counted_are_estimated() {
    let folder = Folder::new();
    let text: String =
        std::iter::once("id,half\n".to_owned()).chain((0..150_000).map(|at| format!("k{at},{}\n", at / 2))).collect();
    let found = profile(&folder.write("large.csv", text), None).unwrap();
    let id = &found.columns[0];
    assert!(id.distinct_estimated);
    assert!((140_000..160_000).contains(&id.distinct), "{}", id.distinct);
    assert!(!found.columns[1].distinct_estimated);
    assert_eq!(found.columns[1].distinct, 75_000);
}

#[test]
fn a_file_without_rows_or_values_has_a_profile() {
    let folder = Folder::new();
    let found = profile(&folder.write("header.csv", "a,b\n"), None).unwrap();
    assert_eq!((found.rows, found.columns.len(), found.columns[0].distinct), (0, 2, 0));
    let found = profile(&folder.write("blank.csv", "a,b\n,\n,\n"), None).unwrap();
    assert_eq!((found.rows, found.columns[1].empty), (2, 2));
    assert_eq!(found.to_table().1.len(), 2);
}

#[test]
fn a_file_without_a_header_shows_no_person_as_the_name_of_a_column() {
    let folder = Folder::new();
    let found = profile(&folder.write("rows.csv", "Ana Kaur,01/03/1985,9814012345\nBir,02/03/1985,9814012346\n"), None);
    let names: Vec<String> = found.unwrap().columns.into_iter().map(|column| column.name).collect();
    assert_eq!(names, ["column_1", "column_2", "column_3"]);
}

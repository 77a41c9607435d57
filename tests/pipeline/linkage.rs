//! Stand-alone linkage of labelled data.

use kanak_tests::{find_shared, kanak, kanak_ok};

#[test]
fn a_labelled_set_is_matched_without_a_model() {
    let Some(shared) = find_shared() else { return };
    let linkage = shared.join("data/linkage");
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let input = linkage.join("febrl3.csv.gz").display().to_string();
    let truth = linkage.join("febrl3.truth.csv.gz").display().to_string();
    let out_text = out.display().to_string();
    kanak_ok(["match", "--input", &input, "--id", "rec_id", "--truth", &truth, "--out", &out_text]);
    let report: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(out.join("report.json")).unwrap()).unwrap();
    let f1 = report["truth"]["f1"].as_f64().unwrap();
    assert!(f1 >= 0.95, "pair F1 {f1}");
    let clusters = std::fs::read_to_string(out.join("clusters.csv")).unwrap();
    assert_eq!(clusters.lines().next(), Some("source,id,cluster"));
    assert_eq!(clusters.lines().count(), 5001);
    let pairs = std::fs::read_to_string(out.join("pairs.csv")).unwrap();
    assert_eq!(pairs.lines().next(), Some("source_l,id_l,source_r,id_r,weight_bits,probability,decision"));
    assert!(out.join("report.html").exists());
}

/// Writes files and matches them; gives clusters.csv and the report.
fn match_files(files: &[(&str, &str)], more: &[&str]) -> (String, serde_json::Value) {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out").display().to_string();
    let mut arguments = vec!["match".to_owned(), "--out".to_owned(), out.clone(), "--input".to_owned()];
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        if !more.iter().any(|argument| argument == name) {
            arguments.push(path.display().to_string());
        }
    }
    arguments.extend(more.iter().map(|argument| match files.iter().find(|(name, _)| name == argument) {
        Some((name, _)) => folder.path().join(name).display().to_string(),
        None => (*argument).to_owned(),
    }));
    kanak_ok(&arguments);
    let read = |name: &str| std::fs::read_to_string(folder.path().join("out").join(name)).unwrap();
    (read("clusters.csv"), serde_json::from_str(&read("report.json")).unwrap())
}

#[test]
fn a_row_that_cannot_be_read_is_told_and_the_others_keep_their_numbers() {
    let text = "name,born\nAsha Rani,1990-02-03\nBroken,1,2,3\nVikram Gill,1985-04-05\nAsha Rani,1990-02-03\n";
    let (clusters, report) = match_files(&[("people.csv", text)], &[]);
    let ids: Vec<&str> = clusters.lines().skip(1).map(|line| line.split(',').nth(1).unwrap()).collect();
    assert_eq!(ids, ["1", "3", "4"], "{clusters}");
    assert_eq!(report["rejected_rows"], 1);
    assert_eq!(report["rejected"][0]["line"], 3);
}

#[test]
fn in_a_single_column_of_names_equal_names_are_compared() {
    let (clusters, report) =
        match_files(&[("people.csv", "id,name\n1,Asha\n2,Vikram Gill\n3,Asha\n")], &["--id", "id"]);
    assert_eq!(report["stats"]["compared"], 1, "{report}");
    // One common name among three rows is not enough to link two people.
    assert_eq!(clusters, "source,id,cluster\n,1,1\n,2,2\n,3,3\n");
}

#[test]
fn the_same_ids_in_two_files_are_two_source_records_and_a_truth_names_them_by_side() {
    let people = |noise: &str| {
        let rows = [
            "Asha Rani,1990-02-03,9814012345",
            "Vikram Gill,1985-04-05,9814054321",
            "Noor Jahan,1979-12-01,9814099999",
        ];
        let lines: Vec<String> = rows.iter().enumerate().map(|(at, row)| format!("{},{row}", at + 1)).collect();
        format!("id,name,born,mobile\n{}\n{noise}", lines.join("\n"))
    };
    let files = [
        ("left.csv", people("")),
        ("right.csv", people("4,Someone Else,1950-01-02,9814011111\n")),
        ("truth.csv", "l,r\n1,1\n2,2\n3,3\n9,9\n".to_owned()),
    ];
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let (clusters, report) = match_files(&files, &["--id", "id", "--truth", "truth.csv"]);
    assert_eq!(clusters.lines().count(), 8, "{clusters}");
    assert!(clusters.contains("right,1,left:1"), "{clusters}");
    assert_eq!(
        (report["truth"]["pairs"].as_u64(), report["truth"]["pairs_of_unknown_ids"].as_u64()),
        (Some(3), Some(1))
    );
    assert_eq!(report["truth"]["recall"], 1.0);
}

#[test]
fn an_id_that_stands_twice_in_one_source_of_two_files_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let one = write("one.csv", "source,id,name\nfood,1,Asha Rani\n");
    let two = write("two.csv", "source,id,name\nfood,1,Vikram Gill\n");
    let out = folder.path().join("out").display().to_string();
    let refused = kanak(["match", "--input", &one, &two, "--id", "id", "--source", "source", "--out", &out]);
    assert_eq!(refused.status, Some(1));
    assert!(refused.reason().contains("stands twice"), "{}", refused.reason());
}

#[test]
fn matching_refuses_what_it_cannot_do_and_says_what_would_help() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("people.csv");
    std::fs::write(&file, "id,name\n1,Asha\n2,Asha\n").unwrap();
    let (file, out) = (file.display().to_string(), folder.path().join("out").display().to_string());
    let refused = kanak(["match", "--input", &file, "--id", "nummer", "--out", &out]);
    assert_eq!(refused.status, Some(1));
    for word in ["nummer", "id", "name"] {
        assert!(refused.reason().contains(word), "{}", refused.reason());
    }
    assert_eq!(kanak(["match", "--input", &file]).status, Some(2), "--out is missing");
}

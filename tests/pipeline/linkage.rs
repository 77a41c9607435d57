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

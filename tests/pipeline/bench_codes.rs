//! `kanak bench codes`: its clients are a process of their own, and its figures are of what that process got.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::process::{Command, Stdio};
use std::thread::{self, JoinHandle};

use kanak_tests::{Ran, kanak_binary, kanak_ok};
use serde_json::Value;

/// A server of one connection that gives each request the same answer, and tells in the end what was asked.
fn serve(answer: &'static str) -> (SocketAddr, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let asked = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
        let mut asked = Vec::new();
        for line in lines {
            if let Some(request) = line.strip_suffix(" HTTP/1.1") {
                asked.push(request.to_owned());
            } else if line.is_empty() && stream.write_all(answer.as_bytes()).is_err() {
                break;
            }
        }
        asked
    });
    (address, asked)
}

fn clients(address: SocketAddr, paths: &str) -> Ran {
    let mut clients = Command::new(kanak_binary())
        .args(["bench", "codes-clients", "--clients", "1", "--seconds", "1", "--address", &address.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    clients.stdin.take().unwrap().write_all(paths.as_bytes()).unwrap();
    let output = clients.wait_with_output().unwrap();
    Ran {
        status: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

#[test]
fn clients_ask_for_the_paths_of_their_input_in_turn_and_count_what_was_answered() {
    let (address, asked) = serve("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
    let got = clients(address, "/a\n/b\n");
    assert_eq!(got.status, Some(0), "{}", got.stderr);
    let asked = asked.join().unwrap();
    assert!(asked.len() > 2 && asked.iter().step_by(2).all(|path| path == "GET /a"), "{:?}", asked.first());
    assert!(asked.iter().skip(1).step_by(2).all(|path| path == "GET /b"), "{:?}", asked.get(1));
    assert_eq!(got.json()["answers"], asked.len());
}

#[test]
fn a_refusal_stops_the_clients_and_is_named() {
    let (address, _) = serve("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    let got = clients(address, "/a\n");
    assert_eq!(got.status, Some(1), "{}", got.stdout);
    assert!(got.reason().contains("404"), "{}", got.reason());
    let got = clients(address, "");
    assert!(got.status == Some(1) && got.reason().contains("standard input"), "{}", got.reason());
}

#[test]
fn codes_are_measured_in_process_and_by_another_one_beside_a_constant() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().to_str().unwrap();
    let ran = kanak_ok(["bench", "codes", "--rounds", "2", "--seconds", "1", "--clients", "2", "--dir", dir]);
    let lines: Vec<Value> = ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let find = |case: &str| lines.iter().find(|line| line["case"] == case).unwrap_or_else(|| panic!("{case}"));
    let number = |case: &str, figure: &str| find(case)[figure].as_f64().unwrap_or_else(|| panic!("{case} {figure}"));
    for case in ["load", "lookup", "subsumes_handles", "prefix", "search_one_slip"] {
        assert!(number(case, "rows") > 0.0, "{case}");
    }
    for case in ["http_constant", "http_lookup", "http_validate_batch"] {
        assert!(number(case, "calls") >= 2.0 && number(case, "per_second") > 0.0, "{case}");
        assert!(number(case, "p50_ms") <= number(case, "p99_ms"), "{case}");
        assert_eq!(find(case)["rounds"], 2, "{case}");
    }
    let ratios = find("http_lookup_to_constant")["ratios"].as_array().unwrap();
    let middle = ratios.iter().map(|ratio| ratio.as_f64().unwrap()).sum::<f64>() / 2.0;
    assert!((number("http_lookup_to_constant", "ratio") - middle).abs() <= 0.002, "half-way between {ratios:?}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is left behind");
}

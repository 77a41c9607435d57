//! Commands beside a running server: handed to it over its socket, refused as everywhere, at home again when it is gone.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use kanak_tests::{Ran, kanak_binary};

use crate::house::{House, SOURCE};

/// A server that runs until it is dropped.
pub(crate) struct Served {
    child: Child,
    pub(crate) address: String,
}

impl Served {
    /// Serves a data folder; comes back when it listens.
    pub(crate) fn start(data: &Path) -> Self {
        Self::start_with(Command::new(kanak_binary()), data, &[])
    }

    /// Serves a data folder by a command that runs the binary, with more arguments; comes back when it listens.
    pub(crate) fn start_with(mut command: Command, data: &Path, more: &[&str]) -> Self {
        let mut child = command
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .args(more)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = lines
            .map_while(Result::ok)
            .find_map(|line| Some(line.strip_prefix("listening on http://")?.split_whitespace().next()?.to_owned()))
            .expect("the server listens before it ends");
        Self { child, address }
    }

    /// Answer to one request, head and body.
    pub(crate) fn get(&self, path: &str, key: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {key}\r\nConnection: close\r\n\r\n",
            self.address
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// Has it stop in order, and waits until it has.
    pub(crate) fn stop(mut self) {
        self.signal("TERM");
        self.child.wait().unwrap();
    }

    /// Sends it a signal by name.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success(), "signal {name} was not sent");
    }

    /// Ends it as a power cut would.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[track_caller]
pub(crate) fn done(ran: Ran) -> Ran {
    assert_eq!(ran.status, Some(0), "stdout: {}\nstderr: {}", ran.stdout, ran.stderr);
    ran
}

/// The command ends with status 1, and the last line of standard error says these words.
#[track_caller]
pub(crate) fn refused(ran: &Ran, words: &[&str]) {
    assert_eq!(ran.status, Some(1), "stdout: {}\nstderr: {}", ran.stdout, ran.stderr);
    assert!(ran.reason().starts_with("kanak: "), "{}", ran.stderr);
    for word in words {
        assert!(ran.reason().contains(word), "it should say {word}: {}", ran.reason());
    }
}

pub(crate) const PEOPLE: &str = "ID,NAME,DOB,AADHAAR\n1,Asha Devi,1990-01-02,\n2,Bina Kumari,1991-03-04,\n";

#[test]
fn commands_beside_a_server_do_their_work_through_it() {
    let house = House::new();
    let served = Served::start(&house.data());
    let file = house.file("people.csv", PEOPLE);
    assert_eq!(done(house.ingest(&file)).json()["files"][0]["new"], 2);
    done(house.run(&["resolve"]));
    done(house.run(&["refresh", "--quiet"]));
    let counted = done(house.run(&["sql", "select count(*) as n from dim_citizens where is_current", "--json"]));
    assert_eq!(counted.json()[0]["n"], 2);
    let user = done(house.run(&["user", "add", "harleen", "--role", "steward"]));
    assert!(user.stdout.contains("user harleen, password (shown once): "), "{}", user.stdout);
    let key = done(house.run(&["key", "add", "figures", "--role", "analyst", "--json"])).json();
    let answer = served.get("/v1/sources", key["secret"].as_str().unwrap());
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("\"people\""), "{answer}");
    assert!(served.get("/v1/sources", "wrong").starts_with("HTTP/1.1 401"));
    let checks = done(house.run(&["verify", "--json"])).json();
    assert!(checks.as_array().unwrap().len() >= 8, "{checks}");
}

#[test]
fn a_command_that_the_server_refuses_ends_as_it_would_alone() {
    let house = House::new();
    let _served = Served::start(&house.data());
    let strangers = house.file("strangers.csv", "ID,NAME\n1,Asha\n");
    refused(&house.ingest(&strangers), &["strangers.csv", "people"]);
    refused(&house.run(&["resolve", "ship"]), &["no entity type `ship`", "citizen"]);
    refused(&house.run(&["explain", "K-000001-1"]), &["no golden record"]);
}

#[test]
fn an_explanation_is_written_to_a_file_that_only_its_owner_reads_with_and_without_a_server() {
    use std::os::unix::fs::PermissionsExt as _;
    let house = House::new();
    let mut served = Served::start(&house.data());
    let twice = "ID,NAME,DOB,AADHAAR\n1,Asha Devi,1990-01-02,\n2,Asha Devi,1990-01-02,\n";
    done(house.ingest(&house.file("people.csv", twice)));
    done(house.run(&["resolve"]));
    let file = house.data().join("pair.html");
    let path = file.display().to_string();
    let told = done(house.run(&["explain", "people:1", "people:2", "--html", &path]));
    assert!(told.stdout.contains("before looking") && told.stdout.contains("sum"), "{}", told.stdout);
    let page = std::fs::read_to_string(&file).unwrap();
    assert!(page.starts_with("<!doctype html>") && page.contains("Asha Devi") && page.contains("role=\"img\""));
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    served.kill();
    done(house.run(&["explain", "people:1", "--html", &path]));
    let page = std::fs::read_to_string(&file).unwrap();
    assert!(page.contains("How it holds together"), "{page}");
    let json = done(house.run(&["explain", "people:1", "people:2", "--json"])).json();
    let last = json["rows"].as_array().unwrap().last().unwrap();
    let (sum, total) = (last["running_bits"].as_f64().unwrap(), json["total_bits"].as_f64().unwrap());
    assert!((sum - total).abs() < 1e-9, "{json}");
}

#[test]
fn a_second_server_is_refused_and_told_why() {
    let house = House::new();
    let _served = Served::start(&house.data());
    refused(&house.run(&["serve", "--listen", "127.0.0.1:0"]), &["a kanak server runs on", "stop it first", "--data"]);
}

#[test]
fn after_a_server_was_killed_the_next_command_works_alone() {
    let house = House::new();
    let mut served = Served::start(&house.data());
    let file = house.file("people.csv", PEOPLE);
    done(house.ingest(&file));
    served.kill();
    assert!(house.data().join("kanak.sock").exists(), "a killed server leaves its socket behind");
    assert_eq!(house.rows_in_hub(), 2);
    let again = Served::start(&house.data());
    assert!(again.get("/healthz", "").contains("ok"));
    assert_eq!(done(house.ingest(&file)).json()["files"][0]["known"], true);
}

#[test]
fn a_server_does_not_work_by_what_was_declared_after_its_start_nor_on_another_hub() {
    let house = House::new();
    let _served = Served::start(&house.data());
    let other = house.data().with_file_name("other.sqlite").display().to_string();
    refused(&house.run(&["sql", "select 1", "--hub", &other]), &["another hub", "--hub"]);
    let own = house.data().join("hub.sqlite").display().to_string();
    done(house.run(&["user", "add", "harleen", "--role", "steward", "--hub", &own]));
    house.source("people.toml", &SOURCE.replace("People", "Persons"));
    let file = house.file("people.csv", PEOPLE);
    refused(&house.ingest(&file), &["changed since the server", "restart it"]);
    done(house.run(&["user", "reset", "harleen"]));
}

#[test]
fn a_slip_in_the_data_folders_name_makes_no_new_hub() {
    let house = House::new();
    refused(&house.run(&["verify"]), &["no data folder", "--data"]);
    assert!(!house.data().exists());
}

#[test]
fn what_waits_for_a_command_is_not_said_to_hold() {
    let house = House::new();
    let file = house.file("people.csv", PEOPLE);
    done(house.ingest(&file));
    let checks = done(house.run(&["verify", "--json"])).json();
    let of = |name: &str| checks.as_array().unwrap().iter().find(|check| check["name"] == name).unwrap().clone();
    let replay = of("replay of citizens");
    assert_eq!((&replay["outcome"], &replay["passed"]), (&"not_yet".into(), &false.into()));
    assert!(replay["detail"].as_str().unwrap().contains("kanak resolve"), "{replay}");
    assert_eq!(of("warehouse reconciles")["outcome"], "not_yet");
    let words = done(house.run(&["verify"])).stdout;
    assert!(words.contains("not yet") && words.contains("cannot be judged yet"), "{words}");
}

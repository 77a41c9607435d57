//! Two servers on one `PostgreSQL`: one resolves and delivers, the other takes over when that is killed or stopped, and what had
//! been stopped does nothing as the holder when it wakes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use kanak_tests::{Ran, kanak, kanak_binary};

use crate::crashes::{Got, check_subscriber, receive, request, whole_feed};
use crate::house::House;
use crate::postgres::Postgres;
use crate::served::{Served, done};

/// Longer than a lease lasts, with the ticks in which its next holder looks and resolves.
const PATIENCE: Duration = Duration::from_secs(150);

fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < until, "{what} did not come");
        std::thread::sleep(Duration::from_millis(300));
    }
}

/// Servers on one hub, each with a data folder of its own, with the same keys and one landing.
struct Servers {
    house: House,
    postgres: Postgres,
    folders: [PathBuf; 2],
}

impl Servers {
    fn new(postgres: Postgres) -> Self {
        let house = House::new();
        let settings = "inbox = \"inbox\"\nsources = \"sources\"\n[webhooks]\nloopback = true\n";
        std::fs::write(house.data().with_file_name("kanak.toml"), settings).unwrap();
        let folders = [house.data(), house.data().with_file_name("kanak-data-2")];
        Self { house, postgres, folders }
    }

    /// Runs a command on a data folder and the common hub.
    fn run(&self, folder: usize, arguments: &[&str]) -> Ran {
        let (data, hub) = (self.folders[folder].display().to_string(), self.postgres.url());
        let mut all = arguments.to_vec();
        all.extend(["--data", &data, "--hub", &hub]);
        kanak(all)
    }

    fn ingest(&self, folder: usize, name: &str, rows: &str) {
        let file = self.house.file(name, format!("ID,NAME,DOB,AADHAAR\n{rows}"));
        done(self.run(folder, &["ingest", &file.display().to_string()]));
    }

    fn share(&self) {
        let [first, second] = &self.folders;
        std::fs::create_dir(second).unwrap();
        let copied = Command::new("cp").arg("-rp").arg(first.join("keys")).arg(second).status().unwrap();
        assert!(copied.success());
        std::os::unix::fs::symlink(first.join("landing"), second.join("landing")).unwrap();
    }

    fn serve(&self, folder: usize) -> Served {
        serve(&self.folders[folder], &self.postgres.url())
    }
}

fn serve(data: &Path, hub: &str) -> Served {
    Served::start_with(Command::new(kanak_binary()), data, &["--hub", hub])
}

fn holds_the_lease(served: &Served) -> bool {
    request(&served.address, "GET /metrics HTTP/1.1", "").contains("\nkanak_resolver_lease 1\n")
}

#[test]
fn of_two_servers_on_one_hub_one_resolves_and_the_other_takes_over_without_gap_or_double() {
    let Some(postgres) = Postgres::start() else { return };
    let servers = Servers::new(postgres);
    servers.ingest(0, "people_0.csv", "1,Asha Devi,1990-01-02,\n2,Bina Kumari,1991-03-04,\n");
    done(servers.run(0, &["resolve"]));
    let key = done(servers.run(0, &["key", "add", "reader", "--role", "department", "--json"])).json();
    let key = key["secret"].as_str().unwrap().to_owned();
    let got = Got::default();
    let url = format!("http://{}/hook", receive(Got::clone(&got)));
    let of_reader = ["--key", "reader", "--purpose", "service_delivery", "--after", "0"];
    done(servers.run(0, &[["webhook", "add", "subscriber", "--url", &url].as_slice(), &of_reader].concat()));
    servers.share();

    let mut first = servers.serve(0);
    wait_until("the first server's lease", || holds_the_lease(&first));
    let second = servers.serve(1);
    let told = |served: &Served, golden: usize| {
        let feed = whole_feed(served, &key);
        feed.values().filter(|event| event["change"] == "created").count() == golden
    };
    servers.ingest(1, "people_1.csv", "3,Chitra Rani,1992-05-06,\n");
    wait_until("what came in by the second server", || told(&first, 3));
    assert!(holds_the_lease(&first) && !holds_the_lease(&second));
    assert_eq!(whole_feed(&first, &key), whole_feed(&second, &key), "both tell one feed");

    first.kill();
    servers.ingest(1, "people_2.csv", "4,Daljit Kaur,1993-07-08,\n");
    wait_until("the second server's turn after a kill", || told(&second, 4));
    assert!(holds_the_lease(&second));

    let first = servers.serve(0);
    second.signal("STOP");
    servers.ingest(0, "people_3.csv", "5,Esha Gill,1994-09-10,\n");
    wait_until("the first server's turn after the other was stopped", || told(&first, 5));
    assert!(holds_the_lease(&first));
    second.signal("CONT");
    wait_until("the second server to see what it missed", || !holds_the_lease(&second));
    servers.ingest(1, "people_4.csv", "6,Farid Khan,1995-11-12,\n");
    wait_until("what came in after all", || told(&second, 6));

    let feed: BTreeMap<i64, _> = whole_feed(&first, &key);
    assert_eq!(feed, whole_feed(&second, &key));
    let end = *feed.keys().next_back().unwrap();
    assert_eq!(feed.keys().copied().collect::<Vec<_>>(), (1..=end).collect::<Vec<_>>(), "numbers without gaps");
    check_subscriber(&got, end);
    for folder in [0, 1] {
        let verified = servers.run(folder, &["verify"]);
        assert_eq!(verified.status, Some(0), "{}{}", verified.stdout, verified.stderr);
    }
}

#[test]
fn a_server_that_stops_in_order_leaves_its_lease_to_the_next_at_once() {
    let Some(postgres) = Postgres::start() else { return };
    let servers = Servers::new(postgres);
    servers.ingest(0, "people_0.csv", "1,Asha Devi,1990-01-02,\n");
    servers.share();
    let first = servers.serve(0);
    wait_until("the first server's lease", || holds_the_lease(&first));
    let second = servers.serve(1);
    first.signal("TERM");
    wait_until("the second server's lease", || holds_the_lease(&second));
    drop(first);
}

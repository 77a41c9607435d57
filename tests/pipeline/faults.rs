//! What machines do to a hub: its disk is full, its folder cannot be written, its database is gone, its clock goes back. Each
//! ends with words on what to do, loses nothing that was acknowledged, and is over when its cause is.
//!
//! Disks are mounted in memory, which takes root; PostgreSQL is stopped and started; the clock is libfaketime's.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use kanak_tests::{Ran, kanak, kanak_binary};

use crate::crashes::{request, sign_in, state_value, whole_feed};
use crate::house::House;
use crate::postgres::{Postgres, is_root};
use crate::served::{Served, done, refused};

/// A disk of its own at a folder.
struct Disk(PathBuf);

impl Disk {
    /// Mounts one of so many mebibytes; `None`, said aloud, where this process may not.
    fn mount(at: &Path, mebibytes: u32) -> Option<Self> {
        std::fs::create_dir_all(at).unwrap();
        let options = format!("size={mebibytes}m,mode=0700");
        let mounted = is_root() && mount(&["-t", "tmpfs", "-o", &options, "tmpfs"], at);
        if !mounted {
            println!(
                "skipped: this process may not mount a disk in memory; run the test as root, where mounts are allowed"
            );
        }
        mounted.then(|| Self(at.to_owned()))
    }

    fn is_now(&self, options: &str) {
        assert!(mount(&["-o", &format!("remount,{options}")], &self.0), "cannot remount with {options}");
    }
}

fn mount(arguments: &[&str], at: &Path) -> bool {
    Command::new("mount").args(arguments).arg(at).status().is_ok_and(|status| status.success())
}

impl Drop for Disk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("-l").arg(&self.0).status());
    }
}

/// So many people of a register, with ids from a number on.
fn people(from: u32, count: u32) -> String {
    (from..from + count).fold("ID,NAME,DOB,AADHAAR\n".to_owned(), |text, id| {
        text + &format!("{id},Asha {id} Devi,19{:02}-0{}-1{},\n", 40 + id % 50, 1 + id % 9, id % 9)
    })
}

/// Ingests file after file until one is refused; those that were taken, and the one that was not with what was said.
fn fill(house: &House) -> (Vec<PathBuf>, PathBuf, Ran) {
    let mut taken = Vec::new();
    for number in 0..60 {
        let file = house.file(&format!("people_{number}.csv"), people(number * 3_000, 3_000));
        let ran = house.ingest(&file);
        if ran.status != Some(0) {
            return (taken, file, ran);
        }
        taken.push(file);
    }
    panic!("the disk took everything");
}

fn check_nothing_lost(house: &House, taken: &[PathBuf]) {
    for file in taken {
        assert_eq!(done(house.ingest(file)).json()["files"][0]["known"], true, "{} is lost", file.display());
    }
    let verified = house.run(&["verify"]);
    assert_eq!(verified.status, Some(0), "{}{}", verified.stdout, verified.stderr);
}

#[test]
fn a_command_on_a_full_disk_says_so_and_loses_nothing() {
    let house = House::new();
    let Some(disk) = Disk::mount(&house.data(), 12) else { return };
    let (taken, file, ran) = fill(&house);
    refused(&ran, &[&house.data().display().to_string(), "free some space"]);
    assert!(!taken.is_empty(), "the first file found no room");
    disk.is_now("size=300m");
    check_nothing_lost(&house, &taken);
    check_taken_now(&house, &file);
    check_nothing_lost(&house, &taken);
}

/// A file that was refused is taken when it is sent again; or it was in, and the words after that found no room.
fn check_taken_now(house: &House, file: &Path) {
    let told = done(house.ingest(file)).json()["files"][0].clone();
    assert!(told["new"] == 3_000 || (told["known"] == true && told["accepted"] == 3_000), "{told}");
}

#[test]
fn a_server_on_a_full_disk_refuses_what_it_cannot_keep_and_goes_on_when_there_is_room() {
    let house = House::new();
    let Some(disk) = Disk::mount(&house.data(), 14) else { return };
    let served = Served::start(&house.data());
    let key = done(house.run(&["key", "add", "reader", "--role", "department", "--json"])).json();
    let key = key["secret"].as_str().unwrap().to_owned();
    let (taken, file, ran) = fill(&house);
    refused(&ran, &[&house.data().display().to_string(), "free some space"]);
    // Whatever is left is taken up as well: not one more entry of the audit trail can be written.
    let ballast = house.data().join("ballast");
    drop(std::fs::write(&ballast, vec![1; 64 << 20]));
    let head = format!("GET /v1/sources HTTP/1.1\r\nAuthorization: Bearer {key}\r\nPurpose: service_delivery");
    // Readers of the hub need a little room too, for the log's index.
    let answer = request(&served.address, &head, "");
    assert!(answer.starts_with("HTTP/1.1 200") || answer.starts_with("HTTP/1.1 503"), "{answer}");
    let more = refuse_writes(&house);
    refused(&more, &["free some space"]);
    std::fs::remove_file(&ballast).unwrap();
    disk.is_now("size=300m");
    check_taken_now(&house, &file);
    assert!(served.get("/healthz", "").contains("ok"));
    check_nothing_lost(&house, &taken);
}

/// A small write, until it is refused: a full disk may still have room in a page.
fn refuse_writes(house: &House) -> Ran {
    for number in 0..2_000 {
        let ran = house.run(&["key", "add", &format!("key {number}"), "--role", "department", "--json"]);
        if ran.status != Some(0) {
            return ran;
        }
    }
    panic!("a full disk took 2,000 keys");
}

#[test]
fn a_folder_that_cannot_be_written_is_named_and_opens_again_when_it_can() {
    let house = House::new();
    let Some(disk) = Disk::mount(&house.data(), 100) else { return };
    let file = house.file("people_0.csv", people(0, 100));
    done(house.ingest(&file));
    disk.is_now("ro");
    let data = house.data().display().to_string();
    for command in
        [["ingest", "people_0.csv"].as_slice(), &["resolve"], &["verify"], &["serve", "--listen", "127.0.0.1:0"]]
    {
        refused(&house.run(command), &[&data, "Read-only", "write"]);
    }
    disk.is_now("rw");
    check_nothing_lost(&house, &[file]);
}

fn wait_for(what: &str, mut holds: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(120);
    while !holds() {
        assert!(Instant::now() < until, "{what} did not come");
        std::thread::sleep(Duration::from_millis(300));
    }
}

#[test]
fn a_server_whose_database_is_gone_says_so_and_recovers_by_itself() {
    let Some(postgres) = Postgres::start() else { return };
    let (house, hub) = (House::new(), postgres.url());
    let on_hub = |arguments: &[&str]| house.run(&[arguments, &["--hub", &hub]].concat());
    let first = house.file("people_0.csv", people(0, 50)).display().to_string();
    done(on_hub(&["ingest", &first]));
    done(on_hub(&["resolve"]));
    let key = done(on_hub(&["key", "add", "reader", "--role", "department", "--json"])).json();
    let key = key["secret"].as_str().unwrap().to_owned();
    let served = Served::start_with(Command::new(kanak_binary()), &house.data(), &["--hub", &hub]);
    let head = format!("GET /v1/feed?after=0 HTTP/1.1\r\nAuthorization: Bearer {key}\r\nPurpose: service_delivery");
    let read = || request(&served.address, &head, "");
    assert!(read().starts_with("HTTP/1.1 200"));

    postgres.stop();
    let gone = read();
    assert!(gone.starts_with("HTTP/1.1 503") && gone.contains("application/problem+json"), "{gone}");
    assert!(gone.contains("try again") && !gone.contains("127.0.0.1:"), "{gone}");
    let form = "user_name=deepa&password=wrong&csrf=x";
    let head = "POST /sign-in HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded";
    let written = request(&served.address, head, form);
    assert!(!written.starts_with("HTTP/1.1 2") && !written.starts_with("HTTP/1.1 500"), "{written}");
    assert!(request(&served.address, "GET /healthz HTTP/1.1", "").starts_with("HTTP/1.1 200"));
    assert!(request(&served.address, "GET /readyz HTTP/1.1", "").starts_with("HTTP/1.1 503"));
    let second = house.file("people_1.csv", people(100, 50)).display().to_string();
    refused(
        &on_hub(&["ingest", &second]),
        &["hub postgres://127.0.0.1", "does not answer", "nothing that was acknowledged is lost"],
    );

    postgres.go_on();
    wait_for("an answer after the database came back", || read().starts_with("HTTP/1.1 200"));
    assert_eq!(done(on_hub(&["ingest", &first, "--json"])).json()["files"][0]["known"], true);
    assert_eq!(done(on_hub(&["ingest", &second, "--json"])).json()["files"][0]["new"], 50);
    drop(served);
    done(on_hub(&["verify"]));

    postgres.stop();
    let alone = on_hub(&["verify"]);
    refused(&alone, &["hub postgres://127.0.0.1", "does not answer", "see that it runs"]);
}

/// The library that gives a process another clock.
fn find_faketime() -> Option<PathBuf> {
    let found = std::fs::read_dir("/usr/lib").ok()?.find_map(|entry| {
        let path = entry.ok()?.path().join("faketime/libfaketimeMT.so.1");
        path.exists().then_some(path)
    });
    if found.is_none() {
        println!("skipped: no libfaketimeMT under /usr/lib (Debian: apt-get install faketime)");
    }
    found
}

/// The binary under a clock that is off by so much.
fn under_clock(library: &Path, off: &str) -> Command {
    let mut command = Command::new(kanak_binary());
    command.env("LD_PRELOAD", library).env("FAKETIME", off).env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    command.env("DONT_FAKE_MONOTONIC", "1");
    command
}

#[test]
fn a_clock_that_goes_back_changes_no_order_and_breaks_nothing() {
    let Some(library) = find_faketime() else { return };
    let house = House::new();
    done(house.ingest(&house.file("people_0.csv", people(0, 30))));
    done(house.run(&["resolve"]));
    let user = done(house.run(&["user", "add", "harleen", "--role", "steward"])).stdout;
    let password = user.split_once("(shown once): ").unwrap().1.trim().to_owned();
    let key = done(house.run(&["key", "add", "reader", "--role", "department", "--json"])).json();
    let key = key["secret"].as_str().unwrap().to_owned();
    let mut served = Served::start(&house.data());
    let cookie = sign_in(&served, &password);
    assert!(state_value(&served.address, &cookie, &key, "K-000001", "0001.0001").is_some());
    served.kill();

    for (round, off) in [(1, "-1d"), (2, "-400d"), (3, "+0d")] {
        let mut served = Served::start_with(under_clock(&library, off), &house.data(), &[]);
        done(house.ingest(&house.file(&format!("people_{round}.csv"), people(round * 100, 30))));
        done(house.run(&["resolve"]));
        let stated = state_value(&served.address, &cookie, &key, "K-000002", &format!("000{round}.0001"));
        assert!(stated.is_some(), "a session holds, and a value is stated, {off}");
        let again = sign_in(&served, &password);
        assert_ne!(again, cookie, "and who signs in anew is let in, {off}");
        let feed = whole_feed(&served, &key);
        let times: Vec<&str> = feed.values().map(|event| event["at"].as_str().unwrap()).collect();
        assert!(times.is_sorted(), "recorded times ascend, {off}: {times:?}");
        assert_eq!(feed.keys().copied().collect::<Vec<_>>(), (1..=feed.len() as i64).collect::<Vec<_>>());
        served.kill();
        let verified = house.run(&["verify"]);
        assert_eq!(verified.status, Some(0), "{off}: {}{}", verified.stdout, verified.stderr);
    }
}

#[test]
fn a_backup_for_which_there_is_no_room_is_refused_before_it_begins() {
    let house = House::new();
    let small = house.data().with_file_name("small");
    let Some(disk) = Disk::mount(&small, 8) else { return };
    done(house.ingest(&house.file("people_0.csv", people(0, 3_000))));
    let copy = small.join("copy").display().to_string();
    refused(&house.run(&["backup", &copy]), &[&copy, "needs", "MB free"]);
    assert_eq!(std::fs::read_dir(&small).unwrap().count(), 0);
    disk.is_now("size=300m");
    done(house.run(&["backup", &copy]));
    let held: u64 = kanak_tests::files_below(&small).iter().map(|file| file.metadata().unwrap().len()).sum();
    disk.is_now(&format!("size={}k", held.div_ceil(1024) + 1_024));
    let new = small.join("new").display().to_string();
    refused(&kanak(["restore", &copy, "--data", &new]), &[&new, "needs", "MB free"]);
    assert!(!small.join("new").exists());
}

//! A backup taken while files come in, restored at another place: equal checksums, every invariant, and work goes on there.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use kanak_tests::kanak;

use crate::house::House;
use crate::postgres::Postgres;
use crate::served::{Served, done, refused};

fn people(from: u64, to: u64) -> String {
    (from..to).fold("ID,NAME,DOB,AADHAAR\n".to_owned(), |text, id| {
        text + &format!("{id},Asha Devi,19{:02}-0{}-1{},\n", 40 + id % 50, 1 + id % 9, id % 9)
    })
}

#[test]
fn a_backup_of_a_working_server_is_restored_with_equal_checksums_and_works_on() {
    let house = House::new();
    let numbers = "ID,NAME,DOB,AADHAAR\n1,Asha Devi,1990-01-02,234123412346\n2,Bina Kumari,1991-03-04,999999990019\n";
    done(house.ingest(&house.file("people_first.csv", numbers)));
    done(house.run(&["resolve"]));
    done(house.run(&["refresh"]));
    let served = Served::start(&house.data());
    let beside = |name: &str| house.data().with_file_name(name).display().to_string();
    let (copy, new, keys) = (beside("copy"), beside("new"), house.data().join("keys").display().to_string());
    let is_done = AtomicBool::new(false);
    let told = std::thread::scope(|scope| {
        let writing = scope.spawn(|| {
            let mut acknowledged = 0;
            while !is_done.load(Relaxed) || acknowledged == 0 {
                let (from, to) = (10 + acknowledged * 20, 30 + acknowledged * 20);
                done(house.ingest(&house.file(&format!("people_{acknowledged}.csv"), people(from, to))));
                acknowledged += 1;
            }
        });
        let told = done(house.run(&["backup", &copy, "--json"])).json();
        is_done.store(true, Relaxed);
        writing.join().unwrap();
        told
    });
    drop(served);
    refused(&kanak(["restore", &copy, "--data", &house.data().display().to_string()]), &["is not empty", "--data"]);
    let restored = done(kanak(["restore", &copy, "--keys", &keys, "--data", &new, "--json"])).json();
    for word in ["checksum", "feed_position", "lake", "files"] {
        assert_eq!(restored[word], told[word], "{word}");
    }
    assert_eq!(told["checksum"].as_str().unwrap().len(), 32);
    let of_new = |arguments: &[&str]| {
        let mut all = arguments.to_vec();
        all.extend(["--data", &new]);
        kanak(all)
    };
    done(of_new(&["verify"]));
    let first = house.file("people_first.csv", numbers).display().to_string();
    assert_eq!(done(of_new(&["ingest", &first, "--json"])).json()["files"][0]["known"], true);
    done(of_new(&["resolve"]));
    done(of_new(&["refresh"]));
    done(of_new(&["verify"]));
}

#[test]
fn a_flipped_bit_in_a_backup_is_named_and_nothing_is_made_of_it() {
    let house = House::new();
    done(house.ingest(&house.file("people.csv", people(1, 20))));
    let beside = |name: &str| house.data().with_file_name(name);
    let (copy, new) = (beside("copy").display().to_string(), beside("new").display().to_string());
    done(house.run(&["backup", &copy]));
    let hub = beside("copy").join("hub.sqlite");
    let mut bytes = std::fs::read(&hub).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&hub, bytes).unwrap();
    refused(&kanak(["restore", &copy, "--data", &new]), &["copy/hub.sqlite", "not as it was backed up"]);
    assert!(!beside("new").exists() && !beside("new.unfinished").exists());
}

#[test]
fn a_hub_on_postgresql_is_backed_up_in_one_snapshot_and_restored_into_an_empty_database() {
    let (Some(from), Some(to)) = (Postgres::start(), Postgres::start()) else { return };
    let house = House::new();
    let on = |url: &str, arguments: &[&str]| house.run(&[arguments, &["--hub", url]].concat());
    let (from, to) = (from.url(), to.url());
    let file = house.file("people.csv", people(1, 40)).display().to_string();
    done(on(&from, &["ingest", &file]));
    done(on(&from, &["resolve"]));
    done(on(&from, &["refresh"]));
    let beside = |name: &str| house.data().with_file_name(name).display().to_string();
    let (copy, new, keys) = (beside("copy"), beside("new"), house.data().join("keys").display().to_string());
    let told = done(on(&from, &["backup", &copy, "--json"])).json();
    let restore =
        |hub: &[&str]| kanak([["restore", &copy, "--keys", &keys, "--data", &new, "--json"].as_slice(), hub].concat());
    refused(&restore(&[]), &["PostgreSQL", "--hub"]);
    refused(&restore(&["--hub", &from]), &["not empty"]);
    let restored = done(restore(&["--hub", &to])).json();
    assert_eq!(restored["checksum"], told["checksum"]);
    let of_new = |arguments: &[&str]| kanak([arguments, &["--data", &new, "--hub", &to]].concat());
    done(of_new(&["verify"]));
    assert_eq!(done(of_new(&["ingest", &file, "--json"])).json()["files"][0]["known"], true);
}

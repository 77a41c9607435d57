//! A server that is killed again and again on one data folder, at moments that nobody chose, while files come in, source
//! records are resolved, a steward states values and two readers follow the feed. After each restart every invariant holds;
//! what was acknowledged is there; no reader missed an event, or was told one otherwise than it is.
//!
//! `KANAK_TEST_KILLS` says how often (20 by default; `tests/run --long` sets 200), `KANAK_TEST_SEED` from where chance begins.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::house::House;
use crate::served::{Served, done};

/// A small generator of chance: xorshift.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

/// What a subscriber got: feed positions in the order of the messages that it answered with 200.
pub(crate) type Got = Arc<Mutex<Vec<i64>>>;

/// A subscriber of the feed that takes everything; its address.
pub(crate) fn receive(got: Got) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            // A sender that is killed half-way has sent nothing.
            drop(connection.and_then(|connection| take_message(connection, &got)));
        }
    });
    address
}

fn take_message(connection: TcpStream, got: &Got) -> std::io::Result<()> {
    connection.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut reader = BufReader::new(connection);
    let (mut id, mut length) = (None, 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        if line.trim().is_empty() {
            break;
        }
        let Some((name, value)) = line.split_once(':') else { continue };
        match name.to_ascii_lowercase().as_str() {
            "webhook-id" => id = value.trim().rsplit('_').next().and_then(|text| text.parse().ok()),
            "content-length" => length = value.trim().parse().unwrap_or(0),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    if let Some(position) = id {
        got.lock().unwrap().push(position);
    }
    reader.into_inner().write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
}

/// One request over a connection of its own; what came back before the connection ended, if anything did.
pub(crate) fn request(address: &str, head: &str, body: &str) -> String {
    let mut answer = String::new();
    let Ok(mut stream) = TcpStream::connect(address) else { return answer };
    let sent = write!(
        stream,
        "{head}\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    if sent.is_ok() {
        drop(stream.read_to_string(&mut answer));
    }
    answer
}

/// Follows the feed from a position until the connection ends; each event as it was told, by position.
fn follow(address: &str, key: &str, after: i64) -> BTreeMap<i64, String> {
    let mut told = BTreeMap::new();
    let Ok(mut stream) = TcpStream::connect(address) else { return told };
    let asked = write!(
        stream,
        "GET /v1/feed/events?after={after} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {key}\r\nPurpose: service_delivery\r\nConnection: close\r\n\r\n"
    );
    if asked.is_err() {
        return told;
    }
    let (mut id, mut data) = (None, None);
    for line in BufReader::new(stream).lines().map_while(Result::ok) {
        if let Some(text) = line.strip_prefix("id:") {
            id = text.trim().parse().ok();
        } else if let Some(text) = line.strip_prefix("data:") {
            data = Some(text.trim().to_owned());
        } else if line.is_empty()
            && let (Some(position), Some(event)) = (id.take(), data.take())
        {
            told.insert(position, event);
        }
    }
    told
}

/// Everything that the feed tells, by position.
pub(crate) fn whole_feed(served: &Served, key: &str) -> BTreeMap<i64, serde_json::Value> {
    let mut events = BTreeMap::new();
    loop {
        let after = events.keys().next_back().copied().unwrap_or(0);
        let head = format!(
            "GET /v1/feed?after={after}&limit=500 HTTP/1.1\r\nAuthorization: Bearer {key}\r\nPurpose: service_delivery"
        );
        let answer = request(&served.address, &head, "");
        let body = answer.split_once("\r\n\r\n").unwrap().1;
        let page: Vec<serde_json::Value> =
            serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {answer}"));
        if page.is_empty() {
            return events;
        }
        for event in page {
            let position = event["position"].as_i64().unwrap();
            assert!(events.insert(position, event).is_none(), "{position} stands twice in the feed");
        }
    }
}

/// The cookie of a session that was opened with a password.
pub(crate) fn sign_in(served: &Served, password: &str) -> String {
    let form = request(&served.address, "GET /sign-in HTTP/1.1", "");
    let cookie_of = |answer: &str, name: &str| {
        let line =
            answer.lines().find(|line| line.to_ascii_lowercase().starts_with("set-cookie:") && line.contains(name));
        let cookie = line.unwrap_or_else(|| panic!("no cookie {name} in {answer}")).split_once(':').unwrap().1;
        cookie.split(';').next().unwrap().trim().to_owned()
    };
    let before = cookie_of(&form, "kanak_before");
    let csrf = form.split_once("name=\"csrf\" value=\"").unwrap().1.split('"').next().unwrap();
    let head = format!("POST /sign-in HTTP/1.1\r\nCookie: {before}\r\nContent-Type: application/x-www-form-urlencoded");
    let welcome = request(&served.address, &head, &format!("user_name=harleen&password={password}&csrf={csrf}"));
    cookie_of(&welcome, "kanak_session")
}

/// People as a register states them: two dozen names, so that some are namesakes; a round gives some of them another birthday.
fn people(round: u64, chance: &mut Chance) -> String {
    const GIVEN: [&str; 6] = ["Asha", "Bina", "Chitra", "Daljit", "Esha", "Farid"];
    const LAST: [&str; 4] = ["Kumari", "Singh", "Kaur", "Khan"];
    let mut text = "ID,NAME,DOB,AADHAAR\n".to_owned();
    for _ in 0..12 {
        let id = chance.below(30 + round * 4);
        let (given, last) = (GIVEN[chance.below(6) as usize], LAST[chance.below(4) as usize]);
        let (month, day) = (1 + chance.below(12), 1 + chance.below(28));
        text += &format!("{id},{given} {last},19{:02}-{month:02}-{day:02},\n", 40 + id % 50);
    }
    // The register names a person once a file.
    let mut seen = std::collections::BTreeSet::new();
    text.lines()
        .filter(|line| seen.insert(line.split(',').next().unwrap().to_owned()))
        .map(|line| line.to_owned() + "\n")
        .collect()
}

#[test]
fn a_server_that_is_killed_again_and_again_loses_nothing_that_it_acknowledged() {
    let kills = setting("KANAK_TEST_KILLS", 20);
    let seed = setting("KANAK_TEST_SEED", 20_261_127);
    println!("{kills} kills, chance from {seed}");
    let mut chance = Chance(seed.max(1));
    let house = House::new();
    std::fs::write(
        house.data().with_file_name("kanak.toml"),
        "inbox = \"inbox\"\nsources = \"sources\"\n[webhooks]\nloopback = true\n",
    )
    .unwrap();
    done(house.ingest(&house.file("people_0.csv", people(0, &mut chance))));
    done(house.run(&["resolve"]));
    done(house.run(&["refresh"]));
    let user = done(house.run(&["user", "add", "harleen", "--role", "steward"])).stdout;
    let password = user.split_once("(shown once): ").unwrap().1.trim().to_owned();
    let key = done(house.run(&["key", "add", "reader", "--role", "department", "--json"])).json();
    let key = key["secret"].as_str().unwrap().to_owned();
    let got = Got::default();
    let url = format!("http://{}/hook", receive(Arc::clone(&got)));
    done(house.run(&[
        "webhook",
        "add",
        "subscriber",
        "--url",
        &url,
        "--key",
        "reader",
        "--purpose",
        "service_delivery",
        "--after",
        "0",
    ]));
    let cookie = sign_in(&Served::start(&house.data()), &password);

    let mut followed: BTreeMap<i64, String> = BTreeMap::new();
    let mut acknowledged_files = vec![];
    let mut acknowledged_values: Vec<(String, String)> = vec![];
    let mut kills_in_work = 0;
    for round in 1..=kills {
        let mut served = Served::start(&house.data());
        let address = served.address.clone();
        let after = followed.keys().next_back().copied().unwrap_or(0);
        let wait = Duration::from_millis(chance.below(1_500));
        let (mut of_files, mut of_values) = (Chance(chance.below(u64::MAX) | 1), Chance(chance.below(u64::MAX) | 1));
        // File after file and value after value, so that the kill finds them at it.
        let alive = AtomicBool::new(true);
        let (worked, stated, told) = std::thread::scope(|scope| {
            let worked = scope.spawn(|| {
                let mut worked = Worked::default();
                for number in 0.. {
                    if !alive.load(Relaxed) {
                        return worked;
                    }
                    let file = house.file(&format!("people_{round}_{number}.csv"), people(round, &mut of_files));
                    match house.ingest(&file).status {
                        Some(0) => worked.files.push(file),
                        _ => worked.cut += 1,
                    }
                    worked.cut += u64::from(house.run(&["resolve"]).status != Some(0));
                }
                unreachable!("the numbers do not end")
            });
            let stated = scope.spawn(|| {
                let mut stated = Vec::new();
                for number in 0.. {
                    if !alive.load(Relaxed) {
                        break;
                    }
                    let golden = format!("K-{:06}", 1 + of_values.below(10));
                    stated.extend(state_value(&address, &cookie, &key, &golden, &format!("{round:04}.{number:04}")));
                }
                stated
            });
            let told = scope.spawn(|| follow(&address, &key, after));
            std::thread::sleep(wait);
            served.kill();
            alive.store(false, Relaxed);
            (worked.join().unwrap(), stated.join().unwrap(), told.join().unwrap())
        });
        kills_in_work += u64::from(worked.cut > 0);
        acknowledged_files.extend(worked.files);
        acknowledged_values.extend(stated);
        for (position, event) in told {
            if let Some(before) = followed.insert(position, event.clone()) {
                assert_eq!(before, event, "event {position} was told twice, and otherwise, in round {round}");
            }
        }
        let verified = house.run(&["verify"]);
        assert_eq!(verified.status, Some(0), "round {round} of seed {seed}: {}{}", verified.stdout, verified.stderr);
    }
    let acknowledged = (acknowledged_files.len(), acknowledged_values.len(), followed.len());
    assert!(acknowledged.0 > 0 && acknowledged.1 > 0 && acknowledged.2 > 0, "files, values, events: {acknowledged:?}");
    assert!(kills_in_work * 4 >= kills, "only {kills_in_work} of {kills} kills met work: this test would show nothing");

    let served = Served::start(&house.data());
    for file in &acknowledged_files {
        assert_eq!(done(house.ingest(file)).json()["files"][0]["known"], true, "{} is lost", file.display());
    }
    done(house.run(&["resolve"]));
    let feed = whole_feed(&served, &key);
    let end = *feed.keys().next_back().unwrap();
    assert_eq!(feed.keys().copied().collect::<Vec<_>>(), (1..=end).collect::<Vec<_>>(), "numbers without gaps");
    let seen: Vec<i64> = followed.keys().copied().collect();
    assert_eq!(seen, (1..=seen.len() as i64).collect::<Vec<_>>(), "the stream left events out");
    for (position, event) in &followed {
        assert_eq!(serde_json::from_str::<serde_json::Value>(event).unwrap(), feed[position], "event {position}");
    }
    for (golden, reason) in &acknowledged_values {
        let path = format!("/v1/golden-records/{golden}/overrides");
        let head = format!("GET {path} HTTP/1.1\r\nCookie: {cookie}\r\nPurpose: stewardship");
        let answer = request(&served.address, &head, "");
        assert!(answer.contains(reason), "a stated value is lost: {reason} of {golden}: {answer}");
    }
    check_subscriber(&got, end);
}

/// Writes one row of a register as its department's program would; whether the server said that it is in the hub.
fn write_row(address: &str, key: &str, row: &str) -> bool {
    let head = format!(
        "PUT /v1/sources/sheets/source-records/{row} HTTP/1.1\r\nAuthorization: Bearer {key}\r\nPurpose: service_delivery"
    );
    let born = 1 + row.bytes().map(u64::from).sum::<u64>() % 28;
    let body = format!(r#"{{"columns":{{"NAME":"Asha {row}","DOB":"1960-03-{born:02}"}}}}"#);
    let answer = request(address, &head, &body);
    ["HTTP/1.1 200", "HTTP/1.1 201", "HTTP/1.1 202"].iter().any(|status| answer.starts_with(status))
}

#[test]
fn rows_that_thirty_two_programs_write_at_once_survive_a_kill_when_they_were_answered() {
    const PROGRAMS: u64 = 32;
    let mut chance = Chance(setting("KANAK_TEST_SEED", 20_261_127).max(1));
    let house = House::new();
    done(house.ingest(&house.file("people_0.csv", people(0, &mut chance))));
    done(house.run(&["resolve"]));
    let key = done(house.run(&["key", "add", "sheets", "--role", "department", "--json"])).json();
    let key = key["secret"].as_str().unwrap().to_owned();
    done(house.run(&["key", "department", "sheets", "TEST"]));
    let mut acknowledged: Vec<String> = Vec::new();
    for round in 0..3 {
        let mut served = Served::start(&house.data());
        // A resolution leaves the source records in memory: rows are resolved as they come.
        done(house.ingest(&house.file(&format!("people_w{round}.csv"), people(round, &mut chance))));
        done(house.run(&["resolve"]));
        let (address, alive) = (served.address.clone(), AtomicBool::new(true));
        let wait = Duration::from_millis(500 + chance.below(1_000));
        let written = std::thread::scope(|scope| {
            let programs = (0..PROGRAMS).map(|program| {
                let (address, key, alive) = (&address, &key, &alive);
                scope.spawn(move || {
                    let rows = (0..).map(|number| format!("r{round}p{program}n{number}"));
                    let rows = rows.take_while(|_| alive.load(Relaxed));
                    rows.filter(|row| write_row(address, key, row)).collect::<Vec<String>>()
                })
            });
            let programs: Vec<_> = programs.collect();
            std::thread::sleep(wait);
            served.kill();
            alive.store(false, Relaxed);
            programs.into_iter().flat_map(|program| program.join().unwrap()).collect::<Vec<String>>()
        });
        acknowledged.extend(written);
        let verified = house.run(&["verify"]);
        assert_eq!(verified.status, Some(0), "round {round}: {}{}", verified.stdout, verified.stderr);
    }
    assert!(acknowledged.len() as u64 > PROGRAMS, "{} rows were written", acknowledged.len());
    done(house.run(&["resolve"]));
    let served = Served::start(&house.data());
    for row in &acknowledged {
        let head = format!(
            "GET /v1/crosswalks/sheets/{row} HTTP/1.1\r\nAuthorization: Bearer {key}\r\nPurpose: service_delivery"
        );
        let answer = request(&served.address, &head, "");
        assert!(answer.starts_with("HTTP/1.1 200"), "row {row} is lost: {answer}");
    }
}

/// Every event came in order; one may have come again after its answer was lost.
pub(crate) fn check_subscriber(got: &Got, end: i64) {
    let until = Instant::now() + Duration::from_secs(120);
    while got.lock().unwrap().iter().max() != Some(&end) {
        assert!(
            Instant::now() < until,
            "the subscriber was told up to {:?} of {end}",
            got.lock().unwrap().iter().max()
        );
        std::thread::sleep(Duration::from_millis(200));
    }
    let mut last = 0;
    for position in got.lock().unwrap().iter() {
        assert!(*position <= last + 1, "{position} came after {last}");
        last = last.max(*position);
    }
}

/// What came of a round's files.
#[derive(Default)]
struct Worked {
    /// Those of which the command said that they are in.
    files: Vec<PathBuf>,
    /// Commands that were cut off.
    cut: u64,
}

/// States a value of a golden record as a steward would; the golden id and the reason when the server said that it is done.
pub(crate) fn state_value(
    address: &str,
    cookie: &str,
    key: &str,
    golden: &str,
    number: &str,
) -> Option<(String, String)> {
    // The lasting id with its check character, as the API gives it.
    let head =
        format!("GET /v1/feed?after=0&limit=500 HTTP/1.1\r\nAuthorization: Bearer {key}\r\nPurpose: service_delivery");
    let feed = request(address, &head, "");
    let id = feed.split('"').find(|word| word.starts_with(golden))?.to_owned();
    let reason = format!("seen in round {number}");
    let body = serde_json::json!({ "attribute": "mobile", "value": format!("98{}", number.replace('.', "")), "reason": reason });
    let head = format!(
        "POST /v1/golden-records/{id}/overrides HTTP/1.1\r\nCookie: {cookie}\r\nPurpose: stewardship\r\nContent-Type: application/json"
    );
    let answer = request(address, &head, &body.to_string());
    answer.starts_with("HTTP/1.1 200").then_some((id, reason))
}

//! What the system was asked for, in its order: nothing is acknowledged before it is synced to disk.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use kanak_tests::kanak_binary;

use crate::crashes::{sign_in, state_value};
use crate::house::House;
use crate::served::{Served, done};

/// A step that a process took, as `strace` saw it begin or, of a sync, end.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    /// Bytes went to a file.
    Written(String),
    /// A file or folder was synced, and the call came back.
    Synced(String),
    /// Words left the process, on standard output or a connection.
    Said(String),
}

fn strace(file: &Path) -> Option<Command> {
    let found = Command::new("strace").arg("-V").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !found.is_ok_and(|status| status.success()) {
        println!("skipped: no strace (Debian: apt-get install strace)");
        return None;
    }
    let calls = "trace=fsync,fdatasync,write,pwrite64,writev,pwritev,pwritev2,sendto,sendmsg";
    // The tracer stands aside (`-D`): the child is the process that is traced, and takes signals itself.
    let mut command = Command::new("strace");
    command.args(["-D", "-f", "-y", "-s", "2000", "-e", calls, "-o"]).arg(file).arg(kanak_binary());
    Some(command)
}

/// The trace, once the tracer has written its end.
fn read_whole(trace: &Path) -> String {
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        let text = std::fs::read_to_string(trace).unwrap_or_default();
        let ends = text.lines().last().is_some_and(|line| line.contains("+++ exited") || line.contains("+++ killed"));
        if ends {
            return text;
        }
        assert!(Instant::now() < until, "{} has no end", trace.display());
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// The path of `NAME(7</path>, ...`, where the descriptor is that of a file.
fn path_of(call: &str) -> Option<&str> {
    let (_, rest) = call.split_once('<')?;
    Some(rest.split_once('>')?.0)
}

/// Reads a trace. A call that another thread interrupts stands in two lines; a write counts from its beginning, a sync from its end.
fn steps(trace: &str) -> Vec<Step> {
    let (mut steps, mut syncing) = (Vec::new(), BTreeMap::new());
    for line in trace.lines() {
        let Some((thread, call)) = line.split_once(' ') else { continue };
        let call = call.trim_start();
        if call.starts_with("<... f") {
            steps.extend(syncing.remove(thread).map(Step::Synced));
        } else if call.starts_with("fsync(") || call.starts_with("fdatasync(") {
            let Some(path) = path_of(call) else { continue };
            if call.contains("<unfinished") {
                syncing.insert(thread.to_owned(), path.to_owned());
            } else {
                steps.push(Step::Synced(path.to_owned()));
            }
        } else if let Some(path) = path_of(call).filter(|_| !call.starts_with("<...")) {
            let is_connection = ["socket:", "TCP", "UNIX"].iter().any(|kind| path.starts_with(kind));
            let is_pipe = path.starts_with("pipe:") && call.starts_with("write(1<");
            if is_connection || is_pipe {
                steps.push(Step::Said(call.to_owned()));
            } else {
                steps.push(Step::Written(path.to_owned()));
            }
        }
    }
    steps
}

/// Files below a folder that were written and not synced when the words were said; the files that were synced before.
fn unsynced(steps: &[Step], said: usize, folder: &Path) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut unsynced, mut synced) = (BTreeSet::new(), BTreeSet::new());
    let folder = folder.display().to_string();
    for step in &steps[..said] {
        match step {
            Step::Written(path) if path.starts_with(&folder) && is_kept(path) => {
                unsynced.insert(path.clone());
            }
            Step::Synced(path) => {
                unsynced.remove(path);
                synced.insert(path.clone());
            }
            _ => {}
        }
    }
    (unsynced, synced)
}

/// Whether something that was acknowledged is in this file: the log of a database holds it before its file does, and what lies in
/// shared memory is made anew.
fn is_kept(path: &str) -> bool {
    path.ends_with("-wal") || path.contains("/landing/")
}

fn position_of(steps: &[Step], what: &str, is_it: impl Fn(&str) -> bool) -> usize {
    let place = steps.iter().rposition(|step| matches!(step, Step::Said(words) if is_it(words)));
    place.unwrap_or_else(|| panic!("{what} was never said"))
}

#[test]
fn a_file_is_on_disk_in_landing_vault_and_hub_before_the_command_says_so() {
    let house = House::new();
    let trace = house.data().with_file_name("trace.txt");
    let Some(mut command) = strace(&trace) else { return };
    let file = house.file("people.csv", "ID,NAME,DOB,AADHAAR\n1,Asha Devi,1990-01-02,234123412346\n");
    let ran = command.arg("ingest").arg(&file).args(["--json", "--data"]).arg(house.data()).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let steps = steps(&read_whole(&trace));
    let said = position_of(&steps, "the result", |words| words.contains("accepted") || words.contains("files"));
    let (left, synced) = unsynced(&steps, said, &house.data());
    assert!(left.is_empty(), "written and not synced when the command said that it was done: {left:?}");
    let data = house.data().display().to_string();
    let in_landing = |path: &&String| path.starts_with(&format!("{data}/landing/"));
    assert!(
        synced.contains(&format!("{data}/hub.sqlite-wal")) && synced.contains(&format!("{data}/vault.sqlite-wal")),
        "{synced:?}"
    );
    assert!(synced.iter().any(|path| in_landing(&path) && path.contains(".part")), "the sealed file: {synced:?}");
    // The names that lead to it: the shelf, the landing, the data folder.
    let sealed: PathBuf = kanak_tests::files_below(&house.data().join("landing")).pop().unwrap();
    for folder in sealed.ancestors().skip(1).take(3) {
        assert!(synced.contains(&folder.display().to_string()), "{}: {synced:?}", folder.display());
    }
    // Vault and landing come before the hub that refers to them.
    let last_of =
        |name: &str| steps[..said].iter().rposition(|step| *step == Step::Synced(format!("{data}/{name}"))).unwrap();
    assert!(last_of("vault.sqlite-wal") < last_of("hub.sqlite-wal"));
}

#[test]
fn what_a_steward_states_is_on_disk_before_the_server_answers() {
    let house = House::new();
    done(
        house.ingest(
            &house.file("people.csv", "ID,NAME,DOB,AADHAAR\n1,Asha Devi,1990-01-02,\n2,Bina Rani,1991-02-03,\n"),
        ),
    );
    done(house.run(&["resolve"]));
    let user = done(house.run(&["user", "add", "harleen", "--role", "steward"])).stdout;
    let password = user.split_once("(shown once): ").unwrap().1.trim().to_owned();
    let key = done(house.run(&["key", "add", "reader", "--role", "department", "--json"])).json();
    let key = key["secret"].as_str().unwrap().to_owned();
    let mut seen = Vec::new();
    // The server's own lease and reads are written beside: what is systematic is seen in each of three traces.
    for attempt in 0..3 {
        let trace = house.data().with_file_name(format!("trace-{attempt}.txt"));
        let Some(command) = strace(&trace) else { return };
        let served = Served::start_with(command, &house.data(), &[]);
        let cookie = sign_in(&served, &password);
        assert!(state_value(&served.address, &cookie, &key, "K-000001", &format!("000{attempt}.0001")).is_some());
        served.stop();
        let steps = steps(&read_whole(&trace));
        let said = position_of(&steps, "the answer", |words| {
            words.contains("HTTP/1.1 200") && words.contains("application/json")
        });
        let (left, synced) = unsynced(&steps, said, &house.data());
        assert!(synced.iter().any(|path| path.ends_with("hub.sqlite-wal")), "{synced:?}");
        if left.is_empty() {
            return;
        }
        seen.push(left);
    }
    panic!("written and not synced when the server answered, three times: {seen:?}");
}

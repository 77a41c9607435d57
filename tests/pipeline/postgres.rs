//! A `PostgreSQL` server of a test's own, which can be stopped and started.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// A server on a loopback port, thrown away in the end.
pub(crate) struct Postgres {
    folder: TempDir,
    bin: PathBuf,
    port: u16,
}

/// The newest `PostgreSQL` of the machine, as Debian installs it.
fn find_bin() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let mut bins: Vec<PathBuf> = versions.filter_map(|entry| Some(entry.ok()?.path().join("bin"))).collect();
    bins.retain(|bin| bin.join("initdb").exists());
    bins.sort();
    bins.pop()
}

impl Postgres {
    /// Starts one; `None`, said aloud, where none is installed.
    pub(crate) fn start() -> Option<Self> {
        let Some(bin) = find_bin() else {
            println!("skipped: no PostgreSQL under /usr/lib/postgresql (Debian: apt-get install postgresql)");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let server = Self { folder, bin, port };
        if is_root() {
            let owned = Command::new("chown").arg("postgres").arg(server.folder.path()).status().unwrap();
            assert!(owned.success());
        }
        let data = server.data();
        done(&server.run("initdb", &["-D", &data, "-U", "kanak", "--auth=trust", "-E", "UTF8", "--locale=C"]));
        server.go_on();
        Some(server)
    }

    /// Its one database, as a hub's address.
    pub(crate) fn url(&self) -> String {
        format!("postgres://kanak@127.0.0.1:{}/postgres", self.port)
    }

    /// Starts it, or starts it again.
    pub(crate) fn go_on(&self) {
        let place = self.folder.path().display();
        let options = format!("-p {} -k {place} -c listen_addresses=127.0.0.1", self.port);
        let log = format!("{place}/log");
        done(&self.run("pg_ctl", &["-D", &self.data(), "-w", "-l", &log, "-o", &options, "start"]));
    }

    /// Ends it as a power cut would.
    pub(crate) fn stop(&self) {
        done(&self.run("pg_ctl", &["-D", &self.data(), "-m", "immediate", "stop"]));
    }

    fn data(&self) -> String {
        self.folder.path().join("data").display().to_string()
    }

    /// Runs one of its programs, which refuse to run as root.
    fn run(&self, program: &str, arguments: &[&str]) -> Output {
        let program: &Path = &self.bin.join(program);
        let mut command = if is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.args(arguments).current_dir(self.folder.path()).output().unwrap()
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        drop(self.run("pg_ctl", &["-D", &self.data(), "-m", "immediate", "stop"]));
    }
}

#[track_caller]
fn done(output: &Output) {
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Whether the test may mount, and has to give PostgreSQL another user.
pub(crate) fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output().unwrap();
    output.stdout.trim_ascii() == b"0"
}

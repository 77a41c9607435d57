//! Where Aadhaar numbers are kept: nowhere, on a machine of their own, behind a token.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use kanak_tests::{Ran, files_below, kanak, kanak_binary, kanak_ok};

use crate::house::House;
use crate::served::{Served, done};

/// Takes every block of TOML out that speaks of Aadhaar; gives how many.
fn without_aadhaar(folder: &Path) -> usize {
    let mut taken = 0;
    for path in files_below(folder) {
        let text = std::fs::read_to_string(&path).unwrap();
        let blocks: Vec<&str> = text.split("\n[[").collect();
        let kept: Vec<&str> = blocks.iter().copied().filter(|block| !block.contains("\"aadhaar\"")).collect();
        taken += blocks.len() - kept.len();
        std::fs::write(&path, kept.join("\n[[")).unwrap();
    }
    taken
}

#[test]
fn a_deployment_without_aadhaar_works_from_files_to_figures_and_has_no_vault() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let (state, data) = (at("state"), at("state/kanak-data"));
    kanak_ok(["init", &state, "--quiet"]);
    assert!(without_aadhaar(&folder.path().join("state/models")) >= 6);
    assert!(without_aadhaar(&folder.path().join("state/sources")) >= 7);
    kanak_ok(["synth", "--records", "600", "--out", &at("extracts"), "--quiet"]);
    let on = |arguments: &[&str]| kanak_ok([arguments, &["--data", &data]].concat());
    on(&["ingest", "--inbox", &at("extracts"), "--quiet"]);
    on(&["resolve", "--quiet"]);
    on(&["refresh", "--quiet"]);
    let checks = on(&["verify", "--json"]).json();
    assert!(checks.as_array().unwrap().iter().all(|check| check["outcome"] == "holds"), "{checks}");
    let counted = on(&["sql", "select count(*) as n from dim_citizens where is_current", "--json"]).json();
    assert!(counted[0]["n"].as_u64().unwrap() > 100, "{counted}");
    assert!(on(&["vault", "status"]).stdout.contains("no vault"));
    on(&["vault", "sweep"]);
    on(&["backup", &at("copy")]);
    let served = Served::start(Path::new(&data));
    assert!(served.get("/healthz", "").contains("ok"));
    drop(served);
    for file in files_below(folder.path()) {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        assert!(!name.starts_with("vault"), "{} was made", file.display());
    }
}

/// A vault that runs by itself until it is dropped.
struct RunningVault {
    child: Child,
    port: String,
}

impl RunningVault {
    fn start(data: &Path, port: &str) -> Self {
        let mut child = Command::new(kanak_binary())
            .args(["serve", "--role", "vault", "--listen", &format!("127.0.0.1:{port}"), "--data"])
            .arg(data)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let port = lines
            .map_while(Result::ok)
            .find_map(|line| {
                let address = line.strip_prefix("vault listening on https://")?.split_whitespace().next()?.to_owned();
                Some(address.rsplit_once(':')?.1.to_owned())
            })
            .expect("the vault listens before it ends");
        Self { child, port }
    }
}

impl Drop for RunningVault {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Settings that name the papers of a side.
fn papers(folder: &Path, side: &str) -> String {
    let file = |name: &str| folder.join(name).display().to_string();
    let (authority, certificate, key) =
        (file("authority.pem"), file(&format!("{side}.pem")), file(&format!("{side}.key")));
    format!("[vault]\nauthority = \"{authority}\"\ncertificate = \"{certificate}\"\nkey = \"{key}\"\n")
}

fn adds(house: &House, settings: &str) {
    let path = house.data().with_file_name("kanak.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("{text}{settings}")).unwrap();
}

#[test]
fn a_vault_on_its_own_machine_serves_a_hub_that_works_on_while_it_is_away() {
    let machine = tempfile::tempdir().unwrap();
    let papers_at = machine.path().join("papers");
    kanak_ok(["vault", "certificates", &papers_at.display().to_string(), "--quiet"]);
    std::fs::write(machine.path().join("kanak.toml"), papers(&papers_at, "vault")).unwrap();
    let vault_data = machine.path().join("kanak-data");
    let running = RunningVault::start(&vault_data, "0");
    let (house, port) = (House::new(), running.port.clone());
    let at = format!("at = \"https://localhost:{port}\"\n");
    adds(&house, &papers(&papers_at, "hub").replace("[vault]\n", &format!("[vault]\n{at}")));
    let first = house.file("people_1.csv", "ID,NAME,DOB,AADHAAR\n1,Asha Devi,1990-01-02,234123412346\n");
    assert_eq!(done(house.ingest(&first)).json()["files"][0]["new"], 1);
    done(house.run(&["resolve", "--quiet"]));
    done(house.run(&["refresh", "--quiet"]));
    assert_eq!(done(house.run(&["vault", "status", "--json"])).json()["numbers"], 1);
    done(house.run(&["vault", "rotate"]));
    assert!(!house.data().join("vault.sqlite").exists() && vault_data.join("vault.sqlite").exists());
    assert!(!vault_data.join("hub.sqlite").exists(), "the vault's machine holds nothing else");
    let locked = kanak(["vault", "move-keys", "--to", "file", "--data", &vault_data.display().to_string()]);
    assert_eq!(locked.status, Some(1), "{}", locked.stdout);
    let copy = machine.path().join("copy.sqlite").display().to_string();
    kanak_ok(["vault", "backup", &copy, "--data", &vault_data.display().to_string()]);
    done(house.run(&["verify", "--quiet"]));

    drop(running);
    let second = house.file("people_2.csv", "ID,NAME,DOB,AADHAAR\n2,Bina Kumari,1991-03-04,999999990019\n");
    let refused = house.ingest(&second);
    assert_eq!(refused.status, Some(1), "{}", refused.stdout);
    for word in ["people_2.csv", "nothing of it was taken in", "does not answer"] {
        assert!(refused.reason().contains(word), "{}", refused.reason());
    }
    let counted = done(house.run(&["sql", "select count(*) as n from dim_citizens where is_current", "--json"]));
    assert_eq!(counted.json()[0]["n"], 1);
    let served = Served::start(&house.data());
    assert!(served.get("/healthz", "").contains("ok"));
    drop(served);

    let _again = RunningVault::start(&vault_data, &port);
    assert_eq!(done(house.ingest(&second)).json()["files"][0]["new"], 1);
    assert_eq!(done(house.run(&["vault", "status", "--json"])).json()["numbers"], 2);
    let checks = done(house.run(&["verify", "--json"])).json();
    let trail = checks.as_array().unwrap().iter().find(|check| check["name"] == "vault trail chained").unwrap().clone();
    assert_eq!(trail["outcome"], "holds", "{trail}");
}

#[expect(clippy::print_stdout, reason = "a test says what it skipped")]
/// The PKCS#11 module of `KANAK_TEST_PKCS11`, which must be SoftHSM's.
fn softhsm() -> Option<PathBuf> {
    let module = std::env::var_os("KANAK_TEST_PKCS11").map(PathBuf::from);
    if module.is_none() {
        println!("skipped: no token; set KANAK_TEST_PKCS11=/usr/lib/softhsm/libsofthsm2.so (Debian: softhsm2)");
    }
    module
}

#[test]
fn keys_move_behind_a_token_and_a_wrong_pin_and_a_lost_token_are_named() {
    let Some(module) = softhsm() else { return };
    let house = House::new();
    let folder = house.data().parent().unwrap().to_path_buf();
    let conf = folder.join("softhsm2.conf");
    std::fs::create_dir(folder.join("tokens")).unwrap();
    std::fs::write(&conf, format!("directories.tokendir = {}\n", folder.join("tokens").display())).unwrap();
    let made = Command::new("softhsm2-util")
        .args(["--init-token", "--free", "--label", "kanak", "--pin", "1234", "--so-pin", "567890"])
        .env("SOFTHSM2_CONF", &conf)
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let run = |arguments: &[&str], pin: Option<&str>| -> Ran {
        let mut command = Command::new(kanak_binary());
        command.args(arguments).arg("--data").arg(house.data()).env("SOFTHSM2_CONF", &conf);
        if let Some(pin) = pin {
            command.env("KANAK_KEYS_PIN", pin);
        }
        let output = command.output().unwrap();
        Ran {
            status: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    };
    let refused = |ran: &Ran, words: &[&str]| {
        assert_eq!(ran.status, Some(1), "stdout: {}\nstderr: {}", ran.stdout, ran.stderr);
        for word in words {
            assert!(ran.reason().contains(word), "it should say {word}: {}", ran.reason());
        }
    };
    let file = house.file("people_1.csv", "ID,NAME,DOB,AADHAAR\n1,Asha Devi,1990-01-02,234123412346\n");
    done(house.ingest(&file));
    let keys = |store: &str| {
        let module = module.display();
        format!("[keys]\nstore = \"{store}\"\nmodule = \"{module}\"\ntoken = \"kanak\"\n")
    };
    adds(&house, &keys("file"));
    let moved = done(run(&["vault", "move-keys", "--to", "pkcs11"], Some("1234")));
    assert!(moved.stdout.contains("token `kanak`"), "{}", moved.stdout);
    refused(&run(&["vault", "status"], None), &["`pkcs11`", "store = \"pkcs11\""]);
    let settings = folder.join("kanak.toml");
    let text = std::fs::read_to_string(&settings).unwrap();
    std::fs::write(&settings, text.replace("store = \"file\"", "store = \"pkcs11\"")).unwrap();
    for name in ["vault-kek-1", "vault-hmac", "landing", "audit-sign", "erasure"] {
        std::fs::remove_file(house.data().join("keys").join(name)).unwrap();
    }
    refused(&run(&["vault", "status"], None), &["KANAK_KEYS_PIN", "pin_file"]);
    refused(&run(&["vault", "status"], Some("4321")), &["token `kanak`", "the PIN is wrong"]);
    let status = done(run(&["vault", "status", "--json"], Some("1234"))).json();
    assert_eq!((&status["numbers"], status["keys"].as_str().unwrap().contains("kanak")), (&1.into(), true), "{status}");
    done(run(&["vault", "rotate"], Some("1234")));
    done(run(&["vault", "rotate", "--numbers", "--quiet"], Some("1234")));
    let second =
        house.file("people_2.csv", "ID,NAME,DOB,AADHAAR\n1,Asha Devi,1990-01-02,234123412346\n2,Bina,1991-03-04,\n");
    let ingested = done(run(&["ingest", &second.display().to_string(), "--json"], Some("1234"))).json();
    assert_eq!(
        (&ingested["files"][0]["new"], &ingested["files"][0]["unchanged"]),
        (&1.into(), &1.into()),
        "{ingested}"
    );
    done(run(&["resolve", "--quiet"], Some("1234")));
    done(run(&["refresh", "--quiet"], Some("1234")));
    done(run(&["verify", "--quiet"], Some("1234")));
    std::fs::rename(folder.join("tokens"), folder.join("away")).unwrap();
    std::fs::create_dir(folder.join("tokens")).unwrap();
    refused(&run(&["vault", "status"], Some("1234")), &["has no token `kanak`", "--init-token"]);
    std::fs::remove_dir(folder.join("tokens")).unwrap();
    std::fs::rename(folder.join("away"), folder.join("tokens")).unwrap();
    done(run(&["vault", "status"], Some("1234")));
}

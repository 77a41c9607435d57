//! `kanak init`: a deployment folder with its settings, models, sources and an inbox.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use kanak_model::builtin;

use crate::output::Output;

const SETTINGS: &str = r#"# Settings of this deployment. Commands read it when it stands beside the data folder (./kanak-data).

# Where visitors find it, when a proxy ends TLS before it.
# public_url = "https://hub.example.gov.in"

# Where departments put their files.
inbox = "inbox"

# Entity models and sources of this deployment; they replace those that come with Kanak by name.
models = "models"
sources = "sources"

# Webhooks go to https URLs of the public internet. These let them go to the state's own network and to this machine.
# [webhooks]
# private_addresses = true
# loopback = true

# Where keys are kept: in files under kanak-data/keys, or behind a PKCS#11 token. The PIN never stands here.
# [keys]
# store = "pkcs11"
# module = "/usr/lib/softhsm/libsofthsm2.so"
# token = "kanak"                        # its label; or slot = 0
# pin_file = "/etc/kanak/pin"            # readable by its owner alone; or pin_env = "KANAK_KEYS_PIN"

# The vault as a service of its own (`kanak serve --role vault` there, `kanak vault certificates DIR` makes the papers).
# [vault]
# at = "https://vault.example.internal:8443"   # left out on the vault's own machine
# authority = "certificates/authority.pem"
# certificate = "certificates/hub.pem"
# key = "certificates/hub.key"

# How many requests a second one address may send for public codes without a key, over some time; 0 sets no limit.
# [codes]
# requests_a_second = 100

# How stewards work: how long a claimed task is its steward's alone, for how many days one may be put off, and what one steward proposes
# and a second one has to approve before it is in force.
# [stewardship]
# claim_minutes = 30
# defer_days_max = 90
# [stewardship.four_eyes]
# match_of_confirmed = 2                 # a match of golden records of which stewards confirmed at least so many: 1 or 2
# match_below = 0.2                      # a match of a pair of a lower match probability
# no_match_above = 0.95                  # a no match of a pair of a higher one
# overrides = ["citizen.date_of_birth"]  # values that stewards state of these attributes

# How long a table of the warehouse may lack what the hub holds: from when on that is a warning, and from when on an error, in the log, in the
# history of the schedule `freshness` and at /metrics.
# [freshness]
# warn_after_minutes = 15
# error_after_minutes = 60
# [freshness.tables.mart_overview]
# warn_after_minutes = 5
# error_after_minutes = 15

# What needs an agreement of the departments that own registers, as `kanak agreement` keeps them: proposed by one person of the owner,
# approved by another, with force until it ends. "all" needs none.
# [sharing]
# links = "agreed"   # source records of two registers without an agreement are not compared, and never stand in one golden record
# reads = "agreed"   # a department's key or user reads values of its own registers, and of others what an agreement gives it
# approvals = "signed_in"  # the second person signs in and approves over the API; `kanak agreement approve` believes whom it is told

# Which legal bases carry a purpose; the first holds when a request states no `Legal-Basis`. A read that rests on consent shows only
# golden records for which a receipt stands, as `kanak consent` keeps them.
# [purposes]
# service_delivery = ["state_service", "statute", "consent", "court_order"]
"#;

/// Runs the command.
///
/// # Errors
/// When the folder exists and is not empty, or cannot be written.
pub fn run(dir: &Path, output: &Output) -> anyhow::Result<ExitCode> {
    let occupied = dir.exists() && std::fs::read_dir(dir).map_or(true, |mut entries| entries.next().is_some());
    if occupied {
        bail!("{} exists and is not an empty folder; name a new one", dir.display());
    }
    write(dir, "kanak.toml", SETTINGS)?;
    for (file, text) in builtin::ENTITY_MODELS {
        write(&dir.join("models"), file, text)?;
    }
    for (file, text) in kanak_ingest::builtin::SOURCES {
        write(&dir.join("sources"), file, text)?;
    }
    std::fs::create_dir_all(dir.join("inbox"))?;
    output.note(format!(
        "Made {0}. Put the departments' files into {0}/inbox, adapt {0}/sources, then, in {0}: kanak ingest, kanak resolve, kanak refresh, kanak serve",
        dir.display()
    ));
    Ok(ExitCode::SUCCESS)
}

fn write(folder: &Path, file: &str, text: &str) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let path = folder.join(file);
    std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
}

//! A small deployment in a temporary folder, for tests of jobs and of the server.

use std::path::Path;

use kanak_ingest::landing;
use proptest::prelude::*;
use tempfile::TempDir;

use crate::cli::Global;
use crate::commands::resolve::resolve_all;
use crate::deployment::Deployment;
use crate::jobs::ingest_file::{Ingested, Terms, ingest_file};
use crate::jobs::refresh::refresh;
use crate::output::Output;
use crate::progress::Stage;

/// A register of people whose files state what changed.
pub(crate) const PEOPLE: &str = r#"
[source]
name = "people"
title = { en = "People" }
department = "TEST"
entity = "citizen"
files = ["people*"]
format = { type = "csv" }
key = "ID"
load = "delta"

[[column]]
from = "NAME"
to = "full_name"

[[column]]
from = "DOB"
to = "date_of_birth"
"#;

/// A deployment with two registers of people, one by changes (`people*`) and one whole (`roll*`), and the event sources
/// that come with Kanak.
pub(crate) struct House {
    folder: TempDir,
    /// The deployment, open.
    pub(crate) deployment: Deployment,
}

impl House {
    /// An empty one.
    pub(crate) async fn new() -> Self {
        Self::with_declared(&[], &[]).await
    }

    /// An empty one with further models and sources, each a file's name and its text.
    pub(crate) async fn with_declared(models: &[(&str, &str)], sources: &[(&str, &str)]) -> Self {
        let roll = PEOPLE.replace("people", "roll").replace("delta", "snapshot");
        let sources =
            [("people.toml", PEOPLE), ("roll.toml", &roll)].iter().chain(sources).copied().collect::<Vec<_>>();
        Self::set_up("", models, &sources, None).await
    }

    /// An empty one whose settings say more, with these sources, on its own hub or another.
    pub(crate) async fn declared(settings: &str, sources: &[&str], hub: Option<String>) -> Self {
        let name = |text: &&str| format!("{}.toml", text.split('"').nth(1).unwrap());
        let names: Vec<String> = sources.iter().map(name).collect();
        let sources: Vec<(&str, &str)> = names.iter().map(String::as_str).zip(sources.iter().copied()).collect();
        Self::set_up(settings, &[], &sources, hub).await
    }

    async fn set_up(settings: &str, models: &[(&str, &str)], sources: &[(&str, &str)], hub: Option<String>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = format!("sources = \"sources\"\nmodels = \"models\"\n{settings}");
        std::fs::write(folder.path().join("kanak.toml"), settings).unwrap();
        for (kind, files) in [("models", models), ("sources", sources)] {
            std::fs::create_dir(folder.path().join(kind)).unwrap();
            for (file, text) in files {
                std::fs::write(folder.path().join(kind).join(file), text).unwrap();
            }
        }
        let deployment = open_on(folder.path(), hub).await;
        Self { folder, deployment }
    }

    /// An empty one, with these files beside or instead of its own: path in the deployment's folder, and text.
    pub(crate) async fn declared_by(files: &[(&str, &str)]) -> Self {
        let house = Self::new().await;
        house.redeclared(files).await
    }

    /// The same deployment, opened anew after these files were written.
    pub(crate) async fn redeclared(self, files: &[(&str, &str)]) -> Self {
        let Self { folder, deployment } = self;
        for (file, text) in files {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        deployment.store.close().await;
        drop(deployment);
        let deployment = open(folder.path()).await;
        Self { folder, deployment }
    }

    /// The folder in which settings, sources and data stand.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The same deployment, with a source declared otherwise.
    pub(crate) async fn declared_anew(self, file: &str, from: &str, to: &str) -> Self {
        let Self { folder, deployment } = self;
        let path = folder.path().join("sources").join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{file} does not say {from}");
        std::fs::write(&path, text.replace(from, to)).unwrap();
        deployment.store.close().await;
        drop(deployment);
        let deployment = open(folder.path()).await;
        Self { folder, deployment }
    }

    /// The same deployment, opened once more beside the first: what stands on disk now is what it sees.
    pub(crate) async fn opened_again(&self) -> Deployment {
        self.try_open_again().await.unwrap()
    }

    /// The same, or why it cannot be opened.
    pub(crate) async fn try_open_again(&self) -> anyhow::Result<Deployment> {
        // One process owns a data folder by its lock: the second stands on a lock of its own.
        let lock = self.deployment.data.join("kanak.lock");
        std::fs::remove_file(&lock).unwrap();
        let global = Global { data: self.deployment.data.clone(), hub: None, json: false, quiet: true };
        Deployment::open(&global).await
    }

    /// Ingests a file of this name and text.
    pub(crate) async fn ingest(&self, name: &str, text: &str) -> Ingested {
        self.ingest_on(name, text, Terms::CAREFUL).await
    }

    /// Ingests a file of this name and text on these terms.
    pub(crate) async fn ingest_on(&self, name: &str, text: &str, terms: Terms) -> Ingested {
        let path = self.folder().join(name);
        std::fs::write(&path, text).unwrap();
        ingest_file(&self.deployment, &path, terms, &Stage::begin(&Output::silent(), name, 0)).await.unwrap()
    }

    /// Ingests two people, resolves them and brings the warehouse up.
    pub(crate) async fn with_two_people() -> Self {
        let house = Self::new().await;
        house.ingest("people_1.csv", "ID,NAME,DOB\n1,Asha Devi,1990-01-02\n2,Bina Kumari,1991-03-04\n").await;
        resolve_all(&house.deployment, &[], &Output::silent()).await.unwrap();
        refresh(&house.deployment, &Output::silent()).await.unwrap();
        house
    }

    /// Three hundred people on the roll, two hundred of them in the other register as well, resolved.
    pub(crate) async fn with_people() -> Self {
        let house = Self::new().await;
        house.ingest("roll_1.csv", &people(0..300)).await;
        house.ingest("people_1.csv", &people(0..200)).await;
        resolve_all(&house.deployment, &[], &Output::silent()).await.unwrap();
        house
    }

    /// Where a file of this hash is sealed.
    pub(crate) fn sealed(&self, content_hash: &str) -> std::path::PathBuf {
        landing::sealed_path(&self.deployment.landing(), content_hash)
    }
}

const GIVEN: [&str; 8] = ["Asha", "Bina", "Gurpreet", "Harjit", "Manpreet", "Rajinder", "Sunita", "Kulwant"];
const SURNAMES: [&str; 6] = ["Devi", "Sidhu", "Gill", "Sharma", "Brar", "Kumar"];

/// Name and date of birth of a made-up person.
pub(crate) fn person(id: u64) -> (String, String) {
    let mixed = id.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
    let (given, surname) = (GIVEN[mixed as usize % 8], SURNAMES[(mixed >> 8) as usize % 6]);
    let (year, month) = (1950 + (mixed >> 16) % 50, 1 + (mixed >> 5) % 12);
    (format!("{given} {surname}"), format!("{year}-{month:02}-{:02}", 1 + id % 28))
}

/// A file of such people.
pub(crate) fn people(ids: impl IntoIterator<Item = u64>) -> String {
    ids.into_iter().fold("ID,NAME,DOB\n".to_owned(), |text, id| {
        let (name, born) = person(id);
        text + &format!("{id},{name},{born}\n")
    })
}

async fn open(folder: &Path) -> Deployment {
    open_on(folder, None).await
}

async fn open_on(folder: &Path, hub: Option<String>) -> Deployment {
    let global = Global { data: folder.join("kanak-data"), hub, json: false, quiet: true };
    Deployment::open(&global).await.unwrap()
}

/// A text with up to seven of its bytes changed into others.
pub(crate) fn garbled(text: &'static str, others: &'static [u8]) -> impl Strategy<Value = Vec<u8>> {
    let change = (any::<prop::sample::Index>(), prop::sample::select(others));
    prop::collection::vec(change, 0..8).prop_map(move |changes| {
        let mut bytes = text.as_bytes().to_vec();
        for (at, other) in changes {
            let at = at.index(bytes.len());
            bytes[at] = other;
        }
        bytes
    })
}

//! `kanak user` and `kanak key`: who may sign in, and which programs may call.

use std::collections::BTreeSet;

use anyhow::{Context as _, bail};
use kanak_model::toml_text::choices;
use kanak_model::{Caller, Role};
use kanak_store::Member;
use serde_json::json;

use crate::cli::{KeyCommand, UserCommand};
use crate::deployment::Deployment;
use crate::output::Output;
use crate::secrets::{new_password, os_rng};

/// Runs a `user` command.
///
/// # Errors
/// When a role, district or name is unknown, or the name is taken.
pub async fn run_user(command: &UserCommand, deployment: &Deployment, output: &Output) -> anyhow::Result<()> {
    let store = &deployment.store;
    let by = Caller::system("command line");
    match command {
        UserCommand::Add { name, roles, districts } => {
            let (roles, districts) = (parse_roles(roles)?, parse_districts(deployment, districts)?);
            let password = new_password();
            store.create_user(&by, name, &password, &roles, districts.as_ref(), &mut os_rng()).await?;
            print_secret(output, "user", name, "password", &password)?;
        }
        UserCommand::Reset { name } => {
            let user = store.find_user_by_name(name).await?.with_context(|| format!("no user `{name}`"))?;
            let password = new_password();
            store.reset_password(&by, user.id, &password, &mut os_rng()).await?;
            print_secret(output, "user", name, "password", &password)?;
        }
        UserCommand::Disable { name } => {
            let user = store.find_user_by_name(name).await?.with_context(|| format!("no user `{name}`"))?;
            store.set_user_disabled(&by, user.id, kanak_store::Activity::Disabled).await?;
            output.note(format!("{name} cannot sign in any more"));
        }
        UserCommand::Department { name, code } => {
            let user = store.find_user_by_name(name).await?.with_context(|| format!("no user `{name}`"))?;
            let code = parse_department(deployment, code.as_deref())?;
            store.set_department(&by, Member::User(user.id), code).await?;
            output.note(whose("user", name, code));
        }
    }
    Ok(())
}

/// Runs a `key` command.
///
/// # Errors
/// When a role, district or name is unknown, or the name is taken.
pub async fn run_key(command: &KeyCommand, deployment: &Deployment, output: &Output) -> anyhow::Result<()> {
    let store = &deployment.store;
    let by = Caller::system("command line");
    match command {
        KeyCommand::Add { name, roles, districts } => {
            let (roles, districts) = (parse_roles(roles)?, parse_districts(deployment, districts)?);
            let secret = store.create_api_key(&by, name, &roles, districts.as_ref(), None, &mut os_rng()).await?;
            print_secret(output, "key", name, "secret", &secret)?;
        }
        KeyCommand::Reset { name } => {
            let secret = store.reset_api_key(&by, name, &mut os_rng()).await?;
            print_secret(output, "key", name, "secret", &secret)?;
        }
        KeyCommand::Disable { name } => {
            let keys = store.list_api_keys().await?;
            let working: Vec<_> = keys.iter().filter(|key| key.name == *name && key.disabled.is_none()).collect();
            if working.is_empty() {
                bail!("no key `{name}` works");
            }
            for key in working {
                store.disable_api_key(&by, key.id).await?;
            }
            output.note(format!("key {name} does not open anything any more"));
        }
        KeyCommand::Department { name, code } => {
            let keys = store.list_api_keys().await?;
            let working = keys.iter().find(|key| key.name == *name && key.disabled.is_none());
            let key = working.with_context(|| format!("no key `{name}` works"))?;
            let code = parse_department(deployment, code.as_deref())?;
            store.set_department(&by, Member::Key(key.id), code).await?;
            output.note(whose("key", name, code));
        }
    }
    Ok(())
}

/// Prints a secret that is shown this once.
fn print_secret(output: &Output, what: &str, name: &str, kind: &str, secret: &str) -> anyhow::Result<()> {
    if output.json {
        return output.document(&json!({ what: name, kind: secret }));
    }
    output.line(format!("{what} {name}, {kind} (shown once): {secret}"));
    Ok(())
}

fn whose(what: &str, name: &str, code: Option<&str>) -> String {
    match code {
        Some(code) => format!("{what} {name} is department {code}'s"),
        None => format!("{what} {name} is nobody's in particular"),
    }
}

/// A department that owns a register: of any other, nothing would follow.
fn parse_department<'c>(deployment: &Deployment, code: Option<&'c str>) -> anyhow::Result<Option<&'c str>> {
    let Some(code) = code else { return Ok(None) };
    let known: BTreeSet<&str> = deployment.sources.iter().map(|source| source.department.as_str()).collect();
    let is_known = known.contains(code) || deployment.codes().get_system("department")?.lookup(code).is_some();
    if !is_known {
        bail!("no department `{code}`; registers are owned by {}", choices(known));
    }
    Ok(Some(code))
}

fn parse_roles(words: &[String]) -> anyhow::Result<BTreeSet<Role>> {
    words
        .iter()
        .map(|word| {
            Role::find(word)
                .with_context(|| format!("no role `{word}`; there are {}", Role::ALL.map(Role::word).join(", ")))
        })
        .collect()
}

fn parse_districts(deployment: &Deployment, words: &[String]) -> anyhow::Result<Option<BTreeSet<String>>> {
    if words.is_empty() {
        return Ok(None);
    }
    let codes = deployment.codes();
    let districts = codes.get_system("lgd-district")?;
    let mut found = BTreeSet::new();
    for word in words {
        let code = districts.lookup(word).map(|concept| concept.code()).or_else(|| codes.find_district(word));
        match code {
            Some(code) => found.insert(code.to_owned()),
            None => bail!(
                "no district `{word}`; use its LGD code or name, as `kanak codes search lgd-district {word}` shows"
            ),
        };
    }
    Ok(Some(found))
}

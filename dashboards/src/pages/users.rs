//! Who may sign in, for administrators: list, add, reset a password, disable, roles and districts. Every change is in the
//! audit trail before it is made; a password is shown once, on the page that made it.

use std::collections::BTreeSet;

use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::response::Response;
use kanak_model::{Role, Timestamp, UserId};
use kanak_store::{Activity, StoreError, User, check_name, new_password};

use super::golden_records::Choice;
use super::show_page;
use crate::error::PageError;
use crate::number::Number;
use crate::samples::Sampler;
use crate::session::Signed;
use crate::shell::Shell;
use crate::state::DashboardState;
use crate::{format, names};

/// The users.
#[derive(Template)]
#[template(path = "pages/users.html")]
pub(crate) struct UsersPage {
    shell: Shell,
    users: Vec<ListedUser>,
    /// What a new user may get.
    roles: Vec<Choice>,
    districts: Vec<Choice>,
    said: Said,
}

/// What the last form did.
enum Said {
    Nothing,
    /// It was done.
    Done(String),
    /// It was done and gave a password: whose, and the password.
    Secret {
        name: String,
        password: String,
    },
    /// It was not done, and why.
    Refused(String),
}

/// One user.
struct ListedUser {
    id: i64,
    name: String,
    roles: String,
    districts: String,
    created: String,
    /// Since when it is disabled.
    disabled: Option<String>,
    role_choices: Vec<Choice>,
    district_choices: Vec<Choice>,
}

/// The fields that a form sent; a name may come several times.
type Sent = Form<Vec<(String, String)>>;

/// `GET /users`
pub(crate) async fn show(State(state): State<DashboardState>, signed: Signed) -> Result<Response, PageError> {
    signed.require(Role::Administrator)?;
    page(&state, &signed, Said::Nothing).await
}

/// `POST /users`
pub(crate) async fn add(
    State(state): State<DashboardState>,
    signed: Signed,
    Form(sent): Sent,
) -> Result<Response, PageError> {
    check(&signed, &sent)?;
    let said = match read_new(&state, &sent) {
        Err(refused) => Said::Refused(refused),
        Ok((name, roles, districts)) => {
            if state.store.find_user_by_name(&name).await.map_err(PageError::inside)?.is_some() {
                Said::Refused(format!("There is a user {name} already."))
            } else {
                let by = &signed.user.caller;
                let mut rng = (state.chance)();
                let password = new_password(&mut rng);
                let made = state.store.create_user(by, &name, &password, &roles, districts.as_ref(), &mut rng).await;
                match made {
                    Ok(_) => Said::Secret { name, password },
                    Err(error @ StoreError::Exists { .. }) => Said::Refused(error.to_string()),
                    Err(error) => return Err(PageError::inside(error)),
                }
            }
        }
    };
    page(&state, &signed, said).await
}

/// `POST /users/{id}/password`
pub(crate) async fn reset(
    State(state): State<DashboardState>,
    Number(id): Number,
    signed: Signed,
    Form(sent): Sent,
) -> Result<Response, PageError> {
    check(&signed, &sent)?;
    let user = find(&state, id).await?;
    let mut rng = (state.chance)();
    let password = new_password(&mut rng);
    state.store.reset_password(&signed.user.caller, user.id, &password, &mut rng).await.map_err(PageError::inside)?;
    page(&state, &signed, Said::Secret { name: user.name, password }).await
}

/// `POST /users/{id}/activity`: disables a user, or lets it work again.
pub(crate) async fn set_activity(
    State(state): State<DashboardState>,
    Number(id): Number,
    signed: Signed,
    Form(sent): Sent,
) -> Result<Response, PageError> {
    check(&signed, &sent)?;
    let user = find(&state, id).await?;
    let activity = if field(&sent, "activity") == "active" { Activity::Active } else { Activity::Disabled };
    let said = if activity == Activity::Disabled && signed.user.caller.user == Some(user.id) {
        Said::Refused("You cannot disable yourself; another administrator can.".to_owned())
    } else {
        let done = match activity {
            Activity::Active => format!("{} can sign in again.", user.name),
            Activity::Disabled => format!("{} cannot sign in any more.", user.name),
        };
        state.store.set_user_disabled(&signed.user.caller, user.id, activity).await.map_err(PageError::inside)?;
        Said::Done(done)
    };
    page(&state, &signed, said).await
}

/// `POST /users/{id}/access`: other roles and districts.
pub(crate) async fn set_access(
    State(state): State<DashboardState>,
    Number(id): Number,
    signed: Signed,
    Form(sent): Sent,
) -> Result<Response, PageError> {
    check(&signed, &sent)?;
    let user = find(&state, id).await?;
    let said = match read_access(&state, &sent) {
        Err(refused) => Said::Refused(refused),
        Ok((roles, _)) if signed.user.caller.user == Some(user.id) && !roles.contains(&Role::Administrator) => {
            Said::Refused("You cannot take the role administrator from yourself; another administrator can.".to_owned())
        }
        Ok((roles, districts)) => {
            state
                .store
                .set_user_access(&signed.user.caller, user.id, &roles, districts.as_ref())
                .await
                .map_err(PageError::inside)?;
            Said::Done(format!("{} has other roles and districts from now on.", user.name))
        }
    };
    page(&state, &signed, said).await
}

fn check(signed: &Signed, sent: &[(String, String)]) -> Result<(), PageError> {
    signed.require(Role::Administrator)?;
    signed.check_csrf(field(sent, "csrf"))
}

fn field<'a>(sent: &'a [(String, String)], name: &str) -> &'a str {
    sent.iter().find(|(sent, _)| sent == name).map_or("", |(_, value)| value)
}

async fn find(state: &DashboardState, id: i64) -> Result<User, PageError> {
    let users = state.store.list_users().await.map_err(PageError::inside)?;
    let found = users.into_iter().find(|user| user.id == UserId(id));
    found.ok_or_else(|| PageError::NotFound { what: "user", name: id.to_string() })
}

/// Roles and districts.
type NewAccess = (BTreeSet<Role>, Option<BTreeSet<String>>);
/// A name, roles and districts.
type NewUser = (String, BTreeSet<Role>, Option<BTreeSet<String>>);

/// Reads a new user from its form.
fn read_new(state: &DashboardState, sent: &[(String, String)]) -> Result<NewUser, String> {
    let name = field(sent, "name").trim();
    check_name(name).map_err(|error| error.to_string())?;
    let (roles, districts) = read_access(state, sent)?;
    Ok((name.to_owned(), roles, districts))
}

/// Roles and districts. No district ticked means the whole state.
fn read_access(state: &DashboardState, sent: &[(String, String)]) -> Result<NewAccess, String> {
    let all = |name: &'static str| sent.iter().filter(move |(sent, _)| sent == name).map(|(_, value)| value.as_str());
    let roles = all("role").map(|word| Role::find(word).ok_or_else(|| format!("There is no role {word}.")));
    let roles: BTreeSet<Role> = roles.collect::<Result<_, _>>()?;
    if roles.is_empty() {
        return Err("Choose at least one role; without one a user can open nothing.".to_owned());
    }
    let codes = state.codes();
    let known = codes.system("lgd-district");
    let districts = all("district").map(|code| match known.and_then(|system| system.lookup(code)) {
        Some(district) => Ok(district.code().to_owned()),
        None => Err(format!("There is no district {code}.")),
    });
    let districts: BTreeSet<String> = districts.collect::<Result<_, _>>()?;
    Ok((roles, (!districts.is_empty()).then_some(districts)))
}

async fn page(state: &DashboardState, signed: &Signed, said: Said) -> Result<Response, PageError> {
    let users = state.store.list_users().await.map_err(PageError::inside)?;
    let shell = Shell::new("users", &signed.visit, state.made_up);
    let districts = names::districts(&state.codes(), shell.language());
    show_page(&UsersPage::build(shell, &districts, &users, said))
}

/// A role in words.
pub(crate) fn role_words(role: Role) -> &'static str {
    match role {
        Role::Administrator => "Administrator: users, keys, figures",
        Role::Steward => "Steward: doubtful pairs, golden records, quarantine",
        Role::Supervisor => "Supervisor: what stewards escalate, beside the role of a steward",
        Role::Department => "Department: golden records for a service",
        Role::Analyst => "Analyst: figures",
        Role::Auditor => "Auditor: the audit trail",
    }
}

/// The districts that someone is confined to, in words.
pub(crate) fn district_words(districts: Option<&BTreeSet<String>>, known: &[(String, String)]) -> String {
    let Some(codes) = districts else { return "the whole state".to_owned() };
    let name_of = |code: &String| known.iter().find(|(known, _)| known == code).map(|(_, name)| name.as_str());
    let named: Vec<&str> = codes.iter().map(|code| name_of(code).unwrap_or(code)).collect();
    if named.is_empty() { "none".to_owned() } else { named.join(", ") }
}

fn choices(districts: &[(String, String)], chosen: Option<&BTreeSet<String>>) -> Vec<Choice> {
    let is_chosen = |code: &str| chosen.is_some_and(|chosen| chosen.contains(code));
    districts
        .iter()
        .map(|(code, name)| Choice { value: code.clone(), title: name.clone(), is_chosen: is_chosen(code) })
        .collect()
}

fn role_choices(chosen: &BTreeSet<Role>) -> Vec<Choice> {
    let choice = |role: Role| Choice {
        value: role.word().to_owned(),
        title: role_words(role).to_owned(),
        is_chosen: chosen.contains(&role),
    };
    Role::ALL.into_iter().map(choice).collect()
}

impl UsersPage {
    fn build(shell: Shell, districts: &[(String, String)], users: &[User], said: Said) -> Self {
        let listed = users.iter().map(|user| {
            let roles: Vec<&str> = user.roles.iter().map(|role| role.word()).collect();
            ListedUser {
                id: user.id.0,
                name: user.name.clone(),
                roles: if roles.is_empty() { "none".to_owned() } else { roles.join(", ") },
                districts: district_words(user.districts.as_ref(), districts),
                created: format::instant(user.created),
                disabled: user.disabled.map(format::instant),
                role_choices: role_choices(&user.roles),
                district_choices: choices(districts, user.districts.as_ref()),
            }
        });
        Self {
            users: listed.collect(),
            roles: role_choices(&BTreeSet::new()),
            districts: choices(districts, None),
            said,
            shell,
        }
    }

    pub(crate) fn sample(sampler: &Sampler) -> Self {
        let user = |id, districts: Option<&str>, disabled| User {
            id: UserId(id),
            name: sampler.word.to_owned(),
            roles: [Role::Steward, Role::Analyst].into_iter().collect(),
            districts: districts.map(|code| [code.to_owned()].into_iter().collect()),
            disabled,
            created: Timestamp(1_795_000_000_000_000),
        };
        let users = [user(1, None, None), user(2, Some("27"), Some(crate::samples::NOW)), user(3, Some("x"), None)];
        let shell = sampler.shell("users");
        let districts = names::districts(&sampler.codes, shell.language());
        let said = Said::Secret { name: sampler.word.to_owned(), password: sampler.word.to_owned() };
        Self::build(shell, &districts, &users, said)
    }

    /// The sample of a form that was refused.
    pub(crate) fn sample_refused(sampler: &Sampler) -> Self {
        Self::build(sampler.shell("users"), &[], &[], Said::Refused(sampler.word.to_owned()))
    }
}

//! What questions about codes have in common: the day, the version, the language.

use kanak_codes::{AsOf, Codes, Day, Language};
use serde::Deserialize;
use utoipa::IntoParams;

use super::answered::Keep;
use crate::codes_at_hand::day_of;
use crate::server::problem::Problem;
use crate::server::state::AppState;

/// Which edition of a code system answers.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Edition {
    /// Answers as of this day, such as `2019-07-01`: codes that were not valid then are not found. Left out: whatever the day.
    as_of: Option<String>,
    /// This version; left out: the one that answers for the day, or the current one.
    version: Option<String>,
}

impl Edition {
    /// The code system as it is asked about.
    ///
    /// # Errors
    /// 400 where `as_of` is no day; 404 where there is no such system or version.
    pub fn find<'c>(&self, codes: &'c Codes, system: &str) -> Result<AsOf<'c>, Problem> {
        Ok(codes.as_of(system, self.version(), self.day()?)?)
    }

    /// The version that is named.
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref().filter(|version| !version.is_empty())
    }

    /// The day that is asked about.
    ///
    /// # Errors
    /// 400 where it is no day.
    pub fn day(&self) -> Result<Option<Day>, Problem> {
        read_day(self.as_of.as_deref())
    }

    /// How long an answer may be kept that hangs on nothing but the version.
    pub fn keep(&self) -> Keep {
        if self.version().is_some() { Keep::ForGood } else { Keep::AWhile }
    }
}

/// On which day; today where none is said.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct OnDay {
    /// By what held on this day, such as `2019-07-01`; left out: today.
    as_of: Option<String>,
}

impl OnDay {
    /// The day.
    ///
    /// # Errors
    /// 400 where it is none.
    pub fn day(&self, state: &AppState) -> Result<Day, Problem> {
        Ok(read_day(self.as_of.as_deref())?.unwrap_or_else(|| day_of(state.deployment.clock.now())))
    }
}

/// The day that a query states as `as_of`.
///
/// # Errors
/// 400 where it is no day.
pub fn read_day(as_of: Option<&str>) -> Result<Option<Day>, Problem> {
    read_day_named("as_of", as_of)
}

/// The day that a query states under a name.
///
/// # Errors
/// 400 where it is no day.
pub fn read_day_named(name: &str, stated: Option<&str>) -> Result<Option<Day>, Problem> {
    let stated = stated.map(str::trim).filter(|text| !text.is_empty());
    let wrong = || Problem::bad_request(format!("`{name}` is no day; write 2019-07-01"));
    stated.map(|text| Day::parse(text).ok_or_else(wrong)).transpose()
}

/// The language that a query states; English where it states none.
///
/// # Errors
/// 400 where it is another than there are names in.
pub fn read_language(tag: Option<&str>) -> Result<Language, Problem> {
    match tag.filter(|tag| !tag.is_empty()) {
        None => Ok(Language::En),
        Some(tag) => Language::find_by_tag(tag)
            .ok_or_else(|| Problem::bad_request("`language` is another than there are names in; send en, pa or hi")),
    }
}

/// Does work that may take more than a moment where it keeps no other request waiting.
///
/// # Errors
/// As the work's; 500 when it panics.
pub async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    tokio::task::spawn_blocking(work).await.map_err(Problem::internal)?
}

//! The codes of a value set, in the versions of their code systems that are asked for.

use kanak_codes::{Codes, Day, Membership, ValueSet};

use super::named::name_in;
use super::params::Params;
use crate::server::problem::Problem;

/// The members of a value set on a day, code system by code system; systems that are not there are left out.
///
/// # Errors
/// 400 for a `system-version` that names no version; 404 where a version that is named is not there.
pub fn members_of<'c>(
    codes: &'c Codes,
    set: &ValueSet,
    params: &Params,
    day: Day,
) -> Result<Vec<Membership<'c>>, Problem> {
    let systems = codes.systems_of(set.name())?;
    let known = systems.into_iter().filter(|system| codes.system(system).is_some());
    let members = known.map(|system| -> Result<Membership<'c>, Problem> {
        let as_of = codes.as_of(system, version_of(params, system)?, day)?;
        Ok(codes.membership(set.name(), as_of)?)
    });
    members.collect()
}

/// The version of a code system that `system-version`, or a parameter of its kind, asks for.
///
/// # Errors
/// 400 for one that names no version.
pub fn version_of<'p>(params: &'p Params, system: &str) -> Result<Option<&'p str>, Problem> {
    for asked in params.texts(&["system-version", "force-system-version", "check-system-version"]) {
        match name_in("code-system", asked) {
            (_, None) => {
                return Err(Problem::bad_request(
                    "`system-version` names no version; send a code system's URL with it, such as urn:kanak:code-system:nic|2008",
                ));
            }
            (name, version) if name == system => return Ok(version),
            _ => {}
        }
    }
    Ok(None)
}

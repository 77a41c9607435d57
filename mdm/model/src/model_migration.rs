//! Migrations of entity models: an attribute added, renamed, retired or read as another kind, in numbered files.
//!
//! `models/migrations/citizen/0002.toml` takes the model `citizen` from version 1 to version 2:
//!
//! ```toml
//! [migration]
//! version = 2
//! why = "mobile numbers and landlines are two attributes from now on"
//!
//! [[step]]
//! rename = { from = "phone", to = "mobile" }
//!
//! [[step]]
//! change_kind = { attribute = "mobile", to = "mobile" }
//!
//! [[step]]
//! retire = "fax"
//!
//! [[step]]
//! add = "landline"
//! ```
//!
//! Steps are taken in their order. What a hub holds is carried over by the same steps as what it held before: see [`carry`].

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use toml::Spanned;

use crate::entity_model::Attribute;
use crate::golden_record::GoldenValues;
use crate::kind::Kind;
use crate::source_record::{Stated, Values};
use crate::toml_text::{ModelError, TomlText, choices};

/// The version of a model before any migration.
pub const FIRST_VERSION: u32 = 1;

/// One step of a migration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Step {
    /// The model has a further attribute. Nothing is stated for it yet.
    Add(String),
    /// What was stated under one name is read under another.
    Rename {
        /// The former name.
        from: String,
        /// The name from now on.
        to: String,
    },
    /// The attribute leaves the model and the golden values. What was stated stays in the ledger.
    Retire(String),
    /// What was stated is read anew as another kind, from the source's own words.
    ChangeKind {
        /// The attribute.
        attribute: String,
        /// Its kind from now on.
        to: Kind,
    },
}

/// The steps that lead to one version of a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelMigration {
    /// The version that it leads to, from 2.
    pub version: u32,
    /// Why the model changed.
    pub why: String,
    /// What is done, in this order.
    pub steps: Vec<Step>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    migration: RawHead,
    step: Vec<Step>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawHead {
    version: Spanned<u32>,
    why: String,
}

impl ModelMigration {
    /// Reads a migration. Its file is named by its version: `0002.toml`.
    ///
    /// # Errors
    /// A [`ModelError`] that names the file, the line, the offending words and the allowed ones.
    pub fn parse(file: &str, text: &str) -> Result<Self, ModelError> {
        let source = TomlText::new(file, text);
        let raw: RawFile = source.parse()?;
        let version = *raw.migration.version.get_ref();
        let named = file.rsplit(['/', '\\']).next().and_then(|name| name.strip_suffix(".toml"));
        if named.and_then(|number| number.parse().ok()) != Some(version) || version <= FIRST_VERSION {
            let message =
                format!("a migration to version {version} stands in `{version:04}.toml`; the first one is `0002.toml`");
            return Err(source.error_at(raw.migration.version.span(), message));
        }
        if raw.step.is_empty() {
            return Err(
                source.error_at(0..0, "a migration has at least one [[step]]: add, rename, retire or change_kind")
            );
        }
        Ok(Self { version, why: raw.migration.why, steps: raw.step })
    }
}

/// Why steps do not lead from one model to another. The author of the model must act.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    /// A step names an attribute that is not there at that point.
    #[error("a step names `{attribute}`, which the model does not have at that point; it has {known}")]
    Unknown {
        /// The attribute.
        attribute: String,
        /// Those there are.
        known: String,
    },
    /// A step makes an attribute that is there already.
    #[error("a step makes `{attribute}`, which the model has already; retire or rename that one first")]
    Twice {
        /// The attribute.
        attribute: String,
    },
    /// The model had an attribute that it lacks now.
    #[error("attribute `{attribute}` is gone from the model; {remedy}")]
    Gone {
        /// The attribute.
        attribute: String,
        /// Which step to write.
        remedy: String,
    },
    /// An attribute is read otherwise than before.
    #[error(
        "attribute `{attribute}` was read as {was} and is read as {is}; write `change_kind = {{ attribute = \"{attribute}\", to = \"{is}\" }}`"
    )]
    OtherKind {
        /// The attribute.
        attribute: String,
        /// The kind before.
        was: &'static str,
        /// The kind now.
        is: &'static str,
    },
    /// Aadhaar numbers are in the vault alone: nothing in the hub can be read as one, or instead of one.
    #[error(
        "`{attribute}` cannot change its kind from or to aadhaar, for the numbers are in the vault; retire it, add another attribute and ingest the register again"
    )]
    Vault {
        /// The attribute.
        attribute: String,
    },
    /// A step makes an attribute that the model does not have.
    #[error(
        "a step makes `{attribute}`, and the model has no such attribute; add it to the model, or take the step out"
    )]
    NotThere {
        /// The attribute.
        attribute: String,
    },
}

/// Whether these steps lead from the attributes of one model to those of another. Attributes that are only new need no step.
///
/// # Errors
/// The first [`Misfit`].
pub fn check_steps(before: &[Attribute], steps: &[Step], after: &[Attribute]) -> Result<(), Misfit> {
    // Of each attribute the kind that the steps give it; `None` for one that they add.
    let mut kinds: BTreeMap<String, Option<Kind>> =
        before.iter().map(|one| (one.name.clone(), Some(one.kind))).collect();
    let mut reread = Vec::new();
    for step in steps {
        match step {
            Step::Add(name) => make(&mut kinds, name, None)?,
            Step::Rename { from, to } => {
                let kind = take(&mut kinds, from)?;
                make(&mut kinds, to, kind)?;
                reread.retain(|name| name != from);
            }
            Step::Retire(name) => {
                take(&mut kinds, name)?;
            }
            Step::ChangeKind { attribute, to } => {
                let was = take(&mut kinds, attribute)?;
                if was == Some(Kind::Aadhaar) || *to == Kind::Aadhaar {
                    return Err(Misfit::Vault { attribute: attribute.clone() });
                }
                make(&mut kinds, attribute, Some(*to))?;
                reread.push(attribute.clone());
            }
        }
    }
    let find = |name: &str| after.iter().find(|one| one.name == name);
    for (name, kind) in &kinds {
        let Some(is) = find(name) else {
            return Err(match kind {
                None => Misfit::NotThere { attribute: name.clone() },
                Some(_) => Misfit::Gone { attribute: name.clone(), remedy: remedy(name, &kinds, after) },
            });
        };
        let was_coded = before.iter().find(|one| one.name == *name).map(|one| (&one.system, &one.entity));
        let reads_otherwise = was_coded.is_some_and(|was| was != (&is.system, &is.entity)) && !reread.contains(name);
        if let Some(kind) = kind.filter(|kind| *kind != is.kind || reads_otherwise) {
            return Err(Misfit::OtherKind { attribute: name.clone(), was: kind.name(), is: is.kind.name() });
        }
    }
    Ok(())
}

/// Which step to write for an attribute that is gone.
fn remedy(gone: &str, kinds: &BTreeMap<String, Option<Kind>>, after: &[Attribute]) -> String {
    let came: Vec<&str> = after.iter().map(|one| one.name.as_str()).filter(|name| !kinds.contains_key(*name)).collect();
    let retire = format!("write `retire = \"{gone}\"`");
    match came.as_slice() {
        [] => retire,
        came => format!(
            "write `rename = {{ from = \"{gone}\", to = .. }}` if it is {} now, or {}",
            choices(came.iter().copied()),
            retire.trim_start_matches("write ")
        ),
    }
}

fn take(kinds: &mut BTreeMap<String, Option<Kind>>, name: &str) -> Result<Option<Kind>, Misfit> {
    kinds
        .remove(name)
        .ok_or_else(|| Misfit::Unknown { attribute: name.to_owned(), known: choices(kinds.keys().map(String::as_str)) })
}

fn make(kinds: &mut BTreeMap<String, Option<Kind>>, name: &str, kind: Option<Kind>) -> Result<(), Misfit> {
    match kinds.insert(name.to_owned(), kind) {
        None => Ok(()),
        Some(_) => Err(Misfit::Twice { attribute: name.to_owned() }),
    }
}

/// Reads a source's words as a kind, for the attribute of this name; `None` where they do not fit it. Gets all that the source record
/// states.
pub type Reread<'a> = dyn Fn(&str, Kind, &Values, &str) -> Option<String> + 'a;

/// What a source record states, in the words of the model after these steps. A value that no longer fits its kind is left out.
pub fn carry<'s>(steps: impl IntoIterator<Item = &'s Step>, values: &Values, reread: &Reread<'_>) -> Values {
    let mut carried = values.clone();
    for step in steps {
        match step {
            Step::Add(_) => {}
            Step::Rename { from, to } => {
                if let Some(stated) = carried.remove(from) {
                    carried.insert(to.clone(), stated);
                }
            }
            Step::Retire(name) => drop(carried.remove(name)),
            Step::ChangeKind { attribute, to } => {
                let Some(stated) = carried.remove(attribute) else { continue };
                if let Some(standard) = reread(attribute, *to, &carried, stated.words()) {
                    carried.insert(attribute.clone(), Stated::new(standard, stated.words()));
                }
            }
        }
    }
    carried
}

/// The name that an attribute has after these steps; `None` when it was retired.
pub fn carry_name<'s>(steps: impl IntoIterator<Item = &'s Step>, name: &str) -> Option<String> {
    let mut name = name.to_owned();
    for step in steps {
        match step {
            Step::Rename { from, to } if *from == name => name.clone_from(to),
            Step::Retire(gone) if *gone == name => return None,
            _ => {}
        }
    }
    Some(name)
}

/// Golden values under the names that they have after these steps. A value of an attribute that is read otherwise stays as it was
/// chosen: the next resolution chooses anew.
pub fn carry_golden<'s>(steps: impl IntoIterator<Item = &'s Step> + Clone, values: GoldenValues) -> GoldenValues {
    values.into_iter().filter_map(|(name, value)| Some((carry_name(steps.clone(), &name)?, value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::Class;

    fn attribute(name: &str, kind: Kind) -> Attribute {
        Attribute {
            name: name.to_owned(),
            kind,
            class: Class::Internal,
            system: None,
            entity: None,
            required: false,
            on_invalid: crate::entity_model::OnInvalid::default(),
            title: None,
        }
    }

    const FILE: &str = r#"
[migration]
version = 2
why = "a test"

[[step]]
rename = { from = "phone", to = "mobile" }

[[step]]
change_kind = { attribute = "mobile", to = "mobile" }

[[step]]
retire = "fax"

[[step]]
add = "landline"
"#;

    fn steps() -> Vec<Step> {
        ModelMigration::parse("models/migrations/citizen/0002.toml", FILE).unwrap().steps
    }

    #[test]
    fn a_migration_is_read_with_its_steps_in_their_order() {
        let rename = Step::Rename { from: "phone".to_owned(), to: "mobile".to_owned() };
        let change = Step::ChangeKind { attribute: "mobile".to_owned(), to: Kind::Mobile };
        assert_eq!(steps(), [rename, change, Step::Retire("fax".to_owned()), Step::Add("landline".to_owned())]);
        let stored = serde_json::to_string(&steps()).unwrap();
        assert_eq!(serde_json::from_str::<Vec<Step>>(&stored).unwrap(), steps());
    }

    #[test]
    fn a_migration_that_says_something_wrong_names_its_line() {
        let misnamed = ModelMigration::parse("0003.toml", FILE).unwrap_err();
        assert!(misnamed.line == 3 && misnamed.message.contains("0002.toml"), "{misnamed}");
        let unknown = ModelMigration::parse("0002.toml", &FILE.replace("retire =", "remove =")).unwrap_err();
        assert!(unknown.message.contains("remove") && unknown.message.contains("retire"), "{unknown}");
    }

    #[track_caller]
    fn misfit(steps: &[Step], after: &[Attribute], words: &[&str]) {
        let before = [attribute("phone", Kind::Text), attribute("fax", Kind::Text)];
        let error = check_steps(&before, steps, after).unwrap_err().to_string();
        for word in words {
            assert!(error.contains(word), "{error} should say {word}");
        }
    }

    #[test]
    fn steps_lead_to_the_model_or_the_misfit_says_which_step_to_write() {
        let before = [attribute("phone", Kind::Text), attribute("fax", Kind::Text)];
        let after = [attribute("mobile", Kind::Mobile), attribute("landline", Kind::Text)];
        assert_eq!(check_steps(&before, &steps(), &after), Ok(()));
        let wider = [&before[..], &[attribute("email", Kind::Email)]].concat();
        assert_eq!(check_steps(&before, &[], &wider), Ok(()), "a new attribute needs no step");
        misfit(
            &[],
            &after,
            &["`fax` is gone", "rename = { from = \"fax\"", "`mobile` or `landline`", "retire = \"fax\""],
        );
        misfit(&[], &before[..1], &["`fax` is gone", "write `retire"]);
        misfit(
            &[],
            &[attribute("phone", Kind::Mobile), before[1].clone()],
            &["`phone` was read as text", "change_kind"],
        );
        misfit(&[Step::Retire("pager".to_owned())], &before, &["`pager`", "`phone`"]);
        misfit(&[Step::Add("fax".to_owned())], &before, &["`fax`, which the model has already"]);
        let aadhaar = Step::ChangeKind { attribute: "fax".to_owned(), to: Kind::Aadhaar };
        misfit(&[aadhaar], &before, &["`fax`", "vault"]);
        misfit(&[Step::Add("telex".to_owned())], &before, &["`telex`, and the model has no such"]);
    }

    #[test]
    fn values_are_carried_to_their_new_names_and_kinds_and_those_that_do_not_fit_are_left_out() {
        let stated = |phone: &str| -> Values {
            [("phone", Stated::new(phone, &format!(" {phone}"))), ("fax", Stated::new("1", "1"))]
                .into_iter()
                .map(|(name, stated)| (name.to_owned(), stated))
                .collect()
        };
        let reread =
            |_: &str, _: Kind, _: &Values, words: &str| words.trim().starts_with('9').then(|| words.trim().to_owned());
        let good = carry(&steps(), &stated("98"), &reread);
        assert_eq!((good.find("mobile"), good.len()), (Some("98"), 1));
        assert_eq!(good.find_stated("mobile").unwrap().words(), " 98");
        assert!(carry(&steps(), &stated("17"), &reread).is_empty());
        assert_eq!(carry_name(&steps(), "phone").as_deref(), Some("mobile"));
        assert_eq!(carry_name(&steps(), "fax"), None);
        assert_eq!(carry_name(&steps(), "full_name").as_deref(), Some("full_name"));
    }
}

//! Which legal bases carry each purpose: data, which a deployment may declare otherwise.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::access::{LegalBasis, Purpose};
use crate::toml_text::{ModelError, TomlText, choices};

/// The purposes that come with Kanak.
const BUILTIN: (&str, &str) = ("purposes.toml", include_str!("../purposes.toml"));

/// The legal bases of each purpose; the first is the one that a read rests on when it states none. What is not there is not
/// permitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purposes(BTreeMap<Purpose, Vec<LegalBasis>>);

impl Purposes {
    /// Those that come with Kanak.
    pub fn builtin() -> &'static Self {
        static READ: LazyLock<Purposes> = LazyLock::new(|| {
            let lines = TomlText::new(BUILTIN.0, BUILTIN.1).parse().map_err(|error: ModelError| error.to_string());
            let read = lines.and_then(|lines| Purposes::none().replaced(&lines));
            read.expect("the purposes that come with Kanak read")
        });
        &READ
    }

    /// None at all: nothing is permitted.
    pub fn none() -> Self {
        Self(BTreeMap::new())
    }

    /// These with some purposes declared otherwise.
    ///
    /// # Errors
    /// A purpose or basis that is not known, and a purpose without a basis, in words that say what may stand there.
    pub fn replaced(&self, lines: &BTreeMap<String, Vec<String>>) -> Result<Self, String> {
        let mut all = self.0.clone();
        for (word, bases) in lines {
            let purpose = Purpose::find(word).ok_or_else(|| {
                format!(
                    "purposes.{word} is no purpose; there are {}",
                    choices(Purpose::ALL.iter().map(|one| one.word()))
                )
            })?;
            let read = |basis: &String| {
                LegalBasis::find(basis).ok_or_else(|| {
                    let known = choices(LegalBasis::ALL.iter().map(|one| one.word()));
                    format!("purposes.{word} names `{basis}`, which is no legal basis; there are {known}")
                })
            };
            let bases: Vec<LegalBasis> = bases.iter().map(read).collect::<Result<_, _>>()?;
            if bases.is_empty() {
                return Err(format!("purposes.{word} names no legal basis; name at least one"));
            }
            all.insert(purpose, bases);
        }
        Ok(Self(all))
    }

    /// The bases of a purpose, the one that holds when none is stated first; empty where it has none.
    pub fn bases(&self, purpose: Purpose) -> &[LegalBasis] {
        self.0.get(&purpose).map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(purpose: &str, bases: &[&str]) -> BTreeMap<String, Vec<String>> {
        [(purpose.to_owned(), bases.iter().map(|basis| (*basis).to_owned()).collect())].into()
    }

    #[test]
    fn every_purpose_that_comes_with_kanak_has_a_basis() {
        for purpose in Purpose::ALL {
            assert!(!Purposes::builtin().bases(purpose).is_empty(), "{}", purpose.word());
        }
    }

    #[test]
    fn a_deployment_declares_a_purpose_otherwise_and_a_slip_names_what_there_is() {
        let declared = Purposes::builtin().replaced(&lines("service_delivery", &["consent"])).unwrap();
        assert_eq!(declared.bases(Purpose::ServiceDelivery), [LegalBasis::Consent]);
        assert_eq!(declared.bases(Purpose::Audit), Purposes::builtin().bases(Purpose::Audit));
        for (purpose, bases, says) in [
            ("curiosity", &["consent"][..], "`service_delivery`"),
            ("audit", &["because"], "`court_order`"),
            ("audit", &[], "at least one"),
        ] {
            let error = Purposes::builtin().replaced(&lines(purpose, bases)).unwrap_err();
            assert!(error.contains(says) && error.contains(purpose), "{error}");
        }
    }
}

//! The snapshot that is served now.

use std::sync::{Arc, PoisonError, RwLock};

use crate::codes::Codes;

/// A place for the snapshot that is served now, which is swapped whole. Clones are the same place: whoever answers a question takes
/// the snapshot once and keeps it to the end of the answer.
///
/// ```
/// # use kanak_codes::{Codes, CodesInUse, Part};
/// let in_use = CodesInUse::from(Codes::builtin()?);
/// let before = in_use.get();
/// let value_set = "name = \"mine\"\ntitle_en = \"Mine\"\ntitle_pa = \"Mine\"\ntitle_hi = \"Mine\"\nversion = \"1\"\nsource = \"me\"\n\
///     licence = \"none stated\"\nsource_date = \"2026\"\n[[include]]\nsystem = \"lgd-state\"\n";
/// in_use.put(before.with(vec![Part::ValueSet { text: value_set.to_owned() }])?.into());
/// assert!(before.get_value_set("mine").is_err() && in_use.get().get_value_set("mine").is_ok());
/// # Ok::<_, kanak_codes::CodesError>(())
/// ```
#[derive(Debug, Clone)]
pub struct CodesInUse {
    snapshot: Arc<RwLock<Arc<Codes>>>,
}

impl CodesInUse {
    /// The snapshot.
    pub fn get(&self) -> Arc<Codes> {
        Arc::clone(&self.snapshot.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Serves another one from now on.
    pub fn put(&self, codes: Arc<Codes>) {
        *self.snapshot.write().unwrap_or_else(PoisonError::into_inner) = codes;
    }
}

impl From<Arc<Codes>> for CodesInUse {
    fn from(codes: Arc<Codes>) -> Self {
        Self { snapshot: Arc::new(RwLock::new(codes)) }
    }
}

impl From<Codes> for CodesInUse {
    fn from(codes: Codes) -> Self {
        Arc::new(codes).into()
    }
}

//! When two members say the same.

use std::borrow::Cow;

use kanak_model::kind::Kind;

use crate::standardize::phonetic;

/// A form of a value that is equal where two values say the same: for names of people and places the sounds of their words, so
/// that Jaswinder and ਜਸਵਿੰਦਰ agree; for anything else the standard form.
///
/// Words with digits stand for themselves, so that Sector 22 and Sector 35 do not agree. A name without a sound in it (another script) stands for itself.
pub(super) fn form(kind: Kind, value: &str) -> Cow<'_, str> {
    match kind {
        Kind::PersonName | Kind::PlaceName => {
            let sounds = phonetic::keys(value);
            if sounds.is_empty() { Cow::Borrowed(value) } else { Cow::Owned(sounds) }
        }
        _ => Cow::Borrowed(value),
    }
}

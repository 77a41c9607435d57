//! When two members say the same.

use std::borrow::Cow;

use kanak_model::entity_model::EntityModel;
use kanak_model::golden_record::GoldenValues;
use kanak_model::kind::Kind;
use kanak_model::source_record::Values;

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

/// How many of these stated values say the same as a chosen one, and how many there are.
pub(super) fn count<'a>(kind: Kind, chosen: &str, stated: impl Iterator<Item = &'a str>) -> (u32, u32) {
    let chosen = form(kind, chosen);
    stated.fold((0, 0), |(agreeing, all), value| (agreeing + u32::from(form(kind, value) == chosen), all + 1))
}

/// Counts anew how many state each golden value, and how many state any, among these source records alone: for a reader who may not see
/// all that are linked.
pub fn recount(model: &EntityModel, values: &mut GoldenValues, members: &[&Values]) {
    for (name, value) in values {
        let kind = model.find_attribute(name).map_or(Kind::Text, |attribute| attribute.kind);
        let stated = members.iter().filter_map(|member| member.find(name));
        (value.agreeing, value.stated) = count(kind, &value.value, stated);
    }
}

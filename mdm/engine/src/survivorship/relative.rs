//! A husband where the father is asked for: many forms have one field for both.
//!
//! A model that compares two relatives' names crosswise (`father_name` with `spouse_name`) says that one may stand in the other's field. What
//! names the golden record's husband or wife is then taken for no father, however many registers write it there.

use kanak_model::entity_model::{Attribute, EntityModel};
use kanak_model::kind::Kind;

use super::Member;
use super::agree::form;
use crate::standardize::name::{PersonName, parse_person_name};
use crate::standardize::phonetic;

/// The attribute of the relative who may be named under this one. The parts of one's own name, each compared crosswise with the other, are
/// no relatives.
pub(super) fn other_relative<'m>(model: &'m EntityModel, attribute: &Attribute) -> Option<&'m Attribute> {
    let is_relative = |one: &Attribute| one.kind == Kind::PersonName && one.name != model.label;
    if !is_relative(attribute) {
        return None;
    }
    let comparisons = &model.matching.comparison;
    let crosswise = comparisons.iter().find(|one| one.attribute == attribute.name)?.crosswise.as_ref()?;
    let is_back =
        comparisons.iter().any(|one| one.attribute == *crosswise && one.crosswise.as_ref() == Some(&attribute.name));
    model.find_attribute(crosswise).filter(|other| is_relative(other) && !is_back)
}

/// The members that name somebody else than `relative` under an attribute, or nobody.
pub(super) fn not_naming<'a>(attribute: &Attribute, members: &[Member<'a>], relative: &str) -> Vec<Member<'a>> {
    let names_other =
        |member: &&Member<'a>| member.values.find(&attribute.name).is_none_or(|value| !may_be_one(value, relative));
    members.iter().filter(names_other).copied().collect()
}

/// Whether two names may be one person's, as far as both tell: they sound the same, or the given names do and nothing that both state differs.
pub(super) fn may_be_one(left: &str, right: &str) -> bool {
    if form(Kind::PersonName, left) == form(Kind::PersonName, right) {
        return true;
    }
    let (left, right) = (parse_person_name(left), parse_person_name(right));
    let given = |name: &PersonName| name.given.as_deref().map(phonetic::keys).filter(|keys| !keys.is_empty());
    let (Some(left_given), Some(right_given)) = (given(&left), given(&right)) else { return false };
    let alike =
        |left: &str, right: &str| left.is_empty() || right.is_empty() || phonetic::keys(left) == phonetic::keys(right);
    left_given == right_given
        && alike(&left.middle.join(" "), &right.middle.join(" "))
        && alike(left.surname.as_deref().unwrap_or_default(), right.surname.as_deref().unwrap_or_default())
        && left.implied_sex.is_none_or(|sex| right.implied_sex.is_none_or(|other| sex == other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(left: &str, right: &str, expected: bool) {
        assert_eq!(may_be_one(left, right), expected, "{left} / {right}");
        assert_eq!(may_be_one(right, left), expected, "{right} / {left}");
    }

    #[test]
    fn two_names_may_be_one_persons_where_nothing_that_both_tell_differs() {
        check("Jaswinder Singh", "ਜਸਵਿੰਦਰ ਸਿੰਘ", true);
        check("Harbhajan Singh", "Harbhajan Singh Sandhu", true);
        check("Harbhajan Singh Gill", "Harbhajan Singh Sandhu", false);
        check("Harbhajan Singh", "Gian Singh", false);
        check("Manpreet Singh", "Manpreet Kaur", false);
        check("Ram Lal", "Ram Chand", false);
    }
}

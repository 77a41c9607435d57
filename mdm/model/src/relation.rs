//! Relations: how golden records belong together, and when. A source record states them by the values of its attributes, so
//! that merges and unmerges carry them without any rule of their own.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};
use toml::Spanned;

use crate::entity_model::{Attribute, EntityModel, is_word};
use crate::kind::{Class, Kind};
use crate::source_record::Values;
use crate::text::Titles;
use crate::toml_text::{ModelError, TomlText, choices};
use crate::{PartialDate, Timestamp};

/// One kind of relation that the source records of an entity type state: `posted_at`, `owned_by`, `member_of` ...
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relation {
    /// `posted_at`; snake case, unique in its model.
    pub name: String,
    /// What it is called on pages, seen from the golden record whose source record states it.
    pub title: Titles,
    /// What it is called at its other end; the title where nobody wrote one.
    pub inverse: Titles,
    /// The attribute whose value says what the other end is.
    pub attribute: String,
    /// How that value is read.
    pub end: RelationEnd,
    /// The attribute with the day on which it began, where one says so.
    pub valid_from: Option<String>,
    /// The attribute with the first day on which it no longer held.
    pub valid_to: Option<String>,
    /// Attributes of the source record that describe it (a designation).
    pub attributes: Vec<String>,
    /// How carefully it is handled.
    pub class: Class,
    /// Where it is declared, `file:line`, for checks against other models.
    #[serde(skip)]
    pub place: String,
}

/// What stands at the other end of a relation, and how the stated value leads there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RelationEnd {
    /// A concept of a code system: an office, a department, a district.
    Code {
        /// The code system.
        system: String,
    },
    /// The golden record that a register's key belongs to.
    SourceKey {
        /// Its entity type.
        entity: String,
    },
    /// Golden records one of whose source records states the value under an identifying attribute.
    Shared {
        /// Their entity type.
        entity: String,
        /// The attribute there.
        by: String,
    },
    /// All golden records of the same entity type that state the value: a household.
    Group,
}

impl RelationEnd {
    /// The entity type at the other end; none where it is a code.
    pub fn entity<'a>(&'a self, own: &'a str) -> Option<&'a str> {
        match self {
            Self::Code { .. } => None,
            Self::SourceKey { entity } | Self::Shared { entity, .. } => Some(entity),
            Self::Group => Some(own),
        }
    }
}

/// A calendar day in India.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(NaiveDate);

impl Day {
    /// The day on which an instant falls.
    pub fn of(at: Timestamp) -> Self {
        Self(at.day_ist())
    }

    /// The day so many days after 1970-01-01; `None` beyond the calendar.
    pub fn from_number(days: i64) -> Option<Self> {
        let epoch = NaiveDate::default();
        let far = Days::new(days.unsigned_abs());
        if days < 0 { epoch.checked_sub_days(far) } else { epoch.checked_add_days(far) }.map(Self)
    }

    /// Days since 1970-01-01.
    pub fn number(self) -> i64 {
        self.0.signed_duration_since(NaiveDate::default()).num_days()
    }

    /// The date.
    pub fn date(self) -> NaiveDate {
        self.0
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Day {
    type Err = chrono::ParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// When something held in the world: from its first day to the first day on which it no longer did. An end that nobody
/// stated is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Period {
    /// The first day.
    pub from: Option<Day>,
    /// The first day after it.
    pub to: Option<Day>,
}

impl Period {
    /// Whether it held on a day.
    pub fn holds_on(self, day: Day) -> bool {
        self.from.is_none_or(|from| from <= day) && self.to.is_none_or(|to| day < to)
    }

    /// When both held.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let to = match (self.to, other.to) {
            (Some(one), Some(two)) => Some(one.min(two)),
            (one, two) => one.or(two),
        };
        Self { from: self.from.max(other.from), to }
    }

    /// Whether there is no day on which it held.
    pub fn is_empty(self) -> bool {
        matches!((self.from, self.to), (Some(from), Some(to)) if to <= from)
    }
}

impl Relation {
    /// Whether two declarations read the same out of every source record and handle it as carefully, whatever they call it.
    pub fn states_as(&self, other: &Self) -> bool {
        self.attribute == other.attribute
            && self.end == other.end
            && self.class == other.class
            && (&self.valid_from, &self.valid_to) == (&other.valid_from, &other.valid_to)
    }

    /// The value by which a source record names the other end.
    pub fn target<'v>(&self, values: &'v Values) -> Option<&'v str> {
        values.find(&self.attribute).filter(|target| !target.is_empty())
    }

    /// The period that a source record states. Of a date known to the month or year it begins with the first day that may be
    /// meant, and ends after the last one: it may have held on each of them.
    pub fn period(&self, values: &Values) -> Period {
        let date = |name: &Option<String>| values.find(name.as_ref()?)?.parse::<PartialDate>().ok();
        let to = date(&self.valid_to).map(|date| match date.to_day() {
            Some(day) => day,
            None => after_last(date),
        });
        Period { from: date(&self.valid_from).map(|date| Day(date.first_day())), to: to.map(Day) }
    }
}

/// The day after the last one that a date known to the month or year may mean.
fn after_last(date: PartialDate) -> NaiveDate {
    let (year, month) = match date.month() {
        Some(month) if month < 12 => (date.year(), month + 1),
        _ => (date.year() + 1, 1),
    };
    NaiveDate::from_ymd_opt(year, month, 1).unwrap_or(NaiveDate::MAX)
}

/// A relation as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawRelation {
    name: String,
    title: Titles,
    inverse: Option<Titles>,
    attribute: String,
    to: Option<String>,
    by: Option<String>,
    valid_from: Option<String>,
    valid_to: Option<String>,
    #[serde(default)]
    attributes: Vec<String>,
    class: Option<Class>,
}

/// Checks the relations of a model against its attributes.
///
/// # Errors
/// A [`ModelError`] with the line, the words and the allowed ones.
pub(crate) fn check_relations(
    source: &TomlText<'_>,
    entity: &str,
    attributes: &[Attribute],
    raw: Vec<Spanned<RawRelation>>,
) -> Result<Vec<Relation>, ModelError> {
    let mut relations: Vec<Relation> = Vec::with_capacity(raw.len());
    for spanned in raw {
        let span = spanned.span();
        let relation = check_relation(source, entity, attributes, &span, spanned.into_inner())?;
        if relations.iter().any(|earlier| earlier.name == relation.name) {
            return Err(source.error_at(span, format!("relation `{}` stands here twice", relation.name)));
        }
        relations.push(relation);
    }
    Ok(relations)
}

fn check_relation(
    source: &TomlText<'_>,
    entity: &str,
    attributes: &[Attribute],
    span: &Range<usize>,
    raw: RawRelation,
) -> Result<Relation, ModelError> {
    let fail = |message: String| source.error_at(span.clone(), message);
    let name = &raw.name;
    if !is_word(name) {
        return Err(fail(format!("`{name}` is no relation name; use lower case letters, digits and `_`")));
    }
    let find = |wanted: &str| {
        attributes.iter().find(|attribute| attribute.name == wanted).ok_or_else(|| {
            let names = choices(attributes.iter().map(|attribute| attribute.name.as_str()));
            fail(format!("relation `{name}`: no attribute `{wanted}` in this model; it has {names}"))
        })
    };
    let attribute = find(&raw.attribute)?;
    for described in &raw.attributes {
        find(described)?;
    }
    for dated in [&raw.valid_from, &raw.valid_to].into_iter().flatten() {
        let kind = find(dated)?.kind;
        if kind != Kind::Date {
            return Err(fail(format!(
                "relation `{name}`: `{dated}` is of kind `{}`; a period begins and ends with a `date`",
                kind.name()
            )));
        }
    }
    let end = match (end_of_kind(attribute), raw.to, raw.by) {
        (Some(end), None, None) => end,
        (Some(_), _, _) => {
            return Err(fail(format!(
                "relation `{name}`: `{}` is of kind `{}`, which says itself what it names; leave `to` and `by` out",
                attribute.name,
                attribute.kind.name()
            )));
        }
        (None, Some(to), Some(by)) if to == entity && by == attribute.name => RelationEnd::Group,
        (None, Some(to), Some(by)) => {
            if to == entity {
                find(&by)?;
            }
            RelationEnd::Shared { entity: to, by }
        }
        (None, _, _) => {
            return Err(fail(format!(
                "relation `{name}`: `{}` is of kind `{}`, which names nothing by itself; say `to = ..`, an entity, and `by = ..`, the attribute there that states the same value",
                attribute.name,
                attribute.kind.name()
            )));
        }
    };
    Ok(Relation {
        inverse: raw.inverse.unwrap_or_else(|| raw.title.clone()),
        title: raw.title,
        attribute: raw.attribute,
        end,
        valid_from: raw.valid_from,
        valid_to: raw.valid_to,
        attributes: raw.attributes,
        class: raw.class.unwrap_or(attribute.class),
        place: source.error_at(span.clone(), "").place(),
        name: raw.name,
    })
}

/// What a value of a kind names, where the kind says it.
fn end_of_kind(attribute: &Attribute) -> Option<RelationEnd> {
    let code = |system: &str| RelationEnd::Code { system: system.to_owned() };
    match attribute.kind {
        Kind::Code => attribute.system.as_deref().map(code),
        Kind::District => Some(code("lgd-district")),
        Kind::SubDistrict => Some(code("lgd-subdistrict")),
        Kind::Pin => Some(code("pin")),
        Kind::Ifsc => Some(code("ifsc")),
        Kind::SourceKey => attribute.entity.clone().map(|entity| RelationEnd::SourceKey { entity }),
        _ => None,
    }
}

/// Checks the relations of all models against each other: the entity types and attributes at their other ends are there.
///
/// # Errors
/// A [`ModelError`] at the relation that leads nowhere.
pub fn check_ends(models: &[EntityModel]) -> Result<(), ModelError> {
    for model in models {
        for relation in &model.relations {
            let fail = |message| Err(ModelError::at_place(&relation.place, message));
            let Some(to) = relation.end.entity(&model.name) else { continue };
            let Some(other) = models.iter().find(|other| other.name == to) else {
                let known = choices(models.iter().map(|model| model.name.as_str()));
                return fail(format!("relation `{}`: no entity model `{to}`; there is {known}", relation.name));
            };
            let RelationEnd::Shared { by, .. } = &relation.end else { continue };
            let own = model.find_attribute(&relation.attribute).map(|attribute| attribute.kind);
            match other.find_attribute(by) {
                None => {
                    let known = choices(other.attributes.iter().map(|attribute| attribute.name.as_str()));
                    let name = &relation.name;
                    return fail(format!("relation `{name}`: no attribute `{by}` in the model `{to}`; it has {known}"));
                }
                Some(named) if own != Some(named.kind) => {
                    return fail(format!(
                        "relation `{}`: `{}` and `{to}.{by}` are of different kinds; the same value would be written otherwise",
                        relation.name, relation.attribute
                    ));
                }
                Some(_) => {}
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source_record::Stated;

    const GOOD: &str = r#"
[entity]
name = "officer"
title = { en = "Officer" }
label = "code"

[[attribute]]
name = "code"
kind = "identifier"

[[attribute]]
name = "office"
kind = "code"
system = "office"

[[attribute]]
name = "joined_on"
kind = "date"

[[attribute]]
name = "left_on"
kind = "date"

[[relation]]
name = "posted_at"
title = { en = "Posted at" }
attribute = "office"
valid_from = "joined_on"
valid_to = "left_on"

[[relation]]
name = "shares_code"
title = { en = "Shares a code with" }
attribute = "code"
to = "officer"
by = "code"
class = "personal"
"#;

    fn officer() -> EntityModel {
        EntityModel::parse("officer.toml", GOOD).unwrap()
    }

    #[test]
    fn the_kind_of_an_attribute_says_what_it_names_and_the_rest_is_filled_in() {
        let model = officer();
        let [posted, shares] = model.relations.as_slice() else { panic!("{:?}", model.relations) };
        assert_eq!(posted.end, RelationEnd::Code { system: "office".to_owned() });
        assert_eq!((posted.class, posted.inverse.en.as_str()), (Class::Internal, "Posted at"));
        assert_eq!((&shares.end, shares.class), (&RelationEnd::Group, Class::Personal));
        assert_eq!(posted.place, "officer.toml:24");
        check_ends(&[model]).unwrap();
    }

    #[track_caller]
    fn refuses(from: &str, to: &str, line: usize, words: &[&str]) {
        let text = GOOD.replacen(from, to, 1);
        assert_ne!(text, GOOD, "{from} does not stand there");
        let error = EntityModel::parse("officer.toml", &text).and_then(|model| check_ends(&[model])).unwrap_err();
        assert_eq!((error.file.as_str(), error.line), ("officer.toml", line), "{error}");
        for word in words {
            assert!(error.to_string().contains(word), "{error} should say {word}");
        }
    }

    #[test]
    fn a_mistake_names_its_file_its_line_its_words_and_the_allowed_ones() {
        refuses("attribute = \"office\"", "attribute = \"offise\"", 24, &["`offise`", "`office`"]);
        refuses("valid_to = \"left_on\"", "valid_to = \"code\"", 24, &["`code`", "`identifier`", "`date`"]);
        refuses("valid_from =", "valid_since =", 28, &["valid_since", "valid_from"]);
        refuses("by = \"code\"\n", "", 31, &["`code`", "`by = ..`"]);
        refuses("valid_from = \"joined_on\"", "to = \"officer\"", 24, &["leave `to` and `by` out"]);
        refuses("to = \"officer\"", "to = \"office\"", 31, &["`office`", "`officer`"]);
        refuses("by = \"code\"", "by = \"joined_on\"", 31, &["different kinds"]);
        refuses("name = \"shares_code\"", "name = \"posted_at\"", 31, &["twice"]);
        refuses("name = \"shares_code\"", "name = \"Shares\"", 31, &["`Shares`", "lower case"]);
    }

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    #[test]
    fn a_period_is_half_open_and_a_date_known_in_part_means_each_day_that_it_may_be() {
        let model = officer();
        let values = |from: &str, to: &str| -> Values {
            [("joined_on", from), ("left_on", to)]
                .into_iter()
                .filter(|(_, text)| !text.is_empty())
                .map(|(name, text)| (name.to_owned(), Stated::new(text, text)))
                .collect()
        };
        let period = model.relations[0].period(&values("2020-02", "2021-12"));
        assert_eq!((period.from, period.to), (Some(day("2020-02-01")), Some(day("2022-01-01"))));
        let period = model.relations[0].period(&values("2020-02-03", "2021-12-05"));
        assert!(period.holds_on(day("2020-02-03")) && !period.holds_on(day("2020-02-02")));
        assert!(period.holds_on(day("2021-12-04")) && !period.holds_on(day("2021-12-05")));
        assert!(model.relations[0].period(&values("", "")).holds_on(day("1900-01-01")));
        assert!(model.relations[0].period(&values("2021", "2020-12-31")).is_empty());
        assert_eq!(Day::from_number(day("1969-12-30").number()), Some(day("1969-12-30")));
    }

    #[test]
    fn what_two_periods_share_holds_on_the_days_on_which_both_hold() {
        let ends = [None, Some(day("2020-01-01")), Some(day("2020-01-03"))];
        let periods: Vec<Period> =
            ends.iter().flat_map(|from| ends.iter().map(|to| Period { from: *from, to: *to })).collect();
        for one in &periods {
            for two in &periods {
                for number in day("2019-12-30").number()..day("2020-01-06").number() {
                    let on = Day::from_number(number).unwrap();
                    let both = one.holds_on(on) && two.holds_on(on);
                    assert_eq!(one.and(*two).holds_on(on), both, "{one:?} {two:?} {on}");
                }
            }
        }
    }
}

//! Why a golden value won: each member's value, how it stands and what it lost by.

use kanak_model::clock::Timestamp;
use kanak_model::entity_model::{EntityModel, SurvivorshipStrategy};
use kanak_model::id::SourceRecordId;

use super::rank::{self, Candidate, Link};
use super::{Member, relative, survive};

/// The contest for one attribute.
#[derive(Debug, Clone, PartialEq)]
pub struct Explained {
    /// The attribute.
    pub attribute: String,
    /// The strategy that chose.
    pub strategy: SurvivorshipStrategy,
    /// Every stated value, the winner first, then in the order in which they would have won; without a winner where all name another relative.
    pub contenders: Vec<Contender>,
}

/// One member's value in the contest.
#[derive(Debug, Clone, PartialEq)]
pub struct Contender {
    /// The source record that states it.
    pub source_record: SourceRecordId,
    /// That source record's version.
    pub source_version: i32,
    /// The value in standard form.
    pub value: String,
    /// The source's own words.
    pub words: String,
    /// How far the source is trusted for this attribute.
    pub trust: f64,
    /// When the department last changed the record.
    pub updated: Option<Timestamp>,
    /// When the hub learned this version.
    pub recorded_from: Timestamp,
    /// How many members say the same, itself included.
    pub agreeing: u32,
    /// Whether it won, and if not, by what it lost.
    pub standing: Standing,
}

/// How a value stands against the winner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is the golden value.
    Won,
    /// It says the same as the golden value; another source record's wording was taken.
    Agrees(Loss),
    /// It says something else.
    Lost(Loss),
}

/// The first comparison at which a value fell behind the winner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// Fewer source records state it.
    LessFrequent,
    /// It is shorter.
    Shorter,
    /// It has fewer parts.
    LessComplete,
    /// It does not pass the check of its kind.
    NotValidated,
    /// Its source is less trusted.
    LessTrusted,
    /// Its source record was changed earlier, or its source does not say when.
    LessRecent,
    /// All else is equal: the winner's source record stands first by source and key.
    LaterPlace,
    /// It names the husband or wife, whom forms ask for in the same field.
    OtherRelative,
}

impl Loss {
    /// A clause for pages and the command line: `its source is less trusted`.
    pub fn clause(self) -> &'static str {
        match self {
            Self::LessFrequent => "fewer source records state it",
            Self::Shorter => "it is shorter",
            Self::LessComplete => "it has fewer parts",
            Self::NotValidated => "it does not pass the check of its kind",
            Self::LessTrusted => "its source is less trusted",
            Self::LessRecent => "it was changed earlier, or its source does not say when",
            Self::OtherRelative => "it names the husband or wife",
            Self::LaterPlace => "all else is equal and the other source record stands first by source and key",
        }
    }

    fn at(link: Link, strategy: SurvivorshipStrategy) -> Self {
        match link {
            Link::Trust => Self::LessTrusted,
            Link::Recency => Self::LessRecent,
            Link::Place => Self::LaterPlace,
            Link::Agreement => Self::LessFrequent,
            Link::Measure => match strategy {
                SurvivorshipStrategy::Longest => Self::Shorter,
                SurvivorshipStrategy::MostComplete => Self::LessComplete,
                SurvivorshipStrategy::ValidatedFirst => Self::NotValidated,
                _ => Self::LessFrequent,
            },
        }
    }
}

impl Contender {
    /// How it stands, in a clause: `won`, `says the same; its source is less trusted`, `lost: it is shorter`.
    pub fn sentence(&self) -> String {
        match self.standing {
            Standing::Won => "won".to_owned(),
            Standing::Agrees(loss) => format!("says the same; {}", loss.clause()),
            Standing::Lost(loss) => format!("lost: {}", loss.clause()),
        }
    }
}

/// Why the golden value of an attribute is what it is; none when the model has no such attribute or no member states it.
pub fn explain_value(model: &EntityModel, attribute: &str, members: &[Member<'_>]) -> Option<Explained> {
    let rule = model.survivorship.iter().find(|rule| rule.attribute == attribute)?;
    let attribute = model.find_attribute(attribute)?;
    let golden = survive(model, members).values;
    let relative = relative::other_relative(model, attribute).and_then(|other| golden.get(&other.name));
    let names_other = |candidate: &Candidate| {
        let value = members[candidate.member].values.find(&attribute.name);
        relative.zip(value).is_some_and(|(relative, value)| relative::may_be_one(value, &relative.value))
    };
    let mut candidates: Vec<(bool, Candidate)> = rank::candidates(attribute, rule.strategy, members)
        .into_iter()
        .map(|candidate| (names_other(&candidate), candidate))
        .collect();
    candidates.sort_by(|(left_other, left), (right_other, right)| {
        left_other.cmp(right_other).then_with(|| right.cmp_for(rule.strategy, left))
    });
    let (first_is_other, first) = candidates.first()?.clone();
    let winner = (!first_is_other).then_some(first);
    let winning = winner.as_ref().and_then(|winner| members[winner.member].values.find(&attribute.name));
    let winning_form = winning.map(|value| super::agree::form(attribute.kind, value));
    let contenders = candidates.iter().filter_map(|(is_other, candidate)| {
        let member = &members[candidate.member];
        let stated = member.values.find_stated(&attribute.name)?;
        let standing = match winner.as_ref().filter(|_| !is_other).map(|one| lost_at(one, candidate, rule.strategy)) {
            None => Standing::Lost(Loss::OtherRelative),
            Some(None) => Standing::Won,
            Some(Some(loss)) => {
                let says_the_same = winning_form == Some(super::agree::form(attribute.kind, &stated.standard));
                if says_the_same { Standing::Agrees(loss) } else { Standing::Lost(loss) }
            }
        };
        Some(Contender {
            source_record: member.id,
            source_version: member.version,
            value: stated.standard.clone(),
            words: stated.words().to_owned(),
            trust: candidate.trust,
            updated: member.updated,
            recorded_from: member.recorded_from,
            agreeing: candidate.agreeing,
            standing,
        })
    });
    Some(Explained { attribute: attribute.name.clone(), strategy: rule.strategy, contenders: contenders.collect() })
}

/// The contests in which sources said different things, in the model's order: what lost, and why.
pub fn losers(model: &EntityModel, members: &[Member<'_>]) -> Vec<Explained> {
    let contests = model.attributes.iter().filter_map(|attribute| explain_value(model, &attribute.name, members));
    contests
        .filter_map(|mut contest| {
            contest.contenders.retain(|contender| matches!(contender.standing, Standing::Lost(_)));
            (!contest.contenders.is_empty()).then_some(contest)
        })
        .collect()
}

fn lost_at(winner: &Candidate, candidate: &Candidate, strategy: SurvivorshipStrategy) -> Option<Loss> {
    let link = rank::chain(strategy).iter().find(|link| winner.cmp_at(**link, candidate).is_ne())?;
    Some(Loss::at(*link, strategy))
}

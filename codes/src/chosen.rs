//! Codes chosen by rules that come with a question and are not kept.

use crate::{
    as_of::{AsOf, Judgement},
    bits::Bits,
    codes::Codes,
    members::Reading,
    validate::{InvalidReason, Validation},
    value_set::Rule,
};

/// Rules that come with a question, as a value set has them: what some take in is united, and what others leave out is taken away.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choice {
    /// What is taken in.
    pub include: Vec<Chosen>,
    /// What is left out of that.
    pub exclude: Vec<Chosen>,
}

/// Concepts for which all of some rules hold and none of others. The rules' own `system` is not looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chosen {
    /// Their code system; `None` for any.
    pub system: Option<String>,
    /// The version of it; `None` for any.
    pub version: Option<String>,
    /// All of these hold; none listed is no condition.
    pub all_of: Vec<Rule>,
    /// None of these holds.
    pub none_of: Vec<Rule>,
}

/// The codes that a choice takes of one version of a code system on a day.
#[derive(Debug, Clone)]
pub struct Selection<'a> {
    as_of: AsOf<'a>,
    rows: Bits,
}

impl Codes {
    /// The codes that a choice takes of a version, which must be one of this snapshot where rules name value sets. A value set that is not
    /// there has no codes.
    ///
    /// ```
    /// use kanak_codes::{Choice, Chosen, Codes, Rule};
    /// let codes = Codes::builtin()?;
    /// let of_punjab = Rule { parent: Some("3".to_owned()), ..Rule::default() };
    /// let amritsar = Rule { codes: vec!["27".to_owned()], ..Rule::default() };
    /// let chosen = Chosen { all_of: vec![of_punjab], none_of: vec![amritsar], ..Chosen::default() };
    /// let choice = Choice { include: vec![chosen], exclude: Vec::new() };
    /// let districts = codes.select(&choice, codes.as_of("lgd-district", None, None)?);
    /// assert!(districts.holds("43") && !districts.holds("27"));
    /// # Ok::<_, kanak_codes::CodesError>(())
    /// ```
    pub fn select<'a>(&'a self, choice: &Choice, as_of: AsOf<'a>) -> Selection<'a> {
        let (system, table) = (as_of.system(), as_of.system().table());
        let is_about = |chosen: &&Chosen| {
            chosen.system.as_deref().is_none_or(|name| name == system.name())
                && chosen.version.as_deref().is_none_or(|version| version == system.version())
        };
        let mut rows = Bits::none(table.len());
        for chosen in choice.include.iter().filter(is_about) {
            rows.unite(&self.rows_of_chosen(chosen, as_of));
        }
        for chosen in choice.exclude.iter().filter(is_about) {
            rows.subtract(&self.rows_of_chosen(chosen, as_of));
        }
        if let Some(day) = as_of.day() {
            rows.retain(|row| table.validity(row).holds_on(day));
        }
        Selection { as_of, rows }
    }

    fn rows_of_chosen(&self, chosen: &Chosen, as_of: AsOf<'_>) -> Bits {
        let system = as_of.system();
        let reading = if as_of.day().is_some() { Reading::OnADay } else { Reading::Today };
        let mut rows = Bits::all(system.table().len());
        for rule in &chosen.all_of {
            rows.intersect(&self.rows_of(rule, system, reading));
        }
        for rule in &chosen.none_of {
            rows.subtract(&self.rows_of(rule, system, reading));
        }
        rows
    }
}

impl<'a> Selection<'a> {
    /// The code system on its day.
    pub fn as_of(&self) -> AsOf<'a> {
        self.as_of
    }

    /// Whether a code is chosen.
    pub fn holds(&self, code: &str) -> bool {
        matches!(self.as_of.judge(code), Judgement::Valid(concept) if self.rows.contains(concept.row))
    }

    /// Judges a code, with words and suggestions. `value_set` is what the choice is called in them.
    pub fn validate(&self, code: &str, value_set: &str) -> Validation<'a> {
        match self.as_of.validate(code) {
            Validation::Valid(concept) if !self.rows.contains(concept.row) => Validation::Invalid {
                reason: InvalidReason::NotInValueSet {
                    value_set: value_set.to_owned(),
                    code: concept.code().to_owned(),
                },
                suggestions: Vec::new(),
            },
            other => other,
        }
    }

    /// The codes, as rows that are valid on the day.
    pub(crate) fn rows(&self) -> &Bits {
        &self.rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        expand::{Expand, Expansion},
        value_set::OneOrMore,
    };

    fn codes_of(codes: &Codes, system: &str, choice: &Choice) -> Vec<String> {
        let selection = codes.select(choice, codes.as_of(system, None, None).unwrap());
        let ask = Expand { count: usize::MAX, ..Expand::default() };
        let expansion = Expansion::of_selections(&[selection], None, &ask);
        expansion.concepts.iter().map(|expanded| expanded.concept.code().to_owned()).collect()
    }

    #[test]
    fn a_choice_by_the_rules_of_a_value_set_takes_the_members_of_the_value_set() {
        let codes = Codes::builtin().unwrap();
        for name in ["districts-punjab", "active-branches-punjab", "services-notified"] {
            let set = codes.get_value_set(name).unwrap();
            let chosen =
                |rule: &Rule| Chosen { system: rule.system.clone(), all_of: vec![rule.clone()], ..Chosen::default() };
            let choice = Choice {
                include: set.includes().iter().map(chosen).collect(),
                exclude: set.excludes().iter().map(chosen).collect(),
            };
            let members = &codes.memberships(name, None).unwrap()[0];
            let expected: Vec<String> = members.concepts().map(|concept| concept.code().to_owned()).collect();
            assert_eq!(codes_of(&codes, members.as_of().system().name(), &choice), expected, "{name}");
        }
    }

    #[test]
    fn what_none_may_hold_is_the_complement_of_what_holds() {
        let codes = Codes::builtin().unwrap();
        let rule =
            Rule { properties: [("made_up".to_owned(), OneOrMore::One("false".to_owned()))].into(), ..Rule::default() };
        let choice = |chosen| Choice { include: vec![chosen], exclude: Vec::new() };
        let real = codes_of(&codes, "service", &choice(Chosen { all_of: vec![rule.clone()], ..Chosen::default() }));
        let made_up = codes_of(&codes, "service", &choice(Chosen { none_of: vec![rule], ..Chosen::default() }));
        assert_eq!(real.len(), 10);
        assert_eq!(real.len() + made_up.len(), codes.get_system("service").unwrap().len());
        assert!(real.iter().all(|code| !made_up.contains(code)));
        let other_version = Chosen { version: Some("0".to_owned()), ..Chosen::default() };
        assert!(codes_of(&codes, "service", &choice(other_version)).is_empty());
    }
}

//! How people are named: given names by custom, sex and era, second names and surnames.

use crate::chance::{Chance, Weighted};

/// A way of naming. It is not a community, and no register has a column for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Custom {
    /// Given name, Singh or Kaur, perhaps a surname.
    Punjab,
    /// Given name, Kumar, Lal, Devi ..., a surname.
    Plain,
    /// As in the states that people come from.
    Migrant,
    /// Given name and surname.
    Other,
}

const CUSTOMS: [(Custom, &str); 4] =
    [(Custom::Punjab, "punjab"), (Custom::Plain, "plain"), (Custom::Migrant, "migrant"), (Custom::Other, "other")];

/// A person's sex, as registers know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Sex {
    Female,
    Male,
}

/// A full name in its usual Latin spelling. Parts that a person does not bear are empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Name {
    pub(crate) given: &'static str,
    /// Singh, Kaur, Kumar, Devi ...
    pub(crate) second: &'static str,
    pub(crate) surname: &'static str,
}

/// The tables of names.
pub(crate) struct Names {
    /// By custom, sex and era of birth.
    given: [[[Weighted<&'static str>; 3]; 2]; 4],
    surnames: [Weighted<&'static str>; 4],
}

const GIVEN_NAMES: &str = include_str!("../data/given_names.csv");
const SURNAMES: &str = include_str!("../data/surnames.csv");

impl Names {
    /// Reads the tables.
    pub(crate) fn read() -> Self {
        Self {
            given: CUSTOMS.map(|(_, custom)| ["f", "m"].map(|sex| [0, 1, 2].map(|era| given_names(custom, sex, era)))),
            surnames: CUSTOMS.map(|(_, custom)| {
                let rows = SURNAMES.lines().skip(1).map(|line| line.split(',').collect::<Vec<_>>());
                Weighted::new(rows.filter(|row| row[1] == custom).map(|row| (row[0], number(row[2]))))
            }),
        }
    }

    /// A given name for a child born in a year.
    pub(crate) fn draw_given(&self, custom: Custom, sex: Sex, born_year: i32, chance: &mut Chance) -> &'static str {
        let era = usize::from(born_year > 1968) + usize::from(born_year > 1998);
        self.given[custom as usize][sex as usize][era].draw(chance)
    }

    /// A surname.
    pub(crate) fn draw_surname(&self, custom: Custom, chance: &mut Chance) -> &'static str {
        self.surnames[custom as usize].draw(chance)
    }

    /// A whole name. The surname is the family's.
    pub(crate) fn draw(
        &self,
        custom: Custom,
        sex: Sex,
        born_year: i32,
        surname: &'static str,
        chance: &mut Chance,
    ) -> Name {
        let given = self.draw_given(custom, sex, born_year, chance);
        let second = match (custom, sex) {
            (Custom::Punjab, Sex::Male) => "Singh",
            (Custom::Punjab, Sex::Female) => "Kaur",
            (Custom::Plain, Sex::Male) => {
                chance.pick(&["Kumar", "Kumar", "Kumar", "Lal", "Ram", "Chand", "", "", "Pal"])
            }
            (Custom::Plain, Sex::Female) => chance.pick(&["Rani", "Rani", "Devi", "Devi", "Kumari", "Bala", "", ""]),
            (Custom::Migrant, Sex::Male) => chance.pick(&["Kumar", "Kumar", "", "", "", "Lal", "Prasad"]),
            (Custom::Migrant, Sex::Female) => chance.pick(&["Devi", "Devi", "Kumari", "", ""]),
            (Custom::Other, _) => "",
        };
        Name { given, second, surname }
    }
}

/// The given names of one custom and sex, weighted as parents of an era choose them.
fn given_names(custom: &str, sex: &str, era: usize) -> Weighted<&'static str> {
    let rows = GIVEN_NAMES.lines().skip(1).map(|line| line.split(',').collect::<Vec<_>>());
    let rows = rows.filter(|row| row[1] == sex && row[2] == custom);
    Weighted::new(rows.map(|row| {
        let favour = match (row[4], era) {
            ("old", 0) | ("young", 2) => 3.0,
            ("old", 1) => 0.4,
            ("young", 1) => 0.15,
            ("old" | "young", _) => 0.03,
            _ => 1.0,
        };
        (row[0], number(row[3]) * favour)
    }))
}

fn number(text: &str) -> f64 {
    text.parse().expect("weights in the tables are numbers")
}

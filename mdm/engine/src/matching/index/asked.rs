//! The values of an index, and a query against them.

use std::sync::Arc;

use kanak_model::entity_model::BlockingKey;

use super::super::columns::{Column, MISSING};
use super::super::features::Features;
use super::super::keys;
use super::super::levels::{Texts, Value};
use super::super::lexicon::Lexicon;
use super::super::rules::Field;
use super::kept::Kept;
use crate::standardize::name::Sex;

/// The distinct values of one attribute.
#[derive(Debug)]
pub(crate) struct Attribute {
    pub(crate) field: Field,
    pub(crate) texts: Kept,
    features: Features,
}

impl Attribute {
    /// Takes the values of a column over, under their codes.
    pub(crate) fn of(column: Column, lexicon: &mut Lexicon) -> Self {
        let Column { field, codes: _, values, mut features } = column;
        features.number_joined(lexicon);
        features.shrink();
        Self { field, texts: Kept::of(&values), features }
    }

    /// The features of some values, of which each gets its place as its code; their words go from one lexicon into another.
    pub(crate) fn features_of(&self, codes: &[u32], from: &Lexicon, into: &mut Lexicon) -> Features {
        self.features.of_some(codes, from, into)
    }

    /// The code of a value, new or known.
    pub(crate) fn intern(&mut self, text: &str, lexicon: &mut Lexicon) -> u32 {
        if let Some(code) = self.texts.find(text) {
            return code;
        }
        self.features.push(self.field.kind, text, lexicon);
        self.texts.push(text)
    }

    /// The value with a code.
    pub(crate) fn value(&self, code: u32) -> Value<'_> {
        Value { features: &self.features, texts: Texts::Kept(&self.texts), code }
    }

    /// The same; `None` where it is missing.
    pub(crate) fn find(&self, code: u32) -> Option<Value<'_>> {
        (code != MISSING).then(|| self.value(code))
    }

    /// Bytes held: of the texts, and of what is computed from them.
    pub(crate) fn bytes(&self) -> usize {
        self.texts.bytes() + self.features.bytes()
    }
}

/// One value of a query.
#[derive(Debug)]
pub(crate) enum AskedValue<'q> {
    Missing,
    /// Known to the index, by its code.
    Known(u32),
    /// Not known to it.
    New {
        text: &'q str,
        features: Features,
    },
}

/// A query: its values, one an attribute of the index.
#[derive(Debug)]
pub(crate) struct Asked<'q> {
    pub(crate) values: Vec<AskedValue<'q>>,
    /// Goes on from the lexicon of the index.
    pub(crate) lexicon: Lexicon,
}

impl<'q> Asked<'q> {
    /// Reads a query; `find` gives the text of an attribute.
    pub(crate) fn of(attributes: &[Attribute], lexicon: &Arc<Lexicon>, find: impl Fn(&str) -> Option<&'q str>) -> Self {
        let mut lexicon = Lexicon::over(Arc::clone(lexicon));
        let read = |attribute: &Attribute| match find(&attribute.field.name).filter(|text| !text.is_empty()) {
            None => AskedValue::Missing,
            Some(text) => AskedValue::of(attribute, text, &mut lexicon),
        };
        let values = attributes.iter().map(read).collect();
        Self { values, lexicon }
    }

    /// The code of a value that the index knows.
    pub(crate) fn known(&self, at: usize) -> Option<u32> {
        match self.values[at] {
            AskedValue::Known(code) => Some(code),
            AskedValue::Missing | AskedValue::New { .. } => None,
        }
    }

    /// How many attributes are stated.
    pub(crate) fn stated(&self) -> usize {
        self.values.iter().filter(|value| !matches!(value, AskedValue::Missing)).count()
    }

    /// A row of the index as a query.
    pub(crate) fn of_row(codes: &[u32], lexicon: &Arc<Lexicon>) -> Self {
        let value = |code: &u32| if *code == MISSING { AskedValue::Missing } else { AskedValue::Known(*code) };
        Self { values: codes.iter().map(value).collect(), lexicon: Lexicon::over(Arc::clone(lexicon)) }
    }

    /// The value of the attribute at a place.
    pub(crate) fn find<'a>(&'a self, attributes: &'a [Attribute], at: usize) -> Option<Value<'a>> {
        match &self.values[at] {
            AskedValue::Missing => None,
            AskedValue::Known(code) => Some(attributes[at].value(*code)),
            AskedValue::New { text, features } => Some(Value { features, texts: Texts::One(text), code: 0 }),
        }
    }

    /// Where no sex is stated, a name that implies one by custom gives it.
    pub(crate) fn read_sex_from_name(&mut self, attributes: &[Attribute], sex: usize, name: usize) {
        if matches!(self.values[sex], AskedValue::Missing)
            && let Some(code) = self.find(attributes, name).and_then(implied_sex)
        {
            self.values[sex] = AskedValue::of(&attributes[sex], code, &mut self.lexicon);
        }
    }
}

impl<'q> AskedValue<'q> {
    fn of(attribute: &Attribute, text: &'q str, lexicon: &mut Lexicon) -> Self {
        if let Some(code) = attribute.texts.find(text) {
            return Self::Known(code);
        }
        let mut features = Features::none(attribute.field.kind);
        features.push(attribute.field.kind, text, lexicon);
        Self::New { text, features }
    }
}

/// The sex that a name implies.
pub(crate) fn implied_sex(name: Value<'_>) -> Option<&'static str> {
    let sexes = &name.features.words()?.sexes;
    sexes.get(name.code as usize).copied().flatten().filter(|sex| *sex != Sex::Other).map(Sex::code)
}

/// The keys that a value gives, ascending; into `out`.
pub(crate) fn keys_of(value: Option<Value<'_>>, lexicon: &Lexicon, key: &BlockingKey, out: &mut Vec<u64>) {
    out.clear();
    if let Some(value) = value {
        keys::of_value(value, lexicon, key, out);
        out.sort_unstable();
        out.dedup();
    }
}

//! Packs: questions answered as of the end of a day, as files that follow from the answers alone.
//!
//! A [`Definition`] holds the questions; [`ask`] answers them from one release, as it knows what had happened by that day; and
//! [`Definition::files`] makes of definition and answers, and nothing else, the files of a pack. Small counts are withheld there, and
//! every place where one was is told.

mod answers;
mod definition;
mod files;
mod withhold;

pub use self::{
    answers::{Answers, ask},
    definition::{Definition, PackColumn, Question, Settings, Unit},
    withhold::Cell,
};

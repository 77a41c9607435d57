//! Parts that pages are made of. Each is a struct with its own template; a page writes `{{ part }}`.

mod chart;
mod district_map;
mod filter;
mod headline;
mod monthly;
mod outline;
mod pager;
mod table;

pub use chart::{Chart, ChartKind, ChartUnit};
pub use district_map::{Band, DistrictMap, DistrictShape, DistrictValue};
pub use filter::{FilterList, Filters};
pub use headline::{Figure, FigureGroup, Figures};
pub(crate) use monthly::{Measure, monthly};
pub use outline::{Outline, outlines};
pub use pager::Pager;
pub(crate) use pager::Trail;
pub use table::{Bar, Cell, Head, Table, Tone};

use askama::filters::HtmlSafe;

// These render through templates that escape what they are given.
impl HtmlSafe for Table {}
impl HtmlSafe for Chart {}
impl HtmlSafe for DistrictMap {}
impl HtmlSafe for Figures {}
impl HtmlSafe for Filters {}
impl HtmlSafe for Pager {}

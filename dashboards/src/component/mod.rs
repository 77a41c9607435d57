//! Parts that pages are made of. Each is a struct with its own template; a page writes `{{ part }}`.

mod bar_rows;
mod chart;
mod district_map;
mod drawing;
mod filter;
mod headline;
mod monthly;
mod outline;
mod pager;
mod table;
mod waterfall;
mod xy;

pub(crate) use bar_rows::{BarRow, BarRows, Layout, Span};
pub use chart::{Chart, ChartKind, ChartUnit};
pub use district_map::{Band, DistrictMap, DistrictShape, DistrictValue};
#[cfg(test)]
pub(crate) use drawing::assert_well_formed;
pub use drawing::{Anchor, Drawing, Drawn, Mark, Opened, Place, Rule};
pub use filter::{FilterList, Filters};
pub use headline::{Figure, FigureGroup, Figures};
pub(crate) use monthly::{Measure, monthly};
pub use outline::{Outline, outlines};
pub use pager::Pager;
pub(crate) use pager::Trail;
pub use table::{Bar, Cell, Head, Table, Tone};
pub use waterfall::Waterfall;
pub(crate) use waterfall::rules as threshold_rules;
pub(crate) use xy::{Axis, Column, Curve, Xy};

use askama::filters::HtmlSafe;

// These render through templates that escape what they are given.
impl HtmlSafe for Table {}
impl HtmlSafe for Chart {}
impl HtmlSafe for DistrictMap {}
impl HtmlSafe for Figures {}
impl HtmlSafe for Filters {}
impl HtmlSafe for Pager {}
impl HtmlSafe for Drawing {}
impl HtmlSafe for Drawn {}

//! The district in which a point lies.

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;
use utoipa::IntoParams;

use super::answered::hashed;
use super::asked::read_day;
use super::only::Only;
use super::view::DistrictAtView;
use crate::server::problem::Problem;
use crate::server::state::AppState;

/// Which point.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Point {
    /// Degrees north, such as 31.62.
    lat: f64,
    /// Degrees east, such as 74.876.
    lon: f64,
    /// As districts were on this day, such as `2019-07-01`; left out: as the outlines have them, with what was split off since.
    as_of: Option<String>,
}

/// The code system whose codes have outlines.
const WITH_OUTLINES: &str = "lgd-district";

/// Tells the district of Punjab in which a point lies, or lay on a day, by simplified outlines: within a kilometre or so of a border it may be
/// the neighbour.
#[utoipa::path(get, path = "/v1/code-systems/{system}/at", tag = "codes",
    params(("system" = String, Path, description = "`lgd-district`"), Point),
    responses((status = 200, description = "The district, and those in which the point may lie as well", body = DistrictAtView),
              (status = 304, description = "Not changed"), (status = 400, description = "No point on Earth, or `as_of` is no day", body = Problem),
              (status = 404, description = "No outlines for this code system, or outside all of them", body = Problem)))]
pub async fn at(
    State(state): State<AppState>,
    Path(system): Path<String>,
    Only((point,)): Only<(Point,)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let codes = state.codes();
    codes.get_system(&system)?;
    if system != WITH_OUTLINES {
        return Err(Problem::not_found(format!("`{system}` has no outlines; ask `{WITH_OUTLINES}`")));
    }
    let day = read_day(point.as_of.as_deref())?;
    hashed(&headers, &DistrictAtView::find(&codes, (point.lat, point.lon), day)?)
}

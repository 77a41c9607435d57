//! Which district a point lies in, by simplified outlines.

use std::sync::{Arc, OnceLock};

use serde::Deserialize;

use crate::{codes::Codes, error::CodesError};

const BUILTIN: &str = include_str!("../data/unlicensed/outlines/punjab-districts.topo.json");
const FILE: &str = "punjab-districts.topo.json";

/// Outlines of districts, simplified: within a kilometre or so of a border the answer may be the neighbour. Their names are resolved
/// against the districts of one snapshot.
#[derive(Debug, Clone, PartialEq)]
pub struct DistrictOutlines {
    shapes: Arc<[Shape]>,
    /// Of each shape the district that it is of; `None` where the list of districts has none of that name.
    districts: Vec<Option<District>>,
}

/// The shape of a district: rings of (longitude, latitude) and the box around them.
#[derive(Debug, Clone, PartialEq)]
struct Shape {
    /// The district's name as the outlines write it.
    name: String,
    rings: Vec<Vec<Point>>,
    least: Point,
    most: Point,
}

/// The district of a shape in a list of districts.
#[derive(Debug, Clone, PartialEq, Eq)]
struct District {
    code: String,
    or_since: Vec<String>,
}

/// Longitude and latitude in degrees.
type Point = [f64; 2];

/// The district of a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DistrictAt<'a> {
    /// The district by the outlines, as an LGD code.
    pub code: &'a str,
    /// Districts that were split off it since and have no outline of their own: the point may lie in one of these today. Malerkotla for Sangrur.
    pub or_since: &'a [String],
}

impl Codes {
    /// The district of Punjab in which a point lies, in degrees. `None` outside Punjab, for what is no point, and in the outline of a
    /// district that the list of districts lacks; [`find_unlisted_outline_at`](Self::find_unlisted_outline_at) tells the last one.
    ///
    /// The outlines are from before Malerkotla was split from Sangrur; [`DistrictAt::or_since`] says so. Their names are those of the
    /// districts of this snapshot.
    ///
    /// ```
    /// let codes = kanak_codes::Codes::builtin()?;
    /// let golden_temple = codes.find_district_at(31.62, 74.876)?.unwrap();
    /// assert_eq!(golden_temple.code, "27");
    /// # Ok::<_, kanak_codes::CodesError>(())
    /// ```
    ///
    /// # Errors
    /// [`CodesError::Table`] when the outlines were replaced by ones that do not read.
    pub fn find_district_at(&self, latitude: f64, longitude: f64) -> Result<Option<DistrictAt<'_>>, CodesError> {
        Ok(self.outlines()?.find(latitude, longitude))
    }

    /// The name of the outline in which a point lies, in degrees, where the list of districts has no district of that name.
    ///
    /// # Errors
    /// As [`find_district_at`](Self::find_district_at).
    pub fn find_unlisted_outline_at(&self, latitude: f64, longitude: f64) -> Result<Option<&str>, CodesError> {
        Ok(self.outlines()?.find_unlisted(latitude, longitude))
    }

    /// The outlines that come with this crate, read once in a process, named once for each snapshot.
    pub(crate) fn outlines(&self) -> Result<&DistrictOutlines, CodesError> {
        static SHAPES: OnceLock<Result<Arc<[Shape]>, CodesError>> = OnceLock::new();
        let shapes = SHAPES.get_or_init(|| read_shapes(FILE, BUILTIN)).as_ref().map_err(Clone::clone)?;
        Ok(self.outlines_cache().get_or_init(|| DistrictOutlines::named(Arc::clone(shapes), self)))
    }
}

impl DistrictOutlines {
    /// Reads outlines from TopoJSON: each geometry is a Polygon or a MultiPolygon with the property `district`, a name that the
    /// directory or the list of aliases has. An outline of another name is kept, and is of no district: [`unlisted`](Self::unlisted).
    ///
    /// # Errors
    /// [`CodesError::Table`] saying what of the file does not read.
    pub fn parse(file: &str, text: &str, codes: &Codes) -> Result<Self, CodesError> {
        Ok(Self::named(read_shapes(file, text)?, codes))
    }

    /// The shapes with the districts that a snapshot has under their names.
    fn named(shapes: Arc<[Shape]>, codes: &Codes) -> Self {
        let known: Vec<Option<&str>> = shapes.iter().map(|shape| codes.find_district(&shape.name)).collect();
        let has_outline = |code: &str| known.iter().flatten().any(|known| *known == code);
        let district = |code: &str| {
            let since = codes.districts_split_from(code).into_iter().map(|child| child.code().to_owned());
            District { code: code.to_owned(), or_since: since.filter(|child| !has_outline(child)).collect() }
        };
        let districts = known.iter().map(|code| code.map(district)).collect();
        Self { shapes, districts }
    }

    /// The district in which a point lies, in degrees. A point on a border belongs to one of the two.
    pub fn find(&self, latitude: f64, longitude: f64) -> Option<DistrictAt<'_>> {
        let (_, district) = self.at(latitude, longitude)?;
        district.map(|district| DistrictAt { code: &district.code, or_since: &district.or_since })
    }

    /// The name of the outline in which a point lies, in degrees, where the list of districts has none of that name.
    pub fn find_unlisted(&self, latitude: f64, longitude: f64) -> Option<&str> {
        let (shape, district) = self.at(latitude, longitude)?;
        district.is_none().then_some(&*shape.name)
    }

    /// The codes of the districts that have an outline, in the order of the file.
    pub fn codes(&self) -> impl Iterator<Item = &str> {
        self.districts.iter().flatten().map(|district| district.code.as_str())
    }

    /// The names of the outlines for which the list of districts has no district, in the order of the file.
    pub fn unlisted(&self) -> impl Iterator<Item = &str> {
        self.both().filter(|(_, district)| district.is_none()).map(|(shape, _)| shape.name.as_str())
    }

    fn both(&self) -> impl Iterator<Item = (&Shape, Option<&District>)> {
        self.shapes.iter().zip(self.districts.iter().map(Option::as_ref))
    }

    fn at(&self, latitude: f64, longitude: f64) -> Option<(&Shape, Option<&District>)> {
        let point = [longitude, latitude];
        self.both().find(|(shape, _)| shape.contains(point))
    }
}

/// Reads the shapes of a TopoJSON file.
fn read_shapes(file: &str, text: &str) -> Result<Arc<[Shape]>, CodesError> {
    let fail = |problem: String| CodesError::Table { system: file.to_owned(), problem };
    let topology: Topology = serde_json::from_str(text).map_err(|error| fail(error.to_string()))?;
    let arcs: Vec<Vec<Point>> = topology.arcs.iter().map(|arc| topology.decode(arc)).collect();
    let mut shapes = Vec::new();
    for geometry in topology.objects.into_values().flat_map(|object| object.geometries) {
        let name = geometry.properties.district;
        let rings: Option<Vec<Vec<Point>>> = geometry.shape.rings().map(|ring| join(&arcs, ring)).collect();
        let rings = rings.ok_or_else(|| fail(format!("an outline of `{name}` names an arc that is not there")))?;
        shapes.push(Shape::of(name, rings));
    }
    if shapes.is_empty() { Err(fail("there is no outline in it".to_owned())) } else { Ok(shapes.into()) }
}

impl Shape {
    fn of(name: String, rings: Vec<Vec<Point>>) -> Self {
        let points = || rings.iter().flatten();
        let least = |axis: usize| points().map(|point| point[axis]).fold(f64::INFINITY, f64::min);
        let most = |axis: usize| points().map(|point| point[axis]).fold(f64::NEG_INFINITY, f64::max);
        let (least, most) = ([least(0), least(1)], [most(0), most(1)]);
        Self { name, rings, least, most }
    }

    /// Even-odd rule over all rings together, so that a hole is outside.
    fn contains(&self, point: Point) -> bool {
        let in_box = (0..2).all(|axis| self.least[axis] <= point[axis] && point[axis] <= self.most[axis]);
        in_box && self.rings.iter().map(|ring| crossings(ring, point)).sum::<usize>() % 2 == 1
    }
}

/// How often a ray from the point eastwards crosses the ring. An end of a side counts for the side above it only.
fn crossings(ring: &[Point], [x, y]: Point) -> usize {
    let sides = ring.iter().zip(ring.iter().cycle().skip(1));
    let crosses =
        |&([ax, ay], [bx, by]): &(&Point, &Point)| (*ay > y) != (*by > y) && x < (bx - ax) * (y - ay) / (by - ay) + ax;
    sides.filter(crosses).count()
}

/// A ring from its arcs; the complement of an index is that arc backwards. `None` when an arc is missing.
fn join(arcs: &[Vec<Point>], ring: &[i64]) -> Option<Vec<Point>> {
    let mut points: Vec<Point> = Vec::new();
    for &index in ring {
        let arc = arcs.get(usize::try_from(if index < 0 { !index } else { index }).ok()?)?;
        // The first point of an arc is the last one of the arc before it.
        points.pop();
        if index < 0 {
            points.extend(arc.iter().rev());
        } else {
            points.extend(arc);
        }
    }
    Some(points)
}

#[derive(Deserialize)]
struct Topology {
    arcs: Vec<Vec<Point>>,
    transform: Option<Transform>,
    objects: std::collections::BTreeMap<String, Geometries>,
}

#[derive(Deserialize)]
struct Transform {
    scale: Point,
    translate: Point,
}

#[derive(Deserialize)]
struct Geometries {
    geometries: Vec<Geometry>,
}

#[derive(Deserialize)]
struct Geometry {
    properties: Properties,
    #[serde(flatten)]
    shape: Polygons,
}

#[derive(Deserialize)]
struct Properties {
    district: String,
}

#[derive(Deserialize)]
#[serde(tag = "type", content = "arcs")]
enum Polygons {
    Polygon(Vec<Vec<i64>>),
    MultiPolygon(Vec<Vec<Vec<i64>>>),
}

impl Polygons {
    fn rings(&self) -> Box<dyn Iterator<Item = &[i64]> + '_> {
        match self {
            Self::Polygon(rings) => Box::new(rings.iter().map(Vec::as_slice)),
            Self::MultiPolygon(polygons) => Box::new(polygons.iter().flatten().map(Vec::as_slice)),
        }
    }
}

impl Topology {
    /// The points of an arc: with a transform, steps on a grid; without one, degrees.
    fn decode(&self, arc: &[Point]) -> Vec<Point> {
        let Some(Transform { scale, translate }) = &self.transform else { return arc.to_vec() };
        let mut at = [0.0, 0.0];
        let step = |point: &Point| {
            at = [at[0] + point[0], at[1] + point[1]];
            [at[0] * scale[0] + translate[0], at[1] * scale[1] + translate[1]]
        };
        arc.iter().map(step).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Two squares that share a side, the left one with a square hole.
    const SQUARES: &str = r#"{"type": "Topology", "transform": {"scale": [1, 1], "translate": [70, 30]},
        "arcs": [[[4, 0], [0, 4]], [[4, 4], [-4, 0], [0, -4], [4, 0]], [[4, 4], [4, 0], [0, -4], [-4, 0]], [[1, 1], [1, 0], [0, 1], [-1, 0], [0, -1]]],
        "objects": {"districts": {"type": "GeometryCollection", "geometries": [
            {"type": "Polygon", "properties": {"district": "Amritsar"}, "arcs": [[0, 1], [3]]},
            {"type": "MultiPolygon", "properties": {"district": "Mohali"}, "arcs": [[[-1, 2]]]}]}}}"#;

    fn squares() -> DistrictOutlines {
        DistrictOutlines::parse("squares", SQUARES, &Codes::builtin().unwrap()).unwrap()
    }

    #[test]
    fn a_hole_is_outside_and_neighbours_do_not_overlap() {
        let outlines = squares();
        let code = |latitude, longitude| outlines.find(latitude, longitude).map(|found| found.code);
        assert_eq!(code(33.0, 73.0), Some("27"));
        assert_eq!(code(31.5, 71.5), None);
        assert_eq!(code(33.0, 77.0), Some("608"));
        assert_eq!(code(33.0, 79.0), None);
        assert_eq!(code(f64::NAN, 73.0), None);
    }

    proptest! {
        #[test]
        fn a_point_is_where_plain_comparison_puts_it(x in 69.0f64..80.0, y in 29.0f64..36.0) {
            let within = |left: f64, right: f64| (left..right).contains(&x) && (30.0..34.0).contains(&y);
            let hole = (71.0..72.0).contains(&x) && (31.0..32.0).contains(&y);
            let expected = if within(70.0, 74.0) && !hole { Some("27") } else if within(74.0, 78.0) { Some("608") } else { None };
            let outlines = squares();
            prop_assert_eq!(outlines.find(y, x).map(|found| found.code), expected);
        }
    }

    #[test]
    fn outlines_that_do_not_read_are_refused() {
        let codes = Codes::builtin().unwrap();
        let refuses = |text: &str, words: &str| {
            let error = DistrictOutlines::parse("o", text, &codes).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        };
        refuses(&SQUARES.replace("[3]", "[9]"), "an arc that is not there");
        refuses(r#"{"arcs": [], "objects": {}}"#, "no outline");
        refuses("[", "EOF");
    }

    #[test]
    fn an_outline_of_no_district_answers_with_its_name_and_the_others_go_on() {
        let outlines =
            DistrictOutlines::parse("o", &SQUARES.replace("Amritsar", "Atlantis"), &Codes::builtin().unwrap()).unwrap();
        assert_eq!((outlines.find(33.0, 73.0), outlines.find_unlisted(33.0, 73.0)), (None, Some("Atlantis")));
        assert_eq!(outlines.find(33.0, 77.0).map(|found| found.code), Some("608"));
        assert_eq!((outlines.find_unlisted(33.0, 77.0), outlines.find_unlisted(33.0, 79.0)), (None, None));
        assert_eq!(outlines.unlisted().collect::<Vec<_>>(), ["Atlantis"]);
    }

    #[test]
    fn each_built_in_outline_is_of_another_district_of_punjab_and_all_but_malerkotla_have_one() {
        let codes = Codes::builtin().unwrap();
        let outlines = DistrictOutlines::parse(FILE, BUILTIN, &codes).unwrap();
        let punjab = codes.get_system("lgd-district").unwrap().children("3").map(|district| district.code());
        let missing: Vec<_> = punjab.filter(|code| !outlines.codes().any(|own| own == *code)).collect();
        assert_eq!((outlines.codes().count(), missing), (22, vec!["737"]));
        assert_eq!(outlines.unlisted().count(), 0);
    }

    #[test]
    fn a_point_of_sangrur_may_be_in_malerkotla_since() {
        let codes = Codes::builtin().unwrap();
        let malerkotla = codes.find_district_at(30.525, 75.88).unwrap().unwrap();
        assert_eq!((malerkotla.code, malerkotla.or_since), ("43", &["737".to_owned()][..]));
        let ludhiana = codes.find_district_at(30.90, 75.85).unwrap().unwrap();
        assert_eq!((ludhiana.code, ludhiana.or_since.len()), ("36", 0));
        assert_eq!(codes.find_district_at(28.61, 77.21).unwrap(), None);
    }
}

//! District outlines for the map: read from embedded TopoJSON once, projected, written as SVG paths.

use std::fmt::Write as _;
use std::sync::OnceLock;

use kanak_codes::Codes;
use serde::Deserialize;

/// The outline of one district.
#[derive(Debug, Clone)]
pub struct Outline {
    /// Its LGD code.
    pub code: String,
    /// Its name as the map spells it.
    pub name: String,
    /// The SVG path.
    pub path: String,
    /// Where a label stands.
    pub label: (i32, i32),
}

/// The width of the drawing's box; its height follows from the state's shape.
pub(crate) const WIDTH: f64 = 900.0;

/// A drawing of the state.
#[derive(Debug)]
pub(crate) struct Drawing {
    pub(crate) height: i32,
    pub(crate) outlines: Vec<Outline>,
}

#[derive(Deserialize)]
struct Topology {
    arcs: Vec<Vec<[f64; 2]>>,
    transform: Transform,
    objects: Objects,
}

#[derive(Deserialize)]
struct Transform {
    scale: [f64; 2],
    translate: [f64; 2],
}

#[derive(Deserialize)]
struct Objects {
    districts: Collection,
}

#[derive(Deserialize)]
struct Collection {
    geometries: Vec<Geometry>,
}

#[derive(Deserialize)]
#[serde(tag = "type")]
enum Geometry {
    Polygon { arcs: Vec<Vec<i64>>, properties: Properties },
    MultiPolygon { arcs: Vec<Vec<Vec<i64>>>, properties: Properties },
}

#[derive(Deserialize)]
struct Properties {
    district: String,
}

type Point = (f64, f64);

/// The outlines, in the order of the file.
pub fn outlines(codes: &Codes) -> &'static [Outline] {
    &drawing(codes).outlines
}

pub(crate) fn drawing(codes: &Codes) -> &'static Drawing {
    static DRAWING: OnceLock<Drawing> = OnceLock::new();
    DRAWING.get_or_init(|| {
        let text = include_str!("../../assets/map/unlicensed/punjab_districts.topo.json");
        draw(serde_json::from_str(text).expect("a test draws the embedded outlines"), codes)
    })
}

fn draw(topology: Topology, codes: &Codes) -> Drawing {
    let arcs = unpack(&topology);
    let shapes: Vec<(String, Vec<Vec<Point>>)> = topology
        .objects
        .districts
        .geometries
        .into_iter()
        .map(|geometry| match geometry {
            Geometry::Polygon { arcs: rings, properties } => (properties.district, stitch(&rings, &arcs)),
            Geometry::MultiPolygon { arcs: polygons, properties } => {
                (properties.district, polygons.iter().flat_map(|rings| stitch(rings, &arcs)).collect())
            }
        })
        .collect();
    let (low, high) = bounds(shapes.iter().flat_map(|(_, rings)| rings.iter().flatten()));
    let squeeze = f64::midpoint(low.1, high.1).to_radians().cos();
    let scale = WIDTH / ((high.0 - low.0) * squeeze);
    let project = |point: &Point| ((point.0 - low.0) * squeeze * scale, (high.1 - point.1) * scale);
    let outlines = shapes.into_iter().map(|(name, rings)| {
        let rings: Vec<Vec<Point>> = rings.iter().map(|ring| ring.iter().map(project).collect()).collect();
        Outline {
            code: codes.find_district(&name).unwrap_or_default().to_owned(),
            label: label_place(&rings),
            path: write_path(&rings),
            name,
        }
    });
    Drawing { height: ((high.1 - low.1) * scale).ceil() as i32, outlines: outlines.collect() }
}

/// Arcs hold steps from point to point, in units of the transform.
fn unpack(topology: &Topology) -> Vec<Vec<Point>> {
    let Transform { scale, translate } = &topology.transform;
    let unpack_one = |arc: &Vec<[f64; 2]>| {
        let steps = arc.iter().scan((0.0, 0.0), |at, step| {
            *at = (at.0 + step[0], at.1 + step[1]);
            Some((at.0 * scale[0] + translate[0], at.1 * scale[1] + translate[1]))
        });
        steps.collect()
    };
    topology.arcs.iter().map(unpack_one).collect()
}

/// Rings from arcs: a negative number is an arc read backwards (`!n`); neighbours share their end.
fn stitch(rings: &[Vec<i64>], arcs: &[Vec<Point>]) -> Vec<Vec<Point>> {
    let stitch_one = |ring: &Vec<i64>| {
        let mut points: Vec<Point> = Vec::new();
        for &number in ring {
            let forwards = usize::try_from(number).ok();
            let arc = forwards.or_else(|| usize::try_from(!number).ok()).and_then(|at| arcs.get(at));
            let arc = arc.map(Vec::as_slice).unwrap_or_default();
            points.pop();
            if forwards.is_some() {
                points.extend(arc);
            } else {
                points.extend(arc.iter().rev());
            }
        }
        points
    };
    rings.iter().map(stitch_one).collect()
}

fn bounds<'a>(points: impl Iterator<Item = &'a Point>) -> (Point, Point) {
    let nowhere = ((f64::INFINITY, f64::INFINITY), (f64::NEG_INFINITY, f64::NEG_INFINITY));
    points.fold(nowhere, |(low, high), point| {
        ((low.0.min(point.0), low.1.min(point.1)), (high.0.max(point.0), high.1.max(point.1)))
    })
}

fn write_path(rings: &[Vec<Point>]) -> String {
    let mut path = String::new();
    for ring in rings {
        let mut last = (0, 0);
        for (at, point) in ring.iter().enumerate() {
            let here = (point.0.round() as i32, point.1.round() as i32);
            if at == 0 {
                let _ = write!(path, "M{} {}l", here.0, here.1);
            } else if here != last {
                let _ = write!(path, "{} {} ", here.0 - last.0, here.1 - last.1);
            }
            last = here;
        }
        path.push('z');
    }
    path
}

/// The centroid of the largest ring.
fn label_place(rings: &[Vec<Point>]) -> (i32, i32) {
    let weigh = |ring: &Vec<Point>| {
        let pairs = ring.iter().zip(ring.iter().cycle().skip(1));
        pairs.fold((0.0, 0.0, 0.0), |(area, x, y), (a, b)| {
            let cross = a.0 * b.1 - b.0 * a.1;
            (area + cross, x + (a.0 + b.0) * cross, y + (a.1 + b.1) * cross)
        })
    };
    let largest = rings.iter().map(weigh).max_by(|a, b| a.0.abs().total_cmp(&b.0.abs()));
    largest.map_or((0, 0), |(area, x, y)| ((x / (3.0 * area)).round() as i32, (y / (3.0 * area)).round() as i32))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn twenty_two_districts_are_drawn_each_under_its_own_code() {
        let codes = Codes::builtin().unwrap();
        let drawn = outlines(&codes);
        let found: BTreeSet<&str> = drawn.iter().map(|outline| outline.code.as_str()).collect();
        assert_eq!((drawn.len(), found.len()), (22, 22));
        let districts = codes.get_system("lgd-district").unwrap();
        for outline in drawn {
            let concept = districts.lookup(&outline.code).unwrap_or_else(|| panic!("no code for {}", outline.name));
            assert_eq!(concept.parent(), Some("3"), "{} is in Punjab", outline.name);
            assert!(outline.path.starts_with('M') && outline.path.ends_with('z'), "{}", outline.name);
            assert!(outline.label.0 > 0 && f64::from(outline.label.0) < WIDTH, "{}", outline.name);
        }
    }

    #[test]
    fn arcs_read_backwards_close_a_ring() {
        let arcs = vec![vec![(0.0, 0.0), (1.0, 0.0), (1.0, 1.0)], vec![(0.0, 0.0), (0.0, 1.0), (1.0, 1.0)]];
        let rings = stitch(&[vec![0, -2]], &arcs);
        assert_eq!(rings[0].first(), rings[0].last());
        assert_eq!(rings[0].len(), 5);
        assert_eq!(label_place(&[vec![(0.0, 0.0), (30.0, 0.0), (30.0, 30.0), (0.0, 30.0)]]), (15, 15));
    }
}

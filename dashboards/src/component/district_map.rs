//! The state's districts coloured by a figure: SVG whose shapes are links, with its table beside it.

use askama::Template;
use kanak_codes::Codes;

use super::outline::{self, WIDTH};

/// A map of the districts.
#[derive(Debug, Clone, Template)]
#[template(path = "components/district_map.html")]
pub struct DistrictMap {
    /// What the colours show: read out for the picture.
    pub title: String,
    /// The width of the drawing.
    pub width: i32,
    /// The height of the drawing.
    pub height: i32,
    /// The districts.
    pub shapes: Vec<DistrictShape>,
    /// What the colours mean, from low to high.
    pub bands: Vec<Band>,
}

/// A district's figure, to be drawn.
#[derive(Debug, Clone)]
pub struct DistrictValue {
    /// LGD code.
    pub code: String,
    /// The figure, where there is one.
    pub value: Option<f64>,
    /// The figure in words.
    pub text: String,
    /// Where the district's shape leads.
    pub href: String,
}

/// A district as it is drawn.
#[derive(Debug, Clone)]
pub struct DistrictShape {
    /// Its name.
    pub name: String,
    /// Its SVG path.
    pub path: String,
    /// Where its label stands.
    pub label: (i32, i32),
    /// Its figure in words.
    pub text: String,
    /// Where it leads.
    pub href: String,
    /// Its colour: 0 for no figure, then 1 (lowest) to 5.
    pub band: usize,
}

/// A colour and the figures that it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Band {
    /// 0 to 5.
    pub number: usize,
    /// From and to, in words.
    pub text: String,
}

const BANDS: usize = 5;

impl DistrictMap {
    /// Draws `values`. Districts are parted into five bands of about equal number, so that an outlier does not hide
    /// the others; a district without a figure has a colour of its own.
    pub fn draw(title: impl Into<String>, codes: &Codes, values: &[DistrictValue]) -> Self {
        let drawing = outline::drawing(codes);
        let mut sorted: Vec<&DistrictValue> = values.iter().filter(|one| one.value.is_some()).collect();
        sorted.sort_by(|a, b| a.value.unwrap_or_default().total_cmp(&b.value.unwrap_or_default()));
        let band_of = |one: &DistrictValue| {
            let value = one.value?;
            let below = sorted.partition_point(|other| other.value.is_some_and(|other| other < value));
            Some(below * BANDS / sorted.len() + 1)
        };
        let shapes = drawing.outlines.iter().map(|outline| {
            let found = values.iter().find(|one| one.code == outline.code);
            DistrictShape {
                name: outline.name.clone(),
                path: outline.path.clone(),
                label: outline.label,
                text: found.map_or_else(|| "no figure".to_owned(), |one| one.text.clone()),
                href: found.map_or_else(|| format!("/offices?district={}", outline.code), |one| one.href.clone()),
                band: found.and_then(band_of).unwrap_or(0),
            }
        });
        let bands = (1..=BANDS).filter_map(|number| {
            let mut members = sorted.iter().filter(|one| band_of(one) == Some(number));
            let first = members.next()?;
            let last = members.next_back().unwrap_or(first);
            let text =
                if first.text == last.text { first.text.clone() } else { format!("{} to {}", first.text, last.text) };
            Some(Band { number, text })
        });
        Self {
            title: title.into(),
            width: WIDTH as i32,
            height: drawing.height,
            shapes: shapes.collect(),
            bands: bands.collect(),
        }
    }
}

impl DistrictShape {
    /// A name short enough for its district.
    pub fn short_name(&self) -> &str {
        match self.name.as_str() {
            "Shahid Bhagat Singh Nagar" => "SBS Nagar",
            "S.A.S. Nagar" => "SAS Nagar",
            "Fatehgarh Sahib" => "Fatehgarh",
            "Sri Muktsar Sahib" => "Muktsar",
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(code: &str, value: Option<f64>) -> DistrictValue {
        DistrictValue { code: code.to_owned(), value, text: format!("{value:?}"), href: "/".to_owned() }
    }

    #[test]
    fn higher_figures_never_have_a_lower_band_and_missing_ones_have_their_own() {
        let codes = Codes::builtin().unwrap();
        let drawn = outline::outlines(&codes);
        let values: Vec<_> =
            drawn.iter().enumerate().map(|(at, one)| value(&one.code, (at > 0).then_some((at * at) as f64))).collect();
        let map = DistrictMap::draw("x", &codes, &values);
        assert_eq!(map.shapes[0].band, 0);
        let bands: Vec<usize> = map.shapes[1..].iter().map(|shape| shape.band).collect();
        assert!(bands.is_sorted() && bands.first() == Some(&1) && bands.last() == Some(&5), "{bands:?}");
        assert_eq!(map.bands.len(), 5);
    }

    #[test]
    fn no_figures_and_equal_figures_are_drawn_too() {
        let codes = Codes::builtin().unwrap();
        assert!(DistrictMap::draw("x", &codes, &[]).bands.is_empty());
        let equal: Vec<_> = outline::outlines(&codes).iter().map(|one| value(&one.code, Some(1.0))).collect();
        assert_eq!(DistrictMap::draw("x", &codes, &equal).bands.len(), 1);
    }
}

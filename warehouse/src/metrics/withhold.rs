//! Small cells: no figure that goes to a caller for statistics alone tells a number of things between none and the minimum.
//!
//! A figure is small when its numerator, its denominator or its cell is a number of things below the minimum and not none.
//! It is withheld, and so are others of its line along each dimension until those withheld there are at least two and
//! together reach the minimum: else the line's total, which another question tells, would give it away. What a filter
//! leaves out is looked at as well, so that a member that a cut withholds is not had by asking for it alone. What several
//! cuts tell when they are laid on each other is not looked at.

use std::collections::HashMap;

/// The minimum, unless a deployment sets another.
pub(crate) const SMALLEST_CELL: u32 = 10;

/// One figure of a measure.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Cell {
    /// What tells it apart, by dimension.
    pub(crate) keys: Vec<Option<String>>,
    /// The smallest number of things that it would tell; 0 for none, null where it counts no things.
    pub(crate) smallest: Option<f64>,
}

/// Whether a number of things is small.
pub(crate) fn is_small(smallest: Option<f64>, minimum: u32) -> bool {
    smallest.is_some_and(|smallest| smallest > 0.0 && smallest < f64::from(minimum))
}

/// Which of the cells of one measure are withheld. Cells have the same number of keys.
pub(crate) fn withheld(cells: &[Cell], minimum: u32) -> Vec<bool> {
    let mut withheld: Vec<bool> = cells.iter().map(|cell| is_small(cell.smallest, minimum)).collect();
    let lines = lines(cells);
    loop {
        let mut changed = false;
        for line in &lines {
            changed |= complete(line, cells, minimum, &mut withheld);
        }
        if !changed {
            return withheld;
        }
    }
}

/// The lines of a cut: along each dimension, the cells that differ in it alone, in their order.
fn lines(cells: &[Cell]) -> Vec<Vec<usize>> {
    let dimensions = cells.first().map_or(0, |cell| cell.keys.len());
    let mut lines = Vec::new();
    for dimension in 0..dimensions {
        let mut along: HashMap<Vec<Option<&str>>, Vec<usize>> = HashMap::new();
        for (number, cell) in cells.iter().enumerate() {
            let others = cell.keys.iter().enumerate().filter(|(at, _)| *at != dimension);
            along.entry(others.map(|(_, key)| key.as_deref()).collect()).or_default().push(number);
        }
        let mut along: Vec<Vec<usize>> = along.into_values().collect();
        along.sort();
        lines.extend(along);
    }
    lines
}

/// Withholds further cells of a line until those withheld do not give each other away; says whether it did.
fn complete(line: &[usize], cells: &[Cell], minimum: u32, withheld: &mut [bool]) -> bool {
    let told = |number: usize| cells[number].smallest.unwrap_or_default();
    let (mut count, mut together) = (0, 0.0);
    for number in line.iter().filter(|number| withheld[**number]) {
        count += 1;
        together += told(*number);
    }
    let mut changed = false;
    while count > 0 && (count < 2 || together < f64::from(minimum)) {
        let shown = line.iter().copied().filter(|number| !withheld[*number] && told(*number) > 0.0);
        let Some(next) = shown.min_by(|one, other| told(*one).total_cmp(&told(*other))) else { break };
        withheld[next] = true;
        changed = true;
        count += 1;
        together += told(next);
    }
    changed
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cells<const N: usize>(of: [(&[&str], f64); N]) -> Vec<Cell> {
        let cell = |(keys, smallest): (&[&str], f64)| Cell {
            keys: keys.iter().map(|key| Some((*key).to_owned())).collect(),
            smallest: Some(smallest),
        };
        of.into_iter().map(cell).collect()
    }

    #[test]
    fn a_small_cell_is_withheld_with_the_smallest_other_and_none_is_told() {
        let cut = cells([(&["a"], 9.0), (&["b"], 40.0), (&["c"], 30.0), (&["d"], 0.0), (&["e"], 10.0)]);
        assert_eq!(withheld(&cut, 10), [true, false, false, false, true]);
    }

    #[test]
    fn cells_that_together_stay_small_take_another_with_them() {
        let cut = cells([(&["a"], 3.0), (&["b"], 4.0), (&["c"], 50.0)]);
        assert_eq!(withheld(&cut, 10), [true, true, true]);
        let enough = cells([(&["a"], 5.0), (&["b"], 5.0), (&["c"], 50.0)]);
        assert_eq!(withheld(&enough, 10), [true, true, false]);
    }

    #[test]
    fn a_figure_of_no_dimension_is_withheld_when_it_is_small_by_itself() {
        assert_eq!(withheld(&cells([(&[], 9.0)]), 10), [true]);
        assert_eq!(withheld(&cells([(&[], 10.0)]), 10), [false]);
        assert_eq!(withheld(&[Cell { keys: Vec::new(), smallest: None }], 10), [false]);
    }

    #[test]
    fn withholding_goes_on_along_every_dimension() {
        let cut = cells([(&["a", "x"], 2.0), (&["a", "y"], 20.0), (&["b", "x"], 30.0), (&["b", "y"], 40.0)]);
        assert_eq!(withheld(&cut, 10), [true; 4]);
    }

    proptest! {
        #[test]
        fn no_line_gives_a_withheld_cell_away(counts in proptest::collection::vec(0_u32..40, 1..30)) {
            let keys = |at: usize| vec![Some((at / 5).to_string()), Some((at % 5).to_string())];
            let cut: Vec<Cell> = counts.iter().enumerate()
                .map(|(at, count)| Cell { keys: keys(at), smallest: Some(f64::from(*count)) }).collect();
            let kept_back = withheld(&cut, 10);
            for (cell, kept_back) in cut.iter().zip(&kept_back) {
                prop_assert!(*kept_back || !is_small(cell.smallest, 10));
            }
            for line in lines(&cut) {
                let (inside, others): (Vec<usize>, Vec<usize>) = line.iter().copied().partition(|at| kept_back[*at]);
                let inside: Vec<u32> = inside.into_iter().map(|at| counts[at]).collect();
                let others: u32 = others.into_iter().map(|at| counts[at]).sum();
                let safe = inside.len() >= 2 && inside.iter().sum::<u32>() >= 10;
                prop_assert!(inside.is_empty() || safe || others == 0, "{inside:?} beside {others}");
            }
        }
    }
}

//! Which concept contains which.

use crate::{
    concept::Concept,
    system::Subsumption,
    table::{Column, Row, Table},
};

/// The rows that have a parent, sorted by parent code and then by row.
#[derive(Debug)]
pub(crate) struct Children(Vec<Row>);

impl Children {
    /// Sorts the rows of a table by their parent.
    pub(crate) fn index(table: &Table) -> Self {
        let mut rows: Vec<Row> = (0..table.len() as Row).filter(|&row| !table.parents.get(row).is_empty()).collect();
        rows.sort_by_key(|&row| table.parents.get(row));
        Self(rows)
    }

    /// The rows whose parent is exactly `code`.
    pub(crate) fn of(&self, table: &Table, code: &str) -> &[Row] {
        let from = self.0.partition_point(|&row| table.parents.get(row) < code);
        let count = self.0[from..].partition_point(|&row| table.parents.get(row) == code);
        &self.0[from..from + count]
    }
}

/// The trees that the parents of one column make. All rows below one stand in a row, so that "contains" is two comparisons.
#[derive(Debug)]
pub(crate) struct Forest {
    /// Of each row, its place in `order` and the place after the last row below it.
    spans: Vec<Span>,
    /// Rows in the order in which a walk down the trees meets them.
    order: Vec<Row>,
    parents: Vec<Row>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Span {
    enter: u32,
    leave: u32,
}

/// How many codes of a cycle an error names.
const CYCLE_SHOWN: usize = 8;

/// The parent of a row that has none.
const NONE: Row = Row::MAX;

impl Forest {
    /// Grows the trees of a column of parents; a parent that the table does not have counts as none.
    ///
    /// # Errors
    /// The codes of a cycle of parents, a few at most, the first one again at the end.
    pub(crate) fn grow(table: &Table, parents: &Column) -> Result<Self, Vec<String>> {
        let rows = table.len();
        let parents: Vec<Row> = (0..rows as Row)
            .map(|row| match parents.get(row) {
                "" => NONE,
                code => table.find(code).unwrap_or(NONE),
            })
            .collect();
        // Children by parent, each in the order of the table; roots are the children of a row that is not there.
        let slot = |parent: Row| if parent == NONE { rows } else { parent as usize };
        let mut starts = vec![0u32; rows + 2];
        for &parent in &parents {
            starts[slot(parent) + 1] += 1;
        }
        (1..starts.len()).for_each(|at| starts[at] += starts[at - 1]);
        let mut children = vec![0; rows];
        let mut next = starts.clone();
        for (row, &parent) in parents.iter().enumerate() {
            children[next[slot(parent)] as usize] = row as Row;
            next[slot(parent)] += 1;
        }
        let children_of = |at: usize| &children[starts[at] as usize..starts[at + 1] as usize];

        let mut forest = Self { spans: vec![Span::default(); rows], order: Vec::with_capacity(rows), parents };
        let mut open: Vec<(Row, usize)> = Vec::new();
        for &root in children_of(rows) {
            forest.enter(root);
            open.push((root, 0));
            while let Some((row, done)) = open.last_mut() {
                if let Some(&child) = children_of(*row as usize).get(*done) {
                    *done += 1;
                    forest.enter(child);
                    open.push((child, 0));
                } else {
                    forest.spans[*row as usize].leave = forest.order.len() as u32;
                    open.pop();
                }
            }
        }
        if forest.order.len() == rows { Ok(forest) } else { Err(forest.cycle(table)) }
    }

    fn enter(&mut self, row: Row) {
        self.spans[row as usize].enter = self.order.len() as u32;
        self.order.push(row);
    }

    /// The codes of a cycle, of which there is one because a walk from the roots met fewer rows than there are.
    fn cycle(&self, table: &Table) -> Vec<String> {
        let mut is_met = vec![false; self.parents.len()];
        self.order.iter().for_each(|&row| is_met[row as usize] = true);
        let lost = is_met.iter().position(|met| !met).expect("a row was not met") as Row;
        // Up from a row that was not met there is no root, so that some row comes again.
        let mut path = Vec::new();
        let mut row = lost;
        while !is_met[row as usize] {
            is_met[row as usize] = true;
            path.push(row);
            row = self.parents[row as usize];
        }
        let start = path.iter().position(|&met| met == row).unwrap_or(0);
        let name = |row: &Row| table.codes.get(*row).to_owned();
        let mut codes: Vec<String> = path[start..].iter().take(CYCLE_SHOWN).map(name).collect();
        if path.len() - start > CYCLE_SHOWN {
            codes.push("...".to_owned());
        }
        codes.push(name(&row));
        codes
    }

    pub(crate) fn contains(&self, above: Row, below: Row) -> bool {
        let (above, below) = (self.spans[above as usize], self.spans[below as usize]);
        above.enter <= below.enter && below.enter < above.leave
    }

    /// A row and all rows below it.
    pub(crate) fn with_descendants(&self, row: Row) -> &[Row] {
        let Span { enter, leave } = self.spans[row as usize];
        &self.order[enter as usize..leave as usize]
    }

    fn parent(&self, row: Row) -> Option<Row> {
        Some(self.parents[row as usize]).filter(|&parent| parent != NONE)
    }
}

/// A hierarchy of a code system, resolved once. Questions about concepts of another table are answered with no.
///
/// ```
/// # use kanak_codes::{Codes, Subsumption};
/// let codes = Codes::builtin()?;
/// let nic = codes.get_system("nic")?;
/// let tree = nic.hierarchy().expect("industries contain each other");
/// let (crops, wheat) = (nic.lookup("01").expect("a division"), nic.lookup("01111").expect("a sub-class"));
/// assert_eq!(tree.subsumes(crops, wheat), Subsumption::Subsumes);
/// # Ok::<_, kanak_codes::CodesError>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Hierarchy<'a> {
    pub(crate) table: &'a Table,
    pub(crate) forest: &'a Forest,
}

impl<'a> Hierarchy<'a> {
    /// How two concepts stand to each other.
    pub fn subsumes(&self, a: Concept<'_>, b: Concept<'_>) -> Subsumption {
        if a == b {
            Subsumption::Equivalent
        } else if self.contains(a, b) {
            Subsumption::Subsumes
        } else if self.contains(b, a) {
            Subsumption::SubsumedBy
        } else {
            Subsumption::NotSubsumed
        }
    }

    /// Whether `below` is `above` or below it: `is-a`.
    pub fn contains(&self, above: Concept<'_>, below: Concept<'_>) -> bool {
        self.has(above) && self.has(below) && self.forest.contains(above.row, below.row)
    }

    /// The concept one level up.
    pub fn parent(&self, concept: Concept<'_>) -> Option<Concept<'a>> {
        self.has(concept).then(|| self.forest.parent(concept.row))?.map(|row| self.concept(row))
    }

    /// The concepts above one, nearest first.
    pub fn ancestors(&self, concept: Concept<'_>) -> impl Iterator<Item = Concept<'a>> + use<'a> {
        let hierarchy = *self;
        std::iter::successors(self.parent(concept), move |concept| hierarchy.parent(*concept))
    }

    /// The concepts one level down, in the order of the table.
    pub fn children(&self, concept: Concept<'_>) -> impl Iterator<Item = Concept<'a>> + use<'a> {
        let hierarchy = *self;
        let below = if self.has(concept) { &self.forest.with_descendants(concept.row)[1..] } else { &[] };
        let mut at = 0;
        std::iter::from_fn(move || {
            let row = *below.get(at)?;
            at += hierarchy.forest.with_descendants(row).len();
            Some(hierarchy.concept(row))
        })
    }

    /// All concepts below one, each after its parent.
    pub fn descendants(&self, concept: Concept<'_>) -> impl ExactSizeIterator<Item = Concept<'a>> + use<'a> {
        let hierarchy = *self;
        let below = if self.has(concept) { &self.forest.with_descendants(concept.row)[1..] } else { &[] };
        below.iter().map(move |&row| hierarchy.concept(row))
    }

    /// The concepts without a parent in the system, in the order of the table.
    pub fn roots(&self) -> impl Iterator<Item = Concept<'a>> + use<'a> {
        let hierarchy = *self;
        let mut at = 0;
        std::iter::from_fn(move || {
            let row = *hierarchy.forest.order.get(at)?;
            at += hierarchy.forest.with_descendants(row).len();
            Some(hierarchy.concept(row))
        })
    }

    fn has(&self, concept: Concept<'_>) -> bool {
        std::ptr::eq(self.table, concept.table)
    }

    fn concept(&self, row: Row) -> Concept<'a> {
        Concept { table: self.table, row }
    }
}

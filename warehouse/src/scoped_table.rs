//! A table of which a caller sees some rows.
//!
//! The policy is a filter directly above the scan. A caller's own predicates run above the policy and never below it,
//! so that no error, count or statistic of theirs can depend on a row that they may not see.
//!
//! Of a table that holds the past of golden records, only the past of those is seen that pass the policy as they are now: who has moved
//! away from a district took the past along, here as in the hub.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use arrow::array::{AsArray as _, BooleanArray};
use arrow::datatypes::{DataType, Int64Type, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{Column, DFSchema, ScalarValue};
use datafusion::datasource::TableType;
use datafusion::error::Result;
use datafusion::functions::string::expr_fn::contains;
use datafusion::logical_expr::{ColumnarValue, Expr, Volatility, col, create_udf, lit, when};
use datafusion::physical_plan::filter::FilterExecBuilder;
use datafusion::physical_plan::projection::{ProjectionExec, ProjectionExpr};
use datafusion::physical_plan::{ExecutionPlan, collect};
use kanak_model::access::Filter;
use kanak_model::sharing::{Receipts, Registers};
use kanak_model::{Access, Class, GoldenId};
use tokio::sync::OnceCell;

use crate::dimension::{OWN_COLUMNS, STATED_BY, stated_mark};
use crate::policy_exec::PolicyExec;

/// What a filter means for a table.
pub(crate) enum Scope {
    /// All rows.
    All,
    /// The rows for which this holds.
    Where(Expr),
    /// The filter speaks of a column that the table lacks.
    Unknown,
}

/// Compiles a filter for a table of this schema.
pub(crate) fn scope(filter: &Filter, schema: &SchemaRef) -> Scope {
    match filter {
        Filter::Everything => Scope::All,
        Filter::Nothing => Scope::Where(lit(false)),
        Filter::AttributeIn { attribute, values } => match schema.column_with_name(attribute) {
            None => Scope::Unknown,
            Some(_) => Scope::Where(is_in(attribute, values)),
        },
        Filter::GoldenIn(golden) => match schema.column_with_name("golden_id") {
            None => Scope::Unknown,
            Some(_) => Scope::Where(is_golden(golden.iter().copied())),
        },
        Filter::All(filters) => filters.iter().fold(Scope::All, |whole, part| match (whole, scope(part, schema)) {
            (Scope::Unknown, _) | (_, Scope::Unknown) => Scope::Unknown,
            (Scope::All, other) | (other, Scope::All) => other,
            (Scope::Where(left), Scope::Where(right)) => Scope::Where(left.and(right)),
        }),
    }
}

fn is_in(attribute: &str, values: &BTreeSet<String>) -> Expr {
    column(attribute).in_list(values.iter().map(|value| lit(value.as_str())).collect(), false)
}

fn is_golden(golden: impl Iterator<Item = GoldenId>) -> Expr {
    let ids: Vec<Expr> = golden.map(|id| lit(id.0)).collect();
    if ids.is_empty() { lit(false) } else { column("golden_id").in_list(ids, false) }
}

fn column(name: &str) -> Expr {
    col(Column::from_name(name))
}

/// What withholding means for a table.
pub(crate) enum Masks {
    /// Nothing is withheld.
    None,
    /// By column, when its value is shown; a column that is not there is shown whenever its row is.
    Columns(BTreeMap<String, Expr>),
    /// The table does not tell whose its values are.
    Unknown,
}

const CLASSES: [Class; 4] = [Class::Public, Class::Internal, Class::Personal, Class::Sensitive];

/// Compiles what an access withholds for a table of this schema.
pub(crate) fn masks(access: &Access, schema: &Schema) -> Masks {
    if !access.may_withhold() {
        return Masks::None;
    }
    if schema.column_with_name(STATED_BY).is_none() || schema.column_with_name("golden_id").is_none() {
        return Masks::Unknown;
    }
    let of_attribute = |name: &&str| !OWN_COLUMNS.contains(name);
    let names = schema.fields().iter().map(|field| field.name().as_str()).filter(of_attribute);
    let mask = |name: &str| match name {
        // It tells which registers know somebody.
        STATED_BY => lit(false),
        _ => attributes_of(name).map(|attribute| is_shown(access, attribute)).reduce(Expr::or).unwrap_or(lit(false)),
    };
    Masks::Columns(names.map(|name| (name.to_owned(), mask(name))).collect())
}

/// The attributes of which a column can be: money is two columns of an attribute.
fn attributes_of(column: &str) -> impl Iterator<Item = &str> {
    let money = ["_paise", "_rupees"].into_iter().filter_map(move |unit| column.strip_suffix(unit));
    std::iter::once(column).chain(money)
}

/// When an attribute's value is shown, by what [`Access::withholds`] says.
fn is_shown(access: &Access, attribute: &str) -> Expr {
    let by_class = |class: &Class| {
        let stated = is_stated(access.registers(), attribute, *class)?;
        match access.receipts() {
            None => Some(stated),
            Some(receipts) => Some(stated.and(is_covered(receipts, attribute, *class)?)),
        }
    };
    CLASSES.iter().filter_map(by_class).reduce(Expr::or).unwrap_or(lit(false))
}

/// When a value of a class is stated by a register that is read; `None` for never.
fn is_stated(registers: &Registers, attribute: &str, class: Class) -> Option<Expr> {
    let marked = |register| contains(column(STATED_BY), lit(stated_mark(attribute, class, register)));
    match registers {
        Registers::Any => Some(marked(None)),
        Registers::These(these) => {
            let read = these.iter().filter(|(_, covered)| covered.covers(attribute, class));
            read.map(|(register, _)| marked(Some(register.as_str()))).reduce(Expr::or)
        }
    }
}

/// When a receipt covers an attribute of a class; `None` for never.
fn is_covered(receipts: &Receipts, attribute: &str, class: Class) -> Option<Expr> {
    let mut golden = receipts.golden_covered(attribute, class).peekable();
    golden.peek()?;
    Some(is_golden(golden))
}

/// That a row is of one of these golden records.
fn is_present(present: Arc<HashSet<i64>>) -> Expr {
    let holds = move |arguments: &[ColumnarValue]| -> Result<ColumnarValue> {
        let arguments = ColumnarValue::values_to_arrays(arguments)?;
        let ids = arguments[0].as_primitive::<Int64Type>().iter();
        let held: BooleanArray = ids.map(|id| Some(id.is_some_and(|id| present.contains(&id)))).collect();
        Ok(ColumnarValue::Array(Arc::new(held)))
    };
    let holds = Arc::new(holds);
    create_udf("is_present", vec![DataType::Int64], DataType::Boolean, Volatility::Immutable, holds)
        .call(vec![column("golden_id")])
}

/// A table under a policy.
#[derive(Debug)]
pub(crate) struct ScopedTable {
    inner: Arc<dyn TableProvider>,
    policy: Expr,
    /// By column, when its value is shown.
    masks: BTreeMap<String, Expr>,
    /// Of a table that holds the past: the golden records that pass the policy as they are now. Read once: a release stays as it is.
    present: OnceCell<Arc<HashSet<i64>>>,
}

impl ScopedTable {
    /// The rows of `inner` for which `policy` is true, with the values that `masks` show.
    pub(crate) fn new(inner: Arc<dyn TableProvider>, policy: Expr, masks: BTreeMap<String, Expr>) -> Self {
        Self { inner, policy, masks, present: OnceCell::new() }
    }

    /// The policy, with what it says of the past.
    async fn whole_policy(&self, state: &dyn Session) -> Result<Expr> {
        let schema = self.schema();
        let holds_past = ["golden_id", "is_current"].iter().all(|name| schema.column_with_name(name).is_some());
        if !holds_past || self.policy == lit(true) {
            return Ok(self.policy.clone());
        }
        let present = self.present.get_or_try_init(|| self.read_present(state)).await?;
        Ok(self.policy.clone().and(is_present(Arc::clone(present))))
    }

    async fn read_present(&self, state: &dyn Session) -> Result<Arc<HashSet<i64>>> {
        let schema = self.schema();
        let policy = self.policy.clone().and(column("is_current"));
        let mut scanned = vec![schema.index_of("golden_id")?];
        add_columns(&mut scanned, &schema, [&policy])?;
        let input = self.inner.scan(state, Some(&scanned), &[], None).await?;
        let columns = DFSchema::try_from(input.schema())?;
        let policy = state.create_physical_expr(policy, &columns)?;
        let current = FilterExecBuilder::new(policy, input).apply_projection(Some(vec![0]))?.build()?;
        let mut present = HashSet::new();
        for batch in collect(Arc::new(current), state.task_ctx()).await? {
            present.extend(batch.column(0).as_primitive::<Int64Type>().iter().flatten());
        }
        Ok(Arc::new(present))
    }

    /// A column as it is shown.
    fn shown(&self, schema: &Schema, index: usize) -> Result<Expr> {
        let field = schema.field(index);
        match self.masks.get(field.name()) {
            None => Ok(column(field.name())),
            Some(is_shown) => {
                when(is_shown.clone(), column(field.name())).otherwise(lit(ScalarValue::try_from(field.data_type())?))
            }
        }
    }
}

/// Adds the columns that expressions read.
fn add_columns<'e>(
    scanned: &mut Vec<usize>,
    schema: &Schema,
    expressions: impl IntoIterator<Item = &'e Expr>,
) -> Result<()> {
    for column in expressions.into_iter().flat_map(Expr::column_refs) {
        let index = schema.index_of(column.name())?;
        if !scanned.contains(&index) {
            scanned.push(index);
        }
    }
    Ok(())
}

#[async_trait]
impl TableProvider for ScopedTable {
    fn schema(&self) -> SchemaRef {
        self.inner.schema()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        // Every column is scanned that the caller or the policy asks for, then the policy's own are dropped.
        let schema = self.schema();
        let wanted: Vec<usize> = projection.cloned().unwrap_or_else(|| (0..schema.fields().len()).collect());
        let shown: Vec<Expr> = wanted.iter().map(|index| self.shown(&schema, *index)).collect::<Result<_>>()?;
        let policy = self.whole_policy(state).await?;
        let mut scanned = wanted.clone();
        add_columns(&mut scanned, &schema, shown.iter().chain([&policy]))?;
        let input = self.inner.scan(state, Some(&scanned), &[], None).await?;
        let columns = DFSchema::try_from(input.schema())?;
        let policy = state.create_physical_expr(policy, &columns)?;
        if self.masks.is_empty() {
            let kept = (0..wanted.len()).collect();
            let filtered = FilterExecBuilder::new(policy, input).apply_projection(Some(kept))?.build()?;
            return Ok(Arc::new(PolicyExec::new(Arc::new(filtered))));
        }
        let filtered = Arc::new(FilterExecBuilder::new(policy, input).build()?);
        let show = |(index, expression): (&usize, Expr)| {
            let expr = state.create_physical_expr(expression, &columns)?;
            Ok(ProjectionExpr { expr, alias: schema.field(*index).name().clone() })
        };
        let shown = wanted.iter().zip(shown).map(show).collect::<Result<Vec<_>>>()?;
        Ok(Arc::new(PolicyExec::new(Arc::new(ProjectionExec::try_new(shown, filtered)?))))
    }
}

//! A table of which a caller sees some rows.
//!
//! The policy is a filter directly above the scan. A caller's own predicates run above the policy and never below it,
//! so that no error, count or statistic of theirs can depend on a row that they may not see.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::DFSchema;
use datafusion::datasource::TableType;
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, col, lit};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::filter::FilterExecBuilder;
use kanak_model::access::Filter;

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
        Filter::All(filters) => filters.iter().fold(Scope::All, |whole, part| match (whole, scope(part, schema)) {
            (Scope::Unknown, _) | (_, Scope::Unknown) => Scope::Unknown,
            (Scope::All, other) | (other, Scope::All) => other,
            (Scope::Where(left), Scope::Where(right)) => Scope::Where(left.and(right)),
        }),
    }
}

fn is_in(attribute: &str, values: &BTreeSet<String>) -> Expr {
    let column = col(datafusion::common::Column::from_name(attribute));
    column.in_list(values.iter().map(|value| lit(value.as_str())).collect(), false)
}

/// A table under a policy.
#[derive(Debug)]
pub(crate) struct ScopedTable {
    inner: Arc<dyn TableProvider>,
    policy: Expr,
}

impl ScopedTable {
    /// The rows of `inner` for which `policy` is true.
    pub(crate) fn new(inner: Arc<dyn TableProvider>, policy: Expr) -> Self {
        Self { inner, policy }
    }
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
        let mut scanned = wanted.clone();
        for column in self.policy.column_refs() {
            let index = schema.index_of(column.name())?;
            if !scanned.contains(&index) {
                scanned.push(index);
            }
        }
        let input = self.inner.scan(state, Some(&scanned), &[], None).await?;
        let policy = state.create_physical_expr(self.policy.clone(), &DFSchema::try_from(input.schema())?)?;
        let kept = (0..wanted.len()).collect();
        let filtered = FilterExecBuilder::new(policy, input).apply_projection(Some(kept))?.build()?;
        Ok(Arc::new(PolicyExec::new(Arc::new(filtered))))
    }
}

//! What callers' SQL may call: nothing whose result is of a size that the caller writes down as a number.
//!
//! Values of scalar functions are in no memory pool, so `repeat('a', 2000000000)` would take what the machine has. Such
//! functions are taken out of callers' sessions, and the few others that cost out of proportion or tell about files.
//! Joining texts stays; a statement that joins a joined text again and again is refused when its
//! plan is measured, by [`growth`].

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::error::Result;
use datafusion::execution::FunctionRegistry;
use datafusion::logical_expr::{Expr, LogicalPlan, Operator};
use datafusion::prelude::SessionContext;

/// Scalar functions that callers do not have: they make values as large as asked (`range` to `array_resize`), as large as
/// the product of two texts (`replace`, `regexp_replace`), take the product of two texts in time (`levenshtein`), or
/// name files of the lake.
const LEFT_OUT: [&str; 12] = [
    "range",
    "generate_series",
    "repeat",
    "lpad",
    "rpad",
    "array_repeat",
    "array_resize",
    "replace",
    "regexp_replace",
    "levenshtein",
    "input_file_name",
    "file_row_index",
];
/// Table functions that callers do not have.
const TABLES_LEFT_OUT: [&str; 2] = ["range", "generate_series"];
/// Functions whose result is as long as their arguments together.
const JOINING: [&str; 5] = ["concat", "concat_ws", "array_concat", "array_append", "array_prepend"];
/// By how much a statement may lengthen a text by joining it with itself, level upon level.
pub(crate) const GROWTH_MAX: usize = 4_096;

/// Takes out of a session what callers must not have.
pub(crate) fn confine(session: SessionContext) -> Result<SessionContext> {
    let state = session.state_ref();
    let mut state = state.write();
    for name in LEFT_OUT {
        state.deregister_udf(name)?;
    }
    for name in TABLES_LEFT_OUT {
        state.deregister_udtf(name)?;
    }
    // A query that calls itself can double a value at each turn.
    state.config_mut().options_mut().execution.enable_recursive_ctes = false;
    drop(state);
    Ok(session)
}

/// By how much a node of a plan can lengthen a text: the most columns that one of its expressions joins into one value.
pub(crate) fn growth(node: &LogicalPlan) -> usize {
    let mut most = 1;
    for expression in node.expressions() {
        let (mut joins, mut columns) = (false, 0);
        let walked = expression.apply(|part| {
            match part {
                Expr::BinaryExpr(binary) => joins |= binary.op == Operator::StringConcat,
                Expr::ScalarFunction(call) => joins |= JOINING.contains(&call.func.name()),
                // A subquery stands for its one value.
                Expr::Column(_) | Expr::ScalarSubquery(_) => columns += 1,
                _ => {}
            }
            Ok(TreeNodeRecursion::Continue)
        });
        if joins || walked.is_err() {
            most = most.max(columns);
        }
    }
    most
}

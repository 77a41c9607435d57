//! The filters of DIGIT's first version: as much of `JsonPath` as its clients write. Which rows are wanted stands in a condition;
//! what of each row is wanted, in steps behind it.

use serde_json::{Map, Value};

use super::expression::Expression;
use super::reader::Reader;

/// Longer filters are not read.
const BYTES_MAX: usize = 4096;

/// As many steps may follow the rows.
const STEPS_MAX: usize = 16;

/// Which rows are wanted and what of them: `[?(@.active==true && @.department=='DEPT_1')]`, `$.*.code`,
/// `[?(@.slaHours > 24)].['serviceCode','name']`.
#[derive(Debug, Clone)]
pub struct Filter {
    /// `None` wants every row.
    rows: Option<Expression>,
    steps: Vec<Step>,
}

/// What is taken of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    /// The member of a name.
    Member(String),
    /// An object of the members of these names.
    Members(Vec<String>),
    /// Each member or element.
    Every,
}

impl Filter {
    /// Reads a filter.
    ///
    /// # Errors
    /// What of it is not understood.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = |what: &str| {
            format!(
                "the filter {what}; what is understood are `[?(@.active==true)]`, `!=`, `<`, `<=`, `>`, `>=`, `in [..]`, `nin [..]`, \
                 `=~ /../i`, `@.name`, `!`, `&&`, `||` and parentheses, and `.code` or `['code','name']` behind it or behind `$.*`"
            )
        };
        if text.len() > BYTES_MAX {
            return Err(wrong("is longer than 4 KiB"));
        }
        read(&mut Reader::new(text)).map_err(|what| wrong(&what))
    }

    /// How many patterns it holds.
    pub fn patterns(&self) -> usize {
        self.rows.as_ref().map_or(0, Expression::patterns)
    }

    /// What is wanted of rows, in their order. A row without a wanted member adds nothing.
    pub fn of(&self, rows: Vec<Value>) -> Vec<Value> {
        let mut found = rows;
        if let Some(wanted) = &self.rows {
            found.retain(|row| wanted.holds(row));
        }
        for step in &self.steps {
            found = found.into_iter().flat_map(|value| step.of(value)).collect();
        }
        found
    }
}

impl Step {
    fn of(&self, value: Value) -> Vec<Value> {
        match (self, value) {
            (Self::Member(name), Value::Object(mut members)) => members.remove(name).into_iter().collect(),
            (Self::Members(names), Value::Object(mut members)) => {
                let kept: Map<String, Value> =
                    names.iter().filter_map(|name| Some((name.clone(), members.remove(name)?))).collect();
                vec![Value::Object(kept)]
            }
            (Self::Every, Value::Object(members)) => members.into_iter().map(|(_, value)| value).collect(),
            (Self::Every, Value::Array(elements)) => elements,
            _ => Vec::new(),
        }
    }
}

fn read(reader: &mut Reader<'_>) -> Result<Filter, String> {
    let is_root = reader.take("$");
    let is_dotted = is_root && reader.take(".");
    let mut filter = Filter { rows: None, steps: Vec::new() };
    if reader.take("[?(") {
        filter.rows = Some(Expression::read(reader)?);
        if !reader.take(")") || !reader.take("]") {
            return Err("has a condition that is not understood or a `)]` too few".to_owned());
        }
    } else if reader.take("[*]") || reader.take("*") {
        // Every row, which is what no condition wants.
    } else if !is_root || is_dotted {
        // `$.code` and `code`: of every row.
        filter.steps.push(step(reader)?);
    }
    while !reader.is_done() {
        let is_dotted = reader.take(".");
        if !is_dotted && !reader.starts("[") {
            return Err("goes on where it should end".to_owned());
        }
        filter.steps.push(step(reader)?);
        if filter.steps.len() > STEPS_MAX {
            return Err(format!("goes deeper than {STEPS_MAX} steps"));
        }
    }
    Ok(filter)
}

/// What stands behind a dot or in brackets.
fn step(reader: &mut Reader<'_>) -> Result<Step, String> {
    if reader.take("[*]") || reader.take("*") {
        return Ok(Step::Every);
    }
    if !reader.take("[") {
        let name = reader.take_name().ok_or("has a step that is not understood")?;
        return Ok(Step::Member(name.to_owned()));
    }
    let mut names = Vec::new();
    loop {
        names.push(reader.take_quoted().ok_or("has brackets with something else than names in quotes")?);
        if reader.take("]") {
            break;
        }
        if !reader.take(",") {
            return Err("has brackets that do not close".to_owned());
        }
    }
    match names.pop() {
        Some(only) if names.is_empty() => Ok(Step::Member(only)),
        last => Ok(Step::Members(names.into_iter().chain(last).collect())),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn row() -> Value {
        json!({ "active": true, "code": "a && b", "slaHours": 96, "keywords": null, "city": { "code": "7" }, "name": "Street Lights" })
    }

    #[track_caller]
    fn check(filter: &str, expected: bool) {
        let found = Filter::parse(filter).unwrap().of(vec![row()]);
        assert_eq!(found.len(), usize::from(expected), "{filter}");
    }

    #[track_caller]
    fn check_found(filter: &str, expected: Value) {
        let other = json!({ "active": false, "code": "c", "name": "Water" });
        let found = Filter::parse(filter).unwrap().of(vec![row(), other]);
        assert_eq!(Value::from(found), expected, "{filter}");
    }

    #[test]
    fn conditions_are_weighed_as_their_authors_mean_them() {
        check("[?(@.active==true)]", true);
        check("$[?(@.active == false)]", false);
        check("[?(@.code=='a && b' && @.slaHours==96)]", true);
        check("[?(@.active==false || @.city.code==\"7\")]", true);
        check("$.[?(@.code in ['x','a && b'])]", true);
        check("[?(@.code IN ['x'])]", false);
        check("[?(@.code nin ['x'])]", true);
        check("[?(@.code in [])]", false);
        check("[?(@.code != 'x')]", true);
        check("[?(@.none == null)]", true);
        check("$[?(@['city']['code'] == '7')]", true);
    }

    #[test]
    fn numbers_are_compared_as_numbers_and_texts_as_texts() {
        check("[?(@.slaHours > 24)]", true);
        check("[?(@.slaHours < 96)]", false);
        check("[?(@.slaHours >= 96 && @.slaHours <= 96.0)]", true);
        check("[?(@.slaHours == 96.0)]", true);
        check("[?(@.slaHours > 9.5e1)]", true);
        check("[?(@.code < 'b')]", true);
        check("[?(@.code > 1)]", false);
        check("[?(@.none < 1)]", false);
        check("[?(@.city.code == 7)]", true);
        check("[?(@.active == 'true')]", false);
        check("[?(@.city.code in [7])]", true);
        check("[?(@.slaHours != @.city.code)]", true);
    }

    #[test]
    fn and_binds_closer_than_or_and_parentheses_closer_than_both() {
        check("[?(@.active==true || @.code=='x' && @.code=='y')]", true);
        check("[?((@.active==true || @.code=='x') && @.code=='y')]", false);
        check("[?(@.code=='x' && @.code=='y' || @.active==true)]", true);
        check("[?((@.active==true) && (@.slaHours==96))]", true);
        check("[?(!(@.active==true) || !@.none)]", true);
        check("[?(!@.active)]", false);
        check("[?(@.active && @.city.code)]", true);
        check("[?(@.keywords)]", false);
    }

    #[test]
    fn patterns_cover_the_whole_text() {
        check("[?(@.name =~ /street.*/i)]", true);
        check("[?(@.name =~ /street.*/)]", false);
        check("[?(@.name =~ /Street/)]", false);
        check(r"[?(@.code =~ /a && [ab]|c\/d/ && @.active)]", true);
    }

    #[test]
    fn fields_are_taken_of_rows() {
        for filter in ["$.*.code", "$.code", "$[*].code", "[*].code", "code", "$.['code']", "$.*['code']"] {
            check_found(filter, json!(["a && b", "c"]));
        }
        check_found("[?(@.active == true)].code", json!(["a && b"]));
        check_found("$.[?(@.active==true)].['code','name']", json!([{ "code": "a && b", "name": "Street Lights" }]));
        check_found("[?(@.active==false)]['name', \"none\"]", json!([{ "name": "Water" }]));
        check_found("$.*.city.code", json!(["7"]));
        check_found("$.*.city.*", json!(["7"]));
        check_found("$.*.none", json!([]));
        assert_eq!(Filter::parse("$").unwrap().of(vec![row()]), [row()]);
        assert_eq!(Filter::parse("$.*").unwrap().of(vec![row()]), [row()]);
    }

    #[test]
    fn what_is_not_understood_is_refused_and_never_passed_over() {
        let long = format!("[?(@.code=='{}')]", "x".repeat(5_000));
        let deep = format!("[?({}@.a{})]", "(".repeat(500), ")".repeat(500));
        let not = format!("[?({}@.a)]", "!".repeat(2_000));
        let far = format!("${}", ".a".repeat(200));
        let many = format!("[?(@.a=~/x/{})]", " || @.a=~/x/".repeat(20));
        for filter in [
            "",
            "$.",
            "[0]",
            "$..code",
            "$.*.code extra",
            "[?(@.active==true)",
            "[?(@.active==true)]code",
            "[?((@.a==1)]",
            "[?(@.a==1))]",
            "[?(@.a==1 &&)]",
            "[?(@.a & @.b)]",
            "[?(@.a==x)]",
            "[?(@.a=='x)]",
            "[?(@..a==1)]",
            "[?(@.a in 'x')]",
            "[?(@.a in ['x',])]",
            "[?(@.a=~/(/)]",
            "[?(@.a=~/x/q)]",
            "[?(@.a=~/(x{1000}){1000}/)]",
            "[?(@.a==1e999)]",
            "[?(@)]",
            "[?()]",
            "['a'",
            "[a]",
            &long,
            &deep,
            &not,
            &far,
            &many,
        ] {
            assert!(Filter::parse(filter).is_err(), "{filter}");
        }
    }
}

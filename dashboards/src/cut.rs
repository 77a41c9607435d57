//! Which part of the figures a page shows: one district, one department, one financial year, as its address says.

use kanak_codes::Codes;
use serde::Deserialize;

use crate::component::FilterList;
use crate::reading::where_equal;
use crate::rows::Rows;
use crate::shell::Shell;
use crate::{format, names};

/// A cut through the marts. What is empty is not cut by.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Cut {
    /// LGD code of a district.
    #[serde(default)]
    pub(crate) district: String,
    /// Code of a department.
    #[serde(default)]
    pub(crate) department: String,
    /// The first calendar year of a financial year.
    #[serde(default)]
    pub(crate) financial_year: String,
}

/// A column of the marts that a page offers to cut by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    District,
    Department,
    Year,
}

impl Cut {
    /// The condition of this cut, by the columns that a mart has: ` WHERE ..`, or nothing.
    pub(crate) fn condition(&self, columns: &[By]) -> String {
        let conditions = columns.iter().map(|column| match column {
            By::District => ("district", self.district.as_str()),
            By::Department => ("department", self.department.as_str()),
            By::Year => ("CAST(financial_year AS VARCHAR)", self.financial_year.as_str()),
        });
        where_equal(&conditions.collect::<Vec<_>>())
    }

    /// A list of the state's districts.
    pub(crate) fn district_list(&self, codes: &Codes, shell: &Shell) -> FilterList {
        FilterList {
            name: "district",
            label: shell.t("word.district").to_owned(),
            all: shell.t("word.whole_state").to_owned(),
            choices: names::districts(codes, shell.language()),
            chosen: self.district.clone(),
        }
    }

    /// A list of the departments that rows have a `department` for.
    pub(crate) fn department_list(&self, codes: &Codes, shell: &Shell, rows: &Rows) -> FilterList {
        let mut choices: Vec<(String, String)> = rows
            .iter()
            .map(|row| row.text("department"))
            .map(|code| (code.to_owned(), names::code_name(codes, "department", code, shell.language())))
            .collect();
        choices.sort_by(|a, b| a.1.cmp(&b.1));
        FilterList {
            name: "department",
            label: shell.t("word.department").to_owned(),
            all: shell.t("word.every_department").to_owned(),
            choices,
            chosen: self.department.clone(),
        }
    }

    /// A list of the financial years that rows have a `financial_year` for.
    pub(crate) fn year_list(&self, shell: &Shell, rows: &Rows) -> FilterList {
        let years = rows.iter().map(|row| row.plain("financial_year")).filter(|year| !year.is_empty());
        FilterList {
            name: "financial_year",
            label: shell.t("word.financial_year").to_owned(),
            all: shell.t("word.every_year").to_owned(),
            choices: years.map(|year| (year.clone(), format::financial_year(&year))).collect(),
            chosen: self.financial_year.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_columns_that_the_mart_has_are_cut_by() {
        let cut = Cut { district: "27".to_owned(), department: "LGD-1349".to_owned(), financial_year: String::new() };
        assert_eq!(cut.condition(&[By::District, By::Year]), " WHERE district = '27'");
        let both = " WHERE district = '27' AND department = 'LGD-1349'";
        assert_eq!(cut.condition(&[By::District, By::Department, By::Year]), both);
        assert_eq!(Cut::default().condition(&[By::District]), "");
    }
}

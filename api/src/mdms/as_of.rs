//! The day that a query asks about, beside a body that DIGIT's clients send as ever.

use kanak_codes::Day;
use serde::Deserialize;

use crate::server::problem::Problem;
use crate::v1::code_systems::asked::read_day;

/// What a query may say. Whatever else stands in it is passed over: DIGIT's own clients put the tenant there as well.
#[derive(Debug, Deserialize)]
pub struct AsOfDay {
    #[serde(alias = "asOf")]
    as_of: Option<String>,
}

impl AsOfDay {
    /// The day; `None` where none is asked about.
    ///
    /// # Errors
    /// 400 where it is no day.
    pub fn day(&self) -> Result<Option<Day>, Problem> {
        read_day(self.as_of.as_deref())
    }
}

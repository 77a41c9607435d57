//! Wire types of charters: what the API answers and `kanak codes charter` prints.

use std::collections::BTreeMap;

use kanak_codes::{
    AppealLevel, AppealStage, CodeSystem, Codes, Day, Language, ServiceCharter, Validity, WorkingDayLimit,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::server::problem::Problem;
use crate::v1::code_systems::lookup;

/// What the state promises of a service on a day.
#[derive(Serialize, ToSchema)]
pub struct CharterView {
    /// The code of the service.
    pub code: String,
    /// Its names by language tag.
    pub names: BTreeMap<&'static str, String>,
    /// The day.
    pub as_of: String,
    /// The version of the code system `service` that answers.
    pub version: String,
    /// The department that answers for it, a code of `department`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub department: Option<String>,
    /// What it costs, in paise; absent where it is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fee_paise: Option<u64>,
    /// What the applicant has to bring; empty where it is not known.
    pub documents: Vec<String>,
    /// How many working days an application of the day may take; absent before the first limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub working_days: Option<u32>,
    /// Every limit there was, oldest first.
    pub limits: Vec<LimitView>,
    /// What the source says about the limit beside the number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit_note: Option<String>,
    /// Who has to deliver it in time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub designated_officer: Option<String>,
    /// Who hears an appeal against a decision of the day, first to second.
    pub appeals: Vec<AppealView>,
    /// Whether the service as a whole is made up.
    pub made_up: bool,
    /// Where what is told comes from, field by field.
    pub origins: BTreeMap<&'static str, OriginView>,
}

/// Where a field comes from.
#[derive(Serialize, ToSchema)]
pub struct OriginView {
    /// Whether it is made up.
    pub made_up: bool,
    /// Its source; absent where it is made up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// How many working days a service may take, while that is so.
#[derive(Serialize, ToSchema)]
pub struct LimitView {
    /// The limit.
    pub working_days: u32,
    /// The first day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<String>,
    /// The first day after the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<String>,
}

/// One stage of appeal.
#[derive(Serialize, ToSchema)]
pub struct AppealView {
    /// `first` or `second`.
    pub level: &'static str,
    /// Who decides.
    pub authority: &'static str,
    /// The Act that provides for it.
    pub act: &'static str,
    /// Days to appeal in, from the rejection or the end of the limit; absent where no source gives them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub appeal_within_days: Option<u32>,
    /// Days to decide in; absent where no source gives them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decide_within_days: Option<u32>,
    /// The first day on which it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<String>,
    /// The first day on which it no longer does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<String>,
    /// Whether a readable text of the law gave it; what is not confirmed is a default that the law department must look at.
    pub confirmed: bool,
    /// Where it comes from.
    pub source: &'static str,
}

/// First and last day as texts.
fn days_of(validity: Validity) -> (Option<String>, Option<String>) {
    (validity.from.map(|day| day.to_string()), validity.until.map(|day| day.to_string()))
}

impl From<&WorkingDayLimit> for LimitView {
    fn from(limit: &WorkingDayLimit) -> Self {
        let (valid_from, valid_until) = days_of(limit.validity);
        Self { working_days: limit.working_days, valid_from, valid_until }
    }
}

impl From<&'static AppealStage> for AppealView {
    fn from(stage: &'static AppealStage) -> Self {
        let (valid_from, valid_until) = days_of(stage.validity);
        Self {
            level: match stage.level {
                AppealLevel::First => "first",
                AppealLevel::Second => "second",
            },
            authority: stage.authority,
            act: stage.act,
            appeal_within_days: stage.appeal_within_days,
            decide_within_days: stage.decide_within_days,
            valid_from,
            valid_until,
            confirmed: stage.is_confirmed,
            source: stage.source,
        }
    }
}

/// The charter of a service on a day, with the version of the list of services that answers for it.
///
/// # Errors
/// 404 for a code that is no service on that day.
pub(super) fn charter_on<'c>(
    codes: &'c Codes,
    code: &str,
    day: Day,
) -> Result<(ServiceCharter<'c>, &'c CodeSystem), Problem> {
    let services = codes.as_of("service", None, day)?;
    Ok((ServiceCharter::read(lookup::find(services, code)?)?, services.system()))
}

impl CharterView {
    /// The charter of a service as it stood on a day.
    ///
    /// # Errors
    /// 404 for a code that is no service on that day.
    pub fn find(codes: &Codes, code: &str, day: Day) -> Result<Self, Problem> {
        let (charter, services) = charter_on(codes, code, day)?;
        let text = |text: Option<&str>| text.map(str::to_owned);
        let view = Self {
            code: charter.code().to_owned(),
            names: Language::ALL.map(|language| (language.tag(), charter.name(language).to_owned())).into(),
            as_of: day.to_string(),
            version: services.version().to_owned(),
            department: text(charter.department()),
            fee_paise: charter.fee_paise(),
            documents: charter.documents().map(str::to_owned).collect(),
            working_days: charter.limit_on(day),
            limits: charter.limits().iter().map(LimitView::from).collect(),
            limit_note: text(charter.limit_note()),
            designated_officer: text(charter.designated_officer()),
            appeals: charter.appeals_on(day).map(AppealView::from).collect(),
            made_up: charter.is_made_up(),
            origins: BTreeMap::new(),
        };
        let told = [
            ("code", "code", true),
            ("names", "display", true),
            ("department", "department", view.department.is_some()),
            ("fee_paise", "fee_paise", view.fee_paise.is_some()),
            ("documents", "documents", !view.documents.is_empty()),
            ("limits", "limit_history", !view.limits.is_empty()),
            ("limit_note", "limit_note", view.limit_note.is_some()),
            ("designated_officer", "designated_officer", view.designated_officer.is_some()),
        ];
        let origin = |column: &str| {
            let made_up = charter.is_made_up_field(column);
            OriginView { made_up, source: (!made_up).then(|| services.source().to_owned()) }
        };
        let origins = told.iter().filter(|(.., is_told)| *is_told);
        Ok(Self { origins: origins.map(|(field, column, _)| (*field, origin(column))).collect(), ..view })
    }

    /// What is told, as rows of field, value, and where it is from.
    pub fn rows(&self) -> Vec<Vec<String>> {
        let origin = |field: &str| match self.origins.get(field) {
            Some(OriginView { made_up: true, .. }) => "made up".to_owned(),
            Some(OriginView { source, .. }) => source.clone().unwrap_or_default(),
            None => String::new(),
        };
        let row = |what: &str, value: String, field: &str| vec![what.to_owned(), value, origin(field)];
        let fact = |what: &str, value: &Option<String>| value.clone().map(|value| row(what, value, what));
        let mut rows = vec![row("code", self.code.clone(), "code")];
        rows.push(row("name", self.names["en"].clone(), "names"));
        rows.extend(fact("department", &self.department));
        rows.extend(
            self.fee_paise.map(|paise| row("fee", format!("{}.{:02} rupees", paise / 100, paise % 100), "fee_paise")),
        );
        rows.extend(self.documents.iter().map(|document| row("document", document.clone(), "documents")));
        rows.extend(self.limits.iter().map(|limit| row("limit", limit.words(), "limits")));
        rows.extend(fact("limit_note", &self.limit_note));
        rows.extend(fact("designated_officer", &self.designated_officer));
        rows.extend(self.appeals.iter().map(|stage| {
            let confirmed = if stage.confirmed { "" } else { "not confirmed: " };
            vec![format!("{} appeal", stage.level), stage.words(), format!("{confirmed}{}", stage.source)]
        }));
        rows
    }
}

impl LimitView {
    /// The limit and its days.
    fn words(&self) -> String {
        let from = self.valid_from.as_ref().map_or_else(String::new, |day| format!(" from {day}"));
        let until = self.valid_until.as_ref().map_or_else(String::new, |day| format!(" until {day}"));
        format!("{} working days{from}{until}", self.working_days)
    }
}

impl AppealView {
    /// Who decides, and in how many days one appeals.
    fn words(&self) -> String {
        let within = self.appeal_within_days.map_or_else(String::new, |days| format!(", within {days} days"));
        format!("{}{within}", self.authority)
    }
}

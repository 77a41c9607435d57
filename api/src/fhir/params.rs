//! What an operation is asked: parameters in the query, in a form, or as a `Parameters` resource.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, Method, StatusCode, header};
use kanak_codes::{Day, Language};
use serde::Deserialize;
use serde_json::Value;
use url::form_urlencoded;

use super::answer::{FHIR_JSON, NOT_SUPPORTED};
use super::search::Handling;
use crate::server::problem::{Problem, beginning};

/// The parameters of a request, in their order.
#[derive(Debug, Default)]
pub struct Params(Vec<(String, Given)>);

#[derive(Debug)]
enum Given {
    Text(String),
    Codings(Vec<Coding>),
    /// A resource, or a part that is made of others.
    Resource(Value),
}

/// A code with its system.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Coding {
    /// The canonical URL or the name of its system.
    pub system: Option<String>,
    /// The version of the system.
    pub version: Option<String>,
    /// The code.
    #[serde(default)]
    pub code: String,
    /// The display that came with it.
    pub display: Option<String>,
}

#[derive(Debug, Deserialize)]
struct CodeableConcept {
    #[serde(default)]
    coding: Vec<Coding>,
}

/// Every parameter that some operation or search reads, by the names of R4, of R5 and of this server.
const READ: [&str; 53] = [
    "activeOnly",
    "as_of",
    "check-system-version",
    "code",
    "codeA",
    "codeB",
    "codeSystem",
    "codeableConcept",
    "coding",
    "codingA",
    "codingB",
    "conceptMap",
    "conceptMapVersion",
    "count",
    "date",
    "designation",
    "display",
    "displayLanguage",
    "filter",
    "force-system-version",
    "includeDefinition",
    "includeDesignations",
    "mode",
    "name",
    "offset",
    "property",
    "reverse",
    "sourceCode",
    "sourceCodeableConcept",
    "sourceCoding",
    "sourceSystem",
    "status",
    "system",
    "system-version",
    "systemVersion",
    "target",
    "targetCode",
    "targetCodeableConcept",
    "targetCoding",
    "targetScope",
    "targetSystem",
    "targetsystem",
    "title",
    "url",
    "valueSet",
    "valueSetVersion",
    "version",
    "_count",
    "_format",
    "_id",
    "_offset",
    "_pretty",
    "_summary",
];

impl<S: Send + Sync> FromRequest<S> for Params {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let mut params = Self(read_query(request.uri().query().unwrap_or_default().as_bytes()));
        // A search says by itself what it is not searched by.
        let is_operation = request.uri().path().contains("/$");
        let handling = if is_operation { Handling::of(request.headers()) } else { Handling::Lenient };
        let takes_json = takes_json(request.headers());
        if request.method() == Method::POST {
            let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
            let kind = kind.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
            let body = Bytes::from_request(request, state).await;
            let body = body.map_err(|refused| Problem::new(refused.status(), refused.body_text()))?;
            params.0.extend(match kind.as_str() {
                "application/x-www-form-urlencoded" => read_query(&body),
                "application/fhir+json" | "application/json" | "application/json+fhir" => read_parameters(&body)?,
                _ => {
                    return Err(Problem::new(
                        StatusCode::UNSUPPORTED_MEDIA_TYPE,
                        "send a Parameters resource with `Content-Type: application/fhir+json`",
                    ));
                }
            });
        }
        params.refuse_unread(handling)?;
        // What `_format` says goes before what the header says.
        if params.text(&["_format"]).map_or(takes_json, is_json) {
            return Ok(params);
        }
        let detail = format!("resources are told in JSON alone; send `Accept: {FHIR_JSON}`, or `_format=json`");
        Err(Problem::new(StatusCode::NOT_ACCEPTABLE, detail))
    }
}

/// Whether a media type, or the short name of one, is JSON. In a query the `+` of a type may arrive as a space.
fn is_json(kind: &str) -> bool {
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().replace(' ', "+");
    matches!(
        kind.as_str(),
        "json" | "application/json" | "application/fhir+json" | "application/json+fhir" | "text/json"
    )
}

/// Whether `Accept` leaves room for JSON; it does where nothing is said.
fn takes_json(headers: &HeaderMap) -> bool {
    let stated = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut kinds = stated.flat_map(|value| value.split(',')).filter(|kind| !kind.trim().is_empty()).peekable();
    let is_wide = |kind: &str| matches!(kind.split(';').next().unwrap_or_default().trim(), "*/*" | "application/*");
    kinds.peek().is_none() || kinds.any(|kind| is_wide(kind) || is_json(kind))
}

fn read_query(query: &[u8]) -> Vec<(String, Given)> {
    form_urlencoded::parse(query).map(|(name, value)| (name.into_owned(), Given::Text(value.into_owned()))).collect()
}

fn read_parameters(body: &[u8]) -> Result<Vec<(String, Given)>, Problem> {
    let invalid = |what: String| Problem::bad_request(format!("{what}; send a Parameters resource"));
    let sent: Value = serde_json::from_slice(body)
        .map_err(|error| invalid(format!("the body is no JSON (line {}, column {})", error.line(), error.column())))?;
    if sent["resourceType"] != "Parameters" {
        return Err(invalid("the body is no Parameters resource".to_owned()));
    }
    let mut given = Vec::new();
    for parameter in sent["parameter"].as_array().into_iter().flatten() {
        let name = parameter["name"].as_str().ok_or_else(|| invalid("a parameter has no name".to_owned()))?;
        let mut members = parameter.as_object().into_iter().flatten();
        let value = members.find(|(key, _)| key.starts_with("value"));
        let value = match value {
            Some((kind, value)) => read_value(kind, value),
            None => Some(Given::Resource(parameter["resource"].clone())),
        };
        given.push((name.to_owned(), value.ok_or_else(|| invalid(format!("`{name}` cannot be read")))?));
    }
    Ok(given)
}

fn read_value(kind: &str, value: &Value) -> Option<Given> {
    Some(match (kind, value) {
        ("valueCoding", _) => Given::Codings(vec![Coding::deserialize(value).ok()?]),
        ("valueCodeableConcept", _) => Given::Codings(CodeableConcept::deserialize(value).ok()?.coding),
        (_, Value::String(text)) => Given::Text(text.clone()),
        (_, Value::Bool(_) | Value::Number(_)) => Given::Text(value.to_string()),
        _ => return None,
    })
}

/// A name of a parameter without capitals and marks: `asOf` and `as-of` are as `as_of`.
fn folded(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
}

impl Params {
    /// Refuses a parameter that is named as one that is read but for capitals and marks: who misspells `as_of` would otherwise be answered about
    /// another day. Others that nobody reads are passed over, for clients send what other servers read, unless they are to be refused.
    fn refuse_unread(&self, handling: Handling) -> Result<(), Problem> {
        for (stated, _) in &self.0 {
            let name = stated.split(':').next().unwrap_or_default();
            if READ.contains(&name) {
                continue;
            }
            let alike = folded(name);
            let meant = READ.iter().find(|known| folded(known) == alike);
            let shown = beginning(name, 40);
            match meant {
                Some(meant) => {
                    return Err(Problem::bad_request(format!("`{shown}` is not read here; send it as `{meant}`")));
                }
                None if handling == Handling::Strict => {
                    let detail = format!(
                        "{NOT_SUPPORTED}`{shown}` is not read here; leave it out, or `Prefer: handling=strict`"
                    );
                    return Err(Problem::bad_request(detail));
                }
                None => {}
            }
        }
        Ok(())
    }

    /// The first text of a parameter of one of these names; none for an empty one.
    pub fn text(&self, names: &[&str]) -> Option<&str> {
        self.texts(names).next()
    }

    /// Every text of parameters of these names.
    pub fn texts<'p, 'n>(&'p self, names: &'n [&'n str]) -> impl Iterator<Item = &'p str> + use<'p, 'n> {
        self.0.iter().filter_map(move |(name, given)| match given {
            Given::Text(text) if names.contains(&name.as_str()) && !text.is_empty() => Some(text.as_str()),
            _ => None,
        })
    }

    /// Every parameter that is a text, with its name.
    pub fn all_texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().filter_map(|(name, given)| match given {
            Given::Text(text) => Some((name.as_str(), text.as_str())),
            Given::Codings(_) | Given::Resource(_) => None,
        })
    }

    /// The resource that came with the request in a parameter of this name.
    pub fn resource(&self, name: &str) -> Option<&Value> {
        self.0.iter().find_map(|(known, given)| match given {
            Given::Resource(sent) if known == name => Some(sent),
            _ => None,
        })
    }

    /// Refuses a resource that came with the request in a parameter of this name: what is served alone is asked about.
    ///
    /// # Errors
    /// 400 where one came.
    pub fn refuse_resource(&self, name: &str) -> Result<(), Problem> {
        if self.resource(name).is_some() {
            return Err(Problem::bad_request(format!(
                "{NOT_SUPPORTED}a `{name}` that comes with the request is not read; send the `url` of one that is served"
            )));
        }
        Ok(())
    }

    /// The codings of parameters of these names.
    pub fn codings(&self, names: &[&str]) -> Vec<Coding> {
        let of_name = self.0.iter().filter(|(name, _)| names.contains(&name.as_str()));
        let codings = of_name.filter_map(|(_, given)| match given {
            Given::Codings(codings) => Some(codings.iter().cloned()),
            Given::Text(_) | Given::Resource(_) => None,
        });
        codings.flatten().filter(|coding| !coding.code.trim().is_empty()).collect()
    }

    /// The codes that are asked about: `code` with `system`, `version` and `display`, or codings.
    pub fn asked_codes(&self) -> Vec<Coding> {
        let owned = |names: &[&str]| self.text(names).map(str::to_owned);
        let codings = self.codings(&["coding", "codeableConcept", "sourceCoding", "sourceCodeableConcept"]);
        if !codings.is_empty() {
            return codings;
        }
        let code = owned(&["code", "sourceCode"]);
        let coding = code.map(|code| Coding {
            system: owned(&["system"]),
            version: owned(&["systemVersion", "version"]),
            code,
            display: owned(&["display"]),
        });
        coding.into_iter().collect()
    }

    /// The first code that is asked about.
    ///
    /// # Errors
    /// 400 where none is.
    pub fn asked_code(&self) -> Result<Coding, Problem> {
        let missing = || Problem::bad_request("no code is asked about; send `code` with `system`, or `coding`");
        self.asked_codes().into_iter().next().ok_or_else(missing)
    }

    /// The day that is asked about: of a time its day, of a year or a month the first.
    ///
    /// # Errors
    /// 400 where `date` is none.
    pub fn day(&self) -> Result<Option<Day>, Problem> {
        let refused = || Problem::bad_request("`date` is no day; send 2019-07-01, 2019-07 or 2019");
        self.text(&["date", "as_of"]).map(|text| read_date(text.trim()).ok_or_else(refused)).transpose()
    }

    /// The day that is asked about; today where none is.
    ///
    /// # Errors
    /// 400 where `date` is none.
    pub fn day_or(&self, today: Day) -> Result<Day, Problem> {
        Ok(self.day()?.unwrap_or(today))
    }

    /// The language of displays: the first that there are names in, otherwise English.
    pub fn language(&self) -> Language {
        let mut tags = self.text(&["displayLanguage"]).unwrap_or_default().split(',');
        tags.find_map(|tag| Language::find_by_tag(tag.trim())).unwrap_or(Language::En)
    }

    /// Whether a parameter is `true`.
    pub fn is_true(&self, name: &str) -> bool {
        self.text(&[name]) == Some("true")
    }

    /// A whole number.
    ///
    /// # Errors
    /// 400 where it is none.
    pub fn number(&self, name: &str) -> Result<Option<usize>, Problem> {
        let read = |text: &str| {
            text.parse().map_err(|_| Problem::bad_request(format!("`{name}` is no whole number from 0 on")))
        };
        self.text(&[name]).map(read).transpose()
    }
}

/// The day of a `dateTime` of FHIR.
fn read_date(text: &str) -> Option<Day> {
    match text.len() {
        4 => Day::parse(&format!("{text}-01-01")),
        7 => Day::parse(&format!("{text}-01")),
        _ => {
            let (day, rest) = text.split_at_checked(10)?;
            Day::parse(day).filter(|_| rest.is_empty() || rest.starts_with('T'))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::garbled;

    const OTHERS: &[u8] = b"\0\"%&={],9-\\\xff";
    const SENT: &str = r#"{"resourceType":"Parameters","parameter":[{"name":"url","valueUri":"urn:kanak:value-set:districts-punjab"},
        {"name":"filter","valueString":"amrit"},{"name":"count","valueInteger":3},{"name":"date","valueDateTime":"2019-07-01T00:00:00Z"},
        {"name":"codeableConcept","valueCodeableConcept":{"coding":[{"system":"nic","code":"011"}]}},{"name":"valueSet","resource":{}}]}"#;
    const QUERY: &str =
        "url=districts-punjab%7C1&filter=%E0%A8%95&count=3&offset=1&date=2019-07&displayLanguage=pa,hi&activeOnly=true";

    proptest! {
        #[test]
        fn garbled_parameters_are_read_or_refused_with_what_to_send(body in garbled(SENT, OTHERS), query in garbled(QUERY, OTHERS)) {
            let read = read_parameters(&body).map(Params);
            for params in [read, Ok(Params(read_query(&query)))] {
                let params = match params {
                    Ok(params) => params,
                    Err(refused) => {
                        prop_assert_eq!(refused.status, 400);
                        prop_assert!(refused.detail.unwrap_or_default().contains("send a Parameters resource"));
                        continue;
                    }
                };
                for refused in [params.day().err(), params.number("count").err(), params.asked_code().err()] {
                    prop_assert!(refused.is_none_or(|refused| refused.status == 400 && refused.detail.is_some()));
                }
                let _ = (params.language(), params.refuse_resource("valueSet").is_err(), params.asked_codes().len());
            }
        }
    }

    #[test]
    fn a_parameters_resource_says_what_a_query_says() {
        let body = br#"{"resourceType":"Parameters","parameter":[
            {"name":"coding","valueCoding":{"system":"urn:kanak:code-system:nic","code":"011"}},
            {"name":"reverse","valueBoolean":true},{"name":"count","valueInteger":3},{"name":"valueSet","resource":{}}]}"#;
        let params = Params(read_parameters(body).unwrap());
        assert_eq!(params.asked_code().unwrap().code, "011");
        assert!(params.is_true("reverse") && params.refuse_resource("valueSet").is_err());
        assert_eq!(params.number("count").unwrap(), Some(3));
        let params =
            Params(read_query(b"code=011&system=nic&display=&date=2019-07-01T00:00:00Z&displayLanguage=de,pa"));
        let coding = params.asked_code().unwrap();
        assert_eq!((coding.system.as_deref(), coding.display), (Some("nic"), None));
        assert_eq!((params.day().unwrap(), params.language()), (Day::parse("2019-07-01"), Language::Pa));
    }

    #[test]
    fn a_date_is_a_day_the_first_of_a_month_or_year_or_the_day_of_a_time() {
        for (text, day) in [
            ("2019", Some("2019-01-01")),
            ("2019-07", Some("2019-07-01")),
            ("2019-07-03", Some("2019-07-03")),
            ("2019-07-03T23:59:59+05:30", Some("2019-07-03")),
            ("2019-13", None),
            ("2019-7", None),
            ("2019-07-03 or so", None),
            ("ਪੰਜਾਬ", None),
        ] {
            assert_eq!(read_date(text), day.and_then(Day::parse), "{text}");
        }
    }

    #[test]
    fn a_parameter_that_is_misspelt_by_capitals_and_marks_is_refused_and_others_as_is_asked_for() {
        let refused = |query: &str, handling| {
            Params(read_query(query.as_bytes())).refuse_unread(handling).err().and_then(|problem| problem.detail)
        };
        for (query, meant) in [
            ("asOf=2019", "`as_of`"),
            ("as-of=2019", "`as_of`"),
            ("Date=2019", "`date`"),
            ("DisplayLanguage=pa", "`displayLanguage`"),
        ] {
            assert!(refused(query, Handling::Lenient).is_some_and(|detail| detail.contains(meant)), "{query}");
        }
        for query in ["x-system-cache-id=7", "name:exact=Nic", "targetsystem=isic&targetSystem=isic", "date=2019", "=1"]
        {
            assert_eq!(refused(query, Handling::Lenient), None, "{query}");
        }
        assert!(refused("url=nic&shoe=1", Handling::Strict).is_some_and(|detail| detail.contains("`shoe`")));
        assert_eq!(refused("url=nic&system-version=nic%7C2008&_format=json", Handling::Strict), None);
    }

    #[test]
    fn what_is_no_parameters_resource_is_refused() {
        let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
        for body in
            ["", "{}", "{\"resourceType\":\"Patient\"}", "{\"resourceType\":\"Parameters\",\"parameter\":[{}]}", &deep]
        {
            assert_eq!(read_parameters(body.as_bytes()).unwrap_err().status, 400, "{}", &body[..body.len().min(40)]);
        }
    }
}

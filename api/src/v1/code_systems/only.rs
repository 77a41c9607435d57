//! What a query states: the parameters that an endpoint takes, and no others.

use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequestParts, Query};
use axum::http::Uri;
use axum::http::request::Parts;
use axum::response::{IntoResponse as _, Response};
use serde::de::{DeserializeOwned, Deserializer, Error as _, Visitor};
use url::form_urlencoded;

use crate::server::problem::{Problem, beginning};

/// The parameters of a query, read as one struct or two. A parameter that none of them has is refused by its name: who misspells `as_of`
/// would otherwise be answered about another day.
pub struct Only<T>(pub T);

/// Structs that are read from one query: none of their fields may be flattened, whose names serde does not tell.
pub trait Stated: Sized {
    /// Reads them.
    ///
    /// # Errors
    /// Of a parameter that is missing or does not read.
    fn read(uri: &Uri) -> Result<Self, QueryRejection>;

    /// The names of their fields.
    fn names() -> Vec<&'static str>;
}

impl Stated for () {
    fn read(_: &Uri) -> Result<Self, QueryRejection> {
        Ok(())
    }

    fn names() -> Vec<&'static str> {
        Vec::new()
    }
}

impl<A: DeserializeOwned> Stated for (A,) {
    fn read(uri: &Uri) -> Result<Self, QueryRejection> {
        let Query(a) = Query::try_from_uri(uri)?;
        Ok((a,))
    }

    fn names() -> Vec<&'static str> {
        names_of::<A>()
    }
}

impl<A: DeserializeOwned, B: DeserializeOwned> Stated for (A, B) {
    fn read(uri: &Uri) -> Result<Self, QueryRejection> {
        let (Query(a), Query(b)) = (Query::try_from_uri(uri)?, Query::try_from_uri(uri)?);
        Ok((a, b))
    }

    fn names() -> Vec<&'static str> {
        [names_of::<A>(), names_of::<B>()].concat()
    }
}

impl<S: Send + Sync, T: Stated> FromRequestParts<S> for Only<T> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Response> {
        if let Some(query) = parts.uri.query().filter(|query| !query.is_empty()) {
            refuse_others(query, &T::names()).map_err(Problem::into_response)?;
        }
        T::read(&parts.uri).map(Self).map_err(QueryRejection::into_response)
    }
}

/// Refuses a query that has a parameter of another name than these.
fn refuse_others(query: &str, names: &[&str]) -> Result<(), Problem> {
    let mut stated = form_urlencoded::parse(query.as_bytes()).map(|(name, _)| name);
    let Some(other) = stated.find(|name| !names.contains(&name.as_ref())) else { return Ok(()) };
    let other = beginning(&other, 40);
    let known: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    Err(Problem::bad_request(match known.len() {
        0 => format!("the query takes no `{other}`; leave it out"),
        1 => format!("the query takes no `{other}`; it takes {}", known[0]),
        _ => format!("the query takes no `{other}`; it takes one of {}", known.join(", ")),
    }))
}

/// The names of a struct's fields, as serde reads them.
fn names_of<T: DeserializeOwned>() -> Vec<&'static str> {
    let mut names = Vec::new();
    // It never succeeds: the names are all that is wanted.
    let _ = T::deserialize(FieldNames(&mut names));
    names
}

/// Takes down the fields that a struct asks for, and gives it none.
struct FieldNames<'n>(&'n mut Vec<&'static str>);

impl<'de> Deserializer<'de> for FieldNames<'_> {
    type Error = serde::de::value::Error;

    fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, Self::Error> {
        Err(serde::de::value::Error::custom("only names are asked for"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        self.0.extend(fields);
        self.deserialize_any(visitor)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only its names are looked at")]
    struct Page {
        limit: usize,
        #[serde(rename = "where")]
        at: Option<String>,
    }

    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only its names are looked at")]
    struct Day {
        as_of: Option<String>,
    }

    #[test]
    fn names_are_those_by_which_a_query_is_read() {
        assert_eq!(<(Page, Day)>::names(), ["limit", "where", "as_of"]);
        assert_eq!(<(Day,)>::names(), ["as_of"]);
        assert!(<()>::names().is_empty());
    }

    #[test]
    fn a_parameter_that_nobody_reads_is_named_with_those_that_are_read() {
        let refused =
            |query: &str, names: &[&str]| refuse_others(query, names).err().and_then(|problem| problem.detail);
        assert_eq!(refused("as_of=1&limit=", &["limit", "as_of"]), None);
        assert_eq!(
            refused("as%5Fof=1&asof=2", &["limit", "as_of"]).as_deref(),
            Some("the query takes no `asof`; it takes one of `limit`, `as_of`")
        );
        assert_eq!(refused("asof", &["as_of"]).as_deref(), Some("the query takes no `asof`; it takes `as_of`"));
        assert_eq!(refused("shoe=1", &[]).as_deref(), Some("the query takes no `shoe`; leave it out"));
    }
}

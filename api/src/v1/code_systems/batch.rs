//! Batches of codes: a JSON array, NDJSON or an Arrow stream in, and an answer for each code out, written a part at a time.

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use futures::{StreamExt as _, stream};
use kanak_codes::{BATCH_MAX, Codes, CodesError, Language, Status};
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::batch_arrow::{self, ArrowAnswers};
use super::judges::{Book, Judges};
use super::write::{must_be_escaped, write_concept, write_text};
use crate::server::admit::HeldBody;
use crate::server::problem::Problem;
use crate::server::refusals::read_body;

/// Bytes of an answer that are written at a time.
const CHUNK: usize = 128 << 10;
/// A longer line holds no code with its display.
const LINE_BYTES_MAX: usize = 64 << 10;

/// What is to be said of each code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Want {
    /// Whether it is valid, and why not.
    Validity,
    /// Its concept, or why there is none.
    Concepts,
}

/// How codes are sent, and answers come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    Lines,
    Arrow,
}

impl Form {
    const ALL: [(Self, &'static [&'static str]); 3] = [
        (Self::Json, &["application/json"]),
        (Self::Lines, &["application/x-ndjson", "application/ndjson", "application/jsonl"]),
        (Self::Arrow, &["application/vnd.apache.arrow.stream"]),
    ];

    /// The form of a media type, whatever parameters it has.
    fn find(media_type: &str) -> Option<Self> {
        let bare = media_type.split(';').next().unwrap_or_default().trim();
        let is_it = |(_, names): &&(Self, &[&str])| names.iter().any(|name| name.eq_ignore_ascii_case(bare));
        Self::ALL.iter().find(is_it).map(|(form, _)| *form)
    }

    fn name(self) -> &'static str {
        Self::ALL.iter().find(|(form, _)| *form == self).map_or("application/json", |(_, names)| names[0])
    }

    /// How the codes of a request are sent.
    fn sent(headers: &HeaderMap) -> Result<Self, Problem> {
        let sent = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        Self::find(sent).ok_or_else(|| {
            Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, format!("send the codes with `Content-Type: {}`", names()))
        })
    }

    /// How the answer is to come: as `Accept` says, or else as the codes were sent.
    fn wanted(headers: &HeaderMap, sent: Self) -> Result<Self, Problem> {
        let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let mut named = false;
        for media_type in accepted.flat_map(|accepted| accepted.split(',')).map(str::trim) {
            match Self::find(media_type) {
                Some(form) => return Ok(form),
                None if media_type.starts_with("*/*") || media_type.starts_with("application/*") => return Ok(sent),
                None => named = true,
            }
        }
        if named {
            return Err(Problem::new(StatusCode::NOT_ACCEPTABLE, format!("answers come as {}", names())));
        }
        Ok(sent)
    }
}

fn names() -> String {
    Form::ALL.map(|(form, _)| form.name()).join("`, `")
}

/// A code that is asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The code, as it was sent.
    pub code: String,
    /// The display that came with it.
    pub display: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    code: String,
    #[serde(default)]
    display: Option<String>,
}

impl<'de> Deserialize<'de> for Question {
    /// A code alone, or an object with its display; anything else is refused at its first byte.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OfQuestion;
        impl<'de> Visitor<'de> for OfQuestion {
            type Value = Question;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a code, or an object with `code` and `display`")
            }

            fn visit_str<E: de::Error>(self, code: &str) -> Result<Question, E> {
                Ok(Question { code: code.to_owned(), display: None })
            }

            fn visit_map<A: MapAccess<'de>>(self, sent: A) -> Result<Question, A::Error> {
                let Named { code, display } = Named::deserialize(MapAccessDeserializer::new(sent))?;
                Ok(Question { code, display })
            }
        }
        deserializer.deserialize_any(OfQuestion)
    }
}

/// The codes of a JSON array, no more of them than are judged.
struct List {
    questions: Vec<Question>,
    count: usize,
}

impl<'de> Deserialize<'de> for List {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OfList;
        impl<'de> Visitor<'de> for OfList {
            type Value = List;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a sequence of codes")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut sent: A) -> Result<List, A::Error> {
                let mut questions = Vec::new();
                while questions.len() < BATCH_MAX {
                    match sent.next_element()? {
                        Some(question) => questions.push(question),
                        None => return Ok(List { count: questions.len(), questions }),
                    }
                }
                let mut count = questions.len();
                while sent.next_element::<IgnoredAny>()?.is_some() {
                    count += 1;
                }
                Ok(List { questions, count })
            }
        }
        deserializer.deserialize_seq(OfList)
    }
}

/// The codes that are still to be answered.
enum Questions {
    /// Lines of NDJSON from a place on; each is read when its turn comes.
    Lines { body: Bytes, at: usize },
    /// All of them, read.
    List(std::vec::IntoIter<Question>),
}

/// What is asked of a batch.
pub struct Batch {
    /// The codes that are served.
    pub codes: Arc<Codes>,
    /// Where its codes are looked for.
    pub book: Book,
    /// What is said of each.
    pub want: Want,
    /// The language of displays.
    pub language: Language,
    /// The room that the body takes, as long as it is read.
    pub held: Option<HeldBody>,
}

impl Batch {
    /// Answers a body of codes.
    ///
    /// # Errors
    /// 400 for what is no text or no JSON, 404 where what is named is not there, 406 and 415 for other forms, 413 for too many codes, 422
    /// for JSON that is no list of codes. A wrong code is an answer.
    pub fn answer(self, headers: &HeaderMap, body: Bytes) -> Result<Response, Problem> {
        let sent = Form::sent(headers)?;
        let wanted = Form::wanted(headers, sent)?;
        drop(self.book.open(&self.codes)?);
        let questions = read(sent, body)?;
        let answers = match wanted {
            Form::Json => Answers::Json { begun: false },
            Form::Lines => Answers::Lines,
            Form::Arrow => Answers::Arrow(Box::new(ArrowAnswers::begin()?)),
        };
        let mut answering = Answering { batch: self, questions, answers, is_done: false };
        let kind = [
            (header::CONTENT_TYPE, HeaderValue::from_static(wanted.name())),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        ];
        let first = answering.next().unwrap_or_default();
        if answering.is_done {
            return Ok((kind, first).into_response());
        }
        let rest = stream::unfold(answering, |mut answering| async move {
            answering.next().map(|part| (Ok::<_, Infallible>(Bytes::from(part)), answering))
        });
        // What compresses an answer asks once more after its end.
        let parts = stream::iter([Ok(Bytes::from(first))]).chain(rest).fuse();
        Ok((kind, Body::from_stream(parts)).into_response())
    }
}

/// Reads what was sent.
fn read(sent: Form, body: Bytes) -> Result<Questions, Problem> {
    if sent == Form::Arrow {
        return Ok(Questions::List(batch_arrow::read(&body)?.into_iter()));
    }
    let text = std::str::from_utf8(&body).map_err(|error| {
        Problem::bad_request(format!("the body is no UTF-8 from byte {} on; send text in UTF-8", error.valid_up_to()))
    })?;
    if sent == Form::Json {
        let List { questions, count } = read_body(text)?;
        check_count(count)?;
        return Ok(Questions::List(questions.into_iter()));
    }
    let ends = text.matches('\n').count();
    check_count(ends + usize::from(!(body.is_empty() || body.ends_with(b"\n"))))?;
    Ok(Questions::Lines { body, at: 0 })
}

/// Refuses more codes than are judged in one call.
///
/// # Errors
/// 413.
pub fn check_count(count: usize) -> Result<(), Problem> {
    if count > BATCH_MAX { Err(CodesError::Batch { count }.into()) } else { Ok(()) }
}

/// How answers are written.
enum Answers {
    Json { begun: bool },
    Lines,
    Arrow(Box<ArrowAnswers>),
}

/// A batch as far as it was answered.
struct Answering {
    batch: Batch,
    questions: Questions,
    answers: Answers,
    is_done: bool,
}

/// What a line of NDJSON says.
enum Line<'l> {
    /// A code that stands in the line as it is.
    Plain(&'l str),
    /// Anything else that can be read.
    Read(Question),
    /// What cannot.
    Wrong,
}

impl Answering {
    /// The next part of the answer; `None` after the last.
    fn next(&mut self) -> Option<Vec<u8>> {
        if self.is_done {
            return None;
        }
        let Self { batch, questions, answers, is_done } = self;
        // What is named was there when the batch began, in this very snapshot.
        let judges = batch.book.open(&batch.codes).ok()?;
        let writer = Writer { judges: &judges, want: batch.want, language: batch.language };
        let mut out = Vec::with_capacity(CHUNK + 1024);
        match questions {
            Questions::Lines { body, at } => {
                while !answers.is_full(&out) {
                    let rest = &body[*at..];
                    if rest.is_empty() {
                        *is_done = true;
                        break;
                    }
                    let end = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
                    *at += (end + 1).min(rest.len());
                    let line = std::str::from_utf8(&rest[..end]).unwrap_or_default();
                    match read_line(line) {
                        Line::Plain(code) => answers.add(&mut out, &writer, code, None),
                        Line::Read(Question { code, display }) => {
                            answers.add(&mut out, &writer, &code, display.as_deref());
                        }
                        Line::Wrong => {
                            answers.refuse(&mut out, line, "neither a JSON string nor an object with `code`");
                        }
                    }
                }
            }
            Questions::List(list) => {
                while !answers.is_full(&out) {
                    let Some(Question { code, display }) = list.next() else {
                        *is_done = true;
                        break;
                    };
                    answers.add(&mut out, &writer, &code, display.as_deref());
                }
            }
        }
        answers.end_part(&mut out, *is_done);
        Some(out)
    }
}

/// Reads a line. One that is a string without escapes is not parsed: the line is its own JSON.
fn read_line(line: &str) -> Line<'_> {
    let line = line.trim_ascii();
    let inner = line.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    if let Some(code) = inner
        && !code.bytes().any(must_be_escaped)
    {
        return Line::Plain(code);
    }
    if line.len() > LINE_BYTES_MAX {
        return Line::Wrong;
    }
    serde_json::from_str(line).map_or(Line::Wrong, Line::Read)
}

/// What writes the answer to one code.
struct Writer<'j, 'c> {
    judges: &'j Judges<'c>,
    want: Want,
    language: Language,
}

impl Writer<'_, '_> {
    fn write_json(&self, out: &mut Vec<u8>, code: &str, display: Option<&str>) {
        match (self.judges.judge_with_display(code, display, self.language), self.want) {
            (Ok((as_of, concept)), Want::Concepts) => write_concept(out, as_of, concept, self.language),
            (Ok((_, concept)), Want::Validity) => {
                out.extend_from_slice(b"{\"code\":");
                write_text(out, code);
                out.extend_from_slice(b",\"valid\":true,\"display\":");
                write_text(out, concept.display_in(self.language));
                if concept.status() == Status::Retired {
                    out.extend_from_slice(b",\"status\":\"retired\"");
                }
                out.push(b'}');
            }
            (Err((reason, found)), _) => {
                let display = found.map(|(_, concept)| concept.display_in(self.language));
                write_refused(out, code, display, &reason);
            }
        }
    }
}

fn write_refused(out: &mut Vec<u8>, code: &str, display: Option<&str>, reason: &str) {
    out.extend_from_slice(b"{\"code\":");
    write_text(out, code);
    out.extend_from_slice(b",\"valid\":false");
    if let Some(display) = display {
        out.extend_from_slice(b",\"display\":");
        write_text(out, display);
    }
    out.extend_from_slice(b",\"reason\":");
    write_text(out, reason);
    out.push(b'}');
}

impl Answers {
    fn is_full(&self, out: &[u8]) -> bool {
        match self {
            Self::Json { .. } | Self::Lines => out.len() >= CHUNK,
            Self::Arrow(answers) => answers.is_full(),
        }
    }

    fn add(&mut self, out: &mut Vec<u8>, writer: &Writer<'_, '_>, code: &str, display: Option<&str>) {
        if let Self::Arrow(answers) = self {
            let judged = writer.judges.judge_with_display(code, display, writer.language);
            let shown = |concept: kanak_codes::Concept<'_>| concept.display_in(writer.language).to_owned();
            match judged {
                Ok((_, concept)) => answers.push(code, Some(&shown(concept)), None),
                Err((reason, found)) => {
                    answers.push(code, found.map(|(_, concept)| shown(concept)).as_deref(), Some(&reason));
                }
            }
            return;
        }
        self.begin_item(out);
        writer.write_json(out, code, display);
        self.end_item(out);
    }

    fn refuse(&mut self, out: &mut Vec<u8>, line: &str, reason: &str) {
        if let Self::Arrow(answers) = self {
            answers.push(line, None, Some(reason));
            return;
        }
        self.begin_item(out);
        write_refused(out, line, None, reason);
        self.end_item(out);
    }

    fn begin_item(&mut self, out: &mut Vec<u8>) {
        if let Self::Json { begun } = self {
            out.push(if *begun { b',' } else { b'[' });
            *begun = true;
        }
    }

    fn end_item(&self, out: &mut Vec<u8>) {
        if matches!(self, Self::Lines) {
            out.push(b'\n');
        }
    }

    fn end_part(&mut self, out: &mut Vec<u8>, is_last: bool) {
        match self {
            Self::Lines => {}
            Self::Json { begun } if is_last => out.extend_from_slice(if *begun { b"]" } else { b"[]" }),
            Self::Json { .. } => {}
            Self::Arrow(answers) => answers.end_part(out, is_last),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::garbled;

    const SENT: &str = "\"SBIN0000300\"\n{\"code\":\"SBIN0000300\",\"display\":\"Amritsar\"}\n\"sbin\\u0030000300\"\n";

    fn batch(book: Book) -> Batch {
        let codes = Arc::new(Codes::builtin().unwrap());
        Batch { codes, book, want: Want::Validity, language: Language::En, held: None }
    }

    fn branches() -> Book {
        Book::System { name: "ifsc".to_owned(), version: None, day: None }
    }

    async fn answered(book: Book, sent: &str, body: impl Into<Bytes>) -> Result<(String, Bytes), Problem> {
        let headers: HeaderMap = [(header::CONTENT_TYPE, HeaderValue::from_str(sent).unwrap())].into_iter().collect();
        let response = batch(book).answer(&headers, body.into())?;
        let kind = response.headers()[header::CONTENT_TYPE].to_str().unwrap().to_owned();
        Ok((kind, axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap()))
    }

    proptest! {
        #[test]
        fn a_garbled_line_is_read_or_wrong_and_a_garbled_body_answered_or_refused(
            bytes in garbled(SENT, b"\0\"\\{}:\n9\xff")
        ) {
            match read(Form::Lines, bytes.clone().into()) {
                Ok(_) => {
                    for line in std::str::from_utf8(&bytes).unwrap().split('\n') {
                        if let Line::Plain(code) = read_line(line) {
                            prop_assert_eq!(serde_json::from_str::<String>(line.trim_ascii()).unwrap(), code);
                        }
                    }
                }
                Err(refused) => {
                    prop_assert_eq!(refused.status, 400);
                    prop_assert!(refused.detail.unwrap_or_default().contains("send text in UTF-8"));
                }
            }
            if let Err(refused) = read(Form::Json, bytes.into()) {
                prop_assert!(refused.status == 400 || refused.status == 422, "{:?}", refused);
            }
        }
    }

    #[tokio::test]
    async fn a_line_in_is_a_line_out_whatever_it_says() {
        let body = "\"SBIN0000300\"\n\"sbin\\u0030000300\"\r\n{\"code\":\"SBIN0000300\",\"display\":\"no such\"}\n7\n\n\"SBIN0ZZZZZZ\"\n\"\\u0000\"";
        let (kind, bytes) = answered(branches(), "application/x-ndjson", body).await.unwrap();
        assert_eq!(kind, "application/x-ndjson");
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let valid: Vec<bool> = lines.iter().map(|line| line["valid"].as_bool().unwrap()).collect();
        assert_eq!(valid, [true, true, false, false, false, false, false]);
        assert!(lines[2]["reason"].as_str().unwrap().contains("no name of this code"));
        assert!(lines[3]["reason"].as_str().unwrap().contains("neither"));
        assert_eq!(lines[5]["reason"], "unknown code in `ifsc`");
    }

    #[tokio::test]
    async fn a_large_batch_comes_in_parts_and_whole() {
        let body = "\"SBIN0000300\"\n".repeat(BATCH_MAX);
        let (_, lines) = answered(branches(), "application/x-ndjson", body.clone()).await.unwrap();
        assert_eq!(std::str::from_utf8(&lines).unwrap().lines().count(), BATCH_MAX);
        let refused = answered(branches(), "application/x-ndjson", body + "\"one more\"").await.unwrap_err();
        assert_eq!(refused.status, 413);
        let list = format!("[{}\"x\"]", "\"SBIN0000300\",".repeat(BATCH_MAX));
        let refused = answered(branches(), "application/json", list).await.unwrap_err();
        assert_eq!(refused.status, 413);
        assert!(refused.detail.unwrap().contains("100001"));
    }

    #[tokio::test]
    async fn an_array_is_answered_with_an_array() {
        let (_, bytes) = answered(branches(), "application/json", r#"["SBIN0000300",{"code":"x"}]"#).await.unwrap();
        let list: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!((&list[0]["valid"], &list[1]["valid"]), (&true.into(), &false.into()));
        assert_eq!(answered(branches(), "application/json", "[]").await.unwrap().1, "[]".as_bytes());
    }

    #[tokio::test]
    async fn what_is_no_batch_is_refused_with_what_to_send() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        for (sent, body, status) in [
            ("text/csv", "a".into(), 415),
            ("application/json", deep.into_bytes(), 422),
            ("application/json", b"[".to_vec(), 400),
            ("application/json", b"{}".to_vec(), 422),
            ("application/x-ndjson", vec![b'"', 0xff, b'"'], 400),
            ("application/vnd.apache.arrow.stream", b"no arrow".to_vec(), 400),
        ] {
            let refused = answered(branches(), sent, body).await.unwrap_err();
            assert_eq!(refused.status, status, "{sent}: {refused:?}");
        }
    }
}

//! Batches of codes as Arrow IPC streams.

use std::cell::Cell;
use std::panic::{self, UnwindSafe};
use std::sync::{Arc, Once};

use arrow::array::{Array as _, ArrayRef, AsArray as _, BooleanBuilder, RecordBatch, StringBuilder};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::ipc::reader::StreamReader;
use arrow::ipc::root_as_message;
use arrow::ipc::writer::StreamWriter;

use super::batch::{Question, check_count};
use crate::server::admit::BATCH_BYTES_MAX;
use crate::server::problem::{Problem, beginning};

/// Rows of one record batch of an answer.
const ROWS: usize = 8192;
/// As much of what the library says of a stream, which may repeat it, is repeated in a refusal.
const REPEATED_CHARS_MAX: usize = 200;

/// The codes of a stream: of its columns, `code` and perhaps `display`, both text.
///
/// # Errors
/// 400 for what is no stream, or one with other columns; 413 for too many rows.
pub fn read(body: &[u8]) -> Result<Vec<Question>, Problem> {
    // The library checks less than a stranger's stream needs.
    let read = in_silence(|| read_stream(body));
    read.unwrap_or_else(|_| Err(no_stream("its parts do not fit together")))
}

thread_local! {
    /// Whether this thread reads a stranger's stream, so that a panic is an answer and no fault of the server.
    static READS: Cell<bool> = const { Cell::new(false) };
}

/// Does work whose panics are caught, and keeps them out of the log: what the library says of a broken stream repeats the stream.
fn in_silence<T>(work: impl FnOnce() -> T + UnwindSafe) -> std::thread::Result<T> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let others = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !READS.get() {
                others(info);
            }
        }));
    });
    READS.set(true);
    let done = panic::catch_unwind(work);
    READS.set(false);
    done
}

fn read_stream(body: &[u8]) -> Result<Vec<Question>, Problem> {
    look_over(body)?;
    let reader = StreamReader::try_new(body, None).map_err(no_stream)?;
    let mut questions = Vec::new();
    let mut bytes = 0;
    for batch in reader {
        let batch = batch.map_err(no_stream)?;
        let codes = texts(&batch, "code")?
            .ok_or_else(|| Problem::bad_request("the stream has no column `code`; send it, of type Utf8"))?;
        let displays = texts(&batch, "display")?;
        for (row, code) in codes.iter().enumerate() {
            let display = displays.as_ref().and_then(|displays| displays[row]);
            // Views may show one text many times over.
            bytes += code.map_or(0, str::len) + display.map_or(0, str::len);
            if bytes > BATCH_BYTES_MAX {
                return Err(Problem::new(
                    axum::http::StatusCode::PAYLOAD_TOO_LARGE,
                    "the texts of the stream are too large",
                ));
            }
            questions.push(Question { code: code.unwrap_or_default().to_owned(), display: display.map(str::to_owned) });
        }
    }
    Ok(questions)
}

fn no_stream(error: impl std::fmt::Display) -> Problem {
    let why = beginning(&error.to_string(), REPEATED_CHARS_MAX);
    Problem::bad_request(format!("the body is no Arrow IPC stream: {why}"))
}

/// The texts of a column; `None` where there is none of that name.
fn texts<'b>(batch: &'b RecordBatch, name: &str) -> Result<Option<Vec<Option<&'b str>>>, Problem> {
    let Some(column) = batch.column_by_name(name) else { return Ok(None) };
    Ok(Some(match column.data_type() {
        DataType::Utf8 => column.as_string::<i32>().iter().collect(),
        DataType::LargeUtf8 => column.as_string::<i64>().iter().collect(),
        DataType::Utf8View => column.as_string_view().iter().collect(),
        other => {
            return Err(Problem::bad_request(format!(
                "the column `{name}` is {}; send Utf8, LargeUtf8 or Utf8View",
                beginning(&other.to_string(), REPEATED_CHARS_MAX)
            )));
        }
    }))
}

/// Counts the rows of a stream before any is read, and refuses what unpacks to more than was sent.
fn look_over(body: &[u8]) -> Result<(), Problem> {
    const GOES_ON: [u8; 4] = [0xff; 4];
    let broken = || Problem::bad_request("the body is no whole Arrow IPC stream");
    let (mut rest, mut rows) = (body, 0);
    loop {
        rest = rest.strip_prefix(&GOES_ON).unwrap_or(rest);
        let Some((length, after)) = rest.split_first_chunk::<4>() else {
            return if rest.is_empty() && !body.is_empty() { Ok(()) } else { Err(broken()) };
        };
        let length = u32::from_le_bytes(*length) as usize;
        if length == 0 {
            return Ok(());
        }
        // A copy of its own stands where numbers may.
        let head = after.get(..length).ok_or_else(broken)?.to_vec();
        let message = root_as_message(&head).map_err(no_stream)?;
        let data = message.header_as_dictionary_batch().and_then(|dictionary| dictionary.data());
        if let Some(batch) = message.header_as_record_batch().or(data) {
            if batch.compression().is_some() {
                return Err(Problem::bad_request("the stream is compressed; send its buffers as they are"));
            }
            rows += usize::try_from(batch.length()).map_err(no_stream)?;
            check_count(rows)?;
        }
        let bytes = usize::try_from(message.bodyLength()).map_err(no_stream)?;
        rest = after[length..].get(bytes..).ok_or_else(broken)?;
    }
}

/// Answers as a stream of record batches.
pub struct ArrowAnswers {
    writer: StreamWriter<Vec<u8>>,
    schema: Arc<Schema>,
    codes: StringBuilder,
    valid: BooleanBuilder,
    displays: StringBuilder,
    reasons: StringBuilder,
    rows: usize,
}

impl ArrowAnswers {
    /// The beginning of a stream.
    ///
    /// # Errors
    /// 500 when it cannot be written.
    pub fn begin() -> Result<Self, Problem> {
        let schema = Arc::new(Schema::new(vec![
            Field::new("code", DataType::Utf8, false),
            Field::new("valid", DataType::Boolean, false),
            Field::new("display", DataType::Utf8, true),
            Field::new("reason", DataType::Utf8, true),
        ]));
        Ok(Self {
            writer: StreamWriter::try_new(Vec::new(), &schema).map_err(Problem::internal)?,
            schema,
            codes: StringBuilder::new(),
            valid: BooleanBuilder::new(),
            displays: StringBuilder::new(),
            reasons: StringBuilder::new(),
            rows: 0,
        })
    }

    /// Whether a record batch is full.
    pub fn is_full(&self) -> bool {
        self.rows >= ROWS
    }

    /// Adds the answer to a code: a code without a reason is valid.
    pub fn push(&mut self, code: &str, display: Option<&str>, reason: Option<&str>) {
        self.codes.append_value(code);
        self.valid.append_value(reason.is_none());
        self.displays.append_option(display);
        self.reasons.append_option(reason);
        self.rows += 1;
    }

    /// Writes what was added, and after the last part the end of the stream.
    pub fn end_part(&mut self, out: &mut Vec<u8>, is_last: bool) {
        let columns: Vec<ArrayRef> = vec![
            Arc::new(self.codes.finish()),
            Arc::new(self.valid.finish()),
            Arc::new(self.displays.finish()),
            Arc::new(self.reasons.finish()),
        ];
        let batch =
            RecordBatch::try_new(Arc::clone(&self.schema), columns).expect("the columns are those of the schema");
        if self.rows > 0 {
            self.writer.write(&batch).expect("memory takes what is written");
        }
        if is_last {
            self.writer.finish().expect("memory takes what is written");
        }
        self.rows = 0;
        out.append(self.writer.get_mut());
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{ArrayRef, Int32Array, StringArray};

    use super::*;

    fn stream(columns: Vec<(&str, ArrayRef)>) -> Vec<u8> {
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let mut writer = StreamWriter::try_new(Vec::new(), &batch.schema()).unwrap();
        writer.write(&batch).unwrap();
        writer.into_inner().unwrap()
    }

    #[test]
    fn codes_and_displays_are_read_and_answers_read_back() {
        let codes: ArrayRef = Arc::new(StringArray::from(vec![Some("27"), None]));
        let displays: ArrayRef = Arc::new(StringArray::from(vec![Some("Amritsar"), None]));
        let read = read(&stream(vec![("code", codes), ("display", displays)])).unwrap();
        assert_eq!((read[0].code.as_str(), read[0].display.as_deref()), ("27", Some("Amritsar")));
        assert_eq!((read[1].code.as_str(), read[1].display.as_deref()), ("", None));

        let (mut answers, mut out) = (ArrowAnswers::begin().unwrap(), Vec::new());
        answers.push("27", Some("Amritsar"), None);
        answers.end_part(&mut out, false);
        answers.push("x", None, Some("unknown"));
        answers.end_part(&mut out, true);
        let batches: Vec<RecordBatch> = StreamReader::try_new(&*out, None).unwrap().map(Result::unwrap).collect();
        assert_eq!(batches.len(), 2);
        assert!(batches[0]["valid"].as_boolean().value(0) && !batches[1]["valid"].as_boolean().value(0));
    }

    #[test]
    fn what_is_no_such_stream_is_refused() {
        let numbers: ArrayRef = Arc::new(Int32Array::from(vec![1]));
        let many: ArrayRef = Arc::new(StringArray::from(vec!["x"; kanak_codes::BATCH_MAX + 1]));
        let good: ArrayRef = Arc::new(StringArray::from(vec!["27"]));
        let cut = stream(vec![("code", good)]);
        for (bytes, status) in [
            (Vec::new(), 400),
            (b"no arrow at all".to_vec(), 400),
            (cut[..cut.len() / 2].to_vec(), 400),
            (stream(vec![("code", numbers.clone())]), 400),
            (stream(vec![("other", numbers)]), 400),
            (stream(vec![("code", many)]), 413),
        ] {
            assert_eq!(read(&bytes).unwrap_err().status, status);
        }
    }

    #[test]
    fn a_refusal_repeats_little_of_the_stream() {
        let long = "x".repeat(35_000);
        let number: ArrayRef = Arc::new(Int32Array::from(vec![1]));
        let field = Arc::new(Field::new(&long, DataType::Int32, true));
        let nested: ArrayRef = Arc::new(arrow::array::StructArray::from(vec![(field, number)]));
        let detail = read(&stream(vec![("code", nested)])).unwrap_err().detail.unwrap();
        assert!(detail.contains("send Utf8") && detail.len() < 400, "{} bytes", detail.len());
        assert!(no_stream(&long).detail.unwrap().len() < 400);
    }

    #[test]
    fn a_stream_with_a_wrong_byte_is_read_or_refused() {
        let codes: ArrayRef = Arc::new(StringArray::from(vec!["27", "43", "737"]));
        let whole = stream(vec![("code", codes)]);
        let mut refused = 0;
        for place in 0..whole.len() {
            for flipped in [0x01, 0x80, 0xff] {
                let mut bytes = whole.clone();
                bytes[place] ^= flipped;
                match read(&bytes) {
                    Ok(questions) => assert!(questions.len() <= kanak_codes::BATCH_MAX),
                    Err(problem) => {
                        assert!(matches!(problem.status, 400 | 413), "{}", problem.status);
                        refused += 1;
                    }
                }
            }
        }
        assert!(refused > whole.len() / 4, "{refused} of {} were refused", whole.len() * 3);
    }
}

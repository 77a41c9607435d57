//! Bytes of any encoding as a stream of UTF-8, with `0xFF` where a place cannot be read.
//!
//! `0xFF` stands in no UTF-8 text, so the row that holds it fails its own check and is rejected with its line, while
//! the rows around it go on.

use std::io::{self, Cursor, Read};

use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use crate::error::IngestError;
use crate::input::{Input, SAMPLE_BYTES, read_sample};

const BUFFER_BYTES: usize = 256 * 1024;

/// Text of a file, in UTF-8.
pub(crate) struct TextInput {
    from: Box<dyn Read + Send>,
    decoder: Option<Decoder>,
    encoded: Vec<u8>,
    text: Vec<u8>,
    at: usize,
    ended: bool,
}

impl TextInput {
    /// Opens a file that is said to be in the encoding `label`.
    ///
    /// # Errors
    /// When the label is unknown, or the first bytes are evidently in another encoding.
    pub(crate) fn open(input: &Input<'_>, label: &str) -> Result<Self, IngestError> {
        let file = input.name();
        let encoding = find_encoding(&file, label)?;
        let mut from = input.open()?;
        let sample = read_sample(&mut *from).map_err(|cause| IngestError::of_io(&file, Some(1), cause))?;
        if sample.is_empty() {
            return Err(IngestError::Empty { file });
        }
        let (encoding, bom) = settle(encoding, &sample).map_err(|(line, likely)| IngestError::Encoding {
            file,
            line,
            declared: encoding.name().to_lowercase(),
            likely: likely.name().to_lowercase(),
        })?;
        let mut start = Cursor::new(sample);
        start.set_position(bom as u64);
        Ok(Self {
            from: Box::new(start.chain(from)),
            decoder: (encoding != UTF_8).then(|| encoding.new_decoder_without_bom_handling()),
            encoded: Vec::new(),
            text: Vec::new(),
            at: 0,
            ended: false,
        })
    }

    /// The next bytes of text; none at the end.
    pub(crate) fn fill(&mut self) -> io::Result<&[u8]> {
        while self.at == self.text.len() && !self.ended {
            self.at = 0;
            match self.decoder.take() {
                None => {
                    self.text.resize(BUFFER_BYTES, 0);
                    let read = read_some(&mut *self.from, &mut self.text)?;
                    self.text.truncate(read);
                    self.ended = read == 0;
                }
                Some(mut decoder) => {
                    self.encoded.resize(BUFFER_BYTES / 4, 0);
                    let read = read_some(&mut *self.from, &mut self.encoded)?;
                    self.ended = read == 0;
                    self.text.clear();
                    decode(&mut decoder, &self.encoded[..read], &mut self.text, self.ended);
                    if !self.ended {
                        self.decoder = Some(decoder);
                    }
                }
            }
        }
        Ok(&self.text[self.at..])
    }

    /// Marks bytes of the last [`TextInput::fill`] as read.
    pub(crate) fn consume(&mut self, bytes: usize) {
        self.at = (self.at + bytes).min(self.text.len());
    }
}

fn read_some(from: &mut dyn Read, into: &mut [u8]) -> io::Result<usize> {
    loop {
        match from.read(into) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

fn decode(decoder: &mut Decoder, mut bytes: &[u8], text: &mut Vec<u8>, last: bool) {
    let mut part = [0; 4096];
    loop {
        let (result, read, written) = decoder.decode_to_utf8_without_replacement(bytes, &mut part, last);
        bytes = &bytes[read..];
        text.extend_from_slice(&part[..written]);
        match result {
            DecoderResult::InputEmpty => return,
            DecoderResult::OutputFull => {}
            DecoderResult::Malformed(..) => text.push(0xFF),
        }
    }
}

/// The encoding of a label.
fn find_encoding(file: &str, label: &str) -> Result<&'static Encoding, IngestError> {
    Encoding::for_label_no_replacement(label.as_bytes()).ok_or_else(|| IngestError::Broken {
        file: file.to_owned(),
        line: None,
        problem: format!("its source says `encoding = \"{label}\"`, which is no encoding"),
        remedy: "use `utf-8`, `utf-16le`, `windows-1252` or another WHATWG label".into(),
    })
}

/// The encoding to decode with and the bytes of byte order mark to skip; or the line and the encoding that is likely
/// instead.
fn settle(declared: &'static Encoding, sample: &[u8]) -> Result<(&'static Encoding, usize), (u64, &'static Encoding)> {
    let is_utf_16 = |encoding: &Encoding| encoding == UTF_16LE || encoding == UTF_16BE;
    if let Some((marked, bytes)) = Encoding::for_bom(sample) {
        let same = marked == declared || is_utf_16(marked) && is_utf_16(declared);
        return if same { Ok((marked, bytes)) } else { Err((1, marked)) };
    }
    let found = sniff(sample);
    let wrong_width = is_utf_16(declared) != is_utf_16(found.encoding);
    // Two bytes a character that show no NUL may still be text of an Indian script, so both orders stay possible.
    if wrong_width && !(is_utf_16(declared) && found.encoding == WINDOWS_1252) {
        return Err((1, found.encoding));
    }
    if declared == UTF_8 && found.encoding == WINDOWS_1252 && found.bad_lines >= 3 && found.bad_lines > found.good_lines
    {
        return Err((found.first_bad_line, found.encoding));
    }
    if declared != UTF_8 && !is_utf_16(declared) && found.encoding == UTF_8 && found.good_lines > 0 {
        return Err((found.first_good_line, UTF_8));
    }
    Ok((declared, 0))
}

/// What the first bytes of a file without a byte order mark look like.
pub(crate) struct Sniffed {
    /// The encoding: UTF-8 also for plain ASCII, windows-1252 for what is nothing else.
    pub(crate) encoding: &'static Encoding,
    /// Lines that are not UTF-8.
    bad_lines: usize,
    first_bad_line: u64,
    /// Lines that are UTF-8 beyond ASCII.
    good_lines: usize,
    first_good_line: u64,
}

/// Looks at the first bytes of a file.
pub(crate) fn sniff(sample: &[u8]) -> Sniffed {
    let mut found = Sniffed { encoding: UTF_8, bad_lines: 0, first_bad_line: 0, good_lines: 0, first_good_line: 0 };
    if let Some(encoding) = sniff_utf_16(sample) {
        found.encoding = encoding;
        return found;
    }
    // The last line may be cut in the middle of a character.
    let whole = match sample.iter().rposition(|byte| *byte == b'\n') {
        Some(end) if sample.len() >= SAMPLE_BYTES => &sample[..end],
        _ => sample,
    };
    for (number, line) in (1..).zip(whole.split(|byte| *byte == b'\n')) {
        if std::str::from_utf8(line).is_err() {
            found.bad_lines += 1;
            found.first_bad_line = if found.bad_lines == 1 { number } else { found.first_bad_line };
        } else if !line.is_ascii() {
            found.good_lines += 1;
            found.first_good_line = if found.good_lines == 1 { number } else { found.first_good_line };
        }
    }
    if found.bad_lines > 0 {
        found.encoding = WINDOWS_1252;
    }
    found
}

/// Text in two bytes a character shows NULs, nearly all on one side.
fn sniff_utf_16(sample: &[u8]) -> Option<&'static Encoding> {
    let nuls = |first: usize| sample.iter().skip(first).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd) = (nuls(0), nuls(1));
    let enough = (sample.len() / 40).max(1);
    if odd > enough && odd > 10 * even {
        Some(UTF_16LE)
    } else if even > enough && even > 10 * odd {
        Some(UTF_16BE)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf_16le(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    #[test]
    fn an_encoding_is_known_by_its_bytes() {
        assert_eq!(sniff(b"id,name\n1,Ana\n").encoding, UTF_8);
        assert_eq!(sniff("id,name\n1,ਗੁਰਪ੍ਰੀਤ\n".as_bytes()).encoding, UTF_8);
        assert_eq!(sniff(b"id,name\n1,Jos\xe9\n").encoding, WINDOWS_1252);
        assert_eq!(sniff(&utf_16le("id,name\n1,Ana\n")).encoding, UTF_16LE);
        assert_eq!(sniff(&utf_16le("id,name\n1,ਗੁਰਪ੍ਰੀਤ ਸਿੰਘ\n")).encoding, UTF_16LE);
    }

    #[test]
    fn one_bad_line_is_a_bad_row_and_many_are_another_encoding() {
        let one = b"id,name\n1,Jos\xe9\n2,Ana\n".as_slice();
        assert!(settle(UTF_8, one).is_ok());
        let many = b"id,name\n1,Jos\xe9\n2,Ren\xe9\n3,Zo\xeb\n".as_slice();
        assert_eq!(settle(UTF_8, many), Err((2, WINDOWS_1252)));
        assert_eq!(settle(WINDOWS_1252, "id\nਗ\n".as_bytes()), Err((2, UTF_8)));
        assert_eq!(settle(UTF_8, &utf_16le("id,name\n")), Err((1, UTF_16LE)));
        assert_eq!(settle(UTF_8, b"\xff\xfei\0d\0"), Err((1, UTF_16LE)));
        assert_eq!(settle(UTF_16LE, b"id,name\n"), Err((1, UTF_8)));
        assert_eq!(settle(UTF_16LE, b"\xfe\xff\0i\0d"), Ok((UTF_16BE, 2)));
        assert_eq!(settle(UTF_8, b"\xef\xbb\xbfid"), Ok((UTF_8, 3)));
    }
}

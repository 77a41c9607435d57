//! A client on a thread of its own that does as little as it can: one connection kept alive, prepared requests, answers read to their end.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};

/// A prepared GET.
pub(super) fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n").into_bytes()
}

/// A prepared POST.
pub(super) fn post(path: &str, kind: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n{body}")
        .into_bytes()
}

/// Sends requests in turn, from one of them on, until a time; what each waited for.
///
/// # Errors
/// When the connection breaks or an answer is another than 200.
pub(super) fn ask(
    address: SocketAddr,
    requests: &[Vec<u8>],
    first: usize,
    until: Instant,
) -> anyhow::Result<Vec<Duration>> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    let mut waited = Vec::new();
    let mut buffer = vec![0; 4 << 20];
    for request in requests.iter().cycle().skip(first % requests.len()) {
        let begin = Instant::now();
        if begin >= until {
            break;
        }
        stream.write_all(request)?;
        read_answer(&mut stream, &mut buffer)?;
        waited.push(begin.elapsed());
    }
    Ok(waited)
}

fn read_answer(stream: &mut TcpStream, buffer: &mut [u8]) -> anyhow::Result<()> {
    const END_OF_HEAD: &[u8] = b"\r\n\r\n";
    let (mut filled, mut head) = (0, None);
    loop {
        let read = stream.read(&mut buffer[filled..])?;
        ensure!(read > 0, "the server closed the connection, or its answer is too large");
        filled += read;
        let got = &buffer[..filled];
        if head.is_none()
            && let Some(at) = got.windows(END_OF_HEAD.len()).position(|bytes| bytes == END_OF_HEAD)
        {
            let text = std::str::from_utf8(&got[..at])?;
            ensure!(
                text.starts_with("HTTP/1.1 200"),
                "the server answered {}",
                text.lines().next().unwrap_or_default()
            );
            head = Some((at + END_OF_HEAD.len(), length_of(text)?));
        }
        match head {
            Some((begins, Some(length))) if filled >= begins + length => return Ok(()),
            Some((_, None)) if got.ends_with(b"\r\n0\r\n\r\n") => return Ok(()),
            _ => {}
        }
    }
}

/// The length that a head states; `None` where the body comes in chunks.
fn length_of(head: &str) -> anyhow::Result<Option<usize>> {
    for line in head.lines() {
        let Some((name, value)) = line.split_once(':') else { continue };
        if name.eq_ignore_ascii_case("content-length") {
            return value.trim().parse().map(Some).context("a length that is none");
        }
        if name.eq_ignore_ascii_case("transfer-encoding") {
            return Ok(None);
        }
    }
    bail!("an answer without a length")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_states_a_length_or_chunks() {
        assert_eq!(length_of("HTTP/1.1 200 OK\r\nContent-Length: 12").unwrap(), Some(12));
        assert_eq!(length_of("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked").unwrap(), None);
        assert!(length_of("HTTP/1.1 200 OK").is_err());
    }
}

//! The event stream, read on a thread of its own and stamped as it comes.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};

use serde::Deserialize;

use super::holds::ORDER;
use super::wall_micros;
use crate::failure::Failure;
use crate::request::{Requests, Target};

const PATH: &str = "/v1/events/stream?type=ReservationExpired";
/// Room for what arrives at once.
const BUFFER_BYTES: usize = 1 << 20;
/// Longest head or line of a chunk's size.
const LINE_BYTES_MAX: u64 = 16 * 1024;

/// One expired hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Its number.
    pub hold: u32,
    /// When the server decided it, in microseconds since 1970, by the event's `timestamp`.
    pub decided: i64,
    /// When the event was here.
    pub heard: i64,
}

#[derive(Deserialize)]
struct Event<'a> {
    timestamp: &'a str,
    #[serde(borrow)]
    payload: Payload<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload<'a> {
    order_id: Option<&'a str>,
}

/// An open stream.
pub struct Feed<R> {
    chunks: BufReader<Chunks<R>>,
}

impl Feed<TcpStream> {
    /// Opens it, from the beginning of the log.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn open(address: SocketAddr, target: &Target) -> Result<Self, Failure> {
        let cause = |cause| Failure::Connect { address, cause };
        let mut stream = TcpStream::connect(address).map_err(cause)?;
        let mut request = Vec::new();
        Requests::new(target.clone()).get(PATH, &mut request);
        stream.write_all(&request)?;
        Self::behind_the_head(stream)
    }
}

impl<R: Read> Feed<R> {
    fn behind_the_head(stream: R) -> Result<Self, Failure> {
        let mut reader = BufReader::with_capacity(BUFFER_BYTES, stream);
        let first = line(&mut reader)?;
        let call = || format!("GET {PATH}");
        if !first.starts_with("HTTP/1.1 200") {
            let status = first.split(' ').nth(1).and_then(|it| it.parse().ok()).unwrap_or(0);
            return Err(Failure::Refused { call: call(), status, body: first });
        }
        let mut chunked = false;
        loop {
            let header = line(&mut reader)?.to_ascii_lowercase();
            if header.is_empty() {
                break;
            }
            chunked |= header.starts_with("transfer-encoding:") && header.contains("chunked");
        }
        if !chunked {
            let detail = "a stream without an end must come in chunks".into();
            return Err(Failure::Contract { call: call(), detail });
        }
        Ok(Self { chunks: BufReader::with_capacity(BUFFER_BYTES, Chunks { reader, left: 0 }) })
    }

    /// Reads until the server ends it, and says which holds expired. What is no event of ours is passed
    /// over.
    #[must_use]
    pub fn read_to_end(mut self) -> Vec<Seen> {
        let (mut seen, mut line) = (Vec::new(), String::new());
        loop {
            line.clear();
            match self.chunks.read_line(&mut line) {
                Ok(0) | Err(_) => return seen,
                Ok(_) => seen.extend(line.strip_prefix("data:").and_then(event)),
            }
        }
    }
}

fn event(data: &str) -> Option<Seen> {
    let heard = wall_micros();
    let event: Event<'_> = serde_json::from_str(data).ok()?;
    let hold = event.payload.order_id?.strip_prefix(ORDER)?.parse().ok()?;
    let decided = event.timestamp.parse::<jiff::Timestamp>().ok()?.as_microsecond();
    Some(Seen { hold, decided, heard })
}

fn line(reader: &mut impl BufRead) -> std::io::Result<String> {
    let mut line = String::new();
    if reader.by_ref().take(LINE_BYTES_MAX).read_line(&mut line)? == 0 {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    Ok(line.trim_end().to_owned())
}

/// A body in chunks, as one text.
struct Chunks<R> {
    reader: BufReader<R>,
    /// Of the chunk that is being read.
    left: u64,
}

impl<R: Read> Read for Chunks<R> {
    fn read(&mut self, room: &mut [u8]) -> std::io::Result<usize> {
        if self.left == 0 {
            let size = line(&mut self.reader)?;
            let digits = size.split(';').next().unwrap_or_default().trim();
            self.left = u64::from_str_radix(digits, 16)
                .map_err(|_| std::io::Error::from(std::io::ErrorKind::InvalidData))?;
            if self.left == 0 {
                return Ok(0);
            }
        }
        let count = self.reader.by_ref().take(self.left).read(room)?;
        self.left -= u64::try_from(count).expect("no more than was left");
        if self.left == 0 {
            line(&mut self.reader)?;
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunked(parts: &[&str]) -> String {
        let chunks = parts.iter().map(|part| format!("{:x}\r\n{part}\r\n", part.len()));
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        head.to_owned() + &chunks.collect::<String>() + "0\r\n\r\n"
    }

    #[test]
    fn events_are_found_wherever_chunks_end() {
        let event = "id: c1\nevent: ReservationExpired\ndata: {\"timestamp\":\"2026-02-09T12:00:00.250Z\",\"payload\":{\"orderId\":\"hold-7\"}}\n\n";
        let (first, second) = event.split_at(50);
        let text = chunked(&["retry: 1000\n\n", first, second, ": still here\n\n", event]);
        let seen = Feed::behind_the_head(text.as_bytes()).unwrap().read_to_end();
        let decided: jiff::Timestamp = "2026-02-09T12:00:00.250Z".parse().unwrap();
        assert_eq!(seen.len(), 2);
        assert!(seen.iter().all(|it| (it.hold, it.decided) == (7, decided.as_microsecond())));
    }

    #[test]
    fn orders_of_others_are_passed_over() {
        for data in [
            r#"{"timestamp":"2026-02-09T12:00:00Z","payload":{"orderId":"order-7"}}"#,
            r#"{"timestamp":"2026-02-09T12:00:00Z","payload":{}}"#,
            "still here",
        ] {
            assert_eq!(event(data), None, "{data}");
        }
    }

    #[test]
    fn a_refusal_is_told() {
        for text in ["HTTP/1.1 429 Too Many\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n", ""] {
            assert!(Feed::behind_the_head(text.as_bytes()).is_err(), "{text}");
        }
    }
}

//! The part of an HTTP/1.1 answer that a load generator needs, read without copying. It takes
//! bytes as they come and never asks for them.

use memchr::memmem;

/// Longest head that is accepted.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// Longest body that is accepted: a batch of 10,000 answers, generously.
const BODY_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Room of an empty inbox: one answer with one line fits, so one read suffices.
const ROOM_BYTES: usize = 2 * 1024;

/// The other side does not speak the HTTP this client understands.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// No `HTTP/1.1 NNN`.
    #[error("the answer does not begin with a status line of HTTP/1.1: {0:?}")]
    StatusLine(String),
    /// `transfer-encoding`: not needed by the contract, so not understood.
    #[error("the answer has a transfer-encoding ({0}); only content-length is understood")]
    TransferEncoding(String),
    /// No way to know where the body ends.
    #[error("the answer has no content-length")]
    NoLength,
    /// A length that is no number, is contradicted, or is too large.
    #[error("the content-length `{0}` is not a number up to {BODY_BYTES_MAX}")]
    Length(String),
    /// More than a head may be.
    #[error("the head of the answer is longer than {HEAD_BYTES_MAX} bytes")]
    HeadTooLong,
    /// Bytes after the end, although only one request was sent.
    #[error("{0} bytes follow the answer that nobody asked for")]
    Surplus(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Head {
    status: u16,
    /// Where the body begins, and ends.
    body: (usize, usize),
    closes: bool,
}

/// Collects one answer at a time.
#[derive(Debug, Default)]
pub struct Inbox {
    bytes: Vec<u8>,
    filled: usize,
    head: Option<Head>,
}

impl Inbox {
    /// Room to read into; never empty.
    pub fn room(&mut self) -> &mut [u8] {
        if self.filled == self.bytes.len() {
            let needed = self.head.map_or(0, |head| head.body.1);
            let grown = (self.bytes.len() * 2).max(ROOM_BYTES).max(needed);
            self.bytes.resize(grown, 0);
        }
        &mut self.bytes[self.filled..]
    }

    /// Notes that `count` bytes were read into the room. `true`: the answer is complete.
    ///
    /// # Errors
    /// [`Malformed`], and the connection is of no further use.
    pub fn received(&mut self, count: usize) -> Result<bool, Malformed> {
        let searched = self.filled.saturating_sub(3);
        self.filled += count;
        if self.head.is_none() {
            self.head = read_head(&self.bytes[..self.filled], searched)?;
        }
        let Some(head) = self.head else {
            return if self.filled > HEAD_BYTES_MAX {
                Err(Malformed::HeadTooLong)
            } else {
                Ok(false)
            };
        };
        match self.filled.checked_sub(head.body.1) {
            None => Ok(false),
            Some(0) => Ok(true),
            Some(surplus) => Err(Malformed::Surplus(surplus)),
        }
    }

    /// Nothing of an answer has come yet.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.filled == 0
    }

    /// Status of the complete answer; 0 before it is complete.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.head.map_or(0, |head| head.status)
    }

    /// Body of the complete answer.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        self.head.map_or(&[], |head| &self.bytes[head.body.0..head.body.1])
    }

    /// The server closes the connection after this answer.
    #[must_use]
    pub fn closes(&self) -> bool {
        self.head.is_some_and(|head| head.closes)
    }

    /// Forgets the answer and keeps the memory.
    pub fn clear(&mut self) {
        self.filled = 0;
        self.head = None;
    }
}

/// The head, if all of it is there. Bytes before `searched` are known not to end it.
fn read_head(bytes: &[u8], searched: usize) -> Result<Option<Head>, Malformed> {
    let Some(end) = memmem::find(&bytes[searched..], b"\r\n\r\n") else { return Ok(None) };
    let begin = searched + end + 4;
    let mut lines = bytes[..begin - 4].split(|byte| *byte == b'\n');
    let first = lines.next().unwrap_or_default();
    let status = read_status(first).ok_or_else(|| Malformed::StatusLine(text(first)))?;
    let mut length = None;
    let mut closes = false;
    for line in lines {
        // Most headers are of no interest: their first byte says so.
        match line.first().map(u8::to_ascii_lowercase) {
            Some(b'c') => {}
            Some(b't') if value_of(line, b"transfer-encoding").is_some() => {
                return Err(Malformed::TransferEncoding(text(line)));
            }
            _ => continue,
        }
        if let Some(value) = value_of(line, b"content-length") {
            let read = read_length(value).ok_or_else(|| Malformed::Length(text(value)))?;
            if length.is_some_and(|earlier| earlier != read) {
                return Err(Malformed::Length(text(value)));
            }
            length = Some(read);
        } else if let Some(value) = value_of(line, b"connection") {
            closes = value.eq_ignore_ascii_case(b"close");
        }
    }
    let length = match (length, status) {
        (_, 204 | 304) => 0,
        (Some(length), _) => length,
        (None, _) => return Err(Malformed::NoLength),
    };
    Ok(Some(Head { status, body: (begin, begin + length), closes }))
}

fn read_status(line: &[u8]) -> Option<u16> {
    let digits = line.strip_prefix(b"HTTP/1.1 ")?.get(..3)?;
    // 1xx never answers a request without `Expect`, so it is as foreign as HTTP/2.
    std::str::from_utf8(digits).ok()?.parse().ok().filter(|status| (200..600).contains(status))
}

fn read_length(value: &[u8]) -> Option<usize> {
    if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(value).ok()?.parse().ok().filter(|length| *length <= BODY_BYTES_MAX)
}

/// The trimmed value, when the line is header `name`.
fn value_of<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let (head, value) = line.split_at_checked(name.len())?;
    if !head.eq_ignore_ascii_case(name) {
        return None;
    }
    value.strip_prefix(b":").map(<[u8]>::trim_ascii)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&bytes[..bytes.len().min(80)]).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &str = "HTTP/1.1 201 Created\r\ncontent-type: application/json\r\nContent-Length:  7 \r\n\r\n{\"a\":1}";

    /// Feeds the parts one after the other and says what the last one led to.
    fn feed(inbox: &mut Inbox, parts: &[&[u8]]) -> Result<bool, Malformed> {
        let mut complete = false;
        for part in parts {
            let mut rest = *part;
            while !rest.is_empty() {
                let room = inbox.room();
                let count = rest.len().min(room.len());
                room[..count].copy_from_slice(&rest[..count]);
                rest = &rest[count..];
                complete = inbox.received(count)?;
            }
        }
        Ok(complete)
    }

    #[test]
    fn an_answer_may_be_split_anywhere() {
        for cut in 1..ANSWER.len() {
            let (first, second) = ANSWER.as_bytes().split_at(cut);
            let mut inbox = Inbox::default();
            assert_eq!(feed(&mut inbox, &[first]), Ok(false), "cut at {cut}");
            assert_eq!(feed(&mut inbox, &[second]), Ok(true), "cut at {cut}");
            assert_eq!((inbox.status(), inbox.body()), (201, &b"{\"a\":1}"[..]));
        }
    }

    #[test]
    fn an_answer_may_come_byte_by_byte_and_the_next_one_after_it() {
        let mut inbox = Inbox::default();
        for _ in 0..3 {
            let bytes: Vec<&[u8]> = ANSWER.as_bytes().chunks(1).collect();
            assert_eq!(feed(&mut inbox, &bytes), Ok(true));
            inbox.clear();
            assert!(inbox.is_empty());
        }
    }

    #[test]
    fn a_body_larger_than_the_room_is_collected() {
        let body = "x".repeat(300_000);
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: 300000\r\n\r\n{body}");
        let mut inbox = Inbox::default();
        assert_eq!(feed(&mut inbox, &[answer.as_bytes()]), Ok(true));
        assert_eq!(inbox.body(), body.as_bytes());
    }

    #[test]
    fn heads_that_are_understood() {
        for (answer, status, closes) in [
            ("HTTP/1.1 204 No Content\r\n\r\n", 204, false),
            ("HTTP/1.1 503 x\r\ncontent-length: 0\r\nconnection: Close\r\n\r\n", 503, true),
            ("HTTP/1.1 409 x\r\nCONTENT-LENGTH:0\r\nconnection: keep-alive\r\n\r\n", 409, false),
            ("HTTP/1.1 200\r\ncontent-type: text/plain\r\ncontent-length: 0\r\n\r\n", 200, false),
        ] {
            let mut inbox = Inbox::default();
            assert_eq!(feed(&mut inbox, &[answer.as_bytes()]), Ok(true), "{answer}");
            assert_eq!((inbox.status(), inbox.closes()), (status, closes), "{answer}");
        }
    }

    #[test]
    fn what_is_not_understood_is_refused_by_its_name() {
        let chunked =
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
        let refused = feed(&mut Inbox::default(), &[chunked.as_bytes()]).unwrap_err();
        assert_eq!(refused, Malformed::TransferEncoding("Transfer-Encoding: chunked".into()));
        assert!(refused.to_string().contains("only content-length"));

        for (answer, expected) in [
            ("HTTP/1.1 200 OK\r\n\r\n", Malformed::NoLength),
            ("HTTP/1.1 200 OK\r\ncontent-length: 1x\r\n\r\n", Malformed::Length("1x".into())),
            ("HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n", Malformed::Length("-1".into())),
            (
                "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
                Malformed::Length("2".into()),
            ),
            ("HTTP/2 200\r\n\r\n", Malformed::StatusLine("HTTP/2 200".into())),
            (
                "HTTP/1.1 100 Continue\r\n\r\n",
                Malformed::StatusLine("HTTP/1.1 100 Continue".into()),
            ),
            ("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nabc", Malformed::Surplus(2)),
        ] {
            assert_eq!(
                feed(&mut Inbox::default(), &[answer.as_bytes()]),
                Err(expected),
                "{answer}"
            );
        }
        let endless = format!("HTTP/1.1 200 OK\r\nx: {}", "y".repeat(HEAD_BYTES_MAX));
        let refused = feed(&mut Inbox::default(), &[endless.as_bytes()]);
        assert_eq!(refused, Err(Malformed::HeadTooLong));
    }
}

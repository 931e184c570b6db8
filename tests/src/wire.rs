//! One HTTP/1.1 connection: blocking, kept alive. Written by hand because the tests need what
//! libraries hide: which request lost its connection, an answer that comes before the body was
//! taken, and a stream that never ends.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// How long an answer may take before the test fails.
const ANSWER_WAIT: Duration = Duration::from_secs(300);

/// Status line and headers of an answer.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
}

impl Head {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

/// How the end of a body is known.
enum Framing {
    Length(u64),
    Chunked { left: u64 },
    UntilClose,
    Ended,
}

/// A connection to the server.
pub(crate) struct Wire {
    reader: BufReader<TcpStream>,
    framing: Framing,
}

impl Wire {
    pub(crate) fn connect(address: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(ANSWER_WAIT))?;
        stream.set_write_timeout(Some(ANSWER_WAIT))?;
        Ok(Self { reader: BufReader::new(stream), framing: Framing::Ended })
    }

    /// Whether the server has closed the connection while it was idle. Asked before a request is
    /// sent, so that no request is ever sent twice.
    pub(crate) fn is_closed(&self) -> bool {
        let stream = self.reader.get_ref();
        let peeked = stream.set_nonblocking(true).and_then(|()| stream.peek(&mut [0]));
        let restored = stream.set_nonblocking(false);
        let waiting = matches!(&peeked, Err(error) if error.kind() == io::ErrorKind::WouldBlock);
        !waiting || restored.is_err()
    }

    /// Sends a request and reads the head of the answer. A server may answer and close before it
    /// has taken the whole body, so a failed write is forgiven when an answer is there.
    pub(crate) fn exchange(&mut self, request: &[u8]) -> io::Result<Head> {
        let written = self.reader.get_mut().write_all(request);
        match self.read_head() {
            Ok(head) => Ok(head),
            Err(error) => Err(written.err().unwrap_or(error)),
        }
    }

    fn read_line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.reader.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(line.trim_end_matches(['\r', '\n']).to_owned())
    }

    fn read_head(&mut self) -> io::Result<Head> {
        let status_line = self.read_line()?;
        let status = status_line.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.ok_or_else(|| malformed(&status_line))?;
        let mut headers = Vec::new();
        loop {
            let line = self.read_line()?;
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(':').ok_or_else(|| malformed(&line))?;
            headers.push((name.to_owned(), value.trim().to_owned()));
        }
        let head = Head { status, headers };
        self.framing = framing_of(&head)?;
        Ok(head)
    }

    /// The whole body of the answer whose head was read last.
    pub(crate) fn read_body(&mut self) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        self.read_to_end(&mut body)?;
        Ok(body)
    }

    fn next_chunk(&mut self) -> io::Result<u64> {
        let line = self.read_line()?;
        let size = line.split(';').next().unwrap_or_default().trim();
        u64::from_str_radix(size, 16).map_err(|_| malformed(&line))
    }

    fn read_at_most(&mut self, buffer: &mut [u8], left: u64) -> io::Result<usize> {
        let most = usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()));
        match self.reader.read(&mut buffer[..most])? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            count => Ok(count),
        }
    }
}

impl Read for Wire {
    /// Reads the body of the answer whose head was read last.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.framing {
                Framing::Ended => return Ok(0),
                Framing::UntilClose => return self.reader.read(buffer),
                Framing::Length(0) => self.framing = Framing::Ended,
                Framing::Length(left) => {
                    let count = self.read_at_most(buffer, left)?;
                    self.framing = Framing::Length(left - count as u64);
                    return Ok(count);
                }
                Framing::Chunked { left: 0 } => {
                    let left = self.next_chunk()?;
                    self.framing = Framing::Chunked { left };
                    if left == 0 {
                        while !self.read_line()?.is_empty() {}
                        self.framing = Framing::Ended;
                    }
                }
                Framing::Chunked { left } => {
                    let count = self.read_at_most(buffer, left)?;
                    let left = left - count as u64;
                    if left == 0 {
                        self.read_line()?;
                    }
                    self.framing = Framing::Chunked { left };
                    return Ok(count);
                }
            }
        }
    }
}

fn framing_of(head: &Head) -> io::Result<Framing> {
    if head.status == 204 || head.status == 304 {
        return Ok(Framing::Ended);
    }
    if head.header("transfer-encoding").is_some_and(|value| value.contains("chunked")) {
        return Ok(Framing::Chunked { left: 0 });
    }
    match head.header("content-length") {
        Some(length) => length.parse().map(Framing::Length).map_err(|_| malformed(length)),
        None => Ok(Framing::UntilClose),
    }
}

fn malformed(line: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("not HTTP/1.1: `{line}`"))
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::thread;

    use super::Wire;
    use crate::{Client, Request, Stream};

    /// Serves one connection: for each answer, reads until a blank line, then writes its parts.
    fn serve(answers: &'static [&'static [&'static str]]) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it has an address").to_string();
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a client comes");
            for parts in answers {
                let mut seen = Vec::new();
                while !seen.ends_with(b"\r\n\r\n") {
                    let mut byte = [0];
                    stream.read_exact(&mut byte).expect("a request comes");
                    seen.push(byte[0]);
                }
                for part in *parts {
                    stream.write_all(part.as_bytes()).expect("the client reads");
                    stream.flush().expect("the client reads");
                }
            }
        });
        address
    }

    #[test]
    fn answers_on_one_connection_are_told_apart() {
        let address = serve(&[
            &["HTTP/1.1 20", "1 Created\r\nContent-Length: 5\r\n\r\n", "he", "llo"],
            &["HTTP/1.1 204 No Content\r\n\r\n"],
            &[
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nwo",
                "rl\r\n1\r\nd\r\n0\r\n\r\n",
            ],
            &["HTTP/1.1 404 Not Found\r\nX-A: b: c\r\n\r\nuntil the end"],
        ]);
        let client = Client::new(&address, None);
        let expected = [(201, "hello"), (204, ""), (200, "world"), (404, "until the end")];
        for (status, body) in expected {
            let answer = client.get("/");
            assert_eq!((answer.status(), answer.as_text()), (status, body));
        }
    }

    #[test]
    fn a_lost_answer_is_an_error_and_not_a_second_request() {
        let address = serve(&[&["HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"]]);
        let client = Client::new(&address, None);
        assert!(client.try_send(&Request::get("/")).is_err());
        let nobody = serve(&[]);
        let mut wire = Wire::connect(&nobody).expect("it listens");
        assert!(wire.exchange(b"GET / HTTP/1.1\r\n\r\n").is_err());
    }

    #[test]
    fn a_stream_is_read_message_by_message() {
        let address = serve(&[&[
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n",
            "1b\r\n: hello\n\nid: 7\nevent: A\ndat\r\n",
            "b\r\na: {\"x\":1}\n\r\n",
            "c\r\n\nid:8\ndata:2\r\n",
            "2\r\n\n\n\r\n0\r\n\r\n",
        ]]);
        let mut stream = Stream::open(&Client::new(&address, None), "", None);
        let messages = stream.take(2);
        assert_eq!(messages[0].id, "7");
        assert_eq!(messages[0].event.as_deref(), Some("A"));
        messages[0].data.shows("x 1");
        assert_eq!((messages[1].id.as_str(), messages[1].data.as_text()), ("8", "2"));
        assert!(stream.next_message().is_none());
    }
}

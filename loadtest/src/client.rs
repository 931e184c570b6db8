//! A blocking client for what happens before and after a run: one request, one answer.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

use crate::failure::Failure;
use crate::response::Inbox;

/// How long an answer may take.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);

/// One connection.
#[derive(Debug)]
pub struct Client {
    address: SocketAddr,
    stream: Option<TcpStream>,
    inbox: Inbox,
}

impl Client {
    /// A client that connects when it is first used.
    #[must_use]
    pub fn new(address: SocketAddr) -> Self {
        Self { address, stream: None, inbox: Inbox::default() }
    }

    /// Sends a rendered request and waits for the answer's status and body.
    ///
    /// # Errors
    /// When the connection breaks or the answer cannot be understood; the next call connects
    /// anew.
    pub fn call(&mut self, request: &[u8]) -> Result<(u16, &[u8]), Failure> {
        self.inbox.clear();
        let outcome = self.exchange(request);
        if outcome.is_err() || self.inbox.closes() {
            self.stream = None;
        }
        outcome?;
        Ok((self.inbox.status(), self.inbox.body()))
    }

    fn exchange(&mut self, request: &[u8]) -> Result<(), Failure> {
        if self.stream.is_none() {
            let stream = TcpStream::connect_timeout(&self.address, ANSWER_LIMIT)
                .map_err(|cause| Failure::Connect { address: self.address, cause })?;
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(ANSWER_LIMIT))?;
            self.stream = Some(stream);
        }
        let stream = self.stream.as_mut().expect("connected above");
        stream.write_all(request)?;
        loop {
            let count = stream.read(self.inbox.room())?;
            if count == 0 {
                return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into());
            }
            if self.inbox.received(count)? {
                return Ok(());
            }
        }
    }
}

/// The address in `http://host:port`.
///
/// # Errors
/// When it is something else, or the host is unknown.
pub fn address_of(url: &str) -> Result<SocketAddr, Failure> {
    let wrong = |why: &str| Failure::Settings(format!("`{url}` {why}"));
    let rest = url.strip_prefix("http://").ok_or_else(|| wrong("does not begin with http://"))?;
    let host = rest.trim_end_matches('/');
    if host.contains('/') {
        return Err(wrong("has a path; the API is at the root"));
    }
    let with_port = if host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok()) {
        host.to_owned()
    } else {
        format!("{host}:80")
    };
    let mut found = with_port.to_socket_addrs().map_err(|cause| wrong(&cause.to_string()))?;
    found.next().ok_or_else(|| wrong("has no address"))
}

/// The beginning of a body, for an error message.
#[must_use]
pub fn excerpt(body: &[u8]) -> String {
    String::from_utf8_lossy(&body[..body.len().min(300)]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_of_the_root_are_understood() {
        for (url, address) in [
            ("http://127.0.0.1:7070", "127.0.0.1:7070"),
            ("http://127.0.0.1:7070/", "127.0.0.1:7070"),
            ("http://127.0.0.1", "127.0.0.1:80"),
            ("http://[::1]:7070", "[::1]:7070"),
        ] {
            assert_eq!(address_of(url).unwrap().to_string(), address);
        }
        for url in ["https://127.0.0.1:1", "127.0.0.1:7070", "http://127.0.0.1:7070/v1"] {
            assert!(address_of(url).is_err(), "{url}");
        }
    }
}

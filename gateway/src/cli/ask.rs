//! Asking the running server, as the tools do: it says in `server.json` where it listens.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::exit::{Exit, Stop};
use crate::server_file::Listening;

/// How long it may take to be heard.
const CONNECT_WAIT: Duration = Duration::from_secs(5);

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Heard {
    /// The HTTP status.
    pub(super) status: u16,
    /// The body.
    pub(super) body: Vec<u8>,
}

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Question<'a> {
    /// `GET` or `POST`.
    pub(super) method: &'a str,
    /// With its query.
    pub(super) path: &'a str,
    /// Whose data; `None`: those of the default tenant.
    pub(super) tenant: Option<&'a str>,
    /// The form of the body.
    pub(super) content: &'a str,
    /// The body.
    pub(super) body: &'a str,
}

impl<'a> Question<'a> {
    /// With a body in JSON.
    pub(super) const fn json(method: &'a str, path: &'a str, body: &'a str) -> Self {
        Self { method, path, tenant: None, content: "application/json", body }
    }
}

/// Whether a server runs that has this data directory.
pub(super) fn is_served(data: &Path) -> bool {
    let Ok(Listening { listen, pid, .. }) = Listening::read(data) else { return false };
    // A server that was killed leaves the file behind, and another one may have its address by now.
    let process = rustix::process::Pid::from_raw(pid);
    let is_alive = |pid| rustix::process::test_kill_process(pid) != Err(rustix::io::Errno::SRCH);
    process.is_some_and(is_alive) && TcpStream::connect_timeout(&listen, CONNECT_WAIT).is_ok()
}

/// Sends one request to the server that has this data directory, and waits for the answer.
///
/// # Errors
/// No server runs there, or it does not answer.
pub(super) fn ask(data: &Path, method: &str, path: &str, body: &str) -> Result<Heard, Stop> {
    ask_for(data, &Question::json(method, path, body))
}

/// The same with all that can be said.
///
/// # Errors
/// No server runs there, or it does not answer.
pub(super) fn ask_for(data: &Path, question: &Question<'_>) -> Result<Heard, Stop> {
    let silent = |error: &dyn std::fmt::Display| {
        Stop::new(Exit::NotServing, format!("no server answers for {}: {error}", data.display()))
    };
    let Listening { listen, token, .. } = Listening::read(data).map_err(|error| silent(&error))?;
    let raw = exchange(listen, &token, question).map_err(|error| silent(&error))?;
    parse(&raw).ok_or_else(|| silent(&"what came back is no answer"))
}

/// The same; anything but success is the server's refusal.
///
/// # Errors
/// No server runs there, it does not answer, or it says no.
pub(super) fn obtain(data: &Path, question: &Question<'_>) -> Result<Value, Stop> {
    let heard = ask_for(data, question)?;
    let said: Value = serde_json::from_slice(&heard.body).unwrap_or_default();
    if (200..300).contains(&heard.status) {
        return Ok(said);
    }
    let detail = said["detail"].as_str().unwrap_or("it did not say why");
    Err(Stop::new(Exit::Refused, format!("the server refused ({}): {detail}", heard.status)))
}

fn exchange(listen: SocketAddr, token: &str, question: &Question<'_>) -> io::Result<Vec<u8>> {
    let Question { method, path, tenant, content, body } = question;
    let mut stream = TcpStream::connect_timeout(&listen, CONNECT_WAIT)?;
    let (length, user) = (body.len(), user());
    let tenant = tenant.map_or_else(String::new, |tenant| format!("x-tenant-id: {tenant}\r\n"));
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: {listen}\r\nconnection: close\r\nauthorization: Bearer \
         {token}\r\nx-user-id: {user}\r\n{tenant}content-type: {content}\r\ncontent-length: \
         {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body.as_bytes())?;
    let mut raw = Vec::new();
    stream.read_to_end(&mut raw)?;
    Ok(raw)
}

/// Who asks, for the audit: the user of this shell, or `cli` when its name is not plain.
fn user() -> String {
    let is_plain = |name: &String| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.@".contains(&byte);
        (1..=64).contains(&name.len()) && name.bytes().all(plain)
    };
    let named = std::env::var("USER").ok().filter(is_plain);
    named.unwrap_or_else(|| "cli".to_owned())
}

/// Takes an answer apart. Our answers state their length and are never chunked.
fn parse(raw: &[u8]) -> Option<Heard> {
    let end = raw.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&raw[..end]).ok()?;
    let status = head.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
    Some(Heard { status, body: raw[end + 4..].to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_taken_apart() {
        let check = |raw: &str, expected: Option<(u16, &str)>| {
            let expected = expected.map(|(status, body)| Heard { status, body: body.into() });
            assert_eq!(parse(raw.as_bytes()), expected, "{raw}");
        };
        check("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}", Some((200, "{}")));
        check("HTTP/1.1 503 Service Unavailable\r\n\r\n", Some((503, "")));
        check("HTTP/1.1 200 OK\r\n", None);
        check("SSH-2.0\r\n\r\n", None);
        check("", None);
    }
}

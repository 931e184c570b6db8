//! The event stream (Server-Sent Events), read message by message.

use std::io::{BufRead, BufReader};

use crate::wire::Wire;
use crate::{Client, Json, Request};

/// One message of the stream.
#[derive(Clone, Debug)]
pub struct Message {
    /// The `id` field: the cursor to resume after.
    pub id: String,
    /// The `event` field.
    pub event: Option<String>,
    /// The `data` field: the envelope.
    pub data: Json,
}

/// An open stream. Dropping it closes the connection.
pub struct Stream {
    lines: BufReader<Wire>,
}

impl Stream {
    /// Opens `GET /v1/events/stream?QUERY`, resuming after a cursor when one is given.
    #[track_caller]
    pub fn open(client: &Client, query: &str, last_event_id: Option<&str>) -> Self {
        let path = format!("/v1/events/stream?{query}");
        let mut request = Request::get(path.trim_end_matches('?'));
        request = request.header("Accept", "text/event-stream");
        if let Some(id) = last_event_id {
            request = request.header("Last-Event-ID", id);
        }
        let mut wire = Wire::connect(client.address()).expect("the server accepts");
        let head = wire.exchange(&request.render(client.address(), client.tenant()));
        let head = head.expect("the stream is answered");
        assert_eq!(head.status, 200, "the stream was refused");
        let form = head.header("content-type").unwrap_or_default();
        assert!(form.starts_with("text/event-stream"), "the stream is `{form}`");
        Self { lines: BufReader::new(wire) }
    }

    /// The next message, waiting for it. `None` when the server has closed the stream.
    pub fn next_message(&mut self) -> Option<Message> {
        let (mut id, mut event, mut data) = (String::new(), None, Vec::new());
        loop {
            let mut line = String::new();
            let count = self.lines.read_line(&mut line).ok()?;
            if count == 0 {
                return None;
            }
            let line = line.trim_end_matches(['\r', '\n']);
            if line.is_empty() {
                if !data.is_empty() {
                    return Some(Message { id, event, data: Json::new(data.join("\n")) });
                }
                continue;
            }
            let (field, value) = line.split_once(':').unwrap_or((line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value).to_owned();
            match field {
                "id" => id = value,
                "event" => event = Some(value),
                "data" => data.push(value),
                _ => {}
            }
        }
    }

    /// The next `count` messages.
    #[track_caller]
    pub fn take(&mut self, count: usize) -> Vec<Message> {
        (0..count).map(|_| self.next_message().expect("the stream ended too early")).collect()
    }
}

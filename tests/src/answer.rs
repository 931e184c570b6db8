//! What came back: status, headers, body, and the request it answers (for messages).

use std::ops::Deref;

use crate::wire::Head;
use crate::{Json, Request};

/// An answer. Its body can be asked directly (`answer.figure("position/onHand")`).
#[derive(Clone, Debug)]
pub struct Answer {
    asked: String,
    status: u16,
    headers: Vec<(String, String)>,
    body: Json,
}

impl Deref for Answer {
    type Target = Json;

    fn deref(&self) -> &Json {
        &self.body
    }
}

impl Answer {
    pub(crate) fn new(request: &Request, head: Head, body: Vec<u8>) -> Self {
        let mut sent = String::from_utf8_lossy(&request.body).into_owned();
        if sent.len() > 600 {
            sent = format!("({} bytes)", sent.len());
        }
        Self {
            asked: format!("{} {} {sent}", request.method, request.path),
            status: head.status,
            headers: head.headers,
            body: Json::new(String::from_utf8_lossy(&body)),
        }
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// Whether the server says that it gave this answer before.
    pub fn is_replayed(&self) -> bool {
        self.header("idempotency-replayed") == Some("true")
    }

    /// The body.
    pub fn json(&self) -> &Json {
        &self.body
    }

    /// Insists on this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}\n  answered {}", self.asked, self.body);
        self
    }

    /// Insists on success.
    #[track_caller]
    pub fn ok(self) -> Self {
        let (status, asked) = (self.status, &self.asked);
        assert!((200..300).contains(&status), "{asked}\n  answered {status} {}", self.body);
        self
    }

    /// Insists on a problem with this status and code, in the form of RFC 9457.
    #[track_caller]
    pub fn problem(self, status: u16, code: &str) -> Self {
        self.problem_among(&[(status, code)])
    }

    /// Insists on one of several problems, where the contract leaves the choice.
    #[track_caller]
    pub fn problem_among(self, allowed: &[(u16, &str)]) -> Self {
        let code = self.body.find("code").filter(|_| self.has("code"));
        let found = (self.status, code.map_or_else(String::new, |_| self.text("code")));
        let known = allowed.iter().any(|(status, code)| (*status, *code) == (found.0, &found.1));
        assert!(known, "{}\n  answered {found:?} {}\n  not {allowed:?}", self.asked, self.body);
        let form = self.header("content-type").unwrap_or_default();
        assert!(form.starts_with("application/problem+json"), "{}\n  is `{form}`", self.asked);
        self.shows("type present, title present, detail present");
        assert_eq!(self.number("status"), u64::from(self.status), "{}", self.body);
        self
    }
}

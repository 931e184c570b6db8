//! A request before it is sent.

use serde_json::Value;

/// Method, path, headers and body of one call.
#[derive(Clone, Debug)]
pub struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// A request without a body.
    pub fn new(method: &str, path: impl Into<String>) -> Self {
        Self { method: method.to_owned(), path: path.into(), headers: Vec::new(), body: Vec::new() }
    }

    /// `GET path`.
    pub fn get(path: impl Into<String>) -> Self {
        Self::new("GET", path)
    }

    /// `POST path`.
    pub fn post(path: impl Into<String>) -> Self {
        Self::new("POST", path)
    }

    /// `PUT path`.
    pub fn put(path: impl Into<String>) -> Self {
        Self::new("PUT", path)
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Adds the `Idempotency-Key`.
    #[must_use]
    pub fn key(self, key: impl Into<String>) -> Self {
        self.header("Idempotency-Key", key)
    }

    /// Sends this JSON.
    #[must_use]
    pub fn json(self, body: &Value) -> Self {
        self.raw("application/json", body.to_string())
    }

    /// Sends these bytes as they are.
    #[must_use]
    pub fn raw(mut self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self.header("Content-Type", content_type)
    }

    /// The bytes on the wire, with `Host`, the length and the tenant.
    pub(crate) fn render(&self, host: &str, tenant: Option<&str>) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\nHost: {host}\r\n", self.method, self.path);
        let named = self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("x-tenant-id"));
        if let Some(tenant) = tenant.filter(|_| !named) {
            head.push_str(&format!("X-Tenant-Id: {tenant}\r\n"));
        }
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if !self.body.is_empty() || self.method != "GET" {
            head.push_str(&format!("Content-Length: {}\r\n", self.body.len()));
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

/// Writes an id so that it can stand in a path or a query.
pub fn encode(id: &str) -> String {
    id.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                char::from(byte).to_string()
            }
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Request, encode};

    #[test]
    fn ids_are_percent_encoded() {
        assert_eq!(encode("a/b c%é"), "a%2Fb%20c%25%C3%A9");
    }

    #[test]
    fn a_named_tenant_wins_over_the_client_s() {
        let own = Request::get("/x").render("h", Some("t"));
        assert_eq!(own, b"GET /x HTTP/1.1\r\nHost: h\r\nX-Tenant-Id: t\r\n\r\n");
        let named = Request::get("/x").header("X-Tenant-Id", "u").render("h", Some("t"));
        assert_eq!(named, b"GET /x HTTP/1.1\r\nHost: h\r\nX-Tenant-Id: u\r\n\r\n");
    }
}

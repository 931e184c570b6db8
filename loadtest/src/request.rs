//! Renders requests into bytes. Everything that is the same for all requests of a run is
//! rendered once.

use crate::journal::Step;
use crate::order::{Line, Order, OrderNumber};
use crate::quantity::Quantity;
use crate::warehouse::{Position, Warehouse, write_padded};

/// Whether writes carry an `Idempotency-Key`, as those of a real checkout do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keys {
    /// Every write has its own.
    Sent,
    /// None has one.
    Omitted,
}

/// Where the requests go.
#[derive(Clone, Debug)]
pub struct Target {
    /// Value of the `Host` header.
    pub host: String,
    /// Tenant of the run: its own, so that runs do not mix.
    pub tenant: String,
    /// The positions.
    pub warehouse: Warehouse,
    /// Deadline of a reservation that is not meant to expire within the run.
    pub ttl_seconds: u32,
    /// Keys or none.
    pub keys: Keys,
}

/// Renders the requests of one thread.
#[derive(Debug)]
pub struct Requests {
    target: Target,
    /// From the space before `HTTP/1.1` up to the value of `Idempotency-Key` or `Content-Length`.
    common: Vec<u8>,
    body: Vec<u8>,
}

impl Requests {
    /// A renderer for one target.
    #[must_use]
    pub fn new(target: Target) -> Self {
        let common = format!(
            " HTTP/1.1\r\nHost: {}\r\nX-Tenant-Id: {}\r\nContent-Type: application/json\r\n",
            target.host, target.tenant
        );
        Self { target, common: common.into_bytes(), body: Vec::new() }
    }

    /// `GET path`.
    pub fn get(&self, path: &str, out: &mut Vec<u8>) {
        out.extend_from_slice(b"GET ");
        out.extend_from_slice(path.as_bytes());
        out.extend_from_slice(&self.common);
        out.extend_from_slice(b"\r\n");
    }

    /// `POST path` of a question: it writes nothing, so it has no key.
    pub fn ask(&self, path: &str, body: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(b"POST ");
        out.extend_from_slice(path.as_bytes());
        out.extend_from_slice(&self.common);
        push_body(body, out);
    }

    /// `POST /v1/reservations` of one order.
    pub fn reserve(&mut self, number: OrderNumber, order: &Order, out: &mut Vec<u8>) {
        self.body.clear();
        self.push_order(number, order);
        self.post(&[b"/v1/reservations"], number, b'r', out);
    }

    /// Begins `POST /v1/reservations:batch`.
    pub fn begin_batch(&mut self) {
        self.body.clear();
        self.body.push(b'[');
    }

    /// Adds an order to the batch.
    pub fn add_to_batch(&mut self, number: OrderNumber, order: &Order) {
        if self.body.len() > 1 {
            self.body.push(b',');
        }
        self.push_order(number, order);
    }

    /// Ends the batch; `number` is that of its first order.
    pub fn end_batch(&mut self, number: OrderNumber, out: &mut Vec<u8>) {
        self.body.push(b']');
        self.post(&[b"/v1/reservations:batch"], number, b'b', out);
    }

    /// A step in the life of reservation `id`.
    pub fn step(&mut self, step: Step, number: OrderNumber, id: &[u8], out: &mut Vec<u8>) {
        self.body.clear();
        let (path, mark): (&[u8], u8) = match step {
            Step::Create => unreachable!("`reserve` renders it"),
            Step::Extend => {
                self.body.extend_from_slice(b"{\"ttlSeconds\":");
                write_padded(u64::from(self.target.ttl_seconds), 1, &mut self.body);
                self.body.push(b'}');
                (b"/extend", b'e')
            }
            Step::Confirm => (b"/confirm", b'c'),
            Step::Fulfil => {
                self.body.extend_from_slice(b"{\"shipmentId\":\"s-");
                write_number(number, &mut self.body);
                self.body.extend_from_slice(b"\"}");
                (b"/fulfil", b'f')
            }
            Step::Cancel => {
                self.body.extend_from_slice(b"{\"reason\":\"changed their mind\"}");
                (b"/cancel", b'x')
            }
        };
        self.post(&[b"/v1/reservations/", id, path], number, mark, out);
    }

    /// `POST /v1/stock:batch`: a receipt of `quantity` at each of the positions.
    pub fn receive(
        &mut self,
        positions: std::ops::Range<Position>,
        quantity: Quantity,
        out: &mut Vec<u8>,
    ) {
        let number = OrderNumber { thread: 0, sequence: u64::from(positions.start) };
        self.body.clear();
        self.body.push(b'[');
        for position in positions {
            if self.body.len() > 1 {
                self.body.push(b',');
            }
            self.body.extend_from_slice(b"{\"op\":\"receipt\",");
            self.push_line(Line { position, quantity });
            self.body.push(b'}');
        }
        self.body.push(b']');
        self.post(&[b"/v1/stock:batch"], number, b's', out);
    }

    fn push_order(&mut self, number: OrderNumber, order: &Order) {
        self.body.extend_from_slice(b"{\"orderId\":\"");
        write_order_id(number, &mut self.body);
        self.body.extend_from_slice(b"\",\"ttlSeconds\":");
        let ttl = order.fate.short_deadline_seconds().unwrap_or(self.target.ttl_seconds);
        write_padded(u64::from(ttl), 1, &mut self.body);
        self.body.extend_from_slice(b",\"lines\":[");
        for (place, line) in order.lines.iter().enumerate() {
            self.body.extend_from_slice(if place == 0 { b"{" } else { b",{" });
            self.push_line(*line);
            self.body.push(b'}');
        }
        self.body.extend_from_slice(b"]}");
    }

    fn push_line(&mut self, line: Line) {
        self.target.warehouse.write_place(line.position, &mut self.body);
        self.body.extend_from_slice(b",\"quantity\":");
        line.quantity.write(&mut self.body);
    }

    /// The key is unique in the tenant: the kind of write, the thread, the number.
    fn post(&self, path: &[&[u8]], number: OrderNumber, mark: u8, out: &mut Vec<u8>) {
        out.extend_from_slice(b"POST ");
        path.iter().for_each(|part| out.extend_from_slice(part));
        out.extend_from_slice(&self.common);
        if self.target.keys == Keys::Sent {
            out.extend_from_slice(b"Idempotency-Key: ");
            out.extend_from_slice(self.target.tenant.as_bytes());
            out.extend_from_slice(&[b'-', mark, b'-']);
            write_number(number, out);
            out.extend_from_slice(b"\r\n");
        }
        push_body(&self.body, out);
    }
}

fn push_body(body: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(b"Content-Length: ");
    write_padded(u64::try_from(body.len()).expect("a length in memory"), 1, out);
    out.extend_from_slice(b"\r\n\r\n");
    out.extend_from_slice(body);
}

fn write_number(number: OrderNumber, out: &mut Vec<u8>) {
    write_padded(u64::from(number.thread), 2, out);
    out.push(b'-');
    write_padded(number.sequence, 10, out);
}

/// Appends the `orderId` of an order.
pub fn write_order_id(number: OrderNumber, out: &mut Vec<u8>) {
    out.extend_from_slice(b"order-");
    write_number(number, out);
}

/// The `orderId` of an order.
#[must_use]
pub fn order_id(number: OrderNumber) -> String {
    let mut out = Vec::new();
    write_order_id(number, &mut out);
    String::from_utf8(out).expect("digits and letters")
}

/// The path that finds the reservations of an order.
#[must_use]
pub fn path_by_order(number: OrderNumber) -> String {
    format!("/v1/reservations?orderId={}", order_id(number))
}

/// `text` as part of a query.
#[must_use]
pub fn percent_encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::order::Fate;

    fn requests(keys: Keys) -> Requests {
        Requests::new(Target {
            host: "127.0.0.1:7070".into(),
            tenant: "t".into(),
            warehouse: Warehouse { items: 10, locations: 2 },
            ttl_seconds: 900,
            keys,
        })
    }

    fn order(fate: Fate) -> Order {
        let line = |position, micros| Line { position, quantity: Quantity::from_micros(micros) };
        Order { lines: vec![line(3, 1_000_000), line(4, 250_000)], fate }
    }

    /// Head and body; the content-length must be the body's.
    fn split(out: &[u8]) -> (String, String) {
        let text = std::str::from_utf8(out).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let length = head.split_once("Content-Length: ").map_or("0", |(_, length)| length);
        assert_eq!(length, body.len().to_string(), "{head}");
        (head.to_owned(), body.to_owned())
    }

    const NUMBER: OrderNumber = OrderNumber { thread: 1, sequence: 42 };
    const FIRST: &str = r#"{"orderId":"order-01-0000000042","ttlSeconds":900,"lines":[{"itemId":"item-00000001","locationId":"loc-0001","quantity":1},{"itemId":"item-00000002","locationId":"loc-0000","quantity":0.25}]}"#;

    #[test]
    fn a_reservation_is_rendered_as_the_contract_has_it() {
        let mut out = Vec::new();
        requests(Keys::Sent).reserve(NUMBER, &order(Fate::Keep), &mut out);
        let (head, body) = split(&out);
        assert_eq!(body, FIRST);
        let start = "POST /v1/reservations HTTP/1.1\r\nHost: 127.0.0.1:7070\r\nX-Tenant-Id: t\r\n";
        assert!(head.starts_with(start), "{head}");
        assert!(head.contains("\r\nIdempotency-Key: t-r-01-0000000042\r\n"), "{head}");
    }

    #[test]
    fn without_keys_there_is_none_and_a_short_deadline_is_sent() {
        let mut out = Vec::new();
        requests(Keys::Omitted).reserve(NUMBER, &order(Fate::Expire), &mut out);
        let (head, body) = split(&out);
        assert!(!head.contains("Idempotency-Key"));
        assert!(body.contains("\"ttlSeconds\":1,"), "{body}");
    }

    #[test]
    fn a_batch_is_an_array_of_orders() {
        let (mut requests, mut out) = (requests(Keys::Sent), Vec::new());
        requests.begin_batch();
        requests.add_to_batch(NUMBER, &order(Fate::Keep));
        requests.add_to_batch(NUMBER, &order(Fate::Keep));
        requests.end_batch(NUMBER, &mut out);
        assert_eq!(split(&out).1, format!("[{FIRST},{FIRST}]"));
    }

    #[test]
    fn steps_have_their_paths_bodies_and_keys() {
        for (step, path, body, mark) in [
            (Step::Extend, "extend", r#"{"ttlSeconds":900}"#, 'e'),
            (Step::Confirm, "confirm", "", 'c'),
            (Step::Fulfil, "fulfil", r#"{"shipmentId":"s-01-0000000042"}"#, 'f'),
            (Step::Cancel, "cancel", r#"{"reason":"changed their mind"}"#, 'x'),
        ] {
            let mut out = Vec::new();
            requests(Keys::Sent).step(step, NUMBER, b"r-7", &mut out);
            let (head, rendered) = split(&out);
            assert_eq!(rendered, body);
            assert!(head.starts_with(&format!("POST /v1/reservations/r-7/{path} ")), "{head}");
            assert!(head.contains(&format!("Key: t-{mark}-01-0000000042\r\n")), "{head}");
        }
    }

    #[test]
    fn receipts_are_operations_of_a_stock_batch() {
        let mut out = Vec::new();
        requests(Keys::Sent).receive(0..2, Quantity::from_micros(5_000_000), &mut out);
        let body = split(&out).1;
        let first =
            r#"{"op":"receipt","itemId":"item-00000000","locationId":"loc-0000","quantity":5}"#;
        assert!(body.starts_with(&format!("[{first},{{")), "{body}");
    }

    #[test]
    fn cursors_survive_the_query() {
        assert_eq!(percent_encoded("aZ09-._~"), "aZ09-._~");
        assert_eq!(percent_encoded("a+b/c=%é"), "a%2Bb%2Fc%3D%25%C3%A9");
    }
}

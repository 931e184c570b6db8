//! One tenant's calls in the words of the contract.

use std::ops::Deref;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};

use crate::{Answer, Client, Json, Request, Server, encode};

/// A tenant and its client. A clone has a connection of its own.
#[derive(Clone)]
pub struct Shop(Client);

impl Deref for Shop {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.0
    }
}

impl Shop {
    /// The calls of this client's tenant.
    pub fn new(client: Client) -> Self {
        Self(client)
    }

    /// A tenant that no other test uses, on the shared server.
    pub fn open(name: &str) -> Self {
        static OPENED: AtomicU32 = AtomicU32::new(0);
        let number = OPENED.fetch_add(1, Ordering::Relaxed);
        Server::shared().shop(&format!("{name}-{number}"))
    }

    /// `POST /v1/stock/{kind}`.
    #[track_caller]
    pub fn stock(&self, kind: &str, body: &Value) -> Answer {
        self.post(&format!("/v1/stock/{kind}"), body)
    }

    /// Receives stock; must succeed.
    #[track_caller]
    pub fn receive(&self, item: &str, location: &str, quantity: i64) -> Answer {
        self.stock("receipts", &at(item, location, &json!({ "quantity": quantity }))).ok()
    }

    /// Books a till sale; must succeed.
    #[track_caller]
    pub fn sell(&self, item: &str, location: &str, quantity: i64) -> Answer {
        self.stock("sales", &at(item, location, &json!({ "quantity": quantity }))).ok()
    }

    /// Books a count; must succeed.
    #[track_caller]
    pub fn count(&self, item: &str, location: &str, counted: i64) -> Answer {
        self.stock("counts", &at(item, location, &json!({ "counted": counted }))).ok()
    }

    /// Creates or changes an item; must succeed.
    #[track_caller]
    pub fn item(&self, item: &str, fields: &Value) -> Answer {
        self.put(&format!("/v1/items/{}", encode(item)), fields).ok()
    }

    /// Creates or changes a location; must succeed.
    #[track_caller]
    pub fn location(&self, location: &str, fields: &Value) -> Answer {
        self.put(&format!("/v1/locations/{}", encode(location)), fields).ok()
    }

    /// Sets a position's policy; must succeed.
    #[track_caller]
    pub fn policy(&self, item: &str, location: &str, policy: &Value) -> Answer {
        self.put(&format!("{}/policy", position_path(item, location)), policy).ok()
    }

    /// Reads a position, which must exist.
    #[track_caller]
    pub fn position(&self, item: &str, location: &str) -> Json {
        self.get(&position_path(item, location)).expect(200).json().clone()
    }

    /// `POST /v1/reservations` with these fields.
    #[track_caller]
    pub fn reserve(&self, body: &Value) -> Answer {
        self.post("/v1/reservations", body)
    }

    /// Reserves one line at one location; must succeed.
    #[track_caller]
    pub fn hold(&self, item: &str, location: &str, quantity: i64) -> Answer {
        self.hold_lines(&[line(item, location, quantity)])
    }

    /// Reserves these lines; must succeed.
    #[track_caller]
    pub fn hold_lines(&self, lines: &[Value]) -> Answer {
        self.reserve(&json!({ "lines": lines })).expect(201)
    }

    /// Reads a reservation, which must exist.
    #[track_caller]
    pub fn reservation(&self, id: &str) -> Json {
        self.get(&format!("/v1/reservations/{id}")).expect(200).json().clone()
    }

    /// `POST /v1/reservations/{id}/{verb}`; a `null` body is not sent.
    #[track_caller]
    pub fn act(&self, id: &str, verb: &str, body: &Value) -> Answer {
        let request = Request::post(format!("/v1/reservations/{id}/{verb}"));
        self.send(&if body.is_null() { request } else { request.json(body) })
    }

    /// All entries of a list, page by page. `path` may have a query.
    #[track_caller]
    pub fn pages(&self, path: &str) -> Vec<Json> {
        let mark = if path.contains('?') { '&' } else { '?' };
        let mut page = self.get(path).expect(200);
        let mut entries = page.list("items");
        while page.has("nextCursor") {
            let cursor = encode(&page.text("nextCursor"));
            page = self.get(&format!("{path}{mark}cursor={cursor}")).expect(200);
            entries.extend(page.list("items"));
            assert!(entries.len() < 100_000, "{path} does not end");
        }
        entries
    }

    /// All events that match `query` (`type=…&aggregateId=…`), in the order of the log.
    #[track_caller]
    pub fn events(&self, query: &str) -> Vec<Json> {
        self.events_after("0", 1_000, query).concat()
    }

    /// The pages of events after a cursor.
    #[track_caller]
    pub fn events_after(&self, after: &str, limit: usize, query: &str) -> Vec<Vec<Json>> {
        let (mut pages, mut after) = (Vec::new(), after.to_owned());
        loop {
            let path = format!("/v1/events?after={}&limit={limit}&{query}", encode(&after));
            let page = self.get(path.trim_end_matches('&')).expect(200);
            let events = page.list("items");
            match (events.last(), page.has("nextCursor")) {
                (Some(last), _) => after = last.text("cursor"),
                (None, true) => after = page.text("nextCursor"),
                (None, false) => return pages,
            }
            pages.push(events);
            assert!(pages.len() < 10_000, "the events do not end");
        }
    }

    /// The types of all events of an aggregate, in order.
    #[track_caller]
    pub fn event_types(&self, aggregate: &str) -> Vec<String> {
        let events = self.events(&format!("aggregateId={}", encode(aggregate)));
        events.iter().map(|event| event.text("eventType")).collect()
    }
}

/// The fields of a call about one position, and `rest`.
pub fn at(item: &str, location: &str, rest: &Value) -> Value {
    let mut fields = json!({ "itemId": item, "locationId": location });
    let (Value::Object(fields_map), Value::Object(rest)) = (&mut fields, rest.clone()) else {
        panic!("{rest} is no object");
    };
    fields_map.extend(rest);
    fields
}

/// A line that names its location.
pub fn line(item: &str, location: &str, quantity: i64) -> Value {
    at(item, location, &json!({ "quantity": quantity }))
}

/// A line that leaves the choice of the location to the engine.
pub fn anywhere(item: &str, quantity: i64) -> Value {
    json!({ "itemId": item, "quantity": quantity })
}

fn position_path(item: &str, location: &str) -> String {
    format!("/v1/positions/{}/{}", encode(item), encode(location))
}

//! An event of any type, as a till, a warehouse system or a shop would write it.

mod spelling;

use serde_json::{Map, Value, json};

use spelling::{dotted, upper_snake, with_dotted_names};

/// A way of spelling events, as EVENTS.md has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// `SaleCompleted`.
    Standard,
    /// `SaleCompletedEvent`.
    Domain,
    /// `SALE_COMPLETED`.
    Composerp,
    /// `sale.completed`, with snake_case members.
    Dotted,
    /// `com.example.SaleCompleted`.
    Cloudevents,
}

impl Dialect {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Standard, Self::Domain, Self::Composerp, Self::Dotted, Self::Cloudevents];
}

/// An event in the making. What is not set is left out, so that its default shows.
#[derive(Clone, Debug)]
pub struct Event {
    dialect: Dialect,
    name: String,
    payload: Value,
    id: Option<String>,
    tenant: Option<String>,
    timestamp: Option<String>,
    source: Option<String>,
    user: Option<String>,
    correlation: Option<String>,
    pub(super) key: Option<String>,
    pub(super) partition: Option<i32>,
    pub(super) headers: Vec<(String, String)>,
}

impl Event {
    /// An event by its canonical name (`SaleCompleted`) and with a payload in camelCase; the dialect
    /// spells both.
    pub fn new(dialect: Dialect, name: &str, payload: Value) -> Self {
        Self {
            dialect,
            name: name.to_owned(),
            payload,
            id: None,
            tenant: None,
            timestamp: None,
            source: None,
            user: None,
            correlation: None,
            key: None,
            partition: None,
            headers: Vec::new(),
        }
    }

    /// A till sale, in `composerp`, as tills send them.
    pub fn sale(sale: &str, item: &str, location: &str, quantity: impl Into<Value>) -> Self {
        let quantity = quantity.into();
        let payload = json!({
            "saleId": sale, "itemId": item, "locationId": location, "quantity": quantity,
        });
        Self::new(Dialect::Composerp, "SaleCompleted", payload).id(sale)
    }

    /// Its id in the body.
    #[must_use]
    pub fn id(mut self, id: &str) -> Self {
        self.id = Some(id.to_owned());
        self
    }

    /// Its tenant in the body.
    #[must_use]
    pub fn tenant(mut self, tenant: &str) -> Self {
        self.tenant = Some(tenant.to_owned());
        self
    }

    /// When it was said.
    #[must_use]
    pub fn at(mut self, timestamp: &str) -> Self {
        self.timestamp = Some(timestamp.to_owned());
        self
    }

    /// Who says it.
    #[must_use]
    pub fn source(mut self, source: &str) -> Self {
        self.source = Some(source.to_owned());
        self
    }

    /// Who did it. `dotted` envelopes have no place for it: there it is a member of the payload.
    #[must_use]
    pub fn user(mut self, user: &str) -> Self {
        self.user = Some(user.to_owned());
        self
    }

    /// What ties it to others.
    #[must_use]
    pub fn correlation(mut self, correlation: &str) -> Self {
        self.correlation = Some(correlation.to_owned());
        self
    }

    /// The key of its message; messages of one key keep their order.
    #[must_use]
    pub fn key(mut self, key: &str) -> Self {
        self.key = Some(key.to_owned());
        self
    }

    /// The partition it is put into, whatever its key.
    #[must_use]
    pub fn partition(mut self, partition: u16) -> Self {
        self.partition = Some(partition.into());
        self
    }

    /// A header of its message.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Its text.
    pub fn text(&self) -> String {
        let members = match self.dialect {
            Dialect::Standard => self.envelope(&self.name, &json!("1.0")),
            Dialect::Domain => self.envelope(&format!("{}Event", self.name), &json!(1)),
            Dialect::Composerp => self.envelope(&upper_snake(&self.name), &json!("1.0")),
            Dialect::Dotted => self.dotted(),
            Dialect::Cloudevents => self.cloudevent(),
        };
        Value::Object(members).to_string()
    }

    fn envelope(&self, name: &str, version: &Value) -> Map<String, Value> {
        let metadata = present([
            ("source", &self.source),
            ("userId", &self.user),
            ("correlationId", &self.correlation),
        ]);
        let mut members = present([
            ("eventId", &self.id),
            ("tenantId", &self.tenant),
            ("timestamp", &self.timestamp),
        ]);
        members.insert("eventType".to_owned(), name.into());
        members.insert("version".to_owned(), version.clone());
        members.insert("payload".to_owned(), self.payload.clone());
        if !metadata.is_empty() {
            members.insert("metadata".to_owned(), metadata.into());
        }
        members
    }

    fn dotted(&self) -> Map<String, Value> {
        let mut data = with_dotted_names(&self.payload);
        if let (Some(user), Value::Object(data)) = (&self.user, &mut data) {
            data.insert("approved_by".to_owned(), user.as_str().into());
        }
        let mut members = present([
            ("event_id", &self.id),
            ("organization_id", &self.tenant),
            ("timestamp", &self.timestamp),
            ("source", &self.source),
            ("correlation_id", &self.correlation),
        ]);
        members.insert("event".to_owned(), dotted(&self.name).into());
        members.insert("version".to_owned(), "1.0".into());
        members.insert("data".to_owned(), data);
        members
    }

    /// Its `id` and `source` may not be left out there.
    fn cloudevent(&self) -> Map<String, Value> {
        let mut members = present([
            ("tenantid", &self.tenant),
            ("time", &self.timestamp),
            ("userid", &self.user),
            ("correlationid", &self.correlation),
        ]);
        let source = self.source.as_deref().unwrap_or("tests");
        let id = self.id.as_deref().unwrap_or_default();
        for (name, value) in [("specversion", "1.0"), ("source", source), ("id", id)] {
            members.insert(name.to_owned(), value.into());
        }
        members.insert("type".to_owned(), format!("com.example.{}", self.name).into());
        members.insert("data".to_owned(), self.payload.clone());
        members
    }
}

fn present<const N: usize>(members: [(&str, &Option<String>); N]) -> Map<String, Value> {
    let there = members.into_iter();
    let there = there.filter_map(|(name, value)| {
        let value = value.as_deref()?;
        Some((name.to_owned(), value.into()))
    });
    there.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(dialect: Dialect, expected: &Value) {
        let payload = json!({"transferId": "T", "itemId": "i", "fromLocationId": "A"});
        let event = Event::new(dialect, "TransferInitiated", payload).id("e").tenant("t");
        let text = event.source("wms").user("u").text();
        assert_eq!(serde_json::from_str::<Value>(&text).expect("JSON"), *expected);
    }

    #[test]
    fn each_dialect_spells_the_whole_event() {
        let payload = json!({"transferId": "T", "itemId": "i", "fromLocationId": "A"});
        let envelope = |name: &str, version: Value| {
            json!({
                "eventId": "e", "eventType": name, "tenantId": "t", "version": version,
                "payload": payload, "metadata": {"source": "wms", "userId": "u"},
            })
        };
        check(Dialect::Standard, &envelope("TransferInitiated", json!("1.0")));
        check(Dialect::Domain, &envelope("TransferInitiatedEvent", json!(1)));
        check(Dialect::Composerp, &envelope("TRANSFER_INITIATED", json!("1.0")));
        let data = json!({
            "transfer_id": "T", "variant_id": "i", "from_warehouse_id": "A", "approved_by": "u",
        });
        check(
            Dialect::Dotted,
            &json!({
                "event": "transfer.initiated", "version": "1.0", "event_id": "e",
                "organization_id": "t", "source": "wms", "data": data,
            }),
        );
        check(
            Dialect::Cloudevents,
            &json!({
                "specversion": "1.0", "id": "e", "source": "wms", "tenantid": "t", "userid": "u",
                "type": "com.example.TransferInitiated", "data": payload,
            }),
        );
    }
}

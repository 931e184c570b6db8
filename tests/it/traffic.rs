//! A generated history: stock writes and promises of every kind at a few positions, some of them late and
//! some of them by a clock that is ahead. The same seed makes the same history.

use onhand_tests::{Json, Shop, at, line};
use serde_json::{Value, json};

/// Items and locations that it is about.
pub(crate) const ITEMS: [&str; 3] = ["tea", "pot", "cup"];
pub(crate) const LOCATIONS: [&str; 3] = ["north", "south", "west"];

/// A day long before any test runs: what is told of it comes late.
const EARLY: &str = "2026-01-01T00:00:00Z";

/// Makes a history.
pub(crate) struct Traffic {
    shop: Shop,
    state: u64,
    made: u64,
    open: Vec<String>,
    transfers: Vec<String>,
}

impl Traffic {
    pub(crate) fn new(shop: Shop, seed: u64) -> Self {
        Self { shop, state: seed | 1, made: 0, open: Vec::new(), transfers: Vec::new() }
    }

    /// A number below `end` (xorshift64*).
    fn below(&mut self, end: u64) -> u64 {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        (self.state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % end
    }

    fn one_of<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[usize::try_from(self.below(of.len() as u64)).expect("small")]
    }

    /// When it happened: now, a few seconds ago, at another day, or a little later.
    fn occurred(&mut self) -> Value {
        let early: jiff::Timestamp = EARLY.parse().expect("an instant");
        let seconds = |count: u64| jiff::SignedDuration::from_secs(count.cast_signed());
        let now = jiff::Timestamp::now();
        match self.below(6) {
            0 => json!((now - seconds(self.below(50) + 1)).to_string()),
            1 => json!((early + seconds(3_600 * self.below(200))).to_string()),
            2 => json!((now + seconds(self.below(200) + 1)).to_string()),
            _ => Value::Null,
        }
    }

    /// Body of a stock write.
    fn entry(&mut self, rest: &Value) -> Value {
        let place = (self.one_of(&ITEMS), self.one_of(&LOCATIONS));
        let mut body = at(place.0, place.1, rest);
        let occurred = self.occurred();
        if !occurred.is_null() {
            body["occurredAt"] = occurred;
        }
        if self.below(3) == 0 {
            body["reference"] = json!(format!("ref-{}", self.below(5)));
            body["referenceType"] = json!("TEST");
        }
        body
    }

    /// Makes so many further steps; those that stock does not allow are part of it.
    pub(crate) fn run(&mut self, steps: u64) {
        for _ in 0..steps {
            self.made += 1;
            self.step();
        }
    }

    fn step(&mut self) {
        let quantity = self.below(9) + 1;
        match self.below(12) {
            0 | 1 => {
                let body = self.entry(
                    &json!({ "quantity": quantity * 3, "receiptId": format!("rc-{}", self.made) }),
                );
                self.shop.stock("receipts", &body).ok();
            }
            2 | 3 => {
                let body = self
                    .entry(&json!({ "quantity": quantity, "saleId": format!("sl-{}", self.made) }));
                self.shop.stock("sales", &body).ok();
            }
            4 => {
                let body = self.entry(&json!({ "counted": quantity * 2 }));
                self.shop.stock("counts", &body).ok();
            }
            5 => {
                let body = json!({ "quantity": quantity, "condition": self.one_of(&["good", "damaged"]),
                    "orderId": format!("order-{}", self.below(6)) });
                let body = self.entry(&body);
                self.shop.stock("returns", &body).ok();
            }
            6 => {
                let body = json!({ "quantity": quantity, "from": "available", "to": "qualityHold", "reason": "look" });
                let body = self.entry(&body);
                self.shop.stock("moves", &body);
            }
            7 => self.transfer(quantity),
            8 | 9 => self.reserve(quantity),
            _ => self.promise(),
        }
    }

    fn transfer(&mut self, quantity: u64) {
        if let Some(id) = self.transfers.pop() {
            let verb = self.one_of(&["receive", "cancel"]);
            self.shop.post(&format!("/v1/stock/transfers/{id}/{verb}"), &json!({})).ok();
            return;
        }
        let (from, to) = (self.one_of(&LOCATIONS), self.one_of(&LOCATIONS));
        let body =
            json!({ "itemId": self.one_of(&ITEMS), "from": from, "to": to, "quantity": quantity });
        let answer = self.shop.stock("transfers", &body);
        if answer.status() < 300 {
            self.transfers.push(answer.text("transferId"));
        }
    }

    fn reserve(&mut self, quantity: u64) {
        let quantity = quantity.cast_signed();
        let lines = [
            line(self.one_of(&ITEMS), self.one_of(&LOCATIONS), quantity),
            line(self.one_of(&ITEMS), self.one_of(&LOCATIONS), quantity),
        ];
        let order = format!("order-{}", self.below(6));
        let body = json!({ "orderId": order, "ttlSeconds": null, "lines": lines });
        let answer = self.shop.reserve(&body);
        if answer.status() == 201 {
            self.open.push(answer.text("reservationId"));
        }
    }

    fn promise(&mut self) {
        if self.open.is_empty() {
            return;
        }
        let at = usize::try_from(self.below(self.open.len() as u64)).expect("few");
        let id = self.open[at].clone();
        match self.below(4) {
            0 => drop(self.shop.act(&id, "confirm", &Value::Null)),
            1 => {
                let body = json!({ "shipmentId": format!("sh-{}", self.made), "force": true });
                self.shop.act(&id, "fulfil", &body);
                self.open.swap_remove(at);
            }
            2 => {
                self.shop.act(&id, "cancel", &json!({ "reason": "changed mind" }));
                self.open.swap_remove(at);
            }
            _ => {}
        }
    }
}

/// The whole ledger of a shop, newest entry first, read in small pages without any filter.
pub(crate) fn ledger(shop: &Shop) -> Vec<Json> {
    shop.pages("/v1/ledger?limit=97")
}

/// Names of entries, for comparing lists.
pub(crate) fn names(entries: &[Json]) -> Vec<String> {
    entries.iter().map(|entry| entry.text("transactionId")).collect()
}

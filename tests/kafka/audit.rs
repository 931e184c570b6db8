//! What a consumer makes of a topic: it drops what it has seen, and notices what is missing.

use std::collections::{BTreeMap, HashSet};

use onhand_tests::kafka::Read;
use serde_json::Value;

/// What is known of one aggregate.
#[derive(Debug, Default)]
pub(crate) struct Aggregate {
    /// Epoch, sequence and index of its newest event.
    place: (u64, u64, u64),
    /// Its newest version; all below it were seen, in order.
    pub(crate) version: u64,
    /// On hand as its newest change tells it.
    pub(crate) on_hand: Option<f64>,
}

/// Reads messages of the dialect `standard` in the order of their partitions. Fails at the first that
/// is out of order, comes before another version, or does not follow from the one before.
#[derive(Debug, Default)]
pub(crate) struct Audit {
    seen: HashSet<String>,
    /// By key.
    pub(crate) aggregates: BTreeMap<String, Aggregate>,
    /// Messages that had come before.
    pub(crate) repeated: u64,
}

impl Audit {
    /// Of everything that was read.
    #[track_caller]
    pub(crate) fn of(read: &[Read]) -> Self {
        let mut audit = Self::default();
        for message in read {
            audit.take(message);
        }
        audit
    }

    /// Takes the next message. Gives its body, unless it had come before.
    #[track_caller]
    pub(crate) fn take(&mut self, message: &Read) -> Option<Value> {
        let header = |name: &str| message.headers[name].parse::<u64>().expect("a number");
        let place = (header("epoch"), header("sequence"), header("index"));
        let body: Value = serde_json::from_str(&message.payload).expect("JSON");
        assert_eq!(body["eventId"], message.headers["eventId"]);
        let is_new = self.seen.insert(message.headers["eventId"].clone());
        let known = self.aggregates.entry(message.key.clone()).or_default();
        let (key, last) = (&message.key, known.place);
        assert_eq!(is_new, place > last, "{key}: {place:?} after {last:?}");
        if !is_new {
            self.repeated += 1;
            return None;
        }
        let version = body["aggregateVersion"].as_u64().expect("a version");
        let is_next = version == known.version || version == known.version + 1;
        assert!(is_next, "{key}: version {version} after {}", known.version);
        if body["eventType"] == "StockLevelChanged" {
            let before = body["payload"]["previousQuantity"].as_f64();
            assert_eq!(before.unwrap_or_default(), known.on_hand.unwrap_or_default(), "{key}");
            known.on_hand = body["payload"]["newQuantity"].as_f64();
        }
        (known.place, known.version) = (place, version);
        Some(body)
    }

    /// The newest version of an aggregate, which must have been told.
    #[track_caller]
    pub(crate) fn version(&self, key: &str) -> u64 {
        self.aggregates.get(key).unwrap_or_else(|| panic!("nothing was told of {key}")).version
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(sequence: u64, version: u64, before: i64, after: i64) -> Read {
        let id = format!("e-{sequence}");
        let headers = [
            ("epoch", "1".to_owned()),
            ("sequence", sequence.to_string()),
            ("index", "0".to_owned()),
            ("eventId", id.clone()),
        ];
        let body = serde_json::json!({ "eventId": id, "eventType": "StockLevelChanged",
            "aggregateVersion": version,
            "payload": { "previousQuantity": before, "newQuantity": after } });
        Read {
            partition: 0,
            offset: 0,
            key: "t:tea:A".to_owned(),
            headers: headers.map(|(name, value)| (name.to_owned(), value)).into(),
            payload: body.to_string(),
        }
    }

    #[test]
    fn what_comes_again_is_dropped() {
        let first = [message(4, 1, 0, 5), message(6, 2, 5, 3)];
        let audit = Audit::of(&[&first[..], &first[..], &[message(9, 3, 3, 2)]].concat());
        assert_eq!((audit.version("t:tea:A"), audit.repeated), (3, 2));
        assert_eq!(audit.aggregates["t:tea:A"].on_hand, Some(2.0));
    }

    #[test]
    #[should_panic(expected = "version 3 after 1")]
    fn a_hole_is_noticed() {
        Audit::of(&[message(4, 1, 0, 5), message(6, 3, 5, 3)]);
    }

    #[test]
    #[should_panic(expected = "(1, 4, 0) after (1, 6, 0)")]
    fn disorder_is_noticed() {
        Audit::of(&[message(6, 1, 0, 5), message(4, 2, 5, 3)]);
    }

    #[test]
    #[should_panic(expected = "t:tea:A")]
    fn a_change_that_does_not_follow_is_noticed() {
        Audit::of(&[message(4, 1, 0, 5), message(6, 2, 4, 3)]);
    }
}

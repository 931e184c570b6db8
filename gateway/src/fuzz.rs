//! What a fuzzer may say to the doors: any bytes are read without a panic, in bounded time and memory.
//! The targets of `fuzz/` and a property test call the same functions.

use onhand_domain::time::Timestamp;

use crate::dialect::intake::{Delivery, read};

/// An instant that does not move, so that a finding is found again.
const NOW: Timestamp = Timestamp::from_millis(1_770_638_400_000);

/// Bytes up to the first zero, and those behind it.
fn split(data: &[u8]) -> (&[u8], &[u8]) {
    let end = data.iter().position(|byte| *byte == 0).unwrap_or(data.len());
    (&data[..end], data.get(end + 1..).unwrap_or_default())
}

/// A message of a topic, in whatever dialect: tenant, zero, event id, zero, payload.
pub fn event(data: &[u8]) {
    let (tenant, rest) = split(data);
    let (event_id, payload) = split(rest);
    let delivery = Delivery {
        topic: "topic",
        partition: 0,
        offset: 0,
        event_id: (!event_id.is_empty()).then_some(event_id),
        tenant: (!tenant.is_empty()).then_some(tenant),
        topic_tenant: None,
        payload: Some(payload),
        now: NOW,
    };
    let (once, again) = (read(&delivery), read(&delivery));
    assert_eq!(once.read, again.read, "the same bytes say the same");
}

/// A body of the HTTP door: the first byte says of which call.
pub fn body(data: &[u8]) {
    if let Some((call, body)) = data.split_first() {
        crate::http::fuzz::read(*call, body, NOW);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Pieces of JSON, right and wrong, with the members that the doors know.
    fn text() -> impl Strategy<Value = Vec<u8>> {
        let pieces = [
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            "null",
            "true",
            "0",
            "-1.5",
            "1e400",
            "0.0000001",
            "99999999999999999999",
            "\"\"",
            "\"tea\"",
            "\"\\u0000\"",
            "\"\\ud800\"",
            "\"a/b\"",
            "\n",
            "\"itemId\":",
            "\"locationId\":",
            "\"quantity\":",
            "\"lines\":[",
            "\"op\":\"receipt\"",
            "\"op\":",
            "\"from\":",
            "\"to\":",
            "\"delta\":",
            "\"setTo\":",
            "\"occurredAt\":",
            "\"ttlSeconds\":",
            "\"orderId\":",
            "\"eventType\":",
            "\"payload\":{",
            "\"data\":{",
            "\"2026-02-09T12:00:00Z\"",
            "\"-271821-04-20T00:00:00Z\"",
            "\"unlimited\"",
        ];
        let piece = prop_oneof![
            8 => proptest::sample::select(pieces.to_vec()).prop_map(|it| it.as_bytes().to_vec()),
            1 => proptest::collection::vec(any::<u8>(), 0..8),
        ];
        proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn whatever_is_said_is_read_without_a_panic(call: u8, head in "[a-z\\x00]{0,6}", text in text()) {
            body(&[&[call], &text[..]].concat());
            event(&[head.as_bytes(), b"\0", &text[..]].concat());
        }
    }

    /// A body is short, and the stack too: nesting must end before it does.
    #[test]
    fn nesting_has_an_end() {
        for open in ["[", "{\"a\":", "{\"lines\":[", "{\"payload\":{\"a\":"] {
            let deep = open.repeat(200_000);
            event(&[b"\0\0", deep.as_bytes()].concat());
            for call in 0..=u8::MAX {
                body(&[&[call], deep.as_bytes()].concat());
            }
        }
    }
}

//! Whatever a topic holds, it is read without a panic.

use onhand_domain::time::Timestamp;
use proptest::prelude::*;

use super::{Delivery, Outcome, read};

fn delivery<'a>(
    payload: &'a [u8],
    event_id: Option<&'a [u8]>,
    tenant: Option<&'a [u8]>,
) -> Delivery<'a> {
    let now = Timestamp::from_millis(1_770_638_400_000);
    let (topic, payload) = ("topic", Some(payload));
    Delivery { topic, partition: 0, offset: 0, event_id, tenant, topic_tenant: None, payload, now }
}

/// Values as they stand in a text: right ones, wrong ones, and none at all.
fn value() -> impl Strategy<Value = String> {
    let fixed = [
        "null",
        "true",
        "7",
        "-1.5",
        "1e400",
        "\"\"",
        "\"item-1\"",
        "\"WH/01\"",
        "\"1.0\"",
        "[]",
        "\"2026-02-09T12:00:00Z\"",
        "\"2026-02-09T12:00:00-99:00\"",
        "{}",
        "{\"source\":\"a\"}",
        "\"\\ud800\"",
        "\"onhand\"",
        "",
        "{\"itemId\":\"a\",\"locationId\":\"b\",\"quantity\":1}",
    ];
    prop_oneof![
        4 => proptest::sample::select(fixed.to_vec()).prop_map(str::to_owned),
        1 => any::<String>().prop_map(|text| serde_json::to_string(&text).expect("a text")),
    ]
}

fn key() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(vec![
        "eventType",
        "event",
        "type",
        "specversion",
        "eventId",
        "message_id",
        "id",
        "tenantId",
        "organization_id",
        "timestamp",
        "time",
        "version",
        "source",
        "metadata",
        "payload",
        "data",
        "itemId",
        "variant_id",
        "locationId",
        "quantity",
        "saleId",
        "expiryDate",
        "transferId",
    ])
}

fn object() -> impl Strategy<Value = String> {
    proptest::collection::vec((key(), value()), 0..12).prop_map(|members| {
        let members = members.iter().map(|(key, value)| format!("\"{key}\":{value}"));
        format!("{{{}}}", members.collect::<Vec<_>>().join(","))
    })
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_buried(bytes: Vec<u8>, id: Option<Vec<u8>>, tenant: Option<Vec<u8>>) {
        let intake = read(&delivery(&bytes, id.as_deref(), tenant.as_deref()));
        prop_assert!(matches!(intake.outcome, Outcome::Bury(_)));
    }

    #[test]
    fn arbitrary_objects_are_read(text in object()) {
        read(&delivery(text.as_bytes(), None, None));
    }

    #[test]
    fn arbitrary_goods_are_read(
        name in proptest::sample::select(vec![
            "sale.completed", "RECEIPT_COMPLETED", "TransferInitiatedEvent", "transfer.completed",
        ]),
        goods in object(),
        id: Option<Vec<u8>>,
    ) {
        let text = format!("{{\"eventType\":\"{name}\",\"payload\":{goods}}}");
        read(&delivery(text.as_bytes(), id.as_deref(), None));
    }

    #[test]
    fn a_message_that_is_cut_off_is_buried(end in 0usize..94) {
        let text = concat!(
            r#"{"eventType":"SALE_COMPLETED","payload":"#,
            r#"{"itemId":"item-1","locationId":"WH-01","quantity":5}}"#
        );
        prop_assert!(end < text.len());
        let intake = read(&delivery(&text.as_bytes()[..end], None, None));
        prop_assert!(matches!(intake.outcome, Outcome::Bury(_)));
    }
}

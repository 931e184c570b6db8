use onhand_domain::change::Cause;
use onhand_domain::command::{Action, Condition, Force, StockEntry, Target};
use onhand_domain::ids::{Reference, Text};
use onhand_domain::position::Bucket;
use onhand_domain::quantity::{Money, Quantity};
use onhand_domain::time::Day;
use onhand_domain::transfer::{Transfer, TransferStatus};
use serde::Deserialize;

use super::corrections::{Adjustment, Move, StockCount};
use super::entries::{Receipt, Return, Sale};
use super::transfers::{STARTED, TransferStart};
use super::*;
use crate::http::body::parse;
use crate::http::json::Json;
use crate::http::problem::Code;
use crate::http::samples::{SampleNames, change, changed, position_change};

const NOW: Timestamp = Timestamp::from_millis(1_770_638_400_000);

/// Reads a body of each kind.
fn read(kind: &str, body: &str) -> Result<Action, Problem> {
    fn of<'a, T: Deserialize<'a>>(body: &'a str) -> Result<T, Problem> {
        parse(body.as_bytes())
    }
    match kind {
        "receipt" => of::<Receipt<'_>>(body)?.action(NOW),
        "sale" => of::<Sale<'_>>(body)?.action(NOW),
        "return" => of::<Return<'_>>(body)?.action(NOW),
        "adjustment" => of::<Adjustment<'_>>(body)?.action(NOW),
        "move" => of::<Move<'_>>(body)?.action(NOW),
        "count" => of::<StockCount<'_>>(body)?.action(NOW),
        "transfer" => of::<TransferStart<'_>>(body)?.action(NOW),
        other => panic!("{other}?"),
    }
}

/// A body about `tea` at `north` with these further members.
fn body(kind: &str, members: &str) -> String {
    let place = match kind {
        "transfer" => r#""itemId":"tea","from":"north","to":"south""#,
        _ => r#""itemId":"tea","locationId":"north""#,
    };
    let comma = if members.is_empty() { "" } else { "," };
    format!("{{{place}{comma}{members}}}")
}

#[track_caller]
fn valid(kind: &str, members: &str) -> Action {
    let body = body(kind, members);
    read(kind, &body).unwrap_or_else(|problem| panic!("{body}: {}", problem.detail()))
}

#[track_caller]
fn refused(kind: &str, members: &str, status: u16, code: Code, field: &str) {
    let body = body(kind, members);
    let problem = read(kind, &body).expect_err(&body);
    assert_eq!((problem.status().as_u16(), problem.code()), (status, code), "{body}");
    assert!(problem.detail().contains(field), "{body}: {}", problem.detail());
}

fn tea_at_north() -> Place {
    Place {
        item: ItemId::parse("tea").expect("valid"),
        location: LocationId::parse("north").expect("valid"),
    }
}

fn reference(text: &str) -> Option<Reference> {
    Reference::parse(text).ok()
}

#[test]
fn a_receipt_keeps_what_was_said() {
    let members = r#""quantity":"4.5","receiptId":"R-1","lotNumber":"L-7",
        "expiryDate":"2199-12-31","unitCost":"1.25","reference":"PO/1","referenceType":"ORDER",
        "note":"left at the gate","occurredAt":"2026-01-05T08:00:00Z","unheardOf":[1]"#;
    let detail = Detail {
        document: reference("R-1"),
        lot: LotNumber::parse("L-7").ok(),
        expiry: Some(Day::from_days(84_005)),
        unit_cost: Some(Money::from_millionths(1_250_000)),
        reference: reference("PO/1"),
        reference_type: reference("ORDER"),
        note: Text::parse("left at the gate").ok(),
        occurred_at: Some(Timestamp::from_millis(1_767_600_000_000)),
        ..Detail::default()
    };
    let entry = StockEntry {
        place: tea_at_north(),
        quantity: Quantity::from_millionths(4_500_000),
        detail: Some(Arc::new(detail)),
    };
    assert_eq!(valid("receipt", members), Action::Receive(entry.clone()));
    let plain = StockEntry { detail: None, quantity: Quantity::units(1), ..entry };
    assert_eq!(valid("receipt", r#""quantity":1"#), Action::Receive(plain.clone()));
    assert_eq!(valid("receipt", r#""quantity":1.0,"note":null"#), Action::Receive(plain));
}

#[test]
fn a_sale_keeps_its_id_and_amount() {
    let Action::Sell(entry) = valid("sale", r#""quantity":2,"saleId":"S-1","amount":19.9"#) else {
        panic!("a sale");
    };
    let detail = entry.detail.expect("words were said");
    assert_eq!(detail.document, reference("S-1"));
    assert_eq!(detail.amount, Some(Money::from_millionths(19_900_000)));
}

#[test]
fn a_return_keeps_its_condition_and_references() {
    let members = r#""quantity":1,"condition":"defective","orderId":"O-1","returnId":"RT-1",
        "rmaNumber":"RMA-1","reason":"too small""#;
    let Action::Return(entry) = valid("return", members) else { panic!("a return") };
    let detail = Detail {
        condition: Some(Condition::Defective),
        order: reference("O-1"),
        document: reference("RT-1"),
        rma: reference("RMA-1"),
        reason: Text::parse("too small").ok(),
        ..Detail::default()
    };
    assert_eq!(entry.detail.as_deref(), Some(&detail));
}

#[test]
fn an_adjustment_is_a_difference_or_a_figure() {
    let units = Quantity::units;
    for (members, bucket, target) in [
        (r#""delta":-2"#, Bucket::Available, Target::Delta(units(-2))),
        (r#""delta":3,"bucket":"damaged""#, Bucket::Damaged, Target::Delta(units(3))),
        (r#""setTo":12"#, Bucket::Available, Target::OnHand(units(12))),
        (r#""setTo":0,"delta":null"#, Bucket::Available, Target::OnHand(units(0))),
        (r#""setTo":1,"bucket":"available""#, Bucket::Available, Target::Bucket(units(1))),
        (r#""setTo":1,"bucket":"qualityHold""#, Bucket::QualityHold, Target::Bucket(units(1))),
    ] {
        let Action::Adjust(adjust) = valid("adjustment", &format!(r#"{members},"reason":"x""#))
        else {
            panic!("an adjustment")
        };
        assert_eq!((adjust.bucket, adjust.target), (bucket, target), "{members}");
        assert_eq!(adjust.force, Force::Wish);
        assert_eq!(adjust.detail.and_then(|detail| detail.reason.clone()), Text::parse("x").ok());
    }
    let members = r#""delta":1,"reason":"x","force":true,"expectedOnHand":-1,"expectedVersion":7"#;
    let Action::Adjust(adjust) = valid("adjustment", members) else { panic!("an adjustment") };
    assert_eq!(adjust.force, Force::Fact);
    assert_eq!(adjust.expected_on_hand, Some(units(-1)));
    assert_eq!(adjust.expected_version, Some(7));
}

#[test]
fn wrong_figures_are_refused_by_name() {
    let quantity = |kind: &str, members: &str, field: &str| {
        refused(kind, members, 422, Code::InvalidQuantity, field);
    };
    for kind in ["receipt", "sale", "transfer"] {
        for figure in ["0", "-1", "1.1234567", "\"NaN\"", "1e400", "null", "\"\""] {
            quantity(kind, &format!(r#""quantity":{figure}"#), "`quantity`");
        }
    }
    quantity("receipt", r#""quantity":1,"unitCost":-1"#, "`unitCost`");
    quantity("sale", r#""quantity":1,"amount":"0.0000001""#, "`amount`");
    quantity("return", r#""quantity":0,"condition":"good""#, "`quantity`");
    quantity("adjustment", r#""delta":0,"reason":"x""#, "`delta`");
    quantity("adjustment", r#""setTo":-1,"reason":"x""#, "`setTo`");
    quantity("adjustment", r#""delta":1,"reason":"x","unitCost":-1"#, "`unitCost`");
    quantity(
        "move",
        r#""quantity":0,"from":"available","to":"damaged","reason":"x""#,
        "`quantity`",
    );
    quantity("count", r#""counted":-1"#, "`counted`");
    assert!(matches!(valid("count", r#""counted":0"#), Action::Count(_)));
}

#[test]
fn wrong_words_are_refused_by_name() {
    let one = r#""quantity":1,"#;
    let receipt = |members: &str, code, field| {
        refused("receipt", &format!("{one}{members}"), 422, code, field);
    };
    let long = "x".repeat(129);
    receipt(&format!(r#""lotNumber":"{}""#, &long[..65]), Code::InvalidId, "`lotNumber`");
    receipt(&format!(r#""receiptId":"{long}""#), Code::InvalidId, "`receiptId`");
    receipt(&format!(r#""reference":"{long}""#), Code::InvalidId, "`reference`");
    receipt(r#""referenceType":"""#, Code::InvalidId, "`referenceType`");
    receipt(r#""expiryDate":"2026-02-30""#, Code::InvalidRequest, "`expiryDate`");
    receipt(r#""occurredAt":"yesterday""#, Code::InvalidTime, "`occurredAt`");
    receipt(r#""occurredAt":"2026-02-09T12:05:01Z""#, Code::InvalidTime, "`occurredAt`");
    receipt(&format!(r#""note":"{}""#, "x".repeat(1_025)), Code::LimitExceeded, "`note`");
    assert!(read("receipt", r#"{"itemId":"a/b","locationId":"n","quantity":1}"#).is_err());
}

#[test]
fn missing_and_mistyped_fields_are_malformed() {
    for (kind, members, field) in [
        ("receipt", "", "`quantity`"),
        ("return", r#""quantity":1"#, "`condition`"),
        ("return", r#""quantity":1,"condition":"soggy""#, "`soggy`"),
        ("adjustment", r#""delta":1"#, "`reason`"),
        ("adjustment", r#""reason":"x""#, "`delta` or `setTo`"),
        ("adjustment", r#""delta":1,"reason":"x","bucket":"reserved""#, "`reserved`"),
        ("adjustment", r#""delta":1,"reason":"x","expectedVersion":-1"#, "`expectedVersion`"),
        ("move", r#""quantity":1,"from":"available","to":"committed","reason":"x""#, "`committed`"),
        ("move", r#""quantity":1,"from":"available","to":"damaged""#, "`reason`"),
        ("count", "", "`counted`"),
        ("transfer", "", "`quantity`"),
        ("sale", r#""quantity":1,"saleId":7"#, "`saleId`"),
    ] {
        refused(kind, members, 400, Code::InvalidRequest, field);
    }
}

#[test]
fn what_contradicts_itself_is_refused() {
    for (kind, members, field) in [
        ("adjustment", r#""delta":1,"setTo":1,"reason":"x""#, "`setTo`"),
        ("move", r#""quantity":1,"from":"damaged","to":"damaged","reason":"x""#, "`to`"),
        ("transfer", r#""quantity":1,"to":"north""#, "duplicate"),
    ] {
        let status = if field == "duplicate" { 400 } else { 422 };
        refused(kind, members, status, Code::InvalidRequest, field);
    }
    let same = r#"{"itemId":"tea","from":"north","to":"north","quantity":1}"#;
    let problem = read("transfer", same).expect_err("the same place");
    assert_eq!((problem.status().as_u16(), problem.code()), (422, Code::InvalidRequest));
}

#[test]
fn a_lot_is_taken_where_stock_is_put_or_picked() {
    let lot = r#""lotNumber":"L-1""#;
    for (kind, members) in [
        ("receipt", r#""quantity":1"#),
        ("return", r#""quantity":1,"condition":"good""#),
        ("adjustment", r#""delta":1,"reason":"x""#),
        ("adjustment", r#""delta":-1,"reason":"x""#),
        ("adjustment", r#""setTo":1,"reason":"x""#),
        ("sale", r#""quantity":1"#),
        ("move", r#""quantity":1,"from":"available","to":"damaged","reason":"x""#),
        ("count", r#""counted":1"#),
    ] {
        let action = valid(kind, &format!("{members},{lot}"));
        let detail = match action {
            Action::Receive(entry) | Action::Return(entry) | Action::Sell(entry) => entry.detail,
            Action::Adjust(adjust) => adjust.detail,
            Action::Move(wish) => wish.detail,
            Action::Count(count) => count.detail,
            other => panic!("{other:?}"),
        };
        assert_eq!(detail.and_then(|detail| detail.lot.clone()), LotNumber::parse("L-1").ok());
    }
}

fn shown(shape: Shape, change: onhand_domain::change::Change) -> Option<String> {
    let mut json = Json::default();
    (shape.write)(&changed(change), &SampleNames, &mut json)?;
    Some(String::from_utf8(json.into_bytes()).expect("text"))
}

#[test]
fn a_stock_write_answers_with_its_position() {
    let mut made = change(Cause::Received);
    assert_eq!(shown(STOCK, made.clone()), None, "nothing to show");
    made.positions.push(position_change());
    let text = shown(STOCK, made.clone()).expect("it can be shown");
    let begin = r#"{"transactionId":"txn-1-42-0","sequence":42,"position":{"itemId":"tea","#;
    assert!(text.starts_with(begin), "{text}");
    assert!(text.ends_with(r#""updatedAt":"1970-01-01T00:00:01.500Z"}}"#), "{text}");
    made.exceeds_shipped = true;
    let text = shown(STOCK, made).expect("it can be shown");
    assert!(text.ends_with(r#"Z"},"exceedsShipped":true}"#), "{text}");
}

#[test]
fn a_transfer_answers_with_the_position_it_concerns_most() {
    let transfer = Transfer {
        number: 42,
        tenant: 0,
        item: 1,
        from: 11,
        to: 12,
        quantity: Quantity::units(4),
        received: Quantity::units(1),
        freight: Vec::new(),
        status: TransferStatus::InTransit,
        created_at: Timestamp::from_millis(0),
        updated_at: Timestamp::from_millis(0),
        version: 1,
        sequence: 42,
    };
    let mut destination = position_change();
    destination.position = 12;
    for (cause, location) in [
        (Cause::TransferStarted, "north"),
        (Cause::TransferReceived, "south"),
        (Cause::TransferCancelled, "north"),
    ] {
        let mut made = change(cause);
        made.transfer = Some(Box::new(transfer.clone()));
        made.positions = vec![position_change(), destination.clone()];
        let text = shown(STARTED, made).expect("it can be shown");
        let expected = format!(
            concat!(
                r#"{{"transferId":"trf-1-42","transactionId":"txn-1-42-0","sequence":42,"#,
                r#""status":"IN_TRANSIT","itemId":"tea","from":"north","to":"south","quantity":4,"#,
                r#""received":1,"position":{{"itemId":"tea","locationId":"{}","#
            ),
            location
        );
        assert!(text.starts_with(&expected), "{text}");
    }
}

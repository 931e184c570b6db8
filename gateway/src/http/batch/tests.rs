use onhand_domain::change::Cause;
use onhand_domain::ids::{ItemId, TenantId};
use onhand_domain::rejection::Rejection;
use onhand_engine::Failure;

use super::*;
use crate::http::problem::Code;
use crate::http::samples::{SampleNames, change, changed, position_change, reservation, text_of};

const NOW: Timestamp = Timestamp::from_millis(1_770_638_400_000);

fn receipt(quantity: &str) -> String {
    format!(r#"{{"op":"receipt","itemId":"tea","locationId":"north","quantity":{quantity}}}"#)
}

/// What each slot holds: the action's name, or the code of its problem.
fn slots(entries: &Entries) -> Vec<String> {
    let word = |entry: &Result<Entry, Problem>| match entry {
        Ok(entry) => {
            let action = format!("{:?}", entry.action);
            action.split(['(', ' ']).next().unwrap_or_default().to_owned()
        }
        Err(problem) => problem.code().word().to_owned(),
    };
    entries.iter().map(word).collect()
}

#[test]
fn every_operation_is_known_wherever_op_stands() {
    let at = r#""itemId":"tea","locationId":"north""#;
    for (op, members, action) in [
        ("receipt", r#""quantity":1"#, "Receive"),
        ("adjustment", r#""delta":1,"reason":"x""#, "Adjust"),
        ("move", r#""quantity":1,"from":"available","to":"damaged","reason":"x""#, "Move"),
        ("sale", r#""quantity":1"#, "Sell"),
        ("return", r#""quantity":1,"condition":"good""#, "Return"),
        ("count", r#""counted":1"#, "Count"),
        ("transfer", r#""from":"north","to":"south","quantity":1"#, "StartTransfer"),
    ] {
        let first = format!(r#"[{{"op":"{op}",{at},{members}}}]"#);
        let last = format!(r#"[{{{at},{members},"op":"{op}"}}]"#);
        for text in [first, last] {
            let entries = read_stock(&text, Content::Json, NOW).expect("an array");
            assert_eq!(slots(&entries), [action], "{text}");
        }
    }
}

#[test]
fn an_invalid_entry_fails_alone() {
    let text = format!(
        r#"[{},{{"op":"teleport"}},{{"itemId":"tea"}},7,{},{{"op":"receipt","itemId":7}},{}]"#,
        receipt("1"),
        receipt("0"),
        receipt("\"2.5\"")
    );
    let entries = read_stock(&text, Content::Json, NOW).expect("an array");
    let invalid = "INVALID_REQUEST";
    assert_eq!(
        slots(&entries),
        ["Receive", invalid, invalid, invalid, "INVALID_QUANTITY", invalid, "Receive"]
    );
}

#[test]
fn a_batch_may_have_one_entry_per_line() {
    let text = format!("{}\r\n\n  \n{}\nnonsense\n{}", receipt("1"), receipt("-1"), receipt("2"));
    let entries = read_stock(&text, Content::Lines, NOW).expect("lines");
    assert_eq!(slots(&entries), ["Receive", "INVALID_QUANTITY", "INVALID_REQUEST", "Receive"]);
    assert!(read_stock("", Content::Lines, NOW).expect("no line").is_empty());
}

#[test]
fn what_is_no_array_is_refused_as_a_whole() {
    for text in ["", "{}", "\"receipt\"", "[{]", "[1] 2", r#"[{"op":"sale"}"#] {
        for refused in [read_stock(text, Content::Json, NOW), read_reservations(text)] {
            let problem = refused.err().unwrap_or_else(|| panic!("{text} is taken"));
            assert_eq!((problem.status().as_u16(), problem.code()), (400, Code::InvalidRequest));
        }
    }
    assert!(read_stock("[]", Content::Json, NOW).expect("empty").is_empty());
}

#[test]
fn a_batch_has_at_most_ten_thousand_entries() {
    let array = |entry: &str, count: usize| format!("[{}]", vec![entry; count].join(","));
    let (good, bad) = (receipt("1"), "7");
    for entry in [good.as_str(), bad] {
        assert_eq!(
            read_stock(&array(entry, 10_000), Content::Json, NOW).expect("ok").len(),
            10_000
        );
        let problem =
            read_stock(&array(entry, 10_001), Content::Json, NOW).err().expect("too many");
        assert_eq!((problem.status().as_u16(), problem.code()), (422, Code::LimitExceeded));
        assert!(problem.detail().contains("10000"), "{}", problem.detail());
    }
    let lines = vec![good.as_str(); 10_001].join("\n");
    let problem = read_stock(&lines, Content::Lines, NOW).err().expect("too many");
    assert_eq!(problem.code(), Code::LimitExceeded);
}

#[test]
fn reservations_are_read_one_by_one() {
    let good = r#"{"lines":[{"itemId":"tea","quantity":1}]}"#;
    let text = format!(r#"[{good},{{"lines":[]}},{{"lines":7}},{good},[]]"#);
    let entries = read_reservations(&text).expect("an array");
    let invalid = "INVALID_REQUEST";
    assert_eq!(slots(&entries), ["Reserve", invalid, invalid, "Reserve", invalid]);
}

fn command(_: usize, action: Action) -> Command {
    let tenant = TenantId::parse("t").expect("valid");
    Command { tenant, key: None, source: None, trace: None, action }
}

#[test]
fn entries_keep_their_numbers_when_others_are_left_out() {
    let text = format!("[{},7,{}]", receipt("1"), receipt("2"));
    let entries = read_stock(&text, Content::Json, NOW).expect("an array");
    let mut numbers = Vec::new();
    let (slots, commands) = part(entries, |index, action| {
        numbers.push(index);
        command(index, action)
    });
    assert_eq!((slots.len(), commands.len()), (3, 2));
    // The key of entry i is K/i, also when an entry before it is not valid.
    assert_eq!(numbers, [0, 2]);
}

#[test]
fn results_stand_in_the_order_of_the_entries() {
    let mut received = change(Cause::Received);
    received.positions.push(position_change());
    let mut reserved = change(Cause::Reserved);
    reserved.reservation = Some(Arc::new(reservation(42)));
    let mut again = changed(reserved);
    again.replayed = true;
    let rejection = Box::new(Rejection::UnknownItem(ItemId::parse("pot").expect("valid")));
    let slots = vec![
        Slot::Asked(STOCK),
        Slot::Refused(Problem::malformed("what is this?")),
        Slot::Asked(RESERVED),
        Slot::Asked(STOCK),
        Slot::Asked(STOCK),
        Slot::Asked(STOCK),
    ];
    let replies = vec![
        Reply::Changed(changed(received)),
        Reply::Changed(again),
        Reply::Refused { rejection, sequence: Some(7), replayed: true },
        Reply::Failed(Failure::Overloaded),
        // A record that lacks what its answer shows.
        Reply::Changed(changed(change(Cause::Received))),
    ];
    let text = text_of(&write(slots, replies, &SampleNames));
    let read: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let at = |path: &str| read.pointer(path).map(ToString::to_string).unwrap_or_default();
    for (path, expected) in [
        ("/succeeded", "2"),
        ("/failed", "4"),
        ("/results/0/status", "200"),
        ("/results/0/answer/transactionId", "\"txn-1-42-0\""),
        ("/results/0/answer/position/onHand", "20"),
        ("/results/0/problem", ""),
        ("/results/1/status", "400"),
        ("/results/1/problem/detail", "\"what is this?\""),
        ("/results/1/answer", ""),
        ("/results/2/status", "201"),
        ("/results/2/answer/reservationId", "\"rsv-1-42\""),
        ("/results/3/status", "404"),
        ("/results/3/problem/itemId", "\"pot\""),
        ("/results/4/status", "429"),
        ("/results/5/status", "500"),
        ("/results/5/problem/code", "\"INTERNAL\""),
        ("/results/6", ""),
    ] {
        assert_eq!(at(path), expected, "{path} of {read}");
    }
}

/// A repeated batch is told by its header, once every answer is a repeated one.
#[test]
fn a_batch_is_a_repetition_when_all_its_answers_are() {
    let reply = |replayed| Reply::Refused {
        rejection: Box::new(Rejection::UnknownReservation),
        sequence: Some(7),
        replayed,
    };
    for (replies, expected) in [
        (vec![reply(true), reply(true)], true),
        (vec![reply(true), reply(false)], false),
        (vec![], false),
    ] {
        let slots = replies.iter().map(|_| Slot::Asked(STOCK)).collect();
        let response = write(slots, replies, &SampleNames).respond(None);
        assert_eq!(response.headers().contains_key("idempotency-replayed"), expected);
    }
}

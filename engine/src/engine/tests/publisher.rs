//! The event publisher, as an application uses it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use onhand_domain::dead_letter::LetterStatus;
use onhand_domain::ids::{TenantId, Text};
use onhand_domain::rejection::Rejection;
use onhand_domain::upkeep::{ApplicationEvent, PUBLISHED_BYTES_MAX};

use super::{block, receive, start};
use crate::Engine;
use crate::publisher::{HANDLERS, HandlerError, PublishError, ReplayOptions, RetryOutcome};

/// A generous deadline: a handler is told within milliseconds.
const LONG: Duration = Duration::from_secs(20);

fn tenant() -> TenantId {
    TenantId::parse("default").expect("valid")
}

fn event(kind: &str, payload: &str) -> ApplicationEvent {
    let text = |text| Text::parse(text).expect("valid");
    ApplicationEvent {
        event_type: text(kind),
        aggregate_type: text("Price"),
        aggregate_id: text("shirt"),
        aggregate_version: 0,
        occurred_at: None,
        payload: Arc::from(payload),
    }
}

fn priced() -> ApplicationEvent {
    event("PriceChanged", r#"{"price":1}"#)
}

fn watch(engine: &Engine, kind: &str) -> Receiver<String> {
    let (told, inbox): (SyncSender<String>, _) = sync_channel(64);
    engine.publisher().register_handler(kind, move |event| {
        let line = format!("{} {}", event.type_name(), event.sequence);
        told.send(line).map_err(|error| HandlerError(error.to_string()))
    });
    inbox
}

fn next(inbox: &Receiver<String>) -> String {
    inbox.recv_timeout(LONG).expect("it was told")
}

#[test]
fn what_is_published_is_told_in_the_order_of_the_log() {
    let directory = tempfile::tempdir().expect("a directory");
    let (engine, port) = start(&directory);
    block(port.call(receive(1)));
    let (all, prices) = (watch(&engine, "*"), watch(&engine, "PriceChanged"));
    let publisher = engine.publisher();
    let two = vec![priced(), event("PriceDropped", "{}")];
    let ids = block(publisher.publish_all(&tenant(), two, None, None)).expect("published");
    block(port.call(receive(1)));
    let third = block(publisher.publish(&tenant(), priced())).expect("published");
    let expected = [
        "PriceChanged 2",
        "PriceDropped 2",
        "StockLevelChanged 3",
        "StockReceived 3",
        "PriceChanged 4",
    ];
    for expected in expected {
        assert_eq!(next(&all), expected, "what came before the handler is not told");
    }
    assert_eq!([next(&prices), next(&prices)], ["PriceChanged 2", "PriceChanged 4"]);
    assert!(ids.len() == 2 && ids[0] < ids[1] && ids[1] < third, "{ids:?} {third}");
    let status = publisher.status();
    assert_eq!((status.is_running, status.published, status.handlers), (true, 3, 2));

    let prices = ReplayOptions { types: vec!["PriceChanged".into()], ..ReplayOptions::default() };
    let mut replay = publisher.replay(prices.clone());
    let mut found = Vec::new();
    while let Some(events) = block(replay.next()).expect("readable") {
        found.extend(events);
    }
    assert_eq!((found[0].event_id, found[1].event_id), (ids[0], third));
    assert_eq!((found.len(), replay.matched()), (2, 2));
    let count = |options| block(publisher.replay(options).dry_run()).expect("readable");
    let later = ReplayOptions { after_sequence: 2, ..prices.clone() };
    assert_eq!((count(ReplayOptions::default()) > 5, count(later)), (true, 1));
    let other = TenantId::parse("other").expect("valid");
    assert_eq!(count(ReplayOptions { tenant: Some(other), ..prices.clone() }), 0);
    let position = Some("shirt:WH-1".to_owned());
    assert_eq!(count(ReplayOptions { aggregate_id: position, ..prices }), 0);
}

#[test]
fn a_key_publishes_once() {
    let directory = tempfile::tempdir().expect("a directory");
    let (engine, _port) = start(&directory);
    let publish =
        |event| block(engine.publisher().publish_all(&tenant(), vec![event], Some("k"), None));
    let first = publish(priced()).expect("published");
    assert_eq!(publish(priced()), Ok(first));
    let other = publish(event("PriceChanged", "{}"));
    assert!(matches!(&other, Err(PublishError::Refused(it)) if **it == Rejection::KeyReused));
    assert_eq!((engine.publisher().status().published, engine.view().sequence()), (1, 1));
}

#[test]
fn what_cannot_be_told_is_not_published() {
    let directory = tempfile::tempdir().expect("a directory");
    let (engine, _port) = start(&directory);
    let publish = |events| block(engine.publisher().publish_all(&tenant(), events, None, None));
    assert_eq!(publish(Vec::new()), Err(PublishError::Empty));
    let broken = vec![priced(), event("PriceChanged", "{\"a\":}")];
    assert_eq!(publish(broken), Err(PublishError::NotAnObject(1)));
    let payload = |bytes: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(bytes - 8));
    let fits = event("PriceChanged", &payload(PUBLISHED_BYTES_MAX));
    assert!(publish(vec![fits.clone()]).is_ok());
    let long = event("PriceChanged", &payload(PUBLISHED_BYTES_MAX + 1));
    for events in [vec![long], vec![fits; 9], vec![priced(); 1_001]] {
        let refused = publish(events);
        let is_limit = matches!(&refused, Err(PublishError::Refused(rejection))
            if matches!(**rejection, Rejection::LimitExceeded { .. }));
        assert!(is_limit, "{refused:?}");
    }
    assert_eq!(engine.view().sequence(), 1);
}

#[test]
fn what_a_handler_refuses_is_a_dead_letter_and_stops_nothing() {
    let directory = tempfile::tempdir().expect("a directory");
    let (engine, _port) = start(&directory);
    let publisher = engine.publisher();
    let is_broken = Arc::new(AtomicBool::new(true));
    let broken = Arc::clone(&is_broken);
    publisher.register_handler("PriceChanged", move |_| {
        if broken.load(Ordering::Acquire) { Err(HandlerError("no".into())) } else { Ok(()) }
    });
    let after = watch(&engine, "PriceDropped");
    block(publisher.publish(&tenant(), priced())).expect("published");
    block(publisher.publish(&tenant(), event("PriceDropped", "{}"))).expect("published");
    let told = next(&after);
    assert!(told.starts_with("PriceDropped "), "{told}: its record may come behind the letter");
    let failed = || block(publisher.failed(None, None, None, 10)).expect("readable").items;
    let letters = failed();
    let [letter] = letters.as_slice() else { panic!("{letters:?}") };
    let unsent = letter.unsent().expect("an event");
    assert_eq!((unsent.sink.as_str(), unsent.sequence), (HANDLERS, 1));
    assert_eq!((letter.code(), letter.letter.attempts), ("HANDLER_FAILED", 3));

    let number = letter.letter.number;
    let retry = || block(publisher.retry(number)).expect("answered");
    assert_eq!(retry(), RetryOutcome::Failed("no".into()));
    assert_eq!(failed()[0].letter.attempts, 4);
    is_broken.store(false, Ordering::Release);
    assert_eq!(retry(), RetryOutcome::Sent);
    assert_eq!(retry(), RetryOutcome::Settled(LetterStatus::Retried));
    assert_eq!(block(publisher.retry(1)), Ok(RetryOutcome::Unknown));
    assert_eq!(publisher.status().failed, 0);
}

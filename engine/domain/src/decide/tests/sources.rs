//! Commands that were read from an ordered source: each is acted on once.

use alloc::sync::Arc;

use super::actions::{confirm, receive, reserve, sell};
use super::text;
use super::world::{Answer, World};
use crate::change::Cause;
use crate::command::{Action, Command, SourcePosition};
use crate::ids::Text;

fn at(offset: u64, action: Action) -> Command {
    let stream = Text::parse("kafka/sales").expect("valid");
    let source = SourcePosition { stream, partition: 0, generation: 1, offset, checksum: 0 };
    Command { source: Some(Arc::new(source)), ..World::command(action) }
}

fn cause(answer: &Result<Answer, crate::rejection::Rejection>) -> Option<Cause> {
    match answer {
        Ok(Answer::Change(change)) => Some(change.cause),
        _ => None,
    }
}

/// "what lies below is a no-op".
#[test]
fn what_was_acted_on_has_passed() {
    let mut world = World::stocked("tea@north 10");
    assert_eq!(cause(&world.send(&at(4, sell("tea@north", "1")))), Some(Cause::Sold));
    for offset in [4, 3, 0] {
        let answer = world.send(&at(offset, sell("tea@north", "1")));
        assert!(matches!(answer, Ok(Answer::Passed)), "{offset}: {answer:?}");
    }
    assert_eq!(cause(&world.send(&at(5, sell("tea@north", "1")))), Some(Cause::Sold));
    assert_eq!(world.at("tea@north"), "available 8");
}

/// "one that came by event is always a record": refusals, answers without effect, keys used twice.
#[test]
fn every_message_moves_its_source_on() {
    let mut world = World::stocked("tea@north 1");
    assert_eq!(cause(&world.send(&at(1, reserve("tea 2")))), Some(Cause::Refused));
    assert_eq!(cause(&world.send(&at(2, reserve("ghost 2")))), Some(Cause::Refused));
    let number = world.hold("tea 1");
    world.ok(confirm(number));
    assert_eq!(cause(&world.send(&at(3, confirm(number)))), Some(Cause::Unchanged));
    let keyed = |offset, action| Command { key: Some([1; 16]), ..at(offset, action) };
    assert_eq!(cause(&world.send(&keyed(4, receive("tea@north", "1")))), Some(Cause::Received));
    let reused = world.send(&keyed(5, receive("tea@north", "2")));
    let Ok(Answer::Change(reused)) = reused else { panic!("{reused:?}") };
    let refusal = reused.refusal.expect("a reason");
    assert_eq!((reused.cause, text::rejection(&refusal).as_str()), (Cause::Refused, "KeyReused"));
    assert_eq!(reused.key, None, "the key stays with its first command");
    assert!(matches!(world.send(&at(5, reserve("tea 2"))), Ok(Answer::Passed)));
    let mark = world.stock.sources().iter().next().expect("one source");
    assert_eq!((mark.last.offset, mark.sequence), (5, world.sequence));
}

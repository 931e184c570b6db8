use std::sync::Arc;

use onhand_domain::change::{Cause, Change};
use onhand_domain::command::Detail;
use onhand_domain::consumed::{Message, Source, SourcePosition};
use onhand_domain::dead_letter::{
    DeadLetter, Direction, Fault, LetterChange, LetterContent, LetterStatus, Unsent,
};
use onhand_domain::rejection::Rejection;
use onhand_domain::upkeep::{ApplicationEvent, Kept};

use super::{AT, BEFORE, SEQUENCE, arc, item, of, stock, text};

/// Written a hundred records ago when it is no longer open.
pub(super) fn a_letter(status: LetterStatus) -> DeadLetter {
    let is_new = status == LetterStatus::Open;
    DeadLetter {
        number: if is_new { SEQUENCE } else { SEQUENCE - 100 },
        tenant: 3,
        direction: Direction::In,
        status,
        attempts: 4,
        first_failed_at: BEFORE,
        last_failed_at: if is_new { AT } else { BEFORE },
        sequence: SEQUENCE,
    }
}

fn fault() -> Fault {
    let details = Some(text("{\"line\":3}"));
    Fault { details, ..Fault::of("UNREADABLE", "expected a value") }
}

fn kept(cause: Cause, kept: Kept) -> Change {
    Change { kept: Some(Box::new(kept)), ..of(cause) }
}

fn letter(cause: Cause, letter: DeadLetter, fault: Option<Fault>) -> Change {
    kept(cause, Kept::Letter(LetterChange { letter, content: None, fault }))
}

/// A message that cannot be read: it has a place and no identity.
fn buried() -> Change {
    let source = arc(Source::at(SourcePosition::clone(&stock::a_place())));
    let message = Some(Message { bytes: Arc::from(&b"not json"[..]), length: 70_000 });
    let content = Some(LetterContent { message, unsent: None });
    let (letter, fault) = (a_letter(LetterStatus::Open), Some(fault()));
    let change = LetterChange { letter, content, fault };
    Change { source, ..kept(Cause::Buried, Kept::Letter(change)) }
}

fn unsent() -> Change {
    let unsent = Some(Unsent {
        sink: text("kafka"),
        topic: text("inventory-events"),
        event_id: text("019c4245-da00-7003-8000-4000002a0000"),
        event_type: text("StockLevelChanged"),
        sequence: SEQUENCE - 7,
        index: 2,
    });
    let letter = DeadLetter { direction: Direction::Out, ..a_letter(LetterStatus::Open) };
    let content = Some(LetterContent { message: None, unsent });
    kept(Cause::Buried, Kept::Letter(LetterChange { letter, content, fault: Some(fault()) }))
}

fn refused() -> Change {
    let content = Some(LetterContent { message: None, unsent: None });
    let letter = DeadLetter { attempts: 1, first_failed_at: AT, ..a_letter(LetterStatus::Open) };
    Change {
        source: stock::a_source(),
        refusal: Some(Box::new(Rejection::NotTracked(item("item-1")))),
        refused: Some(Cause::Received),
        ..kept(Cause::Refused, Kept::Letter(LetterChange { letter, content, fault: None }))
    }
}

fn published() -> Change {
    let event = ApplicationEvent {
        event_type: text("PriceChanged"),
        aggregate_type: text("Price"),
        aggregate_id: text("item-1"),
        aggregate_version: 7,
        occurred_at: Some(BEFORE),
        payload: Arc::from("{\"price\":12.5}"),
    };
    let bare = ApplicationEvent { occurred_at: None, aggregate_version: 0, ..event.clone() };
    kept(Cause::Published, Kept::Published(vec![event, bare]))
}

pub(super) fn samples() -> Vec<(&'static str, Change)> {
    let place = stock::a_place();
    let skipped = SourcePosition { checksum: None, ..SourcePosition::clone(&place) };
    let stream = place.stream.clone();
    let reset = Kept::Reset { stream, generation: 2 };
    let reason = arc(Detail { reason: Some(text("made anew")), ..Detail::default() });
    let discarded = a_letter(LetterStatus::Discarded);
    vec![
        ("source-advanced", kept(Cause::SourceAdvanced, Kept::Advanced(vec![place]))),
        ("source-skipped", kept(Cause::SourceSkipped, Kept::Advanced(vec![Arc::new(skipped)]))),
        ("source-reset", Change { detail: reason.clone(), ..kept(Cause::SourceReset, reset) }),
        ("buried", buried()),
        ("buried-unsent", unsent()),
        ("refused-dead-letter", refused()),
        ("letter-retried", letter(Cause::LetterRetried, a_letter(LetterStatus::Retried), None)),
        (
            "letter-discarded",
            Change { detail: reason, ..letter(Cause::LetterDiscarded, discarded, None) },
        ),
        ("published", published()),
    ]
}

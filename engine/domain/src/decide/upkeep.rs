//! Sources, dead letters, and events of an application.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::{Decision, Recalled, refused_detail};
use crate::change::{Cause, Change};
use crate::command::{Action, Command, Detail};
use crate::consumed::{ConsumedEvent, Source, SourcePosition};
use crate::dead_letter::{
    DeadLetter, Direction, EVENT_ID_REUSED, Fault, LetterChange, LetterContent, LetterNumber,
    LetterStatus,
};
use crate::draft::Draft;
use crate::ids::Text;
use crate::rejection::{Limit, Rejection};
use crate::sources::SOURCE_PARTITIONS_MAX;
use crate::stock::Stock;
use crate::time::Timestamp;
use crate::upkeep::{
    ADVANCES_MAX, ApplicationEvent, Bury, Kept, PUBLISHED_BYTES_MAX, PUBLISHED_MAX,
    PUBLISHED_TOTAL_BYTES_MAX, Retry, Upkeep,
};

/// The record that is being decided.
#[derive(Clone, Copy)]
pub(super) struct Now {
    pub(super) at: Timestamp,
    pub(super) sequence: u64,
    pub(super) recalled: Recalled,
}

impl Stock {
    /// Whether a message needs no look at what it asks for: it was acted on, or its event was.
    pub(super) fn met_before(&self, command: &Command, source: &Source, now: Now) -> Option<Met> {
        if self.sources.has_passed(&source.position) {
            return Some(Ok(Decision::Passed));
        }
        if !self.sources.has_room(&source.position) {
            return Some(Err(over(Limit::Sources, SOURCE_PARTITIONS_MAX)));
        }
        let event = source.event.as_ref()?;
        let known = self.events.find(&event.key)?;
        if known.fingerprint == event.fingerprint {
            return Some(Ok(Decision::Duplicate(known.sequence)));
        }
        Some(Ok(self.bury(command, Some(reused(event)), now.at, now.sequence)))
    }

    /// Makes a message a dead letter, whatever it asks for. The key of its command stays free.
    #[must_use]
    pub fn bury(
        &self,
        command: &Command,
        fault: Option<Fault>,
        now: Timestamp,
        sequence: u64,
    ) -> Decision {
        let draft = Draft::begin(self, &command.tenant, Cause::Refused, now, sequence);
        let mut change = draft.change;
        change.refused = Some(command.action.cause());
        change.detail = refused_detail(&command.action);
        Draft::sign(&mut change, command);
        change.key = None;
        self.enclose(change, command, fault, sequence)
    }

    /// Puts the letter of a message into the change that refuses it, if there is room.
    pub(super) fn enclose(
        &self,
        mut change: Box<Change>,
        command: &Command,
        fault: Option<Fault>,
        sequence: u64,
    ) -> Decision {
        if self.letters.is_full() {
            return Decision::NoRoom;
        }
        let message = command.source.as_ref().and_then(|source| source.message.clone());
        change.kept = Some(Box::new(Kept::Letter(LetterChange {
            letter: DeadLetter {
                number: sequence,
                tenant: change.tenant,
                direction: Direction::In,
                status: LetterStatus::Open,
                attempts: 1,
                first_failed_at: change.at,
                last_failed_at: change.at,
                sequence,
            },
            content: Some(LetterContent { message, unsent: None }),
            fault,
        })));
        Decision::Change(change)
    }

    pub(super) fn keep(
        &self,
        command: &Command,
        wish: &Upkeep,
        now: Now,
    ) -> Result<Decision, Rejection> {
        let cause = wish.cause();
        let begin = || Draft::begin(self, &command.tenant, cause, now.at, now.sequence).change;
        let change = match wish {
            Upkeep::Advance(positions) => return self.advance(begin(), positions),
            Upkeep::ResetSource { stream, reason } => {
                let generation = self.sources.generation(stream).saturating_add(1);
                told(begin(), reason, Kept::Reset { stream: stream.clone(), generation })
            }
            Upkeep::SkipSource { stream, partition, next_offset, reason } => {
                let Some(position) = self.skip(stream, *partition, *next_offset) else {
                    return Ok(Decision::Passed);
                };
                told(begin(), reason, Kept::Advanced(alloc::vec![position]))
            }
            Upkeep::Bury(bury) => return Ok(self.bury_told(begin(), command, bury, now)),
            Upkeep::Retry { letter, with } => return self.retry(command, *letter, with, now),
            Upkeep::Discard { letter, reason } => {
                let held = self.letter(command, *letter)?;
                let status = LetterStatus::Discarded;
                if held.status == status {
                    return Ok(Decision::Passed);
                }
                let letter = DeadLetter { status, sequence: now.sequence, ..open(held)? };
                told(begin(), reason, letter_kept(letter, None))
            }
            Upkeep::Publish(events) => {
                check_size(events)?;
                told(begin(), &None, Kept::Published(events.clone()))
            }
        };
        Ok(Decision::Change(change))
    }

    fn advance(
        &self,
        mut change: Box<Change>,
        positions: &[Arc<SourcePosition>],
    ) -> Result<Decision, Rejection> {
        if positions.len() > ADVANCES_MAX as usize {
            return Err(over(Limit::Sources, ADVANCES_MAX));
        }
        let is_new = |position: &&Arc<SourcePosition>| {
            !self.sources.has_passed(position) && self.sources.has_room(position)
        };
        let moved: Vec<_> = positions.iter().filter(is_new).cloned().collect();
        if moved.is_empty() {
            return Ok(Decision::Passed);
        }
        change.kept = Some(Box::new(Kept::Advanced(moved)));
        Ok(Decision::Change(change))
    }

    /// The place before an offset, unless the source has come that far.
    fn skip(&self, stream: &Text, partition: u32, next: u64) -> Option<Arc<SourcePosition>> {
        let generation = self.sources.generation(stream);
        let offset = next.checked_sub(1)?;
        let stream = stream.clone();
        let position = SourcePosition { stream, partition, generation, offset, checksum: None };
        let is_ahead = !self.sources.has_passed(&position) && self.sources.has_room(&position);
        is_ahead.then(|| Arc::new(position))
    }

    fn bury_told(&self, change: Box<Change>, command: &Command, bury: &Bury, now: Now) -> Decision {
        let fault = Some(bury.fault.clone());
        let decision = self.enclose(change, command, fault, now.sequence);
        let Decision::Change(mut change) = decision else { return decision };
        if let Some(Kept::Letter(held)) = change.kept.as_deref_mut() {
            held.letter.attempts = bury.attempts.max(1);
            held.letter.first_failed_at = bury.first_failed_at.unwrap_or(now.at);
            if let Some((unsent, message)) = &bury.unsent {
                held.letter.direction = Direction::Out;
                let (unsent, message) = (Some(unsent.clone()), message.clone());
                held.content = Some(LetterContent { message, unsent });
            }
        }
        Decision::Change(change)
    }

    /// A dead letter of the command's tenant.
    fn letter(&self, command: &Command, number: LetterNumber) -> Result<DeadLetter, Rejection> {
        let held = self.letters.get(number).copied();
        let ours = held.filter(|held| self.tenant(held.tenant) == Some(&command.tenant));
        ours.ok_or(Rejection::UnknownDeadLetter)
    }

    /// Acts once: a letter that was retried is left as it is.
    fn retry(
        &self,
        command: &Command,
        number: LetterNumber,
        with: &Retry,
        now: Now,
    ) -> Result<Decision, Rejection> {
        let held = self.letter(command, number)?;
        if held.status == LetterStatus::Retried {
            return Ok(Decision::Passed);
        }
        let held = open(held)?;
        let attempts = held.attempts.saturating_add(1);
        let tried = DeadLetter { attempts, sequence: now.sequence, ..held };
        let settled = DeadLetter { status: LetterStatus::Retried, ..tried };
        let failed = DeadLetter { last_failed_at: now.at, ..tried };
        let begin = |cause| Draft::of(self, held.tenant, cause, now.at, now.sequence).change;
        match with {
            Retry::Done => {
                let change = begin(Cause::LetterRetried);
                Ok(Decision::Change(told(change, &None, letter_kept(settled, None))))
            }
            Retry::Failed(fault) => {
                let kept = letter_kept(failed, Some(fault.clone()));
                Ok(Decision::Change(told(begin(Cause::Buried), &None, kept)))
            }
            Retry::Act(action, source) => {
                let Some(source) = self.meet_again(source.as_ref(), number) else {
                    // Another message told of this event, and was acted on.
                    let change = begin(Cause::LetterRetried);
                    return Ok(Decision::Change(told(change, &None, letter_kept(settled, None))));
                };
                self.act_again(command, action, source, (settled, failed), now)
            }
        }
    }

    /// What an event acts as when its dead letter is tried again; `None`: it was acted on. Other content
    /// under an id that is taken acts as itself: whoever tries it again knows why it was buried.
    fn meet_again(
        &self,
        source: Option<&Arc<Source>>,
        letter: LetterNumber,
    ) -> Option<Option<Arc<Source>>> {
        let Some((source, event)) = source.and_then(|it| Some((it, it.event.as_ref()?))) else {
            return Some(None);
        };
        let Some(known) = self.events.find(&event.key) else {
            return Some(Some(Arc::clone(source)));
        };
        // The letter itself took the id.
        if known.sequence == letter {
            return Some(None);
        }
        if known.fingerprint == event.fingerprint {
            return None;
        }
        let event = event.clone().beside_another();
        let is_free = self.events.find(&event.key).is_none();
        let source = Source { event: Some(event), ..Source::clone(source) };
        is_free.then(|| Some(Arc::new(source)))
    }

    fn act_again(
        &self,
        command: &Command,
        action: &Action,
        source: Option<Arc<Source>>,
        (settled, failed): (DeadLetter, DeadLetter),
        now: Now,
    ) -> Result<Decision, Rejection> {
        assert!(!matches!(action, Action::Upkeep(_)), "a message asks for a change of stock");
        let Now { at, sequence, recalled } = now;
        let inner = Command { action: action.clone(), key: None, source: None, ..command.clone() };
        let enclosed = |mut change: Box<Change>, letter: DeadLetter| {
            if letter.status == LetterStatus::Retried {
                change.source = source.clone();
            }
            change.kept = Some(Box::new(letter_kept(letter, None)));
            Ok(Decision::Change(change))
        };
        match self.act(&inner, recalled, at, sequence) {
            Ok(Decision::Change(change)) => match self.due_behind_change(&inner, &change, at) {
                Some(number) => Ok(Decision::Expire(number)),
                None => enclosed(change, settled),
            },
            Ok(Decision::Unchanged(reservation)) => {
                enclosed(self.unchanged(&inner, &reservation, at, sequence), settled)
            }
            // The shipment was booked meanwhile: nothing is left to be done.
            Ok(Decision::Repeat(_)) => {
                let tenant = settled.tenant;
                let draft = Draft::of(self, tenant, Cause::LetterRetried, at, sequence);
                enclosed(draft.change, settled)
            }
            Ok(other) => Ok(other),
            Err(rejection) => {
                if let Some(number) = self.due_behind_refusal(&inner, &rejection, at) {
                    return Ok(Decision::Expire(number));
                }
                let draft = Draft::of(self, failed.tenant, Cause::Refused, at, sequence);
                let mut change = draft.change;
                change.refusal = Some(Box::new(rejection));
                change.refused = Some(action.cause());
                change.detail = refused_detail(action);
                enclosed(change, failed)
            }
        }
    }
}

/// What a look at the source alone has decided.
pub(super) type Met = Result<Decision, Rejection>;

fn reused(event: &ConsumedEvent) -> Fault {
    let error = alloc::format!("event id `{}` was used for other content before", event.id);
    Fault::of(EVENT_ID_REUSED, &error)
}

const fn over(what: Limit, limit: u32) -> Rejection {
    Rejection::LimitExceeded { what, limit }
}

const fn letter_kept(letter: DeadLetter, fault: Option<Fault>) -> Kept {
    Kept::Letter(LetterChange { letter, content: None, fault })
}

fn told(mut change: Box<Change>, reason: &Option<Text>, kept: Kept) -> Box<Change> {
    let reason = reason.clone();
    change.detail =
        reason.map(|reason| Arc::new(Detail { reason: Some(reason), ..Detail::default() }));
    change.kept = Some(Box::new(kept));
    change
}

const fn open(held: DeadLetter) -> Result<DeadLetter, Rejection> {
    match held.status {
        LetterStatus::Open => Ok(held),
        status => Err(Rejection::LetterSettled(status)),
    }
}

fn check_size(events: &[ApplicationEvent]) -> Result<(), Rejection> {
    if events.len() > PUBLISHED_MAX as usize {
        return Err(over(Limit::Events, PUBLISHED_MAX));
    }
    let sizes = events.iter().map(|event| event.payload.len());
    let total = sizes.clone().fold(0_usize, usize::saturating_add);
    let most = sizes.max().unwrap_or(0);
    let limit = |bytes: usize| u32::try_from(bytes).unwrap_or(u32::MAX);
    if most > PUBLISHED_BYTES_MAX {
        return Err(over(Limit::EventBytes, limit(PUBLISHED_BYTES_MAX)));
    }
    if total > PUBLISHED_TOTAL_BYTES_MAX {
        return Err(over(Limit::EventBytes, limit(PUBLISHED_TOTAL_BYTES_MAX)));
    }
    Ok(())
}

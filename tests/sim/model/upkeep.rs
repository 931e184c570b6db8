//! Sources and dead letters.

use std::collections::BTreeMap;
use std::sync::Arc;

use onhand_domain::change::Cause;
use onhand_domain::command::{Action, SourcePosition};
use onhand_domain::dead_letter::{Direction, LetterStatus};
use onhand_domain::ids::{TenantId, Text};
use onhand_domain::rejection::{Limit, Rejection};
use onhand_domain::sources::FIRST_GENERATION;
use onhand_domain::upkeep::{
    ADVANCES_MAX, Bury, PUBLISHED_BYTES_MAX, PUBLISHED_MAX, PUBLISHED_TOTAL_BYTES_MAX, Retry,
    Upkeep,
};

use super::step::Step;

/// A place in a source that was acted on or skipped: offset, checksum, record.
pub(crate) type Mark = (u64, Option<u32>, u64);

#[derive(Debug, Clone)]
pub(crate) struct Stream {
    pub(crate) generation: u32,
    pub(crate) marks: BTreeMap<u32, Mark>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Letter {
    pub(crate) tenant: TenantId,
    pub(crate) direction: Direction,
    pub(crate) status: LetterStatus,
    pub(crate) attempts: u32,
    pub(crate) sequence: u64,
}

/// What became of something about sources and letters.
pub(super) enum Kept {
    Told,
    Passed,
    NoRoom,
}

/// Where sources stand.
#[derive(Debug, Clone, Default)]
pub(crate) struct Streams(pub(crate) BTreeMap<Text, Stream>);

impl Streams {
    pub(crate) fn generation(&self, name: &Text) -> u32 {
        self.0.get(name).map_or(FIRST_GENERATION, |stream| stream.generation)
    }

    pub(crate) fn has_passed(&self, at: &SourcePosition) -> bool {
        let Some(stream) = self.0.get(&at.stream) else { return false };
        if stream.generation != at.generation {
            return at.generation < stream.generation;
        }
        stream.marks.get(&at.partition).is_some_and(|(offset, _, _)| *offset >= at.offset)
    }

    pub(crate) fn advance(&mut self, at: &SourcePosition, sequence: u64) {
        if !self.has_passed(at) {
            self.begin(&at.stream, at.generation);
            let stream = self.0.get_mut(&at.stream).expect("begun just now");
            stream.marks.insert(at.partition, (at.offset, at.checksum, sequence));
        }
    }

    fn begin(&mut self, name: &Text, generation: u32) {
        let new = Stream { generation, marks: BTreeMap::new() };
        match self.0.get_mut(name) {
            Some(held) if held.generation < generation => *held = new,
            Some(_) => {}
            None => {
                self.0.insert(name.clone(), new);
            }
        }
    }
}

impl Step {
    pub(super) fn keep(&mut self, wish: &Upkeep) -> Result<Kept, Rejection> {
        match wish {
            Upkeep::Advance(places) => return self.advance(places),
            Upkeep::ResetSource { stream, .. } => {
                let next = self.model.streams.generation(stream) + 1;
                self.model.streams.begin(stream, next);
            }
            Upkeep::SkipSource { stream, partition, next_offset, .. } => {
                let generation = self.model.streams.generation(stream);
                let Some(offset) = next_offset.checked_sub(1) else { return Ok(Kept::Passed) };
                let (stream, partition) = (stream.clone(), *partition);
                let at = SourcePosition { stream, partition, generation, offset, checksum: None };
                if self.model.streams.has_passed(&at) {
                    return Ok(Kept::Passed);
                }
                self.model.streams.advance(&at, self.sequence);
            }
            Upkeep::Bury(bury) => return Ok(self.bury_told(bury)),
            Upkeep::Retry { letter, with } => return self.retry(*letter, with),
            Upkeep::Discard { letter, .. } => {
                let mut held = self.letter(*letter)?;
                match held.status {
                    LetterStatus::Discarded => return Ok(Kept::Passed),
                    LetterStatus::Retried => return Err(Rejection::LetterSettled(held.status)),
                    LetterStatus::Open => held.status = LetterStatus::Discarded,
                }
                self.put_letter(*letter, held);
            }
            Upkeep::Publish(events) => {
                let sizes: Vec<usize> = events.iter().map(|event| event.payload.len()).collect();
                let total: usize = sizes.iter().sum();
                let over = |what, limit: usize| {
                    let limit = u32::try_from(limit).expect("limits are small");
                    Err(Rejection::LimitExceeded { what, limit })
                };
                if events.len() > PUBLISHED_MAX as usize {
                    return over(Limit::Events, PUBLISHED_MAX as usize);
                }
                if sizes.iter().any(|size| *size > PUBLISHED_BYTES_MAX) {
                    return over(Limit::EventBytes, PUBLISHED_BYTES_MAX);
                }
                if total > PUBLISHED_TOTAL_BYTES_MAX {
                    return over(Limit::EventBytes, PUBLISHED_TOTAL_BYTES_MAX);
                }
                self.told.published = events.len();
            }
        }
        Ok(Kept::Told)
    }

    fn advance(&mut self, places: &[Arc<SourcePosition>]) -> Result<Kept, Rejection> {
        if places.len() > ADVANCES_MAX as usize {
            return Err(Rejection::LimitExceeded { what: Limit::Sources, limit: ADVANCES_MAX });
        }
        let before = self.model.streams.clone();
        let new: Vec<_> = places.iter().filter(|at| !before.has_passed(at)).collect();
        for at in &new {
            self.model.streams.advance(at, self.sequence);
        }
        Ok(if new.is_empty() { Kept::Passed } else { Kept::Told })
    }

    /// Writes a dead letter about the message at hand, if there is room for one.
    pub(super) fn bury(&mut self, attempts: u32, direction: Direction) -> Kept {
        if self.model.letters_are_full() {
            return Kept::NoRoom;
        }
        let letter = Letter {
            tenant: self.tenant.clone(),
            direction,
            status: LetterStatus::Open,
            attempts,
            sequence: self.sequence,
        };
        self.put_letter(self.sequence, letter);
        Kept::Told
    }

    fn bury_told(&mut self, bury: &Bury) -> Kept {
        let direction = if bury.unsent.is_some() { Direction::Out } else { Direction::In };
        self.bury(bury.attempts.max(1), direction)
    }

    fn put_letter(&mut self, number: u64, mut letter: Letter) {
        letter.sequence = self.sequence;
        self.told.letter = Some(number);
        self.model.letters.insert(number, letter);
        let limit = self.model.letters_max;
        while self.model.letters.len() > limit {
            let settled = self.model.letters.iter();
            let settled = settled.filter(|(_, held)| held.status != LetterStatus::Open);
            let oldest = settled.min_by_key(|(number, held)| (held.sequence, **number));
            let Some(oldest) = oldest.map(|(number, _)| *number) else { return };
            self.model.letters.remove(&oldest);
        }
    }

    /// A dead letter of this tenant.
    fn letter(&self, number: u64) -> Result<Letter, Rejection> {
        let held = self.model.letters.get(&number).filter(|held| held.tenant == self.tenant);
        held.cloned().ok_or(Rejection::UnknownDeadLetter)
    }

    fn retry(&mut self, number: u64, with: &Retry) -> Result<Kept, Rejection> {
        let mut held = self.letter(number)?;
        match held.status {
            LetterStatus::Retried => return Ok(Kept::Passed),
            LetterStatus::Discarded => return Err(Rejection::LetterSettled(held.status)),
            LetterStatus::Open => held.attempts += 1,
        }
        let mut settled = held.clone();
        settled.status = LetterStatus::Retried;
        match with {
            Retry::Done => self.put_letter(number, settled),
            Retry::Failed(_) => self.put_letter(number, held),
            Retry::Act(action, _) => return Ok(self.act_again(action, number, settled, held)),
        }
        Ok(Kept::Told)
    }

    /// Does what the message asked for. When that is refused, the letter stays open.
    fn act_again(&mut self, action: &Action, number: u64, settled: Letter, failed: Letter) -> Kept {
        use super::Acted;
        let before = self.model.clone();
        let letter = match self.act(action) {
            Ok(Acted::Told) => settled,
            Ok(Acted::Unchanged(shown)) => {
                self.told.cause = Some(Cause::Unchanged);
                self.told.reservation = Some(shown);
                settled
            }
            // The shipment was booked meanwhile.
            Ok(Acted::Repeat(_)) => {
                self.told.cause = Some(Cause::LetterRetried);
                settled
            }
            Ok(Acted::Passed | Acted::NoRoom) => unreachable!("a message asks for stock"),
            Err(rejection) => {
                self.model = before;
                self.told = super::step::Told {
                    cause: Some(Cause::Refused),
                    refusal: Some(rejection),
                    refused: Some(action.cause()),
                    ..super::step::Told::default()
                };
                failed
            }
        };
        self.put_letter(number, letter);
        Kept::Told
    }
}

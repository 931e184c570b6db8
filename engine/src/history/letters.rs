//! Reading dead letters: how they stand is in memory, what they say lies in the log.

use std::sync::Arc;

use onhand_domain::change::Change;
use onhand_domain::consumed::{ConsumedEvent, Message, SourcePosition};
use onhand_domain::dead_letter::{
    DeadLetter, Fault, LetterChange, LetterNumber, LetterStatus, Unsent,
};
use onhand_domain::rejection::Rejection;
use onhand_domain::upkeep::Kept;
use onhand_storage::{IndexRow, LogError, ReadLog};

use super::{Archive, History, kind};
use crate::error::Failure;
use crate::events::words;
use crate::recovery::read_change;
use crate::view::{LetterFilter, Page};

/// A dead letter with all that is known of it.
#[derive(Debug, Clone)]
pub struct LetterRecord {
    /// How it stands.
    pub letter: DeadLetter,
    /// The record that wrote it.
    pub written: Arc<Change>,
    /// The record that last changed it; the same when nobody has tried it again.
    pub last: Arc<Change>,
}

fn letter_of(change: &Change) -> Option<&LetterChange> {
    match change.kept.as_deref() {
        Some(Kept::Letter(held)) => Some(held),
        _ => None,
    }
}

impl LetterRecord {
    /// The message: its beginning.
    #[must_use]
    pub fn message(&self) -> Option<&Message> {
        letter_of(&self.written)?.content.as_ref()?.message.as_ref()
    }

    /// The event that can never be sent.
    #[must_use]
    pub fn unsent(&self) -> Option<&Unsent> {
        letter_of(&self.written)?.content.as_ref()?.unsent.as_ref()
    }

    /// Where the message stands in its source.
    #[must_use]
    pub fn position(&self) -> Option<&SourcePosition> {
        self.written.source.as_ref().map(|source| &*source.position)
    }

    /// The event of the message, when it has an identity.
    #[must_use]
    pub fn event(&self) -> Option<&ConsumedEvent> {
        self.written.source.as_ref()?.event.as_ref()
    }

    /// Why it failed last, in words; `None`: see [`LetterRecord::rejection`].
    #[must_use]
    pub fn fault(&self) -> Option<&Fault> {
        self.reasons().find_map(|change| letter_of(change)?.fault.as_ref())
    }

    /// Why it was refused last.
    #[must_use]
    pub fn rejection(&self) -> Option<&Rejection> {
        self.reasons().find_map(|change| change.refusal.as_deref())
    }

    /// Code of the last reason.
    #[must_use]
    pub fn code(&self) -> &str {
        let code = self.reasons().find_map(|change| match change.refusal.as_deref() {
            Some(rejection) => Some(words::refusal(rejection)),
            None => Some(letter_of(change)?.fault.as_ref()?.code.as_str()),
        });
        code.unwrap_or("INTERNAL")
    }

    /// The last record that holds a reason comes first.
    fn reasons(&self) -> impl Iterator<Item = &Change> {
        let has_reason = |change: &&Change| {
            let fault = letter_of(change).and_then(|held| held.fault.as_ref());
            change.refusal.is_some() || fault.is_some()
        };
        [&*self.last, &*self.written].into_iter().filter(has_reason).take(1)
    }
}

/// Calls `row` when a record settles a dead letter.
pub(super) fn rows_of(change: &Change, sequence: u64, mut row: impl FnMut(IndexRow)) {
    if let Some(held) = letter_of(change).filter(|held| held.letter.status != LetterStatus::Open) {
        row(IndexRow { kind: kind::LETTER, key: held.letter.number, sequence });
    }
}

impl Archive {
    /// A dead letter: as `known` says it stands, or, when it has left memory, as it was settled.
    fn letter(
        &self,
        log: &dyn ReadLog,
        number: LetterNumber,
        known: Option<DeadLetter>,
    ) -> Result<Option<LetterRecord>, LogError> {
        let Some(written) = read_change(log, number)? else { return Ok(None) };
        let is_it = |held: &&LetterChange| held.letter.number == number && held.content.is_some();
        let Some(first) = letter_of(&written).filter(is_it).map(|held| held.letter) else {
            return Ok(None);
        };
        let last = match known {
            Some(known) => Some(known.sequence),
            None => self.lookup(kind::LETTER, number, 1)?.first().copied(),
        };
        let written = Arc::new(written);
        let last = match last.filter(|sequence| *sequence != number) {
            Some(sequence) => read_change(log, sequence)?.map(Arc::new),
            None => None,
        };
        let last = last.unwrap_or_else(|| Arc::clone(&written));
        let letter = letter_of(&last).map_or(first, |held| held.letter);
        Ok(Some(LetterRecord { letter: known.unwrap_or(letter), written, last }))
    }
}

impl History {
    /// A dead letter, open or settled.
    ///
    /// # Errors
    /// The log could not be read.
    pub async fn dead_letter(&self, number: LetterNumber) -> Result<Option<LetterRecord>, Failure> {
        if number == 0 || number > self.view.sequence() {
            return Ok(None);
        }
        let (archive, known) = (self.archive.clone(), self.view.dead_letter(number));
        self.readers.read(move |log| archive.letter(log, number, known)).await
    }

    /// Dead letters that are in memory and pass the filter, newest first: all that are open, and those
    /// settled last.
    ///
    /// # Errors
    /// The log could not be read.
    pub async fn dead_letters(
        &self,
        filter: LetterFilter,
        before: Option<LetterNumber>,
        limit: usize,
    ) -> Result<Page<LetterRecord>, Failure> {
        let page = self.view.dead_letters(filter, before, limit);
        let archive = self.archive.clone();
        let read = move |log: &dyn ReadLog| {
            let one = |letter: &DeadLetter| archive.letter(log, letter.number, Some(*letter));
            page.items.iter().filter_map(|letter| one(letter).transpose()).collect()
        };
        let items: Vec<LetterRecord> = self.readers.read(read).await?;
        Ok(Page { items, next: page.next })
    }
}

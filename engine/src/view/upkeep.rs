//! Reading where sources stand, and what dead letters there are.

use onhand_domain::change::Change;
use onhand_domain::dead_letter::{DeadLetter, DeadLetters, Direction, LetterNumber, LetterStatus};
use onhand_domain::ids::Text;
use onhand_domain::sources::{Sources, Watermark};
use onhand_domain::stock::{Rules, Stock};
use onhand_domain::upkeep::Kept;
use parking_lot::RwLock;

use super::View;
use super::catalog::Page;
use super::consumed::Consumed;
use super::jobs::Jobs;

/// Sources and dead letters.
#[derive(Debug)]
pub(super) struct Upkeep {
    sources: RwLock<Sources>,
    letters: RwLock<DeadLetters>,
    pub(super) jobs: RwLock<Jobs>,
    pub(super) consumed: RwLock<Consumed>,
}

impl Default for Upkeep {
    fn default() -> Self {
        let letters = RwLock::new(DeadLetters::new(Rules::default().dead_letters_max));
        let (jobs, consumed) = (RwLock::default(), RwLock::default());
        Self { sources: RwLock::default(), letters, jobs, consumed }
    }
}

impl Upkeep {
    pub(super) fn apply(&self, change: &Change, sequence: u64) {
        if let Some(source) = &change.source {
            self.sources.write().advance(&source.position, sequence);
            self.consumed.write().apply(change, sequence);
        }
        match change.kept.as_deref() {
            Some(Kept::Letter(held)) => self.letters.write().put(&held.letter),
            Some(Kept::Advanced(places)) => {
                let mut sources = self.sources.write();
                places.iter().for_each(|place| sources.advance(place, sequence));
            }
            Some(Kept::Reset { stream, generation }) => {
                self.sources.write().begin(stream, *generation, sequence);
            }
            Some(Kept::Job(told)) => self.jobs.write().put(told),
            Some(Kept::Published(_)) | None => {}
        }
    }

    pub(super) fn load(&self, stock: &Stock) {
        *self.sources.write() = stock.sources().clone();
        *self.letters.write() = stock.letters().clone();
        self.jobs.write().load(stock);
        self.consumed.write().load(stock);
    }
}

/// A source as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceView {
    /// The stream: cluster and topic, or the hash of a file.
    pub stream: Text,
    /// The generation it is in.
    pub generation: u32,
    /// The record that began the generation; 0: nobody did.
    pub reset_sequence: u64,
    /// Where its partitions stand; none: nothing was acted on in this generation.
    pub partitions: Vec<Watermark>,
}

/// Which dead letters a list shows.
#[derive(Debug, Clone, Copy, Default)]
pub struct LetterFilter {
    /// Only with this status.
    pub status: Option<LetterStatus>,
    /// Only of this tenant.
    pub tenant: Option<u32>,
    /// Only those that were going this way.
    pub direction: Option<Direction>,
}

impl LetterFilter {
    fn passes(&self, letter: &DeadLetter) -> bool {
        self.status.is_none_or(|status| letter.status == status)
            && self.tenant.is_none_or(|tenant| letter.tenant == tenant)
            && self.direction.is_none_or(|direction| letter.direction == direction)
    }
}

impl View {
    /// All sources, by stream.
    #[must_use]
    pub fn sources(&self) -> Vec<SourceView> {
        let sources = self.upkeep.sources.read();
        let streams = sources.streams().map(|(name, stream)| SourceView {
            stream: name.clone(),
            generation: stream.generation,
            reset_sequence: stream.sequence,
            partitions: stream.marks().cloned().collect(),
        });
        streams.collect()
    }

    /// The generation a stream is in; the first when nothing is known of it.
    #[must_use]
    pub fn source_generation(&self, stream: &Text) -> u32 {
        self.upkeep.sources.read().generation(stream)
    }

    /// Where a partition stands: the last message that was acted on or skipped; `None`: begin at the
    /// beginning.
    #[must_use]
    pub fn source_mark(&self, stream: &Text, partition: u32) -> Option<Watermark> {
        self.upkeep.sources.read().mark(stream, partition).cloned()
    }

    /// A dead letter that is in memory: every open one, and those settled last.
    #[must_use]
    pub fn dead_letter(&self, number: LetterNumber) -> Option<DeadLetter> {
        self.upkeep.letters.read().get(number).copied()
    }

    /// Dead letters that pass the filter, newest first, before the number `before`.
    #[must_use]
    pub fn dead_letters(
        &self,
        filter: LetterFilter,
        before: Option<LetterNumber>,
        limit: usize,
    ) -> Page<DeadLetter> {
        let letters = self.upkeep.letters.read();
        let all = letters.before(before.unwrap_or(u64::MAX));
        let mut found = all.filter(|letter| filter.passes(letter)).copied();
        let items: Vec<DeadLetter> = found.by_ref().take(limit).collect();
        let next = found.next().and_then(|_| items.last()).map(|last| last.number);
        Page { items, next }
    }

    /// The oldest dead letter that is open: its record must be kept.
    pub(crate) fn oldest_open_letter(&self) -> Option<LetterNumber> {
        let letters = self.upkeep.letters.read();
        let open = |letter: &&DeadLetter| letter.status == LetterStatus::Open;
        letters.behind(0).find(open).map(|letter| letter.number)
    }

    /// How many dead letters are open.
    #[must_use]
    pub fn dead_letters_open(&self, direction: Direction) -> u32 {
        self.upkeep.letters.read().open_count(direction)
    }
}

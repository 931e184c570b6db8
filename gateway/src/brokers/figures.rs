//! What others may know of the way to one topic while it works.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use onhand_engine::events::EventType;
use parking_lot::Mutex;

/// Upper bounds of the histogram of how long events take from their record to the broker.
pub(crate) const BOUNDS: [Duration; 14] = [
    Duration::from_millis(1),
    Duration::from_millis(2),
    Duration::from_millis(5),
    Duration::from_millis(10),
    Duration::from_millis(20),
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_secs(300),
    Duration::from_secs(3_600),
];

/// How a sink, or its way to one topic, stands; the worst comes last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum SinkState {
    /// Events go out as they come.
    Running,
    /// The broker is away, or has not been asked yet what it holds; the log keeps what is unpublished.
    Suspended,
    /// Nothing goes out any more.
    Stopped,
}

impl SinkState {
    const ALL: [Self; 3] = [Self::Running, Self::Suspended, Self::Stopped];

    /// Its word.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Suspended => "suspended",
            Self::Stopped => "stopped",
        }
    }
}

/// Figures of the way to one topic, written by its thread.
#[derive(Debug)]
pub(crate) struct TopicFigures {
    topic: String,
    state: AtomicU8,
    delivered: AtomicU64,
    retries: AtomicU64,
    failed: AtomicU64,
    published: [AtomicU64; EventType::ALL.len()],
    dead: [AtomicU64; EventType::ALL.len()],
    buckets: [AtomicU64; BOUNDS.len() + 1],
    millis: AtomicU64,
    last_error: Mutex<Option<String>>,
}

impl TopicFigures {
    /// Suspended, at a place in the log.
    pub(super) fn new(topic: &str, delivered: u64) -> Self {
        Self {
            topic: topic.to_owned(),
            state: AtomicU8::new(SinkState::Suspended as u8),
            delivered: AtomicU64::new(delivered),
            retries: AtomicU64::default(),
            failed: AtomicU64::default(),
            published: std::array::from_fn(|_| AtomicU64::default()),
            dead: std::array::from_fn(|_| AtomicU64::default()),
            buckets: std::array::from_fn(|_| AtomicU64::default()),
            millis: AtomicU64::default(),
            last_error: Mutex::default(),
        }
    }

    /// All messages of an event have reached the topic.
    pub(super) fn deliver(&self, event_type: EventType, took: Duration) {
        self.published[event_type as usize].fetch_add(1, Relaxed);
        let bucket = BOUNDS.iter().position(|bound| took <= *bound).unwrap_or(BOUNDS.len());
        self.buckets[bucket].fetch_add(1, Relaxed);
        self.millis.fetch_add(u64::try_from(took.as_millis()).unwrap_or(u64::MAX), Relaxed);
    }

    pub(super) fn advance(&self, delivered: u64) {
        self.delivered.store(delivered, Relaxed);
    }

    pub(super) fn enter(&self, state: SinkState) {
        self.state.store(state as u8, Relaxed);
    }

    pub(super) fn retry(&self) {
        self.retries.fetch_add(1, Relaxed);
    }

    pub(super) fn fail(&self, error: &str) {
        *self.last_error.lock() = Some(error.to_owned());
    }

    pub(super) fn bury(&self, event_type: EventType, error: &str) {
        self.dead[event_type as usize].fetch_add(1, Relaxed);
        self.failed.fetch_add(1, Relaxed);
        self.fail(error);
    }

    /// The topic.
    pub(crate) fn topic(&self) -> &str {
        &self.topic
    }

    /// How it stands.
    pub(crate) fn state(&self) -> SinkState {
        SinkState::ALL[usize::from(self.state.load(Relaxed)).min(SinkState::ALL.len() - 1)]
    }

    /// The last record of which every event that belongs into the topic has reached it.
    pub(crate) fn delivered(&self) -> u64 {
        self.delivered.load(Relaxed)
    }

    /// Times that something was sent again, since the start.
    pub(crate) fn retries(&self) -> u64 {
        self.retries.load(Relaxed)
    }

    /// Messages that can never be sent, since the start.
    pub(crate) fn failed(&self) -> u64 {
        self.failed.load(Relaxed)
    }

    /// The last thing that went wrong.
    pub(crate) fn last_error(&self) -> Option<String> {
        self.last_error.lock().clone()
    }

    /// Events by type, those that were published since the start.
    pub(crate) fn published(&self) -> impl Iterator<Item = (EventType, u64)> {
        by_type(&self.published)
    }

    /// Messages by the canonical type of their event, those that can never be sent.
    pub(crate) fn dead(&self) -> impl Iterator<Item = (EventType, u64)> {
        by_type(&self.dead)
    }

    /// Events that took at most as long as each of [`BOUNDS`], all of them, and seconds together.
    pub(crate) fn took(&self) -> ([u64; BOUNDS.len()], u64, Duration) {
        let mut sum = 0;
        let within = std::array::from_fn(|at| {
            sum += self.buckets[at].load(Relaxed);
            sum
        });
        sum += self.buckets[BOUNDS.len()].load(Relaxed);
        (within, sum, Duration::from_millis(self.millis.load(Relaxed)))
    }
}

fn by_type(counts: &[AtomicU64]) -> impl Iterator<Item = (EventType, u64)> {
    let counts = EventType::ALL.iter().zip(counts);
    let counts = counts.map(|(event_type, count)| (*event_type, count.load(Relaxed)));
    counts.filter(|(_, count)| *count > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_and_state_has_its_own_place() {
        for (at, event_type) in EventType::ALL.iter().enumerate() {
            assert_eq!(*event_type as usize, at);
        }
        let figures = TopicFigures::new("a", 7);
        for state in SinkState::ALL {
            figures.enter(state);
            assert_eq!(figures.state(), state);
        }
    }

    #[test]
    fn durations_are_summed_up_to_each_bound() {
        let figures = TopicFigures::new("a", 0);
        for millis in [1, 3, 50, 51, 4_000_000] {
            figures.deliver(EventType::StockedOut, Duration::from_millis(millis));
        }
        let (within, all, sum) = figures.took();
        assert_eq!(within[..7], [1, 1, 2, 2, 2, 3, 4]);
        assert_eq!((within[13], all, sum.as_millis()), (4, 5, 4_000_105));
        assert_eq!(figures.published().collect::<Vec<_>>(), [(EventType::StockedOut, 5)]);
    }
}

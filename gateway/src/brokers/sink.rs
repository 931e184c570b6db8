//! A sink: all its topics together.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use onhand_engine::events::EventType;

use super::figures::{BOUNDS, SinkState, TopicFigures};

/// Figures of all topics of a sink; each topic is followed by itself.
#[derive(Debug, Clone)]
pub(crate) struct SinkFigures(Vec<Arc<TopicFigures>>);

impl SinkFigures {
    /// Of these topics.
    pub(super) fn new(topics: Vec<Arc<TopicFigures>>) -> Self {
        Self(topics)
    }

    /// Each topic.
    pub(crate) fn topics(&self) -> impl Iterator<Item = &TopicFigures> {
        self.0.iter().map(Arc::as_ref)
    }

    /// As the worst of its topics; without topics there is nothing to wait for.
    pub(crate) fn state(&self) -> SinkState {
        self.topics().map(TopicFigures::state).max().unwrap_or(SinkState::Running)
    }

    /// The topic that is furthest behind; `None` without topics.
    pub(crate) fn hindmost(&self) -> Option<&TopicFigures> {
        self.topics().min_by_key(|topic| topic.delivered())
    }

    /// Times that something was sent again, since the start.
    pub(crate) fn retries(&self) -> u64 {
        self.topics().map(TopicFigures::retries).sum()
    }

    /// Messages that can never be sent, since the start.
    pub(crate) fn failed(&self) -> u64 {
        self.topics().map(TopicFigures::failed).sum()
    }

    /// The last thing that went wrong, of the worst topic first.
    pub(crate) fn last_error(&self) -> Option<String> {
        let mut topics: Vec<_> = self.topics().collect();
        topics.sort_by_key(|topic| std::cmp::Reverse(topic.state()));
        topics.into_iter().find_map(TopicFigures::last_error)
    }

    /// Something went wrong before any topic could be followed, or for all of them.
    pub(super) fn fail(&self, error: &str) {
        self.0.iter().for_each(|topic| topic.fail(error));
    }

    pub(super) fn enter(&self, state: SinkState) {
        self.0.iter().for_each(|topic| topic.enter(state));
    }

    /// Events by type, those that were published since the start; once for each topic.
    pub(crate) fn published(&self) -> impl Iterator<Item = (EventType, u64)> {
        sums(self.topics().flat_map(TopicFigures::published))
    }

    /// Messages by the canonical type of their event, those that can never be sent.
    pub(crate) fn dead(&self) -> impl Iterator<Item = (EventType, u64)> {
        sums(self.topics().flat_map(TopicFigures::dead))
    }

    /// Events that took at most as long as each of [`BOUNDS`], all of them, and seconds together.
    pub(crate) fn took(&self) -> ([u64; BOUNDS.len()], u64, Duration) {
        let none = ([0; BOUNDS.len()], 0, Duration::ZERO);
        self.topics().map(TopicFigures::took).fold(none, |sum, one| {
            let within = std::array::from_fn(|at| sum.0[at] + one.0[at]);
            (within, sum.1 + one.1, sum.2 + one.2)
        })
    }
}

fn sums(counts: impl Iterator<Item = (EventType, u64)>) -> impl Iterator<Item = (EventType, u64)> {
    let mut all = BTreeMap::new();
    for (event_type, count) in counts {
        let entry = all.entry(event_type as usize).or_insert((event_type, 0));
        entry.1 += count;
    }
    all.into_values()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sink() -> SinkFigures {
        let topic = |name: &str, delivered| Arc::new(TopicFigures::new(name, delivered));
        SinkFigures::new(vec![topic("a", 7), topic("b", 3)])
    }

    #[test]
    fn the_worst_topic_speaks_for_all() {
        let sink = sink();
        sink.0[0].enter(SinkState::Running);
        sink.0[0].fail("old");
        sink.0[1].fail("there is no such topic");
        assert_eq!(sink.state(), SinkState::Suspended);
        assert_eq!(sink.hindmost().map(TopicFigures::topic), Some("b"));
        assert_eq!(sink.last_error().as_deref(), Some("there is no such topic"));
        sink.0[0].enter(SinkState::Stopped);
        assert_eq!(sink.state(), SinkState::Stopped);
        assert_eq!(SinkFigures::new(Vec::new()).state(), SinkState::Running);
    }

    #[test]
    fn counts_and_durations_are_summed() {
        let sink = sink();
        for topic in &sink.0 {
            topic.deliver(EventType::StockedOut, Duration::from_millis(2));
            topic.bury(EventType::StockedOut, "too large");
            topic.retry();
        }
        assert_eq!(sink.published().collect::<Vec<_>>(), [(EventType::StockedOut, 2)]);
        assert_eq!(sink.dead().collect::<Vec<_>>(), [(EventType::StockedOut, 2)]);
        assert_eq!((sink.failed(), sink.retries()), (2, 2));
        let (within, all, took) = sink.took();
        assert_eq!((within[0], within[1], all, took.as_millis()), (0, 2, 2, 4));
    }
}

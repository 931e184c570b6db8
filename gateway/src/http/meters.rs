//! All that the HTTP door counts, over all of its threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::http::server::Connections;
use crate::http::tally::{self, Sum, Tally};

/// Counts of the door.
#[derive(Debug)]
pub(crate) struct Meters {
    /// Connections.
    pub(crate) connections: Arc<Connections>,
    /// Event streams.
    pub(crate) streams: Arc<Streams>,
    tallies: Vec<Arc<Tally>>,
}

impl Meters {
    /// Nothing counted yet.
    pub(crate) fn new(threads: usize, routes: usize, streams_max: usize) -> Self {
        let tallies = std::iter::repeat_with(|| Arc::new(Tally::new(routes)));
        Self {
            connections: Arc::default(),
            streams: Arc::new(Streams { open: AtomicUsize::new(0), limit: streams_max }),
            tallies: tallies.take(threads).collect(),
        }
    }

    /// The counts of one thread.
    pub(crate) fn tally(&self, thread: usize) -> &Arc<Tally> {
        &self.tallies[thread % self.tallies.len()]
    }

    /// A route, over all threads; `None` when it was never asked for.
    pub(crate) fn sum(&self, row: usize) -> Option<Sum> {
        tally::sum(self.tallies.iter().map(|tally| &**tally), row)
    }
}

/// Event streams, and how many there may be.
#[derive(Debug)]
pub(crate) struct Streams {
    open: AtomicUsize,
    limit: usize,
}

impl Streams {
    /// Open now.
    pub(crate) fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// How many there may be.
    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    /// A further stream; `None` when there are enough.
    pub(crate) fn enter(self: &Arc<Self>) -> Option<StreamPlace> {
        let before = self.open.fetch_add(1, Ordering::Relaxed);
        let place = StreamPlace(Arc::clone(self));
        (before < self.limit).then_some(place)
    }
}

/// An open stream; given back when dropped.
#[derive(Debug)]
pub(crate) struct StreamPlace(Arc<Streams>);

impl Drop for StreamPlace {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_have_a_limit_and_give_their_place_back() {
        let meters = Meters::new(1, 0, 1);
        let first = meters.streams.enter();
        assert!(first.is_some() && meters.streams.enter().is_none());
        assert_eq!(meters.streams.open(), 1);
        drop(first);
        assert!(meters.streams.enter().is_some());
    }
}

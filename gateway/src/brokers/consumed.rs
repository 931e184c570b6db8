//! Figures of what was consumed, and the log line of each event.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use onhand_domain::time::Timestamp;
use parking_lot::Mutex;

use super::figures::BOUNDS;
use crate::dialect::intake::Read;

/// Pairs of labels that are told apart; what comes beyond is counted as `other`.
const LABELS_MAX: usize = 1_000;
/// What labels beyond the limit are called.
const OTHER: &str = "other";

/// Counts of one type from one source.
#[derive(Debug, Default)]
struct Row {
    count: AtomicU64,
    micros: AtomicU64,
    buckets: [AtomicU64; BOUNDS.len() + 1],
}

/// A type and a source, or a type and a code.
type Labels = (String, String);

/// What was consumed since the start, of all topics.
#[derive(Debug, Default)]
pub(crate) struct Consumed {
    rows: Mutex<BTreeMap<Labels, Arc<Row>>>,
    errors: Mutex<BTreeMap<Labels, u64>>,
    skipped: Mutex<BTreeMap<&'static str, u64>>,
    /// Those whose sender's clock was ahead of ours.
    ahead: AtomicU64,
    /// What of it was told in the log.
    reported: AtomicU64,
}

/// What a message says of itself, until it is answered.
#[derive(Debug)]
pub(crate) struct Told {
    event_type: &'static str,
    source: Box<str>,
    /// When it was read.
    at: Timestamp,
    /// Event id and tenant, when each event is told in the log.
    names: Option<Box<(String, String)>>,
    /// Whether it names a time later than now, which is taken as now.
    is_ahead: bool,
}

impl Told {
    /// Of this type and from this source.
    pub(crate) fn new(event_type: &'static str, source: &str, at: Timestamp) -> Self {
        Self { event_type, source: source.into(), at, names: None, is_ahead: false }
    }

    /// Keeps what the log line of an event tells besides.
    pub(crate) fn name(&mut self, read: &Read<'_>) {
        let id = read.event_id.as_deref().unwrap_or_default().to_owned();
        self.names = Some(Box::new((id, read.tenant.clone().into_owned())));
    }

    /// It names a time later than now.
    pub(crate) const fn note_ahead(&mut self) {
        self.is_ahead = true;
    }

    fn labels(&self) -> Labels {
        (self.event_type.to_owned(), self.source.clone().into_string())
    }
}

impl Consumed {
    fn row(&self, told: &Told) -> Arc<Row> {
        let mut rows = self.rows.lock();
        let labels = told.labels();
        if let Some(row) = rows.get(&labels) {
            return Arc::clone(row);
        }
        let is_full = rows.len() >= LABELS_MAX;
        let labels = if is_full { (labels.0, OTHER.to_owned()) } else { labels };
        Arc::clone(rows.entry(labels).or_default())
    }

    /// An event was acted on, or became a dead letter.
    pub(crate) fn count(&self, told: &Told, now: Timestamp) {
        let millis = u64::try_from(now.millis_since(told.at)).unwrap_or(0);
        let took = Duration::from_millis(millis);
        self.ahead.fetch_add(u64::from(told.is_ahead), Relaxed);
        let row = self.row(told);
        row.count.fetch_add(1, Relaxed);
        row.micros.fetch_add(millis.saturating_mul(1_000), Relaxed);
        let bucket = BOUNDS.iter().position(|bound| took <= *bound).unwrap_or(BOUNDS.len());
        row.buckets[bucket].fetch_add(1, Relaxed);
        if let Some(names) = &told.names {
            let (event_type, source) = (told.event_type, &*told.source);
            let (event_id, organization_id) = &**names;
            tracing::debug!(
                event_type,
                event_id,
                source,
                organization_id,
                processing_time_ms = millis,
                "Event consumed"
            );
        }
    }

    /// An event became a dead letter, or has to be tried again.
    pub(crate) fn fail(&self, told: &Told, code: &str) {
        let mut errors = self.errors.lock();
        let is_full = errors.len() >= LABELS_MAX;
        let code = if is_full { OTHER } else { code };
        *errors.entry((told.event_type.to_owned(), code.to_owned())).or_default() += 1;
    }

    /// A message needed nothing.
    pub(crate) fn skip(&self, reason: &'static str) {
        *self.skipped.lock().entry(reason).or_default() += 1;
    }

    /// Events by type and source.
    pub(crate) fn counts(&self) -> Vec<(Labels, u64)> {
        let rows = self.rows.lock();
        rows.iter().map(|(labels, row)| (labels.clone(), row.count.load(Relaxed))).collect()
    }

    /// Failures by type and code.
    pub(crate) fn errors(&self) -> Vec<(Labels, u64)> {
        self.errors.lock().iter().map(|(labels, count)| (labels.clone(), *count)).collect()
    }

    /// Skipped messages by reason.
    pub(crate) fn skips(&self) -> Vec<(&'static str, u64)> {
        self.skipped.lock().iter().map(|(reason, count)| (*reason, *count)).collect()
    }

    /// Events whose sender's clock was ahead of ours.
    pub(crate) fn ahead(&self) -> u64 {
        self.ahead.load(Relaxed)
    }

    /// Of each type: events that took at most as long as each bound, all of them, and time together.
    pub(crate) fn took(&self) -> BTreeMap<String, ([u64; BOUNDS.len()], u64, Duration)> {
        let mut all = BTreeMap::new();
        for ((event_type, _), row) in &*self.rows.lock() {
            let entry = all.entry(event_type.clone());
            let (within, count, took) = entry.or_insert(([0; BOUNDS.len()], 0, Duration::ZERO));
            let mut sum = 0;
            for (at, held) in within.iter_mut().enumerate() {
                sum += row.buckets[at].load(Relaxed);
                *held += sum;
            }
            *count += sum + row.buckets[BOUNDS.len()].load(Relaxed);
            *took += Duration::from_micros(row.micros.load(Relaxed));
        }
        all
    }

    /// Tells in the log how many came since it told last, if any did.
    pub(crate) fn report(&self) {
        let counts = self.counts();
        let all: u64 = counts.iter().map(|(_, count)| count).sum();
        let new = all.saturating_sub(self.reported.swap(all, Relaxed));
        if new == 0 {
            return;
        }
        let failed: u64 = self.errors().iter().map(|(_, count)| count).sum();
        let skipped: u64 = self.skips().iter().map(|(_, count)| count).sum();
        tracing::info!(events = new, all, failed, skipped, "Event consumed");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(source: &str) -> Told {
        Told::new("SaleCompleted", source, Timestamp::default())
    }

    #[test]
    fn clocks_that_are_ahead_are_counted() {
        let consumed = Consumed::default();
        let at = Timestamp::from_millis(0);
        let mut told = Told::new("sale", "till-1", at);
        consumed.count(&told, at);
        assert_eq!(consumed.ahead(), 0);
        told.note_ahead();
        consumed.count(&told, at);
        assert_eq!(consumed.ahead(), 1);
    }

    #[test]
    fn events_are_counted_by_type_and_source_and_durations_by_type() {
        let consumed = Consumed::default();
        for (source, millis) in [("pos", 1), ("pos", 40), ("web", 4_000_000)] {
            consumed.count(&told(source), Timestamp::from_millis(millis));
        }
        let label = |source: &str| ("SaleCompleted".to_owned(), source.to_owned());
        assert_eq!(consumed.counts(), [(label("pos"), 2), (label("web"), 1)]);
        let took = &consumed.took()["SaleCompleted"];
        assert_eq!((took.0[0], took.0[5], took.0[13], took.1), (1, 2, 2, 3));
        assert_eq!(took.2, Duration::from_millis(4_000_041));
    }

    #[test]
    fn labels_are_bounded() {
        let consumed = Consumed::default();
        for number in 0..LABELS_MAX + 5 {
            consumed.count(&told(&number.to_string()), Timestamp::default());
        }
        let counts = consumed.counts();
        assert_eq!(counts.len(), LABELS_MAX + 1);
        let other = counts.iter().find(|((_, source), _)| source == OTHER);
        assert_eq!(other.map(|(_, count)| *count), Some(5));
    }
}

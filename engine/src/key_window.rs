//! How far back in time idempotency keys are remembered: their window is a number of keys, and callers
//! think in minutes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use onhand_domain::time::Timestamp;
use onhand_storage::{LogError, ReadLog};

use crate::reader::Readers;
use crate::recovery::read_change;
use crate::status::Figures;

/// A window shorter than this is told to people: a caller that tries again later acts twice.
const SHORT_SECONDS: f64 = 900.0;

/// Looks the age of the oldest key up in the log; only the records know it.
pub(crate) struct KeyWindow {
    pub(crate) readers: Readers,
    pub(crate) figures: Arc<Figures>,
    pub(crate) was_short: Arc<AtomicBool>,
}

impl KeyWindow {
    /// Has the age of the oldest key told, and a warning when keys that are forgotten were young.
    pub(crate) fn look(&self) {
        let Some((sequence, is_full, now)) = self.figures.oldest_key() else { return };
        let (figures, was_short) = (Arc::clone(&self.figures), Arc::clone(&self.was_short));
        let job = Box::new(move |log: &dyn ReadLog| match age(log, sequence, now) {
            Ok(seconds) => {
                figures.tell_key_window(seconds);
                let is_short = is_full && seconds < SHORT_SECONDS;
                let was_short = was_short.swap(is_short, Relaxed);
                if is_short && !was_short {
                    tracing::warn!(
                        seconds,
                        "idempotency keys are forgotten early; raise idempotency_window"
                    );
                }
            }
            Err(error) => tracing::warn!(%error, sequence, "the age of a key is not known"),
        });
        // Readers that have no time, or have ended, tell it another time or never.
        drop(self.readers.submit(job));
    }
}

/// Seconds since a record; zero while it is not durable yet.
fn age(log: &dyn ReadLog, sequence: u64, now: Timestamp) -> Result<f64, LogError> {
    let made = read_change(log, sequence)?.map_or(now, |change| change.at);
    #[allow(clippy::cast_precision_loss, reason = "a figure for people")]
    Ok(now.millis_since(made) as f64 / 1e3)
}

#[cfg(test)]
mod tests {
    use onhand_domain::change::{Cause, Change};
    use onhand_storage::{Log as _, MemoryLog, RecordBatch};

    use super::*;
    use crate::record;

    #[test]
    fn a_key_is_as_old_as_its_record() {
        let made = Timestamp::from_millis(1_800_000_000_000);
        let mut batch = RecordBatch::new();
        batch.begin(1);
        let change = Change::new(Cause::Received, made, 0);
        let encode = |bytes: &mut Vec<u8>| record::encode(&change, 1, bytes);
        batch.push_with(record::KIND_CHANGE, record::VERSION, encode).expect("small");
        let mut log = MemoryLog::new();
        log.commit(&batch).expect("memory takes it");
        let (reader, now) = (log.reader(), made.plus_millis(90_500));
        assert_eq!(age(&reader, 1, now).expect("readable"), 90.5);
        assert_eq!(age(&reader, 2, now).expect("readable"), 0.0, "not durable yet");
    }
}

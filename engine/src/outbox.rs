//! The outbox: the log, read by whoever tells others about it, each with a cursor of its own.

use std::sync::Arc;

use onhand_domain::change::Change;
use onhand_domain::time::Timestamp;
use onhand_storage::{LogError, ReadLog};
use tokio::sync::watch;

use crate::error::Failure;
use crate::reader::Readers;
use crate::recovery::read_change;
use crate::stretch::Stretch;

/// Records that one read returns at most, rounded up to whole frames.
const RECORDS_PER_READ: usize = 1_024;

/// A durable record.
#[derive(Debug, Clone)]
pub struct Published {
    /// Its number.
    pub sequence: u64,
    /// Epoch in which it was written.
    pub epoch: u32,
    /// What it says.
    pub change: Arc<Change>,
}

/// Reads durable records in the order of the log.
#[derive(Clone)]
pub struct Outbox {
    pub(crate) readers: Readers,
    pub(crate) durable: watch::Receiver<u64>,
}

impl Outbox {
    /// The last record that is durable and in the view.
    #[must_use]
    pub fn durable(&self) -> u64 {
        *self.durable.borrow()
    }

    /// Records behind `after`, as many as one read brings; none at the end.
    ///
    /// # Errors
    /// The log could not be read.
    pub async fn read(&self, after: u64) -> Result<Vec<Published>, Failure> {
        let until = self.durable();
        if after >= until {
            return Ok(Vec::new());
        }
        self.readers
            .read(move |log| Stretch::read(log, after, until, RECORDS_PER_READ)?.into_records())
            .await
    }

    /// As [`Outbox::read`], for who makes records of it by itself.
    async fn read_stretch(&self, after: u64) -> Result<Option<Stretch>, Failure> {
        let until = self.durable();
        if after >= until {
            return Ok(None);
        }
        let read = move |log: &dyn ReadLog| Stretch::read(log, after, until, RECORDS_PER_READ);
        self.readers.read(read).await.map(Some)
    }

    /// The last record that was decided before an instant; 0 when there is none. Time stamps never
    /// fall along the log, so it is found by halving.
    ///
    /// # Errors
    /// The log could not be read.
    pub async fn last_before(&self, instant: Timestamp) -> Result<u64, Failure> {
        let until = self.durable();
        self.readers.read(move |log| last_before(log, until, instant)).await
    }

    /// Follows the log behind `after`, from the disk first, then as it grows.
    #[must_use]
    pub fn tail(&self, after: u64) -> Tail {
        Tail { outbox: self.clone(), after }
    }
}

/// The last record up to `until` that was decided before an instant; when there is none, the one before
/// the first that is kept.
pub(crate) fn last_before(
    log: &dyn ReadLog,
    until: u64,
    instant: Timestamp,
) -> Result<u64, LogError> {
    let (mut low, mut high) = (log.earliest_sequence().saturating_sub(1), until);
    while low < high {
        let middle = low + (high - low).div_ceil(2);
        match read_change(log, middle)? {
            Some(change) if change.at < instant => low = middle,
            _ => high = middle - 1,
        }
    }
    Ok(low)
}

/// A reader that follows the log.
pub struct Tail {
    outbox: Outbox,
    after: u64,
}

impl Tail {
    /// The next records, at least one; waits for them. `None` when the engine has stopped.
    ///
    /// # Errors
    /// The log could not be read; the same records are read again by the next call.
    pub async fn next(&mut self) -> Result<Option<Vec<Published>>, Failure> {
        loop {
            self.outbox.durable.borrow_and_update();
            let found = self.outbox.read(self.after).await?;
            if let Some(last) = found.last() {
                self.after = last.sequence;
                return Ok(Some(found));
            }
            if self.outbox.durable.changed().await.is_err() {
                return Ok(None);
            }
        }
    }

    /// As [`Tail::next`], for who makes records of it by itself.
    ///
    /// # Errors
    /// As [`Tail::next`].
    pub async fn next_stretch(&mut self) -> Result<Option<Stretch>, Failure> {
        loop {
            self.outbox.durable.borrow_and_update();
            let found = self.outbox.read_stretch(self.after).await?;
            if let Some((stretch, last)) = found.and_then(|it| it.last().map(|last| (it, last))) {
                self.after = last;
                return Ok(Some(stretch));
            }
            if self.outbox.durable.changed().await.is_err() {
                return Ok(None);
            }
        }
    }
}

//! Between writer and log: the next frame fills while the one before it syncs.
//!
//! The writer decides straight into the filling under its lock; the log thread swaps it out whole.
//! So a frame is handed over without being copied, and nobody is woken who is not asleep.

use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

use onhand_storage::{Log, LogError};
use parking_lot::{Condvar, Mutex};

use crate::writer::filling::Filling;

struct State<T> {
    filling: Filling<T>,
    is_log_idle: bool,
    is_closed: bool,
}

/// See the module.
pub(crate) struct Hopper<T> {
    state: Mutex<State<T>>,
    filled: Condvar,
    spares: Mutex<Vec<Filling<T>>>,
}

/// When commits begin.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spacing {
    pub(crate) at_once_max: usize,
    pub(crate) apart: Duration,
}

/// How many emptied fillings are kept for their memory.
const SPARES_MAX: usize = 4;

impl<T> Hopper<T> {
    pub(crate) fn new() -> Self {
        let state = State { filling: Filling::default(), is_log_idle: false, is_closed: false };
        Self { state: Mutex::new(state), filled: Condvar::new(), spares: Mutex::new(Vec::new()) }
    }

    /// Lets the writer decide into the filling, and wakes the log thread if it sleeps.
    pub(crate) fn fill<R>(&self, decide: impl FnOnce(&mut Filling<T>) -> R) -> R {
        let mut state = self.state.lock();
        let result = decide(&mut state.filling);
        if state.is_log_idle && !state.filling.is_empty() {
            state.is_log_idle = false;
            self.filled.notify_one();
        }
        result
    }

    /// No more will come; the log thread ends when it has written what is there.
    pub(crate) fn close(&self) {
        self.state.lock().is_closed = true;
        self.filled.notify_one();
    }

    /// Takes a filling back for its memory.
    pub(crate) fn recycle(&self, mut filling: Filling<T>) {
        filling.clear();
        let mut spares = self.spares.lock();
        if spares.len() < SPARES_MAX {
            spares.push(filling);
        }
    }

    /// The next filling, when it is time; `None` when the hopper is closed and empty.
    fn take(&self, spacing: Spacing, last_commit: Instant) -> Option<Filling<T>> {
        let spare = self.spares.lock().pop().unwrap_or_default();
        let mut state = self.state.lock();
        while state.filling.is_empty() {
            if state.is_closed {
                return None;
            }
            state.is_log_idle = true;
            self.filled.wait(&mut state);
        }
        state.is_log_idle = false;
        let due = last_commit + spacing.apart;
        while state.filling.items.len() > spacing.at_once_max && !state.is_closed {
            // The writer does not notify here: more than enough is waiting already.
            if self.filled.wait_until(&mut state, due).timed_out() {
                break;
            }
        }
        Some(std::mem::replace(&mut state.filling, spare))
    }
}

/// What became durable, on its way to the release stage.
pub(crate) struct Durable<T> {
    pub(crate) filling: Filling<T>,
    pub(crate) last_sequence: u64,
    pub(crate) sealed: Option<u32>,
}

/// The log thread: takes what is waiting, commits it, sends it on. Ends with the first error, or
/// when the hopper is closed and empty.
pub(crate) fn run_log<T>(
    hopper: &Hopper<T>,
    log: &mut dyn Log,
    spacing: Spacing,
    mut release: impl FnMut(Durable<T>),
    figures: &CommitFigures,
) -> Result<(), LogError> {
    let mut last_commit = Instant::now();
    while let Some(filling) = hopper.take(spacing, last_commit) {
        let mut sealed = None;
        if !filling.batch.is_empty() {
            last_commit = Instant::now();
            let committed = log.commit(&filling.batch)?;
            sealed = committed.sealed;
            figures.count(last_commit.elapsed(), filling.batch.count(), committed.bytes);
        }
        let last_sequence = log.next_sequence().saturating_sub(1);
        release(Durable { filling, last_sequence, sealed });
    }
    Ok(())
}

/// Figures of the log thread, read by anybody.
#[derive(Debug, Default)]
pub(crate) struct CommitFigures {
    /// Commits.
    pub(crate) commits: std::sync::atomic::AtomicU64,
    /// Records in them.
    pub(crate) records: std::sync::atomic::AtomicU64,
    /// Bytes of their rows.
    pub(crate) bytes: std::sync::atomic::AtomicU64,
    /// Microseconds spent in them.
    pub(crate) micros: std::sync::atomic::AtomicU64,
}

impl CommitFigures {
    fn count(&self, took: Duration, records: u32, bytes: u64) {
        use std::sync::atomic::Ordering::Relaxed;
        self.commits.fetch_add(1, Relaxed);
        self.records.fetch_add(u64::from(records), Relaxed);
        self.bytes.fetch_add(bytes, Relaxed);
        self.micros.fetch_add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX), Relaxed);
    }
}

/// Waits on a channel at most so long; used by threads that also have a rhythm of their own.
pub(crate) fn receive_within<M>(
    receiver: &std::sync::mpsc::Receiver<M>,
    wait: Duration,
) -> Result<Option<M>, ()> {
    match receiver.recv_timeout(wait) {
        Ok(message) => Ok(Some(message)),
        Err(RecvTimeoutError::Timeout) => Ok(None),
        Err(RecvTimeoutError::Disconnected) => Err(()),
    }
}

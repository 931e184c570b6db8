//! A job: work on more things than one step may touch.
//!
//! It begins with a record, goes on in slices, each of which says how far it has come, and ends with a
//! record. Only running jobs are in memory. Where a job has looked is not kept: it can be done twice
//! without harm, because it leaves alone what is already as it should be.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;

use crate::catalog::{ItemNumber, LocationNumber, TenantNumber};
use crate::change::Change;
use crate::command::Trace;
use crate::ids::{Reference, Text};
use crate::limits::JOBS_MAX;
use crate::time::Timestamp;

/// Number of a job: the sequence of the record that began it.
pub type JobNumber = u64;

/// What a job does. One file per task under `decide/jobs`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Task {
    /// Cancels the reservations made before it that have an open line of an item.
    CancelItem(ItemNumber),
    /// Cancels the reservations made before it that have an open line at a location.
    CancelLocation(LocationNumber),
    /// Archives the items of a product.
    ArchiveProduct(Reference),
    /// Opens a position of every counted item of the catalog at a location.
    OpenLocation(LocationNumber),
    /// Opens a position of an item at every location that sells.
    OpenItem(ItemNumber),
}

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JobStatus {
    /// There may be more to do.
    Running,
    /// Everything was looked at.
    Completed,
}

/// How far a job has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Where it stands.
    pub status: JobStatus,
    /// How many things it has changed.
    pub done: u64,
    /// How many things it had to leave as they are; told at its end.
    pub left: u64,
}

/// A running job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Its number.
    pub number: JobNumber,
    /// Whose data.
    pub tenant: TenantNumber,
    /// What it does.
    pub task: Task,
    /// Why.
    pub reason: Option<Text>,
    /// Who began it, and what it belongs to.
    pub trace: Option<Arc<Trace>>,
    /// When it began.
    pub started_at: Timestamp,
    /// How many things it has changed so far.
    pub done: u64,
    /// The record that last said so.
    pub sequence: u64,
}

/// What a record says about a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobChange {
    /// Its number.
    pub number: JobNumber,
    /// How far it has come.
    pub progress: Progress,
    /// What it does, in its first record; that holds the reason in its detail, and who in its trace.
    pub task: Option<Task>,
}

impl JobChange {
    /// The beginning of a job, to stand in the record with this sequence.
    #[must_use]
    pub const fn start(sequence: u64, task: Task) -> Self {
        let progress = Progress { status: JobStatus::Running, done: 0, left: 0 };
        Self { number: sequence, progress, task: Some(task) }
    }
}

/// All running jobs.
#[derive(Debug, Clone, Default)]
pub struct Jobs {
    running: BTreeMap<JobNumber, Job>,
}

impl Jobs {
    /// A running job.
    #[must_use]
    pub fn get(&self, number: JobNumber) -> Option<&Job> {
        self.running.get(&number)
    }

    /// The job that is worked on: the oldest.
    #[must_use]
    pub fn first(&self) -> Option<&Job> {
        self.running.values().next()
    }

    /// Running jobs with a number above `behind`, in order.
    pub fn behind(&self, behind: JobNumber) -> impl Iterator<Item = &Job> {
        self.running.range(behind.saturating_add(1)..).map(|(_, job)| job)
    }

    /// Whether as many run as may.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.running.len() >= JOBS_MAX as usize
    }

    /// Takes in what record `sequence` says of a job, unless memory knows better.
    pub(crate) fn apply(&mut self, told: &JobChange, change: &Change, sequence: u64) {
        if let Some(held) = self.running.get(&told.number)
            && held.sequence >= sequence
        {
            return;
        }
        if told.progress.status == JobStatus::Completed {
            self.running.remove(&told.number);
        } else if let Some(task) = &told.task {
            let reason = change.detail.as_ref().and_then(|detail| detail.reason.clone());
            self.put(Job {
                number: told.number,
                tenant: change.tenant,
                task: task.clone(),
                reason,
                trace: change.trace.clone(),
                started_at: change.at,
                done: 0,
                sequence,
            });
        } else if let Some(held) = self.running.get_mut(&told.number) {
            held.done = told.progress.done;
            held.sequence = sequence;
        }
    }

    /// Puts a job as it is.
    pub(crate) fn put(&mut self, job: Job) {
        self.running.insert(job.number, job);
    }
}

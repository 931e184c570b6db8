//! Reading jobs: how far those have come that run or ended lately is in the view, the rest in the log.

use onhand_domain::change::Change;
use onhand_domain::ids::Text;
use onhand_domain::job::{JobChange, JobNumber, JobStatus, Progress, Task};
use onhand_domain::time::Timestamp;
use onhand_domain::upkeep::Kept;
use onhand_storage::{IndexRow, LogError, ReadLog};

use super::{Archive, History, kind};
use crate::error::Failure;
use crate::recovery::read_change;

/// A job with all that is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobRecord {
    /// Its number.
    pub number: JobNumber,
    /// What it does.
    pub task: Task,
    /// Why.
    pub reason: Option<Text>,
    /// How far it has come.
    pub progress: Progress,
    /// When it began.
    pub started_at: Timestamp,
}

fn told_by(change: &Change) -> Option<&JobChange> {
    match change.kept.as_deref() {
        Some(Kept::Job(told)) => Some(told),
        _ => None,
    }
}

/// Calls `row` when a record ends a job.
pub(super) fn rows_of(change: &Change, sequence: u64, mut row: impl FnMut(IndexRow)) {
    let told = told_by(change).filter(|told| told.progress.status == JobStatus::Completed);
    if let Some(told) = told {
        row(IndexRow { kind: kind::JOB, key: told.number, sequence });
    }
}

impl Archive {
    /// A job: as `known` says it has come, or as it ended.
    fn job(
        &self,
        log: &dyn ReadLog,
        tenant: u32,
        number: JobNumber,
        known: Option<Progress>,
    ) -> Result<Option<JobRecord>, LogError> {
        let Some(began) = read_change(log, number)? else { return Ok(None) };
        let told = told_by(&began).filter(|told| told.number == number);
        let Some(task) = told.filter(|_| began.tenant == tenant).and_then(|told| told.task.clone())
        else {
            return Ok(None);
        };
        let progress = match known {
            Some(progress) => Some(progress),
            None => {
                let ended = self.last_change(log, kind::JOB, number)?;
                ended.as_ref().and_then(told_by).map(|told| told.progress)
            }
        };
        Ok(progress.map(|progress| JobRecord {
            number,
            task,
            reason: began.detail.as_ref().and_then(|detail| detail.reason.clone()),
            progress,
            started_at: began.at,
        }))
    }
}

impl History {
    /// A job, running or ended.
    ///
    /// # Errors
    /// The log could not be read.
    pub async fn job(&self, tenant: &str, number: JobNumber) -> Result<Option<JobRecord>, Failure> {
        let Some(tenant) = self.view.directory().tenant_number(tenant) else { return Ok(None) };
        if number == 0 || number > self.view.sequence() {
            return Ok(None);
        }
        let (archive, known) = (self.archive.clone(), self.view.job(number));
        self.readers.read(move |log| archive.job(log, tenant, number, known)).await
    }
}

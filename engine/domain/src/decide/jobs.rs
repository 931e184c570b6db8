//! Jobs: how one begins, and its next step. One file per kind of task below.

mod archive_product;
mod cancel_reservations;
mod open_positions;

use alloc::boxed::Box;
use alloc::sync::Arc;

use crate::change::{Cause, Change};
use crate::command::{Detail, StartJob, WishedTask};
use crate::draft::{Draft, Nature};
use crate::ids::Text;
use crate::job::{Job, JobChange, JobNumber, JobStatus, Progress, Task};
use crate::limits::JOBS_MAX;
use crate::rejection::{Limit, Rejection};
use crate::reservation::ReservationNumber;
use crate::stock::Stock;
use crate::time::Timestamp;
use crate::upkeep::Kept;

pub(super) use open_positions::{open_at_locations, starts_opening};

/// How far a job has looked. Kept by whoever drives it, and begun anew after a restart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct JobCursor {
    /// Place of the next thing to look at, in the order of its task.
    pub place: u64,
    /// How many things had to be left as they are.
    pub left: u64,
}

/// What a look at the next things of a job has brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobStep {
    /// This happens next; the job goes on there.
    Change(Box<Change>, JobCursor),
    /// A reservation is due; it must be expired before the job goes on.
    Expire(ReservationNumber),
    /// There was nothing to do; the job goes on there.
    Looked(JobCursor),
    /// There is nothing left to look at: the last record of the job.
    End(Box<Change>),
}

/// The next things of a task.
enum Next {
    /// Something to do: what, how many things, and where to go on.
    Do(Box<Change>, u64, JobCursor),
    Expire(ReservationNumber),
    Looked(JobCursor),
    Nothing(JobCursor),
}

/// What a task may look at, and when.
struct Turn<'a> {
    stock: &'a Stock,
    job: &'a Job,
    cursor: JobCursor,
    /// Most things to look at.
    looks: usize,
    now: Timestamp,
    sequence: u64,
}

impl Turn<'_> {
    fn draft(&self, cause: Cause) -> Draft<'_> {
        Draft::of(self.stock, self.job.tenant, cause, self.now, self.sequence)
    }

    fn at(&self, place: u64) -> JobCursor {
        JobCursor { place, ..self.cursor }
    }
}

/// Begins a job that a caller asked for.
pub(super) fn start(mut draft: Draft<'_>, wish: &StartJob) -> Result<Box<Change>, Rejection> {
    draft.nature = Nature::Fact; // what is promised of archived items is cancelled too
    let task = match &wish.task {
        WishedTask::CancelItem(item) => Task::CancelItem(draft.known_item(item)?),
        WishedTask::CancelLocation(location) => {
            Task::CancelLocation(draft.known_location(location)?)
        }
        WishedTask::ArchiveProduct(product) => Task::ArchiveProduct(product.clone()),
    };
    draft.tell(wish.detail.as_ref());
    begin(&mut draft, task)?;
    Ok(draft.finish())
}

/// Lets a job begin with a change.
fn begin(draft: &mut Draft<'_>, task: Task) -> Result<(), Rejection> {
    if draft.stock.jobs.is_full() {
        return Err(Rejection::LimitExceeded { what: Limit::Jobs, limit: JOBS_MAX });
    }
    let started = JobChange::start(draft.sequence, task);
    draft.change.kept = Some(Box::new(Kept::Job(started)));
    Ok(())
}

impl Stock {
    /// The next step of a running job, looking at no more than `looks` things.
    ///
    /// # Panics
    /// When no such job runs.
    #[must_use]
    pub fn job_step(
        &self,
        number: JobNumber,
        cursor: JobCursor,
        looks: usize,
        now: Timestamp,
        sequence: u64,
    ) -> JobStep {
        let job = self.jobs.get(number).expect("a job that is worked on runs");
        let turn = Turn { stock: self, job, cursor, looks, now, sequence };
        let next = match &job.task {
            Task::CancelItem(_) | Task::CancelLocation(_) => cancel_reservations::next(&turn),
            Task::ArchiveProduct(product) => archive_product::next(&turn, product),
            Task::OpenLocation(location) => open_positions::at_location(&turn, *location),
            Task::OpenItem(item) => open_positions::of_item(&turn, *item),
        };
        match next {
            Next::Do(change, count, cursor) => {
                let done = job.done.saturating_add(count);
                let progress = Progress { status: JobStatus::Running, done, left: 0 };
                JobStep::Change(signed(change, job, progress), cursor)
            }
            Next::Expire(number) => JobStep::Expire(number),
            Next::Looked(cursor) => JobStep::Looked(cursor),
            Next::Nothing(cursor) => {
                let status = JobStatus::Completed;
                let progress = Progress { status, done: job.done, left: cursor.left };
                let change = turn.draft(Cause::JobEnded).change;
                JobStep::End(signed(change, job, progress))
            }
        }
    }
}

/// What a job does is done in the name of who began it.
fn signed(mut change: Box<Change>, job: &Job, progress: Progress) -> Box<Change> {
    change.trace.clone_from(&job.trace);
    let told = JobChange { number: job.number, progress, task: None };
    change.kept = Some(Box::new(Kept::Job(told)));
    change
}

fn reason_of(reason: Option<&Text>) -> Option<Arc<Detail>> {
    let reason = reason?.clone();
    Some(Arc::new(Detail { reason: Some(reason), ..Detail::default() }))
}

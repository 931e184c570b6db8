//! Frozen mirrors of jobs.

use onhand_domain::ids::Reference;
use onhand_domain::job::{JobChange, JobStatus, Progress, Task};
use serde::{Deserialize, Serialize};

use crate::record::DecodeError;
use crate::record::code::Code;
use crate::record::mirror::{Base, Mirror, name, restore_option};

/// Mirror of [`Task`]: a code, and the one part that this task has.
#[derive(Serialize, Deserialize)]
pub(in crate::record) struct TaskV1<'a> {
    task: u8,
    /// An item or a location.
    number: u32,
    product: Option<&'a str>,
}

impl<'a> Mirror<'a> for TaskV1<'a> {
    type Of = Task;

    fn of(task: &'a Task, _: Base) -> Self {
        let about = |task, number| Self { task, number, product: None };
        match task {
            Task::CancelItem(item) => about(1, *item),
            Task::CancelLocation(location) => about(2, *location),
            Task::ArchiveProduct(product) => {
                Self { product: Some(product.as_str()), ..about(3, 0) }
            }
            Task::OpenLocation(location) => about(4, *location),
            Task::OpenItem(item) => about(5, *item),
        }
    }

    fn restore(self, _: Base) -> Result<Task, DecodeError> {
        Ok(match self.task {
            1 => Task::CancelItem(self.number),
            2 => Task::CancelLocation(self.number),
            3 => {
                let product = self.product.ok_or(DecodeError::Missing("product of a job"))?;
                Task::ArchiveProduct(name!(Reference, product))
            }
            4 => Task::OpenLocation(self.number),
            5 => Task::OpenItem(self.number),
            code => return Err(DecodeError::UnknownCode { what: "task of a job", code }),
        })
    }
}

/// Mirror of [`JobChange`].
#[derive(Serialize, Deserialize)]
pub(super) struct JobChangeV1<'a> {
    number: u64,
    status: u8,
    done: u64,
    left: u64,
    #[serde(borrow)]
    task: Option<TaskV1<'a>>,
}

impl<'a> Mirror<'a> for JobChangeV1<'a> {
    type Of = JobChange;

    fn of(told: &'a JobChange, base: Base) -> Self {
        Self {
            number: base.back(told.number),
            status: told.progress.status.code(),
            done: told.progress.done,
            left: told.progress.left,
            task: told.task.as_ref().map(|task| TaskV1::of(task, base)),
        }
    }

    fn restore(self, base: Base) -> Result<JobChange, DecodeError> {
        let status = JobStatus::of_code(self.status)?;
        Ok(JobChange {
            number: base.sequence(self.number),
            progress: Progress { status, done: self.done, left: self.left },
            task: restore_option(self.task, base)?,
        })
    }
}

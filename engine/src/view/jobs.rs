//! How far jobs have come: all that run, and those that ended last.

use std::collections::BTreeMap;

use onhand_domain::job::{JobChange, JobNumber, JobStatus, Progress};
use onhand_domain::stock::Stock;

use super::View;

/// So many jobs that have ended are kept; those before them are read from the log.
const ENDED_MAX: usize = 1_000;

/// Jobs by number.
#[derive(Debug, Default)]
pub(super) struct Jobs {
    held: BTreeMap<JobNumber, Progress>,
    ended: usize,
}

impl Jobs {
    pub(super) fn put(&mut self, told: &JobChange) {
        let before = self.held.insert(told.number, told.progress);
        let has_ended = |progress: Progress| progress.status == JobStatus::Completed;
        if has_ended(told.progress) && !before.is_some_and(has_ended) {
            self.ended += 1;
        }
        while self.ended > ENDED_MAX {
            let oldest = self.held.iter().find(|(_, progress)| has_ended(**progress));
            let Some(oldest) = oldest.map(|(number, _)| *number) else { break };
            self.held.remove(&oldest);
            self.ended -= 1;
        }
    }

    pub(super) fn load(&mut self, stock: &Stock) {
        let running = stock.jobs().behind(0).map(|job| {
            let progress = Progress { status: JobStatus::Running, done: job.done, left: 0 };
            (job.number, progress)
        });
        self.held = running.collect();
        self.ended = 0;
    }
}

impl View {
    /// How far a job has come: one that runs, or ended lately.
    #[must_use]
    pub fn job(&self, number: JobNumber) -> Option<Progress> {
        self.upkeep.jobs.read().held.get(&number).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(jobs: &mut Jobs, number: JobNumber, status: JobStatus) {
        let progress = Progress { status, done: 0, left: 0 };
        jobs.put(&JobChange { number, progress, task: None });
    }

    #[test]
    fn what_ended_first_goes_and_what_runs_stays() {
        let mut jobs = Jobs::default();
        put(&mut jobs, 1, JobStatus::Running);
        for number in 2..=1_010 {
            put(&mut jobs, number, JobStatus::Running);
            put(&mut jobs, number, JobStatus::Completed);
            put(&mut jobs, number, JobStatus::Completed);
        }
        let kept: Vec<u64> = jobs.held.keys().copied().collect();
        assert_eq!(kept.len(), ENDED_MAX + 1);
        assert_eq!(kept[..2], [1, 11]);
    }
}

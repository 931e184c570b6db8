//! Jobs in slices: what they do in one turn is bounded, so that they never stop selling.

use onhand_domain::decide::{JobCursor, JobStep};
use onhand_domain::job::JobNumber;
use onhand_domain::time::Timestamp;

use super::core::Core;
use super::filling::{Filling, Item, Outcome};

/// Things that one turn changes at most; a record that changes many counts as so many.
const JOB_SLICE: usize = 256;
/// Things that one turn looks at, at most; a step that finds something may look at as many once more.
const LOOKS: usize = 2_048;

/// Which job is worked on, and how far it has looked. A restart looks from the beginning.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Work {
    job: JobNumber,
    cursor: JobCursor,
}

impl Core {
    /// Does the next slice of the oldest job. Returns whether there is more to do.
    pub fn work_jobs<T>(&mut self, now: Timestamp, out: &mut Filling<T>) -> bool {
        let (mut looks, mut left) = (LOOKS, JOB_SLICE);
        while looks > 0 && left > 0 {
            let Some(job) = self.stock().jobs().first().map(|job| job.number) else { return false };
            if self.work.job != job {
                self.work = Work { job, cursor: JobCursor::default() };
            }
            let (cursor, next) = (self.work.cursor, self.sequence().saturating_add(1));
            let (change, cursor) = match self.stock().job_step(job, cursor, looks, now, next) {
                JobStep::Change(change, cursor) => (Some(change), cursor),
                JobStep::End(change) => (Some(change), cursor),
                JobStep::Looked(cursor) => (None, cursor),
                JobStep::Expire(number) => {
                    self.expire(number, now, out);
                    left = left.saturating_sub(1);
                    continue;
                }
            };
            let looked = cursor.place.saturating_sub(self.work.cursor.place).max(1);
            looks = looks.saturating_sub(usize::try_from(looked).unwrap_or(usize::MAX));
            self.work.cursor = cursor;
            if let Some(change) = change {
                left = left.saturating_sub(change.positions.len().max(1));
                let outcome = self.record(change, out);
                assert!(matches!(outcome, Outcome::Changed { .. }), "a step always fits a record");
                out.items.push(Item { ticket: None, outcome });
            }
        }
        self.stock().jobs().first().is_some()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use onhand_domain::command::{Action, Detail, StartJob, WishedTask};
    use onhand_domain::ids::Text;
    use onhand_domain::stock::{Rules, Stock};

    use super::super::samples::{NOW, item, receive, reserve, send};
    use super::*;

    /// A job on `tea` over so many reservations; tells how many records each turn made.
    fn turns(tea: usize, others: usize) -> Vec<usize> {
        let mut core = Core::new(Stock::new(Rules::default(), 7), 0, 5_000);
        for name in ["tea", "pot"] {
            receive(&mut core, name);
        }
        (0..others).for_each(|_| reserve(&mut core, "pot"));
        (0..tea).for_each(|_| reserve(&mut core, "tea"));
        let detail = Detail { reason: Text::parse("recall").ok(), ..Detail::default() };
        let task = WishedTask::CancelItem(item("tea"));
        send(
            &mut core,
            Action::StartJob(Box::new(StartJob { task, detail: Some(Arc::new(detail)) })),
        );
        let mut turns = Vec::new();
        loop {
            let mut out = Filling::<()>::default();
            let more = core.work_jobs(NOW, &mut out);
            turns.push(out.items.len());
            if !more {
                return turns;
            }
        }
    }

    /// "slices of at most 256 per turn", and an end.
    #[test]
    fn a_turn_changes_at_most_a_slice() {
        assert_eq!(turns(600, 0), [256, 256, 89]);
        assert_eq!(turns(0, 0), [1]);
    }

    #[test]
    fn a_turn_looks_at_so_many_things_at_most() {
        let turns = turns(1, 5_000);
        assert_eq!(turns, [0, 0, 2], "nothing, nothing, the one behind and the end");
    }
}

//! Chores: what the engine does of its own accord, deadlines and jobs. A hundred thousand of them may
//! be due at one instant; callers then wait behind those few that are under way, not behind all.

use std::collections::VecDeque;

use onhand_domain::time::Timestamp;

use super::core::Core;
use super::filling::Filling;

/// Records of chores that are decided and not yet released, at most: what they cost the log and the
/// release stage is what a caller's answer waits for.
const UNDER_WAY_MAX: usize = 2_048;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Chores {
    /// Last record of a slice, and how many records it has, in their order.
    slices: VecDeque<(u64, usize)>,
    under_way: usize,
}

impl Chores {
    /// Keeps deadlines: the next slice of them. `released` is the last record that callers can see.
    /// Returns whether another slice may follow at once.
    pub(super) fn expire<T>(
        &mut self,
        core: &mut Core,
        now: Timestamp,
        released: u64,
        filling: &mut Filling<T>,
    ) -> bool {
        self.go_on(core, released, filling, |core, filling| core.expire_due(now, filling))
    }

    /// Works on jobs: the next slice of the oldest. Returns whether another slice may follow at once.
    pub(super) fn work_jobs<T>(
        &mut self,
        core: &mut Core,
        now: Timestamp,
        released: u64,
        filling: &mut Filling<T>,
    ) -> bool {
        self.go_on(core, released, filling, |core, filling| core.work_jobs(now, filling))
    }

    fn go_on<T>(
        &mut self,
        core: &mut Core,
        released: u64,
        filling: &mut Filling<T>,
        slice: impl FnOnce(&mut Core, &mut Filling<T>) -> bool,
    ) -> bool {
        while let Some((_, records)) = self.slices.pop_front_if(|(last, _)| *last <= released) {
            self.under_way -= records;
        }
        if self.under_way >= UNDER_WAY_MAX {
            return false;
        }
        let before = core.sequence();
        let more = slice(core, filling);
        let records = usize::try_from(core.sequence() - before).expect("a slice is small");
        if records > 0 {
            self.slices.push_back((core.sequence(), records));
            self.under_way += records;
        }
        more && self.under_way < UNDER_WAY_MAX
    }
}

#[cfg(test)]
mod tests {
    use onhand_domain::stock::{Rules, Stock};

    use super::super::core::DUE_SLICE;
    use super::super::samples::{receive, reserve};
    use super::*;

    /// What becomes due at one instant never fills the log before those who wait; what has been
    /// released makes room for more.
    #[test]
    fn so_many_are_under_way_at_most() {
        let mut core = Core::new(Stock::new(Rules::default(), 7), 0, 5_000);
        receive(&mut core, "tea");
        (0..5_000).for_each(|_| reserve(&mut core, "tea"));
        let (then, mut chores) = (Timestamp::from_millis(86_400_000), Chores::default());
        let mut out = Filling::<()>::default();
        let mut burst = |core: &mut Core, released: u64| {
            let before = out.items.len();
            while chores.expire(core, then, released, &mut out) {}
            out.items.len() - before
        };
        assert_eq!(burst(&mut core, 0), UNDER_WAY_MAX);
        assert_eq!(burst(&mut core, 0), 0);
        let last = core.sequence();
        assert_eq!(burst(&mut core, last - 1), UNDER_WAY_MAX - DUE_SLICE);
        let last = core.sequence();
        assert_eq!(burst(&mut core, last), 5_000 - 2 * UNDER_WAY_MAX + DUE_SLICE);
        assert_eq!(core.next_due(), None);
    }
}

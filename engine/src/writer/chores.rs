//! Chores: what the engine does of its own accord, deadlines and jobs. A hundred thousand of them may
//! be due at one instant; callers then wait behind those few that are under way, not behind all.

use std::collections::VecDeque;

use onhand_domain::time::Timestamp;

use super::core::Core;
use super::filling::{Filling, Outcome};

/// Positions changed by records of chores that are decided and not yet released, at most; a record that
/// changes none counts as one. What they cost the log and the release stage is what a caller's answer waits for.
const UNDER_WAY_MAX: usize = 2_048;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Chores {
    /// Last record of a slice, and how many positions it changed, in their order.
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
        while let Some((_, changed)) = self.slices.pop_front_if(|(last, _)| *last <= released) {
            self.under_way -= changed;
        }
        if self.under_way >= UNDER_WAY_MAX {
            return false;
        }
        let before = filling.items.len();
        let more = slice(core, filling);
        let changed = filling.items[before..].iter().map(|item| match &item.outcome {
            Outcome::Changed { change, .. } => change.positions.len().max(1),
            _ => 0,
        });
        let changed: usize = changed.sum();
        if changed > 0 {
            self.slices.push_back((core.sequence(), changed));
            self.under_way += changed;
        }
        more && self.under_way < UNDER_WAY_MAX
    }
}

#[cfg(test)]
mod tests {
    use onhand_domain::stock::{Rules, Stock};

    use super::super::core::DUE_SLICE;
    use super::super::samples::{put_item, put_location, receive, reserve};
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

    /// A record that changes many positions weighs as many.
    #[test]
    fn so_many_positions_are_changed_at_most() {
        let mut core = Core::new(Stock::new(Rules::default(), 7), 0, 5_000);
        (0..5_000).for_each(|number| put_item(&mut core, &format!("item-{number}")));
        put_location(&mut core, "north");
        let (now, mut chores) = (Timestamp::from_millis(1_000), Chores::default());
        let mut released = 0;
        let mut bursts = Vec::new();
        while core.stock().jobs().first().is_some() {
            let before = core.stock().sizes().positions;
            let mut out = Filling::<()>::default();
            while chores.work_jobs(&mut core, now, released, &mut out) {}
            bursts.push(core.stock().sizes().positions - before);
            released = core.sequence();
        }
        assert!(bursts.iter().all(|opened| *opened <= 2_048), "{bursts:?}");
        assert_eq!(bursts.iter().sum::<u32>(), 5_000);
    }
}

//! What was sold at tills under a name (a sale's id or reference), for goods that come back by it.
//!
//! The log tells up to the record that was the last one when it was asked; memory takes note of what is sold
//! under the name from then on.

use alloc::collections::{BTreeMap, VecDeque};

use super::tallies::Tally;
use crate::catalog::{ItemNumber, TenantNumber};
use crate::decide::SaleName;
use crate::ids::Reference;
use crate::quantity::{Money, Quantity};
use crate::time::Timestamp;

/// So many names are kept; the oldest is asked for again when it is needed.
const HELD_MAX: usize = 4_096;

type Key = (TenantNumber, Reference);

#[derive(Debug, Default)]
struct Held {
    /// The last record when the log was asked.
    since: u64,
    /// Whether the log has told.
    is_whole: bool,
    tally: Tally,
}

/// See the module.
#[derive(Debug)]
pub struct Sales {
    held: BTreeMap<Key, Held>,
    /// In the order in which they were asked for.
    fading: VecDeque<(Timestamp, Key)>,
    kept_ms: i64,
}

impl Sales {
    pub(crate) const fn new(kept_ms: i64) -> Self {
        Self { held: BTreeMap::new(), fading: VecDeque::new(), kept_ms }
    }

    /// What was sold under a name; `None`: the log must be asked.
    pub(crate) fn get(&self, tenant: TenantNumber, name: &Reference) -> Option<&Tally> {
        let held = self.held.get(&(tenant, name.clone()))?;
        held.is_whole.then_some(&held.tally)
    }

    /// Takes note of what is sold under a name from now on.
    pub(crate) fn ask(&mut self, asked: &SaleName, now: Timestamp) {
        let key = (asked.tenant, asked.name.clone());
        if self.held.contains_key(&key) {
            return;
        }
        if self.held.len() >= HELD_MAX
            && let Some((_, oldest)) = self.fading.pop_front()
        {
            self.held.remove(&oldest);
        }
        self.held.insert(key.clone(), Held { since: asked.since, ..Held::default() });
        self.fading.push_back((now.plus_millis(self.kept_ms), key));
    }

    /// Takes in what the log tells: what each record sold, and its number.
    pub(crate) fn recall(
        &mut self,
        asked: &SaleName,
        sold: impl Iterator<Item = (u64, ItemNumber, Quantity, Money)>,
    ) {
        let Some(held) = self.held.get_mut(&(asked.tenant, asked.name.clone())) else { return };
        // An earlier question may still be under way: what it has not seen was noted since.
        if held.is_whole || asked.since < held.since {
            return;
        }
        for (sequence, item, quantity, value) in sold {
            if sequence <= held.since {
                held.tally.ship(item, quantity, value);
            }
        }
        held.is_whole = true;
    }

    /// Takes note of a sale under a name, if it was asked for.
    pub(crate) fn note(
        &mut self,
        (tenant, name): (TenantNumber, &Reference),
        sold: (ItemNumber, Quantity, Money),
    ) {
        if let Some(held) = self.held.get_mut(&(tenant, name.clone())) {
            let (item, quantity, value) = sold;
            held.tally.ship(item, quantity, value);
        }
    }

    /// Whether nobody has asked lately.
    pub(crate) fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// Forgets at most `limit` that have been here long enough; returns how many.
    pub(crate) fn forget(&mut self, now: Timestamp, limit: usize) -> usize {
        let mut forgotten = 0_usize;
        while forgotten < limit && self.fading.front().is_some_and(|(until, _)| *until <= now) {
            let Some((_, key)) = self.fading.pop_front() else { break };
            self.held.remove(&key);
            forgotten = forgotten.saturating_add(1);
        }
        forgotten
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(since: u64) -> SaleName {
        SaleName { tenant: 0, name: Reference::parse("S-1").expect("valid"), since }
    }

    fn sold(units: i64, cost: i64) -> (ItemNumber, Quantity, Money) {
        (7, Quantity::units(units), Money::from_millionths(units * cost * 1_000_000))
    }

    /// What is sold between the question and its answer counts once.
    #[test]
    fn what_was_sold_meanwhile_counts_once() {
        let mut sales = Sales::new(1_000);
        let at = Timestamp::from_millis;
        sales.ask(&asked(5), at(0));
        sales.note((0, &asked(5).name), sold(1, 30));
        sales.note((1, &asked(5).name), sold(1, 900));
        assert!(sales.get(0, &asked(5).name).is_none());
        let told = |sequence| {
            let (item, quantity, value) = sold(1, 10);
            (sequence, item, quantity, value)
        };
        sales.recall(&asked(4), [told(3)].into_iter());
        assert!(sales.get(0, &asked(5).name).is_none(), "it knew too little");
        sales.recall(&asked(6), [told(3), told(6)].into_iter());
        let cost = sales.get(0, &asked(5).name).expect("whole").unit_cost(7);
        assert_eq!(cost, Some(Money::from_millionths(20_000_000)));
        assert_eq!(sales.forget(at(1_000), 9), 1);
        assert!(sales.is_empty());
    }
}

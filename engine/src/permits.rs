//! Permits: how many commands may be inside at once.

use std::sync::atomic::{AtomicU32, Ordering};

use onhand_domain::stable_hash::stable_hash;

const BUCKETS: usize = 1024;

/// Place where a tenant's permits are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket(u16);

/// A permit is taken before a command enters and given back when its answer is released.
#[derive(Debug)]
pub struct Permits {
    limit: u32,
    used: AtomicU32,
    /// Tenants share buckets by hash; sharing one can only make the limit of both tighter.
    tenants: Vec<AtomicU32>,
}

impl Permits {
    /// So many permits.
    #[must_use]
    pub fn new(limit: u32) -> Self {
        let tenants = std::iter::repeat_with(AtomicU32::default).take(BUCKETS).collect();
        Self { limit: limit.max(1), used: AtomicU32::new(0), tenants }
    }

    /// The bucket of a tenant.
    #[must_use]
    pub fn bucket(tenant: &str) -> Bucket {
        let slot = stable_hash(&[tenant]) % (BUCKETS as u64);
        Bucket(u16::try_from(slot).expect("below 1024"))
    }

    /// Takes `count` permits, or none. One tenant may hold half of them while others wait.
    #[must_use]
    pub fn take(&self, bucket: Bucket, count: u32) -> bool {
        let half = self.limit / 2;
        let before = self.used.fetch_add(count, Ordering::Relaxed);
        let held = &self.tenants[usize::from(bucket.0)];
        let mine = held.fetch_add(count, Ordering::Relaxed);
        let others = before.saturating_sub(mine);
        let is_free = before.saturating_add(count) <= self.limit
            && (others == 0 || mine.saturating_add(count) <= half.max(1));
        if !is_free {
            self.give_back(bucket, count);
        }
        is_free
    }

    /// Gives permits back.
    pub fn give_back(&self, bucket: Bucket, count: u32) {
        self.used.fetch_sub(count, Ordering::Relaxed);
        self.tenants[usize::from(bucket.0)].fetch_sub(count, Ordering::Relaxed);
    }

    /// How many are taken.
    #[must_use]
    pub fn used(&self) -> u32 {
        self.used.load(Ordering::Relaxed)
    }

    /// How many there are.
    #[must_use]
    pub const fn limit(&self) -> u32 {
        self.limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_tenant_may_have_all_while_it_is_alone_and_half_while_others_wait() {
        let permits = Permits::new(10);
        let (a, b) = (Permits::bucket("a"), Permits::bucket("b"));
        assert_ne!(a, b);
        assert!(permits.take(a, 10));
        assert!(!permits.take(b, 1), "none left");
        permits.give_back(a, 6);
        assert!(permits.take(b, 1));
        assert!(permits.take(a, 1), "five of ten");
        assert!(!permits.take(a, 1), "more than half");
        assert_eq!(permits.used(), 6);
        permits.give_back(b, 1);
        assert!(permits.take(a, 5));
        assert_eq!(permits.used(), 10);
    }
}

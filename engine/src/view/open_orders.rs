//! Which open reservations belong to an order.

use std::hash::BuildHasher;

use hashbrown::DefaultHashBuilder;
use onhand_domain::catalog::TenantNumber;
use onhand_domain::ids::Reference;
use onhand_domain::reservation::ReservationNumber;

use super::shards::Shards;

#[derive(Debug, Clone, Copy)]
struct Entry {
    hash: u64,
    number: ReservationNumber,
}

/// An index from hashed orders to numbers, sixteen bytes each; the names lie in the reservations, which
/// whoever asks compares.
#[derive(Debug, Default)]
pub(super) struct OpenOrders {
    hasher: DefaultHashBuilder,
    shards: Shards<Entry>,
}

impl OpenOrders {
    fn hash(&self, tenant: TenantNumber, order: &Reference) -> u64 {
        self.hasher.hash_one((tenant, order.as_str()))
    }

    /// Adds a reservation that is not there yet.
    pub(super) fn add(&self, tenant: TenantNumber, order: &Reference, number: ReservationNumber) {
        let hash = self.hash(tenant, order);
        let entry = Entry { hash, number };
        self.shards.of(hash).write().insert_unique(hash, entry, |held| held.hash);
    }

    /// Takes a reservation out.
    pub(super) fn remove(
        &self,
        tenant: TenantNumber,
        order: &Reference,
        number: ReservationNumber,
    ) {
        let hash = self.hash(tenant, order);
        let mut shard = self.shards.of(hash).write();
        if let Ok(found) = shard.find_entry(hash, |held| held.number == number) {
            found.remove();
        }
    }

    /// Reservations whose order has the same hash, oldest first.
    pub(super) fn candidates(
        &self,
        tenant: TenantNumber,
        order: &Reference,
    ) -> Vec<ReservationNumber> {
        let hash = self.hash(tenant, order);
        let shard = self.shards.of(hash).read();
        let same = shard.iter_hash(hash).filter(|held| held.hash == hash);
        let mut numbers: Vec<_> = same.map(|held| held.number).collect();
        numbers.sort_unstable();
        numbers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_has_the_reservations_that_were_added_and_not_removed() {
        let orders = OpenOrders::default();
        let order = |name: &str| Reference::parse(name).expect("valid");
        for number in 1..=300_u64 {
            orders.add(1, &order(&format!("O-{}", number % 3)), number);
        }
        orders.add(2, &order("O-1"), 1_000);
        orders.remove(1, &order("O-1"), 4);
        orders.remove(1, &order("O-1"), 5);
        let found = orders.candidates(1, &order("O-1"));
        let expected: Vec<u64> = (1..=300).filter(|n| n % 3 == 1 && *n != 4).collect();
        assert_eq!(found, expected);
        assert_eq!(orders.candidates(2, &order("O-1")), [1_000]);
        assert!(orders.candidates(3, &order("O-1")).is_empty());
    }
}

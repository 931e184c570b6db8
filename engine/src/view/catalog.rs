//! Reading items and locations.

use onhand_domain::catalog::{Bin, Item, Location, Standing};

use super::View;

/// A page of a list that is ordered by number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// What it holds.
    pub items: Vec<T>,
    /// Number to go on after, when there may be more.
    pub next: Option<u64>,
}

impl<T> Default for Page<T> {
    fn default() -> Self {
        Self { items: Vec::new(), next: None }
    }
}

/// How many entries one page looks at, at most: a filter that finds little must not hold a thread.
pub(super) const LOOKS_MAX: usize = 100_000;

/// Walks an ordered list of numbers from behind `after`, keeping what `pick` gives.
pub(super) fn page<T>(
    numbers: &boxcar::Vec<u32>,
    after: Option<u64>,
    limit: usize,
    mut pick: impl FnMut(u32) -> Option<T>,
) -> Page<T> {
    let mut page = Page::default();
    let start = first_behind(numbers, after);
    for (looked, at) in (start..numbers.count()).enumerate() {
        let Some(number) = numbers.get(at).copied() else { break };
        if looked >= LOOKS_MAX || page.items.len() >= limit {
            page.next = at.checked_sub(1).and_then(|at| numbers.get(at)).copied().map(u64::from);
            break;
        }
        page.items.extend(pick(number));
    }
    page
}

/// Place of the first number above `after`; the list ascends.
fn first_behind(numbers: &boxcar::Vec<u32>, after: Option<u64>) -> usize {
    let Some(after) = after else { return 0 };
    let (mut low, mut high) = (0, numbers.count());
    while low < high {
        let middle = low.midpoint(high);
        match numbers.get(middle) {
            Some(number) if u64::from(*number) <= after => low = middle + 1,
            _ => high = middle,
        }
    }
    low
}

impl View {
    /// An item, archived or not.
    #[must_use]
    pub fn item(&self, tenant: &str, item: &str) -> Option<Item> {
        let tenant = self.directory.tenant_number(tenant)?;
        let number = self.directory.item_number(tenant, item)?;
        Some(self.directory.item_entry(number).state.read().item.clone())
    }

    /// Items of a tenant that pass the filter.
    pub fn items(
        &self,
        tenant: &str,
        filter: &dyn Fn(&Item) -> bool,
        after: Option<u64>,
        limit: usize,
    ) -> Page<Item> {
        let Some(tenant) = self.directory.tenant_number(tenant) else { return Page::default() };
        page(&self.directory.tenant_entry(tenant).items, after, limit, |number| {
            let item = self.directory.item_entry(number).state.read().item.clone();
            filter(&item).then_some(item)
        })
    }

    /// A location with its bins, unless it was removed.
    #[must_use]
    pub fn location(&self, tenant: &str, location: &str) -> Option<(Location, Vec<Bin>)> {
        let tenant = self.directory.tenant_number(tenant)?;
        let number = self.directory.location_number(tenant, location)?;
        self.current_location(number)
    }

    /// Locations of a tenant, without those that were removed.
    #[must_use]
    pub fn locations(
        &self,
        tenant: &str,
        after: Option<u64>,
        limit: usize,
    ) -> Page<(Location, Vec<Bin>)> {
        let Some(tenant) = self.directory.tenant_number(tenant) else { return Page::default() };
        let locations = &self.directory.tenant_entry(tenant).locations;
        page(locations, after, limit, |number| self.current_location(number))
    }

    fn current_location(&self, number: u32) -> Option<(Location, Vec<Bin>)> {
        let state = self.directory.location_entry(number).state.read();
        let is_current = state.location.standing == Standing::Current;
        is_current.then(|| (state.location.clone(), state.bins.clone()))
    }
}

//! Building the view of recovered memory.

use onhand_domain::stock::Stock;
use onhand_storage::Background;

use super::{TenantEntry, View};

impl TenantEntry {
    pub(crate) fn new(id: onhand_domain::ids::TenantId) -> Self {
        Self {
            id,
            items: boxcar::Vec::new(),
            locations: boxcar::Vec::new(),
            positions: boxcar::Vec::new(),
        }
    }
}

/// Puts everything into an empty view, in the order of the numbers; promises side by side with the rest.
pub(super) fn load(view: &View, stock: &Stock, background: Background) {
    if background == Background::Inline {
        view.promises.load(stock.promises());
        return load_catalog(view, stock);
    }
    std::thread::scope(|scope| {
        scope.spawn(|| view.promises.load(stock.promises()));
        load_catalog(view, stock);
    });
}

fn load_catalog(view: &View, stock: &Stock) {
    let sizes = stock.sizes();
    view.directory.reserve(sizes);
    for number in 0..sizes.tenants {
        let id = stock.tenant(number).expect("recovered memory has no gaps");
        view.directory.add_tenant(number, TenantEntry::new(id.clone()));
    }
    for number in 0..sizes.items {
        view.put_item(stock.item(number).expect("recovered memory has no gaps"));
    }
    for number in 0..sizes.locations {
        view.put_location(stock.location(number).expect("recovered memory has no gaps"));
        let bins = stock.bins(number);
        view.directory.location_entry(number).state.write().bins = bins.to_vec();
    }
    for number in 0..sizes.positions {
        let position = stock.position(number).expect("recovered memory has no gaps");
        view.directory.add_place(number, position.item, position.location);
        let entry = view.directory.item_entry(position.item);
        entry.state.write().add(number, position.clone());
    }
}
